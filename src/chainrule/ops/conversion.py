"""The same values in other memory, or in another dtype: `x.clone()`, `x.to(dtype)`, `x.float()`."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.devices import check_device
from chainrule.devices import device as Device
from chainrule.dtypes import (
    DType,
    as_dtype,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from chainrule.native import core
from chainrule.tensor import Array, Tensor, method

__all__ = ["clone"]


@method
@primitive(moves=True)
def clone(x: Array) -> tuple[Array, Pullback]:
    """A copy in memory of its own, in the same order and of the same shape.   dx = dy"""
    return x.copy("K"), lambda dy: dy


@method
def contiguous(input: Tensor) -> Tensor:
    """Row by row in memory without gaps, in the same shape: itself if it is, else a copy.   dx = dy"""
    return input if input.is_contiguous() else _contiguous(input)


@primitive(moves=True)
def _contiguous(x: Array) -> tuple[Array, Pullback]:
    """dx = dy"""
    return np.ascontiguousarray(x), lambda dy: dy


@_contiguous.native
def _(x: Array) -> tuple[Array, Pullback]:
    return core.copy(x), lambda dy: dy


@method
def to(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """In another dtype: `x.to(dtype)`, `x.to(other)` as another tensor is, `x.to("cpu", dtype)`; itself if it is that.

    Same shape.   dx = dy in the dtype of x; an integer result has no gradient.
    Among *args and **kwargs, `copy=True` makes a copy in any case; `device` can only be "cpu"; `non_blocking` and
    `memory_format` change nothing. A name such as "float64" does for a dtype, too.
    Errors: ValueError for another device, TypeError for what is no dtype.
    """
    dtype, copy = wanted(input.dtype, *args, **kwargs)
    if dtype == input.dtype:
        y: Tensor = clone(input) if copy else input
        return y
    return _to(input if dtype.kind == "f" else input.detach(), dtype)


def wanted(
    present: Any, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
    copy: bool = False, memory_format: Any = None,
) -> tuple[Any, bool]:  # fmt: skip
    """The dtype (the present one if none is given) and whether to copy, out of what PyTorch takes in three orders."""
    flags = [a for a in args if isinstance(a, bool)]
    for a in (a for a in args if a is not None and not isinstance(a, bool)):
        if isinstance(a, Tensor):
            dtype = a.dtype
        elif isinstance(a, Device) or str(a).partition(":")[0] in ("cpu", "cuda", "mps"):
            device = a
        else:
            dtype = a
    check_device("to", device)
    return present if dtype is None else as_dtype("to", dtype), copy or flags[1:] == [True]


@primitive
def _to(x: Array, dtype: DType) -> tuple[Array, Pullback]:
    """dx = dy, in the dtype of x (by the walk)"""
    return x.astype(dtype), lambda dy: dy


@method
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """In the dtype of `other`: as `to`."""
    return to(input, other)


@method
def type(input: Tensor, dtype: Any, non_blocking: bool = False) -> Tensor:
    """In another dtype, as `to`. Unlike in PyTorch the dtype must be given: `x.dtype` tells the present one."""
    return to(input, dtype)


def _converter(name: str, dtype: DType) -> Any:
    def convert(input: Tensor) -> Tensor:
        y: Tensor = to(input, dtype)
        return y

    convert.__name__, convert.__doc__ = name, f"As {dtype}, in the same shape: `x.to({dtype})`; see `to`."
    return convert


_DTYPES: dict[str, DType] = {
    "half": float16, "float": float32, "double": float64, "byte": uint8, "char": int8, "short": int16, "int": int32,
    "long": int64, "bool": bool_,
}  # fmt: skip
for _name, _dtype in _DTYPES.items():
    method(_converter(_name, _dtype))
