// The thread pool. A job is published by writing its function and then its ticket: generation, and the end and the begin of
// the tasks that are left, in one 64-bit word. A thread owns a task when it has taken it off the ticket by compare-and-swap;
// as the generation is in the same word, it can never take a task of a job that is not there any more. The caller takes
// tasks from the front and the others from the back: so kernels that run over the same arrays one after the other find
// their part in the cache of their own core.
// Idle workers spin for about a tenth of a millisecond, the gap between two kernels of a training step, and then sleep.
#include "threads.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace chainrule {
namespace {

constexpr int TASK_BITS = 20, SPINS = 4000;
constexpr uint64_t TASK_MASK = (uint64_t(1) << TASK_BITS) - 1;

inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

thread_local bool inside = false;  // of a task, whose own parallel loops run one after the other

struct Job {
  void (*f)(void*, int64_t);
  void* context;
  int64_t offset;
};

struct Pool {
  std::mutex entry;                     // one job at a time
  std::atomic<uint64_t> ticket{0};      // generation | end | begin
  std::atomic<int64_t> done{0};
  Job job{};
  std::exception_ptr error;
  std::mutex sleep;
  std::condition_variable wake;
  std::atomic<int> sleeping{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;

  // Take tasks of the present job, from the front or from the back, until none is left; false if there was none to begin with.
  bool work(bool front) {
    bool worked = false;
    for (;;) {
      uint64_t t = ticket.load(std::memory_order_acquire);
      const uint64_t end = (t >> TASK_BITS) & TASK_MASK, begin = t & TASK_MASK;
      if (begin >= end) return worked;
      if (!ticket.compare_exchange_weak(t, front ? t + 1 : t - (TASK_MASK + 1), std::memory_order_acq_rel)) continue;
      worked = true;
      try {
        job.f(job.context, job.offset + int64_t(front ? begin : end - 1));
      } catch (...) {
        std::lock_guard hold(sleep);
        if (!error) error = std::current_exception();
      }
      done.fetch_add(1, std::memory_order_release);
    }
  }

  bool idle() const {
    const uint64_t t = ticket.load(std::memory_order_acquire);
    return (t & TASK_MASK) >= ((t >> TASK_BITS) & TASK_MASK);
  }

  void worker_loop() {
    inside = true;
    int spins = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      if (work(false)) spins = 0;
      if (++spins < SPINS) {
        relax();
        continue;
      }
      std::unique_lock hold(sleep);
      sleeping.fetch_add(1);
      wake.wait(hold, [&] { return stop.load() || !idle(); });
      sleeping.fetch_sub(1);
      spins = 0;
    }
  }

  void resize(size_t n) {  // to n workers, or as many as the system lets be made
    if (workers.size() > n) {
      {
        std::lock_guard hold(sleep);
        stop = true;
      }
      wake.notify_all();
      for (auto& w : workers) w.join();
      workers.clear();
      stop = false;
    }
    try {
      while (workers.size() < n) workers.emplace_back([this] { worker_loop(); });
    } catch (const std::system_error&) {
    }
  }

  void run(Job next, int64_t tasks) {
    job = next;
    done.store(0, std::memory_order_relaxed);
    const uint64_t generation = (ticket.load(std::memory_order_relaxed) >> (2 * TASK_BITS)) + 1;
    ticket.store(generation << (2 * TASK_BITS) | uint64_t(tasks) << TASK_BITS, std::memory_order_seq_cst);
    if (sleeping.load(std::memory_order_seq_cst)) {
      { std::lock_guard hold(sleep); }
      wake.notify_all();
    }
    work(true);
    while (done.load(std::memory_order_acquire) < tasks) relax();
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
  }
};

std::atomic<int> threads{1};
Pool* pool = nullptr;          // made at the first parallel job; a forked child starts with a new one

void after_fork() { pool = nullptr; }  // the parent's threads do not exist here; its pool is left alone

std::mutex creation;

Pool& the_pool() {
  std::lock_guard hold(creation);
  if (!pool) {
    static const int registered = pthread_atfork([] { creation.lock(); }, [] { creation.unlock(); },
                                                 [] { after_fork(); creation.unlock(); });
    (void)registered;
    pool = new Pool;
  }
  return *pool;
}

void run_serially(int64_t tasks, void (*f)(void*, int64_t), void* context) {
  for (int64_t i = 0; i < tasks; ++i) f(context, i);
}

}  // namespace

void set_num_threads(int n) { threads = std::max(1, n); }
int get_num_threads() { return threads; }

void detail::run(int64_t tasks, void (*f)(void*, int64_t), void* context) {
  const int n = threads;
  if (tasks <= 0) return;
  if (n == 1 || tasks == 1 || inside) return run_serially(tasks, f, context);
  Pool& p = the_pool();
  std::unique_lock entry(p.entry, std::try_to_lock);
  if (!entry) return run_serially(tasks, f, context);  // another Python thread has the pool
  if (p.workers.size() != size_t(n - 1)) p.resize(size_t(n - 1));
  inside = true;
  struct Leave { ~Leave() { inside = false; } } leave;
  for (int64_t first = 0; first < tasks; first += int64_t(TASK_MASK))
    p.run({f, context, first}, std::min(tasks - first, int64_t(TASK_MASK)));
}

}  // namespace chainrule
