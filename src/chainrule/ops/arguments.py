"""What operators ask of their arguments, and what they say where it is not so. All of it off the hot path."""

from __future__ import annotations

import functools
import inspect
from typing import Any, cast

import numpy as np

from chainrule.autograd import NUMPY_NAMES
from chainrule.dtypes import get_default_dtype, result_type
from chainrule.tensor import Array, F, Tensor

__all__ = [
    "all_dims", "broadcast", "floating", "inplace_option", "methods", "numpy_names", "one_dim", "promoted",
    "promoted_floats", "require_floating", "require_tensors", "row_dim", "whole_number", "whole_numbers",
]  # fmt: skip


def floating(x: Any) -> Any:
    """Integers and truth values as the default dtype, as PyTorch's functions of real numbers take them."""
    if not isinstance(x, (np.ndarray, np.complexfloating)) or x.dtype.kind == "f":
        return x
    if x.dtype.kind not in "iub":
        raise TypeError(f"real numbers are needed, not {x.dtype}")
    return x.astype(get_default_dtype())


@np.errstate(all="ignore")  # a number may be infinite in the common dtype
def promoted(*operands: Any) -> Any:
    """Arrays in the common dtype of all operands, numbers as arrays of it; None stays None."""
    dtype = result_type(*[a for a in operands if a is not None])
    return [a if a is None else np.asarray(a).astype(dtype, copy=False) for a in operands]


def promoted_floats(*operands: Any) -> Any:
    """Arrays in the common dtype, or at once in the default one where that is of integers: −3 is no uint8."""
    dtype = result_type(*operands)
    dtype = dtype if dtype.kind == "f" else get_default_dtype()
    return [np.asarray(a).astype(dtype, copy=False) for a in operands]


def require_floating(name: str, x: Array) -> Array:
    """x, which must not be of integers, where PyTorch does not convert them either."""
    if x.dtype.kind != "f":
        raise TypeError(f"{name}(): a floating-point tensor is needed, not {x.dtype}; convert it with .float()")
    return x


def require_tensors(name: str, *values: Any) -> None:
    """Each value must be a Tensor."""
    for value in values:
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}(): a tensor is needed, not {type(value).__name__}; make one with tensor(…)")


def broadcast(name: str, f: Any, x: Any, other: Any) -> Any:
    """f(x, other) for an elementwise NumPy function f of two broadcast operands."""
    try:
        return f(x, other)
    except ValueError as error:
        shapes = np.shape(x), np.shape(other)
        if _fit(*shapes):
            raise ValueError(f"{name}(): {error}") from None
        raise ValueError(
            f"{name}(): the shapes {shapes[0]} and {shapes[1]} do not broadcast\n"
            "  counted from the right, two sizes must be equal, or one of them 1 or missing"
        ) from None
    except TypeError as error:
        raise TypeError(f"{name}(): {error}") from None


def _fit(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


_WHOLE = (int, np.integer)


def one_dim(name: str, dim: Any, ndim: int, shape: tuple[int, ...]) -> int:
    """`dim`, which may count from the end, as a number from 0 to ndim − 1; `shape` is named in the error."""
    if type(dim) is not int and not isinstance(dim, _WHOLE):
        raise TypeError(f"{name}(): dim must be a whole number, not {dim!r}")
    if not -ndim <= dim < ndim:
        span = f"{-ndim} to {ndim - 1} are possible" if ndim else "it has no dimensions"
        raise IndexError(f"{name}(): dim {dim} is out of range for a tensor of shape {shape}: {span}")
    return int(dim) % ndim


def row_dim(name: str, dim: Any, shape: tuple[int, ...]) -> int:
    """As `one_dim`; a tensor without dimensions is taken as one element in a row."""
    return one_dim(name, dim, max(len(shape), 1), shape)


def whole_number(name: str, what: str, value: Any) -> int:
    """The value, which must be one, or a tensor of one; truth values are none."""
    if type(value) is int:
        return value
    if isinstance(value, Tensor) and value.array.size == 1:
        value = value.item()
    if not isinstance(value, _WHOLE) or isinstance(value, bool):
        raise TypeError(f"{name}(): {what} must be a whole number, not {value!r}")
    return int(value)


def whole_numbers(name: str, what: str, values: Any) -> tuple[int, ...]:
    """A tuple, list or size of whole numbers, as a tuple."""
    if not isinstance(values, tuple | list):
        raise TypeError(f"{name}(): {what} must be whole numbers in a tuple or a list, not {values!r}")
    if set(map(type, values)) <= {int}:
        return tuple(values)
    return tuple(whole_number(name, what, value) for value in values)


def all_dims(name: str, dim: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A dim, several, or None or () for all, as numbers from 0; a tensor without dimensions takes 0 and −1 too."""
    ndim = len(shape)
    if dim is None or dim in ((), []) or (not shape and dim in (0, -1)):
        return tuple(range(ndim))
    dims = tuple(one_dim(name, d, ndim, shape) for d in (dim if isinstance(dim, tuple | list) else (dim,)))
    if len(set(dims)) < len(dims):
        raise ValueError(f"{name}(): dim {dim} names a dimension of shape {shape} twice")
    return dims


def methods(**named: Any) -> None:
    """Make functions methods of Tensor under these names: other names of one, or names that others have already."""
    for name, f in named.items():
        setattr(Tensor, name, f)


def numpy_names(f: F) -> F:
    """Let NumPy's names for arguments do as well, as PyTorch does: axis for dim, and keepdims for keepdim."""

    @functools.wraps(f)
    def called(*args: Any, **named: Any) -> Any:
        return f(*args, **{NUMPY_NAMES.get(name, name): value for name, value in named.items()}) if named else f(*args)

    return cast(F, called)


def inplace_option(operator: F) -> F:
    """Obey the operator's argument `inplace`: the input becomes the result where it is true."""
    place = list(inspect.signature(operator).parameters).index("inplace")

    @functools.wraps(operator)
    def called(*args: Any, **named: Any) -> Any:
        y = called.operator(*args, **named)  # type: ignore[attr-defined]
        if named.get("inplace") or (len(args) > place and args[place]):
            x: Tensor = args[0] if args else named["input"]
            require_tensors(operator.__name__, x)
            return x._become(f"{operator.__name__}()", y)
        return y

    called.operator = operator  # type: ignore[attr-defined]
    return cast(F, called)
