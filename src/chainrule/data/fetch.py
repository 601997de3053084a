"""Data sets fetched: downloaded or taken from an archive at hand, verified, and put where `load` finds them.

This is the only place that uses the network, and only when it is asked to. Nothing is kept that is not official.
"""

import importlib
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chainrule.data.archive import MAX_BYTES, unpack
from chainrule.data.content import sha256
from chainrule.data.folders import present, roots
from chainrule.data.source import Download, Source

Retrieve = Callable[[str, Path], None]
ARCHIVES = (".zip", ".tar.gz", ".tgz")


def retrieve(url: str, path: Path, progress: Any = None) -> None:
    """Download a file with pooch. OSError if that fails, ImportError that says what to install without pooch."""
    try:
        pooch = importlib.import_module("pooch")
    except ModuleNotFoundError:
        raise ImportError("downloads need pooch: pip install 'chainrule[data]'") from None
    pooch.get_logger().setLevel(logging.WARNING)
    downloader = pooch.HTTPDownloader(progressbar=_Limit(progress))
    pooch.retrieve(url, known_hash=None, fname=path.name, path=path.parent, downloader=downloader)


def fetch(source: Source[Any], data: str | Path | None = None, retrieve: Retrieve = retrieve) -> Path:
    """Put a data set's files into the first of `folders.roots(data)`; returns their folder.

    An archive that lies in one of the roots already is unpacked; else it is downloaded. Errors: FileNotFoundError if
    the set cannot be downloaded, OSError if a download fails, ValueError if what came is not the official set.
    """
    if not source.downloads:
        raise FileNotFoundError(f"{source.name} cannot be downloaded. {source.advice}")
    root = next(iter(roots(data).values()))
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{source.name}-", dir=root) as scratch:
        whole = Path(scratch, "whole")
        for download in source.downloads:
            if download.name.endswith(ARCHIVES):
                archive = _at_hand(source, download, data) or _download(
                    download, Path(scratch, download.name), retrieve
                )
                _expect(archive, download.sha256)
                unpack(archive, whole, lambda name: kept(name, list(source.files)))
            else:
                whole.mkdir(exist_ok=True)
                _download(download, whole / download.name, retrieve)
        _verify(source, whole)
        return _place(whole, root / (source.folder or source.name))


def kept(member: str, files: list[str]) -> str | None:
    """Under which name a set wants a member of an archive: aclImdb/train/pos/0_9.txt is one of its train/pos/."""
    parts = member.split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return next(
        (end for end in ends for file in files if end == file or (file[-1] == "/" and end.startswith(file))), None
    )


def _at_hand(source: Source[Any], download: Download, data: str | Path | None) -> Path | None:
    folders = [folder for root in roots(data).values() for folder in (root, root / (source.folder or source.name))]
    return next((path for folder in folders if (path := folder / download.name).is_file()), None)


def _download(download: Download, path: Path, retrieve: Retrieve) -> Path:
    try:
        retrieve(download.url, path)
    except OSError as error:  # of the network: requests' errors are all of this kind
        reason = f"{type(error).__name__}: {error}"
        raise OSError(f"{download.url} could not be downloaded. Is there a connection?\n  {reason[:300]}") from error
    return path


def _expect(archive: Path, official: str) -> None:
    if (found := sha256(archive, as_it_is=True)) != official:
        raise ValueError(f"{archive} is not the official archive: its sha256 is {found}, expected {official}")


def _verify(source: Source[Any], whole: Path) -> None:
    there = present(whole, list(source.files))
    for file, official in source.files.items():
        if file not in there:
            raise ValueError(f"{source.name}: what was downloaded lacks {file}")
        if official and (found := sha256(there[file])) != official:
            raise ValueError(f"{source.name}: {file} is not the official file: sha256 {found}, expected {official}")


def _place(whole: Path, folder: Path) -> Path:
    """Move what is complete to its place, over files of the same names that may be there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(whole.iterdir()):
        if path.is_dir() and (folder / path.name).exists():
            raise FileExistsError(f"{folder / path.name} is in the way: move it elsewhere, then fetch again")
    for path in sorted(whole.iterdir()):
        path.replace(folder / path.name)
    return folder


class _Limit:
    """What pooch takes for a progress bar: it ends a download that does not end by itself."""

    def __init__(self, progress: Any) -> None:
        self.progress, self.done, self.total = progress, 0, 0

    def update(self, size: int) -> None:
        self.done += size
        if self.done > MAX_BYTES:
            raise OSError(f"more than {MAX_BYTES:,} bytes came")
        if self.progress:
            self.progress(self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """The download has ended."""
