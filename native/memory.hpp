// Memory for arrays and scratch: 64-byte aligned blocks, kept in size classes when they are given back, so that a
// training step asks the system for memory in its first round only. Fresh memory costs a page fault every 4 KiB.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chainrule {

void* acquire(size_t bytes);   // throws std::bad_alloc
void release(void* block) noexcept;
int64_t system_allocations();  // how often the system was asked so far

// Scratch for the length of a scope.
template <class T> class Scratch {
 public:
  explicit Scratch(int64_t n) : p_(static_cast<T*>(acquire(size_t(n > 0 ? n : 1) * sizeof(T)))) {}
  ~Scratch() { release(p_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  operator T*() const { return p_; }

 private:
  T* p_;
};

}  // namespace chainrule
