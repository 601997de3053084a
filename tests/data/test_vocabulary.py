"""Tokens and vocabularies: what a word is, which number it has, and the way back."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.data import BOS, EOS, PAD, UNK, Vocabulary, characters, glove, pretrained, words

TEXT = "so, so long: so"
WORDS = [words(TEXT), words("so be it")]

# ---- tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Didn't he?", "did n't he ?"),
        ("I'd've CAN'T it's we'll y'all", "i 'd 've ca n't it 's we 'll y ' all"),
        ("It’s “well-known”...", "it 's “ well-known ” ..."),
        ("no--yes - a-", "no -- yes - a -"),
        ("1,000 times 3.14, in the 1990s: 7.", "1,000 times 3.14 , in the 1990s : 7 ."),
        ("naïve\tÉté\n日本 x_y", "naïve été 日本 x_y"),
        ("(the dogs' o'clock)!?", "( the dogs ' o ' clock ) ! ?"),
        ("", ""),
        (" \n\u00a0", ""),
    ],
)
def test_words(text: str, tokens: str) -> None:
    assert words(text) == tokens.split()


def test_words_as_they_are_and_without_signs() -> None:
    assert words("Didn't HE, in St. Ives?", lower=False) == ["Did", "n't", "HE", ",", "in", "St", ".", "Ives", "?"]
    assert words("DIDN'T", lower=False) == ["DID", "N'T"]
    assert words("'Tis... didn't -- it's (7.5)!", punctuation=False) == ["tis", "did", "n't", "it", "'s", "7.5"]


@given(st.text())
def test_words_leave_out_blanks_alone(text: str) -> None:
    assert "".join(words(text, lower=False)) == re.sub(r"\s+", "", text.replace("\u2019", "'"))
    assert characters(text) == list(text)


# ---- vocabularies


def test_frequent_tokens_stand_first_after_the_special_ones() -> None:
    vocabulary = Vocabulary.of(WORDS)
    assert vocabulary.tokens == (PAD, UNK, "so", ",", ":", "be", "it", "long")
    assert vocabulary.specials == (PAD, UNK)
    assert (len(vocabulary), vocabulary["so"], vocabulary[PAD], "be" in vocabulary, "bee" in vocabulary) == (
        *(8, 2, 0),
        *(True, False),
    )
    assert Vocabulary.of(WORDS, min_count=2).tokens == (PAD, UNK, "so")
    assert Vocabulary.of(WORDS, max_size=4, specials=(PAD, UNK, BOS)).tokens == (PAD, UNK, BOS, "so")
    assert Vocabulary.of(WORDS, max_size=2).tokens == (PAD, UNK)
    assert Vocabulary.of([], specials=()).tokens == ()


def test_a_text_is_one_text() -> None:
    assert Vocabulary.of("abca", specials=()).tokens == ("a", "b", "c")
    assert Vocabulary.of(["ab", "ca"], specials=()).tokens == ("a", "b", "c")


def test_a_special_token_in_a_text_is_the_special_one() -> None:
    assert Vocabulary.of([["a", PAD, "a"]]).tokens == (PAD, UNK, "a")


def test_encode_and_decode() -> None:
    vocabulary = Vocabulary.of(WORDS, specials=(PAD, UNK, BOS, EOS))
    ids = vocabulary.encode([BOS, *words("be so it, gone"), EOS])
    assert ids.dtype == np.int64
    assert ids.tolist() == [2, 7, 4, 8, 5, 1, 3]
    assert vocabulary.decode(ids) == [BOS, "be", "so", "it", ",", UNK, EOS]
    assert vocabulary.decode(cr.from_numpy(ids[1:3])) == ["be", "so"]
    assert vocabulary.encode([]).tolist() == []
    assert vocabulary.decode([]) == []


@given(st.text(), st.text(min_size=1))
def test_characters_all_at_once_are_those_one_by_one(text: str, known: str) -> None:
    vocabulary = Vocabulary.of(known)
    assert vocabulary.encode(text).tolist() == vocabulary.encode(list(text)).tolist()
    assert "".join(vocabulary.decode(vocabulary.encode(known))) == known


@given(st.lists(st.text()), st.integers(1, 3), st.integers(2, 6))
def test_a_vocabulary_is_the_most_frequent_tokens(tokens: list[str], least: int, size: int) -> None:
    found = Vocabulary.of([tokens], least, size).tokens[2:]
    counts = Counter(token for token in tokens if token not in (PAD, UNK))
    assert len(found) == min(size - 2, sum(count >= least for count in counts.values()))
    for token, count in counts.items():
        assert token in found or count < least or all(counts[other] >= count for other in found)


def test_what_is_unknown_is_told_if_there_is_no_number_for_it() -> None:
    vocabulary = Vocabulary.of("abc", specials=())
    for text in ("abxx", ["a", "b", "x"], "ab日"):
        with pytest.raises(ValueError, match="is not in") as error:
            vocabulary.encode(text)
        found = f"{text[2]!r}, token 2, is not in Vocabulary(3 tokens: a b c), which has no <unk> for it"
        assert str(error.value) == f"encode(): {found}"


def test_a_vocabulary_shows_its_first_tokens() -> None:
    assert repr(Vocabulary(list("\nabcdefghijk"))) == "Vocabulary(14 tokens: <pad> <unk> \\n a b c d e f g …)"


def test_json_there_and_back() -> None:
    vocabulary = Vocabulary(["é", '"', "\ud800", "日本"], (UNK, EOS))
    again = Vocabulary.from_json(vocabulary.to_json())
    assert (again.tokens, again.specials) == (vocabulary.tokens, vocabulary.specials)
    assert json.loads(vocabulary.to_json().encode()).keys() == {"specials", "tokens"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "3", "null", "{}", '{"tokens": []}', "[" * 100_000),
        *('{"specials": [], "tokens": "ab"}', '{"specials": [], "tokens": [1]}', '{"specials": [[]], "tokens": []}'),
        json.dumps({"specials": [], "tokens": ["a" * 999] * 2}),
    ],
)
def test_other_json_is_no_vocabulary(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Vocabulary\.from_json\(\): this is no vocabulary \(") as error:
        Vocabulary.from_json(text)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Vocabulary(["a", "b", "a"]), ValueError, "the token 'a' is given twice"),
        (lambda: Vocabulary([PAD]), ValueError, "'<pad>' is given twice"),
        (lambda: Vocabulary(["a", ["b"]]), TypeError, r"tokens are strings, not list \(\['b'\]\)"),
        (lambda: Vocabulary.of(WORDS, min_count=0), ValueError, "min_count=0, max_size=None"),
        (lambda: Vocabulary.of(WORDS, max_size=1), ValueError, "max_size=1: .* room for 2 special tokens"),
        (lambda: Vocabulary.of(WORDS).encode(TEXT), TypeError, r"tokens are words, such as 'so'\n.*encode\(words"),
        (lambda: Vocabulary.of(WORDS)["bee"], KeyError, "bee"),
        (lambda: Vocabulary.of(WORDS).decode([0, 8]), IndexError, "8 is the number of no token; there are 8"),
        (lambda: Vocabulary.of(WORDS).decode([-1]), IndexError, "-1 is the number of no token"),
        (lambda: Vocabulary.of(WORDS).decode([[1]]), ValueError, r"shape \(1, 1\) were given; one axis"),
        (lambda: Vocabulary.of(WORDS).decode([1.0]), TypeError, "whole numbers are needed, not float64"),
    ],
)
def test_says_what_is_wrong(make, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()


# ---- word vectors for a vocabulary

VECTORS = glove.Vectors(["the", "so", "be", PAD], np.float32([[1, 5], [3, 5], [7, 8], [9, 9]]))


def test_tokens_get_their_vectors_and_others_random_ones() -> None:
    vocabulary = Vocabulary.of(WORDS)  # so , : be it long
    weight, found, coverage = pretrained(vocabulary, VECTORS)
    assert (weight.dtype, weight.shape) == (np.float32, (8, 2))
    assert vocabulary.tokens[2] == "so"
    assert found.tolist() == [False, False, True, False, False, True, False, False]
    assert coverage == 2 / 6
    np.testing.assert_array_equal(weight[[0, 2, 5]], [[0, 0], [3, 5], [7, 8]])
    rest = weight[[1, 3, 4, 6, 7]]
    assert len(np.unique(rest)) == rest.size
    np.testing.assert_array_equal(weight, pretrained(vocabulary, VECTORS).weight)
    assert not np.isin(rest, pretrained(vocabulary, VECTORS, seed=1).weight).any()


def test_random_rows_are_spread_as_the_vectors_are() -> None:
    rng = np.random.default_rng(0)
    names = [f"w{i}" for i in range(2000)]
    vectors = glove.Vectors(names[:1000], np.float32(rng.normal([3, -1], [0.5, 2], (1000, 2))))
    weight = pretrained(Vocabulary(names), vectors).weight[1002:]
    np.testing.assert_allclose(weight.mean(0), [3, -1], atol=0.2)
    np.testing.assert_allclose(weight.std(0), [0.5, 2], rtol=0.1)


def test_a_random_row_does_not_depend_on_what_else_is_found() -> None:
    vocabulary = Vocabulary(["so", "be", "it"], ())
    few = glove.Vectors(["be"], np.float32([[1, 2]]))
    more = glove.Vectors(["be", "so"], np.float32([[1, 2], [1, 2]]))
    np.testing.assert_array_equal(pretrained(vocabulary, few).weight[2], pretrained(vocabulary, more).weight[2])


def test_vectors_of_other_words_are_told() -> None:
    with pytest.raises(ValueError, match=r"not one of Vocabulary\(3 tokens: <pad> <unk> x\) is among the 4 words"):
        pretrained(Vocabulary(["x"]), VECTORS)
