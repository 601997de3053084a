"""What a training tells, and to whom: `Callback`, and the `Training` that is told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from chainrule.nn import Module
from chainrule.ops.random import get_rng_state, set_rng_state

__all__ = ["Callback", "Epoch", "Training"]


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


@dataclass
class Training:
    """A training under way: what takes part in it, and how far it is."""

    model: Any
    loss: Callable[..., Any]
    optimizer: Any
    loader: Any
    epochs: int
    callbacks: Sequence[Callback] = ()
    history: list[Epoch] = field(default_factory=list)
    """The epochs that are over."""
    peaks: list[float] = field(default_factory=list)
    """The optimizer's learning rates at the start, which a schedule scales."""
    steps: int = 0
    """Steps taken, in all epochs."""
    samples: int = 0
    """Samples seen in this epoch."""
    total: float = 0.0
    """Sum of their losses."""
    seconds: float = 0.0
    """Time spent on this epoch."""
    current: float = 0.0
    """Loss of the latest batch, before its step."""
    batch: int = 0
    """Samples in the latest batch."""
    stopped: str = ""
    """Why no further epoch is to begin, if so."""

    @property
    def number(self) -> int:
        """The epoch under way, counted from 1."""
        return len(self.history) + 1

    def stop(self, reason: str) -> None:
        """Let this epoch be the last."""
        self.stopped = reason

    def tell(self, event: str) -> None:
        """Tell every callback, in their order."""
        for callback in self.callbacks:
            getattr(callback, event)(self)

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the training depends on: numbers, text, tensors."""
        return {
            "model": dict(self.model.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "loader": self.loader.state_dict(),
            "callbacks": [callback.state_dict() for callback in self._remembering()],
            "history": [asdict(epoch) for epoch in self.history],
            "random": {name: get() for name, (get, _) in self._generators().items()},
            **{name: getattr(self, name) for name in PROGRESS},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be where another training, of equal parts, was at `state_dict`."""
        callbacks = self._remembering()
        if len(state["callbacks"]) != len(callbacks):
            saved, now = len(state["callbacks"]), len(callbacks)
            raise ValueError(
                f"the training was saved with {saved} callbacks that have a state, and there are {now} now"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.loader.load_state_dict(state["loader"])
        for callback, own in zip(callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(own)
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        for name in PROGRESS:
            setattr(self, name, state[name])
        for name, (_, set_state) in self._generators().items():
            set_state(state["random"][name])

    def _remembering(self) -> list[Callback]:
        """The callbacks that have something to remember, be it nothing yet; others, such as logs, may come and go."""
        return [c for c in self.callbacks if type(c).state_dict is not Callback.state_dict or c.state_dict()]

    def _generators(self) -> dict[str, tuple[Callable[[], Any], Callable[[Any], None]]]:
        """How to read and set the random numbers that the training draws from."""
        found: dict[str, Any] = {"chainrule": (get_rng_state, set_rng_state)}
        if not isinstance(self.model, Module):
            import torch

            found["torch"] = (torch.get_rng_state, torch.set_rng_state)
        return found


PROGRESS = ("peaks", "steps", "samples", "total", "seconds", "stopped")
"""What of a training is saved as it is."""


class Callback:
    """Is told how a training goes; a subclass overrides what it wants to hear of.

    Callbacks are told in their order. One that remembers something gives it with `state_dict`, for checkpoints.
    """

    def begin(self, training: Training) -> None:
        """The first step is about to be taken, or the first since a checkpoint."""

    def backward(self, training: Training) -> None:
        """The gradients of a batch are there, and the step has not been taken."""

    def step(self, training: Training) -> None:
        """A step has been taken."""

    def epoch(self, training: Training) -> None:
        """An epoch is over and measured: it is the last one in `training.history`."""

    def end(self, training: Training) -> None:
        """The training is over, by its end or by an error."""

    def state_dict(self) -> dict[str, Any]:
        """What this callback has to remember: numbers, text, tensors."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember it again."""
