// Dropout: y = x · m, where m is 0 with probability p, else 1 / (1 − p). It is linear, so the same call is its own gradient.
//
// Whether element i is kept follows from i and a key alone, by a hash of 32 bits: no mask is kept in memory, the backward pass works it
// out again, and results do not depend on the number of threads. The hash is Wellons's lowbias32 (two multiplications), once for
// each half of the key; ops/random.py has the same in NumPy.
#pragma once

#include <tuple>

#include "elementwise.hpp"

namespace chainrule {

struct Key {
  uint32_t low, high;
};

inline uint32_t scattered(uint32_t h) {
  h = (h ^ h >> 16) * 0x21F0AAADu;
  h = (h ^ h >> 15) * 0x735A2D97u;
  return h ^ h >> 15;
}

// Kept are elements whose number in [0, 2³²) is at least `least`.
template <class T> void dropout(int64_t n, const T* x, Key key, uint32_t least, T scale, T* y) {
  parallel_lines(n, 1, [&](int64_t i, int64_t end) {
    const auto [low, high] = key;
    const auto [from, to, kept, bound] = std::tuple(x + i, y + i, scale, least);  // in registers, so that the loop becomes vectors
    const uint32_t first = uint32_t(i), count = uint32_t(end - i);
    for (uint32_t k = 0; k < count; ++k) to[k] = from[k] * (scattered(scattered((first + k) ^ low) + high) >= bound ? kept : T(0));
  });
}

}  // namespace chainrule
