"""Sequences of tokens as batches: padded to one length and masked, or cut from one long text.

    padded       sequences of different lengths, filled up at the end          (N, T), and their lengths (N)
    Streams      a long text as N streams side by side, T steps of each at a time: the state of a recurrent network
                 is carried from one batch to the next
    Windows      any T tokens in a row of a long text, and those that follow

What is to be predicted, y, is what is read, x, one step later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from .collate import stacked
from .dataset import Dataset, Indices
from .sampler import positive

__all__ = ["Streams", "Windows", "length_mask", "padded", "padded_collate"]

Array = NDArray[Any]


# ---------------------------------------------------------------------------------------------- padding


def padded(
    sequences: Sequence[ArrayLike], value: float = 0, length: int | None = None
) -> tuple[Array, NDArray[np.int64]]:
    """`sequences` (Tₙ, …) filled up with `value` to the longest, or to `length`, and their lengths: (N, T, …), (N).

    Their dtype is kept. Errors: ValueError if there are none, if they differ in more than their length, or if one is
    longer than `length`. `nn.utils.rnn.pad_sequence` does the same with tensors.
    """
    arrays = [np.asarray(sequence) for sequence in sequences]
    if not arrays or any(a.ndim == 0 or a.shape[1:] != arrays[0].shape[1:] for a in arrays):
        shapes = ", ".join(str(a.shape) for a in arrays[:5])
        raise ValueError(f"padded(): sequences that differ in their length alone are needed; their shapes: {shapes}")
    lengths = np.array([len(a) for a in arrays])
    if length is not None and lengths.max() > length:
        raise ValueError(f"padded(): sequence {lengths.argmax()} has {lengths.max()} steps, more than length={length}")
    T = int(lengths.max()) if length is None else length
    dtype = np.result_type(*({a.dtype for a in arrays if a.size} or {arrays[0].dtype}))  # [] has one that says nothing
    whole = np.full((len(arrays), T, *arrays[0].shape[1:]), value, dtype)
    whole[length_mask(lengths, T)] = np.concatenate(arrays)
    return whole, lengths


def length_mask(lengths: ArrayLike, length: int | None = None) -> NDArray[np.bool_]:
    """Where padded sequences have tokens: (N) -> (N, T), True at [n, t] if t < lengths[n].

    T is `length`, or the longest. Errors: ValueError unless lengths are whole numbers (N). The key_padding_mask of
    attention is the opposite, ~length_mask(lengths).
    """
    sizes = np.asarray(lengths)
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu":
        raise ValueError(f"length_mask(): lengths of shape {sizes.shape}, {sizes.dtype}: whole numbers (N) are needed")
    T = int(sizes.max(initial=0)) if length is None else length
    mask: NDArray[np.bool_] = np.arange(T) < sizes[:, None]
    return mask


def padded_collate(samples: Sequence[Any], padding: float = 0) -> list[Any]:
    """A batch of samples with sequences in them, DataLoader's `collate_fn`: (tokens, label) -> tokens, lengths, labels.

    Every sequence (Tₙ, …) of a sample becomes two entries of the batch, padded (N, T, …) and lengths (N); so (source,
    target) gives sources, lengths, targets, lengths. The rest, as labels, is stacked as by default. Another padding
    than 0: functools.partial(padded_collate, padding=vocabulary[PAD]).

    Errors: ValueError if the samples have different numbers of entries, or as `padded` does.
    """
    if len(widths := {len(sample) for sample in samples}) > 1:
        raise ValueError(f"padded_collate: samples of {' and '.join(map(str, sorted(widths)))} entries make no batch")
    batch: list[Any] = []
    for column in zip(*samples, strict=True):
        batch += padded(column, padding) if np.ndim(column[0]) else [stacked(column)]
    return batch


# ---------------------------------------------------------------------------------------------- one long text


class Streams(Dataset[tuple[Array, Array]]):
    """A long text as `batch_size` streams side by side, read `steps` tokens at a time: sample i is a whole batch.

        tokens 0 1 2 3 4 5 6 7 8    two streams, three steps:    x [[0 1 2] [4 5 6]]   y [[1 2 3] [5 6 7]]
                                                                 x [[3]     [7]]       y [[4]     [8]]

    Row n of a batch goes on where row n of the batch before ended, so a recurrent network keeps its state from one to
    the next; at the beginning of a pass it is 0. Read in order: `DataLoader(Streams(…), batch_size=None)`. The last
    batch may have fewer steps; left out are at most batch_size − 1 tokens at the end. One stream leaves out none.

    Shapes: tokens (L); x and y (N, T). Errors: ValueError if there is not one token to predict for each stream.
    """

    def __init__(self, tokens: ArrayLike, batch_size: int, steps: int) -> None:
        array = _tokens("Streams", tokens, batch_size=batch_size, steps=steps)
        each = (len(array) - 1) // batch_size
        if each < 1:
            raise ValueError(f"Streams: {len(array)} tokens are too few for {batch_size} streams; it takes one more")
        self.batch_size, self.steps = batch_size, steps
        self.x = array[: batch_size * each].reshape(batch_size, each)  # (L) -> (N, L / N)
        self.y = array[1 : batch_size * each + 1].reshape(batch_size, each)

    def __len__(self) -> int:
        return -(-self.x.shape[1] // self.steps)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        start = _inside(self, index) * self.steps
        part = slice(start, start + self.steps)
        return self.x[:, part].copy(), self.y[:, part].copy()


class Windows(Dataset[tuple[Array, Array]]):
    """All windows of `steps` tokens of a long text, one beginning every `stride` tokens, and the tokens that follow.

    Sample i is x = tokens[s : s + T], y = tokens[s + 1 : s + T + 1] with s = i · stride. With a RandomSampler that
    draws with replacement these are random windows; with stride = steps they stand one behind the other, and each
    token is read once.

    Shapes: tokens (L); x and y (T). Errors: ValueError if the text is shorter than steps + 1.
    """

    def __init__(self, tokens: ArrayLike, steps: int, stride: int = 1) -> None:
        array = _tokens("Windows", tokens, steps=steps, stride=stride)
        if len(array) <= steps:
            raise ValueError(f"Windows: {len(array)} tokens are too few for windows of {steps}; it takes one more")
        self.steps, self.stride = steps, stride
        self.x = sliding_window_view(array[:-1], steps)[::stride]  # (L) -> ((L − 1 − T) / stride + 1, T)
        self.y = sliding_window_view(array[1:], steps)[::stride]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        row = _inside(self, index)
        return self.x[row].copy(), self.y[row].copy()

    def gather(self, indices: Indices) -> list[Array]:
        """The windows of these numbers: x and y (N, T)."""
        rows = np.asarray(indices)
        return [self.x[rows], self.y[rows]]


def _tokens(name: str, tokens: ArrayLike, **sizes: int) -> Array:
    for what, size in sizes.items():
        positive(f"{name}: {what}", size)
    array = np.asarray(tokens)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"{name}: tokens of shape {array.shape}, {array.dtype}: whole numbers (L) are needed")
    return array


def _inside(dataset: Streams | Windows, index: int) -> int:
    """The index, counted from the end if negative; IndexError where there is nothing."""
    if not -len(dataset) <= index < len(dataset):
        raise IndexError(f"{type(dataset).__name__}: index {index} was asked for; there are {len(dataset)} samples")
    return index % len(dataset)
