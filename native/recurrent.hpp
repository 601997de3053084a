// All time steps of one recurrent layer in one direction, forward and backward: ops/recurrent.py has the equations.
//   hs and cs (T + 1, N, H): h and c before and after every step, the initial state in front (or behind, in reverse order)
//   gates (T, N, G·H): the projections of x on entry, the activations of the gates on return;  w_hh (G·H, H)
//
// What a step multiplies by all others hold too: w_hh is packed once. There are two ways to share the work:
//   by rows: rows of a batch never meet, so a task takes BLOCK of them through all steps, and no thread waits for another;
//   by units: of a small batch, or where w_hh is too large for a cache, a thread takes a part of the units through all rows of a step. It
//     reads its part of w_hh from its own cache; all wait for each other once a step.
// The gates are computed right after the product, whose result is still in the cache. What is a sum over time (dw_ih, dw_hh, db, dx) is no
// business of the loop: one product of all T·N rows, before or after it. No sum depends on how the work is shared. On one Zen 5 core (limit
// 232 GFLOP/s in float32), of an LSTM, gates included: N = 64, D = H = 256 at 176 forward and 183 backward; N = 100, H = 100 at 124 and 115.
#pragma once

#include <deque>
#include <optional>
#include <tuple>

#include "elementwise.hpp"
#include "gemm.hpp"

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

namespace chainrule {

constexpr int64_t BLOCK = 32;             // rows of a task
constexpr int64_t CACHE = 768 << 10;      // bytes of w_hh that stay in a core's cache beside a block of rows
constexpr int64_t FEWEST_UNITS = 32;      // and multiplications in a step that are worth a thread's waiting
constexpr int64_t LEAST_WORK = 131072;

// While it lives, denormal numbers are 0 for this thread. A gradient that vanishes on its way back, as that of an LSTM over 200 steps
// may, spends most of the way among them (below 1.2e-38 in float32), where x86 processors take many times as long: the training step
// of an LSTM of two layers, T = 200, N = H = 100, took 1.4 s of a core, and takes 0.4 s.
class NoDenormals {
#ifdef __SSE2__
 public:
  NoDenormals() { _mm_setcsr(saved_ | 0x8040); }  // flush to zero, denormals are zero
  ~NoDenormals() { _mm_setcsr(saved_); }
  NoDenormals(const NoDenormals&) = delete;
  NoDenormals& operator=(const NoDenormals&) = delete;

 private:
  const unsigned saved_ = _mm_getcsr();
#endif
};

struct Steps {
  int64_t T, N, H;
  const int64_t* lengths;  // (N), from 1 to T, or none
  bool reverse;
  int64_t time(int64_t step) const { return reverse ? T - 1 - step : step; }
  int64_t after(int64_t t) const { return (reverse ? t : t + 1) * N; }  // rows of hs and cs
  int64_t before(int64_t t) const { return (reverse ? t + 1 : t) * N; }
  bool alive(int64_t t, int64_t n) const { return !lengths || t < lengths[n]; }
};

struct Units {
  int64_t begin, end;
};

// Units of one row of one step; a row has H numbers, and G·H in gates, dgx and dgh. In `more` an LSTM keeps c, a GRU its h·w_hnᵀ + b_hn.
template <class T> struct Row {
  int64_t H;
  Units units;
  T* gates;
  const T* gh;  // of these units alone, gate by gate
  const T *h_before, *more_before;
  T *h, *more;
  Vec<T> gate(int g, int64_t j, int n) const { return load_lanes(gates + g * H + j, n); }
  Vec<T> product(int g, int64_t j, int n) const { return load_lanes(gh + g * (units.end - units.begin) + j - units.begin, n); }
};

template <class T> struct RowGrad {
  Row<T> row;
  const T* dy;  // or none
  T *dh, *dc, *dgx, *dgh;  // dh: on entry that of h, on return what reaches h before by other ways than gh
  Vec<T> dh_at(int64_t j, int n) const { return load_lanes(dh + j, n) + (dy ? load_lanes(dy + j, n) : Vec<T>{}); }
};

// f(j, n) for every vector of these units: n lanes from j on.
template <class T, class F> void for_vectors(Units units, F&& f) {
  int64_t j = units.begin;
  for (; j + LANES<T> <= units.end; j += LANES<T>) f(j, LANES<T>);
  if (j < units.end) f(j, int(units.end - j));
}

struct Lstm {
  static constexpr int G = 4;
  static constexpr bool MORE = true, SAME = true;  // SAME: dgx = dgh

  template <class T> static void step(const Row<T>& r) {
    for_vectors<T>(r.units, [&](int64_t j, int n) {
      const auto z = [&](int g) { return r.gate(g, j, n) + r.product(g, j, n); };
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
    for_vectors<T>(r.units, [&](int64_t j, int n) {
      const Vec<T> one = splat(T(1)), i = r.gate(0, j, n), f = r.gate(1, j, n), g = r.gate(2, j, n), o = r.gate(3, j, n);
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
    for_vectors<T>(row.units, [&](int64_t j, int lanes) {
      const auto x = [&](int g) { return row.gate(g, j, lanes); };
      const auto h = [&](int g) { return row.product(g, j, lanes); };
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
    for_vectors<T>(row.units, [&](int64_t j, int lanes) {
      const Vec<T> one = splat(T(1)), r = row.gate(0, j, lanes), z = row.gate(1, j, lanes), n = row.gate(2, j, lanes);
      const Vec<T> dh = d.dh_at(j, lanes);
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
    for_vectors<T>(r.units, [&](int64_t j, int n) {
      store_lanes(r.h + j, F::template of<T>(r.gate(0, j, n) + r.product(0, j, n)), n);
    });
  }

  template <class T> static void step_grad(const RowGrad<T>& d) {
    for_vectors<T>(d.row.units, [&](int64_t j, int n) {
      store_lanes(d.dgx + j, D::template of<T>(d.dh_at(j, n), load_lanes(d.row.h + j, n)), n);
      store_lanes(d.dh + j, Vec<T>{}, n);
    });
  }
};

// Ask for a row that the next step reads: rows of one batch are too short for the processor to see it coming.
template <class T> void prefetch(const T* p, int64_t n) {
  for (int64_t i = 0; p && i < n; i += 64 / int64_t(sizeof(T))) __builtin_prefetch(p + i, 0, 2);
}

// f(first row, end) for blocks of the batch, of nearly equal size
template <class F> void for_blocks_of_rows(int64_t N, F&& f) {
  const int64_t blocks = (N + BLOCK - 1) / BLOCK, rows = blocks ? (N + blocks - 1) / blocks : 0;
  parallel_for(blocks, [&](int64_t i) { f(std::min(i * rows, N), std::min((i + 1) * rows, N)); });
}

// What one layer reads and writes, row by row; y where it is not hs itself: with lengths, 0 past the end.
template <class T> struct Layer {
  Steps s;
  T *gates, *hs, *more, *y;
  const T *w_hh, *b_hh;

  Row<T> row(int64_t t, int64_t n, int G, Units units, const T* gh) const {
    const int64_t H = s.H, a = (s.after(t) + n) * H, b = (s.before(t) + n) * H;
    return {H, units, gates + (t * s.N + n) * G * H, gh, hs + b, more ? more + b : nullptr, hs + a, more ? more + a : nullptr};
  }
  bool by_rows(int G) const { return s.N > BLOCK && G * s.H * s.H * int64_t(sizeof(T)) <= CACHE; }
};

// f(units) for a part of the units for each thread, in whole vectors
template <class T, class F> void for_parts_of_units(const Steps& s, int G, F&& f) {
  const int64_t H = s.H, vectors = (H + LANES<T> - 1) / LANES<T>;
  const int64_t parts = std::clamp<int64_t>(std::min(H / FEWEST_UNITS, s.N * G * H * H / LEAST_WORK), 1, get_num_threads());
  for (int64_t i = 0; i < parts; ++i)
    f(Units{vectors * i / parts * LANES<T>, std::min(H, vectors * (i + 1) / parts * LANES<T>)});
}

// Units of all rows from `begin` to `end` in step t, whose products with w_hh are in gh.
template <class Cell, class T> void advance(const Layer<T>& layer, int64_t step, int64_t begin, int64_t end, Units units, const T* gh) {
  const Steps& s = layer.s;
  const int64_t t = s.time(step), H = s.H, count = units.end - units.begin;
  const auto keep = [&](const T* from, T* to) { std::copy(from + units.begin, from + units.end, to + units.begin); };
  for (int64_t n = begin; n < end; ++n) {
    const Row<T> row = layer.row(t, n, Cell::G, units, gh + (n - begin) * Cell::G * count);
    const bool alive = s.alive(t, n);
    if (step + 1 < s.T)
      for (int g = 0; g < Cell::G; ++g) prefetch(layer.gates + ((s.time(step + 1) * s.N + n) * Cell::G + g) * H + units.begin, count);
    if (alive) Cell::step(row);
    else keep(row.h_before, row.h);
    if (!alive && Cell::MORE) keep(row.more_before, row.more);
    if (!layer.y) continue;
    T* const y = layer.y + (t * s.N + n) * H;
    if (alive) keep(row.h, y);
    else std::fill(y + units.begin, y + units.end, T(0));
  }
}

template <class Cell, class T> void recurrent_by_rows(const Layer<T>& layer) {
  const Steps& s = layer.s;
  const int64_t H = s.H, GH = Cell::G * H;
  const Packed<T> w(H, GH, {layer.w_hh, 1, H});
  for_blocks_of_rows(s.N, [&](int64_t begin, int64_t end) {
    Scratch<T> gh((end - begin) * GH);
    for (int64_t step = 0; step < s.T; ++step) {
      multiply<T>(end - begin, {layer.hs + (s.before(s.time(step)) + begin) * H, H, 1}, w, gh, GH, false, layer.b_hh, 1);
      advance<Cell, T>(layer, step, begin, end, {0, H}, gh);
    }
  });
}

// w_hh's rows of some units, gate by gate, and b_hh alike.
template <class T> struct UnitsShare {
  Units units;
  Scratch<T> gh, w, b;
  std::optional<Packed<T>> packed;
  UnitsShare(const Layer<T>& layer, int G, Units units)
      : units(units), gh(layer.s.N * G * size()), w(G * size() * layer.s.H), b(G * size()) {
    const int64_t H = layer.s.H;
    for (int g = 0; g < G; ++g) {
      std::copy_n(layer.w_hh + (g * H + units.begin) * H, size() * H, w + g * size() * H);
      if (layer.b_hh) std::copy_n(layer.b_hh + g * H + units.begin, size(), b + g * size());
    }
    packed.emplace(H, G * size(), Matrix<T>{w, 1, H});
  }
  int64_t size() const { return units.end - units.begin; }
};

template <class Cell, class T> void recurrent_by_units(const Layer<T>& layer) {
  const Steps& s = layer.s;
  std::deque<UnitsShare<T>> shares;
  for_parts_of_units<T>(s, Cell::G, [&](Units units) { shares.emplace_back(layer, Cell::G, units); });
  for (int64_t step = 0; step < s.T; ++step)
    parallel_for(int64_t(shares.size()), [&](int64_t i) {
      const UnitsShare<T>& share = shares[size_t(i)];
      multiply<T>(s.N, {layer.hs + s.before(s.time(step)) * s.H, s.H, 1}, *share.packed, share.gh, Cell::G * share.size(), false,
                  layer.b_hh ? share.b + 0 : nullptr, 1);
      advance<Cell, T>(layer, step, 0, s.N, share.units, share.gh);
    });
}

template <class Cell, class T> void recurrent(const Layer<T>& layer) {
  layer.by_rows(Cell::G) ? recurrent_by_rows<Cell, T>(layer) : recurrent_by_units<Cell, T>(layer);
}

// The cotangents: dh and dc (N, H) those of the last state on entry, of the first on return; dgx and dgh (T, N, G·H) the same where the
// cell says so.
template <class T> struct Cotangents {
  const T* dy;  // or none
  T *dh, *dc, *dgx, *dgh;
};

// Units of all rows from `begin` to `end` back through step t, but for what its product with w_hh hands to h before.
template <class Cell, class T>
void retreat(const Layer<T>& layer, const Cotangents<T>& d, int64_t step, int64_t begin, int64_t end, Units units) {
  const Steps& s = layer.s;
  const int64_t t = s.time(step), H = s.H, GH = Cell::G * H, count = units.end - units.begin;
  for (int64_t n = begin; n < end; ++n) {
    const int64_t i = t * s.N + n;
    if (step > 0) {
      const int64_t next = s.time(step - 1) * s.N + n;
      for (int g = 0; g < Cell::G; ++g) prefetch(layer.gates + next * GH + g * H + units.begin, count);
      prefetch(d.dy ? d.dy + next * H + units.begin : nullptr, count);
      if (Cell::MORE) prefetch(layer.row(s.time(step - 1), n, Cell::G, units, nullptr).more_before + units.begin, count);
    }
    if (s.alive(t, n)) {
      Cell::step_grad(RowGrad<T>{layer.row(t, n, Cell::G, units, nullptr), d.dy ? d.dy + i * H : nullptr, d.dh + n * H, d.dc + n * H,
                                 d.dgx + i * GH, d.dgh + i * GH});
      continue;
    }
    for (T* dg : {d.dgx, d.dgh})  // a state that was only kept hands its cotangent on
      for (int g = 0; g < Cell::G; ++g) std::fill_n(dg + i * GH + g * H + units.begin, count, T(0));
  }
}

template <class Cell, class T> void recurrent_grad_by_rows(const Layer<T>& layer, const Cotangents<T>& d) {
  const Steps& s = layer.s;
  const int64_t N = s.N, H = s.H, GH = Cell::G * H;
  const Packed<T> w(GH, H, {layer.w_hh, H, 1});
  for_blocks_of_rows(N, [&](int64_t begin, int64_t end) {
    [[maybe_unused]] const NoDenormals fast;
    for (int64_t step = s.T - 1; step >= 0; --step) {
      retreat<Cell, T>(layer, d, step, begin, end, {0, H});
      multiply<T>(end - begin, {d.dgh + (s.time(step) * N + begin) * GH, GH, 1}, w, d.dh + begin * H, H, true, nullptr, 1);
    }
  });
}

template <class Cell, class T> void recurrent_grad_by_units(const Layer<T>& layer, const Cotangents<T>& d) {
  const Steps& s = layer.s;
  const int64_t N = s.N, H = s.H, GH = Cell::G * H;
  std::deque<std::pair<Units, Packed<T>>> shares;
  for_parts_of_units<T>(s, Cell::G, [&](Units units) {
    shares.emplace_back(std::piecewise_construct, std::forward_as_tuple(units),
                        std::forward_as_tuple(GH, units.end - units.begin, Matrix<T>{layer.w_hh + units.begin, H, 1}));
  });
  for (int64_t step = s.T - 1; step >= -1; --step)  // every unit's product needs all units of the step after: it waits for them till the next round
    parallel_for(int64_t(shares.size()), [&](int64_t i) {
      [[maybe_unused]] const NoDenormals fast;
      const auto& [units, w] = shares[size_t(i)];
      if (step + 1 < s.T) multiply<T>(N, {d.dgh + s.time(step + 1) * N * GH, GH, 1}, w, d.dh + units.begin, H, true, nullptr, 1);
      if (step >= 0) retreat<Cell, T>(layer, d, step, 0, N, units);
    });
}

template <class Cell, class T> void recurrent_grad(const Layer<T>& layer, const Cotangents<T>& d) {
  layer.by_rows(Cell::G) ? recurrent_grad_by_rows<Cell, T>(layer, d) : recurrent_grad_by_units<Cell, T>(layer, d);
}

}  // namespace chainrule
