"""Records of `ops/adaptive.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, apart, s, wrong

image, row = apart(2, 3, 7, 6), apart(2, 3, 7)
sizes = st.integers(1, 7)


def _drawn(axes: int, **ranges):
    shapes = st.tuples(st.integers(0, 2), sizes, *[sizes] * axes)
    named = st.fixed_dictionaries(ranges)
    return st.builds(lambda shape, out, more: s(apart(*shape), out, **more), shapes, st.tuples(*[sizes] * axes), named)


def _errors(name: str) -> tuple:
    need, x, wide = ("4 dimensions (N, C, H, W), or 3", image, (1, 2, 3)) if "2d" in name else (
        "3 dimensions (N, C, L), or 2", row, (1, 2))  # fmt: skip
    return (
        wrong(ValueError, f"{name}(): the input needs {need} without N; its shape is (7,)", row[0, 0], 2),
        wrong(ValueError, f"{name}(): output_size=-1 must be a whole number of at least 0", x, -1),
        wrong(ValueError, f"{name}(): output_size={wide} must be", x, wide),
        wrong(ValueError, f"{name}(): the input has nothing to pool: its shape is", x[:, :, :0], 1),
    )


def _row(name: str, *more, **ranges) -> Record:
    fixed = (s(row, 3), s(row, (4,)), s(row, 1), s(row, 7), s(row, 9), s(row[0], 3), s(row[:0], 3), s(row[..., :6], 2))
    return Record(name, (*fixed, *more), errors=_errors(name), draws=_drawn(1, **ranges))


def _image(name: str, *more, **ranges) -> Record:
    fixed = (s(image, 3), s(image, (4, 5)), s(image, 1), s(image, (None, 4)), s(image, (9, 8)), s(image[0], (3, 3)))
    regular = (s(image[:0], 4), s(image, (7, 3)), s(image, [1, 2]))
    draws = _drawn(2, **ranges)
    return Record(
        name, (*fixed, *regular, *more), errors=_errors(name), draws=draws, large=(s(apart(9, 6, 24, 24), 4),)
    )


ties = np.array([[[0.0, 0.0, 1.0, 1.0, -np.inf, -np.inf, np.nan]]])
RECORDS = (
    _row("adaptive_avg_pool1d"),
    _image("adaptive_avg_pool2d"),
    _row(
        "adaptive_max_pool1d",
        s(row, 3, True),
        s(row[0], 3, return_indices=True),
        s(row[:0], 3, return_indices=True),
        s(ties, 3, True, kink=True),
        s(ties, 4, kink=True),
        return_indices=st.booleans(),
    ),
    _image(
        "adaptive_max_pool2d",
        s(image, (4, 3), True),
        s(image, (7, 3), return_indices=True),
        s(image[0], (2, None), True),
        return_indices=st.booleans(),
    ),
)
