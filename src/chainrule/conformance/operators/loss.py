"""Records of `ops/loss.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import (
    REDUCTIONS,
    SEEDS,
    SHAPES,
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

x, target = normal(5, 4), classes(4, 5)
maps, map_target = normal(2, 3, 2, 2), classes(3, 2, 2, 2)
skipped = np.array([0, -100, 3, 1, -100])
weight, weight3 = positive(4), positive(3)
log_p = np.log(positive(5, 4) / 3)
log_maps = -positive(2, 3, 2, 2)
soft = positive(5, 4) / positive(5, 4).sum(1, keepdims=True)
soft_maps = positive(2, 3, 2, 2) / 4
infinite = np.array([[0.0, -np.inf], [-np.inf, 0.0]])

one, two = normal(3, 4), normal(3, 4, seed=1)
apart_one, apart_two = apart(3, 4), apart(3, 4, seed=1)
chance = np.abs(normal(3, 4)) % 1


def _class_errors(name: str) -> tuple:
    return (
        wrong(ValueError, f"{name}(): target (4,) does not fit input (5, 4)\n", x, target[:4]),
        wrong(
            IndexError,
            f"{name}(): class 4 in the target, but the input (5, 4) has 4 classes, from 0",
            x,
            np.where(target == 1, 4, target),
        ),
        wrong(IndexError, f"{name}(): class -1 in the target", x, np.where(target == 1, -1, target)),
        wrong(ValueError, f"{name}(): weight has shape (3,), the input (5, 4) has 4 classes", x, target, weight3),
        wrong(
            ValueError,
            f"{name}(): reduction must be 'mean', 'sum' or 'none', not 'median'",
            x,
            target,
            reduction="median",
        ),
    )


def _pairwise(name: str, first, second) -> Record:
    return Record(
        name,
        (
            s(first, second),
            s(first, second, reduction="sum"),
            s(first, second, reduction="none"),
            s(first, second, "mean", positive(3, 4)),
            s(first, second, "sum", positive(3, 4)),
            s(first[0, 0, ...], second[0, 0, ...]),
        ),
        gradients=(0, 1, 3),
        oracle=by_keyword(name),
        errors=(
            wrong(ValueError, f"{name}(): input (3, 4) and target (3,) do not broadcast", first, second[:, 0]),
            wrong(ValueError, f"{name}(): reduction must be", first, second, reduction="max"),
            wrong(ValueError, f"{name}(): weight (4,) and input (3, 4) must", first, second, weight=positive(4)),
        ),
        draws=pairs(apart, apart, weight=True, broadcast=True),
    )


@st.composite
def _logits(draw):
    shape = draw(SHAPES)
    more = draw(named(reduction=REDUCTIONS))
    for name in ("weight", "pos_weight"):
        if draw(st.booleans()):
            more[name] = positive(*shape[draw(st.integers(0, len(shape))) :])
    return s(np.asarray(3 * normal(*shape, seed=draw(SEEDS))), np.asarray(np.abs(normal(*shape, seed=5)) % 1), **more)


@st.composite
def _class_numbers(draw, values, soft=False):
    """Scores (N, C, …) or (C,), a class for each, some ignored; or probabilities."""
    n, c, places = draw(st.integers(0, 5)), draw(st.integers(1, 5)), draw(st.lists(st.integers(0, 3), max_size=2))
    single = draw(st.integers(0, 5)) == 0
    shape, target_shape = ((c,), ()) if single else ((n, c, *places), (n, *places))
    more = draw(named(reduction=REDUCTIONS, ignore_index=st.sampled_from((-100, 0, 2, -1))))
    x = values(*shape, seed=draw(SEEDS))
    if soft and draw(st.booleans()):
        more["label_smoothing"] = draw(st.sampled_from((0.0, 0.1, 1.0)))
    if draw(st.booleans()):
        more["weight"] = positive(c)
    if soft and draw(st.booleans()):
        more.pop("ignore_index", None)
        q = positive(*shape, seed=1)
        return s(x, q / q.sum(0 if single else 1, keepdims=True), **more)
    target = classes(c, *target_shape)
    ignored = np.asarray(np.random.default_rng(draw(SEEDS)).random(target_shape)) < 0.3
    return s(x, np.where(ignored, more.get("ignore_index", -100), target), **more)


RECORDS = (
    Record(
        "nll_loss",
        (
            s(log_p, target),
            s(log_p, target, weight),
            s(log_p, target, reduction="sum"),
            s(log_p, skipped, reduction="none"),
            s(log_p, skipped, weight),
            s(log_p, target, ignore_index=1),
            s(log_maps, map_target, weight3),
            s(log_maps, map_target, reduction="none"),
            s(log_p[0], np.array(2)),
            s(log_p[:0], target[:0], reduction="sum"),
            s(infinite, np.array([1, -100]), kink=True),
            s(log_p, np.full(5, -100), kink=True),
        ),
        errors=(
            *_class_errors("nll_loss"),
            wrong(TypeError, "nll_loss(): class numbers must be whole numbers, not float64; convert", x, target + 0.5),
        ),
        oracle=by_keyword("nll_loss"),
        draws=_class_numbers(lambda *shape, seed: -positive(*shape, seed=seed)),
    ),
    Record(
        "cross_entropy",
        (
            s(x, target),
            s(x, skipped),
            s(100 * x, target, kink=True),
            s(x, target, ignore_index=1),
            s(x, target, weight),
            s(x, target, reduction="sum"),
            s(x, skipped, reduction="none"),
            s(x, target, label_smoothing=0.2),
            s(x, skipped, label_smoothing=1.0),
            s(x, skipped, weight, label_smoothing=0.2),
            s(x, target, label_smoothing=0.1, reduction="none"),
            s(x, soft),
            s(x, soft, weight, label_smoothing=0.1),
            s(x, soft, reduction="sum"),
            s(maps, map_target),
            s(maps, map_target, weight3, label_smoothing=0.1),
            s(maps, soft_maps, weight3),
            s(maps, soft_maps, reduction="none"),
            s(x[0], np.array(2)),
            s(x[0], soft[0]),
            s(x[:0], target[:0], kink=True),
            s(x, np.full(5, -100), kink=True),
        ),
        errors=(
            *_class_errors("cross_entropy"),
            wrong(ValueError, "cross_entropy(): the probabilities have shape (5, 3), the input (5, 4)", x, soft[:, :3]),
            wrong(ValueError, "label_smoothing must lie between 0 and 1, not 2", x, target, label_smoothing=2),
        ),
        oracle=by_keyword("cross_entropy"),
        draws=_class_numbers(normal, soft=True),
        large=(s(normal(2049, 33), classes(33, 2049)), s(normal(2049, 33), classes(33, 2049), label_smoothing=0.1)),
    ),
    Record(
        "soft_targets",
        (s(x, soft), s(maps, soft_maps)),
        gradients=(0, 1),
        call=cr.cross_entropy,
        oracle=by_keyword("cross_entropy"),
        draws=st.lists(st.integers(1, 4), min_size=2, max_size=3).map(
            lambda n: s(normal(*n), positive(*n), reduction="none")
        ),
    ),
    _pairwise("mse_loss", one, two),
    _pairwise("l1_loss", apart_one, apart_two),
    Record(
        "binary_cross_entropy_with_logits",
        (
            s(one, chance),
            s(one, chance, reduction="sum"),
            s(one, chance, positive(4)),
            s(one, chance, pos_weight=positive(4)),
            s(one, chance, positive(3, 4), reduction="none", pos_weight=positive(3, 1)),
            s(100 * one, chance),
        ),
        gradients=(0, 1),
        errors=(
            wrong(ValueError, "binary_cross_entropy_with_logits(): input (3, 4) and target (4,) must", one, two[0]),
            wrong(ValueError, "binary_cross_entropy_with_logits(): reduction must be", one, two, reduction="max"),
        ),
        oracle=by_keyword("binary_cross_entropy_with_logits"),
        draws=_logits(),
    ),
)
