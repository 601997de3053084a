"""Records of `ops/distance.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, apart, s, wrong

x, y, images = apart(5, 4), apart(5, 4, seed=1), apart(2, 3, 4)
zero = np.zeros((2, 3))

RECORDS = (
    Record(
        "normalize",
        (
            s(x),
            s(x, 1.0, -1),
            s(x, p=3.0, dim=0),
            s(images, 2, (1, 2)),
            s(images, float("inf"), 2),
            s(x, eps=100.0),
            s(x[0], dim=0),
            s(x[:0]),
            s(zero, kink=True),
        ),
        errors=(
            wrong(IndexError, "dim 2 is out of range for a tensor of shape (5, 4)", x, 2.0, 2),
            wrong(TypeError, "a floating-point tensor is needed, not int64", np.arange(3), dim=0),
        ),
        draws=st.lists(st.integers(1, 4), min_size=2, max_size=3).map(lambda shape: s(apart(*shape))),
    ),
    Record(
        "pairwise_distance",
        (
            s(x, y),
            s(x, y, 1.0),
            s(x, y, p=3.0, eps=0.1, keepdim=True),
            s(x, y[0]),
            s(x[0], y[0], float("inf")),
            s(x[:0], y[:0]),
        ),
        gradients=(0, 1),
        errors=(wrong(ValueError, "the shapes (5, 4) and (3,) do not broadcast", x, y[0, :3]),),
    ),
    Record(
        "cosine_similarity",
        (
            s(x, y),
            s(x, y, 0),
            s(images, images[:1] + 1, dim=-1),
            s(x, y[0]),
            s(x[0], y[0], dim=0),
            s(x, y[0], dim=0),
            s(apart(2, 1, 4), apart(3, 4), 1),
            s(x[:0], y[:0]),
            s(zero, zero + 1, kink=True),
        ),
        gradients=(0, 1),
        errors=(
            wrong(IndexError, "dim 1 is out of range for a tensor of shape (4,)", x[0], y[0]),
            wrong(ValueError, "cosine_similarity(): the shapes (5, 4) and (5, 3) do not broadcast", x, y[:, :3]),
        ),
        draws=st.lists(st.integers(1, 4), min_size=2, max_size=3).map(lambda n: s(apart(*n), apart(*n, seed=1))),
    ),
    Record("cosine_similarity_below_eps", (s(x, y, 1, 100.0),), (0, 1), oracle=None, call=cr.ops.cosine_similarity),
)
