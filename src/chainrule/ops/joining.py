"""Joining and cutting: several tensors to one, one to several, and parts by index."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, cast

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import numpy_names, one_dim
from chainrule.tensor import Array, Tensor, method, result_type

__all__ = ["cat", "chunk", "hstack", "one_hot", "split", "stack", "unbind", "vstack"]


# ---------------------------------------------------------------------------------------------- joining


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """One after the other along `dim`: (2, 4) and (3, 4) -> (5, 4). All other sizes must be equal."""
    if not len(tensors):
        raise ValueError("cat(): there are no tensors to join")
    return _cat(dim, *tensors)


@primitive
def _cat(dim: int, *xs: Array) -> tuple[Array, Pullback]:
    """dxᵢ = the part of dy that xᵢ went into"""
    axis = one_dim("cat", dim, xs[0].ndim, xs[0].shape)
    first = xs[0].shape
    for i, x in enumerate(xs):
        if x.ndim != len(first) or x.shape[:axis] != first[:axis] or x.shape[axis + 1 :] != first[axis + 1 :]:
            raise ValueError(f"cat(): tensor {i} has shape {x.shape}; all but dim {dim} must match tensor 0, {first}")
    parts = _parts([x.shape[axis] for x in xs], axis)
    return np.concatenate(xs, axis, dtype=_common_dtype(xs)), (_none, *[_part(p) for p in parts])


def _parts(sizes: Sequence[int], axis: int) -> list[tuple[Any, ...]]:
    """The indices of pieces of these sizes, one after the other along the axis."""
    whole = (slice(None),) * axis
    return [(*whole, slice(end - n, end)) for n, end in zip(sizes, accumulate(sizes), strict=True)]


def _common_dtype(xs: tuple[Array, ...]) -> Any:
    return result_type(*xs) if len({x.dtype for x in xs}) > 1 else xs[0].dtype


def _none(dy: Array) -> None:
    """The cotangent of an argument that is no tensor; never asked for."""


def _part(index: tuple[Any, ...]) -> Any:
    return lambda dy: dy[index]


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Side by side along a new dimension `dim`: two of (3, 4) -> (2, 3, 4). All shapes must be equal."""
    if not len(tensors):
        raise ValueError("stack(): there are no tensors to join")
    return _stack(dim, *tensors)


@primitive
def _stack(dim: int, *xs: Array) -> tuple[Array, Pullback]:
    """dxᵢ = the slice of dy that xᵢ went into"""
    axis = one_dim("stack", dim, xs[0].ndim + 1, xs[0].shape)
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise ValueError(f"stack(): tensor {i} has shape {x.shape}; it must match tensor 0, {xs[0].shape}")
    whole = (slice(None),) * axis
    return np.stack(xs, axis, dtype=_common_dtype(xs)), (_none, *[_part((*whole, i)) for i in range(len(xs))])


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along dim 1, or dim 0 of vectors; numbers count as vectors of one element."""
    rows = [x if x.ndim else x.reshape(1) for x in tensors]
    return cat(rows, 1 if rows and rows[0].ndim > 1 else 0)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One above the other: along dim 0; vectors count as rows, numbers as rows of one element."""
    return cat([x if x.ndim > 1 else x.reshape(1, x.numel()) for x in tensors])


# ---------------------------------------------------------------------------------------------- cutting


@method
@primitive
def getitem(x: Array, index: Any) -> tuple[Array, Pullback]:
    """x[index], indexed as in NumPy: numbers, slices, `...`, None, integer arrays, masks.   dx[index] += dy

    Numbers and slices give a view, arrays a copy. An element that was taken several times gets the sum.
    """
    try:
        y = x[index]
    except IndexError as error:
        raise IndexError(f"x[…] with x of shape {x.shape}: {error}") from None
    return y, lambda dy: _scattered(x, index, dy)


def _scattered(x: Array, index: Any, dy: Array) -> Array:
    """Zeros like x, and dy added to them at the index."""
    dx = np.zeros_like(x)
    if any(isinstance(i, list | np.ndarray) and np.asarray(i).dtype != np.bool_ for i in _listed(index)):
        np.add.at(dx, index, dy)  # knows repeated indices
    else:
        dx[index] = dy
    return dx


def _listed(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


@method
def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces along `dim`: of one size, the last perhaps smaller, or of the sizes in a list."""
    axis = one_dim("split", dim, tensor.ndim, tensor.shape)
    size, sizes = tensor.shape[axis], split_size_or_sections
    if isinstance(sizes, int):
        if sizes < 1:
            raise ValueError(f"split(): the size of a piece must be at least 1, not {sizes}")
        sizes = [min(sizes, size - start) for start in range(0, size, sizes)] or [0]
    if sum(sizes) != size or any(n < 0 for n in sizes):
        raise ValueError(f"split(): the sizes {list(sizes)} do not add up to {size}, dim {dim} of shape {tensor.shape}")
    return cast(tuple[Tensor, ...], _split(tensor, tuple(sizes), axis))


@primitive
def _split(x: Array, sizes: tuple[int, ...], axis: int) -> tuple[tuple[Array, ...], Pullback]:
    """dx = the pieces' cotangents, one after the other"""
    return tuple(x[part] for part in _parts(sizes, axis)), lambda *dys: np.concatenate(dys, axis)


@method
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal pieces along `dim`, the last perhaps smaller."""
    if chunks < 1:
        raise ValueError(f"chunk(): at least 1 chunk is needed, not {chunks}")
    size = input.shape[one_dim("chunk", dim, input.ndim, input.shape)]
    return split(input, max(1, -(-size // chunks)), dim)


@method
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The views input[0], input[1], … along `dim`."""
    return cast(tuple[Tensor, ...], _unbind(input, one_dim("unbind", dim, input.ndim, input.shape)))


@primitive
def _unbind(x: Array, axis: int) -> tuple[tuple[Array, ...], Pullback]:
    """dx = the slices' cotangents, side by side"""
    whole: Any = (slice(None),) * axis
    return tuple(x[(*whole, i, ...)] for i in range(x.shape[axis])), lambda *dys: np.stack(dys, axis)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers (…) as rows of zeros with a 1 at their place (…, num_classes); −1 takes the greatest plus one."""
    index = tensor.array
    n = int(index.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if index.dtype.kind not in "iu" or index.min(initial=0) < 0 or index.max(initial=-1) >= n:
        raise ValueError(f"one_hot(): class numbers from 0 to {n - 1} are needed, in an integer dtype")
    return Tensor((index[..., None] == np.arange(n)).astype(np.int64))
