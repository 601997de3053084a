"""The greatest and the least element, and where they are: of all, or along `dim`.

x (N, C, H, W), dim=(2, 3)  ->  y (N, C), or (N, C, 1, 1) with keepdim
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import all_dims, numpy_names, one_dim
from chainrule.ops.elementwise import maximum, minimum
from chainrule.ops.reduction import divided_among, require_some, restored
from chainrule.tensor import Array, Tensor, method

__all__ = ["amax", "amin", "argmax", "argmin", "max", "min"]


class ValuesIndices(NamedTuple):
    """What `max` and `min` along a dimension return."""

    values: Tensor
    indices: Tensor


@method
@primitive
def amax(x: Array, dim: Any = None, keepdim: bool = False) -> tuple[Array, Pullback]:
    """The greatest element, of all or along `dim`; NaN if there is one.   dx = dy where x = y, in equal shares, else 0

    Shapes and errors as in `sum`, and ValueError where there is nothing to choose from.
    """
    axes = all_dims("amax", dim, x.shape)
    require_some("amax", x, axes)
    return divided_among(x, np.amax(x, axes, keepdims=True), axes, keepdim)


@method
@primitive
def amin(x: Array, dim: Any = None, keepdim: bool = False) -> tuple[Array, Pullback]:
    """The least element, of all or along `dim`; NaN if there is one.   dx = dy where x = y, in equal shares, else 0

    Shapes and errors as in `sum`, and ValueError where there is nothing to choose from.
    """
    axes = all_dims("amin", dim, x.shape)
    require_some("amin", x, axes)
    return divided_among(x, np.amin(x, axes, keepdims=True), axes, keepdim)


@method
@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """The greatest element (`amax`); with `dim`, a pair (values, indices) along it; of two tensors, `maximum` of both.

    Where several are equal, the first is chosen, and it alone gets the gradient: dx = dy at the index, else 0.
    Shapes: (A, B), dim=1 -> (A), (A); two tensors, input and other, are broadcast. Errors: ValueError where there is
    nothing to choose from, IndexError where there is no such dim.
    """
    dim = dim if other is None else other
    if dim is None or isinstance(dim, Tensor):
        return amax(input) if dim is None else maximum(input, dim)
    return _chosen(input, argmax(input, dim, keepdim=True), dim, keepdim)


@method
@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """The least element (`amin`); with `dim`, a pair (values, indices) along it; of two tensors, `minimum` of both.

    Where several are equal, the first is chosen, and it alone gets the gradient: dx = dy at the index, else 0.
    Shapes: (A, B), dim=1 -> (A), (A); two tensors, input and other, are broadcast. Errors: ValueError where there is
    nothing to choose from, IndexError where there is no such dim.
    """
    dim = dim if other is None else other
    if dim is None or isinstance(dim, Tensor):
        return amin(input) if dim is None else minimum(input, dim)
    return _chosen(input, argmin(input, dim, keepdim=True), dim, keepdim)


def _chosen(input: Tensor, indices: Tensor, dim: int, keepdim: bool) -> ValuesIndices:
    if not input.ndim:
        return ValuesIndices(input.clone(), indices)
    values = _pick(input, indices.array, dim, keepdim)
    return ValuesIndices(values, indices if keepdim else Tensor(indices.array.squeeze(dim)))


@primitive
def _pick(x: Array, index: Array, dim: int, keepdim: bool) -> tuple[Array, Pullback]:
    """The elements at `index`, one along `dim` for each place.   dx = dy at the index, else 0"""
    y = np.take_along_axis(x, index, dim)

    def dx(dy: Array) -> Array:
        dx = np.zeros_like(x)
        np.put_along_axis(dx, index, restored(dy, (dim,), keepdim), dim)
        return dx

    return y if keepdim else y.squeeze(dim), dx


@_pick.native
def _(x: Array, index: Array, dim: int, keepdim: bool) -> tuple[Array, Pullback]:
    axis = dim % x.ndim
    y = core.gather(x, index, axis)

    def dx(dy: Array) -> Any:
        return core.gather_grad(restored(dy, (dim,), keepdim), index, axis, x.shape[axis])

    return y if keepdim else y.squeeze(dim), dx


@method
@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the greatest element is, along `dim` or among all in row-major order; the first of several.

    Shapes: (A, B), dim=1 -> (A), whole numbers. Errors: ValueError where there is nothing to choose from, IndexError
    where there is no such dim, TypeError where it is no whole number.
    """
    return _place("argmax", input.array, dim, keepdim)


@method
@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the least element is, along `dim` or among all in row-major order; the first of several.

    Shapes: (A, B), dim=1 -> (A), whole numbers. Errors: ValueError where there is nothing to choose from, IndexError
    where there is no such dim, TypeError where it is no whole number.
    """
    return _place("argmin", input.array, dim, keepdim)


def _place(name: str, x: Array, dim: int | None, keepdim: bool) -> Tensor:
    axis = None if dim is None or (not x.ndim and dim in (0, -1)) else one_dim(name, dim, x.ndim, x.shape)
    require_some(name, x, all_dims(name, axis, x.shape))
    if core and axis == x.ndim - 1:
        with suppress(Unsupported):  # the kernel is for short rows
            return Tensor(core.places_of_extremes(x, name == "argmax", bool(keepdim)))
    f = np.argmax if name == "argmax" else np.argmin
    return Tensor(np.asarray(f(x, axis=axis, keepdims=keepdim), np.int64))
