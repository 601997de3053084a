"""The tables that `chainrule bench` prints."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from rich.table import Table

from chainrule.bench.turns import Measurements, ratio
from chainrule.bench.works import Work

__all__ = ["Found", "beside_table", "best", "plain_table", "times_table", "worst"]

Found = dict[str, Measurements]
"""name of the work -> engine -> what -> values"""

BESIDE = {"import": "import ms", "first step": "first step ms", "peak memory": "peak MiB", "last loss": "last loss"}
"""What is measured beside the work itself, and how its column is called."""
SCALE = {"s": 1e-3, "ms": 1, "µs": 1e3}


def times_table(title: str, works: Mapping[str, Work], found: Found) -> Table:
    """A line for each engine, and the best peer beside the aim where there is one."""
    unit = next(iter(works.values())).unit
    table = plain_table(title, "work", "engine", f"median {unit}", "min - max", "rate", "× chainrule")
    for name, work in works.items():
        for part, rows in _parts(found[name]).items():
            for engine, times in rows.items():
                head = (part or work.title) if engine == "chainrule" else ""
                table.add_row(
                    head, engine, *_times(times, unit), _rate(work, times), f"{ratio(times, rows['chainrule']):.2f}"
                )
            if work.least is not None and len(rows) > 1:
                table.add_row("", "best peer", "", f"at least {work.least:g}", "", f"{best(rows):.2f}", style="bold")
    return table


def _parts(measured: Measurements) -> dict[str, dict[str, list[float]]]:
    """what -> engine -> times"""
    parts = {what: {e: m[what] for e, m in measured.items() if what in m} for what in measured["chainrule"]}
    return {what: rows for what, rows in parts.items() if what not in BESIDE}


def _times(milliseconds: Sequence[float], unit: str) -> tuple[str, str]:
    t = [SCALE[unit] * x for x in milliseconds]
    return f"{statistics.median(t):.3f}", f"{min(t):.3f} - {max(t):.3f}"


def best(rows: Mapping[str, Sequence[float]]) -> float:
    """The best peer's time over chainrule's; the best one is that of the least median."""
    peers = [times for engine, times in rows.items() if engine != "chainrule"]
    return ratio(min(peers, key=statistics.median), rows["chainrule"])


def _rate(work: Work, milliseconds: Sequence[float]) -> str:
    """What is done in a second."""
    seconds = statistics.median(milliseconds) / 1e3
    if work.kind == "gemm":
        return f"{2 * work.width**3 / seconds / 1e9:,.0f} GFLOP/s"
    return f"{work.batch / seconds:,.0f} samples/s" if work.batch else ""


SLOW = 1.2
"""An operator that takes longer than PyTorch's by more than this is one to work on."""


def worst(measured: Measurements, peer: str = "torch", n: int = 10) -> Table:
    """The n operators that are slowest beside the peer's."""
    rows = {what: r for what, r in _parts(measured).items() if peer in r}
    times = {what: 1 / ratio(r[peer], r["chainrule"]) for what, r in rows.items()}
    slow = sum(t > SLOW for t in times.values())
    faster = sum(t < 1 for t in times.values())
    title = f"{len(rows)} operators and directions: {faster} faster than {peer}'s, {slow} slower by more than {SLOW}×"
    table = plain_table(title, f"the {min(n, len(rows))} worst", "chainrule µs", f"{peer} µs", f"× {peer}")
    for what in sorted(times, key=times.__getitem__, reverse=True)[:n]:
        ours, theirs = (1e3 * statistics.median(rows[what][e]) for e in ("chainrule", peer))
        table.add_row(what, f"{ours:.1f}", f"{theirs:.1f}", f"{times[what]:.2f}")
    return table


def beside_table(works: Mapping[str, Work], found: Found) -> Table:
    """What else a process costs."""
    shown = {what: head for what, head in BESIDE.items() if any(what in m["chainrule"] for m in found.values())}
    table = plain_table("start, memory and end of the processes", "work", "engine", *shown.values())
    for name, work in works.items():
        for engine, measured in found[name].items():
            values = [f"{max(measured[what]):.{3 if what == 'last loss' else 0}f}" for what in shown]
            table.add_row(work.title if engine == "chainrule" else "", engine, *values)
    return table


def plain_table(title: str, first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title=title, title_justify="left")
    for column in (first, *columns):
        table.add_column(column, no_wrap=True)
    return table
