"""Texts to translate, in pairs: written dates and their ISO form, made up, and English sentences with their French."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chainrule.data import BOS, EOS, PAD, UNK, Vocabulary, tatoeba

from ._lab import optional

__all__ = ["NUMBER_OF_DAYS", "Corpus", "cut", "dates", "joined", "sentences", "written"]

SPECIALS = (PAD, UNK, BOS, EOS)
Tokens = list[str]
Pairs = list[tuple[Tokens, Tokens]]


class Corpus(NamedTuple):
    """Pairs of token lists: to learn from, to look at on the way, to be judged by; the vocabularies; and more."""

    train: Pairs
    valid: Pairs
    test: Pairs
    source: Vocabulary
    target: Vocabulary
    cut: Callable[[str], Tokens]
    """The tokens of a text."""
    joined: Callable[[Sequence[str]], str]
    """The text of tokens."""
    score: Callable[[Sequence[str], Sequence[str]], float]
    """How good translations are, from 0 to 100: (translations, what they should be)."""
    measure: str
    """What the score is called."""
    groups: tuple[tuple[int, int], ...]
    """Shortest and longest sources of each group, the short ones first."""
    long: int
    """The length from which on a source counts as long."""


def corpus(train: Pairs, valid: Pairs, test: Pairs, min_count: int, **more: Any) -> Corpus:
    """The pairs with the vocabularies of their training part."""
    source, target = (Vocabulary.of(side, min_count=min_count, specials=SPECIALS) for side in zip(*train, strict=True))
    return Corpus(train, valid, test, source, target, **more)


# ------------------------------------------------------------------------------------------ written dates

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
ONES = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth",
}  # fmt: skip
FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)
NUMBER_OF_DAYS = (LAST - FIRST).days + 1
FORMS: Sequence[Callable[[date], str]] = (
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day} {d.year}",
    lambda d: f"{DAYS[d.weekday()][:3]}, {d.day} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{DAYS[d.weekday()]}, the {ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.year}, {MONTHS[d.month - 1]} the {ordinal(d.day)}",
    lambda d: f"the {ordinal_word(d.day)} of {MONTHS[d.month - 1]}, {d.year}",
    lambda d: f"{DAYS[d.weekday()]}, {MONTHS[d.month - 1]} the {ordinal_word(d.day)}, {year_words(d.year)}",
    lambda d: f"the {ordinal_word(d.day)} day of {MONTHS[d.month - 1]} in the year {year_words(d.year)}",
)


def dates(train: int, valid: int, test: int, seed: int) -> Corpus:
    """Days of 1900 to 2099, none twice, each in a form drawn at random, and as YYYY-MM-DD; tokens are characters."""
    rng, number = np.random.default_rng(seed), train + valid + test
    days = rng.choice(NUMBER_OF_DAYS, number, replace=False)
    forms = rng.integers(len(FORMS), size=number)
    pairs = [
        (list(written(day, form)), list(day.isoformat()))
        for day, form in zip((FIRST + timedelta(int(day)) for day in days), forms.tolist(), strict=True)
    ]
    parts = pairs[:train], pairs[train : train + valid], pairs[train + valid :]
    groups = ((1, 14), (15, 24), (25, 44), (45, 99))
    return corpus(*parts, 1, cut=list, joined="".join, score=exact, measure="Exact dates (%)", groups=groups, long=45)


def exact(written: Sequence[str], right: Sequence[str]) -> float:
    """The percentage that is right to the last character."""
    return 100 * float(np.mean([a == b for a, b in zip(written, right, strict=True)]))


def written(day: date, form: int) -> str:
    """A date in words: form 4 gives Thursday, the 3rd of May 1998."""
    return FORMS[form](day)


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    teen = n // 10 == 1
    return f"{n}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def number(n: int) -> str:
    """1 to 99 in words."""
    return ONES[n] if n < 20 else TENS[n // 10] + f"-{ONES[n % 10]}" * (n % 10 > 0)


def ordinal_word(n: int) -> str:
    """first … thirty-first."""
    *tens, last = number(n).split("-")
    return "-".join([*tens, ORDINALS.get(last, f"{last}th")])


def year_words(year: int) -> str:
    """nineteen hundred, nineteen oh seven, nineteen eighty-four, two thousand and seven."""
    century, rest = divmod(year, 100)
    if century == 20:
        return "two thousand" + (f" and {number(rest)}" if rest else "")
    return f"{number(century)} " + ("hundred" if not rest else f"oh {number(rest)}" if rest < 10 else number(rest))


# ------------------------------------------------------------------------------------------ sentences

_TOKEN = re.compile(r"-?\w+'?|[^\w\s]")


def sentences(data: Path | None, min_count: int = 2) -> Corpus:
    """The pairs of Tatoeba, in lower case and cut into words; rare words are <unk>."""
    loaded = tatoeba.load(data)
    train, valid, test = ([(cut(en), cut(fr)) for en, fr in zip(*part, strict=True)] for part in loaded)
    groups = ((1, 4), (5, 5), (6, 6), (7, 7), (8, 99))
    more = {"cut": cut, "joined": joined, "score": bleu, "measure": "BLEU", "groups": groups, "long": 7}
    return corpus(train, valid, test, min_count, **more)


def cut(sentence: str) -> Tokens:
    """The words of a sentence and its marks: "L'aime-t-elle ?" gives l', aime, -t, -elle, ?."""
    return _TOKEN.findall(sentence.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def joined(tokens: Sequence[str]) -> str:
    """The sentence of these words, with a blank before every mark but the hyphen, the comma and the full stop."""
    return re.sub(r" (?=[-,.])|(?<=') ", "", " ".join(tokens))


def bleu(written: Sequence[str], right: Sequence[str]) -> float:
    """Corpus BLEU as sacrebleu counts it. Raises UsageError where that is not installed."""
    return float(optional("sacrebleu").corpus_bleu(written, [right]).score)
