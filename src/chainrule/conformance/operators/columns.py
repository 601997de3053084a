"""Records of `ops/columns.py`."""

import math

from hypothesis import strategies as st

from chainrule.conformance.operators.convolution import each
from chainrule.conformance.record import Record, normal, s, wrong

x = normal(2, 3, 5, 4)
few = st.integers(1, 3)


def _pair(values):
    return st.one_of(values, st.tuples(values, values))


@st.composite
def _windows(draw, folded):
    kernel, dilation, stride = (draw(_pair(few)) for _ in range(3))
    settings = kernel, dilation, stride, draw(_pair(st.integers(0, 2)))
    steps = list(zip(*(each(value, 2) for value in settings), strict=True))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, _, p in steps]
    size = draw(st.one_of(_more(max(least)), st.tuples(*map(_more, least))))
    batch, c = draw(st.sampled_from(((2,), (1,), (0,), ()))), draw(few)
    places = [(n + 2 * p - d * (k - 1) - 1) // s_ + 1 for n, (k, d, s_, p) in zip(each(size, 2), steps, strict=True)]
    if folded:
        columns = normal(*batch, c * math.prod(each(kernel, 2)), math.prod(places))
        return s(columns, size, kernel, dilation, settings[3], stride)
    return s(normal(*batch, c, *each(size, 2)), kernel, dilation, settings[3], stride)


def _more(least):
    return st.integers(least, least + 4)


RECORDS = (
    Record(
        "unfold",
        (
            s(x, 2),
            s(x, (3, 2), 1, (1, 0), 2),
            s(x, 2, dilation=2, padding=1, stride=(1, 3)),
            s(x[0], (2, 3)),
            s(x[:0], 2),
        ),
        errors=(
            wrong(ValueError, "unfold(): the window (6, 6) is larger than the image (5, 4) with padding (0, 0)", x, 6),
            wrong(ValueError, "unfold(): the input needs 4 dimensions (N, C, H, W), or 3 without N", x[0, 0], 2),
            wrong(
                TypeError, "unfold(): kernel_size=2.0 must be a whole number of at least 1, or a pair of them", x, 2.0
            ),
            wrong(TypeError, "unfold(): a tensor is needed, not list; make one with tensor(…)", [1.0], 2),
            wrong(ValueError, "unfold(): stride=0 must be a whole number of at least 1", x, 2, stride=0),
        ),
        draws=_windows(False),
    ),
    Record(
        "fold",
        (
            s(normal(2, 12, 12), (5, 4), 2),
            s(normal(2, 6, 6), (5, 4), (3, 2), 1, (1, 0), (2, 2)),
            s(normal(4, 9), 4, 2),
            s(normal(0, 4, 9), 4, 2),
        ),
        errors=(
            wrong(
                ValueError,
                "fold(): the input needs the shape (N, C·4, 9), or without N, for windows (2, 2) at (3, 3) "
                "places of (4, 4); its shape is (2, 3, 9)",
                normal(2, 3, 9),
                4,
                2,
            ),
            wrong(TypeError, "fold(): a tensor is needed, not list; make one with tensor(…)", [1.0], 4, 2),
            wrong(ValueError, "fold(): the window (5, 5) is larger than the image (4, 4)", normal(2, 25, 1), 4, 5),
        ),
        draws=_windows(True),
    ),
)
