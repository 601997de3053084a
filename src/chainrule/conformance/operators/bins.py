"""Records of `ops/bins.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, Sample, arrays, normal, options, s, wrong


@st.composite
def _searches(draw: st.DrawFn) -> Sample:
    """Rows in order, or a vector, and what is looked for in them: floats or whole numbers, with ties."""
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    kind = draw(st.sampled_from("fi"))
    rows = np.sort(draw(arrays(shape, kind)))
    x = draw(st.one_of(arrays((*shape[:-1], draw(st.integers(0, 4))), kind), *[arrays(kinds=kind)] * (len(shape) == 1)))
    right = draw(st.booleans())
    side: Any = {"side": "right" if right else draw(st.sampled_from(("left", None)))} if draw(st.booleans()) else {}
    return s(rows, x, right=right, **side, **options(draw, out_int32=st.booleans()))


@st.composite
def _buckets(draw: st.DrawFn) -> Sample:
    kind = draw(st.sampled_from("fi"))
    boundaries = np.sort(draw(arrays((draw(st.integers(0, 4)),), kind)))
    return s(draw(arrays(kinds=kind)), boundaries, **options(draw, right=st.booleans(), out_int32=st.booleans()))


@st.composite
def _histograms(draw: st.DrawFn) -> Sample:
    low = draw(st.sampled_from((-2, -0.5, 0)))
    limits: Any = {"min": low, "max": low + 1.5} if draw(st.booleans()) else {}
    return s(draw(arrays()), **limits, **options(draw, bins=st.sampled_from((1, 4, 10))))


edges, x = np.array([1.0, 3.0, 3.0, 5.0]), np.array([[0.0, 3.0], [4.0, 9.0]])

RECORDS = (
    Record(
        "searchsorted",
        (
            s(edges, x),
            s(edges, x, right=True),
            s(edges, 3.0, side="right"),
            s(np.sort(normal(2, 4)), normal(2, 3)),
            s(edges[::-1].copy(), x, sorter=np.array([3, 2, 1, 0])),
        ),
        gradients=(),
        errors=(
            wrong(ValueError, "searchsorted(): rows of shape (2, 2) and numbers of shape (3, 2)", x, np.ones((3, 2))),
            wrong(ValueError, "searchsorted(): side must be 'left' or 'right'", edges, x, side="middle"),
        ),
        draws=_searches(),
    ),
    Record(
        "bucketize",
        (s(x, edges), s(x, edges, right=True, out_int32=True)),
        gradients=(),
        errors=(wrong(ValueError, "bucketize(): the boundaries must be a vector, their shape is (2, 2)", x, x),),
        draws=_buckets(),
    ),
    Record(
        "histc",
        (s(x), s(x, 4, 0, 10), s(x, bins=3, min=3, max=4), s(np.ones(3), 4)),
        gradients=(),
        errors=(
            wrong(ValueError, "histc(): bins=0 must be at least 1", x, 0),
            wrong(ValueError, "and min=2 not greater than max=1", x, 4, 2, 1),
            wrong(TypeError, "histc(): a floating-point tensor is needed, not int64", np.arange(3)),
            wrong(ValueError, "histc(): the range [0.0, inf] is not finite", np.array([0, np.inf])),
        ),
        draws=_histograms(),
    ),
)
