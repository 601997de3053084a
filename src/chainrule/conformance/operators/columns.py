"""Records of `ops/columns.py`."""

from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.record import Record, normal, s, wrong

x = normal(2, 3, 5, 4)
few = st.integers(1, 3)
pairs = st.tuples(few, few)


@st.composite
def _windows(draw, folded):
    size, kernel, dilation, stride = (
        draw(st.tuples(st.integers(1, 7), st.integers(1, 7))),
        *(draw(pairs) for _ in "kds"),
    )
    padding, n, c = draw(st.tuples(st.integers(0, 2), st.integers(0, 2))), draw(st.integers(0, 2)), draw(few)
    columns = 1
    for m, k, p, d, step in zip(size, kernel, padding, dilation, stride, strict=True):
        assume(m + 2 * p >= d * (k - 1) + 1)
        columns *= (m + 2 * p - d * (k - 1) - 1) // step + 1
    if folded:
        return s(normal(n, c * kernel[0] * kernel[1], columns), size, kernel, dilation, padding, stride)
    return s(normal(n, c, *size), kernel, dilation, padding, stride)


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
            wrong(ValueError, "fold(): the window (5, 5) is larger than the image (4, 4)", normal(2, 25, 1), 4, 5),
        ),
        draws=_windows(True),
    ),
)
