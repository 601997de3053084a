"""Records of dropout, in `ops/random.py`: where nothing is left to chance they are held against PyTorch."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Difference, Record, classes, normal, s, wrong

NAMES = {
    "dropout": (0, 4),
    "dropout1d": (2, 3),
    "dropout2d": (3, 4),
    "dropout3d": (4, 5),
    "alpha_dropout": (0, 4),
    "feature_alpha_dropout": (2, 5),
}
"""With the least and the greatest number of dimensions."""
IN_PLACE = Difference("inplace=True makes a new tensor", "the tape keeps the values that other gradients need")


@st.composite
def _certain(draw, name):
    """All or nothing is dropped, or it is off; integers, too, and every spelling of a probability."""
    least, most = NAMES[name]
    shape = [draw(st.integers(0, 3)) for _ in range(draw(st.integers(least, most)))]
    x = draw(st.sampled_from((normal(*shape), normal(*shape), np.asarray(classes(5, *shape)))))
    if draw(st.booleans()):
        return s(x, draw(st.sampled_from((0, 1, 0.0, 1.0))), True)
    off = {} if "alpha" in name and draw(st.booleans()) else {"training": False}
    return s(x, **({"p": draw(st.sampled_from((0.3, 1, 0.0)))} if draw(st.booleans()) else {}), **off)


def _errors(name: str, least: int, x) -> tuple:
    flat = () if not least else (wrong(ValueError, f"{name}(): the input needs dimensions (", np.ones(3)),)
    return (
        wrong(ValueError, f"{name}(): the probability p must lie between 0 and 1, not 1.5", x, 1.5),
        wrong(ValueError, f"{name}(): the probability p must lie between 0 and 1, not -0.1", x, -0.1, False),
        wrong(TypeError, f"{name}(): the probability p must be a number, not '1'", x, "1"),
        wrong(TypeError, f"{name}(): a tensor is needed, not list; make one with tensor(…)", [1.0]),
        wrong(TypeError, f"{name}(): a floating-point tensor is needed", classes(3, *x.shape), 0.5, True),
        *flat,
    )


def _drawn(name: str):
    """The operator from a fixed seed on."""

    def call(input, *args, **named):
        cr.manual_seed(3)
        return getattr(cr.ops, name)(input, *args, **named)

    return call


def _records(name: str) -> tuple[Record, ...]:
    least, most = NAMES[name]
    x, wide = normal(*(2, 3, 2, 2, 2)[: max(least, 2)]), normal(*(2, 3, 2, 2, 2)[:most])
    certain = (s(x, 1.0, True), s(x, 0.0, True), s(x, 0.4, False), s(wide, 1, True), s(wide, training=False))
    drawn = (s(x, 0.5, True), s(x, 0.2, True), s(wide, p=0.7, training=True), s(x[:0], 0.5, True))
    return (
        Record(name, certain, errors=_errors(name, least, x), draws=_certain(name), differs=(IN_PLACE,)),
        Record(f"{name} by chance", drawn, oracle=None, call=_drawn(name)),
    )


RECORDS = tuple(record for name in NAMES for record in _records(name))
