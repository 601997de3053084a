"""Records of `ops/joining.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import (
    Record,
    Sample,
    alias,
    arrays,
    classes,
    differs,
    normal,
    one_dim,
    s,
    wrong,
)

a, b, c = normal(2, 3), normal(2, 3, seed=1), normal(4, 3)
x = normal(4, 3, 2)
rows, columns, repeated = np.array([2, 0, 2]), np.array([[2], [0]]), np.array([1, 1, 1, -1])
mask = normal(4, 3) > 0


@st.composite
def indices(draw: st.DrawFn, shape: Any) -> Any:
    """Numbers, slices, new axes, `...`, lists, index arrays and masks, for all dimensions or some."""
    common: Any = draw(st.sampled_from(((2,), (1, 3), (), (0,))))
    parts: list[Any] = []
    left = list(shape)
    while len(left) > 0 and draw(st.integers(0, 3)):
        n, kind = left[0], draw(st.sampled_from("nsssaalm"))
        if kind in "na" and not n:
            kind = "s"
        if kind == "m" and len(left) > 1 and draw(st.booleans()) and not any(_is_array(p) for p in parts):
            parts.append(draw(arrays(left[:2], "b")))
            left = left[2:]
            break
        parts.append(draw(_part(kind, n, common)) if kind != "m" else draw(_part("s", n, common)))
        left = left[1:]
    if draw(st.booleans()):
        parts.insert(len(parts) if left else draw(st.integers(0, len(parts))), ...)
    if draw(st.integers(0, 3)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), None)
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


def _is_array(part: Any) -> bool:
    return isinstance(part, np.ndarray | list)


def _part(kind: str, n: int, common: Any) -> st.SearchStrategy[Any]:
    """A number, a slice, an array of indices or a list of them, for a dimension of size n."""
    if kind == "s":
        return st.slices(n).map(lambda p: p if (p.step or 1) > 0 else slice(p.stop, p.start, -p.step))
    if kind == "n":
        return st.integers(-n, n - 1)
    if kind == "l":
        return st.lists(st.integers(-n, n - 1), min_size=1, max_size=1) if n else st.just([])
    return arrays(common, "i").map(lambda a: a % n - n * (a % 2))


@st.composite
def _getitem(draw: st.DrawFn) -> Sample:
    x = draw(arrays(kinds="ffib"))
    return s(x, draw(st.one_of(indices(x.shape), st.just(draw(arrays(x.shape, "b"))))))


@st.composite
def _joined(draw: st.DrawFn, new: bool = False) -> Sample:
    """Tensors that fit, or are of shape (0,); of several dtypes at times."""
    shape = draw(st.lists(st.integers(0, 3), min_size=0 if new else 1, max_size=3))
    dim = draw(one_dim([*shape, 1] if new else shape))
    xs = []
    for i in range(draw(st.integers(1, 3))):
        sizes = list(shape)
        if not new:
            sizes[dim] = draw(st.integers(0, 3))
        empty = i and not new and draw(st.integers(0, 4)) == 0
        xs.append(draw(arrays((0,) if empty else sizes, draw(st.sampled_from(("f", "ffisub"))))))
    named: dict[str, Any] = {"dim": dim} if dim or draw(st.booleans()) else {}
    return s(draw(st.sampled_from((list, tuple)))(xs), **named)


@st.composite
def _cuts(draw: st.DrawFn) -> Sample:
    """By one size, or by several that add up."""
    x = draw(arrays(draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)), "ffi"))
    dim = draw(one_dim(x.shape))
    ends = sorted(draw(st.lists(st.integers(0, x.shape[dim]), max_size=3)))
    sizes = np.diff([0, *ends, x.shape[dim]]).tolist()
    return s(x, draw(st.one_of(st.integers(1, 6), st.just(sizes))), dim)


@st.composite
def _pieces(draw: st.DrawFn, lists: bool = False) -> Sample:
    x = draw(arrays(draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)), "ffi"))
    some = st.lists(st.integers(-3, 6), max_size=3).map(sorted).map(tuple)
    n = draw(st.one_of(st.integers(1, 7), some) if lists else st.integers(1, 7))
    return s(x, n, draw(one_dim(x.shape)))


def _cut(name: str, *samples: Sample, errors: Any, draws: Any) -> Record:
    return Record(name, samples, errors=errors, draws=draws)


@st.composite
def _stacks(draw: st.DrawFn) -> Sample:
    """Of one shape."""
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    return s([draw(arrays(shape, "ffi")) for _ in range(draw(st.integers(1, 3)))])


def _some() -> st.SearchStrategy[Any]:
    return arrays(kinds="ffi").filter(lambda x: x.ndim > 0)


def _classes() -> st.SearchStrategy[Any]:
    return arrays(kinds="i").filter(lambda x: x.size > 0)


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
        errors=(
            wrong(ValueError, f"{name}(): there are no tensors to join", []),
            wrong(TypeError, f"{name}(): a tuple or a list of tensors is needed, not tensor(", a),
            wrong(ValueError, *mistake),
        ),
        draws=_stacks(),
    )


RECORDS: tuple[Record, ...] = (
    _stacked("dstack", "cat(): tensor 1 has shape (4, 3, 1); all but dim 2 must match tensor 0, (2, 3, 1)", [a, c]),
    _stacked("column_stack", "cat(): tensor 1 has shape (4, 3); all but dim 1 must match tensor 0, (2, 3)", [a, c]),
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
        draws=_joined(),
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
        draws=_joined(new=True),
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
        draws=_getitem(),
        differs=(
            differs(
                "a slice may run backwards", "as in NumPy: it is a view, and costs nothing", x, slice(None, None, -1)
            ),
        ),
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
        draws=_cuts(),
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
        draws=_pieces(),
    ),
    _cut(
        "tensor_split",
        s(x, 3),
        s(x, (1, 3)),
        s(x, [0, 9, -1], dim=1),
        s(normal(2), 5),
        errors=(
            wrong(ValueError, "tensor_split(): at least 1 piece is needed, not 0", x, 0),
            wrong(IndexError, "tensor_split(): dim 3 is out of range", x, 1, 3),
        ),
        draws=_pieces(lists=True),
    ),
    Record(
        "unbind",
        (s(x), s(x, 1), s(x, dim=-1)),
        errors=(wrong(IndexError, "unbind(): dim 3 is out of range for a tensor of shape (4, 3, 2)", x, 3),),
        draws=st.builds(lambda x, dim: s(x, dim % x.ndim - x.ndim), _some(), st.integers(0, 9)),
    ),
    Record(
        "one_hot",
        draws=st.builds(lambda x, n: s(np.asarray(abs(x)), n), _classes(), st.sampled_from((-1, 4, 6))),
        samples=(s(classes(4, 5)), s(classes(4, 2, 3), 6), s(np.zeros(0, np.int64), 3), s(np.array(2), num_classes=4)),
        gradients=(),
        errors=(
            wrong(ValueError, "one_hot(): class numbers from 0 to 2 are needed", np.array([0, 3]), 3),
            wrong(ValueError, "one_hot(): class numbers from 0 to 2 are needed", np.array([0, -1]), 3),
            wrong(ValueError, "one_hot(): class numbers from 0 to 1 are needed, in an integer dtype", np.ones(2)),
        ),
    ),
)
RECORDS += (
    *alias(next(record for record in RECORDS if record.name == "cat"), "concat", "concatenate"),
    *alias(next(record for record in RECORDS if record.name == "vstack"), "row_stack"),
)
