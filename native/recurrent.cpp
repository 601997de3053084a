// Bindings of recurrent.hpp.
#include "recurrent.hpp"
#include "bindings.hpp"

#include <nanobind/stl/string_view.h>

#include <string_view>

namespace chainrule {
namespace {

template <class F> void with_cell(std::string_view name, F&& f) {
  if (name == "lstm") return f.template operator()<Lstm>();
  if (name == "gru") return f.template operator()<Gru>();
  if (name == "tanh") return f.template operator()<Rnn<Tanh, TanhGrad>>();
  if (name == "relu") return f.template operator()<Rnn<Relu, ReluGrad>>();
  throw Unsupported("no such cell");
}

// Numbers of an array that lies row by row and has this shape; none of None.
template <class T> T* numbers(nb::handle h, const Shape& shape, bool writable = false) {
  if (h.is_none()) return nullptr;
  const Strided<T> a(h);
  require(a.shape() == shape && PyArray_IS_C_CONTIGUOUS(a.get()), "an array of another shape or layout");
  require(!writable || PyArray_ISWRITEABLE(a.get()), "an array that must not be written");
  return const_cast<T*>(a.data());
}

template <class T> class Given {  // an array to read, or None
 public:
  Given(nb::handle h, const Shape& shape) {
    if (!h.is_none()) require(copy_.emplace(h).shape() == shape, "an array of another shape");
  }
  const T* data() const { return copy_ ? copy_->data() : nullptr; }

 private:
  std::optional<Contiguous<T>> copy_;
};

Steps steps(nb::handle gates, nb::handle w_hh, nb::handle lengths, bool reverse) {
  PyArrayObject *a = as_array(gates), *w = as_array(w_hh);
  require(PyArray_NDIM(a) == 3 && PyArray_NDIM(w) == 2, "gates (T, N, G·H) and w_hh (G·H, H)");
  const Steps s{PyArray_DIM(a, 0), PyArray_DIM(a, 1), PyArray_DIM(w, 1), numbers<int64_t>(lengths, {PyArray_DIM(a, 1)}), reverse};
  for (int64_t n = 0; s.lengths && n < s.N; ++n) require(s.lengths[n] >= 1 && s.lengths[n] <= s.T, "lengths from 1 to T");
  return s;
}

template <class T> New<T> copied(const T* from, const Shape& shape) {
  New<T> to(shape);
  if (from) std::copy_n(from, shape[0] * shape[1], to.data());
  else std::fill_n(to.data(), shape[0] * shape[1], T(0));
  return to;
}

// gates (T, N, G·H), which are changed; h and c (N, H); w_hh (G·H, H), b_hh (G·H) -> hs and more (T + 1, N, H), y (T, N, H)
nb::object py_recurrent(std::string_view cell, nb::handle gates, nb::handle h_, nb::handle c_, nb::handle w_hh, nb::handle b_hh,
                        nb::handle lengths, bool reverse) {
  return dispatch({gates, h_, c_, w_hh, b_hh}, [&]<class T>() {
    const Steps s = steps(gates, w_hh, lengths, reverse);
    const int64_t first = reverse ? s.T * s.N * s.H : 0;
    const Shape states{s.T + 1, s.N, s.H};
    New<T> hs(states);
    std::optional<New<T>> more, y;
    if (s.lengths) y.emplace(Shape{s.T, s.N, s.H});
    with_cell(cell, [&]<class Cell>() {
      const int64_t GH = Cell::G * s.H;
      const Given<T> h(h_, {s.N, s.H}), c(Cell::MORE ? c_ : nb::none(), {s.N, s.H}), w(w_hh, {GH, s.H}), b(b_hh, {GH});
      const Layer<T> layer{s, numbers<T>(gates, {s.T, s.N, GH}, true), hs.data(), Cell::MORE ? more.emplace(states).data() : nullptr,
                           y ? y->data() : nullptr, w.data(), b.data()};
      require(h.data() && (c.data() || !std::is_same_v<Cell, Lstm>), "a state");
      std::copy_n(h.data(), s.N * s.H, layer.hs + first);
      if (c.data()) std::copy_n(c.data(), s.N * s.H, layer.more + first);
      compute(double(s.T * s.N) * double(GH * s.H), [&] { recurrent<Cell, T>(layer); });
    });
    const auto given = [](std::optional<New<T>>& a) { return a ? a->object() : nb::none(); };
    return nb::object(nb::make_tuple(hs.object(), given(more), given(y)));
  });
}

// What py_recurrent took and gave, dy (T, N, H) or None, dh and dc (N, H) -> dgx and dgh (T, N, G·H), dh and dc
nb::object py_recurrent_grad(std::string_view cell, nb::handle gates, nb::handle hs, nb::handle more, nb::handle w_hh,
                             nb::handle lengths, bool reverse, nb::handle dy_, nb::handle dh_, nb::handle dc_) {
  return dispatch({gates, hs, more, w_hh, dy_, dh_, dc_}, [&]<class T>() {
    const Steps s = steps(gates, w_hh, lengths, reverse);
    const Shape states{s.T + 1, s.N, s.H}, state{s.N, s.H};
    New<T> dh = copied<T>(Given<T>(dh_, state).data(), state), dc = copied<T>(Given<T>(dc_, state).data(), state);
    std::optional<New<T>> dgx, dgh;
    with_cell(cell, [&]<class Cell>() {
      const int64_t GH = Cell::G * s.H;
      const Shape all{s.T, s.N, GH};
      const Given<T> w(w_hh, {GH, s.H}), dy(dy_, {s.T, s.N, s.H});
      const Layer<T> layer{s, numbers<T>(gates, all), numbers<T>(hs, states), numbers<T>(more, states), nullptr, w.data(), nullptr};
      require(layer.hs && (layer.more || !Cell::MORE), "what the steps kept");
      T* const to_x = dgx.emplace(all).data();
      T* const to_h = Cell::SAME ? to_x : dgh.emplace(all).data();
      compute(double(s.T * s.N) * double(GH * s.H),
              [&] { recurrent_grad<Cell, T>(layer, dy.data(), dh.data(), dc.data(), to_x, to_h); });
    });
    return nb::object(nb::make_tuple(dgx->object(), (dgh ? dgh : dgx)->object(), dh.object(), dc.object()));
  });
}

}  // namespace

void bind_recurrent(nb::module_& m) {
  m.def("recurrent", &py_recurrent, nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg().none(), nb::arg().none(),
        nb::arg());
  m.def("recurrent_grad", &py_recurrent_grad, nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg().none(),
        nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg().none());
}

}  // namespace chainrule
