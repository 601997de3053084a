"""Windows as columns of a matrix, and back: what makes a convolution a matrix product."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import require_tensors
from chainrule.ops.windows import Pair, Sizes, gather_windows, output_size, pair, scatter_windows
from chainrule.tensor import Array, Tensor

__all__ = ["fold", "unfold"]


def unfold(
    input: Tensor,
    kernel_size: int | Sizes,
    dilation: int | Sizes = 1,
    padding: int | Sizes = 0,
    stride: int | Sizes = 1,
) -> Tensor:
    """Every window of an image as a column ("im2col"):

        y[n, (c·KH + kh)·KW + kw, i·OW + j] = x[n, c, i·s + kh·d − p, j·s + kw·d − p],     dx = fold(dy)

    for windows (KH, KW) = kernel_size, stride s, dilation d and padding p with zeros. conv2d is w as a matrix
    (O, C·KH·KW) times these columns.

    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C·KH·KW, OH·OW), OH = ⌊(H + 2p − d·(KH − 1) − 1) / s⌋ + 1.
    Errors: ValueError for another shape, or a window larger than the padded image, TypeError for sizes that are no
    whole numbers.
    """
    require_tensors("unfold", input)
    if input.ndim == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    if input.ndim != 4 or 0 in input.shape[1:]:
        need = "the input needs 4 dimensions (N, C, H, W), or 3 without N, and something in each but N"
        raise ValueError(f"unfold(): {need}; its shape is {input.shape}")
    geometry = _geometry("unfold", kernel_size, stride, padding, dilation)
    return _unfold(input, *geometry, _windows("unfold", input.shape[2:], *geometry))


def fold(
    input: Tensor,
    output_size: int | Sizes,
    kernel_size: int | Sizes,
    dilation: int | Sizes = 1,
    padding: int | Sizes = 0,
    stride: int | Sizes = 1,
) -> Tensor:
    """Columns added back to where `unfold` took them from ("col2im"), its adjoint: overlapping windows add up.

        y[n, c, i·s + kh·d − p, j·s + kw·d − p] += x[n, (c·KH + kh)·KW + kw, i·OW + j],     dx = unfold(dy)

    Shapes: x (N, C·KH·KW, OH·OW) or without N -> y (N, C, H, W), where (H, W) is `output_size`; the other arguments and
    the errors are those of `unfold`.
    """
    require_tensors("fold", input)
    if input.ndim == 2:
        return fold(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
    size = pair("fold", "output_size", output_size, 1)
    geometry = _geometry("fold", kernel_size, stride, padding, dilation)
    out, window = _windows("fold", size, *geometry), math.prod(geometry[0])
    if input.ndim != 3 or not input.shape[1] or input.shape[1] % window or input.shape[2] != math.prod(out):
        need = f"(N, C·{window}, {math.prod(out)}), or without N, for windows {geometry[0]} at {out} places of {size}"
        raise ValueError(f"fold(): the input needs the shape {need}; its shape is {input.shape}")
    return _fold(input, size, *geometry, out)


@primitive
def _unfold(x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair) -> tuple[Array, Pullback]:
    """dx = fold(dy)"""
    N, C, H, W = x.shape

    def pullback(dy: Array) -> Array:
        return scatter_windows(dy.reshape(N, C, *kernel, *out), (H, W), stride, padding, dilation)

    windows = gather_windows(x, kernel, stride, padding, dilation, out)
    return windows.reshape(N, C * math.prod(kernel), math.prod(out)), pullback


@primitive
def _fold(
    x: Array, size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair
) -> tuple[Array, Pullback]:
    """dx = unfold(dy)"""
    N, C = len(x), x.shape[1] // math.prod(kernel)
    y = scatter_windows(x.reshape(N, C, *kernel, *out), size, stride, padding, dilation)
    return y, lambda dy: np.array(gather_windows(dy, kernel, stride, padding, dilation, out)).reshape(x.shape)


def _geometry(name: str, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[Pair, Pair, Pair, Pair]:
    steps, pads = pair(name, "stride", stride, 1), pair(name, "padding", padding, 0)
    return pair(name, "kernel_size", kernel, 1), steps, pads, pair(name, "dilation", dilation, 1)


def _windows(name: str, size: Sizes, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Sizes:
    """How many windows there are: (OH, OW)."""
    out = tuple(map(output_size, size, kernel, stride, padding, dilation))
    if min(out) < 1:
        raise ValueError(f"{name}(): the window {kernel} is larger than the image {size} with padding {padding}")
    return out
