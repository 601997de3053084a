"""Texts, pairs of sentences, reviews and word vectors: read as they stand; what is wrong is said with its line."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_sets import reviews, words, write

from chainrule.data import content, glove, imdb, read_lines, read_pairs, read_vectors, texts


def refused(path: Path, read, *, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")


# ---- lines and pairs


def test_lines_end_where_lines_end(tmp_path: Path) -> None:
    path = write(tmp_path / "lines", "one\r\ntwo\x85still two\u2028and\x0cstill\nthree")
    assert read_lines(path) == ["one", "two\x85still two\u2028and\x0cstill", "three"]
    assert read_lines(write(tmp_path / "zipped", gzip.compress(path.read_bytes()))) == read_lines(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\xff\n", r"line 2: byte 0xff is no UTF-8"),
        (b"a\n\nb\n", "line 2 is empty"),
        (b"", "line 1 is empty"),
        (b"a\n\n", "line 2 is empty"),
    ],
)
def test_lines_that_are_wrong(tmp_path: Path, data: bytes, message: str) -> None:
    refused(write(tmp_path / "lines", data), read_lines, message=message)


def test_a_text_has_a_limit(tmp_path: Path) -> None:
    refused(write(tmp_path / "t", b"12345"), lambda path: content.read_text(path, 4), message="longer than 4 bytes")
    assert content.read_text(tmp_path / "t", 5) == "12345"


def test_lines_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MAX_LINES", 2)
    assert read_lines(write(tmp_path / "lines", "a\nb\n")) == ["a", "b"]
    refused(write(tmp_path / "lines", "a\nb\nc"), read_lines, message="more than 2 lines")


def test_pairs_with_and_without_attribution(tmp_path: Path) -> None:
    path = write(tmp_path / "fra.txt", "Go.\tVa !\nGo.\tVa !\nHi.\tSalut.\tCC-BY 2.0 (France)\n")
    assert read_pairs(path) == (["Go.", "Go.", "Hi."], ["Va !", "Va !", "Salut."])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a\tb\nc\n", "line 2 has 1 columns .* expected 2 or 3"),
        ("a\tb\tc\td\n", "line 1 has 4 columns"),
        ("a\tb\n \tc\n", "line 2 has an empty sentence"),
        ("a\tb\na\t\n", "line 2 has an empty sentence"),
        ("a\t" + "b" * 65537, "line 1 .* more than 65536 characters"),
    ],
)
def test_pairs_that_are_wrong(tmp_path: Path, data: str, message: str) -> None:
    refused(write(tmp_path / "pairs.tsv", data), read_pairs, message=message)


# ---- reviews


def test_reviews_are_read_by_label_and_number(tmp_path: Path) -> None:
    reviews(tmp_path / "aclImdb")
    train, test = imdb.load(tmp_path)
    assert train.texts == [f"train {label} {n} é<br />\x85end" for label in ("neg", "pos") for n in (0, 2, 10)]
    assert test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert test.labels.dtype == np.int64


def test_ratings_are_verified(tmp_path: Path) -> None:
    reviews(tmp_path)
    paths = imdb.SOURCE.paths(tmp_path)
    assert [(f.what, f.official) for f in imdb.inspect(paths)][-1] == ("ratings", True)
    (tmp_path / "test/pos/0_10.txt").rename(tmp_path / "test/pos/0_0.txt")
    last = list(imdb.inspect(paths))[-1]
    assert (last.what, last.official) == ("ratings, order", False)
    assert last.found.startswith("1 file names have none")


def test_the_checksum_minds_words_and_not_order_or_blanks() -> None:
    one = imdb.checksum(iter(["a b\x85c", "d"]))
    assert one == imdb.checksum(iter(["d", " a\tb  c"]))
    assert len({one, imdb.checksum(iter(["a bc", "d"])), imdb.checksum(iter(["a b c", "d", "d"]))}) == 3


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("train/pos/readme.txt", b"", r"readme\.txt: expected a name like 12_7\.txt"),
        ("test/neg/7_1.txt", b"fine\n\xe9", r"test/neg/7_1\.txt: line 2: byte 0xe9 is no UTF-8"),
        ("test/neg/7_1.txt", bytes(1 << 19), "longer than 262,144 bytes"),
    ],
)
def test_reviews_that_are_wrong(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    reviews(tmp_path)
    write(tmp_path / name, data)
    with pytest.raises(ValueError, match=message):
        imdb.load(tmp_path)


# ---- word vectors


def test_vectors_are_read(tmp_path: Path) -> None:
    words(tmp_path)
    with pytest.warns(UserWarning, match="official file"):
        found = glove.load(tmp_path)
    assert found.words == ["the", ",", "naïve", "0.1"]
    assert found.vectors.dtype == np.float32
    np.testing.assert_array_equal(found.vectors, np.arange(50) + 0.5 * np.arange(4)[:, None])


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("block", [1, 2, 3, 7, 1 << 20])
def test_blocks_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, block: int) -> None:
    monkeypatch.setattr(glove, "_BLOCK", block)
    path = write(tmp_path / "v", "a 1 -2\nb 0.5 1e-3\nc 7 .5" + end)
    names, vectors = read_vectors(path)
    assert names == ["a", "b", "c"]
    np.testing.assert_array_equal(vectors, np.float32([[1, -2], [0.5, 1e-3], [7, 0.5]]))


def test_words_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glove, "MAX_WORDS", 2)
    refused(write(tmp_path / "v", "a 1\nb 1\nc 1"), read_vectors, message="more than 2 words")


@given(st.lists(st.tuples(*[st.floats(width=32, allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=9))
def test_numbers_are_those_of_python(rows: list[tuple[float, ...]]) -> None:
    lines = [(f"w{i} " + " ".join(map(repr, row))).encode() for i, row in enumerate(rows)]
    np.testing.assert_array_equal(glove._parse(lines, 3, 1)[1], np.array(rows, np.float32))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"a 1 2\nb 1\n", "line 2 has 2 fields, expected a word and 2 numbers"),
        (b"a 1 2\nb 1 2 3\nc 1\n", "line 2 has 4 fields, expected a word and 2 numbers"),
        (b"a\n", "line 1 has 1 fields"),
        (b"a 1 2\nb 1 x2\n", "line 2: 'x2' is no finite number"),
        (b"a 1 2\nb 1 nan\n", "line 2: 'nan' is no finite number"),
        (b"a 1 2\nb inf 1\n", "line 2: 'inf' is no finite number"),
        (b"a 1 2\nb 1e99 1\n", "line 2: '1e99' is no finite number"),
        (b"a 1 2\nb 1  2\n", "line 2 has 4 fields"),
        (b"a 1 2\nb 1 2\t3\n", r"line 2: '2\\t3' is no finite number"),
        (b"a 1 2\nb  2\n", "line 2: '' is no finite number"),
        (b"a 1 2\nb 1 2\x00\n", "is no finite number"),
        (b"a 1 2\n 1 2\n", "line 2 has no word"),
        (b"a 1 2\nb 1 2\n\n", "line 3 has 1 fields"),
        (b"a 1 2\nb 1 2\na 1 2\n", "line 3: the word 'a' stands in line 1 already"),
        (b"a 1 2\n\xff 1 2\n", "line 2: byte 0xff is no UTF-8"),
        (b"a" * (1 << 25), "a line has more than 65,536 bytes"),
    ],
)
def test_vectors_that_are_wrong(tmp_path: Path, data: bytes, message: str) -> None:
    refused(write(tmp_path / "vectors.txt", data), read_vectors, message=message)


def test_the_nearest_words_point_alike() -> None:
    vectors = np.float32([[1, 0], [2, 0.1], [0, 1], [-1, 0]])
    found = glove.nearest(glove.Vectors(["east", "easterly", "north", "west"], vectors), ["east", "north"], 2)
    assert found == [["easterly", "north"], ["easterly", "east"]]
