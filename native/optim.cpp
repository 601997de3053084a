// Bindings of optim.hpp: one call updates all parameters of a group. Everything is checked before anything is changed.
#include "optim.hpp"
#include "bindings.hpp"

namespace chainrule {
namespace {

// Arrays of one dtype that are changed in place.
template <class T> std::vector<T*> writable(nb::list arrays, std::vector<int64_t>* sizes = nullptr) {
  std::vector<T*> data;
  for (nb::handle h : arrays) {
    PyArrayObject* a = as_array(h);
    if (PyArray_TYPE(a) != TYPENUM<T> || !PyArray_ISCARRAY(a)) throw Unsupported("contiguous arrays of one dtype are needed");
    data.push_back(static_cast<T*>(PyArray_DATA(a)));
    if (sizes) sizes->push_back(PyArray_SIZE(a));
  }
  return data;
}

template <class T> struct Parameters {
  std::vector<int64_t> sizes;
  std::vector<T*> theta;
  std::vector<Contiguous<T>> grad;
  Parameters(nb::list params, nb::list grads) : theta(writable<T>(params, &sizes)) {
    grad.reserve(nb::len(grads));
    for (nb::handle g : grads) grad.emplace_back(g);
    if (grad.size() != theta.size()) throw Unsupported("a gradient for each parameter is needed");
    for (size_t i = 0; i < grad.size(); ++i) same_size(i, grad[i].size());
  }
  void same_size(size_t i, int64_t n) const {
    if (n != sizes[i]) throw Unsupported("parameter and gradient differ in size");
  }
  double total() const {
    double n = 0;
    for (int64_t s : sizes) n += double(s);
    return n;
  }
};

template <class T> std::vector<T*> state(nb::list arrays, const Parameters<T>& p) {
  std::vector<int64_t> sizes;
  auto data = writable<T>(arrays, &sizes);
  if (sizes != p.sizes) throw Unsupported("state and parameters differ in size");
  return data;
}

template <class F> void dispatch_list(nb::list params, F&& f) {
  if (!nb::len(params)) return;
  dispatch({nb::handle(params[0])}, [&]<class T>() {
    f.template operator()<T>();
    return nb::none();
  });
}

void py_sgd(nb::list params, nb::list grads, nb::object velocities, double lr, double momentum, double dampening, double weight_decay,
            bool nesterov, bool maximize) {
  dispatch_list(params, [&]<class T>() {
    const Parameters<T> p(params, grads);
    std::vector<T*> v(p.sizes.size(), nullptr);
    if (!velocities.is_none()) v = state<T>(nb::cast<nb::list>(velocities), p);
    const Sgd s{lr, momentum, dampening, weight_decay, nesterov, maximize};
    compute(p.total(), [&] {
      for (size_t i = 0; i < v.size(); ++i) sgd(p.sizes[i], p.theta[i], p.grad[i].data(), v[i], s);
    });
  });
}

void py_adam(nb::list params, nb::list grads, nb::list m_, nb::list v_, int64_t step, double lr, double beta1, double beta2, double eps,
             double weight_decay, bool decoupled, bool maximize) {
  dispatch_list(params, [&]<class T>() {
    const Parameters<T> p(params, grads);
    const auto m = state<T>(m_, p), v = state<T>(v_, p);
    const Adam s{step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize};
    compute(p.total() * 4, [&] {
      for (size_t i = 0; i < m.size(); ++i) adam(p.sizes[i], p.theta[i], p.grad[i].data(), m[i], v[i], s);
    });
  });
}

void py_adagrad(nb::list params, nb::list grads, nb::list sums, double rate, double eps, double weight_decay, bool maximize) {
  dispatch_list(params, [&]<class T>() {
    const Parameters<T> p(params, grads);
    const auto sum = state<T>(sums, p);
    const Adagrad a{rate, eps, weight_decay, maximize};
    compute(p.total() * 4, [&] {
      for (size_t i = 0; i < sum.size(); ++i) adagrad(p.sizes[i], p.theta[i], p.grad[i].data(), sum[i], a);
    });
  });
}

}  // namespace

void bind_optim(nb::module_& m) {
  m.def("sgd", &py_sgd, nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg());
  m.def("adam", &py_adam);
  m.def("adagrad", &py_adagrad);
}

}  // namespace chainrule
