"""Gradients that are right but for a constant factor: a sign, a mean in place of a sum, a 2."""

from __future__ import annotations

import numpy as np

from chainrule.check.case import Case, Finding

__all__ = ["scaled"]


def scaled(case: Case) -> Finding | None:
    """The right gradient times a constant."""
    c = _factor(case)
    if c == 0 or not case.right(c * case.analytic):
        return None
    if np.isclose(c, -1):
        return "sign", (
            f"{case.name} is exactly the negative of the right gradient: a minus sign too many, or one forgotten. "
            f"(The minus of w -= lr * dw belongs to the update, not to {case.backward}.)"
        )
    mistake, text = _too_small(case, abs(c)) if abs(c) > 1 else _too_large(case, 1 / abs(c))
    return mistake, text + ("" if c > 0 else " Its sign is wrong as well.")


def _factor(case: Case) -> float:
    """The constant c that brings c · analytic closest to the numeric gradient; 0 if there is none."""
    if case.comparison is None:
        return 0.0
    keep = ~case.comparison.kinks
    n, a = case.comparison.numeric[keep], case.analytic.reshape(-1)[case.comparison.index][keep]
    return float(n @ a / (a @ a)) if a.any() else 0.0


def _too_small(case: Case, c: float) -> Finding:
    head, known = _head(case, c, "small")
    if np.isclose(c, case.batch):
        text = "A mean over the batch (np.mean, or / N) stands where the sum belongs: "
        return "mean", f"{head} {text}the 1/N of an averaged loss is already in {case.delta}."
    if np.isclose(c, 2):
        return "factor 2", f"{head} A 2 is forgotten (the derivative of x**2 is 2 * x), or one of two equal parts."
    if known:
        return "mean", f"{head} A mean (np.mean) stands where the sum belongs, or there is a division too many."
    text = "A constant factor is missing; or a learning rate is in it, which belongs to the update."
    return "factor", f"{head} {text}"


def _too_large(case: Case, c: float) -> Finding:
    head, known = _head(case, c, "large")
    if np.isclose(c, case.batch):
        text = f"The 1/N is forgotten: {case.forward} divides by the batch size, so {case.backward} must as well."
        return "forgotten 1/N", f"{head} {text}"
    if np.isclose(c, 2):
        return "factor 2", f"{head} A 2 too many (the derivative of x**2 / 2 is x), or the same part is added twice."
    if known:
        text = f"A sum stands where {case.forward} takes a mean: divide by this number."
        return "forgotten 1/N", f"{head} {text}"
    text = f"A constant factor of {case.forward} is forgotten in {case.backward}, or stands in it twice."
    return "factor", f"{head} {text}"


def _head(case: Case, c: float, how: str) -> tuple[str, bool]:
    known = [what for what, count in _counts(case).items() if count > 1 and np.isclose(c, count)]
    meaning = f" ({c:.6g} is {', and '.join(known)})" if known else ""
    return f"{case.name} is {c:.6g} times too {how} at every coordinate{meaning}.", bool(known)


def _counts(case: Case) -> dict[str, int]:
    """The counts of this layer that a forgotten factor may be."""
    shape = case.y.shape or case.inputs[0].shape
    counts = {"the batch size": case.batch}
    if len(shape) > 2:
        positions = int(np.prod(shape[2:]))
        counts["the number of output positions"] = positions
        counts["batch size times output positions"] = positions * shape[0]
    for name, array in zip(case.names, case.inputs, strict=True):
        if array.ndim == 4 and name != case.names[0]:
            counts[f"the size of {name}'s kernels"] = array.shape[2] * array.shape[3]
    if case.is_input and case.y.size:
        counts["the number of inputs for each output"] = case.x.size // case.y.size
    return counts | {"the number of outputs in a row": shape[-1] if shape else 0, "the number of outputs": case.y.size}
