// C = A·B + bias, for matrices of any strides.
//   A (M, K), B (K, N), C (M, N) row by row, bias (N) or none
//
// B is packed into panels of NR columns and A into panels of at most MR rows, both along k, so that the inner loop reads two short
// streams: each round multiplies MR numbers of A by NR of B into MR × NR sums that stay in registers. Of the last panel of B half is left
// out where one vector holds all its columns. Few rows leave registers free: then SIDE panels of B are taken side by side. Every element
// of C is summed over k in the same order, however the work is cut.
//
// Packing pays where what is packed is read often. Of few rows, as in a batch, A is read as it lies, and a thread packs B panel by panel
// for itself: then no line of memory goes from one core to the other, which costs more than it saves (100 × 512 · 512 × 512 on two cores
// takes two thirds of the time, 32 × 64 · 64 × 384 one third). Of many rows both are packed, B for all threads.
// A B that is used again and again (a recurrent network's, in every time step) is packed once: `Packed`, `multiply`.
// On x86 numbers below the normal ones count as 0, and become 0.
// On one Zen 5 core (limit 232 GFLOP/s in float32) 1024³ runs at about 195, LeNet-5's 64 × 256 · 256 × 120 at 130, of which packing
// takes the rest.
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
  Matrix at(int64_t i, int64_t j) const { return {p + i * row + j * column, row, column}; }
};

namespace gemm_detail {

constexpr int MR = ACCUMULATORS / 2, NV = 2;  // NV vectors of B in a panel
constexpr int SIDE = 4, FEW = MR / SIDE;      // up to FEW rows: SIDE panels at once
template <class T> constexpr int NR = NV * LANES<T>;
constexpr int64_t KC = 512, NC_PANELS = 96;   // a panel of A of KC rounds stays in the first cache while those of B come by from the second
constexpr int64_t FEW_PANELS = 24;            // row panels, up to which A is read as it lies
constexpr int64_t FAR = 8192;                 // bytes; lines of such a distance push each other out of the cache
constexpr int AHEAD = 8;                      // rounds by which a single panel of B is asked for before it is read

// Rounds to a block: K in blocks of nearly equal size, KC at most.
inline int64_t rounds(int64_t K) {
  const int64_t blocks = std::max<int64_t>(1, (K + KC - 1) / KC);
  return std::max<int64_t>(1, (K + blocks - 1) / blocks);
}

// Copy `count` ≤ WIDTH lines of a strip into a panel of WIDTH: panel[k][i] = src[i · line + k · along], zeros for i ≥ count.
template <class T, int WIDTH>
void pack_panel(const T* src, int64_t line, int64_t along, int64_t K, int64_t count, T* panel) {
  constexpr int L = LANES<T>;
  if (line == 1 && count == WIDTH) {
    for (int64_t k = 0; k < K; ++k) std::memcpy(panel + k * WIDTH, src + k * along, WIDTH * sizeof(T));
  } else if (line == 1 && WIDTH % L == 0) {
    for (int64_t k = 0; k < K; ++k)
      for (int i = 0; i < WIDTH; i += L)
        store(panel + k * WIDTH + i, load_lanes(src + k * along + i, int(std::clamp<int64_t>(count - i, 0, L))));
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

// What becomes of the sums: C = bias + sums, C = sums, or C += sums.
template <class T> struct Onto {
  bool add;
  const T* bias;
  Vec<T> start(const T* c, int64_t column, int lanes) const {
    return add ? load_lanes(c, lanes) : bias ? load_lanes(bias + column, lanes) : Vec<T>{};
  }
};

// R numbers of A, round by round: of a panel that was packed, …
template <class T, int R> class OfPanel {
 public:
  explicit OfPanel(Matrix<T> a) : p_(a.p) {}
  T operator[](int i) const { return p_[i]; }
  void next_round() { p_ += MR; }

 private:
  const T* p_;
};

// … or of A as it lies. Three rows share a pointer, for once and twice the way to the next row is what an address can add to it.
template <class T, int R> class AsItLies {
 public:
  explicit AsItLies(Matrix<T> a) : row_(a.row), column_(a.column) {
    for (int g = 0; g < GROUPS; ++g) p_[g] = a.p + g * EACH * a.row;
  }
  T operator[](int i) const { return p_[i / EACH][i % EACH * row_]; }
  void next_round() {
#pragma GCC unroll 16
    for (int g = 0; g < GROUPS; ++g) p_[g] += column_;
  }

 private:
  static constexpr int EACH = 3, GROUPS = (R + EACH - 1) / EACH;
  const T* p_[GROUPS];
  const int64_t row_, column_;
};

// R rows of A by V vectors of B: R × V sums in registers, for the first `columns` of their numbers. From round to round B goes on by
// `step`, from panel to panel by `next`.
template <class T, int R, int V, class Rows>
void micro_kernel(int64_t K, Matrix<T> A, const T* b, int64_t step, int64_t next, T* c, int64_t ldc, int64_t columns, Onto<T> onto) {
  constexpr int L = LANES<T>;
  Rows a(A);
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) __builtin_prefetch(c + i * ldc + v * L, 1);  // else all stores at the end wait for memory at once
  Vec<T> sums[R][V] = {};
  for (int64_t k = 0; k < K; ++k, b += step) {
    Vec<T> bk[V];
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) bk[v] = load(b + v / NV * next + v % NV * L);
#pragma GCC unroll 16
    for (int v = 0; v < V && V <= NV; ++v) __builtin_prefetch(b + v / NV * next + v % NV * L + AHEAD * step);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const Vec<T> ai = splat(a[i]);
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) sums[i][v] += ai * bk[v];
    }
    a.next_round();
  }
#pragma GCC unroll 16
  for (int v = 0; v < V; ++v) {
    const int lanes = int(std::clamp<int64_t>(columns - v * L, 0, L));
    if (!lanes) break;
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
      store_lanes(c + i * ldc + v * L, Vec<T>(sums[i][v] + onto.start(c + i * ldc + v * L, v * L, lanes)), lanes);
  }
}

template <class T> using MicroKernel = void (*)(int64_t, Matrix<T>, const T*, int64_t, int64_t, T*, int64_t, int64_t, Onto<T>);
template <class T, int V, template <class, int> class Rows, int... R>
constexpr auto micro_kernels(std::integer_sequence<int, R...>) {
  return std::array<MicroKernel<T>, sizeof...(R) + 1>{nullptr, micro_kernel<T, R + 1, V, Rows<T, R + 1>>...};
}

// `rows` rows of A, packed or not, by so many columns: one panel of B or, of a last one, the half that is needed; or SIDE panels
template <class T> MicroKernel<T> kernel(int64_t rows, bool packed, bool side_by_side, int64_t columns) {
  static constexpr auto several = micro_kernels<T, SIDE * NV, AsItLies>(std::make_integer_sequence<int, FEW>());
  static constexpr std::array of_panel{micro_kernels<T, 1, OfPanel>(std::make_integer_sequence<int, MR>()),
                                       micro_kernels<T, NV, OfPanel>(std::make_integer_sequence<int, MR>())};
  static constexpr std::array as_it_lies{micro_kernels<T, 1, AsItLies>(std::make_integer_sequence<int, MR>()),
                                         micro_kernels<T, NV, AsItLies>(std::make_integer_sequence<int, MR>())};
  if (side_by_side) return several[size_t(rows)];
  return (packed ? of_panel : as_it_lies)[columns > LANES<T>][size_t(rows)];
}

}  // namespace gemm_detail

// B (K, N) in panels: a block of rows of it after another, of each all panels of NR columns. Packed in parallel.
template <class T> class Packed {
  static constexpr int NR = gemm_detail::NR<T>;

 public:
  Packed(int64_t K, int64_t N, Matrix<T> B) : K(K), N(N), panels((N + NR - 1) / NR), rounds(gemm_detail::rounds(K)), p_(K * panels * NR) {
    const int64_t blocks = (K + rounds - 1) / rounds;
    parallel_ranges(blocks * panels, std::max<int64_t>(1, 16384 / (rounds * NR)), [&](int64_t i, int64_t end) {
      for (; i < end; ++i) {
        const int64_t k = i / panels * rounds, j = i % panels * NR;
        gemm_detail::pack_panel<T, NR>(B.at(k, j).p, B.column, B.row, depth(k), std::min<int64_t>(NR, N - j), panel(k, i % panels));
      }
    });
  }
  int64_t depth(int64_t k) const { return std::min(K - k, rounds); }  // of the block of rows that begins with row k
  T* panel(int64_t k, int64_t q) const { return p_ + (k * panels + q * depth(k)) * NR; }
  const int64_t K, N, panels, rounds;

 private:
  Scratch<T> p_;
};

namespace gemm_detail {
// The rows of A and C in panels of nearly equal height, MR at most.
struct RowPanels {
  explicit RowPanels(int64_t M) : M(M), count((M + MR - 1) / MR), height(count ? (M + count - 1) / count : 0) {}
  int64_t top(int64_t p) const { return p * height; }
  int64_t rows(int64_t p) const { return std::clamp<int64_t>(M - top(p), 0, height); }
  const int64_t M, count, height;
};
}  // namespace gemm_detail

// C = A·B + bias, or C += A·B. A task is a few row panels, of which all tasks have about as many, against all of B or, where there are few of
// them, against a part of it: at least about a hundred thousand multiplications, and at most eight parts.
template <class T>
void multiply(int64_t M, Matrix<T> A, const Packed<T>& B, T* C, int64_t ldc, bool add, const T* bias = nullptr) {
  using namespace gemm_detail;
  if (M == 0 || B.N == 0) return;
  const RowPanels of(M);
  const int64_t task_rows = std::max(std::clamp<int64_t>(100000 / (MR * B.N * B.K + 1), 1, 8), std::min<int64_t>(8, of.count / 16));
  const int64_t most = std::min({int64_t(8), (M * B.N * B.K) / 131072, (B.panels + SIDE - 1) / SIDE});
  const int64_t across = std::max<int64_t>(1, std::min(most, (8 + of.count - 1) / of.count));
  const int64_t width = ((B.panels + across - 1) / across + SIDE - 1) / SIDE * SIDE;
  const int64_t down = (of.count + task_rows - 1) / task_rows;
  parallel_for(down * across, [&](int64_t task) {
    [[maybe_unused]] const NoDenormals fast;
    const int64_t top = task / across * of.count / down, bottom = (task / across + 1) * of.count / down;
    const int64_t left = task % across * width, right = std::min(left + width, B.panels);
    const bool many = of.count > FEW_PANELS;
    Scratch<T> packed(many ? (bottom - top) * MR * B.rounds : 0);
    for (int64_t k = 0; k == 0 || k < B.K; k += B.rounds) {
      const int64_t depth = B.depth(k);
      for (int64_t p = top; many && p < bottom; ++p) {
        const Matrix<T> a = A.at(of.top(p), k);
        pack_panel<T, MR>(a.p, a.row, a.column, depth, of.rows(p), packed + (p - top) * MR * depth);
      }
      const auto rows_of_a = [&](int64_t p) { return many ? Matrix<T>{packed + (p - top) * MR * depth, 1, MR} : A.at(of.top(p), k); };
      for (int64_t q = left, step; q < right; q += step) {
        const int64_t columns = B.N - q * NR<T>;
        step = of.height <= FEW && q + SIDE <= right ? SIDE : 1;
        for (int64_t p = top; p < bottom; ++p)
          if (of.rows(p))
            kernel<T>(of.rows(p), many, step > 1, columns)(depth, rows_of_a(p), B.panel(k, q), NR<T>, depth * NR<T>,
                                                           C + of.top(p) * ldc + q * NR<T>, ldc, columns,
                                                           {add || k > 0, bias ? bias + q * NR<T> : nullptr});
      }
    }
  });
}

// As above with a B for once and few rows. A task multiplies a part of the rows by one panel of B after the other, which it packs right
// before, into its own first cache; nothing that one thread packs is read by another. A B that lies row by row is not packed at all,
// unless the cache cannot hold it so.
template <class T>
void multiply_few_rows(int64_t M, int64_t N, int64_t K, Matrix<T> A, Matrix<T> B, T* C, int64_t ldc, bool add, const T* bias) {
  using namespace gemm_detail;
  if (M == 0 || N == 0) return;
  const RowPanels of(M);
  const int64_t panels = (N + NR<T> - 1) / NR<T>, parts = std::clamp<int64_t>(8 / panels, 1, std::max<int64_t>(1, of.count / 4));
  const int64_t rows = (of.count + parts - 1) / parts, work = std::max<int64_t>(1, 100000 / (rows * MR * K * NR<T> + 1));
  parallel_ranges(panels * parts, parts == 1 ? work : 1, [&](int64_t begin, int64_t end) {
    [[maybe_unused]] const NoDenormals fast;
    const int64_t top = begin / panels * rows, bottom = std::min(top + rows, of.count), left = begin % panels, right = left + end - begin;
    Scratch<T> packed(rounds(K) * NR<T>);
    for (int64_t k = 0; k == 0 || k < K; k += rounds(K))
      for (int64_t q = left, step; q < right; q += step) {
        const Matrix<T> b = B.at(k, q * NR<T>);
        const int64_t depth = std::min(K - k, rounds(K)), columns = N - q * NR<T>;
        const bool lies = b.column == 1 && columns >= NR<T> && (of.count == 1 || b.row * int64_t(sizeof(T)) % FAR);
        if (!lies) pack_panel<T, NR<T>>(b.p, b.column, b.row, depth, std::min<int64_t>(NR<T>, columns), packed);
        step = lies && of.height <= FEW && columns >= SIDE * NR<T> && q + SIDE <= right ? SIDE : 1;
        for (int64_t p = top; p < bottom; ++p)
          if (of.rows(p))
            kernel<T>(of.rows(p), false, step > 1, columns)(depth, A.at(of.top(p), k), lies ? b.p : packed, lies ? b.row : NR<T>, NR<T>,
                                                            C + of.top(p) * ldc + q * NR<T>, ldc, columns,
                                                            {add || k > 0, bias ? bias + q * NR<T> : nullptr});
      }
  });
}

// As above for any number of rows. Where there are many, B is packed block by block, so that what is packed stays in the cache.
template <class T>
void multiply(int64_t M, int64_t N, int64_t K, Matrix<T> A, Matrix<T> B, T* C, int64_t ldc, bool add, const T* bias = nullptr) {
  using namespace gemm_detail;
  if (RowPanels(M).count <= FEW_PANELS) return multiply_few_rows<T>(M, N, K, A, B, C, ldc, add, bias);
  constexpr int64_t NC = NC_PANELS * NR<T>;
  for (int64_t j = 0; j < N; j += NC)
    for (int64_t k = 0; k == 0 || k < K; k += rounds(K))
      multiply<T>(M, A.at(0, k), Packed<T>(std::min(K - k, rounds(K)), std::min(N - j, NC), B.at(k, j)), C + j, ldc, add || k > 0,
                  bias ? bias + j : nullptr);
}

// y (N, O) = x·wᵀ + b for few rows or few outputs, where the rows of x and w lie without gaps: nothing is packed. Every sum is a vector, whose
// lanes are added up at the end; R × S of them are in registers, for R rows of x and S of w.
namespace gemm_detail {

template <class T, int R, int S>
void dot_products(int64_t I, const T* x, int64_t x_row, const T* w, int64_t w_row, T* sums, int64_t O) {
  constexpr int L = LANES<T>;
  Vec<T> sum[R][S] = {};
  const auto round = [&](int64_t i, int lanes) {
    Vec<T> xi[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) xi[r] = load_lanes(x + r * x_row + i, lanes);
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) {
      const Vec<T> ws = load_lanes(w + s * w_row + i, lanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) sum[r][s] += xi[r] * ws;
    }
  };
  int64_t i = 0;
  for (; i + L <= I; i += L) round(i, L);
  if (i < I) round(i, int(I - i));
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) store(sums + (r * O + s) * L, sum[r][s]);
}

// f(first, tile) over n in tiles of MOST, then as they come
template <int MOST, class F> void in_tiles(int64_t n, F&& f) {
  int64_t i = 0;
  for (; i + MOST <= n; i += MOST) f(i, std::integral_constant<int, MOST>());
  if constexpr (MOST > 1)
    if (i < n) in_tiles<MOST - 1>(n - i, [&](int64_t j, auto tile) { f(i + j, tile); });
}

}  // namespace gemm_detail

constexpr int64_t FEW_OUTPUTS = 16, FEW_ROWS = 4;

template <class T>
void dot_products(int64_t N, int64_t O, int64_t I, const T* x, int64_t x_row, const T* w, int64_t w_row, const T* b, T* y) {
  constexpr int S = 6, R = ACCUMULATORS / S;
  // Multiplications of a task, at least, where reading a weight takes as long as four; rows of x that stay in the cache for all its outputs.
  constexpr int64_t WORK = 200000, ROWS = 32 * R;
  const int64_t outputs = O <= FEW_OUTPUTS ? O : S * std::clamp<int64_t>(WORK / (S * I * std::clamp<int64_t>(N, 4, ROWS) + 1), 1, (O + S - 1) / S);
  const int64_t rows = O <= FEW_OUTPUTS ? R * std::clamp<int64_t>(WORK / (R * O * I + 1), 1, 32) : ROWS;
  const int64_t across = (O + outputs - 1) / outputs;
  parallel_for((N + rows - 1) / rows * across, [&](int64_t task) {
    [[maybe_unused]] const NoDenormals fast;
    const int64_t n0 = task / across * rows, o0 = task % across * outputs, height = std::min(rows, N - n0), width = std::min(outputs, O - o0);
    Scratch<T> sums(height * width * LANES<T>), totals(height * width);
    gemm_detail::in_tiles<S>(width, [&](int64_t o, auto s) {
      gemm_detail::in_tiles<R>(height, [&](int64_t n, auto r) {
        gemm_detail::dot_products<T, r, s>(I, x + (n0 + n) * x_row, x_row, w + (o0 + o) * w_row, w_row, sums + (n * width + o) * LANES<T>, width);
      });
    });
    sum_lanes<T>(sums, height * width, totals);
    for (int64_t n = 0; n < height; ++n)
      for (int64_t o = 0; o < width; ++o) y[(n0 + n) * O + o0 + o] = totals[n * width + o] + (b ? b[o0 + o] : T(0));
  });
}

// C[i][j] = t[j][i] for C (M, N)
template <class T> void transpose(int64_t M, int64_t N, const T* t, T* C, int64_t ldc) {
  constexpr int L = LANES<T>;
  parallel_ranges((M + L - 1) / L, std::max<int64_t>(1, 65536 / (N * L)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * L; i < std::min(end * L, M); i += L)
      for (int64_t j = 0; j < N; j += L) {
        const int rows = int(std::min<int64_t>(L, N - j)), columns = int(std::min<int64_t>(L, M - i));
        transpose_block(t + j * M + i, M, C + i * ldc + j, ldc, rows, columns, rows);
      }
  });
}

// Whole vectors of columns are computed, rows as they come: where the last one would be empty enough, Cᵀ = Bᵀ·Aᵀ is the less work, if turning
// it costs little beside the product.
template <class T>
void gemm(int64_t M, int64_t N, int64_t K, Matrix<T> A, Matrix<T> B, T* C, int64_t ldc, const T* bias = nullptr) {
  const auto padded = [](int64_t n) { return (n + LANES<T> - 1) / LANES<T> * LANES<T>; };
  if (bias || K < std::max(M, N) || 20 * padded(N) * M <= 21 * padded(M) * N) return multiply<T>(M, N, K, A, B, C, ldc, false, bias);
  Scratch<T> t(M * N);
  multiply<T>(N, M, K, {B.p, B.column, B.row}, {A.p, A.column, A.row}, t, M, false);
  transpose<T>(M, N, t, C, ldc);
}

}  // namespace chainrule
