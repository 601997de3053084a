"""Records of `ops/scan.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, Values, apart, normal, s, wrong

zeros = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [4.0, 5.0, -6.0]])
ties = np.array([[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 0.0]])
unknown = np.array([1.0, np.nan, -np.inf, 2.0])
no_dim = "dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2 are possible"


@st.composite
def _along(draw, values: Values, *settings):
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple))
    return s(values(*shape, seed=draw(st.integers(0, 3))), draw(st.integers(-len(shape), len(shape) - 1)), *settings)


def _running(name: str) -> Record:
    x = normal(3, 4, 2)
    return Record(
        name,
        (
            s(x, 1),
            s(x, -1),
            s(x, dim=0),
            s(zeros, 0),
            s(zeros, 1),
            s(normal(), 0),
            s(normal(0, 3), 1),
            s(x, 1, dtype=cr.float64),
            s(np.array([[2, 3], [4, 5]]), 1, kink=True),
            s(np.array([True, True, False]), -1, kink=True),
        ),
        errors=(wrong(IndexError, f"{name}(): {no_dim}", x, 3), wrong(IndexError, f"{name}(): dim 1", normal(), 1)),
        oracle=lambda torch, x, dim, dtype=None: getattr(torch, name)(x, dim, dtype=torch.float64 if dtype else None),
        draws=_along(normal),
        large=(s(normal(67, 1031) + 3, 0), s(normal(67, 1031) + 3, 1)),
    )


def _sorted(name: str) -> Record:
    x = apart(3, 4, 2)
    return Record(
        name,
        (
            s(x),
            s(x, 1),
            s(x, 0, True),
            s(x, dim=-1, descending=True),
            s(ties, -1, stable=True, kink=True),
            s(ties, -1, True, stable=True, kink=True),
            s(unknown, kink=True),
            s(unknown, descending=True, kink=True),
            s(normal()),
            s(normal(0, 3)),
        ),
        gradients=(0,) if name == "sort" else (),
        errors=(wrong(IndexError, f"argsort(): {no_dim}", x, 3),),
        oracle=lambda torch, x, dim=-1, descending=False, stable=False: getattr(torch, name)(
            x, dim=dim, descending=descending, stable=stable
        ),
        draws=_along(apart, True),
    )


RECORDS = (
    _running("cumsum"),
    _running("cumprod"),
    _sorted("sort"),
    _sorted("argsort"),
    Record(
        "topk",
        (
            s(apart(3, 4, 2), 1),
            s(apart(3, 4, 2), 2, 1),
            s(apart(3, 4, 2), 3, 0, False),
            s(apart(3, 4), k=4, dim=-1, largest=True, sorted=True),
            s(apart(3, 4), 0),
            s(normal(), 1),
            s(unknown, 2, kink=True),
        ),
        errors=(
            wrong(
                ValueError,
                "topk(): k = 5 must be from 0 to 4, the size of dim 1 of shape (3, 4, 2)",
                apart(3, 4, 2),
                5,
                1,
            ),
            wrong(IndexError, f"topk(): {no_dim}", apart(3, 4, 2), 1, 3),
        ),
    ),
)
