"""Data sets: what has a length and gives sample i, or at least samples one after the other.

PyTorch's classes, and one method more: `gather(indices)` is a whole batch at once. Where the data lies in arrays this
is one copy by NumPy, not a Python loop over samples; a class that does not define it gets the loop.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from chainrule.ops import random

from .collate import stacked

__all__ = [
    "ConcatDataset", "Dataset", "IterableDataset", "Subset", "TensorDataset", "gather", "overrides", "random_split",
    "samples",
]  # fmt: skip

T = TypeVar("T", covariant=True)
Indices = Sequence[int] | npt.NDArray[np.integer[Any]]


class Dataset(Generic[T]):
    """What a data set is: a subclass defines `__getitem__(index)`, and `__len__` if it knows its length.

    It may also define `__getitems__(indices)`, a list of samples, as in PyTorch; or `gather(indices)`, the batch
    itself as a list of arrays, which PyTorch does not have.
    """

    def __getitem__(self, index: Any) -> T:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index)")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T]):
    """A stream of samples: a subclass defines `__iter__`. DataLoader reads it in order, in one thread."""

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__()")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        raise TypeError("streams cannot be added: itertools.chain them in an __iter__ of your own")


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Rows of tensors or arrays: sample i is the tuple of their rows i.

    Shapes: each (N, …). Errors: ValueError unless there is one, and all have as many rows; PyTorch has AssertionError.
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tensors
        self.arrays = [np.asarray(tensor) for tensor in tensors]
        if not tensors or any(array.ndim == 0 for array in self.arrays):
            raise ValueError("TensorDataset: tensors with at least one dimension are needed, the samples'")
        if len({len(array) for array in self.arrays}) > 1:
            shapes = ", ".join(str(array.shape) for array in self.arrays)
            raise ValueError(f"TensorDataset: the tensors must have as many rows each; their shapes are {shapes}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def gather(self, indices: Indices) -> list[Any]:
        """The batch of these rows: one copy for each array, (N, …) -> (len(indices), …)."""
        try:
            # take is the faster, but of an array with gaps it would copy the whole
            return [a.take(indices, 0) if a.flags.c_contiguous else a[np.asarray(indices)] for a in self.arrays]
        except IndexError:
            lowest, highest = min(indices), max(indices)
            raise IndexError(
                f"TensorDataset: indices {lowest} to {highest} were asked for; there are {len(self)} samples"
            ) from None


class ConcatDataset(Dataset[T]):
    """One of the `datasets` after the other. Errors: ValueError if there is none, TypeError for a stream."""

    def __init__(self, datasets: Iterable[Dataset[T]]) -> None:
        self.datasets: list[Any] = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: at least one data set is needed")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise TypeError(
                "ConcatDataset: a stream (IterableDataset) has no indices, so it cannot be one part of many"
            )
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T:
        if not -len(self) <= index < len(self):
            raise self._no_sample(index)
        index %= len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        sample: T = self.datasets[which][index - self._start(which)]
        return sample

    def gather(self, indices: Indices) -> Any:
        """The batch of these rows: one `gather` of each part, put in order; of what is no list of arrays, the loop."""
        rows = self._from_the_start(np.asarray(indices))
        which = np.searchsorted(self.cumulative_sizes, rows, side="right")
        parts = [gather(self.datasets[d], rows[which == d] - self._start(d)) for d in np.unique(which)]
        if not all(type(part) is list and all(isinstance(column, np.ndarray) for column in part) for part in parts):
            return stacked(samples(self, indices))
        back = np.argsort(np.argsort(which, kind="stable"))  # where each row went when they were sorted by part
        return [np.concatenate(columns)[back] for columns in zip(*parts, strict=True)]

    def _start(self, which: int) -> int:
        return self.cumulative_sizes[which - 1] if which else 0

    def _from_the_start(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Rows that are counted from the end, as -1 is, counted from the start."""
        outside = rows[(rows < -len(self)) | (rows >= len(self))]
        if outside.size:
            raise self._no_sample(outside[0])
        return np.where(rows < 0, rows + len(self), rows)

    def _no_sample(self, index: int) -> IndexError:
        return IndexError(f"ConcatDataset: index {index} was asked for; there are {len(self)} samples")


class Subset(Dataset[T]):
    """The samples of `dataset` at these indices, in this order."""

    def __init__(self, dataset: Dataset[T], indices: Indices) -> None:
        self.dataset, self.indices = dataset, indices
        self._rows = np.asarray(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> T:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Indices) -> list[T]:
        return samples(self.dataset, [self.indices[i] for i in indices])

    def gather(self, indices: Indices) -> Any:
        """The batch of these rows, gathered from the whole."""
        return gather(self.dataset, self._rows[np.asarray(indices)])


def random_split(
    dataset: Dataset[T], lengths: Sequence[int | float], generator: np.random.Generator | None = None
) -> list[Subset[T]]:
    """Parts of `dataset` of these lengths, or these shares of it, drawn at random; each sample is in one part.

    What shares leave over by rounding down goes to the parts in turn. Errors: ValueError unless the lengths add up to
    the number of samples, or the shares to 1. The order is NumPy's, so it is not PyTorch's for the same seed.
    """
    total = len(_sized(dataset))
    sizes = _shares(lengths, total) if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 else lengths
    if sum(sizes) != total or any(size < 0 or size != int(size) for size in sizes):
        raise ValueError(
            f"random_split(): lengths {list(lengths)} do not split {total} samples: their sum must be {total}, or 1"
        )
    order = (generator or random.generator()).permutation(total)
    ends = list(itertools.accumulate(int(size) for size in sizes))
    return [Subset(dataset, order[start:end]) for start, end in itertools.pairwise([0, *ends])]


def _shares(shares: Sequence[float], total: int) -> list[int]:
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"random_split(): shares {list(shares)}: each must be between 0 and 1")
    sizes = [math.floor(total * share) for share in shares]
    for i in range(total - sum(sizes)):
        sizes[i % len(sizes)] += 1
    for i, size in enumerate(sizes):
        if not size:
            warnings.warn(f"random_split(): part {i}, {shares[i]} of {total} samples, is empty", stacklevel=3)
    return sizes


def _sized(dataset: Any) -> Sized:
    if not hasattr(dataset, "__len__"):
        raise TypeError(f"{type(dataset).__name__} has no __len__: its number of samples is not known")
    sized: Sized = dataset
    return sized


# ---------------------------------------------------------------------------------------------- rows of any data set


def samples(dataset: Any, indices: Indices) -> list[Any]:
    """The samples at these indices, by `__getitems__` if the data set has it."""
    rows = indices.tolist() if isinstance(indices, np.ndarray) else list(indices)
    if overrides(dataset, "__getitems__", "__getitem__"):
        return list(dataset.__getitems__(rows))
    return [dataset[row] for row in rows]


def gather(dataset: Any, indices: Indices) -> Any:
    """The batch at these indices, in arrays: by the data set's own `gather`, else sample by sample.

    A tensor has a `gather` too, which is something else.
    """
    if isinstance(dataset, Dataset) and overrides(dataset, "gather", "__getitem__", "__getitems__"):
        return dataset.gather(indices)  # type: ignore[attr-defined]  # so `overrides` says
    return stacked(samples(dataset, indices))


def overrides(thing: Any, method: str, *others: str) -> bool:
    """Whether `method` may stand in for the others: a subclass that redefines only those is not to be passed over."""
    for kind in type(thing).__mro__:
        if method in vars(kind):
            return True
        if any(other in vars(kind) for other in others):
            return False
    return False
