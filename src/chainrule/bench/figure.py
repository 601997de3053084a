"""The figure of `chainrule bench`: how many times as long as chainrule each peer takes."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.ticker import LogLocator

from chainrule.bench.turns import Measurements, ratio
from chainrule.bench.works import Work
from chainrule.report.figures import INK, Drawing

__all__ = ["ratios", "standalone"]

COLORS = """<style>
svg { --rule: #dfe3e8; --c1: #2463c9; --c2: #d2601a; --c3: #1a7f45; --c6: #5b6470; color: #1c2024 }
svg { font-family: sans-serif }
@media (prefers-color-scheme: dark) {
svg { --rule: #343a42; --c1: #7db0ff; --c2: #ff9d5c; --c3: #58c98a; --c6: #9aa4af; color: #e6e9ec } }
</style>"""
"""What a report's page says of colours, for a drawing that stands alone."""


def ratios(works: Mapping[str, Work], found: Mapping[str, Measurements]) -> Drawing:
    """For each work one mark a peer, on a logarithmic axis, and the least that was set."""
    drawing = Drawing(width=7.2, height=1.2 + 0.34 * len(works))
    peers = [e for e in dict.fromkeys(e for m in found.values() for e in m) if e != "chainrule"]
    with drawing as axes:
        for i, peer in enumerate(peers):
            at = [k for k, name in enumerate(works) if peer in found[name]]
            rows = [found[name] for name in works if peer in found[name]]
            values = [ratio(row[peer][""], row["chainrule"][""]) for row in rows]
            axes.plot(values, at, f"C{i}", linestyle="", marker="os^"[i % 3], markersize=6, label=peer)
        least = [(work.least, k) for k, work in enumerate(works.values()) if work.least is not None]
        if least:
            axes.plot(*zip(*least, strict=True), "|", color=INK, markersize=14, label="aim, for the best peer")
        axes.axvline(1, color=INK, linewidth=1, marker="", label="chainrule")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
        axes.xaxis.set_minor_formatter(lambda value, _: "")
        axes.set_yticks(range(len(works)), [work.title for work in works.values()])
        axes.invert_yaxis()
        axes.set_xlabel("time of a step, in chainrule's")
        axes.figure.legend(loc="outside upper left", ncols=4, handlelength=1)
    return drawing


def standalone(drawing: Drawing) -> str:
    """The SVG file of a drawing, with colours of its own."""
    svg = str(drawing.svg())
    end = svg.index(">") + 1
    return svg[:end] + COLORS + svg[end:] + "\n"
