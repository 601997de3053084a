"""Records of `ops/adaptive.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.operators.pooling import images
from chainrule.conformance.record import Record, apart, differs, s, wrong

image, row, volume = apart(2, 3, 7, 6), apart(2, 3, 7), apart(1, 2, 5, 4, 3)
sizes, outs = st.integers(1, 7), st.integers(1, 6)
X = {1: row, 2: image, 3: volume}
NAMES = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


@st.composite
def _drawn(draw, /, axes, **ranges):
    """A number or one for each axis, None for some of several."""
    x = draw(images([draw(sizes) for _ in range(axes)], special=True))
    each = st.tuples(*[st.one_of(outs, st.none()) if axes > 1 else outs] * axes)
    return s(x, draw(st.one_of(outs, each)), **{name: draw(strategy) for name, strategy in ranges.items()})


def _errors(name: str, axes: int) -> tuple:
    x, wide = X[axes], (1,) * (axes + 1)
    need = f"the input needs {axes + 2} dimensions {NAMES[axes]}, or {axes + 1} without N; its shape is (7,)"
    return (
        wrong(ValueError, f"{name}(): {need}", row[0, 0], 2),
        wrong(ValueError, f"{name}(): output_size=-1 must be a whole number of at least 0", x, -1),
        wrong(ValueError, f"{name}(): output_size={wide} must be", x, wide),
        wrong(TypeError, f"{name}(): output_size=2.5 must be a whole number of at least 0", x, 2.5),
        wrong(ValueError, f"{name}(): the input has nothing to pool: its shape is", x[:, :, :0], 1),
        wrong(TypeError, f"{name}(): a tensor is needed, not list; make one with tensor(…)", [1.0, 2.0], 2),
    )


def _empty(x) -> tuple:
    """Of no parts at all."""
    return (differs("an output of size 0 can be differentiated", "dx is 0; PyTorch refuses to compute it", x, 0),)


def _row(name: str, *more, errors=(), **ranges) -> Record:
    fixed = (s(row, 3), s(row, (4,)), s(row, 1), s(row, 7), s(row, 9), s(row[0], 3), s(row[:0], 3), s(row[..., :6], 2))
    return Record(
        name, (*fixed, *more), errors=(*_errors(name, 1), *errors), draws=_drawn(1, **ranges), differs=_empty(row)
    )


def _image(name: str, *more, **ranges) -> Record:
    fixed = (s(image, 3), s(image, (4, 5)), s(image, 1), s(image, (None, 4)), s(image, (9, 8)), s(image[0], (3, 3)))
    regular = (s(image[:0], 4), s(image, (7, 3)), s(image, [1, 2]))
    return Record(
        name,
        (*fixed, *regular, *more),
        errors=_errors(name, 2),
        draws=_drawn(2, **ranges),
        differs=_empty(image),
        large=(s(apart(9, 6, 24, 24), 4),),
    )


def _volume(name: str, *more, **ranges) -> Record:
    fixed = (s(volume, 2), s(volume, (3, None, 2)), s(volume, 1), s(volume, (5, 2, 1)), s(volume[0], 3))
    return Record(
        name,
        (*fixed, s(volume[:0], 2), *more),
        errors=_errors(name, 3),
        draws=_drawn(3, **ranges),
        differs=_empty(volume),
    )


whole = wrong(TypeError, "adaptive_avg_pool1d(): a floating-point tensor is needed, not int64", np.ones((2, 3), int), 2)
ties = np.array([[[0.0, 0.0, 1.0, 1.0, -np.inf, -np.inf, np.nan]]])
told = {"return_indices": st.booleans()}
RECORDS = (
    _row("adaptive_avg_pool1d", errors=(whole,)),
    _image("adaptive_avg_pool2d"),
    _volume("adaptive_avg_pool3d"),
    _row(
        "adaptive_max_pool1d",
        s(row, 3, True),
        s(row[0], 3, return_indices=True),
        s(row[:0], 3, return_indices=True),
        s(ties, 3, True, kink=True),
        s(ties, 4, kink=True),
        **told,
    ),
    _image(
        "adaptive_max_pool2d",
        s(image, (4, 3), True),
        s(image, (7, 3), return_indices=True),
        s(image[0], (2, None), True),
        **told,
    ),
    _volume("adaptive_max_pool3d", s(volume, (2, 3, 2), True), s(volume[0], (5, None, 3), return_indices=True), **told),
)
