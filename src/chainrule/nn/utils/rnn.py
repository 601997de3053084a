"""Sequences of different lengths: padded to one tensor, or packed without the padding.

    padded (T, N, …)      sequences side by side, filled up at the end; (N, T, …) with `batch_first`
    packed                data (Σ lengths, …): all first steps, then all second steps, …; the longest sequence first,
                          so that the batch_sizes[t] sequences that reach step t are the first ones of the batch

Recurrent layers take a `PackedSequence` and leave out what is not there. Names and arguments are PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.creation import as_tensor
from chainrule.ops import embedding, pad, stack, where
from chainrule.tensor import Array, Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence(NamedTuple):
    """What pack_padded_sequence makes: `data`, the steps of all sequences, without padding, and how they lie.

    batch_sizes[t] is the number of sequences that have a step t. sorted_indices takes the caller's order to that of
    falling length, unsorted_indices back; None where the caller's order is that.
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    def to(self, dtype: Any) -> PackedSequence:
        """With the data in another dtype."""
        return self._replace(data=self.data.to(dtype))

    def float(self) -> PackedSequence:
        """With the data as float32."""
        return self.to(np.float32)

    def double(self) -> PackedSequence:
        """With the data as float64."""
        return self.to(np.float64)

    @property
    def lengths(self) -> Array:
        """The length of every sequence, falling."""
        sizes = self.batch_sizes.array
        return np.asarray((sizes[:, None] > np.arange(sizes[0])).sum(0))  # (T, N) -> (N,)

    @property
    def places(self) -> tuple[Array, Array]:
        """The step t and the sequence n of every row of data."""
        alive = np.arange(self.batch_sizes.array[0]) < self.batch_sizes.array[:, None]  # (T, N)
        t, n = np.nonzero(alive)
        return t, n


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this `permutation` (N); None of None."""
    return None if permutation is None else Tensor(np.argsort(permutation.array))


# ---------------------------------------------------------------------------------------------- packing


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave the padding out: input (T, N, …), or (N, T, …) with `batch_first`, and N lengths -> a PackedSequence.

    With `enforce_sorted` the lengths must fall; without, the sequences are put into that order, and what is made of
    them back into theirs. Errors: ValueError where lengths are not as many, not from 1 to T, or do not fall.
    """
    sizes = np.asarray(lengths.array if isinstance(lengths, Tensor) else lengths)
    padded = input.transpose(0, 1) if batch_first else input  # (T, N, …)
    _check_lengths("pack_padded_sequence", sizes, padded, batch_first)
    order = None
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
        sizes = sizes[order]
        padded = padded[:, order]
    elif (np.diff(sizes) > 0).any():
        raise ValueError(
            f"pack_padded_sequence(): the lengths {sizes.tolist()} do not fall; the longest sequence comes first\n"
            "  enforce_sorted=False puts the sequences in order, and the outputs back into yours"
        )
    batch_sizes = Tensor((sizes[:, None] > np.arange(sizes[0])).sum(0))  # (N, T) -> (T,)
    sorted_indices = None if order is None else Tensor(order)
    packed = PackedSequence(padded, batch_sizes, sorted_indices, invert_permutation(sorted_indices))
    t, n = packed.places
    return packed._replace(data=_rows(padded.flatten(0, 1), t * padded.shape[1] + n))


def _check_lengths(name: str, lengths: Array, padded: Tensor, batch_first: bool) -> None:
    order = "(N, T, …)" if batch_first else "(T, N, …)"
    if padded.ndim < 2 or lengths.shape != (padded.shape[1],) or lengths.dtype.kind not in "iu":
        shape = (padded.shape[1], padded.shape[0], *padded.shape[2:]) if batch_first else padded.shape
        raise ValueError(f"{name}(): the input {shape} = {order} needs one whole number per sequence as lengths")
    if not len(lengths) or lengths.min() < 1 or lengths.max() > padded.shape[0]:
        raise ValueError(f"{name}(): the lengths must lie between 1 and T={padded.shape[0]}, not {lengths.tolist()}")


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The inverse of packing: the sequences padded with `padding_value`, in the caller's order, and their lengths.

    -> (T, N, …), or (N, T, …) with `batch_first`, and (N). `total_length` pads to that many steps instead of to the
    longest sequence's. Errors: ValueError where it is less.
    """
    lengths, T = sequence.lengths, len(sequence.batch_sizes)
    if total_length is not None:
        if total_length < T:
            raise ValueError(f"pad_packed_sequence(): total_length={total_length} is less than the longest, {T}")
        T = total_length
    order = slice(None) if sequence.unsorted_indices is None else sequence.unsorted_indices.array
    lengths = lengths[order]
    index, alive = _row_of_each_place(sequence, T)
    data = sequence.data
    alive = alive[:, order].reshape(*index.shape, *(1,) * (data.ndim - 1))
    padded = where(Tensor(alive), _rows(data, index[:, order]), Tensor(np.asarray(padding_value, data.dtype)))
    return padded.transpose(0, 1) if batch_first else padded, Tensor(lengths)


def _rows(x: Tensor, index: Array) -> Tensor:
    """x[index], the rows of these numbers, as a look-up of embeddings: its gradient has a kernel."""
    if x.dtype.kind != "f":
        return x[index]
    return embedding(Tensor(index), x.reshape(len(x), math.prod(x.shape[1:]))).reshape(*index.shape, *x.shape[1:])


def _row_of_each_place(sequence: PackedSequence, steps: int) -> tuple[Array, Array]:
    """For (T, N) places the row of data, and whether there is one: 0 and False where not."""
    index = np.zeros((steps, int(sequence.batch_sizes.array[0])), np.int64)
    alive = np.zeros(index.shape, np.bool_)
    index[sequence.places] = np.arange(len(sequence.data))
    alive[sequence.places] = True
    return index, alive


# ---------------------------------------------------------------------------------------------- padding


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Tensors (Tₙ, …) of different lengths, filled up to the longest and stacked: (T, N, …).

    Or (N, T, …) with `batch_first`. The `sequences` get padding_value on their padding_side, "right" or "left".
    Errors: ValueError where there are none, or they differ in more than their length, and for another side.
    """
    if padding_side not in ("left", "right"):
        raise ValueError(f"pad_sequence(): padding_side must be 'left' or 'right', not {padding_side!r}")
    if not len(sequences):
        raise ValueError("pad_sequence(): there are no sequences")
    if not all(s.ndim and s.shape[1:] == sequences[0].shape[1:] for s in sequences):
        shapes = [s.shape for s in sequences]
        raise ValueError(
            f"pad_sequence(): the sequences may differ in their first size only, their shapes are {shapes}"
        )
    T = max(len(s) for s in sequences)
    return stack([_filled(s, T, padding_value, padding_side) for s in sequences], 0 if batch_first else 1)


def _filled(sequence: Tensor, steps: int, value: float, side: str) -> Tensor:
    missing = steps - len(sequence)
    around = (missing, 0) if side == "left" else (0, missing)
    return pad(sequence, [0, 0] * (sequence.ndim - 1) + list(around), value=value) if missing else sequence


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Tensors (Tₙ, …) of different lengths, the `sequences`, as a PackedSequence.

    Errors and `enforce_sorted` as in `utils.rnn.pack_padded_sequence`.
    """
    return pack_padded_sequence(pad_sequence(sequences), [len(s) for s in sequences], enforce_sorted=enforce_sorted)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The inverse of pad_sequence: padded_sequences (T, N, …) and their lengths (N) -> tensors (Tₙ, …).

    Or (N, T, …) with `batch_first`. Errors: ValueError where lengths are not as many.
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(n)] for row, n in zip(rows, as_tensor(lengths).tolist(), strict=True)]


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The inverse of pack_sequence: packed_sequences -> a list of tensors (Tₙ, …), in the caller's order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
