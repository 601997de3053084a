"""Engines in processes of their own, measured in turns.

Machines are noisy: every round measures all engines one after the other, and what counts is the ratio within a round.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from .models import MODELS
from .works import Work

__all__ = ["ENGINES", "PAUSE", "Measurements", "installed", "measure", "program", "ratio", "runs_on", "surroundings"]

ENGINES = ("chainrule", "torch", "torch.compile", "jax")
PAUSE = 0.5  # seconds before a round: the threads of the engine before go on spinning for a while
THREADS = "CHAINRULE_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"
PROGRAM = "import sys; sys.path.append(sys.argv.pop(1)); from bench.{} import main; main(*sys.argv[1:])"
"""A file of this folder, found as part of `bench` in chainrule's folder, without importing chainrule."""

Measurements = dict[str, dict[str, list[float]]]
"""engine -> what -> one value for each round, in ms (memory in MiB)."""


def installed(engines: Sequence[str]) -> list[str]:
    """Those that are here, each one once."""
    return [e for e in dict.fromkeys(engines) if importlib.util.find_spec(e.partition(".")[0])]


def runs_on(work: Work, engine: str) -> bool:
    """Whether the work exists there: JAX has neither tape nor loader, and torch.compile is for training steps."""
    return work.kind in (*MODELS, "epoch") or engine in ("chainrule", "torch") or (engine, work.kind) == ("jax", "gemm")


def measure(work: Work, engines: Sequence[str], rounds: int, threads: int) -> Measurements:
    """All measurements of a work: import and first step once, the rest in every round."""
    found: Measurements = {}
    with ExitStack() as running:
        workers = {}
        for engine in engines:
            workers[engine] = running.enter_context(_worker(work, engine, threads))
            found[engine] = {what: [value] for what, value in _line(workers[engine]).items()}
        for _ in range(rounds):
            for engine, worker in workers.items():
                for what, value in _round(worker).items():
                    found[engine].setdefault(what, []).append(value)
    return found


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """How many times as long as ours theirs took: the median over the rounds."""
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


def program(file: str, *words: str) -> list[str]:
    """The command that runs `main(*words)` of a file of this folder in a process of its own."""
    return [sys.executable, "-c", PROGRAM.format(file), str(Path(__file__).parent.parent), *words]


def surroundings(threads: int) -> dict[str, str]:
    """The environment variables of such a process."""
    return os.environ | dict.fromkeys(THREADS, str(threads)) | {"JAX_PLATFORMS": "cpu"}


@contextmanager
def _worker(work: Work, engine: str, threads: int) -> Iterator[subprocess.Popen[str]]:
    """A process that prepares its work, tells of it in a line, and then waits for rounds."""
    command = program("worker", engine, json.dumps(asdict(work)), str(threads))
    environment = surroundings(threads)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as worker:  # noqa: S603
        try:
            yield worker
        finally:
            worker.kill()


def _round(worker: subprocess.Popen[str]) -> dict[str, float]:
    time.sleep(PAUSE)
    print("go", file=worker.stdin, flush=True)
    return _line(worker)


def _line(worker: subprocess.Popen[str]) -> dict[str, float]:
    line = worker.stdout.readline() if worker.stdout else ""
    if not line:
        raise RuntimeError(f"the process {' '.join(map(str, worker.args[-3:]))} ended early; its message stands above")  # type: ignore[index]
    values: dict[str, float] = json.loads(line)
    return values
