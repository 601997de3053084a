"""Dense layers, one after the other, as one operator.

Inside of a compiled function `linear` waits for what follows it, and an activation and the next `linear` join it
(`deferring`). All of them together are `dense`, for which there is one kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from chainrule.autograd import Pullback, primitive
from chainrule.deferring import Deferred, Step, defer, settle
from chainrule.dtypes import DType
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


class Layers(NamedTuple):
    """The last layer so far of a chain that waits: rows (N, O) will come out."""

    setting: int
    shape: tuple[int, int]
    dtype: DType

    def activated(self, number: int) -> Layers | None:
        """The last layer with an activation."""
        return None if self.setting else self._replace(setting=number)

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """The layers together."""
        return carry_out(_linear, _dense, start, steps)


@_linear.deferred  # type: ignore[untyped-decorator]
def _(x: Any, w: Any, b: Any = None) -> Tensor | None:
    shapes = core is not None and isinstance(x, Tensor) and isinstance(w, Tensor) and (x.ndim, w.ndim)
    if shapes != (2, 2) or x.shape[1] != w.shape[1] or x.dtype != w.dtype or x.dtype.char not in "fd":
        return None
    if b is not None and not (isinstance(b, Tensor) and b.shape == w.shape[:1] and b.dtype == w.dtype):
        return None
    if type(x) is Deferred and not waits(x, Layers):
        settle(x)
    return defer(_linear, (x, w, b), Layers(0, (x.shape[0], w.shape[0]), x.dtype))
