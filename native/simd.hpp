// Vectors as the compiler knows them: T lanes side by side, sized for the instruction set that this is compiled for.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace chainrule {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;
constexpr int ACCUMULATORS = 24;  // of 32 registers
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32;
constexpr int ACCUMULATORS = 12;  // of 16
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16;
constexpr int ACCUMULATORS = 24;  // of 32
#else
constexpr int VECTOR_BYTES = 16;
constexpr int ACCUMULATORS = 12;  // of 16
#endif

template <class T> struct Vector;
template <> struct Vector<float> {
  typedef float type __attribute__((vector_size(VECTOR_BYTES)));
  typedef int32_t mask __attribute__((vector_size(VECTOR_BYTES)));
  typedef uint32_t bits __attribute__((vector_size(VECTOR_BYTES)));
};
template <> struct Vector<double> {
  typedef double type __attribute__((vector_size(VECTOR_BYTES)));
  typedef int64_t mask __attribute__((vector_size(VECTOR_BYTES)));
  typedef uint64_t bits __attribute__((vector_size(VECTOR_BYTES)));
};
template <class T> using Vec = typename Vector<T>::type;
template <class T> using Bits = typename Vector<T>::bits;  // as whole numbers that overflow as they like
template <class T> using Mask = typename Vector<T>::mask;  // all ones where true, as comparisons give it
template <class T> constexpr int LANES = VECTOR_BYTES / int(sizeof(T));

template <class T> inline Vec<T> load(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T> inline void store(T* p, Vec<T> v) { std::memcpy(p, &v, sizeof v); }

// The first n lanes, zeros behind them. Masked instructions spare the way over a copy in memory, which a vector loop's tail pays dearly.
#if defined(__AVX512F__)
inline Vec<float> load(const float* p, int n) { return (Vec<float>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p); }
inline Vec<double> load(const double* p, int n) { return (Vec<double>)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), p); }
inline void store(float* p, Vec<float> v, int n) { _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), (__m512)v); }
inline void store(double* p, Vec<double> v, int n) { _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1), (__m512d)v); }
#else
template <class T> inline Vec<T> load(const T* p, int n) {
  Vec<T> v = {};
  std::memcpy(&v, p, size_t(n) * sizeof(T));
  return v;
}
template <class T> inline void store(T* p, Vec<T> v, int n) { std::memcpy(p, &v, size_t(n) * sizeof(T)); }
#endif

template <class T> inline Vec<T> load_lanes(const T* p, int n) { return n == LANES<T> ? load(p) : load(p, n); }
template <class T> inline void store_lanes(T* p, Vec<T> v, int n) {
  if (n == LANES<T>) store(p, v);
  else store(p, v, n);
}

template <class T> inline Vec<T> splat(T x) { return x - Vec<T>{}; }  // x − 0 keeps the sign of zero

template <class T> inline Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) { return m ? a : b; }

// Small whole numbers, a byte for each lane
template <class T> inline Mask<T> load_bytes(const uint8_t* p, int n = LANES<T>) {
  typedef uint8_t Bytes __attribute__((vector_size(LANES<T>)));
  Bytes b = {};
  std::memcpy(&b, p, size_t(n));
#if defined(__AVX512F__)  // which GCC 12 makes byte by byte else
  if constexpr (std::is_same_v<T, float>) return (Mask<T>)_mm512_maskz_cvtepu8_epi32(__mmask16(-1), (__m128i)b);
#endif
  return __builtin_convertvector(b, Mask<T>);
}
template <class T> inline void store_bytes(uint8_t* p, Mask<T> v, int n = LANES<T>) {
  typedef uint8_t Bytes __attribute__((vector_size(LANES<T>)));
  const Bytes b = __builtin_convertvector(v, Bytes);
  std::memcpy(p, &b, size_t(n));
}

namespace detail {
template <class T, int WIDTH, int... I> inline Vec<T> swapped(Vec<T> v, std::integer_sequence<int, I...>) {
  return __builtin_shuffle(v, Mask<T>{(I ^ WIDTH)...});
}
template <class T, int WIDTH, class F> inline T fold(Vec<T> v, F&& f) {
  v = f(v, swapped<T, WIDTH>(v, std::make_integer_sequence<int, LANES<T>>()));
  if constexpr (WIDTH > 1) return fold<T, WIDTH / 2>(v, f);
  else return v[0];
}
}  // namespace detail

// Sum of the lanes, always paired in the same way: (0 + L/2), …
template <class T> inline T sum(Vec<T> v) {
  return detail::fold<T, LANES<T> / 2>(v, [](Vec<T> a, Vec<T> b) { return a + b; });
}

// The greatest lane; NaN is greater than all.
template <class T> inline T max(Vec<T> v) {
  return detail::fold<T, LANES<T> / 2>(v, [](Vec<T> a, Vec<T> b) { return select<T>((a >= b) | (a != a), a, b); });
}

// The first n lanes of v, `fill` behind them
template <class T, int... I> inline Vec<T> first_lanes(Vec<T> v, int n, T fill, std::integer_sequence<int, I...>) {
  return select<T>(Mask<T>{I...} < Mask<T>{} + n, v, splat(fill));
}
template <class T> inline Vec<T> load_or(const T* p, int n, T fill) {
  return first_lanes<T>(load(p, n), n, fill, std::make_integer_sequence<int, LANES<T>>());
}

// While it lives, denormal numbers (below 1.2e-38 in float32) are 0 for this thread: x86 processors take a hundred times as long for them.
// Gradients that vanish on their way back, as those of an LSTM over 200 steps may, spend most of the way among them, and so do their products.
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

// ------------------------------------------------------------------------------------- transposing a square of LANES × LANES

namespace detail {
// Interleave blocks of `width` lanes of a and b: low halves (HIGH = false) or high halves of every pair of blocks.
template <class T, int WIDTH, bool HIGH, int... I>
inline Vec<T> exchange(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  constexpr auto pick = [](int i) {
    const bool upper = (i / WIDTH) % 2;  // this lane comes from b
    const int base = i - (upper ? WIDTH : 0) + (HIGH ? WIDTH : 0);
    return upper ? LANES<T> + base : base;
  };
  return __builtin_shuffle(a, b, Mask<T>{pick(I)...});
}

template <class T, int WIDTH> inline void transpose_stage(Vec<T>* rows) {
  constexpr std::make_integer_sequence<int, LANES<T>> all;
  for (int i = 0; i < LANES<T>; ++i)
    if (!(i & WIDTH)) {
      const Vec<T> a = rows[i], b = rows[i + WIDTH];
      rows[i] = exchange<T, WIDTH, false>(a, b, all);
      rows[i + WIDTH] = exchange<T, WIDTH, true>(a, b, all);
    }
  if constexpr (WIDTH > 1) transpose_stage<T, WIDTH / 2>(rows);
}
}  // namespace detail

// rows[i][j] ↔ rows[j][i] in registers: log₂ LANES rounds of exchanging blocks off the diagonal.
template <class T> inline void transpose(Vec<T> (&rows)[LANES<T>]) { detail::transpose_stage<T, LANES<T> / 2>(rows); }

// dst[j·ldd + i] = src[i·lds + j] for i < rows, j < columns; both at most LANES; lanes of dst up to `pad` are filled with zeros.
template <class T>
inline void transpose_block(const T* src, int64_t lds, T* dst, int64_t ldd, int rows, int columns, int pad) {
  constexpr int L = LANES<T>;
  Vec<T> block[L];
  for (int i = 0; i < L; ++i)
    block[i] = i >= rows ? Vec<T>{} : columns == L ? load(src + i * lds) : load(src + i * lds, columns);
  transpose<T>(block);
  for (int j = 0; j < columns; ++j)
    if (pad == L) store(dst + j * ldd, block[j]);
    else store(dst + j * ldd, block[j], pad);
}

// y[i] = the sum of the lanes of vector i of x, for n vectors: LANES of them at a time, transposed.
template <class T> void sum_lanes(const T* x, int64_t n, T* y) {
  constexpr int L = LANES<T>;
  int64_t i = 0;
  for (; i + L <= n; i += L) {
    Vec<T> rows[L];
    for (int k = 0; k < L; ++k) rows[k] = load(x + (i + k) * L);
    transpose<T>(rows);
    for (int half = L / 2; half > 0; half /= 2)
      for (int k = 0; k < half; ++k) rows[k] += rows[k + half];
    store(y + i, rows[0]);
  }
  for (; i < n; ++i) y[i] = sum<T>(load(x + i * L));
}

// ------------------------------------------------------------------------------------- eˣ, tanh x, σ(x)

// eˣ − 1 on |x| ≤ ln 2 / 2: within 1 ulp, by its minimax (float) or Taylor (double) polynomial.
inline Vec<float> expm1_near_0(Vec<float> r) {
  Vec<float> p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r;
}

inline Vec<double> expm1_near_0(Vec<double> r) {
  Vec<double> p = splat(1.0 / 6227020800.0);  // 1/13!
  constexpr double inverse_factorial[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                                          1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  for (double f : inverse_factorial) p = p * r + f;
  return p * r * r + r;
}

// x = k · ln 2 + r with a whole k, also given as a number, and |r| ≤ ln 2 / 2, for |x| < 1000.
template <class T> struct Split {
  Mask<T> k;
  Vec<T> whole, r;
};

inline Split<float> split(Vec<float> x) {
  const Vec<float> shift = splat(12582912.0f), s = x * 1.44269504088896341f + shift, k = s - shift;  // 1.5 · 2²³: adding it rounds
  return {(Mask<float>)s - (Mask<float>)shift, k, (x - k * 0.693145751953125f) - k * 1.428606765330187045e-06f};
}

inline Split<double> split(Vec<double> x) {
  const Vec<double> shift = splat(6755399441055744.0), s = x * 1.4426950408889634 + shift, k = s - shift;  // 1.5 · 2⁵²
  return {(Mask<double>)s - (Mask<double>)shift, k, (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10};
}

template <class T> struct Exponent;  // 2ᵏ has the bits (k + bias) << digits; eˣ is a normal number on [bottom, top]
template <> struct Exponent<float> { static constexpr int bias = 127, digits = 23; static constexpr float bottom = -87.33654f, top = 88.72284f; };
template <> struct Exponent<double> {
  static constexpr int bias = 1023, digits = 52;
  static constexpr double bottom = -708.396418532264, top = 709.782712893384;
};

template <class T> inline Vec<T> power_of_2(Mask<T> k) { return (Vec<T>)((k + Exponent<T>::bias) << Exponent<T>::digits); }

// x within [low, high]; NaN stays NaN
#if defined(__AVX512F__)  // in their forms with a mask, for of the others GCC 12 says that they use what was not set
inline Vec<float> clamp(Vec<float> x, float low, float high) {
  const __m512 raised = _mm512_maskz_max_ps(__mmask16(-1), _mm512_set1_ps(low), (__m512)x);
  return (Vec<float>)_mm512_maskz_min_ps(__mmask16(-1), _mm512_set1_ps(high), raised);
}
inline Vec<double> clamp(Vec<double> x, double low, double high) {
  const __m512d raised = _mm512_maskz_max_pd(__mmask8(-1), _mm512_set1_pd(low), (__m512d)x);
  return (Vec<double>)_mm512_maskz_min_pd(__mmask8(-1), _mm512_set1_pd(high), raised);
}
#else
template <class V, class T> inline V clamp(V x, T low, T high) {
  return select<T>(x > splat(high), splat(high), select<T>(x < splat(low), splat(low), x));
}
#endif

// eˣ = 2ᵏ · eʳ: within 2 ulp. Below the smallest normal number the result is 0; above the largest, infinity; NaN stays NaN.
#if defined(__AVX512F__)
inline Vec<float> exp(Vec<float> x) {
  const auto [k, whole, r] = split(clamp(x, -100.0f, 100.0f));
  const __mmask16 normal = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(Exponent<float>::bottom), _CMP_NLT_UQ);
  return (Vec<float>)_mm512_maskz_scalef_ps(normal, (__m512)(expm1_near_0(r) + 1.0f), (__m512)whole);
}
inline Vec<double> exp(Vec<double> x) {
  const auto [k, whole, r] = split(clamp(x, -800.0, 800.0));
  const __mmask8 normal = _mm512_cmp_pd_mask((__m512d)x, _mm512_set1_pd(Exponent<double>::bottom), _CMP_NLT_UQ);
  return (Vec<double>)_mm512_maskz_scalef_pd(normal, (__m512d)(expm1_near_0(r) + 1.0), (__m512d)whole);
}
#else
template <class T> inline Vec<T> exp_of(Vec<T> x) {
  const auto [k, whole, r] = split(clamp(x, Exponent<T>::bottom, Exponent<T>::top));
  const Mask<T> half = k >> 1;  // 2ᵏ in two factors, for that of the largest k is no number
  const Vec<T> y = (expm1_near_0(r) + T(1)) * power_of_2<T>(half) * power_of_2<T>(k - half);
  return select<T>(x > splat(Exponent<T>::top), splat(T(INFINITY)), select<T>(x < splat(Exponent<T>::bottom), Vec<T>{}, y));
}
inline Vec<float> exp(Vec<float> x) { return exp_of<float>(x); }
inline Vec<double> exp(Vec<double> x) { return exp_of<double>(x); }
#endif

// a / b for b in [1, 2]: a quarter of the time of a division, within 1 ulp, by an estimate of 1/b that is made better and put to the proof
#if defined(__AVX512F__)
inline Vec<float> over(Vec<float> a, Vec<float> b) {
  Vec<float> r = (Vec<float>)_mm512_maskz_rcp14_ps(__mmask16(-1), (__m512)b);
  r += r * (1.0f - b * r);
  const Vec<float> q = a * r;
  return q + r * (a - b * q);
}
inline Vec<double> over(Vec<double> a, Vec<double> b) { return a / b; }
#else
template <class V> inline V over(V a, V b) { return a / b; }
#endif

// e^−|x|, and 1 or it over 1 + e^−|x|: within 3 ulp, in the tails too.
template <class T> inline Vec<T> sigmoid(Vec<T> x) {
  const Vec<T> one = splat(T(1)), e = exp(select<T>(x < Vec<T>{}, x, -x));
  return over(select<T>(x < Vec<T>{}, e, one), e + one);
}

// −tanh |x| = m / (m + 2) with m = e^−2|x| − 1 = 2ᵏ·(eʳ − 1) + (2ᵏ − 1), which nowhere cancels: within 3 ulp. The sign becomes that of x.
template <class T> inline Vec<T> tanh(Vec<T> x) {
  const Mask<T> sign = (Mask<T>)splat(T(-0.0));
  const Vec<T> minus_a = (Vec<T>)((Mask<T>)x | sign);
  const auto [k, whole, r] = split(clamp(Vec<T>(minus_a + minus_a), T(-50), T(0)));
  const Vec<T> scale = power_of_2<T>(k), m = expm1_near_0(r) * scale + (scale - T(1));
  return (Vec<T>)(((Mask<T>)over(m, m + T(2)) & ~sign) | ((Mask<T>)x & sign));
}

}  // namespace chainrule
