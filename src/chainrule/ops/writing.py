"""Writing into a copy of a tensor: values at the places of an index tensor, of a vector of indices, of a mask.

Places are the positions that an index of shape (…) stands for: [d₀, …, index[d₀, …, dₙ], …, dₙ]. The functions whose
names end in _, which change x itself, are in `inplace`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import numpy_names, row_dim
from chainrule.ops.indexing import add_at, check_mask, checked, common_shape, places_of
from chainrule.ops.joining import getitem, in_steps, with_dots
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = [
    "index_add", "index_copy", "index_fill", "index_put", "masked_scatter", "scatter", "scatter_add", "scatter_reduce",
]  # fmt: skip


def _none(dy: Array) -> None:
    """The cotangent of an argument that has none; never asked for."""


# ---------------------------------------------------------------------------------------------- an index for each value


@method
@numpy_names
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Scalar | None = None, reduce: str | None = None
) -> Tensor:
    """A copy of input with the values of `src` (a tensor or a number, also called value) at the places of `index`.

    y[i, index[i, j]] = src[i, j] for dim=1.   dinput = dy, and 0 at the places,   dsrc = dy at the places
    Where a place comes several times, the last value stays (in PyTorch: any), and each of them gets the gradient.
    reduce="add" and "multiply" add the values to those at the places, or multiply them (see `scatter_reduce`).
    Shapes: that of input -> the same; src has that of the index, or is larger.
    Errors: IndexError for an index or a dim out of range, ValueError where the shapes do not fit, or for another
    `reduce`, TypeError where the index is not of integers, or the dtypes differ.
    """
    if reduce not in (None, "add", "multiply"):
        raise ValueError(f"scatter(): reduce must be 'add' or 'multiply', not {reduce!r}")
    values = value if src is None else src
    if values is None:
        raise TypeError("scatter(): give src, a tensor or a number")
    if not isinstance(values, Tensor | int | float | np.generic):
        raise TypeError(f"scatter(): src must be a tensor or a number, not {values!r}")
    if not isinstance(values, Tensor):
        with np.errstate(all="ignore"):
            values = Tensor(np.full(index.shape, values, input.dtype))
    if reduce is not None:
        return _reduced(input, dim, index, values, "prod" if reduce == "multiply" else "sum", True)
    return _scatter(input, dim, index, values)


@primitive
def _scatter(x: Array, dim: int, index: Array, src: Array) -> tuple[Array, Pullback]:
    """dx = dy, and 0 at the places,   dsrc = dy at the places"""
    places = places_of("scatter", x, dim, index)
    y = np.atleast_1d(x).copy()
    y[places] = _covered("scatter", x, index, src)

    def dx(dy: Array) -> Array:
        dx = np.atleast_1d(dy).copy()
        dx[places] = 0
        return dx.reshape(x.shape)

    return y.reshape(x.shape), (dx, _none, _none, lambda dy: _gathered(dy, places, src))


@method
@primitive
def scatter_add(x: Array, dim: int, index: Array, src: Array) -> tuple[Array, Pullback]:
    """A copy of x with the values of `src` added at the places of `index`: y[i, index[i, j]] += src[i, j] for dim=1.

    dx = dy,   dsrc = dy at the places. Shapes and errors as in `scatter`.
    """
    places = places_of("scatter_add", x, dim, index)
    y = np.array(np.atleast_1d(x), order="C")
    add_at(y, places, _covered("scatter_add", x, index, src))
    return y.reshape(x.shape), (lambda dy: dy, _none, _none, lambda dy: _gathered(dy, places, src))


def _covered(name: str, x: Array, index: Array, src: Array) -> Array:
    """The part of src that the index has places for: src may be greater."""
    if src.dtype != x.dtype:
        raise TypeError(f"{name}(): the dtypes differ: input {x.dtype}, src {src.dtype}; convert one with .to(dtype)")
    if index.size and (src.ndim != index.ndim or any(n > m for n, m in zip(index.shape, src.shape, strict=True))):
        raise ValueError(f"{name}(): src of shape {src.shape} does not cover the index of shape {index.shape}")
    if not index.size:
        return np.zeros(np.atleast_1d(index).shape, x.dtype)
    return np.atleast_1d(src)[tuple(slice(n) for n in np.atleast_1d(index).shape)]


def _gathered(dy: Array, places: tuple[Array, ...], src: Array) -> Array:
    """Zeros like src, but dy at the places."""
    dsrc = np.zeros(src.shape or (1,), src.dtype)
    if places[0].size:
        dsrc[tuple(slice(n) for n in places[0].shape)] = np.atleast_1d(dy)[places]
    return dsrc.reshape(src.shape)


@method
@numpy_names
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of input in which what falls on one place is reduced: "sum", "prod", "mean", "amax" or "amin".

    y[i, j] = reduce of input[i, j] and all src[i, k] with index[i, k] = j, for dim=1; without input[i, j] unless
    include_self. Places that no index names keep their values.
    dx and dsrc are those of the reduction; "amax" and "amin" deal dy out in equal shares. Shapes and errors as in
    `scatter`.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise ValueError(f"scatter_reduce(): reduce must be 'sum', 'prod', 'mean', 'amax' or 'amin', not {reduce!r}")
    return _reduced(input, dim, index, src, reduce, include_self)


@primitive
def _reduced(x: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool) -> tuple[Array, Pullback]:
    """dx and dsrc: dy times what the reduction multiplies each with"""
    places = places_of("scatter_reduce", x, dim, index)
    values = _covered("scatter_reduce", x, index, src)
    own = np.ones(x.shape or (1,), bool)  # the places whose own value counts
    own[places] = include_self
    y, weights = _REDUCE[reduce](np.atleast_1d(x), own, places, values)

    def dx(dy: Array) -> Array:
        dx: Array = np.where(own, weights()[0], 0) * np.atleast_1d(dy)
        return dx.astype(x.dtype).reshape(x.shape)

    def dsrc(dy: Array) -> Array:
        dsrc = _gathered(dy, places, src)
        if values.size:
            dsrc[tuple(slice(n) for n in values.shape[: dsrc.ndim])] *= weights()[1].reshape(values.shape)
        return dsrc

    return y.astype(x.dtype).reshape(x.shape), (dx, _none, _none, dsrc)


Weights = Callable[[], tuple[Any, Any]]


def _at(ufunc: Any, y: Array, places: tuple[Array, ...], values: Any) -> Array:
    """y, after y[place] = ufunc(y[place], value) for each."""
    ufunc.at(y, places, values)
    return y


def _reduce_sum(x: Array, own: Array, places: tuple[Array, ...], values: Array) -> tuple[Array, Weights]:
    return _at(np.add, np.where(own, x, 0), places, values), lambda: (1, np.ones_like(values))


def _reduce_mean(x: Array, own: Array, places: tuple[Array, ...], values: Array) -> tuple[Array, Weights]:
    y = _at(np.add, np.where(own, x, 0), places, values)
    n = _at(np.add, own.astype(x.dtype), places, 1)
    return (y / n if x.dtype.kind == "f" else y // n), lambda: (1 / n, 1 / n[places])


def _reduce_prod(x: Array, own: Array, places: tuple[Array, ...], values: Array) -> tuple[Array, Weights]:
    y = _at(np.multiply, np.where(own, x, 1), places, values)

    def weights() -> tuple[Array, Array]:
        """Of each factor the product of the others: none if another one is 0."""
        zeros = _at(np.add, (own & (x == 0)).astype(int), places, values == 0)
        rest = _at(np.multiply, np.where(own & (x != 0), x, 1), places, np.where(values == 0, 1, values))

        def others(factor: Array, zeros: Array, rest: Array) -> Array:
            return np.where(zeros - (factor == 0) == 0, rest / np.where(factor == 0, 1, factor), 0)

        return others(np.where(own, x, 1), zeros, rest), others(values, zeros[places], rest[places])

    return y, weights


def _reduce_extreme(ufunc: Any, worst: float) -> Any:
    def reduced(x: Array, own: Array, places: tuple[Array, ...], values: Array) -> tuple[Array, Weights]:
        y = x.copy()
        if not own.all():
            y[~own] = worst if x.dtype.kind == "f" else getattr(np.iinfo(x.dtype), "min" if worst < 0 else "max")
        y = _at(ufunc, y, places, values)

        def weights() -> tuple[Array, Array]:
            mine, theirs = own & (x == y), values == y[places]
            share = 1 / np.maximum(_at(np.add, mine.astype(x.dtype), places, theirs.astype(x.dtype)), 1)
            return mine * share, theirs * share[places]

        return y, weights

    return reduced


_REDUCE: dict[str, Any] = {
    "sum": _reduce_sum,
    "mean": _reduce_mean,
    "prod": _reduce_prod,
    "amax": _reduce_extreme(np.maximum, -np.inf),
    "amin": _reduce_extreme(np.minimum, np.inf),
}


# ---------------------------------------------------------------------------------------------- an index for each slice


def _rows(name: str, x: Array, dim: int, index: Any) -> tuple[Array, int, Array]:
    """A copy of x with `dim` in front, that dim, and the index as a vector, which must fit it."""
    axis, rows = row_dim(name, dim, x.shape), np.atleast_1d(x)
    index = np.atleast_1d(checked(name, index, rows.shape[axis]))
    if index.ndim > 1:
        raise ValueError(f"{name}(): the index must be a vector, its shape is {index.shape}")
    return np.moveaxis(np.array(rows), axis, 0), axis, index


def _source(name: str, x: Array, axis: int, index: Array, source: Array) -> Array:
    """The source with `axis` in front, which must have a slice of x's for each index."""
    if source.dtype != x.dtype:
        raise TypeError(f"{name}(): the dtypes differ: input {x.dtype}, source {source.dtype}; convert with .to(dtype)")
    rows = np.atleast_1d(source)
    expected = (*x.shape[:axis], len(index), *x.shape[axis + 1 :])
    if rows.shape != expected:
        raise ValueError(f"{name}(): the source has shape {source.shape}, the index asks for {expected}")
    return np.moveaxis(rows, axis, 0)


@method
@numpy_names
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Scalar = 1) -> Tensor:
    """A copy of input with alpha · source added to its slices: y[…, index[k], …] += alpha · source[…, k, …].

    dx = dy,   dsource = alpha · dy[…, index, …].
    Shapes: input (A, B, C), dim=1, index (K), source (A, K, C) -> (A, B, C).
    Errors: IndexError for an index or a dim out of range, ValueError where the shapes do not fit, TypeError where the
    index is not of integers, or the dtypes differ.
    """
    if not isinstance(alpha, int | float | np.generic):
        raise TypeError(f"index_add(): alpha must be a number, not {alpha!r}")
    return _index_add(input, dim, index, source, alpha)


@primitive
def _index_add(x: Array, dim: int, index: Array, source: Array, alpha: Scalar) -> tuple[Array, Pullback]:
    """dx = dy,   dsource = alpha · dy[…, index, …]"""
    y, axis, index = _rows("index_add", x, dim, index)
    np.add.at(y, index, _source("index_add", x, axis, index, source) * np.asarray(alpha, x.dtype))

    def dsource(dy: Array) -> Array:
        return np.atleast_1d(dy).take(index, axis).reshape(source.shape) * alpha

    return np.moveaxis(y, 0, axis).reshape(x.shape), (lambda dy: dy, _none, _none, dsource)


@method
@primitive
def index_copy(x: Array, dim: int, index: Array, source: Array) -> tuple[Array, Pullback]:
    """A copy of x with other slices: y[…, index[k], …] = source[…, k, …].

    dx = dy, and 0 at the index,   dsource = dy[…, index, …].
    Shapes: x (A, B, C), dim=1, index (K), source (A, K, C) -> (A, B, C).   Errors as in `index_add`.
    """
    y, axis, index = _rows("index_copy", x, dim, index)
    y[index] = _source("index_copy", x, axis, index, source)

    def dsource(dy: Array) -> Array:
        return np.atleast_1d(dy).take(index, axis).reshape(source.shape)

    return np.moveaxis(y, 0, axis).reshape(x.shape), (lambda dy: _emptied(dy, axis, index), _none, _none, dsource)


@method
@primitive
def index_fill(x: Array, dim: int, index: Array, value: Any) -> tuple[Array, Pullback]:
    """A copy of x with one number in the slices of an index along `dim`: y[…, index, …] = value.

    dx = dy, and 0 at the index; value is a number, or a tensor without dimensions: dvalue = Σ dy at the index.
    Same shape. Errors: as in `index_add`.
    """
    if np.ndim(value):
        raise ValueError(f"index_fill(): value must be a number, its shape is {np.shape(value)}")
    y, axis, index = _rows("index_fill", x, dim, index)
    y[index] = value

    def dvalue(dy: Array) -> Array:
        return np.asarray(np.atleast_1d(dy).take(np.unique(index), axis).sum())

    return np.moveaxis(y, 0, axis).reshape(x.shape), (lambda dy: _emptied(dy, axis, index), _none, _none, dvalue)


def _emptied(dy: Array, axis: int, index: Array) -> Array:
    """dy, with zeros at the index."""
    dx = np.array(dy)
    np.moveaxis(np.atleast_1d(dx), axis, 0)[index] = 0
    return dx


# ---------------------------------------------------------------------------------------------- x[index], masks


@method
def index_put(input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of input in which x[indices] = values, or x[indices] += values with `accumulate`; values are broadcast.

    dx = dy, and 0 at the indices unless they accumulate,   dvalues = dy[indices]
    Errors: IndexError for an index out of range, ValueError where the values do not fit.
    """
    index = tuple(i.array if isinstance(i, Tensor) else i for i in indices)
    return _added(input, index, values) if accumulate else assigned(input, index, values)


@primitive
def assigned(x: Array, index: Any, value: Any) -> tuple[Array, Pullback]:
    """A copy of x with y[index] = value.   dx = dy, and 0 at the index,   dvalue = dy[index]"""
    y = x.copy()
    put(y, index, value)

    def dx(dy: Array) -> Array:
        dx = dy.copy()
        put(dx, index, 0)
        return dx

    return y, (dx, _none, lambda dy: _taken_back(dy, index, value))


@primitive
def _added(x: Array, index: Any, value: Any) -> tuple[Array, Pullback]:
    """A copy of x with y[index] += value, as often as a place is named.   dx = dy,   dvalue = dy[index]"""
    y = x.copy()
    basic, arrays = in_steps(y, index)
    places: Any = ... if arrays is None else arrays
    np.add.at(y[basic], places, value)
    return y, (lambda dy: dy, _none, lambda dy: _taken_back(dy, index, value))


def _taken_back(dy: Array, index: Any, value: Any) -> Array:
    """dy[index], for a value that may have more dimensions of size 1 in front."""
    dvalue = np.asarray(getitem.reference(dy, index)[0])
    return dvalue.reshape((*(1,) * (np.ndim(value) - dvalue.ndim), *dvalue.shape))


def put(y: Array, index: Any, value: Any) -> None:
    """y[index] = value, on arrays."""
    try:
        basic, arrays = in_steps(y, index)
        if arrays is None:
            y[with_dots(basic)] = value
        else:
            y[basic][arrays] = value
    except IndexError as error:
        raise IndexError(f"x[…] = value with x of shape {y.shape}: {error}") from None
    except ValueError as error:
        place = np.shape(getitem.reference(y, index)[0])
        if not y.flags.writeable:
            raise ValueError(f"x[…] = value: x of shape {y.shape} is read-only or expanded; clone() it first") from None
        if np.shape(value) == place:
            raise ValueError(f"x[…] = value with x of shape {y.shape}: {error}") from None
        raise ValueError(
            f"x[…] = value: a value of shape {np.shape(value)} does not fit the shape {place} of what x[…] is,"
            f" for x of shape {y.shape}"
        ) from None


@method
@primitive
def masked_scatter(x: Array, mask: Array, source: Array) -> tuple[Array, Pullback]:
    """x, but where mask is true the values of source, one after the other; x and mask are broadcast.

    dx = 0 where mask, else dy;   dsource = dy where mask, in this order, and 0 for what is left over
    Errors: ValueError where the shapes do not broadcast or the source has too few values, TypeError for a mask that is
    not of truth values, or two dtypes.
    """
    check_mask("masked_scatter", mask)
    y = np.array(np.broadcast_to(x, common_shape("masked_scatter", x, mask)))
    chosen = np.broadcast_to(mask, y.shape)
    n = int(chosen.sum())
    if source.dtype != x.dtype:
        raise TypeError(f"masked_scatter(): the dtypes differ: input {x.dtype}, source {source.dtype}")
    if source.size < n:
        raise ValueError(f"masked_scatter(): the mask asks for {n} values, the source has {source.size}")
    y[chosen] = source.reshape(-1)[:n]

    def dsource(dy: Array) -> Array:
        dsource = np.zeros(source.size, dy.dtype)
        dsource[:n] = dy[chosen]
        return dsource.reshape(source.shape)

    return y, (lambda dy: np.where(mask, 0, dy), _none, dsource)
