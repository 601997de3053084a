"""The check itself, on plain arrays: the rules in order, the numbers, the report.

It needs no tape. Whatever can be written as `f(*arrays) -> (value, pullback)` is checked here: the reference of a
primitive, a function of Tensors (`gradcheck`), a module, a hand-written layer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.check.diagnose import diagnose
from chainrule.check.formulas import right_formula
from chainrule.check.numeric import Array, Comparison, Setting, compare, generator
from chainrule.check.report import Broken, Diagnosis, Report, row_of
from chainrule.check.rules import case_of, observe
from chainrule.check.subject import Differentiable, Point, Subject

__all__ = ["Progress", "argument_names", "check", "check_pullback"]

Progress = Callable[[str, int, int], None]
"""Told the gradient's name, how many of its coordinates have been looked at, and of how many."""


def check_pullback(
    f: Differentiable,
    inputs: Sequence[npt.ArrayLike],
    *,
    names: Sequence[str] | None = None,
    eps: float = 1e-6,
    tol: float = 1e-6,
    seed: int = 0,
    limit: int = 1000,
) -> Report:
    """Check f(*inputs) -> (value, pullback) on plain arrays: the form that the reference of a primitive has.

    The pullback is a function dy ↦ cotangent(s), or a tuple with one function for each input. The rules, the other
    arguments, the errors and the report are those of `gradcheck`.
    """
    arrays = [np.array(x, np.float64) for x in inputs]
    names = list(names) if names is not None else argument_names(f, len(arrays))
    if len(names) != len(arrays):
        raise ValueError(f"check_pullback: {len(arrays)} inputs, but {len(names)} names: {', '.join(names)}")
    title = getattr(f, "__name__", type(f).__name__)
    setting = Setting(eps, tol, seed, limit)
    return check(Subject(f, arrays, names, [f"d{name}" for name in names], title, setting))


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of f's first arguments, or x0, x1, ... where they have none."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(named) >= count:
        return named[:count]
    return ["x"] if count == 1 else [f"x{i}" for i in range(count)]


def check(subject: Subject, progress: Progress | None = None) -> Report:
    """Check the rules in order, and report the first that failed."""
    comparisons: list[Comparison] = []
    diagnoses: list[Diagnosis] = []
    broken: Broken | None = None
    try:
        point = observe(subject, diagnoses)
        for k in range(len(subject.inputs)):
            comparisons.append(_compare(subject, point, k, progress))
        _judge(subject, point, comparisons, diagnoses)
        _linear(subject, point)
    except Broken as caught:
        broken = caught
        if caught.rule in ("raised", "wrong type"):
            diagnoses += _known_formulas(subject)
    rows = zip(subject.gradients, comparisons, strict=False)
    return Report(
        subject=subject.title,
        rows=tuple(row_of(name, comparison, subject.setting.tol) for name, comparison in rows),
        setting=subject.setting,
        rule=broken.rule if broken else "",
        name=broken.name if broken else "",
        text=broken.text if broken else "",
        diagnoses=tuple(diagnoses),
        notes=tuple(subject.notes),
        words=subject.words,
        cause=broken.cause if broken else None,
    )


def _known_formulas(subject: Subject) -> list[Diagnosis]:
    """The right formulas that the forward pass alone tells, for a backward pass that gave nothing."""
    try:
        y = np.asarray(subject.value(*subject.inputs), np.float64)
        u = generator(subject.setting.seed, "cotangent").standard_normal(y.shape)
        point = Point(y, u, [np.zeros(x.shape) for x in subject.inputs])
        small = [k for k, x in enumerate(subject.inputs) if x.size <= subject.setting.limit]
        known = {subject.gradients[k]: right_formula(case_of(subject, point, k, None)) for k in small}
    except (Broken, TypeError, ValueError):
        return []
    return [Diagnosis(name, "formula known", "", formula) for name, formula in known.items() if formula]


def _compare(subject: Subject, point: Point, k: int, progress: Progress | None) -> Comparison:
    def f(x: Array) -> Array:
        return np.asarray(subject.value(*subject.inputs[:k], x, *subject.inputs[k + 1 :]))

    def tell(done: int, total: int) -> None:
        if progress:
            progress(subject.gradients[k], done, total)

    return compare(f, subject.inputs[k], point.y, point.u, point.gradients[k], subject.setting, tell)


def _judge(subject: Subject, point: Point, comparisons: list[Comparison], found: list[Diagnosis]) -> None:
    """The rule on values, and that the edge of a domain and kinks leave something to compare."""
    tol = subject.setting.tol
    for k, c in enumerate(comparisons):
        if not c.finite:
            raise _at_an_edge(subject, k)
    lost = [k for k, c in enumerate(comparisons) if c.lost(tol)]
    wrong = [k for k, c in enumerate(comparisons) if c.greatest > tol and k not in lost]
    for k in wrong:
        found.append(diagnose(case_of(subject, point, k, comparisons[k])))
    if wrong:
        worst = max(wrong, key=lambda k: comparisons[k].greatest)
        raise Broken("wrong value", subject.gradients[worst], _told(subject, comparisons, wrong))
    for k in lost:
        name, variable = subject.gradients[k], subject.names[k]
        text = f"{variable} lies on so many kinks that {name} cannot be compared."
        raise Broken("too many kinks", name, f"{text} Take an input off the kinks: random, without zeros and ties.")


def _at_an_edge(subject: Subject, k: int) -> Broken:
    name, variable, forward = subject.gradients[k], subject.names[k], subject.words.forward
    text = f"the value of {forward} is not finite one step from {variable}, so that {name} cannot be compared."
    return Broken("not finite", name, f"{text} Move {variable} off the edge of what {forward} can take.")


def _told(subject: Subject, comparisons: list[Comparison], wrong: list[int]) -> str:
    parts = []
    for k in wrong:
        number = len(comparisons[k].wrong(subject.setting.tol))
        where = f"at {number} of {len(comparisons[k].index)} coordinates" if number else "along a random direction"
        parts.append(f"{subject.gradients[k]} is wrong {where}")
    right = [name for k, name in enumerate(subject.gradients) if k not in wrong]
    text = "; ".join(parts) + "."
    return f"{text} Right: {', '.join(right)}." if right else text


def _linear(subject: Subject, point: Point) -> None:
    """g(2u + v) = 2·g(u) + g(v): a pullback is a linear function of its cotangent."""
    if not subject.takes_cotangent:
        return
    w = subject.words
    v = generator(subject.setting.seed, "linear").standard_normal(point.u.shape)
    alone, both = subject.pull(v), subject.pull(2 * point.u + v)
    for name, g, other, total in zip(subject.gradients, point.gradients, alone, both, strict=True):
        expected = 2 * g + np.asarray(other)
        error = float(np.abs(np.asarray(total) - expected).max(initial=0))
        if not error <= 1e-9 * float(np.abs(expected).max(initial=0)) + 1e-12:  # NaN is no equality
            text = (
                f"{name} must be linear in {w.cotangent}: {w.backward} of 2u + v has to give twice that of u plus that "
                f"of v, and is off by {error:.3g}. Does it clip, normalise, square or compare {w.cotangent}?"
            )
            raise Broken("not linear", name, text)
