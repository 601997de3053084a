"""Softmax and its kin: scores along one dimension become probabilities. All keep the shape.

`dim=None` takes the dimension that PyTorch would, 0 of a tensor with 0, 1 or 3 dimensions and else 1, without its
warning: give `dim`. With `dtype` the input is converted first; integers need one (TypeError).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import one_dim, require_floating
from chainrule.ops.elementwise import neg
from chainrule.ops.random import rand
from chainrule.tensor import Array, Tensor, method

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


@method
def softmax(input: Tensor, dim: int | None = None, dtype: npt.DTypeLike | None = None) -> Tensor:
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along `dim`.   dx = y · (dy − Σⱼ dyⱼ yⱼ)

    Any shape. Errors: IndexError where there is no such dim, TypeError for integers unless a `dtype` is given.
    """
    return _along(_softmax, input, dim, dtype)


@primitive
def _softmax(x: Array, dim: int) -> tuple[Array, Pullback]:
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along `dim`.   dx = y · (dy − Σⱼ dyⱼ yⱼ)"""
    axis = one_dim("softmax", dim, require_floating("softmax", x).ndim, x.shape)
    e = np.exp(x - np.max(x, axis, keepdims=True, initial=-np.inf))  # ≤ 1: never overflows
    y = e / e.sum(axis, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis, keepdims=True))


@_softmax.native
def _(x: Array, dim: int) -> tuple[Array, Pullback]:
    if not isinstance(dim, int) or dim not in (-1, x.ndim - 1):
        raise Unsupported
    y = core.softmax(x)
    return y, lambda dy: core.softmax_grad(dy, y)


@method
def log_softmax(input: Tensor, dim: int | None = None, dtype: npt.DTypeLike | None = None) -> Tensor:
    """yᵢ = xᵢ − ln Σⱼ e^xⱼ along `dim`, without overflow.   dx = dy − eʸ · Σⱼ dyⱼ

    Any shape. Errors: IndexError where there is no such dim, TypeError for integers unless a `dtype` is given.
    """
    return _along(_log_softmax, input, dim, dtype)


@primitive
def _log_softmax(x: Array, dim: int) -> tuple[Array, Pullback]:
    """yᵢ = xᵢ − ln Σⱼ e^xⱼ along `dim`, without overflow.   dx = dy − eʸ · Σⱼ dyⱼ"""
    axis = one_dim("log_softmax", dim, require_floating("log_softmax", x).ndim, x.shape)
    z = x - np.max(x, axis, keepdims=True, initial=-np.inf)
    y = z - np.log(np.exp(z).sum(axis, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis, keepdims=True)


@_log_softmax.native
def _(x: Array, dim: int) -> tuple[Array, Pullback]:
    if not isinstance(dim, int) or dim not in (-1, x.ndim - 1):
        raise Unsupported
    y = core.log_softmax(x)
    return y, lambda dy: core.log_softmax_grad(dy, y)


def softmin(input: Tensor, dim: int | None = None, dtype: npt.DTypeLike | None = None) -> Tensor:
    """softmax(−x): yᵢ = e^−xᵢ / Σⱼ e^−xⱼ along `dim`.   dx = −y · (dy − Σⱼ dyⱼ yⱼ)

    Any shape. Errors: as `softmax`.
    """
    return softmax(neg(input), dim, dtype)


def _along(operator: Any, input: Tensor, dim: int | None, dtype: npt.DTypeLike | None) -> Tensor:
    """The operator on the converted input, along a dimension; a number is a row of one."""
    x = input if dtype is None else input.to(dtype)
    if x.array.size == 0:  # at once, for a size beside the 0 may be vast
        require_floating(operator.__name__.strip("_"), x.array)
        one_dim(operator.__name__.strip("_"), 0 if dim is None else dim, x.ndim, x.shape)
        return x.clone()
    if dim is None:
        dim = 0 if x.ndim in (0, 1, 3) else 1
    y: Tensor = operator(x, dim) if x.ndim else operator(x.reshape(1), dim).reshape(())
    return y


def gumbel_softmax(logits: Tensor, tau: float = 1.0, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((x + g) / tau) along `dim` for logits x, with noise g = −ln(−ln u), u uniform: a differentiable draw.

    hard=True gives a one-hot vector, with the gradient of the soft one. `eps` is not used, as in PyTorch.
    Any shape. Errors: IndexError where there is no such dim, TypeError for integers.
    Paper: Jang, Gu, Poole: Categorical reparameterization with Gumbel-softmax (2017).
    """
    u = np.maximum(rand(logits.shape, dtype=logits.dtype).array, np.finfo(logits.dtype).tiny)
    soft = softmax((logits + Tensor(-np.log(-np.log(u)))) / tau, dim)
    if not hard:
        return soft
    chosen = soft.array == soft.array.max(dim, keepdims=True)
    return Tensor(chosen.astype(soft.dtype)) - soft.detach() + soft
