"""Embedding: rows of a table by their numbers."""

from __future__ import annotations

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.deferring import settle_all
from chainrule.native import core
from chainrule.ops.arguments import whole_number
from chainrule.tensor import Array, Tensor

__all__ = ["embedding"]


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of a table with the numbers in `input`: y[…, :] = w[input[…], :] for weight w.

    dw[i] = Σ dy over all places where input is i, divided by their number with `scale_grad_by_freq`; 0 for padding_idx.
    With `max_norm` the rows that are used are first scaled down to that norm, of order `norm_type`, in the table itself
    and unseen by the tape. `sparse` is taken for PyTorch's sake: the gradient is dense here.

    Shapes: input (…) of whole numbers from 0 to V − 1, weight (V, E) -> y (…, E).
    Errors: IndexError for a number out of range, TypeError where input is not of whole numbers, ValueError for another
    shape of weight, or a padding_idx that is no row.
    """
    _check(input.array, weight.array)
    V = len(weight.array)
    if padding_idx is not None:
        padding_idx = whole_number("embedding", "padding_idx", padding_idx)
    if padding_idx is not None and not -V <= padding_idx < V:
        raise ValueError(f"embedding(): padding_idx={padding_idx} is not a row of the weight {weight.shape} = (V, E)")
    if max_norm is not None:
        _check_rows(input.array, weight.array)
        settle_all()
        _renormalize(weight.array, np.unique(input.array), max_norm, norm_type)
    y: Tensor = _embedding(input, weight, None if padding_idx is None else padding_idx % V, scale_grad_by_freq)
    return y


@primitive
def _embedding(index: Array, w: Array, padding: int | None, by_frequency: bool) -> tuple[Array, Pullback]:
    """y = w[index].   dw[index] += dy, as sums over runs of equal numbers after sorting"""
    _check_rows(index, w)
    shape, dtype = w.shape, w.dtype  # all that is needed of w on the way back

    def dw(dy: Array) -> Array:
        dw = np.zeros(shape, dtype)
        flat = index.reshape(-1)
        order = np.argsort(flat, kind="stable")
        rows, starts, counts = np.unique(flat[order], return_index=True, return_counts=True)
        if len(rows):
            found = dy.reshape(len(flat), shape[1])[order]
            dw[rows] = np.add.reduceat(found, starts, axis=0)  # (…, E) -> (used rows, E)
        if by_frequency:
            dw[rows] /= counts[:, None].astype(dtype)
        if padding is not None:
            dw[padding] = 0
        return dw

    return w[index], (lambda dy: None, dw)


@_embedding.native
def _(index: Array, w: Array, padding: int | None, by_frequency: bool) -> tuple[Array, Pullback]:
    V, ignored = len(w), -1 if padding is None else padding
    return core.embedding(index, w), (
        lambda dy: None,
        lambda dy: core.embedding_grad(dy, index, V, ignored, bool(by_frequency)),
    )


@np.errstate(all="ignore")
def _renormalize(w: Array, rows: Array, max_norm: float, norm_type: float) -> None:
    """Scale these rows down to the norm, in place."""
    norms = np.linalg.norm(w[rows], norm_type, axis=1, keepdims=True)
    w[rows] *= np.where(norms > max_norm, max_norm / (norms + 1e-7), 1).astype(w.dtype)


def _check(index: Array, w: Array) -> None:
    if w.ndim != 2:
        raise ValueError(f"embedding(): the weight needs 2 dimensions (V, E), its shape is {w.shape}")
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding(): the input must be whole numbers, not {index.dtype}; convert it with .long()")


def _check_rows(index: Array, w: Array) -> None:
    """The kernel does so itself, and declines what does not fit."""
    if index.size and (index.min() < 0 or index.max() >= len(w)):
        wrong = index[(index < 0) | (index >= len(w))][0]
        raise IndexError(f"embedding(): the number {wrong} is not a row of the weight {w.shape} = (V, E), V={len(w)}")
