"""Records of `ops/grids.py`."""

from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, Sample, arrays, broadcastable, normal, s, wrong

v, w, matrix = normal(3), normal(2), normal(2, 3)


@st.composite
def _vectors(draw: st.DrawFn, least: int = 1) -> Sample:
    """One by one, or in a list; numbers too."""
    return s(*[draw(arrays(draw(st.sampled_from(((), (0,), (2,), (3,)))))) for _ in range(draw(st.integers(least, 3)))])


def _lifted(name: str) -> Record:
    samples = (s(normal()), s(v), s(matrix), s(normal(2, 3, 4)), s(normal(), v), s([v, matrix]))
    return Record(name, samples, gradients=(0, 1), draws=st.builds(s, arrays(kinds="fi")))


def _shapes(torch: object, *shapes: object) -> tuple[int, ...]:
    return tuple(torch.broadcast_shapes(*shapes))  # type: ignore[attr-defined]


def _triangle(name: str) -> Record:
    small = st.integers(0, 4)
    return Record(
        name,
        (s(3, 3), s(3, 4, 1), s(4, 2, offset=-1), s(row=2, col=2), s(2, 3, dtype=cr.int32)),
        gradients=(),
        errors=(wrong(ValueError, f"{name}(): row -1 and col 2 must not be negative", -1, 2),),
        draws=st.builds(s, small, small, st.integers(-3, 3)),
    )


RECORDS = (
    _lifted("atleast_1d"),
    _lifted("atleast_2d"),
    _lifted("atleast_3d"),
    Record(
        "broadcast_shapes",
        (s((3, 1), (4,)), s((2, 3)), s((1,), (0,), (2, 1)), s((3,), ())),
        gradients=(),
        errors=(wrong(ValueError, "broadcast_shapes(): (3,), (4,) do not broadcast", (3,), (4,)),),
        oracle=_shapes,
        draws=broadcastable().map(lambda shapes: s(*shapes)),
    ),
    Record(
        "broadcast_tensors",
        (s(matrix, v), s(v, normal()), s(matrix), s(normal(0, 1), normal(3))),
        gradients=(0, 1),
        errors=(wrong(ValueError, "broadcast_shapes(): (3,), (2,) do not broadcast", v, w),),
        draws=broadcastable().map(lambda shapes: s(*(normal(*shape) for shape in shapes))),
    ),
    Record(
        "meshgrid",
        (s(v, w), s(v, w, indexing="ij"), s(v, w, normal(1), indexing="xy"), s([v, w]), s(normal(), v), s(v)),
        gradients=(0, 1, 2),
        errors=(
            wrong(ValueError, "meshgrid(): vectors are needed, not shapes [(2, 3)]", matrix),
            wrong(ValueError, "meshgrid(): indexing must be 'ij' or 'xy', not 'yx'", v, w, indexing="yx"),
        ),
        draws=st.builds(lambda call, how: s(*call.args, indexing=how), _vectors(), st.sampled_from(("ij", "xy"))),
    ),
    Record(
        "cartesian_prod",
        (s(v, w), s(v), s(v, w, normal(1)), s(v, normal(0))),
        gradients=(0, 1, 2),
        draws=_vectors(2).filter(lambda call: all(x.ndim for x in call.args)),
    ),
    _triangle("tril_indices"),
    _triangle("triu_indices"),
)
