"""Adam: every weight has a rate of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.optim.optimizer import Group, Optimizer, call
from chainrule.tensor import Array, Tensor

__all__ = ["Adam", "AdamW"]


def adam(
    params: list[Array],
    grads: list[Array],
    m: list[Array],
    v: list[Array],
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """Step number `step`, from 1, for each θ with its gradient g and moments m, v; θ, m and v change in place."""
    rate = lr / (1 - beta1**step)
    correction = (1 - beta2**step) ** 0.5
    for θ, g, mean, square in zip(params, grads, m, v, strict=True):
        if maximize:
            g = -g
        if weight_decay and decoupled:
            θ *= 1 - lr * weight_decay
        elif weight_decay:
            g = g + weight_decay * θ
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * g * g
        θ -= rate * mean / (np.sqrt(square) / correction + eps)


class Adam(Optimizer):
    """Adam, which steps by the gradient's mean over its spread:

        g ← ∇L(θ) + λ·θ                    λ = weight_decay; −∇L with maximize
        m ← β₁·m + (1 − β₁)·g              the mean of g, biased towards its start 0
        v ← β₂·v + (1 − β₂)·g²             the mean of g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        θ ← θ − lr·m̂ / (√v̂ + ε)

    Kingma, Ba: Adam, a method for stochastic optimization, 2015.
    With `decoupled_weight_decay` θ ← θ − lr·λ·θ stands in the place of the first line's second term: that is AdamW.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        for key in ("lr", "eps", "weight_decay"):
            if not group[key] >= 0:
                raise ValueError(f"{type(self).__name__}: {key}={group[key]} must not be negative")
        if not all(0 <= beta < 1 for beta in group["betas"]):
            raise ValueError(f"{type(self).__name__}: betas={group['betas']} must lie in [0, 1)")

    def update(self, params: list[Tensor], group: Group) -> None:
        by_step: dict[int, list[Tensor]] = {}
        for p in params:
            state = self.state[p]
            if not state:
                state.update(step=0, exp_avg=Tensor(np.zeros_like(p.array)), exp_avg_sq=Tensor(np.zeros_like(p.array)))
            state["step"] += 1
            by_step.setdefault(int(state["step"]), []).append(p)
        for step, group_params in by_step.items():  # one step, unless some parameters had no gradient for a while
            self._run(step, group_params, group)

    def _run(self, step: int, params: list[Tensor], group: Group) -> None:
        call(
            adam,
            [p.array for p in params],
            [p.grad.array for p in params],  # type: ignore[union-attr]
            [self.state[p]["exp_avg"].array for p in params],
            [self.state[p]["exp_avg_sq"].array for p in params],
            step,
            float(group["lr"]),
            *group["betas"],
            group["eps"],
            group["weight_decay"],
            group["decoupled_weight_decay"],
            group["maximize"],
        )


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: θ ← θ − lr·λ·θ before Adam's step.

    Loshchilov, Hutter: Decoupled weight decay regularization, 2019.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize, decoupled_weight_decay=True)
