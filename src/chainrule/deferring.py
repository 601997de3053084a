"""Values that wait for what comes next, so that several operators can run as one kernel: the idea behind `compile`.

Inside of a compiled function an operator may return a `Deferred`: a tensor that knows its shape and how it will be
computed. The next operator either joins it, and returns a Deferred in its turn, or asks for its values, and then it is
computed, together with the steps before it whose values nobody holds any more. A value that somebody still holds is
computed by itself, so that its hooks, its gradient and its other uses are what they ever were. Nothing waits while
something is written in place, or when the function has come to its end.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chainrule.dtypes import DType
from chainrule.grad_mode import current
from chainrule.tensor import Array, Tensor

__all__ = ["Deferred", "Kind", "Step", "defer", "joining", "mode", "settle", "settle_all"]


class _Mode(threading.local):
    waiting: list[weakref.ref[Deferred]] | None = None
    """All that wait; None outside of compiled functions, where nothing does."""


mode = _Mode()
"""Of this thread."""


class Kind(Protocol):
    """What a step tells the operators that may join it, and how to carry it out."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value that will come out."""

    @property
    def dtype(self) -> DType:
        """Of the value that will come out."""

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """Carry out the steps, of which this is the kind of the last one, from the first one's input on."""


class Step:
    """How a value will be computed: operator(input, *arguments), which is of a `kind`.

    Its input is a tensor, or the value of the step `before`. Tensors are remembered with the memory and the history
    that they have now.
    """

    __slots__ = ("arguments", "before", "enabled", "input", "kind", "operator", "value", "waiting")

    def __init__(self, operator: Callable[..., Tensor], arguments: tuple[Any, ...], kind: Kind) -> None:
        first, *rest = arguments
        self.operator, self.enabled = operator, current.enabled
        self.kind: Any = kind
        self.before = first.step if type(first) is Deferred else None
        self.input = None if self.before else _as_it_is(first)
        self.arguments = tuple(map(_as_it_is, rest))
        self.value: Tensor | None = None
        self.waiting: weakref.ref[Deferred] | None = None

    def held(self) -> Tensor | None:
        """Its value, if it was computed, or if somebody has the tensor that waits for it."""
        return self.value if self.value is not None or self.waiting is None else self.waiting()


def _as_it_is(argument: Any) -> Any:
    """The tensor of now: its memory and its history stay, whatever `x.data = …` does to the tensor."""
    if not isinstance(argument, Tensor):
        return argument
    same = Tensor(argument.array)
    same.node = argument.node
    return same


_STEP: Any = Tensor.__dict__["array"]
"""Where a Deferred keeps its step: in the place of the array that it does not have yet."""


class Deferred(Tensor):
    """A tensor whose values are computed when somebody asks for them; from then on it is a Tensor like any other."""

    __slots__ = ()

    def __init__(self, step: Step) -> None:
        _STEP.__set__(self, step)

    @property
    def array(self) -> Array:
        return settle(self).array

    @array.setter
    def array(self, value: Array) -> None:
        settle(self).array = value

    @property
    def node(self) -> Any:
        return settle(self).node

    @node.setter
    def node(self, value: Any) -> None:
        settle(self).node = value

    def __reduce_ex__(self, protocol: Any) -> Any:
        return settle(self).__reduce_ex__(protocol)

    @property
    def step(self) -> Step:
        """How it will be computed."""
        step: Step = _STEP.__get__(self)
        return step

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.step.kind.shape
        return shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> DType:
        dtype: DType = self.step.kind.dtype
        return dtype


def defer(operator: Callable[..., Tensor], arguments: tuple[Any, ...], kind: Kind) -> Deferred:
    """operator(*arguments), later."""
    step = Step(operator, arguments, kind)
    value = Deferred(step)
    step.waiting = weakref.ref(value)
    if mode.waiting is not None:
        mode.waiting.append(step.waiting)
    return value


def settle(value: Deferred) -> Tensor:
    """Compute it, and make it a Tensor."""
    last = value.step
    steps = [last]
    while (before := steps[-1].before) is not None and before.held() is None:
        steps.append(before)
    first = steps[-1]
    start: Any = first.input if first.before is None else first.before.held()
    waiting, mode.waiting = mode.waiting, None
    enabled, current.enabled = current.enabled, last.enabled
    try:
        y = last.kind.run(start, steps[::-1])
    finally:
        mode.waiting, current.enabled = waiting, enabled
    value.__class__ = Tensor  # type: ignore[assignment]
    value.array, value.node = y.array, y.node
    last.value = value
    return value


def settle_all() -> None:
    """Compute all that waits: before anything is written in place, and at the end."""
    for waiting in mode.waiting or ():
        value = waiting()
        if type(value) is Deferred:
            settle(value)
    if mode.waiting:
        mode.waiting.clear()


class joining:  # noqa: N801 (as no_grad)
    """Operators inside may wait for those that join them."""

    def __enter__(self) -> None:
        self._outer = mode.waiting
        if self._outer is None:
            mode.waiting = []

    def __exit__(self, *exception: object) -> None:
        if self._outer is not None:
            return
        try:
            settle_all()
        finally:
            mode.waiting = None
