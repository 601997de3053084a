"""One run of a lab: its folder, its training logs, its measurements, and the report that is made of them."""

import csv
import dataclasses
import io
import json
import re
import shlex
import shutil
import time
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chainrule.data import DataLoader
from chainrule.io import save_file, save_npz, write_whole
from chainrule.io.whole import clear_unfinished
from chainrule.report import Outcome, Page, Section
from chainrule.report.blocks import Block
from chainrule.report.machine import machine, versions
from chainrule.train import (
    Callback,
    Checkpoint,
    Epoch,
    NonFiniteLoss,
    Progress,
    TensorBoard,
    Training,
    fit,
    load_checkpoint,
)  # fmt: skip

from ._lab import Lab, LabSettings, RunSettings, UsageError, asked_for, engine
from ._resume import earlier, is_run

__all__ = ["Run", "carry_out", "perform"]


OURS = (
    "config.json", "results.json", "report.html", "metrics.csv", "weights.safetensors", "weights.npz", "checkpoints",
    "tensorboard",
)  # fmt: skip
"""What every run may leave in its folder, and the next one in this folder removes."""


class Stopped(Exception):
    """Ctrl-C was pressed: what comes next is not begun."""


class Run:
    """What a lab is handed: it trains with `fit`, measures with `measure` and tells with `section`."""

    def __init__(self, name: str, lab: Lab, settings: LabSettings, console: Console) -> None:
        self.name, self.lab, self.settings, self.console = name, lab, settings, console
        self.started, seconds, self.finished_before = earlier(settings)
        self.clock = time.perf_counter() - seconds
        self.expected = list(lab.expected(settings))
        self.measured: dict[str, float] = {}
        self.sections: list[Section] = []
        self.notes: list[str] = []
        self.epochs: list[dict[str, Any]] = []
        self.interrupted = False

    # ------------------------------------------------------------------------------------------ what labs use

    @cached_property
    def engine(self) -> Any:
        """The library that trains, as `--engine` says."""
        return engine(getattr(self.settings, "engine", "chainrule"))

    def fit(
        self,
        name: str,
        model: Any,
        loss: Callable[[Any, Any], Any],
        optimizer: Any,
        batches: DataLoader,
        epochs: int,
        **options: Any,
    ) -> list[Epoch]:
        """`train.fit` with a progress bar, logs and checkpoints; its epochs are kept in metrics.csv under this name.

        A run that was resumed goes on from the latest checkpoint of this training; one that was finished already is
        not repeated. Ctrl-C ends the training, and the lab goes on to measure what was learned by then; no further
        training is begun.
        """
        if self.interrupted:
            raise Stopped
        place = self.folder / "checkpoints" / _slug(name)
        log = _Log(self, name)
        own = [Progress(self.console, name), log, *options.pop("callbacks", ()), *self._asked_for(name, place)]
        state = self._saved(place) if self._option("resume") else None
        try:
            fit(model, loss, optimizer, batches, epochs, callbacks=own, resume=state, **options)
        except KeyboardInterrupt:
            self.interrupt(f"in epoch {len(log.history) + 1} of {epochs} of {name}")
        except OSError as problem:
            where = f"{problem.filename}: {problem.strerror}" if problem.strerror else str(problem)
            raise UsageError(
                f"the training stopped, for a file could not be written. {where}\n"
                f"  What was saved before is whole. To go on: chainrule run {self.name} --resume {self.folder}"
            ) from problem
        if not log.history:
            raise Stopped
        return log.history

    def _saved(self, place: Path) -> Any:
        """The latest checkpoint that is whole; those that are not are told of."""
        with asked_for("--resume"), warnings.catch_warnings(record=True) as damaged:
            warnings.simplefilter("always")
            state = load_checkpoint(place, self.engine.from_numpy)
        for warning in damaged:
            self.console.print(str(warning.message), style="yellow", highlight=False, markup=False, soft_wrap=True)
        return state

    def _option(self, name: str) -> Any:
        """A setting that not every lab has."""
        return getattr(self.settings, name, None)

    def _asked_for(self, name: str, place: Path) -> list[Callback]:
        """What the settings of trainings ask for."""
        found: list[Callback] = []
        if self._option("tensorboard"):
            with asked_for("--tensorboard"):
                found.append(TensorBoard(self.folder / "tensorboard" / _slug(name)))
        return [*found, Checkpoint(place, self._option("checkpoint_every"))]

    def measure(self, name: str, value: float) -> None:
        """Hold a measured value against the expectation of that name."""
        if name not in {expectation.name for expectation in self.expected}:
            raise ValueError(f"measure({name!r}): the lab {self.name} expects nothing of that name")
        self.measured[name] = value

    def section(self, title: str, *blocks: Block) -> None:
        """Add a section to the report: strings are paragraphs, the rest comes from `chainrule.report`."""
        self.sections.append(Section(title, blocks))

    def save(self, model: Any, **facts: Any) -> None:
        """Keep the weights, as weights.safetensors and weights.npz, and with them facts that `Lab.predict` needs."""
        state = {key: value.numpy() for key, value in model.state_dict().items()}
        with asked_for("the weights could not be saved"):
            save_file(state, self.folder / "weights.safetensors", {"run": json.dumps({"lab": self.name} | facts)})
            save_npz(state, self.folder / "weights.npz")

    # ------------------------------------------------------------------------------------------ what they cause

    def interrupt(self, where: str) -> None:
        """Note that Ctrl-C was pressed."""
        self.interrupted = True
        self.notes.append(f"Interrupted {where}. This page tells of what was done until then.")

    @cached_property
    def folder(self) -> Path:
        """The folder of this run, made when first needed, with its settings in config.json."""
        with asked_for("the run's folder"):
            folder = self.settings.out or _new_folder(Path("runs"), f"{self.name}-{self.started:%Y%m%d-%H%M%S}")
            folder.mkdir(parents=True, exist_ok=True)
            clear_unfinished(folder)
            if not self._option("resume"):
                _make_room(folder)
                config = json.dumps({"lab": self.name} | _plain(self.settings), indent=2)
                write_whole(folder / "config.json", f"{config}\n".encode())
        return folder

    def log(self, name: str, epoch: Epoch) -> None:
        """Add an epoch to metrics.csv, which is whole after every epoch."""
        row = {"model": name, "epoch": epoch.number, "loss": epoch.loss, "seconds": round(epoch.seconds, 4)}
        self.epochs.append(row | epoch.metrics)
        columns = dict.fromkeys(key for row in self.epochs for key in row)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self.epochs)
        write_whole(self.folder / "metrics.csv", text.getvalue().encode())

    def outcomes(self) -> list[Outcome]:
        """Expected beside measured."""
        outcomes = []
        for e in self.expected:
            value = self.measured.get(e.name)
            measured, held = ("not measured", None) if value is None else (e.write(value), e.held(value))
            outcomes.append(Outcome(e.name, str(e), measured, held, e.source))
        return outcomes

    @property
    def status(self) -> int:
        """0 if every expectation held, 1 if not, 130 after Ctrl-C."""
        return 130 if self.interrupted else 0 if all(outcome.held for outcome in self.outcomes()) else 1

    def finish(self) -> Path:
        """Write report.html."""
        settings = _plain(self.settings)
        facts = {
            "Settings": {key.replace("_", " "): value for key, value in settings.items() if value is not None},
            "Machine": machine() | {"Started": f"{self.started:%Y-%m-%d %H:%M}", "Took": self.duration()},
            "Versions": versions(str(settings.get("engine", "chainrule"))),
        }
        lab, command = self.lab, f"chainrule run {self.name}{_options(self.lab, self.settings)}"
        page = Page(
            lab.title, self.name, lab.topic, lab.lead, command, self.outcomes(), facts, self.sections, self.notes
        )
        path, html = self.folder / "report.html", page.html()
        with asked_for("the report could not be written"):
            write_whole(path, html.encode())
            self._record()
        return path

    def _record(self) -> None:
        """Write results.json: what `chainrule runs` and `compare` read."""
        results = {
            "lab": self.name,
            "state": "interrupted" if self.interrupted else "finished",
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - self.clock, 1),
            "outcomes": [
                {"name": o.name, "expected": o.expected, "measured": o.measured, "held": o.held}
                for o in self.outcomes()
            ],
            "values": self.measured,
            "machine": machine(),
        }
        write_whole(self.folder / "results.json", json.dumps(results, indent=2).encode())

    def duration(self) -> str:
        """The time that it took, before it was gone on with too, for people."""
        seconds = time.perf_counter() - self.clock
        return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


class _Log(Callback):
    """Keeps the epochs, those before a checkpoint too."""

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name = run, name
        self.history: list[Epoch] = []

    def begin(self, training: Training) -> None:
        for epoch in training.history:
            self._add(epoch)

    def epoch(self, training: Training) -> None:
        self._add(training.history[-1])

    def _add(self, epoch: Epoch) -> None:
        self.history.append(epoch)
        self.run.log(self.name, epoch)


def perform(name: str, lab: Lab, settings: LabSettings, console: Console) -> Run:
    """Run a lab to its end, write its report, and say what came out.

    Raises UsageError if the settings ask for what is not there.
    """
    run = Run(name, lab, settings, console)
    if run.finished_before:
        again = f"{run.folder} was finished already: its report is made anew."
        console.print(again, highlight=False, markup=False, soft_wrap=True)
    try:
        lab.run(settings, run)
    except Stopped:
        pass
    except KeyboardInterrupt:
        run.interrupt("before the end")
    except NonFiniteLoss as problem:
        run.notes.append(str(problem))
    path = run.finish()
    console.print(_table(run.outcomes()))
    for note in run.notes:
        console.print(note, style="red", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{run.duration()}. Report: {path}", highlight=False, markup=False, soft_wrap=True)
    if run.interrupted and isinstance(settings, RunSettings):
        go_on = f"To go on: chainrule run {name} --resume {shlex.quote(str(run.folder))}"
        console.print(go_on, highlight=False, markup=False, soft_wrap=True)
    return run


def carry_out(name: str, lab: Lab, settings: LabSettings, console: Console) -> int:
    """Run a lab and write its report; the status of the run, see `Run.status`."""
    return perform(name, lab, settings, console).status


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("what", box=None, header_style="dim")
    for column in ("expected", "measured"):
        table.add_column(column, justify="right")
    table.add_column("held")
    for o in outcomes:
        table.add_row(o.name, o.expected, o.measured, in_a_word(o.held))
    return table


def in_a_word(held: bool | None) -> str:
    """Whether an expectation held, in the colours of the terminal."""
    return "[dim]—[/]" if held is None else "[green]yes[/]" if held else "[bold red]no[/]"


def _new_folder(parent: Path, name: str) -> Path:
    """A folder that no other run has, also if two begin in the same second."""
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        try:
            folder = parent / (name if number == 1 else f"{name}-{number}")
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def _make_room(folder: Path) -> None:
    """Remove what an earlier run left in the folder. Raises UsageError if it has not come to its end, or is no run."""
    there = [path for name in OURS if (path := folder / name).exists() or path.is_symlink()]
    if not there:
        return
    if not is_run(folder):
        raise UsageError(f"{folder} holds files that are no run's, {there[0].name} for one: choose another folder")
    results, checkpoints = folder / "results.json", folder / "checkpoints"
    if checkpoints.exists() and not (results.exists() and '"finished"' in results.read_text(encoding="utf-8")):
        raise UsageError(
            f"{folder} holds a run that has not come to its end.\n"
            f"  Go on with it: --resume {folder}. Or remove the folder, or choose another one."
        )
    for path in there:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _slug(name: str) -> str:
    """A name as one for a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _plain(settings: LabSettings) -> dict[str, Any]:
    """The settings as JSON has them: paths are text."""
    return {key: str(value) if isinstance(value, Path) else value for key, value in vars(settings).items()}


def _options(lab: Lab, settings: LabSettings) -> str:
    """The options that make these settings of the plain ones."""
    preset = lab.preset(settings.preset)
    options = "" if settings.preset == lab.settings().preset else f" --preset {settings.preset}"
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value != getattr(preset, field.name) and field.name != "resume":
            options += f" {_option(field.name, value)}"
    return options


def _option(name: str, value: Any) -> str:
    """A setting as the command line takes it: --epochs 3, --steps 4 8, --augment, --no-augment."""
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    words = value if isinstance(value, tuple) else (value,)
    return " ".join([f"--{option}", *(shlex.quote(str(word)) for word in words)])
