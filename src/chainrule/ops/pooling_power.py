"""Pooling by a norm: between the mean of a window and its greatest value."""

from __future__ import annotations

import math
from typing import Any

from chainrule.ops.activation import relu
from chainrule.ops.arguments import require_floating, require_tensors
from chainrule.ops.elementwise import abs, mul, pow
from chainrule.ops.pooling import avg_pool1d, avg_pool2d, avg_pool3d
from chainrule.ops.rounding import sign
from chainrule.ops.windows import Sizes, whole
from chainrule.tensor import Tensor

__all__ = ["lp_pool1d", "lp_pool2d", "lp_pool3d"]


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of a sequence, p = norm_type: (N, C, L) -> (N, C, OL); see `lp_pool2d`."""
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window of an image, p = norm_type; x is not made positive, and a sum below 0 gives 0.

    dx = dy · (x / y)^(p − 1). Windows, kernel_size, stride and ceil_mode, are those of `avg_pool2d` without padding.
    Shapes: x (N, C, H, W) or (C, H, W) -> y (N, C, OH, OW).
    Errors: ValueError where norm_type is 0, TypeError for integers, else as `avg_pool2d`.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: int | Sizes,
    stride: int | Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of a volume, p = norm_type: (N, C, D, H, W) -> (N, C, OD, OH, OW).

    See `lp_pool2d`.
    """
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(name: str, axes: int, x: Tensor, p: float, kernel_size: Any, stride: Any, ceil: bool) -> Tensor:
    require_tensors(name, x)
    require_floating(name, x.array)
    if p == 0:
        raise ValueError(f"{name}(): norm_type must not be 0")
    size = math.prod(whole(name, "kernel_size", kernel_size, 1, axes))
    mean = (avg_pool1d, avg_pool2d, avg_pool3d)[axes - 1](pow(x, p), kernel_size, stride, 0, ceil)
    return pow(mul(mul(sign(mean), relu(abs(mean))), size), 1 / p)
