// C = A·B + bias, for matrices of any strides.
//   A (M, K), B (K, N), C (M, N) row by row, bias (N) or none
//
// B is packed into panels of NR columns and A into panels of MR rows, both along k, so that the inner loop reads two short
// streams: each round multiplies MR numbers of A by NR of B into MR × NR sums that stay in registers. Every element of C is
// summed over k in the same order, however the work is cut. On one Zen 5 core (limit 232 GFLOP/s in float32) 1024³ runs at about 180,
// LeNet-5's 64 × 256 · 256 × 120 at 130, of which packing takes the rest.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "memory.hpp"
#include "simd.hpp"
#include "threads.hpp"

namespace chainrule {

template <class T> struct Matrix {
  const T* p;
  int64_t row, column;  // strides: element (i, j) is p[i · row + j · column]
};

namespace gemm_detail {

constexpr int MR = ACCUMULATORS / 2, NV = 2;  // NV vectors of B side by side
template <class T> constexpr int NR = NV * LANES<T>;
constexpr int64_t KC = 384, NC_PANELS = 96;

// Copy `count` ≤ WIDTH lines of a strip into a panel of WIDTH: panel[k][i] = src[i · line + k · along], zeros for i ≥ count.
template <class T, int WIDTH>
void pack_panel(const T* src, int64_t line, int64_t along, int64_t K, int64_t count, T* panel) {
  constexpr int L = LANES<T>;
  if (line == 1 && count == WIDTH) {
    for (int64_t k = 0; k < K; ++k) std::memcpy(panel + k * WIDTH, src + k * along, WIDTH * sizeof(T));
  } else if (along == 1) {
    for (int64_t k = 0; k < K; k += L) {
      const int columns = int(std::min<int64_t>(L, K - k));
      for (int i = 0; i < WIDTH; i += L) {
        const int rows = int(std::clamp<int64_t>(count - i, 0, std::min(L, WIDTH - i)));
        transpose_block(src + i * line + k, line, panel + k * WIDTH + i, WIDTH, rows, columns, std::min(L, WIDTH - i));
      }
    }
  } else {
    for (int64_t k = 0; k < K; ++k)
      for (int64_t i = 0; i < WIDTH; ++i) panel[k * WIDTH + i] = i < count ? src[i * line + k * along] : T(0);
  }
}

// R × NR sums in registers. first: C = bias + sums, else C += sums.
template <class T, int R>
void micro_kernel(int64_t K, const T* a, const T* b, T* c, int64_t ldc, int columns, bool first, const T* bias) {
  constexpr int L = LANES<T>;
  Vec<T> sums[R][NV] = {};
  for (int64_t k = 0; k < K; ++k, a += MR, b += NR<T>) {
    const Vec<T> b0 = load(b), b1 = load(b + L);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const Vec<T> ai = splat(a[i]);
      sums[i][0] += ai * b0;
      sums[i][1] += ai * b1;
    }
  }
  for (int v = 0; v < NV; ++v) {
    const int lanes = std::clamp(columns - v * L, 0, L);
    if (lanes == L) {
      const Vec<T> start = first && bias ? load(bias + v * L) : Vec<T>{};
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i) store(c + i * ldc + v * L, sums[i][v] + (first ? start : load(c + i * ldc + v * L)));
    } else if (lanes) {
      const Vec<T> start = first && bias ? load(bias + v * L, lanes) : Vec<T>{};
      for (int i = 0; i < R; ++i)
        store(c + i * ldc + v * L, sums[i][v] + (first ? start : load(c + i * ldc + v * L, lanes)), lanes);
    }
  }
}

template <class T> using MicroKernel = void (*)(int64_t, const T*, const T*, T*, int64_t, int, bool, const T*);
template <class T, int... R>
constexpr std::array<MicroKernel<T>, MR + 1> micro_kernels(std::integer_sequence<int, R...>) {
  return {nullptr, micro_kernel<T, R + 1>...};
}

}  // namespace gemm_detail

template <class T>
void gemm(int64_t M, int64_t N, int64_t K, Matrix<T> A, Matrix<T> B, T* C, int64_t ldc, const T* bias = nullptr) {
  using namespace gemm_detail;
  constexpr int NRT = NR<T>;
  static constexpr auto kernels = micro_kernels<T>(std::make_integer_sequence<int, MR>());
  const int64_t row_panels = (M + MR - 1) / MR;
  Scratch<T> packed(std::min(K, KC) * std::min((N + NRT - 1) / NRT, NC_PANELS) * NRT);
  for (int64_t j0 = 0; j0 < N; j0 += NC_PANELS * NRT) {
    const int64_t columns = std::min(N - j0, NC_PANELS * NRT), panels = (columns + NRT - 1) / NRT;
    for (int64_t k0 = 0; k0 == 0 || k0 < K; k0 += KC) {
      const int64_t kc = std::min(K - k0, KC);
      parallel_ranges(panels, std::max<int64_t>(1, 16384 / (kc * NRT + 1)), [&](int64_t begin, int64_t end) {
        for (int64_t q = begin; q < end; ++q)
          pack_panel<T, NRT>(B.p + k0 * B.row + (j0 + q * NRT) * B.column, B.column, B.row, kc,
                             std::min<int64_t>(NRT, columns - q * NRT), packed + q * kc * NRT);
      });
      // a task: a few row panels against all packed columns, at least about a hundred thousand multiplications
      const int64_t grain = std::clamp<int64_t>(100000 / (MR * columns * kc + 1), 1, 8);
      parallel_ranges(row_panels, std::max(grain, std::min<int64_t>(8, row_panels / 16)), [&](int64_t begin, int64_t end) {
        Scratch<T> a((end - begin) * MR * kc);
        for (int64_t p = begin; p < end; ++p)
          pack_panel<T, MR>(A.p + p * MR * A.row + k0 * A.column, A.row, A.column, kc, std::min<int64_t>(MR, M - p * MR),
                            a + (p - begin) * MR * kc);
        for (int64_t q = 0; q < panels; ++q)
          for (int64_t p = begin; p < end; ++p)
            kernels[std::min<int64_t>(MR, M - p * MR)](kc, a + (p - begin) * MR * kc, packed + q * kc * NRT,
                                                       C + p * MR * ldc + j0 + q * NRT, ldc,
                                                       int(std::min<int64_t>(NRT, columns - q * NRT)), k0 == 0,
                                                       bias ? bias + j0 + q * NRT : nullptr);
      });
    }
  }
}

}  // namespace chainrule
