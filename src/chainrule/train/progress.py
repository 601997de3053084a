"""How far training is: a live bar on a terminal, a line an epoch elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from .loop import Epoch, Watch

__all__ = ["Progress"]

REFRESH = 0.1
"""Seconds between two pictures of the bar: between them a step costs one look at the clock."""
BETWEEN_LINES = 1.0
"""Seconds between two lines where there is no terminal; the last epoch always has one."""
NAME = 28
"""Width of the column of names, so that the lines of several models stand below each other."""


class Progress(Watch):
    """Shows name, epoch, loss, samples a second and the time that is left, while `with Progress(...)` lasts."""

    def __init__(self, console: Console, name: str, epochs: int, samples: int) -> None:
        self.console, self.name, self.epochs, self.samples = console, name, epochs, samples
        self.seen, self.seconds = 0, 0.0
        self.loss = 0.0
        self.bar = Bar(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}  {task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            auto_refresh=False,
            disable=not console.is_terminal,
            transient=True,
            expand=True,
        )
        self.task = self.bar.add_task(name, total=epochs * samples, epoch=1, epochs=epochs, state="")

    def __enter__(self) -> "Progress":
        self.started = self.shown = self.printed = time.perf_counter()
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def step(self, loss: float, samples: int) -> None:
        self.seen += samples
        self.loss = loss if self.seen == samples else 0.98 * self.loss + 0.02 * loss
        if time.perf_counter() - self.shown > REFRESH:
            self._show()

    def epoch(self, epoch: Epoch) -> None:
        self.seconds += epoch.seconds
        last, now = epoch.number == self.epochs, time.perf_counter()
        if last or (not self.console.is_terminal and now - self.printed > BETWEEN_LINES):
            self.printed = now
            self.console.print(self._line(epoch), highlight=False, soft_wrap=True)

    def _line(self, epoch: Epoch) -> str:
        measured = "".join(f"   {name} {value:.2%}" for name, value in epoch.metrics.items())
        rate = self.samples * epoch.number / max(self.seconds, 1e-9)
        return (
            f"{self.name:<{NAME}}  epoch {epoch.number:>2}/{self.epochs}   loss {epoch.loss:.4f}{measured}"
            f"   {rate:,.0f} samples/s   {self.seconds:.1f} s"
        )

    def _show(self) -> None:
        self.shown = time.perf_counter()
        rate = self.seen / (self.shown - self.started)
        epoch = min(self.seen // self.samples + 1, self.epochs)
        state = f"loss {self.loss:.4f}  {rate:,.0f} samples/s"
        self.bar.update(self.task, completed=self.seen, epoch=epoch, state=state, refresh=True)
