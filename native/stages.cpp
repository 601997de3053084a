// Bindings of stages.hpp, and of convolution in tiles with pooling (winograd.hpp), which is a stage by itself.
#include "stages.hpp"
#include "bindings.hpp"
#include "winograd.hpp"

#include <deque>

namespace chainrule {
namespace {

// Stages from (padding, dilation, pool, activation) and (w, b) of each, in two tuples.
template <class T> class Network {
 public:
  Network(const Images<T>& x, nb::tuple settings, nb::tuple weights) {
    require(settings.size() >= 1 && weights.size() == 2 * settings.size(), "a weight and a bias are needed for each stage");
    int64_t C = x.C, H = x.H, W = x.W;
    for (size_t i = 0; i < settings.size(); ++i) {
      add(settings[i], weights[2 * i], weights[2 * i + 1], C, H, W);
      const Stage<T>& s = stages.back();
      C = s.O, H = s.PH, W = s.PW, operations += double(s.weights()) * double(x.N * s.OH * s.OW);
    }
  }
  // Whether it is one stage that is better carried out in tiles; only pooling can follow there.
  bool in_tiles(int64_t N) const {
    const Stage<T>& s = stages[0];
    return std::is_same_v<T, float> && stages.size() == 1 && s.pool == 2 && s.activation == Activation::identity &&
           is_winograd(s.v, N, s.C, s.O, s.KH, s.KW);
  }
  std::vector<Stage<T>> stages;
  double operations = 0;

 private:
  void add(nb::handle setting, nb::handle w_, nb::handle b_, int64_t C, int64_t H, int64_t W) {
    const Contiguous<T>& w = arrays_.emplace_back(w_);
    require(w.ndim() == 4 && w.shape(1) == C, "the channels do not fit");
    const int64_t O = w.shape(0), KH = w.shape(2), KW = w.shape(3);
    const T* b = nullptr;
    if (!b_.is_none()) {
      const Contiguous<T>& bias = arrays_.emplace_back(b_);
      require(bias.has_shape({O}), "the bias does not fit");
      b = bias.data();
    }
    const auto at = [&](int i, int k) { return nb::cast<int64_t>(setting[i][k]); };
    const Convolution v{1, 1, at(0, 0), at(0, 1), at(1, 0), at(1, 1), 1};
    const auto pool = nb::cast<int64_t>(setting[2]);
    require(pool == 1 || pool == 2, "there is no such pooling");
    const int64_t OH = size(H, KH, v.pad_h, v.dilation_h), OW = size(W, KW, v.pad_w, v.dilation_w);
    require(O > 0 && OH >= pool && OW >= pool, "nothing is left of the image");
    stages.emplace_back(w.data(), b, v, C, H, W, O, KH, KW, OH, OW, pool, activation(nb::cast<int64_t>(setting[3])));
    count({std::max(C, O), H + 2 * v.dilation_h * (KH - 1), W + 2 * v.dilation_w * (KW - 1), LANES<T>});  // as much as any frame takes
  }
  static int64_t size(int64_t size, int64_t kernel, int64_t pad, int64_t dilation) {
    for (int64_t n : {kernel, dilation}) require(n >= 1 && n <= INT32_MAX, "a kernel and a dilation of 1 or more are needed");
    require(pad >= 0 && pad <= dilation * (kernel - 1) && dilation * (kernel - 1) <= INT32_MAX, "the padding or the kernel is too large");
    return size + 2 * pad - dilation * (kernel - 1);
  }
  std::deque<Contiguous<T>> arrays_;
};

template <class T> nb::object tiles(const Images<T>& x, const Stage<T>& s, double operations) {
  New<T> y = new_images<T>(x.N, s.O, s.PH, s.PW), frames({0});
  New<uint8_t> places({s.O, s.PH, s.PW, x.N});
  compute(operations, [&] {
    const auto kernel = [&](int64_t o, int64_t c, int64_t kh, int64_t kw) { return s.w[((o * s.C + c) * 3 + kh) * 3 + kw]; };
    winograd2d<T>(winograd_detail::Laned<T>(x), s.O, kernel, s.v.pad_h, s.v.pad_w, s.OH, s.OW,
                  Pooled<T>{y.data(), places.data(), s.b, x.N, s.PH, s.PW});
  });
  return nb::make_tuple(y.object(), frames.object(), places.object());
}

template <class T>
nb::object tiles_grad(const Images<T>& x, const Stage<T>& s, const Images<T>& dy, const Contiguous<uint8_t>& places, bool wants_x, double operations) {
  require(places.has_shape({s.O, s.PH, s.PW, x.N}), "these are those of another stage");
  New<T> gradients({s.weights() + s.O});
  std::optional<New<T>> dx;
  if (wants_x) dx.emplace(new_images<T>(x.N, x.C, x.H, x.W));
  compute(operations, [&] {
    const winograd_detail::Spread<T> spread(dy, places.data(), s.OH, s.OW);
    winograd2d_grad_w<T>(winograd_detail::Laned<T>(x), spread, s.v.pad_h, s.v.pad_w, gradients.data());
    conv2d_grad_b<T>(dy, gradients.data() + s.weights());
    const auto turned = [&](int64_t c, int64_t o, int64_t kh, int64_t kw) { return s.w[((o * s.C + c) * 3 + 2 - kh) * 3 + 2 - kw]; };
    if (dx) winograd2d<T>(spread, s.C, turned, 2 - s.v.pad_h, 2 - s.v.pad_w, s.H, s.W, Whole<T>{dx->data(), nullptr, x.N, s.H, s.W});
  });
  return nb::make_tuple(dx ? dx->object() : nb::none(), gradients.object());
}

nb::object py_stages(nb::handle x_, nb::tuple settings, nb::tuple weights) {
  return dispatch({x_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)};
    Network<T> network(x, settings, weights);
    const Stage<T>& last = network.stages.back();
    const Kept<T> kept(network.stages);
    if (network.in_tiles(x.N)) return tiles<T>(x, last, network.operations);
    const int64_t blocks = (x.N + LANES<T> - 1) / LANES<T>;
    New<T> y({x.N, last.O, last.PH, last.PW}), frames({blocks, kept.frames});
    New<uint8_t> places({blocks, kept.places});
    compute(network.operations, [&] { stages<T>(x, network.stages, y.data(), frames.data(), places.data()); });
    return nb::object(nb::make_tuple(y.object(), frames.object(), places.object()));
  });
}

// (dx or None, dw of the first stage, db, dw of the second, …)
nb::object py_stages_grad(nb::handle x_, nb::tuple settings, nb::tuple weights, nb::handle y_, nb::handle dy_, nb::handle frames_, nb::handle places_,
                          bool wants_x) {
  return dispatch({x_, y_, dy_, frames_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)}, y{Strided<T>(y_)}, dy{Strided<T>(dy_)};
    const Contiguous<T> frames(frames_);
    const Contiguous<uint8_t> places(places_);
    Network<T> network(x, settings, weights);
    const Stage<T>& last = network.stages.back();
    const Kept<T> kept(network.stages);
    for (const Images<T>* a : {&y, &dy}) require(a->N == x.N && a->C == last.O && a->H == last.PH && a->W == last.PW, "dy has another size");
    if (network.in_tiles(x.N)) return tiles_grad<T>(x, last, dy, places, wants_x, network.operations);
    const int64_t blocks = (x.N + LANES<T> - 1) / LANES<T>;
    require(frames.has_shape({blocks, kept.frames}) && places.has_shape({blocks, kept.places}), "these are those of other stages");
    int64_t size = 0;
    for (const auto& s : network.stages) size += s.weights() + s.O;
    New<T> gradients({size});
    std::optional<New<T>> dx;
    if (wants_x) dx.emplace(new_images<T>(x.N, x.C, x.H, x.W));
    compute(network.operations, [&] {
      stages_grad<T>(x, network.stages, y, dy, frames.data(), places.data(), dx ? dx->data() : nullptr, gradients.data());
    });
    return nb::object(nb::make_tuple(dx ? dx->object() : nb::none(), gradients.object()));
  });
}

}  // namespace

void bind_stages(nb::module_& m) {
  m.def("stages", &py_stages);
  m.def("stages_grad", &py_stages_grad);
}

}  // namespace chainrule
