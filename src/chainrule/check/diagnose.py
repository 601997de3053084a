"""What a wrong gradient usually is. Each hypothesis is tried on the arrays; none is guessed.

A hypothesis is a function of the case that returns the short name of the mistake and sentences about it, or None
where the numbers do not bear it out. The first that holds is told.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.check import mistakes, shapes
from chainrule.check.case import Case, Finding
from chainrule.check.contributions import missing_contributions
from chainrule.check.factors import scaled
from chainrule.check.formulas import right_formula
from chainrule.check.report import Diagnosis

__all__ = ["diagnose"]

Hypothesis = Callable[[Case], Finding | None]

VALUE: tuple[Hypothesis, ...] = (
    mistakes.beside_kinks,
    mistakes.zero,
    scaled,
    mistakes.exchanged,
    mistakes.rearranged,
    mistakes.operand,
    mistakes.expression,
    missing_contributions,
    mistakes.missing_mask,
    mistakes.left_out,
    mistakes.shifted,
    mistakes.derivative_at_output,
    mistakes.extra_term,
    mistakes.reordered,
    mistakes.unknown,
)
SHAPE: tuple[Hypothesis, ...] = (
    shapes.rearranged,
    shapes.missing_sum,
    shapes.summed_too_much,
    shapes.unknown,
)


def diagnose(case: Case) -> Diagnosis:
    """The first hypothesis that the numbers bear out, and the right formula if the numeric gradient has a known one."""
    hypotheses = SHAPE if case.comparison is None else VALUE
    mistake, text = next(found for hypothesis in hypotheses if (found := hypothesis(case)))
    return Diagnosis(case.name, mistake, text, right_formula(case))
