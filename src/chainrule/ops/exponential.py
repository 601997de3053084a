"""Exponentials and logarithms. Integers become floats; the logarithm of 0 is −∞, and NaN out of its domain."""

import math

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import floating
from chainrule.tensor import Array, method

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10"]


@method
@primitive
def exp(x: Array) -> tuple[Array, Pullback]:
    """eˣ, elementwise.   dx = dy · y"""
    y = np.exp(floating(x))
    return y, lambda dy: dy * y


@exp.native
def _(x: Array) -> tuple[Array, Pullback]:
    y = core.exp(x)
    return y, lambda dy: core.mul(dy, y)


@method
@primitive
def exp2(x: Array) -> tuple[Array, Pullback]:
    """2ˣ, elementwise.   dx = dy · y · ln 2"""
    y = np.exp2(floating(x))
    return y, lambda dy: dy * (y * math.log(2))


@method
@primitive
def expm1(x: Array) -> tuple[Array, Pullback]:
    """eˣ − 1, elementwise, exact near 0 too.   dx = dy · (y + 1)"""
    y = np.expm1(floating(x))
    return y, lambda dy: dy * (y + 1)


@method
@primitive
def log(x: Array) -> tuple[Array, Pullback]:
    """ln x, elementwise.   dx = dy / x"""
    return np.log(floating(x)), lambda dy: dy / x


@log.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.log(x), lambda dy: core.div(dy, x)


@method
@primitive
def log1p(x: Array) -> tuple[Array, Pullback]:
    """ln(1 + x), elementwise, exact near 0 too.   dx = dy / (1 + x)"""
    return np.log1p(floating(x)), lambda dy: dy / (1 + x)


@method
@primitive
def log2(x: Array) -> tuple[Array, Pullback]:
    """log₂ x, elementwise.   dx = dy / (x · ln 2)"""
    return np.log2(floating(x)), lambda dy: dy / (x * math.log(2))


@method
@primitive
def log10(x: Array) -> tuple[Array, Pullback]:
    """log₁₀ x, elementwise.   dx = dy / (x · ln 10)"""
    return np.log10(floating(x)), lambda dy: dy / (x * math.log(10))
