"""IDX, the format of the MNIST files. The reader trusts nothing that a file says about itself.

    magic   00 00 08 rank      08: the elements are unsigned bytes, the only kind read here
    shape   rank numbers of 4 bytes, big-endian: (N,) labels, (N, H, W) images
    data    one byte an element, row by row

LeCun, Cortes, Burges: "The MNIST database of handwritten digits" (the file format, at its end).
"""

import io
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.content import content
from chainrule.data.images import Images, Split
from chainrule.io.bounded import read_up_to

MAX_BYTES = 1 << 30  # MNIST's largest file has 47 MB; a header that promises more than 1 GiB is not believed
_KINDS = {0x00000801: "labels", 0x00000803: "images"}


def read_images(images: Path, labels: Path, size: tuple[int, int] = (28, 28), classes: int = 10) -> Images:
    """Read an IDX file of images and the one of their labels.

    Errors: ValueError if one of them is damaged or no such file, if an image has not the given size (H, W), if a label
    is not in 0 .. classes − 1, or if there are not as many labels as images.
    """
    x, y = read_idx(images, (None, *size)), read_idx(labels, (None,))
    if len(x) != len(y):
        raise ValueError(f"{images} holds {len(x)} images, but {labels} holds {len(y)} labels: different sets?")
    if (wrong := np.flatnonzero(y >= classes)).size:
        raise ValueError(f"{labels}: label {y[wrong[0]]} at index {wrong[0]}, expected 0 to {classes - 1}")
    return Images(x, y.astype(np.int64))


def read_split(paths: Sequence[Path]) -> Split:
    """Read the four files of MNIST or of a set in its format: training images and labels, test images and labels."""
    train_images, train_labels, test_images, test_labels = paths
    return Split(read_images(train_images, train_labels), read_images(test_images, test_labels))


def read_idx(path: Path, shape: tuple[int | None, ...]) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, gzipped or not (its content tells, not its name), into a writable array.

    `shape` is the shape to expect, None where any length will do: (None, 28, 28) for images, (None,) for labels.
    Errors: ValueError, with the path, for every file that is not exactly this; OSError if it cannot be opened.
    Memory is bounded by what the file holds, and by what its header promises: not a piece beyond that is inflated.
    """
    with content(path) as file:
        return _parse(file, shape)


def encode_idx(array: NDArray[Any]) -> bytes:
    """The IDX file of an array of integers in 0 .. 255: the inverse of `read_idx`, byte for byte."""
    if array.size and not 0 <= array.min() <= array.max() <= 255:
        raise ValueError(f"encode_idx: expected values in 0 .. 255, found {array.min()} .. {array.max()}")
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def _parse(file: io.BufferedIOBase, expected: tuple[int | None, ...]) -> NDArray[np.uint8]:
    shape = _shape(file, len(expected))
    size = math.prod(shape)
    if any(want not in (None, found) for want, found in zip(expected, shape, strict=True)):
        raise ValueError(f"expected shape {_spell(expected)}, the header says {_spell(shape)}")
    if size > MAX_BYTES:
        raise ValueError(f"the header promises {_spell(shape)} = {size} bytes, the limit is {MAX_BYTES}")
    data = read_up_to(file, size + 1)
    if len(data) != size:
        held = "more" if len(data) > size else f"only {len(data)}"
        raise ValueError(f"the header promises {_spell(shape)} = {size} bytes of data, the file holds {held}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(file: io.BufferedIOBase, rank: int) -> tuple[int, ...]:
    """The shape in the header, whose magic number must be that of unsigned bytes of this rank."""
    header = read_up_to(file, 4 + 4 * rank)
    magic, expected = int.from_bytes(header[:4]), 0x0800 + rank
    if len(header) >= 4 and magic != expected:
        kind = f"a file of {_KINDS[magic]}" if magic in _KINDS else "no IDX file of unsigned bytes"
        raise ValueError(
            f"this is {kind} (magic number 0x{magic:08x}), "
            f"expected {_KINDS.get(expected, f'rank {rank}')} (0x{expected:08x})"
        )
    if len(header) < 4 + 4 * rank:
        raise ValueError(f"the file ends inside the header, after {len(header)} of {4 + 4 * rank} bytes")
    return struct.unpack_from(f">{rank}I", header, 4)


def _spell(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("N" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
