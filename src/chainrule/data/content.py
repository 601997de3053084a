"""Files as they are published, gzipped or not: opened, read in bounded pieces, decoded, hashed."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chainrule.io.bounded import read_up_to

MAX_CONTENT = 1 << 31  # GloVe's largest file of 6 billion tokens unzips to 1 GiB; more than 2 GiB is not believed
MAX_TEXT = 1 << 28
_PIECE = 1 << 20


@contextmanager
def content(path: Path) -> Iterator[io.BufferedIOBase]:
    """What a file holds, unzipped if it is gzipped (its first bytes tell, not its name).

    Every ValueError inside is given the path, and damaged gzip data is one. OSError if the file cannot be opened.
    """
    try:
        with _open(path) as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: the gzip data is damaged or incomplete ({error})") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_text(path: Path, limit: int = MAX_TEXT) -> str:
    """The text of the UTF-8 file at `path`, every character as it stands.

    Errors: ValueError if it is no UTF-8, or longer than `limit`.
    """
    with content(path) as file:
        data = read_up_to(file, limit + 1)
        if len(data) > limit:
            raise ValueError(f"the text is longer than {limit:,} bytes, the most that is read")
        return decode(data)


def decode(data: bytes | bytearray, line: int = 1) -> str:
    """UTF-8 bytes as text; ValueError with the line if they are not, `line` being the number of the first."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = line + data.count(b"\n", 0, error.start)
        raise ValueError(f"line {wrong}: byte 0x{data[error.start]:02x} is no UTF-8 ({error.reason})") from None


def sha256(path: Path, as_it_is: bool = False) -> str:
    """The sha256 of what a file holds, unzipped if it is gzipped. ValueError if that is more than 2 GiB."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") if as_it_is else content(path) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            if size > MAX_CONTENT:
                raise ValueError(f"it holds more than {MAX_CONTENT:,} bytes, the most that is read")
    return digest.hexdigest()


def _open(path: Path) -> io.BufferedIOBase:
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if gzipped else open(path, "rb")
