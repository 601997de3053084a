// Images side by side in the lanes of vectors.
//
// Convolution and pooling take LANES images at a time, one in each lane, so that every loop over pixels is exact: no edges, no
// padding lanes, whatever the width of an image. What they write lies in memory as (C, H, W, N), images innermost, under the usual
// shape (N, C, H, W): a matter of strides that only the next kernel sees, which then reads it without transposing.
#pragma once

#include <algorithm>
#include <vector>

#include "array.hpp"
#include "simd.hpp"

namespace chainrule {

// A batch of planes anywhere in memory; strides count elements.
template <class T> struct Images {
  const T* p;
  int64_t N, C, H, W, n, c, h, w;
  explicit Images(const Strided<T>& a)
      : p((require(a.ndim() == 4, "images (N, C, H, W) are needed"), a.data())), N(a.shape(0)), C(a.shape(1)), H(a.shape(2)), W(a.shape(3)), n(a.stride(0)), c(a.stride(1)), h(a.stride(2)),
        w(a.stride(3)) {
    if (H == 1) h = W * w;  // a stride over one element may be anything
    if (N == 1 && w != 1) n = 1;
  }
};

// A new (N, C, H, W) array with images innermost.
template <class T> New<T> new_images(int64_t N, int64_t C, int64_t H, int64_t W) {
  return New<T>({N, C, H, W}, {1, H * W * N, W * N, N});
}

// Where the pixels of an image go in a frame of HP × WP: pixel (h, w) to (top + h · step_h, left + w · step_w), if that is inside.
struct Frame {
  int64_t HP, WP, top = 0, left = 0, step_h = 1, step_w = 1;
};

// `fill` around the H × W pixels that lie side by side in each of `count` planes (HP, WP, LANES).
template <class T> void surround(T* plane, int64_t count, Frame f, int64_t H, int64_t W, T fill = T(0)) {
  const int64_t row = f.WP * LANES<T>;
  for (int64_t c = 0; c < count; ++c, plane += f.HP * row) {
    T* from = plane;
    for (int64_t h = 0; h < H; ++h) {
      T* pixels = plane + (f.top + h) * row + f.left * LANES<T>;
      std::fill(from, pixels, fill);
      from = pixels + W * LANES<T>;
    }
    std::fill(from, plane + f.HP * row, fill);
  }
}

// Gather channels [c0, c0 + count) of images [n0, n0 + lanes) into dst (count, HP, WP, LANES); `fill` where no pixel goes.
template <class T>
void gather(const Images<T>& x, int64_t n0, int lanes, int64_t c0, int64_t count, Frame f, T* dst, T fill = T(0)) {
  constexpr int L = LANES<T>;
  const bool side_by_side = f.step_h == 1 && f.step_w == 1, covered = side_by_side && f.HP == x.H && f.WP == x.W && f.top == 0 && f.left == 0;
  const bool inside = side_by_side && f.top >= 0 && f.left >= 0 && f.top + x.H <= f.HP && f.left + x.W <= f.WP;
  if (lanes == L && inside) {
    if (!covered) surround<T>(dst, count, f, x.H, x.W, fill);
  } else if (!covered || fill != T(0)) {
    std::fill_n(dst, count * f.HP * f.WP * L, fill);
  }
  const bool merge = covered && x.h == x.W * x.w;  // rows follow each other: one long row
  const int64_t H = merge ? 1 : x.H, W = merge ? x.H * x.W : x.W;
  const int64_t first = f.left >= 0 ? 0 : (-f.left + f.step_w - 1) / f.step_w;
  const int64_t last = merge ? W : std::min(W, (f.WP - f.left + f.step_w - 1) / f.step_w);  // columns [first, last) are inside
  for (int64_t c = 0; c < count; ++c)
    for (int64_t h = 0; h < H; ++h) {
      const int64_t row = f.top + h * f.step_h, step = f.step_w * L;
      if (row < 0 || row >= f.HP) continue;
      const T* src = x.p + n0 * x.n + (c0 + c) * x.c + h * x.h;
      T* to = dst + ((c * f.HP + row) * f.WP + f.left) * L;
      if (x.n == 1 && lanes == L) {
        for (int64_t w = first; w < last; ++w) store(to + w * step, load(src + w * x.w));
      } else if (x.w == 1) {
        for (int64_t w = first; w < last; w += L)
          transpose_block(src + w, x.n, to + w * step, step, lanes, int(std::min<int64_t>(L, last - w)), L);
      } else {
        for (int64_t w = first; w < last; ++w)
          for (int l = 0; l < lanes; ++l) to[w * step + l] = src[l * x.n + w * x.w];
      }
    }
}

// A plane of LANES images to read: where it lies if it lies right, else gathered into scratch.
template <class T> class Plane {
 public:
  Plane(const Images<T>& x, int64_t n0, int lanes, int64_t c, Frame f, T fill, T* scratch) {
    const bool framed = f.HP != x.H || f.WP != x.W;
    if (x.n == 1 && lanes == LANES<T> && !framed) {
      p_ = x.p + n0 + c * x.c, row_ = x.h, pixel_ = x.w;
    } else {
      gather<T>(x, n0, lanes, c, 1, f, scratch, fill);
      p_ = scratch, row_ = f.WP * LANES<T>, pixel_ = LANES<T>;
    }
  }
  Vec<T> at(int64_t h, int64_t w) const { return load(p_ + h * row_ + w * pixel_); }

 private:
  const T* p_;
  int64_t row_, pixel_;
};

// The planes of a few blocks of images: of one pixel they lie side by side, so that a loop over blocks inside one over pixels reads on and on.
template <class T> class Planes {
 public:
  Planes(const Images<T>& x, int64_t first, int count, int64_t c, Frame f, T fill) : N_(x.N), first_(first), scratch_(count * f.HP * f.WP * LANES<T>) {
    planes_.reserve(size_t(count));
    for (int b = 0; b < count; ++b) planes_.emplace_back(x, image(b), lanes(b), c, f, fill, scratch_ + b * f.HP * f.WP * LANES<T>);
  }
  int64_t image(int b) const { return (first_ + b) * LANES<T>; }  // the first one of a block
  int lanes(int b) const { return int(std::min<int64_t>(LANES<T>, N_ - image(b))); }
  const Plane<T>& operator[](int b) const { return planes_[size_t(b)]; }

 private:
  int64_t N_, first_;
  Scratch<T> scratch_;
  std::vector<Plane<T>> planes_;
};

// Zero the lanes without an image, where sums over all lanes are to come.
template <class T> void clear_lanes(T* frame, int64_t pixels, int lanes) {
  for (int64_t i = 0; i < pixels; ++i) std::fill(frame + i * LANES<T> + lanes, frame + (i + 1) * LANES<T>, T(0));
}

// f(first image, images, block, part) for every block of up to LANES images times every one of `parts`, in parallel. Blocks that lie side by
// side in memory come one after the other: a channel's pixels are read from one end to the other, not with gaps.
template <class T, class F> void for_blocks(int64_t N, int64_t parts, F&& f) {
  constexpr int L = LANES<T>;
  const int64_t blocks = (N + L - 1) / L;
  parallel_for(blocks * parts, [&](int64_t task) {
    const int64_t block = task % blocks;
    f(block * L, int(std::min<int64_t>(L, N - block * L)), block, task / blocks);
  });
}

// f(first block, blocks, part) for groups of up to eight blocks times every one of `parts`, in parallel; fewer, where there are few tasks.
template <class T, class F> void for_groups(int64_t N, int64_t parts, F&& f) {
  const int64_t blocks = (N + LANES<T> - 1) / LANES<T>, size = std::clamp<int64_t>(blocks * parts / 16, 1, 8), groups = (blocks + size - 1) / size;
  parallel_for(groups * parts, [&](int64_t task) {
    const int64_t first = task % groups * size;
    f(first, int(std::min(size, blocks - first)), task / groups);
  });
}

}  // namespace chainrule
