"""Records of `ops/convolution.py` and `ops/pooling.py`."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from records.record import Record, apart, normal, s, wrong

x, w, b = normal(2, 4, 6, 5), normal(6, 4, 3, 2), normal(6)
image, pair = apart(2, 3, 7, 6), st.integers(1, 3)


@st.composite
def _convolutions(draw):
    groups, stride, dilation = draw(pair), (draw(pair), draw(pair)), (draw(pair), draw(pair))
    c, o, n = groups * draw(pair), groups * draw(pair), draw(st.integers(0, 3))
    kernel, size = (draw(pair), draw(pair)), (draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    padding = (draw(st.integers(0, 2)), draw(st.integers(0, 2)))
    for n_, k, p, d in zip(size, kernel, padding, dilation, strict=True):
        assume(n_ + 2 * p >= d * (k - 1) + 1)
    weight, bias = normal(o, c // groups, *kernel), normal(o)
    return s(normal(n, c, *size), weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


@st.composite
def _pools(draw, **ranges):
    kernel, size = (draw(pair), draw(pair)), (draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    stride, padding = (draw(pair), draw(pair)), tuple(draw(st.integers(0, k // 2)) for k in kernel)
    drawn = {name: draw(strategy) for name, strategy in ranges.items()}
    for n, k, p, d in zip(size, kernel, padding, drawn.get("dilation", (1, 1)), strict=True):
        assume(n + 2 * p >= d * (k - 1) + 1)
    return s(apart(draw(st.integers(0, 2)), draw(pair), *size), kernel, stride, padding, **drawn)


def _pool_errors(name: str) -> tuple:
    return (
        wrong(ValueError, f"{name}(): padding=2 must be at most half of kernel_size=3", image, 3, 1, 2),
        wrong(ValueError, f"{name}(): the window (9, 9) is larger than the input (2, 3, 7, 6)", image, 9),
        wrong(ValueError, f"{name}(): the input needs 4 dimensions (N, C, H, W), or 3 without N", image[0, 0], 2),
        wrong(ValueError, f"{name}(): kernel_size=0 must be a whole number of at least 1", image, 0),
    )


RECORDS = (
    Record(
        "conv2d",
        (
            s(x, w, b),
            s(x, w),
            s(x, w, b, 2),
            s(x, w, b, (1, 2), (2, 1)),
            s(x, w, b, dilation=2),
            s(x, w, b, padding="valid"),
            s(x, normal(6, 2, 3, 2), b, groups=2),
            s(x, normal(4, 1, 2, 2), groups=4, padding=1),
            s(x[0], w, b),
            s(x[:0], w, b),
            s(x, normal(6, 4, 3, 5), b, padding="same"),
            s(x, w, b, padding="same"),
            s(x, w, b, padding="same", dilation=(2, 1)),
            s(x, normal(3, 4, 6, 5), stride=2),
            s(x, normal(3, 4, 1, 1), normal(3), stride=2),
            s(normal(3, 1, 8, 8), normal(6, 1, 5, 5)),
        ),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, "conv2d(): the input has 3 channels, the weight expects 4", x[:, :3], w),
            wrong(ValueError, "conv2d(): the kernel is larger than the padded input", x[:, :, :2], w),
            wrong(ValueError, "conv2d(): groups=4 must divide the 6 output channels", x, w, groups=4),
            wrong(ValueError, "conv2d(): the bias has shape (3,), the weight asks for (6,)", x, w, b[:3]),
            wrong(ValueError, "conv2d(): the input needs 4 dimensions", x[0, 0], w),
            wrong(ValueError, 'conv2d(): padding="same" needs stride 1', x, w, b, 2, "same"),
            wrong(ValueError, 'conv2d(): padding="half" is unknown', x, w, b, 1, "half"),
            wrong(ValueError, "conv2d(): stride=0 must be a whole number of at least 1", x, w, b, 0),
            wrong(TypeError, "conv2d(): the dtypes differ: input int64, weight float64", np.ones(x.shape, np.int64), w),
        ),
        draws=_convolutions(),
        large=(s(normal(17, 6, 20, 20), normal(16, 6, 5, 5), normal(16)), s(normal(33, 1, 28, 28), normal(6, 1, 5, 5))),
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
        ),
        errors=_pool_errors("max_pool2d"),
        large=(s(apart(33, 6, 24, 24), 2),),
        draws=_pools(dilation=st.tuples(pair, pair), ceil_mode=st.booleans()),
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
            s(image[:0], 2),
        ),
        errors=(
            *_pool_errors("avg_pool2d"),
            wrong(ValueError, "divisor_override must not be 0", image, 2, divisor_override=0),
        ),
        large=(s(normal(33, 6, 24, 24), 2),),
        draws=_pools(ceil_mode=st.booleans(), count_include_pad=st.booleans()),
    ),
)
