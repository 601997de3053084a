// Convolution by 3 × 3 kernels with a quarter of the multiplications: minimal filtering F(4 × 4, 3 × 3).   Winograd 1980; Lavin & Gray 2016
//   x (N, C, H, W), w (O, C, 3, 3), b (O) -> y (N, O, OH, OW), with stride 1
//
// A line of 4 outputs is what 6 inputs and 3 weights give. As polynomials, weights times outputs (the transposed problem) have degree 5:
// known from their values at five points and at infinity, where a product costs one multiplication. So, with lines both ways,
//   Y = Aᵀ (Σ_c U ⊙ V) A,  V = Bᵀ d B (inputs, 6 × 6 to 6 × 6),  U = G g Gᵀ (weights, 3 × 3 to 6 × 6),  A: 6 × 6 to 4 × 4,
// 36 multiplications for 16 outputs, not 144. Images lie in the lanes (lanes.hpp): transforms are sums of whole vectors, and what is left
// are 36 matrix products. Gradients are the transposed steps: dw = Gᵀ (Σ_tiles (A dY Aᵀ) ⊙ V) G.
//
// On one core of an AVX-512 Xeon, 64 images of 128 channels of 16 × 16, counted as direct: 330 GFLOP/s forward and for dx, 240 for dw (direct:
// 150 to 160). Rounding: the points 0, ±¾, ±1½, ∞ keep it small, about five times that of a direct sum in float32 (0, ±1, ±2: nine
// times). What is not finite makes its whole tile so, not only the outputs that see it.
#pragma once

#include "convolution.hpp"
#include "gemm.hpp"
#include "pooling.hpp"

namespace chainrule {

namespace winograd_detail {

constexpr int POINTS = 36;
constexpr float P = 0.75f, Q = 1.5f, PP = P * P, QQ = Q * Q;  // the points 0, P, −P, Q, −Q, ∞

// v = Bᵀ d
constexpr auto inputs_at_points = []<class V>(const V (&d)[6], V (&v)[6]) {
  const V p = d[4] - QQ * d[2], q = d[4] - PP * d[2], odd_p = P * (d[3] - QQ * d[1]), odd_q = Q * (d[3] - PP * d[1]);
  v[0] = d[4] - (PP + QQ) * d[2] + PP * QQ * d[0];
  v[1] = p + odd_p, v[2] = p - odd_p, v[3] = q + odd_q, v[4] = q - odd_q;
  v[5] = d[5] - (PP + QQ) * d[3] + PP * QQ * d[1];
};

// u = G g
constexpr auto kernel_at_points = []<class V>(const V (&g)[3], V (&u)[6]) {
  constexpr float p = 1 / (2 * PP * (PP - QQ)), q = 1 / (2 * QQ * (QQ - PP));
  const V even_p = p * g[0] + p * PP * g[2], even_q = q * g[0] + q * QQ * g[2];
  u[0] = 1 / (PP * QQ) * g[0];
  u[1] = even_p + p * P * g[1], u[2] = even_p - p * P * g[1], u[3] = even_q + q * Q * g[1], u[4] = even_q - q * Q * g[1];
  u[5] = g[2];
};

// dg = Gᵀ du
constexpr auto kernel_from_points = []<class V>(const V (&u)[6], V (&g)[3]) {
  constexpr float p = 1 / (2 * PP * (PP - QQ)), q = 1 / (2 * QQ * (QQ - PP));
  const V even_p = p * (u[1] + u[2]), even_q = q * (u[3] + u[4]);
  g[0] = 1 / (PP * QQ) * u[0] + even_p + even_q;
  g[1] = p * P * (u[1] - u[2]) + q * Q * (u[3] - u[4]);
  g[2] = PP * even_p + QQ * even_q + u[5];
};

// y = Aᵀ m
constexpr auto outputs_from_points = []<class V>(const V (&m)[6], V (&y)[4]) {
  const V even_p = m[1] + m[2], even_q = m[3] + m[4], odd_p = P * (m[1] - m[2]), odd_q = Q * (m[3] - m[4]);
  y[0] = m[0] + even_p + even_q;
  y[1] = odd_p + odd_q;
  y[2] = PP * even_p + QQ * even_q;
  y[3] = PP * odd_p + QQ * odd_q + m[5];
};

// dm = A dy
constexpr auto outputs_at_points = []<class V>(const V (&y)[4], V (&m)[6]) {
  const V even_p = y[0] + PP * y[2], even_q = y[0] + QQ * y[2], odd_p = P * (y[1] + PP * y[3]), odd_q = Q * (y[1] + QQ * y[3]);
  m[0] = y[0];
  m[1] = even_p + odd_p, m[2] = even_p - odd_p, m[3] = even_q + odd_q, m[4] = even_q - odd_q;
  m[5] = y[3];
};

// y = F x Fᵀ for the F that f multiplies a line by
template <class V, int IN, int OUT, class F> void both_ways(const V (&x)[IN][IN], V (&y)[OUT][OUT], F&& f) {
  V half[OUT][IN];
#pragma GCC unroll 6
  for (int j = 0; j < IN; ++j) {
    V line[IN], out[OUT];
#pragma GCC unroll 6
    for (int i = 0; i < IN; ++i) line[i] = x[i][j];
    f(line, out);
#pragma GCC unroll 6
    for (int i = 0; i < OUT; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < OUT; ++i) f(half[i], y[i]);
}

// Weights at their points, in the order in which conv_detail::tile reads them: (POINTS, tile of O, C, OT).
template <class T, class W> void kernels_at_points(int64_t O, int64_t C, W&& w, T* packed) {
  constexpr int L = LANES<T>;
  parallel_ranges(C, 16, [&](int64_t begin, int64_t end) {
    conv_detail::for_tiles(O, [&](int64_t o, auto t) {
      for (int64_t c = begin; c < end; ++c)
        for (int i = 0; i < t; i += L) {
          const int lanes = std::min<int>(L, t - i);
          Vec<T> g[3][3], u[6][6];
          for (int k = 0; k < 9; ++k) {
            T taps[L];
            for (int l = 0; l < lanes; ++l) taps[l] = w(o + i + l, c, k / 3, k % 3);
            g[k / 3][k % 3] = load_lanes(taps, lanes);
          }
          both_ways(g, u, kernel_at_points);
          for (int p = 0; p < POINTS; ++p) store_lanes(packed + (p * O + o) * C + c * t + i, u[p / 6][p % 6], lanes);
        }
    });
  });
}

// Images to read LANES at a time, where they lie if they lie right, else from a copy.
template <class T> class Laned {
 public:
  explicit Laned(const Images<T>& x) : N(x.N), C(x.C), H(x.H), W(x.W), copy_(x.n == 1 ? 0 : blocks() * C * H * W * L) {
    p_ = x.p, block_ = L, c_ = x.c, h_ = x.h, w_ = x.w;
    if (x.n == 1) return;
    p_ = copy_, block_ = C * H * W * L, c_ = H * W * L, h_ = W * L, w_ = L;
    for_blocks<T>(N, C, [&](int64_t n0, int lanes, int64_t b, int64_t c) {
      gather<T>(x, n0, lanes, c, 1, {H, W}, copy_ + b * block_ + c * c_);
    });
  }
  int64_t blocks() const { return (N + L - 1) / L; }
  // SIZE × SIZE pixels from (top, left) on; zeros outside the image, and in lanes without one
  template <int SIZE> void patch(int64_t block, int64_t c, int64_t top, int64_t left, Vec<T> (&d)[SIZE][SIZE]) const {
    const int lanes = int(std::min<int64_t>(L, N - block * L));
    const int64_t at = block * block_ + c * c_ + top * h_ + left * w_;
    if (lanes == L && top >= 0 && left >= 0 && top + SIZE <= H && left + SIZE <= W) {
#pragma GCC unroll 6
      for (int i = 0; i < SIZE; ++i)
#pragma GCC unroll 6
        for (int j = 0; j < SIZE; ++j) d[i][j] = load(p_ + (at + i * h_ + j * w_));
    } else {
      for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
          const bool inside = top + i >= 0 && top + i < H && left + j >= 0 && left + j < W;
          d[i][j] = inside ? load_lanes(p_ + (at + i * h_ + j * w_), lanes) : Vec<T>{};
        }
    }
  }
  const int64_t N, C, H, W;

 private:
  static constexpr int L = LANES<T>;
  Scratch<T> copy_;
  const T* p_;
  int64_t block_, c_, h_, w_;
};

// What max-pooling sends back, dy (N, C, PH, PW) to the winners' places, read as the images (N, C, H, W) that it would be: never written.
template <class T> class Spread {
 public:
  Spread(const Images<T>& dy, const uint8_t* place, int64_t H, int64_t W) : H(H), W(W), N(dy.N), C(dy.C), dy_(dy), place_(place) {}
  int64_t blocks() const { return dy_.blocks(); }
  template <int SIZE> void patch(int64_t block, int64_t c, int64_t top, int64_t left, Vec<T> (&d)[SIZE][SIZE]) const {
    if (top % 2 && left % 2) spread<SIZE, 1, 1>(block, c, top, left, d);
    else if (top % 2) spread<SIZE, 1, 0>(block, c, top, left, d);
    else if (left % 2) spread<SIZE, 0, 1>(block, c, top, left, d);
    else spread<SIZE, 0, 0>(block, c, top, left, d);
  }
  const int64_t H, W, N, C;

 private:
  template <int SIZE, int ODD_H, int ODD_W> void spread(int64_t block, int64_t c, int64_t top, int64_t left, Vec<T> (&d)[SIZE][SIZE]) const {
    constexpr int L = LANES<T>, HALF = SIZE / 2 + (ODD_H || ODD_W);  // windows that a line of the patch touches
    const int64_t h0 = (top - ODD_H) / 2, w0 = (left - ODD_W) / 2;
    const int lanes = int(std::min<int64_t>(L, N - block * L));
    Vec<T> window[HALF][HALF];
    Mask<T> which[HALF][HALF] = {};
    dy_.template patch<HALF>(block, c, h0, w0, window);
    for (int i = 0; i < HALF; ++i)
      for (int j = 0; j < HALF; ++j)
        if (h0 + i >= 0 && h0 + i < dy_.H && w0 + j >= 0 && w0 + j < dy_.W)  // elsewhere the window is zero
          which[i][j] = load_bytes<T>(place_ + ((c * dy_.H + h0 + i) * dy_.W + w0 + j) * N + block * L, lanes);
#pragma GCC unroll 6
    for (int i = 0; i < SIZE; ++i)
#pragma GCC unroll 6
      for (int j = 0; j < SIZE; ++j) {
        const int h = i + ODD_H, w = j + ODD_W;
        d[i][j] = select<T>(which[h / 2][w / 2] == h % 2 * 2 + w % 2, window[h / 2][w / 2], Vec<T>{});
      }
  }
  const Laned<T> dy_;
  const uint8_t* place_;
};

// Tiles of 4 × 4 outputs: those of all blocks of images at one place lie side by side in memory, and come one after the other.
struct Tiles {
  int64_t blocks, rows, columns;
  Tiles(int64_t blocks, int64_t OH, int64_t OW) : blocks(blocks), rows((OH + 3) / 4), columns((OW + 3) / 4) {}
  int64_t count() const { return blocks * rows * columns; }
  int64_t block(int64_t i) const { return i % blocks; }
  int64_t top(int64_t i) const { return i / blocks / columns * 4; }
  int64_t left(int64_t i) const { return i / blocks % columns * 4; }
};

// Tiles [first, first + count) at their points: (POINTS, channel, tile, LANES). A line more than needed lies between the points: at
// distances of a power of two they would drive each other out of the cache.
template <class T> class AtPoints {
 public:
  AtPoints(int64_t channels, int64_t count) : row(count * LANES<T>), point(channels * row + LANES<T>), p_(POINTS * point) {}
  T* at(int64_t point_, int64_t channel) const { return p_ + point_ * point + channel * row; }
  template <int SIZE, class X, class F> void fill(const X& x, const Tiles& tiles, int64_t first, int64_t pad_h, int64_t pad_w, F&& f) {
    for (int64_t c = 0; c < x.C; ++c)
      for (int64_t i = 0; i * LANES<T> < row; ++i) {
        Vec<T> d[SIZE][SIZE], v[6][6];
        x.patch(tiles.block(first + i), c, tiles.top(first + i) - pad_h, tiles.left(first + i) - pad_w, d);
        both_ways(d, v, f);
#pragma GCC unroll 36
        for (int p = 0; p < POINTS; ++p) store(at(p, c) + i * LANES<T>, v[p / 6][p % 6]);
      }
  }
  const int64_t row, point;

 private:
  Scratch<T> p_;
};

constexpr int64_t WEIGHT_STRIP = 8;             // tiles whose products are added to the gradient of the weights at once
constexpr int64_t PARTIAL_SUMS = int64_t(16) << 20;  // numbers in all partial sums of it, or twice its size

}  // namespace winograd_detail

// Whether this way is open, and shorter: for few channels the transforms cost as much as the products that they spare. (In float64, whose
// users ask for every digit, sums stay direct.)
inline bool is_winograd(const Convolution& v, int64_t N, int64_t C, int64_t O, int64_t KH, int64_t KW) {
  return KH == 3 && KW == 3 && v.stride_h == 1 && v.stride_w == 1 && v.dilation_h == 1 && v.dilation_w == 1 &&
         v.groups == 1 && v.pad_h <= 2 && v.pad_w <= 2 && std::min(C, O) >= 16 && N >= LANES<float> / 2;
}

// What becomes of a tile of outputs: it is written whole, y (O, OH, OW, N) in memory,
template <class T> struct Whole {
  T* y;
  const T* b;
  int64_t N, OH, OW;
  void operator()(int64_t o, int64_t n0, int64_t top, int64_t left, const Vec<T> (&out)[4][4]) const {
    const int lanes = int(std::min<int64_t>(LANES<T>, N - n0));
    const int64_t rows = std::min<int64_t>(4, OH - top), columns = std::min<int64_t>(4, OW - left);
    const T bias = b ? b[o] : T(0);
    T* to = y + ((o * OH + top) * OW + left) * N + n0;
    for (int64_t h = 0; h < rows; ++h)
      for (int64_t w = 0; w < columns; ++w) store_lanes(to + (h * OW + w) * N, out[h][w] + bias, lanes);
  }
};

// or the greatest of each 2 × 2, y and place (O, PH, PW, N).
template <class T> struct Pooled {
  T* y;
  uint8_t* place;
  const T* b;
  int64_t N, PH, PW;
  void operator()(int64_t o, int64_t n0, int64_t top, int64_t left, const Vec<T> (&out)[4][4]) const {
    const int lanes = int(std::min<int64_t>(LANES<T>, N - n0));
    const T bias = b ? b[o] : T(0);
    for (int h = 0; h < 2 && top / 2 + h < PH; ++h)
      for (int w = 0; w < 2 && left / 2 + w < PW; ++w) {
        const auto at = [&](int i, int j) { return out[2 * h + i][2 * w + j] + bias; };
        const auto [best, which] = greatest<T>(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
        const int64_t to = ((o * PH + top / 2 + h) * PW + left / 2 + w) * N + n0;
        store_lanes(y + to, best, lanes);
        store_bytes<T>(place + to, which, lanes);
      }
  }
};

// Outputs of OH × OW for images that lie as Laned or Spread have them; w(o, c, kh, kw); write(o, first image, top, left, tile of outputs)
template <class T, class X, class W, class F>
void winograd2d(const X& in, int64_t O, W&& w, int64_t pad_h, int64_t pad_w, int64_t OH, int64_t OW, F&& write) {
  using namespace winograd_detail;
  constexpr int L = LANES<T>;
  const int64_t C = in.C;
  Scratch<T> kernels(POINTS * O * C);
  kernels_at_points<T>(O, C, w, kernels);
  const Tiles tiles(in.blocks(), OH, OW);
  parallel_ranges(tiles.count(), tiles.count() <= 24 ? 3 : 6, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    AtPoints<T> inputs(C, count), outputs(O, count);
    inputs.template fill<6>(in, tiles, begin, pad_h, pad_w, inputs_at_points);
    const char whole = 1;
    const conv_detail::Walk channels{C, 1, 1, inputs.row, 0, 0, L, 0, &whole};
    for (int p = 0; p < POINTS; ++p)
      conv_detail::for_tiles(O, [&](int64_t o, auto t) {
        conv_detail::row<T, t, conv_detail::pixels_for(t)>(inputs.at(p, 0), channels, kernels + (p * O + o) * C, nullptr, outputs.at(p, o),
                                                           outputs.row, L, L, count);
      });
    for (int64_t o = 0; o < O; ++o)
      for (int64_t i = 0; i < count; ++i) {
        Vec<T> m[6][6], out[4][4];
#pragma GCC unroll 36
        for (int p = 0; p < POINTS; ++p) m[p / 6][p % 6] = load(outputs.at(p, o) + i * L);
        both_ways(m, out, outputs_from_points);
        write(o, tiles.block(begin + i) * L, tiles.top(begin + i), tiles.left(begin + i), out);
      }
  });
}

// dw (O, C, 3, 3). Strips of tiles are added up in turns into a number of partial sums that the problem decides, not the threads.
template <class T, class X, class Y> void winograd2d_grad_w(const X& x, const Y& dy, int64_t pad_h, int64_t pad_w, T* dw) {
  using namespace winograd_detail;
  constexpr int L = LANES<T>;
  const int64_t C = x.C, O = dy.C, size = POINTS * O * C;
  const Tiles tiles(x.blocks(), dy.H, dy.W);
  const int64_t strips = (tiles.count() + WEIGHT_STRIP - 1) / WEIGHT_STRIP;
  const int64_t parts = std::min(strips, std::clamp<int64_t>(PARTIAL_SUMS / size, 2, 8));
  Scratch<T> partial(parts * size);
  parallel_for(parts, [&](int64_t part) {
    for (int64_t strip = part; strip < strips; strip += parts) {
      const int64_t first = strip * WEIGHT_STRIP, count = std::min(WEIGHT_STRIP, tiles.count() - first);
      AtPoints<T> inputs(C, count), outputs(O, count);
      inputs.template fill<6>(x, tiles, first, pad_h, pad_w, inputs_at_points);
      outputs.template fill<4>(dy, tiles, first, 0, 0, outputs_at_points);
      for (int p = 0; p < POINTS; ++p)
        multiply<T>(O, {outputs.at(p, 0), outputs.row, 1}, Packed<T>(inputs.row, C, {inputs.at(p, 0), 1, inputs.row}),
                    partial + part * size + p * O * C, C, strip != part);
    }
  });
  parallel_for(O, [&](int64_t o) {
    for (int64_t c = 0; c < C; c += L) {
      const int lanes = int(std::min<int64_t>(L, C - c));
      Vec<T> u[6][6], g[3][3];
      for (int p = 0; p < POINTS; ++p) {
        Vec<T> total = {};
        for (int64_t part = 0; part < parts; ++part) total += load_lanes(partial + part * size + (p * O + o) * C + c, lanes);
        u[p / 6][p % 6] = total;
      }
      both_ways(u, g, kernel_from_points);
      for (int k = 0; k < 9; ++k)
        for (int l = 0; l < lanes; ++l) dw[(o * C + c + l) * 9 + k] = g[k / 3][k % 3][l];
    }
  });
}

}  // namespace chainrule
