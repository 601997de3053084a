// The activations that an operator can take along: those that never fall, with their gradients by their values.
#pragma once

#include "array.hpp"
#include "elementwise.hpp"

namespace chainrule {

struct IdentityGrad { template <class T> static Vec<T> of(Vec<T> dy, Vec<T>) { return dy; } };

enum class Activation { identity, relu, sigmoid, tanh };

inline Activation activation(int64_t number) {
  require(number >= 0 && number <= int64_t(Activation::tanh), "there is no such activation");
  return Activation(number);
}

// f<function, gradient>()
template <class F> void with_activation(Activation a, F&& f) {
  if (a == Activation::relu) f.template operator()<Relu, ReluGrad>();
  else if (a == Activation::sigmoid) f.template operator()<Sigmoid, SigmoidGrad>();
  else if (a == Activation::tanh) f.template operator()<Tanh, TanhGrad>();
  else f.template operator()<Identity, IdentityGrad>();
}

}  // namespace chainrule
