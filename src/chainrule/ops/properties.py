"""What a tensor is like: sizes, dtype and memory, as Python's numbers. Nothing here is put on the tape."""

from __future__ import annotations

from typing import Any

from chainrule.ops.arguments import one_dim
from chainrule.tensor import Tensor, method

__all__ = [
    "is_complex", "is_floating_point", "is_nonzero", "is_same_size", "is_signed", "is_tensor", "numel",
]  # fmt: skip


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor: a Python bool."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> int:
    """The number of elements, of any shape: a Python int."""
    return input.array.size


@method
def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floats, of any width. Any shape, a Python bool."""
    return input.array.dtype.kind == "f"


@method
def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers: never. Any shape, a Python bool."""
    return False


@method
def is_signed(input: Tensor) -> bool:
    """Whether the elements may be negative. Any shape, a Python bool."""
    return input.array.dtype.kind in "fi"


@method
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not 0: a Python bool.

    Errors: ValueError if there is not just one.
    """
    if input.array.size != 1:
        raise ValueError(f"is_nonzero(): one element is needed, not shape {input.shape}")
    return bool(input.array.item())


@method
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether input and other have the same shape: a Python bool."""
    return input.shape == other.shape


@method
def nelement(input: Tensor) -> int:
    """The number of elements, of any shape: a Python int."""
    return input.array.size


@method
def ndimension(input: Tensor) -> int:
    """The number of dimensions, of any shape: a Python int."""
    return input.array.ndim


@method
def stride(input: Tensor, dim: int | None = None) -> Any:
    """How many elements lie in memory from one to the next along each dimension, or along `dim`; of any shape.

    Errors: IndexError where there is no such dim.
    """
    strides = tuple(n // input.array.itemsize for n in input.array.strides)
    return strides if dim is None else strides[one_dim("stride", dim, input.ndim, input.shape)]


@method
def element_size(input: Tensor) -> int:
    """The bytes of one element, of any shape."""
    return input.array.itemsize


Tensor.itemsize = property(lambda x: x.array.itemsize, doc="The bytes of one element.")  # type: ignore[attr-defined]
Tensor.nbytes = property(lambda x: x.array.nbytes, doc="The bytes of all elements.")  # type: ignore[attr-defined]
Tensor.is_cuda = property(lambda x: False, doc="Whether it lies on a graphics card: never.")  # type: ignore[attr-defined]
