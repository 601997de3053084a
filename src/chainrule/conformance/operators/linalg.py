"""Records of `ops/linalg.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.operators.solving import squares
from chainrule.conformance.record import (
    Record,
    Sample,
    alias,
    arrays,
    broadcastable,
    normal,
    one_dim,
    options,
    s,
    wrong,
)

a, b = normal(3, 4), normal(4, 2)
v, w = normal(4), normal(3)
batch, other = normal(2, 3, 4), normal(2, 4, 5)
x, weight, bias = normal(5, 4), normal(3, 4), normal(3)


@st.composite
def _matmuls(draw: st.DrawFn) -> Sample:
    """Vectors, matrices, and batches of them that are broadcast."""
    m, k, n = (draw(st.integers(0, 4)) for _ in range(3))
    lead = draw(broadcastable())
    left = draw(st.sampled_from(((k,), (m, k), (*lead[0], m, k))))
    right = draw(st.sampled_from(((k,), (k, n), (*lead[1], k, n))))
    kind = draw(st.sampled_from("ffi"))
    return s(draw(arrays(left, kind)), draw(arrays(right, kind)))


@st.composite
def _sized(draw: st.DrawFn, /, *terms: str, **named: Any) -> Sample:
    """Tensors whose sizes are named by letters."""
    size = {c: draw(st.integers(0, 4)) for c in "bmkn"}
    return s(*[draw(arrays([size[c] for c in term])) for term in terms], **options(draw, **named))


@st.composite
def _added(draw: st.DrawFn, whole: str, *terms: str) -> Sample:
    """beta · input + alpha · product, the input broadcast to it."""
    size = {c: draw(st.integers(0, 4)) for c in "bmkn"}
    sizes = [draw(st.sampled_from((size[c], 1))) for c in whole][draw(st.integers(0, len(whole))) :]
    factors = st.sampled_from((0, 1, 2, -0.5))
    xs = [draw(arrays([size[c] for c in term])) for term in terms]
    return s(draw(arrays(sizes)), *xs, **options(draw, beta=factors, alpha=factors))


@st.composite
def _bilinears(draw: st.DrawFn) -> Sample:
    lead, (i, j, o) = draw(st.lists(st.integers(0, 3), max_size=2)), (draw(st.integers(1, 3)) for _ in range(3))
    xs = [draw(arrays(shape)) for shape in ((*lead, i), (*lead, j), (o, i, j))]
    return s(*xs, **options(draw, bias=st.one_of(st.none(), arrays([o]))))


def _broad(call: Sample) -> bool:
    """PyTorch fails on the gradient of others here."""
    return all(x.size for x in call.args) and call.args[0].ndim == 1


@st.composite
def _crossed(draw: st.DrawFn) -> Sample:
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    dim = draw(one_dim(shape))
    shape[dim] = 3
    return s(draw(arrays(shape)), draw(arrays(shape)), dim=dim)


@st.composite
def _layers(draw):
    n, i, o = (draw(st.integers(0, 9)) for _ in range(3))
    lead = draw(st.sampled_from(((n,), (n,), (2, n), ())))
    if draw(st.integers(0, 4)) == 0:
        return s(normal(*lead, i), normal(i))
    return s(normal(*lead, i), normal(o, i), **options(draw, bias=st.one_of(st.none(), st.just(normal(o)))))


def _square(name: str, *samples, errors=(), draws=None) -> Record:
    return Record(name, samples, gradients=(0, 1), errors=errors, draws=draws)


RECORDS: tuple[Record, ...] = (
    Record(
        "matmul",
        (
            s(a, b),
            s(v, b),
            s(a, v),
            s(v, v),
            s(batch, other),
            s(batch, b),
            s(a, other),
            s(normal(2, 1, 3, 4), normal(3, 4, 2)),
            s(batch, v),
            s(w, batch),
            s(normal(3, 0), normal(0, 2)),
            s(normal(0, 3), normal(3, 2)),
            s(a.T.copy().T, b[::-1]),
        ),
        gradients=(0, 1),
        errors=(
            wrong(ValueError, "matmul(): the inner sizes differ: (3, 4) · (3, 4)", a, a),
            wrong(ValueError, "matmul(): both operands need dimensions, the shapes are () and (3, 4)", np.ones(()), a),
            wrong(TypeError, "matmul(): the dtypes differ", a, np.ones((4, 2), np.int64)),
        ),
        draws=_matmuls(),
        large=(s(normal(131, 257), normal(257, 67)), s(normal(5, 67, 33), normal(33, 41))),
    ),
    _square(
        "mm",
        s(a, b),
        draws=_sized("mk", "kn"),
        errors=(wrong(ValueError, "mm(): mat2 must have 2 dimensions, its shape is (4,)", a, v),),
    ),
    _square(
        "bmm",
        s(batch, other),
        s(normal(0, 2, 3), normal(0, 3, 1)),
        draws=_sized("bmk", "bkn"),
        errors=(
            wrong(ValueError, "bmm(): the batches differ in length: (2, 3, 4) · (1, 4, 5)", batch, other[:1]),
            wrong(ValueError, "bmm(): input must have 3 dimensions, its shape is (3, 4)", a, other),
        ),
    ),
    _square(
        "mv",
        s(a, v),
        draws=_sized("mk", "k"),
        errors=(wrong(ValueError, "mv(): vec must have 1 dimension, its shape is (4, 2)", a, b),),
    ),
    _square(
        "dot",
        s(v, v),
        draws=_sized("k", "k"),
        errors=(wrong(ValueError, "dot(): tensor must have 1 dimension, its shape is (3, 4)", v, a),),
    ),
    _square(
        "outer",
        s(v, w),
        draws=_sized("m", "n"),
        errors=(wrong(ValueError, "outer(): input must have 1 dimension, its shape is (3, 4)", a, v),),
    ),
    Record(
        "linear",
        (
            s(x, weight, bias),
            s(x, weight),
            s(x, weight, None),
            s(normal(2, 5, 4), weight, bias),
            s(v, weight, bias),
            s(normal(0, 4), weight, bias),
            s(x, weight[:0], bias[:0]),
            s(x.T.copy().T, weight[::-1], bias=bias),
        ),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, "linear(): the input has 2 features, the weight expects 4\n", normal(5, 2), weight),
            wrong(
                ValueError, "linear(): the bias has shape (2,), the weight (3, 4) asks for (3,)", x, weight, bias[:2]
            ),
            wrong(
                TypeError, "linear(): the dtypes differ: input int64, weight float64", np.ones((2, 4), np.int64), weight
            ),
        ),
        draws=_layers(),
        large=(s(normal(259, 131), normal(67, 131), normal(67)),),
    ),
    Record(
        "addmm",
        (
            s(normal(3, 2), a, b),
            s(normal(2), a, b, beta=0.5, alpha=2),
            s(normal(3, 1), a, b, alpha=-1.5),
            s(normal(), a, b, beta=2),
            s(normal(2), a[:, :0], b[:0]),
        ),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, "addmm(): input of shape (3,) does not broadcast to the product, (3, 2)", w, a, b),
            wrong(ValueError, "addmm(): mat2 must have 2 dimensions, its shape is (4,)", w, a, v),
            wrong(ValueError, "matmul(): the inner sizes differ: (3, 4) · (3, 4)", w, a, a),
        ),
        draws=_added("mn", "mk", "kn"),
    ),
    Record(
        "bilinear",
        (
            s(normal(5, 3), normal(5, 4), normal(2, 3, 4), normal(2)),
            s(normal(5, 3), normal(5, 4), normal(2, 3, 4)),
            s(normal(2, 5, 3), normal(2, 5, 4), normal(1, 3, 4), bias=None),
            s(normal(3), normal(4), normal(2, 3, 4), normal(2)),
            s(normal(0, 3), normal(0, 4), normal(2, 3, 4), normal(2)),
        ),
        gradients=(0, 1, 2, 3),
        errors=(
            wrong(ValueError, "bilinear(): weight must have 3 dimensions, its shape is (3, 4)", w, v, a),
            wrong(
                ValueError,
                "bilinear(): inputs of shapes (4,) and (4,) do not fit the weight (2, 3, 4)\n",
                v,
                v,
                normal(2, 3, 4),
            ),
            wrong(ValueError, "bilinear(): the bias has shape (3,), the weight (2, 3, 4)", w, v, normal(2, 3, 4), w),
        ),
        draws=_bilinears(),
    ),
    Record(
        "addmv",
        (s(w, a, v), s(normal(), a, v, beta=0.5, alpha=2)),
        gradients=(0, 1, 2),
        errors=(wrong(ValueError, "addmv(): vec must have 1 dimension, its shape is (3, 4)", w, a, a),),
        draws=_added("m", "mk", "k").filter(_broad),
    ),
    Record(
        "baddbmm",
        (s(normal(2, 3, 5), batch, other), s(normal(5), batch, other, beta=0.5, alpha=2)),
        gradients=(0, 1, 2),
        errors=(wrong(ValueError, "baddbmm(): input of shape (4,) does not broadcast", v, batch, other),),
        draws=_added("bmn", "bmk", "bkn"),
    ),
    Record(
        "cross",
        (
            s(normal(3), normal(3, seed=1)),
            s(normal(3, 2, 3), normal(3, 2, 3, seed=1)),
            s(normal(2, 3), normal(2, 3, seed=1), -1),
            s(normal(3, 2), normal(3, 1), 0),
        ),
        gradients=(0, 1),
        errors=(wrong(ValueError, "cross(): dim -1 of shapes (3, 4) and (3, 4) must have size 3", a, a, -1),),
        draws=_crossed(),
    ),
    Record(
        "matrix_power",
        (s(normal(3, 3), 2), s(normal(2, 3, 3), 3), s(normal(3, 3), 1), s(normal(3, 3), 0, kink=True)),
        errors=(
            wrong(ValueError, "matrix_power(): a square matrix is needed, not shape (3, 4)", a, 2),
            wrong(ValueError, "inverse(): the matrix is singular", np.ones((3, 3)), -1),
        ),
        draws=st.one_of(
            st.builds(s, arrays([2, 3, 3]), st.integers(1, 4)),
            st.builds(lambda square, n: s(*square.args, n), squares(), st.integers(-2, -1)),
        ),
    ),
)
RECORDS += alias(next(record for record in RECORDS if record.name == "outer"), "ger")
