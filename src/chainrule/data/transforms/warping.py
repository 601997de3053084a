"""Rotations and other affine maps of images: every new pixel is interpolated where it came from.

The four neighbours of N · H · W places are gathered, at many times the cost of a crop: the kernel `core.warp` does it
where there is one, and the reference below it elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from functools import partial

import numpy as np

from chainrule.data.randomness import Draws
from chainrule.native import Unsupported, core

from .transform import Array, Transform, in_slices, interval, like

__all__ = ["RandomAffine", "RandomRotation"]


@dataclass(frozen=True)
class RandomAffine(Transform):
    """p' = c + t + s · R(θ) · K · (p − c): each image rotated, sheared, scaled and moved about its centre c.

    θ is drawn from `degrees`, (low, high) or a number for ±number; positive angles turn clockwise. t is drawn up to the
    shares `translate` of width and height in whole pixels, s from `scale`, the angles of K from `shear`: (low, high) or
    ±number along the rows, or four numbers, the second range being along the columns. What comes in from outside has
    the value `fill`. Interpolation is bilinear, which torchvision has to be asked for.
    """

    degrees: float | Sequence[float]
    translate: Sequence[float] | None = None
    scale: Sequence[float] | None = None
    shear: float | Sequence[float] | None = None
    _: KW_ONLY
    fill: float = 0

    def __post_init__(self) -> None:
        interval("RandomAffine", "degrees", self.degrees)
        if self.translate is not None and (len(self.translate) != 2 or not all(0 <= t <= 1 for t in self.translate)):
            raise ValueError(f"RandomAffine: translate={self.translate}: two shares, of width and height, are needed")
        if self.scale is not None and interval("RandomAffine", "scale", self.scale)[0] <= 0:
            raise ValueError(f"RandomAffine: scale={self.scale}: factors must be above 0")
        self._shears()

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W)."""
        H, W = x.shape[2:]
        angle = draws.uniform(*interval("RandomAffine", "degrees", self.degrees))
        across, along = self.translate or (0, 0)
        shift = np.rint(draws.uniform(-1, 1, 2) * (across * W, along * H))  # (N, 2): x, y
        factor = draws.uniform(*(self.scale or (1, 1)))
        shear = np.stack([draws.uniform(*ends) for ends in self._shears()])
        return warped(x, factor[:, None, None] * _matrices(angle, *shear), shift, self.fill)

    def _shears(self) -> tuple[tuple[float, float], tuple[float, float]]:
        shear = self.shear or 0
        if isinstance(shear, Sequence) and len(shear) == 4:
            return interval("RandomAffine", "shear", shear[:2]), interval("RandomAffine", "shear", shear[2:])
        return interval("RandomAffine", "shear", shear), (0, 0)


@dataclass(frozen=True)
class RandomRotation(Transform):
    """Each image turned about its centre by an angle from `degrees`, (low, high) or ±number; positive: anticlockwise.

    What comes in from outside has the value `fill`. Interpolation is bilinear, which torchvision has to be asked for;
    the size stays.
    """

    degrees: float | Sequence[float]
    _: KW_ONLY
    fill: float = 0

    def __post_init__(self) -> None:
        interval("RandomRotation", "degrees", self.degrees)

    def images(self, x: Array, draws: Draws) -> Array:
        """(N, C, H, W) -> (N, C, H, W)."""
        angle = draws.uniform(*interval("RandomRotation", "degrees", self.degrees))
        still = np.zeros_like(angle)
        return warped(x, _matrices(-angle, still, still), np.zeros((len(x), 2)), self.fill)


def _matrices(angle: Array, shear_x: Array, shear_y: Array) -> Array:
    """R(θ) · K, with y pointing down: three arrays of degrees (N) -> (N, 2, 2)."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    tx, ty = np.tan(np.radians(shear_x)), np.tan(np.radians(shear_y))
    rotation: Array = np.stack([cos, -sin, sin, cos], -1).reshape(-1, 2, 2)
    shear: Array = np.stack([np.ones_like(tx), -tx, -ty, 1 + tx * ty], -1).reshape(-1, 2, 2)
    return rotation @ shear


def warped(x: Array, matrices: Array, shift: Array, fill: float) -> Array:
    """Images whose point p went to c + shift + matrix · (p − c), bilinear.

    Shapes: x (N, C, H, W), matrices (N, 2, 2) on (x, y), shift (N, 2) -> (N, C, H, W).
    """
    kind = np.result_type(x.dtype, np.float32)
    back, begin = (a.astype(kind) for a in _backwards(matrices, shift, *x.shape[2:]))
    if kernel := getattr(core, "warp", None):
        with suppress(Unsupported):
            y: Array = kernel(x, back, begin, fill)
            return y
    return in_slices(partial(_warped, fill=fill), x, back, begin)


def _backwards(matrices: Array, shift: Array, H: int, W: int) -> tuple[Array, Array]:
    """Where each pixel came from, p = c + matrix⁻¹ · (p' − c − shift): matrix⁻¹, and where (0, 0) did, (N, 2)."""
    center = np.array([(W - 1) / 2, (H - 1) / 2])
    back = np.linalg.inv(matrices)  # (N, 2, 2)
    return back, center - (back @ (center + shift)[:, :, None])[..., 0]


def _warped(x: Array, back: Array, begin: Array, fill: float) -> Array:
    """The reference: each pixel from its place back · (column, row) + begin."""
    N, C, H, W = x.shape
    kind = back.dtype
    rows, columns = np.indices((H, W), kind)
    grid = np.stack([columns, rows]).reshape(2, -1)
    across, along = (back @ grid + begin[:, :, None]).swapaxes(0, 1)  # (N, 2, H·W) -> two of (N, H·W)
    left, dx = _cells(across, W)
    above, dy = _cells(along, H)
    framed = np.full((C, N, H + 2, W + 2), fill, kind)
    framed[..., 1:-1, 1:-1] = x.swapaxes(0, 1)
    planes = framed.reshape(C, -1)
    corner = (np.arange(N)[:, None] * (H + 2) + above) * (W + 2) + left  # (N, H·W), the upper left of four
    y = _between(planes.take(corner, 1), planes.take(corner + 1, 1), dx)  # (C, N, H·W)
    lower = _between(planes.take(corner + W + 2, 1), planes.take(corner + W + 3, 1), dx)
    y = like(_between(y, lower, dy), x)
    return np.ascontiguousarray(y.reshape(C, N, H, W).swapaxes(0, 1))


def _cells(places: Array, size: int) -> tuple[Array, Array]:
    """The pixel before each place, counted with a frame of one around the image, and how far behind it the place is."""
    inside = np.clip(places, -1, size)
    before = np.minimum(np.floor(inside), size - 1)
    return before.astype(np.intp) + 1, inside - before


def _between(a: Array, b: Array, share: Array) -> Array:
    """a + share · (b − a), in the memory of b."""
    b -= a
    b *= share
    b += a
    return b
