"""The same values in other memory, or in another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.autograd import Pullback, primitive
from chainrule.tensor import Array, Tensor, float16, int8, int16, method, uint8

__all__ = ["clone"]


@method
@primitive
def clone(x: Array) -> tuple[Array, Pullback]:
    """A copy in memory of its own.   dx = dy"""
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
def to(input: Tensor, *args: Any, **named: Any) -> Tensor:
    """In another dtype: to(dtype), to(device, dtype), to(other); itself if it is in that already, unless copy=True.

    dx = dy in the dtype of x; an integer result has no gradient. The device is always "cpu"; `other` is a tensor whose
    dtype is taken, and non_blocking is taken for PyTorch's sake.
    """
    dtype, copy = _wanted(input, *args, **named)
    if dtype == input.dtype:
        return clone(input) if copy else input
    return _to(input if dtype.kind == "f" else input.detach(), dtype)


def _wanted(
    input: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
    other: Tensor | None = None,
) -> tuple[np.dtype[Any], bool]:  # fmt: skip
    """The dtype and whether to copy, from all the ways to say it."""
    what = (*args, dtype, device, other)
    flags = [a for a in args if isinstance(a, bool)]
    for value in what:
        if isinstance(value, str) and value.partition(":")[0] != "cpu":
            raise ValueError(f"to(): there is no device {value!r}, only 'cpu'")
    dtypes = [a.dtype if isinstance(a, Tensor) else a for a in what if not isinstance(a, str | bool | None)]
    try:
        return np.dtype(dtypes[0]) if dtypes else input.dtype, copy or (len(flags) > 1 and flags[1])
    except TypeError:
        raise TypeError(f"to(): a dtype, a tensor or 'cpu' is needed, not {dtypes[0]!r}") from None


@primitive
def _to(x: Array, dtype: npt.DTypeLike) -> tuple[Array, Pullback]:
    """dx = dy, in the dtype of x (by the walk)"""
    return x.astype(dtype), lambda dy: dy


@method
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """In the dtype of `other`."""
    return to(input, other)


@method
def type(input: Tensor, dtype: Any) -> Tensor:
    """As `to`, in another dtype."""
    return to(input, dtype)


@method
def half(input: Tensor) -> Tensor:
    """As float16."""
    return to(input, float16)


@method
def short(input: Tensor) -> Tensor:
    """As int16."""
    return to(input, int16)


@method
def char(input: Tensor) -> Tensor:
    """As int8."""
    return to(input, int8)


@method
def byte(input: Tensor) -> Tensor:
    """As uint8."""
    return to(input, uint8)
