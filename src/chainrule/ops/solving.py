"""Square matrices: determinants, inverses and systems of linear equations, also of batches (…, N, N).

All of it is in NumPy, by LU or singular values: 2/3·N³ FLOPs, twice that backwards.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import methods, require_floating, require_tensors
from chainrule.ops.elementwise import where
from chainrule.tensor import Array, Tensor, method

__all__ = ["det", "inverse", "logdet", "slogdet"]


class SignLogAbsDet(NamedTuple):
    """What `slogdet` returns."""

    sign: Tensor
    logabsdet: Tensor


@method
@primitive
def det(x: Array) -> tuple[Array, Pullback]:
    """The determinant of each matrix: (…, N, N) -> (…).   dx = dy · C, the matrix of cofactors: det x · x⁻ᵀ

    Of x = U·diag(s)·Vᵀ it is C = det U · det V · U·diag(Π_j≠i sⱼ)·Vᵀ, which a singular x has, too.
    Errors: ValueError where x is not square, TypeError for integers.
    """
    _check_square("det", x)

    def dx(dy: Array) -> Array:
        if not np.isfinite(x).all():
            return np.full_like(x, np.nan)
        u, s, vt = np.linalg.svd(x)
        others = np.where(np.eye(x.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
        sign = np.asarray(np.linalg.det(u) * np.linalg.det(vt) * dy)
        return np.asarray(sign[..., None, None] * ((u * others[..., None, :]) @ vt))

    return np.linalg.det(x), dx


@method
def slogdet(input: Tensor) -> SignLogAbsDet:
    """The determinant as its sign and ln |det x|, which does not overflow: (…, N, N) -> ((…), (…)).   dx = dy · x⁻ᵀ

    A singular matrix has the sign 0 and −∞. Errors: ValueError where x is not square, TypeError for integers.
    """
    require_tensors("slogdet", input)
    return SignLogAbsDet(_sign(input), _logabsdet(input))


@primitive
def _sign(x: Array) -> tuple[Array, Pullback]:
    """The sign of det x; it has no gradient."""
    _check_square("slogdet", x)
    return np.linalg.slogdet(x)[0], lambda dy: np.zeros_like(x)


@primitive
def _logabsdet(x: Array) -> tuple[Array, Pullback]:
    """ln |det x|.   dx = dy · x⁻ᵀ, and NaN where a matrix is singular"""

    def dx(dy: Array) -> Array:
        try:
            return dy[..., None, None] * np.linalg.inv(x).mT
        except np.linalg.LinAlgError:
            return np.full_like(x, np.nan)

    return np.linalg.slogdet(x)[1], dx


@method
def logdet(input: Tensor) -> Tensor:
    """ln det x: (…, N, N) -> (…); NaN where the determinant is negative.   dx = dy · x⁻ᵀ

    Errors: ValueError where x is not square, TypeError for integers.
    """
    sign, logabsdet = slogdet(input)
    y: Tensor = where(sign < 0, float("nan"), logabsdet)
    return y


@method
@primitive
def inverse(x: Array) -> tuple[Array, Pullback]:
    """The inverse of each matrix, also linalg.inv: (…, N, N) -> the same.   dx = −yᵀ·dy·yᵀ

    Errors: ValueError where x is not square or singular, TypeError for integers.
    """
    _check_square("inverse", x)
    y = _inverted("inverse", x)
    return y, lambda dy: -(y.mT @ dy @ y.mT)


def linalg_solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The solution y of A·y = B, or of y·A = B unless `left`.   dB = A⁻ᵀ·dy,   dA = −dB·yᵀ

    Shapes: A (…, N, N), B (…, N, K) or (N) -> that of B; leading axes are broadcast. B is a batch of vectors (…, N)
    where its shape is A's without the last size.
    Errors: ValueError where A is singular, or the shapes do not fit; TypeError for integers or two dtypes.
    """
    require_tensors("solve", A, B)
    if not left:
        return linalg_solve(A.mT, B.mT if B.ndim > 1 else B).mT if B.ndim > 1 else linalg_solve(A.mT, B)
    vectors = B.ndim == 1 or B.shape == A.shape[:-1]
    y: Tensor = _solve(A, B.unsqueeze(-1) if vectors else B)
    return y.squeeze(-1) if vectors else y


@primitive
def _solve(a: Array, b: Array) -> tuple[Array, Pullback]:
    """y = a⁻¹·b.   db = a⁻ᵀ·dy,   da = −db·yᵀ"""
    _check_square("solve", a)
    if b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise ValueError(f"solve(): A of shape {a.shape} does not fit B of shape {b.shape}: (…, N, N) and (…, N, K)")
    if a.dtype != b.dtype:
        raise TypeError(f"solve(): the dtypes differ: {a.dtype} and {b.dtype}; convert one side with .to(dtype)")
    y = _refused("solve", np.linalg.solve, a, b)

    def db(dy: Array) -> Array:
        return np.asarray(np.linalg.solve(a.mT, dy))

    return y, (lambda dy: -(db(dy) @ y.mT), db)


def _inverted(name: str, x: Array) -> Array:
    y: Array = _refused(name, np.linalg.inv, x)
    return y


def _refused(name: str, f: Any, *arrays: Array) -> Any:
    """f of the arrays; what LAPACK does not solve is a ValueError."""
    try:
        return f(*arrays)
    except np.linalg.LinAlgError as error:
        text = "the matrix is singular" if "ingular" in str(error) else str(error)
        raise ValueError(f"{name}(): {text}, its shape is {arrays[0].shape}") from None


def _check_square(name: str, x: Array) -> None:
    require_floating(name, x)
    if x.dtype == np.float16:
        raise TypeError(f"{name}(): float32 or float64 is needed, not float16")
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{name}(): square matrices (…, N, N) are needed, the shape is {x.shape}")


methods(inverse=inverse)
