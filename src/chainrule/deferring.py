"""Values that wait for what comes next, so that several operators can run as one kernel: the idea behind `compile`.

Inside of a compiled function an operator may return a `Deferred`: a tensor that knows its shape and how it will be
computed. The next operator either joins it, and returns a Deferred in its turn, or asks for its values, and then it is
computed, together with the steps before it whose values nobody holds any more. A value that somebody still holds is
computed by itself, so that its hooks, its gradient and its other uses are what they ever were. Nothing waits while
something is written in place, or when the function has come to its end.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from chainrule.dtypes import DType
from chainrule.grad_mode import current
from chainrule.tensor import Array, Tensor

__all__ = ["Deferred", "Step", "defer", "joining", "mode", "settle", "settle_all"]


class _Mode(threading.local):
    waiting: list[weakref.ref[Deferred]] | None = None
    """All that wait; None outside of compiled functions, where nothing does."""


mode = _Mode()
"""Of this thread."""


class Step:
    """How a value of `shape` and `dtype` will be computed: operator(input, *arguments).

    Its input is a tensor, or the value of the step `before`. Tensors are remembered with the memory and the history
    that they have now. A kind of steps says which operators may join it, with what `setting`, and how a row of them
    whose last one is of this kind is carried out.
    """

    __slots__ = (
        "arguments", "before", "dtype", "enabled", "input", "operator", "setting", "shape", "value", "waiting"
    )  # fmt: skip

    value: Tensor | None
    waiting: weakref.ref[Deferred]

    def __init__(
        self, operator: Callable[..., Tensor], x: Tensor, arguments: tuple[Any, ...], setting: Any,
        shape: tuple[int, ...], dtype: DType,
    ) -> None:  # fmt: skip
        self.operator, self.setting, self.shape, self.dtype = operator, setting, shape, dtype
        self.enabled = current.enabled
        self.before: Step | None = x.step if type(x) is Deferred else None
        self.input = None if self.before else _as_it_is(x)
        self.arguments = [_as_it_is(a) if isinstance(a, Tensor) else a for a in arguments]
        self.value = None

    def held(self) -> Tensor | None:
        """Its value, if it was computed, or if somebody has the tensor that waits for it."""
        return self.value if self.value is not None else self.waiting()

    def activated(self, x: Deferred, number: int, operator: Any) -> Deferred | None:
        """The activation operator(x), later, with the kernels' `number` for it; None if it cannot join."""
        return None

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """Carry out the steps, of which this is the last one, from the first one's input on."""
        raise NotImplementedError


def _as_it_is(x: Tensor) -> Tensor:
    """The tensor of now: its memory and its history stay, whatever `x.data = …` does to the tensor."""
    same = Tensor(x.array)
    same.node = x.node
    return same


class Deferred(Tensor):
    """A tensor whose values are computed when somebody asks for them; from then on it is a Tensor like any other."""

    __slots__ = ()

    step: Any = Tensor.__dict__["array"]
    """How it will be computed: a Step, in the place of the array that it does not have yet."""

    def __init__(self, step: Step) -> None:
        self.step = step

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
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.step.shape
        return shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> DType:
        dtype: DType = self.step.dtype
        return dtype


def defer(step: Step) -> Deferred:
    """The value that waits for the step."""
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
        y = last.run(start, steps[::-1])
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
        ignored = () if exception[0] is None else (Exception,)  # the first error is the one to tell
        try:
            with contextlib.suppress(*ignored):
                settle_all()
        finally:
            mode.waiting = None
