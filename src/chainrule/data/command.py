"""`chainrule data`: the data sets, from the command line."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.status import Status
from rich.table import Table

from chainrule.data import SOURCES, Source
from chainrule.data.fetch import fetch, retrieve
from chainrule.data.show import contact_sheet
from chainrule.data.source import Pictures, Rows
from chainrule.data.verify import verify

__all__ = ["main"]

WHOLE, DIFFERS, MISTAKE = 0, 1, 2
Name = tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NAME")]]
Folder = Annotated[
    Path | None,
    tyro.conf.arg(metavar="DIR", help_behavior_hint="(default: $CHAINRULE_DATA, the user cache, system packages)"),
]


@dataclass(frozen=True)
class List:
    """The data sets: what they hold, under which licence, and where they were found."""

    data: Folder = None
    """Folder to look in."""

    def __call__(self, console: Console) -> int:
        """Print a table."""
        table = Table(box=None, padding=(0, 2, 1, 0))
        table.add_column("name", no_wrap=True)  # one that can be copied
        table.add_column("samples")
        table.add_column("licence")
        table.add_column("where", overflow="fold")
        for name, source in SOURCES.items():
            counts = " + ".join(f"{count:,}" for count in source.splits.values())
            table.add_row(f"[bold]{name}[/]", f"{counts} {source.what}", source.licence, self._where(source))
        console.print(table, highlight=False)
        return WHOLE

    def _where(self, source: Source[Any]) -> str:
        try:
            return escape(str(source.home(self.data)))
        except FileNotFoundError:
            return "[dim]missing[/]"


@dataclass(frozen=True)
class Fetch:
    """Download a data set, verify it, and put it where it is found; an archive that lies there already is unpacked."""

    name: Name
    data: Folder = None
    """Folder to put it in; if not given, $CHAINRULE_DATA, or else the user cache."""

    def __call__(self, console: Console) -> int:
        """Fetch, unless it is there."""
        source = _named(self.name)
        try:
            console.print(f"{self.name} is already in {source.home(self.data)}", highlight=False, soft_wrap=True)
            return WHOLE
        except FileNotFoundError:
            pass
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=console, transient=True) as bars:

            def download(url: str, path: Path) -> None:
                task = bars.add_task(path.name, total=None)
                retrieve(url, path, lambda done, total: bars.update(task, completed=done, total=total or None))

            folder = fetch(source, self.data, download)
        console.print(f"{self.name} is in {folder}", highlight=False, soft_wrap=True)
        text = f"Licence: {source.licence}. To be cited: {source.citation}. More: {source.url}"
        console.print(text, highlight=False, markup=False)
        return WHOLE


@dataclass(frozen=True)
class Verify:
    """Read a data set, and compare every file and count with the official ones.

    The exit status is 0 if all is official, 1 if something differs or is damaged, 2 if it is not there.
    """

    name: Name
    data: Folder = None
    """Folder to look in."""

    def __call__(self, console: Console) -> int:
        """Print a row for each finding, and the outcome."""
        source = _named(self.name)
        with _reading(source):
            findings = verify(source, self.data)
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for finding in findings:
            mark = "[green]✓[/]" if finding.official else "[bold red]✗[/]"
            table.add_row(mark, f"[bold]{escape(finding.what)}[/]", escape(finding.found))
        console.print(table, highlight=False)
        others = [finding.what for finding in findings if not finding.official]
        outcome = f"is not the official set: {', '.join(others)}" if others else "is official and whole"
        console.print(
            f"\n{source.title} in {source.home(self.data)} {outcome}.", highlight=False, markup=False, soft_wrap=True
        )
        return DIFFERS if others else WHOLE


@dataclass(frozen=True)
class Show:
    """Show samples of a data set, drawn at random: images on a contact sheet (a PNG file), texts as a table."""

    name: Name
    data: Folder = None
    """Folder to look in."""
    n: int | None = None
    """How many samples; 100 images or 10 texts if not given."""
    seed: int = 0
    """Decides which samples are drawn."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE.png", help_behavior_hint="(default: NAME.png)")] = None
    """Where the contact sheet goes."""

    def __call__(self, console: Console) -> int:
        """Draw, or print."""
        source = _named(self.name)
        number = self.n if self.n is not None else 100 if source.pictured else 10
        if not 1 <= number <= 10_000:
            raise ValueError(f"--n {number}: expected 1 to 10,000 samples")
        if self.out and not source.pictured:
            raise ValueError(f"--out {self.out}: {self.name} is text, which is printed")
        with _reading(source):
            samples = source.samples(source.paths(self.data), number, self.seed)
        if isinstance(samples, Pictures):
            self._draw(samples, source, console)
        else:
            console.print(_table(samples), highlight=False)
        return WHOLE

    def _draw(self, pictures: Pictures, source: Source[Any], console: Console) -> None:
        out = self.out or Path(f"{self.name}.png")
        sheet = contact_sheet(pictures, f"{source.title}: {source.what}")
        sheet.save(out, "PNG")
        count = sum(len(row) for row in pictures.rows.values())
        console.print(f"{out}: {count} images, {sheet.width} × {sheet.height}", highlight=False, soft_wrap=True)


Command = (
    Annotated[List, tyro.conf.subcommand("list")]
    | Annotated[Fetch, tyro.conf.subcommand("fetch")]
    | Annotated[Verify, tyro.conf.subcommand("verify")]
    | Annotated[Show, tyro.conf.subcommand("show")]
)


def main(words: list[str]) -> int:
    """Carry out `chainrule data WORDS`; returns the exit status."""
    command: Any = tyro.cli(Command, prog="chainrule data", description="The data sets.", args=words)
    try:
        return int(command(Console()))
    except (OSError, ValueError, ImportError) as problem:
        text = str(problem)
        if isinstance(problem, OSError) and problem.strerror:
            text = f"{problem.filename}: {problem.strerror}"
        Console(stderr=True).print(f"[bold red]chainrule data:[/] {escape(text)}", highlight=False, soft_wrap=True)
        return MISTAKE


def _named(name: str) -> Source[Any]:
    if name in SOURCES:
        return SOURCES[name]
    near = difflib.get_close_matches(name, SOURCES, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(SOURCES)}"
    raise ValueError(f"there is no data set '{name}'. {hint}")


def _reading(source: Source[Any]) -> Status:
    """On a terminal, a sign that something is being done."""
    return Console(stderr=True).status(f"reading {source.title}")


def _table(samples: Rows) -> Table:
    table = Table(box=None, padding=(0, 2, 1, 0))
    for column in samples.columns:
        table.add_column(column)
    for row in samples.rows:
        table.add_row(*(escape(cell) for cell in row))
    return table
