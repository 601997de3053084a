// Bindings of gemm: matmul with broadcast batches, linear and its gradients.
#include "bindings.hpp"
#include "dense.hpp"

namespace chainrule {
namespace {

template <class T> Matrix<T> matrix(const Strided<T>& a) { return {a.data(), a.stride(a.ndim() - 2), a.stride(a.ndim() - 1)}; }

// Offset of batch entry `index` of an operand whose leading axes broadcast to `batch`.
template <class T> int64_t batch_offset(const Strided<T>& a, const Shape& batch, int64_t index) {
  int64_t offset = 0;
  for (int i = int(batch.size()) - 1, d = a.ndim() - 3; i >= 0; --i, --d) {
    if (d >= 0 && a.shape(d) != 1) offset += (index % batch[size_t(i)]) * a.stride(d);
    index /= batch[size_t(i)];
  }
  return offset;
}

// a (…, M, K) · b (…, K, N) -> (…, M, N)
nb::object matmul(nb::handle a_, nb::handle b_) {
  return dispatch({a_, b_}, [&]<class T>() {
    const Strided<T> a(a_), b(b_);
    require(a.ndim() >= 2 && b.ndim() >= 2 && a.shape(a.ndim() - 1) == b.shape(b.ndim() - 2), "matrices that fit are needed");
    const int64_t M = a.shape(a.ndim() - 2), K = a.shape(a.ndim() - 1), N = b.shape(b.ndim() - 1);
    Shape shape(size_t(std::max(a.ndim(), b.ndim()) - 2));
    for (int i = 0, n = int(shape.size()); i < n; ++i) {
      const int da = i - n + a.ndim() - 2, db = i - n + b.ndim() - 2;
      const int64_t sa = da < 0 ? 1 : a.shape(da), sb = db < 0 ? 1 : b.shape(db);
      require(sa == sb || sa == 1 || sb == 1, "the batches do not broadcast");
      shape[size_t(i)] = sa == 1 ? sb : sa;
    }
    const Shape batch = shape;
    shape.insert(shape.end(), {M, N});
    New<T> y(shape);
    const int64_t batches = M * N > 0 ? count(shape) / (M * N) : 0;
    compute(double(batches) * double(M * N) * double(K), [&] {
      const auto one = [&](int64_t i) {
        const Matrix<T> A = matrix(a), B = matrix(b);
        gemm<T>(M, N, K, {A.p + batch_offset(a, batch, i), A.row, A.column}, {B.p + batch_offset(b, batch, i), B.row, B.column},
                y.data() + i * M * N, N);
      };
      if (batches > 1 && double(M * N) * double(K) < 1e6) parallel_for(batches, one);
      else for (int64_t i = 0; i < batches; ++i) one(i);
    });
    return y.object();
  });
}

// x (N, I), w (O, I), b (O) or None -> x·wᵀ + b (N, O)
nb::object py_linear(nb::handle x_, nb::handle w_, nb::handle b_) {
  return dispatch({x_, w_, b_}, [&]<class T>() {
    const Strided<T> x(x_), w(w_);
    require(x.ndim() == 2 && w.ndim() == 2 && x.shape(1) == w.shape(1), "matrices that fit are needed");
    const int64_t N = x.shape(0), I = x.shape(1), O = w.shape(0);
    std::optional<Contiguous<T>> b;
    if (!b_.is_none()) b.emplace(b_);
    require(!b || b->has_shape({O}), "a bias (O) is needed");
    New<T> y({N, O});
    compute(double(N) * double(I) * double(O), [&] {
      linear<T>(N, O, I, matrix(x), matrix(w), b ? b->data() : nullptr, y.data());
    });
    return y.object();
  });
}

}  // namespace

void bind_linalg(nb::module_& m) {
  m.def("matmul", &matmul);
  m.def("linear", &py_linear, nb::arg("x"), nb::arg("w"), nb::arg("b").none());
}

}  // namespace chainrule
