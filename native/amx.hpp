// Products of float32 matrices on AMX, a unit that multiplies tiles of bfloat16 numbers (8 bits) and adds the products in float32.
//
// A float32 has 24 bits and is the sum of three bfloat16: x = x₁ + x₂ + x₃ exactly, x₁ rounded, x₂ and x₃ the bits of the rest. Of the
// nine products of the parts of x and y, six are computed, x₁y₁ to x₃y₁; the others are below 2⁻²² of xy and of either sign, on average
// an eighth of a rounding.  Henry, Tang & Heinecke 2019. In each block of K the small products are summed before the great ones, so that
// the sums are more exact than those of fused multiply-adds.
//
// What has no three parts, infinities, NaN and numbers that round to infinity, is told (`Parts::finite`) and has to be multiplied
// otherwise. Parts below 1.2e-38 count as zero.
//
// On one core of a Xeon (limit of fused multiply-adds: 177 GFLOP/s) a block in the first cache runs at 420, 256³ at 340, 1024³ at 250; while
// another thread of the same core is busy, no faster than fused multiply-adds.
#pragma once

#ifdef __AMX_BF16__

#include <algorithm>
#include <atomic>

#include "memory.hpp"
#include "simd.hpp"
#include "threads.hpp"

namespace chainrule::amx {

constexpr int LINES = 16, DEPTH = 32;  // of a tile: lines (rows of A, columns of B) and numbers of each
constexpr int PARTS = 3, TILE = LINES * DEPTH / 2;  // words of a tile, two numbers in each
constexpr int64_t CHUNKS = 4;  // of K that are summed before C is touched: two strips of B, 24 KB, stay in the first cache
constexpr int BLOCK = 2 * LINES;  // rows and columns of C at once

typedef uint16_t Halves __attribute__((vector_size(VECTOR_BYTES)));

inline Vec<float> upper_half(Vec<float> x) { return (Vec<float>)((Bits<float>)x & 0xffff0000); }

// Two numbers in each word: a's in the lower half, b's in the upper
inline Vec<float> pairs(Vec<float> a, Vec<float> b) { return (Vec<float>)((Bits<float>)a >> 16 | ((Bits<float>)b & 0xffff0000)); }

// The upper halves of 32 numbers: all of a, then all of b
inline Vec<float> in_turn(Vec<float> a, Vec<float> b) {
  return [&]<int... I>(std::integer_sequence<int, I...>) {
    return (Vec<float>)__builtin_shuffle((Halves)a, (Halves)b, Halves{(2 * I + 1)...});
  }(std::make_integer_sequence<int, DEPTH>());
}

// The parts of a and b, each as `join` puts them into words. Adds 0 · x for every x to zeros: NaN if one is not finite.
template <class F> inline void split(Vec<float> a, Vec<float> b, F&& join, Vec<float> (&words)[PARTS], Vec<float>& zeros) {
  const Vec<float> a1 = upper_half((Vec<float>)((Bits<float>)a + 0x8000)), b1 = upper_half((Vec<float>)((Bits<float>)b + 0x8000));
  zeros += 0 * a1 + 0 * b1;
  const Vec<float> a2 = a - a1, b2 = b - b1;  // not rounded, for the rest has eight bits at most then
  words[0] = join(a1, b1);
  words[1] = join(a2, b2);
  words[2] = join(a2 - upper_half(a2), b2 - upper_half(b2));
}

// The lines of a matrix, cut into strips of LINES and along into chunks of DEPTH: for each a tile of first parts, one of second, one of third.
// In a tile, a row is a line (as A is read), or a pair of neighbours of all lines (as B is read).
enum class Rows { lines, pairs };

class Parts {
 public:
  // Number k of line i is p[i · line + k · along].
  Parts(int64_t lines, int64_t K, const float* p, int64_t line, int64_t along, Rows rows)
      : strips((lines + LINES - 1) / LINES), chunks((K + DEPTH - 1) / DEPTH), tiles_(strips * chunks * PARTS * TILE) {
    parallel_ranges(strips * chunks, 16, [&](int64_t i, int64_t end) {
      Vec<float> zeros = {};
      for (; i < end; ++i) {
        const int64_t s = i / chunks * LINES, k = i % chunks * DEPTH;
        pack(p + s * line + k * along, line, along, int(std::min<int64_t>(LINES, lines - s)), int(std::min<int64_t>(DEPTH, K - k)), rows,
             tile(i / chunks, i % chunks), zeros);
      }
      if (const float zero = sum<float>(zeros); zero != 0) finite_ = false;
    });
  }
  bool finite() const { return finite_; }
  float* tile(int64_t strip, int64_t chunk) const { return tiles_ + (std::min(strip, strips - 1) * chunks + chunk) * PARTS * TILE; }
  const int64_t strips, chunks;

 private:
  static void pack(const float* p, int64_t line, int64_t along, int lines, int depth, Rows rows, float* tiles, Vec<float>& zeros) {
    constexpr int L = LANES<float>;
    const bool by_line = along == 1;
    for (int i = 0; i < LINES; ++i) {
      Vec<float> a = {}, b = {};
      if (by_line && i < lines) {
        const float* from = p + i * line;
        a = load_lanes(from, std::min(depth, L));
        if (depth > L) b = load_lanes(from + L, depth - L);
      } else if (!by_line) {
        if (2 * i < depth) a = across(p + 2 * i * along, line, lines);
        if (2 * i + 1 < depth) b = across(p + (2 * i + 1) * along, line, lines);
      }
      Vec<float> words[PARTS];
      if (by_line) split(a, b, in_turn, words, zeros);
      else split(a, b, pairs, words, zeros);
      for (int part = 0; part < PARTS; ++part) store(tiles + part * TILE + i * L, words[part]);
    }
    if (by_line == (rows == Rows::lines)) return;
    for (int part = 0; part < PARTS; ++part) transpose_block(tiles + part * TILE, L, tiles + part * TILE, L, L, L, L);
  }
  static Vec<float> across(const float* p, int64_t line, int lines) {
    if (line == 1) return load_lanes(p, lines);
    float x[LINES] = {};
    for (int i = 0; i < lines; ++i) x[i] = p[i * line];
    return load(x);
  }

  Scratch<float> tiles_;
  std::atomic<bool> finite_ = true;
};

// The unit set up for this thread, eight tiles of 16 rows of 64 bytes, while it lives.
class Unit {
  struct alignas(64) Setup {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {LINES, LINES, LINES, LINES, LINES, LINES, LINES, LINES};
  };

 public:
  Unit() {
    static constexpr Setup setup;
    _tile_loadconfig(&setup);
  }
  ~Unit() { _tile_release(); }
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;
};

// sums (BLOCK, BLOCK) = two strips of A by two of B, over `chunks` chunks. Tiles 0 to 3 hold the sums, 4 and 5 are A's, 6 and 7 B's; each
// is loaded just before it is needed, while the unit still works on what came before.
inline void block(const float* a0, const float* a1, const float* b0, const float* b1, int64_t chunks, float* sums) {
#define CHAINRULE_LOAD(tile, from, part) _tile_loadd(tile, from + (part) * TILE, 64);
#define CHAINRULE_A_AND_B(i, j)                                                                               \
  CHAINRULE_LOAD(4, a0, i) CHAINRULE_LOAD(6, b0, j) _tile_dpbf16ps(0, 4, 6);                                  \
  CHAINRULE_LOAD(7, b1, j) _tile_dpbf16ps(1, 4, 7);                                                           \
  CHAINRULE_LOAD(5, a1, i) _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7);
#define CHAINRULE_NEXT_A(i)                                                                                   \
  CHAINRULE_LOAD(4, a0, i) _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 4, 7);                                  \
  CHAINRULE_LOAD(5, a1, i) _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7);
#define CHAINRULE_NEXT_B(j)                                                                                   \
  CHAINRULE_LOAD(6, b0, j) _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(2, 5, 6);                                  \
  CHAINRULE_LOAD(7, b1, j) _tile_dpbf16ps(1, 4, 7); _tile_dpbf16ps(3, 5, 7);
  constexpr int64_t CHUNK = PARTS * TILE;
  asm volatile("" ::: "memory");  // what is packed is in memory, though the compiler does not see that it is read
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t k = 0; k < chunks; ++k, a0 += CHUNK, a1 += CHUNK, b0 += CHUNK, b1 += CHUNK) {
    CHAINRULE_A_AND_B(0, 2)
    CHAINRULE_NEXT_B(1)
    CHAINRULE_NEXT_A(1)
    CHAINRULE_NEXT_B(0)
    CHAINRULE_NEXT_A(2)
  }
  a0 -= chunks * CHUNK, a1 -= chunks * CHUNK, b0 -= chunks * CHUNK, b1 -= chunks * CHUNK;
  for (int64_t k = 0; k < chunks; ++k, a0 += CHUNK, a1 += CHUNK, b0 += CHUNK, b1 += CHUNK) {
    CHAINRULE_A_AND_B(0, 0)
  }
  _tile_stored(0, sums, BLOCK * sizeof(float));
  _tile_stored(1, sums + LINES, BLOCK * sizeof(float));
  _tile_stored(2, sums + LINES * BLOCK, BLOCK * sizeof(float));
  _tile_stored(3, sums + LINES * BLOCK + LINES, BLOCK * sizeof(float));
#undef CHAINRULE_LOAD
#undef CHAINRULE_A_AND_B
#undef CHAINRULE_NEXT_A
#undef CHAINRULE_NEXT_B
}

// Whether splitting numbers pays: it costs as much as 64 products of each.
inline bool is_worth(int64_t M, int64_t N, int64_t K) { return std::min({M, N, K}) >= 64 && double(M) * double(N) * double(K) >= 1 << 24; }

// C (M, N) = A·B + bias
inline void multiply(int64_t M, int64_t N, const Parts& A, const Parts& B, float* C, int64_t ldc, const float* bias) {
  constexpr int64_t HIGH = 8;  // blocks of rows to a task: what a chunk of K needs of them stays in the second cache
  const int64_t rows = (M + BLOCK - 1) / BLOCK, columns = (N + BLOCK - 1) / BLOCK;
  const int64_t down = (rows + HIGH - 1) / HIGH, height = (rows + down - 1) / down;
  const int64_t across = std::min((8 + down - 1) / down, columns), width = (columns + across - 1) / across;
  parallel_for(down * across, [&](int64_t task) {
    const int64_t top = task / across * height, bottom = std::min(top + height, rows);
    const int64_t left = task % across * width, right = std::min(left + width, columns);
    const Unit unit;
    alignas(64) float sums[BLOCK * BLOCK];
    for (int64_t k = 0; k < A.chunks; k += CHUNKS)
      for (int64_t q = left; q < right; ++q)
        for (int64_t p = top; p < bottom; ++p) {
          block(A.tile(2 * p, k), A.tile(2 * p + 1, k), B.tile(2 * q, k), B.tile(2 * q + 1, k), std::min(CHUNKS, A.chunks - k), sums);
          for (int64_t i = 0; i < std::min<int64_t>(BLOCK, M - p * BLOCK); ++i)
            for (int64_t j = 0; j < BLOCK; j += LINES) {
              const int lanes = int(std::clamp<int64_t>(N - q * BLOCK - j, 0, LINES));
              float* c = C + (p * BLOCK + i) * ldc + q * BLOCK + j;
              const Vec<float> start = k > 0 ? load_lanes(c, lanes) : bias ? load_lanes(bias + q * BLOCK + j, lanes) : Vec<float>{};
              store_lanes(c, start + load(sums + i * BLOCK + j), lanes);
            }
        }
  });
}

}  // namespace chainrule::amx

#endif
