"""The plain training loop: forward, backward, step. It uses only what chainrule and PyTorch both have."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.autograd import NonFinite, detect_anomaly
from chainrule.data import DataLoader, Engine
from chainrule.ops.random import get_rng_state, set_rng_state
from chainrule.tensor import Tensor

from .metrics import accuracy

__all__ = ["Epoch", "NonFiniteLoss", "Watch", "evaluate", "fit", "predict"]

Array = npt.NDArray[Any]


class NonFiniteLoss(ArithmeticError):
    """The loss became NaN or infinite: no later step could mend that."""


@dataclass
class Epoch:
    """One pass over the training set, as it came out."""

    number: int
    loss: float
    """Average over the samples, each measured when its batch came, that is while the weights were changing."""
    seconds: float
    """Time of the training steps alone."""
    metrics: dict[str, float] = field(default_factory=dict)
    """What `validate` measured at the epoch's end."""


class Watch:
    """Is told how training goes. Progress bars and logs override what they want to hear of."""

    def step(self, loss: float, samples: int) -> None:
        """A batch of so many samples was learned from; `loss` is its loss before the step."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is over and measured."""


def fit(
    model: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    batches: DataLoader,
    epochs: int,
    *,
    schedule: Callable[[float], float] | None = None,
    validate: Callable[[], dict[str, float]] | None = None,
    watch: Watch | None = None,
) -> list[Epoch]:
    """Train `model` for so many passes over `batches`; what became of each is returned, and told to `watch` at once.

    `schedule` maps the share of the training that is done, in [0, 1), to a factor on the optimizer's learning rates.
    Raises NonFiniteLoss at the first batch whose loss is NaN or infinite, before its step. Of a chainrule model it
    names the operator and the module where the first such number arose: the batch's forward pass runs once more, with
    the same random numbers, under `autograd.detect_anomaly`.
    """
    watch = watch or Watch()
    peaks = [group["lr"] for group in optimizer.param_groups]
    history: list[Epoch] = []
    for number in range(1, epochs + 1):
        model.train()
        total, started = 0.0, time.perf_counter()
        for i, (x, y) in enumerate(batches):
            if schedule:
                _set_rates(optimizer, peaks, schedule((number - 1 + i / len(batches)) / epochs))
            optimizer.zero_grad()
            random = get_rng_state()
            value = loss(model(x), y)
            current = value.item()
            if not math.isfinite(current):
                set_rng_state(random)
                raise NonFiniteLoss(_stopped(current, number, i + 1, optimizer) + _culprit(model, loss, x, y))
            value.backward()
            optimizer.step()
            total += current * len(y)
            watch.step(current, len(y))
        epoch = Epoch(number, total / batches.samples, time.perf_counter() - started)
        epoch.metrics = validate() if validate else {}
        history.append(epoch)
        watch.epoch(epoch)
    return history


def predict(engine: Engine, model: Any, x: Array, batch_size: int = 500) -> Array:
    """The model's output for every row of x, in evaluation mode and without a tape: (N, …) -> (N, classes)."""
    model.eval()
    with engine.no_grad():
        outputs = [model(engine.from_numpy(x[i : i + batch_size])).numpy() for i in range(0, len(x), batch_size)]
    return np.concatenate(outputs)


def evaluate(engine: Engine, model: Any, x: Array, y: Array) -> float:
    """The share of rows of x whose greatest output is at their label y."""
    return accuracy(predict(engine, model, x), y)


def _set_rates(optimizer: Any, peaks: list[float], factor: float) -> None:
    for group, peak in zip(optimizer.param_groups, peaks, strict=True):
        group["lr"] = peak * factor


def _stopped(loss: float, epoch: int, step: int, optimizer: Any) -> str:
    return (
        f"the loss became {loss} at step {step} of epoch {epoch}, at a learning rate of"
        f" {optimizer.param_groups[0]['lr']:.3g}; training stopped there.\n"
        "  Most often the rate is too high: try a tenth of it. If that does not help, look for NaN in the data."
    )


def _culprit(model: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any) -> str:
    """Where the first number that is not finite came from, found by doing it again; a line for the message."""
    if not isinstance(x, Tensor):
        return ""
    for name, tensor in [("the batch", x), *((f"the parameter {name}", p) for name, p in model.named_parameters())]:
        if not np.isfinite(tensor.array).all():
            return f"\n  Its origin: {name} {tensor.shape} was not finite before the forward pass began."
    try:
        with detect_anomaly():
            loss(model(x), y)
    except NonFinite as found:
        return f"\n  Its origin: {found}."
    return "\n  Run once more, the same batch gave finite numbers all along."
