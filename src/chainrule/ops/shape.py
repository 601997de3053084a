"""Shapes: the same elements, arranged anew. Nothing here is copied that can be a view of the same memory.

A view changes with the tensor that it was taken from, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import all_dims, one_dim
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = [
    "broadcast_to", "clone", "flatten", "flip", "pad", "permute", "reshape", "squeeze", "t", "transpose", "unsqueeze",
]  # fmt: skip


def _listed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """f(2, 3) and f((2, 3)) alike."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else values


# ---------------------------------------------------------------------------------------------- sizes


@method
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The elements in row-major order in another shape, in which −1 stands for what is left."""
    return _reshape(input, _listed(shape))


@primitive
def _reshape(x: Array, shape: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy in the shape of x"""
    try:
        y = x.reshape(shape)
    except ValueError:
        raise ValueError(f"reshape(): the {x.size} elements of shape {x.shape} do not fit into shape {shape}") from None
    return y, lambda dy: dy.reshape(x.shape)


@method
def view(input: Tensor, *shape: Any) -> Tensor:
    """As `reshape`. Unlike in PyTorch it copies where the memory's order does not allow a view."""
    return _reshape(input, _listed(shape))


@method
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from start_dim to end_dim as one: (N, C, H, W), start_dim=1 -> (N, C·H·W)."""
    shape = input.shape or (1,)
    start = one_dim("flatten", start_dim, len(shape), shape)
    end = one_dim("flatten", end_dim, len(shape), shape)
    if start > end:
        raise ValueError(f"flatten(): start_dim {start_dim} comes after end_dim {end_dim} in shape {shape}")
    return _reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@method
@primitive
def squeeze(x: Array, dim: Any = None) -> tuple[Array, Pullback]:
    """Without the dimensions of size 1: all, or those in `dim` that have it.   dx = dy in the shape of x"""
    ones = [d for d in all_dims("squeeze", dim, x.shape) if x.shape[d] == 1]
    return x.squeeze(tuple(ones)), lambda dy: dy.reshape(x.shape)


@method
@primitive
def unsqueeze(x: Array, dim: int) -> tuple[Array, Pullback]:
    """With a dimension of size 1 inserted at `dim`.   dx = dy in the shape of x"""
    return np.expand_dims(x, one_dim("unsqueeze", dim, x.ndim + 1, x.shape)), lambda dy: dy.reshape(x.shape)


@method
def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Repeated along dimensions of size 1, and new ones in front, without a copy; −1 keeps a size.   dx = Σ dy there

    Unlike in PyTorch the result cannot be written to.
    """
    shape, new = input.shape, _listed(sizes)
    kept = (1,) * (len(new) - len(shape)) + shape
    return _broadcast_to(input, tuple(m if n == -1 else n for m, n in zip(kept, new, strict=False)))


@method
def broadcast_to(input: Tensor, shape: Sequence[int]) -> Tensor:
    """As `expand`: repeated to the given shape, without a copy."""
    return expand(input, tuple(shape))


@primitive
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
@primitive
def transpose(x: Array, dim0: int, dim1: int) -> tuple[Array, Pullback]:
    """With two dimensions swapped: (N, H, W), 1, 2 -> (N, W, H).   dx = dy with them swapped back"""
    a, b = (one_dim("transpose", dim, x.ndim, x.shape) for dim in (dim0, dim1))
    return x.swapaxes(a, b), lambda dy: dy.swapaxes(a, b)


@method
@primitive
def t(x: Array) -> tuple[Array, Pullback]:
    """The matrix transposed, xᵀ; fewer than two dimensions stay as they are.   dx = dyᵀ"""
    if x.ndim > 2:
        raise ValueError(f"t(): a matrix is needed, not shape {x.shape}; transpose and permute take any")
    return x.T, np.transpose


@method
def permute(input: Tensor, *dims: Any) -> Tensor:
    """With its dimensions in the order `dims`: (N, C, H, W), (0, 2, 3, 1) -> (N, H, W, C)."""
    return _permute(input, _listed(dims))


@primitive
def _permute(x: Array, dims: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy in the former order"""
    order = all_dims("permute", dims, x.shape) if dims else ()
    if len(order) != x.ndim:
        raise ValueError(f"permute(): dims {dims} must name each of the {x.ndim} dimensions of shape {x.shape} once")
    return x.transpose(order), lambda dy: dy.transpose(np.argsort(order))


@method
def flip(input: Tensor, *dims: Any) -> Tensor:
    """In reverse order along each of `dims`."""
    return _flip(input, _listed(dims))


@primitive
def _flip(x: Array, dims: tuple[int, ...]) -> tuple[Array, Pullback]:
    """dx = dy in reverse order"""
    axes = all_dims("flip", dims, x.shape) if dims else ()
    return np.flip(x, axes), lambda dy: np.flip(dy, axes)


# ---------------------------------------------------------------------------------------------- memory and dtype


@method
@primitive
def clone(x: Array) -> tuple[Array, Pullback]:
    """A copy in memory of its own, in the same order.   dx = dy"""
    return x.copy("K"), lambda dy: dy


@method
def contiguous(input: Tensor) -> Tensor:
    """Row by row in memory without gaps: itself if it is, else a copy."""
    return input if input.is_contiguous() else _contiguous(input)


@primitive
def _contiguous(x: Array) -> tuple[Array, Pullback]:
    """dx = dy"""
    return np.ascontiguousarray(x), lambda dy: dy


@method
def to(input: Tensor, dtype: Any = None, copy: bool = False) -> Tensor:
    """In another dtype, given as such, by a tensor that has it, or as "cpu" (no change): itself if it is already.

    dx = dy in the dtype of x; an integer result has no gradient.
    """
    if dtype is None or (isinstance(dtype, str) and dtype == "cpu"):
        dtype = input.dtype
    dtype = dtype.dtype if isinstance(dtype, Tensor) else np.dtype(dtype)
    if dtype == input.dtype:
        return clone(input) if copy else input
    return _to(input if dtype.kind == "f" else input.detach(), dtype)


@primitive
def _to(x: Array, dtype: npt.DTypeLike) -> tuple[Array, Pullback]:
    """dx = dy, in the dtype of x (by the walk)"""
    return x.astype(dtype), lambda dy: dy


@method
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """In the dtype of `other`."""
    return to(input, other)


# ---------------------------------------------------------------------------------------------- edges


@method
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Scalar = 0) -> Tensor:
    """With a border of `value`: pad = (left, right, top, bottom, …), beginning with the last dimension, each ≥ 0.

    (H, W), pad=(1, 2, 3, 4)  ->  (3 + H + 4, 1 + W + 2).   dx = dy without the border

    Unlike in PyTorch there is no other mode, and a border cannot be negative.
    """
    if mode != "constant":
        raise ValueError(f"pad(): mode must be 'constant', not {mode!r}")
    if len(pad) % 2 or len(pad) > 2 * input.ndim or any(n < 0 for n in pad):
        raise ValueError(f"pad(): {tuple(pad)} must be pairs of sizes ≥ 0, at most one per dimension of {input.shape}")
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    return _pad(input, ((0, 0),) * (input.ndim - len(pairs)) + tuple(pairs[::-1]), value)


@primitive
def _pad(x: Array, widths: tuple[tuple[int, int], ...], value: Scalar) -> tuple[Array, Pullback]:
    """dx = dy without the border"""
    inside = tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))
    return np.pad(x, widths, constant_values=value), lambda dy: dy[inside]
