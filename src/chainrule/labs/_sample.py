"""`chainrule sample`: let the model of an earlier run write on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.markup import escape

from ._lab import UsageError
from ._predict import saved_model
from ._resume import lab_of, read_settings

__all__ = ["Sample", "sample"]


@dataclass(frozen=True)
class Sample:
    """Let the model of a run write a text."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """Folder of a run that has saved its model."""
    prompt: str = "\n"
    """What the text goes on from."""
    length: int = 500
    """Characters to write."""
    temperature: float = 0.8
    """How bold the choice of a character is: 0 takes the likeliest, 1 draws by the model's own probabilities."""
    seed: int = 1
    """Decides what is drawn."""

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError(f"--length {self.length}: it must be at least 1")
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"--temperature {self.temperature}: it must be 0 or a positive number")


def sample(asked: Sample, console: Console) -> int:
    """Print the prompt and what follows; 0. Raises UsageError if the run has no model that writes."""
    from chainrule import labs

    name = lab_of(asked.run)
    lab = labs.load(name)
    if lab.sample is None:
        raise UsageError(f"the lab {name} has no model that writes anything")
    settings, saved = read_settings(name, lab, asked.run), saved_model(asked.run)
    try:
        text = lab.sample(settings, saved, asked)
    except ValueError as problem:
        raise UsageError(str(problem)) from problem
    console.print(f"[bold]{escape(asked.prompt)}[/]{escape(text)}", highlight=False, soft_wrap=True)
    return 0
