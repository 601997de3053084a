"""Records of `ops/joining.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, classes, normal, s, wrong

a, b, c = normal(2, 3), normal(2, 3, seed=1), normal(4, 3)
x = normal(4, 3, 2)
rows, columns, repeated = np.array([2, 0, 2]), np.array([[2], [0]]), np.array([1, 1, 1, -1])
mask = normal(4, 3) > 0


@st.composite
def _indices(draw):
    """Numbers, slices of any step, new axes, masks and arrays, for an x of shape (4, 3, 2)."""
    parts = [
        st.integers(-2, 1),
        st.slices(2),
        st.just(repeated % 2),
        st.just(np.array(1)),
        st.just(slice(None)),
    ]
    index = draw(st.lists(st.one_of(parts), max_size=3))
    index = [p if not isinstance(p, slice) or (p.step or 1) > 0 else slice(None) for p in index]
    if draw(st.booleans()):
        index.insert(draw(st.integers(0, len(index))), draw(st.sampled_from((None, Ellipsis))))
    return s(x, tuple(index))


def _cut(name: str, *samples, errors) -> Record:
    draws = st.builds(lambda n, dim: s(x, n, dim), st.integers(1, 5), st.integers(-3, 2))
    return Record(name, samples, errors=errors, draws=draws)


def _listed(value):
    return list(value) if isinstance(value, tuple) else value


def _stacked(name: str, *mistake) -> Record:
    return Record(
        name,
        (
            s([a, b]),
            s((a, normal(2, 3, seed=4))),
            s([normal(3), normal(3, seed=1)]),
            s([normal(), normal(seed=1)]),
            s([x, x]),
        ),
        errors=(wrong(ValueError, "cat(): there are no tensors to join", []), wrong(ValueError, *mistake)),
    )


RECORDS = (
    _stacked("hstack", "cat(): tensor 1 has shape (4, 3); all but dim 1 must match tensor 0, (2, 3)", [a, c]),
    _stacked("vstack", "cat(): tensor 1 has shape (1, 2); all but dim 0 must match tensor 0, (2, 3)", [a, normal(2)]),
    Record(
        "cat",
        (
            s([a, b]),
            s([a, b], 1),
            s((a, c, b), dim=0),
            s((a, b), axis=1),
            s([a]),
            s([normal(0, 3), a]),
            s([a, b], -1),
            s([a, a]),
            s([a, np.arange(3)[None]]),
        ),
        errors=(
            wrong(ValueError, "cat(): tensor 1 has shape (4, 3); all but dim 1 must match tensor 0, (2, 3)", [a, c], 1),
            wrong(ValueError, "cat(): tensor 1 has shape (4, 3, 2); all but dim 0 must match tensor 0, (2, 3)", [a, x]),
            wrong(
                IndexError, "cat(): dim 2 is out of range for a tensor of shape (2, 3): -2 to 1 are possible", [a], 2
            ),
            wrong(ValueError, "cat(): there are no tensors to join", []),
        ),
        draws=st.lists(st.integers(0, 3), min_size=1, max_size=4).map(
            lambda ns: s([normal(2, n, seed=i) for i, n in enumerate(ns)], 1)
        ),
    ),
    Record(
        "stack",
        (s([a, b]), s([a, b], 1), s([a, b, a], -1), s((a,)), s([normal(), normal(seed=1)])),
        errors=(
            wrong(ValueError, "stack(): tensor 1 has shape (4, 3); it must match tensor 0, (2, 3)", [a, c]),
            wrong(
                IndexError, "stack(): dim 3 is out of range for a tensor of shape (2, 3): -3 to 2 are possible", [a], 3
            ),
            wrong(ValueError, "stack(): there are no tensors to join", []),
        ),
        draws=st.integers(-3, 2).map(lambda dim: s([a, b], dim)),
    ),
    Record(
        "getitem",
        (
            s(x, 1),
            s(x, -1),
            s(x, slice(1, 3)),
            s(x, (slice(None), 2)),
            s(x, (..., 0)),
            s(x, (None, slice(0, 4, 2))),
            s(x, (1, 2, 1)),
            s(x, ()),
            s(x, ...),
            s(x, None),
            s(x, slice(2, 2)),
            s(x, [0, 2]),
            s(x, rows),
            s(x, (rows, 1)),
            s(x, (columns, rows)),
            s(x, (slice(None), repeated)),
            s(x, (repeated, slice(1, 2), repeated % 2)),
            s(x, mask),
            s(x, x > 0),
            s(x, (slice(None), mask[0])),
            s(x, np.array(2)),
            s(x, (np.array(True))),
            s(x, np.zeros(0, np.int64)),
        ),
        errors=(
            wrong(IndexError, "x[…] with x of shape (4, 3, 2): index 4 is out of bounds for axis 0 with size 4", x, 4),
            wrong(IndexError, "x[…] with x of shape (4, 3, 2): too many indices", x, (0, 0, 0, 0)),
            wrong(IndexError, "x[…] with x of shape (4, 3, 2): boolean index did not match", x, mask[:2]),
        ),
        call=lambda x, index: x[index],
        oracle=lambda torch, x, index: x[index],
        draws=_indices(),
    ),
    _cut(
        "split",
        s(x, 2),
        s(x, 3),
        s(x, [1, 3]),
        s(x, (1, 0, 2), dim=1),
        s(x, 9, -1),
        s(normal(0, 2), 2),
        errors=(
            wrong(ValueError, "split(): the sizes [1, 1] do not add up to 4, dim 0 of shape (4, 3, 2)", x, [1, 1]),
            wrong(ValueError, "split(): the size of a piece must be at least 1, not 0", x, 0),
            wrong(IndexError, "split(): dim 3 is out of range for a tensor of shape (4, 3, 2)", x, 1, 3),
        ),
    ),
    _cut(
        "chunk",
        s(x, 2),
        s(x, 3),
        s(x, 9, dim=1),
        s(x, 1, -1),
        errors=(
            wrong(ValueError, "chunk(): at least 1 chunk is needed, not 0", x, 0),
            wrong(IndexError, "chunk(): dim 3 is out of range for a tensor of shape (4, 3, 2)", x, 1, 3),
        ),
    ),
    Record(
        "unbind",
        (s(x), s(x, 1), s(x, dim=-1)),
        errors=(wrong(IndexError, "unbind(): dim 3 is out of range for a tensor of shape (4, 3, 2)", x, 3),),
        draws=st.integers(-3, 2).map(lambda dim: s(x, dim)),
    ),
    Record(
        "one_hot",
        (s(classes(4, 5)), s(classes(4, 2, 3), 6), s(np.zeros(0, np.int64), 3), s(np.array(2), num_classes=4)),
        gradients=(),
        errors=(
            wrong(ValueError, "one_hot(): class numbers from 0 to 2 are needed", np.array([0, 3]), 3),
            wrong(ValueError, "one_hot(): class numbers from 0 to 2 are needed", np.array([0, -1]), 3),
            wrong(ValueError, "one_hot(): class numbers from 0 to 1 are needed, in an integer dtype", np.ones(2)),
        ),
    ),
)
