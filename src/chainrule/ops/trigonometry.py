"""Trigonometric and hyperbolic functions, elementwise, of angles in radians; integers become the default dtype.

Out of its domain a function gives NaN or infinity, as IEEE 754 says, and no warning. `tanh` is among the activations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import broadcast, floating
from chainrule.tensor import Array, method

__all__ = ["acos", "asin", "atan", "atan2", "cos", "cosh", "sin", "sinh", "tan"]


@method
@primitive
def sin(x: Array) -> tuple[Array, Pullback]:
    """sin x.   dx = dy · cos x"""
    return np.sin(floating(x)), lambda dy: dy * np.cos(x)


@method
@primitive
def cos(x: Array) -> tuple[Array, Pullback]:
    """cos x.   dx = −dy · sin x"""
    return np.cos(floating(x)), lambda dy: -dy * np.sin(x)


@method
@primitive
def tan(x: Array) -> tuple[Array, Pullback]:
    """tan x.   dx = dy · (1 + y²)"""
    y = np.tan(floating(x))
    return y, lambda dy: dy * (1 + y * y)


@method
@primitive
def sinh(x: Array) -> tuple[Array, Pullback]:
    """(eˣ − e⁻ˣ) / 2.   dx = dy · cosh x"""
    return np.sinh(floating(x)), lambda dy: dy * np.cosh(x)


@method
@primitive
def cosh(x: Array) -> tuple[Array, Pullback]:
    """(eˣ + e⁻ˣ) / 2.   dx = dy · sinh x"""
    return np.cosh(floating(x)), lambda dy: dy * np.sinh(x)


@method
@primitive
def asin(x: Array) -> tuple[Array, Pullback]:
    """The angle from −π/2 to π/2 whose sine is x.   dx = dy / √(1 − x²)"""
    x = floating(x)
    return np.arcsin(x), lambda dy: dy / np.sqrt(1 - x * x)


@method
@primitive
def acos(x: Array) -> tuple[Array, Pullback]:
    """The angle from 0 to π whose cosine is x.   dx = −dy / √(1 − x²)"""
    x = floating(x)
    return np.arccos(x), lambda dy: -dy / np.sqrt(1 - x * x)


@method
@primitive
def atan(x: Array) -> tuple[Array, Pullback]:
    """The angle from −π/2 to π/2 whose tangent is x.   dx = dy / (1 + x²)"""
    x = floating(x)
    return np.arctan(x), lambda dy: dy / (1 + x * x)


@method
@primitive(promote=True)
def atan2(x: Any, other: Any) -> tuple[Array, Pullback]:
    """The angle of the point (other, x), from −π to π: atan(x / other) in the right quadrant.

    dx = dy · other / (x² + other²),   dother = −dy · x / (x² + other²);   both 0 at the origin
    """
    x, other = floating(x), floating(other)
    y = broadcast("atan2", np.arctan2, x, other)
    square = x * x + other * other
    inverse = np.where(square == 0, 0, 1 / square)
    return y, (lambda dy: dy * (other * inverse), lambda dy: dy * (-x * inverse))
