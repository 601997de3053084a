// Binding of warping.hpp.
#include "warping.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

template <class P, class T> nb::object warped(nb::handle x_, nb::handle back_, nb::handle begin_, double fill) {
  const Contiguous<P> x(x_);
  const Contiguous<T> back(back_), begin(begin_);
  require(x.ndim() == 4, "images (N, C, H, W) are needed");
  const int64_t N = x.shape(0), C = x.shape(1), H = x.shape(2), W = x.shape(3);
  require(back.has_shape({N, 2, 2}) && begin.has_shape({N, 2}), "a map for each image is needed");
  require(H < (1 << 15) && W < (1 << 15), "the images are too large");
  require(std::is_same_v<P, T> || (fill >= 0 && fill <= 255), "the fill is no pixel");
  New<P> y({N, C, H, W});
  if (x.size()) compute(10.0 * double(x.size()), [&] { warp<P, T>(x.data(), N, C, H, W, back.data(), begin.data(), T(fill), y.data()); });
  return y.object();
}

nb::object py_warp(nb::handle x, nb::handle back, nb::handle begin, double fill) {
  return dispatch({back, begin}, [&]<class T>() {
    if constexpr (std::is_same_v<T, float>)
      if (PyArray_TYPE(as_array(x)) == NPY_UINT8) return warped<uint8_t, T>(x, back, begin, fill);
    return warped<T, T>(x, back, begin, fill);
  });
}

}  // namespace

void bind_warping(nb::module_& m) { m.def("warp", &py_warp); }

}  // namespace chainrule
