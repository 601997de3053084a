"""Several tensors brought to one shape, and all combinations of their elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.dtypes import int64
from chainrule.ops.arguments import whole_number
from chainrule.ops.joining import stack
from chainrule.ops.shape import broadcast_to, transpose
from chainrule.tensor import Tensor, listed

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_shapes", "broadcast_tensors", "cartesian_prod", "meshgrid",
    "tril_indices", "triu_indices",
]  # fmt: skip


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that these `shapes`, or numbers for shapes of one dimension, are broadcast to: (3, 1), (4,) -> (3, 4).

    Counted from the right, sizes must be equal, or 1, or missing. Errors: ValueError where they are not.
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"broadcast_shapes(): {', '.join(map(str, shapes))} do not broadcast") from None


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All `tensors` in their common shape, views without a copy; see `broadcast_to`.

    Errors: ValueError where there is no common shape.
    """
    given = listed(tensors)
    shape = broadcast_shapes(*[x.shape for x in given])
    return tuple(broadcast_to(x, shape) for x in given)


def _each(tensors: tuple[Any, ...], f: Any) -> Any:
    """f of a tensor, or of several: f(x, y) and f([x, y]) alike."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return f(tensors[0])
    return tuple(f(x) for x in listed(tensors))


def atleast_1d(*tensors: Any) -> Any:
    """A tensor, or several, with at least one dimension: `tensors` () -> (1).   dx = dy in the shape of x"""
    return _each(tensors, lambda x: x if x.ndim else x.reshape(1))


def atleast_2d(*tensors: Any) -> Any:
    """A tensor, or several, with at least two dimensions: `tensors` () -> (1, 1), (N) -> (1, N).

    dx = dy in the shape of x.
    """
    return _each(tensors, lambda x: x if x.ndim > 1 else x.reshape(1, x.numel()))


def atleast_3d(*tensors: Any) -> Any:
    """A tensor, or several, with at least three dimensions.   dx = dy in the shape of x

    Shapes: `tensors` () -> (1, 1, 1), (N) -> (1, N, 1), (M, N) -> (M, N, 1).
    """
    return _each(tensors, lambda x: x if x.ndim > 2 else x.reshape(*(x.shape if x.ndim == 2 else (1, x.numel())), 1))


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid, from vectors with those of its axes: yₖ[i₀, i₁, …] = xₖ[iₖ], views without a copy.

    Shapes: `tensors` (M), (N) -> (M, N), (M, N); with indexing="xy", as for images, (N, M), (N, M). Numbers count as
    vectors.   dxₖ = Σ dyₖ over the other axes
    Errors: ValueError for what is no vector, and another `indexing`; TypeError for what is no tensor.
    """
    vectors = [x.reshape(-1) if not x.ndim else x for x in listed(tensors)]
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid(): indexing must be 'ij' or 'xy', not {indexing!r}")
    if not vectors or any(x.ndim > 1 for x in vectors):
        raise ValueError(f"meshgrid(): vectors are needed, not shapes {[x.shape for x in vectors]}")
    shape = tuple(x.numel() for x in vectors)
    grids = [
        broadcast_to(x.reshape(*[-1 if i == k else 1 for i in range(len(shape))]), shape) for k, x in enumerate(vectors)
    ]
    return tuple(transpose(y, 0, 1) if indexing == "xy" and len(shape) > 1 else y for y in grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of the elements of vectors, a row for each, the last one changing fastest.

    Shapes: `tensors` (M), (N) -> (M·N, 2); of one vector it is that vector.   dx = Σ dy over the rows that x is in
    """
    if len(tensors) == 1:
        return tensors[0]
    return stack([y.reshape(-1) for y in meshgrid(*tensors)], 1)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64) -> Tensor:
    """The places of the lower triangle of a matrix (row, col), up to `offset` right of the diagonal: -> (2, n).

    Rows above columns, in `dtype`. See `tril`. Errors: ValueError where row or col is negative.
    """
    return _triangle("tril_indices", np.tril_indices, row, col, offset, dtype)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64) -> Tensor:
    """The places of the upper triangle of a matrix (row, col), from `offset` right of the diagonal: -> (2, n).

    Rows above columns, in `dtype`. See `triu`. Errors: ValueError where row or col is negative.
    """
    return _triangle("triu_indices", np.triu_indices, row, col, offset, dtype)


def _triangle(name: str, f: Any, row: int, col: int, offset: int, dtype: Any) -> Tensor:
    n, m, k = (whole_number(name, what, v) for what, v in (("row", row), ("col", col), ("offset", offset)))
    if n < 0 or m < 0:
        raise ValueError(f"{name}(): row {row} and col {col} must not be negative")
    return Tensor(np.stack(f(n, k, m)).astype(dtype))
