"""NumPy's .npz files, written and read without pickles. The reader trusts nothing that a file says about itself.

    file    a zip whose members are called NAME.npy, stored or deflated
    member  93 'NUMPY', version (2 bytes), length of the header (2 bytes, from version 2 on 4, little-endian)
    header  a dictionary as Python writes it: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
    data    the elements, row by row or, in Fortran's order, column by column

The header is matched, not evaluated, and only plain numbers and truth values are read.
"""

from __future__ import annotations

import io
import math
import os
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.io.bounded import Bounded, read_up_to
from chainrule.io.safetensors import contiguous
from chainrule.io.whole import write_whole
from chainrule.tensor import Array

__all__ = ["load_npz", "save_npz"]

MAX_BYTES = 4 << 30
_DIRECTORY = 4 << 20  # bytes of the zip's directory: some 50,000 arrays
_HEADER = 1 << 16
_RANK = 32
_MAGIC = b"\x93NUMPY"
_SHAPE = r"\((?:[0-9]{1,19}+, ?)*+(?:[0-9]{1,19}+)?\)"
_ENTRY = rf"\s*+'(descr|fortran_order|shape)'\s*+:\s*+('[^']{{1,8}}'|True|False|{_SHAPE})\s*+"
_DICTIONARY = re.compile(rf"\{{{_ENTRY},{_ENTRY},{_ENTRY},?\s*+\}}\s*")
_NUMBERS = re.compile(r"([<>|=]?)(b1|[iu][1248]|f[248]|c8|c16)")
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, RuntimeError)


def save_npz(arrays: Mapping[str, Any], filename: str | os.PathLike[str]) -> None:
    """Write arrays or tensors, such as `model.state_dict()`, to a file `filename` that `numpy.load` and load_npz read.

    The same arrays give the same bytes. The file is complete or it is not there, see `write_whole`.
    Errors: TypeError for what are no numbers or truth values, ValueError for a name that a zip file cannot have.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, value in arrays.items():
            array = contiguous(name, value, "save_npz")
            if not _NUMBERS.fullmatch(array.dtype.str):
                raise TypeError(f"save_npz(): '{name}' is of type {array.dtype}, neither numbers nor truth values")
            member = zipfile.ZipInfo(f"{name}.npy")
            if member.filename != f"{name}.npy":
                raise ValueError(f"save_npz(): {name!r} cannot be a name in a zip file")
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    write_whole(filename, content.getvalue())


def load_npz(filename: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> dict[str, Array]:
    """The arrays of an .npz file by name, writable: `model.load_state_dict(load_npz(filename))`.

    Errors: ValueError, with the path and the array's name, if the file is damaged, if it holds pickles or anything but
    numbers and truth values, or if its arrays take more than `max_bytes`; OSError if it cannot be opened.
    """
    path = os.fspath(filename)
    with open(path, "rb") as file:
        try:
            return _arrays(Bounded(file, _DIRECTORY), max_bytes)
        except _DAMAGE as error:
            raise ValueError(f"{path} is no .npz file, or a damaged one: {error}") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _arrays(file: Bounded, left: int) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(file) as archive:
        file.left = sys.maxsize  # the directory is read, and what comes out has a limit of its own
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name == info.filename:
                raise ValueError(f"it holds a file {name[:80]!r}, which is no array: arrays are called NAME.npy")
            if name in arrays:
                raise ValueError(f"two arrays are called {name[:80]!r}")
            try:
                arrays[name] = _array(archive, info, left)
            except (*_DAMAGE, ValueError) as error:
                raise ValueError(f"the array {name[:80]!r}: {error or 'it ends too early'}") from error
            left -= arrays[name].nbytes
    return arrays


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> Array:
    """One member, all of it: its checksum is compared at its end."""
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("it is encrypted, or not compressed by deflate")
    with archive.open(info) as file:
        dtype, fortran, shape = _header(file)
        size = math.prod(shape) * dtype.itemsize
        if size > limit or max(shape, default=0) > limit:
            raise ValueError(
                f"its header promises {shape} of {dtype} = {size:,} bytes, at most {limit:,} more are read"
            )
        data = read_up_to(file, size + 1)
    if len(data) != size:
        held = "more" if len(data) > size else f"only {len(data):,}"
        raise ValueError(f"its header promises {shape} of {dtype} = {size:,} bytes, it holds {held}")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    if dtype.kind == "b":
        array = np.asarray(array.view(np.uint8) != 0)  # whatever the byte, a truth value
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(file: Any) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """The type, whether in Fortran's order, and the shape."""
    start = read_up_to(file, 8)
    if len(start) < 8 or start[:6] != _MAGIC or start[6] not in (1, 2, 3):
        raise ValueError("it is no array as NumPy writes them")
    length = read_up_to(file, 2 if start[6] == 1 else 4)
    size = int.from_bytes(length, "little")
    if size > _HEADER:
        raise ValueError(f"its header promises {size:,} bytes of itself, the limit is {_HEADER:,}")
    text = read_up_to(file, size).decode("latin-1")
    found = _DICTIONARY.fullmatch(text)
    fields = dict(zip(found.groups()[::2], found.groups()[1::2], strict=True)) if found else {}
    order, shape = fields.get("fortran_order"), fields.get("shape", "")
    if order not in ("True", "False") or not shape.startswith("("):
        raise ValueError(f"its header cannot be read, or is none of numbers: {text[:80]!r}")
    lengths = tuple(int(n) for n in re.findall("[0-9]+", shape))
    if len(lengths) > _RANK:
        raise ValueError(f"it has {len(lengths)} axes, the limit is {_RANK}")
    return _dtype(fields.get("descr", "").strip("'")), order == "True", lengths


def _dtype(word: str) -> np.dtype[Any]:
    if word in ("O", "|O"):
        raise ValueError("it holds pickled Python objects, which are never read: they could run any code")
    if not _NUMBERS.fullmatch(word):
        raise ValueError(f"it is of type {word!r}, neither numbers nor truth values")
    return np.dtype(word)
