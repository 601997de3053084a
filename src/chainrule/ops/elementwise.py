"""Elementwise arithmetic. Operands of two shapes are broadcast; numbers do for tensors.

    x (…)  and  other (…)  ->  y (…), the broadcast shape

The dtype of two operands is PyTorch's (`chainrule.tensor.result_type`); functions of real numbers turn integers into
the default dtype. Out of its domain a function gives NaN or infinity, as IEEE 754 says, and no warning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, in_common_dtype, primitive
from chainrule.dtypes import can_cast, float64, result_type, scalar_dtype
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import broadcast, floating, promoted, promoted_floats
from chainrule.ops.rounding import quotient
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = [
    "abs", "add", "clamp", "clamp_max", "clamp_min", "div", "float_power", "fmax", "fmin", "maximum", "minimum", "mul",
    "neg", "positive", "pow", "reciprocal", "rsqrt", "sqrt", "square", "sub", "where",
]  # fmt: skip


# ---------------------------------------------------------------------------------------------- two operands


@method
@primitive
def add(x: Any, other: Any, alpha: Scalar = 1) -> tuple[Array, Pullback]:
    """x + alpha · other, broadcast.   dx = dy,   dother = alpha · dy

    Errors: ValueError where the shapes do not broadcast, TypeError for an operand that is no number, and for an alpha
    that is a float where the operands are integers.
    """
    x, other = promoted(x, other)
    if alpha == 1:
        return broadcast("add", np.add, x, other), (_same, _same)
    return broadcast("add", np.add, x, _scaled("add", alpha, other)), (_same, lambda dy: alpha * dy)


@add.native
def _(x: Any, other: Any, alpha: Scalar = 1) -> tuple[Array, Pullback]:
    if alpha != 1:
        raise Unsupported
    return core.add(x, other), (_same, _same)


@method
@primitive
def sub(x: Any, other: Any, alpha: Scalar = 1) -> tuple[Array, Pullback]:
    """x − alpha · other, broadcast.   dx = dy,   dother = −alpha · dy

    Errors: ValueError where the shapes do not broadcast, TypeError for an operand that is no number, for truth values,
    and for an alpha that is a float where the operands are integers.
    """
    if any(getattr(a, "dtype", type(a)) in (np.bool_, bool) for a in (x, other)):
        raise TypeError("sub(): not defined for truth values; use x ^ y for where they differ, ~x for where x is not")
    x, other = promoted(x, other)
    if alpha == 1:
        return broadcast("sub", np.subtract, x, other), (_same, np.negative)
    return broadcast("sub", np.subtract, x, _scaled("sub", alpha, other)), (_same, lambda dy: -alpha * dy)


@sub.native
def _(x: Any, other: Any, alpha: Scalar = 1) -> tuple[Array, Pullback]:
    if alpha != 1 or isinstance(x, bool) or isinstance(other, bool):
        raise Unsupported
    return core.sub(x, other), (_same, core.neg)


def _same(dy: Array) -> Array:
    return dy


def _scaled(name: str, alpha: Scalar, other: Array) -> Array:
    """alpha · other, in the dtype of other, which must be able to hold alpha."""
    if not can_cast(scalar_dtype(alpha), other.dtype):
        raise TypeError(f"{name}(): alpha={alpha} needs operands of floats, not {other.dtype}")
    return np.asarray(alpha).astype(other.dtype) * other


@method
@primitive(promote=True)
def mul(x: Any, other: Any) -> tuple[Array, Pullback]:
    """x · other, broadcast.   dx = dy · other,   dother = dy · x

    Errors: ValueError where the shapes do not broadcast, TypeError for an operand that is no number.
    """
    return broadcast("mul", np.multiply, x, other), (lambda dy: dy * other, lambda dy: dy * x)


@mul.native
def _(x: Any, other: Any) -> tuple[Array, Pullback]:
    return core.mul(x, other), (lambda dy: core.mul(dy, other), lambda dy: core.mul(dy, x))


@method
@primitive
def div(x: Any, other: Any, rounding_mode: str | None = None) -> tuple[Array, Pullback]:
    """x / other, the true quotient; or, in the dtype of the operands, rounded: "floor" down, "trunc" towards 0.

    dx = dy / other,   dother = −dy · y / other;   both 0 where the quotient is rounded, with `rounding_mode`

    Shapes are broadcast. Errors: ValueError where they cannot be, and for another rounding_mode, TypeError for an
    operand that is no number, ZeroDivisionError for rounded integers divided by 0.
    """
    if rounding_mode is not None:
        x, other = promoted(x, other)
        return quotient("div", x, other, rounding_mode), (np.zeros_like, np.zeros_like)
    x, other = promoted_floats(x, other)
    y = broadcast("div", np.true_divide, x, other)
    return y, (lambda dy: dy / other, lambda dy: -dy * y / other)


@div.native
def _(x: Any, other: Any, rounding_mode: str | None = None) -> tuple[Array, Pullback]:
    if rounding_mode is not None:
        raise Unsupported
    y = core.div(x, other)
    return y, (lambda dy: core.div(dy, other), lambda dy: core.neg(core.div(core.mul(dy, y), other)))


@method
@primitive
def pow(x: Any, exponent: Any) -> tuple[Array, Pullback]:
    """x to the power p = exponent, broadcast.   dx = dy · p · x^(p − 1),   dexponent = dy · y · ln x

    dx is 0 where p = 0, and dexponent is 0 where x = 0 ≤ p: 0 · ∞ does not come up.
    Errors: TypeError for truth values alone and for what is no number, ValueError where the shapes do not broadcast,
    and for whole numbers to a negative number, which needs floats.
    """
    dtype = result_type(x, exponent)
    if dtype == np.bool_:
        raise TypeError("pow(): not defined for truth values alone; convert one side with .int()")
    if dtype.kind in "iu" and not isinstance(exponent, np.ndarray) and exponent < 0:
        raise ValueError(f"pow(): whole numbers have no power {exponent} among whole numbers; convert with .float()")
    x, exponent = in_common_dtype(x, exponent)
    y = broadcast("pow", _power, x, exponent)
    return y, (
        lambda dy: dy * (exponent * x ** (exponent - (exponent != 0))),
        lambda dy: dy * np.where((x == 0) & (exponent >= 0), 0, y * np.log(x, dtype=dy.dtype)),
    )


@pow.native
def _(x: Any, exponent: Any) -> tuple[Array, Pullback]:
    if type(exponent) is int and exponent == 2:
        return core.square(x), lambda dy: core.square_grad(dy, x)
    if not isinstance(exponent, int | float) or exponent not in (-2, -1, -0.5, 0.5, 1.5, 2, 3, 4):
        raise Unsupported
    return core.power(x, exponent), lambda dy: core.power_grad(dy, x, exponent)


def _power(x: Any, p: Any) -> Any:
    if not isinstance(p, np.ndarray) or p.dtype.kind != "i" or not (p < 0).any():
        return x**p  # unlike np.power, this knows squares and roots
    y = x ** np.abs(p)  # 1/y, without its fraction, is the integer that PyTorch gives for p < 0
    return np.where(p >= 0, y, np.where(np.abs(x) == 1, y, 0))


@method
def float_power(input: Any, exponent: Any) -> Tensor:
    """As `pow`, in float64, whatever the dtypes of its operands: (−2)^0.5 of integers is NaN, not an error."""
    x, p = (a.to(float64) if isinstance(a, Tensor) else a for a in (input, exponent))
    return pow(x, p)


@method
@primitive(promote=True)
def maximum(x: Any, other: Any) -> tuple[Array, Pullback]:
    """The greater of x and other; NaN if either is.   dx = dy · [x > other], and one half at a tie; dother alike

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    return broadcast("maximum", np.maximum, x, other), _dealt(x, other)


@maximum.native
def _(x: Any, other: Any) -> tuple[Array, Pullback]:
    return core.maximum(x, other), _shares(x, other)


@method
@primitive(promote=True)
def minimum(x: Any, other: Any) -> tuple[Array, Pullback]:
    """The lesser of x and other; NaN if either is.   dx = dy · [x < other], and one half at a tie; dother alike

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    return broadcast("minimum", np.minimum, x, other), _dealt(other, x)


@minimum.native
def _(x: Any, other: Any) -> tuple[Array, Pullback]:
    return core.minimum(x, other), _shares(other, x)


@method
@primitive(promote=True)
def fmax(x: Any, other: Any) -> tuple[Array, Pullback]:
    """The greater of x and other; NaN only if both are.   dx = dy where it is x, at a tie too;   dother = dy else

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    return broadcast("fmax", np.fmax, x, other), _given((x >= other) | np.isnan(other))


@method
@primitive(promote=True)
def fmin(x: Any, other: Any) -> tuple[Array, Pullback]:
    """The lesser of x and other; NaN only if both are.   dx = dy where it is x, at a tie too;   dother = dy else

    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError for an operand that is no number.
    """
    return broadcast("fmin", np.fmin, x, other), _given((x <= other) | np.isnan(other))


def _given(first: Any) -> tuple[Any, Any]:
    """dy for the first operand where `first`, and for the second elsewhere."""
    return lambda dy: np.where(first, dy, 0), lambda dy: np.where(first, 0, dy)


def _dealt(a: Any, b: Any) -> tuple[Any, Any]:
    """dy for the operand that is chosen where a > b, and for the one where a < b; to each one half where a = b."""
    return (
        lambda dy: np.where(a == b, dy / 2, np.where(a < b, 0, dy)),
        lambda dy: np.where(a == b, dy / 2, np.where(b < a, 0, dy)),
    )


def _shares(a: Any, b: Any) -> tuple[Any, Any]:
    """As `_dealt`, by kernels."""
    return lambda dy: core.cut(dy, core.share(a, b)), lambda dy: core.cut(dy, core.share(b, a))


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition, else other.   dinput = dy where condition, else 0;   dother = 0 where condition, else dy

    `where(condition)` alone is the places where it is true (not 0): a tensor of indices for each dimension.
    Shapes are broadcast. Errors: ValueError where they cannot be, TypeError where the condition is not of truth values.
    """
    if input is None and other is None:
        found = condition.array if condition.ndim else condition.array.reshape(1)
        return tuple(Tensor(index) for index in np.nonzero(found))
    return _where(condition, input, other)


def _where_of(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """`where(condition, x, other)`."""
    y: Tensor = where(condition, self, other)
    return y


Tensor.where = _where_of  # type: ignore[attr-defined]


@primitive
def _where(condition: Array, input: Any, other: Any) -> tuple[Array, Pullback]:
    """input where condition, else other.   dinput = dy where condition, else 0;   dother = dy where not, else 0"""
    if not isinstance(condition, np.ndarray) or condition.dtype not in (np.bool_, np.uint8):
        kind = getattr(condition, "dtype", type(condition).__name__)
        raise TypeError(f"where(): the condition must be a tensor of truth values, not {kind}")
    condition = condition.astype(np.bool_, copy=False)
    input, other = promoted(input, other)
    try:
        y = np.where(condition, input, other)
    except ValueError:
        shapes = f"{condition.shape}, input {np.shape(input)} and other {np.shape(other)}"
        raise ValueError(f"where(): the shapes of condition {shapes} do not broadcast") from None
    return y, (_same, lambda dy: np.where(condition, dy, 0), lambda dy: np.where(condition, 0, dy))


@_where.native
def _(condition: Array, input: Any, other: Any) -> tuple[Array, Pullback]:
    mask = core.mask(condition, input if isinstance(input, np.ndarray) else other)
    y = core.either(core.where(mask, input), core.where_not(mask, other))
    return y, (_same, lambda dy: core.where(mask, dy), lambda dy: core.where_not(mask, dy))


@method
@primitive
def clamp(x: Array, min: Any = None, max: Any = None) -> tuple[Array, Pullback]:
    """x, limited to [min, max]: numbers or tensors, either may be None; max wins where min > max.

    dx = dy · [min ≤ x ≤ max],   dmin = dy · [x < min < max],   dmax = dy · [x > max or min > max]

    Shapes are broadcast. Errors: ValueError where they cannot be, or neither limit is given, TypeError for a limit that
    is no number.
    """
    if min is None and max is None:
        raise ValueError("clamp(): give min, max or both")
    x, min, max = promoted(x, min, max)
    low, high = -np.inf if min is None else min, np.inf if max is None else max
    y = x if min is None else broadcast("clamp", np.maximum, x, min)
    y = y if max is None else broadcast("clamp", np.minimum, y, max)
    return y, (
        lambda dy: np.where((low <= x) & (x <= high), dy, 0),
        lambda dy: np.where((x < low) & (low < high), dy, 0),
        lambda dy: np.where((x > high) | (low > high), dy, 0),
    )


@clamp.native
def _(x: Array, min: Any = None, max: Any = None) -> tuple[Array, Pullback]:
    if min is None and max is None:
        raise Unsupported
    low, high = -math.inf if min is None else min, math.inf if max is None else max
    if any(isinstance(limit, np.ndarray) or limit != limit for limit in (low, high)):  # NaN makes the result NaN
        raise Unsupported
    return core.clamp(x, low, high), lambda dy: core.clamp_grad(dy, x, low, high)


@method
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """The greater of input and min, broadcast: see `clamp`. At a tie the gradient is the input's."""
    return clamp(input, min)


@method
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """The lesser of input and max, broadcast: see `clamp`. At a tie the gradient is the input's."""
    return clamp(input, None, max)


# ---------------------------------------------------------------------------------------------- one operand


@method
@primitive
def neg(x: Array) -> tuple[Array, Pullback]:
    """−x, elementwise.   dx = −dy

    Errors: TypeError for truth values.
    """
    if x.dtype == np.bool_:
        raise TypeError("neg(): not defined for truth values; use ~x or logical_not(x)")
    return -x, np.negative


@neg.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.neg(x), core.neg


@method
def positive(input: Tensor) -> Tensor:
    """+x: itself, of any shape.   dx = dy

    Errors: TypeError for truth values.
    """
    if input.dtype == np.bool_:
        raise TypeError("positive(): not defined for truth values")
    return input


@method
@primitive
def abs(x: Array) -> tuple[Array, Pullback]:
    """|x|, elementwise.   dx = dy · sign(x), which is 0 at 0

    Errors: TypeError for truth values.
    """
    if x.dtype == np.bool_:
        raise TypeError("abs(): not defined for truth values")
    return np.abs(x), lambda dy: dy * np.sign(x)


@abs.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.abs(x), lambda dy: core.abs_grad(dy, x)


@method
@primitive
def square(x: Array) -> tuple[Array, Pullback]:
    """x², elementwise.   dx = dy · 2x"""
    x = x if x.dtype != np.bool_ else x.astype(np.int64)
    return x * x, lambda dy: dy * (x + x)


@square.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.square(x), lambda dy: core.square_grad(dy, x)


@method
@primitive
def sqrt(x: Array) -> tuple[Array, Pullback]:
    """√x, elementwise.   dx = dy / 2y, which is infinite at 0"""
    y = np.sqrt(floating(x))
    return y, lambda dy: dy / (y + y)


@sqrt.native
def _(x: Array) -> tuple[Array, Pullback]:
    y = core.sqrt(x)
    return y, lambda dy: core.div(dy, core.add(y, y))


@method
@primitive
def rsqrt(x: Array) -> tuple[Array, Pullback]:
    """1 / √x, elementwise.   dx = −½ dy · y³"""
    y = 1 / np.sqrt(floating(x))
    return y, lambda dy: -0.5 * dy * (y * y * y)


@rsqrt.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.rsqrt(x), lambda dy: core.rsqrt_grad(dy, x)


@method
@primitive
def reciprocal(x: Array) -> tuple[Array, Pullback]:
    """1 / x, elementwise.   dx = −dy · y²"""
    y = 1 / floating(x)
    return y, lambda dy: -dy * (y * y)


@reciprocal.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.reciprocal(x), lambda dy: core.reciprocal_grad(dy, x)
