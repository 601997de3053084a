"""Shapes: the same elements, arranged anew. Nothing here is copied that can be a view of the same memory.

A view changes with the tensor that it was taken from, as in PyTorch.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import all_dims, methods, one_dim, row_dim, whole_number, whole_numbers
from chainrule.ops.conversion import clone
from chainrule.tensor import Array, F, Tensor, listed, method

__all__ = [
    "broadcast_to", "flatten", "flip", "fliplr", "flipud", "moveaxis", "movedim", "permute", "ravel",
    "reshape", "roll", "rot90", "squeeze", "swapaxes", "swapdims", "t", "tile", "transpose", "unflatten", "unsqueeze",
]  # fmt: skip


def _one_by_one(keyword: str) -> Callable[[F], F]:
    """Let the last argument be given in one or one by one: f(x, (2, 3)), f(x, 2, 3) and f(x, keyword=(2, 3)) alike."""

    def decorate(f: F) -> F:
        @functools.wraps(f)
        def called(input: Tensor, *values: Any, **named: Any) -> Any:
            if named:
                values = (*values, named.pop(keyword, ()))
            sizes = listed(values)
            if not set(map(type, sizes)) <= {int}:
                sizes = whole_numbers(f.__name__, keyword, sizes)
            return f(input, sizes, **named)

        return cast(F, called)

    return decorate


# ---------------------------------------------------------------------------------------------- sizes


@method
@_one_by_one("shape")
def reshape(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The elements in row-major order in another `shape`, in which −1 stands for what is left.   dx = dy in x's shape

    (N, C·H), (N, C, -1) -> (N, C, H): a view where the memory's order allows one, else a copy.
    Errors: ValueError where the sizes do not multiply to the number of elements.
    """
    return _reshape(input, shape)


@primitive(moves=True)
def _reshape(x: Array, shape: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy in the shape of x"""
    try:
        y = x.reshape(shape if not shape or min(shape) >= -1 else (-1, -1))
    except ValueError:
        raise ValueError(f"reshape(): the {x.size} elements of shape {x.shape} do not fit into shape {shape}") from None
    before = x.shape  # alone: the pullback does not hold x
    return y, lambda dy: dy.reshape(before)


@method
@_one_by_one("size")
def view(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """In another shape, `size`: as `reshape`.

    Unlike in PyTorch it copies where the memory's order does not allow a view.
    """
    return _reshape(input, size)


@method
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """The elements in row-major order in the shape of `other`: as `reshape`; also view_as."""
    return _reshape(input, other.shape)


methods(view_as=reshape_as)


@method
def ravel(input: Tensor) -> Tensor:
    """All elements in row-major order, as a vector: (A, B) -> (A·B).   dx = dy in x's shape"""
    return _reshape(input, (-1,))


@method
@primitive(moves=True)
def flatten(x: Array, start_dim: int = 0, end_dim: int = -1) -> tuple[Array, Pullback]:
    """The dimensions from start_dim to end_dim as one: (N, C, H, W), start_dim=1 -> (N, C·H·W).   dx = dy in x's shape

    A tensor without dimensions becomes a vector.
    Errors: ValueError where end_dim comes before start_dim, IndexError where there is no such dim.
    """
    before = x.shape
    shape = before or (1,)
    start = one_dim("flatten", start_dim, len(shape), shape)
    end = one_dim("flatten", end_dim, len(shape), shape)
    if start > end:
        raise ValueError(f"flatten(): start_dim {start_dim} comes after end_dim {end_dim} in shape {shape}")
    y = x.reshape((*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))
    return y, lambda dy: dy.reshape(before)


@method
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One dimension `dim` as several `sizes`, in which −1 stands for what is left: (N, C·H), 1, (C, H) -> (N, C, H).

    dx = dy in x's shape. Errors: ValueError where the sizes do not multiply to that of the dimension, IndexError where
    there is no such dim.
    """
    axis = one_dim("unflatten", dim, input.ndim, input.shape)
    sizes = whole_numbers("unflatten", "the sizes", sizes)
    size, known = input.shape[axis], math.prod(n for n in sizes if n != -1)
    left = size // known if known and -1 in sizes else 1
    if not sizes or min(sizes) < -1 or sizes.count(-1) > 1 or known * left != size:
        raise ValueError(f"unflatten(): the sizes {sizes} do not make {size}, dim {dim} of shape {input.shape}")
    sizes = tuple(left if n == -1 else n for n in sizes)
    return _reshape(input, (*input.shape[:axis], *sizes, *input.shape[axis + 1 :]))


@method
@primitive(moves=True)
def squeeze(x: Array, dim: Any = None) -> tuple[Array, Pullback]:
    """Without the dimensions of size 1: all, or those in `dim` (one or several) that have it.   dx = dy in x's shape

    (N, 1, H), 1 -> (N, H). Errors: IndexError where there is no such dim.
    """
    ones = [d for d in all_dims("squeeze", dim, x.shape) if x.shape[d] == 1 and dim not in ((), [])]
    before = x.shape
    return x.squeeze(tuple(ones)), lambda dy: dy.reshape(before)


@method
@primitive(moves=True)
def unsqueeze(x: Array, dim: int) -> tuple[Array, Pullback]:
    """With a dimension of size 1 inserted at `dim`: (N, H), 1 -> (N, 1, H).   dx = dy in the shape of x

    Errors: IndexError where there is no such place.
    """
    before = one_dim("unsqueeze", dim, x.ndim + 1, x.shape)
    return x[(*(slice(None),) * before, None)], lambda dy: dy.reshape(x.shape)


@method
@_one_by_one("size")
def expand(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """Repeated along dimensions of size 1, and new ones in front, without a copy; −1 keeps a size.   dx = Σ dy there

    Shapes: (1, 3), size (2, 4, -1) -> (2, 4, 3). Unlike in PyTorch the result cannot be written to.
    Errors: ValueError where the shape does not fit.
    """
    new = len(size) - input.ndim
    if any(n < (0 if i < new else -1) for i, n in enumerate(size)):
        raise ValueError(f"expand(): sizes {size}: −1 keeps a size of shape {input.shape}, and no new size is negative")
    kept = (1,) * new + input.shape
    return _broadcast_to(input, tuple(m if n == -1 else n for m, n in zip(kept, size, strict=False)))


@method
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """As `expand`, to the shape of `other`."""
    return expand(input, other.shape)


@method
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """As `expand`: repeated to the given shape `size`, without a copy.   dx = Σ dy over the copies"""
    return expand(input, tuple(size))


@primitive(moves=True)
def _broadcast_to(x: Array, shape: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy, summed over what was repeated (by the walk, as for every operator)"""
    try:
        return np.broadcast_to(x, shape), lambda dy: dy
    except ValueError:
        raise ValueError(
            f"expand(): shape {x.shape} does not fit {shape}; only sizes of 1 are repeated, and new ones stand in front"
        ) from None


# ---------------------------------------------------------------------------------------------- order


@method
@primitive(moves=True)
def transpose(x: Array, dim0: int, dim1: int) -> tuple[Array, Pullback]:
    """With two dimensions swapped: (N, H, W), dim0=1, dim1=2 -> (N, W, H).   dx = dy with them swapped back

    Also called swapdims, and swapaxes. Errors: IndexError where there is no such dim.
    """
    a, b = (row_dim("transpose", dim, x.shape) for dim in (dim0, dim1))
    if not x.ndim:
        return x, lambda dy: dy
    return x.swapaxes(a, b), lambda dy: dy.swapaxes(a, b)


swapdims = transpose
methods(swapdims=transpose)


@method
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """With two dimensions, axis0 and axis1, swapped: as `transpose`."""
    return transpose(input, axis0, axis1)


@method
@primitive(moves=True)
def t(x: Array) -> tuple[Array, Pullback]:
    """The matrix transposed, xᵀ: (M, N) -> (N, M); fewer than two dimensions stay as they are.   dx = dyᵀ

    Errors: ValueError for more than two dimensions.
    """
    if x.ndim > 2:
        raise ValueError(f"t(): a matrix is needed, not shape {x.shape}; transpose and permute take any")
    return x.T, np.transpose


@method
@_one_by_one("dims")
def permute(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """With its dimensions in the order `dims`: (N, C, H, W), (0, 2, 3, 1) -> (N, H, W, C).   dx = dy in the old order

    Errors: IndexError where there is no such dim, ValueError unless each is named once.
    """
    return _permute(input, dims)


@primitive(moves=True)
def _permute(x: Array, dims: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy in the former order"""
    order = all_dims("permute", dims, x.shape) if dims else ()
    if len(order) != x.ndim:
        raise ValueError(f"permute(): dims {dims} must name each of the {x.ndim} dimensions of shape {x.shape} once")
    return x.transpose(order), lambda dy: dy.transpose(np.argsort(order))


@method
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """With the dimensions `source` (one or several) at the places `destination`, the others in order around them.

    Also called moveaxis: (N, H, W, C), 3, 1 -> (N, C, H, W).   dx = dy with them moved back
    Errors: IndexError where there is no such dim, ValueError where one is named twice, or not as many twice over.
    """
    both = [all_dims("movedim", (d,) if isinstance(d, int) else tuple(d), input.shape) for d in (source, destination)]
    if len(both[0]) != len(both[1]):
        raise ValueError(f"movedim(): source {source} and destination {destination} must name as many dimensions")
    placed = dict(zip(both[1], both[0], strict=True))
    rest = iter([d for d in range(input.ndim) if d not in both[0]])
    return _permute(input, tuple(placed[d] if d in placed else next(rest) for d in range(input.ndim)))


moveaxis = movedim
methods(moveaxis=movedim)


@method
@_one_by_one("dims")
def flip(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """In reverse order along each of `dims`: (1, 2, 3) -> (3, 2, 1).   dx = dy in reverse order

    Unlike in PyTorch it may be a view of the same memory. Errors: IndexError where there is no such dim.
    """
    return _flip(input, dims)


@method
def fliplr(input: Tensor) -> Tensor:
    """Each row in reverse order, in the same shape: flipped along dim 1.   dx = dy in reverse order

    Errors: IndexError where there is no dim 1.
    """
    one_dim("fliplr", 1, input.ndim, input.shape)
    return _flip(input, (1,))


@method
def flipud(input: Tensor) -> Tensor:
    """The rows in reverse order, in the same shape: flipped along dim 0.   dx = dy in reverse order

    Errors: IndexError where there are no dimensions.
    """
    one_dim("flipud", 0, input.ndim, input.shape)
    return _flip(input, (0,))


@method
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned k times by 90° in the plane of two dimensions, the first towards the second.   dx = dy, turned back

    Shapes: (A, B, C), k=1, dims=(0, 2) -> (C, B, A). Errors: ValueError unless dims are two, IndexError where there is
    no such dim, TypeError where k is no whole number.
    """
    a, b = all_dims("rot90", dims, input.shape) if len(dims) == 2 else (0, 0)
    if a == b:
        raise ValueError(f"rot90(): dims {dims} must be two dimensions of shape {input.shape}")
    once = {0: (), 1: (b,), 2: (a, b), 3: (a,)}[whole_number("rot90", "k", k) % 4]
    flipped = _flip(input, once) if once else clone(input)
    return transpose(flipped, a, b) if k % 2 else flipped


@primitive(moves=True)
def _flip(x: Array, dims: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy in reverse order"""
    axes = all_dims("flip", dims, x.shape) if dims else ()
    return np.flip(x, axes), lambda dy: np.flip(dy, axes)


@method
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Shifted by `shifts` along `dims`, one or several; what leaves at the end comes in again in front.

    Without dims the flattened elements are shifted: (1, 2, 3), 1 -> (3, 1, 2).   dx = dy, shifted back
    Errors: IndexError where there is no such dim, ValueError where shifts and dims are not as many.
    """
    shifts = whole_numbers("roll", "shifts", shifts if isinstance(shifts, tuple | list) else (shifts,))
    if dims is None or dims in ((), []):
        if len(shifts) != 1:
            raise ValueError(f"roll(): without dims there is one shift, not {shifts}")
        return _roll(input.reshape(-1), shifts, (0,)).reshape(input.shape)
    axes = tuple(
        one_dim("roll", d, input.ndim, input.shape) for d in (dims if isinstance(dims, tuple | list) else [dims])
    )
    if len(axes) != len(shifts):
        raise ValueError(f"roll(): shifts {shifts} and dims {dims} must be as many")
    return _roll(input, shifts, axes)


@primitive
def _roll(x: Array, shifts: tuple[int, ...], axes: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy, shifted back"""
    return np.roll(x, shifts, axes), lambda dy: np.roll(dy, [-n for n in shifts], axes)


# ---------------------------------------------------------------------------------------------- slices


def _slices(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """x.unfold(…): slices of `size` elements along a `dimension`, each `step` further on, in a new last dimension.

    (N, L), 1, 3, 2 -> (N, ⌊(L − 3) / 2⌋ + 1, 3), a view of the same memory.   dx = Σ dy over the slices
    Errors: IndexError where there is no such dimension, ValueError where the size is negative or greater than the
    dimension's, or the step is below 1. (The function unfold is of images.)
    """
    return _unfold(input, dimension, size, step)


methods(unfold=_slices)


@primitive
def _unfold(x: Array, dimension: int, size: int, step: int) -> tuple[Array, Pullback]:
    """dx = Σ dy over the slices"""
    axis, rows = row_dim("unfold", dimension, x.shape), np.atleast_1d(x)
    if not 0 <= whole_number("unfold", "size", size) <= rows.shape[axis] or whole_number("unfold", "step", step) < 1:
        raise ValueError(f"unfold(): size={size} and step={step} do not fit dim {dimension} of shape {x.shape}")
    lines = np.moveaxis(rows, axis, 0)
    y = np.moveaxis(np.lib.stride_tricks.sliding_window_view(lines, size, 0)[::step], 0, axis)

    def dx(dy: Array) -> Array:
        dlines, parts = np.zeros(lines.shape, dy.dtype), np.moveaxis(dy, axis, 0)
        for k in range(size):  # the k-th element of every slice
            dlines[k : k + (len(parts) - 1) * step + 1 : step] += parts[..., k]
        return np.moveaxis(dlines, 0, axis).reshape(x.shape)

    return y, dx


# ---------------------------------------------------------------------------------------------- copies


@method
@_one_by_one("repeats")
def repeat(input: Tensor, repeats: tuple[int, ...]) -> Tensor:
    """So many copies of it side by side in each dimension, and in new ones in front: (A, B), 2, 3 -> (2·A, 3·B).

    dx = Σ dy over the copies. Errors: ValueError for negative `repeats`, or fewer than there are dimensions.
    """
    if len(repeats) < input.ndim or any(n < 0 for n in repeats):
        raise ValueError(
            f"repeat(): {repeats} must be numbers ≥ 0, one or more for each dimension of shape {input.shape}"
        )
    return _repeat(input, repeats)


@method
@_one_by_one("dims")
def tile(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """As `repeat`, but where `dims` has fewer numbers than there are dimensions, the first ones are not repeated."""
    return repeat(input, (1,) * (input.ndim - len(dims)) + dims)


@primitive
def _repeat(x: Array, counts: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = Σ dy over the copies"""
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    split = [int(n) for pair in zip(counts, shape, strict=True) for n in pair]  # copies and size of each dimension

    def dx(dy: Array) -> Array:
        return dy.reshape(split).sum(tuple(range(0, len(split), 2))).reshape(x.shape) if dy.size else np.zeros_like(x)

    return np.tile(x, counts), dx
