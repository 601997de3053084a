"""The gradient-check table that a lab shows before it trusts its layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.check import Report
from chainrule.check.gradcheck import gradcheck_module
from chainrule.report import Table

__all__ = ["gradient_table", "report_table"]


def gradient_table(cases: Sequence[tuple[Any, tuple[int, ...]]], seed: int) -> tuple[Table, float]:
    """Check chainrule's modules, each with the shape of an input, against central differences in float64.

    Returns a row for each gradient, and the greatest relative error of all: infinite if a check failed on another rule.
    """
    rng = np.random.default_rng(seed)
    reports = [(type(module).__name__, gradcheck_module(module, rng.standard_normal(shape))) for module, shape in cases]
    return report_table(reports)


def report_table(reports: Sequence[tuple[str, Report]]) -> tuple[Table, float]:
    """The same of checks that were made already, each with the name of what was checked."""
    table = Table(
        ("Layer", "Gradient", "Shape", "Compared", "At kinks", "Greatest relative error", "Right"),
        [
            (
                name,
                row.name,
                " × ".join(map(str, row.shape)),
                row.looked_at - len(row.kinks),
                len(row.kinks),
                f"{row.relative:.1e}",
                row.passed,
            )
            for name, report in reports
            for row in report.rows
        ],
    )
    errors = [row.relative for _, report in reports for row in report.rows]
    return table, max(errors) if all(report for _, report in reports) else np.inf
