"""Archives: what is sound comes out whole, what is hostile comes not out at all, and nothing is left behind."""

import gzip
import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.data.archive import unpack

FILES = {"set/a.txt": b"one", "set/b/c.bin": bytes(range(256)) * 300, "set/b/empty": b""}


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(files: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda info: None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            change(info)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def special(kind: bytes, target: str = "") -> bytes:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, target

    return tarred({"set/x": b""}, change)


def linked_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("set/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def encrypted_zip() -> bytes:
    data = bytearray(zipped({"a": b"secret"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def shorter_than_nothing() -> bytes:
    """A tar with a member of size −1024, at whose end its own header stands: parsed without care, it never ends."""
    data = bytearray(tarred({"a": b"", "b": b""}))
    data[124:136] = b"\xff" * 10 + b"\xfc\x00"
    checksum = sum(data[:148]) + sum(data[156:512]) + 8 * 32
    data[148:156] = b"%06o\0 " % checksum
    return bytes(data)


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        (tmp_path / "in").mkdir()
        (tmp_path / "in/archive").write_bytes(data)
        return tmp_path / "in/archive"

    return write


@pytest.mark.parametrize(
    "data",
    [zipped(FILES), zipped(FILES, zipfile.ZIP_STORED), tarred(FILES), gzip.compress(tarred(FILES))],
    ids=["zip", "stored zip", "tar", "tar.gz"],
)
def test_a_sound_archive_comes_out(archive: Callable[[bytes], Path], tmp_path: Path, data: bytes) -> None:
    unpack(archive(data), tmp_path / "deep/out")
    found = {
        str(p.relative_to(tmp_path / "deep/out")): p.read_bytes() for p in tmp_path.rglob("set/**/*") if p.is_file()
    }
    assert found == FILES
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_files_can_be_renamed_and_left_out(archive: Callable[[bytes], Path], tmp_path: Path) -> None:
    keep = {"set/a.txt": "b/A", "set/b/empty": None, "set/b/c.bin": None}
    unpack(archive(zipped(FILES)), tmp_path / "out", keep.__getitem__)
    assert [str(p.relative_to(tmp_path / "out")) for p in sorted(tmp_path.rglob("out/**/*"))] == ["b", "b/A"]


def test_what_is_left_out_needs_no_room(archive: Callable[[bytes], Path], tmp_path: Path) -> None:
    unpack(archive(zipped(FILES)), tmp_path / "out", lambda name: name if name == "set/a.txt" else None, max_bytes=3)


def test_a_folder_that_is_there_is_not_touched(archive: Callable[[bytes], Path], tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="exists already"):
        unpack(archive(zipped(FILES)), tmp_path / "in")


NAMES = ["../out", "/abs", "a/../../b", "..", "a\\..\\b", "C:x", "x" * 256, "a/" * 600 + "b", "line\nbreak"]
TAR, GZ = tarred(FILES), gzip.compress(tarred(FILES), mtime=0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *((tarred({name: b"x"}), "would not be inside") for name in NAMES),
        *((zipped({name: b"x"}), "would not be inside") for name in NAMES),
        (special(tarfile.SYMTYPE, "/etc"), "'set/x' is a link, a device or a sparse file"),
        (special(tarfile.LNKTYPE, "/etc/passwd"), "is a link, a device"),
        (special(tarfile.CHRTYPE), "is a link, a device"),
        (special(tarfile.FIFOTYPE), "is a link, a device"),
        (special(tarfile.GNUTYPE_SPARSE), "sparse"),
        (linked_zip(), "'set/link' is a link"),
        (encrypted_zip(), "is encrypted"),
        (zipped(FILES, zipfile.ZIP_LZMA), "not compressed by deflate"),
        (tarred({"a": b"1"}) [:-1024 * 9] + tarred({"a": b"2"}), "two files are called 'a'"),
        (shorter_than_nothing(), "said to end at byte -"),
        (b"", "no archive, or a damaged one"),
        (b"PK\x03\x04", "no archive, or a damaged one"),
        (b"not an archive" * 100, "no archive, or a damaged one"),
        (zipped(FILES)[:-30], "no archive, or a damaged one"),
        (TAR[:1024] + b"garbage!" * 64 + TAR[1536:], "does not end as archives do"),
        (TAR[: TAR.index(b"set/b/empty")] + b"Set/b/empty" + bytes(501), "does not end as archives do"),
        (TAR[:700], "no archive, or a damaged one"),
        (TAR[:1024], "does not end as archives do"),
        (GZ[:-1], "Compressed file ended"),
        (GZ[:-8] + bytes([GZ[-8] ^ 1]) + GZ[-7:], "gzip data is damaged"),
    ],
)  # fmt: skip
def test_what_is_not_sound_is_refused(
    archive: Callable[[bytes], Path], tmp_path: Path, data: bytes, message: str
) -> None:
    path = archive(data)
    with pytest.raises(ValueError, match=message) as error:
        unpack(path, tmp_path / "deep/out")
    assert str(error.value).startswith(f"{path}: ")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "deep", tmp_path / "in", path]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped({"zeros": bytes(1 << 26)}), "'zeros' goes beyond the bytes"),
        (gzip.compress(tarred({"zeros": bytes(1 << 26)})), "said to end at byte|'zeros' goes beyond the bytes"),
        (zipped({f"{i}": b"" for i in range(1001)}), "more than 1,000 files"),
        (gzip.compress(tarred({f"{i}": b"" for i in range(1001)})), "more than 1,000 files|at most"),
        (gzip.compress(tarred({"a": b""}, lambda info: info.pax_headers.update(comment="x" * (1 << 26)))), "headers"),
    ],
    ids=["zip bomb", "tar bomb", "many in a zip", "many in a tar", "a header of 64 MiB"],
)
def test_bombs_are_stopped(archive: Callable[[bytes], Path], tmp_path: Path, data: bytes, message: str) -> None:
    path = archive(data)
    tracemalloc.start()
    with pytest.raises(ValueError, match=message):
        unpack(path, tmp_path / "out", max_bytes=1 << 20, max_members=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "in", path]
