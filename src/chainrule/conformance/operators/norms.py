"""Records of `ops/norms.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, Sample, apart, arrays, normal, options, s, some_dims, wrong

x, matrix, v = apart(3, 4, 2, seed=1), normal(3, 4), normal(5)
whole = wrong(TypeError, "a floating-point tensor is needed, not int64", np.arange(3))
ORDERS = ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)


@st.composite
def _matrices(draw: st.DrawFn) -> Sample:
    y = draw(arrays(draw(st.lists(st.integers(1, 4), min_size=2, max_size=3))))
    dims = some_dims(y.shape, least=2).map(lambda dims: dims[:2])
    return s(y, draw(st.sampled_from(ORDERS)), **options(draw, dim=dims, keepdim=st.booleans()))


@st.composite
def _either(draw: st.DrawFn) -> Sample:
    """Vectors along a dimension, or matrices."""
    call = draw(_matrices())
    if draw(st.booleans()):
        dim = draw(st.integers(-call.args[0].ndim, call.args[0].ndim - 1))
        return s(
            call.args[0], draw(st.sampled_from((None, 0.5, 1, 3, np.inf))), dim, **options(draw, keepdim=st.booleans())
        )
    dim = call.kwargs.pop("dim", (-2, -1))
    return s(*call.args, dim, **call.kwargs)


@st.composite
def _norms(draw: st.DrawFn) -> Sample:
    y = draw(arrays(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))))
    p = st.sampled_from(("fro", 2, 1, 0.5, np.inf, -np.inf, 0, None))
    dim = st.one_of(st.integers(-y.ndim, y.ndim - 1), some_dims(y.shape, least=1).map(lambda dims: dims[:2]))
    return s(y, **options(draw, p=p, dim=dim, keepdim=st.booleans()))


def _linalg(name: str) -> dict[str, Any]:
    return {
        "call": getattr(cr.linalg, name),
        "oracle": lambda torch, *a, **named: getattr(torch.linalg, name)(*a, **named),
    }


RECORDS = (
    Record(
        "norm",
        (
            s(x),
            s(x, 1),
            s(x, "fro", 0),
            s(x, p=3, dim=(0, -1), keepdim=True),
            s(x, 2, [1]),
            s(x, dtype=cr.float64),
            s(normal(), 2),
            s(np.ones((0, 3))),
            s(matrix, "nuc"),
            s(x, "nuc", (0, 1)),
        ),
        errors=(wrong(ValueError, "norm(): p must be a number, infinity, 'fro' or 'nuc', not 'max'", x, "max"), whole),
        draws=_norms(),
    ),
    Record(
        "linalg.norm",
        (
            s(x),
            s(v, 3),
            s(x, None, 1),
            s(x, 2, 1, True),
            s(x, dim=(0, 2)),
            s(matrix, "fro"),
            s(matrix, "nuc"),
            s(matrix, np.inf),
            s(x, ord=1, dim=(1, 2), keepdim=True),
            s(matrix, dtype=cr.float64),
        ),
        errors=(wrong(ValueError, "norm(): ord=2 is of a vector or a matrix: dim must name one or two", x, 2),),
        draws=_either(),
        **_linalg("norm"),
    ),
    Record(
        "matrix_norm",
        (*(s(matrix, order) for order in ORDERS), s(x), s(x, 2, (0, -1), True), s(x, "nuc", dim=(2, 0))),
        errors=(
            wrong(
                ValueError, "matrix_norm(): dim (-2,) must name two dimensions, the shape is (3, 4)", matrix, dim=(-2,)
            ),
            wrong(ValueError, "matrix_norm(): ord must be 'fro', 'nuc', ±1, ±2 or ±infinity, not 3", matrix, 3),
        ),
        draws=_matrices(),
        **_linalg("matrix_norm"),
    ),
    Record(
        "svdvals",
        (s(matrix), s(x), s(normal(4, 4))),
        errors=(
            wrong(ValueError, "svdvals(): a matrix is needed, not shape (5,)", v),
            wrong(ValueError, "svdvals(): the input of shape (2, 2) has NaN or infinite", np.full((2, 2), np.inf)),
            wrong(ValueError, "svdvals(): the input of shape (2, 2) has NaN or infinite", np.full((2, 2), np.nan)),
        ),
        draws=st.builds(lambda m, n: s(normal(2, m, n)), st.integers(1, 4), st.integers(1, 4)),
        **_linalg("svdvals"),
    ),
)
