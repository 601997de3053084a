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

// One step of the axes after the first: so many numbers of x, and of y
struct Inner {
  int64_t x, y;
};

// Axis by axis, the first one with its border around all the others, which are `inner` in x and y.
template <class T> void pad(const T* x, const Border* axes, const Inner* inner, int count, T value, T* y) {
  const Border axis = *axes;
  y = std::fill_n(y, axis.before * inner->y, value);
  if (count == 1) copy_line(axis.n, x, y);
  for (int64_t i = 0; i < axis.n && count > 1; ++i) pad(x + i * inner->x, axes + 1, inner + 1, count - 1, value, y + i * inner->y);
  std::fill_n(y + axis.n * inner->y, axis.behind * inner->y, value);
}

// The part from begin to end of a padded row
template <class T> void pad_part(const T* x, const Border& axis, T value, T* y, int64_t begin, int64_t end) {
  const int64_t left = std::clamp(axis.before, begin, end), right = std::clamp(axis.before + axis.n, begin, end);
  std::fill(y + begin, y + left, value);
  if (left < right) copy_line(right - left, x + (left - axis.before), y + left);
  std::fill(y + right, y + end, value);
}

// Axes from the outermost on; x and y row by row. The last axes without a border lie in one row with the one before them; a single row is
// padded in parallel, and else what the first axes without a border hold.
template <class T> void pad(const T* x, std::vector<Border> axes, T value, T* y) {
  while (axes.size() > 1 && axes.back().size() == axes.back().n) {
    const int64_t n = axes.back().n;
    axes.pop_back();
    axes.back() = {axes.back().n * n, axes.back().before * n, axes.back().behind * n};
  }
  if (axes.size() == 1)
    return parallel_lines(axes[0].size(), 1, [&](int64_t begin, int64_t end) { pad_part(x, axes[0], value, y, begin, end); });
  std::vector<Inner> inner(axes.size(), {1, 1});
  for (size_t d = axes.size() - 1; d > 0; --d) inner[d - 1] = {inner[d].x * axes[d].n, inner[d].y * axes[d].size()};
  size_t first = 0;
  int64_t parts = 1;
  while (first + 1 < axes.size() && axes[first].size() == axes[first].n) parts *= axes[first++].n;
  const Inner part{inner[first].x * axes[first].n, inner[first].y * axes[first].size()};
  parallel_lines(parts, part.y, [&](int64_t i, int64_t end) {
    for (; i < end; ++i) pad(x + i * part.x, axes.data() + first, inner.data() + first, int(axes.size() - first), value, y + i * part.y);
  });
}

// y[l] = (x₀[l], x₁[l], …) for each of so many lines; those of xᵢ have lengths[i] elements.
template <class T> void join(const std::vector<const T*>& xs, const std::vector<int64_t>& lengths, int64_t lines, T* y) {
  int64_t whole = 0;
  for (int64_t n : lengths) whole += n;
  parallel_lines(lines, whole, [&](int64_t begin, int64_t end) {
    for (int64_t l = begin; l < end; ++l) {
      T* to = y + l * whole;
      for (size_t i = 0; i < xs.size(); to += lengths[i++]) copy_line(lengths[i], xs[i] + l * lengths[i], to);
    }
  });
}

}  // namespace chainrule
