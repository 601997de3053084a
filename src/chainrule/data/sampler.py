"""Samplers: in which order the samples of a data set come.

PyTorch's classes, and one method more: `order(generator)` is one pass as an array of indices, drawn from the
sampler's own generator if it has one, else from the one it is handed. DataLoader hands it one that only seed and epoch
decide. Iterating a sampler without a generator draws from chainrule's, `chainrule.manual_seed`. So may samplers without
`order`: while a DataLoader iterates them, the one of seed and epoch stands in that one's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from chainrule.ops import random

from .dataset import overrides

__all__ = [
    "BatchSampler", "BucketBatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler",
    "WeightedRandomSampler", "generator_of", "one_pass", "positive",
]  # fmt: skip

T = TypeVar("T", covariant=True)
Generator = np.random.Generator
Indices = npt.NDArray[Any]


class Sampler(Generic[T]):
    """What a sampler is: a subclass defines `__iter__`, the indices of one pass, and `__len__` if it knows it."""

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__()")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, … to the end of data_source, a data set."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def order(self, generator: Generator | None = None) -> Indices:
        """One pass; nothing is drawn."""
        return np.arange(len(self))


class _Drawn(Sampler[int]):
    """A sampler of random order."""

    generator: Generator | None

    def __iter__(self) -> Iterator[int]:
        return iter(self.order(random.generator()).tolist())

    def order(self, generator: Generator) -> Indices:
        """One pass, from the sampler's own generator or else this one."""
        return self._draw(self.generator or generator)

    def _draw(self, generator: Generator) -> Indices:
        raise NotImplementedError


class RandomSampler(_Drawn):
    """All indices of data_source in random order; or `num_samples`.

    Those are drawn with `replacement`, else going through all again and again.
    Errors: TypeError for a generator that is not NumPy's, ValueError unless something is to be drawn.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self._num_samples = (
            data_source,
            _flag("replacement", replacement),
            num_samples,
        )
        self.generator = _numpys(generator)
        positive("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices one pass has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __len__(self) -> int:
        return self.num_samples

    def _draw(self, generator: Generator) -> Indices:
        n, wanted = len(self.data_source), self.num_samples
        if self.replacement:
            return generator.integers(0, n, wanted)
        rounds = [generator.permutation(n) for _ in range(-(-wanted // n))]
        return rounds[0] if wanted == n else np.concatenate(rounds)[:wanted]


class SubsetRandomSampler(_Drawn):
    """These indices in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, _numpys(generator)

    def __len__(self) -> int:
        return len(self.indices)

    def _draw(self, generator: Generator) -> Indices:
        return np.asarray(self.indices)[generator.permutation(len(self.indices))]


class WeightedRandomSampler(_Drawn):
    """`num_samples` indices, index i drawn with probability weights[i] / Σ weights, with or without replacement.

    Errors: ValueError if the weights are no probabilities, or too few to draw from without replacement.
    """

    def __init__(
        self,
        weights: Sequence[float] | npt.NDArray[Any],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        self.weights, self.num_samples = np.asarray(weights, np.float64), positive("num_samples", num_samples)
        self.replacement, self.generator = _flag("replacement", replacement), _numpys(generator)
        if self.weights.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights of shape {self.weights.shape}; one for each sample is needed"
            )
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all() and self.weights.any()):
            raise ValueError("WeightedRandomSampler: weights must be finite, at least 0, and one of them above 0")
        choice = np.count_nonzero(self.weights)
        if not replacement and num_samples > choice:
            raise ValueError(
                f"WeightedRandomSampler: num_samples={num_samples} without replacement, but {choice} weights above 0"
            )

    def __len__(self) -> int:
        return self.num_samples

    def _draw(self, generator: Generator) -> Indices:
        share = self.weights / self.weights.sum()
        return generator.choice(len(share), self.num_samples, self.replacement, share)


class BatchSampler(Sampler[list[int]]):
    """The indices of a sampler, cut into batches; the last one may be smaller, or is left out with `drop_last`.

    Errors: ValueError unless batch_size is a whole number above 0.
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        self.sampler, self.batch_size = sampler, positive("batch_size", batch_size)
        self.drop_last = _flag("drop_last", drop_last)

    def __len__(self) -> int:
        samples = len(self.sampler)  # type: ignore[arg-type]  # TypeError if it does not know
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        batch = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def order(self, generator: Generator) -> Iterable[Any]:
        """The batches of one pass: slices of the sampler's order, where that is an array."""
        order = one_pass(self.sampler, generator)
        if not isinstance(order, np.ndarray):
            return BatchSampler(order, self.batch_size, self.drop_last)
        end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
        return (order[start : start + self.batch_size] for start in range(0, end, self.batch_size))


class BucketBatchSampler(BatchSampler):
    """Batches of samples of similar length, so that there is little to pad; the longest of a batch first.

    All samples are put in random order, and those of every `pool` batches are sorted by length and cut; then the
    batches are put in random order too. So a sample has other neighbours in every pass; the larger the pool, the less
    there is to pad, and the more alike are the passes. One batch may be smaller, or is left out with `drop_last`.

    `lengths` has one number for each sample. PyTorch has no such sampler. Errors: ValueError unless the lengths are
    numbers (N), batch_size and pool whole numbers above 0; TypeError for a generator that is not NumPy's.
    """

    def __init__(
        self,
        lengths: npt.ArrayLike,
        batch_size: int,
        drop_last: bool = False,
        pool: int = 50,
        generator: Generator | None = None,
    ) -> None:
        self.lengths, self.pool = np.asarray(lengths), positive("pool", pool)
        if self.lengths.ndim != 1 or self.lengths.dtype.kind not in "iuf":
            raise ValueError(
                f"BucketBatchSampler: lengths of shape {self.lengths.shape}; one for each sample is needed"
            )
        super().__init__(RandomSampler(self.lengths, generator=generator), batch_size, drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        return iter([batch.tolist() for batch in self.order(random.generator())])

    def order(self, generator: Generator) -> list[Indices]:
        """The batches of one pass, drawn from the sampler's own generator or else this one."""
        generator = generator_of(self) or generator
        order, size = np.asarray(one_pass(self.sampler, generator)), self.batch_size
        pools = np.split(order, range(size * self.pool, len(order), size * self.pool))
        order = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")[::-1]] for pool in pools])
        batches = np.split(order, range(size, len(order), size))
        if self.drop_last and len(batches[-1]) < size:
            batches.pop()
        return [batches[i] for i in generator.permutation(len(batches))]


def one_pass(sampler: Any, generator: Generator) -> Iterable[Any]:
    """One pass of any sampler, as indices: by its `order`, or by iteration, with this as chainrule's generator."""
    if overrides(sampler, "order", "__iter__"):
        order: Iterable[Any] = sampler.order(generator)
        return order
    return random.drawn_from(generator, sampler)


def generator_of(sampler: Any) -> Generator | None:
    """The generator that a sampler, or the one it cuts into batches, draws from; None if it has none of its own."""
    while hasattr(sampler, "sampler"):
        sampler = sampler.sampler
    generator = getattr(sampler, "generator", None)
    return generator if isinstance(generator, Generator) else None


def positive(name: str, value: Any) -> int:
    """The value, if it is a whole number above 0; else ValueError, with the argument's name."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}={value!r}: a whole number of at least 1 is needed")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: True or False is needed")
    return value


def _numpys(generator: Any) -> Generator | None:
    if not isinstance(generator, Generator | None):
        raise TypeError(
            f"generator must be NumPy's, such as numpy.random.default_rng(0), not a {type(generator).__name__}"
        )
    return generator
