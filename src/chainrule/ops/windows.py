"""Sliding windows over images: what convolution and pooling share.

    x (N, C, H, W)  ->  windows (N, C, KH, KW, OH, OW),   window[kh, kw, oh, ow] = x[oh·s + kh·d − p, ow·s + kw·d − p]

for stride s, dilation d and padding p, each a pair (vertical, horizontal), as are sizes and kernels.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from chainrule.tensor import Array

__all__ = ["gather_windows", "output_size", "pair", "scatter_windows"]

Pair = tuple[int, int]


def pair(name: str, what: str, value: Any, least: int) -> Pair:
    """An int, or two, as a pair of whole numbers of at least `least`."""
    return _pair(name, what, tuple(value) if isinstance(value, list) else value, least)


@functools.cache  # a model asks for the same few pairs at every step
def _pair(name: str, what: str, value: Any, least: int) -> Pair:
    both = value if isinstance(value, tuple) else (value, value)
    both = tuple(both) * (2 if len(both) == 1 else 1)
    if len(both) != 2 or not all(isinstance(v, int | np.integer) and v >= least for v in both):
        raise ValueError(f"{name}(): {what}={value!r} must be a whole number of at least {least}, or a pair of them")
    return int(both[0]), int(both[1])


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool = False) -> int:
    """How often a window fits: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.

    With `ceil` rounded up, so that a last window may hang over the edge, as long as it begins inside of the image or
    the padding in front of it.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    n = (-(-room // stride) if ceil else room // stride) + 1
    return n - 1 if ceil and (n - 1) * stride >= size + padding else n


def gather_windows(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair, fill: float = 0
) -> Array:
    """The windows as a read-only view of the padded image: nothing is copied but the padding."""
    behind = [
        max(0, (o - 1) * s + (k - 1) * d + 1 - n - p)
        for o, s, k, d, n, p in zip(out, stride, kernel, dilation, x.shape[2:], padding, strict=True)
    ]
    x = np.pad(x, ((0, 0), (0, 0), (padding[0], behind[0]), (padding[1], behind[1])), constant_values=fill)
    n, c, h, w = x.strides
    return np.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:2], *kernel, *out),
        (n, c, h * dilation[0], w * dilation[1], h * stride[0], w * stride[1]),
        writeable=False,
    )


def scatter_windows(windows: Array, size: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Array:
    """The adjoint of gathering, windows added back to where they came from: (N, C, KH, KW, OH, OW) -> (N, C, H, W)."""
    N, C, KH, KW, OH, OW = windows.shape
    reach = [(o - 1) * s + (k - 1) * d + 1 for o, s, k, d in zip((OH, OW), stride, (KH, KW), dilation, strict=True)]
    frame = [max(r, n + p) for r, n, p in zip(reach, size, padding, strict=True)]
    x = np.zeros((N, C, *frame), windows.dtype)
    for kh in range(KH):
        for kw in range(KW):
            top, left = kh * dilation[0], kw * dilation[1]
            rows, columns = slice(top, top + OH * stride[0], stride[0]), slice(left, left + OW * stride[1], stride[1])
            x[:, :, rows, columns] += windows[:, :, kh, kw]
    return x[:, :, padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]
