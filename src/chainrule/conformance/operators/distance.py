"""Records of `ops/distance.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, apart, differs, normal, s, wrong

x, y, images = apart(5, 4), apart(5, 4, seed=1), apart(2, 3, 4)
zero = np.zeros((2, 3))

norms = st.sampled_from((2.0, 2, 1, 1.0, 3.0, 0.5, 0, float("inf"), -float("inf")))
epsilons = st.sampled_from((1e-8, 1e-6, 1e-3))


@st.composite
def _normalized(draw):
    """Any norm along a dimension, several, or all."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    shape[0] = draw(st.sampled_from((shape[0], shape[0], 0)))
    dims = st.integers(-len(shape), len(shape) - 1)
    several = st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True).map(tuple)
    dim = draw(st.one_of(dims, several, st.none()))
    p = draw(norms)
    along = range(len(shape)) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    infinite = 0 in [shape[i] for i in along] and not 0 < p < 9
    return s(apart(*shape), 2.0 if infinite else p, dim, draw(epsilons))


@st.composite
def _compared(draw, *settings, least=1):
    """Two sets of vectors that go together; whole numbers on one side now and then."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    shape[0] = draw(st.sampled_from((shape[0], shape[0], 0))) if len(shape) > 1 else shape[0]
    other = [draw(st.sampled_from((n, n, 1))) for n in shape][
        draw(st.integers(0, len(shape) - 1)) * draw(st.booleans()) :
    ]
    one, two = apart(*shape), apart(*other, seed=1)
    if not draw(st.integers(0, 4)):
        two = np.round(3 * two).astype(np.int64) + 1
    if draw(st.booleans()):
        one, two = two, one
    return s(one, two, *(draw(each(shape)) for each in settings))


@st.composite
def _rows(draw):
    """Two sets of rows, batches of which are broadcast."""
    batch = draw(st.lists(st.integers(0, 3), max_size=2))
    other = [draw(st.sampled_from((n, 1))) for n in batch]
    p, r, d = (draw(st.integers(least, 4)) for least in (0, 0, 1))
    order = draw(st.sampled_from((2.0, 2.0, 1.0, 3.0, 0.5, float("inf"))))
    return s(normal(*batch, p, d), normal(*other, r, d, seed=1), order)


def _any_dim(shape):
    return st.integers(-len(shape), len(shape) - 1)


RECORDS = (
    Record(
        "cdist",
        (
            s(x, y),
            s(x, y[:3], 1.0),
            s(normal(2, 3, 4), normal(1, 2, 4), float("inf")),
            s(x, x, kink=True),
            s(x, y, 0.0, kink=True),
            s(zero[:, :0], zero[:1, :0]),
        ),
        (0, 1),
        errors=(
            wrong(ValueError, "cdist(): rows of one length are needed, (…, P, D) and (…, R, D), not (5, 4)", x, zero),
            wrong(ValueError, "cdist(): p = -1.0 must not be negative", x, y, -1.0),
            wrong(TypeError, "cdist(): a floating-point tensor is needed, not int64", x.astype(int), x.astype(int)),
        ),
        draws=_rows(),
    ),
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
            wrong(IndexError, "normalize(): dim 2 is out of range for a tensor of shape (5, 4)", x, 2.0, 2),
            wrong(TypeError, "normalize(): a floating-point tensor is needed, not int64", np.arange(3), dim=0),
            wrong(TypeError, "normalize(): a tensor is needed, not list", [1.0, 2.0]),
        ),
        draws=_normalized(),
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
        errors=(
            wrong(ValueError, "pairwise_distance(): the shapes (5, 4) and (3,) do not broadcast", x, y[0, :3]),
            wrong(TypeError, "pairwise_distance(): a tensor is needed, not list", [1.0, 2.0], y),
        ),
        draws=_compared(lambda _: norms, lambda _: epsilons, lambda _: st.booleans()),
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
            wrong(IndexError, "cosine_similarity(): dim 1 is out of range for a tensor of shape (4,)", x[0], y[0]),
            wrong(ValueError, "cosine_similarity(): the shapes (5, 4) and (5, 3) do not broadcast", x, y[:, :3]),
            wrong(
                TypeError,
                "a floating-point tensor is needed, not int64 and int64",
                np.ones((2, 2), int),
                np.ones(2, int),
            ),
            wrong(TypeError, "cosine_similarity(): a tensor is needed, not list", [1.0, 2.0], y),
        ),
        draws=_compared(_any_dim, lambda _: epsilons),
        differs=(
            differs(
                "below eps the gradient is that of the value",
                "PyTorch subtracts a part along the vector, as above eps",
                x,
                y,
                1,
                100.0,
            ),
        ),
    ),
    Record("cosine_similarity_below_eps", (s(x, y, 1, 100.0),), (0, 1), oracle=None, call=cr.ops.cosine_similarity),
)
