"""One wrong gradient, and everything a hypothesis about it may ask: arrays, and the two functions themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.check.numeric import Array, Comparison, Setting, differentiate
from chainrule.check.report import Broken

__all__ = ["Case", "Finding", "close"]

Finding = tuple[str, str]
"""What a hypothesis found: the short name of the mistake, and sentences about it."""


@dataclass
class Case:
    """The gradient `name` with respect to inputs[k], for the cotangent u of the value y.

    `comparison` is None for a gradient of the wrong shape. `gradients` are those of all inputs, named `titles`. The
    first `inputs_first` arrays are inputs, the others parameters; `batch` is the number of samples. `forward`,
    `backward` and `delta` are what the user calls the two functions and the cotangent.
    """

    name: str
    k: int
    names: list[str]
    inputs: list[Array]
    y: Array
    u: Array
    analytic: Array
    comparison: Comparison | None
    setting: Setting
    value: Callable[..., Any]
    pull: Callable[..., Array]
    gradients: list[Array]
    titles: list[str]
    batch: int
    inputs_first: int
    forward: str
    backward: str
    delta: str

    @property
    def x(self) -> Array:
        """The array with respect to which the gradient is wrong."""
        return self.inputs[self.k]

    @property
    def variable(self) -> str:
        """The name of that array."""
        return self.names[self.k]

    @property
    def is_input(self) -> bool:
        """Whether it is an input; else it is a parameter."""
        return self.k < self.inputs_first

    @property
    def ordered(self) -> bool:
        """Whether every coordinate was measured, in order."""
        c = self.comparison
        return c is not None and np.array_equal(c.index, np.arange(self.x.size))

    @cached_property
    def numeric(self) -> Array | None:
        """The numeric gradient, or None where the array is too large to have measured all of it."""
        if self.comparison is None:
            return differentiate(self.along, self.x, self.u, self.setting)
        return self.comparison.numeric.reshape(self.x.shape) if self.ordered else None

    def along(self, x: Array) -> Array:
        """The value as a function of this array alone."""
        return np.asarray(self.value(*self.inputs[: self.k], x, *self.inputs[self.k + 1 :]), np.float64)

    def right(self, candidate: Array) -> bool:
        """Whether a candidate agrees with everything that was measured."""
        if candidate.shape != self.x.shape:
            return False
        if self.comparison is not None:
            return self.comparison.fits(candidate, self.setting.tol)
        return self.numeric is not None and close(candidate, self.numeric, 1e-6)

    def rerun(self, k: int, array: Array) -> Array | None:
        """What backward gives for this array when another input is replaced; None if it cannot."""
        arrays = [array if i == k else a for i, a in enumerate(self.inputs)]
        try:
            return self.pull(self.u, arrays)
        except (Broken, ValueError, TypeError):
            return None


def close(a: Array, b: Array, rtol: float = 1e-9) -> bool:
    """Whether two arrays of one shape are equal but for rounding, relative to the greatest entry."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return False
    return bool(np.abs(a - b).max(initial=0) <= rtol * max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)))
