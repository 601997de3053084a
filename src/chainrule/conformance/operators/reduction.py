"""Records of `ops/reduction.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, apart, normal, reduction, reductions, s, wrong

ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
zeros = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [4.0, 5.0, -6.0]])
empty = np.ones((0, 3))


far = apart(3, 4, 2, seed=1)
_shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
_typed = (
    s(np.array([[True, False], [True, True]]), 1, kink=True),
    s(np.arange(4, dtype=np.uint8), kink=True),
    s(normal(2, 3), dtype=cr.float64),
    s(normal(2, 3), -1, True, dtype=cr.float32, kink=True),
)


def _named(torch, named):
    """dtype= as PyTorch's."""
    return {**named, "dtype": getattr(torch, named["dtype"].name)} if "dtype" in named else named


def _dtyped(name: str):
    return lambda torch, *args, **named: getattr(torch, name)(*args, **_named(torch, named))


def _whole(name: str):
    return wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", np.arange(3))


def _nothing(name: str):
    return wrong(ValueError, f"{name}(): nothing to choose from: dim (0,) of shape (0, 3) has no elements", empty, 0)


def _spread(name: str) -> Record:
    """var and std: (x, dim=None, unbiased=True, keepdim=False, *, correction=1), with at least two elements."""
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
            s(x, 1, False),
            s(x, (0, 2), True, True),
            s(x, False),
            s(x, dim=0, unbiased=False),
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
        oracle=name,
        draws=st.builds(lambda shape: s(normal(*shape), -1, keepdim=True), shapes),
        large=(s(normal(67, 1031)), s(normal(67, 1031), 0), s(normal(67, 1031), 1)),
    )


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
            s(apart(), 0),
            s(apart(), -1, True),
            s(x, apart(4, 1, seed=1)),
            s(ties, kink=True),
        ),
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
        samples=(s(ties), s(apart(2, 3), keepdim=True), s(apart(), 0), s(apart(), -1, True)),
        errors=(_nothing(name),),
    )


RECORDS = (
    reduction(
        "sum",
        oracle=_dtyped("sum"),
        samples=(s(empty), s(empty, 0), s(normal(), 0), s(ties, axis=1, keepdims=True), *_typed),
        errors=(wrong(ValueError, "sum(): dim (1, 1) names a", ties, (1, 1)),),
    ),
    reduction(
        "mean",
        oracle=_dtyped("mean"),
        errors=(_whole("mean"),),
        samples=(s(empty, 0, kink=True), s(np.arange(3), dtype=cr.float64, kink=True), *_typed[2:]),
    ),
    reduction(
        "prod",
        oracle=_dtyped("prod"),
        several=False,
        samples=(s(zeros), s(zeros, 0), s(zeros, 1, keepdim=True), s(empty), s(normal(), 0), *_typed[:3]),
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
    _spread("var_mean"),
    _spread("std_mean"),
    Record(
        "norm",
        (
            s(far),
            s(far, 1),
            s(far, "fro", 0),
            s(far, p=3, dim=(0, -1), keepdim=True),
            s(far, 2, [1]),
            s(far, dtype=cr.float64),
            s(normal(), 2),
            s(empty),
        ),
        errors=(
            wrong(ValueError, "norm(): p must be a number, infinity or 'fro', not 'nuc'", far, "nuc"),
            _whole("vector_norm"),
        ),
        oracle=lambda torch, *args, **named: torch.norm(*args, **_named(torch, named)),
    ),
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
            wrong(ValueError, "vector_norm(): nothing to choose from: dim (0,) of shape (0, 3)", empty, np.inf, 0),
            wrong(IndexError, "vector_norm(): dim 3 is out of range for a tensor of shape (3, 4, 2)", far, 2, 3),
        ),
        oracle=lambda torch, *args, **named: torch.linalg.vector_norm(*args, **_named(torch, named)),
        call=cr.linalg.vector_norm,
        large=tuple(s(normal(67, 1031), p, dim) for p in (1, 2) for dim in (None, 0, 1)),
        draws=st.builds(s, _shapes.map(lambda shape: np.asarray(3 + normal(*shape))), st.sampled_from((1, 2, 3))),
    ),
    reduction("amax", apart, least=1, samples=(s(ties, 1, kink=True), s(ties, kink=True)), errors=(_nothing("amax"),)),
    reduction("amin", apart, least=1, samples=(s(ties, 1, kink=True), s(ties, kink=True)), errors=(_nothing("amin"),)),
    _pair("max"),
    _pair("min"),
    _place("argmax"),
    _place("argmin"),
)
