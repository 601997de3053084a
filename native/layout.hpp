// How arrays lie in memory. An array without gaps, in whatever order of axes, is one flat piece for an elementwise kernel.
#pragma once

#include <utility>

#include "array.hpp"

namespace chainrule {

// Whether the elements fill one piece of memory without gaps or overlaps, in any order of axes.
template <class T> bool is_dense(const Strided<T>& a) {
  if (PyArray_IS_C_CONTIGUOUS(a.get()) || PyArray_IS_F_CONTIGUOUS(a.get())) return true;
  // axes in the order of their strides have to follow each other: find the next one, n times
  int64_t expected = 1;
  for (int64_t size = a.size(); expected < size;) {
    int d = 0;
    while (d < a.ndim() && (a.stride(d) != expected || a.shape(d) == 1)) ++d;
    if (d == a.ndim()) return false;
    expected *= a.shape(d);
  }
  return true;
}

template <class T> Shape strides(const Strided<T>& a) {
  Shape s(size_t(a.ndim()));
  for (int i = 0; i < a.ndim(); ++i) s[size_t(i)] = a.stride(i);
  return s;
}

template <class T> bool lie_alike(const Strided<T>& a, const Strided<T>& b) {
  if (a.ndim() != b.ndim()) return false;
  for (int i = 0; i < a.ndim(); ++i)
    if (a.shape(i) != b.shape(i) || (a.shape(i) > 1 && a.stride(i) != b.stride(i))) return false;
  return true;
}

// A new array that lies as a does, which is dense.
template <class T> New<T> like(const Strided<T>& a) {
  return PyArray_IS_C_CONTIGUOUS(a.get()) ? New<T>(a.shape()) : New<T>(a.shape(), strides(a));
}

// An array to read as one flat piece: itself, or a copy row by row where it has gaps.
template <class T> class Dense : public Gathered<T> {
 public:
  explicit Dense(nb::handle h) : Gathered<T>(h) {
    if (!is_dense(*this)) this->gather();
  }
};

// An array to read that lies in memory as another one does, which is dense: itself, or a copy where it does not.
template <class T> class Alike : public Strided<T> {
 public:
  Alike(nb::handle h, const Strided<T>& other) : Strided<T>(h) {
    if (lie_alike(*this, other)) return;
    if (this->shape() != other.shape()) throw Unsupported("another shape is needed");
    copy_ = like(other).object();
    PyArrayObject* from = std::exchange(this->a_, as_array(copy_));
    if (PyArray_CopyInto(this->a_, from) < 0) throw nb::python_error();
  }

 private:
  nb::object copy_;
};

}  // namespace chainrule
