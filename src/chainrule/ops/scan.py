"""Along one dimension, in order: running sums and products, sorting and its like.

A tensor without dimensions is taken as one element, and keeps its shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import numpy_names, one_dim, row_dim, whole_number
from chainrule.ops.extremes import ValuesIndices
from chainrule.ops.indexing import gather
from chainrule.ops.joining import cat
from chainrule.ops.reduction import in_dtype
from chainrule.tensor import Array, Tensor, method

__all__ = ["argsort", "cummax", "cummin", "cumprod", "cumsum", "diff", "msort", "sort", "topk"]


# ---------------------------------------------------------------------------------------------- running


@method
@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """yᵢ = x₀ + … + xᵢ along `dim`, in `dtype`; integers and truth values in int64.   dxᵢ = dyᵢ + dyᵢ₊₁ + …

    Same shape. Errors: IndexError where there is no such dim.
    """
    return in_dtype(_cumsum, input, dtype, dim)


@primitive
def _cumsum(x: Array, dim: int) -> tuple[Array, Pullback]:
    """dxᵢ = dyᵢ + dyᵢ₊₁ + …"""
    axis = row_dim("cumsum", dim, x.shape)
    y = np.cumsum(np.atleast_1d(x), axis, dtype=None if x.dtype.kind == "f" else np.int64)

    def dx(dy: Array) -> Array:
        return np.flip(np.cumsum(np.flip(np.atleast_1d(dy), axis), axis), axis).reshape(x.shape)

    return y.reshape(x.shape), dx


@_cumsum.native
def _(x: Array, dim: int) -> tuple[Array, Pullback]:
    axis = row_dim("cumsum", dim, x.shape)
    return core.cumsum(x, axis, False), lambda dy: core.cumsum(dy, axis, True)


@method
@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """yᵢ = x₀ · … · xᵢ along `dim`, in `dtype`; integers and truth values in int64.

    Seen as yᵢ = yᵢ₋₁ · xᵢ, the chain rule runs back from the end, and zeros do no harm:
    gᵢ = dyᵢ + gᵢ₊₁ · xᵢ₊₁,   dxᵢ = gᵢ · yᵢ₋₁

    Same shape. Errors: IndexError where there is no such dim.
    """
    return in_dtype(_cumprod, input, dtype, dim)


@primitive
def _cumprod(x: Array, dim: int) -> tuple[Array, Pullback]:
    """gᵢ = dyᵢ + gᵢ₊₁ · xᵢ₊₁,   dxᵢ = gᵢ · yᵢ₋₁"""
    axis = row_dim("cumprod", dim, x.shape)
    rows = np.moveaxis(np.atleast_1d(x), axis, 0)  # -> (n, the rest)
    y = np.cumprod(rows, 0, dtype=None if x.dtype.kind == "f" else np.int64)

    def dx(dy: Array) -> Array:
        g = np.moveaxis(np.atleast_1d(dy), axis, 0).copy()
        for i in range(len(g) - 2, -1, -1):
            g[i] += g[i + 1] * rows[i + 1]
        g[1:] *= y[:-1]
        return np.moveaxis(g, 0, axis).reshape(x.shape)

    return np.moveaxis(y, 0, axis).reshape(x.shape), dx


@method
@numpy_names
def cummax(input: Tensor, dim: int) -> ValuesIndices:
    """yᵢ = max(x₀, …, xᵢ) along `dim`, and where it stood: (values, indices).   dx[indices] += dvalues

    Of equal values the last is chosen; NaN counts as the greatest. Both have the shape of x.
    Errors: IndexError where there is no such dim.
    """
    return _record("cummax", np.maximum, input, dim)


@method
@numpy_names
def cummin(input: Tensor, dim: int) -> ValuesIndices:
    """yᵢ = min(x₀, …, xᵢ) along `dim`, and where it stood: (values, indices).   dx[indices] += dvalues

    Of equal values the last is chosen; NaN counts as the least. Both have the shape of x.
    Errors: IndexError where there is no such dim.
    """
    return _record("cummin", np.minimum, input, dim)


def _record(name: str, ufunc: np.ufunc, input: Tensor, dim: int) -> ValuesIndices:
    axis = row_dim(name, dim, input.shape)
    rows = np.moveaxis(np.atleast_1d(input.array), axis, -1)
    best = ufunc.accumulate(rows, -1)
    new = (rows == best) | (rows != rows)  # NaN alone is unequal to itself
    places = np.maximum.accumulate(np.where(new, np.arange(rows.shape[-1]), 0), -1)
    indices = Tensor(np.moveaxis(places, -1, axis).reshape(input.shape))
    return ValuesIndices(gather(input, dim, indices), indices)


@method
@numpy_names
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """yᵢ = xᵢ₊₁ − xᵢ along `dim`, n times over; of truth values whether they differ.   dxᵢ = dyᵢ₋₁ − dyᵢ

    `prepend` and `append` are put in front and behind first. Shapes: (A, B), dim=1 -> (A, B − n).
    Errors: ValueError for a negative n, IndexError where there is no such dim.
    """
    axis = one_dim("diff", dim, input.ndim, input.shape)
    if whole_number("diff", "n", n) < 0:
        raise ValueError(f"diff(): n = {n} must not be negative")
    parts = [x for x in (prepend, input, append) if x is not None and (n or x is input)]
    x = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, x.shape[axis])):
        size = x.shape[axis]
        after, before = x.narrow(axis, min(1, size), size - 1), x.narrow(axis, 0, size - 1)
        x = after.ne(before) if x.dtype == np.bool_ else after - before
    return x


# ---------------------------------------------------------------------------------------------- sorting


@method
@numpy_names
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> ValuesIndices:
    """The values in order along `dim`, and where they stood: (values, indices).   dx[indices] = dvalues

    From the greatest with `descending`. NaN counts as the greatest. Equal values keep their order, with or without
    `stable`. Also sort(x, stable=True, …). Both have the shape of x. Errors: IndexError where there is no such dim.
    """
    indices = argsort(input, dim, descending)
    return ValuesIndices(gather(input, dim, indices), indices)


@method
@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Tensor:
    """The indices that put the values in order along `dim`, in the same shape; see `sort`."""
    return Tensor(_order("argsort", input.array, dim, descending))


@method
def msort(input: Tensor) -> Tensor:
    """The values in order along dim 0, in the same shape; see `sort`."""
    return sort(input, 0).values


def _order(name: str, x: Array, dim: int, descending: bool) -> Array:
    axis = row_dim(name, dim, x.shape)
    rows = np.atleast_1d(x)
    order = np.argsort(np.flip(rows, axis) if descending else rows, axis, kind="stable")
    if descending:  # of equal values the first ones come first here too
        order = np.flip(rows.shape[axis] - 1 - order, axis)
    return order.reshape(x.shape)


@method
@numpy_names
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The k greatest values along `dim`, or the least unless `largest`: (values, indices).   dx[indices] = dvalues

    Of equal values those that come first are taken. They are in order even with sorted=False.
    Shapes: (A, B), k, dim=1 -> (A, k), (A, k). Errors: ValueError where k is not from 0 to the size of `dim`, TypeError
    where it is no whole number, IndexError where there is no such dim.
    """
    axis, k = row_dim("topk", dim, input.shape), whole_number("topk", "k", k)
    n = input.shape[axis] if input.ndim else 1
    if not 0 <= k <= n:
        raise ValueError(f"topk(): k = {k} must be from 0 to {n}, the size of dim {dim} of shape {input.shape}")
    order = np.atleast_1d(_order("topk", input.array, dim, largest))[(*(slice(None),) * axis, slice(k))]
    indices = Tensor(order if input.ndim else order.reshape(()))
    return ValuesIndices(gather(input, dim, indices), indices)
