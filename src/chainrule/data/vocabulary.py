"""Texts as numbers: cut into tokens, characters or words, and each token a number by a vocabulary.

"So, so."  →  characters "S" "o" "," " " …  or  words "so" "," "so" "."  →  [4 2 4 3]
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BOS", "EOS", "PAD", "UNK", "Vocabulary", "characters", "words"]

PAD, UNK, BOS, EOS = "<pad>", "<unk>", "<bos>", "<eos>"
_WORD = re.compile(
    r"""
      \d+(?:[.,]\d+)*(?!\w)    # a number: 7  1,000  3.14
    | \w+(?=n't\b) | n't\b     # did|n't
    | '(?:s|m|d|re|ve|ll)\b    # it|'s  we|'ll
    | \w+(?:-\w+)*             # a word, with hyphens too: well-known
    | \.\.\. | --
    | [^\w\s]                  # any other sign by itself
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SIGN = re.compile(r"[^\w]+")


def characters(text: str) -> list[str]:
    """The characters of a text. `Vocabulary.encode` takes the text itself, and is faster so."""
    return list(text)


def words(text: str, lower: bool = True, punctuation: bool = True) -> list[str]:
    """The words of a text, and its punctuation marks, each a token: "Didn't he?" gives did, n't, he, ?.

    In small letters with `lower`, without the marks unless `punctuation`. English contractions are cut as in the Penn
    Treebank, and so as word vectors such as GloVe's have them. "’" is taken as "'". Blanks and line breaks part tokens
    and are dropped.
    """
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    tokens: list[str] = _WORD.findall(text.lower() if lower else text)
    return tokens if punctuation else [token for token in tokens if not _SIGN.fullmatch(token)]


class Vocabulary:
    """Tokens and their numbers: `specials` first, then `tokens`, in the order in which they are given.

    Special tokens are what no text has: <pad> fills up short sequences, <unk> stands for every token that is not in
    the vocabulary, <bos> and <eos> for beginning and end; encode([BOS, *tokens, EOS]) puts them in.

    Errors: ValueError for a token that is given twice, TypeError for one that is no string.
    """

    def __init__(self, tokens: Iterable[str], specials: Sequence[str] = (PAD, UNK)) -> None:
        self.specials = tuple(specials)
        self.tokens = (*self.specials, *tokens)
        if others := [token for token in self.tokens if not isinstance(token, str)]:
            raise TypeError(f"Vocabulary: tokens are strings, not {type(others[0]).__name__} ({others[0]!r})")
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if len(self._ids) < len(self.tokens):
            twice = Counter(self.tokens).most_common(1)[0][0]
            raise ValueError(f"Vocabulary: the token {twice!r} is given twice")

    @classmethod
    def of(
        cls,
        texts: str | Iterable[Sequence[str]],
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (PAD, UNK),
    ) -> Vocabulary:
        """The vocabulary of texts: their tokens, the frequent ones first, and of equally frequent ones by alphabet.

        `texts` are sequences of tokens, such as `words` gives, or strings for their characters; one string is one
        text. Left out are tokens that come fewer than `min_count` times, and the rarest beyond `max_size`, the special
        tokens counted in. Errors: ValueError unless min_count ≥ 1 and max_size holds the special tokens.
        """
        if min_count < 1 or (max_size is not None and max_size < len(specials)):
            raise ValueError(
                f"Vocabulary.of(): min_count={min_count}, max_size={max_size}: expected at least 1, and room for "
                f"{len(specials)} special tokens"
            )
        counts: Counter[str] = Counter()
        for text in [texts] if isinstance(texts, str) else texts:
            counts.update(text)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        tokens = [token for token, count in ranked if count >= min_count and token not in specials]
        return cls(tokens[: None if max_size is None else max_size - len(specials)], specials)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        """The number of a token: vocabulary[PAD]. KeyError if it is not in the vocabulary."""
        return self._ids[token]

    def __repr__(self) -> str:
        first = " ".join(repr(token)[1:-1] for token in self.tokens[:10])
        return f"Vocabulary({len(self):,} tokens: {first}{' …' if len(self) > 10 else ''})"

    # ------------------------------------------------------------------------------------------ there and back

    def encode(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """The numbers of tokens, or of the characters of a string: int64 (N).

        A token that is not in the vocabulary is <unk>; ValueError if there is no <unk>. TypeError for a string if the
        tokens are words: it has to be cut into words first.
        """
        ids = self._of_characters(tokens) if isinstance(tokens, str) else self._of_tokens(tokens)
        unknown = ids < 0
        if unknown.any():
            if UNK not in self:
                place = int(unknown.argmax())
                raise ValueError(
                    f"encode(): {tokens[place]!r}, token {place}, is not in {self!r}, which has no {UNK} for it"
                )
            ids[unknown] = self[UNK]
        return ids

    def decode(self, ids: ArrayLike) -> list[str]:
        """The tokens of numbers (N): "".join them if they are characters. IndexError for a number that is no token's.

        Errors: ValueError unless there is one axis, TypeError unless the numbers are whole.
        """
        array = np.asarray(ids)
        if array.ndim != 1:
            raise ValueError(f"decode(): numbers of shape {array.shape} were given; one axis is needed, (N)")
        if array.dtype.kind not in "iu" and array.size:
            raise TypeError(f"decode(): whole numbers are needed, not {array.dtype}")
        wrong = (array < 0) | (array >= len(self))
        if wrong.any():
            raise IndexError(f"decode(): {array[wrong][0]} is the number of no token; there are {len(self)}")
        return [self.tokens[i] for i in array.tolist()]

    def _of_tokens(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """Their numbers, −1 for what is not there."""
        return np.fromiter(map(self._ids.get, tokens, repeat(-1)), np.int64, len(tokens))

    def _of_characters(self, text: str) -> NDArray[np.int64]:
        """The same of all characters at once: a table by code point, whose last entry is for those beyond it."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        table = self._table
        return table[np.minimum(codes, len(table) - 1)]

    @cached_property
    def _table(self) -> NDArray[np.int64]:
        found = {token: i for token, i in self._ids.items() if token not in self.specials}
        if longer := next((token for token in found if len(token) != 1), None):
            raise TypeError(
                f"encode(): a string was given, but the tokens are words, such as {longer!r}\n"
                "  Cut it into words as when the vocabulary was made: encode(words(text))"
            )
        table = np.full(max(map(ord, found), default=0) + 2, -1)
        table[[ord(token) for token in found]] = list(found.values())
        return table

    # ------------------------------------------------------------------------------------------ JSON

    def to_json(self) -> str:
        """As JSON: {"specials": […], "tokens": […]}."""
        tokens = self.tokens[len(self.specials) :]
        return json.dumps({"specials": self.specials, "tokens": tokens})

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """The vocabulary that `to_json` wrote. Errors: ValueError if the text is something else."""
        try:
            content: Any = json.loads(text)
            specials, tokens = content["specials"], content["tokens"]
            if not isinstance(specials, list) or not isinstance(tokens, list):
                raise TypeError("specials and tokens must be lists")
            return cls(tokens, specials)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"Vocabulary.from_json(): this is no vocabulary ({str(error)[:200]})") from None
