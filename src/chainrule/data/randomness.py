"""Random numbers that belong to a sample: seed, epoch and the sample's index decide them, and nothing else.

A generator that is drawn from in turn gives a sample numbers that depend on who drew before: on the size of the batch,
on the order of arrival, on the number of workers. Here every sample has a stream of its own, and the n-th number of a
stream is a function of its number,

    u[n] = mix(key + n · γ)      key = mix(base(seed, epoch) + index · γ)      γ = ⌊2⁶⁴ / φ⌋

with φ the golden ratio, all modulo 2⁶⁴. This is SplitMix64, and the numbers of a whole batch are a few array
operations. Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014; counters in place of
state: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Draws", "order_generator"]

Array = npt.NDArray[Any]
Bits = npt.NDArray[np.uint64]
Parameter = float | Array

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
STEPS = tuple(np.uint64(c) for c in (30, 0xBF58476D1CE4E5B9, 27, 0x94D049BB133111EB, 31))


def order_generator(seed: int, epoch: int) -> np.random.Generator:
    """The generator of an epoch's order: of what concerns all samples together, as a permutation does."""
    return np.random.default_rng((seed, epoch))


class Draws:
    """Random numbers for the samples of a batch, a row for each: `draws.uniform(0, 1, 2)` has shape (N, 2).

    A row depends on seed, epoch, the sample's index, and on how many numbers a sample was given before; not on the
    other samples. So draw the same for all samples, also for those that will not need it. A parameter may be a
    number, or an array that broadcasts with what is drawn, such as (N) or (N, 1): one for each sample.

    Shapes: indices (N) whole numbers ≥ 0; what is drawn (N, *shape).
    Errors: TypeError if the indices are no whole numbers.
    """

    def __init__(self, seed: int, epoch: int, indices: npt.ArrayLike) -> None:
        rows = np.asarray(indices)
        if rows.dtype.kind not in "iu":
            raise TypeError(f"Draws: the indices of samples must be whole numbers, not {rows.dtype}")
        self._seed, self._epoch, self._rows = seed, epoch, rows.astype(np.uint64)
        self._key = self._keys(epoch, 1)  # 1: not the order's numbers
        self._used = 0

    def _keys(self, epoch: int, purpose: int) -> Bits:
        """Where the stream of each sample begins: (N)."""
        base = np.random.SeedSequence((self._seed, epoch, purpose)).generate_state(1, np.uint64)
        return _mixed(base + self._rows * GOLDEN)

    def __len__(self) -> int:
        return len(self._key)

    def bits(self, *shape: int) -> Bits:
        """Uniform on all 64 bits."""
        count = int(np.prod(shape))
        numbers = np.arange(self._used, self._used + count, dtype=np.uint64) * GOLDEN
        self._used += count
        return _mixed(self._key[:, None] + numbers).reshape(len(self), *shape)  # (N) -> (N, count) -> (N, *shape)

    def uniform(self, low: Parameter = 0, high: Parameter = 1, /, *shape: int) -> Array:
        """Uniform in [low, high), float64: low + (high − low) · ⌊bits / 2¹¹⌋ / 2⁵³."""
        unit = (self.bits(*shape) >> np.uint64(11)) * 2.0**-53
        return low + (high - low) * unit

    def integers(self, low: Parameter, high: Parameter, /, *shape: int) -> Array:
        """Whole numbers from low to high − 1, int64: low + ⌊(high − low) · u⌋, uneven by less than (high − low) / 2⁵³.

        Errors: ValueError where high ≤ low.
        """
        span = high - low
        if np.any(span <= 0):
            raise ValueError(f"integers({low}, {high}): there is no whole number from {low} to below {high}")
        result: Array = low + (span * self.uniform(0, 1, *shape)).astype(np.int64)
        return result

    def bernoulli(self, p: Parameter, *shape: int) -> Array:
        """True with probability p."""
        result: Array = self.uniform(0, 1, *shape) < p
        return result

    def alternating(self) -> Array:
        """True or False for each sample, (N): at random in the first epoch, from then on the other one each time."""
        result: Array = self._keys(0, 2) % np.uint64(2) == self._epoch % 2
        return result

    def normal(self, mean: Parameter = 0, std: Parameter = 1, /, *shape: int) -> Array:
        """Normal, float64: mean + std · √(−2 ln(1 − u)) · cos(2π v). Box and Muller 1958."""
        u, v = self.uniform(0, 1, *shape), self.uniform(0, 1, *shape)
        result: Array = mean + std * (np.sqrt(-2 * np.log1p(-u)) * np.cos(2 * np.pi * v))
        return result

    def beta(self, alpha: float, *shape: int) -> Array:
        """Beta(α, α) for any α > 0, float64: (1 + t / √(2α + t²)) / 2, where t is Student's with 2α degrees of freedom.

        t = √(2α · w) · cos(2π v) with w = (1 − u)^(−1/α) − 1. Bailey: "Polar generation of random variates with the
        t-distribution", Mathematics of Computation 62 (1994). Errors: ValueError unless α > 0.
        """
        if not alpha > 0:
            raise ValueError(f"beta({alpha}): a number above 0 is needed")
        u, cosine = self.uniform(0, 1, *shape), np.cos(2 * np.pi * self.uniform(0, 1, *shape))
        with np.errstate(over="ignore", divide="ignore"):  # w and 1/w² may be ∞: the limits are the right ones
            w = np.expm1(-np.log1p(-u) / alpha)
            result: Array = (1 + np.sign(cosine) / np.sqrt(1 + 1 / (w * cosine**2))) / 2
        return result


def _mixed(x: Bits) -> Bits:
    """SplitMix64's finalizer: a bijection of 64 bits in which every bit of x moves half of the result's."""
    first, a, second, b, third = STEPS
    x = x ^ (x >> first)  # a new array, changed in place from here on
    x *= a
    x ^= x >> second
    x *= b
    x ^= x >> third
    return x
