// Bindings of dense.hpp.
#include "dense.hpp"
#include "bindings.hpp"

#include <deque>

namespace chainrule {
namespace {

// Layers from their weights (w, b of each) and the numbers of their activations.
template <class T> class Layers {
 public:
  Layers(const Contiguous<T>& x, nb::tuple activations, nb::tuple weights) : N(x.shape(0)) {
    require(activations.size() >= 1 && weights.size() == 2 * activations.size(), "a weight and a bias are needed for each layer");
    int64_t inputs = x.shape(1);
    for (size_t i = 0; i < activations.size(); ++i) {
      const Contiguous<T>& w = arrays_.emplace_back(weights[2 * i]);
      require(w.ndim() == 2 && w.shape(1) == inputs, "the sizes do not fit");
      const int64_t outputs = w.shape(0);
      const T* b = nullptr;
      if (!weights[2 * i + 1].is_none()) {
        b = arrays_.emplace_back(weights[2 * i + 1]).data();
        require(arrays_.back().has_shape({outputs}), "the bias does not fit");
      }
      layers.push_back({inputs, outputs, w.data(), b, activation(nb::cast<int64_t>(activations[i]))});
      operations += double(N) * double(w.size()), inputs = outputs;
    }
    require(N > 0 && operations > 0, "nothing is to be computed");
  }
  const int64_t N;
  std::vector<DenseLayer<T>> layers;
  double operations = 0;

 private:
  std::deque<Contiguous<T>> arrays_;
};

template <class T> nb::object list_of(const std::vector<New<T>>& arrays) {
  nb::list list;
  for (const auto& a : arrays) list.append(a.object());
  return list;
}

// The value of every layer.
nb::object py_dense(nb::handle x_, nb::tuple activations, nb::tuple weights) {
  return dispatch({x_}, [&]<class T>() {
    const Contiguous<T> x(x_);
    require(x.ndim() == 2, "a matrix is needed");
    const Layers<T> network(x, activations, weights);
    std::vector<New<T>> values;
    std::vector<T*> y;
    for (const auto& l : network.layers) y.push_back(values.emplace_back(Shape{network.N, l.O}).data());
    compute(network.operations, [&] { dense<T>(network.N, x.data(), network.layers, y); });
    return list_of(values);
  });
}

// [dx or None, dw of the first layer, db or None, dw of the second, …]
nb::object py_dense_grad(nb::handle x_, nb::tuple activations, nb::tuple weights, nb::list values, nb::handle dy_, bool wants_x) {
  return dispatch({x_, dy_}, [&]<class T>() {
    const Contiguous<T> x(x_), dy(dy_);
    require(x.ndim() == 2, "a matrix is needed");
    const Layers<T> network(x, activations, weights);
    const auto& layers = network.layers;
    require(dy.has_shape({network.N, layers.back().O}) && values.size() == layers.size(), "dy has another size");
    std::deque<Contiguous<T>> known;
    std::vector<const T*> y;
    std::vector<New<T>> made;
    std::vector<T*> dw, db;
    nb::list result;
    result.append(nb::none());
    for (size_t i = 0; i < layers.size(); ++i) {
      y.push_back(known.emplace_back(values[i]).data());
      require(known.back().has_shape({network.N, layers[i].O}), "these are the values of other layers");
      dw.push_back(made.emplace_back(Shape{layers[i].O, layers[i].I}).data());
      result.append(made.back().object());
      db.push_back(layers[i].b ? made.emplace_back(Shape{layers[i].O}).data() : nullptr);
      result.append(layers[i].b ? made.back().object() : nb::none());
    }
    T* dx = nullptr;
    if (wants_x) dx = made.emplace_back(Shape{network.N, layers[0].I}).data(), result[0] = made.back().object();
    compute(network.operations, [&] { dense_grad<T>(network.N, x.data(), layers, y, dy.data(), dw, db, dx); });
    return nb::object(result);
  });
}

}  // namespace

void bind_dense(nb::module_& m) {
  m.def("dense", &py_dense);
  m.def("dense_grad", &py_dense_grad);
}

}  // namespace chainrule
