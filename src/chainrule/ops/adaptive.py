"""Adaptive pooling: windows that are chosen so that the output has a given size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import require_floating, require_tensors
from chainrule.ops.pooling import SHAPES, avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d
from chainrule.ops.reduction import mean
from chainrule.ops.windows import Sizes
from chainrule.tensor import Array, Tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]  # fmt: skip

Size = int | None


def adaptive_avg_pool1d(input: Tensor, output_size: Size | tuple[Size, ...]) -> Tensor:
    """The means of `output_size` parts of a sequence: adaptive_avg_pool2d of a single row.

    Shapes: x (N, C, L) or (C, L) -> y (N, C, output_size). Gradient and errors as `adaptive_avg_pool2d`.
    """
    return _avg("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Size | tuple[Size, ...]) -> Tensor:
    """The means of OH × OW parts of an image:   y[n, c, i, j] = mean of x[n, c, a_i : b_i, a_j : b_j]

    from row a_i = ⌊i·H / OH⌋ up to row b_i = ⌈(i + 1)·H / OH⌉, and columns alike: parts of almost the same size, which
    overlap by a pixel where OH does not divide H. dx: each pixel gets dy / pixels of its parts.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW), (OH, OW) = output_size; one number stands for both, None
    keeps a size. Errors: ValueError for another shape or a negative size, TypeError for one that is no whole number,
    and for integers in x.
    """
    return _avg("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Size | tuple[Size, ...]) -> Tensor:
    """The means of OD × OH × OW parts of a volume: adaptive_avg_pool2d with one more axis.

    Shapes: x (N, C, D, H, W) or (C, D, H, W) -> y (N, C, OD, OH, OW). output_size, gradient and errors as
    `adaptive_avg_pool2d`.
    """
    return _avg("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Size | tuple[Size, ...], return_indices: bool = False) -> Any:
    """The greatest values of `output_size` parts of a sequence: adaptive_max_pool2d of a single row.

    Shapes: x (N, C, L) or (C, L) -> y (N, C, output_size); with `return_indices` (y, places in the row). Gradient and
    errors as `adaptive_max_pool2d`.
    """
    return _max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Size | tuple[Size, ...], return_indices: bool = False) -> Any:
    """The greatest values of the OH × OW parts into which `adaptive_avg_pool2d` cuts an image.

    dx is dy at the place of the greatest value, of several equal ones at the first; NaN is greater than all.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW), (OH, OW) = output_size; one number stands for both, None
    keeps a size. With `return_indices` (y, places), the place of a pixel being row · W + column.
    Errors: ValueError for another shape or a negative size, TypeError for one that is no whole number.
    """
    return _max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Size | tuple[Size, ...], return_indices: bool = False) -> Any:
    """The greatest values of OD × OH × OW parts of a volume: adaptive_max_pool2d with one more axis.

    Shapes: x (N, C, D, H, W) or (C, D, H, W) -> y (N, C, OD, OH, OW); with `return_indices` (y, places), the place
    being (depth · H + row) · W + column. output_size, gradient and errors as `adaptive_max_pool2d`.
    """
    return _max("adaptive_max_pool3d", 3, input, output_size, return_indices)


# ---------------------------------------------------------------------------------------------- means


def _avg(name: str, axes: int, x: Tensor, output_size: Any) -> Tensor:
    require_tensors(name, x)
    require_floating(name, x.array)
    if x.ndim == axes + 1:
        return _avg(name, axes, x.unsqueeze(0), output_size).squeeze(0)
    out = _output_sizes(name, axes, x.shape, output_size)
    kernel = _equal_parts(x.shape[2:], out)
    if kernel == x.shape[2:] and x.array.flags.c_contiguous:
        return mean(x, tuple(range(2, axes + 2)), keepdim=True)  # each part is one piece of memory
    if kernel:
        return (avg_pool1d, avg_pool2d, avg_pool3d)[axes - 1](x, kernel)
    if x.array.size == 0:
        return _take_places(x, _no_places(x.array, out))
    for axis in range(axes + 1, 1, -1):
        x = _means(x, axis, out[axis - 2])
    return x


@primitive
def _means(x: Array, axis: int, out: int) -> tuple[Array, Pullback]:
    """The mean of each part of one axis; the means of rectangles are means of means."""
    lines, (places, inside) = np.moveaxis(x, axis, 0), _parts(x.shape[axis], out)
    inside = inside.reshape(*inside.shape, *[1] * (x.ndim - 1))
    count = inside.sum(1).astype(x.dtype)
    y = np.where(inside, lines[places], 0).sum(1) / count  # (OUT, K, …) -> (OUT, …)

    def pullback(dy: Array) -> Array:
        dlines = np.zeros(lines.shape, dy.dtype)
        np.add.at(dlines, places, np.where(inside, (np.moveaxis(dy, axis, 0) / count)[:, None], 0))
        return np.moveaxis(dlines, 0, axis)

    return np.moveaxis(y, 0, axis), pullback


# ---------------------------------------------------------------------------------------------- the greatest


def _max(name: str, axes: int, x: Tensor, output_size: Any, places: bool) -> Any:
    require_tensors(name, x)
    if x.ndim == axes + 1:
        y = _max(name, axes, x.unsqueeze(0), output_size, places)
        return (y[0].squeeze(0), Tensor(y[1].array[0])) if places else y.squeeze(0)
    out = _output_sizes(name, axes, x.shape, output_size)
    kernel = _equal_parts(x.shape[2:], out)
    if kernel:
        return (max_pool1d, max_pool2d, max_pool3d)[axes - 1](x, kernel, return_indices=places)
    winners = _winners(x.array, out) if x.array.size else _no_places(x.array, out)
    y = _take_places(x, winners)
    return (y, Tensor(winners)) if places else y


@primitive
def _take_places(x: Array, places: Array) -> tuple[Array, Pullback]:
    """x at a place, row · W + column, for every pixel of y: (N, C, H, W) -> (N, C, OH, OW).   dx[place] += dy"""
    NC, P, Q = math.prod(x.shape[:2]), math.prod(x.shape[2:]), math.prod(places.shape[2:])
    flat = places.reshape(NC, Q)

    def pullback(dy: Array) -> Array:
        dx = np.zeros((NC, P), dy.dtype)
        np.add.at(dx, (np.arange(NC)[:, None], flat), dy.reshape(NC, Q))
        return dx.reshape(x.shape)

    return np.take_along_axis(x.reshape(NC, P), flat, 1).reshape(places.shape), pullback


def _winners(x: Array, out: Sizes) -> Array:
    """The place of the greatest value of each part, row · W + column: (N, C, OH, OW).

    One axis after the other: of each row in a part the first greatest, then the first of these.
    """
    places = np.broadcast_to(np.arange(math.prod(x.shape[2:])).reshape(x.shape[2:]), x.shape)
    for axis in range(x.ndim - 1, 1, -1):
        within = _parts(x.shape[axis], out[axis - 2])[0]  # (OUT, K)
        best = np.moveaxis(x, axis, -1)[..., within].argmax(-1)  # (…, OUT, K) -> (…, OUT)
        chosen = np.moveaxis(within[np.arange(len(within)), best], -1, axis)
        x, places = (np.take_along_axis(a, chosen, axis) for a in (x, places))
    return places


def _no_places(x: Array, out: Sizes) -> Array:
    """Of no image, or none of a channel."""
    return np.empty((*x.shape[:2], *out), np.int64)


# ---------------------------------------------------------------------------------------------- parts


def _parts(n: int, out: int) -> tuple[Array, Array]:
    """The places of an axis of n that each of `out` numbers is made of: (OUT, K), and which of them are not repeated.

    Where a part has fewer than K places, its last one stands for the others too.
    """
    i = np.arange(out)[:, None]
    first, behind = i * n // out, -(-(i + 1) * n // out)
    places = first + np.arange((behind - first).max(initial=1))
    return np.minimum(places, behind - 1), places < behind


def _equal_parts(size: Sizes, out: Sizes) -> Sizes:
    """The size of each part where all are equal, else ()."""
    divides = all(o and n % o == 0 for n, o in zip(size, out, strict=True))
    return tuple(n // o for n, o in zip(size, out, strict=True)) if divides else ()


def _output_sizes(name: str, axes: int, shape: Sizes, output_size: Any) -> Any:
    each = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size,)
    each *= axes if len(each) == 1 else 1
    whole = all(isinstance(o, int | np.integer | None) for o in each)
    if not whole or len(each) != axes or any(o is not None and o < 0 for o in each):
        several = ("", ", or a pair of them; None keeps a size", ", or three of them; None keeps a size")[axes - 1]
        text = f"{name}(): output_size={output_size!r} must be a whole number of at least 0{several}"
        raise ValueError(text) if whole else TypeError(text)
    if len(shape) != axes + 2:
        need = f"the input needs {axes + 2} dimensions {SHAPES[axes - 1]}, or {axes + 1} without N"
        raise ValueError(f"{name}(): {need}; its shape is {shape}")
    if 0 in shape[2:]:
        raise ValueError(f"{name}(): the input has nothing to pool: its shape is {shape} = {SHAPES[axes - 1]}")
    return tuple(n if o is None else int(o) for n, o in zip(shape[2:], each, strict=True))
