// NumPy arrays as kernels see them. Reads data, shape and strides through NumPy's C API, which costs nanoseconds;
// results lie in memory of our own cache. `Unsupported` sends the caller back to the reference.
#pragma once

#define PY_ARRAY_UNIQUE_SYMBOL chainrule_numpy
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#ifndef CHAINRULE_IMPORT_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <nanobind/nanobind.h>
#include <numpy/arrayobject.h>

#include <cxxabi.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <vector>

#include "memory.hpp"

namespace chainrule {
namespace nb = nanobind;

struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class T> constexpr int TYPENUM = NPY_NOTYPE;
template <> inline constexpr int TYPENUM<float> = NPY_FLOAT32;
template <> inline constexpr int TYPENUM<double> = NPY_FLOAT64;
template <> inline constexpr int TYPENUM<int64_t> = NPY_INT64;
template <> inline constexpr int TYPENUM<uint8_t> = NPY_UINT8;

using Shape = std::vector<int64_t>;

// What a kernel relies on. The Python side has told the user of it already; here it keeps every read inside of the arrays.
inline void require(bool holds, const char* what) {
  if (!holds) throw Unsupported(what);
}

inline PyArrayObject* as_array(nb::handle h) {
  if (!PyArray_Check(h.ptr())) throw Unsupported("an array is needed");
  return reinterpret_cast<PyArrayObject*>(h.ptr());
}

// f<float>() or f<double>() by the dtype that all arrays among the operands share.
template <class F> nb::object dispatch(std::initializer_list<nb::handle> operands, F&& f) {
  int type = NPY_NOTYPE;
  for (nb::handle h : operands) {
    if (!PyArray_Check(h.ptr())) continue;
    auto* a = reinterpret_cast<PyArrayObject*>(h.ptr());
    if (!PyArray_ISBEHAVED_RO(a) || (type != NPY_NOTYPE && PyArray_TYPE(a) != type)) throw Unsupported("mixed or unaligned arrays");
    type = PyArray_TYPE(a);
  }
  if (type == NPY_FLOAT32) return f.template operator()<float>();
  if (type == NPY_FLOAT64) return f.template operator()<double>();
  throw Unsupported("only float32 and float64 have kernels");
}

// An array to read, as it lies in memory: strides count elements.
template <class T> class Strided {
 public:
  explicit Strided(nb::handle h) : a_(as_array(h)) {
    require(PyArray_TYPE(a_) == TYPENUM<T> && PyArray_ISBEHAVED_RO(a_), "another dtype is needed");
  }
  const T* data() const { return static_cast<const T*>(PyArray_DATA(a_)); }
  int ndim() const { return PyArray_NDIM(a_); }
  int64_t size() const { return PyArray_SIZE(a_); }
  int64_t shape(int i) const { return PyArray_DIM(a_, i); }
  int64_t stride(int i) const { return PyArray_STRIDE(a_, i) / int64_t(sizeof(T)); }
  Shape shape() const { return Shape(PyArray_DIMS(a_), PyArray_DIMS(a_) + ndim()); }
  bool has_shape(std::initializer_list<int64_t> sizes) const {
    return ndim() == int(sizes.size()) && std::equal(sizes.begin(), sizes.end(), PyArray_DIMS(a_));
  }
  PyArrayObject* get() const { return a_; }

 protected:
  PyArrayObject* a_;
};

// An array to read that is copied row by row where it does not lie as needed.
template <class T> class Gathered : public Strided<T> {
 protected:
  using Strided<T>::Strided;
  void gather() {
    copy_ = nb::steal(PyArray_NewCopy(this->a_, NPY_CORDER));
    if (!copy_.is_valid()) throw nb::python_error();
    this->a_ = reinterpret_cast<PyArrayObject*>(copy_.ptr());
  }

 private:
  nb::object copy_;
};

// An array to read row by row without gaps.
template <class T> class Contiguous : public Gathered<T> {
 public:
  explicit Contiguous(nb::handle h) : Gathered<T>(h) {
    if (!PyArray_IS_C_CONTIGUOUS(this->a_)) this->gather();
  }
};

// Each number of the index must be from 0 to n − 1; a negative one is large without its sign. No early end, so that the loop runs in vectors.
inline void require_below(int64_t n, const Contiguous<int64_t>& index) {
  require(n >= 0, "sizes cannot be negative");
  bool outside = false;
  for (const int64_t *i = index.data(), *end = i + index.size(); i != end; ++i) outside |= uint64_t(*i) >= uint64_t(n);
  require(!outside, "a number is out of range");
}

// How many elements an array of this shape has; what no memory can hold is refused.
inline int64_t count(const Shape& shape) {
  int64_t n = 1, room = int64_t(1) << 48;
  for (int64_t d : shape) {
    require(d >= 0, "sizes cannot be negative");
    if (d && (room /= d) == 0) throw std::bad_alloc();  // as NumPy, which lets no size of an empty array be too large either
    n *= d;
  }
  return n;
}

// A new array; strides in elements, row by row if none are given.
template <class T> class New {
 public:
  explicit New(const Shape& shape, const Shape& strides = {}) {
    void* block = acquire(size_t(count(shape)) * sizeof(T));
    nb::capsule owner(block, [](void* p) noexcept { release(p); });
    Shape bytes(strides);
    for (auto& s : bytes) s *= int64_t(sizeof(T));
    array_ = nb::steal(PyArray_New(&PyArray_Type, int(shape.size()), const_cast<npy_intp*>(shape.data()), TYPENUM<T>,
                                   strides.empty() ? nullptr : bytes.data(), block, 0, NPY_ARRAY_BEHAVED, nullptr));
    if (!array_.is_valid() || PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(array_.ptr()), owner.release().ptr()) < 0)
      throw nb::python_error();
    data_ = static_cast<T*>(block);
  }
  T* data() const { return data_; }
  nb::object object() const { return array_; }

 private:
  nb::object array_;
  T* data_;
};

// A Python number (bool, int, float) as an operand.
template <class T> T number(nb::handle h) {
  if (PyFloat_CheckExact(h.ptr())) return T(PyFloat_AS_DOUBLE(h.ptr()));
  if (PyLong_Check(h.ptr())) {
    const double value = PyLong_AsDouble(h.ptr());
    if (!PyErr_Occurred()) return T(value);
    PyErr_Clear();
    throw Unsupported("the number is too large");
  }
  throw Unsupported("an array or a number is needed");
}

// Python's lock, released for a scope. A daemon thread that comes back while Python ends is unwound by force, which no destructor may let
// pass: it stays where it is until the process is gone.
class Released {
 public:
  Released() = default;
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;
  ~Released() {
#if defined(__GLIBCXX__)
    try {
      PyEval_RestoreThread(state_);
    } catch (abi::__forced_unwind&) {
      for (;;) pause();
    }
#else
    PyEval_RestoreThread(state_);
#endif
  }

 private:
  PyThreadState* state_ = PyEval_SaveThread();
};

// Runs the kernel with Python's lock released where it is long enough for another thread to use the time.
template <class F> void compute(double operations, F&& f) {
  if (operations < 1e5) return f();
  Released released;
  f();
}

}  // namespace chainrule
