"""Batches of data that lies in arrays: one gather each, in an order that only seed and epoch decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Batches", "Engine"]

Array = npt.NDArray[Any]
Engine = Any
"""A module with PyTorch's API: `chainrule` itself, or `torch`."""


@dataclass
class Batches:
    """The rows of x and y, shuffled anew for every pass and cut into batches, as tensors of the engine.

    Shapes: x (N, …), y (N). The last batch is smaller where N is no multiple of `size`. The order is drawn by NumPy
    from (seed, pass), so it is the same for every engine.
    """

    engine: Engine
    x: Array
    y: Array
    size: int
    seed: int
    passes: int = 0

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not len(self.x):
            raise ValueError(
                f"Batches: x has {len(self.x)} rows and y has {len(self.y)}: they must be as many, and some"
            )
        if self.size < 1:
            raise ValueError(f"Batches: size={self.size}: at least 1 is needed")

    @property
    def samples(self) -> int:
        """The number of rows in one pass."""
        return len(self.x)

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        order = np.random.default_rng((self.seed, self.passes)).permutation(len(self.x))
        self.passes += 1
        for start in range(0, len(order), self.size):
            rows = order[start : start + self.size]
            yield self.engine.from_numpy(self.x[rows]), self.engine.from_numpy(self.y[rows])
