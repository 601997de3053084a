// Bindings of elementwise.hpp. Operands are arrays or Python numbers; the result keeps the operands' order of axes in memory.
#include "elementwise.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

template <class F> nb::object unary(nb::handle x_) {
  return dispatch({x_}, [&]<class T>() {
    if (Strided<T> x(x_); is_dense(x)) {
      New<T> y = like(x);
      compute(double(x.size()), [&] { map<F>(x.size(), x.data(), y.data()); });
      return y.object();
    }
    const Contiguous<T> x(x_);
    New<T> y(x.shape());
    compute(double(x.size()), [&] { map<F>(x.size(), x.data(), y.data()); });
    return y.object();
  });
}

template <class F, class T> nb::object with_number(nb::handle array, T number, bool number_first) {
  const Contiguous<T>* copy = nullptr;
  Strided<T> x(array);
  std::optional<Contiguous<T>> gathered;
  if (!is_dense(x)) copy = &gathered.emplace(array), x = *copy;
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

// Strides of the result: those of an operand that has its shape and no gaps, so that an order of axes is kept; else row by row.
template <class T> Shape result_strides(const Shape& shape, const Strided<T>& a, const Strided<T>& b) {
  for (const Strided<T>* x : {&a, &b})
    if (x->shape() == shape && is_dense(*x)) return strides(*x);
  Shape rows(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i) rows[i - 2] = rows[i - 1] * shape[i - 1];
  return rows;
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

}  // namespace

void bind_elementwise(nb::module_& m) {
  m.def("relu", &unary<Relu>);
  m.def("neg", &unary<Neg>);
  m.def("abs", &unary<Abs>);
  m.def("square", &unary<Square>);
  m.def("exp", &unary<Exp>);
  m.def("sigmoid", &unary<Sigmoid>);
  m.def("tanh", &unary<Tanh>);
  m.def("silu", &unary<Silu>);
  m.def("sqrt", &unary<Lanewise<SqrtOne>>);
  m.def("log", &unary<Lanewise<LogOne>>);
  m.def("gelu", &unary<Lanewise<GeluOne>>);
  m.def("add", &binary<Add>);
  m.def("sub", &binary<Sub>);
  m.def("mul", &binary<Mul>);
  m.def("div", &binary<Div>);
  m.def("maximum", &binary<Maximum>);
  m.def("minimum", &binary<Minimum>);
  m.def("relu_grad", &binary<ReluGrad>);
  m.def("sigmoid_grad", &binary<SigmoidGrad>);
  m.def("tanh_grad", &binary<TanhGrad>);
  m.def("silu_grad", &binary<SiluGrad>);
  m.def("gelu_grad", &binary<GeluGrad>);
}

}  // namespace chainrule
