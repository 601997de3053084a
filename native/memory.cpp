// See memory.hpp. Four size classes to each power of two, a free list for each; a header of 64 bytes before
// every block names its class. Large blocks are aligned to huge pages, which spares most of the faults. Of small blocks
// each thread keeps a few for itself: tasks of a kernel that take scratch all the time need not wait for each other.
#include "memory.hpp"

#include <pthread.h>

#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {
namespace {

constexpr size_t HEADER = 64;

std::mutex lock;
int64_t asked = 0;
// A child must not inherit the lock from a thread that does not exist there.
[[maybe_unused]] const int registered = pthread_atfork([] { lock.lock(); }, [] { lock.unlock(); }, [] { lock.unlock(); });

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
// Every block by itself and no larger than asked for, so that the sanitizer sees where it ends.
void* acquire(size_t bytes) {
  void* block = nullptr;
  if (posix_memalign(&block, HEADER, bytes ? bytes : 1)) throw std::bad_alloc();
  std::lock_guard hold(lock);
  ++asked;
  return block;
}

void release(void* block) noexcept { std::free(block); }
#else
namespace {

constexpr size_t HUGE = size_t(2) << 20, LARGEST_CACHE = size_t(4) << 30;
constexpr int CLASSES = 4 * 48;

std::vector<void*> free_blocks[CLASSES];
size_t cached = 0;

constexpr int SMALL = 4 * 11, KEPT = 4;  // classes of blocks up to half a megabyte; blocks of each that a thread keeps

thread_local bool ended = false;
struct Own {
  void* blocks[SMALL][KEPT];
  int count[SMALL] = {};
  ~Own() {  // the thread ends: what it kept is for all
    ended = true;
    for (int c = 0; c < SMALL; ++c)
      while (count[c]) release(blocks[c][--count[c]]);
  }
};
thread_local Own own;

int size_class(size_t bytes) {  // the smallest class that holds so many
  if (bytes <= 256) return 0;
  const int power = std::bit_width(bytes - 1) - 1;  // 2^power < bytes ≤ 2^(power + 1)
  const size_t quarter = size_t(1) << (power - 2);
  return 4 * (power - 7) - 3 + int((bytes - (size_t(1) << power) + quarter - 1) / quarter) - 1;
}

size_t class_bytes(int c) {
  if (c == 0) return 256;
  const int power = (c - 1) / 4 + 8, step = (c - 1) % 4 + 1;
  return (size_t(1) << power) + (size_t(step) << (power - 2));
}

// Give all that is kept back to the system: for a new round with other sizes, or as the last resort. Under the lock.
void give_back() {
  for (auto& blocks : free_blocks) {
    for (void* block : blocks) std::free(static_cast<char*>(block) - HEADER);
    blocks.clear();
  }
  cached = 0;
}

}  // namespace

void* acquire(size_t bytes) {
  const int c = size_class(bytes);
  if (c >= CLASSES) throw std::bad_alloc();
  if (c < SMALL && !ended && own.count[c]) return own.blocks[c][--own.count[c]];
  {
    std::lock_guard hold(lock);
    if (auto& blocks = free_blocks[c]; !blocks.empty()) {
      void* block = blocks.back();
      blocks.pop_back();
      cached -= class_bytes(c);
      return block;
    }
    ++asked;
  }
  const size_t total = class_bytes(c) + HEADER, alignment = total >= HUGE ? HUGE : HEADER;
  void* base = nullptr;
  if (posix_memalign(&base, alignment, total)) {
    std::lock_guard hold(lock);
    give_back();
    if (posix_memalign(&base, alignment, total)) throw std::bad_alloc();
  }
#if defined(__linux__)
  if (total >= HUGE) madvise(base, total, MADV_HUGEPAGE);
#endif
  *static_cast<int*>(base) = c;
  return static_cast<char*>(base) + HEADER;
}

void release(void* block) noexcept {
  void* base = static_cast<char*>(block) - HEADER;
  const int c = *static_cast<int*>(base);
  if (c < SMALL && !ended && own.count[c] < KEPT) {
    own.blocks[c][own.count[c]++] = block;
    return;
  }
  if (class_bytes(c) <= LARGEST_CACHE) {
    std::lock_guard hold(lock);
    if (cached + class_bytes(c) > LARGEST_CACHE) give_back();
    try {
      free_blocks[c].push_back(block);
      cached += class_bytes(c);
      return;
    } catch (...) {  // no memory for the list itself: give the block back instead
    }
  }
  std::free(base);
}
#endif

int64_t system_allocations() {
  std::lock_guard hold(lock);
  return asked;
}

}  // namespace chainrule
