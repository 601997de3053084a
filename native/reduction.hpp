// Sums and softmax. Sums run in pieces of fixed length whose results are added in order: the same bits for any number of threads, and
// rounding errors that grow with the number of pieces, not of elements.
#pragma once

#include <algorithm>
#include <limits>

#include "elementwise.hpp"
#include "memory.hpp"

namespace chainrule {

// What is added up of each element: functions of numbers and of vectors.
struct Itself { template <class X> static X of(X x) { return x; } };
struct Squared { template <class X> static X of(X x) { return x * x; } };

// Four sums side by side, so that additions need not wait for each other.
template <class F = Itself, class T> T sum_line(const T* x, int64_t n) {
  constexpr int L = LANES<T>;
  Vec<T> s[4] = {};
  int64_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L)
    for (int k = 0; k < 4; ++k) s[k] += F::of(load(x + i + k * L));
  for (; i + L <= n; i += L) s[0] += F::of(load(x + i));
  if (i < n) s[1] += F::of(load(x + i, int(n - i)));
  return sum<T>((s[0] + s[1]) + (s[2] + s[3]));
}

template <class F = Itself, class T> T sum_all(const T* x, int64_t n) {
  const int64_t pieces = (n + GRAIN - 1) / GRAIN;
  if (pieces <= 1) return sum_line<F>(x, n);
  Scratch<T> partial(pieces);
  parallel_for(pieces, [&](int64_t i) { partial[i] = sum_line<F>(x + i * GRAIN, std::min(GRAIN, n - i * GRAIN)); });
  return sum_line(partial + 0, pieces);
}

// y = the sum of n rows, `step` apart, of K vectors, the last of which counts for its first `lanes`: piece by piece. It is read whole, with the
// beginning of what comes next, wherever so much of the `left` numbers from x on remains.
template <int K, class F, class T> void sum_rows(const T* x, int64_t n, int64_t step, int lanes, int64_t left, T* y) {
  constexpr int L = LANES<T>, LAST = (K - 1) * L;
  constexpr int64_t PIECE = 512;
  Vec<T> total[K] = {};
  for (int64_t begin = 0; begin < n; begin += PIECE) {
    Vec<T> piece[K] = {};
    for (int64_t i = begin; i < std::min(begin + PIECE, n); ++i) {
      const T* row = x + i * step;
      for (int k = 0; k < K - 1; ++k) piece[k] += F::of(load(row + k * L));
      piece[K - 1] += F::of(i * step + LAST + L <= left ? load(row + LAST) : load(row + LAST, lanes));
    }
    for (int k = 0; k < K; ++k) total[k] += piece[k];
  }
  for (int k = 0; k < K - 1; ++k) store(y + k * L, total[k]);
  store(y + LAST, total[K - 1], lanes);
}

// x (outer, n, inner) -> y (outer, inner)
template <class F = Itself, class T> void sum_axis(const T* x, int64_t outer, int64_t n, int64_t inner, T* y) {
  constexpr int64_t L = LANES<T>, WIDTH = 4 * L;  // columns are summed a strip at a time
  if (inner == 1) {
    parallel_lines(outer, n, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) y[i] = sum_all<F>(x + i * n, n);
    });
    return;
  }
  const int64_t strips = (inner + WIDTH - 1) / WIDTH;
  parallel_lines(outer * strips, n * WIDTH, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t o = task / strips, j0 = task % strips * WIDTH, width = std::min(WIDTH, inner - j0);
      const int K = int((width + L - 1) / L), lanes = int(width - (K - 1) * L);
      const auto sum_strip = K == 1 ? sum_rows<1, F, T> : K == 2 ? sum_rows<2, F, T> : K == 3 ? sum_rows<3, F, T> : sum_rows<4, F, T>;
      sum_strip(x + o * n * inner + j0, n, inner, lanes, (outer - o) * n * inner - j0, y + o * inner + j0);
    }
  });
}

// ------------------------------------------------------------------------------------- softmax of rows

// Of a row: its greatest x and Σ eˣ⁻ᵗᵒᵖ. ln Σ eˣ is top + ln total, but that sum would lose the digits of the smaller one.
template <class T> struct Exponentials {
  T top, total;
};

// Three passes over a row: its greatest value; eˣ⁻ᵗᵒᵖ and their sum; the quotients. y = softmax(x)
template <class T> Exponentials<T> softmax_row(const T* x, int64_t n, T* y) {
  constexpr int L = LANES<T>;
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  const int64_t full = n / L * L;
  const int rest = int(n - full);
  const Vec<T> last = load_or(x + full, rest, lowest);
  Vec<T> best = last;
  for (int64_t i = 0; i < full; i += L) best = Maximum::of<T>(load(x + i), best);
  const T top = max<T>(best);
  const Vec<T> e_last = exp(last - top);
  Vec<T> total = e_last;
  for (int64_t i = 0; i < full; i += L) {
    const Vec<T> e = exp(load(x + i) - top);
    store(y + i, e);
    total += e;
  }
  const T s = sum<T>(total), inverse = T(1) / s;
  for (int64_t i = 0; i < full; i += L) store(y + i, Vec<T>(load(y + i) * inverse));
  store(y + full, Vec<T>(e_last * inverse), rest);
  return {top, s};
}

template <class F> void for_rows(int64_t rows, int64_t n, F&& f) {
  parallel_ranges(rows, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

template <class T> void softmax(const T* x, int64_t rows, int64_t n, T* y) {
  for_rows(rows, n, [&](int64_t i) { softmax_row(x + i * n, n, y + i * n); });
}

template <class T> struct Less {  // (x − a) − b
  T a, b;
  template <class> Vec<T> of(Vec<T> x) const { return x - a - b; }
};

template <class T> void log_softmax(const T* x, int64_t rows, int64_t n, T* y) {
  for_rows(rows, n, [&](int64_t i) {
    const auto [top, total] = softmax_row(x + i * n, n, y + i * n);
    line(n, x + i * n, y + i * n, Less<T>{top, std::log(total)});
  });
}

// dx = y · (dy − Σ dy·y)
template <class T> void softmax_grad(const T* dy, const T* y, int64_t rows, int64_t n, T* dx) {
  for_rows(rows, n, [&](int64_t i) {
    const T *d = dy + i * n, *p = y + i * n;
    Vec<T> along = {};
    vectors<T>(0, n, [&](int64_t j, int lanes) { along += load_lanes(d + j, lanes) * load_lanes(p + j, lanes); });
    const T total = sum<T>(along);
    vectors<T>(0, n, [&](int64_t j, int lanes) {
      store_lanes(dx + i * n + j, Vec<T>(load_lanes(p + j, lanes) * (load_lanes(d + j, lanes) - total)), lanes);
    });
  });
}

// dx = dy − e^y · Σ dy
template <class T> void log_softmax_grad(const T* dy, const T* y, int64_t rows, int64_t n, T* dx) {
  for_rows(rows, n, [&](int64_t i) {
    const T *d = dy + i * n, *p = y + i * n;
    const T total = sum_line(d, n);
    vectors<T>(0, n, [&](int64_t j, int lanes) {
      store_lanes(dx + i * n + j, Vec<T>(load_lanes(d + j, lanes) - exp(load_lanes(p + j, lanes)) * total), lanes);
    });
  });
}

// Mean of −Σ q · log softmax(x) over the rows, where q is 1 − smoothing at the target, and smoothing / n more everywhere. p keeps
// softmax(x) − smoothing / n for the gradient (softmax(x) − q) · dy / rows.
template <class T> T cross_entropy(const T* x, const int64_t* target, int64_t rows, int64_t n, T smoothing, T* p) {
  Scratch<T> losses(rows);
  const T each = smoothing / T(n);
  for_rows(rows, n, [&](int64_t i) {
    const T* row = x + i * n;
    const auto [top, total] = softmax_row(row, n, p + i * n);
    const T log_sum = std::log(total);
    losses[i] = log_sum - (row[target[i]] - top);
    if (smoothing == 0) return;
    Vec<T> below = {};  // Σ (top − x); lanes beyond the row add nothing
    for (int64_t j = 0; j < n; j += LANES<T>) below += top - load_or(row + j, int(std::min<int64_t>(LANES<T>, n - j)), T(top));
    losses[i] = (1 - smoothing) * losses[i] + each * (T(n) * log_sum + sum<T>(below));
    line<Sub, 1, 0>(n, p + i * n, &each, p + i * n);
  });
  return sum_line(losses + 0, rows) / T(rows);
}

template <class T> void cross_entropy_grad(T dy, const T* p, const int64_t* target, int64_t rows, int64_t n, T smoothing, T* dx) {
  const T scale = dy / T(rows);
  map<Mul>(rows * n, p, 1, &scale, 0, dx);
  for (int64_t i = 0; i < rows; ++i) dx[i * n + target[i]] -= (1 - smoothing) * scale;
}

// y[i]: where the greatest of the n elements of row i is (with −1 as `sign` the least); the first of several, and NaN before all. Rows go side
// by side in the lanes.
template <class T> void places_of_extremes(const T* x, int64_t rows, int64_t n, T sign, int64_t* y) {
  constexpr int L = LANES<T>;
  parallel_lines((rows + L - 1) / L, n * L, [&](int64_t begin, int64_t end) {
    T block[L * L] = {};
    for (int64_t i = begin * L; i < std::min(end * L, rows); i += L) {
      const int height = int(std::min<int64_t>(L, rows - i));
      Vec<T> value = {};
      Mask<T> place = {};
      for (int j = 0; j < n; ++j) {
        if (j % L == 0) transpose_block(x + i * n + j, n, block, L, height, int(std::min<int64_t>(L, n - j)), L);
        const Vec<T> other = load(block + j % L * L) * sign;
        const Mask<T> now = Mask<T>{} + j;
        const Mask<T> wins = j ? (other > value) | ((other != other) & (value == value)) : ~Mask<T>{};
        value = select<T>(wins, other, value), place = wins ? now : place;
      }
      for (int k = 0; k < height; ++k) y[i + k] = place[k];
    }
  });
}

// Mean of −x[target] over the rows, whose gradient is −dy / rows there.
template <class T> T nll_loss(const T* x, const int64_t* target, int64_t rows, int64_t n) {
  Scratch<T> losses(rows);
  for (int64_t i = 0; i < rows; ++i) losses[i] = -x[i * n + target[i]];
  return sum_line(losses + 0, rows) / T(rows);
}

template <class T> void nll_loss_grad(T dy, const int64_t* target, int64_t rows, int64_t n, T* dx) {
  std::fill(dx, dx + rows * n, T(0));
  for (int64_t i = 0; i < rows; ++i) dx[i * n + target[i]] = -dy / T(rows);
}

}  // namespace chainrule
