"""`chainrule predict`: what the model of an earlier run says of a picture, or of a line of text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import safetensors
import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chainrule.io import load_file
from chainrule.tensor import Tensor

from ._lab import UsageError, asked_for
from ._resume import lab_of, read_settings

__all__ = ["Predict", "Saved", "predict", "saved_model"]

SHOWN = 3


@dataclass(frozen=True)
class Predict:
    """Ask the model of a run: what is on a picture, what to think of a line of text, how a text goes on."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """Folder of a run that has saved its model."""
    inputs: tyro.conf.Positional[Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE ...")]]
    """Pictures, or lines of text."""


@dataclass(frozen=True)
class Saved:
    """A model as `Run.save` left it: its weights, and the facts that belong to it, such as the mean of the pixels."""

    weights: Mapping[str, Tensor]
    facts: Mapping[str, Any]


def predict(asked: Predict, console: Console) -> int:
    """Print the likeliest classes of each input, or the text it becomes; 0.

    Raises UsageError if run, model or an input cannot be read.
    """
    from chainrule import labs

    name = lab_of(asked.run)
    lab = labs.load(name)
    if lab.predict is None:
        raise UsageError(f"the lab {name} has no model to ask")
    if not asked.inputs:
        raise UsageError(f"nothing to ask about: chainrule predict {asked.run} FILE-OR-TEXT ...")
    settings, saved = read_settings(name, lab, asked.run), saved_model(asked.run)
    answers = []
    for text in asked.inputs:
        with asked_for():
            answers.append((text, lab.predict(settings, saved, text)))
    console.print(_table(answers), highlight=False)
    return 0


def _table(answers: Sequence[tuple[str, Mapping[str, float] | str]]) -> Table:
    """A row for each input: it, and what the model makes of it."""
    written = any(isinstance(answer, str) for _, answer in answers)
    table = Table("input", "output" if written else "class", box=None, header_style="dim")
    if not written:
        table.add_column("probability", justify="right")
        table.add_column("next", style="dim")
    for text, answer in answers:
        table.add_row(escape(text), *([escape(answer)] if isinstance(answer, str) else _classes(answer)))
    return table


def _classes(shares: Mapping[str, float]) -> list[str]:
    """The likeliest class, its probability, and the next ones."""
    (best, share), *others = sorted(shares.items(), key=lambda item: -item[1])[:SHOWN]
    return [f"[bold]{escape(best)}[/]", f"{share:.1%}", escape("  ".join(f"{c} {p:.1%}" for c, p in others))]


def saved_model(folder: Path) -> Saved:
    """What `Run.save` left in a run's folder. Raises UsageError if that is nothing, or cannot be read."""
    path = folder / "weights.safetensors"
    try:
        weights = load_file(path)
        with safetensors.safe_open(path, framework="np") as file:
            facts = json.loads((file.metadata() or {}).get("run", "{}"))
    except FileNotFoundError:
        raise UsageError(f"{folder} has no weights.safetensors: the run has not come so far") from None
    except (OSError, ValueError) as problem:
        raise UsageError(str(problem)) from problem
    return Saved(weights, facts)
