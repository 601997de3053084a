// Bindings of normalization.hpp: which numbers make a row, from the axes that μ and σ² are taken over and from the shape of w and b.
// Shapes have been checked on the Python side.
#include "normalization.hpp"
#include "bindings.hpp"
#include "layout.hpp"

#include <nanobind/stl/string.h>

#include <string>

namespace chainrule {
namespace {

enum class Kind { PIECES, EACH, COLUMNS };

struct Plan {
  Kind kind;
  Rows rows;
};

// (N, C, …) with images innermost in memory: as (C, …, N).
template <class T> bool images_innermost(const Strided<T>& x) {
  int64_t step = x.shape(0);
  if (step > 1 && x.stride(0) != 1) return false;
  for (int i = x.ndim() - 1; i > 0; step *= x.shape(i--))
    if (x.shape(i) > 1 && x.stride(i) != step) return false;
  return true;
}

// Over all axes of x (N, C, …) but the channels; the runs of a channel that lies in one piece are a few thousand numbers long.
template <class T> Plan by_channels(const Strided<T>& x) {
  const int64_t N = x.shape(0), C = x.shape(1), P = x.size() / (N * C);
  if (PyArray_IS_C_CONTIGUOUS(x.get())) return {P == 1 ? Kind::COLUMNS : Kind::PIECES, {C, N, P, P, C * P, C}};
  int64_t run = N;
  for (int i = x.ndim() - 1; i > 1 && run * x.shape(i) <= 16384; --i) run *= x.shape(i);
  return {Kind::PIECES, {C, N * P / run, run, N * P, run, C}};
}

// Over the last `count` axes of x, which lies row by row; `own` has the shape of w and b, or is none.
template <class T> Plan by_rows(const Strided<T>& x, int count, const Strided<T>* own) {
  const int64_t parameters = own ? own->size() : 1;
  int64_t size = 1, run = 1;
  bool alike = true;  // on the axes so far
  for (int i = 1; i <= count; ++i) {
    const int64_t n = x.shape(x.ndim() - i);
    alike = alike && (n == 1 || !own || own->shape(own->ndim() - i) == 1);
    size *= n;
    if (alike) run *= n;
  }
  const int64_t rows = x.size() / size, pieces = size / run;
  if (run == 1) return {Kind::EACH, {rows, 1, size, size, size, parameters / size, true}};
  return {Kind::PIECES, {rows, pieces, run, size, run, parameters / pieces, true}};
}

// What all of the kernels are told, checked and in the right layout.
template <class T> struct Problem {
  Strided<T> x;
  std::optional<Contiguous<T>> copy, w, b;
  Plan plan;
  Norm norm;

  Problem(nb::handle x_, nb::handle w_, nb::handle b_, nb::handle axes, const std::string& norm_)
      : x(x_), norm(norm_ == "centred" ? Norm::CENTRED : norm_ == "fixed" ? Norm::FIXED : Norm::ROOT_MEAN_SQUARE) {
    if (!x.size()) throw Unsupported("there is nothing to normalize");
    if (!w_.is_none()) w.emplace(w_);
    if (!b_.is_none()) b.emplace(b_);
    const int count = int(nb::len(axes));
    require(count >= 1 && count <= x.ndim(), "axes of x are needed");
    const bool channels = nb::cast<int>(axes[0]) == 0 && count < x.ndim();
    require(!channels || count == x.ndim() - 1, "all axes but one, or the last ones, are needed");
    for (const auto* p : {&w, &b}) require(!*p || channels || (*p)->ndim() >= count, "the parameters do not fit");
    if (!channels || !images_innermost(x)) x = copy.emplace(x_);
    plan = channels ? by_channels(x) : by_rows<T>(x, count, w ? &*w : b ? &*b : nullptr);
    for (const auto* p : {&w, &b})
      if (*p && (*p)->size() != parameters()) throw Unsupported("the parameters do not fit");
    require(parameters() > 0, "parameters are needed");
  }
  int64_t parameters() const { return plan.kind == Kind::EACH ? plan.rows.period * plan.rows.run : plan.rows.parameters(); }

  // f(w, b): what they are, ones and zeros where they are not given
  template <class F> void with_parameters(F&& f) const {
    Scratch<T> ones(parameters()), zeros(parameters());
    std::fill(ones + 0, ones + parameters(), T(1)), std::fill(zeros + 0, zeros + parameters(), T(0));
    f(w ? w->data() : ones, b ? b->data() : zeros);
  }
};

// y, and the mean and the variance of every row, unless these are given.
nb::object py_standardize(nb::handle x_, nb::handle w_, nb::handle b_, nb::handle mean_, nb::handle variance_, nb::handle axes, double eps,
                          const std::string& norm) {
  return dispatch({x_, w_, b_, mean_, variance_}, [&]<class T>() {
    const Problem<T> q(x_, w_, b_, axes, norm);
    const Rows& v = q.plan.rows;
    New<T> y = like(q.x), mean({v.rows}), variance({v.rows});
    if (q.norm == Norm::FIXED) {
      const Contiguous<T> m(mean_), s(variance_);
      if (m.size() != v.rows || s.size() != v.rows) throw Unsupported("a mean and a variance for each channel are needed");
      std::copy(m.data(), m.data() + v.rows, mean.data());
      std::copy(s.data(), s.data() + v.rows, variance.data());
    }
    compute(double(q.x.size()), [&] {
      q.with_parameters([&](const T* w, const T* b) {
        T *m = mean.data(), *s = variance.data();
        if (q.plan.kind == Kind::PIECES) standardize(q.x.data(), v, q.norm, w, b, eps, m, s, y.data());
        if (q.plan.kind == Kind::EACH) standardize_each(q.x.data(), v, q.norm, w, b, eps, m, s, y.data());
        if (q.plan.kind == Kind::COLUMNS) standardize_columns(q.x.data(), v.pieces, v.rows, q.norm, w, b, eps, m, s, y.data());
      });
    });
    return nb::object(nb::make_tuple(y.object(), mean.object(), variance.object()));
  });
}

// dx (None if not `wanted`), dw and db; the last two are flat.
nb::object py_standardize_grad(nb::handle dy_, nb::handle x_, nb::handle w_, nb::handle mean_, nb::handle variance_, nb::handle shape_of,
                               nb::handle axes, double eps, const std::string& norm, bool wanted) {
  return dispatch({dy_, x_, w_, mean_, variance_}, [&]<class T>() {
    const Problem<T> q(x_, w_, shape_of, axes, norm);
    const Rows& v = q.plan.rows;
    const Alike<T> dy(dy_, q.x);
    const Contiguous<T> mean(mean_), variance(variance_);
    require(mean.size() == v.rows && variance.size() == v.rows, "a mean and a variance for each row are needed");
    std::optional<New<T>> dx;
    if (wanted) dx.emplace(like(q.x));
    New<T> dw({q.parameters()}), db({q.parameters()});
    compute(double(q.x.size()) * 2, [&] {
      q.with_parameters([&](const T* w, const T*) {
        const T *d = dy.data(), *x = q.x.data(), *m = mean.data(), *s = variance.data();
        T* to = dx ? dx->data() : nullptr;
        if (q.plan.kind == Kind::PIECES) standardize_grad(d, x, v, q.norm, w, eps, m, s, to, dw.data(), db.data());
        if (q.plan.kind == Kind::EACH) standardize_each_grad(d, x, v, q.norm, w, eps, m, s, to, dw.data(), db.data());
        if (q.plan.kind == Kind::COLUMNS)
          standardize_columns_grad(d, x, v.pieces, v.rows, q.norm, w, eps, m, s, to, dw.data(), db.data());
      });
    });
    return nb::object(nb::make_tuple(dx ? dx->object() : nb::none(), dw.object(), db.object()));
  });
}

}  // namespace

void bind_normalization(nb::module_& m) {
  m.def("standardize", &py_standardize, nb::arg("x"), nb::arg("w").none(), nb::arg("b").none(), nb::arg("mean").none(),
        nb::arg("variance").none(), nb::arg("axes"), nb::arg("eps"), nb::arg("norm"));
  m.def("standardize_grad", &py_standardize_grad, nb::arg("dy"), nb::arg("x"), nb::arg("w").none(), nb::arg("mean"), nb::arg("variance"),
        nb::arg("b").none(), nb::arg("axes"), nb::arg("eps"), nb::arg("norm"), nb::arg("wanted"));
}

}  // namespace chainrule
