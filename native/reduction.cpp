// Bindings of sums and softmax (reduction.hpp).
#include "reduction.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

// The sum over `axes` (non-negative, rising, side by side; all if None).
template <class F> nb::object py_sum(nb::handle x_, nb::handle axes, bool keepdim) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    int first = 0, last = x.ndim();
    if (!axes.is_none()) {
      const int axes_given = int(nb::len(axes));
      if (axes_given == 0) throw Unsupported("nothing to sum over");
      const int64_t low = nb::cast<int>(axes[0]), high = nb::cast<int>(axes[axes_given - 1]);
      require(low >= 0 && high < x.ndim() && high - low == axes_given - 1, "the axes are not side by side");
      first = int(low), last = int(high) + 1;
    }
    int64_t outer = 1, n = 1, inner = 1;
    Shape shape;
    for (int i = 0; i < x.ndim(); ++i) {
      (i < first ? outer : i < last ? n : inner) *= x.shape(i);
      if (i < first || i >= last) shape.push_back(x.shape(i));
      else if (keepdim) shape.push_back(1);
    }
    New<T> y(shape);
    if (!x.size()) std::fill_n(y.data(), count(shape), T(0));
    else compute(double(x.size()), [&] {
      if (outer == 1 && inner == 1) *y.data() = sum_all<F>(x.data(), n);
      else sum_axis<F>(x.data(), outer, n, inner, y.data());
    });
    return y.object();
  });
}

template <class T> struct Rows {  // (…, n) as rows of n
  int64_t rows, n;
  explicit Rows(const Strided<T>& x) : rows(1), n(x.ndim() ? x.shape(x.ndim() - 1) : 1) {
    for (int i = 0; i + 1 < x.ndim(); ++i) rows *= x.shape(i);
  }
};

template <auto F32, auto F64> nb::object of_rows(nb::handle x_) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    const Rows<T> r(x);
    New<T> y(x.shape());
    if (x.size()) compute(double(x.size()) * 10, [&] {
      if constexpr (sizeof(T) == 4) F32(x.data(), r.rows, r.n, y.data());
      else F64(x.data(), r.rows, r.n, y.data());
    });
    return y.object();
  });
}

template <auto F32, auto F64> nb::object grad_of_rows(nb::handle dy_, nb::handle y_) {
  return dispatch({dy_, y_}, [&]<class T>() {
    const Contiguous<T> dy(dy_), y(y_);
    require(dy.shape() == y.shape(), "dy has another shape");
    const Rows<T> r(y);
    New<T> dx(y.shape());
    if (y.size()) compute(double(y.size()) * 10, [&] {
      if constexpr (sizeof(T) == 4) F32(dy.data(), y.data(), r.rows, r.n, dx.data());
      else F64(dy.data(), y.data(), r.rows, r.n, dx.data());
    });
    return dx.object();
  });
}

// x (…, n) -> (…), or (…, 1) with keepdim. For short rows, where NumPy takes longer to begin than to look.
nb::object py_places_of_extremes(nb::handle x_, bool greatest, bool keepdim) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    const Rows<T> r(x);
    require(x.ndim() >= 1 && r.n >= 1 && r.n <= 64, "short rows are needed");
    Shape shape = x.shape();
    shape.back() = 1;
    if (!keepdim) shape.pop_back();
    New<int64_t> y(shape);
    compute(double(x.size()), [&] { places_of_extremes(x.data(), r.rows, r.n, greatest ? T(1) : T(-1), y.data()); });
    return y.object();
  });
}

}  // namespace

void bind_reduction(nb::module_& m) {
  m.def("sum", &py_sum<Itself>, nb::arg(), nb::arg().none(), nb::arg());
  m.def("sum_of_squares", &py_sum<Squared>, nb::arg(), nb::arg().none(), nb::arg());
  m.def("places_of_extremes", &py_places_of_extremes);
  m.def("softmax", &of_rows<softmax<float>, softmax<double>>);
  m.def("log_softmax", &of_rows<log_softmax<float>, log_softmax<double>>);
  m.def("softmax_grad", &grad_of_rows<softmax_grad<float>, softmax_grad<double>>);
  m.def("log_softmax_grad", &grad_of_rows<log_softmax_grad<float>, log_softmax_grad<double>>);
}

}  // namespace chainrule
