"""A file that gives no more than it may, for the modules that parse what strangers wrote."""

from __future__ import annotations

import io
from typing import IO

__all__ = ["Bounded", "read_up_to"]

PIECE = 1 << 20


def read_up_to(file: IO[bytes] | io.BufferedIOBase, size: int) -> bytearray:
    """Up to `size` bytes, piece by piece: memory grows with what comes, not with what was promised."""
    data = bytearray()
    while piece := file.read(min(PIECE, size - len(data))):
        data += piece
    return data


class Bounded(io.RawIOBase):
    """A file of which `left` bytes at most are read; whoever uses it raises `left` where more is due."""

    def __init__(self, file: io.BufferedIOBase, left: int) -> None:
        self.file, self.left = file, left
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size if 0 <= size <= self.left else self.left + 1)
        if len(data) > self.left:
            raise ValueError("its headers are larger than they may be")
        self.left -= len(data)
        self.last = data
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset < 0:
            raise ValueError("it points to a place before its beginning")
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
