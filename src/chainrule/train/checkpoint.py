"""Checkpoints: the whole state of a training in one file, from which it goes on as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from chainrule.creation import from_numpy
from chainrule.io import load_tree, save_tree
from chainrule.io.whole import clear_unfinished, name_again
from chainrule.tensor import Array

from .callback import Callback, Training
from .callbacks import measured

__all__ = ["Checkpoint", "load_checkpoint"]


class Checkpoint(Callback):
    """Save the training to `folder`, every so many steps, or after every epoch.

    A file, step-00001234.safetensors, holds model, optimizer, loader, callbacks, random numbers and history, as
    `save_tree` writes them. It is on the disk before it gets its name; the last `keep` of them are kept. With `best`, a
    metric's name, best.safetensors is the one of the epoch where it was best: greatest, or least with mode="min".

    Let it be the last of the callbacks: it saves what those before it remember of this step. A folder is for one
    training. Errors: OSError if a file cannot be written: the checkpoints before it are untouched; ValueError for
    another mode, for numbers below 1, and when a training begins anew in a folder that holds one.
    """

    def __init__(
        self, folder: str | os.PathLike[str], every: int | None = None, keep: int = 2, best: str | None = None,
        mode: Literal["min", "max"] = "max",
    ) -> None:  # fmt: skip
        if keep < 1 or (every is not None and every < 1):
            raise ValueError(f"Checkpoint: keep={keep}, every={every}: both must be at least 1")
        if mode not in ("min", "max"):
            raise ValueError(f"Checkpoint: mode={mode!r}: choose 'min' or 'max'")
        self.folder, self.every, self.keep = Path(folder), every, keep
        self.best, self.mode = best, mode
        self.best_value: float | None = None

    def begin(self, training: Training) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        clear_unfinished(self.folder)
        if not training.steps:
            self.best_value = None
            self._check_alone()

    def _check_alone(self) -> None:
        """Raise where the folder holds a training already: that one would be resumed in the place of a new one."""
        last = next((number(path) for path in reversed(steps(self.folder)) if _whole(path)), 0)
        if last:
            raise ValueError(
                f"Checkpoint: {self.folder} holds a training at step {last}, and this one begins anew.\n"
                f"  Go on with that one, resume=load_checkpoint({str(self.folder)!r}), or choose another folder."
            )

    def step(self, training: Training) -> None:
        if self.every and training.steps % self.every == 0:
            self.save(training)

    def epoch(self, training: Training) -> None:
        improved = self.best is not None and self._improved(measured(training, self.best))
        path = self.save(training)
        if improved:
            name_again(path, self.folder / "best.safetensors")

    def _improved(self, value: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.best_value is not None and not sign * value > sign * self.best_value:
            return False
        self.best_value = value
        return True

    def save(self, training: Training) -> Path:
        """Save it now, and drop what is older than the last `keep`; returns the new file."""
        path = self.folder / f"step-{training.steps:08d}.safetensors"
        save_tree(training.state_dict(), path)
        so_far = [path for path in steps(self.folder) if number(path) <= training.steps]
        for old in so_far[: -self.keep]:
            with contextlib.suppress(OSError):
                old.unlink()
        return path

    def state_dict(self) -> dict[str, Any]:
        return {"best_value": self.best_value}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best_value = state["best_value"]


def load_checkpoint(folder: str | os.PathLike[str], make: Callable[[Array], Any] = from_numpy) -> Any:
    """The latest checkpoint in a folder, for `fit(resume=…)`, or None if there is none.

    `make` makes its tensors: `torch.from_numpy` for a model of PyTorch's. One that is damaged is passed over, with a
    warning. Errors: ValueError if all are.
    """
    problem = None
    for path in reversed(steps(Path(folder))):
        try:
            return load_tree(path, make)
        except ValueError as error:
            problem = error
            warnings.warn(f"{error}; trying the one before", stacklevel=2)
    if problem:
        raise ValueError(f"{folder}: every checkpoint is damaged") from problem
    return None


def steps(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the latest last."""
    return sorted((path for path in folder.glob("step-*.safetensors") if path.stem[5:].isdecimal()), key=number)


def number(path: Path) -> int:
    """The step that a checkpoint was saved at."""
    return int(path.stem[5:])


def _whole(path: Path) -> bool:
    """Whether `load_checkpoint` would not pass it over."""
    try:
        load_tree(path)
    except ValueError:
        return False
    return True
