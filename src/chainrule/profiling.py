"""The profiler: time, calls, FLOP/s and bytes by operator, forward and backward apart.

While a `profile` is open, every primitive runs through `_watched`; at other times nothing of it is there.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import watching
from chainrule.costs import multiply_adds
from chainrule.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from rich.table import Table

    from chainrule.autograd import Forward
    from chainrule.tensor import Array

__all__ = ["Row", "profile"]


class Call(NamedTuple):
    """One run of an operator, of one of its pullbacks, or of an optimizer's step."""

    name: str
    way: str
    start: int
    """In ns, as `end`."""
    end: int
    flops: int | None
    bytes: int
    shapes: str
    thread: int


class Row(NamedTuple):
    """All calls of an operator in one direction; `flops` is None where the operator does not know them."""

    name: str
    way: str
    """"forward"; "backward", or "backward w" for the gradient of one argument; "step" of an optimizer."""
    calls: int
    seconds: float
    flops: int | None
    bytes: int


class profile:  # noqa: N801 (as no_grad, detect_anomaly)
    """Prints where the time inside goes, by operator, the slowest first.

        with cr.profile(trace="trace.json"):
            for x, y in batches:
                train_step(x, y)

    Each line is an operator in one direction: calls, time, FLOP/s where the operator knows its products (matrices,
    convolutions, recurrent layers, attention; a multiply-add is two FLOPs), and the bytes of the arrays that go in and
    come out, views left out. Gradients of several arguments stand apart, but not a recurrent layer's, which share one
    walk back through time. The rest of the time is the tape's, Python's and NumPy's.

    `trace` names a file for Perfetto (ui.perfetto.dev) or chrome://tracing. With `quiet` nothing is printed; `rows` and
    `seconds` have the numbers afterwards. It watches all threads, and remembers every call until it ends: some steps
    say more than an epoch.
    """

    def __init__(self, trace: str | Path | None = None, quiet: bool = False) -> None:
        self.trace, self.quiet = trace, quiet
        self.rows: list[Row] = []
        self.seconds = 0.0
        self._calls: list[Call] = []

    def __enter__(self) -> profile:
        self._calls.clear()
        self._watcher = self._watched  # one and the same object for begin and end
        self._step = Optimizer.step
        Optimizer.step = self._timed_step(Optimizer.step)  # type: ignore[method-assign]
        watching.begin(self._watcher)
        self._start = time.perf_counter_ns()
        return self

    def __exit__(self, error: object, *more: object) -> None:
        self.seconds = (time.perf_counter_ns() - self._start) / 1e9
        watching.end(self._watcher)
        Optimizer.step = self._step  # type: ignore[method-assign]
        self.rows = _rows(self._calls)
        if self.trace is not None:
            Path(self.trace).write_text(json.dumps(_events(self._calls, self._start)), encoding="utf-8")
        if not self.quiet and error is None:
            from rich.console import Console

            Console().print(self)

    def _watched(self, name: str, forward: Forward) -> Forward:
        """The operator `forward`, timed, with pullbacks that are timed."""
        names = list(inspect.signature(forward).parameters)

        @functools.wraps(forward)
        def watched(*args: Any) -> tuple[Any, Any]:
            start = time.perf_counter_ns()
            y, pullback = forward(*args)
            end = time.perf_counter_ns()
            cost = multiply_adds(name, args, y)
            self._note(name, "forward", start, end, cost and cost.forward, _arrays(args), _arrays((y,)))
            works = cost.gradients if cost else ()
            if not isinstance(pullback, tuple):
                return y, self._timed(name, "backward", sum(works) if cost else None, pullback)
            one = len(pullback) == 1 or (cost is not None and cost.shared)
            ways = ["backward"] if one else [f"backward {argument}" for argument in names]
            return y, tuple(
                self._timed(name, ways[min(i, len(ways) - 1)], works[i] if i < len(works) else None, pull)
                for i, pull in enumerate(pullback)
            )

        return watched

    def _timed(self, name: str, way: str, work: int | None, pull: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*dy: Array) -> Any:
            start = time.perf_counter_ns()
            dx = pull(*dy)
            self._note(name, way, start, time.perf_counter_ns(), work, _arrays(dy), _arrays((dx,)))
            return dx

        return timed

    def _timed_step(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def timed(optimizer: Optimizer, closure: Any = None) -> Any:
            loss = None if closure is None else closure()  # its operators have lines of their own
            start = time.perf_counter_ns()
            step(optimizer)
            params = [p.array for group in optimizer.param_groups for p in group["params"]]
            self._note(type(optimizer).__name__, "step", start, time.perf_counter_ns(), None, params, params)
            return loss

        return timed

    def _note(
        self, name: str, way: str, start: int, end: int, work: int | None, given: list[Array], made: list[Array]
    ) -> None:
        moved = [a for a in made if not any(np.may_share_memory(a, b) for b in given)] if way != "step" else made
        size = sum(a.nbytes for a in (given if moved else [])) + sum(a.nbytes for a in moved)
        shapes = ", ".join(str(a.shape) for a in given[:4])
        flops = None if work is None else 2 * work
        self._calls.append(Call(name, way, start, end, flops, size, shapes, threading.get_native_id()))

    def __rich__(self) -> Table:
        from rich.table import Table

        title = f"{1e3 * self.seconds:,.1f} ms, of which operators {1e3 * sum(r.seconds for r in self.rows):,.1f} ms"
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
        table.add_column("operator", no_wrap=True)
        for column in ("ms", "share", "calls", "µs a call", "GFLOP/s", "GB/s"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(f"{row.name} {row.way}", *_cells(row, self.seconds))
        return table


def _cells(row: Row, total: float) -> list[str]:
    t = row.seconds or 1e-9
    return [
        f"{1e3 * row.seconds:,.2f}",
        f"{row.seconds / (total or 1):.1%}",
        f"{row.calls:,}",
        f"{1e6 * row.seconds / row.calls:,.1f}",
        f"{row.flops / t / 1e9:,.1f}" if row.flops else "",
        f"{row.bytes / t / 1e9:,.1f}" if row.bytes else "",
    ]


def _rows(calls: Iterable[Call]) -> list[Row]:
    """The calls by operator and direction, the slowest first."""
    groups: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        groups.setdefault((call.name, call.way), []).append(call)
    rows = [_row(name, way, group) for (name, way), group in groups.items()]
    return sorted(rows, key=lambda row: row.seconds, reverse=True)


def _row(name: str, way: str, calls: list[Call]) -> Row:
    known = [call.flops for call in calls if call.flops is not None]
    seconds = sum(call.end - call.start for call in calls) / 1e9
    return Row(name, way, len(calls), seconds, sum(known) if known else None, sum(call.bytes for call in calls))


def _events(calls: Iterable[Call], start: int) -> dict[str, Any]:
    """The calls in the format of trace viewers: times in µs since the profile began."""
    return {
        "displayTimeUnit": "ms",
        "traceEvents": [
            {
                "name": f"{call.name} {call.way}",
                "cat": call.way.partition(" ")[0],
                "ph": "X",
                "ts": (call.start - start) / 1e3,
                "dur": (call.end - call.start) / 1e3,
                "pid": os.getpid(),
                "tid": call.thread,
                "args": {"shapes": call.shapes, "bytes": call.bytes}
                | ({} if call.flops is None else {"flops": call.flops}),
            }
            for call in calls
        ],
    }


def _arrays(values: Iterable[Any]) -> list[Array]:
    """The arrays among values and in tuples of them."""
    found: list[Array] = []
    for value in values:
        if isinstance(value, np.ndarray):
            found.append(value)
        elif isinstance(value, tuple | list):
            found += _arrays(value)
    return found
