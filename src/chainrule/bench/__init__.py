"""`chainrule bench`: training steps timed against PyTorch, each engine in its own process, in turns.

Machines are noisy: every round measures all engines one after the other, and what counts is the ratio within a round.
The table shows medians over the rounds, and the smallest and the greatest.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.table import Table

from chainrule.bench.works import UNITS
from chainrule.native import get_num_threads

__all__ = ["Settings", "main", "measure"]

PAUSE = 0.5  # seconds before a round: the threads of the engine before go on spinning for a while
Measurements = dict[str, dict[str, list[float]]]  # engine -> what -> one value for each round


@dataclass(frozen=True)
class Settings:
    """Time a piece of work on chainrule and its peers, each in its own process, in turns."""

    work: Annotated[Literal["lenet", "tape", "loader"], tyro.conf.Positional] = "lenet"
    """What to time: a training step of LeNet-5, the tape's own cost for each operator, or a pass of the DataLoader."""
    peers: tuple[str, ...] = ("torch",)
    """Engines to compare with; one that is not installed is left out."""
    batch: int = 64
    """Images in a batch."""
    rounds: int = 7
    """How often every engine is measured."""
    threads: int = get_num_threads()
    """Threads for each engine."""
    json: Path | None = None
    """Write all measurements to this file too."""


def main(words: list[str]) -> int:
    """Measure and print a table; the exit status is 0."""
    settings = tyro.cli(Settings, prog="chainrule bench", args=words)
    found = measure(settings)
    Console().print(_table(settings, found))
    if settings.json:
        settings.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def measure(settings: Settings) -> Measurements:
    """All measurements, by engine and name."""
    engines = ["chainrule", *(p for p in settings.peers if importlib.util.find_spec(p))]
    with ExitStack() as running:
        workers = {engine: running.enter_context(_worker(settings, engine)) for engine in engines}
        found: Measurements = {engine: {} for engine in engines}
        for _ in range(settings.rounds):
            for engine, worker in workers.items():
                for what, value in _round(worker).items():
                    found[engine].setdefault(what, []).append(value)
        return found


@contextmanager
def _worker(settings: Settings, engine: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has prepared its work and now waits for rounds."""
    arguments = [settings.work, engine, str(settings.batch), str(settings.threads)]
    command = [sys.executable, "-m", "chainrule.bench.worker", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:  # noqa: S603
        try:
            _line(worker)  # "ready": the next one starts when this one rests
            yield worker
        finally:
            worker.kill()


def _round(worker: subprocess.Popen[str]) -> dict[str, float]:
    time.sleep(PAUSE)
    print("go", file=worker.stdin, flush=True)
    measured: dict[str, float] = json.loads(_line(worker))
    return measured


def _line(worker: subprocess.Popen[str]) -> str:
    line = worker.stdout.readline() if worker.stdout else ""
    if not line:
        raise RuntimeError(f"the process {' '.join(map(str, worker.args[-4:]))} ended early; its message stands above")  # type: ignore[index]
    return line


def _table(settings: Settings, found: Measurements) -> Table:
    unit = UNITS[settings.work]
    table = Table("work", "engine", f"median {unit}", "min - max", "× chainrule", box=None, padding=(0, 2, 0, 0))
    table.title = f"{settings.rounds} rounds in turns, {settings.threads} threads"
    ours = found["chainrule"]
    for what in ours:
        for engine, values in found.items():
            if what in values:
                t = values[what]
                ratio = statistics.median(theirs / mine for theirs, mine in zip(t, ours[what], strict=True))
                table.add_row(
                    what, engine, f"{statistics.median(t):.3f}", f"{min(t):.3f} - {max(t):.3f}", f"{ratio:.2f}"
                )
    return table
