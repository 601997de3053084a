"""What a set of numbers is like, along `dim` or of all elements: order statistics, counts, places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import all_dims, numpy_names, require_floating, row_dim, whole_number
from chainrule.ops.elementwise import add, mul, sub, where
from chainrule.ops.extremes import ValuesIndices, amax, amin
from chainrule.ops.indexing import gather, index_select
from chainrule.ops.reduction import in_dtype, sum
from chainrule.ops.scan import argsort, sort
from chainrule.ops.shape import movedim
from chainrule.tensor import Array, Tensor, method

__all__ = [
    "aminmax", "argwhere", "bincount", "count_nonzero", "kthvalue", "median", "nanmean", "nansum", "nonzero",
    "quantile", "unique",
]  # fmt: skip


class MinMax(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor


@method
@numpy_names
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """The least and the greatest element, (`amin`, `amax`), of all or along `dim`.

    Gradients, shapes and errors as in `amin`.
    """
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


@method
@numpy_names
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """`sum` of what is not NaN.   dx = dy, and 0 where x is NaN

    Arguments, shapes and errors as in `sum`.
    """
    y: Tensor = sum(_without_nan(input), dim, keepdim, dtype=dtype)
    return y


@method
@numpy_names
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """`mean` of what is not NaN: Σ x / n over the n others.   dx = dy / n, and 0 where x is NaN

    Arguments, shapes and errors as in `mean`.
    """
    require_floating("nanmean", input.array)
    n = sum(Tensor(np.asarray(~np.isnan(input.array))), dim, keepdim).to(input.dtype)
    y: Tensor = in_dtype(sum, _without_nan(input), dtype, dim, keepdim) / n
    return y


def _without_nan(x: Tensor) -> Tensor:
    return where(Tensor(np.asarray(np.isnan(x.array))), 0, x) if x.dtype.kind == "f" else x


# ---------------------------------------------------------------------------------------------- in order


@method
@numpy_names
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The k-th least element along `dim`, counted from 1, and where it is: (values, indices).   dx = dy at the index

    NaN counts as the greatest. Shapes: (A, B), dim=1 -> (A), (A). Errors: ValueError where k is not from 1 to the size
    of `dim`, TypeError where it is no whole number, IndexError where there is no such dim.
    """
    n = input.shape[row_dim("kthvalue", dim, input.shape)] if input.ndim else 1
    if not 1 <= whole_number("kthvalue", "k", k) <= n:
        raise ValueError(f"kthvalue(): k = {k} must be from 1 to {n}, the size of dim {dim} of shape {input.shape}")
    return _at(input, np.full(1, k - 1), dim, keepdim)


@method
@numpy_names
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element in order, the lower one of two: of all, or (values, indices) along `dim`; NaN if there is one.

    dx = dy at the index; of all elements, dy in equal shares for those equal to the median. Of nothing it is NaN.
    Shapes: (A, B), dim=1 -> (A), (A). Errors: IndexError where there is no such dim, ValueError where it is empty.
    """
    if dim is None:
        return _median(input)
    n = input.shape[row_dim("median", dim, input.shape)] if input.ndim else 1
    if not n:
        raise ValueError(f"median(): nothing to choose from: dim {dim} of shape {input.shape} has no elements")
    unknown = np.isnan(input.array).sum(dim, keepdims=True) if input.ndim and input.dtype.kind == "f" else np.zeros(1)
    return _at(input, np.where(unknown > 0, n - unknown, (n - 1) // 2).astype(np.int64), dim, keepdim)


def _at(x: Tensor, place: Array, dim: int, keepdim: bool) -> ValuesIndices:
    """The elements at a place in the order along `dim`, the same for all rows or one for each."""
    order = argsort(x, dim)
    if not x.ndim:
        return ValuesIndices(x.clone(), order)
    shape = [1 if i == dim % x.ndim else n for i, n in enumerate(x.shape)]
    index = gather(order, dim, Tensor(np.broadcast_to(place, shape)))
    values = gather(x, dim, index)
    return ValuesIndices(values, index) if keepdim else ValuesIndices(values.squeeze(dim), index.squeeze(dim))


@primitive
def _median(x: Array) -> tuple[Array, Pullback]:
    """dx = dy in equal shares where x = y, else 0"""
    if not x.size:
        return np.asarray(np.nan, x.dtype), lambda dy: np.zeros_like(x)
    y = np.sort(x, None)[(x.size - 1) // 2]
    chosen = x != x if (x != x).any() else x == y  # NaN alone is unequal to itself
    return np.where((x != x).any(), x.sum(dtype=x.dtype), y), lambda dy: chosen * (dy / chosen.sum(dtype=x.dtype))


@method
@numpy_names
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """What a share q of the elements lies below, for q from 0 to 1, a number or a vector of them; NaN if there is one.

    It is at place q · (n − 1) in order; where that is between two elements, `interpolation`="linear" mixes them by
    distance, "lower", "higher" and "nearest" take one, "midpoint" their mean. dx = dy at these, in the same mixture.
    Shapes: (A, B), q (Q), dim=0 -> (Q, B), without Q for a number. Errors: ValueError for another q or interpolation,
    IndexError where there is no such dim, TypeError for integers.
    """
    qs = np.atleast_1d(np.asarray(q.array if isinstance(q, Tensor) else q, input.dtype))
    if interpolation not in _BETWEEN:
        raise ValueError(f"quantile(): interpolation must be one of {', '.join(_BETWEEN)}, not {interpolation!r}")
    if qs.ndim > 1 or not ((qs >= 0) & (qs <= 1)).all():
        raise ValueError(f"quantile(): q must be from 0 to 1, a number or a vector, not {q!r}")
    require_floating("quantile", input.array)
    x = input.reshape(-1) if dim is None or not input.ndim else movedim(input, dim, -1)  # -> (…, n)
    if not x.shape[-1]:
        raise ValueError(f"quantile(): there are no elements in shape {input.shape} along dim {dim}")
    y = _mixed(sort(x).values, qs, interpolation)  # -> (…, Q)
    y = movedim(y, -1, 0) if np.ndim(q.array if isinstance(q, Tensor) else q) else y.squeeze(-1)
    if not keepdim:
        return y
    kept = [1 if dim is None or i == dim % input.ndim else n for i, n in enumerate(input.shape)]
    return y.reshape([*y.shape[: y.ndim - x.ndim + 1], *kept])


_BETWEEN = {"linear": None, "lower": np.floor, "higher": np.ceil, "nearest": np.round, "midpoint": None}


def _mixed(x: Tensor, qs: Array, interpolation: str) -> Tensor:
    """The elements at the places q · (n − 1), or between them; x is in order, and NaN comes last."""
    places = qs * (x.shape[-1] - 1)
    rounded = _BETWEEN[interpolation]
    places = places if rounded is None else rounded(places)
    low, high = (index_select(x, -1, Tensor(f(places).astype(np.int64))) for f in (np.floor, np.ceil))
    share = np.full_like(places, 0.5) if interpolation == "midpoint" else places - np.floor(places)
    y = add(low, mul(sub(high, low), Tensor(share)))
    last = x[..., -1:]
    found: Tensor = where(Tensor(np.isnan(last.array)), last, y)
    return found


# ---------------------------------------------------------------------------------------------- counts and places


@method
@numpy_names
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not 0, of all or along `dim`, one dimension or several: (A, B), dim=1 -> (A).

    Errors: IndexError where there is no such dim.
    """
    return Tensor(np.asarray(np.count_nonzero(input.array, all_dims("count_nonzero", dim, input.shape)), np.int64))


@method
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of the elements that are not 0, a row for each; as_tuple gives a vector for each dimension.

    Shapes: any -> (n, ndim), or ndim times (n). x[x.nonzero(as_tuple=True)] are these elements.
    """
    places = np.nonzero(np.atleast_1d(input.array))
    if as_tuple:
        return tuple(Tensor(place) for place in places)
    return Tensor(np.stack(places, -1)[:, : input.ndim])


@method
def argwhere(input: Tensor) -> Tensor:
    """The places of the elements that are not 0, a row for each, (n, ndim); see `nonzero`."""
    y: Tensor = nonzero(input)
    return y


@method
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number 0, 1, 2, … comes in a vector: y[n] = Σ 1 over xᵢ = n, or Σ weightsᵢ.

    Shapes: x and weights (K) -> (max x + 1), but at least `minlength` numbers. Errors: ValueError for negative numbers,
    another shape of input or weights, TypeError for numbers that are not whole.
    """
    x = input.array
    if x.dtype.kind not in "iu":
        raise TypeError(f"bincount(): whole numbers are needed, not {x.dtype}")
    if x.ndim != 1 or x.min(initial=0) < 0 or minlength < 0:
        raise ValueError(f"bincount(): a vector of numbers ≥ 0 and minlength ≥ 0 are needed; the shape is {x.shape}")
    if weights is not None and weights.shape != x.shape:
        raise ValueError(f"bincount(): weights of shape {weights.shape} do not fit the input of shape {x.shape}")
    if weights is None:
        return Tensor(np.bincount(x, minlength=minlength))
    dtype = np.float32 if weights.dtype == np.float32 else np.float64
    return Tensor(np.bincount(x, weights.array, minlength).astype(dtype))


@method
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The different elements in order, or slices along `dim`; if asked for, where each went, and how often it came.

    [3, 1, 3] -> [1, 3], with `return_inverse` [1, 0, 1], with `return_counts` [1, 2]. They are in order even with
    sorted=False. Errors: IndexError where there is no such dim.
    """
    axis = None if dim is None else row_dim("unique", dim, input.shape)
    values, inverse, counts = np.unique(input.array, return_inverse=True, return_counts=True, axis=axis)
    inverse = inverse.reshape(input.shape if axis is None else -1)
    found = (values, *([inverse] * return_inverse), *([counts] * return_counts))
    return Tensor(values) if len(found) == 1 else tuple(Tensor(np.asarray(a)) for a in found)
