"""Learning rates that rise and fall, and a momentum that moves the other way."""

from __future__ import annotations

import math
from collections.abc import Callable

from chainrule.optim.lr_base import LRScheduler, of_each_group
from chainrule.optim.optimizer import Optimizer

__all__ = ["CyclicLR", "OneCycleLR"]


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to max_lr, then down to the start over final_div_factor; momentum the other way.

    The way up takes the share `pct_start` of all steps; `total_steps`, or `epochs` · `steps_per_epoch`. The two ends
    of each part are joined by half a cosine wave, or with anneal_strategy="linear" by a line. With `three_phase` the
    way down first takes as long as the way up and ends at the start, and then the rest falls to the end. With
    `cycle_momentum` the momentum (β₁ of Adam) moves between max_momentum and base_momentum. To be stepped after every
    batch. Errors: ValueError where the steps are not given, for another strategy or share, for cycle_momentum where the
    optimizer has no momentum, for lists not as long as the groups, and for a step after the end.
    Paper: Smith, Topin: Super-convergence, very fast training of neural networks using large learning rates (2018).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("OneCycleLR: total_steps, or epochs and steps_per_epoch, must be given")
        self.total_steps = total_steps if total_steps is not None else (epochs or 0) * (steps_per_epoch or 0)
        if self.total_steps < 1 or not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: {self.total_steps} steps, pct_start={pct_start}: at least 1 and in [0, 1]")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy={anneal_strategy!r} is neither 'cos' nor 'linear'")
        if cycle_momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(f"OneCycleLR: {type(optimizer).__name__} has no momentum; set cycle_momentum=False")
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        up = pct_start * self.total_steps - 1
        self.ends = [up, 2 * up, self.total_steps - 1] if three_phase else [up, self.total_steps - 1]
        high = of_each_group("max_lr", max_lr, optimizer)
        low = [lr / div_factor for lr in high]
        end = [lr / final_div_factor for lr in low]
        self.rates = [low, high, low, end] if three_phase else [low, high, end]
        top = of_each_group("max_momentum", max_momentum, optimizer)
        bottom = of_each_group("base_momentum", base_momentum, optimizer)
        self.momenta = [top, bottom, top, top] if three_phase else [top, bottom, top]
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, low, strict=True):
                group["initial_lr"] = lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of {self.total_steps}: the cycle is over")
        if self.cycle_momentum:
            set_momenta(self.optimizer, self._between(self.momenta))
        return self._between(self.rates)

    def _between(self, stations: list[list[float]]) -> list[float]:
        """The value of each group at the present time, between the stations before and after it."""
        phase = next((i for i, end in enumerate(self.ends) if self.last_epoch <= end), len(self.ends) - 1)
        start = self.ends[phase - 1] if phase else 0
        share = (self.last_epoch - start) / (self.ends[phase] - start)
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        return [a + (b - a) * share for a, b in zip(stations[phase], stations[phase + 1], strict=True)]


class CyclicLR(LRScheduler):
    """lr(t) = base_lr + (max_lr − base_lr) · s · w(t): up in step_size_up steps, down in step_size_down, and again.

    w is a triangle between 0 and 1, and by `mode` s = 1 for "triangular", 2^(1 − n) in the n-th cycle for
    "triangular2", γᵗ for "exp_range", γ = gamma; or s = scale_fn(n), or scale_fn(t) with scale_mode="iterations". With
    `cycle_momentum` the momentum (β₁ of Adam) moves the other way, from max_momentum down to base_momentum. To be
    stepped after every batch. Errors: ValueError for another mode, for cycle_momentum where the optimizer has no
    momentum, and for lists not as long as the groups.
    Paper: Smith: Cyclical learning rates for training neural networks (2017).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(f"CyclicLR: mode={mode!r} is none of 'triangular', 'triangular2' and 'exp_range'")
        if cycle_momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(f"CyclicLR: {type(optimizer).__name__} has no momentum; set cycle_momentum=False")
        low = of_each_group("base_lr", base_lr, optimizer)
        self.max_lrs = of_each_group("max_lr", max_lr, optimizer)
        self.up, self.total = step_size_up, step_size_up + (step_size_down or step_size_up)
        self.mode, self.gamma, self.cycle_momentum = mode, gamma, cycle_momentum
        self.lr_lambdas = scale_fn  # a function: not part of the state
        self.by_step = scale_mode == "iterations" if scale_fn else mode == "exp_range"
        self.base_momentums = of_each_group("base_momentum", base_momentum, optimizer)
        self.max_momentums = of_each_group("max_momentum", max_momentum, optimizer)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, low, strict=True):
                group["initial_lr"] = lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        cycle, place = divmod(self.last_epoch, self.total)
        height = place / self.up if place <= self.up else (self.total - place) / (self.total - self.up)
        share = height * self._scale(self.last_epoch if self.by_step else cycle + 1)
        if self.cycle_momentum:
            both = zip(self.max_momentums, self.base_momentums, strict=True)
            set_momenta(self.optimizer, [high - (high - low) * share for high, low in both])
        return [low + (high - low) * share for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def _scale(self, n: int) -> float:
        if self.lr_lambdas is not None:
            return self.lr_lambdas(n)
        return {"triangular": 1.0, "triangular2": 2.0 ** (1 - n)}.get(self.mode, self.gamma**n)


def set_momenta(optimizer: Optimizer, momenta: list[float]) -> None:
    """Give each parameter group its momentum, or β₁."""
    for group, momentum in zip(optimizer.param_groups, momenta, strict=True):
        if "betas" in group:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum
