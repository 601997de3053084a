"""Records of `ops/convolution_transpose.py`."""

from hypothesis import strategies as st

from chainrule.conformance.operators.convolution import each, number_or_each, operands
from chainrule.conformance.record import Record, normal, s, wrong

b = normal(6)
few = st.integers(1, 3)
NAMES = {1: "L", 2: "H, W", 3: "D, H, W"}


@st.composite
def _convolutions(draw, axes):
    groups, kernel = draw(few), draw(st.tuples(*[few] * axes))
    stride, dilation = draw(number_or_each(axes, few)), draw(number_or_each(axes, few))
    padding = draw(number_or_each(axes, st.integers(0, 2)))
    most = min(max(both) for both in zip(each(stride, axes), each(dilation, axes), strict=True))
    more = draw(number_or_each(axes, st.integers(0, most - 1)))
    c, o, size = groups * draw(few), groups * draw(few), []
    settings = (each(value, axes) for value in (stride, padding, more, dilation))
    for k, s_, p, m, d in zip(kernel, *settings, strict=True):
        least = 1 - (d * (k - 1) + m - 2 * p) // s_  # (n − 1)·s − 2p + d·(k − 1) + m + 1 ≥ 1
        size.append(draw(st.integers(max(1, least), max(1, least) + (4, 3, 1)[axes - 1])))
    x, w, bias = draw(operands(c, o, size, (c, o // groups, *kernel)))
    return s(x, w, bias, stride, padding, more, groups, dilation)


def _record(axes: int, **more) -> Record:
    name = f"conv_transpose{axes}d"
    size, kernel = (3, 2, 2)[:axes], ((3,), (3, 2), (2, 1, 2))[axes - 1]
    x, w, parts = normal(2, 4, *size), normal(4, 6, *kernel), normal(4, 3, *kernel)
    return Record(
        name,
        (
            s(x, w, b),
            s(x, w),
            s(x, w, b, 2),
            s(x, w, b, 3, 1, 2),
            s(x, w, b, (2, 3, 1)[:axes], (1, 0, 0)[:axes], (1, 2, 0)[:axes]),
            s(x, w, b, dilation=2, output_padding=1),
            s(x, parts, b, 2, groups=2),
            s(x[0], w, b),
            s(x[:0], w, b),
            s(x, normal(4, 2, *(1,) * axes), stride=2),
        ),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, f"{name}(): the input has 3 channels, the weight expects 4", x[:, :3], w),
            wrong(ValueError, f"{name}(): groups=3 must divide the 4 input channels", x, w, groups=3),
            wrong(ValueError, f"{name}(): the bias has shape (3,), the weight asks for (6,)", x, w, b[:3]),
            wrong(ValueError, f"{name}(): output_padding={(2,) * axes} must be less than", x, w, b, 2, 0, 2),
            wrong(ValueError, f"{name}(): the output would be of size", x, w, b, 1, 9),
            wrong(ValueError, f"{name}(): the input needs {axes + 2} dimensions (or {axes + 1}, without N)", b, w),
            wrong(ValueError, f"{name}(): groups=0 must be a whole number of at least 1", x, w, groups=0),
            wrong(TypeError, f"{name}(): padding='same' must be a whole number of at least 0", x, w, padding="same"),
            wrong(TypeError, f"{name}(): a tensor is needed, not list; make one with tensor(…)", [1.0], w),
            wrong(ValueError, f"= (N, C, {NAMES[axes]}), weight {w.shape} = (in, out, k", x[:, :3], w),
        ),
        draws=_convolutions(axes),
        **more,
    )


RECORDS = (
    _record(1, large=(s(normal(17, 6, 400), normal(6, 4, 5), normal(4), 2),)),
    _record(2, large=(s(normal(17, 6, 20, 20), normal(6, 4, 3, 3), normal(4), 2, 1, 1),)),
    _record(3),
)
