"""How far training is: live bars on a terminal, a line an epoch elsewhere; and how long it will take here."""

import time
from collections.abc import Callable, Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from .callback import Callback, Epoch, Training

__all__ = ["Progress"]

REFRESH = 0.1
"""Seconds between two pictures of the bars: between them a step costs one look at the clock."""
BETWEEN_LINES = 1.0
"""Seconds between two lines where there is no terminal; the last epoch always has one."""
LONG = 60.0
"""Seconds of training from which on it is foretold how long it takes."""
WATCHED = 3.0
"""Seconds, and at least three steps, whose pace that follows from; the very first step is often slow."""
NAME = 28
"""Width of the column of names, so that the lines of several models stand below each other."""
GAP = "  "


class Progress(Callback):
    """Shows the epochs and the steps of this epoch, loss, samples a second, the time that is left, the last metrics.

    `console` is rich's, `name` what stands in front, `clock` tells the seconds.
    Of a training of more than a minute it says how long it will take, as soon as a few steps have shown their pace.
    """

    def __init__(self, console: Console, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.console, self.name, self.clock = console, name, clock

    def begin(self, training: Training) -> None:
        self.shown = self.printed = self.clock()
        self.foretold = False
        self.seconds = sum(epoch.seconds for epoch in training.history)
        self.bars = _Named(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[state]}", markup=False),
            TimeRemainingColumn(compact=True, table_column=Column(min_width=5)),
            console=self.console,
            auto_refresh=False,
            disable=not self.console.is_terminal,
            transient=True,
            expand=True,
        )
        self.bars.name = self.name
        self.epochs = self._bar("epoch", training.epochs)
        self.steps = self._bar("step", len(training.loader))
        self.first, self.since = training.steps + 1, self.shown
        self.loss = training.history[-1].loss if training.history else 0.0
        self.bars.start()

    def _bar(self, name: str, total: int) -> TaskID:
        return self.bars.add_task(name, total=total, state="")

    def end(self, training: Training) -> None:
        self.bars.stop()

    def step(self, training: Training) -> None:
        first = training.steps == 1
        self.loss = training.current if first else 0.98 * self.loss + 0.02 * training.current
        if training.steps <= self.first:
            self.since = self.clock()
            return
        if not self.foretold:
            self._foretell(training)
        if self.clock() - self.shown > REFRESH:
            self._show(training)

    def _foretell(self, training: Training) -> None:
        steps, watched = training.steps - self.first, self.clock() - self.since
        if watched < WATCHED or steps < 3:
            return
        self.foretold = True
        if left := self._left(training):
            epochs = training.epochs - len(training.history)
            self._print([f"about {left} for {epochs} epochs on this machine, by the pace of {steps} steps"])

    def _left(self, training: Training) -> str:
        """The time that the rest will take if it goes on like this; empty if that is little."""
        rest = len(training.loader) * training.epochs - training.steps
        seconds = rest * (self.clock() - self.since) / max(1, training.steps - self.first)
        return "" if seconds < LONG else f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"

    def epoch(self, training: Training) -> None:
        epoch, now = training.history[-1], self.clock()
        self.seconds += epoch.seconds
        last = epoch.number == training.epochs or bool(training.stopped)
        if last or (not self.console.is_terminal and now - self.printed > BETWEEN_LINES):
            self.printed = now
            self._print(self._told(training, epoch))

    def _told(self, training: Training, epoch: Epoch) -> list[str]:
        rate, left = training.loader.samples * epoch.number / max(self.seconds, 1e-9), self._left(training)
        return [
            f"epoch {epoch.number:>2}/{training.epochs}", f"loss {epoch.loss:.4f}", *_metrics(epoch),
            f"{rate:,.0f} samples/s", f"{self.seconds:.1f} s", *([f"about {left} left"] if left else []),
        ]  # fmt: skip

    def _print(self, told: list[str]) -> None:
        """One line; on a terminal too narrow for it what is told goes on below itself."""
        lines, width = [told[0]], self.console.width - NAME - len(GAP)
        for part in told[1:]:
            if self.console.is_terminal and len(lines[-1] + GAP + part) > width:
                lines.append(part)
            else:
                lines[-1] += GAP + part
        text = f"\n{GAP:>{NAME + len(GAP)}}".join(lines)
        self.console.print(f"{self.name:<{NAME}}{GAP}{text}", highlight=False, markup=False, soft_wrap=True)

    def _show(self, training: Training) -> None:
        self.shown = self.clock()
        batches = len(training.loader)
        rate = (training.steps - self.first) / (self.shown - self.since) * training.loader.samples / batches
        here = training.steps - batches * len(training.history)
        last = _metrics(training.history[-1]) if training.history else []
        whole = [f"{training.number}/{training.epochs}", *last]
        part = [f"{here}/{batches}", f"loss {self.loss:.4f}", f"{rate:,.0f} samples/s"]
        self.bars.update(self.epochs, completed=training.steps / batches, state=GAP.join(whole))
        self.bars.update(self.steps, completed=here, state=GAP.join(part), refresh=True)


class _Named(Bars):
    """Bars below the name of what they are about, with room for the ^C of a terminal: else it would break the last."""

    name = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield Text(self.name, "bold")
        yield from (Padding(bars, (0, 3, 0, 0)) for bars in super().get_renderables())


def _metrics(epoch: Epoch) -> list[str]:
    """Shares as such; losses and the like as numbers."""
    forms = {name: ".2%" if "accuracy" in name else ".4g" for name in epoch.metrics}
    return [f"{name} {value:{forms[name]}}" for name, value in epoch.metrics.items()]
