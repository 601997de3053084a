// Bindings of pooling.hpp. Shapes have been checked on the Python side, which also computes the output size.
#include "pooling.hpp"
#include "bindings.hpp"

#include <limits>

namespace chainrule {
namespace {

Pooling pooling(nb::handle kernel, nb::handle stride, nb::handle padding, nb::handle dilation) {
  const auto at = [](nb::handle t, int i) { return nb::cast<int64_t>(t[i]); };
  return {at(kernel, 0), at(kernel, 1), at(stride, 0), at(stride, 1), at(padding, 0), at(padding, 1), at(dilation, 0), at(dilation, 1)};
}

nb::object py_max_pool2d(nb::handle x_, nb::handle kernel, nb::handle stride, nb::handle padding, nb::handle dilation, int64_t OH,
                         int64_t OW) {
  return dispatch({x_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)};
    const Pooling v = pooling(kernel, stride, padding, dilation);
    New<T> y = new_images<T>(x.N, x.C, OH, OW), place = new_images<T>(x.N, x.C, OH, OW);
    compute(double(x.N * x.C * OH * OW) * double(v.KH * v.KW), [&] { max_pool2d<T>(x, v, y.data(), place.data(), OH, OW); });
    return nb::object(nb::make_tuple(y.object(), place.object()));
  });
}

nb::object py_max_pool2d_grad(nb::handle dy_, nb::handle place_, nb::handle kernel, nb::handle stride, nb::handle padding,
                              nb::handle dilation, int64_t H, int64_t W) {
  return dispatch({dy_, place_}, [&]<class T>() {
    const Images<T> dy{Strided<T>(dy_)};
    const Pooling v = pooling(kernel, stride, padding, dilation);
    New<T> dx = new_images<T>(dy.N, dy.C, H, W);
    compute(double(dy.N * dy.C * H * W), [&] { max_pool2d_grad<T>(dy, Strided<T>(place_).data(), v, dx.data(), H, W); });
    return dx.object();
  });
}

nb::object py_avg_pool2d(nb::handle x_, nb::handle kernel, nb::handle stride, nb::handle padding, bool count_pad, int64_t divisor,
                         int64_t OH, int64_t OW) {
  return dispatch({x_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)};
    const Pooling v = pooling(kernel, stride, padding, nb::make_tuple(1, 1));
    New<T> y = new_images<T>(x.N, x.C, OH, OW);
    compute(double(x.N * x.C * OH * OW) * double(v.KH * v.KW), [&] { avg_pool2d<T>(x, v, count_pad, divisor, y.data(), OH, OW); });
    return y.object();
  });
}

nb::object py_avg_pool2d_grad(nb::handle dy_, nb::handle kernel, nb::handle stride, nb::handle padding, bool count_pad, int64_t divisor,
                              int64_t H, int64_t W) {
  return dispatch({dy_}, [&]<class T>() {
    const Images<T> dy{Strided<T>(dy_)};
    const Pooling v = pooling(kernel, stride, padding, nb::make_tuple(1, 1));
    New<T> dx = new_images<T>(dy.N, dy.C, H, W);
    compute(double(dy.N * dy.C * H * W), [&] { avg_pool2d_grad<T>(dy, v, count_pad, divisor, dx.data(), H, W); });
    return dx.object();
  });
}

}  // namespace

void bind_pooling(nb::module_& m) {
  m.def("max_pool2d", &py_max_pool2d);
  m.def("max_pool2d_grad", &py_max_pool2d_grad);
  m.def("avg_pool2d", &py_avg_pool2d);
  m.def("avg_pool2d_grad", &py_avg_pool2d_grad);
}

}  // namespace chainrule
