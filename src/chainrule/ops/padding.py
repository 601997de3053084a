"""Borders: of one value, or made from what lies inside of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import whole_numbers
from chainrule.ops.windows import add_along
from chainrule.tensor import Array, Scalar, Tensor, method

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]


@method
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Scalar | None = None) -> Tensor:
    """With a border around it: pad = (left, right, top, bottom, …), beginning with the last dimension.

        (H, W), pad=(1, 2, 3, 4)  ->  (3 + H + 4, 1 + W + 2);   of the row a b c d, pad=(2, 2) makes, by `mode`
        constant    0 0 a b c d 0 0   `value` in the place of 0             dx = dy without the border
        reflect     c b a b c d c b   mirrored in the edge, left and right < W
        replicate   a a a b c d d d   the edge repeated
        circular    c d a b c d a b   the other end, left and right ≤ W      dx = the sum of dy over x's copies

    A negative width cuts off (before "circular" looks at the other end). Modes other than "constant" pad the last one,
    two or three dimensions of an input that has one or two more, (C, …) or (N, C, …), as in PyTorch.
    Errors: ValueError for widths that do not fit the shape, another mode, or a value that it does not take, TypeError
    for widths that are no whole numbers.
    """
    pad = whole_numbers("pad", "the widths", pad)
    pairs = tuple((int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad) - 1, 2))
    if len(pad) % 2 or len(pairs) > input.ndim:
        raise ValueError(f"pad(): {tuple(pad)} must be pairs of widths, at most one per dimension of {input.shape}")
    widths = ((0, 0),) * (input.ndim - len(pairs)) + pairs[::-1]
    _check_size(input.shape, widths, pad, least=0 if mode == "constant" else 1)
    if mode == "constant":
        return _pad(input, widths, value or 0) if pairs else input.clone()
    _check_mode(input.shape, len(pairs), mode, value)
    for axis in range(input.ndim - len(pairs), input.ndim):
        if widths[axis] != (0, 0):
            input = _take(input, axis, _copied(input.shape, axis, widths[axis], mode))
    return input


@primitive
def _pad(x: Array, widths: Widths, value: Scalar) -> tuple[Array, Pullback]:
    """dx = dy without the border, and 0 where x was cut off"""
    kept = tuple(slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(x.shape, widths, strict=True))
    added = [(max(0, a), max(0, b)) for a, b in widths]

    def pullback(dy: Array) -> Array:
        inside = tuple(slice(a, n - b) for n, (a, b) in zip(dy.shape, added, strict=True))
        cut = [(s.start, n - s.stop) for n, s in zip(x.shape, kept, strict=True)]
        return np.pad(dy[inside], cut) if any(map(any, cut)) else dy[inside]

    return np.pad(x[kept], added, constant_values=value), pullback


@_pad.native
def _(x: Array, widths: Widths, value: Scalar) -> tuple[Array, Pullback]:
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(x.shape, widths, strict=True))
    return core.pad(x, widths, value), lambda dy: dy[inside]


@primitive
def _take(x: Array, axis: int, index: Array) -> tuple[Array, Pullback]:
    """x at the places `index` along an axis.   dx[i] = Σ dy over the copies of x[i]"""
    return x.take(index, axis), lambda dy: add_along(dy, index, axis, x.shape[axis])


def _copied(shape: tuple[int, ...], axis: int, width: tuple[int, int], mode: str) -> Array:
    """Which place of the axis each place of the padded one is copied from."""
    n, (before, behind) = shape[axis], width
    places = np.arange(-before, n + behind)
    if mode == "replicate":
        return places.clip(0, n - 1)
    if mode == "reflect":
        _check_room(shape, n - 1, axis, width, mode)
        return n - 1 - abs(n - 1 - abs(places))
    first, rest = max(0, -before), n - max(0, -before) - max(0, -behind)
    _check_room(shape, rest, axis, width, mode)
    return first + (places - first) % max(rest, 1)


def _check_room(shape: tuple[int, ...], most: int, axis: int, width: tuple[int, int], mode: str) -> None:
    if max(width) > most:
        raise ValueError(f"pad(): mode={mode!r} has {most} values for {width} at dimension {axis} of shape {shape}")


def _check_size(shape: tuple[int, ...], widths: Widths, pad: Sequence[int], least: int) -> None:
    size = tuple(n + a + b for n, (a, b) in zip(shape, widths, strict=True))
    cut_off = any(n + min(a, b) < 0 for n, (a, b) in zip(shape, widths, strict=True) if not least)
    if cut_off or any(n < least for n, both in zip(size, widths, strict=True) if both != (0, 0)):
        raise ValueError(f"pad(): {tuple(pad)} cuts more off than shape {shape} has")


def _check_mode(shape: tuple[int, ...], axes: int, mode: str, value: Scalar | None) -> None:
    if mode not in ("reflect", "replicate", "circular"):
        raise ValueError(f"pad(): mode must be 'constant', 'reflect', 'replicate' or 'circular', not {mode!r}")
    if value:
        raise ValueError(f"pad(): mode={mode!r} takes no value, but value={value}")
    if axes not in (1, 2, 3) or len(shape) not in (axes + 1, axes + 2):
        raise ValueError(
            f"pad(): mode={mode!r} pads the last dimensions but for one or two, (C, …) or (N, C, …): "
            f"1 to 3 pairs of widths, not {axes} for shape {shape}"
        )
    if 0 in shape[-axes:]:
        raise ValueError(f"pad(): mode={mode!r} has nothing to copy from in shape {shape}")
