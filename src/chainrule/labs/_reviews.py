"""Reviews as numbers, IMDB's or made-up ones: cut into words, a vocabulary, word vectors, batches."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.data import BucketBatchSampler, DataLoader, Vocabulary, glove, imdb, padded, words
from chainrule.data.imdb import Reviews
from chainrule.data.texts import Texts
from chainrule.train.evaluation import outputs_of

from ._grammar import made_up

__all__ = [
    "PADDING", "UNKNOWN", "Corpus", "Part", "Reading", "batches", "collate", "corpus", "cut", "probabilities", "right",
    "stretches",
]  # fmt: skip

Array = npt.NDArray[Any]
PADDING, UNKNOWN = 0, 1
"""The numbers of <pad> and <unk>."""


class Part(NamedTuple):
    """N reviews: their texts, the numbers of their tokens, and 1.0 for a good one, 0.0 for a bad one, float32 (N)."""

    texts: Sequence[str]
    tokens: Sequence[Array]
    labels: Array

    def first(self, n: int) -> "Part":
        """The first n reviews."""
        return Part(self.texts[:n], self.tokens[:n], self.labels[:n])


class Corpus(NamedTuple):
    """All that the lab reads."""

    train: Part
    valid: Part
    test: Part
    vocabulary: Vocabulary
    file: glove.Vectors
    """The file of word vectors."""
    vectors: glove.Pretrained
    """Those of the vocabulary, (V, D)."""
    words: int
    """How many different ones the training part has."""


def corpus(data: Path | None, full: bool, vocabulary: int, seed: int) -> Corpus:
    """IMDB with GloVe's vectors, or reviews made up by a grammar with vectors made up as well."""
    if full:
        return prepared(imdb.load(data), glove.load(data), vocabulary, seed)
    return prepared(*made_up(seed), vocabulary, seed)


def prepared(reviews: Reviews, file: glove.Vectors, size: int, seed: int) -> Corpus:
    """Cut, numbered, and a tenth of the training reviews set apart; the vocabulary is that of the other nine."""
    cuts = [cut(text) for text in reviews.train.texts]
    order = np.random.default_rng(seed).permutation(len(cuts))
    apart = len(order) - max(1, len(order) // 10)
    own = [cuts[i] for i in order[:apart]]
    vocabulary = Vocabulary.of(own, max_size=size)
    train, valid = (_part(reviews.train, cuts, rows, vocabulary) for rows in (order[:apart], order[apart:]))
    test = _part(reviews.test, [cut(text) for text in reviews.test.texts], range(len(reviews.test.texts)), vocabulary)
    different = len({token for tokens in own for token in tokens})
    return Corpus(train, valid, test, vocabulary, file, glove.pretrained(vocabulary, file, seed), different)


def cut(text: str) -> list[str]:
    """The tokens of a review, in which <br /> stands for a line break."""
    return words(text.replace("<br />", " "))


def _part(texts: Texts, cuts: Sequence[list[str]], rows: Any, vocabulary: Vocabulary) -> Part:
    tokens = [vocabulary.encode(cuts[i]).astype(np.int32) for i in rows]
    return Part([texts.texts[i] for i in rows], tokens, texts.labels[np.asarray(rows)].astype(np.float32))


# ------------------------------------------------------------------------------------------ batches


class Reading(NamedTuple):
    """How much of a review is read."""

    length: int
    """Its last tokens, so many at the most."""
    fill: int | None = None
    """What it is filled up to; if not given, the longest of its batch."""


def batches(part: Part, reading: Reading, batch_size: int, seed: int, engine: Any) -> DataLoader:
    """Training batches (tokens (N, T), labels (N)) of reviews of similar length."""
    samples = _ends(part, reading.length)
    sampler, collate_fn = BucketBatchSampler([len(tokens) for tokens, _ in samples], batch_size), _filled(reading)
    return DataLoader(samples, batch_sampler=sampler, collate_fn=collate_fn, seed=seed, engine=engine)


def _ends(part: Part, length: int) -> list[tuple[Array, Any]]:
    return [(tokens[-length:], label) for tokens, label in zip(part.tokens, part.labels, strict=True)]


def _filled(reading: Reading) -> Any:
    return partial(collate, fill=reading.fill)


def collate(samples: Sequence[tuple[Array, Any]], fill: int | None = None) -> list[Array]:
    """Filled up with <pad> to `fill` or the longest. A review without a token is one <unk>."""
    rows = [tokens if len(tokens) else np.array([UNKNOWN], np.int32) for tokens, _ in samples]
    return [padded(rows, PADDING, fill)[0].astype(np.int64), np.array([label for _, label in samples], np.float32)]


def probabilities(engine: Any, model: Any, part: Part, reading: Reading) -> Array:
    """How probable the model holds it that each review is a good one, (N), in the order of the part."""
    samples = _ends(part, reading.length)
    order = np.argsort([len(tokens) for tokens, _ in samples], kind="stable")
    loader = DataLoader(samples, 250, sampler=order.tolist(), collate_fn=_filled(reading), engine=engine)
    found = np.empty(len(order), np.float32)
    found[order], _ = outputs_of(engine, model, loader)
    return found


# ------------------------------------------------------------------------------------------ numbers about them


def right(probabilities: Array, labels: Array) -> Array:
    """Which reviews are taken for what they are, truth values (N)."""
    correct: Array = (probabilities > 0.5) == (labels > 0.5)
    return correct


def stretches(part: Part, parts: int = 5) -> list[tuple[int, int, Array]]:
    """The reviews by length, in so many groups of about equal size: least and greatest length, and which they are."""
    lengths = np.array([len(tokens) for tokens in part.tokens])
    groups = np.array_split(np.argsort(lengths, kind="stable"), parts)
    return [(int(lengths[rows].min()), int(lengths[rows].max()), rows) for rows in groups if len(rows)]
