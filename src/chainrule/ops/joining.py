"""Joining and cutting: several tensors to one, one to several, and parts by index."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, cast

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.dtypes import result_type
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import methods, numpy_names, one_dim, whole_number, whole_numbers
from chainrule.tensor import Array, Tensor, method

__all__ = [
    "cat", "chunk", "column_stack", "concat", "concatenate", "dstack", "hstack", "one_hot", "row_stack", "split",
    "stack", "tensor_split", "unbind", "vstack",
]  # fmt: skip


# ---------------------------------------------------------------------------------------------- joining


def _tensors(name: str, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """What is to be joined: at least one tensor, in a tuple or a list."""
    if not isinstance(tensors, tuple | list) or [x for x in tensors if not isinstance(x, Tensor)]:
        found = ", ".join(type(x).__name__ for x in tensors) if isinstance(tensors, tuple | list) else tensors
        raise TypeError(f"{name}(): a tuple or a list of tensors is needed, not {found}")
    if not tensors:
        raise ValueError(f"{name}(): there are no tensors to join")
    return tensors


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """One after the other along `dim`, also called concat and concatenate.   dxᵢ = the part of dy that xᵢ went into

    Shapes: `tensors` (2, 4) and (3, 4) -> (5, 4) for dim=0. All other sizes must be equal, but a tensor of shape (0,)
    goes with any. The dtype is the common one.
    Errors: ValueError where the shapes do not fit or there is nothing to join, IndexError where there is no such dim,
    TypeError where the tensors are not in a tuple or a list.
    """
    return _cat(dim, *_tensors("cat", tensors))


concat = concatenate = cat


@primitive
def _cat(dim: int, *xs: Array) -> tuple[Array, Pullback]:
    """dxᵢ = the part of dy that xᵢ went into"""
    n = next((i for i, x in enumerate(xs) if x.shape != (0,)), 0)
    first = xs[n].shape
    axis = one_dim("cat", dim, len(first), first)
    others = (*first[:axis], *first[axis + 1 :])
    for i, x in enumerate(xs):
        if x.shape == first or x.shape == (0,):
            continue
        if len(x.shape) != len(first) or (*x.shape[:axis], *x.shape[axis + 1 :]) != others:
            raise ValueError(f"cat(): tensor {i} has shape {x.shape}; all but dim {dim} must match tensor {n}, {first}")
    fitting = [x if x.ndim == len(first) else x.reshape((*first[:axis], 0, *first[axis + 1 :])) for x in xs]
    parts = _parts(tuple([x.shape[axis] for x in fitting]), axis)
    y = np.concatenate(fitting, axis, dtype=_common_dtype(xs))
    return y, (_none, *[_part(part, x.shape) for part, x in zip(parts, xs, strict=True)])


@_cat.native
def _(dim: int, *xs: Array) -> tuple[Array, Pullback]:
    if type(dim) is not int:
        raise Unsupported
    axis = dim + xs[0].ndim if dim < 0 else dim
    y = core.join(xs, axis, False)
    return y, (_none, *map(itemgetter, _parts(tuple([x.shape[axis] for x in xs]), axis)))


@functools.lru_cache(maxsize=1024)  # a model asks for the same few at every step
def _parts(sizes: tuple[int, ...], axis: int) -> tuple[tuple[Any, ...], ...]:
    """The indices of pieces of these sizes, one after the other along the axis."""
    whole, end = (slice(None),) * axis, 0
    return tuple((*whole, slice(end, end := end + n)) for n in sizes)


def _common_dtype(xs: tuple[Array, ...]) -> Any:
    return result_type(*xs) if len({x.dtype for x in xs}) > 1 else xs[0].dtype


def _none(dy: Array) -> None:
    """The cotangent of an argument that is no tensor; never asked for."""


def _part(index: tuple[Any, ...], shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """The cotangent of what went into this part, in its shape."""
    return lambda dy: dy[index].reshape(shape)


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Side by side along a new dimension `dim`.   dxᵢ = the slice of dy that xᵢ went into

    Shapes: `tensors` (3, 4) and (3, 4) -> (2, 3, 4) for dim=0. All must be equal; the dtype is the common one.
    Errors: ValueError where the shapes differ or there is nothing to join, IndexError where there is no such dim,
    TypeError where the tensors are not in a tuple or a list.
    """
    return _stack(dim, *_tensors("stack", tensors))


@primitive
def _stack(dim: int, *xs: Array) -> tuple[Array, Pullback]:
    """dxᵢ = the slice of dy that xᵢ went into"""
    axis = one_dim("stack", dim, xs[0].ndim + 1, xs[0].shape)
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise ValueError(f"stack(): tensor {i} has shape {x.shape}; it must match tensor 0, {xs[0].shape}")
    whole = (slice(None),) * axis
    y = np.stack(xs, axis, dtype=_common_dtype(xs))
    return y, (_none, *[_part((*whole, i), x.shape) for i, x in enumerate(xs)])


@_stack.native
def _(dim: int, *xs: Array) -> tuple[Array, Pullback]:
    if type(dim) is not int:
        raise Unsupported
    axis = dim + xs[0].ndim + 1 if dim < 0 else dim
    y = core.join(xs, axis, True)
    whole = (slice(None),) * axis
    return y, (_none, *[itemgetter((*whole, i, ...)) for i in range(len(xs))])


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along dim 1, or dim 0 of vectors; numbers count as vectors of one element. See `cat`."""
    rows = [x.reshape(x.shape or (1,)) for x in _tensors("hstack", tensors)]
    return cat(rows, 1 if rows[0].ndim > 1 else 0)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One above the other: along dim 0; vectors count as rows, numbers as rows of one element: (3), (3) -> (2, 3).

    Also row_stack. Gradients and errors as in `cat`.
    """
    return cat([x if x.ndim > 1 else x.reshape(1, x.numel()) for x in _tensors("vstack", tensors)])


row_stack = vstack


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other: along dim 2; matrices (M, N) count as (M, N, 1), vectors (N) as (1, N, 1) -> (1, N, 2).

    Gradients and errors as in `cat`.
    """
    return cat([x if x.ndim > 2 else _deep(x) for x in _tensors("dstack", tensors)], 2)


def _deep(x: Tensor) -> Tensor:
    y: Tensor = x.reshape(1, x.numel(), 1) if x.ndim < 2 else x.unsqueeze(-1)
    return y


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along dim 1; vectors count as columns, numbers as columns of one element: (2), (2) -> (2, 2).

    Gradients and errors as in `cat`.
    """
    return cat([x if x.ndim > 1 else x.reshape(x.numel(), 1) for x in _tensors("column_stack", tensors)], 1)


# ---------------------------------------------------------------------------------------------- cutting


@method
@primitive(moves=True)
def getitem(x: Array, index: Any) -> tuple[Array, Pullback]:
    """x[index]: numbers, slices, `...`, None, integer arrays, masks, one for each dimension.   dx[index] += dy

    Numbers and slices come first and give a view, then arrays, which are broadcast against each other and give a copy.
    Of a vector, x[0] += w puts the sum into x, on the tape too; x[0].add_(w) is refused there.
    An element that was taken several times gets the sum. Unlike in PyTorch a slice may run backwards.
    Errors: IndexError for a number out of range, for too many, and for a mask of another size.
    """
    try:
        basic, arrays = in_steps(x, index)
        y = x[basic] if arrays is None else x[basic][arrays]
        if arrays is None and type(y) is not np.ndarray:
            y = x[with_dots(basic)]
    except (IndexError, ValueError) as error:
        raise type(error)(f"x[…] with x of shape {x.shape}: {error}") from None

    shape, dtype = x.shape, x.dtype  # all that is needed of x on the way back

    def dx(dy: Array) -> Array:
        dx = _zeros(shape, dtype)
        if arrays is None:
            dx[basic] = dy
        elif _each_once([a for a in arrays if not isinstance(a, slice)]):
            dx[basic][arrays] = dy
        else:
            np.add.at(dx[basic], arrays, dy)  # knows repeated indices, and is slow
        return dx

    return y, dx


@getitem.native
def _(x: Array, index: Any) -> tuple[Array, Pullback]:
    one_number_a_row = type(index) is np.ndarray and index.dtype == np.int64 and index.ndim == 1 and x.ndim == 2
    if not one_number_a_row or not x.flags.c_contiguous:
        return getitem.reference(x, index)
    V = len(x)
    return core.embedding(index, x), lambda dy: core.embedding_grad(dy, index, V, -1, False)


LARGE = range(2**16, 2**23)
"""Elements for which zeros come sooner from the kernels, whose memory was in use before; new memory is zero anyway."""


def _zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    n = math.prod(shape)
    if core is None or n not in LARGE or dtype not in (np.float32, np.float64):
        return np.zeros(shape, dtype)
    return core.pad(np.zeros(0, dtype), ((0, n),), 0.0).reshape(shape)  # type: ignore[no-any-return]


def with_dots(basic: Any) -> Any:
    """The index with `...` at its end, by which NumPy makes a view of a single element, too."""
    parts = basic if isinstance(basic, tuple) else (basic,)
    return parts if any(part is ... for part in parts) else (*parts, ...)


def _each_once(indices: list[Array]) -> bool:
    """Whether these masks, or this vector of numbers, surely take no element twice."""
    if all(index.dtype == np.bool_ for index in indices):
        return True
    first = indices[0]
    return len(indices) == 1 and bool(first.min(initial=0) >= 0) and len(np.unique(first)) == first.size


def in_steps(x: Array, index: Any) -> tuple[Any, tuple[Any, ...] | None]:
    """The index in two steps: numbers and slices, then arrays and masks, or None if there are none."""
    parts = index if isinstance(index, tuple) else (index,)
    if _BASIC.issuperset(map(type, parts)):
        return index, None
    parts = tuple(_index_part(part) for part in parts)
    if all(type(part) in _BASIC for part in parts):
        return parts, None
    covered = x.ndim - sum(map(_taken, parts))  # what `...` stands for
    basic: list[Any] = []
    arrays: list[Any] = []
    for part in parts:
        if type(part) in _BASIC:
            basic.append(part)
            arrays += [slice(None)] * (covered if part is ... else type(part) is not int)
        else:
            basic += [slice(None)] * _taken(part)
            arrays.append(part)
    return tuple(basic) if ... in basic else (*basic, ...), tuple(arrays)


_BASIC = {int, slice, type(...), type(None)}


def _index_part(part: Any) -> Any:
    """A number, a slice, `...`, None, or an array of whole numbers or truth values."""
    if type(part) in _BASIC:
        return part
    array = np.asarray(part)
    if not array.size and isinstance(part, list | range):
        return array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise IndexError(f"numbers, slices, `...`, None, integer tensors and masks are possible, not {part!r}")
    if array.dtype == np.uint8:  # PyTorch's masks before it had truth values
        return array.astype(np.bool_)
    return array if array.ndim or array.dtype == np.bool_ else int(array)


def _taken(part: Any) -> int:
    """How many dimensions a part of an index is for."""
    if part is None or part is ...:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == np.bool_ else 1


@numpy_names
def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces along `dim`: of one size, the last perhaps smaller, or of the sizes in a list.

    `tensor` (7), split_size_or_sections=3 -> (3), (3), (1);   (7), [2, 5] -> (2), (5).
    dx = the pieces' cotangents, one after the other. As a method, the argument is called split_size.
    Errors: ValueError where the sizes do not add up to that of `dim`, or the one is below 1, IndexError where there is
    no such dim.
    """
    axis = one_dim("split", dim, tensor.ndim, tensor.shape)
    size = tensor.shape[axis]
    sizes = _sections(split_size_or_sections, size)
    if sum(sizes) != size or any(n < 0 for n in sizes):
        raise ValueError(f"split(): the sizes {list(sizes)} do not add up to {size}, dim {dim} of shape {tensor.shape}")
    return cast("tuple[Tensor, ...]", _split(tensor, sizes, axis))


def _sections(sizes: Any, size: int) -> tuple[int, ...]:
    """The sizes of pieces, of which all may be given by one number."""
    if isinstance(sizes, tuple | list):
        return whole_numbers("split", "the sizes of pieces", sizes)
    piece = whole_number("split", "the size of a piece", sizes)
    if piece < 1 and (piece or size):
        raise ValueError(f"split(): the size of a piece must be at least 1, not {piece}")
    return _of_one_size(piece, size) or (0,)


def _of_one_size(piece: int, size: int) -> tuple[int, ...]:
    """`size` in pieces, the last of them perhaps smaller."""
    whole, rest = divmod(size, piece or 1)
    return (piece,) * whole + ((rest,) if rest else ())


@numpy_names
def _split_method(self: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """As the function `split`, whose argument split_size_or_sections is called split_size here."""
    return split(self, split_size, dim)


methods(split=_split_method)


@method
@numpy_names
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces along `dim`: so many, of sizes that differ by 1 at most, or cut in front of each index in a list.

    (7), indices_or_sections=3 -> (3), (2), (2);   (7), (2, 4) -> (2), (2), (3).
    dx = the pieces' cotangents, one after the other.
    Errors: ValueError for fewer than one piece, IndexError where there is no such dim.
    """
    size = _size("tensor_split", input, dim)
    cuts = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if isinstance(cuts, tuple | list):
        ends = [slice(n).indices(size)[1] for n in whole_numbers("tensor_split", "the indices", cuts)]
        return tuple(_between(input, dim, a, b) for a, b in pairwise((0, *ends, size)))
    n = whole_number("tensor_split", "the number of pieces", cuts)
    if n < 1:
        raise ValueError(f"tensor_split(): at least 1 piece is needed, not {n}")
    return split(input, [size // n + (i < size % n) for i in range(n)], dim)


def _between(x: Tensor, dim: int, start: int, end: int) -> Tensor:
    return x[(*(slice(None),) * (dim % x.ndim), slice(start, max(start, end)))]


def _size(name: str, x: Tensor, dim: int) -> int:
    """The size of a dimension, of which there must be some."""
    return x.shape[one_dim(name, dim, x.ndim, x.shape)]


@primitive(keeps=True, moves=True)
def _split(x: Array, sizes: tuple[int, ...], axis: int) -> tuple[tuple[Array, ...], Pullback]:
    """dx = the pieces' cotangents, one after the other"""
    return tuple(x[part] for part in _parts(sizes, axis)), lambda *dys: np.concatenate(dys, axis)


@method
@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal pieces along `dim`, the last perhaps smaller: (7), 3 -> (3), (3), (1).

    dx = the pieces' cotangents, one after the other.
    Errors: ValueError for fewer than one chunk, IndexError where there is no such dim.
    """
    chunks = whole_number("chunk", "the number of chunks", chunks)
    if chunks < 1:
        raise ValueError(f"chunk(): at least 1 chunk is needed, not {chunks}")
    shape = input.shape
    axis = one_dim("chunk", dim, len(shape), shape)
    size = shape[axis]
    sizes = _of_one_size(-(-size // chunks), size) if size else (0,) * chunks
    return cast("tuple[Tensor, ...]", _split(input, sizes, axis))


@method
@numpy_names
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The views input[0], input[1], … along `dim`, which is dropped: (2, 3) -> (3), (3).

    dx = the slices' cotangents, side by side. Errors: IndexError where there is no such dim.
    """
    return cast("tuple[Tensor, ...]", _unbind(input, one_dim("unbind", dim, input.ndim, input.shape)))


@primitive(keeps=True, moves=True)
def _unbind(x: Array, axis: int) -> tuple[tuple[Array, ...], Pullback]:
    """dx = the slices' cotangents, side by side"""
    whole: Any = (slice(None),) * axis
    return tuple(x[(*whole, i, ...)] for i in range(x.shape[axis])), lambda *dys: np.stack(dys, axis)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers in `tensor` as rows of zeros with a 1 at their place: (…) -> (…, num_classes); −1 takes max + 1.

    Errors: ValueError where a number is not whole, or not from 0 to num_classes − 1, or where there is none to tell how
    many classes there are. Unlike in PyTorch any dtype of integers will do, not int64 alone.
    """
    index = tensor.array
    if whole_number("one_hot", "num_classes", num_classes) == -1 and not index.size:
        raise ValueError("one_hot(): give num_classes, there are no class numbers to tell it from")
    n = int(index.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if index.dtype.kind not in "iu" or n < 1 or not _all_below(n, index):
        raise ValueError(f"one_hot(): class numbers from 0 to {n - 1} are needed, in an integer dtype")
    y = np.zeros((*index.shape, n), np.int64)
    y.reshape(-1)[np.arange(0, y.size, n) + index.reshape(-1).astype(np.int64, copy=False)] = 1
    return Tensor(y)


def _all_below(n: int, index: Array) -> bool:
    """Whether all whole numbers are from 0 to n − 1: without their sign, negative ones are the greatest."""
    return int(index.view(index.dtype.str.replace("i", "u")).max(initial=0)) < n
