"""The IDX reader: exact on sound files, and nothing but ValueError on all others."""

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import read_idx, read_images
from chainrule.data.idx import encode_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9], np.uint8)
RAW, ZIPPED = encode_idx(IMAGES), gzip.compress(encode_idx(IMAGES), mtime=0)
ANY_IMAGES = (None, None, None)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes, name: str = "file") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def test_the_layout_is_that_of_the_format() -> None:
    assert encode_idx(LABELS) == bytes.fromhex("00000801 00000006 030104010509")
    assert encode_idx(IMAGES)[:16] == struct.pack(">IIII", 2051, 6, 4, 3)


@pytest.mark.parametrize("content", [RAW, ZIPPED], ids=["plain", "gzipped"])
def test_reads_what_was_written(write: Callable[..., Path], content: bytes) -> None:
    array = read_idx(write(content), (None, 4, 3))
    assert array.dtype == np.uint8
    assert array.flags.writeable
    np.testing.assert_array_equal(array, IMAGES)


@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (1,), (1, 1, 1), (2, 3, 4, 5)])
def test_reads_every_rank_and_the_empty_file(write: Callable[..., Path], shape: tuple[int, ...]) -> None:
    assert read_idx(write(encode_idx(np.ones(shape, int))), shape).shape == shape


def test_encode_refuses_what_a_byte_cannot_hold() -> None:
    with pytest.raises(ValueError, match=r"expected values in 0 \.\. 255, found -1 \.\. 256"):
        encode_idx(np.array([-1, 256]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends inside the header, after 0 of 16"),
        (RAW[:3], "ends inside the header, after 3 of 16"),
        (RAW[:9], "ends inside the header, after 9 of 16"),
        (RAW[:-1], r"promises \(6, 4, 3\) = 72 bytes of data, the file holds only 71"),
        (RAW + b"\0", r"promises \(6, 4, 3\) = 72 bytes of data, the file holds more"),
        (gzip.compress(RAW + b"\0"), "the file holds more"),
        (gzip.compress(RAW[:-1]), "the file holds only 71"),
        (encode_idx(LABELS), r"a file of labels \(magic number 0x00000801\), expected images \(0x00000803\)"),
        (b"\x89PNG\r\n\x1a\n", r"no IDX file of unsigned bytes \(magic number 0x89504e47\)"),
        (b"\0\0\x0d\x03" + RAW[4:], r"no IDX file of unsigned bytes \(magic number 0x00000d03\)"),
        (encode_idx(IMAGES[:, :, :2]), r"expected shape \(N, 4, 3\), the header says \(6, 4, 2\)"),
        (ZIPPED[:-1], "gzip data is damaged or incomplete"),
        (ZIPPED[:20], "gzip data is damaged or incomplete"),
        (ZIPPED[:-8] + bytes([ZIPPED[-8] ^ 1]) + ZIPPED[-7:], r"gzip data is damaged or incomplete \(CRC"),
        (ZIPPED + b"more", "gzip data is damaged or incomplete"),
        (struct.pack(">4I", 2051, 2**31, 4, 3), "the limit is 1073741824"),
    ],
)
def test_says_what_is_wrong_with_a_file(write: Callable[..., Path], content: bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(ValueError, match=message) as error:
        read_idx(path, (None, 4, 3))
    assert str(error.value).startswith(f"{path}: ")


def test_images_where_labels_are_expected(write: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match=r"a file of images \(magic number 0x00000803\), expected labels"):
        read_idx(write(RAW), (None,))


def test_a_missing_file_is_reported_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing", (None,))


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(RAW + bytes(1 << 26)),  # a bomb: 64 MiB of zeros behind 72 bytes of images
        gzip.compress(struct.pack(">4I", 2051, 2**20, 32, 32)),  # promises 1 GiB, holds nothing
        struct.pack(">4I", 2051, 2**32 - 1, 2**32 - 1, 2**32 - 1),
    ],
    ids=["bomb", "promise", "overflow"],
)
def test_memory_follows_neither_a_bomb_nor_a_promise(write: Callable[..., Path], content: bytes) -> None:
    path = write(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match="promises"):
        read_idx(path, ANY_IMAGES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_pairs_images_with_labels(write: Callable[..., Path]) -> None:
    images, labels = read_images(write(ZIPPED, "x"), write(encode_idx(LABELS), "y"), size=(4, 3))
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert labels.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:5], r"x holds 6 images, but .*y holds 5 labels"),
        (np.array([0, 1, 10, 11, 2, 3]), r"y: label 10 at index 2, expected 0 to 9"),
        (IMAGES, r"y: this is a file of images"),
    ],
)
def test_refuses_labels_that_do_not_belong(write: Callable[..., Path], labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_images(write(RAW, "x"), write(encode_idx(labels), "y"), size=(4, 3))


def _flip(content: bytes, bits: list[int]) -> bytes:
    flipped = bytearray(content)
    for bit in bits:
        flipped[bit // 8 % len(content)] ^= 1 << bit % 8
    return bytes(flipped)


def _mutations(content: bytes) -> st.SearchStrategy[bytes]:
    size = len(content)
    return st.one_of(
        st.integers(0, size - 1).map(lambda n: content[:n]),
        st.lists(st.integers(0, 8 * size - 1), min_size=1, max_size=8).map(lambda bits: _flip(content, bits)),
        st.lists(st.integers(0, 8 * 16 - 1), min_size=1, max_size=8).map(lambda bits: _flip(content, bits)),
        st.binary(min_size=1, max_size=64).map(lambda more: content + more),
        st.lists(st.integers(0, 12), min_size=3, max_size=3).map(
            lambda shape: content[:4] + struct.pack(">3I", *shape) + content[16:]
        ),
        st.binary(max_size=100),
    )


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx") / "mutated"


@given(content=_mutations(RAW))
def test_a_mutated_plain_file_is_read_to_the_byte_or_refused(scratch: Path, content: bytes) -> None:
    scratch.write_bytes(content)
    try:
        array = read_idx(scratch, ANY_IMAGES)
    except ValueError:
        return
    assert encode_idx(array) == content


@given(content=_mutations(ZIPPED))
def test_a_mutated_gzip_file_gives_the_same_images_or_is_refused(scratch: Path, content: bytes) -> None:
    scratch.write_bytes(content)
    try:
        array = read_idx(scratch, ANY_IMAGES)
    except ValueError:
        return
    np.testing.assert_array_equal(array, IMAGES)
