// Depthwise convolution: every channel has one kernel of its own (groups = C = O), images in the lanes of vectors (lanes.hpp).
//   x (N, C, H, W), w (C, 1, KH, KW), b (C) -> y (N, C, OH, OW)
//
// A task is one channel of a block of images: a padded frame that fits the second cache. As a pixel meets one kernel only, KH · KW
// multiply-adds are all that can be done with it, and time goes into loads. A tile of eight pixels in a row therefore holds its sums in
// registers, and for the usual kernels and strides, known to the compiler, loads each pixel that its windows share once. The gradient
// with respect to x is the same loop over dy, spread out by the stride, with the kernel turned round; the one with respect to w
// keeps the sums of three rows of the kernel and runs over the pixels.
//
// 3 × 3, (16, 32, 14, 14) on one Zen 5 core: 28 µs, of which the multiply-adds are a quarter and the rest is moving pixels; groups in the
// general loop take 38. (64, 64, 28, 28): 2.0 ms, where copying x takes 0.4; PyTorch 3.3.
#pragma once

#include "convolution.hpp"

namespace chainrule {

namespace depthwise_detail {

// A window on a frame: its size, and how far its rows, its pixels, the windows of a row and the rows of windows lie apart.
struct Window {
  int64_t KH, KW, row, pixel, next, down;
};

template <class T> Window window(const Frame& f, int64_t KH, int64_t KW, int64_t stride_h, int64_t stride_w, const Convolution& v) {
  constexpr int L = LANES<T>;
  return {KH, KW, v.dilation_h * f.WP * L, v.dilation_w * L, stride_w * L, stride_h * f.WP * L};
}

// y[p] = b + Σ_{kh, kw} w[kh][kw] · x[kh][kw + p] for PT pixels; KW and the stride S are 0 where the compiler does not know them.
template <class T, int KW, int S, int PT>
inline void tile(const T* x, const Window& v, const T* w, T b, T* y, int64_t y_pixel, int lanes) {
  const int64_t kws = KW ? KW : v.KW, pixel = KW ? LANES<T> : v.pixel, next = S ? S * LANES<T> : v.next;
  Vec<T> sums[PT];
  for (int p = 0; p < PT; ++p) sums[p] = splat(b);
  for (int64_t kh = 0; kh < v.KH; ++kh) {
    const T* row = x + kh * v.row;
#pragma GCC unroll 8
    for (int64_t kw = 0; kw < kws; ++kw, ++w) {
      const Vec<T> wk = splat(*w);
#pragma GCC unroll 8
      for (int p = 0; p < PT; ++p) sums[p] += wk * load(row + kw * pixel + p * next);
    }
  }
  for (int p = 0; p < PT; ++p) store_lanes(y + p * y_pixel, sums[p], lanes);
}

template <class T, int KW, int S, int PT = 8>
void row(const T* x, const Window& v, const T* w, T b, T* y, int64_t y_pixel, int64_t OW, int lanes) {
  int64_t p = 0;
  for (; p + PT <= OW; p += PT) tile<T, KW, S, PT>(x + p * v.next, v, w, b, y + p * y_pixel, y_pixel, lanes);
  if constexpr (PT > 1)
    if (p < OW) row<T, KW, S, PT / 2>(x + p * v.next, v, w, b, y + p * y_pixel, y_pixel, OW - p, lanes);
}

template <class T> using Row = void (*)(const T*, const Window&, const T*, T, T*, int64_t, int64_t, int);

// The loop that knows the window, if there is one.
template <class T> Row<T> row_for(const Window& v) {
  constexpr int L = LANES<T>;
  if (v.pixel == L && v.next == L && v.KW == 3) return row<T, 3, 1>;
  if (v.pixel == L && v.next == L && v.KW == 5) return row<T, 5, 1>;
  if (v.pixel == L && v.next == L && v.KW == 7) return row<T, 7, 1>;
  if (v.pixel == L && v.next == 2 * L && v.KW == 3) return row<T, 3, 2>;
  if (v.pixel == L && v.next == 2 * L && v.KW == 5) return row<T, 5, 2>;
  return row<T, 0, 0>;
}

// All channels of x in frames, with w(c, kh, kw); y lies (C, OH, OW, N) in memory.
template <class T, class W>
void correlate(const Images<T>& x, const Frame& f, const Window& v, W&& w, const T* b, T* y, int64_t OH, int64_t OW) {
  const Row<T> row = row_for<T>(v);
  for_blocks<T>(x.N, x.C, [&](int64_t n0, int lanes, int64_t, int64_t c) {
    Scratch<T> frame(f.HP * f.WP * LANES<T>), kernel(v.KH * v.KW);
    gather<T>(x, n0, lanes, c, 1, f, frame);
    for (int64_t k = 0; k < v.KH * v.KW; ++k) kernel[k] = w(c, k / v.KW, k % v.KW);
    for (int64_t oh = 0; oh < OH; ++oh)
      row(frame + oh * v.down, v, kernel, b ? b[c] : T(0), y + (c * OH + oh) * OW * x.N + n0, x.N, OW, lanes);
  });
}

// sums[kh][kw] = Σ dy[oh][ow] · x[oh · down + ow · next + kh · row + kw · pixel] for R rows of the kernel, a vector for each
template <class T, int KW, int R>
void weight_rows(const T* x, const Window& v, int64_t KH, const Plane<T>& dy, int64_t OH, int64_t OW, T* sums) {
  int64_t kh = 0;
  for (; kh + R <= KH; kh += R) {
    Vec<T> sum[R][KW] = {};
    for (int64_t oh = 0; oh < OH; ++oh) {
      const T* px = x + oh * v.down + kh * v.row;
      for (int64_t ow = 0; ow < OW; ++ow, px += v.next) {
        const Vec<T> d = dy.at(oh, ow);
#pragma GCC unroll 3
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 7
          for (int k = 0; k < KW; ++k) sum[r][k] += d * load(px + r * v.row + k * v.pixel);
      }
    }
    for (int r = 0; r < R; ++r)
      for (int k = 0; k < KW; ++k) store(sums + ((kh + r) * v.KW + k) * LANES<T>, sum[r][k]);
  }
  if constexpr (R > 1)
    if (kh < KH) weight_rows<T, KW, R - 1>(x + kh * v.row, v, KH - kh, dy, OH, OW, sums + kh * v.KW * LANES<T>);
}

// The same for all columns of the kernel, up to seven at a time.
template <class T, int KW = 7>
void weight_sums(const T* x, const Window& v, int64_t columns, const Plane<T>& dy, int64_t OH, int64_t OW, T* sums) {
  for (; columns >= KW; columns -= KW, x += KW * v.pixel, sums += KW * LANES<T>) weight_rows<T, KW, 3>(x, v, v.KH, dy, OH, OW, sums);
  if constexpr (KW > 1)
    if (columns) weight_sums<T, KW - 1>(x, v, columns, dy, OH, OW, sums);
}

}  // namespace depthwise_detail

template <class T>
void depthwise2d(const Images<T>& x, const T* w, const T* b, int64_t KH, int64_t KW, const Convolution& v, T* y, int64_t OH, int64_t OW) {
  using namespace depthwise_detail;
  const Frame f{x.H + 2 * v.pad_h, x.W + 2 * v.pad_w, v.pad_h, v.pad_w};
  const auto weight = [&](int64_t c, int64_t kh, int64_t kw) { return w[(c * KH + kh) * KW + kw]; };
  correlate<T>(x, f, window<T>(f, KH, KW, v.stride_h, v.stride_w, v), weight, b, y, OH, OW);
}

template <class T>
void depthwise2d_grad_x(const Images<T>& dy, const T* w, int64_t KH, int64_t KW, const Convolution& v, T* dx, int64_t H, int64_t W) {
  using namespace depthwise_detail;
  const int64_t h = v.dilation_h * (KH - 1), w_ = v.dilation_w * (KW - 1);
  const Frame f{H + h, W + w_, h - v.pad_h, w_ - v.pad_w, v.stride_h, v.stride_w};
  const auto turned = [&](int64_t c, int64_t kh, int64_t kw) { return w[(c * KH + KH - 1 - kh) * KW + KW - 1 - kw]; };
  correlate<T>(dy, f, window<T>(f, KH, KW, 1, 1, v), turned, static_cast<const T*>(nullptr), dx, H, W);
}

// dw (C, 1, KH, KW): sums of blocks of images, added up in the order of the blocks
template <class T>
void depthwise2d_grad_w(const Images<T>& x, const Images<T>& dy, int64_t KH, int64_t KW, const Convolution& v, T* dw) {
  using namespace depthwise_detail;
  constexpr int L = LANES<T>;
  const int64_t K = KH * KW, size = x.C * K, blocks = (x.N + L - 1) / L;
  const Frame f{x.H + 2 * v.pad_h, x.W + 2 * v.pad_w, v.pad_h, v.pad_w};
  const Window window = depthwise_detail::window<T>(f, KH, KW, v.stride_h, v.stride_w, v);
  Scratch<T> partial(blocks * size);
  for_blocks<T>(x.N, x.C, [&](int64_t n0, int lanes, int64_t block, int64_t c) {
    Scratch<T> frame(f.HP * f.WP * L), dframe(dy.H * dy.W * L), sums(K * L);
    gather<T>(x, n0, lanes, c, 1, f, frame);
    weight_sums<T>(frame, window, KW, Plane<T>(dy, n0, lanes, c, {dy.H, dy.W}, T(0), dframe), dy.H, dy.W, sums);
    if (lanes < L) clear_lanes<T>(sums, K, lanes);
    sum_lanes<T>(sums, K, partial + block * size + c * K);
  });
  conv_detail::add_up<T>(partial, blocks, size, dw);
}

}  // namespace chainrule
