"""Reductions over all dimensions, or over those in `dim`: a number, several, counted from the end if negative.

    x (N, C, H, W), dim=(2, 3)  ->  y (N, C), or (N, C, 1, 1) with keepdim

Below, dy stands for the cotangent with the reduced dimensions put back, so that it broadcasts against x.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import all_dims, floating, numpy_names, require_floating
from chainrule.ops.conversion import to
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = [
    "logsumexp", "mean", "prod", "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip


def restored(dy: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    """dy, with the reduced dimensions put back."""
    return dy if keepdim else np.expand_dims(dy, axes)


def _spread(dy: Array, axes: tuple[int, ...], keepdim: bool, shape: tuple[int, ...]) -> Array:
    """dy, the same for every element that went into one result."""
    return np.broadcast_to(restored(dy, axes, keepdim), shape)


def _count(x: Array, axes: tuple[int, ...]) -> int:
    """How many elements go into each result."""
    return math.prod(x.shape[axis] for axis in axes)


def require_some(name: str, x: Array, axes: tuple[int, ...]) -> None:
    if not _count(x, axes):
        raise ValueError(f"{name}(): nothing to choose from: dim {axes} of shape {x.shape} has no elements")


def divided_among(x: Array, y: Array, axes: tuple[int, ...], keepdim: bool) -> tuple[Array, Any]:
    """y, and the pullback that deals dy out among the elements equal to it."""

    def dx(dy: Array) -> Any:
        equal = x == y
        return equal * (restored(dy, axes, keepdim) / equal.sum(axes, keepdims=True, dtype=dy.dtype))

    return y if keepdim else y.squeeze(axes), dx


# ---------------------------------------------------------------------------------------------- sums


@method
@numpy_names
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """y = Σ x, added up in `dtype`, which is int64 for integers and truth values unless given.   dx = dy

    Over all dimensions, one, or several: (A, B, C), dim=(0, 2) -> (B), or (1, B, 1) with keepdim. Of nothing it is 0.
    Errors: IndexError where there is no such dim, ValueError where one is named twice, TypeError where it is no whole
    number.
    """
    return in_dtype(_sum, input, dtype, dim, keepdim)


def in_dtype(f: Any, input: Tensor, dtype: Any, *args: Any) -> Tensor:
    """f(input, …) in `dtype`, which the result has as well; None leaves it to f."""
    y: Tensor = f(input, *args) if dtype is None else to(f(to(input, dtype), *args), dtype)
    return y


@primitive
def _sum(x: Array, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    """dx = dy"""
    axes = all_dims("sum", dim, x.shape)
    y: Any = np.sum(x, axes, keepdims=keepdim, dtype=None if x.dtype.kind == "f" else np.int64)
    return y, lambda dy: _spread(dy, axes, keepdim, x.shape)


@_sum.native
def _(x: Array, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    axes = all_dims("sum", dim, x.shape)
    y = core.sum(x, axes, keepdim)
    return y, lambda dy: _spread(dy, axes, keepdim, x.shape)


@method
@numpy_names
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """y = Σ x / n for n elements, in `dtype`, which integers need to be told.   dx = dy / n

    Over all dimensions, one, or several: (A, B, C), dim=(0, 2) -> (B). Of nothing it is NaN.
    Errors: TypeError for integers, else as in `sum`.
    """
    return in_dtype(_mean, input, dtype, dim, keepdim)


@primitive
def _mean(x: Array, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    """dx = dy / n"""
    axes = all_dims("mean", dim, require_floating("mean", x).shape)
    n = _count(x, axes)
    return np.sum(x, axes, keepdims=keepdim) / n, lambda dy: _spread(dy / n, axes, keepdim, x.shape)


@_mean.native
def _(x: Array, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    axes = all_dims("mean", dim, x.shape)
    n = _count(x, axes)
    return core.div(core.sum(x, axes, keepdim), n), lambda dy: _spread(core.div(dy, n), axes, keepdim, x.shape)


@method
@numpy_names
def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """y = Π x, in `dtype`, which is int64 for integers and truth values unless given.   dxᵢ = dy · Πⱼ xⱼ over j ≠ i

    Over all dimensions, or one: (A, B), dim=1 -> (A). Of nothing it is 1.
    Errors: IndexError where there is no such dim, TypeError where it is not one whole number.
    """
    if isinstance(dim, tuple | list):
        raise TypeError(f"prod(): dim must be one dimension or None, not {dim}")
    return in_dtype(_prod, input, dtype, dim, keepdim)


@primitive
def _prod(x: Array, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    """dxᵢ = dy · Πⱼ xⱼ over j ≠ i, without a division: a product of those before i and of those after"""
    axes = all_dims("prod", dim, x.shape)
    y = np.prod(x, axes, keepdims=keepdim, dtype=None if x.dtype.kind == "f" else np.int64)
    return y, lambda dy: restored(dy, axes, keepdim) * _product_of_others(x, axes)


def _product_of_others(x: Array, axes: tuple[int, ...]) -> Array:
    last = range(-len(axes), 0)
    moved = np.moveaxis(x, axes, last)
    rows = moved.reshape(*moved.shape[: x.ndim - len(axes)], _count(x, axes))  # -> (the rest, n)
    one = np.ones_like(rows[..., :1])
    before = np.cumprod(np.concatenate([one, rows[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([one, rows[..., :0:-1]], -1), -1)[..., ::-1]
    return np.moveaxis((before * after).reshape(moved.shape), last, axes)


@method
@primitive
def logsumexp(x: Array, dim: Any, keepdim: bool = False) -> tuple[Array, Pullback]:
    """y = ln Σ eˣ over one `dim` or several, without overflow.   dx = dy · e^(x − y), which is the softmax

    Integers are taken as floats. Of nothing it is −∞. Shapes and errors as in `sum`.
    """
    x, axes = floating(x), all_dims("logsumexp", dim, x.shape)
    top = np.max(x, axes, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.exp(x - top).sum(axes, keepdims=True)) + top
    return y if keepdim else y.squeeze(axes), lambda dy: restored(dy, axes, keepdim) * np.exp(x - y)


@logsumexp.native
def _(x: Array, dim: Any, keepdim: bool = False) -> tuple[Array, Pullback]:
    x, axes = floating(x), all_dims("logsumexp", dim, x.shape)
    top = np.max(x, axes, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    y = core.add(core.log(core.sum(core.exp(core.sub(x, top)), axes, True)), top)

    def dx(dy: Array) -> Any:
        return core.mul(core.exp(core.sub(x, y)), restored(dy, axes, keepdim))

    return y if keepdim else y.squeeze(axes), dx


# ---------------------------------------------------------------------------------------------- spread


@method
@numpy_names
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """y = Σ (x − x̄)² / (n − correction), for n elements of mean x̄.   dx = dy · 2 (x − x̄) / (n − correction)

    correction is 1 unless given; unbiased=False is another word for 0. Also var(x, unbiased). Over all dimensions, one,
    or several: (A, B, C), dim=(0, 2) -> (B). Errors: TypeError for integers, or where both words are given, IndexError
    where there is no such dim.
    """
    dim, correction = _correction("var", dim, unbiased, correction)
    return _var(input, dim, correction, keepdim)


@method
@numpy_names
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """y = √(Σ (x − x̄)² / (n − correction)).   dx = dy · (x − x̄) / ((n − correction) · y), and 0 where y = 0

    Arguments, shapes and errors as in `var`: also std(x, unbiased).
    """
    dim, correction = _correction("std", dim, unbiased, correction)
    return _std(input, dim, correction, keepdim)


@numpy_names
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """The pair of `var` and `mean`, with their gradients; arguments, shapes and errors as in `var`."""
    dim, correction = _correction("var_mean", dim, unbiased, correction)
    return _var(input, dim, correction, keepdim), _mean(input, dim, keepdim)


@numpy_names
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """The pair of `std` and `mean`, with their gradients; arguments, shapes and errors as in `var`."""
    dim, correction = _correction("std_mean", dim, unbiased, correction)
    return _std(input, dim, correction, keepdim), _mean(input, dim, keepdim)


def _correction(name: str, dim: Any, unbiased: bool | None, correction: Any) -> tuple[Any, Any]:
    """(dim, correction), from all the ways to say it."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is None:
        return dim, 1 if correction is None else correction
    if correction is not None:
        raise TypeError(f"{name}(): give unbiased or correction, not both")
    return dim, int(unbiased)


@primitive
def _var(x: Array, dim: Any, correction: Scalar, keepdim: bool) -> tuple[Array, Pullback]:
    """dx = dy · 2 (x − x̄) / (n − correction)"""
    axes = all_dims("var", dim, require_floating("var", x).shape)
    away, y = _deviation(x, axes, correction)
    freedom = _freedom(x, axes, correction)
    return y if keepdim else y.squeeze(axes), lambda dy: restored(dy, axes, keepdim) * away * 2 / freedom


@_var.native
def _(x: Array, dim: Any, correction: Scalar, keepdim: bool) -> tuple[Array, Pullback]:
    axes = all_dims("var", dim, require_floating("var", x).shape)
    freedom = float(_freedom(x, axes, correction))
    away = core.sub(x, core.div(core.sum(x, axes, True), _count(x, axes)))
    y = core.div(core.sum_of_squares(away, axes, keepdim), freedom)
    return y, lambda dy: core.mul(core.div(core.mul(restored(dy, axes, keepdim), 2), freedom), away)


@primitive
def _std(x: Array, dim: Any, correction: Scalar, keepdim: bool) -> tuple[Array, Pullback]:
    """dx = dy · (x − x̄) / ((n − correction) · y), and 0 where y = 0"""
    axes = all_dims("std", dim, require_floating("std", x).shape)
    away, square = _deviation(x, axes, correction)
    y, freedom = np.sqrt(square), _freedom(x, axes, correction)

    def dx(dy: Array) -> Any:
        return np.where(y == 0, 0, restored(dy, axes, keepdim) / y) * away / freedom

    return y if keepdim else y.squeeze(axes), dx


def _deviation(x: Array, axes: tuple[int, ...], correction: Scalar) -> tuple[Array, Array]:
    """x − x̄, and the variance with its dimensions kept."""
    away = x - np.sum(x, axes, keepdims=True) / _count(x, axes)
    return away, np.sum(away * away, axes, keepdims=True) / _freedom(x, axes, correction)


def _freedom(x: Array, axes: tuple[int, ...], correction: Scalar) -> Any:
    """The degrees of freedom n − correction, at least 0, where the variance is NaN or infinite."""
    return x.dtype.type(np.maximum(_count(x, axes) - correction, 0))


# ---------------------------------------------------------------------------------------------- norms


def vector_norm(
    x: Tensor,
    ord: Scalar = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """y = (Σ |x|^p)^(1/p) for ord = p; ∞: max |x|, −∞: min |x|, 0: how many x are not 0.

    dx = dy · sign(x) · (|x| / y)^(p − 1), and 0 where x = 0
    ±∞: dx = dy · sign(x) where |x| = y, in equal shares, else 0

    Over all dimensions, one, or several: (A, B, C), dim=(0, 2) -> (B). Errors: TypeError for integers and another kind
    of ord, ValueError for the ±∞-norm of nothing, else as in `sum`.
    """
    return _vector_norm(x if dtype is None else to(x, dtype), ord, dim, keepdim)


@primitive
def _vector_norm(x: Array, p: Scalar, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    """dx = dy · sign(x) · (|x| / y)^(p − 1), and 0 where x = 0"""
    if isinstance(p, str):
        raise TypeError(f"vector_norm(): ord must be a number or infinity, not {p!r}")
    axes = all_dims("vector_norm", dim, require_floating("vector_norm", x).shape)
    size, p = np.abs(x), float(p)  # NumPy's own numbers would change the dtype
    if p == 0:
        return np.sum(x != 0, axes, keepdims=keepdim, dtype=x.dtype), lambda dy: np.zeros_like(x)
    if math.isinf(p):
        require_some("vector_norm", x, axes)
        y, dx = divided_among(size, (np.amax if p > 0 else np.amin)(size, axes, keepdims=True), axes, keepdim)
        return y, lambda dy: dx(dy) * np.sign(x)
    y = np.sum(size**p, axes, keepdims=True) ** (1 / p)

    def pulled(dy: Array) -> Array:
        return np.where(x == 0, 0, restored(dy, axes, keepdim) * np.sign(x) * (size / y) ** (p - 1))

    return y if keepdim else y.squeeze(axes), pulled


@_vector_norm.native
def _(x: Array, p: Scalar, dim: Any, keepdim: bool) -> tuple[Array, Pullback]:
    axes = all_dims("vector_norm", dim, x.shape)
    if p == 1:
        y = core.sum(core.abs(x), axes, keepdim)
        return y, lambda dy: core.abs_grad(_spread(dy, axes, keepdim, x.shape), x)
    if p != 2:
        raise Unsupported
    y = core.sqrt(core.sum_of_squares(x, axes, True))
    size = np.where(y == 0, 1, y)
    return y if keepdim else y.squeeze(axes), lambda dy: core.mul(x, core.div(restored(dy, axes, keepdim), size))
