"""Records of `ops/linalg.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, normal, s, wrong

a, b = normal(3, 4), normal(4, 2)
v, w = normal(4), normal(3)
batch, other = normal(2, 3, 4), normal(2, 4, 5)
x, weight, bias = normal(5, 4), normal(3, 4), normal(3)


@st.composite
def _products(draw):
    m, k, n = (draw(st.integers(0, 9)) for _ in range(3))
    lead = draw(st.sampled_from((((), ()), ((2,), (2,)), ((2,), ()), ((3, 1), (2,)), ((0,), (0,)))))
    return s(normal(*lead[0], m, k), normal(*lead[1], k, n))


@st.composite
def _layers(draw):
    n, i, o = (draw(st.integers(0, 9)) for _ in range(3))
    lead = draw(st.sampled_from(((n,), (n,), (2, n), ())))
    return s(normal(*lead, i), normal(o, i), normal(o))


def _square(name: str, *samples, errors=(), draws=None) -> Record:
    return Record(name, samples, gradients=(0, 1), errors=errors, draws=draws)


RECORDS = (
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
        draws=_products(),
        large=(s(normal(131, 257), normal(257, 67)), s(normal(5, 67, 33), normal(33, 41))),
    ),
    _square("mm", s(a, b), errors=(wrong(ValueError, "mm(): mat2 must have 2 dimensions, its shape is (4,)", a, v),)),
    _square(
        "bmm",
        s(batch, other),
        s(normal(0, 2, 3), normal(0, 3, 1)),
        errors=(
            wrong(ValueError, "bmm(): the batches differ in length: (2, 3, 4) · (1, 4, 5)", batch, other[:1]),
            wrong(ValueError, "bmm(): input must have 3 dimensions, its shape is (3, 4)", a, other),
        ),
    ),
    _square("mv", s(a, v), errors=(wrong(ValueError, "mv(): vec must have 1 dimension, its shape is (4, 2)", a, b),)),
    _square(
        "dot", s(v, v), errors=(wrong(ValueError, "dot(): tensor must have 1 dimension, its shape is (3, 4)", v, a),)
    ),
    _square(
        "outer", s(v, w), errors=(wrong(ValueError, "outer(): input must have 1 dimension, its shape is (3, 4)", a, v),)
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
    ),
)
