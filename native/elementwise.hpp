// Elementwise kernels: one vector function for each, and two loops that run any of them.
//
// `map` runs over operands that lie alike in memory, without gaps, in whatever order of axes: one flat loop. `broadcast` runs over
// everything else: axes are merged where they can be, the innermost one is a vector loop with stride 1 or 0.
#pragma once

#include <algorithm>

#include "simd.hpp"
#include "special.hpp"
#include "threads.hpp"

namespace chainrule {

constexpr int64_t GRAIN = 32768;  // elements that a thread takes by itself

// f(begin, end) for ranges of [0, lines), of so many elements each, in parallel where there are many: in parts small enough that all threads
// end at about the same time.
template <class F> void parallel_lines(int64_t lines, int64_t length, F&& f) {
  length = std::max<int64_t>(1, length);
  if (lines <= GRAIN / length) return parallel_ranges(lines, std::max<int64_t>(1, lines), f);
  const int64_t tasks = 2 * ((lines * length + GRAIN / 2 - 1) / (GRAIN / 2)), whole = length == 1 ? 64 : 1;  // cache lines
  parallel_ranges(lines, ((lines + tasks - 1) / tasks + whole - 1) / whole * whole, f);
}

// f(i, lanes) for every vector of [i, end)
template <class T, class F> void vectors(int64_t i, int64_t end, F&& f) {
  for (; i + LANES<T> <= end; i += LANES<T>) f(i, LANES<T>);
  if (i < end) f(i, int(end - i));
}

// f(i, lanes) for every vector of [0, n)
template <class T, class F> void parallel_vectors(int64_t n, F&& f) {
  parallel_lines(n, 1, [&](int64_t i, int64_t end) { vectors<T>(i, end, f); });
}

// ------------------------------------------------------------------------------------- functions of one vector

struct Identity { template <class T> static Vec<T> of(Vec<T> x) { return x; } };
struct Relu { template <class T> static Vec<T> of(Vec<T> x) { return select<T>(x <= Vec<T>{}, Vec<T>{}, x); } };
struct Neg { template <class T> static Vec<T> of(Vec<T> x) { return -x; } };
struct Exp { template <class T> static Vec<T> of(Vec<T> x) { return exp(x); } };
struct Log { template <class T> static Vec<T> of(Vec<T> x) { return log<T>(x); } };
struct Sigmoid { template <class T> static Vec<T> of(Vec<T> x) { return sigmoid<T>(x); } };
struct Tanh { template <class T> static Vec<T> of(Vec<T> x) { return tanh<T>(x); } };

struct Sqrt {
  template <class T> static Vec<T> of(Vec<T> x) {
    for (int i = 0; i < LANES<T>; ++i) x[i] = std::sqrt(x[i]);
    return x;
  }
};

// ------------------------------------------------------------------------------------- functions of two vectors

struct Add { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return a + b; } };
struct Sub { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return a - b; } };
struct Mul { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return a * b; } };
struct Cut { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return select<T>(b == Vec<T>{}, b, a * b); } };  // 0 · ∞ = 0
struct Div { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return a / b; } };
struct First { template <class T> static Vec<T> of(Vec<T> a, Vec<T>) { return a; } };
struct Maximum { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return select<T>((a >= b) | (a != a), a, b); } };
struct Minimum { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return select<T>((a <= b) | (a != a), a, b); } };

// What a gets of the gradient of max(a, b): all, one half at a tie, or nothing
struct Share {
  template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) {
    return select<T>(a == b, splat(T(0.5)), select<T>(a < b, Vec<T>{}, splat(T(1))));
  }
};

// Choice by a mask of ones and zeros as wide as T: the elements where it is set, those where it is not, and both together
struct Where { template <class T> static Vec<T> of(Vec<T> m, Vec<T> x) { return (Vec<T>)((Mask<T>)m & (Mask<T>)x); } };
struct WhereNot { template <class T> static Vec<T> of(Vec<T> m, Vec<T> x) { return (Vec<T>)(~(Mask<T>)m & (Mask<T>)x); } };
struct Either { template <class T> static Vec<T> of(Vec<T> a, Vec<T> b) { return (Vec<T>)((Mask<T>)a | (Mask<T>)b); } };

struct Prelu { template <class T> static Vec<T> of(Vec<T> x, Vec<T> w) { return select<T>(x > Vec<T>{}, x, w * x); } };
struct PreluSlope { template <class T> static Vec<T> of(Vec<T> x, Vec<T> w) { return select<T>(x > Vec<T>{}, splat(T(1)), w); } };

struct ReluGrad { template <class T> static Vec<T> of(Vec<T> dy, Vec<T> y) { return select<T>(y > Vec<T>{}, dy, Vec<T>{}); } };
struct SigmoidGrad { template <class T> static Vec<T> of(Vec<T> dy, Vec<T> y) { return dy * y * (T(1) - y); } };
struct TanhGrad { template <class T> static Vec<T> of(Vec<T> dy, Vec<T> y) { return dy * (T(1) - y * y); } };

// ------------------------------------------------------------------------------------- loops

template <class F, class T> void line(int64_t n, const T* x, T* y, const F& f = {}) {
  int64_t i = 0;
  for (; i + LANES<T> <= n; i += LANES<T>) store(y + i, f.template of<T>(load(x + i)));
  if (const int rest = int(n - i)) store(y + i, f.template of<T>(load(x + i, rest)), rest);
}

// y = x, a line that lies elsewhere. The last vector overlaps the one before it.
template <class T> void copy_line(int64_t n, const T* x, T* y) {
  constexpr int64_t L = LANES<T>;
  if (n < L) return void(std::copy(x, x + n, y));
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, load(x + i));
  if (i < n) store(y + n - L, load(x + n - L));
}

template <class F, class T> void map(int64_t n, const T* x, T* y, const F& f = {}) {
  parallel_lines(n, 1, [&](int64_t i, int64_t end) { line(end - i, x + i, y + i, f); });
}

// One line of n elements; A and B are the strides, 1 or 0.
template <class F, int A, int B, class T> void line(int64_t n, const T* a, const T* b, T* y, const F& f = {}) {
  constexpr int L = LANES<T>;
  const Vec<T> va = A ? Vec<T>{} : splat(*a), vb = B ? Vec<T>{} : splat(*b);
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, f.template of<T>(A ? load(a + i) : va, B ? load(b + i) : vb));
  if (const int rest = int(n - i))
    store(y + i, f.template of<T>(A ? load(a + i, rest) : va, B ? load(b + i, rest) : vb), rest);
}

template <class F, class T> void line(int64_t n, const T* a, int64_t sa, const T* b, int64_t sb, T* y) {
  if (sa == 1 && sb == 1) return line<F, 1, 1>(n, a, b, y);
  if (sa == 1 && sb == 0) return line<F, 1, 0>(n, a, b, y);
  if (sa == 0 && sb == 1) return line<F, 0, 1>(n, a, b, y);
  if (sa == 0 && sb == 0) return line<F, 0, 0>(n, a, b, y);
  T pa[64], pb[64];  // collected piece by piece
  for (int64_t i = 0; i < n; i += 64) {
    const int m = int(std::min<int64_t>(64, n - i));
    for (int k = 0; k < m; ++k) pa[k] = a[(i + k) * sa], pb[k] = b[(i + k) * sb];
    line<F, 1, 1>(m, pa, pb, y + i);
  }
}

template <class F, class T> void map(int64_t n, const T* a, int64_t sa, const T* b, int64_t sb, T* y) {
  parallel_lines(n, 1, [&](int64_t i, int64_t end) { line<F>(end - i, a + i * sa, sa, b + i * sb, sb, y + i); });
}

// Axes of a broadcast operation from the innermost outwards, in the order in which y lies in memory.
struct Axis {
  int64_t n, a, b;
};

template <class F, class T> void broadcast(const Axis* axes, int count, const T* a, const T* b, T* y) {
  const Axis inner = axes[0];
  if (count == 1) return map<F>(inner.n, a, inner.a, b, inner.b, y);
  int64_t lines = 1;
  for (int i = 1; i < count; ++i) lines *= axes[i].n;
  parallel_lines(lines, inner.n, [&](int64_t begin, int64_t end) {
    for (int64_t l = begin; l < end; ++l) {
      int64_t oa = 0, ob = 0, rest = l;
      for (int i = 1; i < count; ++i) {
        oa += rest % axes[i].n * axes[i].a;
        ob += rest % axes[i].n * axes[i].b;
        rest /= axes[i].n;
      }
      line<F>(inner.n, a + oa, inner.a, b + ob, inner.b, y + l * inner.n);
    }
  });
}

}  // namespace chainrule
