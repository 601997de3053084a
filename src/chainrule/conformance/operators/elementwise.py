"""Records of `ops/elementwise.py`."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import (
    ENDS,
    NUMBERS,
    Record,
    apart,
    arrays,
    binary,
    broadcastable,
    differs,
    normal,
    positive,
    s,
    unary,
    wrong,
)  # fmt: skip

ties = np.array([[1.0, -2.0, 0.0], [3.0, 3.0, -1.0]])
other = np.array([[1.0, 2.0, 0.0], [-3.0, 3.0, -4.0]])
zeros = np.array([0.0, 0.0, 0.0, 2.0])
powers = np.array([0.0, 1.0, 2.0, 0.0])
mask = normal(3, 4) > 0
whole = np.arange(4)


def far(*shape: int, seed: int = 0) -> np.ndarray:
    """Away from 0, of both signs."""
    x = normal(*shape, seed=seed)
    return np.asarray(x + np.copysign(0.5, x))


def _numbers(name):
    """PyTorch's functions want a tensor first; its operators do not."""
    return lambda torch, input, other, **named: getattr(torch, name)(torch.as_tensor(input), other, **named)


def _scaled(name):
    """PyTorch takes alpha by name alone."""
    return lambda torch, input, other, alpha=1: getattr(torch, name)(torch.as_tensor(input), other, alpha=alpha)


def _tensors(name):
    """PyTorch's function, with the numbers that it does not take as tensors of the dtype which they are promoted to."""

    def oracle(torch, input, other, **named):
        dtype = torch.result_type(input, other)
        x, y = (a if isinstance(a, torch.Tensor) else torch.tensor(a, dtype=dtype) for a in (input, other))
        return getattr(torch, name)(x, y, **named)

    return oracle


def _power(torch, input, exponent):
    return (
        torch.pow(input, exponent)
        if isinstance(exponent, torch.Tensor)
        else torch.pow(torch.as_tensor(input), exponent)
    )


@st.composite
def _limits(draw):
    """What is limited, by numbers or tensors, and either left out."""
    first, second = draw(broadcastable())
    x = draw(arrays(first, "fisu", odd=True))
    limit = (
        st.one_of(arrays(second, "fi"), st.none()) if draw(st.booleans()) else st.sampled_from((None, -1, 0, 0.5, 2))
    )
    low, high = draw(limit), draw(limit)
    return s(x, **{k: v for k, v in (("min", low), ("max", high)) if v is not None} or {"min": 0})


@st.composite
def _choices(draw):
    """A condition and what is chosen from, numbers or tensors."""
    first, second = draw(broadcastable())
    values = st.one_of(arrays(second, "fib"), arrays(first, "f", odd=True), NUMBERS)
    return s(draw(arrays(first, "b")), draw(values), draw(values))


_bounds = (
    s(apart(3, 4), apart(4, seed=1)),
    s(ties, other, kink=True),
    s(np.arange(4), 2, kink=True),
    s(np.arange(4), 1.5, kink=True),
)

RECORDS = (
    binary(
        "add",
        samples=(s(normal(2, 3), normal(3), alpha=0.5), s(normal(2, 3), 2.0, alpha=3)),
        oracle=_scaled("add"),
        errors=(wrong(TypeError, "add(): alpha=0.5 needs operands of floats, not int64", whole, whole, 0.5),),
        named={"alpha": st.sampled_from((1, 1, 2, -1, True))},
    ),
    binary(
        "sub",
        samples=(s(normal(2, 3), normal(3), alpha=0.5), s(normal(2, 3), 2.0, alpha=3)),
        oracle=_scaled("sub"),
        kinds="fisu",
        numbers=st.sampled_from((2, -1, 0, 1.5)),
        errors=(
            wrong(TypeError, "sub(): alpha=0.5 needs operands of floats, not int64", whole, whole, 0.5),
            wrong(TypeError, "sub(): not defined for truth values; use x ^ y", mask, 1),
            wrong(TypeError, "sub(): not defined for truth values; use x ^ y", whole, True),
        ),
        named={"alpha": st.sampled_from((1, 1, 2, -1))},
    ),
    binary("mul", oracle=_numbers("mul")),
    binary(
        "div",
        normal,
        far,
        samples=(
            s(ties, other, kink=True),
            *(s(normal(3, 4), far(4), rounding_mode=mode) for mode in (None, "floor", "trunc")),
            *(s(np.arange(-4, 5), np.array(3), rounding_mode=mode, kink=True) for mode in ("floor", "trunc")),
            s(normal(3), -0.7, rounding_mode="floor"),
            s(ties, other, rounding_mode="trunc", kink=True),
        ),
        errors=(
            wrong(ValueError, "div(): rounding_mode must be None, 'floor' or 'trunc', not 'up'", ties, 2, "up"),
            wrong(ZeroDivisionError, "div(): integers are divided by 0", np.arange(3), 0, rounding_mode="floor"),
        ),
        oracle=lambda torch, input, other, rounding_mode=None: torch.div(
            torch.as_tensor(input), other, rounding_mode=rounding_mode
        ),
        named={"rounding_mode": st.none()},
    ),
    binary(
        "pow",
        positive,
        normal,
        samples=(
            s(normal(2, 3), 3.0),
            s(normal(2, 3), 2),
            s(normal(2, 3), 1),
            s(far(2, 3), -1.0),
            s(far(2, 3), 0),
            s(zeros, powers, kink=True),
            s(zeros, 0.5, kink=True),
            s(np.array([-2.0, -1.5]), 2.5, kink=True),
            *(s(far(3, 4), p) for p in (-2, -1, 2, 3, 4)),
            *(s(positive(3, 4), p) for p in (-0.5, 0.5, 1.5)),
            *(s(ENDS, p, kink=True) for p in (-2, -1, 2, 3, 4)),
        ),
        errors=(
            wrong(ValueError, "pow(): whole numbers have no power -1", np.arange(3), -1),
            wrong(TypeError, "pow(): not defined for truth values alone", mask, mask),
        ),
        kinds="fis",
        numbers=st.sampled_from((0, 1, 2, 3, 0.5, 2.0, 2.5)),
        oracle=_power,
    ),
    *(
        binary(
            name,
            apart,
            apart,
            samples=(s(ties, other, kink=True), s(apart(2, 3), 1.5)),
            numbers=arrays(()),
            oracle=_tensors(name),
        )
        for name in ("maximum", "minimum", "fmax", "fmin")
    ),
    Record(
        "where",
        (
            s(mask, normal(3, 4), normal(3, 4, seed=1)),
            s(mask, normal(4), normal(3, 1)),
            s(mask[0], normal(3, 1), 0.0),
            s(mask, 1.0, normal(3, 4)),
            s(np.array(True), normal(2), normal(2, 1)),
            s(mask[:, :0], normal(3, 1), 2.0),
            s(mask, kink=True),
            s(ties, kink=True),
        ),
        large=(s(normal(67, 1031) > 0, normal(67, 1031, seed=1), normal(1031)),),
        gradients=(1, 2),
        draws=_choices(),
        oracle=lambda torch, condition, *values, **named: torch.where(condition, *values, **named),
        errors=(
            wrong(TypeError, "where(): the condition must be a tensor of truth values, not float64", ties, ties, ties),
            wrong(
                ValueError,
                "where(): the shapes of condition (3, 4), input (2, 3) and other () do not broadcast",
                mask,
                normal(2, 3),
                0.0,
            ),
        ),
    ),
    unary(
        "clamp",
        apart,
        settings=(-0.7, 1.1),
        gradients=(0, 1, 2),
        samples=(
            s(apart(3, 4), -1.0, 1.0),
            s(apart(3, 4), max=0.5),
            s(apart(3, 4), apart(4, seed=1), apart(3, 1, seed=2)),
            s(ties, -2.0, 1.0, kink=True),
            s(ties, other, other, kink=True),
            s(apart(3), 1.0, -1.0),
            s(ENDS, -1.0, 1e-40, kink=True),
        ),
        draws=_limits(),
        differs=(differs("a number and a tensor as limits", "PyTorch takes two of one kind", ties, -1.0, np.ones(3)),),
        errors=(
            wrong(ValueError, "clamp(): give min, max or both", ties, None),
            wrong(ValueError, "clamp(): the shapes (2, 3) and (2,) do not broadcast", ties, np.ones(2)),
        ),
    ),
    unary("neg", kinds="fisu", errors=(wrong(TypeError, "neg(): not defined for truth values; use ~x", mask),)),
    unary("positive", kinds="fisu", errors=(wrong(TypeError, "positive(): not defined for truth values", mask),)),
    unary(
        "abs",
        apart,
        kinds="fisu",
        odd=False,
        differs=(differs("the gradient at NaN is NaN", "PyTorch's is 0, which hides it", np.array([np.nan])),),
        samples=(s(ties, kink=True), s(ENDS[1:], kink=True)),
        errors=(wrong(TypeError, "abs(): not defined for truth values", mask),),
    ),
    unary("square"),
    unary("sqrt", positive, samples=(s(zeros, kink=True), s(-zeros, kink=True), s(ENDS, kink=True))),
    unary("rsqrt", positive, samples=(s(zeros, kink=True), s(ENDS, kink=True))),
    unary("reciprocal", far, samples=(s(zeros, kink=True), s(ENDS, kink=True))),
    unary("exp", samples=(s(np.array([1000.0, -1000.0]), kink=True), s(ENDS, kink=True))),
    unary("expm1", samples=(s(np.array([1e-12, -3.0])),)),
    unary("log", positive, samples=(s(ties, kink=True), s(ENDS, kink=True))),
    unary("log1p", positive, samples=(s(np.array([1e-12, 3.0])), s(ties, kink=True))),
    unary("exp2"),
    unary("log2", positive, samples=(s(ties, kink=True),)),
    unary("log10", positive, samples=(s(ties, kink=True),)),
    replace(
        binary("float_power", positive, normal, samples=(s(np.arange(-2, 3), 2, kink=True),)),
        oracle=lambda torch, input, exponent: torch.float_power(torch.as_tensor(input), exponent),
        errors=(wrong(ValueError, "pow(): the shapes (2, 3) and (2,) do not broadcast", ties, np.ones(2)),),
    ),
    unary("clamp_min", apart, settings=(0.4,), kinds="fisu", gradients=(0, 1), samples=_bounds),
    unary("clamp_max", apart, settings=(0.4,), kinds="fisu", gradients=(0, 1), samples=_bounds),
)
