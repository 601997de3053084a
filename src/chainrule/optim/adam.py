"""Adam: every weight has a rate of its own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np

from chainrule.optim.optimizer import Group, Optimizer, arrays, by_step, call, in_unit_interval, nonnegative
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
    greatest: list[Array] | None = None,
) -> None:
    """Step number `step`, from 1, for each θ with its gradient g and moments m, v; θ, m and v change in place.

    So does `greatest`, the greatest v of all steps so far, which takes the place of v for AMSGrad.
    """
    rate = lr / (1 - beta1**step)
    correction = (1 - beta2**step) ** 0.5
    for θ, g, mean, square, top in zip(params, grads, m, v, greatest or repeat(None), strict=False):
        if maximize:
            g = -g
        if weight_decay and decoupled:
            θ *= 1 - lr * weight_decay
        elif weight_decay:
            g = g + weight_decay * θ
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * g * g
        if top is not None:
            np.maximum(top, square, out=top)
        θ -= rate * mean / (np.sqrt(square if top is None else top) / correction + eps)


class Adam(Optimizer):
    """Adam, which steps by the gradient's mean over its spread:

        g ← ∇L(θ) + λ·θ                    λ = weight_decay; −∇L with maximize
        m ← β₁·m + (1 − β₁)·g              the mean of g, biased towards its start 0; (β₁, β₂) = betas
        v ← β₂·v + (1 − β₂)·g²             the mean of g²
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
        θ ← θ − lr·m̂ / (√v̂ + ε)            ε = eps

    With `amsgrad` the greatest v of all steps so far stands in the place of v in the last two lines: Reddi, Kale,
    Kumar, On the convergence of Adam and beyond (2018). With `decoupled_weight_decay` θ ← θ − lr·λ·θ stands in the
    place of the first line's second term: that is AdamW.
    Errors as in `Optimizer`: lr, ε and λ are not negative, the betas in [0, 1) (ValueError).
    Paper: Kingma, Ba: Adam, a method for stochastic optimization (2015).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        nonnegative(self, group, "lr", "eps", "weight_decay")
        in_unit_interval(self, "betas", *group["betas"])

    def update(self, params: list[Tensor], group: Group) -> None:
        for step, group_params in by_step(self, params).items():
            self._run(step, group_params, group)

    def _run(self, step: int, params: list[Tensor], group: Group) -> None:
        settings: tuple[Any, ...] = (
            [p.array for p in params],
            [p.grad.array for p in params],  # type: ignore[union-attr]
            arrays(self, params, "exp_avg"),
            arrays(self, params, "exp_avg_sq"),
            step,
            float(group["lr"]),
            *group["betas"],
            group["eps"],
            group["weight_decay"],
            group["decoupled_weight_decay"],
            group["maximize"],
        )
        if group["amsgrad"]:
            adam(*[*settings, arrays(self, params, "max_exp_avg_sq")])
        else:
            call(adam, *settings)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: θ ← θ − lr·λ·θ before Adam's step, λ = weight_decay.

    Arguments and errors as in `Adam`. Paper: Loshchilov, Hutter: Decoupled weight decay regularization (2019).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)
