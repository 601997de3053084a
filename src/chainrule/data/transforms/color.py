"""Colours: brightness, contrast, saturation, hue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.randomness import Draws

from .transform import Array, Transform, column, in_slices, interval, like

__all__ = ["ColorJitter"]

GRAY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601's luma
YIQ = np.array([GRAY, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])  # NTSC 1953


@dataclass(frozen=True)
class ColorJitter(Transform):
    """Brightness, contrast, saturation of each image times a factor from [max(0, 1 − v), 1 + v], or from (low, high).

    In this order, each cut off at black and white: x · b;  m + c · (x − m) with m the image's mean grey;
    g + s · (x − g) with g the pixel's grey;  and the hue turned by up to ±`hue` of a full circle (at most 0.5). Images
    have values up to 255 (uint8) or 1 (floats), so this stands before Normalize; with one channel, only the first two
    act. torchvision draws the order too, and turns the hue in HSV; here the plane of I and Q of the YIQ colours is
    turned, which keeps a pixel's grey.
    """

    brightness: float | Sequence[float] = 0
    contrast: float | Sequence[float] = 0
    saturation: float | Sequence[float] = 0
    hue: float | Sequence[float] = 0

    def __post_init__(self) -> None:
        for key in ("brightness", "contrast", "saturation"):
            self._factors(key)
        if max(map(abs, interval("ColorJitter", "hue", self.hue))) > 0.5:
            raise ValueError(f"ColorJitter: hue={self.hue}: at most half a circle, 0.5, in both directions")

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W), C 1 or 3."""
        if x.shape[1] not in (1, 3):
            raise ValueError(f"ColorJitter: images have 1 or 3 channels, not {x.shape[1]}: {x.shape}")
        factors = [draws.uniform(*self._factors(key)) for key in ("brightness", "contrast", "saturation")]
        return in_slices(self._jittered, x, *factors, draws.uniform(*interval("ColorJitter", "hue", self.hue)))

    def _jittered(self, x: Array, brightness: Array, contrast: Array, saturation: Array, turn: Array) -> Array:
        y = x.astype(np.result_type(x.dtype, np.float32))
        white = 255 if x.dtype == np.uint8 else 1
        if self.brightness:
            y = _stretched(y, np.zeros(1), brightness, white)
        if self.contrast:
            y = _stretched(y, _gray(y).mean((1, 2, 3), keepdims=True), contrast, white)
        if self.saturation:
            y = _stretched(y, _gray(y), saturation, white)
        if self.hue and x.shape[1] == 3:
            y = np.clip(_mixed(_turns(turn).astype(y.dtype), y), 0, white)
        return like(y, x)

    def _factors(self, key: str) -> tuple[float, float]:
        value = getattr(self, key)
        if isinstance(value, Sequence):
            return interval("ColorJitter", key, value, 0)
        _, most = interval("ColorJitter", key, value)
        return max(0, 1 - most), 1 + most


def _gray(x: Array) -> Array:
    """(N, C, H, W) -> (N, 1, H, W)."""
    return x if x.shape[1] == 1 else _mixed(GRAY[None].astype(x.dtype), x)


def _stretched(x: Array, center: Array, factor: Array, white: float) -> Array:
    """center + factor · (x − center), between black and white."""
    y: Array = x - center.astype(x.dtype)
    y *= column(factor, x.dtype)
    y += center.astype(x.dtype)
    return np.clip(y, 0, white, out=y)


def _turns(turn: Array) -> Array:
    """The maps of colours that turn the hue: shares of a circle (N) -> (N, 3, 3)."""
    cos, sin = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    none, one = np.zeros_like(turn), np.ones_like(turn)
    turned = np.stack([one, none, none, none, cos, -sin, none, sin, cos], -1).reshape(-1, 3, 3)
    result: Array = np.linalg.inv(YIQ) @ turned @ YIQ
    return result


def _mixed(maps: Array, x: Array) -> Array:
    """New channels, each a sum of the old ones: (N or none, K, C), (N, C, H, W) -> (N, K, H, W)."""
    N, C, H, W = x.shape
    return (maps @ x.reshape(N, C, H * W)).reshape(N, -1, H, W)
