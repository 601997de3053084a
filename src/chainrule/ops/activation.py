"""Activations: the functions that make a network more than one matrix. All keep the shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import floating, one_dim, require_floating
from chainrule.tensor import Array, method

__all__ = [
    "elu", "gelu", "leaky_relu", "log_softmax", "relu", "sigmoid", "silu", "softmax", "softplus", "tanh",
]  # fmt: skip


@method
@primitive
def relu(x: Array) -> tuple[Array, Pullback]:
    """The rectifier max(x, 0); NaN stays NaN.   dx = dy · [x > 0]"""
    y = np.maximum(x, 0)
    return y, lambda dy: dy * (y > 0)


@relu.native
def _(x: Array) -> tuple[Array, Pullback]:
    y = core.relu(x)
    return y, lambda dy: core.relu_grad(dy, y)


@method
@primitive
def sigmoid(x: Array) -> tuple[Array, Pullback]:
    """σ(x) = 1 / (1 + e⁻ˣ).   dx = dy · σ(x) · (1 − σ(x))"""
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
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).   dx = dy · (1 − y²)"""
    y = np.tanh(floating(x))
    return y, lambda dy: dy * (1 - y * y)


@tanh.native
def _(x: Array) -> tuple[Array, Pullback]:
    y = core.tanh(x)
    return y, lambda dy: core.tanh_grad(dy, y)


@primitive
def leaky_relu(x: Array, negative_slope: float = 0.01) -> tuple[Array, Pullback]:
    """x where x > 0, else negative_slope · x.   dx = dy where x > 0, else negative_slope · dy

    Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (2013).
    """
    require_floating("leaky_relu", x)
    y = np.where(x > 0, x, negative_slope * x)
    return y, lambda dy: np.where(x > 0, dy, negative_slope * dy)


@primitive
def elu(x: Array, alpha: float = 1.0) -> tuple[Array, Pullback]:
    """x where x > 0, else alpha · (eˣ − 1).   dx = dy where x > 0, else dy · (y + alpha)

    Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units (2016).
    """
    require_floating("elu", x)
    y = np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    return y, lambda dy: np.where(x > 0, dy, dy * (y + alpha))


@primitive
def gelu(x: Array, approximate: str = "none") -> tuple[Array, Pullback]:
    """x · Φ(x) with the normal distribution's Φ(x) = ½ erfc(−x/√2) and density φ.   dx = dy · (Φ(x) + x · φ(x))

    approximate="tanh":  y = x · t with t = ½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³)
                         dx = dy · (t + x · 2t(1 − t) · u'),  u' = √(2/π) (1 + 3 · 0.044715 x²)

    Hendrycks, Gimpel: Gaussian error linear units (2016).
    """
    require_floating("gelu", x)
    if approximate == "none":
        cdf = np.asarray(0.5 * _erfc(-x * math.sqrt(0.5)), x.dtype)
        return x * cdf, lambda dy: dy * (cdf + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))
    if approximate == "tanh":
        a, b = math.sqrt(2 / math.pi), 0.044715
        t = _sigmoid(2 * a * (x + b * x * x * x))  # ½ (1 + tanh u) = σ(2u)
        return x * t, lambda dy: dy * (t + x * (2 * t * (1 - t)) * (a + 3 * a * b * x * x))
    raise ValueError(f"gelu(): approximate must be 'none' or 'tanh', not {approximate!r}")


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@gelu.native
def _(x: Array, approximate: str = "none") -> tuple[Array, Pullback]:
    if approximate != "none":
        raise Unsupported
    return core.gelu(x), lambda dy: core.gelu_grad(dy, x)


@primitive
def silu(x: Array) -> tuple[Array, Pullback]:
    """x · σ(x), also called swish.   dx = dy · σ(x) · (1 + x · (1 − σ(x)))

    Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation (2018).
    """
    s = _sigmoid(require_floating("silu", x))
    return x * s, lambda dy: dy * s * (1 + x * (1 - s))


@silu.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.silu(x), lambda dy: core.silu_grad(dy, x)


@primitive
def softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> tuple[Array, Pullback]:
    """ln(1 + e^(beta·x)) / beta, and x itself where beta·x > threshold.   dx = dy · σ(beta·x), or dy there"""
    z = beta * require_floating("softplus", x)
    y = np.where(z > threshold, x, np.logaddexp(z, 0) / beta)
    return y, lambda dy: np.where(z > threshold, dy, dy * _sigmoid(z))


@method
@primitive
def softmax(x: Array, dim: int) -> tuple[Array, Pullback]:
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along `dim`.   dx = y · (dy − Σⱼ dyⱼ yⱼ)"""
    x, axis = floating(x), one_dim("softmax", dim, x.ndim, x.shape)
    e = np.exp(x - np.max(x, axis, keepdims=True, initial=-np.inf))  # ≤ 1: never overflows
    y = e / e.sum(axis, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis, keepdims=True))


@softmax.native
def _(x: Array, dim: int) -> tuple[Array, Pullback]:
    if dim not in (-1, x.ndim - 1):
        raise Unsupported
    y = core.softmax(x)
    return y, lambda dy: core.softmax_grad(dy, y)


@method
@primitive
def log_softmax(x: Array, dim: int) -> tuple[Array, Pullback]:
    """yᵢ = xᵢ − ln Σⱼ e^xⱼ along `dim`, without overflow.   dx = dy − eʸ · Σⱼ dyⱼ"""
    x, axis = floating(x), one_dim("log_softmax", dim, x.ndim, x.shape)
    z = x - np.max(x, axis, keepdims=True, initial=-np.inf)
    y = z - np.log(np.exp(z).sum(axis, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis, keepdims=True)


@log_softmax.native
def _(x: Array, dim: int) -> tuple[Array, Pullback]:
    if dim not in (-1, x.ndim - 1):
        raise Unsupported
    y = core.log_softmax(x)
    return y, lambda dy: core.log_softmax_grad(dy, y)
