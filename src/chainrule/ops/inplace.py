"""In place: x[index] = value, and the functions of indexing and shape whose names end in _; the others are in `twins`.

A tensor that the tape knows nothing of is overwritten in its memory. One that it has recorded, or that takes a recorded
value, gets new memory and the new value's place on the tape: pullbacks may hold the old values, and stay right. What
shared the old memory with it does not see the change then, unlike in PyTorch: views that were taken before keep the old
values. A view of a tensor that is still in use is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.autograd import is_grad_enabled
from chainrule.deferring import settle_all
from chainrule.ops.arguments import methods
from chainrule.ops.indexing import masked_fill, tril, triu
from chainrule.ops.scan import cumprod, cumsum
from chainrule.ops.shape import squeeze, t, transpose, unsqueeze
from chainrule.ops.writing import (
    assigned,
    index_add,
    index_copy,
    index_fill,
    index_put,
    masked_scatter,
    put,
    scatter,
    scatter_add,
    scatter_reduce,
)
from chainrule.tensor import Scalar, Tensor, method

__all__: list[str] = []


# ---------------------------------------------------------------------------------------------- x[index] = value


def _setitem(x: Tensor, index: Any, value: Any) -> None:
    """x[index] = value, indexed as in `getitem`; value is broadcast, and brought to x's dtype.

    dx = dy, and 0 at the index,   dvalue = dy[index]
    Errors: IndexError for an index out of range, ValueError where the value does not fit, TypeError for another value.
    """
    plain = tuple(_plain(i) for i in index) if isinstance(index, tuple) else _plain(index)
    if not isinstance(value, Tensor | np.ndarray | np.generic | int | float):
        raise TypeError(f"x[…] = value: value must be a tensor or a number, not {value!r}")
    tracked = x.node is not None or (isinstance(value, Tensor) and value.node is not None)
    if tracked and is_grad_enabled():
        x._become("x[index] = value", assigned(x, plain, value))
    else:
        settle_all()
        put(x.array, plain, _plain(value))


methods(__setitem__=_setitem)


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


# ---------------------------------------------------------------------------------------------- x.f_(…) from f(x, …)


def _twin(name: str, f: Callable[..., Tensor], write: Callable[[Tensor, str, Tensor], Tensor]) -> None:
    """Let x.name(…) put the value of f(x, …) into x."""

    @functools.wraps(f)
    def in_place(self: Tensor, *args: Any, **named: Any) -> Tensor:
        return write(self, f"{name}()", f(self, *args, **named))

    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = (
        f"In place: x ← x.{name[:-1]}(…), see `{name[:-1]}`.\n\nErrors: RuntimeError for a leaf that wants a gradient."
    )
    methods(**{name: in_place})


def _rearrange(x: Tensor, what: str, y: Tensor) -> Tensor:
    """x in the shape and order of y, a view of it."""
    if x.node is not None and x.is_leaf and is_grad_enabled():
        x._write(what)
    x.array, x.node = y.array, y.node
    return x


_f: Any
for _f in (cumprod, cumsum, index_add, index_copy, index_fill, index_put, masked_fill, masked_scatter):
    _twin(f"{_f.__name__}_", _f, Tensor._become)
for _f in (scatter, scatter_add, scatter_reduce, tril, triu):
    _twin(f"{_f.__name__}_", _f, Tensor._become)
for _f in (squeeze, t, transpose, unsqueeze):
    _twin(f"{_f.__name__}_", _f, _rearrange)


@method
def fill_diagonal_(self: Tensor, fill_value: Scalar, wrap: bool = False) -> Tensor:
    """Overwrite x[0, 0], x[1, 1], … by fill_value, in the same shape; with `wrap` a tall matrix begins anew below.

    dx = dy, and 0 on the diagonal. Errors: ValueError unless it is a matrix, or all sizes are equal.
    """
    if self.ndim < 2 or (self.ndim > 2 and len(set(self.shape)) > 1):
        raise ValueError(f"fill_diagonal_(): a matrix or equal sizes are needed, not shape {self.shape}")
    n = min(self.shape)
    places: Any = (np.arange(n),) * self.ndim
    if wrap and self.ndim == 2 and self.shape[0] > self.shape[1]:
        rows, columns = self.shape
        flat = np.arange(0, rows * columns, columns + 1)
        places = (flat // columns, flat % columns)
    self[places] = fill_value
    return self
