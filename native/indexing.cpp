// Bindings of indexing.hpp.
#include "indexing.hpp"
#include "bindings.hpp"

#include <deque>

namespace chainrule {
namespace {

// What lies around an axis of an array like `index`, whose size there is n in x.
Around around(const Contiguous<int64_t>& index, int64_t axis, int64_t n) {
  require(axis >= 0 && axis < index.ndim() && n >= 0, "there is no such axis");
  Around a{1, n, 1};
  for (int d = 0; d < index.ndim(); ++d)
    if (d != axis) (d < axis ? a.outer : a.inner) *= index.shape(d);
  require_below(n, index);
  return a;
}

nb::object py_gather(nb::handle x_, nb::handle index_, int64_t axis) {
  return dispatch({x_}, [&]<class T>() {
    const Strided<T> x(x_);
    const Contiguous<int64_t> index(index_);
    require(PyArray_IS_C_CONTIGUOUS(x.get()), "an array row by row is needed");  // a repeated one could be far too large to copy
    require(x.ndim() == index.ndim() && axis >= 0 && axis < x.ndim(), "as many dimensions are needed");
    for (int d = 0; d < x.ndim(); ++d) require(d == axis || x.shape(d) == index.shape(d), "the index is smaller");
    const Around shape = around(index, axis, x.shape(int(axis)));
    New<T> y(index.shape());
    if (index.size()) compute(double(index.size()), [&] { gather_along(x.data(), index.data(), shape, index.shape(int(axis)), y.data()); });
    return y.object();
  });
}

// n: the size of x along the axis
nb::object py_gather_grad(nb::handle dy_, nb::handle index_, int64_t axis, int64_t n) {
  return dispatch({dy_}, [&]<class T>() {
    const Contiguous<T> dy(dy_);
    const Contiguous<int64_t> index(index_);
    require(dy.shape() == index.shape(), "a cotangent for each number is needed");
    const Around around_axis = around(index, axis, n);
    Shape shape = index.shape();
    shape[size_t(axis)] = n;
    New<T> dx(shape);
    compute(double(count(shape)), [&] { gather_along_grad(dy.data(), index.data(), around_axis, index.shape(int(axis)), dx.data()); });
    return dx.object();
  });
}

// widths: a pair for each dimension
nb::object py_pad(nb::handle x_, nb::tuple widths, nb::handle value) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    require(x.ndim() >= 1 && widths.size() == size_t(x.ndim()), "a pair for each dimension is needed");
    std::vector<Border> axes;
    Shape shape;
    for (int d = 0; d < x.ndim(); ++d) {
      const auto width = [&](int side) { return nb::cast<int64_t>(widths[size_t(d)][side]); };
      const Border& axis = axes.emplace_back(x.shape(d), width(0), width(1));
      for (int64_t n : {axis.before, axis.behind}) require(n >= 0 && n <= INT32_MAX, "a border of 0 or more is needed");
      shape.push_back(axis.size());
    }
    const T fill = number<T>(value);
    New<T> y(shape);
    if (count(shape)) compute(double(count(shape)), [&] { pad(x.data(), axes, fill, y.data()); });
    return y.object();
  });
}

// Along an axis that they have, or a new one in front of it
nb::object py_join(nb::tuple xs_, int64_t axis, bool new_axis) {
  require(xs_.size() > 0, "there is nothing to join");
  return dispatch({xs_[0]}, [&]<class T>() {
    const Strided<T> first(xs_[0]);
    require(axis >= 0 && axis < first.ndim() + new_axis, "there is no such axis");
    Shape shape = first.shape();
    int64_t lines = 1, length = 0;
    for (int d = 0; d < axis; ++d) lines *= shape[size_t(d)];
    std::deque<Contiguous<T>> arrays;
    std::vector<const T*> xs;
    std::vector<int64_t> lengths;
    for (nb::handle h : xs_) {
      const Contiguous<T>& x = arrays.emplace_back(h);
      require(x.ndim() == first.ndim(), "as many dimensions are needed");
      for (int d = 0; d < x.ndim(); ++d) require((!new_axis && d == axis) || x.shape(d) == shape[size_t(d)], "the shapes do not fit");
      xs.push_back(x.data());
      lengths.push_back(lines ? x.size() / lines : 0);
      length += new_axis ? 1 : x.shape(int(axis));
    }
    if (new_axis) shape.insert(shape.begin() + axis, length);
    else shape[size_t(axis)] = length;
    New<T> y(shape);
    if (count(shape)) compute(double(count(shape)), [&] { join(xs, lengths, lines, y.data()); });
    return y.object();
  });
}

}  // namespace

void bind_indexing(nb::module_& m) {
  m.def("gather", &py_gather);
  m.def("gather_grad", &py_gather_grad);
  m.def("pad", &py_pad);
  m.def("join", &py_join);
}

}  // namespace chainrule
