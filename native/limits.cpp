// What the processor can do at most: multiply-adds on registers alone, without any memory. Kernels are measured beside it.
// Every accumulator waits for its own last result only, so that all of the processor's units are busy.
#include "bindings.hpp"
#include "simd.hpp"

#include <vector>

namespace chainrule {
namespace {

// Rounds of a ← a·x + y on every accumulator; the sum is returned so that no compiler leaves them out.
float multiply_add_rounds(int64_t rounds, float x) {
  Vec<float> a[ACCUMULATORS];
  for (int k = 0; k < ACCUMULATORS; ++k) a[k] = splat(x + float(k));  // all different, or the compiler makes them one
  const Vec<float> factor = splat(x), term = splat(1 - x);
  for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 32
    for (auto& one : a) one = one * factor + term;
  Vec<float> total{};
  for (const auto& one : a) total += one;
  return sum<float>(total);
}

// `tasks` of so many rounds each, on the pool -> the FLOPs that they are.
double multiply_adds(int64_t tasks, int64_t rounds) {
  require(tasks > 0 && rounds > 0, "tasks and rounds are needed");
  Released released;
  std::vector<float> sums(static_cast<size_t>(tasks));
  parallel_for(tasks, [&](int64_t i) { sums[size_t(i)] = multiply_add_rounds(rounds, 0.5f); });
  for (float s : sums) require(s > 0, "the sums are positive");
  return 2.0 * double(tasks) * double(rounds) * ACCUMULATORS * LANES<float>;
}

}  // namespace

void bind_limits(nb::module_& m) { m.def("multiply_adds", &multiply_adds); }

}  // namespace chainrule
