"""Averages of weights over training: an exponential moving average, or the plain one of stochastic weight averaging.

ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999))
for x, y in batches:
    ...
    optimizer.step()
    ema.update_parameters(model)
ema.eval()(x)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from chainrule.autograd import no_grad
from chainrule.nn.module import Module
from chainrule.nn.normalization import _BatchNorm
from chainrule.optim.lr_base import LRScheduler, of_each_group
from chainrule.optim.optimizer import Optimizer
from chainrule.tensor import Tensor

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

AvgFn = Callable[[Tensor, Tensor, Any], Any]
MultiAvgFn = Callable[[list[Tensor], list[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> AvgFn:
    """(θ̄, θ, n) ↦ decay·θ̄ + (1 − decay)·θ. Errors: ValueError for a decay outside of [0, 1]."""
    _check(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAvgFn:
    """θ̄ ← θ̄ + (1 − decay)·(θ − θ̄), in place, for lists of tensors; integers are copied.

    Errors: ValueError for a decay outside of [0, 1].
    """
    _check(decay)

    def ema_update(ema_param_list: list[Tensor], current_param_list: list[Tensor], _: Any) -> None:
        for mean, new in zip(ema_param_list, current_param_list, strict=True):
            _move(mean, new, 1 - decay)

    return ema_update


def get_swa_avg_fn() -> AvgFn:
    """(θ̄, θ, n) ↦ θ̄ + (θ − θ̄) / (n + 1): the mean of all so far."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        mean: Tensor = averaged_param + (current_param - averaged_param) / (num_averaged + 1)
        return mean

    return swa_update


def get_swa_multi_avg_fn() -> MultiAvgFn:
    """θ̄ ← θ̄ + (θ − θ̄) / (n + 1), in place, for lists of tensors."""

    def swa_update(averaged_param_list: list[Tensor], current_param_list: list[Tensor], num_averaged: Any) -> None:
        for mean, new in zip(averaged_param_list, current_param_list, strict=True):
            _move(mean, new, 1 / (int(num_averaged) + 1))

    return swa_update


class AveragedModel(Module):
    """A copy of `model` whose parameters are an average over the calls of `update_parameters(model)`.

    The first call copies; the later ones apply `multi_avg_fn(averages, parameters, n)` in place, or
    `avg_fn(average, parameter, n)` to each, n being the number of calls before; the plain mean unless given. Buffers,
    such as running means, are averaged with `use_buffers`, else copied. state_dict: `n_averaged`, and the model's
    under `module.`. Errors: ValueError where both functions are given, or later for a model of another size.

    Paper: Izmailov et al.: Averaging weights leads to wider optima and better generalization (2018); Polyak, Juditsky:
    Acceleration of stochastic approximation by averaging (1992).
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: str | None = None,
        avg_fn: AvgFn | None = None,
        multi_avg_fn: MultiAvgFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: only one of avg_fn and multi_avg_fn can be given")
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", Tensor(np.array(0)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of `model` into the average."""
        averaged: list[Tensor] = list(self.module.parameters())
        current: list[Tensor] = list(model.parameters())
        kept: list[tuple[Tensor, Tensor]] = list(zip(self.module.buffers(), model.buffers(), strict=True))
        if self.use_buffers:
            averaged, current = averaged + [b for b, _ in kept], current + [b for _, b in kept]
            kept = []
        if len(averaged) != len(current):
            raise ValueError(f"update_parameters(): the model has {len(current)} tensors, its average {len(averaged)}")
        if self.n_averaged.item() == 0:
            kept += zip(averaged, current, strict=True)
        else:
            self._average([p.detach() for p in averaged], [p.detach() for p in current])
        for mine, theirs in kept:
            mine.detach().copy_(theirs.detach())
        self.n_averaged.add_(1)

    def _average(self, averaged: list[Tensor], current: list[Tensor]) -> None:
        if self.avg_fn is None:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averaged, current, self.n_averaged)
        else:
            for mean, new in zip(averaged, current, strict=True):
                mean.copy_(self.avg_fn(mean, new, self.n_averaged))


def update_bn(loader: Iterable[Any], model: Module, device: str | None = None) -> None:
    """Measure the running statistics of all batch normalizations of `model` anew, over one pass of `loader`.

    Of a batch that is a list or tuple, the first entry is the input. Other layers, such as an instance normalization,
    keep the running statistics that they have.
    """
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]
    if not layers:
        return
    training, momenta = model.training, [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    model.train()
    with no_grad():
        for batch in loader:
            model(batch[0] if isinstance(batch, list | tuple) else batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train(training)


def _move(mean: Tensor, new: Tensor, share: float) -> None:
    """θ̄ ← θ̄ + share·(θ − θ̄); integers, such as counts, are copied."""
    a, b = mean.array, new.array
    if a.dtype.kind == "f":
        a += share * (b - a)
    else:
        a[...] = b


def _check(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"the decay {decay} of a moving average must lie in [0, 1]")


class SWALR(LRScheduler):
    """lr(t) = lr₀ + (swa_lr − lr₀) · a, with a from 0 to 1 over the first `anneal_epochs` steps, then swa_lr.

    a = (1 − cos πs) / 2 for anneal_strategy="cos", a = s for "linear", s = min(t / anneal_epochs, 1); lr₀ is the rate
    at first. Errors: ValueError for another strategy, anneal_epochs that are no whole number ≥ 0, and lists not as long
    as the groups.
    Paper: Izmailov et al.: Averaging weights leads to wider optima and better generalization (2018).
    """

    def __init__(
        self, optimizer: Optimizer, swa_lr: float | list[float], anneal_epochs: int = 10, anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy={anneal_strategy!r} is neither 'cos' nor 'linear'")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs={anneal_epochs!r} must be a whole number of at least 0")
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        for group, lr in zip(optimizer.param_groups, of_each_group("swa_lr", swa_lr, optimizer), strict=True):
            group["swa_lr"] = lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        groups = self.optimizer.param_groups
        if self.last_epoch <= 1:
            self.starts = [group["lr"] for group in groups]
        share = min(self.last_epoch / self.anneal_epochs, 1.0) if self.anneal_epochs else 1.0
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        return [start + (group["swa_lr"] - start) * share for start, group in zip(self.starts, groups, strict=True)]
