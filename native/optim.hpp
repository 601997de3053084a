// The optimizers' updates, one pass over the memory of each parameter: what is read once is written once.
// Denormal numbers count as 0, in parameters and gradients too: where gradients have vanished, as behind a ReLU that stays at 0, velocities and
// averages fade through them for hundreds of steps, each of which would take up to five times as long. Where a root is divided by, that is so
// only if `eps` is far above the root of the smallest normal number.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "elementwise.hpp"

namespace chainrule {

constexpr double FAR_ABOVE = 1e-12;

template <class T, class F> void update(int64_t n, bool flush, F&& f) {
  parallel_lines(n, 1, [&](int64_t begin, int64_t end) {
    std::optional<NoDenormals> fast;
    if (flush) fast.emplace();
    vectors<T>(begin, end, f);
  });
}

struct Sgd {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
};

// v may be null: no momentum
template <class T> void sgd(int64_t n, T* theta, const T* grad, T* v, const Sgd& s) {
  const T lr = T(s.lr), momentum = T(s.momentum), keep = T(1 - s.dampening), decay = T(s.weight_decay);
  update<T>(n, true, [&](int64_t i, int lanes) {
    Vec<T> x = load_lanes(theta + i, lanes), g = load_lanes(grad + i, lanes);
    if (s.maximize) g = -g;
    if (s.weight_decay != 0) g = g + decay * x;
    if (v) {
      const Vec<T> vi = momentum * load_lanes(v + i, lanes) + keep * g;
      store_lanes(v + i, vi, lanes);
      g = s.nesterov ? g + momentum * vi : vi;
    }
    store_lanes(theta + i, Vec<T>(x - lr * g), lanes);
  });
}

struct Adam {
  int64_t step;
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled, maximize;
};

template <class T> void adam(int64_t n, T* theta, const T* grad, T* m, T* v, const Adam& s) {
  const T rate = T(s.lr / (1 - std::pow(s.beta1, double(s.step)))), correction = T(std::sqrt(1 - std::pow(s.beta2, double(s.step))));
  const T decay = T(s.weight_decay), shrink = T(1 - s.lr * s.weight_decay), eps = T(s.eps);
  const T new1 = T(1 - s.beta1), keep2 = T(s.beta2), new2 = T(1 - s.beta2);
  update<T>(n, s.eps >= FAR_ABOVE, [&](int64_t i, int lanes) {
    Vec<T> x = load_lanes(theta + i, lanes), g = load_lanes(grad + i, lanes), mi = load_lanes(m + i, lanes);
    if (s.maximize) g = -g;
    if (s.weight_decay != 0 && s.decoupled) x = x * shrink;
    else if (s.weight_decay != 0) g = g + decay * x;
    mi = mi + new1 * (g - mi);
    const Vec<T> vi = keep2 * load_lanes(v + i, lanes) + new2 * g * g;
    store_lanes(m + i, mi, lanes);
    store_lanes(v + i, vi, lanes);
    store_lanes(theta + i, Vec<T>(x - rate * mi / (Sqrt::of<T>(vi) / correction + eps)), lanes);
  });
}

struct Adagrad {
  double rate, eps, weight_decay;
  bool maximize;
};

template <class T> void adagrad(int64_t n, T* theta, const T* grad, T* sum, const Adagrad& a) {
  const T rate = T(a.rate), eps = T(a.eps), decay = T(a.weight_decay);
  update<T>(n, a.eps >= FAR_ABOVE, [&](int64_t i, int lanes) {
    Vec<T> x = load_lanes(theta + i, lanes), g = load_lanes(grad + i, lanes);
    if (a.maximize) g = -g;
    if (a.weight_decay != 0) g = g + decay * x;
    const Vec<T> s = load_lanes(sum + i, lanes) + g * g;
    store_lanes(sum + i, s, lanes);
    store_lanes(theta + i, Vec<T>(x - rate * g / (Sqrt::of<T>(s) + eps)), lanes);
  });
}

}  // namespace chainrule
