"""Records of `ops/scan.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import SEEDS, Record, Sample, apart, arrays, normal, one_dim, options, s, wrong

zeros = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [4.0, 5.0, -6.0]])
ties = np.array([[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 0.0]])
unknown = np.array([1.0, np.nan, -np.inf, 2.0])
no_dim = "dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2 are possible"


@st.composite
def _along(draw: st.DrawFn, /, kinds: str, distinct: bool = False, least: int = 0, **named: Any) -> Sample:
    """A dimension, given or not; different values where equal ones may come in any order."""
    shape = draw(st.lists(st.integers(least, 4), max_size=3))
    x = apart(*shape, seed=draw(SEEDS)) if distinct else draw(arrays(shape, kinds))
    return s(x, **options(draw, dim=one_dim(shape), **named))


@st.composite
def _running_calls(draw: st.DrawFn) -> Sample:
    x = draw(arrays(kinds="ffisub"))
    dtypes = (cr.float32, cr.float64) if x.dtype.kind == "f" else (cr.float64, cr.int64, cr.int32)
    return s(x, draw(one_dim(x.shape)), **options(draw, dtype=st.sampled_from(dtypes)))


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
        draws=_running_calls(),
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
            s(ties, dim=-1, stable=True, kink=True),
            s(ties, dim=-1, descending=True, stable=True, kink=True),
            s(unknown, kink=True),
            s(unknown, descending=True, kink=True),
            s(normal()),
            s(normal(0, 3)),
        ),
        gradients=(0,) if name == "sort" else (),
        errors=(wrong(IndexError, f"argsort(): {no_dim}", x, 3),),
        oracle=lambda torch, *args, **named: getattr(torch, name)(*args, **named),
        draws=st.one_of(
            _along("", True, descending=st.booleans()),
            _along("ffisub", descending=st.booleans(), stable=st.just(True)).filter(_stable),
        ),
    )


def _stable(sample: Sample) -> bool:
    return "stable" in sample.kwargs


def _best(name: str) -> Record:
    x = apart(3, 4, 2)
    return Record(
        name,
        (s(x, 1), s(x, -1), s(x, dim=0), s(ties, 1, kink=True), s(unknown, 0, kink=True), s(normal(), 0), s(x, axis=1)),
        errors=(wrong(IndexError, f"{name}(): {no_dim}", x, 3),),
        draws=st.builds(
            lambda x, dim: s(x, dim % max(x.ndim, 1)), arrays(kinds="ffis", odd=True), st.integers(0, 11)
        ).filter(lambda sample: sample.args[0].size > 0),
    )


@st.composite
def _topped(draw: st.DrawFn) -> Sample:
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    dim = draw(st.one_of(st.none(), one_dim(shape)))
    k = draw(st.integers(0, shape[-1 if dim is None else dim]))
    named = options(draw, largest=st.booleans(), sorted=st.just(True)) | ({} if dim is None else {"dim": dim})
    return s(apart(*shape, seed=draw(SEEDS)), k, **named)


@st.composite
def _differences(draw: st.DrawFn) -> Sample:
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    x, dim = draw(arrays(shape, "ffisb")), draw(one_dim(shape))
    wide = [draw(st.integers(0, 2)) if i == dim % len(shape) else n for i, n in enumerate(shape)]
    more = st.builds(lambda y: y.astype(x.dtype), arrays(wide))
    return s(x, dim=dim, **options(draw, n=st.integers(0, 5), prepend=more, append=more))


RECORDS = (
    _best("cummax"),
    _best("cummin"),
    Record(
        "diff",
        (
            s(normal(5)),
            s(normal(3, 4), 1, 0),
            s(normal(3, 4), n=2),
            s(normal(3, 4), prepend=normal(3, 1), append=normal(3, 2)),
            s(np.array([True, False, False]), kink=True),
            s(np.arange(3) ** 2, kink=True),
        ),
        gradients=(0, 3, 4),
        errors=(
            wrong(ValueError, "diff(): n = -1 must not be negative", normal(3), -1),
            wrong(IndexError, f"diff(): {no_dim}", normal(3, 4, 2), 1, 3),
        ),
        draws=_differences(),
    ),
    Record(
        "msort",
        (s(apart(3, 4)), s(ties, kink=True), s(normal())),
        draws=st.builds(lambda x: s(x, kink=True), arrays(kinds="ffis")),
    ),
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
            wrong(TypeError, "topk(): k must be a whole number, not 1.5", apart(3), 1.5),
        ),
        draws=_topped(),
    ),
)
