// Normalization of rows, each by its own mean μ and variance σ², with learned scales w and shifts b:
//
//   x̂ = (x − μ) · r,   r = 1 / √(σ² + ε),   y = w · x̂ + b        dx = r · (g − mean(g) − x̂ · mean(g · x̂)),  g = w · dy
//                                                               dw = Σ dy · x̂,   db = Σ dy
//
// A row is all that shares μ and σ²: for batch_norm a channel of the whole batch. It lies in memory as `pieces` runs of `run` numbers side by
// side, so that one loop serves all layouts:
//
//                                           rows     pieces   run       w and b
//   batch_norm   (N, C, H, W)               C        N        H·W       one for each row
//                (C, H, W, N) in memory     C        H        W·N       one for each row
//   group_norm   (N, G, C/G, H·W)           N·G      C/G      H·W       one for each piece, alike in every image
//   layer_norm   (M, D)                     M        1        D         one for each element, alike in every row
//
// and batch_norm of (N, C), whose rows are columns, has a loop over vectors of channels.
//
// The variance of a row is the mean of its pieces' variances plus the variance of their means. Both sums of a piece run while it lies in
// the first cache, the second over x − mean, so nothing cancels; the pieces are put together in double precision. So x comes from memory
// twice (for μ and σ²; for y) and backwards x and dy do (for Σ dy and Σ dy · x̂; for dx); a row that fits the second cache comes once.
// (128, 256, 8, 8) with images innermost, 8 MiB, on one Zen 5 core: 281 µs and 352 µs backwards, 60 and 72 GB/s, near what the third
// cache gives; row by row, where runs are 64 numbers short, 1300 and 1030 µs.
#pragma once

#include <cmath>

#include "reduction.hpp"

namespace chainrule {

struct Rows {
  int64_t rows, pieces, run, row_step, piece_step;
  int64_t period = 1;          // rows whose parameters differ; then they begin anew
  bool own = false;            // every piece has its own parameter, else all of a row share one
  int64_t size() const { return pieces * run; }
  int64_t parameters() const { return own ? period * pieces : period; }
  int64_t parameter(int64_t row, int64_t piece) const { return own ? row % period * pieces + piece : row % period; }
};

struct Moments {
  double mean, variance;
};

// How rows are normalized: minus their mean or not (rms_norm), by moments of their own or by given ones (evaluation).
enum class Norm { CENTRED, ROOT_MEAN_SQUARE, FIXED };

namespace norm_detail {

// f(k, i, lanes) for the vectors of a run; k = 0 … 3 in turns, for four sums that need not wait for each other.
template <class T, class F> inline void sweep(int64_t n, F&& f) {
  constexpr int L = LANES<T>;
  int64_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L)
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) f(k, i + k * L, L);
  for (; i + L <= n; i += L) f(0, i, L);
  if (i < n) f(1, i, int(n - i));
}

template <class T> inline double total(const Vec<T> (&s)[4]) { return double(sum<T>((s[0] + s[1]) + (s[2] + s[3]))); }

template <class T> Moments moments_of_run(const T* x, int64_t n, bool centred) {
  const T m = centred ? sum_line(x, n) / T(n) : T(0);
  Vec<T> s[4] = {}, q[4] = {};
  sweep<T>(n, [&](int k, int64_t i, int lanes) {
    const Vec<T> d = (lanes == LANES<T> ? load(x + i) : load_or(x + i, lanes, m)) - m;
    s[k] += d, q[k] += d * d;
  });
  const double rest = centred ? total<T>(s) / double(n) : 0;  // what rounding left out of m
  return {double(m) + rest, total<T>(q) / double(n) - rest * rest};
}

template <class T> Moments moments(const T* x, const Rows& v, bool centred) {
  double mean = 0, within = 0, between = 0;
  for (int64_t k = 0; k < v.pieces; ++k) {
    const Moments piece = moments_of_run(x + k * v.piece_step, v.run, centred);
    const double step = piece.mean - mean;
    mean += step / double(k + 1);
    between += step * (piece.mean - mean);
    within += piece.variance;
  }
  return {mean, (within + between) / double(v.pieces)};
}

template <class T> T inverse_deviation(T variance, double eps) { return T(1 / std::sqrt(double(variance) + eps)); }

template <class F> void for_rows(const Rows& v, F&& f) {
  parallel_lines(v.rows, v.size(), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row);
  });
}

}  // namespace norm_detail

// ------------------------------------------------------------------------------------- parameters of rows and pieces

template <class T>
void standardize(const T* x, const Rows& v, Norm norm, const T* w, const T* b, double eps, T* mean, T* variance, T* y) {
  using namespace norm_detail;
  for_rows(v, [&](int64_t row) {
    if (norm != Norm::FIXED) {
      const Moments own = moments(x + row * v.row_step, v, norm == Norm::CENTRED);
      mean[row] = T(own.mean), variance[row] = T(own.variance);
    }
    const T m = mean[row], r = inverse_deviation(variance[row], eps);
    for (int64_t k = 0; k < v.pieces; ++k) {
      const int64_t at = row * v.row_step + k * v.piece_step, p = v.parameter(row, k);
      const T scale = r * w[p], shift = b[p];
      sweep<T>(v.run, [&](int, int64_t i, int lanes) {
        store_lanes(y + at + i, Vec<T>((load_lanes(x + at + i, lanes) - m) * scale + shift), lanes);
      });
    }
  });
}

// dx may be left out (null).
template <class T>
void standardize_grad(const T* dy, const T* x, const Rows& v, Norm norm, const T* w, double eps, const T* mean, const T* variance, T* dx,
                      T* dw, T* db) {
  using namespace norm_detail;
  Scratch<T> sums(2 * v.rows * v.pieces);  // of each piece: Σ dy and Σ dy · x̂
  for_rows(v, [&](int64_t row) {
    const T m = mean[row], r = inverse_deviation(variance[row], eps);
    double mean_g = 0, mean_gz = 0;  // of g and of g · x̂, over the row
    for (int64_t k = 0; k < v.pieces; ++k) {
      const int64_t at = row * v.row_step + k * v.piece_step;
      Vec<T> s[4] = {}, q[4] = {};
      sweep<T>(v.run, [&](int j, int64_t i, int lanes) {
        const Vec<T> d = load_lanes(dy + at + i, lanes);
        s[j] += d, q[j] += d * (load_lanes(x + at + i, lanes) - m);
      });
      T* piece = sums + 2 * (row * v.pieces + k);
      piece[0] = T(total<T>(s)), piece[1] = T(total<T>(q) * r);
      mean_g += w[v.parameter(row, k)] * double(piece[0]) / double(v.size());
      mean_gz += w[v.parameter(row, k)] * double(piece[1]) / double(v.size());
    }
    if (!dx) return;
    const T level = norm == Norm::CENTRED ? T(mean_g) : T(0), slope = norm == Norm::FIXED ? T(0) : T(mean_gz);
    for (int64_t k = 0; k < v.pieces; ++k) {
      const int64_t at = row * v.row_step + k * v.piece_step;
      const T wk = w[v.parameter(row, k)];
      sweep<T>(v.run, [&](int, int64_t i, int lanes) {
        const Vec<T> g = load_lanes(dy + at + i, lanes) * wk, z = (load_lanes(x + at + i, lanes) - m) * r;
        store_lanes(dx + at + i, Vec<T>((g - level - z * slope) * r), lanes);
      });
    }
  });
  const int64_t each = v.own ? 1 : v.pieces;  // pieces in a row that share a parameter
  for (int64_t p = 0; p < v.parameters(); ++p) {
    double w_total = 0, b_total = 0;
    for (int64_t first = p * each; first < v.rows * v.pieces; first += v.parameters() * each)
      for (int64_t k = first; k < first + each; ++k) b_total += sums[2 * k], w_total += sums[2 * k + 1];
    dw[p] = T(w_total), db[p] = T(b_total);
  }
}

// ------------------------------------------------------------------------------------- a parameter for each element

// x (rows, n), w and b (period, n)
template <class T>
void standardize_each(const T* x, const Rows& v, Norm norm, const T* w, const T* b, double eps, T* mean, T* variance, T* y) {
  using namespace norm_detail;
  for_rows(v, [&](int64_t row) {
    const int64_t at = row * v.run, p = row % v.period * v.run;
    const Moments own = moments_of_run(x + at, v.run, norm == Norm::CENTRED);
    const T m = mean[row] = T(own.mean), r = inverse_deviation(variance[row] = T(own.variance), eps);
    sweep<T>(v.run, [&](int, int64_t i, int lanes) {
      const Vec<T> z = (load_lanes(x + at + i, lanes) - m) * r;
      store_lanes(y + at + i, Vec<T>(z * load_lanes(w + p + i, lanes) + load_lanes(b + p + i, lanes)), lanes);
    });
  });
}

// dx may be left out (null). Blocks of rows add to parameter gradients of their own, which are then added up in order.
template <class T>
void standardize_each_grad(const T* dy, const T* x, const Rows& v, Norm norm, const T* w, double eps, const T* mean, const T* variance,
                           T* dx, T* dw, T* db) {
  using namespace norm_detail;
  const int64_t n = v.run, size = v.period * n, block = std::max((v.rows + 31) / 32, (GRAIN + n - 1) / n);
  const int64_t blocks = (v.rows + block - 1) / block;
  Scratch<T> partial(2 * blocks * size);
  parallel_for(blocks, [&](int64_t task) {
    T *pw = partial + 2 * task * size, *pb = pw + size;
    std::fill(pw, pw + 2 * size, T(0));
    for (int64_t row = task * block; row < std::min(v.rows, (task + 1) * block); ++row) {
      const int64_t at = row * n, p = row % v.period * n;
      const T m = mean[row], r = inverse_deviation(variance[row], eps);
      Vec<T> s[4] = {}, q[4] = {};  // Σ g and Σ g · x̂
      sweep<T>(n, [&](int k, int64_t i, int lanes) {
        const Vec<T> d = load_lanes(dy + at + i, lanes), dz = d * ((load_lanes(x + at + i, lanes) - m) * r);
        const Vec<T> wi = load_lanes(w + p + i, lanes);
        s[k] += d * wi, q[k] += dz * wi;
        store_lanes(pw + p + i, load_lanes(pw + p + i, lanes) + dz, lanes);
        store_lanes(pb + p + i, load_lanes(pb + p + i, lanes) + d, lanes);
      });
      if (!dx) continue;
      const T level = norm == Norm::CENTRED ? T(total<T>(s) / double(n)) : T(0), slope = T(total<T>(q) / double(n));
      sweep<T>(n, [&](int, int64_t i, int lanes) {
        const Vec<T> g = load_lanes(dy + at + i, lanes) * load_lanes(w + p + i, lanes), z = (load_lanes(x + at + i, lanes) - m) * r;
        store_lanes(dx + at + i, Vec<T>((g - level - z * slope) * r), lanes);
      });
    }
  });
  parallel_ranges(size, 4096, [&](int64_t begin, int64_t end) {
    std::fill(dw + begin, dw + end, T(0)), std::fill(db + begin, db + end, T(0));
    for (int64_t k = 0; k < blocks; ++k) {
      line<Add, 1, 1>(end - begin, dw + begin, partial + 2 * k * size + begin, dw + begin);
      line<Add, 1, 1>(end - begin, db + begin, partial + (2 * k + 1) * size + begin, db + begin);
    }
  });
}

// ------------------------------------------------------------------------------------- rows that are columns

namespace norm_detail {
template <class T, class F> void for_strips(int64_t N, int64_t C, F&& f) {  // f(first channel, channels) by vectors of channels
  constexpr int L = LANES<T>;
  parallel_ranges((C + L - 1) / L, std::max<int64_t>(1, 4096 / (N * L)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i * L, int(std::min<int64_t>(L, C - i * L)));
  });
}

template <class T> Vec<T> inverse_deviations(const T* variance, int lanes, double eps) {
  Vec<T> r = {};
  for (int i = 0; i < lanes; ++i) r[i] = inverse_deviation(variance[i], eps);
  return r;
}
}  // namespace norm_detail

// x (N, C), w and b (C)
template <class T>
void standardize_columns(const T* x, int64_t N, int64_t C, Norm norm, const T* w, const T* b, double eps, T* mean, T* variance, T* y) {
  using namespace norm_detail;
  for_strips<T>(N, C, [&](int64_t c, int lanes) {
    const auto at = [&](int64_t n) { return load_lanes(x + n * C + c, lanes); };
    if (norm != Norm::FIXED) {
      Vec<T> m = {}, rest = {}, square = {};
      for (int64_t n = 0; n < N; ++n) m += at(n);
      m /= T(N);
      for (int64_t n = 0; n < N; ++n) rest += at(n) - m, square += (at(n) - m) * (at(n) - m);
      rest /= T(N);
      store_lanes(mean + c, m + rest, lanes);
      store_lanes(variance + c, Vec<T>(square / T(N) - rest * rest), lanes);
    }
    const Vec<T> m = load_lanes(mean + c, lanes), shift = load_lanes(b + c, lanes);
    const Vec<T> scale = inverse_deviations(variance + c, lanes, eps) * load_lanes(w + c, lanes);
    for (int64_t n = 0; n < N; ++n) store_lanes(y + n * C + c, Vec<T>((at(n) - m) * scale + shift), lanes);
  });
}

// dx may be left out (null).
template <class T>
void standardize_columns_grad(const T* dy, const T* x, int64_t N, int64_t C, Norm norm, const T* w, double eps, const T* mean,
                              const T* variance, T* dx, T* dw, T* db) {
  using namespace norm_detail;
  for_strips<T>(N, C, [&](int64_t c, int lanes) {
    const Vec<T> m = load_lanes(mean + c, lanes), r = inverse_deviations(variance + c, lanes, eps);
    const auto d = [&](int64_t n) { return load_lanes(dy + n * C + c, lanes); };
    const auto z = [&](int64_t n) { return (load_lanes(x + n * C + c, lanes) - m) * r; };
    Vec<T> s = {}, q = {};
    for (int64_t n = 0; n < N; ++n) s += d(n), q += d(n) * z(n);
    store_lanes(db + c, s, lanes);
    store_lanes(dw + c, q, lanes);
    if (!dx) return;
    const Vec<T> scale = r * load_lanes(w + c, lanes);
    const Vec<T> level = norm == Norm::FIXED ? Vec<T>{} : s / T(N), slope = norm == Norm::FIXED ? Vec<T>{} : q / T(N);
    for (int64_t n = 0; n < N; ++n) store_lanes(dx + n * C + c, Vec<T>(scale * (d(n) - level - z(n) * slope)), lanes);
  });
}

}  // namespace chainrule
