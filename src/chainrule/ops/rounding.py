"""Whole numbers: rounding, and division that rounds. All of it is flat between steps, so that its derivative is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import broadcast
from chainrule.tensor import Array, method

__all__ = ["ceil", "floor", "floor_divide", "remainder", "round", "sign", "trunc"]


@method
@primitive
def sign(x: Array) -> tuple[Array, Pullback]:
    """−1, 0 or 1.   dx = 0"""
    return x.copy() if x.dtype == np.bool_ else np.sign(x), np.zeros_like


@method
@primitive
def floor(x: Array) -> tuple[Array, Pullback]:
    """The greatest whole number ≤ x.   dx = 0"""
    return np.floor(x), np.zeros_like


@method
@primitive
def ceil(x: Array) -> tuple[Array, Pullback]:
    """The least whole number ≥ x.   dx = 0"""
    return np.ceil(x), np.zeros_like


@method
@primitive
def trunc(x: Array) -> tuple[Array, Pullback]:
    """x without its fraction: the nearest whole number towards 0.   dx = 0"""
    return np.trunc(x), np.zeros_like


@method
@primitive
def round(x: Array, decimals: int = 0) -> tuple[Array, Pullback]:
    """x to the nearest multiple of 10^−decimals, halves to the even one.   dx = 0"""
    return np.round(x, decimals), np.zeros_like


# ---------------------------------------------------------------------------------------------- division


@method
@primitive(promote=True)
def floor_divide(x: Any, other: Any) -> tuple[Array, Pullback]:
    """⌊x / other⌋, in the dtype of the operands: `x // other`.   dx = 0,   dother = 0

    Division of integers by 0 is a ZeroDivisionError. Unlike in PyTorch the gradient is 0, not an error.
    """
    return quotient("floor_divide", x, other, "floor"), (np.zeros_like, np.zeros_like)


@method
@primitive(promote=True)
def remainder(x: Any, other: Any) -> tuple[Array, Pullback]:
    """x − other · ⌊x / other⌋, which has the sign of other: `x % other`.   dx = dy,   dother = −dy · ⌊x / other⌋

    Division of integers by 0 is a ZeroDivisionError, of floats NaN.
    """
    _check_divisor("remainder", x, other)
    y = broadcast("remainder", np.remainder, x, other)
    return y, (lambda dy: dy, lambda dy: -dy * np.floor_divide(x, other))


def quotient(name: str, x: Any, other: Any, rounding_mode: str) -> Any:
    """x / other rounded: to ⌊x / other⌋ ("floor"), or without its fraction ("trunc"); exact for integers too."""
    if rounding_mode not in ("floor", "trunc"):
        raise ValueError(f"{name}(): rounding_mode must be None, 'floor' or 'trunc', not {rounding_mode!r}")
    _check_divisor(name, x, other)
    if rounding_mode == "floor":
        return broadcast(name, np.floor_divide, x, other)
    if np.result_type(x, other).kind == "f":
        return np.trunc(broadcast(name, np.true_divide, x, other))
    y = broadcast(name, np.floor_divide, x, other)
    return y + ((y < 0) & (y * other != x))


def _check_divisor(name: str, x: Any, other: Any) -> None:
    if np.result_type(x, other).kind != "f" and not np.all(other):
        raise ZeroDivisionError(f"{name}(): integers are divided by 0; convert one side with .float() for an infinity")
