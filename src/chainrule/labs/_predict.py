"""`chainrule predict`: what the model of an earlier run says of a picture, or of a line of text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import safetensors
import tyro
from rich.console import Console
from rich.table import Table

from chainrule.io import load_file
from chainrule.tensor import Tensor

from ._lab import UsageError
from ._resume import lab_of, read_settings

__all__ = ["Predict", "Saved", "predict"]

SHOWN = 3


@dataclass(frozen=True)
class Predict:
    """Let the model of a run classify files, or lines of text where the lab is about text."""

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
    """Print the likeliest classes of each input; 0. Raises UsageError if run, model or an input cannot be read."""
    from chainrule import labs

    name = lab_of(asked.run)
    lab = labs.load(name)
    if lab.predict is None:
        raise UsageError(f"the lab {name} has no model that classifies anything")
    if not asked.inputs:
        raise UsageError(f"nothing to classify: chainrule predict {asked.run} FILE ...")
    settings, saved = read_settings(name, lab, asked.run), _saved(asked.run)
    table = Table("input", "class", box=None, header_style="dim")
    table.add_column("probability", justify="right")
    table.add_column("next", style="dim")
    for text in asked.inputs:
        try:
            shares = sorted(lab.predict(settings, saved, text).items(), key=lambda item: -item[1])
        except (OSError, ValueError) as problem:
            raise UsageError(str(problem)) from problem
        (best, share), *others = shares[:SHOWN]
        table.add_row(text, f"[bold]{best}[/]", f"{share:.1%}", "  ".join(f"{c} {p:.1%}" for c, p in others))
    console.print(table)
    return 0


def _saved(folder: Path) -> Saved:
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
