"""Where numbers fall between sorted ones. Nothing here has a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ops.arguments import require_floating, require_tensors, whole_number
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = ["bucketize", "histc", "searchsorted"]


def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where each number would be put into sorted ones: the i with s[i − 1] < x ≤ s[i], or ≤ and < with `right`.

    side="right" is right=True. Without `sorter` the sequence must be in order; else s[sorter] is. The places are int64,
    or int32 with `out_int32`.
    Shapes: sorted_sequence s (K), x any or a number -> that of x; or rows s (…, K) and x (…, M), with equal leading
    sizes -> (…, M).
    Errors: ValueError where the leading sizes differ, or side says neither "left" nor "right".
    """
    require_tensors("searchsorted", sorted_sequence)
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ValueError(f"searchsorted(): side must be 'left' or 'right', and go with right={right}, not {side!r}")
    rows = sorted_sequence.array
    if sorter is not None:
        rows = np.take_along_axis(rows, sorter.array, -1)
    return _found("searchsorted", rows, input, right or side == "right", out_int32)


@method
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The bucket of each number between sorted boundaries (K): from 0 to K, in the shape of input.

    As `searchsorted` with `boundaries` for the sequence. Errors: ValueError where they are no vector.
    """
    require_tensors("bucketize", boundaries)
    if boundaries.ndim != 1:
        raise ValueError(f"bucketize(): the boundaries must be a vector, their shape is {boundaries.shape}")
    return _found("bucketize", boundaries.array, input, right, out_int32)


def _found(name: str, rows: Array, input: Any, right: bool, short: bool) -> Tensor:
    x = input.array if isinstance(input, Tensor) else np.asarray(input)
    side: Any = "right" if right else "left"
    if rows.ndim == 1:
        places = np.searchsorted(rows, x, side)
    elif rows.ndim == x.ndim and rows.shape[:-1] == x.shape[:-1]:
        places = np.zeros(x.shape, np.int64)
        for i in np.ndindex(*x.shape[:-1] if x.size else (0,)):
            places[i] = np.searchsorted(rows[i], x[i], side)
    else:
        raise ValueError(f"{name}(): rows of shape {rows.shape} and numbers of shape {x.shape} do not go together")
    return Tensor(np.asarray(places, np.int32 if short else np.int64))


@method
@np.errstate(all="ignore")
def histc(input: Tensor, bins: int = 100, min: Scalar = 0, max: Scalar = 0) -> Tensor:
    """How many numbers fall into each of `bins` equal parts of [min, max]: any shape -> (bins), in the dtype of x.

    The last part has its end, too; what lies outside, and NaN, is not counted. Where min = max = 0 they are those of x;
    where all are equal, one less and one more.
    Errors: ValueError where min > max, bins < 1 or an end is not finite, TypeError for integers.
    """
    x = require_floating("histc", input.array)
    low, high = float(min), float(max)
    if not 1 <= whole_number("histc", "bins", bins) < 2**31 or not low <= high:
        raise ValueError(f"histc(): bins={bins} must be at least 1, and min={min} not greater than max={max}")
    if low == high == 0 and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"histc(): the range [{low}, {high}] is not finite; give min and max")
    inside = x[(x >= low) & (x <= high)]
    places = np.minimum(((inside - x.dtype.type(low)) / x.dtype.type(high - low) * bins).astype(np.int64), bins - 1)
    return Tensor(np.bincount(places, minlength=bins).astype(x.dtype))
