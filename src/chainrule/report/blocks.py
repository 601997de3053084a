"""What a report is made of. Blocks are plain data; page.html.j2 knows how each of them looks.

Text is a string: paragraphs are separated by an empty line, and `code`, *emphasis* and **weight** may be marked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

import numpy.typing as npt
from markupsafe import Markup, escape

__all__ = [
    "Block",
    "Cell",
    "Figure",
    "Formula",
    "Grid",
    "Heatmap",
    "Table",
    "Tile",
    "Verbatim",
    "cell",
    "inline",
    "paragraphs",
    "percent",
]

Cell = str | int | float | bool


@dataclass(frozen=True)
class Table:
    """A table with a head. Numbers are put into words by `cell`; columns of numbers stand flush right."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    total: Sequence[Cell] = ()
    """A last row, set apart."""
    kind: ClassVar[str] = "table"

    def style(self, row: Sequence[Cell], column: int) -> str:
        """The classes of a cell: n for numbers, long for what may be broken into lines."""
        return " ".join(["n"] * self.numeric(column) + ["long"] * (len(cell(row[column])) > LONG))

    @property
    def wide(self) -> bool:
        """Whether it may stand out of the column of text."""
        return len(self.head) > 4

    def numeric(self, column: int) -> bool:
        """Whether every cell of the column is a number, as most people would read it."""
        return all(_NUMBER.fullmatch(cell(row[column])) for row in self.rows if row[column] != "")


@dataclass(frozen=True)
class Heatmap:
    """A square table of counts, true class by predicted class, shaded by the share of its row."""

    counts: npt.NDArray[Any]
    labels: Sequence[str]
    caption: str = ""
    row_title: str = "true"
    column_title: str = "predicted"
    kind: ClassVar[str] = "heatmap"

    def share(self, i: int, j: int) -> float:
        """The share of row i that is in column j."""
        return float(self.counts[i, j] / max(1, self.counts[i].sum()))


@dataclass(frozen=True)
class Figure:
    """A drawing, as SVG that takes its colours from the page, with a text for those who cannot see it."""

    svg: Markup
    alt: str
    caption: str = ""
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Formula:
    """A formula on a line of its own, as SVG, and how it reads in plain characters."""

    svg: Markup
    alt: str
    kind: ClassVar[str] = "formula"


@dataclass(frozen=True)
class Tile:
    """A small picture (a data: URI) with a label below it; `wrong` marks it."""

    source: str
    alt: str
    label: str = ""
    wrong: bool = False


@dataclass(frozen=True)
class Grid:
    """Small pictures side by side, as many in a row as the screen has room for."""

    tiles: Sequence[Tile]
    caption: str = ""
    width: int = 64
    """Of a tile, in CSS pixels."""
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True)
class Verbatim:
    """Text with its line breaks as they are; behind each character its value in [−1, 1], if values are given."""

    text: str
    caption: str = ""
    values: Sequence[float] = ()
    """One for each character: orange where it is positive, blue where negative, the stronger the greater."""
    wrap: bool = True
    """Whether long lines are broken, as those of texts; lines of a programme are scrolled."""
    kind: ClassVar[str] = "verbatim"

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Pieces of equal shade, and that shade in per cent, a multiple of 5, negative for blue."""
        if not len(self.values):
            return [(self.text, 0)]
        shades = [5 * round(20 * max(-1.0, min(1.0, float(value)))) for value in self.values]
        grouped = groupby(zip(self.text, shades, strict=True), key=itemgetter(1))
        return [("".join(character for character, _ in run), shade) for shade, run in grouped]


Block = str | Table | Heatmap | Figure | Formula | Grid | Verbatim

LONG = 30
"""Characters: longer cells of a table are broken into lines."""

_NUMBER = re.compile(r"[<>≤≥≈±]? ?[+−-]?[\d,]+(\.\d+)?(e[+−-]?\d+)?( ?[%×]| s| ms)?|—")
_MARKS = [
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(\S(?:[^*]*\S)?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])"), r"<em>\1</em>"),
]


def cell(value: Cell) -> str:
    """A value as a table shows it: 44426 -> 44,426; 0.123456 -> 0.1235; True -> yes; text as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else value


def percent(share: float | None, digits: int = 1) -> str:
    """A share in words: 0.976 -> 97.6 %; None -> —."""
    return "—" if share is None else f"{100 * share:.{digits}f} %"


def paragraphs(text: str) -> list[Markup]:
    """The paragraphs of a text, escaped, with its marks turned into tags."""
    return [inline(" ".join(part.split())) for part in re.split(r"\n\s*\n", text.strip())]


def inline(text: str) -> Markup:
    """One paragraph, escaped, with its marks turned into tags; 5 % and LeNet-5 are kept on one line."""
    parts = re.split(r"(`[^`]+`)", str(escape(text)))  # code, which is left as it is, stands at the odd places
    html = "".join(part if i % 2 else _glued(part) for i, part in enumerate(parts))
    for mark, tags in _MARKS:
        html = mark.sub(tags, html)
    return Markup(html)  # noqa: S704 (escaped above)


def _glued(text: str) -> str:
    """With a no-break space before % and ×, and a no-break hyphen before digits."""
    return re.sub(r"(?<=\w)-(?=\d)", "\u2011", re.sub(r" (?=[%×] ?)", "\u00a0", text))
