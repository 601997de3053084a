"""How tensors print: four digits, in one width, as PyTorch writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["text_of"]

THRESHOLD, EDGE, LINE = 1000, 3, 82


def text_of(array: npt.NDArray[Any], prefix: str) -> str:
    """The elements in brackets; of more than a thousand the first and the last three along each dimension."""
    shown = _seen(array)
    form = _form(shown)
    width = max((len(form(v)) for v in shown.ravel()), default=0)
    formatter: Any = {"all": lambda v: form(v).rjust(width)}
    return np.array2string(
        array, LINE, separator=", ", prefix=prefix, threshold=THRESHOLD, edgeitems=EDGE, formatter=formatter
    )


def _seen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The elements that are shown."""
    if array.size <= THRESHOLD:
        return array
    for axis, n in enumerate(array.shape):
        if n > 2 * EDGE:
            array = array.take([*range(EDGE), *range(n - EDGE, n)], axis)
    return array


def _form(values: npt.NDArray[Any]) -> Callable[[Any], str]:
    """What writes one element: whole numbers with a point, others with four digits, or as powers of ten."""
    if values.dtype.kind != "f":
        return str
    sizes = np.abs(values[np.isfinite(values) & (values != 0)]).astype(np.float64)
    if not sizes.size:
        return lambda v: f"{v:.0f}." if np.isfinite(v) else f"{v}"
    whole = bool((sizes == np.ceil(sizes)).all())
    if sizes.max() / sizes.min() > 1000 or sizes.max() > 1e8 or (not whole and sizes.min() < 1e-4):
        return lambda v: f"{v:.4e}"
    return lambda v: f"{v:.0f}." if whole and np.isfinite(v) else f"{v:.4f}"
