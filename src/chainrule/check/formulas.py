"""Gradients that have a short formula. A right gradient is recognised by its numbers, and so are many wrong ones.

Each formula is a text in the user's names and the array it stands for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from chainrule.check.case import Case, close
from chainrule.check.numeric import Array

__all__ = ["Formula", "formulas", "recognise", "right_formula"]

Formula = tuple[str, Array]


def right_formula(case: Case) -> str:
    """The formula that the numeric gradient has, or "" if none is known."""
    return next((text for text, array in formulas(case) if case.right(array)), "")


def recognise(case: Case) -> str:
    """The formula that the wrong gradient has, or ""."""
    return next((text for text, array in formulas(case) if close(array, case.analytic)), "")


def formulas(case: Case) -> Iterator[Formula]:
    """Every formula whose result has the shape of the gradient."""
    with np.errstate(all="ignore"):
        for family in (_elementwise, _products, _sums, _convolutions):
            for text, array in family(case):
                if array.shape == case.x.shape:
                    yield text, array


def _elementwise(case: Case) -> Iterator[Formula]:
    """dx = delta * f'(x), and softmax, whose outputs all depend on all inputs of a row."""
    if case.y.shape != case.x.shape or case.y.ndim == 0:
        return
    x, y, u = case.x, case.y, case.u
    n, d = case.variable, case.delta
    yield d, u
    for text, factor in _derivatives(n, x, y):
        yield f"{d} * {text}", u * factor
        yield f"{text}, without {d}", factor
    yield f"y * ({d} - ({d} * y).sum(axis=-1, keepdims=True))", y * (u - (u * y).sum(-1, keepdims=True))


def _derivatives(n: str, x: Array, y: Array) -> Iterator[Formula]:
    yield f"({n} > 0)", (x > 0).astype(np.float64)
    yield f"({n} < 0)", (x < 0).astype(np.float64)
    yield "y * (1 - y)", y * (1 - y)
    yield f"{n} * (1 - {n})", x * (1 - x)
    yield "(1 - y**2)", 1 - y**2
    yield f"(1 - {n}**2)", 1 - x**2
    yield "(1 - y)", 1 - y
    yield n, x
    yield "y", y
    yield f"2 * {n}", 2 * x
    yield f"np.cos({n})", np.cos(x)
    yield f"np.sign({n})", np.sign(x)
    yield f"1 / {n}", 1 / x


def _products(case: Case) -> Iterator[Formula]:
    """Products of delta and one other array, as in a dense layer; a sample alone has no batch axis."""
    u, d = case.u, case.delta
    for k, other in enumerate(case.inputs):
        n = case.names[k]
        if k == case.k or other.ndim == 0 or u.ndim == 0:
            continue
        if u.ndim == other.ndim == 1:
            yield f"np.outer({n}, {d})", np.outer(other, u)
            yield f"np.outer({d}, {n})", np.outer(u, other)
        if u.shape == other.shape:
            yield f"{d} * {n}", u * other
            yield f"({d} * {n}).sum(axis=0)", (u * other).sum(axis=0)
        if max(u.ndim, other.ndim) == 2:
            for (p, a), (q, b) in itertools.product(_both(d, u), _both(n, other)):
                yield from _product(p, a, q, b)
                yield from _product(q, b, p, a)


def _both(name: str, a: Array) -> list[Formula]:
    return [(name, a), (f"{name}.T", a.T)] if a.ndim == 2 else [(name, a)]


def _product(p: str, a: Array, q: str, b: Array) -> Iterator[Formula]:
    if a.shape[-1] == b.shape[0]:
        yield f"{p} @ {q}", np.asarray(a @ b)


def _sums(case: Case) -> Iterator[Formula]:
    """delta summed over some of its axes, as for a bias."""
    u, d = case.u, case.delta
    for count in range(1, u.ndim + 1):
        for axes in itertools.combinations(range(u.ndim), count):
            text = f"axis={axes[0]}" if count == 1 else f"axis={axes}"
            total = np.asarray(u.sum(axis=axes))
            yield f"{d}.sum({text})", total
            yield f"{d}.sum({text}, keepdims=True)", np.asarray(u.sum(axis=axes, keepdims=True))
            if total.size == case.x.size and total.shape != case.x.shape:
                yield f"{d}.sum({text}).reshape({case.variable}.shape)", total.reshape(case.x.shape)


def _convolutions(case: Case) -> Iterator[Formula]:
    """Stride 1, no padding: x (N, C, H, W), w (F, C, KH, KW), delta (N, F, H - KH + 1, W - KW + 1)."""
    if case.u.ndim != 4 or case.x.ndim != 4:
        return
    d = case.delta
    for k, other in enumerate(case.inputs):
        if k != case.k and other.ndim == 4:
            yield from _kernel_gradient(case, d, case.names[k], other)
            yield from _image_gradient(case, d, case.names[k], other)


def _kernel_gradient(case: Case, d: str, n: str, x: Array) -> Iterator[Formula]:
    if x.shape[0] == case.u.shape[0] and _fit(case.u, x):
        windows = sliding_window_view(x, case.u.shape[2:], axis=(2, 3))
        text = f"sum over n,h,w of {d}[n,f,h,w] * {n}[n,c,i+h,j+w]   (at index [f,c,i,j])"
        yield text, np.einsum("nfhw,ncijhw->fcij", case.u, windows, optimize=True)


def _image_gradient(case: Case, d: str, n: str, w: Array) -> Iterator[Formula]:
    if w.shape[0] != case.u.shape[1] or not _fit(w, case.x):
        return
    kh, kw = w.shape[2:]
    padded = np.pad(case.u, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))
    for kernel, turned in ((f"{n}[:,:,::-1,::-1]", w[:, :, ::-1, ::-1]), (n, w)):
        text = f"{d} padded by the kernel size - 1, correlated with {kernel} and summed over the filters"
        yield text, np.einsum("nfhwij,fcij->nchw", windows, turned, optimize=True)


def _fit(small: Array, large: Array) -> bool:
    return all(a <= b for a, b in zip(small.shape[2:], large.shape[2:], strict=True))
