"""The dtypes, which are NumPy's, and PyTorch's rules for the common one of several operands."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "DType", "bool_", "can_cast", "float16", "float32", "float64", "get_default_dtype",
    "int8", "int16", "int32", "int64", "promote_types", "result_type", "set_default_dtype", "uint8",
]  # fmt: skip

DType = np.dtype[Any]

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
uint8, int8, int16, int32, int64 = (np.dtype(t) for t in (np.uint8, np.int8, np.int16, np.int32, np.int64))
bool_ = np.dtype(np.bool_)

_default_dtype: DType = float32


def get_default_dtype() -> DType:
    """The dtype that Python floats become: float32 unless set otherwise."""
    return _default_dtype


def set_default_dtype(d: npt.DTypeLike) -> None:
    """Let Python floats become `d`, float32 or float64. Errors: TypeError for another dtype."""
    global _default_dtype
    dtype = as_dtype("set_default_dtype", d)
    if dtype not in (float32, float64):
        raise TypeError(f"set_default_dtype({dtype}): only float32 and float64 are possible")
    _default_dtype = dtype


def as_dtype(name: str, dtype: npt.DTypeLike) -> DType:
    """The dtype that is meant by chainrule.float32, np.float32, "float32" or Python's float."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{name}(): {dtype!r} is not a dtype, as chainrule.float32 or chainrule.int64 are") from None
    if found.kind not in "fiub":
        raise TypeError(f"{name}(): dtype {found} is not supported; floats, integers and truth values are")
    return found


# ---------------------------------------------------------------------------------------------- of several operands


def result_type(*operands: Any) -> DType:
    """PyTorch's common dtype of `operands`: a float, of whatever width, before any integer, and arrays before numbers.

    An array without dimensions only lifts the kind (bool < int < float) of those with some, and a number that of any
    array: to int64 or the default dtype. Errors: TypeError for an operand that is neither a tensor nor a number.
    """
    values = [getattr(a, "array", a) for a in operands]
    arrays = [a for a in values if isinstance(a, np.ndarray)]
    best: DType | None = None
    for group in (
        [a.dtype for a in arrays if a.ndim],
        [a.dtype for a in arrays if not a.ndim],
        [scalar_dtype(a) for a in values if not isinstance(a, np.ndarray)],
    ):
        widest = common_dtype(group)
        if widest is not None and (best is None or _rank(widest) > _rank(best)):
            best = widest
    return _default_dtype if best is None else best


def promote_types(type1: npt.DTypeLike, type2: npt.DTypeLike) -> DType:
    """The common dtype of two arrays of the dtypes type1 and type2; see `result_type`."""
    widest = common_dtype([as_dtype("promote_types", type1), as_dtype("promote_types", type2)])
    return _default_dtype if widest is None else widest


def can_cast(from_: npt.DTypeLike, to: npt.DTypeLike) -> bool:
    """Whether a result of the first dtype may be stored in the second: not a float as an integer, no number as a bool.

    PyTorch calls the first argument, from_ here, `from`. Errors: TypeError for what is no dtype.
    """
    return _rank(as_dtype("can_cast", from_)) <= _rank(as_dtype("can_cast", to))


def common_dtype(dtypes: list[DType]) -> DType | None:
    """The widest of the highest kind among them; None if there are none."""
    if not dtypes:
        return None
    rank = max(_rank(d) for d in dtypes)
    return np.result_type(*[d for d in dtypes if _rank(d) == rank])


def scalar_dtype(value: Any) -> DType:
    """The dtype that a number becomes."""
    if isinstance(value, bool | np.bool_):
        return bool_
    if isinstance(value, int | np.integer):
        return int64
    if isinstance(value, float | np.floating):
        return _default_dtype
    raise TypeError(f"an operand must be a tensor, an array or a number, not {type(value).__name__}")


def _rank(dtype: DType) -> int:
    return {"b": 0, "u": 1, "i": 1, "f": 2}[dtype.kind]
