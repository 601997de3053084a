"""Hypotheses about a gradient of the wrong shape."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from chainrule.check.case import Case, Finding, close
from chainrule.check.mistakes import Axes, orders, turned
from chainrule.check.numeric import Array

__all__: list[str] = []


def rearranged(case: Case) -> Finding | None:
    """Transposed, or only in need of a reshape."""
    a = case.analytic
    for axes in orders(a):
        if case.right(a.transpose(axes)):
            return "transposed", f"{case.name} is transposed: {turned(case.name, axes)} is right."
    if a.size == case.x.size and case.right(a.reshape(case.x.shape)):
        text = "Is an axis of length 1 too many or too few (keepdims=True)?"
        return "reshape", (
            f"The numbers are right, only their shape is not: {case.name}.reshape({case.variable}.shape) is right. "
            + text
        )
    return None


def missing_sum(case: Case) -> Finding | None:
    """An axis is left that should be summed over: usually the batch."""
    a = case.analytic
    for axes in _axes(a):
        total, mean = np.asarray(a.sum(axis=axes)), np.asarray(a.mean(axis=axes))
        if total.size == case.x.size:
            for what, array in (("sum", total), ("mean", mean)):
                if case.right(array.reshape(case.x.shape)):
                    return _missing(case, axes, what)
    return None


def _missing(case: Case, axes: Axes, what: str) -> Finding:
    batch = axes[0] == 0 and case.batch > 1 and len(case.analytic) == case.batch
    over = f"axis {_written(axes)}"
    if batch:
        over = "the batch" if len(axes) == 1 else "the batch and the positions"
    elif len(axes) == case.y.ndim - 2:
        over = f"the positions (axes {_written(axes)})"
    return "missing batch sum" if batch else "missing sum", (
        f"The {what} over {over} is missing: {case.name} still has an entry for each. {case.variable} acts on all of "
        f"them, so their gradients add up: {case.name}.{what}(axis={_written(axes)}) is right."
    )


def summed_too_much(case: Case) -> Finding | None:
    """Summed over an axis that belongs to the gradient."""
    if case.numeric is None:
        return None
    for axes, keep in itertools.product(_axes(case.numeric), (False, True)):
        if close(np.asarray(case.numeric.sum(axis=axes, keepdims=keep)), case.analytic, 1e-6):
            text = f"is summed over axis {_written(axes)} of {case.variable} as well, which must stay"
            return "summed too much", f"{case.name} {text}: sum over the axes that {case.variable} does not have."
    return None


def unknown(case: Case) -> Finding:
    """No hypothesis holds."""
    return "shape", (
        f"A gradient says how the loss changes with each entry of {case.variable}, so it has the shape of "
        f"{case.variable}: {case.x.shape}."
    )


def _axes(a: Array) -> Iterator[Axes]:
    return itertools.chain.from_iterable(itertools.combinations(range(a.ndim), n) for n in range(1, a.ndim + 1))


def _written(axes: Axes) -> str:
    return str(axes[0]) if len(axes) == 1 else str(axes)
