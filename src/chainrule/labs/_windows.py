"""Maps of numbers as drawings: side by side, and under a window that slides, as stills and as a picture that moves.

The moving picture needs no script: the page's style sheet moves the window in steps, and leaves it where it is for
readers who have asked their browser for less motion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

from chainrule import report

__all__ = ["Slide", "factor", "maps", "moving", "number", "stills"]

Array = npt.NDArray[Any]
CELL, GAP, TITLE, WIDTH = 34, 40, 24, 600
SECONDS = 0.8
"""That the moving window stays at a place."""


def number(value: float) -> str:
    """As short as it can be, with a true minus sign: 3, −0.25, 3.333."""
    return f"{value + 0.0:.4g}".replace("-", "−")


def factor(value: float) -> str:
    """A number as it stands in a product or a sum: 3, (−1)."""
    return f"({number(value)})" if value < 0 else number(value)


@dataclass(frozen=True)
class Slide:
    """A filter that slides over an input, padded already, and what comes out: (H, W), (KH, KW) -> (OH, OW)."""

    x: Array
    filter: Array
    out: Array
    stride: int = 1
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Rows above and below, columns to the left and right, that were added to the input."""

    def place(self, k: int) -> tuple[int, int]:
        """The row and column of the k-th output."""
        row, column = divmod(k, self.out.shape[1])
        return row, column

    def window(self, k: int) -> Array:
        """What lies under the window there."""
        (row, column), (height, width) = self.place(k), self.filter.shape
        top, left = row * self.stride, column * self.stride
        return self.x[top : top + height, left : left + width]

    def products(self, k: int) -> str:
        """What is added up there, products by 0 left out: 3·1 + 1·(−1)."""
        pairs = zip(self.window(k).ravel(), self.filter.ravel(), strict=True)
        return " + ".join(f"{factor(a)}·{factor(b)}" for a, b in pairs if a and b)


def maps(named: Mapping[str, Array], caption: str) -> report.Figure:
    """Maps of numbers, each with its name, side by side as far as they have room."""
    parts, x, y, widest, height = [], 0.0, 0.0, 0.0, 0.0
    for name, values in named.items():
        width = max(CELL * values.shape[1], 7.5 * len(name))
        if x and x + width > WIDTH:
            x, y, height = 0.0, y + height + GAP, 0.0
        parts.append(_grid(values, x, y, name))
        height, widest = max(height, CELL * values.shape[0]), max(widest, x + width)
        x += width + GAP
    told = "; ".join(f"{name}: {' / '.join(' '.join(map(number, row)) for row in v)}" for name, v in named.items())
    return report.Figure(_svg(parts, widest, y + height), told, caption)


def stills(slide: Slide, places: Sequence[int], caption: str) -> report.Figure:
    """The window at some of its places, one below the other, with the output as far as it is known there."""
    height = _height(slide) + TITLE + 12
    parts = [f'<g transform="translate(0 {i * height})">{_scene(slide, k)}</g>' for i, k in enumerate(places)]
    told = "; ".join(f"at row {r + 1}, column {c + 1}: {number(slide.out[r, c])}" for r, c in map(slide.place, places))
    return report.Figure(
        _svg(parts, _width(slide), height * len(places) - TITLE - 12), f"The window {told}.", caption
    )  # fmt: skip


def moving(slide: Slide, name: str, caption: str) -> report.Figure:
    """The window on its way over all places; `name` tells this drawing's styles from those of others on the page."""
    (rows, columns), step = slide.out.shape, slide.stride
    height, width = slide.filter.shape
    style = [_motion(f"{name}-in", step * CELL, rows, columns), _motion(f"{name}-out", CELL, rows, columns)]
    parts = [
        f"<style>{''.join(style)}</style>",
        _scene(slide, None),
        _moved(f"{name}-in", _frame(0, 0, height, width)),
        _moved(f"{name}-out", _frame(_place_of_output(slide), 0, 1, 1)),
    ]
    told = (
        f"A window of {height} × {width} slides over {' × '.join(map(str, slide.x.shape))} numbers, {step} at a time."
    )
    return report.Figure(_svg(parts, _width(slide), _height(slide)), told, caption)


# ------------------------------------------------------------------------------------------ SVG


def _scene(slide: Slide, k: int | None) -> str:
    """Input, filter and output; with the window at its k-th place, or with none and the whole output."""
    known = slide.out.size if k is None else k + 1
    out = np.where(np.arange(slide.out.size) < known, slide.out.ravel(), np.nan).reshape(slide.out.shape)
    top, bottom, left, right = slide.padding
    pale = np.ones(slide.x.shape, bool)
    pale[top : slide.x.shape[0] - bottom, left : slide.x.shape[1] - right] = False
    parts = [
        _grid(slide.x, 0, 0, "input, padded" if pale.any() else "input", pale),
        _grid(slide.filter, _place_of_filter(slide), 0, "filter"),
        _grid(out, _place_of_output(slide), 0, "output"),
    ]
    if k is not None:
        (row, column), (height, width) = slide.place(k), slide.filter.shape
        at = slide.stride * CELL
        parts.append(_frame(column * at, row * at, height, width))
        parts.append(_frame(_place_of_output(slide) + column * CELL, row * CELL, 1, 1))
        products = slide.products(k)
        told = f"{products} = {number(slide.out[row, column])}" if products else "all products are 0"
        if len(told) < 40:
            below = CELL * max(height, slide.out.shape[0]) + 24
            parts.append(f'<text x="{_place_of_filter(slide)}" y="{below}" font-size="14">{told}</text>')
    return "".join(parts)


def _place_of_filter(slide: Slide) -> int:
    return int(CELL * slide.x.shape[1] + GAP)


def _place_of_output(slide: Slide) -> int:
    return int(_place_of_filter(slide) + CELL * slide.filter.shape[1] + GAP)


def _height(slide: Slide) -> int:
    """With room for a sum below filter and output."""
    return int(CELL * max(slide.x.shape[0], slide.out.shape[0] + 1, slide.filter.shape[0] + 1))


def _width(slide: Slide) -> int:
    return int(_place_of_output(slide) + CELL * slide.out.shape[1])


def _grid(values: Array, x: float, y: float, name: str, pale: Array | None = None) -> str:
    """Numbers in cells; NaN is an empty cell, and `pale` marks cells that are less to be seen."""
    parts = [f'<text x="{x}" y="{y - 8}" font-size="13" opacity="0.7">{escape(name)}</text>']
    for (i, j), value in np.ndenumerate(values):
        left, top = x + j * CELL, y + i * CELL
        parts.append(f'<rect x="{left}" y="{top}" width="{CELL}" height="{CELL}" fill="none" stroke="var(--rule)"/>')
        if not np.isnan(value):
            opacity = ' opacity="0.4"' if pale is not None and pale[i, j] else ""
            text, middle = number(value), f'x="{left + CELL / 2}" y="{top + CELL / 2 + 5}" text-anchor="middle"'
            size = {4: 12, 5: 11}.get(len(text), 14 if len(text) < 4 else 9)
            parts.append(f'<text {middle} font-size="{size}"{opacity}>{text}</text>')
    return "".join(parts)


def _frame(x: float, y: float, rows: int, columns: int) -> str:
    size = f'width="{columns * CELL}" height="{rows * CELL}"'
    look = 'fill="var(--c2)" fill-opacity="0.14" stroke="var(--c2)" stroke-width="2.5"'
    return f'<rect x="{x}" y="{y}" {size} rx="3" {look}/>'


def _motion(name: str, distance: float, rows: int, columns: int) -> str:
    """Two movements in steps, one within the other: along a row, and from row to row."""
    css = f"@media (prefers-reduced-motion: reduce) {{ .{name}-x, .{name}-y {{ animation: none !important; }} }}"
    for axis, steps, seconds in (("x", columns, columns * SECONDS), ("y", rows, rows * columns * SECONDS)):
        if steps > 1:
            end = f"translate{axis.upper()}({distance * (steps - 1)}px)"
            css += f"@keyframes {name}-{axis} {{ to {{ transform: {end}; }} }}"
            css += f".{name}-{axis} {{ animation: {name}-{axis} {seconds:g}s steps({steps}, jump-none) infinite; }}"
    return css


def _moved(name: str, drawing: str) -> str:
    return f'<g class="{name}-y"><g class="{name}-x">{drawing}</g></g>'


def _svg(parts: Sequence[str], width: float, height: float) -> Markup:
    """An element of natural size, with room for the names above."""
    size = f'viewBox="-2 {-TITLE} {width + 4} {height + TITLE + 2}" style="max-width: min(38rem, {width + 4}px)"'
    return Markup(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>')  # noqa: S704
