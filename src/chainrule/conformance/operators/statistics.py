"""Records of `ops/statistics.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import (
    SEEDS,
    Record,
    Sample,
    apart,
    arrays,
    normal,
    one_dim,
    options,
    reductions,
    s,
    some_dims,
    wrong,
)

x, unknown = apart(3, 4, 2), np.array([[1.0, np.nan, 3.0], [4.0, 5.0, -6.0]])
ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
numbers = np.array([3, 1, 3, 0])


@st.composite
def _ordered(draw: st.DrawFn) -> Sample:
    """Different values: of equal ones PyTorch takes any."""
    y = apart(*draw(st.lists(st.integers(1, 4), max_size=3)), seed=draw(SEEDS))
    return s(
        y, **({"dim": draw(one_dim(y.shape)), **options(draw, keepdim=st.booleans())} if draw(st.booleans()) else {})
    )


@st.composite
def _kth(draw: st.DrawFn) -> Sample:
    y = apart(*draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), seed=draw(SEEDS))
    dim = draw(one_dim(y.shape))
    return s(y, draw(st.integers(1, y.shape[dim])), dim, **options(draw, keepdim=st.booleans()))


@st.composite
def _quantiles(draw: st.DrawFn) -> Sample:
    y = draw(arrays(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), odd=False))
    q = draw(st.one_of(st.floats(0, 1), st.lists(st.floats(0, 1, width=32), min_size=1, max_size=3).map(np.asarray)))
    kinds = st.sampled_from(("linear", "lower", "higher", "nearest", "midpoint"))
    named = options(draw, keepdim=st.booleans(), interpolation=kinds)
    if "interpolation" in named and named["interpolation"] != "linear":
        q = 0.3125  # a place that rounding does not move
    return s(y, q, **options(draw, dim=one_dim(y.shape)), **named)


RECORDS = (
    Record(
        "aminmax",
        (s(x), s(x, dim=1), s(x, dim=-1, keepdim=True), s(normal())),
        errors=(wrong(IndexError, "amin(): dim 3 is out of range", x, dim=3),),
        draws=reductions(several=False, least=1, kinds="ffi"),
    ),
    Record(
        "nansum",
        (s(x), s(x, 1), s(x, (0, 2), True), s(unknown, kink=True), s(np.arange(3), kink=True)),
        draws=reductions(kinds="ffi", odd=True),
    ),
    Record(
        "nanmean",
        (s(x), s(x, 1), s(x, (0, 2), True), s(unknown, 0, kink=True)),
        errors=(wrong(TypeError, "nanmean(): a floating-point tensor is needed, not int64", np.arange(3)),),
        draws=reductions(),
    ),
    Record(
        "kthvalue",
        (s(x, 2), s(x, 1, 0), s(x, k=4, dim=1, keepdim=True), s(normal(), 1)),
        errors=(
            wrong(ValueError, "kthvalue(): k = 5 must be from 1 to 4, the size of dim 1 of shape (3, 4, 2)", x, 5, 1),
            wrong(TypeError, "kthvalue(): k must be a whole number, not 1.5", x, 1.5),
        ),
        draws=_kth(),
    ),
    Record(
        "median",
        (s(x), s(x, 1), s(x, dim=-1, keepdim=True), s(ties, kink=True), s(unknown, kink=True), s(normal(), 0)),
        errors=(
            wrong(IndexError, "median(): dim 3 is out of range for a tensor of shape (3, 4, 2)", x, 3),
            wrong(ValueError, "median(): nothing to choose from: dim 0 of shape (0, 3) has no", np.ones((0, 3)), 0),
        ),
        draws=_ordered(),
    ),
    Record(
        "quantile",
        (
            s(x, 0.5),
            s(x, 0.3, 1),
            s(x, np.array([0.25, 0.75]), dim=0),
            s(x, np.array([0.0, 0.6, 1.0]), 1, True),
            s(x, 0.3, keepdim=True),
            *(s(x, 0.3, 1, interpolation=kind) for kind in ("lower", "higher", "nearest", "midpoint")),
            s(unknown, 0.5, 1, kink=True),
        ),
        errors=(
            wrong(ValueError, "quantile(): q must be from 0 to 1, a number or a vector, not 1.5", x, 1.5),
            wrong(ValueError, "quantile(): interpolation must be one of linear, lower", x, 0.5, interpolation="cubic"),
        ),
        draws=_quantiles(),
    ),
    Record(
        "count_nonzero",
        (s(ties), s(numbers), s(x > 0, 1), s(x, (0, 2)), s(x, dim=-1)),
        gradients=(),
        draws=st.builds(s, arrays([2, 0, 3], "fib"), some_dims([1, 1, 1]))
        | st.builds(s, arrays(kinds="ffib", odd=True)),
    ),
    Record(
        "nonzero",
        (s(numbers), s(x > 0), s(x > 0, as_tuple=True), s(np.array(2)), s(np.array(2), as_tuple=True), s(x[:0])),
        gradients=(),
        draws=st.builds(s, arrays(kinds="fisub", odd=True)),
    ),
    Record("argwhere", (s(numbers), s(x > 0), s(x[:0])), gradients=(), draws=st.builds(s, arrays(kinds="fib"))),
    Record(
        "bincount",
        (s(numbers), s(numbers, minlength=6), s(numbers, normal(4)), s(numbers[:0])),
        gradients=(),
        errors=(
            wrong(TypeError, "bincount(): whole numbers are needed, not float64", normal(3)),
            wrong(ValueError, "bincount(): a vector of numbers ≥ 0 and minlength ≥ 0 are needed", np.array([-1])),
            wrong(ValueError, "bincount(): weights of shape (2,) do not fit the input", numbers, normal(2)),
        ),
        draws=st.builds(
            lambda n, least: s(np.arange(n) ** 2 % 5, minlength=least), st.integers(0, 9), st.integers(0, 7)
        ),
    ),
    Record(
        "unique",
        (
            s(numbers),
            s(ties),
            s(ties, return_inverse=True),
            s(ties, return_counts=True),
            s(ties, True, True, True),
            s(np.array([[1, 2], [0, 3], [1, 2]]), dim=0, return_inverse=True, return_counts=True),
        ),
        gradients=(),
        oracle=lambda torch, *args, **named: torch.unique(*args, **named),
        draws=st.builds(
            lambda x, inverse, counts: s(x, return_inverse=inverse, return_counts=counts),
            arrays(kinds="fisb"),
            st.booleans(),
            st.booleans(),
        ),
    ),
)
