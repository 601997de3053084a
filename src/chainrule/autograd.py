"""The tape: how gradients come about, from the first line to the last.

An operator is a function of plain arrays that returns its value and its *pullback*, the function
that carries a cotangent dy = ∂L/∂y back to its arguments. `primitive` runs such a function on
Tensors and remembers the pullback in a `Node`. `backward` walks over the nodes, newest first, and
multiplies by one Jacobian after the other: the chain rule, literally.

A pullback comes in two forms:

- a tuple of functions `dy -> cotangent`, one for each array argument; each is called only if its argument
  wants a gradient, so nothing is computed that nobody needs;
- one function, for a single array argument or where all cotangents come out of one computation.

Of an operator with several outputs, which returns a tuple of values, they take a cotangent for each real one.

It must not change dy, and it returns new arrays or views of dy. It need not undo broadcasting: the walk does that,
for all operators at once.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any, Protocol, cast, overload

import numpy as np

from chainrule.anomaly import NonFinite, detect_anomaly
from chainrule.deferring import mode as deferring
from chainrule.dtypes import result_type
from chainrule.grad_mode import current, enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from chainrule.native import Unsupported, core
from chainrule.refusal import refusal
from chainrule.tensor import Array, Tensor

__all__ = [
    "NUMPY_NAMES", "PRIMITIVES", "Node", "NonFinite", "backward", "detect_anomaly", "enable_grad", "gate", "grad",
    "in_common_dtype", "inference_mode", "is_grad_enabled", "next_number", "no_grad", "primitive", "set_grad_enabled",
    "vjp",
]  # fmt: skip

Pullback = Callable[..., Any] | tuple[Callable[..., Any], ...]
Forward = Callable[..., tuple[Any, Pullback]]
Later = Callable[..., Any]
PRIMITIVES: dict[str, Operator] = {}
"""Every primitive by module and name, such as "convolution.conv2d": what the generic tests walk over."""

NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""What NumPy calls arguments, which PyTorch takes as well."""

next_number = itertools.count().__next__
"""The number of the next node."""


class Node:
    """A place on the tape: one value that a gradient flows through, and the `name` of the operator that made it.

    A leaf has no pullback; the others have one, and `parents`, the nodes of the arguments (None where no gradient is
    wanted). Nodes are numbered as they are made, so falling numbers visit every node after all that depend on it. A
    copy, also one from a file, is made after the copies of its parents, and has a number of its own.
    """

    __slots__ = ("dtype", "grad", "hooks", "name", "number", "parents", "pullback", "retains_grad", "shape")

    def __init__(self, name: str, value: Array, pullback: Pullback | None, parents: Sequence[Node | None]) -> None:
        self.name = name
        self.shape = value.shape
        self.dtype = value.dtype
        self.pullback = pullback
        self.parents = parents
        self.number = next_number()
        self.retains_grad = pullback is None
        self.grad: Tensor | None = None
        self.hooks: dict[int, Callable[[Tensor], Any]] | None = None

    is_freed = True  # when a walk has come by

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        self.number = next_number()

    def __repr__(self) -> str:
        return f"<{self.name}>"


class _Kept(Node):
    """A node that holds no arrays: a second walk, from another output of its operator, may come by."""

    __slots__ = ()

    is_freed = False


# ---------------------------------------------------------------------------------------------- recording


class Operator(Protocol):
    """What `primitive` makes: a function of Tensors that knows its reference and its override."""

    __name__: str
    reference: Forward
    override: Forward | None

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor: ...

    def native(self, override: Forward) -> None:
        """Take `override` for the arrays that it supports, where the native tier is present."""

    def deferred(self, rule: Later) -> None:
        """Inside of a compiled function ask `rule`, with the same arguments, for a value that is computed later."""

    def watch(self, *watchers: Callable[[str, Forward], Forward]) -> None:
        """Run through `watcher(name, forward)` of each from now on; of none, as ever."""


@overload
def primitive(reference: Forward, /) -> Operator: ...
@overload
def primitive(*, promote: bool = False, keeps: bool = False, moves: bool = False) -> Callable[[Forward], Operator]: ...
def primitive(
    reference: Forward | None = None, *, promote: bool = False, keeps: bool = False, moves: bool = False
) -> Any:
    """Turn a function of arrays, which returns (value, pullback), into an operator on Tensors.

    Positional arguments may be Tensors, arrays or anything else (numbers, tuples, None); keywords are put
    in their place first, and `input` names the first argument of every operator, as in PyTorch.
    `promote=True` brings the operands to PyTorch's common dtype first; `keeps=True` is for several outputs whose
    pullback holds no arrays, so that one may be walked back from after another; `moves=True` is for what computes
    nothing and so has nothing to warn of, which saves telling NumPy to be silent. `@operator.native` below the
    reference gives an override that is tried first when the native tier is present; it declines what it does not
    support by raising `Unsupported`, as every function of `core` does for arrays other than float32 and float64.
    `@operator.deferred` gives a rule by which it may wait for the next operator (`deferring`). What else goes wrong
    inside is told with the operator's name (`refusal`).
    """
    if reference is None:
        return functools.partial(primitive, promote=promote, keeps=keeps, moves=moves)
    name = reference.__name__.strip("_")
    parameters = inspect.signature(reference).parameters
    new = Tensor.__new__
    slow: Forward = reference if moves else _silently()(_promoted(reference) if promote else reference)
    fast = slow

    @functools.wraps(reference)
    def operator(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args = _positional(name, parameters, args, kwargs)
        if later is not None and deferring.waiting is not None and (value := later(*args)) is not None:
            return value
        arrays, parents = [], []
        for a in args:
            if isinstance(a, Tensor):
                arrays.append(a.array)
                parents.append(a.node)
            else:
                arrays.append(a)
                parents.append(None)
        try:
            y, pullback = fast(*arrays)
        except Exception as error:
            y, pullback = declined(arrays, error)
        if type(y) is tuple:
            return _several(name, y, pullback, parents, keeps)
        result = new(Tensor)
        result.array = y if type(y) is np.ndarray else np.asarray(y)
        result.node = Node(name, result.array, pullback, parents) if any(parents) and current.enabled else None
        return result

    def declined(arrays: list[Any], error: Exception) -> tuple[Any, Pullback]:
        """What the reference says of arguments that the override does not take."""
        try:
            if fast is not slow and isinstance(error, TypeError):  # of which Unsupported is one
                return slow(*arrays)
        except Exception as told:
            error = told
        told_outside = reference.__name__.startswith("_")  # by the function around it, which knows how it was called
        raise error if told_outside else refusal(name, arrays, {}, error) from None

    unwatched, later = slow, None

    def deferred(rule: Later) -> None:
        nonlocal later
        later = rule

    def watch(*watchers: Callable[[str, Forward], Forward]) -> None:
        nonlocal fast, slow
        fast, slow = operator.override if core and operator.override else unwatched, unwatched  # type: ignore[attr-defined]
        for watcher in watchers:
            fast, slow = watcher(name, fast), watcher(name, slow)

    def native(override: Forward) -> None:
        nonlocal fast
        override.__qualname__ = reference.__qualname__  # Python names it where an argument is missing
        operator.override = override  # type: ignore[attr-defined]
        if core is not None:
            fast = override

    operator.reference = reference  # type: ignore[attr-defined]
    operator.override = None  # type: ignore[attr-defined]
    operator.native = native  # type: ignore[attr-defined]
    operator.watch = watch  # type: ignore[attr-defined]
    operator.deferred = deferred  # type: ignore[attr-defined]
    PRIMITIVES[f"{reference.__module__.rpartition('.')[2]}.{name}"] = cast(Operator, operator)
    return operator


def _several(
    name: str, values: tuple[Any, ...], pullback: Pullback, parents: Sequence[Node | None], keeps: bool = False
) -> tuple[Tensor, ...]:
    """A Tensor for each output. Each output's node hands its cotangent in, and a node behind them all pulls back.

    What flows between the two is a zero that only says that something was handed in.
    """
    outputs = tuple([Tensor(y if type(y) is np.ndarray else np.asarray(y)) for y in values])
    if not (any(parents) and current.enabled):
        return outputs
    kinds: list[tuple[tuple[int, ...], Any]] = []
    handed_in: dict[int, Array] = {}

    def joint(_: Array) -> tuple[Any, ...]:
        dys = [handed_in.pop(i) if i in handed_in else np.zeros(*kind) for i, kind in enumerate(kinds)]
        return tuple(_pull(pullback, parents, *dys))

    def hand_in(i: int, dy: Array) -> Array:
        handed_in[i] = dy
        return _TOKEN

    node = (_Kept if keeps else Node)(name, _TOKEN, joint, parents)
    behind = (node,)
    for y in outputs:
        if y.array.dtype.kind == "f":
            y.node = Node(name, y.array, functools.partial(hand_in, len(kinds)), behind)
            kinds.append((y.node.shape, y.node.dtype))
    return outputs


_TOKEN = np.zeros(())


def gate(name: str, tensors: Sequence[Tensor], pullback: Callable[..., tuple[Any, ...]]) -> tuple[Tensor, ...]:
    """The same values behind a node of their own, `name`, whose `pullback` sees all cotangents of `tensors` at once."""
    return _several(name, tuple(x.array for x in tensors), pullback, [x.node for x in tensors])


def _silently() -> np.errstate:
    """Out of its domain an operator gives NaN or infinity, as IEEE 754 says, and no warning."""
    return np.errstate(all="ignore")


def _positional(name: str, parameters: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Put keyword arguments into their places, and defaults into those left between them."""
    if "input" in kwargs and "input" not in parameters:
        args = (kwargs.pop("input"), *args)
    kwargs = {NUMPY_NAMES.get(key, key) if key not in parameters else key: value for key, value in kwargs.items()}
    for parameter in itertools.islice(parameters.values(), len(args), None):
        value = kwargs.pop(parameter.name, parameter.default)
        if value is parameter.empty:
            raise TypeError(f"{name}(): the argument '{parameter.name}' is missing; it takes ({', '.join(parameters)})")
        args += (value,)
    if kwargs:
        unknown = ", ".join(f"'{key}'" for key in kwargs)
        raise TypeError(f"{name}(): unknown or doubled argument {unknown}; it takes ({', '.join(parameters)})")
    return args


def _promoted(reference: Callable[..., Any]) -> Callable[..., Any]:
    """The reference on operands of one common dtype, by PyTorch's rules (`result_type`)."""

    @functools.wraps(reference)
    def promoted(*operands: Any) -> Any:
        return reference(*in_common_dtype(*operands))

    return promoted


def in_common_dtype(*operands: Any) -> list[Any]:
    """The operands in the common dtype, numbers still as numbers."""
    dtype = result_type(*operands)
    return [_in_dtype(a, dtype) for a in operands]


def _in_dtype(operand: Any, dtype: Any) -> Any:
    """An array in this dtype; a number as it is, but a whole one beyond it wraps around, as −1 does to 255 in uint8."""
    if isinstance(operand, np.ndarray | np.generic):
        return operand.astype(dtype, copy=False)
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= operand <= np.iinfo(dtype).max:
        return np.asarray(operand).astype(dtype)
    return operand


# ---------------------------------------------------------------------------------------------- walking back


def backward(tensor: Tensor, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
    """Add ∂tensor/∂leaf, contracted with `gradient`, to the `.grad` of every leaf that requires one.

    `gradient` has the tensor's shape and may be left out for a single number (it is 1 then). The graph is
    freed on the way unless `retain_graph`. Errors: RuntimeError for several numbers without a gradient, one of another
    shape, a tensor that depends on no leaf, and a second walk over a graph that was freed.
    """
    seed = _seed(tensor, gradient)
    with no_grad(), _silently():
        for node, dy in _cotangents([(_node(tensor), seed)], retain_graph):
            node.grad = Tensor(dy if node.grad is None else _sum(node.grad.array, dy))


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs`, contracted with `grad_outputs`, with respect to `inputs`; no `.grad` is touched.

    `retain_graph` as in `autograd.backward`. An input on which no output depends gives None where `allow_unused`.
    Errors: RuntimeError where it does not, and else as in `autograd.backward`.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    seeds = [grad_outputs] if grad_outputs is None or isinstance(grad_outputs, Tensor) else list(grad_outputs)
    seeds += [None] * (len(outputs) - len(seeds))
    wanted = {_node(x) for x in inputs}
    with no_grad(), _silently():
        starts = [(_node(y), _seed(y, dy)) for y, dy in zip(outputs, seeds, strict=True)]
        found = {node: Tensor(dy) for node, dy in _cotangents(starts, retain_graph, wanted)}
    unused = [i for i, x in enumerate(inputs) if _node(x) not in found]
    if unused and not allow_unused:
        raise RuntimeError(f"grad(): no output depends on the inputs {unused}; allow_unused=True gives None for them")
    return tuple(found.get(_node(x)) for x in inputs)


def vjp(f: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, Callable[..., tuple[Tensor, ...]]]:
    """f(*inputs) and its pullback dy ↦ (dyᵀ·∂f/∂x₁, dyᵀ·∂f/∂x₂, …), which may be called again and again.

    Where f does not depend on an input, its cotangent is zero.
    """
    leaves = [Tensor(x.array, requires_grad=True) for x in inputs]
    with enable_grad():
        y = f(*leaves)

    def pullback(dy: Tensor | None = None) -> tuple[Tensor, ...]:
        if y.node is None:
            return tuple(Tensor(np.zeros_like(x.array)) for x in leaves)
        found = grad(y, leaves, dy, retain_graph=True, allow_unused=True)
        return tuple(Tensor(np.zeros_like(x.array)) if g is None else g for g, x in zip(found, leaves, strict=True))

    return y.detach(), pullback


def _cotangents(
    starts: list[tuple[Node, Array]], retain_graph: bool, wanted: set[Node] | None = None
) -> Iterator[tuple[Node, Array]]:
    """The chain rule, over every node that the starts depend on, newest first.

    The `wanted` ones (those that retain their gradient, if None) come out with their complete cotangents; what lies
    behind the oldest of them is left as it is.
    """
    last = min((node.number for node in wanted or ()), default=-1)
    cotangents: dict[Node, Array] = {}
    ahead: list[tuple[int, Node]] = []  # a heap: the newest of those that have a cotangent comes next
    for node, dy in starts:
        dy = dy.view()  # a new object for what may hold other numbers by now: pullbacks tell walks apart by it
        if node in cotangents:
            cotangents[node] = _sum(cotangents[node], dy)
        else:
            cotangents[node] = dy
            heappush(ahead, (-node.number, node))
    while ahead:
        _, node = heappop(ahead)
        dy = np.asarray(cotangents.pop(node))  # NumPy turns arrays without dimensions into scalars
        if node.hooks:
            dy = _hooked(node, dy)
        if node.retains_grad if wanted is None else node in wanted:
            yield node, dy
        pullback, parents = node.pullback, node.parents
        if pullback is None or node.number <= last:
            continue
        if not retain_graph and node.is_freed:
            node.pullback, node.parents = _freed, ()
        for parent, dx in itertools.zip_longest(parents, _pull(pullback, parents, dy)):
            if parent is None:
                continue
            if dx is None:
                raise RuntimeError(f"the pullback of '{node.name}' gave no cotangent for an argument that requires one")
            if dx.shape != parent.shape or dx.dtype != parent.dtype:
                dx = _unbroadcast(dx, parent.shape, node.name).astype(parent.dtype, copy=False)
            if parent in cotangents:
                cotangents[parent] = _sum(cotangents[parent], dx)
                continue
            if parent.retains_grad and (np.may_share_memory(dx, dy) or not dx.flags.writeable):
                dx = _copy(dx)  # two leaves must never share one gradient: people change gradients in place
            cotangents[parent] = dx
            heappush(ahead, (-parent.number, parent))


def _sum(a: Array, b: Array) -> Array:
    """a + b, by the kernel where there is one."""
    try:
        return cast(Array, core.add(a, b)) if core is not None else np.asarray(a + b)
    except Unsupported:
        return np.asarray(a + b)


def _copy(a: Array) -> Array:
    """The same elements row by row, copied by the kernel where there is one."""
    try:
        return cast(Array, core.copy(a)) if core is not None else a.copy()
    except Unsupported:
        return a.copy()


def _hooked(node: Node, dy: Array) -> Array:
    """The cotangent that the node's hooks make of dy, each from what the one before made."""
    for hook in list((node.hooks or {}).values()):
        new = hook(Tensor(dy))
        if new is not None:
            if not isinstance(new, Tensor) or new.shape != node.shape:
                what = f"shape {new.shape}" if isinstance(new, Tensor) else type(new).__name__
                raise RuntimeError(f"a hook on a gradient of shape {node.shape} returned {what}")
            dy = new.array.astype(node.dtype)
    return dy


def _pull(pullback: Pullback, parents: Sequence[Node | None], *dy: Array) -> Sequence[Any]:
    """The cotangents of the arguments, in order; None for those that want none."""
    if type(pullback) is tuple:
        return [pull(*dy) if parent is not None else None for pull, parent in zip(pullback, parents, strict=False)]
    cotangents = pullback(*dy)  # type: ignore[operator]
    return cotangents if type(cotangents) is tuple else (cotangents,)


def _unbroadcast(dx: Array, shape: tuple[int, ...], name: str) -> Array:
    """The adjoint of broadcasting: sum over the axes that were repeated."""
    if dx.shape == shape:
        return dx
    extra = dx.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, dx.shape[extra:], strict=True)):
        raise RuntimeError(f"the pullback of '{name}' returned shape {dx.shape} for an argument of shape {shape}")
    repeated = [extra + i for i, n in enumerate(shape) if n == 1 and dx.shape[extra + i] != 1]
    return np.asarray(dx.sum(axis=(*range(extra), *repeated))).reshape(shape)


def _freed(dy: Array) -> Any:
    raise RuntimeError(
        "backward() a second time through the same graph: it was freed on the first walk to give its memory back.\n"
        "  Run the forward pass again, or keep the graph with backward(retain_graph=True)."
    )


def _node(tensor: Tensor) -> Node:
    if tensor.node is None:
        raise RuntimeError(
            f"a tensor of shape {tensor.shape} does not require a gradient and was not computed from one that does.\n"
            "  Set requires_grad=True on a leaf before the forward pass, and compute outside of no_grad()."
        )
    node: Node = tensor.node
    return node


def _seed(tensor: Tensor, gradient: Tensor | None) -> Array:
    if gradient is None:
        if tensor.array.size != 1:
            raise RuntimeError(
                f"backward() starts from a single number, this tensor has shape {tensor.shape}.\n"
                "  Reduce it first (sum or mean), or give a gradient of that shape."
            )
        return np.ones_like(tensor.array)
    dy = gradient.array if isinstance(gradient, Tensor) else np.asarray(gradient)
    if dy.shape != tensor.shape:
        raise RuntimeError(f"backward(): the gradient has shape {dy.shape}, the tensor {tensor.shape}")
    return dy.astype(tensor.array.dtype, copy=_node(tensor).retains_grad)  # a leaf's gradient is its own
