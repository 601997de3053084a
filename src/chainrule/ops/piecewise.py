"""Activations made of straight pieces: a comparison and a line. All keep the shape, and NaN stays NaN.

At a corner the gradient is PyTorch's. With `inplace=True` the input becomes the result, see `ops.twins`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import inplace_option, require_floating
from chainrule.tensor import Array, Tensor, method

__all__ = ["hardshrink", "hardsigmoid", "hardswish", "hardtanh", "prelu", "relu6", "softshrink", "threshold"]


@inplace_option
@primitive
def threshold(x: Array, threshold: float, value: float, inplace: bool = False) -> tuple[Array, Pullback]:
    """x where x > threshold, else value; elementwise.   dx = dy where x > threshold, else 0"""
    kept = ~(x <= threshold)
    return np.where(kept, x, np.asarray(value, x.dtype)), lambda dy: np.where(kept, dy, 0)


@threshold.native
def _(x: Array, threshold: float, value: float, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.threshold(x, threshold, value), lambda dy: core.threshold_grad(dy, x, threshold, value)


@inplace_option
@primitive
def hardtanh(x: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> tuple[Array, Pullback]:
    """x, limited to [min_val, max_val], elementwise.   dx = dy · [min_val < x < max_val]

    Errors: ValueError where min_val > max_val.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh(): min_val={min_val} must not be greater than max_val={max_val}")
    y = np.minimum(np.maximum(x, x.dtype.type(min_val)), x.dtype.type(max_val))
    return y, lambda dy: np.where((x <= min_val) | (x >= max_val), 0, dy)


@hardtanh.native
def _(x: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> tuple[Array, Pullback]:
    if min_val > max_val:
        raise Unsupported
    return core.hardtanh(x, min_val, max_val), lambda dy: core.hardtanh_grad(dy, x, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6), elementwise.   dx = dy · [0 < x < 6]

    Paper: Krizhevsky: Convolutional deep belief networks on CIFAR-10 (2010).
    """
    y: Tensor = hardtanh(input, 0.0, 6.0, inplace)
    return y


@inplace_option
@primitive
def hardsigmoid(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    """x / 6 + ½, limited to [0, 1].   dx = dy / 6 · [−3 < x < 3]

    Any shape. Errors: TypeError for integers.
    Paper: Courbariaux, Bengio, David: BinaryConnect (2015), there with other numbers.
    """
    y = np.clip(require_floating("hardsigmoid", x) + 3, 0, 6) / 6
    return y, lambda dy: np.where((x > -3) & (x < 3), dy / 6, 0)


@hardsigmoid.native
def _(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.hardsigmoid(x), lambda dy: core.hardsigmoid_grad(dy, x)


@inplace_option
@primitive
def hardswish(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    """x · hardsigmoid(x).   dx = dy · (x / 3 + ½) in −3 < x < 3, 0 below and dy above

    Any shape. Errors: TypeError for integers.
    Paper: Howard et al.: Searching for MobileNetV3 (2019).
    """
    y = x * (np.clip(require_floating("hardswish", x) + 3, 0, 6) / 6)
    return y, lambda dy: np.where(x <= -3, 0, np.where(x < 3, dy * (x / 3 + 0.5), dy))


@hardswish.native
def _(x: Array, inplace: bool = False) -> tuple[Array, Pullback]:
    return core.hardswish(x), lambda dy: core.hardswish_grad(dy, x)


@method
@primitive
def hardshrink(x: Array, lambd: float = 0.5) -> tuple[Array, Pullback]:
    """x where |x| > lambd, else 0; elementwise.   dx = dy · [|x| > lambd]

    Errors: TypeError for integers.
    """
    kept = ~(np.abs(require_floating("hardshrink", x)) <= lambd)
    return np.where(kept, x, 0), lambda dy: np.where(kept, dy, 0)


@hardshrink.native
def _(x: Array, lambd: float = 0.5) -> tuple[Array, Pullback]:
    return core.hardshrink(x, lambd), lambda dy: core.hardshrink_grad(dy, x, lambd)


@primitive
def softshrink(x: Array, lambd: float = 0.5) -> tuple[Array, Pullback]:
    """x moved by lambd towards 0, and 0 where |x| ≤ lambd; elementwise.   dx = dy · [|x| > lambd]

    Errors: ValueError where lambd is negative, TypeError for integers.
    """
    if lambd < 0:
        raise ValueError(f"softshrink(): lambd={lambd} must not be negative")
    kept = ~(np.abs(require_floating("softshrink", x)) <= lambd)
    return np.where(kept, x - np.sign(x) * x.dtype.type(lambd), 0), lambda dy: np.where(kept, dy, 0)


@softshrink.native
def _(x: Array, lambd: float = 0.5) -> tuple[Array, Pullback]:
    if lambd < 0:
        raise Unsupported
    return core.softshrink(x, lambd), lambda dy: core.softshrink_grad(dy, x, lambd)


@method
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else w · x, with a learned slope w = weight: one number, or one for each channel (dimension 1).

    dx = dy where x > 0, else w · dy;   dw = Σ dy · x over x ≤ 0

    Shapes: x (N, C, …), w (C,) or (1,) -> that of x.
    Errors: ValueError where w has another size, TypeError where the dtypes differ.
    Paper: He et al.: Delving deep into rectifiers (2015).
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.array.size not in (1, channels):
        raise ValueError(
            f"prelu(): weight {weight.shape} needs one number, or one for each of the {channels} channels"
            f" of input {input.shape} = (N, C, …)"
        )
    if weight.dtype != input.dtype:
        raise TypeError(f"prelu(): the dtypes differ: input {input.dtype}, weight {weight.dtype}; convert one side")
    w = weight.reshape(-1, *(1,) * (input.ndim - 2)) if input.ndim > 1 else weight.reshape((1,) * input.ndim)
    y: Tensor = _prelu(input, w)
    return y


@primitive
def _prelu(x: Array, w: Array) -> tuple[Array, Pullback]:
    """x where x > 0, else w · x.   dx = dy where x > 0, else w · dy;   dw = dy · x where x ≤ 0, else 0"""
    up: Any = require_floating("prelu", x) > 0
    return np.where(up, x, w * x), (
        lambda dy: np.where(up, dy, w * dy),
        lambda dy: np.where(up, 0, dy * x),
    )


@_prelu.native
def _(x: Array, w: Array) -> tuple[Array, Pullback]:
    return core.prelu(x, w), (
        lambda dy: core.mul(dy, core.prelu_slope(x, w)),
        lambda dy: core.cut(dy, core.minimum(x, 0)),
    )
