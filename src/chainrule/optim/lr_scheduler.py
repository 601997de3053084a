"""Learning rates that change with time; `scheduler.step()` comes once an epoch (or a step), after `optimizer.step()`.

Each is the closed formula of its rate at time t, so one scheduler owns the rate: they do not multiply as PyTorch's
do when several share an optimizer, but in a ChainedScheduler. One after the other, they run in a SequentialLR. A rate
set by hand in `param_groups` lasts until the next `step()`; ReduceLROnPlateau alone starts from the present rate.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chainrule.optim.lr_base import LRScheduler, of_each_group
from chainrule.optim.lr_cycles import CyclicLR, OneCycleLR
from chainrule.optim.optimizer import Optimizer

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip


class StepLR(LRScheduler):
    """lr(t) = lr₀ · γ^⌊t / step_size⌋,  γ = gamma."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        factor = self.gamma ** (self.last_epoch // self.step_size)
        return [base * factor for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """lr(t) = lr₀ · γ^(number of milestones ≤ t),  γ = gamma; one that comes twice counts twice."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        factor = self.gamma ** bisect_right(self.milestones, self.last_epoch)
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """lr(t) = lr₀ · γᵗ,  γ = gamma."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """lr(t) = lr₀ · factor before t = total_iters, then lr₀. Errors: ValueError for a factor outside of [0, 1]."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor={factor} must lie in [0, 1]")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * (self.factor if self.last_epoch < self.total_iters else 1) for base in self.base_lrs]


class LinearLR(LRScheduler):
    """lr(t) = lr₀ · (a + (b − a) · min(t / total_iters, 1)),  a = start_factor, b = end_factor: a warm-up.

    Errors: ValueError unless a is in (0, 1] and b in [0, 1]. Paper: Goyal et al.: Accurate, large minibatch SGD (2017).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: the factors {start_factor} and {end_factor} must lie in (0, 1] and [0, 1]")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = min(self.last_epoch / self.total_iters, 1) if self.total_iters else 1
        factor = self.start_factor + (self.end_factor - self.start_factor) * share
        return [base * factor for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """lr(t) = lr₀ · (1 − min(t / total_iters, 1))^power."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        factor = (1 - min(self.last_epoch / self.total_iters, 1)) ** self.power
        return [base * factor for base in self.base_lrs]


class LambdaLR(LRScheduler):
    """lr(t) = lr₀ · λ(t), with one λ = lr_lambda for all parameter groups or one for each.

    Errors: ValueError where they are not as many.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"LambdaLR: {len(self.lr_lambdas)} functions for {groups} parameter groups")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class CosineAnnealingLR(LRScheduler):
    """lr(t) = η + (lr₀ − η) · (1 + cos(π·t / T_max)) / 2,  η = eta_min.

    Paper: Loshchilov, Hutter: SGDR, stochastic gradient descent with warm restarts (2017); without the restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        weight = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * weight for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = η + (lr₀ − η) · (1 + cos(π·T / Tᵢ)) / 2,  η = eta_min, T the time since the last restart.

    The first restart comes after T₀ = T_0, each later one after Tᵢ = T_mult·Tᵢ₋₁. `step(3.25)` takes fractions of time.
    Errors: ValueError unless T_0 and T_mult are whole numbers above 0.
    Paper: Loshchilov, Hutter: SGDR, stochastic gradient descent with warm restarts (2017).
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for key, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"CosineAnnealingWarmRestarts: {key}={value} must be a whole number of at least 1")
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Go on by 1, or to the time `epoch`, which need not be whole."""
        super().step(self.last_epoch + 1 if epoch is None else epoch)  # type: ignore[arg-type]
        self.last_epoch = math.floor(self.last_epoch)

    def get_lr(self) -> list[float]:
        since, period = self._position(self.last_epoch)
        weight = (1 + math.cos(math.pi * since / period)) / 2
        return [self.eta_min + (base - self.eta_min) * weight for base in self.base_lrs]

    def _position(self, t: float) -> tuple[float, int]:
        """The time since the last restart, and the length of the present period."""
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        period = self.T_0
        while t >= period:
            t, period = t - period, period * self.T_mult
        return t, period


class MultiplicativeLR(LRScheduler):
    """lr(t) = lr₀ · f(1) · f(2) ⋯ f(t), for one function f = lr_lambda or one for each parameter group.

    Errors: ValueError where they are not as many.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"MultiplicativeLR: {len(self.lr_lambdas)} functions for {groups} parameter groups")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        times = range(1, self.last_epoch + 1)
        return [base * math.prod(map(f, times)) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class _Several(LRScheduler):
    """A scheduler out of others, whose states are kept in a list."""

    schedulers: list[LRScheduler]

    def _check_groups(self) -> None:
        super()._check_groups()
        for scheduler in self.schedulers:
            scheduler._check_groups()

    def state_dict(self) -> dict[str, Any]:
        """As every scheduler's, with those of its schedulers in a list."""
        return {**super().state_dict(), "schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another one stopped."""
        for scheduler, state in zip(self.schedulers, state_dict["schedulers"], strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "schedulers"})


class SequentialLR(_Several):
    """One scheduler after the other: `schedulers[i]` from t = milestones[i − 1] on, each beginning at its time 0.

    Errors: ValueError unless there is one milestone less, all have one optimizer, and none steps by a measurement.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        if not schedulers or len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers and {len(milestones)} milestones; one less are needed"
            )
        if any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise ValueError("SequentialLR: all schedulers must have the same optimizer, which is given first")
        if any(isinstance(scheduler, ReduceLROnPlateau) for scheduler in schedulers):
            raise ValueError("SequentialLR: ReduceLROnPlateau steps by a measurement, and cannot be part of it")
        self.schedulers = schedulers
        self.milestones = list(milestones)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        i = bisect_right(self.milestones, self.last_epoch)
        self.schedulers[i].step(self.last_epoch - (self.milestones[i - 1] if i else 0))
        return self.schedulers[i].get_last_lr()


class ChainedScheduler(_Several):
    """Several at once: lr(t) = lr₀ · Π lrₖ(t) / lr₀, the share of each of the schedulers in the first rate multiplied.

    Unlike in PyTorch the least rate eta_min of a cosine is scaled by the others, too.
    Errors: ValueError where there is none, one steps by a measurement, or they have several optimizers.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers or any(isinstance(scheduler, ReduceLROnPlateau) for scheduler in schedulers):
            raise ValueError("ChainedScheduler: at least one scheduler is needed, and none that steps by a measurement")
        optimizer = optimizer or schedulers[0].optimizer
        if any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise ValueError("ChainedScheduler: all schedulers must have the same optimizer")
        self.schedulers = list(schedulers)
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        rates = zip(self.base_lrs, *[scheduler.get_last_lr() for scheduler in self.schedulers], strict=True)
        return [base * math.prod(lr / base for lr in each) if base else 0.0 for base, *each in rates]

    def step(self, epoch: int | None = None) -> None:
        """Let all go on, and set the product of their rates."""
        self._check_groups()
        for scheduler in self.schedulers:
            scheduler.step(epoch)
        super().step(epoch)


class ReduceLROnPlateau(LRScheduler):
    """lr ← max(factor · lr, min_lr) once a measurement has not become better for more than `patience` steps.

    Better is lower with mode "min", higher with "max": by the share `threshold` of the best so far, or by that much
    with threshold_mode="abs". After a change `cooldown` steps are not counted; a change smaller than `eps` is left out.
    `step(metrics)` takes the measurement, such as the loss of the validation set; groups added since then are lowered,
    too, unless min_lr is a list. Errors: ValueError for a factor of 1 or more, another mode, and a list of min_lr not
    as long as the groups, also in `step()`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if not factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor={factor} must be below 1")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"ReduceLROnPlateau: mode={mode!r} must be 'min' or 'max', threshold_mode='rel' or 'abs'")
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.min_lr = min_lr
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take a measurement, and lower the rates if it is time."""
        self._check_groups()
        value = float(metrics)
        if self._better(value):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        super().step(epoch)

    def _check_groups(self) -> None:
        of_each_group("min_lr", self.min_lr, self.optimizer)  # the one thing that it holds for each group

    def _better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        relative = self.threshold_mode == "rel"
        bound = self.best * (1 - sign * self.threshold) if relative else self.best - sign * self.threshold
        return sign * value < sign * bound

    def _reduce(self) -> None:
        leasts = of_each_group("min_lr", self.min_lr, self.optimizer)
        for group, least in zip(self.optimizer.param_groups, leasts, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr
