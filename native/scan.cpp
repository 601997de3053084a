// Bindings of scan.hpp.
#include "scan.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

nb::object py_cumsum(nb::handle x_, int axis, bool from_end) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    require(axis >= 0 && axis < x.ndim(), "an axis is needed");
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < x.ndim(); ++i)
      if (i != axis) (i < axis ? outer : inner) *= x.shape(i);
    New<T> y(x.shape());
    if (x.size()) compute(double(x.size()) * 4, [&] { cumsum(x.data(), outer, x.shape(axis), inner, from_end, y.data()); });
    return y.object();
  });
}

}  // namespace

void bind_scan(nb::module_& m) { m.def("cumsum", &py_cumsum); }

}  // namespace chainrule
