"""Records of `ops/transcendental.py` and `ops/compound.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.operators.elementwise import _tensors, far
from chainrule.conformance.record import (
    ENDS,
    SEEDS,
    SHAPES,
    Record,
    arrays,
    binary,
    broadcastable,
    normal,
    options,
    positive,
    s,
    unary,
    wrong,
)  # fmt: skip

odd = np.array([[np.nan, 1.0, np.inf], [-np.inf, 0.0, -0.0]])
edges = np.array([0.0, 1.0, -0.5, 0.3, 2.0])
whole = np.arange(3)
x, y, z = normal(2, 3), normal(3, seed=1), far(2, 1, seed=2)


def inside(*shape: int, seed: int = 0) -> np.ndarray:
    """From 0 to 1, the ends excluded."""
    return np.asarray(np.random.default_rng((seed, *shape)).uniform(0.1, 0.9, shape))


def signed(*shape: int, seed: int = 0) -> np.ndarray:
    """From −1 to 1, the ends excluded."""
    return np.asarray(2 * inside(*shape, seed=seed) - 1)


@st.composite
def _three(draw):
    """Three operands, and what their product or quotient is multiplied by."""
    first, second = draw(broadcastable())
    return s(
        normal(*first),
        normal(*second, seed=1),
        far(*first, seed=2),
        **options(draw, value=st.sampled_from((1, 0.5, -2))),
    )


@st.composite
def _between(draw):
    """Two ends, and a number or a tensor of weights."""
    first, second = draw(broadcastable())
    weight = draw(st.one_of(st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.5)), arrays(second)))
    return s(normal(*first), normal(*second, seed=1), weight)


RECORDS = (
    unary("erf", samples=(s(ENDS, kink=True), s(np.array([1e-12, -30.0, 0.0])), s(odd, kink=True))),
    unary("erfc", samples=(s(np.array([1e-12, -30.0, 0.0])), s(odd, kink=True))),
    unary("erfinv", signed, odd=False, samples=(s(np.array([1.0, -1, 0, 2, -0.0, 0.9999, -1e-9]), kink=True),)),
    unary(
        "lgamma",
        positive,
        samples=(
            s(np.array([0.0, -1, -2.5, 0.3, 1, 2, 100, np.inf, np.nan]), kink=True),
            s(np.array([-0.5, -7.3, 1e-3, 30])),
        ),
        draws=st.builds(lambda shape, seed: s(np.asarray(20 * positive(*shape, seed=seed) - 9.873)), SHAPES, SEEDS),
    ),
    unary(
        "digamma",
        positive,
        off=1e-9,
        samples=(
            s(np.array([0.3, 1, 2, 100, np.inf, np.nan]), kink=True),
            s(np.array([-0.5, -7.3, 1e-3, 30])),
        ),
        draws=st.builds(lambda shape, seed: s(np.asarray(20 * positive(*shape, seed=seed) - 9.873)), SHAPES, SEEDS),
    ),
    unary("logit", inside, odd=False, samples=(s(inside(3), 0.2), s(edges, 0.25, kink=True), s(edges, kink=True))),
    unary("sinc", far, odd=False, samples=(s(odd, kink=True),)),
    unary("nan_to_num", samples=(s(odd, kink=True), s(odd, 2.0, 3.0, -4.0, kink=True), s(odd, posinf=1.0, kink=True))),
    binary("xlogy", normal, positive, samples=(s(odd, odd[::-1], kink=True),), oracle=_tensors("xlogy")),
    binary(
        "logaddexp", kinds="f", numbers=arrays((), "f"), oracle=_tensors("logaddexp"), samples=(s(700 * x, 10 * y),)
    ),
    binary(
        "logaddexp2", kinds="f", numbers=arrays((), "f"), oracle=_tensors("logaddexp2"), samples=(s(700 * x, 10 * y),)
    ),
    binary("hypot", far, far, kinds="f", numbers=arrays((), "f"), oracle=_tensors("hypot")),
    Record("addcmul", (s(x, y, z), s(x, y, z, value=0.5)), gradients=(0, 1, 2), draws=_three()),
    Record(
        "addcdiv",
        (s(x, y, z), s(x, y, z, value=-2)),
        gradients=(0, 1, 2),
        draws=_three(),
        errors=(wrong(TypeError, "addcdiv(): a floating-point tensor is needed", whole, whole, whole),),
    ),
    Record(
        "lerp",
        (s(x, y, 0.3), s(x, y, 0.7), s(x, y, normal(2, 1))),
        gradients=(0, 1, 2),
        draws=_between(),
        errors=(
            wrong(TypeError, "lerp(): x and end must be tensors of one dtype, not float64, int64", x, whole, 0.5),
            wrong(TypeError, "lerp(): a floating-point tensor is needed", whole, whole, 0.5),
            wrong(ValueError, "lerp(): the shapes (2,) and (2, 3) do not broadcast", x, normal(2), 0.5),
        ),
    ),
)
