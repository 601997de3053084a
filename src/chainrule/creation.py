"""Tensors out of nothing, out of numbers and lists, and out of other libraries' arrays.

Each takes `dtype`; `device`, which can only be "cpu"; and `requires_grad`, for a leaf of the tape. A wrong size is a
ValueError or TypeError. PyTorch's `out`, `layout`, `pin_memory` and `memory_format` are not here.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.devices import check_device
from chainrule.dtypes import as_dtype, common_dtype, float64, get_default_dtype, scalar_dtype
from chainrule.tensor import Array, Scalar, Tensor, listed, method

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_dlpack", "from_numpy", "full", "full_like",
    "linspace", "logspace", "ones", "ones_like", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip

DTypeLike = npt.DTypeLike | None


# ---------------------------------------------------------------------------------------------- of data


def tensor(data: Any, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested lists, an array, a tensor.

    Python floats become float32 (the default dtype), integers int64; arrays and NumPy's numbers keep their dtype.
    Errors: ValueError for lists of different lengths, TypeError for what are not numbers.
    """
    check_device("tensor", device)
    wanted = None if dtype is None else as_dtype("tensor", dtype)
    found = data.array if isinstance(data, Tensor) else data if isinstance(data, np.ndarray) else _nested(data)
    try:
        array = np.array(found)
    except ValueError:
        raise ValueError("tensor(): the nested lists differ in length where they should not") from None
    except OverflowError as error:
        raise ValueError(f"tensor(): {error}") from None
    if array.dtype.kind not in "fiub" and array.size:
        raise TypeError(f"tensor(): the data is of {array.dtype}; numbers and truth values are needed")
    if array.dtype == float64 and not _holds_double(data):
        array = array.astype(get_default_dtype())
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return Tensor(array if wanted is None else array.astype(wanted), requires_grad)


def _nested(data: Any) -> Any:
    if isinstance(data, list | tuple | range):
        return [_nested(v) for v in data]
    array = data.array if isinstance(data, Tensor) else data
    plain = isinstance(array, np.ndarray | np.generic) and array.dtype == get_default_dtype()
    return array.tolist() if plain else array


def _holds_double(data: Any) -> bool:
    """Whether float64 comes from an array or one of NumPy's numbers in it; Python's floats have no dtype."""
    if isinstance(data, list | tuple):
        return any(_holds_double(v) for v in data)
    return isinstance(data, np.ndarray | np.generic | Tensor) and data.dtype == float64


def scalar_tensor(s: Scalar, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A number s as a tensor without dimensions, in the default dtype unless one is given. Errors as in `tensor`."""
    dtype = get_default_dtype() if dtype is None else dtype
    return tensor(s, dtype=dtype, device=device, requires_grad=requires_grad)


def from_numpy(ndarray: Array) -> Tensor:
    """A tensor in the memory of `ndarray`, an array: what changes one changes the other.

    Errors: TypeError for what is no array, or one of a dtype that tensors do not have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy(): an array is needed, not {type(ndarray).__name__}")
    if ndarray.dtype.char not in "?bBhHiIlLqQefd" or not ndarray.dtype.isnative:
        hint = "" if ndarray.dtype.isnative else ": its bytes are swapped; astype(dtype.newbyteorder('=')) helps"
        raise TypeError(f"from_numpy(): there are no tensors of {ndarray.dtype}{hint}")
    return Tensor(ndarray)


def as_tensor(data: Any, dtype: DTypeLike = None, device: Any = None) -> Tensor:
    """A tensor that shares memory with `data` where it can, and copies where it must.

    Errors as in `tensor`, and as in `from_numpy` for an array.
    """
    check_device("as_tensor", device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(as_dtype("as_tensor", dtype))
    if isinstance(data, np.ndarray) and data.dtype.isnative:
        return from_numpy(data if dtype is None else data.astype(as_dtype("as_tensor", dtype), copy=False))
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any, *, dtype: DTypeLike = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of `obj`: its memory if possible, a copy if `copy`.

    Errors: ValueError if copy=False and it is not possible, else as in `tensor`.
    """
    if copy:
        return tensor(obj, dtype=dtype, device=device, requires_grad=requires_grad)
    x = as_tensor(obj, dtype, device)
    if copy is False and not (isinstance(obj, Tensor | np.ndarray) and np.shares_memory(x.array, np.asarray(obj))):
        raise ValueError(f"asarray(): {type(obj).__name__} cannot be had as a tensor of {x.dtype} without a copy")
    return x.requires_grad_() if requires_grad else x


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor in the memory of ext_tensor, which speaks DLPack (of PyTorch, JAX or CuPy, on the CPU), not copied.

    Errors: TypeError where it does not speak DLPack.
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack(): {type(ext_tensor).__name__} does not speak DLPack (it has no __dlpack__)")
    return Tensor(np.from_dlpack(ext_tensor))


# ---------------------------------------------------------------------------------------------- of one value


def zeros(
    *shape: Any, size: Any = None, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros: `zeros(2, 3)`, `zeros((2, 3))` or `zeros(size=(2, 3))` -> `shape` (2, 3); errors as in `empty`."""
    return _filled("zeros", shape if size is None else size, 0, dtype, device, requires_grad)


def ones(
    *shape: Any, size: Any = None, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones: `ones(2, 3)`, `ones((2, 3))` or `ones(size=(2, 3))` -> `shape` (2, 3); errors as in `empty`."""
    return _filled("ones", shape if size is None else size, 1, dtype, device, requires_grad)


def empty(
    *shape: Any, size: Any = None, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Values that are not set: `empty(2, 3)`, `empty((2, 3))` or `empty(size=(2, 3))` -> `shape` (2, 3).

    Errors: ValueError for a negative size, TypeError for one that is no whole number.
    """
    return _filled("empty", shape if size is None else size, None, dtype, device, requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value, fill_value, everywhere, a number or a tensor of one; of the value's kind unless a dtype is given.

    Errors: TypeError for a `size` that is no tuple, or a value that is no number, ValueError for a negative size.
    """
    value = number("full", fill_value)
    if not isinstance(size, tuple | list):
        raise TypeError(f"full(): the size must be a tuple such as (2, 3), not {size!r}")
    return _filled("full", size, value, scalar_dtype(value) if dtype is None else dtype, device, requires_grad)


def _filled(name: str, size: Any, value: Any, dtype: DTypeLike, device: Any, requires_grad: bool) -> Tensor:
    check_device(name, device)
    kind = get_default_dtype() if dtype is None else as_dtype(name, dtype)
    array = (np.zeros if value == 0 else np.empty)(size_of(name, size), kind)
    if value:
        _fill(name, array, value)
    return Tensor(array, requires_grad)


def _fill(name: str, array: Array, value: Scalar) -> None:
    try:
        array[...] = value if array.dtype.kind != "b" else bool(value)
    except (OverflowError, ValueError):
        raise ValueError(f"{name}(): {value} is not a number of dtype {array.dtype}") from None


def number(name: str, value: Any) -> Scalar:
    """A number, or the one in a tensor."""
    if isinstance(value, Tensor | np.ndarray):
        if value.ndim:
            raise ValueError(f"{name}(): one value is needed, not a tensor of shape {value.shape}")
        value = value.item()
    if not isinstance(value, bool | int | float | np.generic):
        raise TypeError(f"{name}(): a number is needed, not {value!r}")
    found: Scalar = value.item() if isinstance(value, np.generic) else value
    return found


def size_of(name: str, size: Any) -> tuple[int, ...]:
    """The sizes that were given, in a tuple or as they are, as whole numbers of at least 0."""
    size = listed(tuple(size)) if isinstance(size, tuple | list) else (size,)
    try:
        sizes = tuple(operator.index(n) for n in size)
    except TypeError:
        raise TypeError(f"{name}(): sizes must be whole numbers, not {size}") from None
    if any(n < 0 for n in sizes):
        raise ValueError(f"{name}(): sizes must not be negative: {sizes}")
    return sizes


# ---------------------------------------------------------------------------------------------- as another tensor


def zeros_like(input: Tensor, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape of `input`, and in its dtype unless one is given."""
    return _like("zeros_like", input, 0, dtype, device, requires_grad)


def ones_like(input: Tensor, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape of `input`, and in its dtype unless one is given."""
    return _like("ones_like", input, 1, dtype, device, requires_grad)


def empty_like(input: Tensor, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Values that are not set in the shape of `input`, and in its dtype unless one is given."""
    return _like("empty_like", input, None, dtype, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value, fill_value, in the shape of `input`, and in its dtype unless one is given.

    Errors: TypeError for a value that is no number.
    """
    return _like("full_like", input, number("full_like", fill_value), dtype, device, requires_grad)


def _like(name: str, input: Tensor, value: Any, dtype: DTypeLike, device: Any, requires_grad: bool) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): a tensor is needed, not {type(input).__name__}")
    return _filled(name, input.shape, value, input.dtype if dtype is None else dtype, device, requires_grad)


@method
def new_zeros(
    self: Tensor, *shape: Any, size: Any = None, dtype: DTypeLike = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros of this size, in the dtype of this tensor unless one is given."""
    return _filled("new_zeros", shape if size is None else size, 0, dtype or self.dtype, device, requires_grad)


@method
def new_ones(
    self: Tensor, *shape: Any, size: Any = None, dtype: DTypeLike = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Ones of this size, in the dtype of this tensor unless one is given."""
    return _filled("new_ones", shape if size is None else size, 1, dtype or self.dtype, device, requires_grad)


@method
def new_empty(
    self: Tensor, *shape: Any, size: Any = None, dtype: DTypeLike = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Values that are not set, of this size, in the dtype of this tensor unless one is given."""
    return _filled("new_empty", shape if size is None else size, None, dtype or self.dtype, device, requires_grad)


@method
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: DTypeLike = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One value, fill_value, in a tensor of this size, in the dtype of this tensor unless one is given.

    Errors as in `full`.
    """
    return full(size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@method
def new_tensor(
    self: Tensor, data: Any, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A copy of `data` as `tensor` makes it, in the dtype of this tensor unless one is given."""
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


# ---------------------------------------------------------------------------------------------- evenly spaced


def arange(
    *bounds: Any, start: Any = None, end: Any = None, step: Any = None, dtype: DTypeLike = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """start, start + step, … below end: `arange(end)`, `arange(start, end)`, `arange(start, end, step)`.

    Integers if all three `bounds` are, else the default dtype. Errors: ValueError for a step of 0, or away from the
    end, TypeError where the end is missing, or one is given twice.
    """
    check_device("arange", device)
    given = [number("arange", b) for b in bounds]
    names = ("end",) if len(given) == 1 and end is None else ("start", "end", "step")
    named = {"start": start, "end": end, "step": step}
    if len(given) > 3 or any(named[name] is not None for name in names[: len(given)]):
        raise TypeError("arange(): it takes end, or start and end, or start, end and step, each once")
    placed = {**{key: v for key, v in named.items() if v is not None}, **dict(zip(names, given, strict=False))}
    if "end" not in placed:
        raise TypeError("arange(): the end is missing")
    first, last, by = (number("arange", {"start": 0, "step": 1, **placed}[name]) for name in ("start", "end", "step"))
    return Tensor(_steps(first, last, by, dtype), requires_grad)


def _steps(start: Scalar, end: Scalar, step: Scalar, dtype: DTypeLike) -> Array:
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"arange(): steps of {step} do not lead from {start} to {end}")
    found = common_dtype([scalar_dtype(b) for b in (start, end, step)]) if dtype is None else as_dtype("arange", dtype)
    whole = isinstance(start, int) and isinstance(step, int)
    places: Array = np.arange(math.ceil((end - start) / step), dtype=np.int64 if whole else float64)
    return (start + places * step).astype(found)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` evenly spaced numbers from start to end, both included: -> (steps). Errors as in `empty`."""
    return Tensor(_spaced("linspace", start, end, steps, dtype, device), requires_grad)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: DTypeLike = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """base to the power of `steps` evenly spaced numbers from start to end: from base^start to base^end."""
    kind = get_default_dtype() if dtype is None else as_dtype("logspace", dtype)
    powers = _spaced("logspace", start, end, steps, float64, device)
    return Tensor(np.power(base, powers).astype(kind), requires_grad)


def _spaced(name: str, start: Any, end: Any, steps: Any, dtype: DTypeLike, device: Any) -> Array:
    check_device(name, device)
    (count,) = size_of(name, (steps,))
    kind = get_default_dtype() if dtype is None else as_dtype(name, dtype)
    return np.linspace(number(name, start), number(name, end), count, dtype=kind)


def eye(
    n: int, m: int | None = None, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The n×m matrix with ones on its diagonal: -> (n, m); m = n if not given. Errors as in `empty`."""
    check_device("eye", device)
    rows, columns = size_of("eye", (n, n if m is None else m))
    kind = get_default_dtype() if dtype is None else as_dtype("eye", dtype)
    return Tensor(np.eye(rows, columns, dtype=kind), requires_grad)
