"""Erasing a part of each image, so that the model learns not to rely on one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.randomness import Draws

from .resizing import sides
from .transform import Array, Transform, check_share, interval

__all__ = ["Cutout", "RandomErasing", "boxes"]


@dataclass(frozen=True)
class RandomErasing(Transform):
    """With probability p, a random box of each image gets `value`: area a share from `scale`, height / width `ratio`.

    The logarithm of the ratio is uniform. A side that would be longer than the image's is cut; torchvision draws up to
    ten times and then erases nothing. Zhong et al.: "Random erasing data augmentation" (2017).
    """

    p: float = 0.5
    scale: Sequence[float] = (0.02, 0.33)
    ratio: Sequence[float] = (0.3, 3.3)
    value: float = 0

    def __post_init__(self) -> None:
        check_share("RandomErasing", p=self.p)
        for key, ends in (("scale", self.scale), ("ratio", self.ratio)):
            if interval("RandomErasing", key, ends)[0] <= 0:
                raise ValueError(f"RandomErasing: {key}={ends}: both ends must be above 0")

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W)."""
        H, W = x.shape[2:]
        chosen = draws.bernoulli(self.p)
        w, h = sides(draws, W, H, self.scale, self.ratio)  # the ratio here is height / width
        top, left = draws.integers(0, H - h + 1), draws.integers(0, W - w + 1)
        return _filled(x, boxes(top, left, chosen * h, w, H, W), self.value)


@dataclass(frozen=True)
class Cutout(Transform):
    """A square of `size` pixels a side gets `value`; its centre is anywhere, so at the edge a part of it is lost.

    DeVries, Taylor: "Improved regularization of convolutional neural networks with Cutout" (2017). Not in torchvision.
    """

    size: int
    value: float = 0

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f"Cutout: size={self.size}: a whole number of at least 1 is needed")

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W)."""
        H, W = x.shape[2:]
        size = np.full(len(x), self.size)
        top, left = draws.integers(0, H) - size // 2, draws.integers(0, W) - size // 2
        return _filled(x, boxes(top, left, size, size, H, W), self.value)


def boxes(top: Array, left: Array, h: Array, w: Array, H: int, W: int) -> Array:
    """Which pixels are in the box of their image: four arrays (N) -> (N, 1, H, W), bool."""
    rows, columns = np.arange(H), np.arange(W)
    inside_rows = (rows >= top[:, None]) & (rows < (top + h)[:, None])
    inside_columns = (columns >= left[:, None]) & (columns < (left + w)[:, None])
    result: Array = inside_rows[:, None, :, None] & inside_columns[:, None, None, :]
    return result


def _filled(x: Array, where: Array, value: float) -> Array:
    return np.where(where, np.asarray(value, x.dtype), x)
