"""What a check found: a row for each gradient, the first rule that failed, and what the mistake usually is."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace

import numpy as np
from rich.console import Console, RenderableType

from chainrule.check.numeric import DIRECTIONS, Comparison, Setting

__all__ = ["RULES", "Broken", "Diagnosis", "GradientError", "Report", "Row", "Words", "row_of"]

RULES = (
    "raised",
    "wrong type",
    "wrong shape",
    "float32 used",
    "not finite",
    "not deterministic",
    "changed in place",
    "wrong value",
    "too many kinks",
    "not linear",
)
"""What is checked, in this order; a report names the first rule that failed."""


class GradientError(AssertionError):
    """A gradient check failed; the message is the whole report."""


class Broken(Exception):
    """A rule that failed, on its way to the report: one of RULES, the gradient concerned ("" for none), in words."""

    def __init__(self, rule: str, name: str, text: str, cause: BaseException | None = None) -> None:
        super().__init__(text)
        self.rule, self.name, self.text, self.cause = rule, name, text, cause


@dataclass(frozen=True)
class Words:
    """What the two functions and the cotangent are called in messages."""

    forward: str = "f"
    backward: str = "the pullback"
    cotangent: str = "dy"
    if_random: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with one gradient: the mistake's short name, one to three sentences, the right formula if known."""

    name: str
    mistake: str
    text: str
    formula: str = ""


@dataclass(frozen=True)
class Row:
    """One gradient: its greatest errors, where the relative one is, and the two values there."""

    name: str
    shape: tuple[int, ...]
    passed: bool
    relative: float
    absolute: float
    where: tuple[int, ...] | None
    analytic: float
    numeric: float
    kinks: tuple[tuple[int, ...], ...]
    looked_at: int
    directions: int
    tiny: float

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return int(np.prod(self.shape))


def row_of(name: str, comparison: Comparison, tol: float) -> Row:
    """The row of one comparison."""
    shape, kinks = comparison.analytic.shape, comparison.index[comparison.kinks]
    row = Row(
        name=name, shape=shape, passed=comparison.greatest <= tol and not comparison.lost(tol),
        relative=comparison.greatest, absolute=float(comparison.absolute.max(initial=0)),
        where=None, analytic=0.0, numeric=0.0,
        kinks=tuple(_index(i, shape) for i in kinks),
        looked_at=len(comparison.index), directions=0 if comparison.complete else DIRECTIONS, tiny=comparison.tiny,
    )  # fmt: skip
    if not len(comparison.index) or comparison.kinks.all():
        return row
    at, where = comparison.estimates[comparison.worst], _index(comparison.index[comparison.worst], shape)
    return replace(row, where=where, analytic=at.analytic, numeric=at.numeric)


def _index(flat: int | np.int64, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(flat), shape))


@dataclass(frozen=True)
class Report:
    """The outcome of a check; true when it passed. `print(report)` shows the table, the rule and the diagnosis."""

    subject: str
    rows: tuple[Row, ...]
    setting: Setting
    rule: str = ""
    """The first of RULES that failed; "" when all held."""
    name: str = ""
    """The gradient on which it failed; "" where it was none in particular."""
    text: str = ""
    """What failed, in one or two sentences."""
    diagnoses: tuple[Diagnosis, ...] = ()
    notes: tuple[str, ...] = ()
    words: Words = Words()
    cause: BaseException | None = field(default=None, repr=False)

    @property
    def passed(self) -> bool:
        """Whether every rule held."""
        return not self.rule

    def __bool__(self) -> bool:
        return self.passed

    def __getitem__(self, name: str) -> Row:
        """The row of one gradient."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no gradient '{name}' in this report; it has {', '.join(row.name for row in self.rows)}")

    def raise_if_failed(self) -> Report:
        """Raise GradientError with the whole report unless the check passed; returns the report itself."""
        if not self.passed:
            raise GradientError("\n" + str(self)) from self.cause
        return self

    def __str__(self) -> str:
        text = io.StringIO()
        Console(file=text, width=78, color_system=None, highlight=False).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def __rich__(self) -> RenderableType:
        from chainrule.check.table import render

        return render(self)
