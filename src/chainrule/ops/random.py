"""Random numbers, all from one generator: the same seed gives the same numbers, on every machine.

The generator serves every thread, and locks itself for each draw; where several threads draw, which of them gets which
numbers is not fixed. A function that takes `generator` (a `numpy.random.Generator`) draws from that one instead. The
numbers are NumPy's (PCG64), so they are not those that PyTorch draws from the same seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.autograd import Pullback, primitive
from chainrule.tensor import Array, Tensor, get_default_dtype, int64, listed, method

__all__ = [
    "dropout", "dropout1d", "dropout2d", "generator", "get_rng_state", "manual_seed", "rand", "rand_like", "randint",
    "randn", "randn_like", "randperm", "set_rng_state",
]  # fmt: skip

_generator = np.random.default_rng()


def generator() -> np.random.Generator:
    """The generator that everything draws from unless told otherwise."""
    return _generator


def manual_seed(seed: int) -> np.random.Generator:
    """Start the generator anew from `seed`; it is returned."""
    global _generator
    _generator = np.random.default_rng(seed)
    return _generator


def get_rng_state() -> dict[str, Any]:
    """Where the generator stands, for `set_rng_state`: a dictionary of numbers and strings."""
    return dict(_generator.bit_generator.state)


def set_rng_state(state: dict[str, Any]) -> None:
    """Let the generator go on from where it stood at `get_rng_state`."""
    _generator.bit_generator.state = state


def rand(
    *size: Any, generator: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform in [0, 1)."""
    draw: Any = (generator or _generator).random
    return Tensor(draw(listed(size), np.dtype(dtype or get_default_dtype())), requires_grad)


def randn(
    *size: Any, generator: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal, with mean 0 and variance 1."""
    draw: Any = (generator or _generator).standard_normal
    return Tensor(draw(listed(size), np.dtype(dtype or get_default_dtype())), requires_grad)


def rand_like(input: Tensor) -> Tensor:
    """Uniform in [0, 1), in the shape and dtype of `input`."""
    return rand(input.shape, dtype=input.dtype)


def randn_like(input: Tensor) -> Tensor:
    """Normal, with mean 0 and variance 1, in the shape and dtype of `input`."""
    return randn(input.shape, dtype=input.dtype)


def randint(
    low: int, high: Any, size: Any = None, *, generator: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Tensor:  # fmt: skip
    """Whole numbers from low to high − 1: `randint(low, high, size)`, or `randint(high, size)` from 0."""
    low, high, size = (0, low, high) if size is None else (low, high, size)
    if low >= high:
        raise ValueError(f"randint(): there is no whole number from {low} to below {high}")
    return Tensor(np.asarray((generator or _generator).integers(low, high, tuple(size)), dtype or int64))


def randperm(n: int, *, generator: np.random.Generator | None = None) -> Tensor:
    """The numbers 0 to n − 1 in random order."""
    return Tensor((generator or _generator).permutation(n).astype(np.int64, copy=False))


@method
def uniform_(self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: np.random.Generator | None = None) -> Tensor:
    """Overwrite the values by uniform ones in [a, b)."""
    array = self._write("uniform_()")
    array[...] = a + (b - a) * (generator or _generator).random(array.shape, array.dtype)
    return self


@method
def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: np.random.Generator | None = None
) -> Tensor:
    """Overwrite the values by normal ones."""
    array = self._write("normal_()")
    array[...] = mean + std * (generator or _generator).standard_normal(array.shape, array.dtype)
    return self


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """input · m, where m is 0 with probability p, else 1 / (1 − p), so that the mean stays; input if not training.

    dinput = dy · m. `inplace` is taken for PyTorch's sake; a new tensor is made all the same.
    Hinton et al.: Improving neural networks by preventing co-adaptation of feature detectors (2012).
    """
    return _dropped("dropout", input, p, training, input.shape)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels: input (N, C, L) or (C, L), m (N, C, 1) or (C, 1)."""
    _check_dimensions("dropout1d", input, "(N, C, L) or (C, L)", 2, 3)
    return _dropped("dropout1d", input, p, training, (*input.shape[:-1], 1))


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels: input (N, C, H, W), m (N, C, 1, 1).

    As in PyTorch, three dimensions are taken for (N, C, L).
    Tompson et al.: Efficient object localization using convolutional networks (2015).
    """
    _check_dimensions("dropout2d", input, "(N, C, H, W) or (N, C, L)", 3, 4)
    return _dropped("dropout2d", input, p, training, (*input.shape[:2], *(1,) * (input.ndim - 2)))


def _check_dimensions(name: str, input: Tensor, layout: str, least: int, most: int) -> None:
    if not least <= input.ndim <= most:
        raise ValueError(f"{name}(): the input needs dimensions {layout}, not {input.shape}")


def _dropped(name: str, input: Tensor, p: float, training: bool, mask: tuple[int, ...]) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}(): the probability p must lie between 0 and 1, not {p}")
    return _dropout(input, p, mask) if training and p else input


@primitive
def _dropout(x: Array, p: float, mask: tuple[int, ...]) -> tuple[Array, Pullback]:
    """y = x · m with m = [random ≥ p] / (1 − p), of shape `mask`.   dx = dy · m"""
    kept = _generator.random(mask, np.float32) >= p
    m = kept * x.dtype.type(1 / (1 - p) if p < 1 else 0)
    return x * m, lambda dy: dy * m
