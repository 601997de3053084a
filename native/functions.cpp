// Bindings of the functions of one array: a kernel `f` of x and its settings and, of those in functions.hpp, a kernel `f_grad` of dy, x
// and its settings. The result lies in memory as x does.
#include "functions.hpp"
#include "bindings.hpp"
#include "layout.hpp"

#include <string>

namespace chainrule {
namespace {

template <class F> nb::object unary(nb::handle x_, const F& f) {
  return dispatch({x_}, [&]<class T>() {
    const Dense<T> x(x_);
    New<T> y = like(x);
    compute(double(x.size()) * 4, [&] { map(x.size(), x.data(), y.data(), f); });
    return y.object();
  });
}

// Whether all elements are one in memory, as in the gradient of a sum.
template <class T> bool is_one_number(const Strided<T>& a) {
  for (int i = 0; i < a.ndim(); ++i)
    if (a.shape(i) != 1 && a.stride(i) != 0) return false;
  return true;
}

template <class F> nb::object grad(nb::handle dy_, nb::handle x_, const F& f) {
  return dispatch({dy_, x_}, [&]<class T>() {
    const Dense<T> x(x_);
    const Strided<T> dy(dy_);
    if (dy.shape() != x.shape()) throw Unsupported("dy has another shape");
    New<T> dx = like(x);
    const bool one = is_one_number(dy), in_place = !one && !lie_alike(dy, x);
    if (in_place && PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(dx.object().ptr()), dy.get()) < 0) throw nb::python_error();
    const T* d = in_place ? dx.data() : dy.data();
    compute(double(x.size()) * 4, [&] { map_grad(x.size(), d, one, x.data(), dx.data(), f); });
    return dx.object();
  });
}

using Setting = nb::handle;  // a Python number

double setting(Setting s) {
  const double value = number<double>(s);
  require(value == value, "NaN is left to the reference");
  return value;
}

template <class F, class... S> void define_value(nb::module_& m, const std::string& name) {
  m.def(name.c_str(), [](nb::handle x, S... s) { return unary(x, F{setting(s)...}); });
}

template <class F, class... S> void define(nb::module_& m, const std::string& name) {
  define_value<F, S...>(m, name);
  m.def((name + "_grad").c_str(), [](nb::handle dy, nb::handle x, S... s) { return grad(dy, x, F{setting(s)...}); });
}

}  // namespace

void bind_functions(nb::module_& m) {
  define_value<Neg>(m, "neg");
  define_value<Sqrt>(m, "sqrt");
  define_value<Exp>(m, "exp");
  define_value<Log>(m, "log");
  define_value<Relu>(m, "relu");
  define_value<Sigmoid>(m, "sigmoid");
  define_value<Tanh>(m, "tanh");
  define<Abs>(m, "abs");
  define<Square>(m, "square");
  define<Reciprocal>(m, "reciprocal");
  define<Rsqrt>(m, "rsqrt");
  define<Power, Setting>(m, "power");
  define<Clamp, Setting, Setting>(m, "clamp");
  define<Erf>(m, "erf");
  define<Silu>(m, "silu");
  define<Gelu>(m, "gelu");
  define<GeluTanh>(m, "gelu_tanh");
  define<GeluSigmoid>(m, "gelu_sigmoid");
  define<Mish>(m, "mish");
  define<Elu, Setting, Setting, Setting>(m, "elu");
  define<Softplus, Setting, Setting>(m, "softplus");
  define<LogSigmoid>(m, "logsigmoid");
  define<LeakyRelu, Setting>(m, "leaky_relu");
  define<Threshold, Setting, Setting>(m, "threshold");
  define<Hardtanh, Setting, Setting>(m, "hardtanh");
  define<Hardsigmoid>(m, "hardsigmoid");
  define<Hardswish>(m, "hardswish");
  define<Hardshrink, Setting>(m, "hardshrink");
  define<Softshrink, Setting>(m, "softshrink");
}

}  // namespace chainrule
