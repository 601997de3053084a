"""Drawings with Matplotlib: SVG that takes its colours from the page, and small pictures as data: URIs.

A drawing is made in stand-in colours, which are then replaced by the page's own (`var(--c1)`, `currentColor`),
so that one drawing serves light and dark pages.
"""

import base64
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import cycler
import matplotlib as mpl
import matplotlib.image
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from . import blocks as words
from .blocks import Figure, Formula

__all__ = ["Drawing", "chart", "formula", "picture", "plane", "shades"]

Array = npt.NDArray[Any]
Numbers = Sequence[float] | Array

INK, GRID = "#00000a", "#00000b"
SERIES = ["#000001", "#000002", "#000003", "#000004", "#000005", "#000006"]
DASHES = ["-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 1.5)), (0, (8, 3))]
MARKERS = ["o", "s", "^", "D", "v", "P"]
MARKED = 60
"""Points: on a longer line they are not marked one by one."""
PAGE = {INK: "currentColor", GRID: "var(--rule)"} | {c: f"var(--c{i})" for i, c in enumerate(SERIES, 1)}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "chainrule",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "patch.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 3.6,
    "axes.prop_cycle": cycler.cycler(color=SERIES, linestyle=DASHES, marker=MARKERS),
}


class Drawing:
    """`with Drawing() as axes: axes.plot(...)`, then `.svg()`: one chart in the report's style.

    Of several, in `rows` and `columns`, `panels` is the list. Colours are "C0" to "C5", which the page makes its own.
    """

    def __init__(self, width: float = 5.4, height: float = 2.9, rows: int = 1, columns: int = 1) -> None:
        self._style = mpl.rc_context(STYLE)
        self._size, self._grid = (width, height), (rows, columns)

    def __enter__(self) -> Axes:
        self._style.__enter__()
        self._figure = Canvas(figsize=self._size, layout="constrained")
        self.panels: list[Axes] = list(self._figure.subplots(*self._grid, squeeze=False).flat)
        return self.panels[0]

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self._svg = _svg(self._figure)
        self._style.__exit__(*error)

    def svg(self) -> Markup:
        """The finished drawing."""
        return self._svg


def chart(
    series: Mapping[str, tuple[Numbers, Numbers]],
    x: str,
    y: str,
    caption: str = "",
    *,
    percent: bool = False,
    log: bool = False,
) -> Figure:
    """Lines, one a series {name: (xs, ys)}, over named axes; the numbers are told in the alternative text too.

    `percent` writes the values of y, which are shares, as percentages; `log` makes their axis logarithmic.
    """
    drawing = Drawing()
    with drawing as axes:
        for name, (xs, ys) in series.items():
            (line,) = axes.plot(xs, ys, label=name)
            if len(xs) > MARKED:
                line.set_marker("")
        axes.set(xlabel=x, ylabel=y)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if log:
            _logarithmic(axes)
        if percent:
            axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
        if len(series) > 1:
            columns = max(1, min(3, 46 // (max(map(len, series)) + 6)))
            axes.figure.legend(loc="outside upper left", ncols=columns, handlelength=3)
    write = words.percent if percent else words.cell
    told = (f"{name}: {_told([write(float(value)) for value in ys])}" for name, (_, ys) in series.items())
    return Figure(drawing.svg(), f"Line chart, {y} by {x}. {'; '.join(told)}.", caption)


def _logarithmic(axes: Axes) -> None:
    """A logarithmic y axis, labelled at 1, 2, 5, 10 … if it spans little, else at powers of ten."""
    low, high = axes.dataLim.intervaly
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 200 * low else (1,)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _told(values: list[str]) -> str:
    """All of a few values, the first and the last of many."""
    return ", ".join(values) if len(values) <= 8 else f"from {values[0]} to {values[-1]}"


def shades(values: Array, rows: Sequence[str], columns: Sequence[str], y: str, x: str, caption: str = "") -> Figure:
    """Shares in [0, 1] as a table of squares, the darker the greater: (rows, columns), with a label for each."""
    drawing = Drawing(max(2.4, 0.24 * len(columns) + 1.2), 0.24 * len(rows) + 1.2)
    with drawing as axes:
        for (i, j), share in np.ndenumerate(values):
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=SERIES[0], alpha=float(share), linewidth=0))
        axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), aspect="equal", xlabel=x, ylabel=y)
        axes.set_xticks(range(len(columns)), columns, rotation=0 if max(map(len, columns)) == 1 else 90)
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(length=0)
        axes.grid(visible=False)
    most = (
        f"{row}: {columns[j]} {words.percent(values[i, j], 0)}"
        for i, (row, j) in enumerate(zip(rows, values.argmax(1), strict=True))
    )
    return Figure(drawing.svg(), f"Table of shades, {y} by {x}; the darkest of each row: {'; '.join(most)}.", caption)


def formula(tex: str, alt: str) -> Formula:
    """A formula in TeX's notation (what Matplotlib knows of it), and how it reads in plain characters."""
    with mpl.rc_context(STYLE | {"svg.fonttype": "path", "mathtext.fontset": "cm", "font.size": 14}):
        figure = Canvas(figsize=(0.01, 0.01))
        figure.text(0, 0, f"${tex}$")
        return Formula(_svg(figure, tight=True), alt)


def picture(values: Array, low: float | None = None, high: float | None = None, colors: str = "gray") -> str:
    """A small picture as a data: URI, a pixel a value: (H, W) -> PNG; `low` and `high` are the ends of the scale.

    Colours are shown as they are: (H, W, 3) of uint8.
    """
    buffer = io.BytesIO()
    pixels = np.asarray(values)
    mpl.image.imsave(buffer, pixels, vmin=low, vmax=high, cmap=colors, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def plane(values: Array) -> str:
    """A picture of signed values: zero is white, the greatest magnitude full red (positive) or blue (negative)."""
    limit = float(np.abs(values).max()) or 1.0
    return picture(values, -limit, limit, "RdBu_r")


def _svg(figure: Canvas, tight: bool = False) -> Markup:
    buffer = io.StringIO()
    metadata: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    margins: Any = {"bbox_inches": "tight", "pad_inches": 0.02} if tight else {}
    figure.savefig(buffer, format="svg", transparent=True, metadata=metadata, **margins)
    return _inline(buffer.getvalue())


def _inline(svg: str) -> Markup:
    """The <svg> element alone, in the page's colours, and with no id that another drawing has too."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for stand_in, color in PAGE.items():
        svg = svg.replace(stand_in, color)
    mine = f"d{zlib.crc32(svg.encode()):08x}-"
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda match: f' id="{mine}{match[1]}"' if match[1] in used else "", svg)
    return Markup(re.sub(r'(href="#|url\(#)', rf"\1{mine}", svg))  # noqa: S704 (Matplotlib escapes its texts)
