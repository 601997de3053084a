"""Records of `ops/loss_margin.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import (
    REDUCTIONS,
    SEEDS,
    Record,
    apart,
    by_keyword,
    classes,
    named,
    normal,
    pairs,
    positive,
    s,
    wrong,
)  # fmt: skip

x, y, z = apart(5, 4), apart(5, 4, seed=1), apart(5, 4, seed=2)
sign, signs = np.where(normal(5) > 0, 1.0, -1.0), np.where(normal(5, 4) > 0, 1.0, -1.0)
target, weight = classes(4, 5), positive(4)
sizes = st.integers(1, 4)
edge = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 3.0]])


def _reductions(*args, **named) -> tuple:
    return (s(*args, **named), s(*args, reduction="sum", **named), s(*args, reduction="none", **named))


def _errors(name: str, *args) -> tuple:
    return (wrong(ValueError, f"{name}(): reduction must be 'mean', 'sum' or 'none'", *args, reduction="max"),)


def _signs(*shape, seed=0):
    return np.where(normal(*shape, seed=seed) > 0, 1.0, -1.0)


@st.composite
def _cosines(draw):
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=2))
    more = draw(named(margin=st.sampled_from((0, 0.2, -0.5)), reduction=REDUCTIONS))
    return s(apart(*shape, seed=draw(SEEDS)), apart(*shape, seed=5), _signs(*shape[:-1], seed=draw(SEEDS)), **more)


@st.composite
def _rankings(draw):
    """All three of one number of dimensions, some of their sizes 1."""
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    parts = [[draw(st.sampled_from((n, n, n, 1))) for n in shape] for _ in range(3)]
    more = draw(named(margin=st.sampled_from((0.0, 0.77, -0.31)), reduction=REDUCTIONS))
    return s(apart(*parts[0], seed=draw(SEEDS)), apart(*parts[1], seed=5), _signs(*parts[2]), **more)


@st.composite
def _triplets(draw):
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=2))
    three = [apart(*shape, seed=seed + draw(SEEDS)) for seed in (0, 5, 10)]
    more = draw(
        named(
            margin=st.sampled_from((0.5, 1, 3.0)), p=st.sampled_from((1.0, 2, 3.0)), eps=st.sampled_from((1e-6, 0.1)),
            swap=st.booleans(), reduction=REDUCTIONS,
        )
    )  # fmt: skip
    return s(*three, **more)


@st.composite
def _classes(draw):
    n, c = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    shape = draw(st.sampled_from(((n, c), (c,))))
    more = draw(named(p=st.integers(1, 2), margin=st.sampled_from((0.77, 1.5)), reduction=REDUCTIONS))
    if draw(st.booleans()):
        more["weight"] = positive(c)
    return s(apart(*shape, seed=draw(SEEDS)), classes(c, *shape[:-1]), **more)


RECORDS = (
    Record(
        "cosine_embedding_loss",
        (
            *_reductions(x, y, sign),
            s(x, y, sign, 0.2),
            s(x, y, sign, margin=-0.5, reduction="none"),
            s(x[0], y[0], np.array(-1.0), -1.0),
            s(x, y, np.array([1, -1, 1, -1, 1])),
        ),
        gradients=(0, 1),
        errors=(
            *_errors("cosine_embedding_loss", x, y, sign),
            wrong(ValueError, "cosine_embedding_loss(): inputs (N, D) and (N, D) with target (N,)", x, y, sign[:3]),
        ),
        oracle=by_keyword("cosine_embedding_loss"),
        draws=_cosines(),
    ),
    Record(
        "hinge_embedding_loss",
        (
            *_reductions(x, signs),
            s(x, signs, 0.3),
            s(x, sign[:4], margin=-0.3, reduction="none"),
            s(x, 2 * signs, reduction="none"),
            s(edge, np.array([[-1, -1, -1], [1, -1, 1]]), reduction="none", kink=True),
        ),
        errors=_errors("hinge_embedding_loss", x, signs),
        oracle=by_keyword("hinge_embedding_loss"),
        draws=pairs(apart, _signs, broadcast=True, margin=st.sampled_from((0.77, 1, -0.31))),
    ),
    Record(
        "margin_ranking_loss",
        (
            *_reductions(x, y, signs),
            s(x, y, signs, 0.3),
            s(x, y, signs[:1], margin=-0.3, reduction="none"),
            s(edge, edge, np.ones((2, 3)), reduction="none", kink=True),
        ),
        gradients=(0, 1),
        errors=(
            *_errors("margin_ranking_loss", x, y, signs),
            wrong(ValueError, "margin_ranking_loss(): the two inputs and the target need one number", x, y, sign),
        ),
        oracle=by_keyword("margin_ranking_loss"),
        draws=_rankings(),
    ),
    Record(
        "triplet_margin_loss",
        (
            *_reductions(x, y, z),
            s(x, y, z, 0.5, 1.0),
            s(x, y, z, margin=3.0, p=3.0, eps=0.1),
            s(x, y, z, swap=True, reduction="none"),
            s(x[0], y[0], z[0], 2.0),
            s(x, y, z[:1], 2.0),
        ),
        gradients=(0, 1, 2),
        errors=(
            *_errors("triplet_margin_loss", x, y, z),
            wrong(ValueError, "triplet_margin_loss(): margin=0 must be greater than 0", x, y, z, 0),
            wrong(ValueError, "triplet_margin_loss(): the three inputs need one number of dimensions", x, y, z[0]),
        ),
        oracle=by_keyword("triplet_margin_loss"),
        draws=_triplets(),
    ),
    Record(
        "multi_margin_loss",
        (
            *_reductions(x, target),
            s(x, target, 2),
            s(x, target, p=2, margin=0.3, weight=weight, reduction="none"),
            s(x, target, 1, 1.5, weight),
            s(x[0], np.array(2)),
            s(edge, np.array([0, 2]), reduction="none", kink=True),
        ),
        errors=(
            *_errors("multi_margin_loss", x, target),
            wrong(ValueError, "multi_margin_loss(): p must be 1 or 2, not 3", x, target, 3),
            wrong(ValueError, "multi_margin_loss(): target (3,) does not fit input (5, 4)", x, target[:3]),
            wrong(IndexError, "multi_margin_loss(): class 4 in the target", x, target + 4 - target),
            wrong(ValueError, "multi_margin_loss(): the input needs 1 or 2 dimensions", x[..., None], target),
            wrong(ValueError, "multi_margin_loss(): weight has shape (5,)", x, target, weight=positive(5)),
        ),
        oracle=by_keyword("multi_margin_loss"),
        draws=_classes(),
    ),
)
