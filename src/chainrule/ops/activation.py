"""Activations: the functions that make a network more than one matrix. All but `glu` keep the shape.

Those of straight pieces are in `piecewise`. With `inplace=True` the input becomes the result, see `ops.twins`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops import special
from chainrule.ops.arguments import floating, inplace_option, one_dim, require_floating
from chainrule.ops.elementwise import where
from chainrule.ops.random import rand
from chainrule.tensor import Array, Tensor, method

__all__ = [
    "celu", "elu", "gelu", "glu", "leaky_relu", "logsigmoid", "mish", "relu", "rrelu", "selu", "sigmoid", "silu",
    "softplus", "softsign", "tanh", "tanhshrink",
]  # fmt: skip


@method
@inplace_option
@primitive
def relu(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    """The rectifier max(x, 0), elementwise; NaN stays NaN.   dx = dy · [x > 0]

    Errors: TypeError for truth values.
    """
    if x.dtype == np.bool_:
        raise TypeError("relu(): not defined for truth values")
    y = np.maximum(x, 0)
    return y, lambda dy: dy * (y > 0)


@relu.native
def _(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    y = core.relu(x)
    return y, lambda dy: core.relu_grad(dy, y)


@method
@primitive
def sigmoid(x: Array) -> tuple[Array, Pullback]:
    """σ(x) = 1 / (1 + e⁻ˣ), elementwise.   dx = dy · σ(x) · (1 − σ(x))"""
    y = _sigmoid(floating(x))
    return y, lambda dy: dy * y * (1 - y)


def _sigmoid(x: Array) -> Any:
    e = np.exp(-np.abs(x))  # in (0, 1]: never overflows, keeps the tail's digits
    return np.where(x >= 0, 1, e) / (1 + e)


@sigmoid.native
def _(x: Array) -> tuple[Array, Pullback]:
    y = core.sigmoid(x)
    return y, lambda dy: core.sigmoid_grad(dy, y)


@method
@primitive
def tanh(x: Array) -> tuple[Array, Pullback]:
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), elementwise.   dx = dy · (1 − y²)"""
    y = np.tanh(floating(x))
    return y, lambda dy: dy * (1 - y * y)


@tanh.native
def _(x: Array) -> tuple[Array, Pullback]:
    y = core.tanh(x)
    return y, lambda dy: core.tanh_grad(dy, y)


@inplace_option
@primitive
def leaky_relu(x: Array, negative_slope: float = 0.01, inplace: bool = False) -> tuple[Array, Pullback]:
    """x where x > 0, else negative_slope · x.   dx = dy where x > 0, else negative_slope · dy

    Any shape. Errors: TypeError for integers.
    Paper: Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (2013).
    """
    require_floating("leaky_relu", x)
    y = np.where(x > 0, x, negative_slope * x)
    return y, lambda dy: np.where(x > 0, dy, negative_slope * dy)


@leaky_relu.native
def _(x: Array, negative_slope: float = 0.01, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.leaky_relu(x, negative_slope), lambda dy: core.leaky_relu_grad(dy, x, negative_slope)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """x where x > 0, else s · x.   dx = dy where x > 0, else s · dy

    In `training` each s is drawn anew from [lower, upper], else all are their mean. Any shape.
    Errors: ValueError where lower > upper, TypeError for integers.
    Paper: Xu et al.: Empirical evaluation of rectified activations in convolution network (2015).
    """
    require_floating("rrelu", input.array)
    if not lower <= upper:
        raise ValueError(f"rrelu(): lower={lower} must not be greater than upper={upper}")
    slope = lower + (upper - lower) * rand(input.shape, dtype=input.dtype) if training else (lower + upper) / 2
    y: Tensor = where(input > 0, input, input * slope) if training else leaky_relu(input, slope)
    return input._become("rrelu()", y) if inplace else y


@inplace_option
@primitive
def elu(x: Array, alpha: float = 1.0, inplace: bool = False) -> tuple[Array, Pullback]:
    """x where x > 0, else alpha · (eˣ − 1).   dx = dy where x > 0, else dy · (y + alpha)

    Any shape. Errors: TypeError for integers.
    Paper: Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units (2016).
    """
    require_floating("elu", x)
    y = np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    return y, lambda dy: np.where(x > 0, dy, dy * (y + alpha))


@elu.native
def _(x: Array, alpha: float = 1.0, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.elu(x, 1, alpha, 1), lambda dy: core.elu_grad(dy, x, 1, alpha, 1)


@inplace_option
@primitive
def selu(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    """λ · elu(x, α), with λ and α that keep mean 0 and variance 1 from layer to layer.

    dx = λ · dy where x > 0, else dy · (y + λα)

    Any shape. Errors: TypeError for integers.
    Paper: Klambauer et al.: Self-normalizing neural networks (2017).
    """
    require_floating("selu", x)
    y = np.where(x > 0, _SCALE * x, _SCALE * _ALPHA * np.expm1(np.minimum(x, 0)))
    return y, lambda dy: np.where(x > 0, _SCALE * dy, dy * (y + _SCALE * _ALPHA))


_SCALE, _ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717  # the paper's λ and α


@selu.native
def _(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.elu(x, _SCALE, _SCALE * _ALPHA, 1), lambda dy: core.elu_grad(dy, x, _SCALE, _SCALE * _ALPHA, 1)


@inplace_option
@primitive
def celu(x: Array, alpha: float = 1.0, inplace: bool = False) -> tuple[Array, Pullback]:
    """x where x > 0, else alpha · (e^(x/alpha) − 1): of one slope at 0.   dx = dy where x > 0, else dy · e^(x/alpha)

    Any shape. Errors: ValueError where alpha is 0, TypeError for integers.
    Paper: Barron: Continuously differentiable exponential linear units (2017).
    """
    require_floating("celu", x)
    if alpha == 0:
        raise ValueError("celu(): alpha must not be 0")
    z = x / x.dtype.type(alpha)
    return np.where(x > 0, x, alpha * np.expm1(z)), lambda dy: np.where(x > 0, dy, dy * np.exp(z))


@celu.native
def _(x: Array, alpha: float = 1.0, inplace: bool = False) -> tuple[Array, Pullback]:
    if alpha == 0:
        raise Unsupported
    return core.elu(x, 1, alpha, 1 / alpha), lambda dy: core.elu_grad(dy, x, 1, alpha, 1 / alpha)


@primitive
def gelu(x: Array, approximate: str = "none") -> tuple[Array, Pullback]:
    """x · Φ(x) with the normal distribution's Φ(x) = ½ erfc(−x/√2) and density φ.   dx = dy · (Φ(x) + x · φ(x))

    approximate="tanh":  y = x · t with t = ½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³)
                         dx = dy · (t + x · 2t(1 − t) · u'),  u' = √(2/π) (1 + 3 · 0.044715 x²)
    approximate="sigmoid":  y = x · s with s = σ(1.702 x)
                            dx = dy · (s + 1.702 x · s(1 − s))

    The third, which some call QuickGELU, PyTorch does not have. Any shape.
    Errors: ValueError for another `approximate`, TypeError for integers.
    Paper: Hendrycks, Gimpel: Gaussian error linear units (2016).
    """
    require_floating("gelu", x)
    if approximate == "none":
        cdf = 0.5 * special.erfc(-x * math.sqrt(0.5))
        return x * cdf, lambda dy: dy * (cdf + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))
    if approximate == "tanh":
        a, b = math.sqrt(2 / math.pi), 0.044715
        t = _sigmoid(2 * a * (x + b * x * x * x))  # ½ (1 + tanh u) = σ(2u)
        return x * t, lambda dy: dy * (t + x * (2 * t * (1 - t)) * (a + 3 * a * b * x * x))
    if approximate == "sigmoid":
        s = _sigmoid(1.702 * x)
        return x * s, lambda dy: dy * (s + 1.702 * x * (s * (1 - s)))
    raise ValueError(f"gelu(): approximate must be 'none', 'tanh' or 'sigmoid', not {approximate!r}")


@gelu.native
def _(x: Array, approximate: str = "none") -> tuple[Array, Pullback]:
    if approximate == "none":
        return core.gelu(x), lambda dy: core.gelu_grad(dy, x)
    if approximate == "tanh":
        return core.gelu_tanh(x), lambda dy: core.gelu_tanh_grad(dy, x)
    if approximate == "sigmoid":
        return core.gelu_sigmoid(x), lambda dy: core.gelu_sigmoid_grad(dy, x)
    raise Unsupported


@inplace_option
@primitive
def silu(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    """x · σ(x), also called swish.   dx = dy · σ(x) · (1 + x · (1 − σ(x)))

    Any shape. Errors: TypeError for integers.
    Paper: Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation (2018).
    """
    s = _sigmoid(require_floating("silu", x))
    return x * s, lambda dy: dy * s * (1 + x * (1 - s))


@silu.native
def _(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.silu(x), lambda dy: core.silu_grad(dy, x)


@inplace_option
@primitive
def mish(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    """x · t with t = tanh(ln(1 + eˣ)).   dx = dy · (t + x · σ(x) · (1 − t²))

    Any shape. Errors: TypeError for integers.
    Paper: Misra: Mish, a self regularized non-monotonic activation function (2020).
    """
    t = np.tanh(np.logaddexp(require_floating("mish", x), 0))
    return x * t, lambda dy: dy * (t + x * _sigmoid(x) * (1 - t * t))


@mish.native
def _(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.mish(x), lambda dy: core.mish_grad(dy, x)


@primitive
def softsign(x: Array) -> tuple[Array, Pullback]:
    """x / (1 + |x|), elementwise.   dx = dy / (1 + |x|)²"""
    x = floating(x)
    d = 1 + np.abs(x)
    return x / d, lambda dy: dy / (d * d)


@primitive
def tanhshrink(x: Array) -> tuple[Array, Pullback]:
    """x − tanh x, elementwise.   dx = dy · tanh² x"""
    x = floating(x)
    t = np.tanh(x)
    return x - t, lambda dy: dy * (t * t)


@primitive
def logsigmoid(x: Array) -> tuple[Array, Pullback]:
    """ln σ(x) = −ln(1 + e⁻ˣ), elementwise, without overflow.   dx = dy · σ(−x)

    Errors: TypeError for integers.
    """
    require_floating("logsigmoid", x)
    return -np.logaddexp(-x, 0), lambda dy: dy * _sigmoid(-x)


@logsigmoid.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.logsigmoid(x), lambda dy: core.logsigmoid_grad(dy, x)


@primitive
def glu(x: Array, dim: int = -1) -> tuple[Array, Pullback]:
    """a · σ(b) for the two halves (a, b) of x along `dim`.   da = dy · σ(b),   db = dy · a · σ(b) · (1 − σ(b))

    Shapes: (N, 2C), dim=1 -> (N, C).   dx is da and db, side by side.
    Errors: IndexError where there is no such dim, ValueError where its size is odd, TypeError for integers.
    Paper: Dauphin et al.: Language modeling with gated convolutional networks (2017).
    """
    axis = one_dim("glu", dim, require_floating("glu", x).ndim, x.shape)
    if x.shape[axis] % 2:
        raise ValueError(f"glu(): dim {dim} of shape {x.shape} must have an even size, to be cut into halves")
    a, b = np.split(x, 2, axis)
    s = _sigmoid(b)
    return a * s, lambda dy: np.concatenate([dy * s, dy * a * s * (1 - s)], axis)


@glu.native
def _(x: Array, dim: int = -1) -> tuple[Array, Pullback]:
    axis = one_dim("glu", dim, x.ndim, x.shape)
    if x.shape[axis] % 2:
        raise Unsupported
    a, b = np.split(x, 2, axis)
    s = core.sigmoid(b)
    return core.mul(a, s), lambda dy: np.concatenate([core.mul(dy, s), core.sigmoid_grad(core.mul(dy, a), s)], axis)


@primitive
def softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> tuple[Array, Pullback]:
    """ln(1 + e^(beta·x)) / beta, and x itself where beta·x > threshold.   dx = dy · σ(beta·x), or dy there

    Any shape. Errors: TypeError for integers.
    """
    z = beta * require_floating("softplus", x)
    y = np.where(z > threshold, x, np.logaddexp(z, 0) / beta)
    return y, lambda dy: np.where(z > threshold, dy, dy * _sigmoid(z))


@softplus.native
def _(x: Array, beta: float = 1.0, threshold: float = 20.0) -> tuple[Array, Pullback]:
    return core.softplus(x, beta, threshold), lambda dy: core.softplus_grad(dy, x, beta, threshold)
