"""Records of `ops/reduction.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import (
    Record,
    Sample,
    any_dims,
    apart,
    arrays,
    differs,
    normal,
    one_dim,
    options,
    reduction,
    reductions,
    s,
    wrong,
)
from chainrule.tensor import Array

ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
zeros = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [4.0, 5.0, -6.0]])
empty = np.ones((0, 3))
far = apart(3, 4, 2, seed=1)
_few = st.lists(st.integers(0, 4), max_size=3).map(tuple)
_floats = st.sampled_from((cr.float32, cr.float64))
_dtypes = st.sampled_from((cr.float32, cr.float64, cr.int64, cr.int32))
_typed = (
    s(np.array([[True, False], [True, True]]), 1, kink=True),
    s(np.arange(4, dtype=np.uint8), kink=True),
    s(normal(2, 3), dtype=cr.float64),
    s(normal(2, 3), -1, True, dtype=cr.float32, kink=True),
)


def _whole(name: str):
    return wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", np.arange(3))


def _nothing(name: str):
    return wrong(ValueError, f"{name}(): nothing to choose from: dim (0,) of shape (0, 3) has no elements", empty, 0)


@st.composite
def _products(draw: st.DrawFn) -> Sample:
    """Of all without keepdim, or along one dimension."""
    x = draw(arrays(kinds="ffisub"))
    named = options(draw, dtype=_floats if x.dtype.kind == "f" else _dtypes)
    if draw(_yes):
        return s(x, draw(one_dim(x.shape)), draw(_yes), **named)
    return s(x, **named)


_yes = st.booleans()


@st.composite
def _spreads(draw: st.DrawFn) -> Sample:
    """All the ways to say the dimensions and the correction."""
    x = draw(arrays(draw(st.lists(st.integers(0, 4), max_size=3))))
    form = draw(st.integers(0, 3))
    if form == 0:
        return s(x, **options(draw, unbiased=_yes))
    if form == 1:
        return s(x, draw(_dims(x)), draw(_yes), **options(draw, keepdim=_yes))
    corrections = st.sampled_from((0, 1, 2, 0.5, None))
    return s(x, **options(draw, dim=_dims(x), correction=corrections, keepdim=_yes))


def _dims(x: Array) -> st.SearchStrategy[Any]:
    return any_dims(x.shape).filter(lambda dim: dim not in ((), []))


def _spread(name: str) -> Record:
    """var and std: (x, dim=None, unbiased=True, keepdim=False, *, correction=1)."""
    x = normal(3, 4, 2)
    return Record(
        name,
        (
            s(x),
            s(x, 1),
            s(x, (0, 2), keepdim=True),
            s(x, -1, correction=0),
            s(x, correction=2, keepdim=True),
            s(x, 1, False),
            s(x, (0, 2), True, True),
            s(x, False),
            s(x, dim=0, unbiased=False),
            s(x, axis=(0, 1), keepdims=True),
            s(x, unbiased=True),
            s(normal(), kink=True),
            s(np.full((2, 3), 0.5), 1, kink=True),
            s(normal(3, 1), 1, kink=True),
        ),
        errors=(
            _whole(name.removesuffix("_mean")),
            wrong(TypeError, f"{name}(): give unbiased or correction, not both", x, 1, False, correction=1),
            wrong(
                IndexError,
                f"{name.removesuffix('_mean')}(): dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2",
                x,
                3,
            ),
        ),
        draws=_spreads(),
        differs=(
            differs("the gradient for dim=()", "PyTorch's is not that of its value", normal(2), (), unbiased=False),
        ),
        large=(s(normal(67, 1031)), s(normal(67, 1031), 0), s(normal(67, 1031), 1)),
    )


@st.composite
def _extremes(draw: st.DrawFn) -> Sample:
    """Of all, along a dimension, or of two tensors."""
    if draw(st.integers(0, 3)) == 0:
        x = draw(arrays(kinds="ffi", odd=True))
        return s(x, other=draw(arrays(draw(st.sampled_from((x.shape, x.shape[1:], ()))), "ffi", odd=True)))
    x = draw(arrays(draw(st.lists(st.integers(1, 4), max_size=4)), "ffisub", odd=True))
    if draw(_yes):
        return s(x, dim=draw(one_dim(x.shape)), **options(draw, keepdim=_yes))
    return s(np.where(np.isnan(x), 0, x) if x.dtype.kind == "f" else x)


def _pair(name: str) -> Record:
    """max and min: of all, along a dimension as (values, indices), or of two tensors."""
    x = apart(3, 4, 2)
    return Record(
        name,
        (
            s(x),
            s(x, 1),
            s(x, -1, keepdim=True),
            s(x, dim=0),
            s(x, axis=0, keepdims=True),
            s(apart(), 0),
            s(apart(), -1, True),
            s(x, apart(4, 1, seed=1)),
            s(x, other=apart(4, 1, seed=1)),
            s(ties, kink=True),
            s(ties, 1, kink=True),
        ),
        gradients=(0, 1, 3),
        errors=(
            _nothing(name.replace("m", "argm", 1)),
            wrong(IndexError, f"arg{name}(): dim 3 is out of range for a tensor of shape (3, 4, 2)", x, 3),
        ),
        draws=_extremes(),
        differs=(
            differs(f"the gradient of {name}() at NaN is NaN", "a NaN shall not pass for a number", np.array([np.nan])),
        ),
    )


def _place(name: str) -> Record:
    return reduction(
        name,
        apart,
        several=False,
        least=1,
        gradients=(),
        samples=(s(ties), s(apart(2, 3), keepdim=True), s(apart(), 0), s(apart(), -1, True), s(ties, axis=0)),
        errors=(_nothing(name),),
        draws=reductions(several=False, least=1, kinds="ffisu", odd=True),
    )


def _extreme(name: str) -> Record:
    return reduction(
        name,
        apart,
        least=1,
        samples=(s(ties, 1, kink=True), s(ties, kink=True), s(far, axis=1, keepdims=True)),
        errors=(_nothing(name),),
        draws=reductions(least=1, kinds="ffisub", odd=True),
    )


@st.composite
def _norms(draw: st.DrawFn, orders: str = "ord") -> Sample:
    """Of any order; extremes need something to choose from."""
    order = draw(st.sampled_from((2, 1, 0, 0.5, 3, -1, 2.0, np.inf, -np.inf)))
    x = draw(arrays(draw(st.lists(st.integers(1 if order in (-1, np.inf, -np.inf) else 0, 4), max_size=3))))
    named = options(draw, dim=any_dims(x.shape), keepdim=_yes, dtype=st.just(cr.float64))
    return s(x, **({orders: order} if order != 2 else options(draw, **{orders: st.just(2)})), **named)


RECORDS = (
    reduction(
        "sum",
        samples=(s(empty), s(empty, 0), s(normal(), 0), s(ties, axis=1, keepdims=True), *_typed),
        errors=(wrong(ValueError, "sum(): dim (1, 1) names a", ties, (1, 1)),),
        draws=st.one_of(reductions(dtype=_floats), reductions(kinds="isub", dtype=_dtypes)),
    ),
    reduction(
        "mean",
        errors=(_whole("mean"),),
        samples=(s(empty, 0, kink=True), s(np.arange(3), dtype=cr.float64, kink=True), *_typed[2:]),
        draws=st.one_of(
            reductions(dtype=_floats),
            st.builds(lambda x: s(x, dtype=cr.float64), arrays(kinds="isub")),
        ),
    ),
    reduction(
        "prod",
        several=False,
        samples=(s(zeros), s(zeros, 0), s(zeros, 1, keepdim=True), s(empty), s(normal(), 0), *_typed[:3]),
        errors=(wrong(TypeError, "prod(): dim must be one dimension or None, not (0, 1)", zeros, (0, 1)),),
        draws=_products(),
        large=(s(1 + 0.01 * normal(67, 103)), s(1 + 0.01 * normal(67, 1031), 1)),
    ),
    reduction(
        "logsumexp",
        samples=(s(np.array([[1e4, 0.0], [-1e4, -1e4]]), 1), s(np.full((2, 2), -np.inf), 1, kink=True)),
        oracle=lambda torch, input, dim=None, keepdim=False: torch.logsumexp(
            input, tuple(range(input.ndim)) if dim is None else dim, keepdim
        ),
        call=lambda input, dim=None, keepdim=False: cr.logsumexp(input, dim, keepdim),
        draws=reductions(kinds="ffi", odd=True).filter(lambda sample: sample.kwargs.get("dim") not in ((), [])),
    ),
    _spread("var"),
    _spread("std"),
    _spread("var_mean"),
    _spread("std_mean"),
    Record(
        "vector_norm",
        (
            *(s(far, p, 1, keepdim=p > 1) for p in (2, 1, 0.5, 3, -1, 0, np.inf, -np.inf)),
            *(s(zeros, p, 0, kink=True) for p in (2, 1, 0.5, 3, -1, 0, np.inf, -np.inf)),
            s(far),
            s(far, ord=4, dim=(0, 2)),
            s(np.zeros((2, 3)), 2, 1, kink=True),
            s(normal(), 1),
            s(empty, 2, 0),
            s(far, 2, None, True, dtype=cr.float64),
        ),
        errors=(
            _whole("vector_norm"),
            wrong(TypeError, "vector_norm(): ord must be a number or infinity, not 'fro'", far, "fro"),
            wrong(ValueError, "vector_norm(): nothing to choose from: dim (0,) of shape (0, 3)", empty, np.inf, 0),
            wrong(IndexError, "vector_norm(): dim 3 is out of range for a tensor of shape (3, 4, 2)", far, 2, 3),
        ),
        oracle=lambda torch, *args, **named: torch.linalg.vector_norm(*args, **named),
        call=cr.linalg.vector_norm,
        large=tuple(s(normal(67, 1031), p, dim) for p in (1, 2) for dim in (None, 0, 1)),
        draws=_norms(),
    ),
    _extreme("amax"),
    _extreme("amin"),
    _pair("max"),
    _pair("min"),
    _place("argmax"),
    _place("argmin"),
)
