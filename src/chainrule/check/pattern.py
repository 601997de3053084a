"""Where the marked entries of an array are, in words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["place", "region"]


def region(marked: npt.NDArray[np.bool_]) -> str:
    """Along which axes the marked entries have only some of the indices, such as "index 4 (the last) of axis 3"."""
    parts = []
    for axis, size in enumerate(marked.shape):
        others = tuple(i for i in range(marked.ndim) if i != axis)
        index = np.flatnonzero(marked.any(axis=others))
        if len(index) < size:
            parts.append(f"{place(index, size)} of axis {axis}")
    if parts:
        return "all have " + ", ".join(parts)
    first = ",".join(str(int(i)) for i in np.argwhere(marked)[0])
    return f"scattered, the first at [{first}]"


def place(index: npt.NDArray[np.intp], size: int) -> str:
    """Indices along an axis of this size, in words."""
    if len(index) == 1:
        i = int(index[0])
        name = {0: " (the first)", size - 1: " (the last)"}.get(i, "")
        return f"index {i}{name}"
    if len(index) == index[-1] - index[0] + 1:
        return f"indices {index[0]} to {index[-1]}"
    shown = ", ".join(str(int(i)) for i in index[:4])
    return f"indices {shown}" + (", ..." if len(index) > 4 else "")
