"""The command line of `chainrule bench`, and the tables that it prints."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chainrule.bench import epoch, growth
from chainrule.bench.figure import ratios, standalone
from chainrule.bench.tables import Found, beside_table, times_table, worst
from chainrule.bench.turns import ENGINES, Measurements, installed, measure, runs_on
from chainrule.bench.works import OTHERS, TARGETS, Work
from chainrule.data import mnist
from chainrule.native import get_num_threads
from chainrule.report.machine import machine, versions

__all__ = ["Settings", "main", "run"]

FIGURES = ("steps", "epoch", "growth")
"""What is drawn."""


@dataclass(frozen=True)
class Settings:
    """Time the same work on chainrule and its peers, each in its own process, in turns."""

    what: Annotated[Literal["steps", "tape", "loader", "epoch", "operators", "growth"], tyro.conf.Positional] = "steps"
    """Training steps of small models; the tape's own cost; passes of the DataLoader; an epoch of MNIST from start to
    end of Python; operators, one by one; or how steps grow with their sizes, beside what the machine allows."""
    only: tuple[str, ...] = ()
    """Of the training steps these alone: names, or how they begin. All names: see the error after a wrong one."""
    peers: tuple[str, ...] = ENGINES[1:]
    """Engines to compare with; one that is not installed is left out."""
    rounds: int = 7
    """How often every engine is measured."""
    seconds: float | None = None
    """How long a round goes on repeating each thing, once at least, instead of each work's own time."""
    batch: int | None = None
    """Samples in a batch, instead of each work's own number."""
    threads: int = get_num_threads()
    """Threads, and cores, for each engine."""
    data: Path | None = None
    """Folder of the full data sets, for the epoch."""
    json: Path | None = None
    """Write all measurements to this file too."""
    figure: Path | None = None
    """Draw the ratios, or the growth, into this SVG file too."""

    def __post_init__(self) -> None:
        for name in ("rounds", "batch", "threads"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"--{name} {value}: it must be at least 1")
        if self.seconds is not None and not 0 <= self.seconds < math.inf:
            raise ValueError(f"--seconds {self.seconds}: it must be a number, and at least 0")
        unknown = [peer for peer in self.peers if peer not in ENGINES]
        if unknown:
            raise ValueError(f"--peers {' '.join(unknown)}: there are {', '.join(ENGINES[1:])}")


def main(words: list[str]) -> int:
    """Measure and print tables; the exit status is 2 for a wrong name, or a file that cannot be written, else 0."""
    settings = tyro.cli(Settings, prog="chainrule bench", args=words)
    works = _chosen(settings)
    if mistake := _mistake(settings, works):
        return _complain(mistake)
    try:
        _write(settings, works, run(settings, works, _console()))
    except OSError as problem:
        return _complain(f"{problem.filename}: {problem.strerror}" if problem.strerror else str(problem))
    return 0


def _mistake(settings: Settings, works: Mapping[str, Work]) -> str:
    """What is wrong with the settings, told before anything is measured; "" if nothing is."""
    if settings.figure and settings.what not in FIGURES:
        return f"--figure: there is one of {' and of '.join(FIGURES)}, not of {settings.what}"
    if not works:
        return f"--only {' '.join(settings.only)}: there are {', '.join(TARGETS)}"
    for option, file in (("--json", settings.json), ("--figure", settings.figure)):
        if file and not file.parent.is_dir():
            return f"{option} {file}: there is no folder {file.parent}"
    return ""


def _write(settings: Settings, works: Mapping[str, Work], found: Found) -> None:
    """The files that were asked for."""
    if settings.json:
        settings.json.write_text(json.dumps(_record(settings, works, found), indent=1), encoding="utf-8")
    if settings.figure:
        drawing = growth.figure(works, found) if settings.what == "growth" else ratios(works, found)
        settings.figure.write_text(standalone(drawing), encoding="utf-8")


def run(settings: Settings, works: Mapping[str, Work], console: Console) -> Found:
    """Measure one work after the other, and print the tables at the end."""
    found: Found = {}
    for name, work in works.items():
        engines = [e for e in installed(("chainrule", *settings.peers)) if runs_on(work, e)]
        with console.status(f"{work.title} on {', '.join(engines)}"):
            found[name] = _measured(settings, work, engines)
    for table in _tables(settings, works, found):
        console.print(table)
    return found


def _tables(settings: Settings, works: Mapping[str, Work], found: Found) -> list[Table]:
    if settings.what == "operators":
        return [worst(found["operators"])]
    if settings.what == "growth":
        return [growth.table(works, found)]
    title = f"{settings.rounds} rounds in turns, {settings.threads} threads"
    times = times_table(title, works, found)
    return [times, beside_table(works, found)] if settings.what in ("steps", "epoch") else [times]


def _measured(settings: Settings, work: Work, engines: list[str]) -> Measurements:
    if work.kind == "epoch":
        return epoch.measure(engines, mnist.SOURCE.paths(settings.data)[:2], settings.rounds, settings.threads)
    if settings.what == "growth":
        return growth.measured(work, engines, settings.rounds)
    return measure(work, engines, settings.rounds, settings.threads)


def _chosen(settings: Settings) -> dict[str, Work]:
    """The works by name, at the batch that was asked for."""
    if settings.what == "steps":
        chosen = {n: w for n, w in TARGETS.items() if not settings.only or n.startswith(settings.only)}
    elif settings.what == "growth":
        chosen = growth.works(settings.threads)
    else:
        chosen = {settings.what: OTHERS[settings.what]}
    return {name: _resized(work, settings) for name, work in chosen.items()}


def _resized(work: Work, settings: Settings) -> Work:
    """At another batch there is no target."""
    work = work if settings.seconds is None else replace(work, seconds=settings.seconds)
    if settings.batch in (None, work.batch) or not work.batch:
        return work
    title = f"{work.title.partition(',')[0]}, batch {settings.batch}"
    return replace(work, title=title, batch=settings.batch or 0, least=None)


def _record(settings: Settings, works: Mapping[str, Work], found: Found) -> dict[str, Any]:
    """What goes to the JSON file."""
    engines = {e.partition(".")[0] for measured in found.values() for e in measured if e in ENGINES}
    return {
        "machine": machine(),
        "versions": {name: value for e in sorted(engines) for name, value in versions(e).items()},
        "threads": settings.threads,
        "rounds": settings.rounds,
        "works": {name: asdict(work) | {"measured": found[name]} for name, work in works.items()},
    }


def _complain(message: str) -> int:
    Console(stderr=True).print(f"[bold red]chainrule:[/] {escape(message)}", highlight=False, soft_wrap=True)
    return 2


def _console() -> Console:
    """Wide enough for the tables where no terminal sets the width."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=120, highlight=False)
