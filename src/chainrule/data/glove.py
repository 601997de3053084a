"""GloVe: a vector for each of 400,000 words, such that words used alike have vectors that point alike.

    line   word, blank, number, blank, number ...   as many numbers in each line

Pennington, Socher, Manning: "GloVe: global vectors for word representation", EMNLP 2014.
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.data.content import MAX_CONTENT, content, decode
from chainrule.data.source import Download, Rows, Source
from chainrule.data.vocabulary import PAD, Vocabulary

FILE, MAX_LINE, MAX_WORDS = "glove.6B.50d.txt", 1 << 16, 4_000_000
_BLOCK = 1 << 24


class Vectors(NamedTuple):
    """V words, the frequent ones first, and their vectors, float32 (V, D)."""

    words: list[str]
    vectors: NDArray[np.float32]


class Glove(NamedTuple):
    """The one part of the data set."""

    words: Vectors


class Pretrained(NamedTuple):
    """Vectors for a vocabulary, float32 (V, D); which tokens had one, (V); their share, special tokens aside."""

    weight: NDArray[np.float32]
    found: NDArray[np.bool_]
    coverage: float


def load(data: str | Path | None = None) -> Vectors:
    """The vectors of 50 numbers, trained on 6 billion tokens.

    Searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if the file is nowhere,
    ValueError, with the line, if it is damaged. A file with other or fewer words is read, with a warning.
    """
    return SOURCE.load(data).words


def read_vectors(path: Path, dimension: int | None = None) -> Vectors:
    """Read a file of word vectors, gzipped or not; `dimension` is that of the first line if it is not given.

    Errors: ValueError, with path and line, for a line with another number of fields, with a number that is none, or is
    not finite, for a word that is empty, no UTF-8 or not the first of its kind, for lines beyond 65,536 bytes and for
    the 4,000,001st word. Memory: what words and vectors take twice, and 64 MiB.
    """
    words: dict[str, int] = {}  # word -> its row
    blocks: list[NDArray[np.float32]] = []
    with content(path) as file:
        for lines in _blocks(file):
            dimension = dimension or lines[0].count(b" ")
            some, vectors = _parse(lines, dimension, len(words) + 1)
            _add(some, words)
            blocks.append(vectors)
        if not words:
            raise ValueError("the file is empty")
    return Vectors(list(words), np.concatenate(blocks))


def _blocks(file: io.BufferedIOBase) -> Iterator[list[bytes]]:
    """The lines of a file, some megabytes of them at a time."""
    rest, size = b"", 0
    while block := file.read(_BLOCK):
        size += len(block)
        if size > MAX_CONTENT:
            raise ValueError(f"it holds more than {MAX_CONTENT:,} bytes, the most that is read")
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > MAX_LINE:
            raise ValueError(f"a line has more than {MAX_LINE:,} bytes: these are no word vectors")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _parse(lines: list[bytes], dimension: int, first: int) -> tuple[list[str], NDArray[np.float32]]:
    """The words and vectors of some lines, all numbers at once; `first` is the number of the first line."""
    for number, line in enumerate(lines, first):
        if line.count(b" ") != dimension or not dimension:
            fields = line.count(b" ") + 1
            raise ValueError(f"line {number} has {fields} fields, expected a word and {dimension or 'its'} numbers")
    parted = [line.partition(b" ") for line in lines]
    vectors = _numbers(b" ".join([numbers for _, _, numbers in parted]))
    if len(vectors) != len(lines) * dimension or not np.isfinite(vectors).all():
        raise ValueError(_no_number([numbers for _, _, numbers in parted], dimension, first))
    words = decode(b"\n".join([word for word, _, _ in parted]), first).split("\n")
    if "" in words:
        raise ValueError(f"line {first + words.index('')} has no word before its first blank")
    return words, vectors.reshape(-1, dimension)


def _numbers(text: bytes) -> NDArray[np.float32]:
    """The numbers in a text; none of them if there is anything else in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, np.float32, sep=" ")
        except (DeprecationWarning, ValueError):  # text that is no number: the one today, the other from NumPy 2.4 on
            return np.empty(0, np.float32)


def _no_number(rows: list[bytes], dimension: int, first: int) -> str:
    """The message for the first line whose fields are not all finite numbers."""
    for number, row in enumerate(rows, first):
        for field in row.split(b" "):
            value = _numbers(field)
            if value.shape != (1,) or not np.isfinite(value[0]):
                return f"line {number}: {field[:40].decode(errors='replace')!r} is no finite number"
    return f"lines {first} to {first + len(rows) - 1}: not {dimension} numbers in each"


def _add(some: list[str], words: dict[str, int]) -> None:
    for row, word in enumerate(some, len(words)):
        if (first := words.setdefault(word, row)) != row:
            raise ValueError(f"line {row + 1}: the word {word!r} stands in line {first + 1} already")
    if len(words) > MAX_WORDS:
        raise ValueError(f"more than {MAX_WORDS:,} words, the most that are read")


def nearest(vectors: Vectors, words: Sequence[str], number: int = 5) -> list[list[str]]:
    """The words whose vectors point most nearly as those of `words` do, by cosine; the word itself left out."""
    index = {word: i for i, word in enumerate(vectors.words)}
    unit = vectors.vectors / np.maximum(np.linalg.norm(vectors.vectors, axis=1, keepdims=True), 1e-12)
    rows = [index[word] for word in words]
    order = np.argsort(-(unit[rows] @ unit.T), axis=1)[:, : number + 1]
    return [[vectors.words[i] for i in near if i != row][:number] for row, near in zip(rows, order, strict=True)]


def pretrained(vocabulary: Vocabulary, vectors: Vectors, seed: int = 0) -> Pretrained:
    """The vectors of a vocabulary's tokens, to begin an embedding layer with.

    Tokens that have none, special ones too, get random numbers, normal with the mean and the standard deviation that
    each of the D numbers has among the vectors found; which ones depends on the seed, the token's number and D alone.
    <pad> is 0. Shapes: weight (V, D), found (V). Errors: ValueError if no token has a vector.
    """
    row = {word: i for i, word in enumerate(vectors.words)}
    rows = np.array([row.get(token, -1) for token in vocabulary.tokens])  # (V), −1 for none
    rows[: len(vocabulary.specials)] = -1
    found = rows >= 0
    if not found.any():
        raise ValueError(f"pretrained(): not one of {vocabulary!r} is among the {len(row):,} words with vectors")
    known = vectors.vectors[rows[found]]
    drawn = np.random.default_rng(seed).standard_normal((len(rows), known.shape[1]), np.float32)
    weight = known.mean(0) + known.std(0) * drawn
    weight[found] = known
    weight[[i for i, token in enumerate(vocabulary.specials) if token == PAD]] = 0
    return Pretrained(weight, found, found[len(vocabulary.specials) :].mean().item())


def samples(paths: Sequence[Path], number: int, seed: int) -> Rows:
    """Some of the 10,000 most frequent words, and those that are used like them."""
    vectors = read_vectors(paths[0], 50)
    drawn = np.random.default_rng(seed).permutation(min(10_000, len(vectors.words)))[:number]
    words = [vectors.words[i] for i in drawn]
    near = nearest(vectors, words)
    return Rows(("word", "used alike"), [(word, ", ".join(row)) for word, row in zip(words, near, strict=True)])


SOURCE = Source(
    name="glove",
    title="GloVe 6B, 50 numbers",
    what="word vectors of 50 numbers",
    licence="PDDL 1.0 (public domain)",
    citation='Pennington, Socher, Manning: "GloVe: global vectors for word representation", 2014',
    url="https://nlp.stanford.edu/projects/glove/",
    files={FILE: "d8f717f8dd4b545cb7f418ef9f3d0c3e6e68a6f48b97d32f8b7aae40cb31f96f"},
    splits={"words": 400_000},
    read=lambda paths: Glove(read_vectors(paths[0], 50)),
    samples=samples,
    pictured=False,
    known={
        "7fa7ebe2fe21202f1a6ec8d5d6533772f66d9c61c33f7e5662262cad01350924": "60,380 of the 400,000 words, those that "
        "occur twice or more in the IMDB reviews, in GloVe's order"
    },
    downloads=(
        Download(
            "https://nlp.stanford.edu/data/glove.6B.zip",
            "617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",
        ),
    ),
)
