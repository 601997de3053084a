"""Records of `ops/pooling.py`."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.record import Record, apart, normal, s, wrong

image, row, pair = apart(2, 3, 7, 6), apart(2, 3, 7), st.integers(1, 3)


@st.composite
def _pools(draw, /, axes, **ranges):
    kernel, stride = (draw(st.tuples(*[pair] * axes)) for _ in range(2))
    size, padding = [draw(st.integers(1, 9)) for _ in kernel], tuple(draw(st.integers(0, k // 2)) for k in kernel)
    drawn = {name: draw(strategy) for name, strategy in ranges.items()}
    for n, k, p, d, step in zip(size, kernel, padding, drawn.get("dilation", (1,) * axes), stride, strict=True):
        assume(n + 2 * p >= d * (k - 1) + 1)
        first = np.arange(-p, n, step)[:, None]
        places = first + d * np.arange(k)
        assume(((places >= 0) & (places < n)).any(1).all())  # PyTorch's gradient of a window of padding writes anywhere
    return s(apart(draw(st.integers(0, 2)), draw(pair), *size), kernel, stride, padding, **drawn)


def _pool_errors(name: str) -> tuple:
    return (
        wrong(ValueError, f"{name}(): padding=2 must be at most half of kernel_size=3", image, 3, 1, 2),
        wrong(ValueError, f"{name}(): the window (9, 9) is larger than the input (2, 3, 7, 6)", image, 9),
        wrong(ValueError, f"{name}(): the input needs 4 dimensions (N, C, H, W), or 3 without N", image[0, 0], 2),
        wrong(ValueError, f"{name}(): kernel_size=0 must be a whole number of at least 1", image, 0),
    )


def _row_errors(name: str) -> tuple:
    return (
        wrong(ValueError, f"{name}(): padding=2 must be at most half of kernel_size=3", row, 3, 1, 2),
        wrong(ValueError, f"{name}(): the window (9,) is larger than the input (2, 3, 7) = (N, C, L)", row, 9),
        wrong(ValueError, f"{name}(): the input needs 3 dimensions (N, C, L), or 2 without N", row[0, 0], 2),
        wrong(ValueError, f"{name}(): kernel_size=(2, 2) must be a whole number of at least 1", row, (2, 2)),
    )


RECORDS = (
    Record(
        "max_pool1d",
        (
            s(row, 2),
            s(row, (3,), 2, 1, 2),
            s(row, 3, 2, 1, ceil_mode=True),
            s(row, 3, 2, 1, ceil_mode=True, return_indices=True),
            s(row[0], 2, return_indices=True),
            s(row[0], 2, 1),
            s(row[:0], 2),
        ),
        errors=_row_errors("max_pool1d"),
        draws=_pools(1, dilation=st.tuples(pair), ceil_mode=st.booleans(), return_indices=st.booleans()),
    ),
    Record(
        "avg_pool1d",
        (
            s(row, 2),
            s(row, (3,), 2, 1),
            s(row, 3, 2, 1, True, False),
            s(row, 3, 2, 1, ceil_mode=True),
            s(row, 3, 2, 1, count_include_pad=False),
            s(row[0], 2, 1),
            s(row[:0], 2),
        ),
        errors=_row_errors("avg_pool1d"),
        draws=_pools(1, ceil_mode=st.booleans(), count_include_pad=st.booleans()),
    ),
    Record(
        "max_pool2d",
        (
            s(image, 2),
            s(image, (3, 2), 2),
            s(image, 3, (2, 1), 1),
            s(image, 2, dilation=2),
            s(image, 2, ceil_mode=True),
            s(image, 3, 2, 1, ceil_mode=True),
            s(image[0], 2),
            s(image[:0], 2),
            s(np.zeros((1, 1, 4, 4)), 2, kink=True),
            s(image, 2, return_indices=True),
            s(image, (3, 2), (2, 1), 1, 2, True, True),
            s(image[0], 3, 2, 1, return_indices=True),
            s(image[:0], 3, 2, 1, return_indices=True),
            s(np.full((1, 1, 3, 3), -np.inf), 3, 1, 1, return_indices=True, kink=True),
        ),
        errors=_pool_errors("max_pool2d"),
        large=(s(apart(33, 6, 24, 24), 2),),
        draws=_pools(2, dilation=st.tuples(pair, pair), ceil_mode=st.booleans(), return_indices=st.booleans()),
    ),
    Record(
        "avg_pool2d",
        (
            s(image, 2),
            s(image, (3, 2), 2),
            s(image, 3, (2, 1), 1),
            s(image, 3, 2, 1, count_include_pad=False),
            s(image[0], 2),
            s(image, 2, ceil_mode=True),
            s(image, 3, 2, 1, True, False),
            s(image, 3, divisor_override=5),
            s(image, 2, []),
            s(image[:0], 2),
        ),
        errors=(
            *_pool_errors("avg_pool2d"),
            wrong(ValueError, "divisor_override must not be 0", image, 2, divisor_override=0),
        ),
        large=(s(normal(33, 6, 24, 24), 2),),
        draws=_pools(2, ceil_mode=st.booleans(), count_include_pad=st.booleans()),
    ),
)
