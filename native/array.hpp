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

#include <initializer_list>
#include <stdexcept>
#include <utility>
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

using Shape = std::vector<int64_t>;

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
    if (PyArray_TYPE(a_) != TYPENUM<T>) throw Unsupported("another dtype is needed");
  }
  const T* data() const { return static_cast<const T*>(PyArray_DATA(a_)); }
  int ndim() const { return PyArray_NDIM(a_); }
  int64_t size() const { return PyArray_SIZE(a_); }
  int64_t shape(int i) const { return PyArray_DIM(a_, i); }
  int64_t stride(int i) const { return PyArray_STRIDE(a_, i) / int64_t(sizeof(T)); }
  Shape shape() const { return Shape(PyArray_DIMS(a_), PyArray_DIMS(a_) + ndim()); }
  PyArrayObject* get() const { return a_; }

 protected:
  PyArrayObject* a_;
};

// An array to read row by row without gaps: itself, or a copy where it does not lie so.
template <class T> class Contiguous : public Strided<T> {
 public:
  explicit Contiguous(nb::handle h) : Strided<T>(h) {
    if (PyArray_IS_C_CONTIGUOUS(this->a_)) return;
    copy_ = nb::steal(PyArray_NewCopy(this->a_, NPY_CORDER));
    if (!copy_.is_valid()) throw nb::python_error();
    this->a_ = reinterpret_cast<PyArrayObject*>(copy_.ptr());
  }

 private:
  nb::object copy_;
};

// A new array; strides in elements, row by row if none are given.
template <class T> class New {
 public:
  explicit New(const Shape& shape, const Shape& strides = {}) {
    int64_t n = 1;
    for (int64_t d : shape) n *= d;
    void* block = acquire(size_t(n) * sizeof(T));
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

template <class T> New<T> like(const Strided<T>& a) {
  return PyArray_IS_C_CONTIGUOUS(a.get()) ? New<T>(a.shape()) : New<T>(a.shape(), strides(a));
}

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

// A Python number (bool, int, float) as an operand.
template <class T> T number(nb::handle h) {
  if (PyFloat_CheckExact(h.ptr())) return T(PyFloat_AS_DOUBLE(h.ptr()));
  if (PyLong_Check(h.ptr())) return T(nb::cast<double>(h));
  throw Unsupported("an array or a number is needed");
}

// Runs the kernel with Python's lock released where it is long enough for another thread to use the time.
template <class F> void compute(double operations, F&& f) {
  if (operations < 1e5) return f();
  nb::gil_scoped_release released;
  f();
}

}  // namespace chainrule
