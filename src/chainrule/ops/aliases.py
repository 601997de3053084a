"""Second names: what PyTorch calls by two names is had by both, as a function and as a method."""

from __future__ import annotations

from typing import Any

from chainrule.ops import comparison, elementwise, rounding, trigonometry
from chainrule.tensor import Tensor

__all__ = [
    "absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "clip", "divide", "fix",
    "greater", "greater_equal", "less", "less_equal", "multiply", "negative", "not_equal", "sgn", "subtract",
    "true_divide",
]  # fmt: skip


def true_divide(dividend: Any, divisor: Any) -> Tensor:
    """dividend / divisor, broadcast; see `div`."""
    return elementwise.div(dividend, divisor)


absolute = elementwise.abs
arccos = trigonometry.acos
arccosh = trigonometry.acosh
arcsin = trigonometry.asin
arcsinh = trigonometry.asinh
arctan = trigonometry.atan
arctan2 = trigonometry.atan2
arctanh = trigonometry.atanh
clip = elementwise.clamp
divide = elementwise.div
fix = rounding.trunc
greater = comparison.gt
greater_equal = comparison.ge
less = comparison.lt
less_equal = comparison.le
multiply = elementwise.mul
negative = elementwise.neg
not_equal = comparison.ne
sgn = rounding.sign
subtract = elementwise.sub

for _name in __all__:
    setattr(Tensor, _name, globals()[_name])
