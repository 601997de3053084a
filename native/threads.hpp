// parallel_for: run f(0), …, f(tasks − 1) on the pool. The caller decides how work is cut, from the problem alone;
// which thread takes which task has no influence on any result.
#pragma once

#include <cstdint>
#include <type_traits>

namespace chainrule {

void set_num_threads(int n);
int get_num_threads();

namespace detail {
void run(int64_t tasks, void (*f)(void*, int64_t), void* context);
}

template <class F> void parallel_for(int64_t tasks, F&& f) {
  if (tasks == 1) return f(int64_t(0));
  detail::run(
      tasks, [](void* context, int64_t task) { (*static_cast<std::remove_reference_t<F>*>(context))(task); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

// f(begin, end) over pieces of [0, n) of `grain` each: for loops whose single rounds are too small for a task.
template <class F> void parallel_ranges(int64_t n, int64_t grain, F&& f) {
  parallel_for((n + grain - 1) / grain, [&](int64_t i) { f(i * grain, i * grain + grain < n ? i * grain + grain : n); });
}

}  // namespace chainrule
