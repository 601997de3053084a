"""Hypotheses about a gradient of the right shape with wrong values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from chainrule.check.case import Case, Finding, close
from chainrule.check.formulas import recognise
from chainrule.check.numeric import Array
from chainrule.check.pattern import region

__all__ = ["orders", "turned"]

Axes = tuple[int, ...]


def zero(case: Case) -> Finding | None:
    """Nothing was ever put in."""
    if case.analytic.any():
        return None
    text = "Was it only prepared (np.zeros) and never filled, or put into a local variable?"
    return "zero", f"{case.name} is zero everywhere. {text}"


def beside_kinks(case: Case) -> Finding | None:
    """Wrong at kinks only."""
    c = case.comparison
    if c is None or not all(c.estimates[i].beside for i in c.wrong(case.setting.tol)):
        return None
    return "kink", (
        f"{case.name} is wrong only where {case.forward} has a kink (a ReLU at 0, a tie in max-pooling): it does not "
        "lie between the slopes of the two sides. In one layer that is a mistake. Where several functions with kinks "
        f"are chained, it need not be one: then take {case.variable} off the kinks, random and without ties, and check "
        "again."
    )


# ---------------------------------------------------------------------------------------------- order of the entries


def rearranged(case: Case) -> Finding | None:
    """The right numbers, but transposed or with an axis reversed."""
    for axes in orders(case.analytic):
        if case.right(case.analytic.transpose(axes)):
            return "transposed", f"{case.name} is transposed: {turned(case.name, axes)} is right."
    for axes in _reversals(case.analytic):
        if case.right(np.flip(case.analytic, axes)):
            cut = ",".join("::-1" if i in axes else ":" for i in range(case.analytic.ndim))
            text = "Correlation and convolution are mixed up: a kernel is turned where it should not be, or is not."
            return "flipped", f"{case.name} is {_reversed(axes)}: {case.name}[{cut}] is right. {text}"
    return None


def operand(case: Case) -> Finding | None:
    """Another array enters transposed or flipped: with it turned, backward gives the right gradient."""
    for k, other in enumerate(case.inputs):
        if k == case.k or other.ndim < 2:
            continue
        name = case.names[k]
        for axes in orders(other):
            if other.transpose(axes).shape == other.shape and _right_with(case, k, other.transpose(axes)):
                text = f"{case.name} would be right with {turned(name, axes)} in place of {name}"
                return "transposed", f"{text}: {case.backward} takes {name} transposed, or forgets to."
        for axes in _reversals(other):
            if _right_with(case, k, np.flip(other, axes)):
                return "flipped", (
                    f"{case.name} would be right with {name} {_reversed(axes)}. If {case.forward} correlates x with "
                    f"{name}, {case.backward} correlates {case.delta} with the turned {name}, and the other way round."
                )
    return None


def _right_with(case: Case, k: int, array: Array) -> bool:
    found = case.rerun(k, np.ascontiguousarray(array))
    return found is not None and not close(found, case.analytic) and case.right(found)


def exchanged(case: Case) -> Finding | None:
    """The gradient of another array, given as this one's."""
    for other, gradient in zip(case.titles, case.gradients, strict=True):
        if other != case.name and case.right(gradient):
            text = f"{case.backward} gives the right {case.name} as {other}: the two are exchanged."
            return "exchanged", text
    return None


def shifted(case: Case) -> Finding | None:
    """Right, but one place too far along an axis."""
    for axis, step in itertools.product(range(case.analytic.ndim), (1, -1)):
        if case.analytic.shape[axis] > 2 and case.right(np.roll(case.analytic, step, axis)):
            return "shifted", f"{case.name} is right but shifted by one along axis {axis}: an index is off by one."
    return None


def reordered(case: Case) -> Finding | None:
    """The right numbers in the wrong places."""
    if case.numeric is None or case.x.size < 3:
        return None
    if not close(np.sort(case.analytic, axis=None), np.sort(case.numeric, axis=None), 1e-7):
        return None
    text = "a reshape where a transpose is needed (reshape never moves an axis), or axes in another order."
    return "reordered", f"{case.name} holds the right numbers in the wrong places: {text}"


def orders(a: Array) -> Iterator[Axes]:
    """Every order of the axes but their own, for two to four axes."""
    return itertools.islice(itertools.permutations(range(a.ndim)), 1, None) if 2 <= a.ndim <= 4 else iter(())


def turned(name: str, axes: Axes) -> str:
    """How to write a transposed array."""
    return f"{name}.T" if axes == (1, 0) else f"{name}.transpose{axes}"


def _reversals(a: Array) -> Iterator[Axes]:
    """Two axes at once, the last two first; then one alone."""
    pairs = itertools.combinations(reversed(range(a.ndim)), 2)
    return itertools.chain((tuple(sorted(pair)) for pair in pairs), ((axis,) for axis in range(a.ndim)))


def _reversed(axes: Axes) -> str:
    return "rotated by 180 degrees" if len(axes) == 2 else f"reversed along axis {axes[0]}"


# ---------------------------------------------------------------------------------------------- formulas


def expression(case: Case) -> Finding | None:
    """A gradient whose own (wrong) formula is known."""
    yours = recognise(case)
    alone = f", without {case.delta}"
    if not yours:
        return None
    if yours == case.delta:
        text = f"The derivative of {case.forward} is missing as a factor (the chain rule)."
        return "missing derivative", f"{case.name} is {yours} itself, unchanged. {text}"
    if yours.endswith(alone):
        text = f"the derivative alone. Multiply it by {case.delta} (the chain rule)."
        return "missing delta", f"{case.name} is {yours.removesuffix(alone)}: {text}"
    return "formula", f"{case.backward} computes {case.name} = {yours}; that is not the derivative of {case.forward}."


def derivative_at_output(case: Case) -> Finding | None:
    """f'(y) where f'(x) belongs, measured by differences at y."""
    if case.y.shape != case.x.shape or case.u.shape != case.y.shape:
        return None
    h = case.setting.eps
    slope = (case.along(case.y + h) - case.along(case.y - h)) / (2 * h)
    if not close(case.u * slope, case.analytic, 1e-6):
        return None
    text = f"takes the derivative of {case.forward} at the output y in place of the input {case.variable}"
    return "derivative at the output", f"{case.name} {text}: the stored y is put through the derivative."


def extra_term(case: Case) -> Finding | None:
    """The right gradient plus a multiple of the array itself, or of delta."""
    if case.numeric is None:
        return None
    rest = case.analytic - case.numeric
    for name, array in ((case.variable, case.x), (case.delta, case.u)):
        if array.shape != rest.shape or not array.any():
            continue
        c = float(np.vdot(rest, array) / np.vdot(array, array))
        if abs(c) > 1e-4 and case.right(case.analytic - c * array):
            text = "Weight decay belongs to the loss or the update." if array is case.x else "Where does it come from?"
            return "extra term", f"{case.name} is the right gradient plus {c:.6g} * {name}. {text}"
    return None


# ---------------------------------------------------------------------------------------------- zeros


def missing_mask(case: Case) -> Finding | None:
    """Values where the output does not depend on the input at all."""
    off, on = _dependence(case)
    extra = off & (case.analytic != 0)
    if case.numeric is None or not extra.any() or not on.any():
        return None
    ratio = case.analytic[on] / case.numeric[on]
    if np.ptp(ratio) > 1e-4 * abs(ratio[0]) or ratio[0] == 0:
        return None
    even = "" if np.isclose(ratio[0], 1) else f" Elsewhere it is {ratio[0]:.4g} times the right value: spread evenly?"
    return "missing mask", (
        f"{case.name} passes something on at {int(extra.sum())} coordinates on which the output of {case.forward} does "
        f"not depend.{even} A mask is missing: a ReLU passes {case.delta} on only where x > 0, a max-pool only to "
        "where the maximum is."
    )


def left_out(case: Case) -> Finding | None:
    """Zeros where the output does depend on the input; the rest is right."""
    _, on = _dependence(case)
    empty = on & (case.analytic == 0)
    if case.numeric is None or not empty.any() or not case.right(np.where(empty, case.numeric, case.analytic)):
        return None
    return "left out", (
        f"{int(empty.sum())} of the {empty.size} entries of {case.name} are zero and should not be: {region(empty)}. "
        "The others are right. A loop that ends too early (range(n - 1)), or a slice that leaves out an edge?"
    )


def _dependence(case: Case) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the numeric gradient is 0, and where it is not; kinks are neither."""
    if case.numeric is None or case.comparison is None:
        return np.zeros(case.x.shape, bool), np.zeros(case.x.shape, bool)
    size, kinks = np.abs(case.numeric), case.comparison.kinks.reshape(case.x.shape)
    off = size <= 1e-7 * size.max(initial=0)
    return off & ~kinks, ~off & ~kinks


def unknown(case: Case) -> Finding:
    """No hypothesis holds: say where the wrong entries are."""
    text = f"None of the usual mistakes explains {case.name}."
    c = case.comparison
    if c is not None and case.ordered and len(c.wrong(case.setting.tol)) != case.x.size:
        wrong = np.zeros(case.x.size, bool)
        wrong[c.wrong(case.setting.tol)] = True
        where = region(wrong.reshape(case.x.shape))
        text += f" {int(wrong.sum())} of its {wrong.size} entries are wrong; {where}."
    return "unknown", (
        f"{text} Take a case so small that you can compute {case.name} by hand (one sample, one channel, a "
        f"{case.delta} that is zero but for one 1), and compare."
    )
