// Bindings of the operations of two operands in elementwise.hpp, arrays or Python numbers. The result keeps their order of axes in memory.
#include "elementwise.hpp"
#include "bindings.hpp"
#include "layout.hpp"

namespace chainrule {
namespace {

template <class F, class T> nb::object with_number(nb::handle array, T number, bool number_first) {
  const Dense<T> x(array);
  New<T> y = like(x);
  compute(double(x.size()), [&] {
    if (number_first) map<F>(x.size(), &number, 0, x.data(), 1, y.data());
    else map<F>(x.size(), x.data(), 1, &number, 0, y.data());
  });
  return y.object();
}

// The broadcast shape, or Unsupported where there is none (the reference then says what is wrong).
template <class T> Shape broadcast_shape(const Strided<T>& a, const Strided<T>& b) {
  Shape shape(size_t(std::max(a.ndim(), b.ndim())));
  for (int i = 1; i <= int(shape.size()); ++i) {
    const int64_t na = i <= a.ndim() ? a.shape(a.ndim() - i) : 1, nb_ = i <= b.ndim() ? b.shape(b.ndim() - i) : 1;
    if (na != nb_ && na != 1 && nb_ != 1) throw Unsupported("shapes do not broadcast");
    shape[shape.size() - size_t(i)] = na == 1 ? nb_ : na;
  }
  return shape;
}

Shape row_by_row(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * shape[i - 1];
  return strides;
}

// Strides of the result: those of an operand that has its shape and no gaps, so that an order of axes is kept; else row by row.
template <class T> Shape result_strides(const Shape& shape, const Strided<T>& a, const Strided<T>& b) {
  for (const Strided<T>* x : {&a, &b})
    if (x->shape() == shape && is_dense(*x)) return strides(*x);
  return row_by_row(shape);
}

// Axes from the innermost of the result outwards, neighbours merged where both operands step through them evenly.
template <class T>
std::vector<Axis> merged_axes(const Shape& shape, const Shape& result, const Strided<T>& a, const Strided<T>& b) {
  std::vector<int> order;
  for (int d = int(shape.size()) - 1; d >= 0; --d)
    if (shape[size_t(d)] != 1) order.push_back(d);
  std::stable_sort(order.begin(), order.end(), [&](int d, int e) { return result[size_t(d)] < result[size_t(e)]; });
  std::vector<Axis> axes;
  for (int d : order) {
    const auto step = [&](const Strided<T>& x) {
      const int own = d - int(shape.size()) + x.ndim();  // shapes are aligned at their ends
      return own >= 0 && x.shape(own) != 1 ? x.stride(own) : 0;
    };
    const Axis axis{shape[size_t(d)], step(a), step(b)};
    if (!axes.empty() && axis.a == axes.back().a * axes.back().n && axis.b == axes.back().b * axes.back().n) axes.back().n *= axis.n;
    else axes.push_back(axis);
  }
  if (axes.empty()) axes.push_back({1, 0, 0});
  return axes;
}

template <class F> nb::object binary(nb::handle a_, nb::handle b_) {
  return dispatch({a_, b_}, [&]<class T>() {
    if (!PyArray_Check(a_.ptr())) return with_number<F, T>(b_, number<T>(a_), true);
    if (!PyArray_Check(b_.ptr())) return with_number<F, T>(a_, number<T>(b_), false);
    const Strided<T> a(a_), b(b_);
    if (lie_alike(a, b) && is_dense(a)) {
      New<T> y = like(a);
      compute(double(a.size()), [&] { map<F>(a.size(), a.data(), 1, b.data(), 1, y.data()); });
      return y.object();
    }
    const Shape shape = broadcast_shape(a, b);
    const Shape result = result_strides(shape, a, b);
    New<T> y(shape, result);
    const std::vector<Axis> axes = merged_axes(shape, result, a, b);
    int64_t size = 1;
    for (int64_t n : shape) size *= n;
    if (size) compute(double(size), [&] { broadcast<F>(axes.data(), int(axes.size()), a.data(), b.data(), y.data()); });
    return y.object();
  });
}

// Truth values as masks for `where`, of the dtype of x.
nb::object py_mask(nb::handle truth_, nb::handle x_) {
  return dispatch({x_}, [&]<class T>() {
    PyArrayObject* truth = as_array(truth_);
    if (!PyArray_Check(x_.ptr()) || PyArray_TYPE(truth) != NPY_BOOL || !PyArray_IS_C_CONTIGUOUS(truth)) throw Unsupported("truth values are needed");
    const auto* t = static_cast<const npy_bool*>(PyArray_DATA(truth));
    New<T> y(Shape(PyArray_DIMS(truth), PyArray_DIMS(truth) + PyArray_NDIM(truth)));
    using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
    auto* bits = reinterpret_cast<Bits*>(y.data());
    parallel_lines(PyArray_SIZE(truth), 1, [&](int64_t i, int64_t end) {
      for (; i < end; ++i) bits[i] = -Bits(t[i] != 0);
    });
    return y.object();
  });
}

// The same elements, row by row in memory of ours.
nb::object py_copy(nb::handle x_) {
  return dispatch({x_}, [&]<class T>() {
    const Strided<T> x(x_);
    New<T> y(x.shape());
    if (PyArray_IS_C_CONTIGUOUS(x.get())) {
      compute(double(x.size()), [&] { map<Identity>(x.size(), x.data(), y.data()); });
      return y.object();
    }
    const std::vector<Axis> axes = merged_axes(x.shape(), row_by_row(x.shape()), x, x);
    const bool in_vectors = (axes[0].a == 0 || axes[0].a == 1) && axes[0].n >= LANES<T>;
    if (in_vectors) compute(double(x.size()), [&] { broadcast<First>(axes.data(), int(axes.size()), x.data(), x.data(), y.data()); });
    else if (PyArray_CopyInto(as_array(y.object()), x.get()) < 0) throw nb::python_error();
    return y.object();
  });
}

}  // namespace

void bind_elementwise(nb::module_& m) {
  m.def("copy", &py_copy);
  m.def("add", &binary<Add>);
  m.def("sub", &binary<Sub>);
  m.def("mul", &binary<Mul>);
  m.def("cut", &binary<Cut>);
  m.def("div", &binary<Div>);
  m.def("maximum", &binary<Maximum>);
  m.def("minimum", &binary<Minimum>);
  m.def("share", &binary<Share>);
  m.def("where", &binary<Where>);
  m.def("where_not", &binary<WhereNot>);
  m.def("either", &binary<Either>);
  m.def("mask", &py_mask);
  m.def("prelu", &binary<Prelu>);
  m.def("prelu_slope", &binary<PreluSlope>);
  m.def("relu_grad", &binary<ReluGrad>);
  m.def("sigmoid_grad", &binary<SigmoidGrad>);
  m.def("tanh_grad", &binary<TanhGrad>);
}

}  // namespace chainrule
