"""The detector of values that are no numbers: it names the operator that made the first one.

While it is on, every primitive runs through `_watched`, which looks at what goes in and what comes out, forward and
backward. While it is off, nothing of it is there: operators run as they always do.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import watching

if TYPE_CHECKING:
    from chainrule.autograd import Forward
    from chainrule.tensor import Array

__all__ = ["NonFinite", "detect_anomaly"]

_PACKAGE = str(Path(__file__).parent)
_MODULE = str(Path(__file__).parent / "nn" / "module.py")
_depth = 0


class NonFinite(RuntimeError):
    """An operator made NaN or infinity out of finite numbers, or was given NaN."""


class detect_anomaly:  # noqa: N801 (PyTorch's name)
    """Inside, the first value or gradient that is not finite raises NonFinite, which names its operator and module.

        with autograd.detect_anomaly():
            loss(model(x), y).backward()

    Blamed is the operator that made NaN from arguments without it, or an infinity from finite ones; what follows
    from an infinity that was there before (a mask of −∞) is not. NaN that no operator made, in data or parameters, is
    reported where it comes in. A gradient is named with the module and the line where its operator ran forward.

    Different from PyTorch: forward values are checked too, and infinities. With `check_nan=False` nothing is checked.
    It holds for all threads, and costs a look at every array: for the search, not for training.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan

    def __enter__(self) -> None:
        _switch(int(self.check_nan))

    def __exit__(self, *exception: object) -> None:
        _switch(-int(self.check_nan))


def _switch(by: int) -> None:
    """Count the contexts that are open, and watch every primitive while there is one."""
    global _depth
    before, _depth = _depth, _depth + by
    if (before > 0) != (_depth > 0):
        (watching.begin if _depth else watching.end)(_watched)


def _watched(name: str, forward: Forward) -> Forward:
    """The operator `forward`, checked: its arguments, its value, and the cotangents that its pullback makes."""

    @functools.wraps(forward)
    def watched(*args: Any) -> tuple[Any, Any]:
        for i, a in enumerate(_arrays(args)):
            if np.isnan(a).any():
                raise NonFinite(f"{name} was given nan: {_count(a)} of array {i + 1}, which no operator made")
        y, pullback = forward(*args)
        for value in y if type(y) is tuple else (y,):
            _check(np.asarray(value), list(_arrays(args)), f"{name} made {{}} in its value: {{}}")
        origin = _Origin()
        checked = functools.partial(_checked, name, origin)
        return y, tuple(map(checked, pullback)) if isinstance(pullback, tuple) else checked(pullback)

    return watched


def _checked(name: str, origin: _Origin, pull: Callable[..., Any]) -> Callable[..., Any]:
    """The pullback, whose cotangents are checked."""

    def checked(*dy: Array) -> Any:
        for a in dy:
            if np.isnan(a).any():
                raise NonFinite(f"the gradient that came to {name} {origin} holds nan: {_count(a)}")
        found = pull(*dy)
        for dx in found if type(found) is tuple else (found,):
            if dx is not None:
                _check(np.asarray(dx), dy, f"the gradient of {name} {origin} became {{}}: {{}}")
        return found

    return checked


def _check(value: Array, sources: Sequence[Array], text: str) -> None:
    """Raise if `value` has NaN, or an infinity that comes from finite sources."""
    if value.dtype.kind != "f" or np.isfinite(value).all():
        return
    bad = np.isnan(value)
    if not bad.any():
        if not all(np.isfinite(a).all() for a in sources):
            return
        bad = ~np.isfinite(value)
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    raise NonFinite(text.format(value[at], _count(value) + (f", the first at {list(at)}" if at else "")))


def _count(array: Array) -> str:
    n, size = array.size - int(np.isfinite(array).sum()), array.size
    return f"{n} of the {size} entries of shape {array.shape} {'is' if n == 1 else 'are'} not finite"


def _arrays(args: Sequence[Any]) -> Iterator[Array]:
    """The floating-point numbers and arrays among the arguments: what can bring NaN or infinity along."""
    for a in args:
        if isinstance(a, float) or (isinstance(a, np.ndarray | np.generic) and a.dtype.kind == "f"):
            yield np.asarray(a)
        elif isinstance(a, tuple | list):
            yield from _arrays(a)


class _Origin:
    """Where an operator ran forward: its module, as the path in the model that was called, and the user's line."""

    def __init__(self) -> None:
        self.modules: list[Any] = []
        self.line = ""
        frame = sys._getframe(2)
        while frame is not None:
            code = frame.f_code
            if code.co_filename == _MODULE and code.co_name == "__call__":
                self.modules.append(frame.f_locals["self"])
            elif not self.line and not code.co_filename.startswith((_PACKAGE, "<")):
                self.line = f"{Path(code.co_filename).name}, line {frame.f_lineno}"
            frame = frame.f_back  # type: ignore[assignment]

    def __str__(self) -> str:
        from chainrule.nn._errors import title

        place = f"of {title(self.modules[0], self.modules[-1])}" if self.modules else ""
        return f"{place} (called in {self.line})" if self.line else place
