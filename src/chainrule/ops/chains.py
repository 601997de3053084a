"""Activations that join what waits before them inside of a compiled function (`deferring`): `stages`, `dense`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chainrule.deferring import Deferred, Kind, Step, defer
from chainrule.grad_mode import current
from chainrule.ops.activation import relu, sigmoid, tanh
from chainrule.tensor import Tensor

__all__: list[str] = []  # no names: it is what others become

ACTIVATIONS: dict[int, Any] = {1: relu.operator, 2: sigmoid, 3: tanh}  # type: ignore[attr-defined]
"""Those that never fall, and whose gradients follow from their values; as the kernels number them, 0 being none."""


class Chain(Kind, Protocol):
    """What a step of a chain tells those that follow it."""

    @property
    def setting(self) -> Any:
        """Of the last link of the chain so far, as the kernel takes it."""

    def activated(self, number: int) -> Kind | None:
        """What comes out if this activation follows; None if it cannot join."""


def waits(x: Any, kind: type) -> bool:
    """Whether x is of a chain that can be gone on with here."""
    return type(x) is Deferred and type(x.step.kind) is kind and x.step.enabled == current.enabled


def carry_out(first: Any, together: Callable[..., Tensor], x: Tensor, steps: Sequence[Step]) -> Tensor:
    """One by one up to `first`, with which a link begins, then the rest together, if there is anything to join.

    together(x, whether x's cotangent is needed, the settings of all links, the weight and the bias of each)
    """
    while steps and (len(steps) == 1 or steps[0].operator is not first):
        x, steps = steps[0].operator(x, *steps[0].arguments), steps[1:]
    if not steps:
        return x
    settings: list[Any] = []
    weights: list[Any] = []
    for step in steps:
        if step.operator is first:
            settings.append(None)
            weights += step.arguments[:2]
        settings[-1] = step.kind.setting
    return together(x, x.requires_grad and current.enabled, tuple(settings), *weights)


def _let_join(number: int, operator: Any) -> None:
    def rule(x: Any, inplace: bool = False) -> Tensor | None:
        if inplace or type(x) is not Deferred or x.step.enabled != current.enabled:
            return None
        chain: Chain = x.step.kind
        kind = chain.activated(number)
        return None if kind is None else defer(operator, (x,), kind)

    operator.deferred(rule)


for number, operator in ACTIVATIONS.items():
    _let_join(number, operator)
