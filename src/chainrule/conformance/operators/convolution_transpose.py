"""Records of `ops/convolution_transpose.py`."""

from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.record import Record, normal, s, wrong

b = normal(6)
few = st.integers(1, 3)
NAMES = {1: "L", 2: "H, W", 3: "D, H, W"}


@st.composite
def _convolutions(draw, axes):
    groups, numbers = draw(few), st.tuples(*[few] * axes)
    stride, dilation, kernel = draw(numbers), draw(numbers), draw(numbers)
    c, o, n = groups * draw(few), groups * draw(few), draw(st.integers(0, 2))
    size = [draw(st.integers(1, (7, 5, 3)[axes - 1])) for _ in kernel]
    padding = tuple(draw(st.integers(0, 2)) for _ in kernel)
    more = tuple(draw(st.integers(0, max(both) - 1)) for both in zip(stride, dilation, strict=True))
    for n_, k, s_, p, m, d in zip(size, kernel, stride, padding, more, dilation, strict=True):
        assume((n_ - 1) * s_ - 2 * p + d * (k - 1) + m + 1 >= 1)
    weight, bias = normal(c, o // groups, *kernel), normal(o)
    return s(normal(n, c, *size), weight, bias, stride, padding, more, groups, dilation)


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
