// Dense layers one after the other, forward and backward: x (N, I) -> act(x·wᵀ + b) (N, O), again and again.
//
// The products are those of gemm.hpp. What is gained is what lies between them: an activation is put on in place, right behind its product, and
// neither the tape nor Python comes by until the last layer has its value, or the first one its gradient.
#pragma once

#include <vector>

#include "activations.hpp"
#include "gemm.hpp"
#include "reduction.hpp"

namespace chainrule {

template <class T> struct DenseLayer {
  int64_t I, O;
  const T *w, *b;  // (O, I) row by row, (O) or none
  Activation activation;
};

// x·wᵀ + b, by the shorter of two ways
template <class T>
void linear(int64_t N, int64_t O, int64_t I, Matrix<T> x, Matrix<T> w, const T* b, T* y) {
  if (N == 0 || O == 0) return;
  if ((O <= FEW_OUTPUTS || N <= FEW_ROWS) && I >= 2 * LANES<T> && x.column == 1 && w.column == 1) dot_products<T>(N, O, I, x.p, x.row, w.p, w.row, b, y);
  else gemm<T>(N, O, I, x, {w.p, w.column, w.row}, y, O, b);
}

// y of every layer (N, O); x row by row
template <class T> void dense(int64_t N, const T* x, const std::vector<DenseLayer<T>>& layers, const std::vector<T*>& y) {
  for (size_t i = 0; i < layers.size(); ++i) {
    const DenseLayer<T>& l = layers[i];
    linear<T>(N, l.O, l.I, {i ? y[i - 1] : x, l.I, 1}, {l.w, l.I, 1}, l.b, y[i]);
    with_activation(l.activation, [&]<class A, class D>() {
      if constexpr (!std::is_same_v<A, Identity>)
        parallel_vectors<T>(N * l.O, [&](int64_t k, int lanes) { store_lanes(y[i] + k, A::template of<T>(load_lanes(y[i] + k, lanes)), lanes); });
    });
  }
}

// dw and db of every layer, and dx where it is wanted, from dy (N, O) of the last one
template <class T>
void dense_grad(int64_t N, const T* x, const std::vector<DenseLayer<T>>& layers, const std::vector<const T*>& y, const T* dy, const std::vector<T*>& dw,
                const std::vector<T*>& db, T* dx) {
  int64_t widest = 0;
  for (const auto& l : layers) widest = std::max({widest, l.O, l.I});
  Scratch<T> here(N * widest), before(N * widest);
  T *d = here, *next = before;
  std::copy_n(dy, N * layers.back().O, d);
  for (size_t i = layers.size(); i-- > 0;) {
    const DenseLayer<T>& l = layers[i];
    with_activation(l.activation, [&]<class A, class D>() {
      if constexpr (!std::is_same_v<A, Identity>)
        parallel_vectors<T>(N * l.O, [&](int64_t k, int lanes) {
          store_lanes(d + k, D::template of<T>(load_lanes(d + k, lanes), load_lanes(y[i] + k, lanes)), lanes);
        });
    });
    if (l.b) sum_axis(d, 1, N, l.O, db[i]);
    gemm<T>(l.O, l.I, N, {d, 1, l.O}, {i ? y[i - 1] : x, l.I, 1}, dw[i], l.I);
    T* to = i ? next : dx;
    if (to) gemm<T>(N, l.I, l.O, {d, l.O, 1}, {l.w, l.I, 1}, to, l.I);
    std::swap(d, next);
  }
}

}  // namespace chainrule
