"""Callbacks for training: early stopping, gradient clipping, schedulers, averaged weights, logs."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

from chainrule.io import write_whole

from .callback import Callback, Training

__all__ = ["AverageWeights", "ClipNorm", "ClipValue", "EarlyStopping", "JsonLines", "Lookahead", "Scheduler"]


class ClipNorm(Callback):
    """Scale the gradients of a step down to a norm of `max_norm`, all parameters taken as one vector.

    `norm_type` is the norm's order. Paper: Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural
    networks (2013).
    """

    def __init__(self, max_norm: float, norm_type: float = 2.0) -> None:
        self.max_norm, self.norm_type = max_norm, norm_type

    def backward(self, training: Training) -> None:
        _nn_utils(training.model).clip_grad_norm_(training.model.parameters(), self.max_norm, self.norm_type)


class ClipValue(Callback):
    """Limit each element of the gradients to ±clip_value."""

    def __init__(self, clip_value: float) -> None:
        self.clip_value = clip_value

    def backward(self, training: Training) -> None:
        _nn_utils(training.model).clip_grad_value_(training.model.parameters(), self.clip_value)


class Scheduler(Callback):
    """Step a scheduler of `optim.lr_scheduler` after every epoch or every step.

    `metric` is what ReduceLROnPlateau is told: "loss", or a name that `validate` gives. Errors: ValueError for another
    `every`.
    """

    def __init__(self, scheduler: Any, every: Literal["epoch", "step"] = "epoch", metric: str | None = None) -> None:
        if every not in ("epoch", "step"):
            raise ValueError(f"Scheduler: every={every!r}: choose 'epoch' or 'step'")
        self.scheduler, self.every, self.metric = scheduler, every, metric

    def step(self, training: Training) -> None:
        if self.every == "step":
            self.scheduler.step()

    def epoch(self, training: Training) -> None:
        if self.metric is not None:
            self.scheduler.step(measured(training, self.metric))
        elif self.every == "epoch":
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return dict(self.scheduler.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.scheduler.load_state_dict(dict(state))


class EarlyStopping(Callback):
    """Stop when `metric` has not become better by more than `min_delta` for `patience` epochs.

    `metric` is "loss" or a name that `validate` gives; mode "min" wants it small, "max" great. With `restore_best` the
    model has in the end the weights of its best epoch. It may serve one training after the other: each is judged alone.
    Errors: ValueError for another mode, or a patience below 1.
    """

    def __init__(
        self, metric: str = "loss", patience: int = 5, mode: Literal["min", "max"] = "min", min_delta: float = 0.0,
        restore_best: bool = False,
    ) -> None:  # fmt: skip
        if mode not in ("min", "max"):
            raise ValueError(f"EarlyStopping: mode={mode!r}: choose 'min' or 'max'")
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience={patience}: at least one epoch is needed")
        self.metric, self.patience, self.mode, self.min_delta = metric, patience, mode, min_delta
        self.restore_best = restore_best
        self._start()

    def _start(self) -> None:
        """Remember nothing."""
        self.best, self.waited = math.inf if self.mode == "min" else -math.inf, 0
        self.weights: dict[str, Any] | None = None

    def begin(self, training: Training) -> None:
        if not training.steps:
            self._start()

    def epoch(self, training: Training) -> None:
        value = measured(training, self.metric)
        gain = self.best - value if self.mode == "min" else value - self.best
        self.waited = 0 if gain > self.min_delta else self.waited + 1
        if not self.waited:
            self.best = value
            if self.restore_best:
                self.weights = {name: t.detach().clone() for name, t in training.model.state_dict().items()}
        if self.waited >= self.patience:
            training.stop(f"{self.metric} has not improved on {self.best:.6g} for {self.patience} epochs")

    def end(self, training: Training) -> None:
        if self.weights is not None:
            training.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best, self.waited, self.weights = state["best"], state["waited"], state["weights"]


class JsonLines(Callback):
    """A line of JSON for every `every`th step: step, epoch, loss, learning rate, seconds since the training began.

    They are added to `filename`. A training that goes on from a checkpoint drops the lines after it, and adds its own.
    """

    def __init__(self, filename: str | os.PathLike[str], every: int = 1) -> None:
        self.path, self.every = Path(filename), every
        self.file: IO[str] | None = None

    def begin(self, training: Training) -> None:
        self.started = time.perf_counter()
        kept = []
        if training.steps and self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("}\n") and json.loads(line)["step"] <= training.steps]
        write_whole(self.path, "".join(kept).encode())
        self.file = self.path.open("a", encoding="utf-8", buffering=1)

    def step(self, training: Training) -> None:
        if self.file and training.steps % self.every == 0:
            line = {
                "step": training.steps,
                "epoch": training.number,
                "loss": training.current,
                "lr": training.optimizer.param_groups[0]["lr"],
                "seconds": round(time.perf_counter() - self.started, 4),
            }
            self.file.write(json.dumps(line) + "\n")

    def end(self, training: Training) -> None:
        if self.file:
            self.file.close()
            self.file = None


class AverageWeights(Callback):
    """A moving average of the weights, taken after every step: θ̄ ← decay·θ̄ + (1 − decay)·θ, and buffers alike.

    Its model, `averaged`, is often better than the one that is trained, whose last steps still jump to and fro; judge
    and keep it in that one's place. It looks back on about 1 / (1 − decay) steps. Polyak, Juditsky: Acceleration of
    stochastic approximation by averaging, 1992.
    """

    def __init__(self, model: Any, decay: float = 0.999) -> None:
        averages = _engine(model).optim.swa_utils
        self.average = averages.AveragedModel(
            model, multi_avg_fn=averages.get_ema_multi_avg_fn(decay), use_buffers=True
        )

    @property
    def averaged(self) -> Any:
        """The model with the averages as its weights; before the first step, with those of the start."""
        return self.average.module

    def step(self, training: Training) -> None:
        self.average.update_parameters(training.model)

    def state_dict(self) -> dict[str, Any]:
        return dict(self.average.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.average.load_state_dict(state)


class Lookahead(AverageWeights):
    """Draw the weights of `model` to their moving average: every `every` steps θ̄ ← δ·θ̄ + (1 − δ)·θ, and then θ ← θ̄.

    So after the last step too. Buffers alike. δ = decay^every · done³, where `done` is the share of the training so
    far: at first the weights go their own way, in the end they look back on about 1 / (1 − decay) steps.

    Papers: Zhang et al.: Lookahead optimizer: k steps forward, 1 step back (2019); the growing δ: Jordan: 94% on
    CIFAR-10 in 3.29 seconds on a single GPU (2024). Errors: ValueError for `every` below 1, a decay outside of [0, 1].
    """

    def __init__(self, model: Any, decay: float = 0.95, every: int = 5) -> None:
        if every < 1:
            raise ValueError(f"Lookahead: every={every}: at least one step is needed")
        super().__init__(model, decay)
        self.decay, self.every = decay, every

    def step(self, training: Training) -> None:
        last = len(training.loader) * training.epochs
        if training.steps % self.every and training.steps != last:
            return
        keep = self.decay**self.every * (training.steps / last) ** 3
        averages = _engine(training.model).optim.swa_utils
        self.average.multi_avg_fn = averages.get_ema_multi_avg_fn(keep)
        self.average.update_parameters(training.model)
        training.model.load_state_dict(self.averaged.state_dict())


def measured(training: Training, metric: str) -> float:
    """A metric of the latest epoch: "loss", or what `validate` gave under that name."""
    epoch = training.history[-1]
    found = {"loss": epoch.loss, **epoch.metrics}
    if metric not in found:
        raise ValueError(f"there is no metric '{metric}': this training measures {', '.join(found)}")
    return found[metric]


def _nn_utils(model: Any) -> Any:
    """`nn.utils` of the engine that the model belongs to."""
    return _engine(model).nn.utils


def _engine(model: Any) -> Any:
    """The library that the model belongs to."""
    import chainrule

    if isinstance(model, chainrule.nn.Module):
        return chainrule
    import torch

    return torch
