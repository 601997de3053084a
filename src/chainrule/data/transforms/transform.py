"""What a transform is; those that draw nothing; and checks and steps that several share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.data.randomness import Draws
from chainrule.ops import random

__all__ = ["Array", "Compose", "Normalize", "ToFloat", "Transform", "check_share", "column", "like", "pair"]

Array = npt.NDArray[Any]

CACHED = 2**15
"""Numbers in a slice of images, see `in_slices`."""


class Transform:
    """A function of images (N, C, H, W); a subclass defines `images(x, draws)`.

    Called with a list, it changes the first array and hands on the rest. Errors: TypeError or ValueError for what is
    no batch of images.
    """

    def __call__(self, batch: Any, draws: Draws | None = None) -> Any:
        arrays = _arrays(self, batch)
        self._check(arrays[0])
        arrays = self.apply(arrays, _fresh(len(arrays[0])) if draws is None else draws)
        return arrays[0] if isinstance(batch, np.ndarray) else arrays

    def apply(self, arrays: list[Any], draws: Draws) -> list[Any]:
        """The arrays of a batch, transformed; here only the images are."""
        return [self.images(arrays[0], draws), *arrays[1:]]

    def images(self, x: Array, draws: Draws) -> Array:
        """The images, transformed."""
        raise NotImplementedError(f"{type(self).__name__} must define images(x, draws)")

    def _check(self, x: Any) -> None:
        name = type(self).__name__
        if not isinstance(x, np.ndarray) or x.dtype not in (np.uint8, np.float32, np.float64):
            kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
            raise TypeError(f"{name}: images must be arrays of uint8, float32 or float64, not {kind}")
        if x.ndim != 4:
            raise ValueError(f"{name}: a batch of images has shape (N, C, H, W), not {x.shape}")


@dataclass(frozen=True)
class Compose:
    """One transform after the other; any function of (batch, draws) can be among them."""

    transforms: Sequence[Callable[[Any, Draws], Any]]

    def __call__(self, batch: Any, draws: Draws | None = None) -> Any:
        draws = _fresh(len(_arrays(self, batch)[0])) if draws is None else draws
        for transform in self.transforms:
            batch = transform(batch, draws)
        return batch


@dataclass(frozen=True)
class ToFloat(Transform):
    """As float32: x / 255 of uint8; floats keep their values. In torchvision this is `ToDtype(float32, scale=True)`."""

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W), float32."""
        return np.divide(x, 255, dtype=np.float32) if x.dtype == np.uint8 else x.astype(np.float32)


@dataclass(frozen=True)
class Normalize(Transform):
    """(x − mean) / std, with a number for each channel or one for all. Errors: TypeError for uint8, as torchvision."""

    mean: float | Sequence[float]
    std: float | Sequence[float]

    def __post_init__(self) -> None:
        if not np.all(np.asarray(self.std) > 0):
            raise ValueError(f"Normalize: std={self.std}: deviations must be above 0")

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W)."""
        check_float(self, x)
        mean, std = (np.asarray(v, x.dtype).reshape(-1, 1, 1) for v in (self.mean, self.std))
        if any(len(v) not in (1, x.shape[1]) for v in (mean, std)):
            raise ValueError(f"Normalize: {len(mean)} means and {len(std)} deviations for the channels of {x.shape}")
        y: Array = x - mean
        y /= std
        return y


# ---------------------------------------------------------------------------------------------- shared


def check_float(transform: Any, x: Array) -> None:
    """Raise TypeError unless the images are floats."""
    if x.dtype == np.uint8:
        raise TypeError(f"{type(transform).__name__}: images of uint8 would be rounded; put ToFloat() before it")


def check_share(name: str, **shares: float) -> None:
    """Raise ValueError unless each is between 0 and 1."""
    for key, value in shares.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name}: {key}={value}: a number between 0 and 1 is needed")


def interval(name: str, key: str, value: Any, least: float = -np.inf) -> tuple[float, float]:
    """A range that may be given as (low, high), or as one number for (−number, number)."""
    ends = tuple(value) if isinstance(value, Sequence) else (-value, value)
    if len(ends) != 2 or not least <= ends[0] <= ends[1]:
        raise ValueError(f"{name}: {key}={value}: no range of numbers from low to high" + _at_least(least))
    return float(ends[0]), float(ends[1])


def pair(name: str, key: str, value: int | Sequence[int], least: int = 1) -> tuple[int, int]:
    """A number for both axes, or one for each."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) != 2 or not all(isinstance(v, int) and v >= least for v in both):
        raise ValueError(f"{name}: {key}={value}: a whole number, or two," + _at_least(least))
    return both[0], both[1]


def column(values: Array, dtype: Any = None) -> Array:
    """A number for each image, to be multiplied with it: (N) -> (N, 1, 1, 1)."""
    return values.astype(dtype or values.dtype, copy=False).reshape(-1, 1, 1, 1)


def in_slices(f: Callable[..., Array], x: Array, *rows: Array) -> Array:
    """f(x, *rows), computed on so few images at a time that what f makes on the way stays in the cache.

    Fresh memory costs more than the arithmetic does: 128 colour images of 32 × 32 are rotated five times as fast so.
    """
    step = max(1, CACHED // max(1, x[:1].size))
    starts = range(0, max(1, len(x)), step)
    return np.concatenate([f(*(a[start : start + step] for a in (x, *rows))) for start in starts])


def like(y: Array, x: Array) -> Array:
    """Computed pixels in the dtype of the images they came from: rounded for uint8."""
    return np.rint(y).astype(np.uint8) if x.dtype == np.uint8 else y.astype(x.dtype, copy=False)


def _at_least(least: float) -> str:
    return "" if np.isinf(least) else f" of at least {least:g}"


def _arrays(transform: Any, batch: Any) -> list[Any]:
    if isinstance(batch, np.ndarray):
        return [batch]
    if not isinstance(batch, list | tuple) or not batch:
        kind = "an empty list" if isinstance(batch, list | tuple) else type(batch).__name__
        raise TypeError(f"{type(transform).__name__}: a batch is images, or a list that begins with them, not {kind}")
    return list(batch)


def _fresh(n: int) -> Draws:
    """Numbers for so many samples, from chainrule's generator."""
    return Draws(int(random.generator().integers(2**63)), 0, np.arange(n))
