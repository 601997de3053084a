"""Records of `ops/loss_elementwise.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import (
    REDUCTIONS,
    SEEDS,
    Record,
    apart,
    by_keyword,
    named,
    normal,
    pairs,
    positive,
    s,
    wrong,
)  # fmt: skip

x, t, w = apart(3, 4), apart(3, 4, seed=1), positive(3, 4)
chance, other = (np.abs(apart(3, 4, seed=seed)) / 3 + 0.05 for seed in (0, 1))
far = np.array([[-800.0, 40.0, 0.0], [800.0, 1e-9, -3.0]])
sign = np.where(normal(3, 4) > 0, 1.0, -1.0)
sharp = np.array([0.0, 1.0, 0.0, 1.0, 0.5])


def _reductions(*args, **named) -> tuple:
    return (s(*args, **named), s(*args, reduction="sum", **named), s(*args, reduction="none", **named))


def _soft_margin(torch, input, target, reduction="mean"):
    """PyTorch's own has no gradient of the target."""
    losses = torch.nn.functional.softplus(-target * input)
    return losses if reduction == "none" else getattr(losses, reduction)()


@st.composite
def _gaussians(draw):
    """The variance is a number, has the input's shape, one without its last axis, or 1 there."""
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    var = draw(st.sampled_from((0.5, 2.0, positive(*shape), positive(*shape[:-1]), positive(*shape[:-1], 1))))
    more = draw(named(full=st.booleans(), eps=st.sampled_from((1e-6, 0.01)), reduction=REDUCTIONS))
    return s(apart(*shape), apart(*shape, seed=draw(SEEDS) + 1), var, **more)


def _reduction_error(name: str, *args) -> tuple:
    return (wrong(ValueError, f"{name}(): reduction must be", *args, reduction="max"),)


def _pairs(name: str) -> tuple:
    text = f"{name}(): input (3, 4) and target (3,) do not broadcast"
    return (wrong(ValueError, text, x, t[:, 0]), *_reduction_error(name, chance, other))


def _chance(*shape, seed=0):
    return np.asarray(np.abs(apart(*shape, seed=seed)) / 5 + 0.05)


def _signs(*shape, seed=0):
    return np.where(normal(*shape, seed=seed) > 0, 1.0, -1.0)


RECORDS = (
    Record(
        "huber_loss",
        (
            *_reductions(x, t),
            s(x, t, "none", 0.5),
            s(x, t, delta=2.5, weight=w),
            s(x, t, "sum", weight=w),
            s(np.array(0.3), np.array(2.0)),
            s(np.array([1.0, -1.0, 0.0, np.nan]), np.zeros(4), "none", kink=True),
        ),
        gradients=(0, 1),
        errors=(
            *_pairs("huber_loss"),
            wrong(ValueError, "huber_loss(): delta=0 must be greater than 0", x, t, delta=0),
            wrong(ValueError, "huber_loss(): weight (4,) and input (3, 4) must have one shape", x, t, weight=w[0]),
        ),
        draws=pairs(apart, apart, weight=True, broadcast=True, delta=st.sampled_from((0.3, 1, 2.5))),
        large=(s(apart(67, 1031), apart(67, 1031, seed=1), "none"),),
    ),
    Record(
        "smooth_l1_loss",
        (
            *_reductions(x, t),
            s(x, t, beta=0.5),
            s(x, t, reduction="sum", beta=2.5),
            s(x, t, beta=0),
            s(np.array([1.0, -1.0, 0.0]), np.zeros(3), reduction="none", kink=True),
        ),
        gradients=(0, 1),
        errors=(
            *_pairs("smooth_l1_loss"),
            wrong(ValueError, "smooth_l1_loss(): beta=-1 must not be negative", x, t, beta=-1),
        ),
        oracle=by_keyword("smooth_l1_loss"),
        draws=pairs(apart, apart, broadcast=True, beta=st.sampled_from((0, 0.3, 1, 2.5))),
    ),
    Record(
        "gaussian_nll_loss",
        (
            *_reductions(x, t, w),
            s(x, t, w[:, 0], full=True),
            s(x, t, w[:, :1], True),
            s(x, t, 0.5),
            s(x, t, w, eps=1.0, reduction="none", kink=True),
            s(x[:0], t[:0], w[:0], reduction="sum"),
        ),
        gradients=(0, 1, 2),
        errors=(
            *_reduction_error("gaussian_nll_loss", x, t, w),
            wrong(ValueError, "gaussian_nll_loss(): a variance is negative: -1.0", x, t, -1.0),
            wrong(ValueError, "gaussian_nll_loss(): var (4,) does not fit input (3, 4)", x, t, w[0]),
        ),
        draws=_gaussians(),
    ),
    Record(
        "poisson_nll_loss",
        (
            *_reductions(x, w),
            s(w, 3 * chance, False),
            s(x, 3 * chance, full=True),
            s(w, 3 * chance, log_input=False, full=True, eps=0.1, reduction="none"),
            s(x, w[0], reduction="none"),
        ),
        errors=(
            *_reduction_error("poisson_nll_loss", x, w),
            wrong(ValueError, "the shapes (3,) and (3, 4) do not broadcast", x, w[0, :3]),
        ),
        gradients=(0, 1),
        oracle=by_keyword("poisson_nll_loss"),
        draws=pairs(
            positive,
            positive,
            broadcast=True,
            log_input=st.booleans(),
            full=st.booleans(),
            eps=st.sampled_from((1e-8, 0.1)),
        ),
    ),
    Record(
        "binary_cross_entropy",
        (
            *_reductions(chance, other),
            s(chance, other, w),
            s(chance, other, w[0], reduction="none"),
            s(sharp, sharp, reduction="none", kink=True),
            s(np.array(0.3), np.array(0.6)),
            s(chance[:0], other[:0], reduction="none"),
        ),
        gradients=(0, 1),
        errors=(
            wrong(ValueError, "binary_cross_entropy(): input (3, 4) and target (4,) must have one shape", chance, t[0]),
            wrong(ValueError, "binary_cross_entropy(): an input is no probability: -1.0 is not in [0, 1]", -w / w, w),
            *_reduction_error("binary_cross_entropy", chance, other),
        ),
        oracle=by_keyword("binary_cross_entropy"),
        draws=pairs(_chance, _chance, weight=True),
    ),
    Record(  # PyTorch's gradient divides by 10⁻¹² in float32
        "binary_cross_entropy_of_certainty",
        (s(sharp, np.array([0.0, 0.0, 1.0, 0.5, 1.0]), reduction="none"),),
        gradients=(),
        call=cr.ops.binary_cross_entropy,
        oracle=by_keyword("binary_cross_entropy"),
    ),
    Record(
        "kl_div",
        (
            *_reductions(np.log(chance), other),
            s(np.log(chance), other, reduction="batchmean"),
            s(np.log(chance), np.log(other), log_target=True, reduction="batchmean"),
            s(np.log(chance), other[0], reduction="none"),
            s(np.log(chance), np.log(other[:1]), log_target=True),
            s(np.array(-0.3), np.array(0.6), reduction="batchmean"),
        ),
        gradients=(0, 1),
        errors=(wrong(ValueError, "kl_div(): reduction must be 'batchmean', 'mean'", x, t, reduction="max"),),
        oracle=by_keyword("kl_div"),
        draws=pairs(
            normal,
            positive,
            broadcast=True,
            log_target=st.booleans(),
            reductions=st.sampled_from(("mean", "sum", "none", "batchmean")),
        ),
    ),
    Record(  # the target's gradient is infinite there, and NaN in PyTorch
        "kl_div_of_zeros",
        (
            s(np.log(chance[0]), other[0], "none"),
            s(np.log(chance[0]), np.array([0.0, 0.5, 0.5, 0.0]), "none", kink=True),
        ),
        call=cr.ops.kl_div,
        oracle=by_keyword("kl_div"),
    ),
    Record(
        "soft_margin_loss",
        (
            *_reductions(x, sign),
            s(x, sign[0], reduction="none"),
            s(x, t),
            s(far, np.ones((2, 3)), reduction="none", kink=True),
        ),
        gradients=(0, 1),
        errors=(
            *_reduction_error("soft_margin_loss", x, sign),
            wrong(ValueError, "soft_margin_loss(): the shapes (3,) and (3, 4) do not broadcast", x, sign[0, :3]),
        ),
        oracle=_soft_margin,
        draws=pairs(apart, _signs, broadcast=True),
    ),
)
