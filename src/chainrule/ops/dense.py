"""Dense layers, one after the other, as one operator.

Inside of a compiled function `linear` waits for what follows it, and an activation and the next `linear` join it
(`deferring`). All of them together are `dense`, for which there is one kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.autograd import Pullback, primitive
from chainrule.deferring import Deferred, Step, defer, settle
from chainrule.native import core
from chainrule.ops.chains import ACTIVATIONS, carry_out, waits
from chainrule.ops.linalg import linear
from chainrule.tensor import Array, Tensor

__all__: list[str] = []  # no names: it is what others become

_linear: Any = linear


@primitive
def _dense(x: Array, wants: bool, activations: tuple[int, ...], *weights: Array | None) -> tuple[Array, Pullback]:
    """x ↦ act(x·wᵀ + b) with the weight and the bias of each layer. `wants`: whether x's cotangent is needed."""
    pullbacks = []
    for number, w, b in zip(activations, weights[::2], weights[1::2], strict=True):
        x, back = _linear.reference(x, w, b)
        x, slope = ACTIVATIONS[number].reference(x) if number else (x, None)
        pullbacks.append((back, slope))

    def pullback(dy: Array) -> tuple[Any, ...]:
        cotangents: list[Any] = []
        for (dx, dw, _), slope in reversed(pullbacks):
            dy = slope(dy) if slope else dy
            cotangents[:0] = dw(dy), dy.sum(0)
            dy = dx(dy)
        return dy, None, None, *cotangents

    return x, pullback


@_dense.native
def _(x: Array, wants: bool, activations: tuple[int, ...], *weights: Array | None) -> tuple[Array, Pullback]:
    values = core.dense(x, activations, weights)

    def pullback(dy: Array) -> tuple[Any, ...]:
        dx, *cotangents = core.dense_grad(x, activations, weights, values, dy, wants)
        return dx, None, None, *cotangents

    return values[-1], pullback


class Layers(Step):
    """The last layer so far of a chain that waits: rows (N, O) will come out. The setting is its activation."""

    __slots__ = ()

    def activated(self, x: Deferred, number: int, operator: Any) -> Deferred | None:
        """The last layer with an activation."""
        return None if self.setting else defer(Layers(operator, x, (), number, self.shape, self.dtype))

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """The layers together."""
        return carry_out(_linear, _dense, start, steps)


@_linear.deferred  # type: ignore[untyped-decorator]
def _(x: Any, w: Any, b: Any = None) -> Tensor | None:
    if core is None or not (isinstance(x, Tensor) and isinstance(w, Tensor) and (b is None or isinstance(b, Tensor))):
        return None
    rows, weight, dtype = (x.step if type(x) is Deferred else x.array).shape, w.array.shape, w.array.dtype
    if len(rows) != 2 or len(weight) != 2 or rows[1] != weight[1] or dtype != x.dtype or dtype.char not in "fd":
        return None
    if b is not None and (b.array.shape != weight[:1] or b.array.dtype != dtype):
        return None
    if type(x) is Deferred and not waits(x, Layers):
        settle(x)
    return defer(Layers(_linear, x, (w, b), 0, (rows[0], weight[0]), dtype))
