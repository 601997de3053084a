"""Records of `ops/shape.py`. Several take their sizes one by one or as a tuple: f(x, 2, 3), f(x, (2, 3))."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import SHAPES, Record, normal, s, wrong

x = normal(2, 3, 4)
row = normal(1, 3)
out_of_range = "dim 3 is out of range for a tensor of shape (2, 3, 4): -3 to 2 are possible"


@st.composite
def _permutations(draw):
    shape = draw(SHAPES.filter(len))
    return s(normal(*shape), tuple(draw(st.permutations(range(len(shape))))))


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
    drawn = SHAPES.map(lambda shape: s(normal(*shape), tuple(shape[::-1])))
    error = wrong(ValueError, "reshape(): the 24 elements of shape (2, 3, 4) do not fit into shape (5, -1)", x, 5, -1)
    return Record(name, shapes, errors=(error,), draws=drawn, oracle=_reshape)


def _reshape(torch, x, *shape, **named):
    return x.reshape(*shape, **named)


def _moved(torch, x, *dims, **named):
    return x.permute(*dims, **named)


def _expanded(torch, x, *shape, **named):
    return x.expand(*shape, **named)


RECORDS = (
    _sized("view"),
    _sized("reshape"),
    Record(
        "flatten",
        (s(x), s(x, 1), s(x, 0, 1), s(x, start_dim=-2), s(normal()), s(normal(0, 3))),
        errors=(
            wrong(ValueError, "flatten(): start_dim 2 comes after end_dim 0 in shape (2, 3, 4)", x, 2, 0),
            wrong(IndexError, "flatten(): " + out_of_range, x, 3),
        ),
        draws=SHAPES.map(lambda shape: s(normal(*shape))),
    ),
    Record(
        "squeeze",
        (s(x), s(row), s(row, 0), s(row, 1), s(normal(1, 2, 1), (0, -1)), s(normal(1, 1)), s(normal(1, 0), 0)),
        errors=(wrong(IndexError, "squeeze(): " + out_of_range, x, 3),),
        draws=SHAPES.map(lambda shape: s(normal(*shape))),
    ),
    Record(
        "unsqueeze",
        (s(x, 0), s(x, -1), s(x, 3), s(normal(), 0), s(normal(0), 1)),
        errors=(
            wrong(IndexError, "unsqueeze(): dim 4 is out of range for a tensor of shape (2, 3, 4): -4 to 3 are", x, 4),
        ),
        draws=SHAPES.map(lambda shape: s(normal(*shape), len(shape) // 2)),
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
        oracle=_expanded,
        draws=SHAPES.map(lambda shape: s(normal(*shape, 1), (*shape, 3))),
    ),
    Record(
        "broadcast_to",
        (s(row, (2, 3)), s(normal(), (2, 2)), s(x, (2, 3, 4))),
        errors=(wrong(ValueError, "expand(): shape (1, 3) does not fit (2, 4)", row, (2, 4)),),
        draws=SHAPES.map(lambda shape: s(normal(1, *shape), (2, *shape))),
    ),
    Record(
        "transpose",
        (s(x, 0, 1), s(x, -1, 0), s(x, 1, 1), s(normal(0, 2), 0, 1)),
        errors=(wrong(IndexError, "transpose(): " + out_of_range, x, 3, 0),),
        draws=SHAPES.filter(len).map(lambda shape: s(normal(*shape), 0, -1)),
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
        oracle=_moved,
        draws=_permutations(),
    ),
    Record(
        "flip",
        (s(x, 0), s(x, 0, -1), s(x, dims=(1,)), s(x, []), s(normal(0, 3), 0)),
        errors=(wrong(IndexError, "flip(): " + out_of_range, x, 3),),
        draws=SHAPES.filter(len).map(lambda shape: s(normal(*shape), (0,))),
        oracle=lambda torch, x, *dims, **named: x.flip(*dims, **named) if dims != ([],) else x,
    ),
    Record(
        "unflatten",
        (s(x, 2, (2, 2)), s(x, -1, [-1, 2]), s(x, 0, (1, 2, 1)), s(x, dim=1, sizes=(3,)), s(normal(0, 2), 0, (0, 3))),
        errors=(
            wrong(IndexError, "unflatten(): " + out_of_range, x, 3, (1, 2)),
            wrong(ValueError, "unflatten(): the sizes (2, 3) do not make 4, dim 2 of shape (2, 3, 4)", x, 2, (2, 3)),
            wrong(ValueError, "unflatten(): the sizes (-1, -1) do not make 4, dim 2", x, 2, (-1, -1)),
        ),
        oracle=lambda torch, x, dim, sizes: torch.unflatten(x, dim, sizes),
    ),
    Record(
        "movedim",
        (s(x, 0, 2), s(x, -1, 0), s(x, (0, 1), (-1, 0)), s(x, [2, 0, 1], [0, 1, 2]), s(normal(2), 0, 0)),
        errors=(
            wrong(IndexError, "movedim(): " + out_of_range, x, 3, 0),
            wrong(ValueError, "movedim(): source (0, 1) and destination 2 must name as many dimensions", x, (0, 1), 2),
            wrong(ValueError, "movedim(): dim (0, 0) names a dimension of shape (2, 3, 4) twice", x, (0, 0), (1, 2)),
        ),
        draws=SHAPES.filter(len).map(lambda shape: s(normal(*shape), 0, len(shape) // 2)),
    ),
    Record(
        "roll",
        (s(x, 1), s(x, -5), s(x, 2, 1), s(x, (1, -2), (0, 2)), s(x, (1, 2), (1, 1)), s(x, shifts=[7], dims=[-1])),
        errors=(
            wrong(IndexError, "roll(): " + out_of_range, x, 1, 3),
            wrong(ValueError, "roll(): shifts (1, 2) and dims 0 must be as many", x, (1, 2), 0),
            wrong(ValueError, "roll(): without dims there is one shift, not (1, 2)", x, (1, 2)),
        ),
        draws=SHAPES.filter(len).map(lambda shape: s(normal(*shape), 2, -1)),
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
        oracle=lambda torch, x, *counts, **named: x.repeat(*counts, **named),
        draws=SHAPES.map(lambda shape: s(normal(*shape), (2, *range(1, len(shape) + 1)))),
    ),
    Record(
        "tile",
        (s(x, (2,)), s(x, (2, 1, 1, 2)), s(normal(), (3,)), s(normal(2), ()), s(row, dims=(0, 2))),
        errors=(wrong(ValueError, "repeat(): (-1,) must be numbers ≥ 0", normal(2), (-1,)),),
        oracle=lambda torch, x, dims: torch.tile(x, dims),
        draws=SHAPES.map(lambda shape: s(normal(*shape), (2, 1, 3))),
    ),
    Record("clone", (s(x), s(normal()), s(normal(0, 3))), draws=SHAPES.map(lambda shape: s(normal(*shape)))),
    Record(
        "contiguous",
        (s(x), s(x.transpose(2, 0, 1)), s(x[:, ::2]), s(normal())),
        oracle=lambda torch, x: x.contiguous(),
        draws=_permutations().map(lambda sample: s(sample.args[0].transpose(sample.args[1]))),
    ),
    Record(
        "to",
        (s(x, cr.float32, kink=True), s(x, cr.float64), s(x, "cpu"), s(x), s(x, copy=True), s(x, np.int64, kink=True)),
        oracle=lambda torch, x, dtype=None, **named: x.to(_dtype(torch, x, dtype), **named),
    ),
    Record("type_as", (s(x, np.arange(2), kink=True), s(x, x)), oracle=lambda torch, x, other: x.type_as(other)),
)


def _dtype(torch, x, dtype):
    return x.dtype if dtype is None or isinstance(dtype, str) else getattr(torch, np.dtype(dtype).name)
