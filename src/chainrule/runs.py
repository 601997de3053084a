"""Runs of labs, read from their folders: `chainrule runs` lists them, `chainrule compare` puts some side by side."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chainrule import report
from chainrule.io import write_whole
from chainrule.report.blocks import Block

__all__ = ["Compare", "List", "Recorded", "compare", "find", "list_runs"]

SAME_FOR_ALL = ("out", "resume", "checkpoint_every", "tensorboard", "data")
"""Settings that say where a run lies, and not what it computes."""
METRICS = ("model", "epoch", "seconds")
"""Columns of metrics.csv that are no curve."""


@dataclass(frozen=True)
class Recorded:
    """A run as its folder tells of it."""

    folder: Path
    config: dict[str, Any]

    @property
    def lab(self) -> str:
        """The name of the lab."""
        return str(self.config["lab"])

    @cached_property
    def results(self) -> dict[str, Any]:
        """What the run's results.json says; nothing, if it has not come to its end, or if the file is damaged."""
        found = _json(self.folder / "results.json") or {}
        return found if _sound(found) else {}

    @property
    def state(self) -> str:
        """finished, interrupted, unfinished, or damaged."""
        nothing = "damaged" if (self.folder / "results.json").exists() else "unfinished"
        return str(self.results.get("state", nothing))

    @property
    def held(self) -> str:
        """How many expectations held: 4 of 5."""
        outcomes = self.results.get("outcomes", [])
        return f"{sum(o['held'] is True for o in outcomes)} of {len(outcomes)}" if outcomes else "—"

    @cached_property
    def epochs(self) -> list[dict[str, str]]:
        """The rows of metrics.csv. Errors: ValueError, with its path, if it is damaged."""
        path = self.folder / "metrics.csv"
        if not path.is_file():
            return []
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, strict=True))
            if not all(row.get("model") and all(map(_is_number, list(row.values())[1:])) for row in rows):
                raise ValueError("a row is not as runs write them")
        except (ValueError, csv.Error) as problem:
            raise ValueError(f"{path} is damaged: {problem}") from problem
        return rows

    def curve(self, model: str, column: str) -> tuple[list[float], list[float]]:
        """Epochs and values of one of its trainings."""
        rows = [row for row in self.epochs if row["model"] == model and row.get(column)]
        return [float(row["epoch"]) for row in rows], [float(row[column]) for row in rows]


def _is_number(cell: Any) -> bool:
    """Whether a cell holds a number, or nothing."""
    try:
        float(cell or 0)
    except (TypeError, ValueError):
        return False
    return True


def _sound(results: dict[str, Any]) -> bool:
    """Whether what is read of results.json has the form that runs give it."""
    outcomes = results.get("outcomes", [])
    named = isinstance(outcomes, list) and all(
        isinstance(o, dict) and {"name", "measured", "held"} <= o.keys() for o in outcomes
    )
    return named and isinstance(results.get("seconds", 0), int | float)


def find(folder: Path) -> list[Recorded]:
    """The runs in a folder, the oldest first."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    found = [run for path in folder.iterdir() if path.is_dir() and (run := _recorded(path))]
    return sorted(found, key=lambda run: (run.folder / "config.json").stat().st_mtime)


def _recorded(folder: Path) -> Recorded | None:
    config = _json(folder / "config.json")
    return Recorded(folder, config) if config and "lab" in config else None


def _json(path: Path) -> dict[str, Any] | None:
    """A JSON object in a file; None if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


# ---------------------------------------------------------------------------------------------- chainrule runs


@dataclass(frozen=True)
class List:
    """List the runs in a folder: when they began, how far they are, and how many expectations held."""

    folder: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="DIR")]] = Path("runs")
    """Where the runs lie."""


def list_runs(settings: List, console: Console) -> int:
    """Print the table of runs; 0, or 2 if there is no such folder."""
    try:
        runs = find(settings.folder)
    except FileNotFoundError as problem:
        return _complain(f"{problem}. A lab makes it: chainrule run LAB")
    if not runs:
        return _complain(f"no runs in {settings.folder}. A lab makes one: chainrule run LAB")
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for name in ("run", "lab", "began", "took", "state", "held"):  # a run's name is to be copied: it stays whole
        table.add_column(name, no_wrap=name == "run", overflow="fold", justify="right" if name == "took" else "left")
    for run in runs:
        began = str(run.results.get("started", "—"))[:16].replace("T", " ")
        took = f"{run.results['seconds']:.0f} s" if "seconds" in run.results else "—"
        table.add_row(escape(run.folder.name), run.lab, began, took, run.state, run.held)
    console.print(table)
    return 0


# ---------------------------------------------------------------------------------------------- chainrule compare


@dataclass(frozen=True)
class Compare:
    """Put runs side by side on one page: settings that differ, results, and curves of every training."""

    runs: tyro.conf.Positional[Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN RUN ...")]]
    """Folders of runs."""
    out: Path = Path("compare.html")
    """The page."""


def compare(settings: Compare, console: Console) -> int:
    """Write the page and print the results; 0, or 2 if a folder holds no run."""
    if len(settings.runs) < 2:
        return _complain("compare needs at least two runs: chainrule compare RUN RUN ...")
    try:
        runs = [_with_curves(folder) for folder in settings.runs]
    except ValueError as problem:
        return _complain(str(problem))
    names = _names(runs)
    results = _results(runs, names)
    page = report.Page(
        "Runs side by side", "compare", "comparison", f"{len(runs)} runs: {', '.join(names)}.",
        f"chainrule compare {' '.join(map(str, settings.runs))}",
        sections=[
            report.Section("Results", [results]),
            report.Section("Settings", [_settings(runs, names)]),
            report.Section("Curves", _curves(runs, names)),
        ],
    )  # fmt: skip
    try:
        write_whole(settings.out, page.html().encode())
    except OSError as problem:
        return _complain(f"{problem.filename}: {problem.strerror}")
    _print(results, console)
    console.print(f"Page: {settings.out}", highlight=False, markup=False, soft_wrap=True)
    return 0


def _with_curves(folder: Path) -> Recorded:
    """The run in a folder. Errors: ValueError if there is none, or if its metrics cannot be read."""
    run = _recorded(folder)
    if run is None:
        raise ValueError(f"{folder} is no run: it has no config.json that says which lab it is of")
    _ = run.epochs
    return run


def _names(runs: Sequence[Recorded]) -> list[str]:
    """Short names that tell the runs apart: of runs of one lab, not the lab's."""
    short = [run.folder.resolve().name for run in runs]
    if len(set(short)) < len(short):
        return [str(run.folder) for run in runs]
    same = f"{runs[0].lab}-"
    return [name.removeprefix(same) for name in short] if all(name.startswith(same) for name in short) else short


def _side_by_side(
    runs: Sequence[Recorded], names: Sequence[str], what: str, rows: Sequence[str], cell: Callable[[Recorded, str], str]
) -> report.Table:
    return report.Table([what, *names], [[row, *(cell(run, row) for run in runs)] for row in rows])


def _settings(runs: Sequence[Recorded], names: Sequence[str]) -> Block:
    """The settings in which the runs differ."""
    keys = dict.fromkeys(key for run in runs for key in run.config if key not in SAME_FOR_ALL)
    differ = [key for key in keys if len({json.dumps(run.config.get(key)) for run in runs}) > 1]
    if not differ:
        return "All settings are the same."
    return _side_by_side(runs, names, "setting", differ, lambda run, key: str(run.config.get(key, "—")))


def _results(runs: Sequence[Recorded], names: Sequence[str]) -> report.Table:
    """What each of them measured, and how it ended."""
    measured = [{o["name"]: o["measured"] for o in run.results.get("outcomes", [])} for run in runs]
    found = dict(zip(names, measured, strict=True))
    rows = [
        [name, *(found[run].get(name, "—") for run in names)] for name in dict.fromkeys(k for m in measured for k in m)
    ]
    took = [f"{run.results['seconds']:.1f} s" if "seconds" in run.results else "—" for run in runs]
    rows += [["expectations held", *(r.held for r in runs)], ["took", *took], ["state", *(r.state for r in runs)]]
    return report.Table(["result", *names], rows)


def _curves(runs: Sequence[Recorded], names: Sequence[str]) -> list[Block]:
    """A chart for every training and everything measured of it, where at least one run has it."""
    models = dict.fromkeys(row["model"] for run in runs for row in run.epochs)
    columns = dict.fromkeys(c for run in runs for row in run.epochs[:1] for c in row if c not in METRICS)
    charts: list[Block] = []
    for model in models:
        for column in columns:
            series = {name: run.curve(model, column) for name, run in zip(names, runs, strict=True)}
            drawn = {name: curve for name, curve in series.items() if curve[0] and all(map(math.isfinite, curve[1]))}
            if drawn:
                share = "accuracy" in column
                charts.append(report.chart(drawn, "epoch", column, f"{model}: {column}", percent=share))
    return charts or ["None of them has trained a model."]


def _print(results: report.Table, console: Console) -> None:
    table = Table(box=None, header_style="dim")
    for i, name in enumerate(results.head):
        table.add_column(name, overflow="fold", justify="right" if i else "left")
    for row in results.rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print(table)


def _complain(message: str) -> int:
    Console(stderr=True).print(f"[bold red]chainrule:[/] {escape(message)}", highlight=False, soft_wrap=True)
    return 2
