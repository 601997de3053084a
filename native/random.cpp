// Bindings of random.hpp.
#include "random.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

nb::object py_dropout(nb::handle x_, uint64_t key, uint32_t least, double scale) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    require(x.size() <= int64_t(1) << 32, "a number of 32 bits for each element");
    New<T> y(x.shape());
    compute(double(x.size()) * 2, [&] { dropout(x.size(), x.data(), {uint32_t(key), uint32_t(key >> 32)}, least, T(scale), y.data()); });
    return y.object();
  });
}

}  // namespace

void bind_random(nb::module_& m) { m.def("dropout", &py_dropout); }

}  // namespace chainrule
