"""Activations that join what waits before them inside of a compiled function (`deferring`): `stages`, `dense`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.deferring import Deferred, Step
from chainrule.grad_mode import current
from chainrule.ops.activation import relu, sigmoid, tanh
from chainrule.tensor import Tensor

__all__: list[str] = []  # no names: it is what others become

ACTIVATIONS: dict[int, Any] = {1: relu.operator, 2: sigmoid, 3: tanh}  # type: ignore[attr-defined]
"""Those that never fall, and whose gradients follow from their values; as the kernels number them, 0 being none."""


def waits(x: Any, kind: type[Step]) -> bool:
    """Whether x is of a chain that can be gone on with here."""
    return type(x) is Deferred and type(x.step) is kind and x.step.enabled == current.enabled


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
        settings[-1] = step.setting
    return together(x, x.requires_grad and current.enabled, tuple(settings), *weights)


def _let_join(number: int, operator: Any) -> None:
    def rule(x: Any, inplace: bool = False) -> Tensor | None:
        if inplace or type(x) is not Deferred or x.step.enabled != current.enabled:
            return None
        before: Step = x.step
        return before.activated(x, number, operator)

    operator.deferred(rule)


for number, operator in ACTIVATIONS.items():
    _let_join(number, operator)
