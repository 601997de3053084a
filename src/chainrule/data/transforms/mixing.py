"""Mixing images two by two, and their labels with them.

The other image is the one before in the batch, so here alone a sample depends on its batch: on the order of the epoch,
and on the batch's size; still not on workers.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from chainrule.data.randomness import Draws

from .erasing import boxes
from .transform import Array, Transform, check_float, column

__all__ = ["CutMix", "MixUp"]


@dataclass(frozen=True)
class _Mix(Transform):
    """What both have in common: a share λ of each image and of its label, from Beta(α, α)."""

    _: KW_ONLY
    alpha: float = 1.0
    num_classes: int | None = None

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"{type(self).__name__}: alpha={self.alpha}: a number above 0 is needed")

    def apply(self, arrays: list[Any], draws: Draws) -> list[Any]:
        """Images (N, C, H, W) and labels (N) or (N, K) -> images and shares of classes (N, K)."""
        if len(arrays) != 2:
            raise TypeError(f"{type(self).__name__}: a batch of two arrays, images and labels, is needed")
        x, y = arrays[0], self._one_hot(np.asarray(arrays[1]))
        x, own = self.mixed(x, draws.beta(self.alpha), draws)
        own = own[:, None].astype(y.dtype)
        return [x, own * y + (1 - own) * np.roll(y, 1, 0)]

    def mixed(self, x: Array, own: Array, draws: Draws) -> tuple[Array, Array]:
        """The images of which about the share `own` (N) is their own, and what the share came to."""
        raise NotImplementedError

    def _one_hot(self, y: Array) -> Array:
        """Labels (N) -> (N, K), float32; those that are shares of classes already stay."""
        if y.ndim == 2 and y.dtype.kind == "f":
            return y
        name, K = type(self).__name__, self.num_classes
        if y.ndim != 1 or y.dtype.kind not in "iu" or K is None:
            raise ValueError(
                f"{name}: labels are whole numbers (N), with num_classes, or shares of classes (N, K);"
                f" these are {y.dtype} {y.shape}, with num_classes={K}"
            )
        if len(y) and not (y.min() >= 0 and y.max() < K):
            raise ValueError(f"{name}: labels from {y.min()} to {y.max()}, but num_classes={K}")
        return np.eye(K, dtype=np.float32)[y]


@dataclass(frozen=True)
class MixUp(_Mix):
    """λ · x + (1 − λ) · x', and the labels alike; λ ~ Beta(α, α) for each image, x' is the image before in the batch.

    torchvision draws one λ for the whole batch. Images are floats. Labels are whole numbers (N), with `num_classes`, or
    shares of classes (N, K), and become shares, float32, as `CrossEntropyLoss` takes them.
    Zhang et al.: "mixup: beyond empirical risk minimization" (2017).
    """

    def mixed(self, x: Array, own: Array, draws: Draws) -> tuple[Array, Array]:
        """(N, C, H, W), (N) -> (N, C, H, W), (N)."""
        check_float(self, x)
        y = np.roll(x, 1, 0)
        y += column(own, x.dtype) * (x - y)
        return y, own


@dataclass(frozen=True)
class CutMix(_Mix):
    """A box of the image before in the batch replaces the pixels of x; the labels get the shares of the area.

    The box has the share 1 − λ of the area, its centre is anywhere; what hangs over the edge is lost and not counted.
    λ and labels as in `MixUp`. Yun et al.: "CutMix" (2019).
    """

    def mixed(self, x: Array, own: Array, draws: Draws) -> tuple[Array, Array]:
        """(N, C, H, W), (N) -> (N, C, H, W), (N)."""
        H, W = x.shape[2:]
        side = np.sqrt(1 - own)
        h, w = np.rint(H * side).astype(np.int64), np.rint(W * side).astype(np.int64)
        other = boxes(draws.integers(0, H) - h // 2, draws.integers(0, W) - w // 2, h, w, H, W)
        return np.where(other, np.roll(x, 1, 0), x), 1 - other.mean((1, 2, 3))
