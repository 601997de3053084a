// Two-dimensional pooling with images in the lanes of vectors (lanes.hpp): x (N, C, H, W) -> y (N, C, OH, OW), images innermost.
//
// Maximum: the winner's place in its window, kh · KW + kw, is kept as a number beside every value; the gradient goes there. Of equal
// values the first one wins, as in PyTorch, and NaN wins over all. Average: a window's sum over its area (or over the pixels it really has).
#pragma once

#include <limits>

#include "lanes.hpp"
#include "threads.hpp"

namespace chainrule {

struct Pooling {
  int64_t KH, KW, stride_h, stride_w, pad_h, pad_w, dilation_h = 1, dilation_w = 1;
};

// A frame whose windows all lie inside: padding in front, and as much behind as the last window reaches.
inline Frame pooling_frame(const Pooling& v, int64_t H, int64_t W, int64_t OH, int64_t OW) {
  return {std::max(H + v.pad_h, (OH - 1) * v.stride_h + v.dilation_h * (v.KH - 1) + 1),
          std::max(W + v.pad_w, (OW - 1) * v.stride_w + v.dilation_w * (v.KW - 1) + 1), v.pad_h, v.pad_w};
}

// Whether a later pixel of a window takes the place of the best so far: of equal ones the first stays, and NaN wins over all.
template <class T> Mask<T> beats(Vec<T> value, Vec<T> best) { return ~(value <= best) & (best == best); }

// The greatest of four pixels, and which of them it is.
template <class T> struct Greatest {
  Vec<T> value;
  Mask<T> which;
};
template <class T> Greatest<T> greatest(Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d) {
  const auto better = [](Greatest<T> first, Greatest<T> second) {
    const Mask<T> wins = beats<T>(second.value, first.value);
    return Greatest<T>{select<T>(wins, second.value, first.value), wins ? second.which : first.which};
  };
  const Mask<T> zero = {};
  return better(better({a, zero}, {b, zero + 1}), better({c, zero + 2}, {d, zero + 3}));
}

template <class T> void max_pool2d(const Images<T>& x, const Pooling& v, T* y, T* place, int64_t OH, int64_t OW) {
  const Frame f = pooling_frame(v, x.H, x.W, OH, OW);
  for_groups<T>(x.N, x.C, [&](int64_t first, int count, int64_t c) {
    const Planes<T> planes(x, first, count, c, f, -std::numeric_limits<T>::infinity());
    for (int64_t oh = 0; oh < OH; ++oh)
      for (int64_t ow = 0; ow < OW; ++ow) {
        const int64_t h = oh * v.stride_h, w = ow * v.stride_w, to = ((c * OH + oh) * OW + ow) * x.N;
        // the first pixel of the window that is none of the padding
        const int64_t kh0 = h < v.pad_h ? (v.pad_h - h + v.dilation_h - 1) / v.dilation_h : 0,
                      kw0 = w < v.pad_w ? (v.pad_w - w + v.dilation_w - 1) / v.dilation_w : 0;
        for (int b = 0; b < count; ++b) {
          const Plane<T>& plane = planes[b];
          Vec<T> best = plane.at(h + kh0 * v.dilation_h, w + kw0 * v.dilation_w), which = splat(T(kh0 * v.KW + kw0));
          for (int64_t kh = kh0; kh < v.KH; ++kh)
            for (int64_t kw = kw0; kw < v.KW; ++kw) {
              const Vec<T> value = plane.at(h + kh * v.dilation_h, w + kw * v.dilation_w);
              const Mask<T> wins = beats<T>(value, best);
              best = select<T>(wins, value, best);
              which = select<T>(wins, splat(T(kh * v.KW + kw)), which);
            }
          store_lanes(y + to + planes.image(b), best, planes.lanes(b));
          store_lanes(place + to + planes.image(b), which, planes.lanes(b));
        }
      }
  });
}

// Adds f(kh · KW + kw, dy) of every window to the pixels of dx.
template <class T, class F>
void spread(const Images<T>& dy, const Pooling& v, T* dx, int64_t H, int64_t W, F&& f) {
  const bool disjoint = v.stride_h >= v.dilation_h * (v.KH - 1) + 1 && v.stride_w >= v.dilation_w * (v.KW - 1) + 1;
  const bool tiles = disjoint && !v.pad_h && !v.pad_w && v.stride_h == v.KH && v.stride_w == v.KW && dy.H * v.KH == H && dy.W * v.KW == W;
  for_groups<T>(dy.N, dy.C, [&](int64_t first, int count, int64_t c) {
    const Planes<T> planes(dy, first, count, c, {dy.H, dy.W}, T(0));
    T* to = dx + c * H * W * dy.N;
    if (!tiles)
      for (int64_t i = 0; i < H * W; ++i)
        for (int b = 0; b < count; ++b) store_lanes(to + i * dy.N + planes.image(b), Vec<T>{}, planes.lanes(b));
    for (int64_t oh = 0; oh < dy.H; ++oh)
      for (int64_t kh = 0; kh < v.KH; ++kh)
        for (int64_t kw = 0; kw < v.KW; ++kw) {
          const int64_t h = oh * v.stride_h - v.pad_h + kh * v.dilation_h, w0 = kw * v.dilation_w - v.pad_w;
          if (h < 0 || h >= H) continue;
          for (int64_t ow = w0 >= 0 ? 0 : (v.stride_w - 1 - w0) / v.stride_w; ow < dy.W && w0 + ow * v.stride_w < W; ++ow)
            for (int b = 0; b < count; ++b) {
              const int lanes = planes.lanes(b);
              T* p = to + (h * W + w0 + ow * v.stride_w) * dy.N + planes.image(b);
              const Vec<T> part = f(c, oh, ow, planes.image(b), lanes, kh * v.KW + kw, planes[b].at(oh, ow));
              if (disjoint) store_lanes(p, part, lanes);
              else store_lanes(p, part + load_lanes(p, lanes), lanes);
            }
        }
  });
}

template <class T> void max_pool2d_grad(const Images<T>& dy, const T* place, const Pooling& v, T* dx, int64_t H, int64_t W) {
  spread(dy, v, dx, H, W, [&](int64_t c, int64_t oh, int64_t ow, int64_t n0, int lanes, int64_t k, Vec<T> d) {
    const T* p = place + ((c * dy.H + oh) * dy.W + ow) * dy.N + n0;
    return select<T>(load_lanes(p, lanes) == splat(T(k)), d, Vec<T>{});
  });
}

// What a window's sum is divided by: `divisor` if given, else its area with the padding (but not beyond it), or only its real pixels.
inline double pooling_divisor(const Pooling& v, int64_t oh, int64_t ow, int64_t H, int64_t W, bool count_pad, int64_t divisor) {
  if (divisor) return double(divisor);
  const int64_t h = oh * v.stride_h - v.pad_h, w = ow * v.stride_w - v.pad_w;
  const int64_t bottom = std::min(h + v.KH, H + v.pad_h), right = std::min(w + v.KW, W + v.pad_w);
  if (count_pad) return double((bottom - h) * (right - w));
  return double((std::min(bottom, H) - std::max<int64_t>(h, 0)) * (std::min(right, W) - std::max<int64_t>(w, 0)));
}

template <class T>
void avg_pool2d(const Images<T>& x, const Pooling& v, bool count_pad, int64_t divisor, T* y, int64_t OH, int64_t OW) {
  const Frame f = pooling_frame(v, x.H, x.W, OH, OW);
  for_groups<T>(x.N, x.C, [&](int64_t first, int count, int64_t c) {
    const Planes<T> planes(x, first, count, c, f, T(0));
    for (int64_t oh = 0; oh < OH; ++oh)
      for (int64_t ow = 0; ow < OW; ++ow) {
        const T share = T(pooling_divisor(v, oh, ow, x.H, x.W, count_pad, divisor));
        for (int b = 0; b < count; ++b) {
          Vec<T> total = {};
          for (int64_t kh = 0; kh < v.KH; ++kh)
            for (int64_t kw = 0; kw < v.KW; ++kw) total += planes[b].at(oh * v.stride_h + kh, ow * v.stride_w + kw);
          store_lanes(y + ((c * OH + oh) * OW + ow) * x.N + planes.image(b), Vec<T>(total / share), planes.lanes(b));
        }
      }
  });
}

template <class T>
void avg_pool2d_grad(const Images<T>& dy, const Pooling& v, bool count_pad, int64_t divisor, T* dx, int64_t H, int64_t W) {
  spread(dy, v, dx, H, W, [&](int64_t, int64_t oh, int64_t ow, int64_t, int, int64_t, Vec<T> d) {
    return Vec<T>(d / T(pooling_divisor(v, oh, ow, H, W, count_pad, divisor)));
  });
}

}  // namespace chainrule
