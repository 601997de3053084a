"""Archives from strangers, unpacked with care: .zip, .tar and .tar.gz.

Only plain files and folders come out, under names that stay inside the target; links, devices, sparse and encrypted
files are refused. The number of members and the bytes that are written and unzipped have limits, whatever the archive
says about itself. All goes into a temporary folder, which takes the target's name when everything is there.
"""

import io
import re
import shutil
import stat
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from chainrule.data.content import content
from chainrule.io.bounded import Bounded

MAX_BYTES = 4 << 30
MAX_MEMBERS = 500_000
_HEADERS = 4 << 20  # what zip's directory, or the headers of one member of a tar, may take
_PIECE = 1 << 20
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, RuntimeError)
_BAD_NAME = re.compile(r"^/|\\|:|[\x00-\x1f\x7f]|(^|/)\.\.(/|$)|[\ud800-\udfff]|[^/]{256}")


class Member(NamedTuple):
    """A plain file in an archive."""

    name: str
    open: Callable[[], IO[bytes]]


def unpack(
    archive: Path,
    target: Path,
    keep: Callable[[str], str | None] = lambda name: name,
    max_bytes: int = MAX_BYTES,
    max_members: int = MAX_MEMBERS,
) -> None:
    """Unpack an archive into the new folder `target`. `keep` gives a file's name there, or None to leave it out.

    Errors: ValueError, with the archive's path, if it is damaged, hostile or beyond a limit, FileExistsError if the
    target exists. In every such case nothing is left behind.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already, {archive} was not unpacked")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        (whole := scratch / "whole").mkdir()
        with _readable(archive, max_bytes) as members:
            _write_all(members, whole, keep, max_bytes, max_members)
        whole.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_all(
    members: Iterator[Member], folder: Path, keep: Callable[[str], str | None], max_bytes: int, max_members: int
) -> None:
    left = max_bytes
    for number, member in enumerate(members):
        if number >= max_members:
            raise ValueError(f"more than {max_members:,} files, the most that are unpacked")
        if (name := keep(_safe(member.name))) is not None:
            path = folder / _safe(name)
            if path.exists():
                raise ValueError(f"two files are called {name!r}")
            path.parent.mkdir(parents=True, exist_ok=True)
            left -= _write(member, path, left)


def _write(member: Member, path: Path, limit: int) -> int:
    """Write a file of at most `limit` bytes; returns how many it has."""
    size = 0
    with member.open() as source, path.open("xb") as out:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > limit:
                raise ValueError(f"{member.name!r} goes beyond the bytes that are unpacked at most")
            out.write(piece)
    return size


def _safe(name: str) -> str:
    """The name, if it leads to a place inside the folder that is unpacked into, on every system."""
    plain = PurePosixPath(name).as_posix()
    if plain == "." or len(name) > 1024 or _BAD_NAME.search(name):
        raise ValueError(f"a file called {name[:80]!r} would not be inside the folder, or has no usable name")
    return plain


@contextmanager
def _readable(archive: Path, max_bytes: int) -> Iterator[Iterator[Member]]:
    """The plain files of an archive. What its modules think of damage becomes a ValueError with its path."""
    with content(archive) as file:
        zipped = file.read(4) == b"PK\x03\x04" and isinstance(file, io.BufferedReader)
        file.seek(0)
        try:
            yield _zip(Bounded(file, _HEADERS)) if zipped else _tar(_Forward(file, _HEADERS, max_bytes))
        except _DAMAGE as error:
            raise ValueError(f"this is no archive, or a damaged one ({error})") from error


def _zip(file: Bounded) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"{info.filename[:80]!r} is a link or a device")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{info.filename[:80]!r} is encrypted, or not compressed by deflate")
            file.left = sys.maxsize  # the directory is read, and what comes out has a limit of its own
            if not info.filename.endswith("/"):  # zipfile's is_dir stumbles over an empty name
                yield Member(info.filename, partial(archive.open, info))


def _tar(file: "_Forward") -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while info := archive.next():
            if info.issparse() or not (info.isreg() or info.isdir()):
                raise ValueError(f"{info.name[:80]!r} is a link, a device or a sparse file")
            file.left = info.size + _HEADERS
            if info.isreg():
                yield Member(info.name, partial(_extract, archive, info))
            file.left = _HEADERS
            archive.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
    if file.last != bytes(tarfile.BLOCKSIZE):  # tarfile takes a damaged header for the end
        raise ValueError("the archive is damaged or incomplete: it does not end as archives do")
    while file.read(tarfile.BLOCKSIZE):  # padding; where it ends, gzip compares its checksum
        pass


def _extract(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(info)
    if file is None:
        raise ValueError(f"{info.name[:80]!r} is no plain file")
    return file


class _Forward(Bounded):
    """A bounded file of `size` bytes at most, never wound back: only a header with a negative size asks for that."""

    def __init__(self, file: io.BufferedIOBase, left: int, size: int) -> None:
        super().__init__(file, left)
        self.size = size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if not self.tell() <= offset <= self.size:
            raise ValueError(f"a file in it is said to end at byte {offset:,}, expected at most {self.size:,}")
        return super().seek(offset, whence)
