"""Whole numbers: rounding, and division that rounds. All of it is flat between steps, so that its derivative is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import broadcast, promoted_floats, require_floating
from chainrule.tensor import Array, Tensor, method

__all__ = [
    "ceil",
    "copysign",
    "floor",
    "floor_divide",
    "fmod",
    "frac",
    "remainder",
    "round",
    "sign",
    "signbit",
    "trunc",
]


@method
@primitive
def sign(x: Array) -> tuple[Array, Pullback]:
    """−1, 0 or 1, elementwise; of NaN 0.   dx = 0"""
    return x.copy() if x.dtype == np.bool_ else np.where(np.isnan(x), 0, np.sign(x)).astype(x.dtype), np.zeros_like


@method
def signbit(input: Tensor) -> Tensor:
    """Whether the sign is a minus, of −0 too: truth values, elementwise."""
    return Tensor(np.asarray(np.signbit(input.array) if input.array.dtype.kind == "f" else input.array < 0))


@method
@primitive
def copysign(x: Any, other: Any) -> tuple[Array, Pullback]:
    """|x| with the sign of other, of −0 too.   dx = dy · y / x, and 0 at 0;   dother = 0

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    x, other = promoted_floats(x, other)
    y = broadcast("copysign", np.copysign, x, other)
    return y, (lambda dy: dy * np.where(x == 0, 0, y / x), np.zeros_like)


@method
@primitive
def floor(x: Array) -> tuple[Array, Pullback]:
    """The greatest whole number ≤ x, elementwise.   dx = 0"""
    return np.floor(_number("floor", x)), np.zeros_like


@method
@primitive
def ceil(x: Array) -> tuple[Array, Pullback]:
    """The least whole number ≥ x, elementwise.   dx = 0"""
    return np.ceil(_number("ceil", x)), np.zeros_like


@method
@primitive
def trunc(x: Array) -> tuple[Array, Pullback]:
    """x without its fraction: the nearest whole number towards 0, elementwise.   dx = 0"""
    return np.trunc(_number("trunc", x)), np.zeros_like


@method
@primitive
def frac(x: Array) -> tuple[Array, Pullback]:
    """The fraction of x, with its sign: x − trunc(x), elementwise.   dx = dy

    Errors: TypeError for integers.
    """
    return require_floating("frac", x) - np.trunc(x), lambda dy: dy


@method
@primitive
def round(x: Array, decimals: int = 0) -> tuple[Array, Pullback]:
    """x to the nearest multiple of 10^−decimals, halves to the even one; elementwise.   dx = 0"""
    if decimals:
        require_floating("round", x)
    return np.round(_number("round", x), decimals), np.zeros_like


def _number(name: str, x: Array) -> Array:
    if x.dtype == np.bool_:
        raise TypeError(f"{name}(): not defined for truth values; convert them with .int()")
    return x


# ---------------------------------------------------------------------------------------------- division


@method
@primitive(promote=True)
def floor_divide(x: Any, other: Any) -> tuple[Array, Pullback]:
    """⌊x / other⌋, in the dtype of the operands: `x // other`.   dx = 0,   dother = 0

    Unlike in PyTorch the gradient is 0, not an error. Shapes are broadcast. Errors: ValueError where they cannot be,
    TypeError for an operand that is no number, ZeroDivisionError for integers divided by 0.
    """
    return quotient("floor_divide", x, other, "floor"), (np.zeros_like, np.zeros_like)


@method
@primitive(promote=True)
def remainder(x: Any, other: Any) -> tuple[Array, Pullback]:
    """x − other · ⌊x / other⌋, which has the sign of other: `x % other`.   dx = dy,   dother = −dy · ⌊x / other⌋

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number,
    ZeroDivisionError for integers divided by 0; of floats it is NaN.
    """
    _check_divisor("remainder", x, other)
    y = broadcast("remainder", np.remainder, x, other)
    return y, (lambda dy: dy, lambda dy: -dy * np.floor_divide(x, other))


@method
@primitive(promote=True)
def fmod(x: Any, other: Any) -> tuple[Array, Pullback]:
    """x − other · trunc(x / other), which has the sign of x.   dx = dy,   dother = −dy · trunc(x / other)

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number,
    ZeroDivisionError for integers divided by 0; of floats it is NaN.
    """
    _check_divisor("fmod", x, other)
    y = broadcast("fmod", np.fmod, x, other)
    return y, (lambda dy: dy, lambda dy: -dy * np.trunc(x / other))


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
