"""Trigonometric and hyperbolic functions, elementwise, of angles in radians; integers become the default dtype.

Out of its domain a function gives NaN or infinity, as IEEE 754 says, and no warning. `tanh` is among the activations.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import broadcast, floating, promoted_floats
from chainrule.tensor import Array, method

__all__ = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "deg2rad", "rad2deg", "sin", "sinh",
    "tan",
]  # fmt: skip


@method
@primitive
def sin(x: Array) -> tuple[Array, Pullback]:
    """sin x, elementwise.   dx = dy · cos x"""
    return np.sin(floating(x)), lambda dy: dy * np.cos(x)


@method
@primitive
def cos(x: Array) -> tuple[Array, Pullback]:
    """cos x, elementwise.   dx = −dy · sin x"""
    return np.cos(floating(x)), lambda dy: -dy * np.sin(x)


@method
@primitive
def tan(x: Array) -> tuple[Array, Pullback]:
    """tan x, elementwise.   dx = dy · (1 + y²)"""
    y = np.tan(floating(x))
    return y, lambda dy: dy * (1 + y * y)


@method
@primitive
def sinh(x: Array) -> tuple[Array, Pullback]:
    """(eˣ − e⁻ˣ) / 2, elementwise.   dx = dy · cosh x"""
    return np.sinh(floating(x)), lambda dy: dy * np.cosh(x)


@method
@primitive
def cosh(x: Array) -> tuple[Array, Pullback]:
    """(eˣ + e⁻ˣ) / 2, elementwise.   dx = dy · sinh x"""
    return np.cosh(floating(x)), lambda dy: dy * np.sinh(x)


@method
@primitive
def asin(x: Array) -> tuple[Array, Pullback]:
    """The angle from −π/2 to π/2 whose sine is x, elementwise.   dx = dy / √(1 − x²)"""
    x = floating(x)
    return np.arcsin(x), lambda dy: dy / np.sqrt(1 - x * x)


@method
@primitive
def acos(x: Array) -> tuple[Array, Pullback]:
    """The angle from 0 to π whose cosine is x, elementwise.   dx = −dy / √(1 − x²)"""
    x = floating(x)
    return np.arccos(x), lambda dy: -dy / np.sqrt(1 - x * x)


@method
@primitive
def atan(x: Array) -> tuple[Array, Pullback]:
    """The angle from −π/2 to π/2 whose tangent is x, elementwise.   dx = dy / (1 + x²)"""
    x = floating(x)
    return np.arctan(x), lambda dy: dy / (1 + x * x)


@method
@primitive
def atan2(x: Any, other: Any) -> tuple[Array, Pullback]:
    """The angle of the point (other, x), from −π to π: atan(x / other) in the right quadrant.

    dx = dy · other / (x² + other²),   dother = −dy · x / (x² + other²);   both 0 at the origin

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    x, other = promoted_floats(x, other)
    y = broadcast("atan2", np.arctan2, x, other)
    square = x * x + other * other
    inverse = np.where(square == 0, 0, 1 / square)
    return y, (lambda dy: dy * (other * inverse), lambda dy: dy * (-x * inverse))


# ---------------------------------------------------------------------------------------------- inverse hyperbolic


@method
@primitive
def asinh(x: Array) -> tuple[Array, Pullback]:
    """The inverse of sinh: ln(x + √(x² + 1)), elementwise.   dx = dy / √(x² + 1)"""
    x = floating(x)
    return np.arcsinh(x), lambda dy: dy / np.sqrt(x * x + 1)


@method
@primitive
def acosh(x: Array) -> tuple[Array, Pullback]:
    """The inverse of cosh: ln(x + √(x² − 1)) ≥ 0, elementwise.   dx = dy / √(x² − 1)"""
    x = floating(x)
    return np.arccosh(x), lambda dy: dy / np.sqrt(x * x - 1)


@method
@primitive
def atanh(x: Array) -> tuple[Array, Pullback]:
    """The inverse of tanh: ½ ln((1 + x) / (1 − x)), elementwise.   dx = dy / (1 − x²)"""
    x = floating(x)
    return np.arctanh(x), lambda dy: dy / (1 - x * x)


# ---------------------------------------------------------------------------------------------- degrees


@method
@primitive
def deg2rad(x: Array) -> tuple[Array, Pullback]:
    """An angle of x degrees in radians: x · π/180, elementwise.   dx = dy · π/180"""
    return floating(x) * (math.pi / 180), lambda dy: dy * (math.pi / 180)


@method
@primitive
def rad2deg(x: Array) -> tuple[Array, Pullback]:
    """An angle of x radians in degrees: x · 180/π, elementwise.   dx = dy · 180/π"""
    return floating(x) * (180 / math.pi), lambda dy: dy * (180 / math.pi)
