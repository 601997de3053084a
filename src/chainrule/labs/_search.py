"""A search for good settings by several processes: an Optuna study in a file of the run's folder, which they share.

Every process asks the study what to try, tries it, and tells the study what came of it; whatever it tells is on the
disk at once. So a search that was interrupted, or killed, goes on where it was: what was being tried then is tried
again before anything else.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ._lab import UsageError, engine

__all__ = ["Objective", "Plan", "search", "study_of"]

AT_RANDOM = 20
"""Trials that are drawn at random before the sampler begins to learn from them."""
NAME = "search"


def optuna() -> Any:
    """The library of that name, which logs nothing but warnings here."""
    try:
        module = importlib.import_module("optuna")
    except ModuleNotFoundError as missing:
        if missing.name != "optuna":
            raise
        raise UsageError("this lab needs Optuna. Install it with: pip install 'chainrule[labs]'") from None
    module.logging.set_verbosity(module.logging.WARNING)
    return module


@dataclass(frozen=True)
class Plan:
    """What is to be searched, and by how many processes."""

    file: Path
    """Of the study."""
    trials: int
    """How many there are to be in the end, those given up early too."""
    processes: int
    threads: int
    """Of each process."""
    minutes: float
    """After which no further trial is begun."""
    warm_up: int
    """Epochs before which no trial is given up."""
    sampler: str
    seed: int
    engine: str


class Over(Exception):
    """The search is over, and what is being tried is not finished."""


Objective = Callable[[Any, Callable[[], None]], float]
"""(trial, check) -> the value to be made great; `check`, called often, raises `Over` if the search is over.

It goes to other processes, so it must be a function that a module defines, or a `functools.partial` of one.
"""


# ---------------------------------------------------------------------------------------------- the study


def study_of(plan: Plan) -> Any:
    """The study in the plan's file, made if it is not there."""
    lib = optuna()
    backend = lib.storages.journal.JournalFileBackend(str(plan.file))
    pruner = lib.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=plan.warm_up)
    return lib.create_study(
        storage=lib.storages.JournalStorage(backend),
        study_name=NAME,
        direction="maximize",
        pruner=pruner,
        load_if_exists=True,
    )


def _mend(file: Path) -> None:
    """Remove what a process leaves that was killed while it wrote: its lock, and half a line."""
    for lock in file.parent.glob(f"{file.name}.lock*"):
        lock.unlink(missing_ok=True)
    if file.exists():
        content = file.read_bytes()
        os.truncate(file, content.rfind(b"\n") + 1)


def _begin_again(study: Any) -> None:
    """What was being tried when an earlier search was killed is tried again before anything else."""
    for trial in study.get_trials(deepcopy=False, states=(optuna().trial.TrialState.RUNNING,)):
        _put_back(study, trial)


def _put_back(study: Any, trial: Any) -> None:
    """A trial that was not brought to its end counts as failed, and what it was to try waits to be tried again."""
    study.tell(trial.number, state=optuna().trial.TrialState.FAIL)
    if trial.params:
        study.enqueue_trial(trial.params)


def _done(study: Any) -> list[Any]:
    """The trials that came to their end, or were given up."""
    states = optuna().trial.TrialState
    return list(study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED)))


def _sampler(plan: Plan, process: int, done: int) -> Any:
    """What proposes the next trial; its random numbers depend on the seed and on how far the search is."""
    lib = optuna()
    seed = int(np.random.SeedSequence([plan.seed, process, done]).generate_state(1)[0])
    if plan.sampler == "random":
        return lib.samplers.RandomSampler(seed=seed)
    return lib.samplers.TPESampler(seed=seed, n_startup_trials=AT_RANDOM)


# ---------------------------------------------------------------------------------------------- those who work


def _work(plan: Plan, objective: Objective, process: int, tickets: Any, stop: Any, deadline: float) -> None:
    """One process of the search: try one thing after the other, a ticket each."""
    engine(plan.engine).set_num_threads(plan.threads)
    study = study_of(plan)
    parent = multiprocessing.parent_process()

    def check() -> None:
        if stop.is_set() or (parent is not None and not parent.is_alive()):
            raise Over

    try:
        while time.time() < deadline and tickets.acquire(block=False):
            check()
            study.sampler = _sampler(plan, process, len(_done(study)))
            _try(study, objective, check)
    except Over:
        pass


def _try(study: Any, objective: Objective, check: Callable[[], None]) -> None:
    """One trial."""
    lib = optuna()
    trial = study.ask()
    try:
        study.tell(trial, objective(trial, check))
    except lib.TrialPruned:
        study.tell(trial, state=lib.trial.TrialState.PRUNED)
    except BaseException:
        _put_back(study, trial)
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes begun here do not hear of Ctrl-C: who began them stops them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# ---------------------------------------------------------------------------------------------- who watches


def search(plan: Plan, objective: Objective, console: Console, tell: Callable[[Any], str]) -> bool:
    """Search until there are as many trials as planned, and show how it goes; False after Ctrl-C.

    `tell` puts a trial's settings into a few words. Raises UsageError if a process dies.
    """
    _mend(plan.file)
    study = study_of(plan)
    _begin_again(study)
    context = multiprocessing.get_context("spawn")
    missing = max(0, plan.trials - len(_done(study)))
    tickets, stop = context.Semaphore(missing), context.Event()
    deadline = time.time() + 60 * plan.minutes
    workers = [
        context.Process(target=_work, args=(plan, objective, i, tickets, stop, deadline), daemon=True)
        for i in range(min(plan.processes, missing))
    ]
    watch = _Watch(plan, study, console, tell)
    try:
        with _uninterrupted():
            for worker in workers:
                worker.start()
        with watch.bars:
            while (alive := [w.sentinel for w in workers if w.is_alive()]) and not any(w.exitcode for w in workers):
                wait(alive, timeout=0.3)
                watch.look()
        uninterrupted = True
    except KeyboardInterrupt:
        uninterrupted = False
    finally:
        stop.set()
        with _uninterrupted():
            for worker in workers:
                worker.join()
    _complain(workers)
    watch.conclude()
    return uninterrupted


def _complain(workers: list[Any]) -> None:
    died = [worker.exitcode for worker in workers if worker.exitcode]
    if died:
        status = f"was killed by signal {-died[0]}" if died[0] < 0 else "failed: what it said stands above"
        raise UsageError(
            f"a process of the search {status}. What had been tried until then is kept: --resume goes on with it"
        )


class _Watch:
    """A bar on a terminal; and everywhere a line for each trial that is better than all before it."""

    def __init__(self, plan: Plan, study: Any, console: Console, tell: Callable[[Any], str]) -> None:
        self.plan, self.study, self.console, self.tell = plan, study, console, tell
        self.best, self.began, self.seen = -np.inf, time.perf_counter(), len(_done(study))
        self.bars = Progress(
            TextColumn("[bold]search: trial"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            expand=True,
        )
        self.bar = self.bars.add_task("", total=plan.trials, completed=self.seen, state="")

    def look(self) -> None:
        """See what is new."""
        done, finished = _done(self.study), self._finished()
        state = f"{len(done)}/{self.plan.trials}   given up early {len(done) - len(finished)}"
        if finished:
            best = max(finished, key=lambda trial: float(trial.value))
            state += f"   best {best.value:.2%}"
            if best.value > self.best:
                self.best = best.value
                line = f"search, trial {best.number + 1:>3}   {best.value:.2%}   {self.tell(best.params)}"
                self.console.print(line, highlight=False, soft_wrap=True)
        self.bars.update(self.bar, completed=len(done), state=state)

    def conclude(self) -> None:
        """The last line."""
        self.look()
        done, seconds = len(_done(self.study)), time.perf_counter() - self.began
        early = done - len(self._finished())
        line = f"search   {done} trials, {early} of them given up early   {seconds:.1f} s"
        self.console.print(line, highlight=False, soft_wrap=True)

    def _finished(self) -> list[Any]:
        return [trial for trial in _done(self.study) if trial.state == optuna().trial.TrialState.COMPLETE]
