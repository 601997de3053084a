// Embedding: rows of a table by their numbers, and the gradient that adds up what came to each row.
//   index (M), w (V, E) -> y (M, E) = w[index];      dw[v] = Σ dy[m] over index[m] = v
//
// Backwards the places are sorted by their row, by counting, which keeps their order. Then every row of dw is written once, by one thread, as
// the sum of its places in that order: the same bits on any number of threads, no atomics, and no second table. It moves the bytes of dy and
// of dw once: 20,000 places in a table of (20,000, 50) take about the time that copying those takes.
#pragma once

#include "elementwise.hpp"
#include "memory.hpp"

namespace chainrule {

template <class T> void embedding(const int64_t* index, int64_t M, const T* w, int64_t E, T* y) {
  parallel_lines(M, E, [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) copy_line(E, w + index[m] * E, y + m * E);
  });
}

// order: the places 0 … M − 1 sorted by row; those of row v are order[first[v]] … order[first[v + 1] − 1].
inline void sort_by_row(const int64_t* index, int64_t M, int64_t V, int64_t* first, int64_t* order) {
  std::fill(first, first + V + 1, 0);
  for (int64_t m = 0; m < M; ++m) ++first[index[m]];
  for (int64_t v = 1; v <= V; ++v) first[v] += first[v - 1];  // now where the row ends
  for (int64_t m = M; m-- > 0;) order[--first[index[m]]] = m;
}

// dw (V, E); row `padding` gets none (−1: there is no such row). `mean`: divided by the number of places.
template <class T>
void embedding_grad(const T* dy, const int64_t* index, int64_t M, int64_t V, int64_t E, int64_t padding, bool mean, T* dw) {
  Scratch<int64_t> first(V + 1), order(M);
  sort_by_row(index, M, V, first, order);
  parallel_lines(V, E, [&](int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) {
      T* row = dw + v * E;
      std::fill(row, row + E, T(0));
      if (v == padding) continue;
      for (int64_t i = first[v]; i < first[v + 1]; ++i) line<Add, 1, 1>(E, row, dy + order[i] * E, row);
      const T count = T(first[v + 1] - first[v]);
      if (mean && count > 1) line<Div, 1, 0>(E, row, &count, row);
    }
  });
}

}  // namespace chainrule
