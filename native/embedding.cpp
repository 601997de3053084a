// Bindings of embedding.hpp.
#include "embedding.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

nb::object py_embedding(nb::handle index_, nb::handle w_) {
  return dispatch({w_}, [&]<class T>() {
    const Contiguous<int64_t> index(index_);
    const Contiguous<T> w(w_);
    if (w.ndim() != 2) throw Unsupported("a table (V, E) is needed");
    require_below(w.shape(0), index);
    Shape shape = index.shape();
    shape.push_back(w.shape(1));
    New<T> y(shape);
    compute(double(index.size() * w.shape(1)), [&] { embedding(index.data(), index.size(), w.data(), w.shape(1), y.data()); });
    return y.object();
  });
}

nb::object py_embedding_grad(nb::handle dy_, nb::handle index_, int64_t V, int64_t padding, bool mean) {
  return dispatch({dy_}, [&]<class T>() {
    const Contiguous<int64_t> index(index_);
    const Contiguous<T> dy(dy_);
    require(dy.ndim() == index.ndim() + 1, "a cotangent for each number is needed");
    const int64_t M = index.size(), E = dy.shape(dy.ndim() - 1);
    require(dy.size() == M * E, "a cotangent for each number is needed");
    require_below(V, index);
    New<T> dw({V, E});
    compute(double(dy.size() + V * E), [&] { embedding_grad(dy.data(), index.data(), M, V, E, padding, mean, dw.data()); });
    return dw.object();
  });
}

}  // namespace

void bind_embedding(nb::module_& m) {
  m.def("embedding", &py_embedding);
  m.def("embedding_grad", &py_embedding_grad);
}

}  // namespace chainrule
