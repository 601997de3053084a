// Elementwise functions with their derivatives: y = f(x), dx = dy · f'(x). One struct for each: `of` and `slope` of a vector, and its
// settings as fields, in the order in which Python gives them. Any of them runs in the loops of elementwise.hpp.
//
// x (…), dy (…) -> y (…), dx (…). On (1000, 1000) float32 and two cores those without eˣ take 0.06 ms, the speed of memory; those with
// it, erf and gelu 0.2 to 0.3 ms, a fourth of that: some 60 operations and a division for a vector.
#pragma once

#include "elementwise.hpp"

namespace chainrule {

// dx from dy and x. Where a function made of pieces is level, nothing comes through: 0 even if dy is infinite.
template <class F> struct Grad {
  F f;
  template <class T> Vec<T> of(Vec<T> dy, Vec<T> x) const {
    if constexpr (requires { F::of_pieces; }) return Cut::of<T>(dy, f.template slope<T>(x));
    else return dy * f.template slope<T>(x);
  }
};

// dy is as large as x, or `one` number for all
template <class F, class T> void map_grad(int64_t n, const T* dy, bool one, const T* x, T* dx, const F& f) {
  const Grad<F> grad{f};
  parallel_lines(n, 1, [&](int64_t i, int64_t end) {
    if (one) line<Grad<F>, 0, 1>(end - i, dy, x + i, dx + i, grad);
    else line<Grad<F>, 1, 1>(end - i, dy + i, x + i, dx + i, grad);
  });
}

template <class T> inline Vec<T> either(Mask<T> m, double a, double b) { return select<T>(m, splat(T(a)), splat(T(b))); }
template <class T> inline Vec<T> at_least(Vec<T> x, double low) { return select<T>(x < splat(T(low)), splat(T(low)), x); }
template <class T> inline Vec<T> at_most(Vec<T> x, double high) { return select<T>(x > splat(T(high)), splat(T(high)), x); }
template <class T> inline Vec<T> magnitude(Vec<T> x) { return select<T>(x < Vec<T>{}, -x, x); }

// ------------------------------------------------------------------------------------- arithmetic

struct Abs {
  template <class T> Vec<T> of(Vec<T> x) const { return magnitude<T>(x) + T(0); }
  template <class T> Vec<T> slope(Vec<T> x) const { return select<T>(x == x, either<T>(x > Vec<T>{}, 1, 0) - either<T>(x < Vec<T>{}, 1, 0), x); }
};

struct Square {
  template <class T> Vec<T> of(Vec<T> x) const { return x * x; }
  template <class T> Vec<T> slope(Vec<T> x) const { return x + x; }
};

struct Reciprocal {
  template <class T> Vec<T> of(Vec<T> x) const { return T(1) / x; }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> y = T(1) / x;
    return -(y * y);
  }
};

struct Rsqrt {
  template <class T> Vec<T> of(Vec<T> x) const { return T(1) / Sqrt::of<T>(x); }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> y = of<T>(x);
    return y * y * y * T(-0.5);
  }
};

// xᵖ for whole p, by squaring, and for p + ½, with a square root
struct Power {
  double p;
  template <class T> static Vec<T> power(Vec<T> x, double p) {
    const double size = p < 0 ? -p : p;
    const int n = size < 1e9 ? int(size) : 1'000'000'000;
    Vec<T> y = size > n ? Sqrt::of<T>(x) : splat(T(1));
    for (int k = n; k; k >>= 1, x *= x)
      if (k & 1) y *= x;
    return p < 0 ? T(1) / y : y;
  }
  template <class T> Vec<T> of(Vec<T> x) const { return power<T>(x, p); }
  template <class T> Vec<T> slope(Vec<T> x) const { return power<T>(x, p - 1) * T(p); }
};

struct Clamp {  // high wins where low > high
  static constexpr bool of_pieces = true;
  double low, high;
  template <class T> Vec<T> of(Vec<T> x) const { return at_most<T>(at_least<T>(x, low), high); }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>((x >= splat(T(low))) & (x <= splat(T(high))), 1, 0); }
};

struct Erf {
  template <class T> Vec<T> of(Vec<T> x) const { return erf<T>(x); }
  template <class T> Vec<T> slope(Vec<T> x) const { return exp(-(x * x)) * T(1.12837916709551257390); }
};

// ------------------------------------------------------------------------------------- activations

struct Silu {
  template <class T> Vec<T> of(Vec<T> x) const { return x * sigmoid<T>(x); }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> s = sigmoid<T>(x);
    return s * (T(1) + x * (T(1) - s));
  }
};

struct Gelu {  // x · Φ(x) with Φ(−x) = ½ erfc(x/√2) = ½ e^(−x²/2) · erfcx(x/√2)
  template <class T> static Vec<T> cdf(Vec<T> x, Vec<T> e) {
    const Vec<T> tail = e * erfcx<T>(magnitude<T>(x) * T(0.70710678118654752440)) * T(0.5);
    return select<T>(x < Vec<T>{}, tail, T(1) - tail);
  }
  template <class T> Vec<T> of(Vec<T> x) const { return x * cdf<T>(x, exp(x * x * T(-0.5))); }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> e = exp(x * x * T(-0.5));
    return cdf<T>(x, e) + x * e * T(0.39894228040143267794);
  }
};

struct GeluTanh {  // x · t with t = ½ (1 + tanh u) = σ(2u), u = √(2/π) (x + 0.044715 x³)
  static constexpr double A = 1.59576912160573071176, B = 0.044715;  // 2 √(2/π)
  template <class T> static Vec<T> gate(Vec<T> x) { return sigmoid<T>(x * (x * x * T(A * B) + T(A))); }
  template <class T> Vec<T> of(Vec<T> x) const { return x * gate<T>(x); }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> t = gate<T>(x);
    return t + x * (t * (T(1) - t)) * (x * x * T(3 * A * B) + T(A));
  }
};

struct GeluSigmoid {  // x · σ(1.702 x)
  template <class T> Vec<T> of(Vec<T> x) const { return x * sigmoid<T>(x * T(1.702)); }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> s = sigmoid<T>(x * T(1.702));
    return s + x * T(1.702) * (s * (T(1) - s));
  }
};

struct Mish {  // x · t with t = tanh(ln(1 + eˣ)) = n / (n + 2), n = eˣ (eˣ + 2), and 1 − t = 2 / (n + 2)
  template <class T> Vec<T> of(Vec<T> x) const {
    const Vec<T> e = exp(at_most<T>(x, 20)), n = e * (e + T(2));
    return x * (n / (n + T(2)));
  }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> e = exp(at_most<T>(x, 20)), n = e * (e + T(2)), t = n / (n + T(2));
    const Vec<T> rest = select<T>(x > splat(T(20)), Vec<T>{}, T(2) / (n + T(2)));
    return t + x * (e / (e + T(1))) * (rest * (T(1) + t));
  }
};

struct Elu {  // scale · x where x > 0, else a (e^(kx) − 1); of elu, selu and celu
  double scale, a, k;
  template <class T> Vec<T> of(Vec<T> x) const {
    return select<T>(x > Vec<T>{}, x * T(scale), expm1<T>(x * T(k)) * T(a));
  }
  template <class T> Vec<T> slope(Vec<T> x) const { return select<T>(x > Vec<T>{}, splat(T(scale)), exp(x * T(k)) * T(a * k)); }
};

// ln(1 + eᶻ) without overflow
template <class T> inline Vec<T> log_of_one_and_exp(Vec<T> z) { return at_least<T>(z, 0) + log_near_one<T>(exp(-magnitude<T>(z))); }

struct Softplus {
  double beta, threshold;
  template <class T> Vec<T> of(Vec<T> x) const {
    const Vec<T> z = x * T(beta);
    return select<T>(z > splat(T(threshold)), x, log_of_one_and_exp<T>(z) / T(beta));
  }
  template <class T> Vec<T> slope(Vec<T> x) const {
    const Vec<T> z = x * T(beta);
    return select<T>(z > splat(T(threshold)), splat(T(1)), sigmoid<T>(z));
  }
};

struct LogSigmoid {
  template <class T> Vec<T> of(Vec<T> x) const { return -log_of_one_and_exp<T>(-x); }
  template <class T> Vec<T> slope(Vec<T> x) const { return sigmoid<T>(-x); }
};

// ------------------------------------------------------------------------------------- of straight pieces

struct LeakyRelu {
  double k;
  template <class T> Vec<T> of(Vec<T> x) const { return select<T>(x > Vec<T>{}, x, x * T(k)); }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>(x > Vec<T>{}, 1, k); }
};

struct Threshold {
  static constexpr bool of_pieces = true;
  double threshold, value;
  template <class T> Vec<T> of(Vec<T> x) const { return select<T>(x <= splat(T(threshold)), splat(T(value)), x); }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>(x <= splat(T(threshold)), 0, 1); }
};

struct Hardtanh {
  static constexpr bool of_pieces = true;
  double low, high;
  template <class T> Vec<T> of(Vec<T> x) const { return at_most<T>(at_least<T>(x, low), high); }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>((x <= splat(T(low))) | (x >= splat(T(high))), 0, 1); }
};

struct Hardsigmoid {
  static constexpr bool of_pieces = true;
  template <class T> Vec<T> of(Vec<T> x) const { return at_most<T>(at_least<T>(x + T(3), 0), 6) / T(6); }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>((x > splat(T(-3))) & (x < splat(T(3))), 1.0 / 6, 0); }
};

struct Hardswish {
  static constexpr bool of_pieces = true;
  template <class T> Vec<T> of(Vec<T> x) const { return x * Hardsigmoid().of<T>(x); }
  template <class T> Vec<T> slope(Vec<T> x) const {
    return select<T>((x > splat(T(-3))) & (x < splat(T(3))), x / T(3) + T(0.5), either<T>(x <= splat(T(-3)), 0, 1));
  }
};

struct Hardshrink {
  static constexpr bool of_pieces = true;
  double lambd;
  template <class T> Vec<T> of(Vec<T> x) const { return select<T>(magnitude<T>(x) <= splat(T(lambd)), Vec<T>{}, x); }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>(magnitude<T>(x) <= splat(T(lambd)), 0, 1); }
};

struct Softshrink {
  static constexpr bool of_pieces = true;
  double lambd;
  template <class T> Vec<T> of(Vec<T> x) const {
    const Vec<T> nearer = select<T>(x < Vec<T>{}, x + T(lambd), x - T(lambd));
    return select<T>(magnitude<T>(x) <= splat(T(lambd)), Vec<T>{}, nearer);
  }
  template <class T> Vec<T> slope(Vec<T> x) const { return either<T>(magnitude<T>(x) <= splat(T(lambd)), 0, 1); }
};

}  // namespace chainrule
