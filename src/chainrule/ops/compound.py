"""Several steps of arithmetic in one operator, elementwise. Operands of several shapes are broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.creation import number
from chainrule.ops.arguments import broadcast, promoted, require_floating
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = ["addcdiv", "addcmul", "lerp"]


@method
def addcmul(input: Tensor, tensor1: Any, tensor2: Any, *, value: Scalar = 1) -> Tensor:
    """input + value · tensor1 · tensor2, broadcast.

    dinput = dy,   dtensor1 = value · dy · tensor2,   dtensor2 = value · dy · tensor1

    Errors: ValueError where the shapes do not broadcast, TypeError where `value` is no number.
    """
    y: Tensor = _addcmul(input, tensor1, tensor2, value)
    return y


@primitive
def _addcmul(x: Array, a: Any, b: Any, value: Scalar) -> tuple[Array, Pullback]:
    """x + value · a · b.   dx = dy,   da = value · dy · b,   db = value · dy · a"""
    x, a, b = promoted(x, a, b)
    value = number("addcmul", value)
    y = broadcast("addcmul", np.add, x, broadcast("addcmul", np.multiply, value * a, b))
    return y, (lambda dy: dy, lambda dy: value * dy * b, lambda dy: value * dy * a)


@method
def addcdiv(input: Tensor, tensor1: Any, tensor2: Any, *, value: Scalar = 1) -> Tensor:
    """input + value · tensor1 / tensor2, broadcast.

    dinput = dy,   dtensor1 = value · dy / tensor2,   dtensor2 = −value · dy · tensor1 / tensor2²

    Errors: ValueError where the shapes do not broadcast, TypeError if all are integers, or `value` is no number.
    """
    y: Tensor = _addcdiv(input, tensor1, tensor2, value)
    return y


@primitive
def _addcdiv(x: Array, a: Any, b: Any, value: Scalar) -> tuple[Array, Pullback]:
    """x + value · a / b.   dx = dy,   da = value · dy / b,   db = −value · dy · a / b²"""
    x, a, b = promoted(x, a, b)
    require_floating("addcdiv", a)
    value = number("addcdiv", value)
    y = broadcast("addcdiv", np.add, x, broadcast("addcdiv", np.true_divide, value * a, b))
    return y, (lambda dy: dy, lambda dy: value * dy / b, lambda dy: -value * dy * a / (b * b))


@method
@primitive
def lerp(x: Array, end: Array, weight: Any) -> tuple[Array, Pullback]:
    """On the line from x to end, broadcast: x + w · (end − x), with w = weight, a number or a tensor.

    dx = dy · (1 − w),   dend = dy · w,   dw = dy · (end − x)

    Errors: ValueError where the shapes do not broadcast, TypeError where the dtypes of x, end and a tensor of weights
    differ, or are not floats.
    """
    dtypes = [a.dtype for a in (x, end, weight) if isinstance(a, np.ndarray)]
    if len(dtypes) < 2 or len(set(dtypes)) > 1:
        raise TypeError(f"lerp(): x and end must be tensors of one dtype, not {', '.join(map(str, dtypes))}")
    w = np.asarray(weight, require_floating("lerp", x).dtype)
    step = broadcast("lerp", np.subtract, end, x)
    near = broadcast("lerp", np.multiply, w, step)
    y = np.where(np.abs(w) < 0.5, x + near, end - step * (1 - w))  # exact at both ends
    return y, (lambda dy: dy * (1 - w), lambda dy: dy * w, lambda dy: dy * step)
