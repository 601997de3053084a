"""Records of `ops/elementwise.py`."""

from dataclasses import replace

import numpy as np

from chainrule.conformance.record import ENDS, Record, apart, binary, normal, positive, s, unary, wrong

ties = np.array([[1.0, -2.0, 0.0], [3.0, 3.0, -1.0]])
other = np.array([[1.0, 2.0, 0.0], [-3.0, 3.0, -4.0]])
zeros = np.array([0.0, 0.0, 0.0, 2.0])
powers = np.array([0.0, 1.0, 2.0, 0.0])
mask = normal(3, 4) > 0


def far(*shape: int, seed: int = 0) -> np.ndarray:
    """Away from 0, of both signs."""
    x = normal(*shape, seed=seed)
    return np.asarray(x + np.copysign(0.5, x))


def _numbers(name):
    """PyTorch's functions want a tensor first; its operators do not."""
    return lambda torch, x, y, **kwargs: getattr(torch, name)(torch.as_tensor(x), y, **kwargs)


def _extreme(name):
    """PyTorch's functions want two tensors; a number takes the other one's dtype here."""
    return lambda torch, x, y: getattr(torch, name)(_as(torch, x, y), _as(torch, y, x))


def _as(torch, x, other):
    return x if isinstance(x, torch.Tensor) else torch.as_tensor(x, dtype=other.dtype)


_bounds = (
    s(apart(3, 4), apart(4, seed=1)),
    s(ties, other, kink=True),
    s(np.arange(4), 2, kink=True),
    s(np.arange(4), 1.5, kink=True),
)

RECORDS = (
    binary(
        "add", samples=(s(normal(2, 3), normal(3), alpha=0.5), s(normal(2, 3), 2.0, alpha=3)), oracle=_numbers("add")
    ),
    binary(
        "sub", samples=(s(normal(2, 3), normal(3), alpha=0.5), s(normal(2, 3), 2.0, alpha=3)), oracle=_numbers("sub")
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
        oracle=_numbers("div"),
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
        errors=(wrong(ValueError, "pow(): Integers to negative integer powers", np.arange(3), -1),),
    ),
    binary("maximum", apart, apart, samples=(s(ties, other, kink=True),), oracle=_extreme("maximum")),
    binary("minimum", apart, apart, samples=(s(ties, other, kink=True),), oracle=_extreme("minimum")),
    Record(
        "where",
        (
            s(mask, normal(3, 4), normal(3, 4, seed=1)),
            s(mask, normal(4), normal(3, 1)),
            s(mask[0], normal(3, 1), 0.0),
            s(mask, 1.0, normal(3, 4)),
            s(np.array(True), normal(2), normal(2, 1)),
            s(mask[:, :0], normal(3, 1), 2.0),
        ),
        large=(s(normal(67, 1031) > 0, normal(67, 1031, seed=1), normal(1031)),),
        gradients=(1, 2),
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
        errors=(
            wrong(ValueError, "clamp(): give min, max or both", ties, None),
            wrong(ValueError, "clamp(): the shapes (2, 3) and (2,) do not broadcast", ties, np.ones(2)),
        ),
    ),
    unary("neg", errors=(wrong(TypeError, "neg(): not defined for truth values; use ~x", mask),)),
    unary("abs", apart, samples=(s(ties, kink=True), s(ENDS[1:], kink=True))),
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
    unary(
        "erf",
        samples=(
            s(np.array([1e-12, -30.0, 0.0, np.inf])[:3]),
            s(np.array([np.inf, np.nan]), kink=True),
            s(ENDS, kink=True),
        ),
    ),
    replace(
        binary("float_power", positive, normal, samples=(s(np.arange(-2, 3), 2, kink=True),)),
        oracle=_numbers("float_power"),
        errors=(wrong(ValueError, "pow(): the shapes (2, 3) and (2,) do not broadcast", ties, np.ones(2)),),
    ),
    unary("clamp_min", apart, settings=(0.4,), gradients=(0, 1), samples=_bounds),
    unary("clamp_max", apart, settings=(0.4,), gradients=(0, 1), samples=_bounds),
)
