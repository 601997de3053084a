"""Pooling: one number for each window of an image."""

from __future__ import annotations

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.windows import Pair, gather_windows, output_size, pair, scatter_windows
from chainrule.tensor import Array, Tensor

__all__ = ["avg_pool2d", "max_pool2d"]


def max_pool2d(
    input: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The greatest value of each window:   y[n, c, i, j] = max_{kh, kw} x[n, c, i·s + kh·d − p, j·s + kw·d − p]

    with stride s (the kernel size if not given), dilation d and padding p with −∞. dy goes to the place of the
    greatest value, of several equal ones to the first; where windows overlap the parts add up. NaN is greater than all.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW) with OH = ⌊(H + 2p − d·(KH − 1) − 1) / s⌋ + 1, rounded up
    with `ceil_mode`. Unlike PyTorch's there is no `return_indices`.
    """
    if input.ndim == 3:
        return max_pool2d(input.unsqueeze(0), kernel_size, stride, padding, dilation, ceil_mode).squeeze(0)
    kernel, steps, pads = _geometry("max_pool2d", kernel_size, stride, padding)
    holes = pair("max_pool2d", "dilation", dilation, 1)
    out = _output_size("max_pool2d", input.shape, kernel, steps, pads, holes, ceil_mode)
    y: Tensor = _max_pool2d(input, kernel, steps, pads, holes, out)
    return y


@primitive
def _max_pool2d(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair
) -> tuple[Array, Pullback]:
    N, C, H, W = x.shape
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    windows = gather_windows(x, kernel, stride, padding, dilation, out, fill=lowest)
    windows = windows.reshape(N, C, kernel[0] * kernel[1], *out)  # (N, C, KH, KW, OH, OW) -> (N, C, K, OH, OW)
    place = windows.argmax(2)[:, :, None]  # (N, C, 1, OH, OW)
    y = np.take_along_axis(windows, place, 2)[:, :, 0]

    def pullback(dy: Array) -> Array:
        dwindows = np.zeros_like(windows)
        np.put_along_axis(dwindows, place, dy[:, :, None], 2)
        return scatter_windows(dwindows.reshape(N, C, *kernel, *out), (H, W), stride, padding, dilation)

    return y, pullback


@_max_pool2d.native
def _(x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair) -> tuple[Array, Pullback]:
    y, place = core.max_pool2d(x, kernel, stride, padding, dilation, *out)
    return y, lambda dy: core.max_pool2d_grad(dy, place, kernel, stride, padding, dilation, *x.shape[2:])


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window:   y[n, c, i, j] = 1/D · Σ_{kh, kw} x[n, c, i·s + kh − p, j·s + kw − p]

    with stride s (the kernel size if not given) and padding p with zeros. D is the number of pixels of the window: with
    its padding, without it if not `count_include_pad`, or `divisor_override`. Each pixel gets dy / D of its windows.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW) with OH = ⌊(H + 2p − KH) / s⌋ + 1, rounded up with
    `ceil_mode`.
    """
    if input.ndim == 3:
        args = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return avg_pool2d(input.unsqueeze(0), *args).squeeze(0)
    kernel, steps, pads = _geometry("avg_pool2d", kernel_size, stride, padding)
    if divisor_override == 0:
        raise ValueError("avg_pool2d(): divisor_override must not be 0")
    out = _output_size("avg_pool2d", input.shape, kernel, steps, pads, (1, 1), ceil_mode)
    y: Tensor = _avg_pool2d(input, kernel, steps, pads, count_include_pad, divisor_override or 0, out)
    return y


@primitive
def _avg_pool2d(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, count_pad: bool, divisor: int, out: Pair
) -> tuple[Array, Pullback]:
    size = x.shape[2:]
    scale = 1 / _divisors(size, kernel, stride, padding, count_pad, divisor, out).astype(x.dtype)  # (OH, OW)
    y = gather_windows(x, kernel, stride, padding, (1, 1), out).sum((2, 3)) * scale

    def pullback(dy: Array) -> Array:
        dwindows = np.broadcast_to((dy * scale)[:, :, None, None], (*x.shape[:2], *kernel, *out))
        return scatter_windows(dwindows, size, stride, padding, (1, 1))

    return y, pullback


@_avg_pool2d.native
def _(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, count_pad: bool, divisor: int, out: Pair
) -> tuple[Array, Pullback]:
    y = core.avg_pool2d(x, kernel, stride, padding, count_pad, divisor, *out)
    return y, lambda dy: core.avg_pool2d_grad(dy, kernel, stride, padding, count_pad, divisor, *x.shape[2:])


def _divisors(
    size: tuple[int, ...], kernel: Pair, stride: Pair, padding: Pair, count_pad: bool, divisor: int, out: Pair
) -> Array:
    """What each window's sum is divided by, (OH, OW); one that hangs over the padding counts only up to there."""
    if divisor:
        return np.full(out, float(divisor))
    counts = []
    for n, k, s, p, o in zip(size, kernel, stride, padding, out, strict=True):
        first = np.arange(o) * s - p
        last = np.minimum(first + k, n + p)
        counts.append(last - first if count_pad else np.minimum(last, n) - np.maximum(first, 0))
    return np.outer(*counts).astype(float)


def _geometry(
    name: str, kernel_size: int | Pair, stride: int | Pair | None, padding: int | Pair
) -> tuple[Pair, Pair, Pair]:
    kernel = pair(name, "kernel_size", kernel_size, 1)
    steps = kernel if stride is None else pair(name, "stride", stride, 1)
    pads = pair(name, "padding", padding, 0)
    if pads[0] * 2 > kernel[0] or pads[1] * 2 > kernel[1]:
        raise ValueError(f"{name}(): padding={padding} must be at most half of kernel_size={kernel_size}")
    return kernel, steps, pads


def _output_size(
    name: str, shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil: bool
) -> Pair:
    if len(shape) != 4:
        raise ValueError(f"{name}(): the input needs 4 dimensions (N, C, H, W), or 3 without N; its shape is {shape}")
    OH, OW = (output_size(shape[2 + i], kernel[i], stride[i], padding[i], dilation[i], ceil) for i in (0, 1))
    if OH < 1 or OW < 1:
        images = f"{shape} = (N, C, H, W) with padding {padding}"
        raise ValueError(f"{name}(): the window {kernel} is larger than the input {images}")
    return OH, OW
