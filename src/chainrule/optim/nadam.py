"""NAdam: Adam that looks one step of its momentum ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.optim.optimizer import Group, Optimizer, arrays, by_step, gradient, in_unit_interval, nonnegative
from chainrule.tensor import Tensor

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam with Nesterov's momentum:

        g ← ∇L(θ) + λ·θ                                λ = weight_decay; −∇L with maximize
        μₜ = β₁·(1 − ½·0.96^(t·ψ))                     ψ = momentum_decay
        m ← β₁·m + (1 − β₁)·g                          (β₁, β₂) = betas
        v ← β₂·v + (1 − β₂)·g²,  v̂ = v / (1 − β₂ᵗ)
        m̂ = μₜ₊₁·m / (1 − Π μ₁…μₜ₊₁) + (1 − μₜ)·g / (1 − Π μ₁…μₜ)
        θ ← θ − lr·m̂ / (√v̂ + ε)                        ε = eps

    With `decoupled_weight_decay` θ ← θ − lr·λ·θ stands in the place of the first line's second term.
    Errors as in `Optimizer`: lr, ε, λ and ψ are not negative, the betas in [0, 1) (ValueError).
    Paper: Dozat: Incorporating Nesterov momentum into Adam (2016).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        nonnegative(self, group, "lr", "eps", "weight_decay", "momentum_decay")
        in_unit_interval(self, "betas", *group["betas"])

    def update(self, params: list[Tensor], group: Group) -> None:
        for t, group_params in by_step(self, params).items():
            for p in group_params:
                self._step(p, t, group)

    def _step(self, p: Tensor, t: int, group: Group) -> None:
        lr, eps, (β1, β2) = group["lr"], group["eps"], group["betas"]
        (m,), (v,), θ = arrays(self, [p], "exp_avg"), arrays(self, [p], "exp_avg_sq"), p.array
        if group["decoupled_weight_decay"]:
            θ *= 1 - lr * group["weight_decay"]
            group = {**group, "weight_decay": 0}
        g = gradient(p, group)
        μ, μ_next = (β1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1))
        product = self.state[p]["mu_product"] = self.state[p].get("mu_product", 1.0) * μ
        m += (1 - β1) * (g - m)
        v *= β2
        v += (1 - β2) * g * g
        spread = np.sqrt(v / (1 - β2**t)) + eps
        θ -= lr * (1 - μ) / (1 - product) * g / spread
        θ -= lr * μ_next / (1 - product * μ_next) * m / spread
