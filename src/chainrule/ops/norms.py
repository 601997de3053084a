"""Norms of vectors and matrices, under the names of `torch.norm` and `torch.linalg`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import all_dims, numpy_names, require_floating
from chainrule.ops.conversion import to
from chainrule.ops.extremes import amax, amin
from chainrule.ops.reduction import sum, vector_norm
from chainrule.ops.shape import movedim
from chainrule.tensor import Array, Tensor, method

__all__ = ["norm"]


@method
@numpy_names
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """`linalg.vector_norm` of order p, over all dimensions or those in `dim`; "fro" is order 2.

    "nuc" is the nuclear norm of matrices, see `matrix_norm`; shapes, gradient and errors else as in `vector_norm`.
    Errors: ValueError for another p, TypeError for integers.
    """
    if p == "nuc":
        return matrix_norm(input, "nuc", tuple(range(input.ndim)) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise ValueError(f"norm(): p must be a number, infinity, 'fro' or 'nuc', not {p!r}")
    return vector_norm(input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype=dtype)


@numpy_names
def linalg_norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of a vector or of matrices: `vector_norm` over one dimension, `matrix_norm` over two.

    Without `ord`, order 2 over whatever dimensions; without `dim`, A itself must be a vector or a matrix (ValueError).
    Shapes, gradients and errors as in `vector_norm` and `matrix_norm`.
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    dims = all_dims("norm", dim, A.shape)
    if len(dims) == 1 and not isinstance(ord, str):
        return vector_norm(A, ord, dims, keepdim, dtype=dtype)
    if len(dims) != 2:
        raise ValueError(f"norm(): ord={ord!r} is of a vector or a matrix: dim must name one or two of {A.shape}")
    return matrix_norm(A, ord, dims if dim is None else dim, keepdim, dtype=dtype)


@numpy_names
def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """A norm of each matrix in A, whose rows and columns are the two dimensions `dim`: (…, M, N) -> (…).

    ord="fro": √Σ a²;  "nuc": Σ s;  2: max s;  −2: min s, for the singular values s
    1: the greatest sum of |a| in a column, −1: the least;  ±∞: the same in a row

    The gradients are those of these sums and of `svdvals`. Errors: ValueError for another ord, or unless there are two
    dims, IndexError where there is none such, TypeError for integers.
    """
    if len(dims := all_dims("matrix_norm", dim, A.shape)) != 2:
        raise ValueError(f"matrix_norm(): dim {dim} must name two dimensions, the shape is {A.shape}")
    A = to(A, dtype)
    require_floating("matrix_norm", A.array)
    if ord == "fro":
        return vector_norm(A, 2, dims, keepdim)
    if ord == "nuc" or ord in (2, -2):
        s = svdvals(movedim(A, dims, (-2, -1)))
        y = sum(s, -1) if ord == "nuc" else (amax if ord > 0 else amin)(s, -1)
    elif ord in (1, -1, math.inf, -math.inf):
        rows, columns = dims if abs(ord) == 1 else dims[::-1]
        y = (amax if ord > 0 else amin)(sum(A.abs(), rows, True), columns, True).squeeze(dims)
    else:
        raise ValueError(f"matrix_norm(): ord must be 'fro', 'nuc', ±1, ±2 or ±infinity, not {ord!r}")
    return y.reshape([1 if i in dims else n for i, n in enumerate(A.shape)]) if keepdim else y


@primitive
def svdvals(x: Array) -> tuple[Array, Pullback]:
    """The singular values s of each matrix (…, M, N) = U·diag(s)·Vᵀ, greatest first.   dx = U·diag(dy)·Vᵀ

    Shapes: (…, M, N) -> (…, min(M, N)). Errors: ValueError for fewer than two dimensions, and for NaN or infinite
    values, from which LAPACK may never return; TypeError for integers.
    """
    if require_floating("svdvals", x).ndim < 2:
        raise ValueError(f"svdvals(): a matrix is needed, not shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"svdvals(): the input of shape {x.shape} has NaN or infinite values")
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return s, lambda dy: (u * dy[..., None, :]) @ vt
