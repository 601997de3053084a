"""What is checked, as a function of arrays, and where the user's own code raised."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.check.numeric import Array, Setting
from chainrule.check.report import Broken, Words

__all__ = ["Differentiable", "Point", "Subject", "excerpt"]

Differentiable = Callable[..., tuple[Any, Any]]
"""f(*arrays) -> (value, pullback); a pullback is dy -> cotangent(s), or a tuple of functions, one for each array."""


@dataclass
class Subject:
    """A function of arrays and its pullback, the place where they are checked, and how to speak of them."""

    f: Differentiable
    inputs: list[Array]
    names: list[str]
    gradients: list[str]
    title: str
    setting: Setting
    words: Words = field(default_factory=Words)
    notes: list[str] = field(default_factory=list)
    takes_cotangent: bool = True
    inputs_first: int = 1 << 30
    """So many of the arrays are inputs; those after them are parameters."""
    batch: int = 1

    def value(self, *arrays: Array) -> Any:
        """f's value at copies of the arrays; a copy too, for f may use one array for all its outputs.

        (np.array, and not copy(): arithmetic makes NumPy scalars of arrays without axes.)
        """
        value = self.run(self.words.forward, self.f, *[np.array(a) for a in arrays])[0]
        return np.array(value) if isinstance(value, np.ndarray) else value

    def pull(self, u: Array, arrays: Sequence[Array] | None = None) -> list[Any]:
        """The cotangents of all arrays for the cotangent u of the value, at `arrays` or else at the inputs."""
        _, pullback = self.run(self.words.forward, self.f, *[np.array(a) for a in arrays or self.inputs])
        return self.cotangents(pullback, np.array(u))

    def cotangents(self, pullback: Any, u: Array) -> list[Any]:
        """One cotangent for each array, from a pullback in either of its forms."""
        if isinstance(pullback, tuple):
            found = [self.run(self.words.backward, pull, u) for pull in pullback]
        else:
            found = self.run(self.words.backward, pullback, u)
        listed = found if isinstance(found, tuple | list) else [found]
        return [np.array(g) if isinstance(g, np.ndarray) else g for g in listed]

    def run(self, who: str, f: Callable[..., Any], *args: Any) -> Any:
        """Call f; whatever it raises breaks the first rule."""
        try:
            return f(*args)
        except Broken:
            raise
        except Exception as error:
            raise Broken("raised", "", f"{who} raised {type(error).__name__}.\n{excerpt(error)}", error) from error


@dataclass
class Point:
    """What was found where the check is made: the value, its random cotangent u, the gradients for u."""

    y: Array
    u: Array
    gradients: list[Array]


def excerpt(error: BaseException) -> str:
    """Where the user's own code raised, and the message; our frames and the libraries' are left out."""
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if not _foreign(frame.filename):
            lines.append(f"  {Path(frame.filename).name}, line {frame.lineno}, in {frame.name}: {frame.line}")
    if isinstance(error, SyntaxError) and error.text:
        lines.append(f"  {Path(error.filename or '?').name}, line {error.lineno}: {error.text.strip()}")
    message = getattr(error, "msg", None) or str(error).strip() or "(no message)"
    return "\n".join([*lines[-3:], f"  {type(error).__name__}: {message}"])


def _foreign(filename: str) -> bool:
    path = Path(filename)
    package = Path(__file__).resolve().parents[1]
    return filename.startswith("<") or package in path.parents or "site-packages" in path.parts or "lib" in path.parts
