// Bindings of pooling.hpp. The Python side computes the output size.
#include "pooling.hpp"
#include "bindings.hpp"


namespace chainrule {
namespace {

Pooling pooling(nb::handle kernel, nb::handle stride, nb::handle padding, nb::handle dilation) {
  const auto at = [](nb::handle t, int i) { return nb::cast<int64_t>(t[i]); };
  return {at(kernel, 0), at(kernel, 1), at(stride, 0), at(stride, 1), at(padding, 0), at(padding, 1), at(dilation, 0), at(dilation, 1)};
}

// Every window begins inside of the image or the padding in front of it.
void check_axis(int64_t size, int64_t out, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  for (int64_t n : {kernel, stride, dilation}) require(n >= 1 && n <= INT32_MAX, "a kernel, stride and dilation of 1 or more are needed");
  require(pad >= 0 && 2 * pad <= kernel && size >= 0, "the window does not fit");
  require(out >= 0 && out <= size + pad && (out - 1) * stride < size + pad, "there are not so many windows");
}

void check_windows(const Pooling& v, int64_t H, int64_t W, int64_t OH, int64_t OW) {
  check_axis(H, OH, v.KH, v.stride_h, v.pad_h, v.dilation_h);
  check_axis(W, OW, v.KW, v.stride_w, v.pad_w, v.dilation_w);
  count({H + v.pad_h + v.dilation_h * v.KH, W + v.pad_w + v.dilation_w * v.KW});  // as much as any frame takes
}

// The strides that new_images gives.
template <class T> bool images_innermost(const Images<T>& x) {
  const auto step = [](int64_t size, int64_t stride, int64_t expected) { return size <= 1 || stride == expected; };
  return step(x.N, x.n, 1) && step(x.W, x.w, x.N) && step(x.H, x.h, x.W * x.N) && step(x.C, x.c, x.H * x.W * x.N);
}

nb::object py_max_pool2d(nb::handle x_, nb::handle kernel, nb::handle stride, nb::handle padding, nb::handle dilation, int64_t OH,
                         int64_t OW) {
  return dispatch({x_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)};
    const Pooling v = pooling(kernel, stride, padding, dilation);
    check_windows(v, x.H, x.W, OH, OW);
    require(v.KH * v.KW <= int64_t(1) << std::numeric_limits<T>::digits, "places in a window are kept as numbers");
    New<T> y = new_images<T>(x.N, x.C, OH, OW), place = new_images<T>(x.N, x.C, OH, OW);
    compute(double(x.N * x.C * OH * OW) * double(v.KH * v.KW), [&] { max_pool2d<T>(x, v, y.data(), place.data(), OH, OW); });
    return nb::object(nb::make_tuple(y.object(), place.object()));
  });
}

nb::object py_max_pool2d_grad(nb::handle dy_, nb::handle place_, nb::handle kernel, nb::handle stride, nb::handle padding,
                              nb::handle dilation, int64_t H, int64_t W) {
  return dispatch({dy_, place_}, [&]<class T>() {
    const Images<T> dy{Strided<T>(dy_)}, place{Strided<T>(place_)};
    const Pooling v = pooling(kernel, stride, padding, dilation);
    check_windows(v, H, W, dy.H, dy.W);
    require(Strided<T>(place_).has_shape({dy.N, dy.C, dy.H, dy.W}) && images_innermost(place), "the places of max_pool2d are needed");
    New<T> dx = new_images<T>(dy.N, dy.C, H, W);
    compute(double(dy.N * dy.C * H * W), [&] { max_pool2d_grad<T>(dy, place.p, v, dx.data(), H, W); });
    return dx.object();
  });
}

nb::object py_avg_pool2d(nb::handle x_, nb::handle kernel, nb::handle stride, nb::handle padding, bool count_pad, int64_t divisor,
                         int64_t OH, int64_t OW) {
  return dispatch({x_}, [&]<class T>() {
    const Images<T> x{Strided<T>(x_)};
    const Pooling v = pooling(kernel, stride, padding, nb::make_tuple(1, 1));
    check_windows(v, x.H, x.W, OH, OW);
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
    check_windows(v, H, W, dy.H, dy.W);
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
