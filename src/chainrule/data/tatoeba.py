"""Tatoeba: 22,000 short English sentences and their French translations, a pair to a line.

A selection of the Tatoeba project's pairs as manythings.org/anki prepared them in 2019: 2 to 9 English and 2 to 12
French tokens, one translation for each sentence; no French sentence of valid or test occurs in train.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chainrule.data.source import Rows, Source
from chainrule.data.texts import Pairs, read_pairs

SHA256 = {
    "train.tsv": "21ee9f03bebd6180e3eb527e8acfae3bdc81004fd4f268b537b7413fe4495371",
    "valid.tsv": "856c36c84a4c1ff9780d45fe1f04537cb4a5b65e7326f2ca1b35a675a9d20bf8",
    "test.tsv": "c5f352c3dce80d00d8b28508d8d0fbc221136821ef2a789cbcdcf71c31b81132",
}


class Translations(NamedTuple):
    """The three parts: `sources` are English, `targets` French."""

    train: Pairs
    valid: Pairs
    test: Pairs


def load(data: str | Path | None = None) -> Translations:
    """The 20,000 training, 1,000 validation and 1,000 test pairs. Any other file of pairs: `texts.read_pairs`.

    Searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if the files are nowhere,
    ValueError, with the line, if one is damaged. Sound files with other pairs are read, with a warning.
    """
    return SOURCE.load(data)


def samples(paths: Sequence[Path], number: int, seed: int) -> Rows:
    """Training pairs to read."""
    pairs = list(zip(*read_pairs(paths[0]), strict=True))
    return Rows(("English", "French"), [pairs[i] for i in np.random.default_rng(seed).permutation(len(pairs))[:number]])


SOURCE = Source(
    name="tatoeba-eng-fra",
    title="Tatoeba, English and French",
    what="pairs of short sentences, English and French",
    licence="CC BY 2.0 FR: tatoeba.org, manythings.org/anki",
    citation="The Tatoeba project, as prepared by manythings.org/anki, 2019-04-08",
    url="https://www.manythings.org/anki/",
    files=SHA256,
    splits={"train": 20_000, "valid": 1_000, "test": 1_000},
    read=lambda paths: Translations(*(read_pairs(path) for path in paths)),
    samples=samples,
    pictured=False,
    advice="This selection is not for download. Files of your own may have its form: a pair to a line, a tab between.",
)
