"""Records of `ops/comparison.py`: truth values, without gradients."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import (
    Record,
    Sample,
    apart,
    arrays,
    binary,
    options,
    reduction,
    s,
    unary,
    wrong,
)  # fmt: skip

few = np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 1.0, 3.0]])
more = np.array([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 1.0, -3.0]])
odd = np.array([[np.nan, 1.0, np.inf], [-np.inf, 0.0, np.nan]])


def _compared(name: str, numbers: bool = True, **named) -> Record:
    """Of two tensors; or of a tensor and a number, in this order only."""
    record = binary(
        name, apart, apart, samples=(s(few, more, **named), s(odd, odd.copy(), **named)), gradients=(),
        numbers=st.sampled_from((2, -1, 0, 1.5, True)) if numbers else arrays((), "fib"),
    )  # fmt: skip
    samples = (*record.samples, *([s(few, 1.5), s(few, 2)] if numbers else []))
    return dataclasses.replace(record, samples=samples)


@st.composite
def _close(draw) -> Sample:
    x = draw(arrays(kinds="fi", odd=True))
    near = np.asarray(x + draw(st.sampled_from((0, 1e-9, 1e-3, 1)))) if x.dtype.kind == "f" else x.copy()
    tolerance = st.sampled_from((0.0, 1e-5, 1e-2))
    return s(x, near, **options(draw, rtol=tolerance, atol=tolerance, equal_nan=st.booleans()))


def _tested(name: str) -> Record:
    return unary(name, samples=(s(odd), s(few), s(np.arange(3))), gradients=())


def _reduced(name: str) -> Record:
    return reduction(
        name,
        samples=(s(few), s(few, 0), s(few, 1, keepdim=True), s(few > 0, 1), s(np.arange(3, dtype=np.uint8))),
        gradients=(),
        least=1,
    )


RECORDS = (
    _compared("eq"),
    _compared("ne"),
    _compared("lt"),
    _compared("le"),
    _compared("gt"),
    _compared("ge"),
    _compared("logical_and", numbers=False),
    _compared("logical_or", numbers=False),
    _compared("logical_xor", numbers=False),
    Record(
        "isclose",
        (s(few, more), s(odd, odd.copy(), equal_nan=True), s(few, few + 0.1, 0.0, 0.2)),
        gradients=(),
        draws=_close(),
        errors=(
            wrong(TypeError, "isclose(): the dtypes float64 and int64 differ", few, np.arange(4)),
            wrong(ValueError, "isclose(): rtol=-1 and atol=1e-08 must not be negative", few, few, -1),
        ),
    ),
    _tested("isposinf"),
    _tested("isneginf"),
    _tested("logical_not"),
    _tested("isnan"),
    _tested("isinf"),
    _tested("isfinite"),
    _reduced("any"),
    _reduced("all"),
    Record("equal", (s(few, few.copy()), s(few, more), s(few, few[0])), gradients=()),
    Record(
        "allclose", (s(few, few + 1e-9), s(few, more), s(odd, odd.copy(), equal_nan=True), s(odd, odd)), gradients=()
    ),
)
