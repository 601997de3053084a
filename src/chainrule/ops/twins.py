"""Operators in place: `x.relu_()` is `x ← x.relu()`, and so for every method with an underscore at its end.

Shape and dtype stay what they are: a result of another shape is a ValueError, a float for integers a TypeError. A leaf
that requires a gradient is not changed outside of `no_grad()`. Where the tape records, see `Tensor._become`, the
gradient is the operator's. Those of indexing and shape are in `inplace`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from chainrule.autograd import is_grad_enabled
from chainrule.creation import number
from chainrule.ops import (
    activation,
    aliases,
    bitwise,
    comparison,
    compound,
    elementwise,
    exponential,
    piecewise,
    random,
    rounding,
    transcendental,
    trigonometry,
)
from chainrule.tensor import Tensor, method

__all__ = [
    "abs_",
    "acos_",
    "acosh_",
    "asin_",
    "asinh_",
    "atan_",
    "atanh_",
    "ceil_",
    "celu_",
    "clamp_",
    "clamp_max_",
    "clamp_min_",
    "clip_",
    "cos_",
    "cosh_",
    "dropout_",
    "elu_",
    "erf_",
    "erfc_",
    "exp2_",
    "exp_",
    "expm1_",
    "fill_",
    "floor_",
    "frac_",
    "hardtanh_",
    "leaky_relu_",
    "log1p_",
    "log2_",
    "log10_",
    "log_",
    "logit_",
    "nan_to_num_",
    "neg_",
    "reciprocal_",
    "relu_",
    "round_",
    "rrelu_",
    "rsqrt_",
    "selu_",
    "sigmoid_",
    "sin_",
    "sinc_",
    "sinh_",
    "sqrt_",
    "square_",
    "tan_",
    "tanh_",
    "threshold_",
    "trunc_",
    "zero_",
]  # fmt: skip


def in_place(f: Any) -> Any:
    """f, whose result its first argument becomes."""

    @functools.wraps(f)
    def changed(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input._become(f"{changed.__name__}()", f(input, *args, **kwargs))

    changed.__name__ = changed.__qualname__ = f"{f.__name__}_"
    changed.__doc__ = (
        f"In place: x ← {f.__name__}(x, …), in the shape and dtype of x; see `{f.__name__}`.\n\n"
        "Errors: ValueError where the result has another shape, TypeError where it is of floats and x is not,\n"
        "RuntimeError for a leaf that wants a gradient."
    )
    return changed


# ---------------------------------------------------------------------------------------------- functions and methods

abs_ = in_place(elementwise.abs)
acos_ = in_place(trigonometry.acos)
acosh_ = in_place(trigonometry.acosh)
asin_ = in_place(trigonometry.asin)
asinh_ = in_place(trigonometry.asinh)
atan_ = in_place(trigonometry.atan)
atanh_ = in_place(trigonometry.atanh)
ceil_ = in_place(rounding.ceil)
celu_ = in_place(activation.celu)
clamp_ = in_place(elementwise.clamp)
clamp_max_ = in_place(elementwise.clamp_max)
clamp_min_ = in_place(elementwise.clamp_min)
clip_ = in_place(aliases.clip)
cos_ = in_place(trigonometry.cos)
cosh_ = in_place(trigonometry.cosh)
dropout_ = in_place(random.dropout)
elu_ = in_place(activation.elu)
erf_ = in_place(transcendental.erf)
erfc_ = in_place(transcendental.erfc)
exp2_ = in_place(exponential.exp2)
exp_ = in_place(exponential.exp)
expm1_ = in_place(exponential.expm1)
floor_ = in_place(rounding.floor)
frac_ = in_place(rounding.frac)
hardtanh_ = in_place(piecewise.hardtanh)
leaky_relu_ = in_place(activation.leaky_relu)
log10_ = in_place(exponential.log10)
log1p_ = in_place(exponential.log1p)
log2_ = in_place(exponential.log2)
log_ = in_place(exponential.log)
logit_ = in_place(transcendental.logit)
nan_to_num_ = in_place(transcendental.nan_to_num)
neg_ = in_place(elementwise.neg)
reciprocal_ = in_place(elementwise.reciprocal)
relu_ = in_place(activation.relu)
round_ = in_place(rounding.round)
rrelu_ = in_place(activation.rrelu)
rsqrt_ = in_place(elementwise.rsqrt)
selu_ = in_place(activation.selu)
sigmoid_ = in_place(activation.sigmoid)
sin_ = in_place(trigonometry.sin)
sinc_ = in_place(transcendental.sinc)
sinh_ = in_place(trigonometry.sinh)
sqrt_ = in_place(elementwise.sqrt)
square_ = in_place(elementwise.square)
tan_ = in_place(trigonometry.tan)
tanh_ = in_place(activation.tanh)
threshold_ = in_place(piecewise.threshold)
trunc_ = in_place(rounding.trunc)


def fill_(input: Tensor, value: Any) -> Tensor:
    """x ← value, a number or a tensor without dimensions, in the shape of x.   dvalue = Σ dy; the gradient of x is 0

    Errors: ValueError where value is a tensor with dimensions, TypeError where it is no number.
    """
    number("fill_", value.detach() if isinstance(value, Tensor) else value)
    return _overwritten("fill_", input, value)


def zero_(input: Tensor) -> Tensor:
    """x ← 0, of any shape.   The gradient of x is 0"""
    return _overwritten("zero_", input, 0)


def copy_(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """x ← src, broadcast and in the dtype of x.   dsrc = dy, and the gradient of x is 0

    Errors: ValueError where the shape of src does not fit.
    """
    return _overwritten("copy_", input, src)


@np.errstate(all="ignore")
def _overwritten(name: str, x: Tensor, value: Any) -> Tensor:
    """x ← value, of whatever dtype."""
    source = value.to(x.dtype) if isinstance(value, Tensor) else Tensor(np.asarray(value).astype(x.dtype))
    if is_grad_enabled() and (x.node is not None or source.node is not None):
        return x._become(f"{name}()", elementwise.where(Tensor(np.zeros(x.shape, np.bool_)), x, source))
    try:
        values = np.broadcast_to(source.array, x.shape)
    except ValueError:
        raise ValueError(f"{name}(): shape {source.shape} does not fit into x of shape {x.shape}") from None
    return x._become(f"{name}()", Tensor(values))


# ---------------------------------------------------------------------------------------------- methods alone

_FUNCTIONS_ONLY = ("celu_", "dropout_", "elu_", "hardtanh_", "leaky_relu_", "rrelu_", "selu_", "threshold_")
for _name in __all__:
    if _name not in _FUNCTIONS_ONLY:
        setattr(Tensor, _name, globals()[_name])
Tensor.copy_ = copy_  # type: ignore[attr-defined]
for _name in aliases.__all__:
    setattr(Tensor, f"{_name}_", in_place(getattr(aliases, _name)))
for _f in (
    *(getattr(bitwise, name) for name in bitwise.__all__),
    *(getattr(compound, name) for name in compound.__all__),
    *(comparison.eq, comparison.ne, comparison.lt, comparison.le, comparison.gt, comparison.ge),
    *(comparison.logical_and, comparison.logical_or, comparison.logical_xor, comparison.logical_not),
    *(elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.pow, elementwise.float_power),
    *(rounding.floor_divide, rounding.remainder, rounding.fmod, rounding.sign, rounding.copysign),
    *(transcendental.hypot, transcendental.xlogy, trigonometry.atan2, trigonometry.deg2rad, trigonometry.rad2deg),
):
    method(in_place(_f))
