"""What classifiers of pictures answer: as probabilities, how sure they are, and which answers are wrong."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.train import class_accuracy, confusion

__all__ = ["by_class", "by_confidence", "log_probabilities", "mixture", "seen", "surest_first", "tiles"]

Array = npt.NDArray[Any]


def log_probabilities(outputs: Array) -> Array:
    """The logarithms of the classes' probabilities (N, classes): outputs, less the logarithm of their exp's sum."""
    above = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
    result: Array = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
    return result


def mixture(answers: Sequence[Array]) -> Array:
    """The logarithms of the mean of several answers' probabilities: each (N, classes) of logarithms."""
    mean = np.exp(answers).mean(axis=0)
    with np.errstate(divide="ignore"):
        result: Array = np.log(mean)
    return result


def surest_first(answers: Array, labels: Array) -> Array:
    """The rows that were misjudged, those first whose wrong class has the greatest probability."""
    rows: Array = np.argsort(-answers.max(axis=1), kind="stable")
    rows = rows[answers.argmax(axis=1)[rows] != labels[rows]]
    return rows


# ------------------------------------------------------------------------------------------ tables


def by_confidence(answers: Array, labels: Array, bounds: Sequence[float]) -> list[tuple[str, int, float | None]]:
    """Of the answers with a confidence in each interval: how many there are, and which share of them is right."""
    confidence, right = np.exp(answers.max(axis=1)), answers.argmax(axis=1) == labels
    rows = []
    for low, high in zip((0.0, *bounds), (*bounds, math.inf), strict=True):
        here = (confidence >= low) & (confidence < high)
        n = int(np.count_nonzero(here))
        rows.append((_interval(low, high), n, float(right[here].mean()) if n else None))
    return rows


def _interval(low: float, high: float) -> str:
    if not low:
        return f"below {high:.0%}".replace("%", " %")
    return (f"{low:.0%} to {high:.0%}" if high <= 1 else f"{low:.0%} and more").replace("%", " %")


def by_class(answers: Array, labels: Array, classes: Sequence[str]) -> list[tuple[str, int, str, str, int]]:
    """Of each class: its name, how many there are, the share recognised, what is most often taken for, how often."""
    counts, shares = confusion(answers, labels), class_accuracy(answers, labels)
    return [
        (name, int(counts[k].sum()), report.percent(_known(shares[k])), *_most(counts, k, classes))
        for k, name in enumerate(classes)
    ]


def _known(share: float) -> float | None:
    return None if math.isnan(share) else float(share)


def _most(counts: Array, label: int, classes: Sequence[str]) -> tuple[str, int]:
    wrong = counts[label].copy()
    wrong[label] = 0
    return (classes[wrong.argmax()], int(wrong.max())) if wrong.any() else ("—", 0)


# ------------------------------------------------------------------------------------------ pictures


def seen(x: Array) -> str:
    """A picture of one channel, or of three of uint8, as a data: URI: (C, H, W) -> PNG."""
    return report.picture(x[0] if len(x) == 1 else x.transpose(1, 2, 0))


def tiles(
    x: Array, labels: Array, answers: Array, rows: Sequence[int] | Array, classes: Sequence[str]
) -> list[report.Tile]:
    """The pictures of these rows, what they are taken for, and how surely: (N, C, H, W), (N), (N, classes)."""
    taken, sure = answers.argmax(axis=1), np.exp(answers.max(axis=1))
    return [_tile(x[i], classes[labels[i]], classes[taken[i]], float(sure[i])) for i in rows]


def _tile(x: Array, true: str, guess: str, sure: float) -> report.Tile:
    label = f"{true} → {guess}, {report.percent(sure, 0)}"
    return report.Tile(seen(x), f"{true}, taken for {guess}", label, wrong=true != guess)
