"""The first losses of a training, for tests that hold one engine's curve against another's."""

from typing import Any

import pytest

from chainrule.train import Callback, Training, fit


class Enough(Exception):
    """So many steps were looked at."""


class Losses(Callback):
    """Collects the losses of the first steps, and stops the training then."""

    def __init__(self, steps: int) -> None:
        self.steps, self.losses = steps, list[float]()

    def step(self, training: Training) -> None:
        self.losses.append(training.current)
        if len(self.losses) == self.steps:
            raise Enough


def first_losses(steps: int, *training: Any, **options: Any) -> list[float]:
    """The losses of the first steps of `fit(*training, **options)`, which must have more than that many, or as many."""
    watch = Losses(steps)
    with pytest.raises(Enough):
        fit(*training, callbacks=[watch], **options)
    return watch.losses
