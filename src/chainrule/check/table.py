"""How a report looks: the table, the verdict, the diagnosis, the exact rule. Plain ASCII, readable in 60 columns."""

from __future__ import annotations

import re

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.styled import Styled
from rich.table import Table
from rich.text import Text

from chainrule.check.report import Diagnosis, Report, Row

__all__ = ["render", "show_index"]

KINKS_SHOWN = 3


def render(report: Report) -> RenderableType:
    """The whole report: subject, notes, table, verdict, diagnosis, rule."""
    parts: list[RenderableType] = [Text(report.subject, style="bold"), *(_indented(n) for n in report.notes)]
    if report.rows:
        parts += ["", _table(report)]
        parts += [_indented(_kinks(row)) for row in report.rows if row.kinks]
    parts += ["", _verdict(report)]
    for diagnosis in report.diagnoses:
        parts += [""] if diagnosis.text else []
        parts += _diagnosis(diagnosis, report.words.forward)
    if report.rows:
        parts += ["", _rule(report)]
    return Group(*parts)


def show_index(index: tuple[int, ...] | None) -> str:
    """An index or a shape, without blanks: [3,0,1]."""
    return "-" if index is None else "[" + ",".join(str(i) for i in index) + "]"


def _indented(text: str, by: int = 2) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, by), expand=False)


def _table(report: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("gradient\n(shape)", overflow="fold")
    table.add_column("rel. error\nabs. error", justify="right", no_wrap=True)
    table.add_column("at", overflow="fold")
    table.add_column(f"{report.words.backward}\nnumeric", justify="right", overflow="fold")
    for row in report.rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> list[Text]:
    mark = Text("ok", style="green") if row.passed else Text("WRONG", style="bold red")
    shape = "(" + ",".join(str(n) for n in row.shape) + ")"
    return [
        mark,
        Text(f"{row.name}\n{shape}"),
        Text(f"{row.relative:.2e}\n{row.absolute:.2e}"),
        Text(show_index(row.where)),
        Text("-" if row.where is None else f"{row.analytic:.8g}\n{row.numeric:.8g}"),
    ]


def _kinks(row: Row) -> str:
    shown = " ".join(show_index(kink) for kink in row.kinks[:KINKS_SHOWN])
    more = " ..." if len(row.kinks) > KINKS_SHOWN else ""
    number = "1 kink" if len(row.kinks) == 1 else f"{len(row.kinks)} kinks"
    return f"{row.name}: {number} (the slopes of the two sides differ), set apart: {shown}{more}"


def _verdict(report: Report) -> RenderableType:
    if report.passed:
        greatest = max((row.relative for row in report.rows), default=0.0)
        return Text("PASSED  ", style="bold green").append(
            f"greatest relative error {greatest:.1e} <= {report.setting.tol:g}", style="not bold default"
        )
    return Text(f"FAILED  {report.rule}: ", style="bold red").append(report.text, style="not bold default")


def _diagnosis(diagnosis: Diagnosis, forward: str) -> list[RenderableType]:
    parts = [_indented(diagnosis.text)] if diagnosis.text else []
    if diagnosis.formula:
        y = f", with y = {forward}(x)" if re.search(r"\by\b", diagnosis.formula) else ""
        parts += [_indented(f"By the numbers, what is right{y}:")]
        parts += [_indented(f"{diagnosis.name} = {diagnosis.formula}", by=6)]
    return parts


def _rule(report: Report) -> RenderableType:
    """The exact rule, with its numbers."""
    s, w = report.setting, report.words
    tiny = max(row.tiny for row in report.rows)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("rule", f"|a - n| / max(|a| + |n|, tiny) <= {s.tol:g}")
    grid.add_row("a", f"from {w.backward}, for a random {w.cotangent} (seed {s.seed})")
    grid.add_row("n", f"(L(x+h) - L(x-h)) / 2h in float64, h = {s.eps:g} max(1, |x|)")
    grid.add_row("L", f"sum({w.cotangent} * {w.forward}(x)), as if it were the loss")
    grid.add_row("tiny", f"(rounding error of n) / {s.tol:g}, here up to {tiny:.1g}")
    grid.add_row("at", _coverage(report))
    return Styled(grid, "dim")


def _coverage(report: Report) -> str:
    large = [row for row in report.rows if row.directions]
    if not large:
        return f"all {sum(row.size for row in report.rows)} coordinates"
    parts = [f"{row.looked_at} of the {row.size} coordinates of {row.name}" for row in large]
    rest = "; all of the others" if len(large) < len(report.rows) else ""
    return f"{', '.join(parts)}, and {large[0].directions} random directions of each{rest}"
