"""Watchers: functions that every primitive runs through while they are there. Without one, operators run bare.

A watcher is given an operator's name and its forward function, and returns the function to run in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.autograd import Forward

__all__ = ["Watcher", "begin", "end"]

Watcher = Callable[[str, "Forward"], "Forward"]
_watchers: list[Watcher] = []


def begin(watcher: Watcher) -> None:
    """Let every primitive run through `watcher`, around those that are there already."""
    _watchers.append(watcher)
    _apply()


def end(watcher: Watcher) -> None:
    """As it was before `begin(watcher)`."""
    _watchers.remove(watcher)
    _apply()


def _apply() -> None:
    from chainrule.autograd import PRIMITIVES

    for operator in list(PRIMITIVES.values()):
        operator.watch(*_watchers)
