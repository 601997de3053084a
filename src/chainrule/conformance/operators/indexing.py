"""Records of `ops/indexing.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import SHAPES, Record, classes, normal, s, wrong

x, matrix, v = normal(2, 3, 4), normal(3, 4), normal(5)
mask = normal(3, 4, seed=1) > 0
places = np.array([[0, 3, 3], [2, 0, 0]])
no_dim = "dim 3 is out of range for a tensor of shape (2, 3, 4): -3 to 2 are possible"


@st.composite
def _gathered(draw, with_src: bool = False):
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    sizes = [draw(st.integers(0, n)) for n in shape]
    sizes[dim] = draw(st.integers(0, 5)) if not with_src else sizes[dim]
    index = classes(shape[dim], *sizes)
    if with_src:  # PyTorch takes any of the values that go to one place: have one for each
        index = np.argsort(normal(*shape), dim)[tuple(slice(n) for n in sizes)]
    return s(normal(*shape), dim, index, *([normal(*sizes, seed=1)] if with_src else []))


def _whole(name: str, *src):
    return wrong(TypeError, f"{name}(): the index must be a tensor of integers, not float64", v, 0, v, *src)


def _outside(name: str, *src):
    return wrong(IndexError, f"{name}(): index 5 is out of range: there are 5 elements", v, 0, np.array([0, 5]), *src)


def _index_errors(name: str, *src):
    misfit = f"{name}(): the index of shape (2, 3) does not fit x of shape (5,)"
    return _whole(name, *src), _outside(name, *src), wrong(ValueError, misfit, v, 0, places, *src)


def _scattered(name: str, *samples, **more) -> Record:
    return Record(
        name,
        (
            s(matrix, 1, places[:, :2], normal(2, 2)),
            s(matrix, -1, places[:, :2], normal(2, 2)),
            s(matrix, 0, np.array([[2, 0, 1, 1]]), normal(1, 4)),
            s(v, 0, np.array([4, 0]), normal(2)),
            s(normal(), 0, np.array(0), normal(seed=1)),
            s(v, 0, np.zeros(0, np.int64), normal(0)),
            *samples,
        ),
        gradients=(0, 3),
        errors=(
            *_index_errors(name, normal(2)),
            wrong(
                ValueError,
                f"{name}(): src of shape (1,) does not cover the index of shape (2,)",
                v,
                0,
                places[0, :2],
                v[:1],
            ),
            wrong(
                TypeError, f"{name}(): the dtypes differ: input float64, src int64", v, 0, places[0, :2], np.arange(2)
            ),
        ),
        draws=_gathered(with_src=True),
        **more,
    )


def _triangle(name: str) -> Record:
    return Record(
        name,
        (s(matrix), s(matrix, 1), s(x, diagonal=-1), s(matrix, 9), s(normal(0, 3))),
        errors=(wrong(ValueError, f"{name}(): at least two dimensions are needed, the shape is (5,)", v),),
        draws=st.builds(lambda shape, k: s(normal(*shape, 3, 2), k), SHAPES, st.integers(-4, 4)),
    )


RECORDS = (
    Record(
        "select",
        (s(x, 0, 1), s(x, -1, -2), s(v, 0, 4), s(normal(2, 0), 0, 1)),
        errors=(
            wrong(IndexError, "select(): " + no_dim, x, 3, 0),
            wrong(IndexError, "select(): index 3 is out of range for dim 1 of shape (2, 3, 4)", x, 1, 3),
        ),
    ),
    Record(
        "narrow",
        (s(x, 0, 1, 1), s(x, -1, 1, 2), s(x, 2, -3, 3), s(v, 0, 5, 0), s(v, 0, np.array(2), 2)),
        errors=(
            wrong(IndexError, "narrow(): " + no_dim, x, 3, 0, 1),
            wrong(IndexError, "narrow(): start 2 and length 2 leave dim 1 of shape (2, 3, 4)", x, 1, 2, 2),
            wrong(IndexError, "narrow(): start 0 and length -1 leave dim 1 of shape (2, 3, 4)", x, 1, 0, -1),
        ),
    ),
    Record(
        "index_select",
        (
            s(x, 0, np.array([1, 1, 0])),
            s(x, -1, np.array([3, 0])),
            s(x, 1, np.array(2)),
            s(normal(), 0, np.array([0])),
            s(v, 0, np.zeros(0, np.int64)),
            s(v, 0, np.array([4, 4], np.int32)),
        ),
        errors=(
            _whole("index_select"),
            _outside("index_select"),
            wrong(IndexError, "index_select(): index -1 is out of range: there are 5 elements", v, 0, np.array([-1])),
            wrong(ValueError, "index_select(): the index must be a vector, its shape is (2, 3)", v, 0, places),
        ),
    ),
    Record(
        "gather",
        (
            s(matrix, 1, places),
            s(matrix, -1, places[:, :0]),
            s(matrix, 0, np.array([[2, 2, 1]])),
            s(v, 0, np.array([4, 4, 0])),
            s(normal(), 0, np.array(0)),
            s(normal(), 0, np.array([0, 0])),
            s(normal(2, 0), 0, np.zeros((0, 0), np.int64)),
            s(x, 2, classes(4, 2, 3, 5)),
        ),
        errors=_index_errors("gather"),
        draws=_gathered(),
    ),
    Record(
        "take_along_dim",
        (
            s(matrix, np.array([[0], [1], [3]]), 1),
            s(matrix, np.array([[0, 2]]), 1),
            s(matrix[:1], np.array([[0, -1], [1, 1]]), 1),
            s(matrix, np.array([[0, 11], [3, 4]])),
            s(matrix, np.argsort(matrix, 0), dim=0),
        ),
        errors=(
            wrong(
                ValueError, "take_along_dim(): shapes (3, 4) and (3,) need as many dimensions", matrix, classes(3, 3), 1
            ),
            wrong(ValueError, "take_along_dim(): (3, 4) and (2, 3) do not broadcast beside 1", matrix, places, 1),
            wrong(IndexError, "gather(): index 9 is out of range: there are 5 elements", v, np.array([9]), 0),
        ),
    ),
    _scattered(
        "scatter",
        s(matrix, 1, places[:, :2], 1.5),
        s(matrix, 1, places, value=-2.0),
        oracle=lambda torch, x, dim, index, *src, **named: torch.scatter(x, dim, index, *src, **named),
    ),
    _scattered("scatter_add", s(matrix, 1, places, normal(2, 3)), s(v, 0, np.array([1, 1, 1]), normal(3))),
    Record(
        "masked_fill",
        (
            s(matrix, mask, 2.5),
            s(matrix, mask, -np.inf, kink=True),
            s(matrix, mask[0], np.array(0.5)),
            s(v, np.array([[True], [False]]), 1),
            s(np.arange(4), np.arange(4) > 1, 7, kink=True),
            s(normal(0, 3), np.array(True), 1.0),
        ),
        gradients=(0, 2),
        errors=(
            wrong(TypeError, "masked_fill(): the mask must be a tensor of truth values, not float64", v, v, 0.0),
            wrong(TypeError, "masked_fill(): value must be a number, not 'a'", matrix, mask, "a"),
            wrong(ValueError, "masked_fill(): value must be a number, its shape is (1,)", matrix, mask, v[:1]),
            wrong(ValueError, "masked_fill(): the shapes (5,) and mask (3, 4) do not broadcast", v, mask, 0.0),
        ),
    ),
    Record(
        "masked_select",
        (s(matrix, mask), s(matrix, mask[0]), s(matrix[:1], mask), s(v, v > 99), s(normal(), np.array(True))),
        errors=(
            wrong(TypeError, "masked_select(): the mask must be a tensor of truth values, not float64", v, v),
            wrong(ValueError, "masked_select(): the shapes (5,) and mask (3, 4) do not broadcast", v, mask),
        ),
    ),
    Record(
        "repeat_interleave",
        (
            s(matrix, 2),
            s(matrix, 3, 0),
            s(matrix, np.array([1, 0, 2]), dim=0),
            s(v, np.array([1, 0, 2, 1, 0])),
            s(matrix, np.array([2]), -1),
            s(matrix, 0, 1),
            s(np.array([2, 0, 1]), kink=True),
        ),
        errors=(
            wrong(IndexError, "repeat_interleave(): " + no_dim, x, 2, 3),
            wrong(ValueError, "repeat_interleave(): repeats must be a whole number ≥ 0 or 5 of them, not -1", v, -1),
        ),
    ),
    _triangle("tril"),
    _triangle("triu"),
    Record(
        "diag",
        (s(v), s(v, -1), s(v[:0], 2), s(matrix), s(matrix, 1), s(matrix, diagonal=-2), s(matrix, 4)),
        errors=(wrong(ValueError, "diag(): a vector or a matrix is needed, not shape (2, 3, 4)", x),),
    ),
    Record(
        "diagonal",
        (s(matrix), s(matrix, 2), s(x, 1, 0, 2), s(x, -1, -1, 1), s(x, offset=0, dim1=2, dim2=0), s(normal(0, 3))),
        errors=(
            wrong(ValueError, "diagonal(): dim (1, -2) names a dimension of shape (2, 3, 4) twice", x, 0, 1, -2),
            wrong(IndexError, "diagonal(): " + no_dim, x, 0, 3, 0),
        ),
    ),
)
