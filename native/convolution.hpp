// Two-dimensional convolution with images in the lanes of vectors (lanes.hpp).
//   x (N, C, H, W), w (O, C/G, KH, KW), b (O) -> y (N, O, OH, OW)
//
// A block of images is gathered into a padded frame, then each round of the inner loop multiplies PT pixels by OT weights into
// OT × PT vectors of sums that never leave the registers: OT · PT multiply-adds for OT + PT loads, for any kernel, stride and dilation,
// as good for one channel as for many. The gradient with respect to x is the same loop over dy, spread out by the
// stride, with the kernel turned round; the one with respect to w keeps OT × KT sums of weights and runs over the pixels.
// Weight gradients of the blocks are added up in the order of the blocks, so results do not depend on the threads.
//
// LeNet-5's two layers, batch 64, on one Zen 5 core (limit 232 GFLOP/s in float32): forward 190 and 215 GFLOP/s, gradient of w 150 and
// 160, gradient of x (second layer) 140 counted with the multiplications by padding that full convolution has.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "lanes.hpp"
#include "reduction.hpp"
#include "threads.hpp"

namespace chainrule {

struct Convolution {
  int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
};

namespace conv_detail {

constexpr std::array<int, 5> TILES = {8, 6, 4, 2, 1};  // output channels taken at once
constexpr int tile_for(int64_t channels) {
  for (int t : TILES)
    if (t <= channels) return t;
  return 1;
}
constexpr int pixels_for(int tile) { return std::min(6, ACCUMULATORS / tile); }

// A frame of gathered images as the inner loops walk over it; strides in elements.
struct Walk {
  int64_t C, KH, KW;         // rounds
  int64_t c, kh, kw, pixel;  // strides
  int64_t flag;              // rows[kh · flag]: whether that row of the window has pixels; if not, it is zero and skipped
  const char* rows = nullptr;
  int64_t left = 0, right = std::numeric_limits<int64_t>::max();  // pixels lie in [left, right) of a row; those of the window beside it are skipped
};

// For each row of the frame, whether pixels of the image are in it.
inline std::vector<char> rows_with_pixels(const Frame& f, int64_t H) {
  std::vector<char> rows(size_t(f.HP), 0);
  for (int64_t h = 0; h < H; ++h)
    if (const int64_t r = f.top + h * f.step_h; r >= 0 && r < f.HP) rows[size_t(r)] = 1;
  return rows;
}

// y[o][p] = b[o] + Σ_{c, kh, kw} w[c][kh][kw][o] · x[c][kh][kw + p]
template <class T, int OT, int PT>
inline void tile(const T* x, const Walk& s, const T* w, const T* b, T* y, int64_t y_channel, int64_t y_pixel, int lanes, int64_t at) {
  int64_t first = 0, last = s.KW;
  while (first + 1 < last && at + (PT - 1) * s.pixel + first * s.kw < s.left) ++first;
  while (first + 1 < last && at + (last - 1) * s.kw >= s.right) --last;
  w += first * OT;
  Vec<T> sums[OT][PT];
#pragma GCC unroll 8
  for (int o = 0; o < OT; ++o)
#pragma GCC unroll 8
    for (int p = 0; p < PT; ++p) sums[o][p] = splat(b ? b[o] : T(0));
  for (int64_t c = 0; c < s.C; ++c)
    for (int64_t kh = 0; kh < s.KH; ++kh) {
      if (!s.rows[kh * s.flag]) {
        w += s.KW * OT;
        continue;
      }
      const T* row = x + c * s.c + kh * s.kh + first * s.kw;
      for (int64_t kw = first; kw < last; ++kw, row += s.kw, w += OT) {
        Vec<T> pixel[PT];
#pragma GCC unroll 8
        for (int p = 0; p < PT; ++p) pixel[p] = load(row + p * s.pixel);
#pragma GCC unroll 8
        for (int o = 0; o < OT; ++o) {
          const Vec<T> wo = splat(w[o]);
#pragma GCC unroll 8
          for (int p = 0; p < PT; ++p) sums[o][p] += wo * pixel[p];
        }
      }
      w += (s.KW - last + first) * OT;
    }
#pragma GCC unroll 8
  for (int o = 0; o < OT; ++o)
#pragma GCC unroll 8
    for (int p = 0; p < PT; ++p)
      if (lanes == LANES<T>) store(y + o * y_channel + p * y_pixel, sums[o][p]);
      else store(y + o * y_channel + p * y_pixel, sums[o][p], lanes);
}

// A row of OW pixels for OT channels: tiles of PT pixels, then smaller ones for the rest. Where the windows of a whole tile reach beyond the
// pixels, those of its halves differ enough for taking each by itself.
template <class T, int OT, int PT>
inline void row(const T* x, const Walk& s, const T* w, const T* b, T* y, int64_t yc, int64_t yp, int lanes, int64_t OW, int64_t at = 0) {
  int64_t p = 0;
  for (; p + PT <= OW; p += PT) {
    const int64_t here = at + p * s.pixel;
    const bool beyond = here + PT * s.pixel <= s.left || here + (s.KW - 1) * s.kw >= s.right;
    if (PT >= 4 && beyond) row<T, OT, (PT + 1) / 2>(x + p * s.pixel, s, w, b, y + p * yp, yc, yp, lanes, PT, here);
    else tile<T, OT, PT>(x + p * s.pixel, s, w, b, y + p * yp, yc, yp, lanes, here);
  }
  if constexpr (PT > 1)
    if (p < OW) row<T, OT, PT - 1>(x + p * s.pixel, s, w, b, y + p * yp, yc, yp, lanes, OW - p, at + p * s.pixel);
}

template <class F> void for_tiles(int64_t channels, F&& f) {  // f(first channel, std::integral_constant<tile>)
  for (int64_t o = 0; o < channels;) {
    const int t = tile_for(channels - o);
    [&]<size_t... I>(std::index_sequence<I...>) {
      (void)((TILES[I] == t && (f(o, std::integral_constant<int, TILES[I]>()), true)) || ...);
    }(std::make_index_sequence<TILES.size()>());
    o += t;
  }
}

// Weights w(o, c, kh, kw) of one group in the order in which tiles read them: (tile, C, KH, KW, OT).
template <class T, class W> void pack_weights(int64_t O, int64_t C, int64_t KH, int64_t KW, W&& w, T* packed) {
  for_tiles(O, [&](int64_t o, auto t) {
    T* to = packed + o * C * KH * KW;
    for (int64_t c = 0; c < C; ++c)
      for (int64_t kh = 0; kh < KH; ++kh)
        for (int64_t kw = 0; kw < KW; ++kw)
          for (int i = 0; i < t; ++i) *to++ = w(o + i, c, kh, kw);
  });
}

// Where outputs go: strides, and pixels in a row
struct Outputs {
  int64_t channel, row, pixel, columns;
};

// Rows [begin, end) of the convolution of one gathered block, for O channels with packed weights.
template <class T>
void block(const T* frame, Frame f, Walk s, const char* rows, int64_t stride_h, int64_t O, const T* packed, const T* b, T* y, Outputs out, int lanes,
           int64_t begin, int64_t end) {
  for (int64_t oh = begin; oh < end; ++oh) {
    s.rows = rows + oh * stride_h;
    for_tiles(O, [&](int64_t o, auto t) {
      row<T, t, pixels_for(t)>(frame + oh * stride_h * f.WP * LANES<T>, s, packed + o * s.C * s.KH * s.KW, b ? b + o : nullptr,
                               y + o * out.channel + oh * out.row, out.channel, out.pixel, lanes, out.columns);
    });
  }
}

// f(frame, first image, lanes, group, first row, last row) for all rows of the outputs of every block and group, in parallel, with the block
// in a frame of `size` that gather(first image, lanes, group, frame) fills. Where outputs (…, OW, N) of two blocks share lines of the cache, a
// row of up to eight blocks is written before the next row, so that a line comes into the cache once.
template <class T, class G, class F> void for_framed_blocks(int64_t N, int64_t groups, int64_t size, int64_t rows, G&& gather, F&& f) {
  constexpr int64_t L = LANES<T>, TOGETHER = 8 * L;
  if (N % L == 0 || N < L) {
    for_blocks<T>(N, groups, [&](int64_t n0, int lanes, int64_t, int64_t g) {
      Scratch<T> frame(size);
      gather(n0, lanes, g, frame + 0);
      f(frame + 0, n0, lanes, g, 0, rows);
    });
    return;
  }
  Scratch<T> frames(std::min(TOGETHER / L, (N + L - 1) / L) * size);
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t first = 0; first < N; first += TOGETHER) {
      const int64_t images = std::min(TOGETHER, N - first);
      for_blocks<T>(images, 1, [&](int64_t n0, int lanes, int64_t b, int64_t) { gather(first + n0, lanes, g, frames + b * size); });
      parallel_for(rows, [&](int64_t row) {
        for (int64_t n0 = 0; n0 < images; n0 += L)
          f(frames + n0 / L * size, first + n0, int(std::min(L, images - n0)), g, row, row + 1);
      });
    }
}

// Adds one strip of pixels to the sums of one tile of weights, a vector for each, whose first pixels are at at[k]:
//   sums[o][k] += dy[o][oh][ow] · x[at[k]][oh][ow]   over oh < rows and all ow
template <class T, int OT, int KT>
void weight_tile(const T* x, int64_t x_row, int64_t x_pixel, const int64_t* at, const T* dy, int64_t dy_channel, int64_t dy_row, int64_t rows,
                 int64_t OW, T* sums, int64_t sums_channel) {
  constexpr int L = LANES<T>;
  Vec<T> sum[OT][KT];
#pragma GCC unroll 8
  for (int o = 0; o < OT; ++o)
#pragma GCC unroll 8
    for (int k = 0; k < KT; ++k) sum[o][k] = load(sums + o * sums_channel + k * L);
  for (int64_t oh = 0; oh < rows; ++oh) {
    const T *px = x + oh * x_row, *pd = dy + oh * dy_row;
    for (int64_t ow = 0; ow < OW; ++ow, px += x_pixel, pd += L) {
      Vec<T> pixel[KT];
#pragma GCC unroll 8
      for (int k = 0; k < KT; ++k) pixel[k] = load(px + at[k]);
#pragma GCC unroll 8
      for (int o = 0; o < OT; ++o) {
        const Vec<T> d = load(pd + o * dy_channel);
#pragma GCC unroll 8
        for (int k = 0; k < KT; ++k) sum[o][k] += d * pixel[k];
      }
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < OT; ++o)
#pragma GCC unroll 8
    for (int k = 0; k < KT; ++k) store(sums + o * sums_channel + k * L, sum[o][k]);
}

// f(first weight, tile) over K weights in tiles of about equal size, at most 6, or as many as fit into registers beside OT channels.
template <int OT, class F> void for_weight_tiles(int64_t K, F&& f) {
  constexpr int MOST = std::min(6, ACCUMULATORS / OT);
  const int64_t tiles = (K + MOST - 1) / MOST;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t k = i * K / tiles, n = (i + 1) * K / tiles - k;
    [&]<int... I>(std::integer_sequence<int, I...>) {
      (void)((I + 1 == n && (f(k, std::integral_constant<int, I + 1>()), true)) || ...);
    }(std::make_integer_sequence<int, MOST>());
  }
}

// f(first channel, tile): 4 at once, then 2, then 1; the tile of 4 × 6 sums is as good as any for all kernel widths
template <class F> void for_output_tiles(int64_t O, F&& f) {
  int64_t o = 0;
  for (; o + 4 <= O; o += 4) f(o, std::integral_constant<int, 4>());
  for (; o + 2 <= O; o += 2) f(o, std::integral_constant<int, 2>());
  for (; o < O; ++o) f(o, std::integral_constant<int, 1>());
}

constexpr int64_t STRIP_BYTES = 24 << 10;

// total[i] = Σ_b partial[b][i], in the order of the blocks
template <class T> void add_up(const T* partial, int64_t blocks, int64_t size, T* total) {
  parallel_ranges(size, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T sum = 0;
      for (int64_t b = 0; b < blocks; ++b) sum += partial[b * size + i];
      total[i] = sum;
    }
  });
}

// dw (O, C, KH, KW) of one block: x and dy gathered into frames, of which dy's has its first pixel at (top, left).
template <class T>
void weight_sums(const T* x, Frame f, const T* dy, Frame fy, int64_t O, int64_t C, int64_t KH, int64_t KW, int64_t OH, int64_t OW,
                 const Convolution& v, T* dw) {
  constexpr int L = LANES<T>;
  const int64_t K = C * KH * KW, dy_row = fy.WP * L, dy_channel = fy.HP * dy_row;
  dy += fy.top * dy_row + fy.left * L;
  std::vector<int64_t> at(static_cast<size_t>(K));  // where the first pixel of each weight is
  for (int64_t k = 0; k < K; ++k) at[size_t(k)] = ((k / (KH * KW) * f.HP + k / KW % KH * v.dilation_h) * f.WP + k % KW * v.dilation_w) * L;
  for_output_tiles(O, [&](int64_t o, auto ot) {
    Scratch<T> sums(ot * K * L);
    std::fill(sums + 0, sums + ot * K * L, T(0));
    // a strip of rows is short enough that its part of dy stays in the first cache while all weights pass over it
    const int64_t strip = std::clamp<int64_t>(STRIP_BYTES / int64_t((ot * OW + f.WP) * L * sizeof(T)), 1, OH);
    for (int64_t oh = 0; oh < OH; oh += strip)
      for_weight_tiles<ot>(K, [&](int64_t k, auto kt) {
        weight_tile<T, ot, kt>(x + oh * v.stride_h * f.WP * L, v.stride_h * f.WP * L, v.stride_w * L, at.data() + k, dy + o * dy_channel + oh * dy_row,
                               dy_channel, dy_row, std::min(strip, OH - oh), OW, sums + k * L, K * L);
      });
    sum_lanes<T>(sums, ot * K, dw + o * K);
  });
}

}  // namespace conv_detail

// y: images innermost, (O, OH, OW, N) in memory.
template <class T>
void conv2d(const Images<T>& x, const T* w, const T* b, int64_t O, int64_t KH, int64_t KW, const Convolution& v, T* y, int64_t OH,
            int64_t OW) {
  using namespace conv_detail;
  constexpr int L = LANES<T>;
  const int64_t C = x.C / v.groups, OG = O / v.groups, K = C * KH * KW;
  Scratch<T> packed(O * K);
  for (int64_t g = 0; g < v.groups; ++g)
    pack_weights<T>(OG, C, KH, KW, [&](int64_t o, int64_t c, int64_t kh, int64_t kw) {
      return w[(((g * OG + o) * C + c) * KH + kh) * KW + kw];
    }, packed + g * OG * K);
  const Frame f{x.H + 2 * v.pad_h, x.W + 2 * v.pad_w, v.pad_h, v.pad_w};
  const Walk s{C, KH, KW, f.HP * f.WP * L, v.dilation_h * f.WP * L, v.dilation_w * L, v.stride_w * L, v.dilation_h};
  const std::vector<char> rows = rows_with_pixels(f, x.H);
  const auto fill = [&](int64_t n0, int lanes, int64_t g, T* frame) { gather<T>(x, n0, lanes, g * C, C, f, frame); };
  for_framed_blocks<T>(x.N, v.groups, C * f.HP * f.WP * L, OH, fill, [&](const T* frame, int64_t n0, int lanes, int64_t g, int64_t begin, int64_t end) {
    block<T>(frame, f, s, rows.data(), v.stride_h, OG, packed + g * OG * K, b ? b + g * OG : nullptr, y + g * OG * OH * OW * x.N + n0,
             {OH * OW * x.N, OW * x.N, x.N, OW}, lanes, begin, end);
  });
}

// dx (C, H, W, N) in memory: dy spread out by the stride, convolved with the kernel turned round. Where zeros lie between the columns of dy,
// every stride-th column of dx sees the same columns of the kernel, and the others meet zeros: each such phase is a convolution of its own.
template <class T>
void conv2d_grad_x(const Images<T>& dy, const T* w, int64_t C, int64_t KH, int64_t KW, const Convolution& v, T* dx, int64_t H,
                   int64_t W) {
  using namespace conv_detail;
  constexpr int64_t L = LANES<T>;
  const int64_t CG = C / v.groups, OG = dy.C / v.groups;
  const Frame f{H + v.dilation_h * (KH - 1), W + v.dilation_w * (KW - 1), v.dilation_h * (KH - 1) - v.pad_h,
                v.dilation_w * (KW - 1) - v.pad_w, v.stride_h, v.stride_w};
  struct Phase {
    int64_t column, tap, taps;  // the first column of dx, and the first column of the kernel that it sees
    std::unique_ptr<Scratch<T>> packed;
  };
  const int64_t step = v.dilation_w == 1 && v.stride_w <= KW ? v.stride_w : 1;
  std::vector<Phase> phases;
  for (int64_t column = 0; column < std::min(step, W); ++column) {
    const int64_t tap = ((f.left - column) % step + step) % step, taps = tap < KW ? (KW - tap + step - 1) / step : 0;
    phases.push_back({column, tap, taps, std::make_unique<Scratch<T>>(C * OG * KH * taps)});
    for (int64_t g = 0; g < v.groups; ++g)
      pack_weights<T>(CG, OG, KH, taps, [&](int64_t c, int64_t o, int64_t kh, int64_t kw) {
        return w[(((g * OG + o) * CG + c) * KH + KH - 1 - kh) * KW + KW - 1 - tap - kw * step];
      }, *phases.back().packed + g * CG * OG * KH * taps);
  }
  const std::vector<char> rows = rows_with_pixels(f, dy.H);
  const auto fill = [&](int64_t n0, int lanes, int64_t g, T* frame) { gather<T>(dy, n0, lanes, g * OG, OG, f, frame); };
  for_framed_blocks<T>(dy.N, v.groups, OG * f.HP * f.WP * L, H, fill, [&](const T* frame, int64_t n0, int lanes, int64_t g, int64_t begin, int64_t end) {
    for (const Phase& phase : phases) {
      const int64_t first = phase.column + phase.tap;
      Walk s{OG, KH, phase.taps, f.HP * f.WP * L, v.dilation_h * f.WP * L, step * v.dilation_w * L, step * L, v.dilation_h};
      s.left = (f.left - first) * L, s.right = (f.left - first + (dy.W - 1) * f.step_w + 1) * L;
      block<T>(frame + first * L, f, s, rows.data(), 1, CG, *phase.packed + g * CG * OG * KH * phase.taps, nullptr,
               dx + (g * CG * H * W + phase.column) * dy.N + n0, {H * W * dy.N, W * dy.N, step * dy.N, (W - phase.column + step - 1) / step}, lanes,
               begin, end);
    }
  });
}

// dw (O, C/G, KH, KW)
template <class T>
void conv2d_grad_w(const Images<T>& x, const Images<T>& dy, int64_t KH, int64_t KW, const Convolution& v, T* dw) {
  using namespace conv_detail;
  constexpr int L = LANES<T>;
  const int64_t O = dy.C, OG = O / v.groups, C = x.C / v.groups, K = C * KH * KW, size = O * K, blocks = (x.N + L - 1) / L;
  const Frame f{x.H + 2 * v.pad_h, x.W + 2 * v.pad_w, v.pad_h, v.pad_w}, fy{dy.H, dy.W};
  Scratch<T> partial(blocks * size);
  for_blocks<T>(x.N, v.groups, [&](int64_t n0, int lanes, int64_t b, int64_t g) {
    const int64_t together = std::min<int64_t>(OG, 8);  // channels of dy that stay in the cache while all weights pass over them
    Scratch<T> frame(C * f.HP * f.WP * L), dframe(together * dy.H * dy.W * L);
    gather<T>(x, n0, lanes, g * C, C, f, frame);
    if (lanes < L) clear_lanes<T>(frame, C * f.HP * f.WP, lanes);
    for (int64_t o = 0; o < OG; o += together) {
      const int64_t channels = std::min(together, OG - o);
      gather<T>(dy, n0, lanes, g * OG + o, channels, fy, dframe);
      if (lanes < L) clear_lanes<T>(dframe, channels * dy.H * dy.W, lanes);
      weight_sums<T>(frame, f, dframe, fy, channels, C, KH, KW, dy.H, dy.W, v, partial + b * size + (g * OG + o) * K);
    }
  });
  add_up<T>(partial, blocks, size, dw);
}

// db (O): sums of dy over images and pixels
template <class T> void conv2d_grad_b(const Images<T>& dy, T* db) {
  const bool images_innermost = dy.n == 1 && dy.w == dy.N && dy.h == dy.W * dy.N, row_by_row = dy.w == 1 && dy.h == dy.W;
  const auto image = [&](const T* p) {
    if (row_by_row) return sum_line(p, dy.H * dy.W);
    T total = 0;
    for (int64_t h = 0; h < dy.H; ++h)
      for (int64_t w = 0; w < dy.W; ++w) total += p[h * dy.h + w * dy.w];
    return total;
  };
  parallel_for(dy.C, [&](int64_t o) {
    const T* p = dy.p + o * dy.c;
    T total = 0;
    if (images_innermost) total = sum_line(p, dy.H * dy.W * dy.N);
    else
      for (int64_t n = 0; n < dy.N; ++n) total += image(p + n * dy.n);
    db[o] = total;
  });
}

}  // namespace chainrule
