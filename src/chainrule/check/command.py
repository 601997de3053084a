"""`chainrule check`: a hand-written layer against finite differences, from the command line."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import tyro
from rich.console import Console
from rich.text import Text

from chainrule.check.hand_written import CannotCheck
from chainrule.check.layer import check_layer
from chainrule.check.load import arguments, array, load_class, pairs, shape
from chainrule.check.numeric import Setting
from chainrule.check.pullback import Progress
from chainrule.check.report import Report

__all__ = ["Settings", "main"]

HELD, FAILED, COULD_NOT_CHECK, STOPPED = 0, 1, 2, 130


@dataclass(frozen=True)
class Settings:
    """Check the gradients of a layer that you wrote by hand, with central differences in float64.

    The layer is a class with forward(x), which returns the output, and backward(delta), which takes the gradient of
    the loss with respect to that output and returns the gradient with respect to x. Parameters are arrays in attributes
    (w, b), and so are their gradients (dw, db).

        chainrule check layers.py:ConvolutionalLayer --args 20,2,3,3 --input 4,2,8,8

    The exit status is 0 if all gradients are right, 1 if not, 2 if the check could not be made, 130 after Ctrl-C.
    """

    layer: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="FILE.py:CLASS")]]
    """The file and the class in it; the class may be left out if the file has only one."""
    args: str = ""
    """What the class is made with, as in a call: 20,2,3,3 or 20,2,kernel=3 or "(2, 2),mode='same'"."""
    input: str = ""
    """The shape of x, such as 4,2,8,8; found by trying if not given."""
    params: str = ""
    """Which array is the gradient of which, such as w:dw,b:db (or params.W:grads.W); found by name if not given."""
    extra: str = ""
    """Further arguments of forward, such as the labels of a loss: "[0, 2, 1]"."""
    tol: float = 1e-6
    """The greatest relative error that passes."""
    eps: float = 1e-6
    """The step of the differences, times max(1, |x|)."""
    seed: int = 0
    """The seed of everything that is random."""
    limit: int = 1000
    """Arrays of up to so many elements are checked at each; larger ones by random directions and a sample."""
    reseed: tyro.conf.FlagCreatePairsOff[bool] = False
    """Seed NumPy's random numbers before each forward pass, so that a dropout layer repeats itself."""


def main(settings: Settings) -> int:
    """Check, print the report, and return the exit status."""
    out, err = Console(highlight=False, soft_wrap=False), Console(stderr=True, highlight=False)
    try:
        with _quiet() as heard, _progress(err) as progress:
            report = _check(settings, progress)
    except CannotCheck as error:
        err.print(Text("could not check: ", style="bold red").append(str(error), style="not bold default"))
        return COULD_NOT_CHECK
    except KeyboardInterrupt:
        err.print("stopped. A smaller --input or --limit (elements checked one by one) is faster.")
        return STOPPED
    out.print(report)
    for line in heard:
        out.print(Text(f"\n{line}", style="dim"))
    return HELD if report else FAILED


def _check(settings: Settings, progress: Progress) -> Report:
    args, kwargs = arguments(settings.args)
    try:
        Setting(settings.eps, settings.tol, settings.seed, settings.limit)
    except ValueError as error:
        raise CannotCheck(str(error)) from error
    return check_layer(
        load_class(settings.layer),
        shape=shape(settings.input) if settings.input else None,
        args=args,
        kwargs=kwargs,
        extra=array(settings.extra),
        params=pairs(settings.params),
        eps=settings.eps,
        tol=settings.tol,
        seed=settings.seed,
        limit=settings.limit,
        reseed=settings.reseed,
        progress=progress,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep what the layer prints and warns of from being repeated a thousand times; tell it once, afterwards."""
    heard: list[str] = []
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("default")
        yield heard
    heard += dict.fromkeys(f"warning: {w.message} ({w.filename.rpartition('/')[2]}, line {w.lineno})" for w in caught)
    lines = printed.getvalue().splitlines()
    if lines:
        heard.append(f"your code printed {len(lines)} lines, left out here; the first: {lines[0][:60]}")


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """A line that says what is being looked at, on a terminal."""
    with console.status("") as status:

        def tell(name: str, done: int, total: int) -> None:
            status.update(f"{name}: {done} of {total} coordinates (a smaller --limit is faster)")

        yield tell
