"""Texts as lists of strings: the parts of data sets made of text, and files of lines and of pairs read with care."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.data.content import read_text
from chainrule.data.source import Rows

MAX_LINES = 2_000_000  # Tatoeba has 2 million sentences in its greatest language
MAX_FIELD = 1 << 16  # characters of a sentence


class Corpus(NamedTuple):
    """One text."""

    characters: str


class Texts(NamedTuple):
    """Labelled texts: N strings; `labels` int64 (N,)."""

    texts: list[str]
    labels: NDArray[np.int64]


class Pairs(NamedTuple):
    """Sentences and their translations: N strings each."""

    sources: list[str]
    targets: list[str]


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, without their ends. A line ends with "\\n" or "\\r\\n", and at nothing else.

    Errors: ValueError, with path and line, for bytes that are no UTF-8, for empty lines and for the 2,000,001st.
    """
    text = read_text(path).removesuffix("\n")
    if text.count("\n") >= MAX_LINES:
        raise ValueError(f"{path}: more than {MAX_LINES:,} lines, the most that are read")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if "" in lines:
        raise ValueError(f"{path}: line {lines.index('') + 1} is empty")
    return lines


def read_pairs(path: Path) -> Pairs:
    """Sentence pairs, one to a line: sentence, tab, translation; a third column (Tatoeba's attribution) is left out.

    Repeated pairs are kept: Tatoeba has several translations of a sentence. Errors: ValueError, with path and line, for
    another number of columns, an empty sentence, or one longer than 65,536 characters.
    """
    rows = [line.split("\t") for line in read_lines(path)]
    for number, row in enumerate(rows, 1):
        if len(row) not in (2, 3):
            raise ValueError(f"{path}: line {number} has {len(row)} columns (tabs between), expected 2 or 3")
        if not all(0 < len(sentence.strip()) <= MAX_FIELD for sentence in row[:2]):
            raise ValueError(f"{path}: line {number} has an empty sentence, or one of more than {MAX_FIELD} characters")
    return Pairs([row[0] for row in rows], [row[1] for row in rows])


def split_text(text: str, valid: float = 0.1) -> tuple[str, str]:
    """A text cut in two: the beginning, to learn from, and the share `valid` at its end, to be judged by.

    In order, for what stands side by side is alike. Errors: ValueError unless 0 < valid < 1.
    """
    if not 0 < valid < 1:
        raise ValueError(f"split_text(): valid={valid}: expected a share between 0 and 1")
    end = round(len(text) * (1 - valid))
    return text[:end], text[end:]


def speeches(paths: Sequence[Path], number: int, seed: int) -> Rows:
    """Speeches of a play, to show: each stands after its speaker's name and a colon, an empty line behind it."""
    parted = [speech.partition(":\n") for speech in read_text(paths[0]).strip().split("\n\n")]
    drawn = np.random.default_rng(seed).permutation(len(parted))[:number]
    return Rows(("speaker", "speech"), [(parted[i][0], parted[i][2]) for i in drawn])
