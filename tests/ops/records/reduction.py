"""Records of `ops/reduction.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from records.record import Record, apart, normal, reduction, reductions, s, wrong

ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
zeros = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [4.0, 5.0, -6.0]])
empty = np.ones((0, 3))


def _whole(name: str):
    return wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", np.arange(3))


def _nothing(name: str):
    return wrong(ValueError, f"{name}(): nothing to choose from: dim (0,) of shape (0, 3) has no elements", empty, 0)


def _spread(name: str) -> Record:
    """var and std: (x, dim=None, correction=1, keepdim=False), with at least two elements."""
    x = normal(3, 4, 2)
    shapes = st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple)
    return Record(
        name,
        (
            s(x),
            s(x, 1),
            s(x, (0, 2), keepdim=True),
            s(x, -1, correction=0),
            s(x, correction=2, keepdim=True),
            s(np.full((2, 3), 0.5), 1, kink=True),
            s(normal(3, 1), 1, kink=True),
        ),
        errors=(
            _whole(name),
            wrong(IndexError, f"{name}(): dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2", x, 3),
        ),
        oracle=name,
        draws=st.builds(lambda shape: s(normal(*shape), -1, keepdim=True), shapes),
        large=(s(normal(67, 1031)), s(normal(67, 1031), 0), s(normal(67, 1031), 1)),
    )


def _pair(name: str) -> Record:
    """max and min: of all, along a dimension as (values, indices), or of two tensors."""
    x = apart(3, 4, 2)
    return Record(
        name,
        (s(x), s(x, 1), s(x, -1, keepdim=True), s(x, dim=0), s(x, apart(4, 1, seed=1)), s(ties, kink=True)),
        gradients=(0, 1),
        errors=(
            _nothing(name.replace("m", "argm", 1)),
            wrong(IndexError, f"arg{name}(): dim 3 is out of range for a tensor of shape (3, 4, 2)", x, 3),
        ),
        draws=reductions(apart, several=False, least=1),
    )


def _place(name: str) -> Record:
    return reduction(
        name,
        apart,
        several=False,
        least=1,
        gradients=(),
        samples=(s(ties), s(apart(2, 3), keepdim=True)),
        errors=(_nothing(name),),
    )


RECORDS = (
    reduction(
        "sum", samples=(s(empty), s(empty, 0)), errors=(wrong(ValueError, "sum(): dim (1, 1) names a", ties, (1, 1)),)
    ),
    reduction("mean", errors=(_whole("mean"),), samples=(s(empty, 0, kink=True),)),
    reduction(
        "prod",
        several=False,
        samples=(s(zeros), s(zeros, 0), s(zeros, 1, keepdim=True)),
        large=(s(1 + 0.01 * normal(67, 103)), s(1 + 0.01 * normal(67, 1031), 1)),
    ),
    reduction(
        "logsumexp",
        samples=(s(np.array([[1e4, 0.0], [-1e4, -1e4]]), 1), s(np.full((2, 2), -np.inf), 1, kink=True)),
        oracle=lambda torch, x, dim=None, keepdim=False: torch.logsumexp(
            x, tuple(range(x.ndim)) if dim is None else dim, keepdim
        ),
        call=lambda x, dim=None, keepdim=False: cr.logsumexp(x, dim, keepdim),
    ),
    _spread("var"),
    _spread("std"),
    reduction("amax", apart, least=1, samples=(s(ties, 1, kink=True), s(ties, kink=True)), errors=(_nothing("amax"),)),
    reduction("amin", apart, least=1, samples=(s(ties, 1, kink=True), s(ties, kink=True)), errors=(_nothing("amin"),)),
    _pair("max"),
    _pair("min"),
    _place("argmax"),
    _place("argmin"),
)
