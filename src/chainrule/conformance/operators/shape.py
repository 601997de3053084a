"""Records of `ops/shape.py`. Several take their sizes one by one or as a tuple: f(x, 2, 3), f(x, (2, 3))."""

from typing import Any

from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import SHAPES, Record, Sample, alias, arrays, normal, one_dim, s, some_dims, wrong
from chainrule.tensor import Array

x = normal(2, 3, 4)
row = normal(1, 3)
out_of_range = "dim 3 is out of range for a tensor of shape (2, 3, 4): -3 to 2 are possible"


@st.composite
def _permutations(draw):
    shape = draw(SHAPES.filter(len))
    return s(normal(*shape), tuple(draw(st.permutations(range(len(shape))))))


@st.composite
def _sizes(draw: st.DrawFn) -> Sample:
    """Another shape of as many elements, −1 for a size at times; in one, or one by one."""
    x = draw(arrays(kinds="ffib"))
    sizes = list(draw(st.permutations(x.shape)))
    if len(sizes) > 1 and draw(st.booleans()):
        sizes = [sizes[0] * sizes[1], *sizes[2:], 1]
    if sizes and x.size and draw(st.booleans()):
        sizes[draw(st.integers(0, len(sizes) - 1))] = -1
    return _in_one(draw, x, sizes)


def _in_one(draw: st.DrawFn, x: Array, sizes: Any) -> Sample:
    """f(x, (2, 3)), f(x, [2, 3]) or f(x, 2, 3)."""
    form = draw(st.integers(0, 2))
    return s(x, *sizes) if form == 0 and len(sizes) > 1 else s(x, (tuple if form == 1 else list)(sizes))


@st.composite
def _expansions(draw: st.DrawFn) -> Sample:
    shape = draw(SHAPES)
    x = draw(arrays([draw(st.sampled_from((n, 1))) for n in shape], "ffib"))
    sizes = [draw(st.sampled_from((m, -1))) if m == n or n == 1 else m for n, m in zip(shape, x.shape, strict=True)]
    sizes = [draw(st.sampled_from((n, size))) for n, size in zip(shape, sizes, strict=True)]
    return _in_one(draw, x, [*draw(st.lists(st.integers(0, 3), max_size=2)), *sizes])


@st.composite
def _swaps(draw: st.DrawFn) -> Sample:
    x = draw(arrays(kinds="ffib"))
    return s(x, draw(one_dim(x.shape)), draw(one_dim(x.shape)))


@st.composite
def _flattened(draw: st.DrawFn) -> Sample:
    x = draw(arrays(kinds="ffib"))
    n = max(x.ndim, 1)
    start = draw(st.integers(0, n - 1))
    end = draw(st.integers(start, n - 1))
    ends = st.sampled_from((end, end - n))
    return s(x, start - draw(st.sampled_from((0, n))), draw(ends)) if draw(st.booleans()) else s(x, end_dim=draw(ends))


@st.composite
def _moves(draw: st.DrawFn) -> Sample:
    x = draw(arrays(draw(SHAPES.filter(len))))
    source = draw(some_dims(x.shape))
    places = draw(st.permutations(range(x.ndim)))[: len(source)]
    return s(x, source, tuple(places)) if draw(st.booleans()) else s(x, *draw(_swaps_of(x.shape)))


def _swaps_of(shape: Any) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(one_dim(shape), one_dim(shape))


@st.composite
def _rolls(draw: st.DrawFn) -> Sample:
    x = draw(arrays(kinds="ffib"))
    dims = draw(some_dims(x.shape))
    shifts = st.integers(-5, 5)
    if not dims or draw(st.booleans()):
        return s(x, draw(shifts), draw(one_dim(x.shape))) if x.ndim else s(x, draw(shifts))
    return s(x, tuple(draw(shifts) for _ in dims), dims)


@st.composite
def _repeats(draw: st.DrawFn, least: int = 0) -> Sample:
    x = draw(arrays(draw(st.lists(st.integers(0, 3), max_size=2)), "ffib"))
    counts = draw(st.lists(st.integers(0, 3), min_size=x.ndim if least else 0, max_size=3))
    return s(x, tuple(counts))


@st.composite
def _squeezed(draw: st.DrawFn) -> Sample:
    x = draw(arrays(draw(st.lists(st.sampled_from((1, 1, 2, 0)), max_size=4)), "ffib"))
    return s(x, draw(st.one_of(one_dim(x.shape), some_dims(x.shape)))) if draw(st.booleans()) else s(x)


def _in_tuple(sample: Sample) -> Sample:
    """f(x, (2, 3)) from f(x, 2, 3)."""
    x, *sizes = sample.args
    return s(x, sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else tuple(sizes))


def _has_dims(x: Array) -> bool:
    return x.ndim > 0


def _method(name: str) -> Any:
    """PyTorch's method, which takes sizes one by one too, where its function does not."""
    return lambda torch, input, *args, **named: getattr(input, name)(*args, **named)


def _sized(name: str) -> Record:
    shapes = (
        s(x, 4, 6),
        s(x, (24,)),
        s(x, -1, 4),
        s(x, [2, 3, 2, 2]),
        s(normal(), 1, 1),
        s(normal(1), ()),
        *([s(x, shape=(6, 4))] if name == "reshape" else []),
        s(normal(0, 3), 3, 0),
    )
    drawn = _sizes()
    error = wrong(ValueError, "reshape(): the 24 elements of shape (2, 3, 4) do not fit into shape (5, -1)", x, 5, -1)
    return Record(name, shapes, errors=(error,), draws=drawn, oracle=_method(name))


@st.composite
def _slices(draw: st.DrawFn) -> Sample:
    """Slices along a dimension, that overlap or leave gaps."""
    y = draw(arrays(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)), kinds="ffi"))
    dim = draw(one_dim(y.shape))
    return s(y, dim, draw(st.integers(0, y.shape[dim])), draw(st.integers(1, 3)))


RECORDS: tuple[Record, ...] = (
    Record(
        "Tensor.unfold",
        (s(x, 1, 2, 1), s(x, -1, 2, 3), s(x, dimension=2, size=4, step=1), s(normal(7), 0, 3, 2), s(x, 0, 0, 1)),
        errors=(
            wrong(ValueError, "unfold(): size=5 and step=1 do not fit dim 2 of shape (2, 3, 4)", x, 2, 5, 1),
            wrong(ValueError, "unfold(): size=2 and step=0 do not fit dim 2 of shape (2, 3, 4)", x, 2, 2, 0),
            wrong(IndexError, "unfold(): " + out_of_range, x, 3, 1, 1),
        ),
        oracle=lambda torch, input, *args, **named: input.unfold(*args, **named),
        draws=_slices(),
        call=getattr(cr.Tensor, "unfold"),  # noqa: B009
    ),
    _sized("view"),
    _sized("reshape"),
    Record(
        "flatten",
        (s(x), s(x, 1), s(x, 0, 1), s(x, start_dim=-2), s(normal()), s(normal(0, 3))),
        errors=(
            wrong(ValueError, "flatten(): start_dim 2 comes after end_dim 0 in shape (2, 3, 4)", x, 2, 0),
            wrong(IndexError, "flatten(): " + out_of_range, x, 3),
        ),
        draws=_flattened(),
    ),
    Record(
        "squeeze",
        (s(x), s(row), s(row, 0), s(row, 1), s(normal(1, 2, 1), (0, -1)), s(normal(1, 1)), s(normal(1, 0), 0)),
        errors=(wrong(IndexError, "squeeze(): " + out_of_range, x, 3),),
        draws=_squeezed(),
    ),
    Record(
        "unsqueeze",
        (s(x, 0), s(x, -1), s(x, 3), s(normal(), 0), s(normal(0), 1)),
        errors=(
            wrong(IndexError, "unsqueeze(): dim 4 is out of range for a tensor of shape (2, 3, 4): -4 to 3 are", x, 4),
        ),
        draws=st.builds(lambda x, i: s(x, i % (2 * x.ndim + 2) - x.ndim - 1), arrays(kinds="ffib"), st.integers(0, 99)),
    ),
    Record(
        "expand",
        (
            s(row, 2, 3),
            s(row, (4, 2, -1)),
            s(normal(2, 1, 1), 2, 3, 4),
            s(normal(), 2),
            s(row, 0, 3),
            s(x, -1, 3, 4),
            s(row, size=(2, -1)),
        ),
        errors=(
            wrong(ValueError, "expand(): shape (1, 3) does not fit (2, 4); only sizes of 1 are repeated", row, 2, 4),
            wrong(ValueError, "expand(): shape (1, 3) does not fit (3,)", row, 3),
            wrong(ValueError, "expand(): sizes (-1, 2, 3): −1 keeps a size of shape (1, 3)", row, -1, 2, 3),
        ),
        draws=_expansions(),
    ),
    Record(
        "broadcast_to",
        (s(row, (2, 3)), s(normal(), (2, 2)), s(x, (2, 3, 4)), s(row, size=[2, -1])),
        errors=(wrong(ValueError, "expand(): shape (1, 3) does not fit (2, 4)", row, (2, 4)),),
        draws=_expansions().map(_in_tuple),
    ),
    Record(
        "transpose",
        (s(x, 0, 1), s(x, -1, 0), s(x, 1, 1), s(normal(0, 2), 0, 1)),
        errors=(wrong(IndexError, "transpose(): " + out_of_range, x, 3, 0),),
        draws=_swaps(),
    ),
    Record(
        "t",
        (s(normal(2, 3)), s(normal(3)), s(normal()), s(normal(0, 3))),
        errors=(wrong(ValueError, "t(): a matrix is needed, not shape (2, 3, 4)", x),),
    ),
    Record(
        "permute",
        (
            s(x, 2, 0, 1),
            s(x, (0, 2, 1)),
            s(x, [-1, 0, 1]),
            s(x, dims=(2, 0, 1)),
            s(normal(), ()),
            s(normal(2, 0), 1, 0),
        ),
        errors=(
            wrong(
                ValueError, "permute(): dims (0, 1) must name each of the 3 dimensions of shape (2, 3, 4) once", x, 0, 1
            ),
            wrong(ValueError, "permute(): dim (0, 0, 1) names a dimension of shape (2, 3, 4) twice", x, 0, 0, 1),
            wrong(IndexError, "permute(): " + out_of_range, x, 0, 1, 3),
        ),
        draws=_permutations(),
        oracle=_method("permute"),
    ),
    Record(
        "flip",
        (s(x, 0), s(x, 0, -1), s(x, dims=(1,)), s(x, []), s(normal(0, 3), 0)),
        errors=(wrong(IndexError, "flip(): " + out_of_range, x, 3),),
        draws=st.builds(lambda x, i: s(x, (i % x.ndim,)), arrays().filter(_has_dims), st.integers(0, 9)),
        oracle=lambda torch, input, *dims, **named: input if dims == ([],) else input.flip(*dims, **named),
    ),
    Record(
        "unflatten",
        (s(x, 2, (2, 2)), s(x, -1, [-1, 2]), s(x, 0, (1, 2, 1)), s(x, dim=1, sizes=(3,)), s(normal(0, 2), 0, (0, 3))),
        errors=(
            wrong(IndexError, "unflatten(): " + out_of_range, x, 3, (1, 2)),
            wrong(ValueError, "unflatten(): the sizes (2, 3) do not make 4, dim 2 of shape (2, 3, 4)", x, 2, (2, 3)),
            wrong(ValueError, "unflatten(): the sizes (-1, -1) do not make 4, dim 2", x, 2, (-1, -1)),
        ),
    ),
    Record(
        "movedim",
        (s(x, 0, 2), s(x, -1, 0), s(x, (0, 1), (-1, 0)), s(x, [2, 0, 1], [0, 1, 2]), s(normal(2), 0, 0)),
        errors=(
            wrong(IndexError, "movedim(): " + out_of_range, x, 3, 0),
            wrong(ValueError, "movedim(): source (0, 1) and destination 2 must name as many dimensions", x, (0, 1), 2),
            wrong(ValueError, "movedim(): dim (0, 0) names a dimension of shape (2, 3, 4) twice", x, (0, 0), (1, 2)),
        ),
        draws=_moves(),
    ),
    Record(
        "roll",
        (s(x, 1), s(x, -5), s(x, 2, 1), s(x, (1, -2), (0, 2)), s(x, (1, 2), (1, 1)), s(x, shifts=[7], dims=[-1])),
        errors=(
            wrong(IndexError, "roll(): " + out_of_range, x, 1, 3),
            wrong(ValueError, "roll(): shifts (1, 2) and dims 0 must be as many", x, (1, 2), 0),
            wrong(ValueError, "roll(): without dims there is one shift, not (1, 2)", x, (1, 2)),
        ),
        draws=_rolls(),
    ),
    Record(
        "repeat",
        (
            s(x, 2, 1, 3),
            s(x, (2, 1, 1, 2)),
            s(normal(), 3),
            s(normal(2), [0]),
            s(x, repeats=(1, 2, 1)),
            s(normal(2), 3, 0),
            s(normal(), ()),
        ),
        errors=(
            wrong(ValueError, "repeat(): (2, 2) must be numbers ≥ 0, one or more for each dimension of", x, 2, 2),
            wrong(ValueError, "repeat(): (-1,) must be numbers ≥ 0", normal(2), -1),
        ),
        oracle=_method("repeat"),
        draws=_repeats(least=1),
    ),
    Record(
        "tile",
        (s(x, (2,)), s(x, (2, 1, 1, 2)), s(normal(), (3,)), s(normal(2), ()), s(row, dims=(0, 2))),
        errors=(wrong(ValueError, "repeat(): (-1,) must be numbers ≥ 0", normal(2), (-1,)),),
        draws=_repeats(),
        oracle=_method("tile"),
    ),
    Record(
        "rot90",
        (s(x), s(x, 2, (1, 2)), s(x, -1, [0, 2]), s(x, k=5), s(x, 0)),
        errors=(
            wrong(ValueError, "rot90(): dims (0,) must be two dimensions of shape (2, 3, 4)", x, 1, (0,)),
            wrong(TypeError, "rot90(): k must be a whole number, not 0.5", x, 0.5),
        ),
        draws=st.builds(
            s, arrays([2, 3, 2], "fi"), st.integers(-5, 5), some_dims([2, 3, 2]).filter(lambda dims: len(dims) == 2)
        ),
    ),
    *(
        Record(
            name,
            (s(x), s(normal(2, 3)), s(normal(0, 3))),
            errors=(wrong(IndexError, f"{name}(): dim {dim} is out of range", normal()),),
            draws=st.builds(s, arrays([3, 2], "fib")),
        )
        for name, dim in (("fliplr", 1), ("flipud", 0))
    ),
    Record("ravel", (s(x), s(normal()), s(normal(0, 3))), draws=st.builds(s, arrays(kinds="fib"))),
    *(
        Record(
            name, (s(x, normal(6, 4)), s(normal(1), normal())), errors=(wrong(ValueError, "reshape(): the 24", x, row),)
        )
        for name in ("reshape_as", "view_as")
    ),
    Record(
        "expand_as",
        (s(row, normal(2, 3)), s(normal(), row)),
        errors=(wrong(ValueError, "expand(): shape (1, 3) does not fit (2, 4)", row, normal(2, 4)),),
    ),
)
RECORDS += (
    *alias(RECORDS[[record.name for record in RECORDS].index("movedim")], "moveaxis"),
    *alias(RECORDS[[record.name for record in RECORDS].index("transpose")], "swapaxes", "swapdims"),
)
