// Several stages of a convolutional network in one kernel, forward and backward. A stage is
//   x (C, H, W) -> convolution (O, OH, OW) -> the greatest of each 2 × 2 pixels, or all of them (O, PH, PW) -> activation
//
// A block of LANES images goes through all stages before the next block comes: what lies between two operators never leaves the second cache,
// and what a convolution gives, four times as much as pooling leaves of it, never the first. Kept for the way back are the inputs of the
// stages, each in the frame in which the next convolution reads it, and which of the four pixels won. Backwards the block has the cotangent of a
// convolution spread out in a frame of its own, from which those of its weights, its bias and its input are computed at once.
//
// Of a single stage, a few blocks are cut into parts of its output channels, which need nothing of each other: seven blocks of a batch of 100 would
// keep one of two threads waiting for a quarter of the time.
//
// The stride is 1, and the padding no more than the kernel reaches. An activation that never falls may come after the maximum as well as
// before it: after it there is a quarter of the work.
#pragma once

#include <memory>

#include "activations.hpp"
#include "convolution.hpp"
#include "pooling.hpp"

namespace chainrule {

// Output channels [begin, end)
struct Channels {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

template <class T> class Stage {
 public:
  Stage(const T* w, const T* b, const Convolution& v, int64_t C, int64_t H, int64_t W, int64_t O, int64_t KH, int64_t KW, int64_t OH, int64_t OW,
        int64_t pool, Activation activation)
      : C(C), H(H), W(W), O(O), KH(KH), KW(KW), OH(OH), OW(OW), PH(OH / pool), PW(OW / pool), pool(pool), activation(activation), v(v),
        w(w), b(b), in{H + 2 * v.pad_h, W + 2 * v.pad_w, v.pad_h, v.pad_w},
        out{H + v.dilation_h * (KH - 1), W + v.dilation_w * (KW - 1), v.dilation_h * (KH - 1) - v.pad_h, v.dilation_w * (KW - 1) - v.pad_w},
        in_rows_(conv_detail::rows_with_pixels(in, H)), out_rows_(conv_detail::rows_with_pixels(out, OH)) {}

  // Weights in the order in which forward, and dx of backward, read them.
  void pack() {
    packed_ = std::make_unique<Scratch<T>>(weights());
    conv_detail::pack_weights<T>(O, C, KH, KW, [&](int64_t o, int64_t c, int64_t kh, int64_t kw) { return w[((o * C + c) * KH + kh) * KW + kw]; },
                                 *packed_);
  }
  void pack_turned() {
    packed_ = std::make_unique<Scratch<T>>(weights());
    conv_detail::pack_weights<T>(C, O, KH, KW, [&](int64_t c, int64_t o, int64_t kh, int64_t kw) {
      return w[((o * C + c) * KH + KH - 1 - kh) * KW + KW - 1 - kw];
    }, *packed_);
  }

  int64_t weights() const { return O * C * KH * KW; }
  int64_t frame() const { return C * in.HP * in.WP * LANES<T>; }  // numbers in the frame of a block's input
  int64_t outputs() const { return O * PH * PW; }
  int64_t places() const { return pool > 1 ? outputs() * LANES<T> : 0; }
  int64_t pixels() const { return PH * PW * LANES<T>; }  // numbers of a channel that comes out
  Channels all() const { return {0, O}; }

  // The channels `own`. y: the first pixel of the first one's outputs, at distances of a frame's channels and rows; place: of all channels
  void forward(const T* x, T* y, int64_t y_channel, int64_t y_row, uint8_t* place, Channels own) const {
    with_activation(activation, [&]<class A, class D>() {
      const auto run = pool > 1 ? &Stage::run<A, 2> : &Stage::run<A, 1>;
      (this->*run)(x, y, y_channel, y_row, place, own);
    });
  }

  // dw, db of a block, and dx (C, H, W, LANES) where it is wanted, from dy (O, PH, PW, LANES) and the outputs y. The channels
  // `own`, which are all where dx is wanted: dy and y begin with the first one, place, dw and db are those of all
  void backward(const T* x, const T* y, int64_t y_channel, int64_t y_row, const uint8_t* place, const T* dy, T* dw, T* db, T* dx, int64_t dx_lanes,
                int lanes, Channels own) const {
    const Frame f = dx ? out : Frame{OH, OW};
    const int64_t together = dx ? O : std::min<int64_t>(O, 4), size = f.HP * f.WP * LANES<T>;
    Scratch<T> spread(together * size);
    for (int64_t o = 0; o < together; ++o)  // rows above and below the pixels are never read
      surround<T>(spread + o * size + f.top * f.WP * LANES<T>, 1, {OH, f.WP, 0, f.left}, pool * PH, pool * PW);
    for (int64_t o = own.begin; o < own.end; o += together) {
      const int64_t count = std::min(together, own.end - o);
      with_activation(activation, [&]<class A, class D>() {
        const auto run = pool > 1 ? &Stage::spread_out<D, 2> : &Stage::spread_out<D, 1>;
        const int64_t at = o - own.begin;
        (this->*run)(count, y + at * y_channel, y_channel, y_row, place + o * pixels(), dy + at * pixels(), f, spread, db + o);
      });
      conv_detail::weight_sums<T>(x, in, spread, f, count, C, KH, KW, OH, OW, v, dw + o * C * KH * KW);
    }
    if (!dx) return;
    conv_detail::Walk s{O, KH, KW, f.HP * f.WP * LANES<T>, v.dilation_h * f.WP * LANES<T>, v.dilation_w * LANES<T>, LANES<T>, v.dilation_h};
    s.left = f.left * LANES<T>, s.right = (f.left + OW) * LANES<T>;
    conv_detail::block<T>(spread, f, s, out_rows_.data(), 1, C, *packed_, nullptr, dx, {H * W * dx_lanes, W * dx_lanes, dx_lanes, W}, lanes,
                          0, H);
  }

  const int64_t C, H, W, O, KH, KW, OH, OW, PH, PW, pool;
  const Activation activation;
  const Convolution v;
  const T *const w, *const b;
  const Frame in, out;  // of the input, and of the convolution's cotangent as its gradient with respect to x reads it

 private:
  template <int POOL> static Vec<T> winner(const T* window, int64_t row_size, uint8_t* place) {
    if constexpr (POOL == 1) return load(window);
    const auto [best, which] = greatest<T>(load(window), load(window + LANES<T>), load(window + row_size), load(window + row_size + LANES<T>));
    store_bytes<T>(place, which);
    return best;
  }

  template <class A, int POOL>
  void run(const T* x, T* y, int64_t y_channel, int64_t y_row, uint8_t* place, Channels own) const {
    using namespace conv_detail;
    constexpr int L = LANES<T>;
    const Walk s{C, KH, KW, in.HP * in.WP * L, v.dilation_h * in.WP * L, v.dilation_w * L, L, v.dilation_h};
    const int64_t columns = POOL * PW, row_size = columns * L;
    Scratch<T> rows(TILES[0] * POOL * row_size);
    for (int64_t ph = 0; ph < PH; ++ph)
      for_tiles(own.count(), [&](int64_t first, auto t) {
        const int64_t o = own.begin + first;
        for (int r = 0; r < POOL; ++r) {
          const int64_t top = POOL * ph + r;
          Walk walk = s;
          walk.rows = in_rows_.data() + top;
          row<T, t, pixels_for(t)>(x + top * in.WP * L, walk, *packed_ + o * C * KH * KW, b ? b + o : nullptr, rows + r * row_size, POOL * row_size,
                                   L, L, columns);
        }
        for (int64_t i = 0; i < t; ++i) {
          T* to = y + (first + i) * y_channel + ph * y_row;
          const T* from = rows + POOL * i * row_size;
          uint8_t* won = place + ((o + i) * PH + ph) * PW * L;
          for (int64_t pw = 0; pw < columns / POOL; ++pw)  // in a local, for the compiler takes PW for what a store may change
            store(to + pw * L, A::template of<T>(winner<POOL>(from + POOL * pw * L, row_size, won + pw * L)));
        }
      });
  }

  template <class D, int POOL>
  void spread_out(int64_t count, const T* y, int64_t y_channel, int64_t y_row, const uint8_t* place, const T* dy, Frame f, T* spread, T* db) const {
    constexpr int L = LANES<T>;
    for (int64_t o = 0; o < count; ++o) {
      Vec<T> total = {};
      for (int64_t ph = 0; ph < PH; ++ph) {
        const int64_t at = (o * PH + ph) * PW * L, row_size = f.WP * L, columns = PW;  // in a local, as above
        const T *given = dy + at, *value = y + o * y_channel + ph * y_row;
        const uint8_t* won = place + at;
        T* to = spread + ((o * f.HP + f.top + POOL * ph) * f.WP + f.left) * L;
        for (int64_t pw = 0; pw < columns; ++pw, given += L, value += L, won += L, to += POOL * L) {
          const Vec<T> d = D::template of<T>(load(given), load(value));
          total += d;
          Mask<T> which = {};
          if constexpr (POOL > 1) which = load_bytes<T>(won);
#pragma GCC unroll 4
          for (int k = 0; k < POOL * POOL; ++k)
            store(to + k / POOL * row_size + k % POOL * L, POOL > 1 ? select<T>(which == k, d, Vec<T>{}) : d);
        }
      }
      db[o] = sum<T>(total);
    }
  }

  const std::vector<char> in_rows_, out_rows_;
  std::unique_ptr<Scratch<T>> packed_;
};

// What is kept of a block between forward and backward: frames of the inputs of all stages but the first, and the winners' places.
template <class T> struct Kept {
  int64_t frames = 0, places = 0;
  explicit Kept(const std::vector<Stage<T>>& stages) {
    for (size_t s = 0; s < stages.size(); ++s) frames += s ? stages[s].frame() : 0, places += stages[s].places();
  }
};

// Into how many parts the channels of one stage are cut, for 16 tasks or more; the first channel of a part is that of a tile.
template <class T> int64_t parts(const std::vector<Stage<T>>& stages, int64_t N) {
  const int64_t blocks = (N + LANES<T> - 1) / LANES<T>, tiles = stages[0].O / conv_detail::TILES[0];
  return stages.size() > 1 || blocks == 0 ? 1 : std::clamp<int64_t>(16 / blocks, 1, std::max<int64_t>(1, tiles));
}
inline Channels channels(int64_t part, int64_t parts, int64_t O) {
  const auto first = [&](int64_t p) { return p == parts ? O : p * (O / conv_detail::TILES[0]) / parts * conv_detail::TILES[0]; };
  return {first(part), first(part + 1)};
}

// y (N, O · PH · PW), row by row, of the last stage
template <class T> void stages(const Images<T>& x, std::vector<Stage<T>>& stages, T* y, T* frames, uint8_t* places) {
  constexpr int L = LANES<T>;
  const Kept<T> kept(stages);
  for (auto& s : stages) s.pack();
  const int64_t cut = parts(stages, x.N);
  for_blocks<T>(x.N, cut, [&](int64_t n0, int lanes, int64_t b, int64_t part) {
    const Stage<T>&first = stages.front(), &last = stages.back();
    const Channels own = channels(part, cut, last.O);
    const int64_t outputs = own.count() * last.PH * last.PW;
    Scratch<T> input(first.frame()), output(outputs * L);
    gather<T>(x, n0, lanes, 0, x.C, first.in, input);
    if (lanes < L) clear_lanes<T>(input, first.frame() / L, lanes);
    const T* in = input;
    T* frame = frames + b * kept.frames;
    uint8_t* place = places + b * kept.places;
    for (size_t i = 0; i < stages.size(); ++i) {
      const Stage<T>& s = stages[i];
      if (&s == &last) {
        s.forward(in, output, s.pixels(), s.PW * L, place, own);
      } else {
        const Frame f = stages[i + 1].in;
        surround<T>(frame, s.O, f, s.PH, s.PW);
        s.forward(in, frame + (f.top * f.WP + f.left) * L, f.HP * f.WP * L, f.WP * L, place, s.all());
        in = frame, frame += stages[i + 1].frame();
      }
      place += s.places();
    }
    T* to = y + n0 * last.outputs() + own.begin * last.PH * last.PW;
    for (int64_t i = 0; i < outputs; i += L) {
      const int rows = int(std::min<int64_t>(L, outputs - i));
      transpose_block<T>(output + i * L, L, to + i, last.outputs(), rows, lanes, rows);
    }
  });
}

// dx (C, H, W, N) in memory, or none; for every stage dw and db one after the other in `gradients`
template <class T>
void stages_grad(const Images<T>& x, std::vector<Stage<T>>& stages, const Images<T>& y, const Images<T>& dy, const T* frames, const uint8_t* places, T* dx,
                 T* gradients) {
  constexpr int L = LANES<T>;
  const Kept<T> kept(stages);
  const int64_t blocks = (x.N + L - 1) / L;
  int64_t size = 0;
  for (auto& s : stages) size += s.weights() + s.O;
  for (size_t i = 0; i < stages.size(); ++i)
    if (i || dx) stages[i].pack_turned();
  Scratch<T> partial(blocks * size);
  const int64_t cut = dx ? 1 : parts(stages, x.N);
  for_blocks<T>(x.N, cut, [&](int64_t n0, int lanes, int64_t b, int64_t part) {
    const Stage<T>&first = stages.front(), &last = stages.back();
    const Channels own = channels(part, cut, last.O);
    const int64_t outputs = own.count() * last.PH * last.PW;
    Scratch<T> input(first.frame()), output(outputs * L);
    gather<T>(x, n0, lanes, 0, x.C, first.in, input);
    gather<T>(y, n0, lanes, own.begin, own.count(), {y.H, y.W}, output);
    auto cotangent = std::make_unique<Scratch<T>>(outputs * L);
    gather<T>(dy, n0, lanes, own.begin, own.count(), {dy.H, dy.W}, *cotangent);
    if (lanes < L) {
      clear_lanes<T>(input, first.frame() / L, lanes);
      clear_lanes<T>(output, outputs, lanes);
      clear_lanes<T>(*cotangent, outputs, lanes);
    }
    const T *value = output, *frame = frames + (b + 1) * kept.frames;
    const uint8_t* place = places + (b + 1) * kept.places;
    T* gradient = partial + (b + 1) * size;
    for (size_t i = stages.size(); i-- > 0;) {
      const Stage<T>& s = stages[i];
      const Frame f = &s == &last ? Frame{s.PH, s.PW} : stages[i + 1].in;
      frame -= i ? s.frame() : 0, place -= s.places(), gradient -= s.weights() + s.O;
      auto d = std::make_unique<Scratch<T>>(i ? s.C * s.H * s.W * L : 0);
      s.backward(i ? frame : input + 0, value + (f.top * f.WP + f.left) * L, f.HP * f.WP * L, f.WP * L, place, *cotangent, gradient,
                 gradient + s.weights(), i ? *d + 0 : dx ? dx + n0 : nullptr, i ? L : x.N, i ? L : lanes, &s == &last ? own : s.all());
      cotangent = std::move(d), value = frame;
    }
  });
  conv_detail::add_up<T>(partial, blocks, size, gradients);
}

}  // namespace chainrule
