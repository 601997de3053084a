// Convolution with kernels of one pixel and stride 1: products of matrices over the pixels.
//   y = w·x + b,   dx = wᵀ·dy,   dw = dy·xᵀ     for w (O, C), x (C, pixels), y (O, pixels)
//
// Where images lie innermost, all their pixels are one such matrix, else those of each image are. Results lie as what they are made of.
#pragma once

#include <optional>

#include "convolution.hpp"
#include "gemm.hpp"

namespace chainrule {

inline bool is_pointwise(const Convolution& v, int64_t C, int64_t O, int64_t KH, int64_t KW) {
  return KH == 1 && KW == 1 && v.stride_h == 1 && v.stride_w == 1 && v.pad_h == 0 && v.pad_w == 0 && v.groups == 1 && C >= 16 && O >= 16;
}

// `count` matrices (channels, size), the rows of which are `channel` apart and the matrices `next`
template <class T> struct Pixels {
  const T* p;
  int64_t count, size, channel, next;
  Matrix<T> at(int64_t i) const { return {p + i * next, channel, 1}; }
};

// None where there are no images, where they are small, or lie in another way
template <class T> std::optional<Pixels<T>> pixels(const Images<T>& x) {
  if (x.N > 0 && x.w == 1 && x.h == x.W && x.H * x.W >= 64) return Pixels<T>{x.p, x.N, x.H * x.W, x.c, x.n};
  if (x.n == 1 && x.w == x.N && x.h == x.W * x.N) return Pixels<T>{x.p, 1, x.H * x.W * x.N, x.c, 0};
  return {};
}

// y = w·x + b for a w of any strides; y without gaps
template <class T> void pointwise(int64_t O, int64_t C, Matrix<T> w, const Pixels<T>& x, const T* b, T* y) {
  const auto one = [&](int64_t i) {
    T* to = y + i * O * x.size;
    for (int64_t o = 0; b && o < O; ++o) std::fill_n(to + o * x.size, x.size, b[o]);
    multiply<T>(O, x.size, C, w, x.at(i), to, x.size, b != nullptr);
  };
  if (x.count == 1) one(0);
  else parallel_for(x.count, one);
}

// dw (O, C)
template <class T> void pointwise_grad_w(int64_t O, int64_t C, const Pixels<T>& x, const Pixels<T>& dy, T* dw) {
  for (int64_t i = 0; i < x.count; ++i) {
    const Matrix<T> xi = x.at(i);
    multiply<T>(O, C, x.size, dy.at(i), {xi.p, 1, xi.row}, dw, C, i > 0);
  }
}

}  // namespace chainrule
