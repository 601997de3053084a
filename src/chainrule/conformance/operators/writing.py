"""Records of `ops/writing.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.operators.indexing import gathered, index_errors, masked, sliced
from chainrule.conformance.operators.joining import indices
from chainrule.conformance.record import Record, Sample, arrays, classes, differs, normal, one_dim, options, s, wrong

x, matrix, v = normal(2, 3, 4), normal(3, 4), normal(5)
mask = normal(3, 4, seed=1) > 0
places = np.array([[0, 3, 3], [2, 0, 0]])
one = np.array([1])
REDUCE = ("sum", "prod", "mean", "amax", "amin")


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
            *index_errors(name, normal(2)),
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
        draws=gathered(with_src=True),
        **more,
    )


@st.composite
def _reduced(draw: st.DrawFn) -> Sample:
    """Indices that repeat, and values that are 0 or equal at times."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=2))
    dim = draw(one_dim(shape))
    sizes = [draw(st.integers(0, n)) for n in shape]
    sizes[dim] = draw(st.integers(0, 5))
    kind, rounded = draw(st.sampled_from("fi")), draw(st.booleans())
    y, src = (np.round(2 * a) if rounded else a for a in (draw(arrays(n, kind)) for n in (shape, sizes)))
    named = options(draw, include_self=st.booleans())
    if kind == "f" and named.get("include_self") is False:
        y = y + 0.0123  # equal to no src: see `differs` of scatter_reduce
    return s(y, dim, classes(shape[dim], *sizes), src, draw(st.sampled_from(REDUCE)), **named)


@st.composite
def _sourced(draw: st.DrawFn, /, distinct: bool, **more: Any) -> Sample:
    """A slice of the source for each index."""
    y, dim, index = draw(sliced("ffi", distinct)).args
    sizes = list(y.shape)
    sizes[dim] = len(index)
    return s(y, dim, index, draw(arrays(sizes, "f" if y.dtype.kind == "f" else "i")), **options(draw, **more))


@st.composite
def _put(draw: st.DrawFn) -> Sample:
    """Repeated indices only where the values are added up."""
    y, accumulate = draw(arrays(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))), draw(st.booleans())
    index = tuple(classes(n, 2) if accumulate else np.arange(2) for n in y.shape)[: draw(st.integers(1, y.ndim))]
    return s(y, index, draw(arrays(y[index].shape)) if draw(st.booleans()) else normal(), accumulate)


@st.composite
def assignments(draw: st.DrawFn) -> Sample:
    """x[index] = a number, or a tensor that is broadcast; one number where a place may come twice."""
    y = draw(arrays(kinds="ffi"))
    index = draw(st.one_of(indices(y.shape), st.just(draw(arrays(y.shape, "b")))))
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(p, np.ndarray) and p.dtype.kind == "i" and p.size > 1 for p in parts):
        return s(y, index, draw(st.sampled_from((1, 2.5, normal()))))
    part = cr.Tensor(y)[index]
    return s(
        y,
        index,
        draw(arrays([draw(st.sampled_from((n, n, 1))) for n in part.shape], "i" if y.dtype.kind == "i" else "f")),
    )


def _assigned(x: Any, index: Any, value: Any) -> Any:
    y = x.clone()
    y[index] = value
    return y


def _vector_errors(name: str, *more: Any) -> Any:
    return (
        wrong(TypeError, f"{name}(): the index must be a tensor of integers, not float64", v, 0, v, *more),
        wrong(IndexError, f"{name}(): index 5 is out of range: there are 5 elements", v, 0, np.array([5]), *more),
        wrong(ValueError, f"{name}(): the index must be a vector, its shape is (1, 1)", v, 0, one[None], *more),
    )


RECORDS = (
    _scattered(
        "scatter",
        s(matrix, 1, places[:, :2], 1.5),
        s(matrix, 1, places, value=-2.0),
        s(matrix, 1, places, 2, kink=True),
    ),
    _scattered("scatter_add", s(matrix, 1, places, normal(2, 3)), s(v, 0, np.array([1, 1, 1]), normal(3))),
    Record(
        "scatter_of_numbers",
        (s(matrix, 1, places, 2.0, reduce="add"), s(matrix, 1, places, 2.0, reduce="multiply")),
        gradients=(),
        errors=(wrong(ValueError, "scatter(): reduce must be 'add' or 'multiply'", v, 0, one, v, reduce="max"),),
        call=cr.scatter,
        oracle="scatter",
    ),
    Record(
        "scatter_reduce",
        (
            *(s(matrix, 1, places, normal(2, 3), reduce) for reduce in REDUCE),
            *(s(matrix, 1, places, normal(2, 3), reduce=reduce, include_self=False) for reduce in REDUCE),
            s(normal(), 0, np.array([0]), normal(1), "mean"),
        ),
        gradients=(0, 3),
        errors=(
            wrong(ValueError, "scatter_reduce(): reduce must be 'sum'", matrix, 1, places, normal(2, 3), "max"),
            wrong(IndexError, "scatter_reduce(): index 5 is out of range", v, 0, np.array([5]), v[:1], "sum"),
        ),
        draws=_reduced(),
        differs=(
            differs(
                "with include_self=False the gradient of the greatest belongs to src alone",
                "PyTorch gives a part of it to an element of input that is as great, though it was not included",
                np.array([0.5]),
                0,
                np.array([0]),
                np.array([0.5]),
                "amax",
                include_self=False,
            ),
        ),
    ),
    Record(
        "index_add",
        (
            s(matrix, 0, np.array([2, 0, 2]), normal(3, 4, seed=2)),
            s(matrix, -1, np.array([1]), normal(3, 1), alpha=-2.0),
            s(v, 0, np.zeros(0, np.int64), normal(0)),
        ),
        gradients=(0, 3),
        errors=(
            *_vector_errors("index_add", v[:1]),
            wrong(ValueError, "index_add(): the source has shape (5,), the index asks for (1,)", v, 0, one, v),
        ),
        draws=_sourced(False, alpha=st.sampled_from((1, 2, -1))),
    ),
    Record(
        "index_copy",
        (s(matrix, 0, np.array([2, 0]), normal(2, 4)), s(matrix, -1, np.array([1]), normal(3, 1))),
        gradients=(0, 3),
        errors=_vector_errors("index_copy", v[:1]),
        draws=_sourced(True),
    ),
    Record(
        "index_fill",
        (s(matrix, 0, np.array([2, 0]), -1.5), s(matrix, 1, np.array([1, 1]), normal()), s(matrix, 0, one, value=2)),
        gradients=(0, 3),
        errors=(
            *_vector_errors("index_fill", 1.0),
            wrong(ValueError, "index_fill(): value must be a number, its shape is (5,)", v, 0, one, v),
        ),
        draws=st.builds(lambda call, value: s(*call.args, value), sliced("ffi"), st.sampled_from((0, 3, -1))),
    ),
    Record(
        "index_put",
        (
            s(matrix, (np.array([0, 2]), np.array([1, 3])), normal(2)),
            s(matrix, (np.array([0, 2]),), normal()),
            s(matrix, [mask], normal()),
            s(matrix, (np.array([0, 0]), np.array([1, 1])), normal(2), accumulate=True),
        ),
        gradients=(0, 2),
        errors=(
            wrong(
                IndexError, "x[…] = value with x of shape (5,): index 5 is out of bounds", v, (np.array([5]),), v[:1]
            ),
        ),
        draws=_put(),
    ),
    Record(
        "masked_scatter",
        (s(matrix, mask, normal(12)), s(matrix, mask[0], normal(3, 4, seed=2)), s(v, v > 9, normal(0))),
        gradients=(0, 2),
        errors=(
            wrong(ValueError, "masked_scatter(): the mask asks for 5 values, the source has 1", v, v < 9, v[:1]),
            wrong(TypeError, "masked_scatter(): the mask must be a tensor of truth values, not float64", v, v, v),
        ),
        draws=masked().map(lambda call: s(*call.args, np.arange(256).astype(call.args[0].dtype))),
    ),
    Record(
        "__setitem__",
        (
            s(x, 0, 1.5),
            s(x, (0, 1), normal(4)),
            s(x, (..., 0), normal(3)),
            s(x, 1, normal(1, 1, 3, 4)),
            s(x, x > 0, normal()),
            s(x, (slice(None), mask), 0),
            s(x, (slice(None), np.array([2, 0])), normal(2, 4)),
            s(x, (0, slice(None), np.array([2, 0])), normal(3, 2)),
            s(x, slice(None, None, 2), normal(1, 3, 4)),
            s(np.arange(4), slice(0, 2), 7.9, kink=True),
        ),
        gradients=(0, 2),
        errors=(
            wrong(ValueError, "x[…] = value: a value of shape (5,) does not fit the shape (3, 4)", x, 0, v),
            wrong(IndexError, "x[…] = value with x of shape (5,): index 9 is out of bounds", v, 9, 1.0),
            wrong(TypeError, "x[…] = value: value must be a tensor or a number, not 'a'", v, 0, "a"),
        ),
        call=_assigned,
        oracle=lambda torch, x, index, value: _assigned(x, index, value),
        draws=assignments(),
    ),
)
