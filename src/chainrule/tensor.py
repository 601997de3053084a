"""Tensor: an array, and the node of the tape that made it.

The operators of `chainrule.ops` are its methods too (`x.relu()` is `relu(x)`); they are attached where they
are defined. What stands here is what an array needs to be one: making, converting, printing, changing in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from chainrule.hooks import RemovableHandle, register

if TYPE_CHECKING:
    from chainrule.autograd import Node

Array = npt.NDArray[Any]
Scalar = bool | int | float
F = TypeVar("F", bound=Callable[..., Any])
DType = np.dtype[Any]

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
uint8, int8, int16, int32, int64 = (np.dtype(t) for t in (np.uint8, np.int8, np.int16, np.int32, np.int64))
bool_ = np.dtype(np.bool_)

_default_dtype: DType = float32


def get_default_dtype() -> DType:
    """The dtype that Python floats become: float32 unless set otherwise."""
    return _default_dtype


def set_default_dtype(dtype: npt.DTypeLike) -> None:
    """Let Python floats become `dtype`, float32 or float64."""
    global _default_dtype
    if np.dtype(dtype) not in (float32, float64):
        raise TypeError(f"set_default_dtype({dtype}): only float32 and float64 are possible")
    _default_dtype = np.dtype(dtype)


class Tensor:
    """An n-dimensional array that can be differentiated.

    `Tensor(array)` shares the array's memory. With `requires_grad=True` it is a leaf of the tape, and `backward` fills
    its `.grad`.
    """

    __slots__ = ("__weakref__", "array", "node")
    __array_priority__ = 1000  # NumPy leaves `array * tensor` to us
    __hash__ = object.__hash__

    array: Array
    node: Node | None

    def __init__(self, array: Array, requires_grad: bool = False) -> None:
        self.array = array
        self.node = None
        if requires_grad:
            self.requires_grad_()

    # ------------------------------------------------------------------------------------------ gradient

    @property
    def requires_grad(self) -> bool:
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this a leaf whose gradient is wanted, or no longer so."""
        from chainrule.autograd import Node

        if not self.is_leaf:
            if not requires_grad:
                raise RuntimeError("only a leaf can stop requiring a gradient; detach() gives a value without history")
        elif not requires_grad:
            self.node = None
        elif self.node is None:
            if self.array.dtype.kind != "f":
                raise RuntimeError(f"only floating-point tensors can require a gradient, not {self.array.dtype}")
            self.node = Node("leaf", self.array, None, ())
        return self

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
        return None if self.node is None else self.node.grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and value.shape != self.shape:
            raise RuntimeError(f"a gradient of shape {value.shape} does not fit a tensor of shape {self.shape}")
        if self.node is not None:
            self.node.grad = value
        elif value is not None:
            raise RuntimeError("this tensor does not require a gradient, so it cannot hold one")

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate value as well."""
        if self.node is None:
            raise RuntimeError("retain_grad(): this tensor does not require a gradient")
        self.node.retains_grad = True

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call hook(dy) with the complete gradient of this tensor whenever it is computed.

        What it returns, unless None, takes the gradient's place on the way further back and in `.grad`; it must not
        change dy. The handle that is returned takes the hook back: `handle.remove()`.
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
        return self.array.shape

    @property
    def dtype(self) -> DType:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def device(self) -> str:
        """Where the values lie: always "cpu"."""
        return "cpu"

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry `dim`."""
        return self.array.shape if dim is None else self.array.shape[dim]

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(f"item() needs a tensor with one element, this one has shape {self.shape}")
        return self.array.item()

    def tolist(self) -> Any:
        """The values as (nested) Python lists."""
        return self.array.tolist()

    def numpy(self) -> Array:
        """The array itself, in shared memory; detach() first where a gradient is tracked."""
        if self.node is not None:
            raise RuntimeError("numpy() on a tensor that requires a gradient would lose it: use x.detach().numpy()")
        return self.array

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

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
        return format(self.array.item(), spec) if self.array.size == 1 and spec else format(repr(self), spec)

    def __repr__(self) -> str:
        text = np.array2string(self.array, separator=", ", precision=4, prefix="tensor(", threshold=1000)
        if self.array.dtype not in (_default_dtype, int64, bool_):
            text += f", dtype={self.array.dtype}"
        if self.node is not None:
            text += ", requires_grad=True" if self.is_leaf else f", grad_fn={self.node!r}"
        return f"tensor({text})"

    # ------------------------------------------------------------------------------------------ in place

    def _write(self, what: str) -> Array:
        """The array, to be changed in place; refused where the tape would not notice."""
        from chainrule.autograd import is_grad_enabled

        if self.node is not None and is_grad_enabled():
            kind = "a leaf that requires a gradient" if self.is_leaf else "a value that the tape has recorded"
            hint = "Use `with no_grad():` for an update of parameters."
            raise RuntimeError(f"{what} would change {kind} in place.\n  {hint}")
        return self.array

    def copy_(self, src: Any) -> Tensor:
        """Overwrite the values with those of `src`, broadcast."""
        self._write("copy_()")[...] = _array(src)
        return self

    def fill_(self, value: Scalar) -> Tensor:
        """Overwrite every element with `value`."""
        self._write("fill_()")[...] = value
        return self

    def zero_(self) -> Tensor:
        """Overwrite every element with 0."""
        return self.fill_(0)

    def add_(self, other: Any, *, alpha: Scalar = 1) -> Tensor:
        """x ← x + alpha · other."""
        y = _array(other)
        return self._update(np.add, y if alpha == 1 else y * alpha)

    def sub_(self, other: Any, *, alpha: Scalar = 1) -> Tensor:
        """x ← x − alpha · other."""
        y = _array(other)
        return self._update(np.subtract, y if alpha == 1 else y * alpha)

    def mul_(self, other: Any) -> Tensor:
        """x ← x · other."""
        return self._update(np.multiply, _array(other))

    def div_(self, other: Any) -> Tensor:
        """x ← x / other."""
        return self._update(np.true_divide, _array(other))

    def clamp_(self, min: Scalar | None = None, max: Scalar | None = None) -> Tensor:
        """x ← x, limited to [min, max]."""
        x = self._write("clamp_()")
        np.clip(x, min, max, out=x)
        return self

    def _update(self, ufunc: np.ufunc, other: Any) -> Tensor:
        x = self._write(f"an in-place {ufunc.__name__}")
        ufunc(x, other, out=x, casting="same_kind")
        return self

    def __iadd__(self, other: Any) -> Tensor:
        return self + other if self._is_tracked(other) else self.add_(other)

    def __isub__(self, other: Any) -> Tensor:
        return self - other if self._is_tracked(other) else self.sub_(other)

    def __imul__(self, other: Any) -> Tensor:
        return self * other if self._is_tracked(other) else self.mul_(other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self / other if self._is_tracked(other) else self.div_(other)

    def _is_tracked(self, other: Any) -> bool:
        """Whether `x += other` has to make a new, recorded value; on a leaf it is refused, as in PyTorch."""
        from chainrule.autograd import is_grad_enabled

        tracked = self.node is not None or (isinstance(other, Tensor) and other.node is not None)
        if tracked and is_grad_enabled():
            if self.node is not None and self.is_leaf:
                self._write("an in-place operator")
            return True
        return False

    # ------------------------------------------------------------------------------------------ conversion

    def float(self) -> Tensor:
        """As float32."""
        return self.to(float32)

    def double(self) -> Tensor:
        """As float64."""
        return self.to(float64)

    def long(self) -> Tensor:
        """As int64."""
        return self.to(int64)

    def int(self) -> Tensor:
        """As int32."""
        return self.to(int32)

    def bool(self) -> Tensor:
        """As truth values: x ≠ 0."""
        return self.to(bool_)

    # ------------------------------------------------------------------------------------------ operators

    def __add__(self, other: Any) -> Tensor:
        return self.add(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self.sub(other)

    def __rsub__(self, other: Any) -> Tensor:
        return Tensor.sub(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return self.mul(other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return self.div(other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return Tensor.div(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return self.floor_divide(other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return Tensor.floor_divide(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return self.remainder(other)

    def __rmod__(self, other: Any) -> Tensor:
        return Tensor.remainder(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return self.pow(other)

    def __rpow__(self, other: Any) -> Tensor:
        return Tensor.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return Tensor.matmul(other, self)

    def __neg__(self) -> Tensor:
        return self.neg()

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return self.abs()

    def __invert__(self) -> Tensor:
        return self.logical_not() if self.array.dtype == bool_ else Tensor(~self.array)

    def __getitem__(self, index: Any) -> Tensor:
        return self.getitem(_plain(index))

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return self.eq(other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return self.ne(other)

    def __lt__(self, other: Any) -> Tensor:
        return self.lt(other)

    def __le__(self, other: Any) -> Tensor:
        return self.le(other)

    def __gt__(self, other: Any) -> Tensor:
        return self.gt(other)

    def __ge__(self, other: Any) -> Tensor:
        return self.ge(other)

    @property
    def T(self) -> Tensor:  # noqa: N802 (PyTorch's name)
        """The matrix with its axes swapped."""
        return self.t()

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """With the last two axes swapped."""
        return self.transpose(-2, -1)

    if TYPE_CHECKING:  # the methods that chainrule.ops attaches
        sub: ClassVar[Callable[..., Tensor]]
        div: ClassVar[Callable[..., Tensor]]
        pow: ClassVar[Callable[..., Tensor]]
        floor_divide: ClassVar[Callable[..., Tensor]]
        remainder: ClassVar[Callable[..., Tensor]]
        matmul: ClassVar[Callable[..., Tensor]]

        def __getattr__(self, name: str) -> Callable[..., Tensor]: ...


# ---------------------------------------------------------------------------------------------- dtypes and operands


def result_type(*operands: Any) -> DType:
    """PyTorch's common dtype: a float, of whatever width, before any integer, and arrays before numbers.

    An array without dimensions only lifts the kind (bool < int < float) of those with some, and a number that of any
    array: to int64 or the default dtype.
    """
    values = [_plain(a) for a in operands]
    arrays = [a for a in values if isinstance(a, np.ndarray)]
    best: DType | None = None
    for group in (
        [a.dtype for a in arrays if a.ndim],
        [a.dtype for a in arrays if not a.ndim],
        [_scalar_dtype(a) for a in values if not isinstance(a, np.ndarray)],
    ):
        widest = _widest(group)
        if widest is not None and (best is None or _rank(widest) > _rank(best)):
            best = widest
    return _default_dtype if best is None else best


def _rank(dtype: DType) -> int:
    return {"b": 0, "u": 1, "i": 1, "f": 2}.get(dtype.kind, 3)


def _widest(dtypes: list[DType]) -> DType | None:
    if not dtypes:
        return None
    rank = max(_rank(d) for d in dtypes)
    return np.result_type(*[d for d in dtypes if _rank(d) == rank])


def _scalar_dtype(value: Any) -> DType:
    if isinstance(value, bool | np.bool_):
        return bool_
    if isinstance(value, int | np.integer):
        return int64
    if isinstance(value, float | np.floating):
        return _default_dtype
    raise TypeError(f"an operand must be a tensor, an array or a number, not {type(value).__name__}")


def _plain(value: Any) -> Any:
    """The array inside a Tensor, or of each Tensor in an index; anything else as it is."""
    if isinstance(value, Tensor):
        return value.array
    return tuple(_plain(v) for v in value) if isinstance(value, tuple) else value


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def method(f: F) -> F:
    """Make an operator a method of Tensor too, under its own name: `x.relu()` is `relu(x)`."""
    setattr(Tensor, f.__name__, f)
    return f


# ---------------------------------------------------------------------------------------------- making


def tensor(data: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested lists, an array, a tensor.

    Python floats become float32 (the default dtype), integers int64; an array keeps its dtype.
    """
    if isinstance(data, list | tuple):
        data = [_nested(value) for value in data]
    array = np.array(_array(data), dtype=dtype)
    if dtype is None and array.dtype == float64 and not isinstance(data, np.ndarray | np.generic | Tensor):
        array = array.astype(_default_dtype)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"tensor(): the data has dtype {array.dtype}; numbers and truth values are needed")
    return Tensor(array, requires_grad)


def _nested(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_nested(v) for v in value]
    return value.tolist() if isinstance(value, Tensor) else value


def from_numpy(ndarray: Array) -> Tensor:
    """A tensor in the array's own memory: what changes one changes the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy(): an array is needed, not {type(ndarray).__name__}")
    return Tensor(ndarray)


def as_tensor(data: Any, dtype: npt.DTypeLike | None = None) -> Tensor:
    """A tensor that shares memory with `data` where it can, and copies where it must."""
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.to(dtype)
    if isinstance(data, np.ndarray):
        return Tensor(data if dtype is None else data.astype(dtype, copy=False))
    return tensor(data, dtype)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor in the memory of any object that speaks DLPack (a PyTorch, JAX or CuPy array on the CPU), not copied."""
    return Tensor(np.from_dlpack(ext_tensor))


def listed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """What f(*values) was given, whether it was called as f(2, 3) or as f((2, 3))."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else values


def zeros(*size: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return Tensor(np.zeros(listed(size), dtype or _default_dtype), requires_grad)


def ones(*size: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return Tensor(np.ones(listed(size), dtype or _default_dtype), requires_grad)


def empty(*size: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose values are not set."""
    return Tensor(np.empty(listed(size), dtype or _default_dtype), requires_grad)


def full(size: Any, fill_value: Scalar, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor filled with one value, of the value's kind unless a dtype is given."""
    return Tensor(np.full(size, fill_value, dtype or _scalar_dtype(fill_value)), requires_grad)


def zeros_like(input: Tensor, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and dtype of `input`."""
    return Tensor(np.zeros(input.shape, dtype or input.dtype), requires_grad)


def ones_like(input: Tensor, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and dtype of `input`."""
    return Tensor(np.ones(input.shape, dtype or input.dtype), requires_grad)


def full_like(input: Tensor, fill_value: Scalar, dtype: npt.DTypeLike | None = None) -> Tensor:
    """One value in the shape and dtype of `input`."""
    return Tensor(np.full(input.shape, fill_value, dtype or input.dtype))


def arange(*bounds: Scalar, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """The numbers start, start + step, … below end: `arange(end)`, `arange(start, end)`, `arange(start, end, step)`."""
    if dtype is None:
        dtype = _widest([_scalar_dtype(b) for b in bounds])
    return Tensor(np.arange(*bounds, dtype=dtype), requires_grad)


def linspace(start: Scalar, end: Scalar, steps: int, dtype: npt.DTypeLike | None = None) -> Tensor:
    """`steps` evenly spaced numbers from start to end, both included."""
    return Tensor(np.linspace(start, end, steps, dtype=dtype or _default_dtype))


def eye(n: int, m: int | None = None, dtype: npt.DTypeLike | None = None) -> Tensor:
    """The n×m matrix with ones on its diagonal."""
    return Tensor(np.eye(n, m, dtype=dtype or _default_dtype))
