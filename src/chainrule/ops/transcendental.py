"""Functions beyond arithmetic and eˣ, elementwise; integers become the default dtype, and operands are broadcast.

Out of its domain a function gives NaN or infinity, as IEEE 754 says, and no warning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops import special
from chainrule.ops.arguments import broadcast, floating, promoted_floats
from chainrule.tensor import Array, method

__all__ = [
    "digamma", "erf", "erfc", "erfinv", "hypot", "lgamma", "logaddexp", "logaddexp2", "logit", "nan_to_num", "sinc",
    "xlogy",
]  # fmt: skip


@method
@primitive
def erf(x: Array) -> tuple[Array, Pullback]:
    """The error function 2/√π · ∫₀ˣ e^(−t²) dt, elementwise.   dx = dy · 2/√π · e^(−x²)"""
    x = floating(x)
    return special.erf(x), lambda dy: dy * (2 / math.sqrt(math.pi) * np.exp(-x * x))


@erf.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.erf(x), lambda dy: core.erf_grad(dy, x)


@method
@primitive
def erfc(x: Array) -> tuple[Array, Pullback]:
    """1 − erf(x), elementwise, exact in the tail too.   dx = −dy · 2/√π · e^(−x²)"""
    x = floating(x)
    return special.erfc(x), lambda dy: -dy * (2 / math.sqrt(math.pi) * np.exp(-x * x))


@method
@primitive
def erfinv(x: Array) -> tuple[Array, Pullback]:
    """The inverse of erf, elementwise: ±∞ at ±1, NaN beyond.   dx = dy · √π/2 · e^(y²)"""
    x = floating(x)
    y = special.erfinv(x.astype(np.float64)).astype(x.dtype)
    return y, lambda dy: dy * (math.sqrt(math.pi) / 2 * np.exp(y * y))


@method
@primitive
def lgamma(x: Array) -> tuple[Array, Pullback]:
    """ln |Γ(x)| with the gamma function, Γ(n) = (n − 1)!; ∞ at 0, −1, −2, ….   dx = dy · ψ(x), see `digamma`

    Any shape.
    """
    x = floating(x)
    z = x.astype(np.float64)
    return special.lgamma(z).astype(x.dtype), lambda dy: dy * special.digamma(z).astype(dy.dtype)


@method
@primitive
def digamma(x: Array) -> tuple[Array, Pullback]:
    """ψ(x) = Γ′(x) / Γ(x), the derivative of ln Γ, elementwise; −∞ at 0, NaN at −1, −2, ….   dx = dy · ψ′(x)"""
    x = floating(x)
    z = x.astype(np.float64)
    return special.digamma(z).astype(x.dtype), lambda dy: dy * special.trigamma(z).astype(dy.dtype)


@method
@primitive
def logit(x: Array, eps: float | None = None) -> tuple[Array, Pullback]:
    """ln(x / (1 − x)), the inverse of the sigmoid, elementwise; x is limited to [eps, 1 − eps] first if eps is given.

    dx = dy / (x · (1 − x)); where x was limited 0, and outside of [0, 1] NaN
    """
    x = floating(x)
    low, high, outside = (0.0, 1.0, np.nan) if eps is None else (eps, 1 - eps, 0.0)
    z = x if eps is None else np.where(x < low, x.dtype.type(low), np.where(x > high, x.dtype.type(high), x))
    inside = (x >= low) & (x <= high)
    return np.log(z / (1 - z)), lambda dy: np.where(inside, dy / (x * (1 - x)), outside)


@method
@primitive
def sinc(x: Array) -> tuple[Array, Pullback]:
    """sin(πx) / (πx), and 1 at 0; elementwise.   dx = dy · (cos(πx) − y) / x, and 0 at 0"""
    x = floating(x)
    y = np.sinc(x)
    return y, lambda dy: dy * np.where(x == 0, 0, (np.cos(math.pi * x) - y) / x)


@method
@primitive
def nan_to_num(
    x: Array, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> tuple[Array, Pullback]:
    """Numbers for NaN, ∞ and −∞, elementwise.   dx = dy, 0 there

    `nan` is 0 if not given, `posinf` and `neginf` the greatest and the least number of the dtype.
    """
    if x.dtype.kind != "f":
        return x.copy(), lambda dy: dy
    y = np.nan_to_num(x, nan=nan or 0.0, posinf=posinf, neginf=neginf)
    return np.asarray(y, x.dtype), lambda dy: dy * np.isfinite(x)


@method
@primitive
def xlogy(x: Any, other: Any) -> tuple[Array, Pullback]:
    """x · ln other; 0 where x = 0, unless other is NaN.   dx = dy · ln other,   dother = dy · x / other

    dx is 0 where x = 0 and other ≤ 0.
    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    x, other = promoted_floats(x, other)
    y = broadcast("xlogy", lambda a, b: np.where((a == 0) & ~np.isnan(b), 0, a * np.log(b)), x, other)
    return y, (
        lambda dy: np.where((x == 0) & (other <= 0), 0, dy * np.log(other)),
        lambda dy: dy * (x / other),
    )


@method
@primitive(promote=True)
def logaddexp(x: Any, other: Any) -> tuple[Array, Pullback]:
    """ln(eˣ + e^other), without overflow.   dx = dy / (1 + e^(other − x)),   dother = dy / (1 + e^(x − other))

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    y = broadcast("logaddexp", np.logaddexp, x, other)
    return y, (lambda dy: dy / (1 + np.exp(other - x)), lambda dy: dy / (1 + np.exp(x - other)))


@method
@primitive(promote=True)
def logaddexp2(x: Any, other: Any) -> tuple[Array, Pullback]:
    """log₂(2ˣ + 2^other), without overflow.   dx = dy / (1 + 2^(other − x)),   dother = dy / (1 + 2^(x − other))

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    y = broadcast("logaddexp2", np.logaddexp2, x, other)
    return y, (lambda dy: dy / (1 + np.exp2(other - x)), lambda dy: dy / (1 + np.exp2(x - other)))


@method
@primitive(promote=True)
def hypot(x: Any, other: Any) -> tuple[Array, Pullback]:
    """√(x² + other²), without overflow.   dx = dy · x / y,   dother = dy · other / y

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    y = broadcast("hypot", np.hypot, x, other)
    return y, (lambda dy: dy * (x / y), lambda dy: dy * (other / y))
