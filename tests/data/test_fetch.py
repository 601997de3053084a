"""Fetching: what is official arrives in one piece; what is not, or comes half, leaves nothing behind."""

import dataclasses
import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from made_up_sets import MADE_UP, write

from chainrule.data import SOURCES, Source
from chainrule.data.fetch import fetch, kept, retrieve
from chainrule.data.source import Download


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tarred(folder: Path, top: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.add(folder, top)
    return file.getvalue()


@pytest.fixture
def cifar(tmp_path: Path) -> tuple[Source, bytes]:
    """CIFAR-10 with made-up files that count as official, and the archive that holds them and one file more."""
    MADE_UP["cifar-10"](tmp_path / "made")
    write(tmp_path / "made/readme.html", "not wanted")
    archive = tarred(tmp_path / "made", "cifar-10-batches-bin")
    files = {name: digest((tmp_path / "made" / name).read_bytes()) for name in SOURCES["cifar-10"].files}
    download = Download("https://example.org/cifar-10-binary.tar.gz", digest(archive))
    return dataclasses.replace(SOURCES["cifar-10"], files=files, downloads=(download,)), archive


def answering(answers: dict[str, bytes]) -> Callable[[str, Path], None]:
    def retrieve(url: str, path: Path) -> None:
        path.write_bytes(answers[url.rpartition("/")[2]])

    return retrieve


def unreachable(url: str, path: Path) -> None:
    raise ConnectionError("no route to host")


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_archive_is_downloaded_verified_and_unpacked(tmp_path: Path, cifar: tuple[Source, bytes]) -> None:
    source, archive = cifar
    home = fetch(source, tmp_path / "data", answering({"cifar-10-binary.tar.gz": archive}))
    assert home == tmp_path / "data/cifar-10-batches-bin"
    assert left(tmp_path / "data") == [f"cifar-10-batches-bin/{name}" for name in sorted(source.files)]
    assert source.load(tmp_path / "data").test.labels.tolist() == [9, 8, 7]  # and no warning


@pytest.mark.parametrize("below", [".", "cifar-10-batches-bin"])
def test_an_archive_at_hand_is_not_downloaded(tmp_path: Path, cifar: tuple[Source, bytes], below: str) -> None:
    source, archive = cifar
    write(tmp_path / "data" / below / "cifar-10-binary.tar.gz", archive)
    source.load(fetch(source, tmp_path / "data", unreachable))


def test_single_files_are_kept_as_they_come(tmp_path: Path) -> None:
    MADE_UP["mnist"](tmp_path / "made")
    answers = {p.name.removesuffix(".gz") + ".gz": p.read_bytes() for p in (tmp_path / "made").iterdir()}
    contents = {name[:-3]: gzip.decompress(d) if d[:2] == b"\x1f\x8b" else d for name, d in answers.items()}
    files = {name: digest(contents[name]) for name in SOURCES["mnist"].files}
    source = dataclasses.replace(SOURCES["mnist"], files=files)
    fetch(source, tmp_path / "data", answering(answers))
    assert left(tmp_path / "data") == sorted(f"mnist/{name}" for name in answers)
    assert len(source.load(tmp_path / "data").train.labels) == 3


def test_no_connection_is_said(tmp_path: Path, cifar: tuple[Source, bytes]) -> None:
    with pytest.raises(OSError, match=r"cifar-10-binary\.tar\.gz could not be downloaded\. Is there a connection"):
        fetch(cifar[0], tmp_path / "data", unreachable)
    assert list((tmp_path / "data").iterdir()) == []


def test_another_archive_is_not_kept(tmp_path: Path, cifar: tuple[Source, bytes]) -> None:
    source, archive = cifar
    with pytest.raises(ValueError, match=r"is not the official archive: its sha256 is .* expected"):
        fetch(source, tmp_path / "data", answering({"cifar-10-binary.tar.gz": archive + b"\0"}))
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("change", ["damaged", "lacking"])
def test_other_files_are_not_kept(tmp_path: Path, cifar: tuple[Source, bytes], change: str) -> None:
    source, archive = cifar
    if change == "damaged":
        files, message = {**source.files, "test_batch.bin": "0" * 64}, "test_batch.bin is not the official file"
    else:
        files, message = {**source.files, "more.bin": "0" * 64}, r"lacks more\.bin"
    with pytest.raises(ValueError, match=message):
        fetch(
            dataclasses.replace(source, files=files),
            tmp_path / "data",
            answering({"cifar-10-binary.tar.gz": archive}),
        )
    assert list((tmp_path / "data").iterdir()) == []


def test_folders_that_are_there_are_not_mixed_with_new_ones(tmp_path: Path) -> None:
    MADE_UP["imdb"](tmp_path / "made")
    archive = tarred(tmp_path / "made", "aclImdb")
    download = Download("https://example.org/aclImdb_v1.tar.gz", digest(archive))
    source = dataclasses.replace(SOURCES["imdb"], downloads=(download,))
    retrieve = answering({"aclImdb_v1.tar.gz": archive})
    write(tmp_path / "data/aclImdb/train/pos/3_8.txt", "mine")
    with pytest.raises(FileExistsError, match="aclImdb/train is in the way"):
        fetch(source, tmp_path / "data", retrieve)
    assert left(tmp_path / "data") == ["aclImdb/train/pos/3_8.txt"]
    assert len(source.load(fetch(source, tmp_path / "empty", retrieve)).train.texts) == 6


def test_what_cannot_be_downloaded_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"dogs-vs-cats cannot be downloaded\. Kaggle"):
        fetch(SOURCES["dogs-vs-cats"], tmp_path)


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("aclImdb/train/pos/0_9.txt", "train/pos/0_9.txt"),
        ("train/pos/0_9.txt", "train/pos/0_9.txt"),
        ("aclImdb/train/unsup/0_0.txt", None),
        ("aclImdb/README", None),
        ("a/b/input.txt", "input.txt"),
        ("input.txt.bak", None),
    ],
)
def test_only_what_a_set_is_made_of_is_kept(member: str, name: str | None) -> None:
    assert kept(member, ["train/pos/", "input.txt"]) == name


# ---- the network, on this machine


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    (tmp_path / "www").mkdir()
    with HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www"))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", tmp_path / "www"
        http.shutdown()
        thread.join()


def test_pooch_downloads(server: tuple[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("pooch")
    url, folder = server
    write(folder / "input.txt", "words " * 1000)
    told = []
    retrieve(f"{url}/input.txt", tmp_path / "here/input.txt", lambda done, total: told.append((done, total)))
    assert (tmp_path / "here/input.txt").read_text() == "words " * 1000
    assert told[-1] == (6000, 6000)


def test_a_failed_download_is_an_os_error(server: tuple[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("pooch")
    with pytest.raises(OSError, match="404"):
        retrieve(f"{server[0]}/nothing", tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_without_pooch_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[data\]'"):
        retrieve("http://127.0.0.1/x", tmp_path / "x")
