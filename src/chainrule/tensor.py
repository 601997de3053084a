"""Tensor: an array, and the node of the tape that made it.

The operators of `chainrule.ops` are its methods too (`x.relu()` is `relu(x)`); they are attached where they
are defined. What stands here is what an array needs to be one: making, converting, printing, changing in place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from chainrule.devices import CPU, device
from chainrule.dtypes import DType, bool_, can_cast, get_default_dtype, int64
from chainrule.hooks import RemovableHandle, register
from chainrule.operators import Operators
from chainrule.printing import text_of

if TYPE_CHECKING:
    from chainrule.autograd import Node

Array = npt.NDArray[Any]
Scalar = bool | int | float
F = TypeVar("F", bound=Callable[..., Any])


class Tensor(Operators):
    """An n-dimensional array that can be differentiated.

    `Tensor(array)` shares the array's memory. With `requires_grad=True` it is a leaf of the tape, and `backward` fills
    its `.grad`.
    """

    __slots__ = ("__weakref__", "array", "frozen", "node")

    array: Array
    node: Node | None
    frozen: Node
    """The node of a leaf that required a gradient once, with its gradient and its hooks."""

    def __init__(self, array: Array, requires_grad: bool = False) -> None:
        self.array = array if type(array) is np.ndarray else _as_array(array)
        self.node = None
        if requires_grad:
            self.requires_grad_()

    # ------------------------------------------------------------------------------------------ gradient

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient is wanted: of a leaf that asks for it, or a value computed from one."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this a leaf whose gradient is wanted, or with `requires_grad=False` no longer so.

        Its gradient so far and its hooks stay, and so does its place in what was computed while it was wanted.
        Errors: RuntimeError for integers, and for a computed value whose gradient shall not be wanted.
        """
        from chainrule.autograd import Node

        if not self.is_leaf:
            if not requires_grad:
                raise RuntimeError("only a leaf can stop requiring a gradient; detach() gives a value without history")
        elif not requires_grad:
            if self.node is not None:
                self.frozen, self.node = self.node, None
        elif self.node is None:
            if self.array.dtype.kind != "f":
                raise RuntimeError(f"only floating-point tensors can require a gradient, not {self.array.dtype}")
            self.node = self._leaf or Node("leaf", self.array, None, ())
            self.node.shape, self.node.dtype = self.array.shape, self.array.dtype
        return self

    @property
    def _leaf(self) -> Node | None:
        """What holds the gradient: the node, or the one before `requires_grad_(False)`."""
        return self.node or getattr(self, "frozen", None)

    @property
    def is_leaf(self) -> bool:
        """Whether the user made it; a leaf's gradient is kept, an intermediate value's only after `retain_grad()`."""
        return self.node is None or self.node.name == "leaf"

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operator that computed this tensor; None for a leaf."""
        return None if self.is_leaf else self.node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has added up so far; None before the first."""
        leaf = self._leaf
        return None if leaf is None else leaf.grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and value.shape != self.shape:
            raise RuntimeError(f"a gradient of shape {value.shape} does not fit a tensor of shape {self.shape}")
        leaf = self._leaf
        if leaf is not None:
            leaf.grad = value
        elif value is not None:
            raise RuntimeError("this tensor does not require a gradient, so it cannot hold one")

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate value as well. Errors: RuntimeError where it has none."""
        if self.node is None:
            raise RuntimeError("retain_grad(): this tensor does not require a gradient")
        self.node.retains_grad = True

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call hook(dy) with the complete gradient of this tensor whenever it is computed.

        What it returns, unless None, takes the gradient's place on the way further back and in `.grad`; it must not
        change dy. The handle that is returned takes the hook back: `handle.remove()`.
        Errors: RuntimeError where no gradient is tracked.
        """
        if self.node is None:
            raise RuntimeError("register_hook(): this tensor does not require a gradient, so none will come by")
        if self.node.hooks is None:
            self.node.hooks = {}
        return register(self.node.hooks, hook)

    def backward(self, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
        """Add the gradient of this number to `.grad` of every leaf it depends on; see `autograd.backward`."""
        from chainrule.autograd import backward

        backward(self, gradient, retain_graph)

    def detach(self) -> Tensor:
        """The same values in the same memory, without their history."""
        return Tensor(self.array)

    @property
    def data(self) -> Tensor:
        """As `detach()`; assigning replaces the values and leaves the tape alone."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        self.array = value.array
        if self.node is not None:
            self.node.shape, self.node.dtype = value.array.shape, value.array.dtype

    # ------------------------------------------------------------------------------------------ as an array

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension; without dimensions ()."""
        return self.array.shape

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def device(self) -> device:
        """Where the values lie: always `device("cpu")`."""
        return CPU

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry `dim`. Errors: IndexError where there is no such dim."""
        if dim is not None and not -self.array.ndim <= dim < self.array.ndim:
            raise IndexError(f"size(): dim {dim} is out of range for a tensor of shape {self.shape}")
        return self.array.shape if dim is None else self.array.shape[dim]

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number. Errors: RuntimeError where there is not just one."""
        if self.array.size != 1:
            raise RuntimeError(f"item() needs a tensor with one element, this one has shape {self.shape}")
        return self.array.item()

    def tolist(self) -> Any:
        """The values as (nested) Python lists."""
        return self.array.tolist()

    def numpy(self) -> Array:
        """The array itself, in shared memory. Errors: RuntimeError where a gradient is tracked; detach() first."""
        if self.node is not None:
            raise RuntimeError("numpy() on a tensor that requires a gradient would lose it: use x.detach().numpy()")
        return self.array

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Tensor:
        return Tensor(array)  # np.sin(x) is a tensor

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.numpy().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()

    def cpu(self) -> Tensor:
        """Itself: every tensor lies in the processor's memory."""
        return self

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory row by row without gaps."""
        return bool(self.array.flags.c_contiguous)

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a tensor without dimensions")
        return len(self.array)

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).array.any())

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(f"the truth of a tensor of shape {self.shape} is ambiguous: use .any() or .all()")
        return bool(self.array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub":
            raise TypeError(f"only integer tensors of a single element can be an index, this one is {self.dtype}")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        number = not self.array.ndim or (self.array.size == 1 and spec)
        return format(self.array.item() if number else repr(self), spec)

    def __repr__(self) -> str:
        text = text_of(self.array, "tensor(")
        if not self.array.size and self.array.ndim != 1:
            text += f", size={self.shape}"
        if self.array.dtype not in (get_default_dtype(), int64, bool_):
            text += f", dtype={self.array.dtype}"
        if self.node is not None:
            text += ", requires_grad=True" if self.is_leaf else f", grad_fn={self.node!r}"
        return f"tensor({text})"

    # ------------------------------------------------------------------------------------------ in place

    def _write(self, what: str) -> Array:
        """The array, to be changed in place; refused where the tape would not notice."""
        from chainrule.autograd import is_grad_enabled
        from chainrule.deferring import settle_all

        settle_all()
        if self.node is not None and is_grad_enabled():
            kind = "a leaf that requires a gradient" if self.is_leaf else "a value that the tape has recorded"
            hint = "Use `with no_grad():` for an update of parameters."
            raise RuntimeError(f"{what} would change {kind} in place.\n  {hint}")
        return self.array

    def _become(self, what: str, y: Tensor) -> Tensor:
        """x ← y: how every in-place operator ends.

        Where the tape records, it is the tensor that changes, to y's memory and history, and the old memory stays as it
        is for those who need it on the way back; elsewhere the memory is overwritten. Other tensors that share this
        memory see the change in the second case only, so that a view of what is still in use is refused in the first.
        """
        if y.shape != self.shape:
            raise ValueError(f"{what}: the result has shape {y.shape}, it does not fit into x of shape {self.shape}")
        if not can_cast(y.dtype, self.dtype):
            raise TypeError(f"{what}: the result is of {y.dtype}, it does not fit into x of {self.dtype}")
        if y.node is None:
            array = self._write(what)
            if not array.flags.writeable:
                raise ValueError(f"{what}: x of shape {self.shape} is read-only or expanded; clone() it first")
            with np.errstate(all="ignore"):  # in another dtype it may become infinite
                array[...] = y.array
            return self
        if self.node is not None and self.is_leaf:
            self._write(what)
        base = self.array.base
        shared = isinstance(base, np.ndarray) and sys.getrefcount(base) > 3  # x's array, this name, the argument
        if shared:
            raise RuntimeError(
                f"{what} would change the memory of another tensor, of which this one is a view, behind the tape.\n"
                "  Write to that tensor, x[0, 1] = value and not x[0][1] = value, x[0] = x[0] + 1 and not x[0] += 1,\n"
                "  or to a clone() of the view."
            )
        y = y.to(self.dtype)
        self.array, self.node = y.array, y.node
        return self

    def __getitem__(self, index: Any) -> Tensor:
        return self.getitem(_plain(index))

    @property
    def T(self) -> Tensor:  # noqa: N802 (PyTorch's name)
        """With its axes in reverse order; of a matrix, the transposed one."""
        return self.permute(*reversed(range(self.array.ndim)))

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """With the last two axes swapped."""
        if self.array.ndim < 2:
            raise ValueError(f"x.mT: a matrix or a batch of matrices is needed, not shape {self.shape}")
        return self.transpose(-2, -1)

    H = T  # of real numbers
    mH = mT  # noqa: N815


def _plain(value: Any) -> Any:
    """The array inside a Tensor, or of each Tensor in an index; anything else as it is."""
    if isinstance(value, Tensor):
        return value.array
    return tuple([_plain(v) for v in value]) if isinstance(value, tuple) else value


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def _as_array(value: Any) -> Array:
    """What a Tensor is made of, which is an array, or one of NumPy's numbers."""
    if not isinstance(value, np.ndarray | np.generic):
        hint = "tensor([1., 2.]) makes one of numbers, zeros(2, 3) one of a size"
        raise TypeError(f"Tensor(): an array is needed, not {type(value).__name__}; {hint}")
    return np.asanyarray(value)


def method(f: F) -> F:
    """Make an operator a method of Tensor too, under its own name: `x.relu()` is `relu(x)`."""
    setattr(Tensor, f.__name__, f)
    return f


def listed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """What f(*values) was given, whether it was called as f(2, 3) or as f((2, 3))."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else values
