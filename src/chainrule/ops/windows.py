"""Sliding windows over images of any number of axes: what convolution and pooling share. In two of them,

    x (N, C, H, W)  ->  windows (N, C, KH, KW, OH, OW),   window[kh, kw, oh, ow] = x[oh·s + kh·d − p, ow·s + kw·d − p]

for stride s, dilation d and padding p, each with a number for every axis, as have sizes and kernels.
"""

from __future__ import annotations

import functools
import itertools
import operator
from typing import Any

import numpy as np

from chainrule.tensor import Array

__all__ = ["add_along", "gather_windows", "output_size", "pair", "scatter_windows", "whole"]

Pair = tuple[int, int]
Sizes = tuple[int, ...]


def pair(name: str, what: str, value: Any, least: int) -> Pair:
    """An int, or two, as a pair of whole numbers of at least `least`."""
    both: Any = whole(name, what, value, least, 2)
    return both  # type: ignore[no-any-return]


def whole(name: str, what: str, value: Any, least: int, axes: int) -> Sizes:
    """An int, or one for each axis, as a tuple of whole numbers of at least `least`."""
    try:
        each = tuple(map(operator.index, value)) if isinstance(value, tuple | list) else (operator.index(value),)
    except TypeError:
        raise TypeError(_message(name, what, value, least, axes)) from None
    return _whole(name, what, each, least, axes)


@functools.cache  # a model asks for the same few at every step
def _whole(name: str, what: str, each: Sizes, least: int, axes: int) -> Sizes:
    all_axes = each * axes if len(each) == 1 else each
    if len(all_axes) != axes or min(all_axes) < least:
        raise ValueError(_message(name, what, each[0] if len(each) == 1 else each, least, axes))
    if max(all_axes) >= 2**31:
        raise ValueError(f"{name}(): {what}={each} is too large")
    return all_axes


def _message(name: str, what: str, value: Any, least: int, axes: int) -> str:
    several = ("", ", or a pair of them", ", or three of them")[axes - 1]
    return f"{name}(): {what}={value!r} must be a whole number of at least {least}{several}"


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool = False) -> int:
    """How often a window fits: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.

    With `ceil` rounded up, so that a last window may hang over the edge, as long as it begins inside of the image or
    the padding in front of it.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    n = (-(-room // stride) if ceil else room // stride) + 1
    return n - 1 if ceil and (n - 1) * stride >= size + padding else n


def gather_windows(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes, fill: float = 0
) -> Array:
    """The windows as a read-only view of the padded image: nothing is copied but the padding."""
    behind = [
        max(0, r - n - p) for r, n, p in zip(_reach(kernel, stride, dilation, out), x.shape[2:], padding, strict=True)
    ]
    x = np.pad(x, ((0, 0), (0, 0), *zip(padding, behind, strict=True)), constant_values=fill)
    inside = [n * d for n, d in zip(x.strides[2:], dilation, strict=True)]
    between = [n * s for n, s in zip(x.strides[2:], stride, strict=True)]
    return np.lib.stride_tricks.as_strided(
        x, (*x.shape[:2], *kernel, *out), (*x.strides[:2], *inside, *between), writeable=False
    )


def scatter_windows(windows: Array, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """The adjoint of gathering, windows added back to where they came from: (N, C, KH, KW, OH, OW) -> (N, C, H, W)."""
    axes = len(size)
    kernel, out = windows.shape[2 : 2 + axes], windows.shape[2 + axes :]
    reach = _reach(kernel, stride, dilation, out)
    frame = [max(r, n + p) for r, n, p in zip(reach, size, padding, strict=True)]
    x = np.zeros((*windows.shape[:2], *frame), windows.dtype)
    for place in itertools.product(*map(range, kernel)):  # (kh, kw)
        first = [k * d for k, d in zip(place, dilation, strict=True)]
        seen = [slice(f, f + o * s, s) for f, o, s in zip(first, out, stride, strict=True)]
        _part(x, *seen)[...] += _part(windows, *place, *[slice(None)] * axes)
    return _part(x, *[slice(p, p + n) for p, n in zip(padding, size, strict=True)])


def _part(x: Array, *index: slice | int) -> Array:
    """x[..., *index]: the same part of every image."""
    at: Any = (..., *index)
    return x[at]  # type: ignore[no-any-return]


def _reach(kernel: Sizes, stride: Sizes, dilation: Sizes, out: Sizes) -> list[int]:
    """How far the windows reach along each axis of the padded image."""
    return [(o - 1) * s + (k - 1) * d + 1 for o, s, k, d in zip(out, stride, kernel, dilation, strict=True)]


def add_along(dy: Array, index: Array, axis: int, size: int) -> Array:
    """The adjoint of x.take(index, axis): each of the `size` places of x gets the sum of what was taken from it."""
    dx = np.zeros((*dy.shape[:axis], size, *dy.shape[axis + 1 :]), dy.dtype)
    if index.size:
        order = np.argsort(index, kind="stable")
        places, first = np.unique(index[order], return_index=True)
        dx[(slice(None),) * axis + (places,)] = np.add.reduceat(dy.take(order, axis), first, axis)
    return dx
