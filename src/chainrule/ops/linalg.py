"""Products of matrices and vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import methods, numpy_names, one_dim, require_tensors, whole_number
from chainrule.ops.solving import inverse
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = [
    "addmm", "addmv", "baddbmm", "bilinear", "bmm", "cross", "dot", "ger", "linear", "matmul", "matrix_power", "mm",
    "mv", "outer",
]  # fmt: skip


@primitive
def _matmul(a: Array, b: Array) -> tuple[Array, Pullback]:
    """y = a·b for a (…, M, K), b (…, K, N), leading axes broadcast.   da = dy·bᵀ,   db = aᵀ·dy;   2·M·K·N FLOPs each"""
    _check_matmul(a, b)
    return a @ b, (lambda dy: dy @ b.mT, lambda dy: a.mT @ dy)


@_matmul.native
def _(a: Array, b: Array) -> tuple[Array, Pullback]:
    _check_matmul(a, b)
    return core.matmul(a, b), (lambda dy: core.matmul(dy, b.mT), lambda dy: core.matmul(a.mT, dy))


@method
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: y = input·other.   dinput = dy·otherᵀ,   dother = inputᵀ·dy

    Shapes: (…, M, K) · (…, K, N) -> (…, M, N), leading axes broadcast. A vector on the left is a row, one on the right
    a column, and that axis is dropped from the result.
    Errors: ValueError where the inner sizes differ, TypeError where the dtypes do.
    """
    if input.ndim > 1 and other.ndim > 1:
        if input.ndim > 2 and other.ndim == 2:  # one product of matrices, not one for each leading index
            flat = _matmul(input.reshape(-1, input.shape[-1]) if input.array.size else input, other)
            return flat.reshape(*input.shape[:-1], other.shape[1])
        return _matmul(input, other)
    if not (input.ndim and other.ndim):
        raise ValueError(f"matmul(): both operands need dimensions, the shapes are {input.shape} and {other.shape}")
    y = _matmul(input.unsqueeze(0) if input.ndim == 1 else input, other.unsqueeze(1) if other.ndim == 1 else other)
    y = y.squeeze(-1) if other.ndim == 1 else y
    return y.squeeze(-1 if other.ndim == 1 else -2) if input.ndim == 1 else y


@primitive
def linear(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Pullback]:
    """The affine map of a dense layer: y = x·wᵀ + b.   dx = dy·w,   dw = dyᵀ·x,   db = Σ dy, over all rows.

    Shapes: x (…, I), weight w (O, I), bias b (O) -> y (…, O);   2·N·I·O FLOPs for N rows, twice that backwards.
    With w (I) and a number for b, y (…). Errors: ValueError where the sizes differ, TypeError where the dtypes do.
    Unlike in PyTorch b is not broadcast over the outputs.
    """
    _check_linear(x, weight, bias)
    if weight.ndim == 1:
        return _linear_to_number(x, weight, bias)
    y = x @ weight.T
    return y if bias is None else y + bias, (
        lambda dy: dy @ weight,
        lambda dy: _rows(dy).T @ _rows(x),
        lambda dy: dy,  # summed over the rows by the walk, as it was broadcast over them
    )


@linear.native
def _(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Pullback]:
    _check_linear(x, weight, bias)
    if weight.ndim == 1:
        raise Unsupported
    rows = x if x.ndim == 2 else _rows(x)
    y = core.linear(rows, weight, bias)
    return y if x.ndim == 2 else y.reshape(*x.shape[:-1], len(weight)), (
        lambda dy: core.matmul(_rows(dy), weight).reshape(x.shape),
        lambda dy: core.matmul(_rows(dy).T, rows),
        lambda dy: core.sum(_rows(dy), (0,), False),
    )


def _linear_to_number(x: Array, w: Array, b: Array | None) -> tuple[Array, Pullback]:
    """y = x·w + b for a vector w.   dx = dy·wᵀ,   dw = Σ dy·x,   db = Σ dy"""
    return x @ w if b is None else x @ w + b, (
        lambda dy: dy[..., None] * w,
        lambda dy: dy.reshape(-1) @ _rows(x),
        lambda dy: dy,
    )


def _rows(x: Array) -> Array:
    """(…, I) -> (N, I)"""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _check_matmul(a: Array, b: Array) -> None:
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"matmul(): the inner sizes differ: {a.shape} · {b.shape}\n"
            "  the last size of the first must equal the last but one of the second"
        )
    if a.dtype != b.dtype:
        raise TypeError(f"matmul(): the dtypes differ: {a.dtype} and {b.dtype}; convert one side with .to(dtype)")


def _check_linear(x: Any, w: Array, b: Array | None) -> None:
    if x.ndim == 0 or w.ndim not in (1, 2) or x.shape[-1] != w.shape[-1]:
        raise ValueError(
            f"linear(): the input has {x.shape[-1] if x.ndim else 'no'} features, the weight expects {w.shape[-1]}\n"
            f"  input {x.shape} = (…, in), weight {w.shape} = (out, in)"
        )
    if b is not None and b.shape != w.shape[:-1]:
        raise ValueError(f"linear(): the bias has shape {b.shape}, the weight {w.shape} asks for {w.shape[:-1]}")
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        dtypes = f"input {x.dtype}, weight {w.dtype}" + ("" if b is None else f", bias {b.dtype}")
        raise TypeError(f"linear(): the dtypes differ: {dtypes}; convert one side with .to(dtype)")


def _with_dims(name: str, *operands: tuple[str, Tensor, int]) -> None:
    for what, x, ndim in operands:
        if x.ndim != ndim:
            raise ValueError(f"{name}(): {what} must have {ndim} dimension{'s' * (ndim > 1)}, its shape is {x.shape}")


@method
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices, input and mat2: (M, K) · (K, N) -> (M, N), with the gradients of `matmul`.

    Errors: ValueError for other shapes, TypeError where the dtypes differ.
    """
    _with_dims("mm", ("input", input, 2), ("mat2", mat2, 2))
    return _matmul(input, mat2)


@method
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, input and mat2: (B, M, K) · (B, K, N) -> (B, M, N).

    Gradients as in `matmul`. Errors: ValueError where the shapes are others, TypeError where the dtypes differ.
    """
    _with_dims("bmm", ("input", input, 3), ("mat2", mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ValueError(f"bmm(): the batches differ in length: {input.shape} · {mat2.shape}")
    return _matmul(input, mat2)


@method
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector, input and vec: (M, K) · (K) -> (M), with the gradients of `matmul`.

    Errors: ValueError for other shapes, TypeError where the dtypes differ.
    """
    _with_dims("mv", ("input", input, 2), ("vec", vec, 1))
    return matmul(input, vec)


@method
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors, Σ input·tensor: (K) · (K) -> (), with the gradients of `matmul`.

    Errors: ValueError for other shapes, TypeError where the dtypes differ.
    """
    _with_dims("dot", ("input", input, 1), ("tensor", tensor, 1))
    return matmul(input, tensor)


@method
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The outer product of two vectors, y[i, j] = input[i] · vec2[j]: (M), (N) -> (M, N). Also called ger.

    dinput = dy·vec2,   dvec2 = dyᵀ·input.   Errors: ValueError for what is no vector.
    """
    _with_dims("outer", ("input", input, 1), ("vec2", vec2, 1))
    return input.unsqueeze(1) * vec2.unsqueeze(0)


ger = outer
methods(ger=outer)


@method
def matrix_power(input: Tensor, n: int) -> Tensor:
    """The product of n times a square matrix, or each of a batch: (…, M, M) -> (…, M, M); for n = 0 the unit matrix.

    For n < 0 it is that of the inverse. The gradients are those of the products, see `matmul`.
    Errors: ValueError for matrices that are not square, or then singular.
    """
    require_tensors("matrix_power", input)
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ValueError(f"matrix_power(): a square matrix is needed, not shape {input.shape}")
    if whole_number("matrix_power", "n", n) < 0:
        return matrix_power(inverse(input), -n)
    if n == 0:
        return input * 0 + Tensor(np.eye(input.shape[-1], dtype=input.dtype))
    if n == 1:
        return input.clone()
    half = matrix_power(input, n // 2)
    y = _matmul(half, half)
    return _matmul(y, input) if n % 2 else y


@method
@numpy_names
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product of vectors of three elements along `dim`, which are broadcast: y = input × other.

    y₀ = a₁·b₂ − a₂·b₁ and so on, in a circle, for a × b.   dinput = other × dy,   dother = dy × input
    Without `dim` it is the first of size 3; better name it, or take `linalg.cross`, for which it is the last one.
    Errors: ValueError where that size is not 3, or the shapes do not fit, IndexError where there is no such dim.
    """
    whole = np.broadcast_shapes(input.shape, other.shape)
    if dim is None:
        dim = whole.index(3) if 3 in whole else -1
    axis = one_dim("cross", dim, len(whole), whole) - len(whole)
    if any(x.ndim < -axis or x.shape[axis] != 3 for x in (input, other)):
        raise ValueError(f"cross(): dim {dim} of shapes {input.shape} and {other.shape} must have size 3")
    y: Tensor = input.roll(-1, axis) * other.roll(-2, axis) - input.roll(-2, axis) * other.roll(-1, axis)
    return y


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product along `dim`, the last dimension if not given, of input and other, which are broadcast.

    Gradients and errors as in `cross`.
    """
    return cross(input, other, dim)


@method
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """y = beta · input + alpha · mat1·mat2.

    dinput = beta · dy,   dmat1 = alpha · dy·mat2ᵀ,   dmat2 = alpha · mat1ᵀ·dy
    Shapes: input broadcasts to (M, N), mat1 (M, K), mat2 (K, N) -> (M, N). With beta = 0 input is left out, NaN or not.
    Errors: ValueError where the shapes do not fit, TypeError where the dtypes differ.
    """
    _with_dims("addmm", ("mat1", mat1, 2), ("mat2", mat2, 2))
    return _plus("addmm", input, _matmul(mat1, mat2), beta, alpha)


@method
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """y = beta · input + alpha · mat·vec: input broadcasts to (M), mat (M, K), vec (K) -> (M).

    Gradients and errors as in `addmm`.
    """
    _with_dims("addmv", ("mat", mat, 2), ("vec", vec, 1))
    return _plus("addmv", input, matmul(mat, vec), beta, alpha)


@method
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """y = beta · input + alpha · batch1·batch2.

    Shapes: input broadcasts to (B, M, N), batch1 (B, M, K), batch2 (B, K, N) -> (B, M, N).
    Gradients and errors as in `addmm`.
    """
    return _plus("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def _plus(name: str, input: Tensor, product: Tensor, beta: Scalar, alpha: Scalar) -> Tensor:
    """beta · input + alpha · product."""
    y = product if alpha == 1 else product * alpha
    try:
        whole = input.broadcast_to(y.shape)
    except ValueError:
        raise ValueError(
            f"{name}(): input of shape {input.shape} does not broadcast to the product, {y.shape}"
        ) from None
    return y if beta == 0 else y + (whole if beta == 1 else whole * beta)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y[…, o] = Σ_ij input1[…, i] · weight[o, i, j] · input2[…, j] + bias[o].

    Shapes: input1 (…, I), input2 (…, J), weight (O, I, J), bias (O) -> (…, O). The gradients are those of two products:
    z[…, o, j] = Σ_i input1[…, i] · weight[o, i, j] of matrices, then Σ_j z[…, o, j] · input2[…, j].
    Errors: ValueError where the shapes do not fit, TypeError where the dtypes differ.
    """
    _check_bilinear(input1, input2, weight, bias)
    o, i, j = weight.shape
    rows = input1.reshape(math.prod(input1.shape[:-1]), i)
    z = _matmul(rows, weight.transpose(0, 1).reshape(i, o * j)).reshape(*input1.shape[:-1], o, j)
    y = _matmul(z, input2.unsqueeze(-1)).squeeze(-1)
    return y if bias is None else y + bias


def _check_bilinear(a: Tensor, b: Tensor, w: Tensor, bias: Tensor | None) -> None:
    _with_dims("bilinear", ("weight", w, 3))
    if not (a.ndim and b.ndim) or a.shape[:-1] != b.shape[:-1] or (a.shape[-1], b.shape[-1]) != w.shape[1:]:
        raise ValueError(
            f"bilinear(): inputs of shapes {a.shape} and {b.shape} do not fit the weight {w.shape}\n"
            "  input1 (…, in1), input2 (…, in2), weight (out, in1, in2)"
        )
    if bias is not None and bias.shape != w.shape[:1]:
        raise ValueError(f"bilinear(): the bias has shape {bias.shape}, the weight {w.shape} asks for ({w.shape[0]},)")
