"""`chainrule check --conformance`: every operator and module held against PyTorch, with the known differences."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.padding import Padding
from rich.progress import track
from rich.text import Text

if TYPE_CHECKING:  # it needs Hypothesis
    from chainrule.conformance.examples import Outcome

__all__ = ["Settings", "main"]

HELD, FAILED, COULD_NOT_CHECK, STOPPED = 0, 1, 2, 130


@dataclass(frozen=True)
class Settings:
    """Hold every operator and module against PyTorch: values in float32, values and gradients in float64.

    Calls are drawn at random over all that is documented, the same ones in every run with the same seed: by position
    and by name, numbers and tuples, negative dimensions, scalars and empty tensors, broadcasting, memory layouts.
    PyTorch and Hypothesis must be installed. The exit status is 0 if all examples held, 1 if one did not, 2 if nothing
    could be compared, 130 after Ctrl-C.
    """

    only: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")] = field(default=())
    """Operators and modules to look at, such as conv2d LSTM; all of them if not given."""
    examples: int = 200
    """Examples of each."""
    seed: int = 0
    """Another number draws other examples."""


def main(settings: Settings) -> int:
    """Compare, print a line for each operator and module, and return the exit status."""
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    missing = [name for name in ("torch", "hypothesis") if importlib.util.find_spec(name) is None]
    if missing:
        err.print(f"could not compare: {' and '.join(missing)} must be installed (pip install {' '.join(missing)})")
        return COULD_NOT_CHECK
    if settings.examples < 1:
        err.print(f"--examples {settings.examples}: it must be at least 1")
        return COULD_NOT_CHECK
    from chainrule.conformance.modules import LAYERS
    from chainrule.conformance.operators import RECORDS

    known = [*RECORDS, *LAYERS]
    for name in settings.only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            err.print(f"there is no operator or module '{name}'." + (f" Did you mean {near[0]}?" if near else ""))
            return COULD_NOT_CHECK
    try:
        return _compare(settings, out, err)
    except KeyboardInterrupt:
        err.print("stopped. Fewer --examples, or --only NAME, are faster.")
        return STOPPED


def _compare(settings: Settings, out: Console, err: Console) -> int:
    outcomes, checks = [], list(_checks(settings))
    for check in track(checks, "comparing", console=err, transient=True, disable=not err.is_terminal):
        outcomes.append(check())
        _show(outcomes[-1], out)
    failed = [outcome.name for outcome in outcomes if outcome.failure]
    examples, known = sum(o.examples for o in outcomes), sum(len(o.differs) for o in outcomes)
    out.print(f"\n{len(outcomes)} operators and modules, {examples:,} examples held, {known} known differences")
    if failed:
        out.print(f"[bold red]not as in PyTorch:[/] {', '.join(failed)}")
    return FAILED if failed else HELD


def _checks(settings: Settings) -> Iterator[Callable[[], Outcome]]:
    """What is to be looked at, in the order of the families."""
    import torch

    from chainrule.conformance import examples
    from chainrule.conformance.modules import LAYERS
    from chainrule.conformance.operators import RECORDS

    for name, record in RECORDS.items():
        if record.oracle is not None and name in (settings.only or RECORDS):
            yield partial(examples.of_operator, torch, record, settings.examples, settings.seed)
    for name, layer in LAYERS.items():
        if name in (settings.only or LAYERS):
            yield partial(examples.of_module, torch, layer, settings.examples, settings.seed)


def _show(outcome: Outcome, out: Console) -> None:
    """A line, and below it the known differences and what failed."""
    mark = "[bold red]DIFFERS[/]" if outcome.failure else "[green]ok[/]     "
    out.print(f"{mark}  {outcome.name:<36} {outcome.examples:>6}")
    for difference in outcome.differs:
        out.print(Padding(Text(f"{difference.what}: {difference.reason}", style="dim"), (0, 0, 0, 9)))
    if outcome.failure:
        out.print(Padding(Text(outcome.failure), (0, 0, 0, 9)))
