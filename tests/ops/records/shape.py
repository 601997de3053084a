"""Records of `ops/shape.py`. Several take their sizes one by one or as a tuple: f(x, 2, 3), f(x, (2, 3))."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from records.record import SHAPES, Record, apart, normal, s, wrong

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
        s(normal(0, 3), 3, 0),
    )
    drawn = SHAPES.map(lambda shape: s(normal(*shape), tuple(shape[::-1])))
    error = wrong(ValueError, "reshape(): the 24 elements of shape (2, 3, 4) do not fit into shape (5, -1)", x, 5, -1)
    return Record(name, shapes, errors=(error,), draws=drawn, oracle="reshape" if name == "reshape" else _reshape)


def _reshape(torch, x, *shape):
    return x.reshape(*shape)


def _moved(torch, x, *dims):
    return x.permute(*dims)


def _expanded(torch, x, *shape):
    return x.expand(*shape)


RECORDS = (
    _sized("view"),
    Record(
        "reshape", _sized("view").samples, errors=_sized("view").errors, draws=_sized("view").draws, oracle=_reshape
    ),
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
        (s(row, 2, 3), s(row, (4, 2, -1)), s(normal(2, 1, 1), 2, 3, 4), s(normal(), 2), s(row, 0, 3), s(x, -1, 3, 4)),
        errors=(
            wrong(ValueError, "expand(): shape (1, 3) does not fit (2, 4); only sizes of 1 are repeated", row, 2, 4),
            wrong(ValueError, "expand(): shape (1, 3) does not fit (3,)", row, 3),
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
        (s(x, 2, 0, 1), s(x, (0, 2, 1)), s(x, [-1, 0, 1]), s(normal(), ()), s(normal(2, 0), 1, 0)),
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
        (s(x, 0), s(x, 0, -1), s(x, (1,)), s(x, []), s(normal(0, 3), 0)),
        errors=(wrong(IndexError, "flip(): " + out_of_range, x, 3),),
        draws=SHAPES.filter(len).map(lambda shape: s(normal(*shape), (0,))),
        oracle=lambda torch, x, *dims: x.flip(*dims) if dims != ([],) else x,
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
    Record(
        "pad",
        (s(x, (1, 2)), s(x, (1, 0, 0, 2), value=-1.5), s(x, (0, 0, 1, 1, 2, 0)), s(x, ()), s(normal(0, 2), [1, 1])),
        errors=(
            wrong(ValueError, "pad(): mode must be 'constant', not 'reflect'", x, (1, 1), "reflect"),
            wrong(
                ValueError,
                "pad(): (1, 2, 3) must be pairs of sizes ≥ 0, at most one per dimension of (2, 3, 4)",
                x,
                (1, 2, 3),
            ),
            wrong(ValueError, "pad(): (-1, 0) must be pairs of sizes ≥ 0", x, (-1, 0)),
        ),
        oracle=lambda torch, x, pad, *rest, **named: torch.nn.functional.pad(x, tuple(pad), *rest, **named),
        draws=SHAPES.filter(len).map(lambda shape: s(apart(*shape), (1, 0))),
    ),
)


def _dtype(torch, x, dtype):
    return x.dtype if dtype is None or isinstance(dtype, str) else getattr(torch, np.dtype(dtype).name)
