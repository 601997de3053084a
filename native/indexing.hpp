// Picking elements by their numbers, and borders around arrays.
//   gather: y[o, k, i] = x[o, index[o, k, i], i], its gradient dx[o, index[o, k, i], i] += dy[o, k, i], in the order of k
//   pad: x in the middle of y, `value` around it
//   join: the lines of several arrays one behind the other
#pragma once

#include <vector>

#include "elementwise.hpp"

namespace chainrule {

// An array around one of its axes
struct Around {
  int64_t outer, n, inner;
};

// f(place in x, place in y) for every element of y (outer, k, inner)
template <class F> void for_gathered(const int64_t* index, Around x, int64_t k, F&& f) {
  parallel_lines(x.outer, k * x.inner, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o)
      for (int64_t j = 0; j < k; ++j)
        for (int64_t i = 0; i < x.inner; ++i) {
          const int64_t to = (o * k + j) * x.inner + i;
          f((o * x.n + index[to]) * x.inner + i, to);
        }
  });
}

template <class T> void gather_along(const T* x, const int64_t* index, Around shape, int64_t k, T* y) {
  for_gathered(index, shape, k, [&](int64_t from, int64_t to) { y[to] = x[from]; });
}

template <class T> void gather_along_grad(const T* dy, const int64_t* index, Around shape, int64_t k, T* dx) {
  std::fill(dx, dx + shape.outer * shape.n * shape.inner, T(0));
  for_gathered(index, shape, k, [&](int64_t from, int64_t to) { dx[from] += dy[to]; });
}

// One axis of an array with its border
struct Border {
  int64_t n, before, behind;
  int64_t size() const { return before + n + behind; }
};

// Axes from the outermost on; x and y row by row.
template <class T> void pad(const T* x, const Border* axes, int count, T value, T* y) {
  const Border inner = axes[count - 1];
  int64_t lines = 1;
  for (int d = 0; d + 1 < count; ++d) lines *= axes[d].size();
  parallel_lines(lines, inner.size(), [&](int64_t begin, int64_t end) {
    std::vector<int64_t> place(static_cast<size_t>(count));  // of the line in y, axis by axis
    for (int64_t d = count - 2, rest = begin; d >= 0; rest /= axes[d--].size()) place[size_t(d)] = rest % axes[d].size();
    for (int64_t l = begin; l < end; ++l) {
      int64_t from = 0;  // the line in x
      bool inside = true;
      for (int d = 0; d + 1 < count; ++d) {
        const int64_t i = place[size_t(d)] - axes[d].before;
        inside = inside && i >= 0 && i < axes[d].n;
        from = from * axes[d].n + i;
      }
      T* to = y + l * inner.size();
      std::fill(to, to + (inside ? inner.before : inner.size()), value);
      if (inside) {
        line<Identity>(inner.n, x + from * inner.n, to + inner.before);
        std::fill(to + inner.before + inner.n, to + inner.size(), value);
      }
      for (int d = count - 2; d >= 0 && ++place[size_t(d)] == axes[d].size(); --d) place[size_t(d)] = 0;
    }
  });
}

// y[l] = (x₀[l], x₁[l], …) for each of so many lines; those of xᵢ have lengths[i] elements.
template <class T> void join(const std::vector<const T*>& xs, const std::vector<int64_t>& lengths, int64_t lines, T* y) {
  int64_t whole = 0;
  for (int64_t n : lengths) whole += n;
  parallel_lines(lines, whole, [&](int64_t begin, int64_t end) {
    for (int64_t l = begin; l < end; ++l) {
      T* to = y + l * whole;
      for (size_t i = 0; i < xs.size(); to += lengths[i++]) line<Identity>(lengths[i], xs[i] + l * lengths[i], to);
    }
  });
}

}  // namespace chainrule
