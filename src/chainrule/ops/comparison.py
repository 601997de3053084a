"""Comparisons and tests: truth values, which no gradient flows through. Operands of two shapes are broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ops.arguments import all_dims, broadcast, numpy_names, promoted
from chainrule.tensor import Tensor, method

__all__ = [
    "all", "allclose", "any", "eq", "equal", "ge", "gt", "isclose", "isfinite", "isinf", "isnan", "isneginf",
    "isposinf", "le", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne",
]  # fmt: skip


def _truth(y: Any) -> Tensor:
    return Tensor(np.asarray(y, dtype=np.bool_))


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


@np.errstate(all="ignore")
def _pairwise(name: str, f: Any, x: Any, other: Any) -> Tensor:
    x, other = _array(x), _array(other)
    if not (isinstance(x, np.ndarray) and isinstance(other, np.ndarray) and x.dtype == other.dtype):
        x, other = promoted(x, other)
    return _truth(broadcast(name, f, x, other))


@method
def eq(input: Tensor, other: Any) -> Tensor:
    """input = other, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("eq", np.equal, input, other)


@method
def ne(input: Tensor, other: Any) -> Tensor:
    """input ≠ other, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("ne", np.not_equal, input, other)


@method
def lt(input: Tensor, other: Any) -> Tensor:
    """input < other, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("lt", np.less, input, other)


@method
def le(input: Tensor, other: Any) -> Tensor:
    """input ≤ other, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("le", np.less_equal, input, other)


@method
def gt(input: Tensor, other: Any) -> Tensor:
    """input > other, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("gt", np.greater, input, other)


@method
def ge(input: Tensor, other: Any) -> Tensor:
    """input ≥ other, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("ge", np.greater_equal, input, other)


@method
def logical_and(input: Tensor, other: Any) -> Tensor:
    """Whether both input and other are true (not 0), broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("logical_and", np.logical_and, input, other)


@method
def logical_or(input: Tensor, other: Any) -> Tensor:
    """Whether at least one of input and other is true (not 0), broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("logical_or", np.logical_or, input, other)


@method
def logical_xor(input: Tensor, other: Any) -> Tensor:
    """Whether exactly one of input and other is true (not 0), broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for what is no number.
    """
    return _pairwise("logical_xor", np.logical_xor, input, other)


@method
def logical_not(input: Tensor) -> Tensor:
    """Whether it is 0, elementwise."""
    return _truth(np.logical_not(input.array))


@method
def isnan(input: Tensor) -> Tensor:
    """Whether it is not a number, elementwise."""
    return _truth(np.isnan(input.array))


@method
def isinf(input: Tensor) -> Tensor:
    """Whether it is ∞ or −∞, elementwise."""
    return _truth(np.isinf(input.array))


@method
def isposinf(input: Tensor) -> Tensor:
    """Whether it is ∞, elementwise."""
    return _truth(input.array == np.inf)


@method
def isneginf(input: Tensor) -> Tensor:
    """Whether it is −∞, elementwise."""
    return _truth(input.array == -np.inf)


@method
def isfinite(input: Tensor) -> Tensor:
    """Whether it is neither NaN nor infinite, elementwise."""
    return _truth(np.isfinite(input.array))


def _dims(name: str, dim: Any, input: Tensor) -> tuple[int, ...]:
    """Those to reduce: none for an empty tuple, unlike in sums."""
    return () if dim in ((), []) else all_dims(name, dim, input.shape)


def _reduced(y: Any, input: Tensor) -> Tensor:
    """Truth values; but bytes of bytes, as in PyTorch."""
    return Tensor(np.asarray(y, np.uint8 if input.array.dtype == np.uint8 else np.bool_))


@method
@numpy_names
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any element is true (not 0), over all dimensions or those in `dim`: (A, B), dim=1 -> (A).

    Errors: IndexError where there is no such dim, TypeError where it is no whole number.
    """
    return _reduced(np.any(input.array, _dims("any", dim, input), keepdims=keepdim), input)


@method
@numpy_names
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements are true (not 0), over all dimensions or those in `dim`: (A, B), dim=1 -> (A).

    Errors: IndexError where there is no such dim, TypeError where it is no whole number.
    """
    return _reduced(np.all(input.array, _dims("all", dim, input), keepdims=keepdim), input)


@method
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """|input − other| ≤ atol + rtol · |other|, broadcast; infinities must be equal, NaNs are if `equal_nan`.

    Errors: TypeError where the dtypes differ, ValueError for a negative rtol or atol, or shapes that do not broadcast.
    """
    if _array(input).dtype != _array(other).dtype:
        raise TypeError(f"isclose(): the dtypes {input.dtype} and {other.dtype} differ; convert one side")
    if rtol < 0 or atol < 0:
        raise ValueError(f"isclose(): rtol={rtol} and atol={atol} must not be negative")
    return _pairwise("isclose", lambda x, y: np.isclose(x, y, rtol, atol, equal_nan), input, other)


@method
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input − other| ≤ atol + rtol · |other| everywhere, or both are NaN with `equal_nan`: a Python bool.

    See `isclose`, which says it for each element.
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


@method
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether input and other have the same shape and the same values: a Python bool."""
    return np.array_equal(input.array, other.array)
