"""Einstein's sums: products of tensors whose dimensions are named by letters, summed over the letters not asked for.

    einsum("bij,bjk->bik", x, y)        y[b, i, k] = Σ_j x[b, i, j] · y[b, j, k], a batch of matrix products

An equation is worked off two operands at a time, from left to right. Each such contraction is one batched matrix
product, and its gradients are contractions of the same kind, with dy in the place of the operand: of "ij,jk->ik",
dx = "ik,jk->ij" of dy and y.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import one_dim
from chainrule.ops.linalg import dot, matmul
from chainrule.tensor import Array, Tensor, method

__all__ = ["chain_matmul", "einsum", "inner", "kron", "tensordot", "vdot"]

LETTERS = string.ascii_letters


def einsum(equation: Any, *operands: Any) -> Tensor:
    """The sum of products that "ij,jk->ik", an equation, describes; without "->" the letters that come once are kept.

    "..." stands for dimensions without names, which are broadcast; a letter twice in one of the `operands` is its
    diagonal. The other form names dimensions by numbers: einsum(x, [0, 1], y, [1, 2], [0, 2]).

    dxᵢ = the contraction of dy and all other operands that has the letters of xᵢ

    Errors: ValueError where the equation does not fit the shapes, TypeError where the dtypes differ.
    """
    if isinstance(equation, Tensor):
        equation, operands = _lettered((equation, *operands))
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): an equation such as 'ij,jk->ik' is needed, not {equation!r}")
    xs = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    terms, out = _parsed(equation, xs)
    if len({x.dtype for x in xs}) > 1:
        raise TypeError(f"einsum(): the dtypes differ: {', '.join(str(x.dtype) for x in xs)}; convert with .to(dtype)")
    sizes = _sizes(equation, terms, xs)
    pairs = [_tidied(x, term, sizes) for x, term in zip(xs, terms, strict=True)]
    x, term = pairs[0]
    for i, (y, other) in enumerate(pairs[1:], 2):
        later = {*out, *(letter for _, t in pairs[i:] for letter in t)}
        x, term = _summed(x, term, {*other, *later})
        y, other = _summed(y, other, {*term, *later})
        both = "".join(dict.fromkeys(letter for letter in term + other if letter in later))
        x, term = _contract(x, y, term, other, both), both
    x, term = _summed(x, term, set(out))
    return x.permute(*[term.index(letter) for letter in out]) if term != out else x


# ---------------------------------------------------------------------------------------------- special ones


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Σ of products over pairs of dimensions: the last `dims` of a and the first of b, or those in a pair of lists.

    Shapes: a (A, B, C), b (C, B, D), dims=([1, 2], [1, 0]) -> (A, D). The gradients are those of a product of matrices.
    Errors: ValueError where the sizes do not fit, or there are not as many dims, TypeError where the dtypes differ.
    """
    left, right = _paired(a, b, dims)
    letters = LETTERS[: a.ndim]
    rest = iter(LETTERS[a.ndim :])
    other = [letters[left[right.index(i)]] if i in right else next(rest) for i in range(b.ndim)]
    kept = [c for i, c in enumerate(letters) if i not in left] + [c for i, c in enumerate(other) if i not in right]
    return einsum(f"{letters},{''.join(other)}->{''.join(kept)}", a, b)


def _paired(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of a and of b that are summed over, which must be of equal sizes."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ValueError(f"tensordot(): dims = {dims} must be from 0 to what {a.shape} and {b.shape} have")
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    each = [[d] if isinstance(d, int) else list(d) for d in (dims.tolist() if isinstance(dims, Tensor) else dims)]
    left, right = ([one_dim("tensordot", d, x.ndim, x.shape) for d in ds] for ds, x in zip(each, (a, b), strict=True))
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ValueError(f"tensordot(): dims {each} of shapes {a.shape} and {b.shape} differ in size")
    return left, right


@method
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Σ of products over the last dimension of input and other; a number multiplies everything.

    Shapes: (A, K), (B, K) -> (A, B). Gradients as in `einsum`.
    Errors: ValueError where the last sizes differ, TypeError where the dtypes do.
    """
    if not (input.ndim and other.ndim):
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ValueError(f"inner(): the last sizes of {input.shape} and {other.shape} differ")
    return tensordot(input, other, ([-1], [-1]))


@method
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The inner product of two vectors: (K), (K) -> (); see `dot`."""
    y: Tensor = dot(input, other)
    return y


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Σ x·y along `dim`, which is dropped; the two are broadcast: (N, K), (N, K) -> (N).   dx = dy · y,   dy alike

    Errors: ValueError where the shapes do not broadcast, IndexError where there is no such dim.
    """
    total: Tensor = (x * y).sum(dim)
    return total


@method
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker's product: every element of input times all of other, (A, B), (C, D) -> (A·C, B·D).

    dinput = Σ dy · other over the part that each element made, dother = Σ dy · input alike.
    """
    n = max(input.ndim, other.ndim)
    a, b = ((1,) * (n - x.ndim) + x.shape for x in (input, other))
    pairs = input.reshape([m for k in a for m in (k, 1)]) * other.reshape([m for k in b for m in (1, k)])
    return pairs.reshape([k * m for k, m in zip(a, b, strict=True)])


def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of `matrices` (M, K), (K, L), … -> (M, …), with gradients and errors as in `multi_dot`."""
    return multi_dot(matrices)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two `tensors` or more, in the order of least work; the first and the last may be vectors.

    The order is that of dynamic programming over all cuts: cost(i, j) = min over k of cost(i, k) + cost(k, j) + the
    multiplications of the two results. Shapes: (M, K), (K, L), (L, N) -> (M, N). The gradients are those of `matmul`.
    Errors: ValueError where there is none, or one in the middle is no matrix, else as in `matmul`.
    """
    if not tensors:
        raise ValueError("multi_dot(): there are no matrices to multiply")
    row, column = tensors[0].ndim == 1, len(tensors) > 1 and tensors[-1].ndim == 1
    xs = [x.unsqueeze(0) if i == 0 and row else x for i, x in enumerate(tensors)]
    xs[-1] = xs[-1].unsqueeze(1) if column else xs[-1]
    if any(x.ndim != 2 for x in xs):
        raise ValueError(f"multi_dot(): matrices are needed, not shapes {[x.shape for x in tensors]}")
    y = _multiplied(xs)
    return y.squeeze((*([0] * row), *([1] * column))) if row or column else y


def _multiplied(xs: Sequence[Tensor]) -> Tensor:
    sizes = [xs[0].shape[0], *(x.shape[1] for x in xs)]

    @functools.cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """The multiplications that the product of xs[i:j] takes, and where it is cut."""
        if j - i == 1:
            return 0, i
        costs = ((cheapest(i, k)[0] + cheapest(k, j)[0] + sizes[i] * sizes[k] * sizes[j], k) for k in range(i + 1, j))
        return min(costs)

    def product(i: int, j: int) -> Tensor:
        k = cheapest(i, j)[1]
        y: Tensor = xs[i] if j - i == 1 else matmul(product(i, k), product(k, j))
        return y

    return product(0, len(xs))


# ---------------------------------------------------------------------------------------------- the equation


def _lettered(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """einsum(x, [0, 1], y, [1, 2], [0, 2]) as an equation and its operands."""
    xs = given[: len(given) // 2 * 2 : 2]
    terms = ["".join("..." if i is Ellipsis else _letter(i) for i in term) for term in given[1::2]]
    equation = ",".join(terms)
    if len(given) % 2:
        equation += "->" + "".join("..." if i is Ellipsis else _letter(i) for i in given[-1])
    return equation, xs


def _letter(i: Any) -> str:
    if not isinstance(i, int) or not 0 <= i < len(LETTERS):
        raise ValueError(f"einsum(): dimensions are numbered from 0 to {len(LETTERS) - 1}, not {i!r}")
    return (string.ascii_uppercase + string.ascii_lowercase)[i]  # in the order of the numbers


def _parsed(equation: str, xs: Sequence[Tensor]) -> tuple[list[str], str]:
    """The letters of each operand's dimensions and of the result's, with letters in the place of "..." too."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    named = [term.replace("...", "", 1) for term in terms]
    if not all(letter in LETTERS for letter in "".join(named) + out.replace("...", "", 1)):
        raise ValueError(f"einsum(): {equation!r}: only letters, ',', '->' and '...' once a term are possible")
    if len(terms) != len(xs):
        raise ValueError(f"einsum(): {equation!r} names {len(terms)} operands, {len(xs)} are given")
    extra = [x.ndim - len(names) for x, names in zip(xs, named, strict=True)]
    for i, (x, term, n) in enumerate(zip(xs, terms, extra, strict=True)):
        if n < 0 or (n and "..." not in term):
            raise ValueError(f"einsum(): {equation!r}: {term!r} does not fit operand {i} of shape {x.shape}")
    free = [letter for letter in LETTERS if letter not in equation][: max(extra)]
    dots = ["".join(free[len(free) - n :]) for n in extra]
    terms = [term.replace("...", d) for term, d in zip(terms, dots, strict=True)]
    if not arrow:
        once = sorted(letter for letter in set("".join(named)) if "".join(named).count(letter) == 1)
        return terms, "".join(free + once)
    out = out.replace("...", "".join(free))
    if len(set(out)) < len(out) or not set(out) <= set("".join(terms)):
        raise ValueError(f"einsum(): {equation!r}: the result may name each dimension of the operands once")
    return terms, out


def _sizes(equation: str, terms: Iterable[str], xs: Iterable[Tensor]) -> dict[str, int]:
    """The size of each letter; 1 goes with any other."""
    sizes: dict[str, int] = {}
    for i, (term, x) in enumerate(zip(terms, xs, strict=True)):
        for letter, n in zip(term, x.shape, strict=True):
            known = sizes.setdefault(letter, n)
            if n != known and 1 not in (n, known):
                raise ValueError(
                    f"einsum(): {equation!r}: {letter!r} is {known} and, in operand {i} of shape {x.shape}, {n}"
                )
            sizes[letter] = n if known == 1 else known
    return sizes


# ---------------------------------------------------------------------------------------------- the contractions


def _tidied(x: Tensor, term: str, sizes: dict[str, int]) -> tuple[Tensor, str]:
    """Each letter once, by its diagonal, and without sizes of 1 that stand for a greater one."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            a = term.index(letter)
            b = term.index(letter, a + 1)
            x, term = x.diagonal(0, a, b), term[:a] + term[a + 1 : b] + term[b + 1 :] + letter
    ones = [i for i, letter in enumerate(term) if x.shape[i] == 1 != sizes[letter]]
    return (x.squeeze(tuple(ones)), "".join(c for i, c in enumerate(term) if i not in ones)) if ones else (x, term)


def _summed(x: Tensor, term: str, wanted: set[str]) -> tuple[Tensor, str]:
    """Summed over the letters that nobody wants any more."""
    dims = tuple(i for i, letter in enumerate(term) if letter not in wanted)
    return (x.sum(dims), "".join(c for c in term if c in wanted)) if dims else (x, term)


@primitive
def _contract(x: Array, y: Array, a: str, b: str, out: str) -> tuple[Array, Pullback]:
    """out of x (a) and y (b), letters for dimensions.   dx = a of dy (out) and y (b),   dy = b of dy (out) and x (a)

    Each letter is in two of a, b and out at least, so that the gradients are contractions again.
    """
    return _product(np.matmul, x, y, a, b, out), (
        lambda dy: _product(np.matmul, dy, y, out, b, a),
        lambda dy: _product(np.matmul, dy, x, out, a, b),
    )


@_contract.native
def _(x: Array, y: Array, a: str, b: str, out: str) -> tuple[Array, Pullback]:
    if not (x.flags.aligned and y.flags.aligned and x.dtype == y.dtype):  # an outer product alone would not ask
        raise Unsupported
    return _product(core.matmul, x, y, a, b, out), (
        lambda dy: _product(core.matmul, dy, y, out, b, a),
        lambda dy: _product(core.matmul, dy, x, out, a, b),
    )


def _product(matmul: Any, x: Array, y: Array, a: str, b: str, out: str) -> Array:
    """One batched product of matrices: (batch, left, inner) · (batch, inner, right) -> (batch, left, right)."""
    batch = [c for c in a if c in b and c in out]
    inner = [c for c in a if c in b and c not in out]
    left, right = [c for c in a if c not in b], [c for c in b if c not in a]
    size = dict(zip(a + b, x.shape + y.shape, strict=True))
    x = _arranged(x, a, batch, left, inner)
    y = _arranged(y, b, batch, inner, right)
    z = matmul(x, y) if inner else x * y  # (batch…, left, right)
    order = [*batch, *left, *right]
    return z.reshape([size[c] for c in order]).transpose([order.index(c) for c in out])


def _arranged(x: Array, term: str, batch: list[str], rows: list[str], columns: list[str]) -> Array:
    """-> (batch…, rows, columns), the latter two each joined to one dimension."""
    x = x.transpose([term.index(c) for c in (*batch, *rows, *columns)])
    n, m = len(batch), len(batch) + len(rows)
    return x.reshape(*x.shape[:n], _size(x.shape[n:m]), _size(x.shape[m:]))


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
