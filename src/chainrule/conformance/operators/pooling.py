"""Records of `ops/pooling.py`."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.operators.convolution import each, number_or_each
from chainrule.conformance.record import Record, apart, classes, differs, normal, s, wrong

image, row, volume = apart(2, 3, 7, 6), apart(2, 3, 7), apart(1, 2, 5, 4, 3)
pair, flag = st.integers(1, 3), st.booleans()
SIDES = (9, 9, 5)  # of the largest sequence, image and volume


@st.composite
def images(draw, size, whole=False, special=True):
    """With N or without; different values, or whole ones with ties; some with infinities and a NaN."""
    shape = draw(st.sampled_from(((1, 2), (2, 3), (0, 2), (3,)))) + tuple(size)
    kind = draw(st.sampled_from(("apart", "apart", "ties") + ("special",) * special + ("whole",) * whole))
    if kind in ("ties", "whole"):
        return classes(4, *shape) - 1 if kind == "whole" else classes(4, *shape) - 1.0
    x = apart(*shape)
    if kind == "special" and x.size:
        places = draw(st.lists(st.integers(0, x.size - 1), max_size=3))
        for place, value in zip(places, (np.nan, np.inf, -np.inf), strict=False):
            x.flat[place] = value
    return x


@st.composite
def _pools(draw, /, axes, whole=False, **ranges):
    """A call of any pooling; `ranges` has what not all of them take."""
    kernel = draw(number_or_each(axes, pair))
    stride = draw(st.one_of(st.none(), number_or_each(axes, pair)))
    padding = draw(number_or_each(axes, st.integers(0, min(each(kernel, axes)) // 2)))
    drawn = {name: draw(strategy) for name, strategy in ranges.items()}
    steps, size = each(kernel if stride is None else stride, axes), []
    for i, (k, p, d) in enumerate(
        zip(*(each(v, axes) for v in (kernel, padding, drawn.get("dilation", 1))), strict=True)
    ):
        least = max(d * (k - 1) + 1 - 2 * p, k if axes == 3 else 1)  # for PyTorch's gradient of avg_pool3d
        n = draw(st.integers(least, max(least, SIDES[axes - 1])))
        places = np.arange(-p, n, steps[i])[:, None] + d * np.arange(k)
        assume(((places >= 0) & (places < n)).any(1).all())  # PyTorch's gradient of a window of padding writes anywhere
        size.append(n)
    return s(draw(images(size, whole)), kernel, stride, padding, **drawn)


def _max_draws(axes: int) -> st.SearchStrategy:
    holes = number_or_each(axes, pair)
    return _pools(axes, axes > 1, dilation=holes, ceil_mode=flag, return_indices=flag)


def _avg_draws(axes: int) -> st.SearchStrategy:
    more = {"divisor_override": st.sampled_from((None, None, 1, 5, -2))} if axes > 1 else {}
    return _pools(axes, True, ceil_mode=flag, count_include_pad=flag, **more)


X = {1: row, 2: image, 3: volume}
NAMES = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


def _errors(name: str, axes: int) -> tuple:
    x, too_many = X[axes], (2,) * (axes + 1)
    need = f"the input needs {axes + 2} dimensions {NAMES[axes]}, or {axes + 1} without N; its shape is (7,)"
    return (
        wrong(ValueError, f"{name}(): padding=2 must be at most half of kernel_size=3", x, 3, 1, 2),
        wrong(ValueError, f"the window {(9,) * axes} is larger than the input {x.shape} = {NAMES[axes]}", x, 9),
        wrong(ValueError, f"{name}(): {need}", row[0, 0], 2),
        wrong(ValueError, f"{name}(): kernel_size=0 must be a whole number of at least 1", x, 0),
        wrong(ValueError, f"{name}(): kernel_size={too_many} must be a whole number of at least 1", x, too_many),
        wrong(TypeError, f"{name}(): kernel_size=2.0 must be a whole number of at least 1", x, 2.0),
        wrong(TypeError, f"{name}(): stride=(1.5,) must be a whole number of at least 1", x, 2, (1.5,)),
        wrong(TypeError, f"{name}(): a tensor is needed, not list; make one with tensor(…)", [1.0, 2.0], 2),
    )


nans = np.array([[[np.nan, 1.0, np.nan]]])
LAST = differs(
    "of several NaN in a window the first is named, and gets the gradient",
    "as of several equal values the first; PyTorch takes the last NaN, and the first of equal values",
    nans,
    3,
    return_indices=True,
)  # fmt: skip

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
        errors=_errors("max_pool1d", 1),
        draws=_max_draws(1),
        differs=(LAST,),
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
        errors=_errors("avg_pool1d", 1),
        draws=_avg_draws(1),
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
        errors=_errors("max_pool2d", 2),
        large=(s(apart(33, 6, 24, 24), 2),),
        draws=_max_draws(2),
        differs=(differs(LAST.what, LAST.reason, nans[None], (1, 3), return_indices=True),),
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
            s(classes(9, 2, 3, 4, 5) - 4, 2, 1, kink=True),
        ),
        errors=(
            *_errors("avg_pool2d", 2),
            wrong(ValueError, "divisor_override must not be 0", image, 2, divisor_override=0),
            wrong(TypeError, "divisor_override=2.5 must be a whole number, or None", image, 2, divisor_override=2.5),
        ),
        large=(s(normal(33, 6, 24, 24), 2),),
        draws=_avg_draws(2),
    ),
    Record(
        "max_pool3d",
        (
            s(volume, 2),
            s(volume, (3, 2, 1), 1, (1, 1, 0), return_indices=True),
            s(volume, 2, dilation=(2, 1, 2), ceil_mode=True),
            s(volume[0], 3, 2, 1, return_indices=True),
            s(volume[:0], 2),
        ),
        errors=_errors("max_pool3d", 3),
        draws=_max_draws(3),
        differs=(differs(LAST.what, LAST.reason, nans[None, None], (1, 1, 3), return_indices=True),),
    ),
    Record(
        "avg_pool3d",
        (
            s(volume, 2),
            s(volume, (3, 2, 1), 1, (1, 1, 0)),
            s(volume, 3, 2, 1, True, False),
            s(volume[0], 2, divisor_override=3),
            s(volume[:0], 2),
        ),
        errors=_errors("avg_pool3d", 3),
        draws=_avg_draws(3),
    ),
)
