"""Inputs to try where none is given: shapes that fit a layer's arrays and the numbers it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["candidates"]

Shape = tuple[int, ...]
BATCH = 3
MOST = 200_000  # elements; larger guesses are left out


def candidates(shapes: Sequence[Shape], args: Sequence[Any], rng: np.random.Generator) -> Iterator[npt.NDArray[Any]]:
    """Random inputs, the likeliest first, each shape once."""
    seen: set[Shape] = set()
    for shape in _shapes(shapes, args):
        if shape not in seen and 0 < int(np.prod(shape)) <= MOST:
            seen.add(shape)
            yield rng.standard_normal(shape)
    words = next((shape[0] for shape in shapes if len(shape) == 2), 5)
    for shape in ((BATCH, 4), (6,)):
        indices = rng.integers(0, words, shape)
        indices.reshape(-1)[1] = indices.reshape(-1)[0]  # one index twice: its gradients must add up
        yield indices


def _shapes(shapes: Sequence[Shape], args: Sequence[Any]) -> Iterator[Shape]:
    numbers = _numbers(args)
    columns = any(len(shape) == 2 and shape[1] == 1 for shape in shapes)  # a bias (out, 1): samples are columns
    for shape in shapes:
        yield from _from_parameter(shape, columns)
    yield from _from_arguments(numbers, bool(shapes))
    yield from ((BATCH, 4), (BATCH, 2, 6, 6), (BATCH, 4, 4), (5,), (6, 6), (2, 6, 6))


def _numbers(args: Sequence[Any]) -> list[int]:
    found: list[int] = []
    for arg in args:
        if isinstance(arg, tuple | list):
            found += _numbers(arg)
        elif isinstance(arg, int) and not isinstance(arg, bool) and arg > 0:
            found.append(arg)
    return found


def _from_parameter(shape: Shape, columns: bool) -> Iterator[Shape]:
    """The inputs that a weight of this shape acts on: (F, C, K, K) images of C channels, (in, out) rows."""
    if len(shape) == 4:
        f, c, kh, kw = shape
        yield (BATCH, c, kh + 3, kw + 3)
        yield (BATCH, f, kh + 3, kw + 3)
        yield (BATCH, kh + 3, kw + 3, kw)  # (KH, KW, C, F) on (N, H, W, C)
        yield (BATCH, shape[0] + 3, shape[1] + 3, shape[2])
        yield (c, kh + 3, kw + 3)
    if len(shape) == 3:
        yield (BATCH, shape[1], shape[2] + 3)
        yield (shape[1] + 3, shape[2] + 3)
    if len(shape) == 2:
        if columns:
            yield (shape[1], BATCH)
        yield from ((BATCH, shape[0]), (BATCH, shape[1]), (shape[0],), (shape[1],), (shape[1], 1), (shape[0], 1))
        yield (shape[0] + 3, shape[1] + 3)


def _from_arguments(numbers: list[int], has_arrays: bool) -> Iterator[Shape]:
    if len(numbers) >= 3:
        kernel = numbers[-1]
        yield (BATCH, numbers[1], numbers[2] + 3, kernel + 3)
        yield (BATCH, numbers[0], numbers[2] + 3, kernel + 3)
    if 1 <= len(numbers) <= 2 and not has_arrays:
        size, stride = numbers[0], numbers[-1]
        yield (BATCH, 2, size + 2 * stride, size + 2 * stride)
    if numbers:
        yield from ((BATCH, numbers[0]), (numbers[0],), (BATCH, numbers[0], 5, 5))
