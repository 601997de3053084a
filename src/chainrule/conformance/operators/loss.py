"""Records of `ops/loss.py`, and of dropout."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, apart, classes, normal, positive, s, wrong

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
        oracle=lambda torch, x, t, reduction="mean", weight=None: getattr(torch.nn.functional, name)(
            x, t, reduction=reduction, weight=weight
        ),
        errors=(
            wrong(ValueError, f"{name}(): input (3, 4) and target (4,) must have one shape\n", first, second[0]),
            wrong(ValueError, f"{name}(): reduction must be", first, second, reduction="max"),
        ),
        draws=st.lists(st.integers(1, 4), max_size=3).map(lambda shape: s(apart(*shape), apart(*shape, seed=1))),
    )


def _seeded(name):
    def call(input, *args, **named):
        cr.manual_seed(3)
        return getattr(cr.ops, name)(input, *args, **named)

    return call


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
        draws=st.integers(1, 6).map(lambda n: s(normal(n, 4), classes(4, n), weight)),
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
        draws=st.builds(lambda n, c: s(normal(n, c), classes(c, n)), st.integers(1, 6), st.integers(1, 12)),
        large=(s(normal(2049, 33), classes(33, 2049)),),
    ),
    Record(
        "soft_targets",
        (s(x, soft), s(maps, soft_maps)),
        gradients=(0, 1),
        call=cr.cross_entropy,
        oracle="cross_entropy",
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
        errors=_pairwise("binary_cross_entropy_with_logits", one, two).errors,
    ),
    Record(
        "dropout",
        (s(x), s(x, 0.2), s(x, p=1.0), s(x, 0.0), s(x, training=False)),
        call=_seeded("dropout"),
        oracle=None,
        errors=(wrong(ValueError, "dropout(): the probability p must lie between 0 and 1, not 1.5", x, 1.5),),
    ),
    *(
        Record(
            name,
            (s(maps[0]), s(maps[0], 0.2), s(maps[..., 0], p=0.7), s(maps[0], training=False), *more),
            call=_seeded(name),
            oracle=None,
            errors=(
                wrong(ValueError, f"{name}(): the probability p must lie between 0 and 1, not 1.5", maps[0], 1.5),
                wrong(ValueError, f"{name}(): the input needs dimensions (N, C,", maps[0, 0, 0]),
            ),
        )
        for name, more in (("dropout1d", (s(x),)), ("dropout2d", (s(maps),)))
    ),
)
