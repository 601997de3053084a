"""How the time of a step grows with batch, width, length and threads, beside what the machine allows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.ticker import LogLocator
from rich.table import Table

from chainrule.bench.limits import costs, machine
from chainrule.bench.tables import Found, plain_table
from chainrule.bench.turns import Measurements, measure
from chainrule.bench.works import TARGETS, Work
from chainrule.report.figures import Drawing

__all__ = ["figure", "measured", "table", "works"]

SIZES = {
    "batch": ("lenet-64", (16, 64, 256, 1024)),
    "width": ("mlp", (128, 256, 512, 1024)),
    "length": ("char-lstm-64", (12, 25, 50, 100)),
}
"""What grows, of which work, and how."""

FLOPS, BYTES = "FLOPs alone", "bytes alone"
"""How the limits are called among the engines."""

THREADED = ("lenet-500", "mlp", "char-lstm-64", "vgg")
"""Works that are run on 1, 2, 4 … threads."""


def works(threads: int) -> dict[str, Work]:
    """All works by name, such as "batch 16" or "mlp, 2 threads"."""
    found = {}
    for what, (name, sizes) in SIZES.items():
        for n in sizes:
            title = f"{TARGETS[name].title.partition(',')[0]}, {what} {n}"
            size: dict[str, Any] = {what: n}
            found[f"{what} {n}"] = replace(TARGETS[name], title=title, least=None, threads=threads, **size)
    counts = sorted({*(2**k for k in range(threads.bit_length()) if 2**k < threads), threads})
    for name in THREADED:
        for n in counts:
            title = f"{TARGETS[name].title.partition(',')[0]}, {n} threads"
            found[f"{name}, {n} threads"] = replace(TARGETS[name], title=title, least=None, threads=n)
    return found


def measured(work: Work, engines: Sequence[str], rounds: int) -> Measurements:
    """chainrule and PyTorch at work, and beside them the least times that this machine allows, in ms."""
    found = measure(work, [e for e in engines if e in ("chainrule", "torch")], rounds, work.threads)
    flops, moved = costs(work).milliseconds(machine(work.threads))
    return found | {FLOPS: {"": [flops]}, BYTES: {"": [moved]}}


def table(works: Mapping[str, Work], found: Found) -> Table:
    """A line a work: milliseconds, and how many times the greater limit chainrule takes."""
    columns = list(next(iter(found.values())))
    title = "median ms a step, and the least that this machine allows (but for Winograd's convolutions, in VGG)"
    made = plain_table(title, "work", *columns, "× limit")
    for name, work in works.items():
        row = _medians(found[name])
        made.add_row(work.title, *(f"{row[c]:.3f}" for c in columns), f"{row['chainrule'] / _limit(row):.1f}")
    return made


def _medians(measured: Measurements) -> dict[str, float]:
    return {engine: statistics.median(values[""]) for engine, values in measured.items()}


def _limit(row: Mapping[str, float]) -> float:
    return max(row[FLOPS], row[BYTES])


def figure(works: Mapping[str, Work], found: Found) -> Drawing:
    """A panel for each size that grows: the engines' time, and the limit below them."""
    drawing = Drawing(width=9, height=3.2, columns=len(SIZES))
    with drawing:
        for axes, (what, (name, sizes)) in zip(drawing.panels, SIZES.items(), strict=True):
            of_size = [_medians(found[f"{what} {n}"]) for n in sizes]
            for engine in (e for e in of_size[0] if e not in (FLOPS, BYTES)):
                axes.plot(sizes, [row[engine] for row in of_size], label=engine)
            axes.plot(sizes, list(map(_limit, of_size)), "C5", linestyle=":", marker="", label="limit")
            axes.set(xscale="log", yscale="log", xlabel=what, title=TARGETS[name].title.partition(",")[0])
            axes.set_xticks(sizes, [str(n) for n in sizes])
            axes.xaxis.set_minor_formatter(lambda value, _: "")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.yaxis.set_minor_formatter(lambda value, _: "")
        drawing.panels[0].set_ylabel("ms a step")
        drawing.panels[-1].legend()
    return drawing
