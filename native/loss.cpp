// Bindings of cross-entropy and negative log-likelihood (reduction.hpp). Targets have been checked on the Python side; a target out of range would write
// outside of the array, so it is checked here once more.
#include "reduction.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

nb::object py_cross_entropy(nb::handle x_, nb::handle target_, double smoothing) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    const Contiguous<int64_t> target(target_);
    require(x.ndim() == 2 && x.size() && target.has_shape({x.shape(0)}), "(N, C) and (N) are needed");
    require_below(x.shape(1), target);
    New<T> loss(Shape{}), p(x.shape());
    compute(double(x.size()) * 10, [&] { *loss.data() = cross_entropy(x.data(), target.data(), x.shape(0), x.shape(1), T(smoothing), p.data()); });
    return nb::object(nb::make_tuple(loss.object(), p.object()));
  });
}

nb::object py_cross_entropy_grad(nb::handle dy_, nb::handle p_, nb::handle target_, double smoothing) {
  return dispatch({dy_, p_}, [&]<class T>() {
    const Contiguous<T> p(p_), dy(dy_);
    const Contiguous<int64_t> target(target_);
    require(dy.size() == 1 && p.ndim() == 2 && target.has_shape({p.shape(0)}), "a number, (N, C) and (N) are needed");
    require_below(p.shape(1), target);
    New<T> dx(p.shape());
    compute(double(p.size()), [&] { cross_entropy_grad(*dy.data(), p.data(), target.data(), p.shape(0), p.shape(1), T(smoothing), dx.data()); });
    return dx.object();
  });
}

nb::object py_nll_loss(nb::handle x_, nb::handle target_) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    const Contiguous<int64_t> target(target_);
    require(x.ndim() == 2 && x.size() && target.has_shape({x.shape(0)}), "(N, C) and (N) are needed");
    require_below(x.shape(1), target);
    New<T> loss(Shape{});
    *loss.data() = nll_loss(x.data(), target.data(), x.shape(0), x.shape(1));
    return loss.object();
  });
}

nb::object py_nll_loss_grad(nb::handle dy_, nb::handle target_, int64_t classes) {
  return dispatch({dy_}, [&]<class T>() {
    const Contiguous<T> dy(dy_);
    const Contiguous<int64_t> target(target_);
    require(dy.size() == 1 && target.ndim() == 1 && classes >= 0, "a number, (N) and C are needed");
    require_below(classes, target);
    New<T> dx({target.shape(0), classes});
    compute(double(target.shape(0)) * double(classes), [&] { nll_loss_grad(*dy.data(), target.data(), target.shape(0), classes, dx.data()); });
    return dx.object();
  });
}

}  // namespace

void bind_loss(nb::module_& m) {
  m.def("cross_entropy", &py_cross_entropy);
  m.def("cross_entropy_grad", &py_cross_entropy_grad);
  m.def("nll_loss", &py_nll_loss);
  m.def("nll_loss_grad", &py_nll_loss_grad);
}

}  // namespace chainrule
