"""The rules that need no numbers to compare with: types, shapes, float64, the same result twice, nothing changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.check.case import Case
from chainrule.check.diagnose import diagnose
from chainrule.check.numeric import Array, Comparison, generator
from chainrule.check.report import Broken, Diagnosis, Words
from chainrule.check.subject import Point, Subject
from chainrule.check.table import show_index

__all__ = ["case_of", "observe"]

AnyArray = npt.NDArray[Any]

UPDATE = "It only computes gradients; the update (w -= lr * dw) belongs to the training loop, after the backward pass."
FLOAT64 = (
    "Finite differences drown in its rounding. Let the code take the dtype of its input: "
    "np.zeros(shape, dtype=x.dtype), no astype(np.float32)."
)


def observe(subject: Subject, found: list[Diagnosis]) -> Point:
    """Run f and its pullback twice, and check the rules in order."""
    w = subject.words
    arrays = [a.copy() for a in subject.inputs]
    raw, pullback = subject.run(w.forward, subject.f, *arrays)
    y = _array(raw, w.forward, "")
    u = np.ones(y.shape)
    if subject.takes_cotangent:
        u = generator(subject.setting.seed, "cotangent").standard_normal(y.shape)
    changed = _changed(subject, arrays, w.forward)
    given = u.copy()
    gradients = _gradients(subject, subject.cotangents(pullback, given))
    _shapes(subject, gradients, y, u, found)
    _precision(subject, y, gradients)
    _finite(subject, y, gradients)
    _repeats(subject, y, u, gradients, found)
    _unchanged(subject, changed or _changed(subject, arrays, w.backward), u, given)
    return Point(y, u, gradients)


def case_of(subject: Subject, point: Point, k: int, comparison: Comparison | None) -> Case:
    """All that a diagnosis of the gradient of input k may ask."""

    def pull(u: Array, arrays: list[Array] | None = None) -> Array:
        return np.asarray(subject.pull(u, arrays)[k], np.float64)

    w = subject.words
    return Case(
        subject.gradients[k], k, subject.names, subject.inputs, point.y, point.u, point.gradients[k], comparison,
        subject.setting, subject.value, pull, point.gradients, subject.gradients, subject.batch, subject.inputs_first,
        w.forward, w.backward, w.cotangent,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- types and shapes


def _array(value: Any, who: str, name: str) -> AnyArray:
    """The value as an array of floats; anything else breaks the rule on types."""
    what = f"{who} gave as {name}" if name else f"{who} returned"
    if value is None:
        raise Broken("wrong type", name, f"{what} None." + ("" if name else " Does it end without `return`?"))
    if not isinstance(value, np.ndarray | float | np.floating):
        raise Broken("wrong type", name, f"{what} a {type(value).__name__}, not an array of floats.")
    array = np.array(value)
    if array.dtype.kind != "f":
        raise Broken("wrong type", name, f"{what} an array of {array.dtype}, not of floats.")
    return array


def _gradients(subject: Subject, found: list[Any]) -> list[AnyArray]:
    w, due = subject.words, ", ".join(subject.gradients)
    if len(found) == 1 and found[0] is None:
        raise Broken("wrong type", "", f"{w.backward} returned None; due: {due}. Does it end without `return`?")
    if len(found) != len(subject.gradients):
        text = f"{w.backward} gave {len(found)} gradients, {len(subject.gradients)} are due: {due}."
        raise Broken("wrong type", "", text)
    return [_array(g, w.backward, name) for g, name in zip(found, subject.gradients, strict=True)]


def _shapes(subject: Subject, gradients: list[AnyArray], y: Array, u: Array, found: list[Diagnosis]) -> None:
    for k, (gradient, x) in enumerate(zip(gradients, subject.inputs, strict=True)):
        if gradient.shape == x.shape:
            continue
        if x.size <= subject.setting.limit:
            found.append(diagnose(case_of(subject, Point(y, u, gradients), k, None)))
        name, variable = subject.gradients[k], subject.names[k]
        text = f"{name} has the shape {gradient.shape}, but {variable} has {x.shape}; they must be equal."
        raise Broken("wrong shape", name, text)


# ---------------------------------------------------------------------------------------------- precision


def _precision(subject: Subject, y: AnyArray, gradients: list[AnyArray]) -> None:
    """float32 anywhere: in a result, or rounded to on the way."""
    for name, array in _named(subject, y, gradients):
        if array.dtype != np.float64:
            what = name or f"the value of {subject.words.forward}"
            text = f"{what} is {array.dtype}, though all that went in was float64."
            raise Broken("float32 used", name, f"{text} {FLOAT64}")
    for k, name in enumerate(subject.names):
        if _blind(subject, k, y):
            text = f"{subject.words.forward} does not see a change of {name} in the 11th digit: it rounds to float32."
            raise Broken("float32 used", subject.gradients[k], f"{text} {FLOAT64}")


def _named(subject: Subject, y: AnyArray, gradients: list[AnyArray]) -> list[tuple[str, AnyArray]]:
    return [("", y), *zip(subject.gradients, gradients, strict=True)]


def _blind(subject: Subject, k: int, y: Array) -> bool:
    """Whether outputs that react to a change of 1e-3 overlook one of 1e-11, which float64 resolves easily."""
    x = subject.inputs[k]
    v = generator(subject.setting.seed, "precision").uniform(0.5, 1, x.shape) * np.maximum(np.abs(x), 0.1)

    def change(h: float) -> Array:
        arrays = [x + h * v if i == k else a for i, a in enumerate(subject.inputs)]
        return np.asarray(np.abs(np.asarray(subject.value(*arrays)) - y))

    seen = (change(1e-3) > 1e-4 * np.abs(y)) & (change(1e-6) > 0)  # a step function sees neither
    return bool(seen.any()) and float(np.mean(change(1e-11)[seen] == 0)) > 0.75


def _finite(subject: Subject, y: Array, gradients: list[AnyArray]) -> None:
    for name, array in _named(subject, y, gradients):
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            at = tuple(int(i) for i in bad[0])
            what = name or f"the value of {subject.words.forward}"
            text = f"{what} is {array[at]} at {show_index(at)}; {len(bad)} of {array.size} entries are not finite."
            raise Broken("not finite", name, text)


# ---------------------------------------------------------------------------------------------- from call to call


def _repeats(subject: Subject, y: Array, u: Array, first: list[AnyArray], found: list[Diagnosis]) -> None:
    """The same call with the same arguments must give the same."""
    w = subject.words
    value, pullback = subject.run(w.forward, subject.f, *[a.copy() for a in subject.inputs])
    if not _same(value, y):
        text = f"It draws random numbers (dropout?), or it carries something over from call to call.{w.if_random}"
        found.append(Diagnosis("", "random", text))
        raise Broken("not deterministic", "", f"{w.forward}, called twice with the same arguments, gave two values.")
    for name, g, again in zip(subject.gradients, first, subject.cotangents(pullback, u.copy()), strict=True):
        if not _same(again, g):
            if _same(again, 2 * g):
                found.append(_accumulated(name, w))
            text = f"{w.backward}, called twice with the same arguments, gave two values of {name}."
            raise Broken("not deterministic", name, text)


def _same(a: Any, b: AnyArray) -> bool:
    if np.shape(a) != b.shape:
        return False
    return bool(np.allclose(a, b, rtol=1e-10, atol=1e-12 * float(np.abs(b).max(initial=0))))


def _accumulated(name: str, words: Words) -> Diagnosis:
    return Diagnosis(name, "accumulated", (
        f"{name} is exactly twice as large after the second call: it is added to what the call before left there. "
        f"Start from zero in {words.backward}: `{name} = ...`, or `{name}[...] = 0` before the `+=`. If gradients "
        "shall add up, give the layer a method zero_grad(); the check then calls it before each backward pass."
    ))  # fmt: skip


def _changed(subject: Subject, arrays: list[Array], who: str) -> Broken | None:
    """The first of the given arrays that is not what it was."""
    for k, (now, before) in enumerate(zip(arrays, subject.inputs, strict=True)):
        if not np.array_equal(now, before):
            name, by = subject.names[k], float(np.abs(now - before).max())
            advice = UPDATE if k >= subject.inputs_first else f"It may only read {name}; work on a copy: {name}.copy()."
            text = f"{who} changes {name} itself, by up to {by:.3g}. {advice}"
            return Broken("changed in place", subject.gradients[k], text)
    return None


def _unchanged(subject: Subject, changed: Broken | None, u: Array, given: Array) -> None:
    w = subject.words
    if changed:
        raise changed
    if not np.array_equal(u, given):
        text = f"{w.backward} changes {w.cotangent}, which belongs to the caller. Work on a copy: {w.cotangent}.copy()."
        raise Broken("changed in place", "", text)
