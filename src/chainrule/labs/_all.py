"""`chainrule run --all`: every lab, one after the other, and one table of what was expected and what came out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chainrule.report import Outcome

from ._lab import Lab, LabSettings, UsageError
from ._run import in_a_word, perform

__all__ = ["All", "run_all"]

FOLDER = {"metavar": "DIR"}


@dataclass(frozen=True)
class All:
    """Run every lab, in earnest and on the full data sets, and print one table of what was expected and measured."""

    quick: bool = False
    """Only what takes seconds, on built-in data."""
    data: Annotated[Path | None, tyro.conf.arg(**FOLDER)] = None
    """Folder of the full data sets; by default $CHAINRULE_DATA, the user cache and system packages are searched."""
    out: Annotated[Path | None, tyro.conf.arg(**FOLDER, help_behavior_hint="(default: runs/all-TIME)")] = None
    """Folder that the runs go to, a folder each."""


@dataclass(frozen=True)
class _Row:
    """What became of a lab: its outcomes, or what kept it from having any."""

    title: str
    outcomes: list[Outcome]
    seconds: float
    problem: str = ""


def run_all(asked: All, console: Console) -> int:
    """Run the labs; 0 if every expectation of all held, 1 if not, 130 after Ctrl-C."""
    rows, status = [], 0
    out = asked.out or Path("runs") / f"all-{datetime.now():%Y%m%d-%H%M%S}"
    for name, lab, settings in _planned(asked, out):
        title = name if settings.preset == "quick" else f"{name} --preset {settings.preset}"
        console.rule(f"[bold]{title}[/]", align="left", style="dim")
        began = time.perf_counter()
        try:
            run = perform(name, lab, settings, console)
            outcomes, problem, ended = run.outcomes(), "", run.status
        except UsageError as mistake:
            outcomes, problem, ended = [], str(mistake), 1
            console.print(problem, style="red", highlight=False, markup=False)
        rows.append(_Row(title, outcomes, time.perf_counter() - began, problem))
        status = max(status, ended)
        if ended == 130:
            break
    console.rule(style="dim")
    console.print(_table(rows))
    return status


def _planned(asked: All, out: Path) -> Iterator[tuple[str, Lab, LabSettings]]:
    """The labs by topic, each with the presets that are asked for, in folders of their own."""
    from chainrule import labs

    for group in labs.by_topic().values():
        for name, lab in group.items():
            presets = [p for p in lab.preset_names() if (p == "quick") == asked.quick] or lab.preset_names()[:1]
            for preset in presets:
                folder = out / (name if len(presets) == 1 else f"{name}-{preset}")
                yield name, lab, _placed(lab.preset(preset), folder, asked.data)


def _placed(settings: LabSettings, out: Path, data: Path | None) -> LabSettings:
    changes: dict[str, Any] = {"out": out}
    if data is not None and hasattr(settings, "data"):
        changes["data"] = data
    return dataclasses.replace(settings, **changes)


def _table(rows: list[_Row]) -> Table:
    """All expectations, lab by lab, and a last line that counts them."""
    table = Table(box=None, header_style="dim", show_footer=True)
    outcomes = [o for row in rows for o in row.outcomes]
    held, broken = sum(o.held is True for o in outcomes), sum(bool(row.problem) for row in rows)
    table.add_column("lab", footer=f"{held} of {len(outcomes)} held" + f", {broken} not run" * bool(broken))
    table.add_column("what", overflow="fold")
    table.add_column("expected", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("held")
    table.add_column("time", justify="right", footer=_time(sum(row.seconds for row in rows)))
    for row in rows:
        if row.problem:
            table.add_row(row.title, escape(row.problem.splitlines()[0]), "", "", in_a_word(False), _time(row.seconds))
        for i, o in enumerate(row.outcomes):
            first = (row.title, _time(row.seconds)) if i == 0 else ("", "")
            table.add_row(first[0], o.name, o.expected, o.measured, in_a_word(o.held), first[1])
    return table


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
