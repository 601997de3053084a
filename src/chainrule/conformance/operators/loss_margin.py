"""Records of `ops/loss_margin.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, apart, classes, normal, positive, s, wrong

x, y, z = apart(5, 4), apart(5, 4, seed=1), apart(5, 4, seed=2)
sign, signs = np.where(normal(5) > 0, 1.0, -1.0), np.where(normal(5, 4) > 0, 1.0, -1.0)
target, weight = classes(4, 5), positive(4)
sizes = st.integers(1, 4)
edge = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 3.0]])


def _reductions(*args, **named) -> tuple:
    return (s(*args, **named), s(*args, reduction="sum", **named), s(*args, reduction="none", **named))


def _errors(name: str, *args) -> tuple:
    return (wrong(ValueError, f"{name}(): reduction must be 'mean', 'sum' or 'none'", *args, reduction="max"),)


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
        draws=st.builds(
            lambda n, d: s(apart(n, d), apart(n, d, seed=1), np.ones(n)), st.integers(1, 4), st.integers(1, 4)
        ),
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
        draws=st.lists(st.integers(0, 4), max_size=3).map(lambda n: s(apart(*n), np.full(n, -1.0), reduction="none")),
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
        draws=st.builds(
            lambda n, c, p: s(apart(n, c), classes(c, n), p, 0.77),
            st.integers(1, 4),
            st.integers(1, 5),
            st.integers(1, 2),
        ),
    ),
)
