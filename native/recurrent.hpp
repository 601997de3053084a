// All time steps of one recurrent layer in one direction, forward and backward: ops/recurrent.py has the equations.
//   hs and cs (T + 1, N, H): h and c before and after every step, the initial state in front (or behind, in reverse order)
//   gates (T, N, G·H): the projections of x on entry, the activations of the gates on return;  w_hh (G·H, H)
//
// What a step multiplies by all others do too: w_hh is packed once, if there is more than one. Rows of a batch never meet, so a task
// takes BLOCK of them through all steps: no thread waits for another, and the rows' products and states stay in its cache, where the
// gates are computed right after the product. A small batch is one task, and so is a single step; there the product shares its columns
// among the threads, each reading its half of w_hh from its own cache. What is a sum over time (dw_ih, dw_hh, db, dx) is no business of
// the loop: one product of all T·N rows, before or after it. On one Zen 5 core (limit 232 GFLOP/s in float32), of an LSTM, gates included: N = 64, D = H = 256 at
// 176 forward and 183 backward; N = 100, H = 100 at 124 and 115.
#pragma once

#include "dense.hpp"
#include "elementwise.hpp"

namespace chainrule {

constexpr int64_t BLOCK = 32;  // rows of a task

struct Steps {
  int64_t T, N, H;
  const int64_t* lengths;  // (N), from 1 to T, or none
  bool reverse;
  int64_t time(int64_t step) const { return reverse ? T - 1 - step : step; }
  int64_t after(int64_t t) const { return (reverse ? t : t + 1) * N; }  // rows of hs and cs
  int64_t before(int64_t t) const { return (reverse ? t + 1 : t) * N; }
  bool alive(int64_t t, int64_t n) const { return !lengths || t < lengths[n]; }
};

// One row of one step, H numbers each and G·H in gates, gh, dgx and dgh. In `more` an LSTM keeps c, a GRU its h·w_hnᵀ + b_hn.
template <class T> struct Row {
  int64_t H;
  T* gates;
  const T* gh;
  const T *h_before, *more_before;
  T *h, *more;
};

template <class T> struct RowGrad {
  Row<T> row;
  const T* dy;  // or none
  T *dh, *dc, *dgx, *dgh;  // dh: on entry that of h, on return what reaches h before by other ways than gh
  Vec<T> dh_at(int64_t j, int n) const { return load_lanes(dh + j, n) + (dy ? load_lanes(dy + j, n) : Vec<T>{}); }
};

struct Lstm {
  static constexpr int G = 4;
  static constexpr bool MORE = true, SAME = true;  // SAME: dgx = dgh

  template <class T> static void step(const Row<T>& r) {
    vectors<T>(0, r.H, [&](int64_t j, int n) {
      const auto z = [&](int g) { return load_lanes(r.gates + g * r.H + j, n) + load_lanes(r.gh + g * r.H + j, n); };
      const Vec<T> gates[G] = {sigmoid<T>(z(0)), sigmoid<T>(z(1)), tanh<T>(z(2)), sigmoid<T>(z(3))};
      const auto& [i, f, g, o] = gates;
      const Vec<T> c = f * load_lanes(r.more_before + j, n) + i * g;
      for (int k = 0; k < G; ++k) store_lanes(r.gates + k * r.H + j, gates[k], n);
      store_lanes(r.more + j, c, n);
      store_lanes(r.h + j, o * tanh<T>(c), n);
    });
  }

  template <class T> static void step_grad(const RowGrad<T>& d) {
    const Row<T>& r = d.row;
    vectors<T>(0, r.H, [&](int64_t j, int n) {
      const auto gate = [&](int g) { return load_lanes(r.gates + g * r.H + j, n); };
      const Vec<T> one = splat(T(1)), i = gate(0), f = gate(1), g = gate(2), o = gate(3);
      const Vec<T> dh = d.dh_at(j, n), shown = tanh<T>(load_lanes(r.more + j, n));
      const Vec<T> dc = load_lanes(d.dc + j, n) + dh * o * (one - shown * shown);
      const Vec<T> dz[G] = {dc * g * i * (one - i), dc * load_lanes(r.more_before + j, n) * f * (one - f),
                            dc * i * (one - g * g), dh * shown * o * (one - o)};
      for (int k = 0; k < G; ++k) store_lanes(d.dgx + k * r.H + j, dz[k], n);
      store_lanes(d.dc + j, dc * f, n);
      store_lanes(d.dh + j, Vec<T>{}, n);
    });
  }
};

struct Gru {
  static constexpr int G = 3;
  static constexpr bool MORE = true, SAME = false;

  template <class T> static void step(const Row<T>& row) {
    vectors<T>(0, row.H, [&](int64_t j, int lanes) {
      const auto x = [&](int g) { return load_lanes(row.gates + g * row.H + j, lanes); };
      const auto h = [&](int g) { return load_lanes(row.gh + g * row.H + j, lanes); };
      const Vec<T> r = sigmoid<T>(x(0) + h(0)), z = sigmoid<T>(x(1) + h(1)), hn = h(2), n = tanh<T>(x(2) + r * hn);
      store_lanes(row.gates + j, r, lanes);
      store_lanes(row.gates + row.H + j, z, lanes);
      store_lanes(row.gates + 2 * row.H + j, n, lanes);
      store_lanes(row.more + j, hn, lanes);
      store_lanes(row.h + j, (splat(T(1)) - z) * n + z * load_lanes(row.h_before + j, lanes), lanes);
    });
  }

  template <class T> static void step_grad(const RowGrad<T>& d) {
    const Row<T>& row = d.row;
    vectors<T>(0, row.H, [&](int64_t j, int lanes) {
      const auto gate = [&](int g) { return load_lanes(row.gates + g * row.H + j, lanes); };
      const Vec<T> one = splat(T(1)), r = gate(0), z = gate(1), n = gate(2), dh = d.dh_at(j, lanes);
      const Vec<T> dan = dh * (one - z) * (one - n * n);
      const Vec<T> dar = dan * load_lanes(row.more + j, lanes) * r * (one - r);
      const Vec<T> daz = dh * (load_lanes(row.h_before + j, lanes) - n) * z * (one - z);
      const Vec<T> dx[G] = {dar, daz, dan}, dhh[G] = {dar, daz, dan * r};
      for (int k = 0; k < G; ++k) store_lanes(d.dgx + k * row.H + j, dx[k], lanes);
      for (int k = 0; k < G; ++k) store_lanes(d.dgh + k * row.H + j, dhh[k], lanes);
      store_lanes(d.dh + j, dh * z, lanes);
    });
  }
};

// F, and its derivative by its value
template <class F, class D> struct Rnn {
  static constexpr int G = 1;
  static constexpr bool MORE = false, SAME = true;

  template <class T> static void step(const Row<T>& r) {
    vectors<T>(0, r.H, [&](int64_t j, int n) {
      store_lanes(r.h + j, F::template of<T>(load_lanes(r.gates + j, n) + load_lanes(r.gh + j, n)), n);
    });
  }

  template <class T> static void step_grad(const RowGrad<T>& d) {
    vectors<T>(0, d.row.H, [&](int64_t j, int n) {
      store_lanes(d.dgx + j, D::template of<T>(d.dh_at(j, n), load_lanes(d.row.h + j, n)), n);
      store_lanes(d.dh + j, Vec<T>{}, n);
    });
  }
};

// Ask for a row that the next step reads: rows of one batch are too short for the processor to see it coming.
template <class T> void prefetch(const T* p, int64_t n) {
  for (int64_t i = 0; p && i < n; i += 64 / int64_t(sizeof(T))) __builtin_prefetch(p + i, 0, 2);
}

// f(first row, end) for blocks of the batch, of nearly equal size: two at least, unless it is small
template <class F> void for_blocks_of_rows(int64_t N, F&& f) {
  const int64_t blocks = std::max<int64_t>((N + BLOCK - 1) / BLOCK, N < BLOCK / 2 ? 1 : 2), rows = (N + blocks - 1) / blocks;
  parallel_for(blocks, [&](int64_t i) { f(std::min(i * rows, N), std::min((i + 1) * rows, N)); });
}

// f(first row, end) for the rows of a single step, whose product is done
template <class F> void for_rows_of_step(int64_t N, int64_t GH, F&& f) { parallel_ranges(N, std::max<int64_t>(1, 2048 / (GH + 1)), f); }

// What one layer reads and writes, row by row; y where it is not hs itself: with lengths, 0 past the end.
template <class T> struct Layer {
  Steps s;
  T *gates, *hs, *more, *y;
  const T *w_hh, *b_hh;

  Row<T> row(int64_t t, int64_t n, int G, const T* gh) const {
    const int64_t H = s.H, a = (s.after(t) + n) * H, b = (s.before(t) + n) * H;
    return {H, gates + (t * s.N + n) * G * H, gh, hs + b, more ? more + b : nullptr, hs + a, more ? more + a : nullptr};
  }
};

template <class Cell, class T> void recurrent(const Layer<T>& layer) {
  const Steps& s = layer.s;
  const int64_t N = s.N, H = s.H, GH = Cell::G * H;
  // The rows from begin to end of one step, after their products gh
  const auto activate = [&](int64_t step, int64_t begin, int64_t end, const T* gh) {
    const int64_t t = s.time(step);
    for (int64_t n = begin; n < end; ++n) {
      const Row<T> row = layer.row(t, n, Cell::G, gh + (n - begin) * GH);
      const bool alive = s.alive(t, n);
      if (step + 1 < s.T) prefetch(layer.gates + (s.time(step + 1) * N + n) * GH, GH);
      if (alive) Cell::step(row);
      else std::copy_n(row.h_before, H, row.h);
      if (!alive && Cell::MORE) std::copy_n(row.more_before, H, row.more);
      if (!layer.y) continue;
      if (alive) std::copy_n(row.h, H, layer.y + (t * N + n) * H);
      else std::fill_n(layer.y + (t * N + n) * H, H, T(0));
    }
  };
  if (s.T == 1) {
    Scratch<T> gh(N * GH);
    linear<T>(N, GH, H, {layer.hs + s.before(0) * H, H, 1}, {layer.w_hh, H, 1}, layer.b_hh, gh);
    return for_rows_of_step(N, GH, [&](int64_t begin, int64_t end) { activate(0, begin, end, gh + begin * GH); });
  }
  const Packed<T> w(H, GH, {layer.w_hh, 1, H});
  for_blocks_of_rows(N, [&](int64_t begin, int64_t end) {
    Scratch<T> gh((end - begin) * GH);
    for (int64_t step = 0; step < s.T; ++step) {
      multiply<T>(end - begin, {layer.hs + (s.before(s.time(step)) + begin) * H, H, 1}, w, gh, GH, false, layer.b_hh);
      activate(step, begin, end, gh);
    }
  });
}

// dh and dc (N, H): those of the last state on entry, of the first on return; dgx and dgh (T, N, G·H) the same where the cell says so.
template <class Cell, class T> void recurrent_grad(const Layer<T>& layer, const T* dy, T* dh, T* dc, T* dgx, T* dgh) {
  const Steps& s = layer.s;
  const int64_t N = s.N, H = s.H, GH = Cell::G * H;
  const Matrix<T> w_hh{layer.w_hh, H, 1};
  // The rows from begin to end of one step, before their products
  const auto through_gates = [&](int64_t step, int64_t begin, int64_t end) {
    [[maybe_unused]] const NoDenormals fast;
    const int64_t t = s.time(step);
    for (int64_t n = begin; n < end; ++n) {
      const int64_t i = t * N + n;
      if (step > 0) {
        const int64_t next = s.time(step - 1) * N + n;
        prefetch(layer.gates + next * GH, GH);
        prefetch(dy ? dy + next * H : nullptr, H);
        prefetch(layer.row(s.time(step - 1), n, Cell::G, nullptr).more_before, H);
      }
      if (s.alive(t, n)) {
        Cell::step_grad(RowGrad<T>{layer.row(t, n, Cell::G, nullptr), dy ? dy + i * H : nullptr, dh + n * H, dc + n * H, dgx + i * GH,
                                   dgh + i * GH});
        continue;
      }
      std::fill_n(dgx + i * GH, GH, T(0));  // a state that was only kept hands its cotangent on
      std::fill_n(dgh + i * GH, GH, T(0));
    }
  };
  if (s.T == 1) {
    for_rows_of_step(N, GH, [&](int64_t begin, int64_t end) { through_gates(0, begin, end); });
    return multiply<T>(N, H, GH, {dgh, GH, 1}, w_hh, dh, H, true);
  }
  const Packed<T> w(GH, H, w_hh);
  for_blocks_of_rows(N, [&](int64_t begin, int64_t end) {
    [[maybe_unused]] const NoDenormals fast;
    for (int64_t step = s.T - 1; step >= 0; --step) {
      through_gates(step, begin, end);
      multiply<T>(end - begin, {dgh + (s.time(step) * N + begin) * GH, GH, 1}, w, dh + begin * H, H, true);
    }
  });
}

}  // namespace chainrule
