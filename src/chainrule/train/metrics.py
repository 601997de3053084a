"""Numbers that judge a model: outputs (N, classes) against labels (N), in plain arrays of any engine."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "ClassScores", "accuracy", "class_accuracy", "confusion", "perplexity", "precision_recall_f1", "standard_error",
    "top_k_accuracy",
]  # fmt: skip

Array = npt.NDArray[Any]

ONE_LOGIT = """
  One logit a row is compared with a threshold. A metric of your own does so:
  evaluate(engine, model, loader, {"accuracy": lambda y, t: np.mean((y.ravel() > 0) == t.ravel())})"""


def accuracy(outputs: Array, labels: Array) -> float:
    """The share of rows whose greatest output is the label's.

    Shapes: outputs (N, classes, …), labels (N, …) -> a number. Errors: ValueError for other shapes, such as the one
    logit a row of a binary classifier, and for labels that are no classes; so of all metrics of classes.
    """
    outputs, labels = _classified(outputs, labels)
    return float(np.mean(outputs.argmax(axis=1) == labels))


def top_k_accuracy(outputs: Array, labels: Array, k: int = 5) -> float:
    """The share of rows whose label is among the k greatest outputs; of equal outputs the first classes count first.

    Shapes: outputs (N, classes), labels (N) -> a number. Errors: ValueError unless k is from 1 to the number of
    classes.
    """
    outputs, labels = _classified(outputs, labels)
    if not 1 <= k <= outputs.shape[1]:
        raise ValueError(f"top_k_accuracy(): k={k} must lie between 1 and the {outputs.shape[1]} classes")
    own = np.take_along_axis(outputs, labels[:, None], axis=1)  # (N, 1)
    before = np.arange(outputs.shape[1]) < labels[:, None]
    better = ((outputs > own) | ((outputs == own) & before)).sum(axis=1)
    return float(np.mean(better < k))


def confusion(outputs: Array, labels: Array) -> Array:
    """How often class i (row) was taken for class j (column): counts.

    Shapes: outputs (N, classes), labels (N) -> (classes, classes).
    """
    outputs, labels = _classified(outputs, labels)
    classes = outputs.shape[1]
    return np.bincount(labels * classes + outputs.argmax(axis=1), minlength=classes**2).reshape(classes, classes)


def class_accuracy(outputs: Array, labels: Array) -> Array:
    """The share of each class that was recognized, NaN for a class without samples.

    Shapes: outputs (N, classes), labels (N) -> (classes).
    """
    counts = confusion(outputs, labels)
    return _shares(counts.diagonal(), counts.sum(axis=1))


class ClassScores(NamedTuple):
    """Of each class, (classes) each: precision, recall and their harmonic mean."""

    precision: Array
    """Of what was taken for this class, the share that is; NaN if nothing was."""
    recall: Array
    """Of what is this class, the share that was recognized; NaN if nothing is."""
    f1: Array
    """2·TP / (2·TP + FP + FN)."""


def precision_recall_f1(outputs: Array, labels: Array) -> ClassScores:
    """Precision TP / (TP + FP), recall TP / (TP + FN) and F₁ of each class.

    Shapes: outputs (N, classes), labels (N) -> three times (classes).
    """
    counts = confusion(outputs, labels)
    hits, taken, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    return ClassScores(_shares(hits, taken), _shares(hits, true), _shares(2 * hits, taken + true))


def perplexity(nats: float) -> float:
    """e to the cross-entropy in nats a symbol: among so many equally likely symbols the model is as unsure."""
    return math.exp(nats)


def standard_error(share: float, n: int) -> float:
    """How far chance alone moves a share that is measured on n samples: √(p·(1 − p) / n)."""
    return math.sqrt(share * (1 - share) / n)


def _classified(outputs: Array, labels: Array) -> tuple[Array, Array]:
    """Both as rows, (N·…, C) and (N·…), the labels as whole numbers in [0, C)."""
    outputs, labels = np.asarray(outputs), np.asarray(labels)
    classes = outputs.shape[1] if outputs.ndim > 1 else 0
    if classes < 2 or labels.shape != (*outputs.shape[:1], *outputs.shape[2:]):
        hint = ONE_LOGIT if classes == 1 else ""
        raise ValueError(
            "a metric of classes needs outputs (N, C, …) with C of at least 2 and labels (N, …), not outputs"
            f" {outputs.shape} and labels {labels.shape}{hint}"
        )
    strange = labels[~np.isin(labels, np.arange(classes))]
    if strange.size:
        raise ValueError(
            f"the label {strange[0]} is no class: outputs {outputs.shape} go with labels {labels.shape} that are whole"
            f" numbers from 0 to {classes - 1}"
        )
    return np.moveaxis(outputs, 1, -1).reshape(-1, classes), labels.reshape(-1).astype(np.int64)


def _shares(parts: Array, wholes: Array) -> Array:
    """parts / wholes, NaN where there is nothing to share."""
    shares: Array = np.divide(parts, wholes, out=np.full(len(parts), np.nan), where=wholes > 0)
    return shares
