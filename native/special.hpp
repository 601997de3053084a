// Functions of real numbers for a vector at a time, without branches: ln, eˣ − 1, ln(1 + u), the error function.
// Within 3 units in the last place, denormal numbers and infinities included; NaN stays NaN.
#pragma once

#include <array>
#include <limits>

#include "simd.hpp"

namespace chainrule {

template <class T> constexpr int terms(int of_float, int of_double) { return sizeof(T) == 4 ? of_float : of_double; }

// ------------------------------------------------------------------------------------- logarithms

// ln(1 + f) for √½ − 1 ≤ f ≤ 1: with s = f / (2 + f) it is 2 artanh s = 2s + 2s³/3 + 2s⁵/5 + …, and 2s = f − sf, which rounds less.
template <class T> inline Vec<T> log_near_one(Vec<T> f) {
  const Vec<T> s = f / (f + T(2)), w = s * s;
  Vec<T> q = {};
  for (int k = terms<T>(6, 15); k > 0; --k) q = q * w + T(2.0 / (2 * k + 1));
  return f - s * (f - w * q);
}

// ln x = k · ln 2 + ln m with x = 2ᵏ · m, √½ ≤ m < √2
template <class T> inline Vec<T> log(Vec<T> x) {
  constexpr int M = std::numeric_limits<T>::digits - 1;  // the bits of the mantissa; the exponent is above them
  const Mask<T> denormal = x < splat(std::numeric_limits<T>::min());
  const Vec<T> v = select<T>(denormal, x * T(int64_t(1) << M), x);
  const Mask<T> bits = (Mask<T>)v, k = (Mask<T>)((Bits<T>)bits - (Bits<T>)splat(T(0.70710678118654752440))) >> M;
  const Vec<T> f = (Vec<T>)((Bits<T>)bits - ((Bits<T>)k << M)) - T(1), n = __builtin_convertvector(k - (denormal & M), Vec<T>);
  const T high = sizeof(T) == 4 ? T(0.693145751953125) : T(6.93147180369123816490e-01);  // of ln 2: n · high is exact
  const T low = sizeof(T) == 4 ? T(1.428606765330187045e-06) : T(1.90821492927058770002e-10);
  const Vec<T> y = n * high + (log_near_one<T>(f) + n * low), inf = splat(std::numeric_limits<T>::infinity());
  return select<T>(x > Vec<T>{}, select<T>(x < inf, y, x), select<T>(x == Vec<T>{}, -inf, x - x + T(NAN)));
}

// ------------------------------------------------------------------------------------- eˣ − 1

// 2ᵏ (eʳ − 1) + (2ᵏ − 1), which cancels nowhere; infinity as soon as 2ᵏ is, from 88 or 709 on
template <class T> inline Vec<T> expm1(Vec<T> x) {
  constexpr T top = Exponent<T>::top - T(0.7);
  const auto [k, whole, r] = split(clamp(x, T(-50), top));
  const Vec<T> scale = power_of_2<T>(k), y = expm1_near_0(r) * scale + (scale - T(1));
  return select<T>(x > splat(top), splat(T(INFINITY)), y);
}

// ------------------------------------------------------------------------------------- the error function

// The first N terms of the Chebyshev series Σ cₖ Tₖ(t) as a polynomial in t, made by the compiler: Tₖ₊₁ = 2t Tₖ − Tₖ₋₁.
template <int N, size_t M> constexpr std::array<double, N> chebyshev(const double (&c)[M]) {
  std::array<double, N> p{}, now{1}, before{0, 1};
  for (int k = 0; k < N; ++k) {
    std::array<double, N> next{};
    for (int i = 0; i < N; ++i) {
      p[i] += c[k] * now[i];
      next[i] = (i ? 2 * now[i - 1] : 0) - before[i];
    }
    before = now, now = next;
  }
  return p;
}

template <class T, size_t N> inline Vec<T> polynomial(const std::array<double, N>& c, Vec<T> t) {
  Vec<T> y = splat(T(c[N - 1]));
  for (int i = int(N) - 2; i >= 0; --i) y = y * t + T(c[size_t(i)]);
  return y;
}

// e^(x²) · erfc x for x ≥ 0, as in `ops/special.py`: q · Σ cₖ Tₖ(t) with q = 1 / (x + 3.75) and t = 1 − 7.5 q
template <class T> inline Vec<T> erfcx(Vec<T> x) {
  constexpr double series[] = {
      1.5802719754089016,     -1.4155291636062,       0.5310168126584589,      -0.16770511573096467,   0.044234890018353,
      -0.009506139167741073,  0.0015696224296742666,  -0.0001678661262168746,  1.971677029425334e-06,  3.086971620657423e-06,
      -4.936920694378021e-07, -9.53473146659699e-09,  1.355826598349273e-08,   -1.0830423386818938e-09, -2.9040184105173024e-10,
      5.307787477918412e-11,  5.780745301094449e-12,  -1.993785314415682e-12,  -1.1724828156626574e-13, 7.242772425819852e-14,
      2.8807292328713077e-15, -2.704740368320276e-15, -1.0963030130900087e-16, 1.0501564927720586e-16};
  static constexpr auto c = chebyshev<terms<T>(11, 24)>(series);
  const Vec<T> q = T(1) / (x + T(3.75));
  return q * polynomial<T>(c, T(1) - q * T(7.5));
}

// Near 0 by the Chebyshev series of erf x / x in x²; elsewhere 1 − erfc |x| with the sign of x
template <class T> inline Vec<T> erf(Vec<T> x) {
  constexpr double series[] = {0.9754769393826541,      -0.14226120510371365,   0.010035582187599796,   -0.0005768764699767485,
                               2.741993125219606e-05,   -1.1043175507344507e-06, 3.8488755420345036e-08, -1.1808582533875466e-09,
                               3.2334215826050907e-11,  -7.991015947004549e-13, 1.7990725113961456e-14, -3.718635487818693e-16,
                               7.103599003714253e-18};
  static constexpr auto c = chebyshev<terms<T>(7, 13)>(series);
  const Vec<T> a = select<T>(x < Vec<T>{}, -x, x), s = a * a, far = T(1) - exp(-s) * erfcx<T>(a);
  return select<T>(a < splat(T(1)), x * polynomial<T>(c, s * T(2) - T(1)), select<T>(x < Vec<T>{}, -far, far));
}

}  // namespace chainrule
