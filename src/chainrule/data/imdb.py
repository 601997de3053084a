"""IMDB reviews: 50,000 reviews of films, half of them good and half bad, a text file each: train/pos/0_9.txt, ...

The number before the underscore is a running one, the one behind it the rating: 1 to 4 bad, 7 to 10 good.
Maas, Daly, Pham, Huang, Ng, Potts: "Learning word vectors for sentiment analysis", ACL 2011.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chainrule.data.content import decode
from chainrule.data.source import Download, Finding, Rows, Source
from chainrule.data.texts import Texts

CLASSES = ("neg", "pos")
MAX_REVIEW = 1 << 18  # bytes; the longest review has 14,000
RATINGS = {"neg": range(1, 5), "pos": range(7, 11)}
# Sum of the sha256 of all reviews, blanks and line breaks taken as one blank, modulo 2²⁵⁶: it does not mind the order
TEXTS = {
    "train": "2520040e37607aeb2a7d3c5ddd24fac0d31964d2242c6775e8de759b810b2c32",
    "test": "d701a24b1f35fc75723dd68b07b47eed71ce08ce40be568d93b29efada69daeb",
}
_NAME = re.compile(r"(\d{1,9})_(\d{1,2})\.txt")


class Reviews(NamedTuple):
    """The two parts. Labels are 0 bad, 1 good; the bad ones stand first, each class by number."""

    train: Texts
    test: Texts


def load(data: str | Path | None = None) -> Reviews:
    """The 25,000 training and 25,000 test reviews, as they are: "<br />" stands for a line break.

    The folder aclImdb is searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if
    it is nowhere, ValueError if a file in it has another name, is no UTF-8 or too long.
    """
    return SOURCE.load(data)


def read(paths: Sequence[Path]) -> Reviews:
    """Read the folders train/neg, train/pos, test/neg, test/pos."""
    parts = [[read_review(path) for _, _, path in _files(folder)] for folder in paths]
    return Reviews(*(_labelled(*parts[first : first + 2]) for first in (0, 2)))


def _labelled(bad: list[str], good: list[str]) -> Texts:
    return Texts(bad + good, np.repeat(np.array([0, 1], np.int64), [len(bad), len(good)]))


def _files(folder: Path) -> list[tuple[int, int, str]]:
    """Number, rating and path of each review in a folder, by number."""
    names = [name for name in os.listdir(folder) if name[0] != "."]
    found = [_NAME.fullmatch(name) for name in names]
    if None in found:
        raise ValueError(f"{folder / names[found.index(None)]}: expected a name like 12_7.txt, number and rating")
    return sorted((int(match[1]), int(match[2]), os.path.join(folder, match[0])) for match in found if match)


def read_review(path: str) -> str:
    """Read one review. ValueError, with the path, if it is no UTF-8 or longer than 262,144 bytes."""
    with open(path, "rb", buffering=0) as file:
        data = file.read(MAX_REVIEW + 1)
    if len(data) > MAX_REVIEW:
        raise ValueError(f"{path}: longer than {MAX_REVIEW:,} bytes, the most that is read of a review")
    try:
        return decode(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def samples(paths: Sequence[Path], number: int, seed: int) -> Rows:
    """Training reviews to read, their beginnings; no others are read."""
    rng, rows = np.random.default_rng(seed), []
    for folder, label, count in zip(paths[:2], ("bad", "good"), (number // 2, number - number // 2), strict=True):
        files = _files(folder)
        drawn = rng.permutation(len(files))[:count]
        rows += [(label, _beginning(read_review(files[i][2]))) for i in drawn]
    return Rows(("", "review"), rows)


def _beginning(text: str, size: int = 300) -> str:
    text = text.replace("<br />", " ")
    return text if len(text) <= size else text[:size].rpartition(" ")[0] + " …"


def inspect(paths: Sequence[Path]) -> Iterator[Finding]:
    """Whether the texts are the official ones, in any order, and whether ratings, and with them the order, are."""
    for part, folders in (("train", paths[:2]), ("test", paths[2:])):
        same = checksum(read_review(path) for folder in folders for _, _, path in _files(folder)) == TEXTS[part]
        yield Finding(f"texts of {part}", "the official ones, blanks aside" if same else "not the official ones", same)
    rated = [rating in RATINGS[folder.name] for folder in paths for _, rating, _ in _files(folder)]
    if all(rated):
        yield Finding("ratings", "1 to 4 bad, 7 to 10 good, as in the original", True)
    else:
        lost = f"{rated.count(False):,} file names have none: another copy, whose order is not the official one"
        yield Finding("ratings, order", lost, False)


def checksum(texts: Iterator[str]) -> str:
    """Of texts in any order, however their words are set apart."""
    digests = (hashlib.sha256(" ".join(text.split()).encode()).digest() for text in texts)
    return f"{sum(map(int.from_bytes, digests)) % 2**256:064x}"


SOURCE = Source(
    name="imdb",
    title="IMDB",
    what="reviews of films, good or bad",
    licence="none stated; cite the paper",
    citation='Maas, Daly, Pham, Huang, Ng, Potts: "Learning word vectors for sentiment analysis", 2011',
    url="https://ai.stanford.edu/~amaas/data/sentiment/",
    files={f"{part}/{label}/": "" for part in ("train", "test") for label in CLASSES},
    splits={"train": 25_000, "test": 25_000},
    read=read,
    samples=samples,
    pictured=False,
    inspect=inspect,
    folder="aclImdb",
    downloads=(
        Download(
            "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
            "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
        ),
    ),
)
