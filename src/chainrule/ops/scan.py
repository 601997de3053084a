"""Along one dimension, in order: running sums and products, sorting and its like.

A tensor without dimensions is taken as one element, and keeps its shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import numpy_names, one_dim
from chainrule.ops.indexing import gather
from chainrule.ops.reduction import ValuesIndices
from chainrule.ops.shape import to
from chainrule.tensor import Array, Tensor, method

__all__ = ["argsort", "cumprod", "cumsum", "sort", "topk"]


def _axis(name: str, dim: int, shape: tuple[int, ...]) -> int:
    return one_dim(name, dim, max(len(shape), 1), shape)


# ---------------------------------------------------------------------------------------------- running


@method
@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """yᵢ = x₀ + … + xᵢ along `dim`, in `dtype`; integers and truth values in int64.   dxᵢ = dyᵢ + dyᵢ₊₁ + …"""
    return _cumsum(input if dtype is None else to(input, dtype), dim)


@primitive
def _cumsum(x: Array, dim: int) -> tuple[Array, Pullback]:
    """dxᵢ = dyᵢ + dyᵢ₊₁ + …"""
    axis = _axis("cumsum", dim, x.shape)
    y = np.cumsum(np.atleast_1d(x), axis, dtype=None if x.dtype.kind == "f" else np.int64)

    def dx(dy: Array) -> Array:
        return np.flip(np.cumsum(np.flip(np.atleast_1d(dy), axis), axis), axis).reshape(x.shape)

    return y.reshape(x.shape), dx


@_cumsum.native
def _(x: Array, dim: int) -> tuple[Array, Pullback]:
    axis = _axis("cumsum", dim, x.shape)
    return core.cumsum(x, axis, False), lambda dy: core.cumsum(dy, axis, True)


@method
@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """yᵢ = x₀ · … · xᵢ along `dim`, in `dtype`; integers and truth values in int64.

    Seen as yᵢ = yᵢ₋₁ · xᵢ, the chain rule runs back from the end, and zeros do no harm:
    gᵢ = dyᵢ + gᵢ₊₁ · xᵢ₊₁,   dxᵢ = gᵢ · yᵢ₋₁
    """
    return _cumprod(input if dtype is None else to(input, dtype), dim)


@primitive
def _cumprod(x: Array, dim: int) -> tuple[Array, Pullback]:
    """gᵢ = dyᵢ + gᵢ₊₁ · xᵢ₊₁,   dxᵢ = gᵢ · yᵢ₋₁"""
    axis = _axis("cumprod", dim, x.shape)
    rows = np.moveaxis(np.atleast_1d(x), axis, 0)  # -> (n, the rest)
    y = np.cumprod(rows, 0, dtype=None if x.dtype.kind == "f" else np.int64)

    def dx(dy: Array) -> Array:
        g = np.moveaxis(np.atleast_1d(dy), axis, 0).copy()
        for i in range(len(g) - 2, -1, -1):
            g[i] += g[i + 1] * rows[i + 1]
        g[1:] *= y[:-1]
        return np.moveaxis(g, 0, axis).reshape(x.shape)

    return np.moveaxis(y, 0, axis).reshape(x.shape), dx


# ---------------------------------------------------------------------------------------------- sorting


@method
@numpy_names
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesIndices:
    """The values in order along `dim`, and where they stood: (values, indices).   dx[indices] = dvalues

    NaN counts as the greatest. Equal values keep their order, with or without `stable`.
    """
    indices = argsort(input, dim, descending)
    return ValuesIndices(gather(input, dim, indices), indices)


@method
@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that put the values in order along `dim`; see `sort`."""
    return Tensor(_order("argsort", input.array, dim, descending))


def _order(name: str, x: Array, dim: int, descending: bool) -> Array:
    axis = _axis(name, dim, x.shape)
    rows = np.atleast_1d(x)
    order = np.argsort(np.flip(rows, axis) if descending else rows, axis, kind="stable")
    if descending:  # of equal values the first ones come first here too
        order = np.flip(rows.shape[axis] - 1 - order, axis)
    return order.reshape(x.shape)


@method
@numpy_names
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The k greatest (or least) values along `dim`, in order: (values, indices).   dx[indices] = dvalues

    Of equal values those that come first are taken. They are in order even with sorted=False.
    """
    axis = _axis("topk", dim, input.shape)
    n = input.shape[axis] if input.ndim else 1
    if not (0 if input.ndim else 1) <= k <= n:
        raise ValueError(f"topk(): k = {k} must be from 0 to {n}, the size of dim {dim} of shape {input.shape}")
    order = np.atleast_1d(_order("topk", input.array, dim, largest))[(*(slice(None),) * axis, slice(k))]
    indices = Tensor(order if input.ndim else order.reshape(()))
    return ValuesIndices(gather(input, dim, indices), indices)
