"""The plain training loop: forward, backward, step. It uses only what chainrule and PyTorch both have."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import NonFinite, detect_anomaly
from chainrule.data import DataLoader
from chainrule.deferring import joining
from chainrule.ops.random import get_rng_state, set_rng_state
from chainrule.tensor import Tensor

from .callback import Callback, Epoch, Training

__all__ = ["NonFiniteLoss", "fit"]


class NonFiniteLoss(ArithmeticError):
    """The loss became NaN or infinite: no later step could mend that."""


def fit(
    model: Any,
    loss: Callable[..., Any],
    optimizer: Any,
    loader: DataLoader,
    epochs: int,
    *,
    schedule: Callable[[float], float] | None = None,
    validate: Callable[[], dict[str, float]] | None = None,
    callbacks: Sequence[Callback] = (),
    resume: Mapping[str, Any] | None = None,
) -> list[Epoch]:
    """Train `model` for `epochs` passes over `loader`; what became of each is returned.

    A batch is (x, y), or (x₁, x₂, …, y): its loss is loss(model(x₁, x₂, …), y). `schedule` maps the share of the
    training that is done, in [0, 1), to a factor on the optimizer's learning rates. `validate` measures at the end of
    an epoch. `callbacks` are told of every step and epoch. `resume` is what `load_checkpoint` gave: the training goes
    on from there, and ends with the very weights of one that was never interrupted. Operators of a chainrule model are
    joined as `compile` does it.

    Errors: NonFiniteLoss at the first batch whose loss is NaN or infinite, before its step. Of a chainrule model it
    names the operator and the module where the first such number arose: the batch's forward pass runs once more, with
    the same random numbers, under `autograd.detect_anomaly`.
    """
    training = Training(model, loss, optimizer, loader, epochs, callbacks)
    training.peaks = [group["lr"] for group in optimizer.param_groups]
    if resume is not None:
        training.load_state_dict(resume)
    training.tell("begin")
    try:
        while training.number <= epochs and not training.stopped:
            model.train()
            started = time.perf_counter() - training.seconds
            for *x, y in loader:
                if schedule:
                    _set_rates(training, schedule)
                _step(training, x, y)
                training.seconds = time.perf_counter() - started
                training.tell("step")
            _close_epoch(training, validate)
            training.tell("epoch")
    finally:
        training.tell("end")
    return training.history


def _step(training: Training, x: Sequence[Any], y: Any) -> None:
    """Learn from one batch."""
    training.optimizer.zero_grad()
    random = get_rng_state()
    with joining():
        value = training.loss(training.model(*x), y)
    training.current, training.batch = value.item(), len(y)
    if not math.isfinite(training.current):
        set_rng_state(random)
        raise NonFiniteLoss(_stopped(training) + _culprit(training, x, y))
    value.backward()
    training.tell("backward")
    training.optimizer.step()
    training.steps += 1
    training.samples += training.batch
    training.total += training.current * training.batch


def _close_epoch(training: Training, validate: Callable[[], dict[str, float]] | None) -> None:
    """Measure the epoch that is over, and begin to count anew."""
    if not training.samples:
        raise ValueError("fit(): the loader has no batches")
    epoch = Epoch(training.number, training.total / training.samples, training.seconds)
    epoch.metrics = validate() if validate else {}
    training.history.append(epoch)
    training.samples, training.total, training.seconds = 0, 0.0, 0.0


def _set_rates(training: Training, schedule: Callable[[float], float]) -> None:
    done = training.steps / (len(training.loader) * training.epochs)
    for group, peak in zip(training.optimizer.param_groups, training.peaks, strict=True):
        group["lr"] = peak * schedule(done)


# ---------------------------------------------------------------------------------------------- the first NaN


def _stopped(training: Training) -> str:
    return (
        f"the loss became {training.current} at step {training.steps + 1}, in epoch {training.number}, at a learning"
        f" rate of {training.optimizer.param_groups[0]['lr']:.3g}; training stopped there.\n"
        "  Most often the rate is too high: try a tenth of it. If that does not help, look for NaN in the data."
    )


def _culprit(training: Training, inputs: Sequence[Any], y: Any) -> str:
    """Where the first number that is not finite came from, found by doing it again; a line for the message."""
    if not all(isinstance(x, Tensor) for x in inputs):
        return ""
    named = [("the batch", x) for x in inputs]
    named += [(f"the parameter {name}", p) for name, p in training.model.named_parameters()]
    for name, tensor in named:
        if not np.isfinite(tensor.array).all():
            return f"\n  Its origin: {name} {tensor.shape} was not finite before the forward pass began."
    try:
        with detect_anomaly():
            training.loss(training.model(*inputs), y)
    except NonFinite as found:
        return f"\n  Its origin: {found}."
    return "\n  Run once more, the same batch gave finite numbers all along."
