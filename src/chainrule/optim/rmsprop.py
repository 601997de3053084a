"""RMSprop: the gradient over its root mean square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.optim.optimizer import Group, Optimizer, arrays, by_step, gradient, nonnegative
from chainrule.tensor import Tensor

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Steps by the gradient over the root of its mean square:

        g ← ∇L(θ) + λ·θ                    λ = weight_decay; −∇L with maximize
        v ← α·v + (1 − α)·g²               α = alpha
        ḡ ← α·ḡ + (1 − α)·g                with centered, and then v − ḡ² in the place of v below
        b ← μ·b + g / (√v + ε)             μ = momentum, ε = eps
        θ ← θ − lr·b

    As in PyTorch ε stands outside of the root. Errors as in `Optimizer`: no setting is negative (ValueError).
    Paper: Tieleman, Hinton: Lecture 6.5, Neural networks for machine learning (2012); centered: Graves: Generating
    sequences with recurrent neural networks (2013).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        nonnegative(self, group, "lr", "eps", "momentum", "weight_decay", "alpha")

    def update(self, params: list[Tensor], group: Group) -> None:
        by_step(self, params)
        for p in params:
            self._step(p, group)

    def _step(self, p: Tensor, group: Group) -> None:
        α, g = group["alpha"], gradient(p, group)
        (v,) = arrays(self, [p], "square_avg")
        v *= α
        v += (1 - α) * g * g
        variance = v
        if group["centered"]:
            (mean,) = arrays(self, [p], "grad_avg")
            mean += (1 - α) * (g - mean)
            variance = v - mean * mean
        step = g / (np.sqrt(variance) + group["eps"])
        if group["momentum"]:
            (b,) = arrays(self, [p], "momentum_buffer")
            b *= group["momentum"]
            b += step
            step = b
        θ = p.array
        θ -= group["lr"] * step
