"""Files that are whole or not there: written under another name, brought to the disk, then renamed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["clear_unfinished", "name_again", "write_whole"]


def write_whole(filename: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `filename`: no crash, no power cut, no full disk leaves half of it, or harms what it replaces.

    Errors: OSError, with the name that was asked for, if it cannot be written.
    """
    with _named_when_done(Path(filename)) as unfinished, open(unfinished, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def name_again(source: str | os.PathLike[str], filename: str | os.PathLike[str]) -> None:
    """Give what `source` holds the name `filename` too, whole or not at all, as `write_whole` does.

    No byte is written where the file system lets one file have two names; elsewhere it is a copy. Whoever changes
    files by `write_whole` alone will not see the difference.
    """
    try:
        with _named_when_done(Path(filename)) as unfinished:
            os.link(source, unfinished)
    except OSError:
        write_whole(filename, Path(source).read_bytes())


def clear_unfinished(folder: str | os.PathLike[str]) -> None:
    """Remove what is left in a folder of files whose writing was cut off. Nobody may be writing there now."""
    for path in Path(folder).glob(".*.unfinished"):
        with contextlib.suppress(OSError):
            path.unlink()


@contextlib.contextmanager
def _named_when_done(path: Path) -> Iterator[Path]:
    """A name to write to; in the end the file there takes the place of `path`, in one step."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, too, where the system has a way to say so."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
