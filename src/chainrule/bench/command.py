"""The command line of `chainrule bench`, and the tables that it prints."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.table import Table

from chainrule.bench.turns import ENGINES, Measurements, installed, measure, ratio, runs_on
from chainrule.bench.works import OTHERS, TARGETS, Work
from chainrule.native import get_num_threads
from chainrule.report.machine import machine, versions

__all__ = ["Settings", "main", "run"]

Found = dict[str, Measurements]
"""name of the work -> engine -> what -> values"""

START = ("import", "first step", "peak memory")
"""What is measured beside the work itself."""


@dataclass(frozen=True)
class Settings:
    """Time the same work on chainrule and its peers, each in its own process, in turns."""

    what: Annotated[Literal["steps", "tape", "loader"], tyro.conf.Positional] = "steps"
    """Training steps of small models, the tape's own cost for each operator, or a pass of the DataLoader."""
    only: tuple[str, ...] = ()
    """Of the training steps these alone: names, or how they begin. All names: see the error after a wrong one."""
    peers: tuple[str, ...] = ENGINES[1:]
    """Engines to compare with; one that is not installed is left out."""
    rounds: int = 7
    """How often every engine is measured."""
    seconds: float = 1
    """How long a round goes on repeating the work, once at least."""
    batch: int | None = None
    """Samples in a batch, instead of each work's own number."""
    threads: int = get_num_threads()
    """Threads, and cores, for each engine."""
    json: Path | None = None
    """Write all measurements to this file too."""
    figure: Path | None = None
    """Draw the ratios into this SVG file too."""


def main(words: list[str]) -> int:
    """Measure and print tables; the exit status is 2 for a wrong name, else 0."""
    settings = tyro.cli(Settings, prog="chainrule bench", args=words)
    works = _chosen(settings)
    if not works:
        names = ", ".join(TARGETS)
        Console(stderr=True).print(f"[bold red]chainrule:[/] --only {' '.join(settings.only)}: there are {names}")
        return 2
    found = run(settings, works, Console())
    if settings.json:
        settings.json.write_text(json.dumps(_record(settings, works, found), indent=1), encoding="utf-8")
    if settings.figure:
        from chainrule.bench.figure import ratios

        settings.figure.write_text(ratios(works, found), encoding="utf-8")
    return 0


def run(settings: Settings, works: Mapping[str, Work], console: Console) -> Found:
    """Measure one work after the other, and print the tables at the end."""
    found: Found = {}
    for name, work in works.items():
        engines = [e for e in installed(("chainrule", *settings.peers)) if runs_on(work, e)]
        with console.status(f"{work.title} on {', '.join(engines)}"):
            found[name] = measure(work, engines, settings.rounds, settings.threads, settings.seconds)
    console.print(_times_table(settings, works, found))
    if settings.what == "steps":
        console.print(_start_table(works, found))
    return found


def _chosen(settings: Settings) -> dict[str, Work]:
    """The works by name, at the batch that was asked for."""
    if settings.what == "steps":
        chosen = {n: w for n, w in TARGETS.items() if not settings.only or n.startswith(settings.only)}
    else:
        chosen = {settings.what: OTHERS[settings.what]}
    return chosen if settings.batch is None else {n: _resized(w, settings.batch) for n, w in chosen.items()}


def _resized(work: Work, batch: int) -> Work:
    """At another batch there is no target."""
    if batch == work.batch:
        return work
    return replace(work, title=f"{work.title.partition(',')[0]}, batch {batch}", batch=batch, least=None)


def _record(settings: Settings, works: Mapping[str, Work], found: Found) -> dict[str, Any]:
    """What goes to the JSON file."""
    engines = {e.partition(".")[0] for measured in found.values() for e in measured}
    return {
        "machine": machine(),
        "versions": {name: value for e in sorted(engines) for name, value in versions(e).items()},
        "threads": settings.threads,
        "rounds": settings.rounds,
        "works": {name: asdict(work) | {"measured": found[name]} for name, work in works.items()},
    }


# ---------------------------------------------------------------------------------------------- tables


def _times_table(settings: Settings, works: Mapping[str, Work], found: Found) -> Table:
    unit = next(iter(works.values())).unit
    title = f"{settings.rounds} rounds in turns, {settings.threads} threads"
    table = _plain_table(title, "work", "engine", f"median {unit}", "min - max", "× chainrule")
    for name, work in works.items():
        for part, rows in _parts(found[name]).items():
            for engine, times in rows.items():
                head = (part or work.title) if engine == "chainrule" else ""
                table.add_row(head, engine, *_times(times, unit), f"{ratio(times, rows['chainrule']):.2f}")
            if work.least is not None and len(rows) > 1:
                table.add_row("", "best peer", "", _verdict(work.least), f"{_best(rows):.2f}", style="bold")
    return table


def _parts(measured: Measurements) -> dict[str, dict[str, list[float]]]:
    """what -> engine -> times"""
    parts = {what: {e: m[what] for e, m in measured.items() if what in m} for what in measured["chainrule"]}
    return {what: rows for what, rows in parts.items() if what not in START}


def _times(milliseconds: Sequence[float], unit: str) -> tuple[str, str]:
    t = [1e3 * x for x in milliseconds] if unit == "µs" else milliseconds
    return f"{statistics.median(t):.3f}", f"{min(t):.3f} - {max(t):.3f}"


def _best(rows: Mapping[str, Sequence[float]]) -> float:
    """The best peer's time over chainrule's; the best one is that of the least median."""
    peers = [times for engine, times in rows.items() if engine != "chainrule"]
    return ratio(min(peers, key=statistics.median), rows["chainrule"])


def _verdict(least: float) -> str:
    return f"to be at least {least:g}"


def _start_table(works: Mapping[str, Work], found: Found) -> Table:
    """What else a process costs."""
    title = "from import to the first step's end, and memory"
    table = _plain_table(title, "work", "engine", "import ms", "first step ms", "peak MiB")
    for name, work in works.items():
        for engine, measured in found[name].items():
            values = [f"{max(measured[what]):.0f}" for what in START]
            table.add_row(work.title if engine == "chainrule" else "", engine, *values)
    return table


def _plain_table(title: str, first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=title)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column)
    return table
