// Bindings of convolution.hpp, depthwise.hpp, pointwise.hpp and winograd.hpp.
#include "bindings.hpp"
#include "depthwise.hpp"
#include "pointwise.hpp"
#include "winograd.hpp"

namespace chainrule {
namespace {

using winograd_detail::Laned;
using Pair = std::pair<int64_t, int64_t>;

Pair pair(nb::handle t) { return {nb::cast<int64_t>(t[0]), nb::cast<int64_t>(t[1])}; }

Convolution convolution(nb::handle stride, nb::handle padding, nb::handle dilation, int64_t groups) {
  const Pair s = pair(stride), p = pair(padding), d = pair(dilation);
  return {s.first, s.second, p.first, p.second, d.first, d.second, groups};
}

int64_t out_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  for (int64_t n : {kernel, stride, dilation}) require(n >= 1 && n <= INT32_MAX, "a kernel, stride and dilation of 1 or more are needed");
  require(pad >= 0 && pad <= INT32_MAX && size >= 0, "a padding of 0 or more is needed");
  const int64_t room = size + 2 * pad - dilation * (kernel - 1) - 1;
  require(room >= 0, "the kernel is larger than the image");
  return room / stride + 1;
}

// OH and OW, where x (·, C, H, W) and w (O, CG, KH, KW) fit.
Pair out_sizes(const Convolution& v, int64_t C, int64_t H, int64_t W, int64_t O, int64_t CG, int64_t KH, int64_t KW) {
  require(v.groups >= 1 && C % v.groups == 0 && O % v.groups == 0 && CG == C / v.groups, "the channels do not fit");
  const Pair out{out_size(H, KH, v.stride_h, v.pad_h, v.dilation_h), out_size(W, KW, v.stride_w, v.pad_w, v.dilation_w)};
  count({std::max(C, O), 2 * (H + v.pad_h), 2 * (W + v.pad_w)});  // as much as any frame takes
  return out;
}

// One kernel for each channel. (One channel alone is better off in the loop that keeps several kernels in registers.)
bool is_depthwise(int64_t C, int64_t O, int64_t groups) { return C == groups && O == groups && groups > 1; }

// A new array (N, C, H, W) that lies as pixels of which there is a matrix for each image, else with images innermost.
template <class T> New<T> new_images_like(const std::optional<Pixels<T>>& x, int64_t N, int64_t C, int64_t H, int64_t W) {
  return x && x->count > 1 ? New<T>({N, C, H, W}) : new_images<T>(N, C, H, W);
}

nb::object py_conv2d(nb::handle x_, nb::handle w_, nb::handle b_, nb::handle stride, nb::handle padding, nb::handle dilation,
                     int64_t groups) {
  return dispatch({x_, w_, b_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)};
    const Contiguous<T> w(w_);
    std::optional<Contiguous<T>> b;
    if (!b_.is_none()) b.emplace(b_);
    const Convolution v = convolution(stride, padding, dilation, groups);
    require(w.ndim() == 4 && (!b || b->has_shape({w.shape(0)})), "a weight (O, C/G, KH, KW) and a bias (O) are needed");
    const int64_t O = w.shape(0), KH = w.shape(2), KW = w.shape(3);
    const auto [OH, OW] = out_sizes(v, x.C, x.H, x.W, O, w.shape(1), KH, KW);
    const auto points = is_pointwise(v, x.C, O, KH, KW) ? pixels(x) : std::nullopt;
    New<T> y = new_images_like<T>(points, x.N, O, OH, OW);
    compute(double(x.N * OH * OW) * double(w.size()), [&, OH = OH, OW = OW] {
      const T* bias = b ? b->data() : nullptr;
      if (points) return pointwise<T>(O, x.C, {w.data(), x.C, 1}, *points, bias, y.data());
      if (is_depthwise(x.C, O, groups)) return depthwise2d<T>(x, w.data(), bias, KH, KW, v, y.data(), OH, OW);
      if constexpr (std::is_same_v<T, float>)
        if (is_winograd(v, x.N, x.C, O, KH, KW)) {
          const auto kernel = [&](int64_t o, int64_t c, int64_t kh, int64_t kw) { return w.data()[((o * x.C + c) * 3 + kh) * 3 + kw]; };
          return winograd2d<T>(Laned<T>(x), O, kernel, v.pad_h, v.pad_w, OH, OW, Whole<T>{y.data(), bias, x.N, OH, OW});
        }
      conv2d<T>(x, w.data(), bias, O, KH, KW, v, y.data(), OH, OW);
    });
    return y.object();
  });
}

// Whether conv2d with stride 1 takes tiles through their points (winograd.hpp) for images and weights of these shapes.
bool py_conv2d_in_tiles(bool single, nb::handle x, nb::handle w, nb::handle padding, nb::handle dilation) {
  const auto n = [](nb::handle h) { return nb::cast<int64_t>(h); };
  const Pair p = pair(padding), d = pair(dilation);
  const Convolution v{1, 1, p.first, p.second, d.first, d.second, 1};
  return single && is_winograd(v, n(x[0]), n(x[1]), n(w[0]), n(w[2]), n(w[3]));
}

nb::object py_conv2d_grad_x(nb::handle dy_, nb::handle w_, nb::handle size, nb::handle stride, nb::handle padding,
                            nb::handle dilation, int64_t groups) {
  return dispatch({dy_, w_}, [&]<class T>() {
    const Images<T> dy{Strided<T>(dy_)};
    const Contiguous<T> w(w_);
    const Convolution v = convolution(stride, padding, dilation, groups);
    const Pair s = pair(size);
    require(w.ndim() == 4 && w.shape(0) == dy.C && groups >= 1 && groups <= dy.C, "a weight (O, C/G, KH, KW) is needed");
    const int64_t C = w.shape(1) * groups;
    require(out_sizes(v, C, s.first, s.second, dy.C, w.shape(1), w.shape(2), w.shape(3)) == Pair{dy.H, dy.W}, "dy has another size");
    const int64_t KH = w.shape(2), KW = w.shape(3);
    const auto points = is_pointwise(v, C, dy.C, KH, KW) ? pixels(dy) : std::nullopt;
    New<T> dx = new_images_like<T>(points, dy.N, C, s.first, s.second);
    compute(double(dy.N * dy.H * dy.W) * double(w.size()), [&] {
      if (points) return pointwise<T>(C, dy.C, {w.data(), 1, C}, *points, nullptr, dx.data());
      if (is_depthwise(C, dy.C, groups)) return depthwise2d_grad_x<T>(dy, w.data(), KH, KW, v, dx.data(), s.first, s.second);
      if constexpr (std::is_same_v<T, float>)
        if (is_winograd(v, dy.N, C, dy.C, KH, KW)) {  // dy, convolved with the kernels turned round
          const auto kernel = [&](int64_t c, int64_t o, int64_t kh, int64_t kw) { return w.data()[((o * C + c) * 3 + 2 - kh) * 3 + 2 - kw]; };
          return winograd2d<T>(Laned<T>(dy), C, kernel, 2 - v.pad_h, 2 - v.pad_w, s.first, s.second, Whole<T>{dx.data(), nullptr, dy.N, s.first, s.second});
        }
      conv2d_grad_x<T>(dy, w.data(), C, KH, KW, v, dx.data(), s.first, s.second);
    });
    return dx.object();
  });
}

nb::object py_conv2d_grad_w(nb::handle x_, nb::handle dy_, nb::handle kernel, nb::handle stride, nb::handle padding,
                            nb::handle dilation, int64_t groups) {
  return dispatch({x_, dy_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)}, dy{Strided<T>(dy_)};
    const Convolution v = convolution(stride, padding, dilation, groups);
    const Pair k = pair(kernel);
    require(groups >= 1 && x.N == dy.N, "as many images are needed");
    require(out_sizes(v, x.C, x.H, x.W, dy.C, x.C / groups, k.first, k.second) == Pair{dy.H, dy.W}, "dy has another size");
    New<T> dw({dy.C, x.C / groups, k.first, k.second});
    compute(double(dy.N * dy.H * dy.W) * double(dy.C * x.C / groups * k.first * k.second), [&] {
      if (is_pointwise(v, x.C, dy.C, k.first, k.second)) {
        const auto from = pixels(x), to = pixels(dy);
        if (from && to && from->count == to->count && x.C > LANES<T> && from->size >= 128) return pointwise_grad_w<T>(dy.C, x.C, *from, *to, dw.data());
      }
      if (is_depthwise(x.C, dy.C, groups)) return depthwise2d_grad_w<T>(x, dy, k.first, k.second, v, dw.data());
      if constexpr (std::is_same_v<T, float>)
        if (is_winograd(v, x.N, x.C, dy.C, k.first, k.second)) return winograd2d_grad_w<T>(Laned<T>(x), Laned<T>(dy), v.pad_h, v.pad_w, dw.data());
      conv2d_grad_w<T>(x, dy, k.first, k.second, v, dw.data());
    });
    return dw.object();
  });
}

nb::object py_conv2d_grad_b(nb::handle dy_) {
  return dispatch({dy_}, [&]<class T>() {
    const Images<T> dy{Strided<T>(dy_)};
    New<T> db({dy.C});
    compute(double(dy.N * dy.C * dy.H * dy.W), [&] { conv2d_grad_b<T>(dy, db.data()); });
    return db.object();
  });
}

}  // namespace

void bind_convolution(nb::module_& m) {
  m.def("conv2d", &py_conv2d, nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg(), nb::arg());
  m.def("conv2d_in_tiles", &py_conv2d_in_tiles);
  m.def("conv2d_grad_x", &py_conv2d_grad_x);
  m.def("conv2d_grad_w", &py_conv2d_grad_w);
  m.def("conv2d_grad_b", &py_conv2d_grad_b);
}

}  // namespace chainrule
