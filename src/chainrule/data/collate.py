"""From samples to a batch: arrays that are stacked, and tensors that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.creation import from_numpy

__all__ = ["default_collate", "default_convert", "stacked", "tensors"]


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch of a list of samples: tensors, arrays and numbers are stacked, tuples, lists and dicts gone into.

    Samples (x, y) give [X, Y]: x (…) becomes X (N, …). Whole numbers become int64, floats float64, truth values bool;
    text stays a list. Errors: ValueError if samples differ in shape or length, TypeError if they hold something else.
    PyTorch raises RuntimeError for the first.
    """
    return default_convert(stacked(batch))


def default_convert(data: Any) -> Any:
    """The arrays in `data` as tensors, in their own memory; tuples, lists and dicts are gone into, the rest stays."""
    return tensors(data, from_numpy)


def stacked(samples: Sequence[Any]) -> Any:
    """`default_collate`, in arrays."""
    first = samples[0]
    if hasattr(first, "__array__"):  # arrays, NumPy's numbers, chainrule's and PyTorch's tensors
        return _stack([np.asarray(sample) for sample in samples])
    if isinstance(first, bool | int | float):
        return np.asarray(samples)
    if isinstance(first, str | bytes):
        return list(samples)
    if isinstance(first, Mapping):
        return {key: stacked([sample[key] for sample in samples]) for key in first}
    if isinstance(first, Sequence):
        return _columns(samples)
    raise TypeError(
        "default_collate: samples must be tensors, arrays, numbers, text, or tuples, lists and dicts of these; found"
        f" {type(first).__name__}"
    )


def _stack(arrays: list[Any]) -> Any:
    kind = arrays[0].dtype.kind
    if kind not in "biufc":
        raise TypeError(f"default_collate: an array of {arrays[0].dtype} cannot become a tensor")
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise ValueError(
            f"default_collate: samples of unequal shapes, {' and '.join(map(str, shapes[:3]))}, make no batch.\n"
            "  Give DataLoader a collate_fn that pads or crops them."
        )
    return np.stack(arrays)


def _columns(samples: Sequence[Any]) -> Any:
    first, lengths = samples[0], sorted({len(sample) for sample in samples})
    if len(lengths) > 1:
        raise ValueError(f"default_collate: samples of unequal length, {' and '.join(map(str, lengths[:3]))} values")
    columns = [stacked(column) for column in zip(*samples, strict=True)]
    return type(first)(*columns) if hasattr(first, "_fields") else columns


def tensors(batch: Any, make: Callable[[Any], Any]) -> Any:
    """The batch with make(array) in each array's place."""
    if isinstance(batch, np.ndarray):
        return make(batch)
    if isinstance(batch, list | tuple) and not hasattr(batch, "_fields"):
        return [tensors(value, make) for value in batch]
    if isinstance(batch, np.generic) and not isinstance(batch, np.character):
        return make(np.asarray(batch))
    if isinstance(batch, Mapping):
        return {key: tensors(value, make) for key, value in batch.items()}
    if isinstance(batch, tuple):
        return type(batch)(*(tensors(value, make) for value in batch))
    return batch
