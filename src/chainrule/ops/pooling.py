"""Pooling: one number for each window of a sequence, an image or a volume."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import require_tensors
from chainrule.ops.windows import Pair, Sizes, gather_windows, output_size, scatter_windows, whole
from chainrule.tensor import Array, Tensor

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d"]

SHAPES = ("(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)")


# ---------------------------------------------------------------------------------------------- the greatest


def max_pool1d(
    input: Tensor,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    padding: int | Sizes = 0,
    dilation: int | Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest value of each window, y[n, c, i] = max_k x[n, c, i·s + k·d − p]: max_pool2d of a single row.

    Shapes: x (N, C, L) or (C, L) -> y (N, C, OL); with `return_indices` (y, places in the row). The other arguments,
    the gradient and the errors are those of `max_pool2d`.
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    padding: int | Sizes = 0,
    dilation: int | Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest value of each window:   y[n, c, i, j] = max_{kh, kw} x[n, c, i·s + kh·d − p, j·s + kw·d − p]

    with windows (KH, KW) = kernel_size, stride s (the same if not given), dilation d and padding p with −∞. dx is dy at
    the place of the greatest value, of several equal ones at the first; where windows overlap the parts add up. NaN is
    greater than all.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW) with OH = ⌊(H + 2p − d·(KH − 1) − 1) / s⌋ + 1, rounded up
    with `ceil_mode`; with `return_indices` (y, places), row · W + column. Of several NaN PyTorch names the last.
    Errors: ValueError for another shape, a window larger than the input, or a padding of more than half of it,
    TypeError for sizes that are no whole numbers.
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    padding: int | Sizes = 0,
    dilation: int | Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest value of each window of a volume: max_pool2d with one more axis.

    Shapes: x (N, C, D, H, W) or (C, D, H, W) -> y (N, C, OD, OH, OW); with `return_indices` (y, places), the place
    being (depth · H + row) · W + column. The other arguments, the gradient and the errors are those of `max_pool2d`.
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_pool(
    name: str, axes: int, x: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool,
    places: bool,
) -> Any:  # fmt: skip
    """The arguments put in order, for any number of axes; a sequence is an image one pixel high."""
    require_tensors(name, x)
    if x.ndim == axes + 1:
        y = _max_pool(name, axes, x.unsqueeze(0), kernel_size, stride, padding, dilation, ceil, places)
        return (y[0].squeeze(0), Tensor(y[1].array[0])) if places else y.squeeze(0)
    holes: Any = whole(name, "dilation", dilation, 1, axes)
    kernel, steps, pads = _geometry(name, axes, kernel_size, stride, padding)
    out = _output_sizes(name, x.shape, kernel, steps, pads, holes, ceil)
    if axes > 1:
        y = (_max_pool2d if axes == 2 else _max_pool3d)(x, kernel, steps, pads, holes, out)
        return (y, Tensor(_places(x.array, kernel, steps, pads, holes, out))) if places else y
    row: Any = (1, *kernel), (1, *steps), (0, *pads), (1, *holes), (1, *out)
    y = _max_pool2d(x.unsqueeze(2), *row).squeeze(2)
    return (y, Tensor(_places(x.array[:, :, None], *row)[:, :, 0])) if places else y


def _greatest(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes
) -> tuple[Array, Pullback]:
    """The value at the place that `_winners` names.   dx: dy at that place"""
    N, C, *size = x.shape
    place = _winners(x, kernel, stride, padding, dilation, out)  # (N, C, 1, OH, OW)
    windows = gather_windows(x, kernel, stride, padding, dilation, out, fill=_lowest(x))
    windows = windows.reshape(N, C, math.prod(kernel), *out)
    y = np.take_along_axis(windows, place, 2)[:, :, 0]

    def pullback(dy: Array) -> Array:
        dwindows = np.zeros_like(windows)
        np.put_along_axis(dwindows, place, dy[:, :, None], 2)
        return scatter_windows(dwindows.reshape(N, C, *kernel, *out), tuple(size), stride, padding, dilation)

    return y, pullback


@primitive
def _max_pool2d(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes
) -> tuple[Array, Pullback]:
    """As `_greatest`, of windows of two axes."""
    return _greatest(x, kernel, stride, padding, dilation, out)


@_max_pool2d.native
def _(x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair) -> tuple[Array, Pullback]:
    y, place = core.max_pool2d(x, kernel, stride, padding, dilation, *out)
    return y, lambda dy: core.max_pool2d_grad(dy, place, kernel, stride, padding, dilation, *x.shape[2:])


@primitive
def _max_pool3d(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes
) -> tuple[Array, Pullback]:
    """As `_greatest`, of windows of three axes."""
    return _greatest(x, kernel, stride, padding, dilation, out)


def _lowest(x: Array) -> float:
    """What the padding of a maximum holds."""
    return -np.inf if x.dtype.kind == "f" else int(np.iinfo(x.dtype).min)


def _winners(x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes) -> Array:
    """The place of the greatest value in each window, kh · KW + kw: (N, C, 1, OH, OW)."""
    raised = np.maximum(x, np.finfo(x.dtype).min) if x.dtype.kind == "f" else x  # even −∞ is more than the padding
    windows = gather_windows(raised, kernel, stride, padding, dilation, out, fill=_lowest(x))
    place: Array = windows.reshape(*x.shape[:2], math.prod(kernel), *out).argmax(2)
    return place[:, :, None]


def _places(x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out: Sizes) -> Array:
    """Where in its image, row · W + column, the greatest value of each window lies: (N, C, OH, OW)."""
    pixels = np.arange(math.prod(x.shape[2:])).reshape(1, 1, *x.shape[2:])
    windows = gather_windows(pixels, kernel, stride, padding, dilation, out).reshape(1, 1, -1, *out)
    place = _winners(x, kernel, stride, padding, dilation, out)
    return np.take_along_axis(np.broadcast_to(windows, (*x.shape[:2], *windows.shape[2:])), place, 2)[:, :, 0]


# ---------------------------------------------------------------------------------------------- the mean


def avg_pool1d(
    input: Tensor,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    padding: int | Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window, y[n, c, i] = 1/D · Σ_k x[n, c, i·s + k − p]: avg_pool2d of a single row.

    Shapes: x (N, C, L) or (C, L) -> y (N, C, OL), OL = ⌊(L + 2p − K) / s⌋ + 1, rounded up with `ceil_mode`. The other
    arguments, the gradient and the errors are those of `avg_pool2d`.
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    padding: int | Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window:   y[n, c, i, j] = 1/D · Σ_{kh, kw} x[n, c, i·s + kh − p, j·s + kw − p]

    with windows (KH, KW) = kernel_size, stride s (the same if not given) and padding p with zeros. D is the number of
    pixels of the window: with its padding, without it if not `count_include_pad`, or `divisor_override`.
    dx: each pixel gets dy / D of its windows.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW) with OH = ⌊(H + 2p − KH) / s⌋ + 1, rounded up with
    `ceil_mode`. Errors: ValueError for another shape, a window larger than the input, or a padding of more than half of
    it, TypeError for sizes that are no whole numbers.
    """
    args = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool("avg_pool2d", 2, input, *args)


def avg_pool3d(
    input: Tensor,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    padding: int | Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of a volume: avg_pool2d with one more axis.

    Shapes: x (N, C, D, H, W) or (C, D, H, W) -> y (N, C, OD, OH, OW). The arguments, the gradient and the errors are
    those of `avg_pool2d`.
    """
    args = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool("avg_pool3d", 3, input, *args)


def _avg_pool(
    name: str, axes: int, x: Tensor, kernel_size: Any, stride: Any, padding: Any,
    ceil: bool, count_pad: bool, divisor: int | None,
) -> Tensor:  # fmt: skip
    """The arguments put in order, for any number of axes; a sequence is an image one pixel high."""
    require_tensors(name, x)
    if x.ndim == axes + 1:
        args = (kernel_size, stride, padding, ceil, count_pad, divisor)
        return _avg_pool(name, axes, x.unsqueeze(0), *args).squeeze(0)
    kernel, steps, pads = _geometry(name, axes, kernel_size, stride, padding)
    if divisor == 0:
        raise ValueError(f"{name}(): divisor_override must not be 0")
    if not isinstance(divisor, int | np.integer | None):
        raise TypeError(f"{name}(): divisor_override={divisor!r} must be a whole number, or None")
    out = _output_sizes(name, x.shape, kernel, steps, pads, (1,) * axes, ceil)
    if axes > 1:
        y: Tensor = (_avg_pool2d if axes == 2 else _avg_pool3d)(x, kernel, steps, pads, count_pad, divisor or 0, out)
        return y
    return _avg_pool2d(x.unsqueeze(2), (1, *kernel), (1, *steps), (0, *pads), count_pad, 0, (1, *out)).squeeze(2)


def _mean(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, count_pad: bool, divisor: int, out: Sizes
) -> tuple[Array, Pullback]:
    """Σ window / D, of whole numbers without the fraction.   dx: dy / D in every place of the window"""
    size, axes = x.shape[2:], len(kernel)
    none = (1,) * axes
    D = _divisors(size, kernel, stride, padding, count_pad, divisor, out)  # (OH, OW)
    D = D.astype(x.dtype) if x.dtype.kind == "f" else D
    y = gather_windows(x, kernel, stride, padding, none, out).sum(tuple(range(2, 2 + axes))) / D

    def pullback(dy: Array) -> Array:
        dwindows = np.expand_dims(dy / D, tuple(range(2, 2 + axes)))  # (N, C, OH, OW) -> (N, C, 1, 1, OH, OW)
        dwindows = np.broadcast_to(dwindows, (*x.shape[:2], *kernel, *out))
        return scatter_windows(dwindows, size, stride, padding, none)

    return y.astype(x.dtype, copy=False), pullback


@primitive
def _avg_pool2d(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, count_pad: bool, divisor: int, out: Sizes
) -> tuple[Array, Pullback]:
    """As `_mean`, of windows of two axes."""
    return _mean(x, kernel, stride, padding, count_pad, divisor, out)


@_avg_pool2d.native
def _(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, count_pad: bool, divisor: int, out: Pair
) -> tuple[Array, Pullback]:
    y = core.avg_pool2d(x, kernel, stride, padding, count_pad, divisor, *out)
    return y, lambda dy: core.avg_pool2d_grad(dy, kernel, stride, padding, count_pad, divisor, *x.shape[2:])


@primitive
def _avg_pool3d(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, count_pad: bool, divisor: int, out: Sizes
) -> tuple[Array, Pullback]:
    """As `_mean`, of windows of three axes."""
    return _mean(x, kernel, stride, padding, count_pad, divisor, out)


def _divisors(
    size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, count_pad: bool, divisor: int, out: Sizes
) -> Any:
    """What each window's sum is divided by, (OH, OW); one that hangs over the padding counts only up to there."""
    if divisor:
        return np.full(out, float(divisor))
    counts = []
    for n, k, s, p, o in zip(size, kernel, stride, padding, out, strict=True):
        first = np.arange(o) * s - p
        last = np.minimum(first + k, n + p)
        counts.append(last - first if count_pad else np.minimum(last, n) - np.maximum(first, 0))
    return functools.reduce(np.multiply.outer, counts).astype(float)


# ---------------------------------------------------------------------------------------------- arguments


def _geometry(name: str, axes: int, kernel_size: Any, stride: Any, padding: Any) -> tuple[Any, Any, Any]:
    kernel = whole(name, "kernel_size", kernel_size, 1, axes)
    steps = kernel if stride in (None, (), []) else whole(name, "stride", stride, 1, axes)
    pads = whole(name, "padding", padding, 0, axes)
    if any(p * 2 > k for p, k in zip(pads, kernel, strict=True)):
        raise ValueError(f"{name}(): padding={padding} must be at most half of kernel_size={kernel_size}")
    return kernel, steps, pads


@functools.lru_cache(maxsize=4096)  # as in `_convolve`
def _output_sizes(
    name: str, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil: bool
) -> Any:
    axes = len(kernel)
    if len(shape) != axes + 2:
        need = f"the input needs {axes + 2} dimensions {SHAPES[axes - 1]}, or {axes + 1} without N"
        raise ValueError(f"{name}(): {need}; its shape is {shape}")
    steps = zip(shape[2:], kernel, stride, padding, dilation, strict=True)
    out = tuple(output_size(*step, ceil) for step in steps)
    if min(out) < 1:
        images = f"{shape} = {SHAPES[axes - 1]} with padding {padding}"
        raise ValueError(f"{name}(): the window {kernel} is larger than the input {images}")
    return out
