"""Adagrad and Adadelta: rates that follow from the squares of all gradients so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.optim.optimizer import Group, Optimizer, arrays, by_step, call, gradient, nonnegative
from chainrule.tensor import Array, Tensor

__all__ = ["Adadelta", "Adagrad"]


def adagrad(
    params: list[Array],
    grads: list[Array],
    sums: list[Array],
    rate: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """One step for each θ with its gradient g and s, the sum of all g²; θ and s change in place."""
    for θ, g, s in zip(params, grads, sums, strict=True):
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * θ
        s += g * g
        θ -= rate * g / (np.sqrt(s) + eps)


class Adagrad(Optimizer):
    """A rate for every weight that falls with the squares it has seen:

        g ← ∇L(θ) + λ·θ                    λ = weight_decay; −∇L with maximize
        s ← s + g²                         s begins as initial_accumulator_value
        θ ← θ − lr / (1 + (t − 1)·η) · g / (√s + ε)        η = lr_decay, ε = eps

    Errors as in `Optimizer`: no setting is negative (ValueError).
    Paper: Duchi, Hazan, Singer: Adaptive subgradient methods for online learning and stochastic optimization (2011).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        nonnegative(self, group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def update(self, params: list[Tensor], group: Group) -> None:
        for t, group_params in by_step(self, params).items():
            call(
                adagrad,
                [p.array for p in group_params],
                [p.grad.array for p in group_params],  # type: ignore[union-attr]
                arrays(self, group_params, "sum", group["initial_accumulator_value"]),
                group["lr"] / (1 + (t - 1) * group["lr_decay"]),
                group["eps"],
                group["weight_decay"],
                group["maximize"],
            )


class Adadelta(Optimizer):
    """Steps in the units of the weights themselves, without a rate to choose:

        g ← ∇L(θ) + λ·θ                    λ = weight_decay; −∇L with maximize
        v ← ρ·v + (1 − ρ)·g²               ρ = rho
        Δ = √(u + ε) / √(v + ε) · g        ε = eps
        u ← ρ·u + (1 − ρ)·Δ²
        θ ← θ − lr·Δ                       lr = 1 is the paper's

    Errors as in `Optimizer`: lr, ε and λ are not negative, ρ in [0, 1] (ValueError).
    Paper: Zeiler: ADADELTA, an adaptive learning rate method (2012).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        nonnegative(self, group, "lr", "eps", "weight_decay")
        if not 0 <= group["rho"] <= 1:
            raise ValueError(f"Adadelta: rho={group['rho']} must lie in [0, 1]")

    def update(self, params: list[Tensor], group: Group) -> None:
        by_step(self, params)
        for p in params:
            self._step(p, group)

    def _step(self, p: Tensor, group: Group) -> None:
        ρ, ε, g, θ = group["rho"], group["eps"], gradient(p, group), p.array
        (v,), (u,) = arrays(self, [p], "square_avg"), arrays(self, [p], "acc_delta")
        v *= ρ
        v += (1 - ρ) * g * g
        delta = np.sqrt(u + ε) / np.sqrt(v + ε) * g
        u *= ρ
        u += (1 - ρ) * delta * delta
        θ -= group["lr"] * delta
