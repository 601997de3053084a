"""Records of `ops/indexing.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import (
    Record,
    Sample,
    arrays,
    broadcastable,
    classes,
    normal,
    one_dim,
    options,
    s,
    some_dims,
    wrong,
)

x, matrix, v = normal(2, 3, 4), normal(3, 4), normal(5)
mask = normal(3, 4, seed=1) > 0
places = np.array([[0, 3, 3], [2, 0, 0]])
no_dim = "dim 3 is out of range for a tensor of shape (2, 3, 4): -3 to 2 are possible"


@st.composite
def gathered(draw: st.DrawFn, with_src: bool = False) -> Sample:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    dim = draw(one_dim(shape))
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


@st.composite
def sliced(draw: st.DrawFn, kinds: str = "ffib", distinct: bool = False) -> Sample:
    """A dimension and a vector of indices for it."""
    x = draw(arrays(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), kinds))
    dim = draw(one_dim(x.shape))
    index = st.lists(st.integers(0, x.shape[dim] - 1), max_size=4, unique=distinct)
    return s(x, dim, np.asarray(draw(index), np.int64))


@st.composite
def masked(draw: st.DrawFn, *more: Any) -> Sample:
    """A mask of a shape that goes together with that of x."""
    shapes = draw(broadcastable())
    return s(draw(arrays(shapes[0], "ffib")), draw(arrays(shapes[1], "b")), *(draw(one) for one in more))


@st.composite
def _selected(draw: st.DrawFn) -> Sample:
    x = draw(arrays(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), "ffib"))
    dim = draw(one_dim(x.shape))
    return s(x, dim, draw(st.integers(-x.shape[dim], x.shape[dim] - 1)))


@st.composite
def _narrowed(draw: st.DrawFn) -> Sample:
    x = draw(arrays(draw(st.lists(st.integers(0, 4), min_size=1, max_size=3)), "ffib"))
    dim = draw(one_dim(x.shape))
    n = x.shape[dim]
    start = draw(st.integers(0, n))
    return s(x, dim, start - n if start < n and draw(st.booleans()) else start, draw(st.integers(0, n - start)))


@st.composite
def _repeated(draw: st.DrawFn) -> Sample:
    x = draw(arrays(draw(st.lists(st.integers(0, 3), max_size=3)), "ffib"))
    dim = draw(st.one_of(st.none(), one_dim(x.shape))) if x.ndim else None
    n = x.size if dim is None else x.shape[dim]
    each = st.lists(st.integers(0, 3), min_size=n, max_size=n).map(lambda counts: np.asarray(counts, np.int64))
    named: dict[str, Any] = {} if dim is None else {"dim": dim}
    return s(x, draw(st.one_of(st.integers(0, 3), each)), **named)


@st.composite
def _diagonals(draw: st.DrawFn) -> Sample:
    x = draw(arrays(draw(st.lists(st.integers(1, 4), min_size=2, max_size=4)), "ffib"))
    dims = draw(some_dims(x.shape, least=2))[:2]
    return s(x, draw(st.integers(-1, 1)), *dims) if draw(st.booleans()) else s(x, **options(draw, offset=st.just(1)))


@st.composite
def _taken_along(draw: st.DrawFn) -> Sample:
    """Sizes of 1 are broadcast, but along the dimension; or of the flattened input."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    if draw(st.integers(0, 3)) == 0:
        x = draw(arrays(shape))
        return s(x, np.asarray(draw(arrays(kinds="i")) % x.size))
    dim = draw(one_dim(shape))
    sizes = [[draw(st.sampled_from((n, 1))) for n in shape] for _ in range(2)]
    sizes[0][dim], sizes[1][dim] = shape[dim], draw(st.integers(0, 3))
    return s(draw(arrays(sizes[0])), draw(arrays(sizes[1], "i")) % shape[dim], dim)


def _inside(sample: Sample) -> bool:
    """Whether a matrix has such a diagonal: PyTorch asks for one here."""
    x, k = sample.args
    return bool(x.ndim == 1 or -x.shape[0] <= k <= x.shape[1])


def index_errors(name: str, *src):
    misfit = f"{name}(): the index of shape (2, 3) does not fit x of shape (5,)"
    return _whole(name, *src), _outside(name, *src), wrong(ValueError, misfit, v, 0, places, *src)


def _triangle(name: str) -> Record:
    return Record(
        name,
        (s(matrix), s(matrix, 1), s(x, diagonal=-1), s(matrix, 9), s(normal(0, 3))),
        errors=(wrong(ValueError, f"{name}(): at least two dimensions are needed, the shape is (5,)", v),),
        draws=st.builds(s, arrays(kinds="ffib").filter(lambda x: x.ndim > 1), st.integers(-4, 4)),
    )


RECORDS = (
    Record(
        "select",
        (s(x, 0, 1), s(x, -1, -2), s(v, 0, 4), s(normal(2, 0), 0, 1)),
        errors=(
            wrong(IndexError, "select(): " + no_dim, x, 3, 0),
            wrong(IndexError, "select(): index 3 is out of range for dim 1 of shape (2, 3, 4)", x, 1, 3),
        ),
        draws=_selected(),
    ),
    Record(
        "narrow",
        (s(x, 0, 1, 1), s(x, -1, 1, 2), s(x, 2, -3, 3), s(v, 0, 5, 0), s(v, 0, np.array(2), 2)),
        errors=(
            wrong(IndexError, "narrow(): " + no_dim, x, 3, 0, 1),
            wrong(IndexError, "narrow(): start 2 and length 2 leave dim 1 of shape (2, 3, 4)", x, 1, 2, 2),
            wrong(IndexError, "narrow(): start 0 and length -1 leave dim 1 of shape (2, 3, 4)", x, 1, 0, -1),
        ),
        draws=_narrowed(),
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
        draws=sliced(),
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
            s(matrix, 0, classes(3, 5, 4)),
        ),
        errors=index_errors("gather"),
        large=(s(normal(67, 5, 1031), 1, classes(5, 67, 3, 1031)),),
        draws=gathered(),
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
        draws=_taken_along(),
    ),
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
        draws=masked(st.sampled_from((0, 1))),
    ),
    Record(
        "masked_select",
        (s(matrix, mask), s(matrix, mask[0]), s(matrix[:1], mask), s(v, v > 99), s(normal(), np.array(True))),
        errors=(
            wrong(TypeError, "masked_select(): the mask must be a tensor of truth values, not float64", v, v),
            wrong(ValueError, "masked_select(): the shapes (5,) and mask (3, 4) do not broadcast", v, mask),
        ),
        draws=masked(),
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
        draws=_repeated(),
    ),
    _triangle("tril"),
    _triangle("triu"),
    Record(
        "diag",
        (s(v), s(v, -1), s(v[:0], 2), s(matrix), s(matrix, 1), s(matrix, diagonal=-2), s(matrix, 4)),
        errors=(wrong(ValueError, "diag(): a vector or a matrix is needed, not shape (2, 3, 4)", x),),
        draws=st.builds(s, arrays(kinds="ffi").filter(lambda x: x.ndim in (1, 2)), st.integers(-3, 3)).filter(_inside),
    ),
    Record(
        "diagonal",
        (s(matrix), s(matrix, 2), s(x, 1, 0, 2), s(x, -1, -1, 1), s(x, offset=0, dim1=2, dim2=0), s(normal(0, 3))),
        errors=(
            wrong(ValueError, "diagonal(): dim (1, -2) names a dimension of shape (2, 3, 4) twice", x, 0, 1, -2),
            wrong(IndexError, "diagonal(): " + no_dim, x, 0, 3, 0),
        ),
        draws=_diagonals(),
    ),
    Record(
        "take",
        (s(matrix, np.array([0, 5, 11])), s(matrix, np.array([[0], [-1]])), s(matrix, np.array([1, 1]))),
        errors=(wrong(IndexError, "gather(): index 5 is out of range: there are 5 elements", v, np.array([5])),),
        draws=st.builds(lambda x, i: s(x, np.asarray(i % x.size)), arrays([2, 3], "fib"), arrays(kinds="i")),
    ),
    Record(
        "trace",
        (s(matrix), s(matrix.T), s(np.arange(6).reshape(2, 3), kink=True), s(normal(0, 0))),
        errors=(wrong(ValueError, "trace(): a matrix is needed, not shape (5,)", v),),
        draws=st.builds(s, arrays(kinds="fis").filter(lambda x: x.ndim == 2)),
    ),
    Record(
        "diagflat",
        (s(v), s(matrix, 1), s(normal()), s(v, offset=-2)),
        draws=st.builds(s, arrays([2, 2], "fib"), st.integers(-3, 3)),
    ),
    Record(
        "diag_embed",
        (s(v), s(matrix), s(matrix, 1), s(matrix, -1, 0, 2), s(matrix, offset=0, dim1=1, dim2=0), s(normal(2, 0))),
        errors=(wrong(ValueError, "diag_embed(): dim (0, 0) names a dimension of shape (5, 1) twice", v, 0, 0, 0),),
        draws=st.builds(
            lambda x, k, dims: s(x, k, *dims[:2]), arrays([2, 3], "fi"), st.integers(-3, 3), some_dims([1, 1, 1], 2)
        ),
    ),
    Record(
        "linalg.diagonal",
        (s(x), s(x, offset=1), s(x, offset=-1, dim1=0, dim2=1)),
        call=cr.linalg.diagonal,
        oracle=lambda torch, *args, **named: torch.linalg.diagonal(*args, **named),
    ),
)
