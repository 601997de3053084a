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
from rich.markup import escape
from rich.table import Table

from chainrule.bench import epoch
from chainrule.bench.turns import ENGINES, Measurements, installed, measure, ratio, runs_on
from chainrule.bench.works import OTHERS, TARGETS, Work
from chainrule.data import mnist
from chainrule.native import get_num_threads
from chainrule.report.machine import machine, versions

__all__ = ["Settings", "main", "run"]

Found = dict[str, Measurements]
"""name of the work -> engine -> what -> values"""

BESIDE = {"import": "import ms", "first step": "first step ms", "peak memory": "peak MiB", "last loss": "last loss"}
"""What is measured beside the work itself, and how its column is called."""
SCALE = {"s": 1e-3, "ms": 1, "µs": 1e3}


@dataclass(frozen=True)
class Settings:
    """Time the same work on chainrule and its peers, each in its own process, in turns."""

    what: Annotated[Literal["steps", "tape", "loader", "epoch", "operators"], tyro.conf.Positional] = "steps"
    """Training steps of small models; the tape's own cost; passes of the DataLoader; an epoch of MNIST from start to
    end of Python; or operators, one by one."""
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
    """Draw the ratios into this SVG file too."""


def main(words: list[str]) -> int:
    """Measure and print tables; the exit status is 2 for a wrong name, else 0."""
    settings = tyro.cli(Settings, prog="chainrule bench", args=words)
    works = _chosen(settings)
    if not works:
        names = ", ".join(TARGETS)
        Console(stderr=True).print(f"[bold red]chainrule:[/] --only {' '.join(settings.only)}: there are {names}")
        return 2
    try:
        found = run(settings, works, _console())
    except FileNotFoundError as missing:
        Console(stderr=True).print(f"[bold red]chainrule:[/] {escape(str(missing))}", highlight=False, soft_wrap=True)
        return 2
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
            found[name] = _measured(settings, work, engines)
    if settings.what == "operators":
        console.print(worst(found["operators"]))
    else:
        console.print(_times_table(settings, works, found))
    if settings.what in ("steps", "epoch"):
        console.print(_beside_table(works, found))
    return found


def _measured(settings: Settings, work: Work, engines: list[str]) -> Measurements:
    if work.kind == "epoch":
        return epoch.measure(engines, mnist.SOURCE.paths(settings.data)[:2], settings.rounds, settings.threads)
    return measure(work, engines, settings.rounds, settings.threads)


def _chosen(settings: Settings) -> dict[str, Work]:
    """The works by name, at the batch that was asked for."""
    if settings.what == "steps":
        chosen = {n: w for n, w in TARGETS.items() if not settings.only or n.startswith(settings.only)}
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
    table = _plain_table(title, "work", "engine", f"median {unit}", "min - max", "rate", "× chainrule")
    for name, work in works.items():
        for part, rows in _parts(found[name]).items():
            for engine, times in rows.items():
                head = (part or work.title) if engine == "chainrule" else ""
                table.add_row(
                    head, engine, *_times(times, unit), _rate(work, times), f"{ratio(times, rows['chainrule']):.2f}"
                )
            if work.least is not None and len(rows) > 1:
                table.add_row("", "best peer", "", f"at least {work.least:g}", "", f"{_best(rows):.2f}", style="bold")
    return table


def _parts(measured: Measurements) -> dict[str, dict[str, list[float]]]:
    """what -> engine -> times"""
    parts = {what: {e: m[what] for e, m in measured.items() if what in m} for what in measured["chainrule"]}
    return {what: rows for what, rows in parts.items() if what not in BESIDE}


def _times(milliseconds: Sequence[float], unit: str) -> tuple[str, str]:
    t = [SCALE[unit] * x for x in milliseconds]
    return f"{statistics.median(t):.3f}", f"{min(t):.3f} - {max(t):.3f}"


def _best(rows: Mapping[str, Sequence[float]]) -> float:
    """The best peer's time over chainrule's; the best one is that of the least median."""
    peers = [times for engine, times in rows.items() if engine != "chainrule"]
    return ratio(min(peers, key=statistics.median), rows["chainrule"])


def _rate(work: Work, milliseconds: Sequence[float]) -> str:
    """What is done in a second."""
    seconds = statistics.median(milliseconds) / 1e3
    if work.kind == "gemm":
        return f"{2 * work.width**3 / seconds / 1e9:,.0f} GFLOP/s"
    return f"{work.batch / seconds:,.0f} samples/s" if work.batch else ""


SLOW = 1.2
"""An operator that takes longer than PyTorch's by more than this is one to work on."""


def worst(measured: Measurements, peer: str = "torch", n: int = 10) -> Table:
    """The n operators that are slowest beside the peer's."""
    rows = {what: r for what, r in _parts(measured).items() if peer in r}
    times = {what: 1 / ratio(r[peer], r["chainrule"]) for what, r in rows.items()}
    slow = sum(t > SLOW for t in times.values())
    faster = sum(t < 1 for t in times.values())
    title = f"{len(rows)} operators and directions: {faster} faster than {peer}'s, {slow} slower by more than {SLOW}×"
    table = _plain_table(title, f"the {min(n, len(rows))} worst", "chainrule µs", f"{peer} µs", f"× {peer}")
    for what in sorted(times, key=times.__getitem__, reverse=True)[:n]:
        ours, theirs = (1e3 * statistics.median(rows[what][e]) for e in ("chainrule", peer))
        table.add_row(what, f"{ours:.1f}", f"{theirs:.1f}", f"{times[what]:.2f}")
    return table


def _beside_table(works: Mapping[str, Work], found: Found) -> Table:
    """What else a process costs."""
    shown = {what: head for what, head in BESIDE.items() if any(what in m["chainrule"] for m in found.values())}
    table = _plain_table("start, memory and end of the processes", "work", "engine", *shown.values())
    for name, work in works.items():
        for engine, measured in found[name].items():
            values = [f"{max(measured[what]):.{3 if what == 'last loss' else 0}f}" for what in shown]
            table.add_row(work.title if engine == "chainrule" else "", engine, *values)
    return table


def _plain_table(title: str, first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title=title, title_justify="left")
    for column in (first, *columns):
        table.add_column(column, no_wrap=True)
    return table


def _console() -> Console:
    """Wide enough for the tables where no terminal sets the width."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=120, highlight=False)
