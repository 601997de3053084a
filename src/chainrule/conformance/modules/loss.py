"""Records of `nn/loss.py` and `nn/loss_margin.py`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.layer import Layer, Use, layer, use
from chainrule.conformance.record import REDUCTIONS, SHAPES, apart, classes, named, normal, positive
from chainrule.tensor import Array

Values = Callable[..., Array]
sizes = st.integers(1, 4)


def chances(*shape: int, seed: int = 0) -> Array:
    """Probabilities that are not 0 or 1."""
    return np.asarray(np.abs(apart(*shape, seed=seed)) / 5 + 0.05)


def signs(*shape: int, seed: int = 0) -> Array:
    """1 and −1."""
    return np.where(normal(*shape, seed=seed) > 0, 1.0, -1.0)


@st.composite
def _pairs(draw: st.DrawFn, /, first: Values, second: Values, weights: tuple[str, ...] = (), **settings: Any) -> Use:
    """Input and target of one shape, and weights that are broadcast against them."""
    shape = draw(SHAPES)
    more = draw(named(**{"reduction": REDUCTIONS, **settings}))
    for name in weights:
        if draw(st.booleans()):
            more[name] = positive(*shape[draw(st.integers(0, len(shape))) :])
    return use(inputs=(first(*shape), second(*shape, seed=1)), gradients=(0,), **more)


def _between(name: str, first: Values, second: Values, weights: tuple[str, ...] = (), **settings: Any) -> Layer:
    return layer(name, _pairs(first, second, weights, **settings))


@st.composite
def _classes(draw: st.DrawFn, /, values: Values, **settings: Any) -> Use:
    """Scores (N, C, …) or (C,), and a class for each, some of them ignored."""
    n, c, places = draw(sizes), draw(sizes), draw(st.lists(sizes, max_size=2))
    shape, target = draw(st.sampled_from((((n, c, *places), (n, *places)), ((c,), ()))))
    more = draw(named(reduction=REDUCTIONS, **settings))
    if draw(st.booleans()):
        more["weight"] = positive(c)
    ignored = np.asarray(np.random.default_rng(n).random(target)) < 0.3
    labels = np.where(ignored, more.get("ignore_index", -100), classes(c, *target))
    return use(inputs=(values(*shape), labels), **more)


@st.composite
def _margins(draw: st.DrawFn) -> Use:
    n, c = draw(sizes), draw(sizes)
    shape = draw(st.sampled_from(((n, c), (c,))))
    more = draw(named(p=st.integers(1, 2), margin=st.sampled_from((0.77, 1.5)), reduction=REDUCTIONS))
    return use(inputs=(apart(*shape), classes(c, *shape[:-1])), **more)


@st.composite
def _three(draw: st.DrawFn, /, last: Values | None, **settings: Any) -> Use:
    """Two or three arrays (N, D) or (D,), and for two of them a target of signs (N,) or ()."""
    shape = draw(st.lists(sizes, min_size=1, max_size=2))
    third = apart(*shape, seed=2) if last is None else last(*shape[:-1])
    more = draw(named(reduction=REDUCTIONS, **settings))
    grads = (0, 1, 2) if last is None else (0, 1)
    return use(inputs=(apart(*shape), apart(*shape, seed=1), third), gradients=grads, **more)


@st.composite
def _rankings(draw: st.DrawFn) -> Use:
    shape = draw(SHAPES)
    more = draw(named(margin=st.sampled_from((0.0, 0.77, -0.31)), reduction=REDUCTIONS))
    return use(inputs=(apart(*shape), apart(*shape, seed=1), signs(*shape)), gradients=(0, 1), **more)


@st.composite
def _gaussians(draw: st.DrawFn) -> Use:
    shape = draw(st.lists(sizes, min_size=1, max_size=3))
    more = draw(named(full=st.booleans(), eps=st.sampled_from((1e-6, 0.01)), reduction=REDUCTIONS))
    var = draw(st.sampled_from((positive(*shape), positive(*shape[:-1], 1))))
    return use(inputs=(normal(*shape), normal(*shape, seed=1), var), **more)


@st.composite
def _alignments(draw: st.DrawFn) -> Use:
    """Log-probabilities (T, N, C) of symbols, and targets (N, S) without blanks that fit into T steps."""
    n, c, length = draw(sizes), draw(st.integers(2, 4)), draw(st.integers(1, 3))
    steps = 2 * length + draw(st.integers(0, 3))
    more = draw(named(reduction=REDUCTIONS, zero_infinity=st.booleans(), blank=st.just(0)))
    scores = normal(steps, n, c)
    log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    lengths = np.full(n, steps), np.full(n, length)
    return use(inputs=(log_p, 1 + classes(c - 1, n, length), *lengths), gradients=(), **more)


LAYERS = (
    _between("MSELoss", normal, normal),
    _between("L1Loss", apart, apart),
    _between("SmoothL1Loss", apart, apart, beta=st.sampled_from((0.0, 0.3, 2.5))),
    _between("HuberLoss", apart, apart, delta=st.sampled_from((0.3, 1.0, 2.5))),
    _between("BCELoss", chances, chances, ("weight",)),
    _between("BCEWithLogitsLoss", normal, chances, ("weight", "pos_weight")),
    _between("KLDivLoss", normal, positive, log_target=st.booleans(),
             reduction=st.sampled_from(("mean", "sum", "none", "batchmean"))),
    _between("PoissonNLLLoss", positive, positive, log_input=st.booleans(), full=st.booleans()),
    _between("SoftMarginLoss", normal, signs),
    _between("HingeEmbeddingLoss", apart, signs, margin=st.sampled_from((0.77, -0.31))),
    layer("GaussianNLLLoss", _gaussians()),
    layer("NLLLoss", _classes(lambda *shape: -positive(*shape), ignore_index=st.sampled_from((-100, 0, 2)))),
    layer("CrossEntropyLoss", _classes(
        normal, ignore_index=st.sampled_from((-100, 0, 2)), label_smoothing=st.sampled_from((0.0, 0.1, 1.0)))),
    layer("MultiMarginLoss", _margins()),
    layer("CosineEmbeddingLoss", _three(signs, margin=st.sampled_from((0.0, 0.2, -0.5)))),
    layer("MarginRankingLoss", _rankings()),
    layer("TripletMarginLoss", _three(
        None, margin=st.sampled_from((0.5, 3.0)), p=st.sampled_from((1.0, 2.0, 3.0)), swap=st.booleans())),
    layer("CTCLoss", _alignments()),
)  # fmt: skip
