"""Resizing: the rows of an image by one small matrix, its columns by another.

y = A · x · Bᵀ, where row i of A holds the weights of the pixels that new row i is made of: a triangle around its centre
that reaches as far as a new pixel is wide, or an old one if that is wider. So it is bilinear interpolation, with
antialiasing where the image shrinks, as PIL's and torchvision's. For large images a kernel that skips the zeros would
pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.randomness import Draws

from .transform import Array, Transform, interval, like, pair

__all__ = ["RandomResizedCrop", "Resize", "resized"]


@dataclass(frozen=True)
class Resize(Transform):
    """Every image in another size: (height, width), or a number for the shorter side; bilinear, with antialiasing."""

    size: int | Sequence[int]

    def __post_init__(self) -> None:
        pair("Resize", "size", self.size)

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, h, w)."""
        H, W = x.shape[2:]
        size = pair("Resize", "size", self.size)
        if isinstance(self.size, int):
            size = int(self.size * H / min(H, W)), int(self.size * W / min(H, W))
        whole = np.array([0]), np.array([0]), np.array([H]), np.array([W])
        return x.copy() if size == (H, W) else resized(x, *whole, size)


@dataclass(frozen=True)
class RandomResizedCrop(Transform):
    """A random part of each image, resized: its area a share from `scale`, its width / height from `ratio`.

    The logarithm of the ratio is uniform. A side that would be longer than the image's is cut; torchvision draws up to
    ten times and then takes the middle. Szegedy et al.: "Going deeper with convolutions" (2014).
    """

    size: int | Sequence[int]
    scale: Sequence[float] = (0.08, 1.0)
    ratio: Sequence[float] = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        pair("RandomResizedCrop", "size", self.size)
        for key, ends in (("scale", self.scale), ("ratio", self.ratio)):
            if interval("RandomResizedCrop", key, ends)[0] <= 0:
                raise ValueError(f"RandomResizedCrop: {key}={ends}: both ends must be above 0")

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, h, w)."""
        H, W = x.shape[2:]
        h, w = sides(draws, H, W, self.scale, self.ratio)
        top, left = draws.integers(0, H - h + 1), draws.integers(0, W - w + 1)
        return resized(x, top, left, h, w, pair("RandomResizedCrop", "size", self.size))


def sides(draws: Draws, H: int, W: int, scale: Sequence[float], ratio: Sequence[float]) -> tuple[Array, Array]:
    """Height and width of a random part of each image, whole numbers from 1 to H and W: (N), (N).

    `ratio` is width / height.
    """
    area = draws.uniform(scale[0], scale[1]) * H * W
    lowest, highest = np.log(ratio)
    aspect = np.exp(draws.uniform(lowest, highest))
    h, w = np.rint(np.sqrt(area / aspect)), np.rint(np.sqrt(area * aspect))
    return h.clip(1, H).astype(np.int64), w.clip(1, W).astype(np.int64)


def resized(x: Array, top: Array, left: Array, h: Array, w: Array, size: tuple[int, int]) -> Array:
    """The box of each image in another size: x (N, C, H, W), the rest (N) or (1) -> (N, C, *size)."""
    float_type = np.result_type(x.dtype, np.float32)
    rows = _weights(top, h, x.shape[2], size[0]).astype(float_type)  # (N, size[0], H)
    columns = _weights(left, w, x.shape[3], size[1]).astype(float_type)  # (N, size[1], W)
    y = rows[:, None] @ x.astype(float_type, copy=False) @ columns.swapaxes(1, 2)[:, None]
    return like(y, x)


def _weights(start: Array, length: Array, old: int, new: int) -> Array:
    """What share of each old pixel is in each new one: (N), (N) -> (N, new, old); rows add up to 1."""
    start, length = start[:, None, None], length[:, None, None]
    step = length / new
    centers = start + step * (np.arange(new)[:, None] + 0.5)  # (N, new, 1)
    pixels = np.arange(old)
    weights: Array = np.maximum(0, 1 - np.abs(pixels + 0.5 - centers) / np.maximum(step, 1))
    weights *= (pixels >= start) & (pixels < start + length)
    weights /= weights.sum(-1, keepdims=True)
    return weights
