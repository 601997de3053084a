"""Which outputs' parts are missing from a gradient: one entry is taken apart, output by output.

An entry of a gradient is a sum over all outputs that its variable acts on: dx = Σⱼ deltaⱼ · ∂yⱼ/∂x. Differences give
each ∂yⱼ/∂x, and the pullback of a delta that is 1 at j and 0 elsewhere gives what backward makes of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chainrule.check.case import Case, Finding
from chainrule.check.numeric import Array
from chainrule.check.pattern import place
from chainrule.check.report import Broken
from chainrule.check.table import show_index

__all__ = ["missing_contributions"]

MOST = 256  # outputs that are looked at


def missing_contributions(case: Case) -> Finding | None:
    """Some outputs' parts are right and all others are missing: a loop that overwrites, or a sum that is cut short."""
    if case.comparison is None or case.y.shape != case.u.shape or not len(case.comparison.wrong(case.setting.tol)):
        return None
    at = np.unravel_index(case.comparison.index[case.comparison.worst], case.x.shape)
    slopes = _slopes(case, at)
    fed = np.argwhere(np.abs(slopes) > 1e-6 * np.abs(slopes).max())
    if len(fed) < 2:
        return None
    fed = _thinned(fed)
    try:
        given = np.array([case.pull(_one(case.u.shape, j))[at] for j in fed])
    except Broken:
        return None
    expected = slopes[tuple(fed.T)]
    right = np.abs(given - expected) <= 1e-4 * np.abs(expected)
    if right.all() or not right.any() or given[~right].any():
        return None
    return _told(case, tuple(int(i) for i in at), fed, right)


def _slopes(case: Case, at: tuple[np.intp, ...]) -> Array:
    """∂y/∂x[at], for every output."""
    step = np.zeros(case.x.shape)
    step[at] = case.setting.eps * max(1.0, abs(case.x[at]))
    slopes: Array = (case.along(case.x + step) - case.along(case.x - step)) / (2 * step[at])
    return slopes


def _thinned(fed: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """At most MOST of these outputs: every other index of the longest axis is left out, again and again.

    So a whole grid stays a whole grid, and what is missing from it can be told by axes.
    """
    while len(fed) > MOST:
        indices = [np.unique(column) for column in fed.T]
        axis = int(np.argmax([len(index) for index in indices]))
        kept = np.append(indices[axis][:-1:2], indices[axis][-1])
        fed = fed[np.isin(fed[:, axis], kept)]
    return fed


def _one(shape: tuple[int, ...], at: npt.NDArray[np.intp]) -> Array:
    delta = np.zeros(shape)
    delta[tuple(at)] = 1
    return delta


def _told(case: Case, at: tuple[int, ...], fed: npt.NDArray[np.intp], right: npt.NDArray[np.bool_]) -> Finding:
    reach = f"only {right.sum()} {'reaches' if right.sum() == 1 else 'reach'} {case.name}"
    text = f"Of {len(fed)} outputs that {case.variable}{show_index(at)} acts on, {reach}"
    axes = [i for i in range(fed.shape[1]) if len(set(fed[right, i])) < len(set(fed[:, i]))]
    where = ", ".join(f"{place(np.unique(fed[right, i]), case.y.shape[i])} of axis {i}" for i in axes)
    text += f": with {where} of y. " if where else ". "
    if not case.inputs_first:
        return "repeated index", text + (
            f"An index that occurs twice counts once in `{case.name}[i] += {case.delta}`: "
            f"use np.add.at({case.name}, i, {case.delta})."
        )
    if not case.is_input and case.batch > 1 and 0 in axes:
        samples = "only one sample counts" if len(set(fed[right, 0])) == 1 else "samples are left out"
        return "missing batch sum", text + f"So {samples}: add up over the whole batch (`+=` in the loop, not `=`)."
    if case.is_input and case.y.ndim > 2:
        return "overwritten", text + "Windows overlap there, and one overwrites the other: add them up (`+=`, not `=`)."
    return "missing sum", text + "The others are left out or overwritten: add up over all of them (`+=`, not `=`)."
