"""Records of `ops/solving.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.operators.norms import _linalg
from chainrule.conformance.record import Record, Sample, normal, s, wrong


def regular(*shape: int, seed: int = 0) -> np.ndarray:
    """Square matrices that are far from singular."""
    return normal(*shape, seed=seed) + 3 * np.eye(shape[-1])


@st.composite
def squares(draw: st.DrawFn) -> Sample:
    """Square matrices, or batches of them, none of them near a singular one."""
    batch = draw(st.lists(st.integers(0, 3), max_size=2))
    n = draw(st.integers(1, 4))
    return s(regular(*batch, n, n, seed=draw(st.integers(0, 9))) * draw(st.sampled_from((1, -1, 0.5))))


@st.composite
def _systems(draw: st.DrawFn) -> Sample:
    """A vector, a batch of them or matrices on the right; batches that are broadcast."""
    a = draw(squares()).args[0]
    n, form = a.shape[-1], draw(st.sampled_from(("vector", "vectors", "matrix", "broadcast")))
    k = draw(st.integers(0, 3))
    shapes = {
        "vector": (n,),
        "vectors": a.shape[:-1],
        "matrix": (*a.shape[:-2], n, k),
        "broadcast": (2, *a.shape[:-1], k),
    }
    shape = shapes[form] if form != "broadcast" or a.ndim == 2 else (n, k)
    left = {"left": False} if form == "matrix" and draw(st.booleans()) else {}
    return s(a, normal(*(shape[:-2] + shape[:-3:-1] if left else shape)), **left)


square, singular = regular(3, 3), np.ones((3, 3))
not_square = wrong(ValueError, "square matrices (…, N, N) are needed, the shape is (2, 3)", np.ones((2, 3)))
whole = wrong(TypeError, "a floating-point tensor is needed, not int64", np.ones((2, 2), np.int64))

_inverse = Record(
    "inverse",
    (s(square), s(regular(2, 3, 3)), s(regular(0, 2, 2)), s(regular(1, 1))),
    errors=(not_square, whole, wrong(ValueError, "inverse(): the matrix is singular, its shape is (3, 3)", singular)),
    draws=squares(),
)

RECORDS = (
    Record(
        "det",
        (s(square), s(regular(2, 3, 3)), s(regular(0, 2, 2)), s(singular, kink=True), s(regular(1, 1))),
        errors=(not_square, whole),
        draws=squares(),
    ),
    Record(
        "slogdet",
        (s(square), s(-regular(2, 3, 3)), s(regular(0, 2, 2))),
        errors=(not_square, whole),
        draws=squares(),
    ),
    Record("logdet", (s(square), s(regular(2, 3, 3))), errors=(not_square, whole), draws=squares()),
    _inverse,
    Record(
        "linalg.solve",
        (
            s(square, normal(3)),
            s(square, normal(3, 2)),
            s(regular(2, 3, 3), normal(2, 3)),
            s(regular(2, 3, 3), normal(3, 4)),
            s(square, normal(2, 3), left=False),
        ),
        (0, 1),
        errors=(
            wrong(ValueError, "solve(): the matrix is singular, its shape is (3, 3)", singular, normal(3)),
            wrong(ValueError, "solve(): A of shape (3, 3) does not fit B of shape (2, 3)", square, normal(2, 3)),
            wrong(TypeError, "a floating-point tensor is needed, not int64", np.ones((2, 2), np.int64), normal(2)),
        ),
        draws=_systems(),
        **_linalg("solve"),
    ),
)
