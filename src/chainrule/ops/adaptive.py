"""Adaptive pooling: windows that are chosen so that the output has a given size."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.pooling import _avg_pool2d, _max_pool2d
from chainrule.ops.windows import Pair, Sizes
from chainrule.tensor import Array, Tensor

__all__ = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d"]

SHAPES = ("(N, C, L)", "(N, C, H, W)")
Size = int | None


def adaptive_avg_pool1d(input: Tensor, output_size: Size | tuple[Size, ...]) -> Tensor:
    """The means of `output_size` parts of a sequence: `adaptive_avg_pool2d` of a single row.

    Shapes: x (N, C, L) or (C, L) -> y (N, C, output_size).
    """
    return _avg("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Size | tuple[Size, ...]) -> Tensor:
    """The means of OH × OW parts of an image:   y[n, c, i, j] = mean of x[n, c, a_i : b_i, a_j : b_j]

    from row a_i = ⌊i·H / OH⌋ up to row b_i = ⌈(i + 1)·H / OH⌉, and columns alike: parts of almost the same size, which
    overlap by a pixel where OH does not divide H. Each pixel gets dy / pixels of its parts.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW); one number stands for both, None keeps a size.
    """
    return _avg("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Size | tuple[Size, ...], return_indices: bool = False) -> Any:
    """The greatest values of `output_size` parts of a sequence: `adaptive_max_pool2d` of a single row.

    Shapes: x (N, C, L) or (C, L) -> y (N, C, output_size); with `return_indices` (y, places in the row).
    """
    return _max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Size | tuple[Size, ...], return_indices: bool = False) -> Any:
    """The greatest values of the OH × OW parts into which `adaptive_avg_pool2d` cuts an image.

    dy goes to the place of the greatest value, of several equal ones to the first; NaN is greater than all.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW); one number stands for both, None keeps a size. With
    `return_indices` (y, places), the place of a pixel being row · W + column.
    """
    return _max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def _avg(name: str, axes: int, x: Tensor, output_size: Any) -> Tensor:
    if x.ndim == axes + 1:
        return _avg(name, axes, x.unsqueeze(0), output_size).squeeze(0)
    out = _output_sizes(name, axes, x.shape, output_size)
    if axes == 1:
        return _avg(name, 2, x.unsqueeze(2), (1, *out)).squeeze(2)
    kernel = _equal_parts(x.shape[2:], out)
    return _avg_pool2d(x, kernel, kernel, (0, 0), True, 0, out) if kernel else _adaptive_avg_pool2d(x, out)


def _max(name: str, axes: int, x: Tensor, output_size: Any, places: bool) -> Any:
    if x.ndim == axes + 1:
        y = _max(name, axes, x.unsqueeze(0), output_size, places)
        return (y[0].squeeze(0), Tensor(y[1].array[0])) if places else y.squeeze(0)
    out = _output_sizes(name, axes, x.shape, output_size)
    if axes == 1:
        y = _max(name, 2, x.unsqueeze(2), (1, *out), places)
        return (y[0].squeeze(2), Tensor(y[1].array[:, :, 0])) if places else y.squeeze(2)
    kernel = _equal_parts(x.shape[2:], out)
    if kernel and not places:
        return _max_pool2d(x, kernel, kernel, (0, 0), (1, 1), out)
    winners = _winners(x.array, out)
    y = _take_places(x, winners)
    return (y, Tensor(winners)) if places else y


@primitive
def _adaptive_avg_pool2d(x: Array, out: Pair) -> tuple[Array, Pullback]:
    """The mean of each part."""
    y = np.empty((*x.shape[:2], *out), x.dtype)
    parts = list(_parts(x.shape[2:], out))
    for (i, j), part in parts:
        y[:, :, i, j] = x[:, :, *part].mean((2, 3))

    def pullback(dy: Array) -> Array:
        dx = np.zeros_like(x)
        for (i, j), part in parts:
            pixels = dx[:, :, *part]
            pixels += dy[:, :, i, j, None, None] / (pixels.shape[2] * pixels.shape[3])
        return dx

    return y, pullback


@primitive
def _take_places(x: Array, places: Array) -> tuple[Array, Pullback]:
    """x at a place, row · W + column, for every pixel of y: (N, C, H, W) -> (N, C, OH, OW).   dx[place] += dy"""
    N, C, H, W = x.shape
    flat = places.reshape(N, C, places.shape[2] * places.shape[3])

    def pullback(dy: Array) -> Array:
        dx = np.zeros((N * C, H * W), dy.dtype)
        np.add.at(dx, (np.arange(N * C)[:, None], flat.reshape(N * C, flat.shape[2])), dy.reshape(N * C, flat.shape[2]))
        return dx.reshape(x.shape)

    return np.take_along_axis(x.reshape(N, C, H * W), flat, 2).reshape(places.shape), pullback


def _winners(x: Array, out: Pair) -> Array:
    """The place of the greatest value of each part, row · W + column: (N, C, OH, OW)."""
    N, C, H, W = x.shape
    pixels = np.arange(H * W).reshape(H, W)
    winners = np.empty((N, C, *out), np.int64)
    for (i, j), part in _parts((H, W), out):
        winners[:, :, i, j] = pixels[part].ravel()[x[:, :, *part].reshape(N, C, pixels[part].size).argmax(2)]
    return winners


def _parts(size: Sizes, out: Sizes) -> Any:
    """For each pixel (i, j) of the output its part of the image, a pair of slices."""
    sides = [[slice(i * n // o, -(-(i + 1) * n // o)) for i in range(o)] for n, o in zip(size, out, strict=True)]
    return zip(itertools.product(*map(range, out)), itertools.product(*sides), strict=True)


def _equal_parts(size: Sizes, out: Sizes) -> Sizes:
    """The size of each part where all are equal, else ()."""
    divides = all(o and n % o == 0 for n, o in zip(size, out, strict=True))
    return tuple(n // o for n, o in zip(size, out, strict=True)) if divides else ()


def _output_sizes(name: str, axes: int, shape: Sizes, output_size: Any) -> Any:
    each = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size,)
    each *= axes if len(each) == 1 else 1
    if len(each) != axes or not all(o is None or (isinstance(o, int | np.integer) and o >= 0) for o in each):
        kind = "a whole number of at least 0" + ", or a pair of them; None keeps a size" * (axes == 2)
        raise ValueError(f"{name}(): output_size={output_size!r} must be {kind}")
    if len(shape) != axes + 2:
        need = f"the input needs {axes + 2} dimensions {SHAPES[axes - 1]}, or {axes + 1} without N"
        raise ValueError(f"{name}(): {need}; its shape is {shape}")
    if 0 in shape[1:]:
        raise ValueError(f"{name}(): the input has nothing to pool: its shape is {shape} = {SHAPES[axes - 1]}")
    return tuple(n if o is None else int(o) for n, o in zip(shape[2:], each, strict=True))
