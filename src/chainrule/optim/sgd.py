"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

from chainrule.optim.optimizer import Group, Optimizer, arrays, call
from chainrule.tensor import Array, Tensor

__all__ = ["SGD"]


def sgd(
    params: list[Array],
    grads: list[Array],
    velocities: list[Array] | None,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    """One step for each θ with its gradient g and velocity v (None without momentum); θ and v change in place."""
    for θ, g, v in zip(params, grads, velocities or repeat(None), strict=False):
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * θ
        if v is not None:
            v *= momentum
            v += (1 - dampening) * g
            g = g + momentum * v if nesterov else v
        θ -= lr * g


class SGD(Optimizer):
    """Stochastic gradient descent:

        g ← ∇L(θ) + λ·θ                    λ = weight_decay; −∇L with maximize
        v ← μ·v + (1 − τ)·g                μ = momentum, τ = dampening; the first velocity is g
        θ ← θ − lr·v                       θ ← θ − lr·(g + μ·v) with nesterov; θ ← θ − lr·g without momentum

    Errors as in `Optimizer`: lr, μ and λ are not negative, nesterov needs a momentum and no dampening (ValueError).
    Paper: Polyak: Some methods of speeding up the convergence of iteration methods (1964). Nesterov's: Sutskever,
    Martens, Dahl, Hinton: On the importance of initialization and momentum in deep learning (2013); like PyTorch,
    with lr outside of v, and with the gradient at θ.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        for key in ("lr", "momentum", "weight_decay"):
            if not group[key] >= 0:
                raise ValueError(f"SGD: {key}={group[key]} must not be negative")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: Nesterov's rule needs a momentum, and no dampening")

    def update(self, params: list[Tensor], group: Group) -> None:
        fresh = [p for p in params if "momentum_buffer" not in self.state[p]] if group["momentum"] else []
        if fresh and group["dampening"]:  # v = 0, so that without dampening the first velocity is g
            self._run(fresh, {**group, "dampening": 0})
            params = [p for p in params if p not in set(fresh)]
        self._run(params, group)

    def _run(self, params: list[Tensor], group: Group) -> None:
        call(
            sgd,
            [p.array for p in params],
            [p.grad.array for p in params],  # type: ignore[union-attr]
            arrays(self, params, "momentum_buffer") if group["momentum"] else None,
            float(group["lr"]),
            group["momentum"],
            group["dampening"],
            group["weight_decay"],
            group["nesterov"],
            group["maximize"],
        )
