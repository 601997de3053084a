"""Hooks: functions that are told of values and gradients on their way, and may put others in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

__all__ = ["RemovableHandle", "register"]

Hooks = dict[int, Any]


class RemovableHandle:
    """Takes a hook back: `handle.remove()`, or at the end of `with handle:`."""

    def __init__(self, hooks: Hooks, key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Call the hook no more; removing it twice is no mistake."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def register(hooks: Hooks, hook: Callable[..., Any], entry: Any = None, prepend: bool = False) -> RemovableHandle:
    """Put `hook` (or `entry`, which holds it) behind the other hooks, or before them with `prepend`."""
    if not callable(hook):
        raise TypeError(f"a hook must be a function, not {type(hook).__name__}")
    key = max(hooks, default=-1) + 1
    others = list(hooks.items()) if prepend else []
    for other, _ in others:
        del hooks[other]
    hooks[key] = hook if entry is None else entry
    hooks.update(others)
    return RemovableHandle(hooks, key)
