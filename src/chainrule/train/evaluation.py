"""A model's outputs for data that it does not learn from, and how good they are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from chainrule.deferring import joining

from .metrics import Array, accuracy

__all__ = ["evaluate", "outputs_of", "predict"]

Metrics = Mapping[str, Callable[[Array, Array], float]]


def predict(engine: Any, model: Any, x: Array, batch_size: int = 500) -> Array:
    """The model's output for every row of x, in evaluation mode and without a tape: (N, …) -> (N, classes).

    `engine` is the library that the model belongs to; batch_size rows are computed at a time.
    """
    model.eval()
    with engine.no_grad(), joining():
        outputs = [model(engine.from_numpy(x[i : i + batch_size])).numpy() for i in range(0, len(x), batch_size)]
    return np.concatenate(outputs)


def outputs_of(engine: Any, model: Any, loader: Iterable[Any]) -> tuple[Array, Array]:
    """The model's outputs and the targets of all batches (x, y) or (x₁, x₂, …, y) of a loader."""
    model.eval()
    outputs, targets = [], []
    with engine.no_grad(), joining():
        for *x, y in loader:
            outputs.append(model(*x).numpy())
            targets.append(y.numpy())
    if not outputs:
        raise ValueError("evaluate(): the loader has no batches")
    return np.concatenate(outputs), np.concatenate(targets)


def evaluate(engine: Any, model: Any, loader: Iterable[Any], metrics: Metrics | None = None) -> dict[str, float]:
    """The metrics f(outputs, targets) of a model on all that a loader has, by their names; accuracy if none are given.

    In evaluation mode and without a tape. `engine` is the library that the model belongs to: chainrule or torch.
    Errors: ValueError for a loader without batches; those of `accuracy`: one logit a row needs a metric of its own.
    """
    outputs, targets = outputs_of(engine, model, loader)
    return {name: metric(outputs, targets) for name, metric in (metrics or {"accuracy": accuracy}).items()}
