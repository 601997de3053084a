"""Numbers that judge a classifier."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["accuracy", "confusion", "standard_error"]

Array = npt.NDArray[Any]


def accuracy(outputs: Array, labels: Array) -> float:
    """The share of rows whose greatest output is the label's. Shapes: outputs (N, classes), labels (N)."""
    return float(np.mean(outputs.argmax(axis=1) == labels))


def confusion(outputs: Array, labels: Array) -> Array:
    """How often class i (row) was taken for class j (column): (N, classes), (N) -> (classes, classes), counts."""
    classes = outputs.shape[1]
    return np.bincount(labels * classes + outputs.argmax(axis=1), minlength=classes**2).reshape(classes, classes)


def standard_error(share: float, n: int) -> float:
    """How far chance alone moves a share that is measured on n samples: √(p·(1 − p) / n)."""
    return math.sqrt(share * (1 - share) / n)
