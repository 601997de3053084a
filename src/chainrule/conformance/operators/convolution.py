"""Records of `ops/convolution.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, differs, images_innermost, normal, s, wrong

x, w, b = normal(2, 4, 6, 5), normal(6, 4, 3, 2), normal(6)
row, filters = normal(2, 4, 7), normal(6, 4, 3)
volume, blocks = normal(2, 2, 4, 5, 3), normal(4, 2, 2, 3, 2)
few = st.integers(1, 3)


def number_or_each(axes, values):
    """As people write it: a number, one in a tuple, or one for each axis."""
    return st.one_of(values, values.map(lambda n: (n,)), st.tuples(*[values] * axes))


def each(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """A number for every axis."""
    value = value if isinstance(value, tuple) else (value,)
    return value * axes if len(value) == 1 else value


@st.composite
def operands(draw, n_in, n_out, size, filters):
    """Input with N or without, weight, and a bias or none; whole numbers now and then."""
    batch = draw(st.sampled_from(((2,), (1,), (0,), ())))
    x, w = normal(*batch, n_in, *size), normal(*filters)
    bias = normal(n_out) if draw(st.booleans()) else None
    if draw(st.integers(0, 5)):
        return x, w, bias
    return tuple(a if a is None else np.round(3 * a).astype(np.int64) for a in (x, w, bias))


@st.composite
def _convolutions(draw, axes):
    groups, kernel = draw(few), draw(st.tuples(*[few] * axes))
    dilation, padding = draw(number_or_each(axes, few)), draw(number_or_each(axes, st.integers(0, 2)))
    padding = draw(st.sampled_from((padding, padding, "valid", "same")))
    stride = 1 if padding == "same" else draw(number_or_each(axes, few))
    c, o = groups * draw(few), groups * draw(few)
    pads = (0,) * axes if isinstance(padding, str) else each(padding, axes)
    least = [max(1, d * (k - 1) + 1 - 2 * p) for d, k, p in zip(each(dilation, axes), kernel, pads, strict=True)]
    size = [draw(st.integers(n, n + (5, 4, 2)[axes - 1])) for n in least]
    x, w, bias = draw(operands(c, o, size, (o, c // groups, *kernel)))
    return s(x, w, bias, stride, padding, dilation, groups)


RECORDS = (
    Record(
        "conv1d",
        (
            s(row, filters, b),
            s(row, filters),
            s(row, filters, b, 2, 1),
            s(row, filters, b, (2,), (1,), (3,)),
            s(row, filters, b, padding="valid", stride=3),
            s(row, filters, b, padding="same"),
            s(row, normal(6, 4, 4), b, padding="same", dilation=3),
            s(row, normal(6, 2, 3), b, groups=2),
            s(row, normal(4, 1, 2), groups=4, padding=1),
            s(row[0], filters, b),
            s(row[:0], filters, b),
        ),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, "conv1d(): the input has 3 channels, the weight expects 4", row[:, :3], filters),
            wrong(
                ValueError, "conv1d(): the kernel is larger than the padded input: it spans (3,)", row[..., :2], filters
            ),
            wrong(ValueError, "input (2, 3, 7) = (N, C, L), weight (6, 4, 3) = (out, in, kL)", row[:, :3], filters),
            wrong(ValueError, "conv1d(): the input needs 3 dimensions (or 2, without N)", x, filters),
            wrong(ValueError, "conv1d(): stride=(1, 2) must be a whole number of at least 1", row, filters, b, (1, 2)),
            wrong(ValueError, "conv1d(): the weight has a dimension of size 0", row, filters[..., :0]),
        ),
        draws=_convolutions(1),
        large=(s(normal(17, 6, 400), normal(16, 6, 5), normal(16)),),
    ),
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
            s(x, normal(4, 1, 3, 3), b[:4], padding=1, groups=4),
            s(images_innermost(x), normal(4, 1, 3, 2), b[:4], (2, 1), (1, 0), (1, 2), groups=4),
            s(normal(18, 2, 6, 19), normal(2, 1, 5, 5), b[:2], 1, 2, groups=2),
            s(images_innermost(normal(18, 2, 6, 19)), normal(2, 1, 5, 5), b[:2], 2, 2, groups=2),
            s(normal(2, 2, 9, 9), normal(2, 1, 7, 8), padding=3, groups=2),
            s(normal(9, 17, 6, 7), normal(18, 17, 3, 3), normal(18), 1, 1),
            s(images_innermost(normal(17, 16, 5, 4)), normal(16, 16, 3, 3), padding=2),
            s(normal(37, 3, 7, 6), normal(5, 3, 3, 2), normal(5), (2, 3), 1),
            s(normal(150, 2, 5, 4), normal(4, 1, 3, 2), None, 2, (0, 1), groups=2),
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
            wrong(ValueError, "conv2d(): groups=0 must be a whole number of at least 1", x, w, groups=0),
            wrong(TypeError, "conv2d(): groups=1.0 must be a whole number of at least 1", x, w, groups=1.0),
            wrong(TypeError, "conv2d(): stride=1.0 must be a whole number of at least 1", x, w, stride=1.0),
            wrong(ValueError, "conv2d(): padding=-1 must be a whole number of at least 0", x, w, padding=-1),
            wrong(TypeError, "conv2d(): a tensor is needed, not NoneType", x, None),
            wrong(ValueError, "conv2d(): stride=0 must be a whole number of at least 1", x, w, b, 0),
            wrong(TypeError, "conv2d(): the dtypes differ: input int64, weight float64", np.ones(x.shape, np.int64), w),
        ),
        draws=_convolutions(2),
        differs=(
            differs(
                "an input of no channels gives the bias, or 0, everywhere",
                "an empty sum; PyTorch gives an output of no channels",
                x[:, :0],
                w[:, :0],
            ),
        ),
        large=(
            s(normal(17, 6, 20, 20), normal(16, 6, 5, 5), normal(16)),
            s(normal(33, 1, 28, 28), normal(6, 1, 5, 5)),
            s(normal(33, 6, 20, 20), normal(6, 1, 3, 3), normal(6), 1, 1, groups=6),
        ),
    ),
    Record(
        "conv3d",
        (
            s(volume, blocks, b[:4]),
            s(volume, blocks),
            s(volume, blocks, b[:4], 2, (1, 0, 1), (1, 2, 1)),
            s(volume, normal(4, 1, 2, 1, 2), b[:4], groups=2),
            s(volume, blocks, b[:4], padding="same"),
            s(volume, blocks, padding="valid"),
            s(volume[0], blocks, b[:4]),
            s(volume[:0], blocks),
        ),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, "conv3d(): the input has 1 channels, the weight expects 2", volume[:, :1], blocks),
            wrong(
                ValueError, "= (N, C, D, H, W), weight (4, 2, 2, 3, 2) = (out, in, kD, kH, kW)", volume[:, :1], blocks
            ),
            wrong(ValueError, "conv3d(): the input needs 5 dimensions", normal(2, 3), blocks),
            wrong(
                ValueError,
                "conv3d(): stride=(1, 2) must be a whole number of at least 1, or three of them",
                volume,
                blocks,
                None,
                (1, 2),
            ),
        ),
        draws=_convolutions(3),
    ),
)
