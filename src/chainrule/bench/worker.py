"""One engine in a process of its own; see `turns`.

It prepares its work and prints, as JSON, what that took; then, for each line that it reads, it measures one round and
prints it. Between rounds it waits for input and leaves the cores to the others.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from .pieces import PIECES, Timed
from .works import Work

__all__ = ["COMPILED", "main", "peak_memory", "prepare", "start", "tell"]

COMPILED = ("chainrule", "torch.compile")
"""Whose models go through the engine's `compile`."""
WARM_UP = 3  # steps at least: the second and third still allocate


def main(engine: str, description: str, threads: str) -> None:
    """Measure a work, given as JSON, on the engine."""
    work = Work(**json.loads(description))
    started = time.perf_counter()
    module = start(engine, int(threads))
    imported = time.perf_counter() - started
    timed = prepare(module, engine, work)
    first = sum(_once(t) for t in timed.values())
    for t in timed.values():
        _times(t, work.seconds, WARM_UP)
    tell({"import": 1e3 * imported, "first step": 1e3 * first})
    for _ in sys.stdin:
        measured = {name: 1e3 * statistics.median(_times(t, work.seconds)) / t.per for name, t in timed.items()}
        tell(measured | {"peak memory": peak_memory()})


def prepare(module: Any, engine: str, work: Work) -> dict[str, Timed]:
    """What is to be timed, by name; a training step has none."""
    if work.kind in PIECES:
        return PIECES[work.kind](module, work)
    if work.kind == "operators":
        from .operators import operators

        return operators(module, work)
    if engine == "jax":
        from . import plain_jax

        return {"": Timed(plain_jax.step(work))}
    from . import training

    return {"": Timed(training.step(module, work, compiled=engine in COMPILED))}


def start(engine: str, threads: int) -> Any:
    """The engine's module, imported on as many cores as there are threads: by that JAX decides how many it starts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    module = importlib.import_module(engine.partition(".")[0])
    if hasattr(module, "set_num_threads"):
        module.set_num_threads(threads)
    return module


def _once(timed: Timed) -> float:
    arguments = timed.before()
    start = time.perf_counter()
    timed.run(*arguments)
    return time.perf_counter() - start


def _times(timed: Timed, seconds: float, least: int = 1) -> list[float]:
    """Seconds of each call, for `seconds` and so many calls at least; the garbage collector waits."""
    times: list[float] = []
    gc.collect()
    gc.disable()
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        times.append(_once(timed))
    gc.enable()
    return times


def peak_memory() -> float:
    """MiB that this process had in memory at most (Linux; elsewhere 0)."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def tell(values: dict[str, float]) -> None:
    """A line for the process that measures."""
    print(json.dumps(values), flush=True)
