"""Parts of a tensor, by place, by index tensor or by mask; and writing them into another.

An index tensor holds whole numbers from 0 to the size of its dimension − 1; an IndexError names one that does not.
Below, places are the positions that an index of shape (…) stands for: [d₀, …, index[d₀, …, dₙ], …, dₙ].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import all_dims, numpy_names, one_dim, row_dim, whole_number
from chainrule.ops.conversion import clone
from chainrule.tensor import Array, Tensor, method

__all__ = [
    "diag", "diag_embed", "diagflat", "diagonal", "gather", "index_select", "masked_fill", "masked_select", "narrow",
    "repeat_interleave", "select", "take", "take_along_dim", "trace", "tril", "triu",
]  # fmt: skip


def checked(name: str, index: Any, size: int) -> Array:
    """The index, if it is one of whole numbers from 0 to size − 1."""
    if not isinstance(index, np.ndarray) or index.dtype.kind not in "iu":
        raise TypeError(f"{name}(): the index must be a tensor of integers, not {getattr(index, 'dtype', index)!s}")
    bad = index[(index < 0) | (index >= size)]
    if bad.size:
        raise IndexError(f"{name}(): index {bad.flat[0]} is out of range: there are {size} elements, counted from 0")
    return index


def _none(dy: Array) -> None:
    """The cotangent of an argument that has none; never asked for."""


# ---------------------------------------------------------------------------------------------- a slice


@method
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The view input[…, index, …] at one place of `dim`, which is dropped; −1 is the last: (A, B, C), 1, 0 -> (A, C).

    dx = dy there, else 0. Errors: IndexError where there is no such dim or place.
    """
    axis, index = one_dim("select", dim, input.ndim, input.shape), whole_number("select", "index", index)
    if not -input.shape[axis] <= index < input.shape[axis]:
        raise IndexError(f"select(): index {index} is out of range for dim {dim} of shape {input.shape}")
    return input[(*(slice(None),) * axis, index)]


@method
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """The view input[…, start:start + length, …] along `dim`; a negative start counts from the end.

    (A, B), 1, 2, 3 -> (A, 3).   dx = dy there, else 0. Errors: IndexError where there is no such dim or part of it.
    """
    axis = one_dim("narrow", dim, input.ndim, input.shape)
    size, first = input.shape[axis], whole_number("narrow", "start", start)
    length = whole_number("narrow", "length", length)
    first += size if first < 0 else 0
    if not 0 <= first <= first + length <= size:
        raise IndexError(f"narrow(): start {start} and length {length} leave dim {dim} of shape {input.shape}")
    return input[(*(slice(None),) * axis, slice(first, first + length))]


@method
@primitive
def index_select(x: Array, dim: int, index: Array) -> tuple[Array, Pullback]:
    """The slices of x along `dim` at each number of `index`, a vector or one number.   dx[…, index, …] += dy

    Shapes: x (A, B, C), dim=1, index (K) -> (A, K, C). Errors: IndexError for a number or a dim out of range,
    ValueError where the index has more dimensions, TypeError where it is not of integers.
    """
    rows, axis = np.atleast_1d(x), row_dim("index_select", dim, x.shape)
    index = np.atleast_1d(checked("index_select", index, rows.shape[axis]))
    if index.ndim > 1 or (not x.ndim and index.size != 1):
        raise ValueError(f"index_select(): the index must be a vector, its shape is {index.shape}; x has {x.shape}")
    y = rows.take(index, axis)

    def dx(dy: Array) -> Array:
        dx = np.zeros_like(rows)
        np.add.at(np.moveaxis(dx, axis, 0), index, np.moveaxis(dy.reshape(y.shape), axis, 0))
        return dx.reshape(x.shape)

    return y if x.ndim else y.reshape(()), dx


@method
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: Any = None) -> Tensor:
    """Each element `repeats` times in a row (a number, or one for each in a tensor) along `dim`; None flattens first.

    (A, B), 3, dim=1 -> (A, 3·B).   dx = Σ dy over the copies. repeat_interleave(repeats) alone gives the indices:
    [2, 0, 1] -> [0, 0, 2]. `output_size` is not needed here.
    Errors: IndexError where there is no such dim, ValueError for negative repeats, or not as many as elements.
    """
    if repeats is None:
        return Tensor(np.repeat(np.arange(input.numel()), input.array))
    name = "repeat_interleave"
    x, axis = (input.reshape(-1), 0) if dim is None else (input, one_dim(name, dim, input.ndim, input.shape))
    counts = repeats.array if isinstance(repeats, Tensor) else np.asarray(whole_number(name, "repeats", repeats))
    n = x.shape[axis]
    if counts.shape not in ((), (1,), (n,)) or counts.dtype.kind not in "iu" or counts.min(initial=0) < 0:
        raise ValueError(f"repeat_interleave(): repeats must be a whole number ≥ 0 or {n} of them, not {repeats!r}")
    return index_select(x, axis, Tensor(np.repeat(np.arange(n), counts)))


# ---------------------------------------------------------------------------------------------- single elements


def places_of(name: str, x: Array, dim: int, index: Any) -> tuple[Array, ...]:
    """The positions in x that `index` stands for, as one index array per dimension of x."""
    axis = row_dim(name, dim, x.shape)
    checked(name, index, np.atleast_1d(x).shape[axis])
    index, shape = np.atleast_1d(index), np.atleast_1d(x).shape
    fits = index.ndim == len(shape) and all(
        n <= m for d, (n, m) in enumerate(zip(index.shape, shape, strict=True)) if d != axis
    )
    if not fits and index.size:
        raise ValueError(
            f"{name}(): the index of shape {index.shape} does not fit x of shape {x.shape}\n"
            f"  both need as many dimensions, and the index no greater size but in dim {dim}"
        )
    if not fits:
        return tuple(np.zeros(index.shape, np.int64) for _ in shape)
    grid = list(np.indices(index.shape, sparse=True))
    grid[axis] = index
    return tuple(np.broadcast_arrays(*grid))


def add_at(y: Array, places: tuple[Array, ...], values: Array) -> None:
    """y[places] += values, adding up where a place comes several times."""
    if values.size:
        np.add.at(y.reshape(-1), np.ravel_multi_index(places, y.shape).reshape(-1), values.reshape(-1))


@method
@numpy_names
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """y = input at the places of `index`: for dim=1 of a matrix, y[i, j] = input[i, index[i, j]].   dx[places] += dy

    Shapes: that of the index -> the same; its sizes may be smaller than those of input but in `dim`.
    `sparse_grad` is taken for PyTorch's sake: the gradient is always dense.
    Errors: IndexError for an index out of range, ValueError where the shapes do not fit, TypeError without integers.
    """
    return _gather(input, dim, index)


@primitive
def _gather(x: Array, dim: int, index: Array) -> tuple[Array, Pullback]:
    """dx[places] += dy"""
    places = places_of("gather", x, dim, index)

    def dx(dy: Array) -> Array:
        dx = np.zeros(x.shape or (1,), x.dtype)
        add_at(dx, places, dy)
        return dx.reshape(x.shape)

    return np.atleast_1d(x)[places].reshape(index.shape), dx


@_gather.native
def _(x: Array, dim: int, index: Array) -> tuple[Array, Pullback]:
    axis = row_dim("gather", dim, x.shape)
    y = core.gather(x, index, axis)  # declines what is out of range, and an index that is smaller than x
    return y, lambda dy: core.gather_grad(dy, index, axis, x.shape[axis])


@method
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at these places of the flattened input, in the shape of `index`; −1 is the last. dx[index] += dy

    Errors: IndexError for a place that there is not, TypeError where they are no integers.
    """
    n = input.numel()
    places = np.where(index.array < 0, index.array + n, index.array)
    return gather(input.reshape(-1), 0, Tensor(places.reshape(-1).astype(index.dtype))).reshape(index.shape)


@method
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather`, but the other dimensions of both are broadcast, and negative `indices` count from the end.

    Without `dim` it takes from the flattened input: [4, 7], [1, 1, 0] -> [7, 7, 4]. Gradient as in `gather`.
    Errors: IndexError for an index or a dim out of range, ValueError where the shapes do not fit.
    """
    if dim is None:
        return take_along_dim(input.reshape(-1), Tensor(indices.array.reshape(-1)), 0)
    axis = one_dim("take_along_dim", dim, input.ndim, input.shape)
    if indices.ndim != input.ndim:
        raise ValueError(f"take_along_dim(): shapes {input.shape} and {indices.shape} need as many dimensions")
    n, k = input.shape[axis], indices.shape[axis]
    try:
        shape = np.broadcast_shapes(_with(input.shape, axis, 1), _with(indices.shape, axis, 1))
    except ValueError:
        raise ValueError(f"take_along_dim(): {input.shape} and {indices.shape} do not broadcast beside {dim}") from None
    index = np.broadcast_to(indices.array, _with(shape, axis, k))
    whole = input.broadcast_to(_with(shape, axis, n))
    return gather(whole, axis, Tensor(np.where(index < 0, index + n, index)))


def _with(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


# ---------------------------------------------------------------------------------------------- masks


def check_mask(name: str, mask: Any) -> None:
    if getattr(mask, "dtype", None) != np.bool_:
        raise TypeError(f"{name}(): the mask must be a tensor of truth values, not {getattr(mask, 'dtype', mask)!s}")


def common_shape(name: str, x: Any, mask: Any) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(x.shape, mask.shape)
    except ValueError:
        raise ValueError(f"{name}(): the shapes {x.shape} and mask {mask.shape} do not broadcast") from None


@method
@primitive
def masked_fill(x: Array, mask: Array, value: Any) -> tuple[Array, Pullback]:
    """value (a number, or a tensor without dimensions) where mask, else x.   dx = 0 where mask, else dy

    dvalue = Σ dy where mask. Shapes are broadcast; the dtype is that of x.
    Errors: ValueError where the shapes do not broadcast, or value has dimensions, TypeError for a mask that is not of
    truth values.
    """
    check_mask("masked_fill", mask)
    if not isinstance(value, np.ndarray | int | float | np.generic):
        raise TypeError(f"masked_fill(): value must be a number, not {value!r}")
    if np.ndim(value):
        raise ValueError(f"masked_fill(): value must be a number, its shape is {np.shape(value)}; where() takes any")
    common_shape("masked_fill", x, mask)
    y = np.where(mask, np.asarray(value).astype(x.dtype), x)
    return y, (lambda dy: np.where(mask, 0, dy), _none, lambda dy: np.where(mask, dy, 0))


@masked_fill.native
def _(x: Array, mask: Array, value: Any) -> tuple[Array, Pullback]:
    if not isinstance(value, int | float):
        raise Unsupported
    bits = core.mask(mask, x)
    y = core.either(core.where(bits, value), core.where_not(bits, x))
    return y, (lambda dy: core.where_not(bits, dy), _none, _none)


@method
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where mask is true, in row-major order, as a vector. Shapes are broadcast.   dx[mask] = dy

    Errors: ValueError where the shapes do not broadcast, TypeError for a mask that is not of truth values.
    """
    check_mask("masked_select", mask)
    shape = common_shape("masked_select", input, mask)
    return input.broadcast_to(shape)[Tensor(np.broadcast_to(mask.array, shape))]


# ---------------------------------------------------------------------------------------------- diagonals


def _check_matrix(name: str, x: Array, diagonal: int) -> None:
    whole_number(name, "diagonal", diagonal)
    if x.ndim < 2:
        raise ValueError(f"{name}(): at least two dimensions are needed, the shape is {x.shape}")


@method
@primitive
def tril(x: Array, diagonal: int = 0) -> tuple[Array, Pullback]:
    """The lower triangle of each matrix (…, M, N), up to the diagonal `diagonal` places right of the main one, else 0.

    Same shape.   dx = the lower triangle of dy. Errors: ValueError for fewer than two dimensions.
    """
    _check_matrix("tril", x, diagonal)
    return np.tril(x, diagonal), lambda dy: np.tril(dy, diagonal)


@method
@primitive
def triu(x: Array, diagonal: int = 0) -> tuple[Array, Pullback]:
    """The upper triangle of each matrix (…, M, N), from the diagonal `diagonal` places right of the main one, else 0.

    Same shape.   dx = the upper triangle of dy. Errors: ValueError for fewer than two dimensions.
    """
    _check_matrix("triu", x, diagonal)
    return np.triu(x, diagonal), lambda dy: np.triu(dy, diagonal)


@method
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Of a vector the matrix that has it on its diagonal, of a matrix the diagonal. dx is dy the other way round.

    Shapes: (N) -> (N, N), and back; with `diagonal` k it is k places right of the main one: (N) -> (N + |k|, N + |k|).
    Errors: ValueError for more dimensions.
    """
    if input.ndim not in (1, 2):
        raise ValueError(f"diag(): a vector or a matrix is needed, not shape {input.shape}; diagonal() takes any")
    return _matrix(input, diagonal) if input.ndim == 1 else clone(_diagonal(input, diagonal, 0, 1))


@primitive
def _matrix(x: Array, offset: int) -> tuple[Array, Pullback]:
    """dx = the diagonal of dy"""
    return np.diag(x, offset), lambda dy: np.diagonal(dy, offset)


@method
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix that has the flattened elements on its diagonal, or `offset` places right of it: (A, B) -> (A·B, A·B).

    dx = dy there. See `diag`.
    """
    return _matrix(input.reshape(-1), offset)


@method
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices, in the dimensions dim1 and dim2, with the last dimension on their diagonals, else 0.   dx = dy there

    Shapes: (A, N) -> (A, N, N); |offset| places beside the main diagonal, (A, N + |offset|, N + |offset|).
    Errors: IndexError where there is no such dim, ValueError where both are one.
    """
    return _embedded(input, offset, *all_dims("diag_embed", (dim1, dim2), (*input.shape, 1)))


@primitive
def _embedded(x: Array, offset: int, dim1: int, dim2: int) -> tuple[Array, Pullback]:
    """dx = dy on the diagonal"""
    n = x.shape[-1] + abs(offset)
    y = np.zeros((*x.shape[:-1], n, n), x.dtype)
    rows = np.arange(x.shape[-1])
    y[..., rows + max(-offset, 0), rows + max(offset, 0)] = x
    return np.moveaxis(y, (-2, -1), (dim1, dim2)), lambda dy: np.diagonal(dy, offset, dim1, dim2)


@method
def trace(input: Tensor) -> Tensor:
    """Σ x[i, i] of a matrix: (M, N) -> ().   dx = dy on the diagonal, else 0

    Errors: ValueError for what is no matrix.
    """
    if input.ndim != 2:
        raise ValueError(f"trace(): a matrix is needed, not shape {input.shape}")
    y: Tensor = diagonal(input).sum()
    return y


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """As `diagonal`, of the last two dimensions unless said otherwise: A (…, M, N) -> (…, min(M, N))."""
    return diagonal(A, offset, dim1, dim2)


@method
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The elements x[…, i, …, i + offset, …] of two dimensions, which are dropped for one at the end.

    Shapes: (A, B, C), dim1=0, dim2=2 -> (B, min(A, C)).   dx = dy on the diagonal, else 0
    Unlike in PyTorch the result cannot be written to.
    Errors: IndexError where there is no such dim, ValueError where both are one.
    """
    return _diagonal(input, offset, dim1, dim2)


@primitive
def _diagonal(x: Array, offset: int, dim1: int, dim2: int) -> tuple[Array, Pullback]:
    """dx = dy on the diagonal, else 0"""
    a, b = all_dims("diagonal", (dim1, dim2), x.shape)
    offset = max(-x.shape[a], min(offset, x.shape[b]))  # beyond there is nothing

    def dx(dy: Array) -> Array:
        dx = np.zeros_like(x)
        view = np.diagonal(dx, offset, a, b)
        view.flags.writeable = True
        view[...] = dy
        return dx

    return np.diagonal(x, offset, a, b), dx
