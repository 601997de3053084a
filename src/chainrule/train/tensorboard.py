"""Training curves for TensorBoard: `tensorboard --logdir FOLDER`. Needs the package tensorboardX."""

from __future__ import annotations

import os
from typing import Any

from .callback import Callback, Training

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write loss, learning rate and what `validate` measures as event files in `folder`.

    The loss and the rate stand over the steps, the metrics over the steps too, at each epoch's end. A training that
    goes on from a checkpoint tells TensorBoard to forget the steps after it. Errors: ModuleNotFoundError if
    tensorboardX is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ModuleNotFoundError as missing:
            raise ModuleNotFoundError(
                "TensorBoard needs the package tensorboardX: pip install 'chainrule[tensorboard]'", name=missing.name
            ) from None
        self.folder, self._open = os.fspath(folder), SummaryWriter
        self.writer: Any = None

    def begin(self, training: Training) -> None:
        self.writer = self._open(self.folder, purge_step=training.steps + 1 if training.steps else None)

    def step(self, training: Training) -> None:
        self.writer.add_scalar("loss", training.current, training.steps)
        self.writer.add_scalar("learning rate", training.optimizer.param_groups[0]["lr"], training.steps)

    def epoch(self, training: Training) -> None:
        epoch = training.history[-1]
        for name, value in {"loss of the epoch": epoch.loss, **epoch.metrics}.items():
            self.writer.add_scalar(name, value, training.steps)
        self.writer.flush()

    def end(self, training: Training) -> None:
        self.writer.close()
