"""Crops and flips: pixels keep their values and only move, so each is one gather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from chainrule.data.randomness import Draws

from .transform import Array, Transform, check_share, pair

__all__ = ["AlternatingHorizontalFlip", "RandomCrop", "RandomHorizontalFlip", "RandomVerticalFlip"]


@dataclass(frozen=True)
class RandomCrop(Transform):
    """A window of `size` (height, width) from each image, anywhere, after `padding` (left and right, top and bottom).

    `padding_mode` "constant" pads with `fill`; "edge", "reflect" and "symmetric" are NumPy's and torchvision's. There
    is no `pad_if_needed`: an image that is smaller than the window is a ValueError.
    """

    size: int | Sequence[int]
    padding: int | Sequence[int] = 0
    _: KW_ONLY
    fill: float = 0
    padding_mode: Literal["constant", "edge", "reflect", "symmetric"] = "constant"

    def __post_init__(self) -> None:
        pair("RandomCrop", "size", self.size)
        pair("RandomCrop", "padding", self.padding, 0)
        if self.padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError(f"RandomCrop: padding_mode={self.padding_mode!r}: constant, edge, reflect or symmetric")

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, h, w)."""
        h, w = pair("RandomCrop", "size", self.size)
        padded = self._padded(x)
        down, right = padded.shape[2] - h, padded.shape[3] - w
        if down < 0 or right < 0:
            raise ValueError(f"RandomCrop: a window of {h} × {w} is larger than the padded images, {padded.shape}")
        top, left = draws.integers(0, down + 1), draws.integers(0, right + 1)
        windows = sliding_window_view(padded, (x.shape[1], h, w), (1, 2, 3))  # (N, 1, down+1, right+1, C, h, w)
        crops: Array = windows[np.arange(len(x)), 0, top, left]
        return crops

    def _padded(self, x: Array) -> Array:
        across, along = pair("RandomCrop", "padding", self.padding, 0)
        if not across and not along:
            return x
        if self.padding_mode != "constant":
            return np.pad(x, ((0, 0), (0, 0), (along, along), (across, across)), self.padding_mode)
        N, C, H, W = x.shape
        padded = np.full((N, C, H + 2 * along, W + 2 * across), self.fill, x.dtype)
        padded[:, :, along : along + H, across : across + W] = x
        return padded


@dataclass(frozen=True)
class _Flip(Transform):
    axis: ClassVar[int]

    def chosen(self, draws: Draws) -> Array:
        """Which images are flipped, (N)."""
        raise NotImplementedError

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W)."""
        chosen = self.chosen(draws)
        y = x.copy()
        y[chosen] = np.flip(x[chosen], self.axis)
        return y


@dataclass(frozen=True)
class _RandomFlip(_Flip):
    p: float = 0.5

    def __post_init__(self) -> None:
        check_share(type(self).__name__, p=self.p)

    def chosen(self, draws: Draws) -> Array:
        """With probability p."""
        return draws.bernoulli(self.p)


class RandomHorizontalFlip(_RandomFlip):
    """Left and right exchanged with probability p."""

    axis = 3


class AlternatingHorizontalFlip(_Flip):
    """Left and right exchanged in every second epoch; with which one it begins is drawn for each image.

    Of two epochs every image is seen once either way, and not in half of the cases twice the same.
    Paper: Jordan: 94% on CIFAR-10 in 3.29 seconds on a single GPU (2024).
    """

    axis = 3

    def chosen(self, draws: Draws) -> Array:
        """Another half in every epoch."""
        return draws.alternating()


class RandomVerticalFlip(_RandomFlip):
    """Top and bottom exchanged with probability p."""

    axis = 2
