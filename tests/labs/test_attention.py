"""The lab attention: few pairs on both engines, its parts against independent numbers, and once in earnest."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curves import first_losses
from rich.console import Console

import chainrule as cr
from chainrule import labs, native
from chainrule.cli import main
from chainrule.labs import attention
from chainrule.labs._pairs import bleu, cut, dates, exact, joined, ordinal, ordinal_word, written, year_words
from chainrule.labs._translator import collate, encoded, padding_share, translate, translator
from chainrule.labs.attention import Settings, training
from chainrule.ops import additive_attention
from chainrule.train import one_cycle

FEW = {"epochs": 1, "pairs": 200, "width": 16}


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("attention", attention.LAB, settings, Console(file=file, width=100)), file.getvalue()


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_dates(
    engine: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(attention, "texts", lambda settings: dates(settings.pairs, 10, 30, settings.seed))
    status, _ = carry_out(Settings(**FEW, engine=engine, out=tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "one epoch on 200 dates cannot reach 99 %"
    titles = ["The task", "Two translators", "Training", "The test", "Where it looks", "What they write"]
    places = [page.index(f">{title}<") for title in titles]
    assert places == sorted(places)
    assert main(["predict", str(tmp_path), "3 May 1998"]) == 0
    assert "3 May 1998" in capsys.readouterr().out


def test_sentences_run_through_the_same_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sacrebleu")
    folder = tmp_path / "tatoeba-eng-fra"
    folder.mkdir()
    lines = [f"I see {n} {what}.\tJe vois {n} {quoi} !\n" for n in (2, 3, 4) for what, quoi in WORDS]
    for name in ("train", "valid", "test"):
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    with pytest.warns(UserWarning, match="tatoeba"):
        status, text = carry_out(Settings(**FEW, preset="full", data=tmp_path, out=tmp_path / "run"))
    assert status in (0, 1)
    assert "BLEU with attention" in text
    assert ">je vois 2 chats !<" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


WORDS = [("cats", "chats"), ("dogs", "chiens"), ("men's hats", "chapeaux d'homme"), ("trees in the garden", "arbres")]


@pytest.mark.skipif(native.core is None, reason="takes minutes without the native kernels")
def test_the_default_run_holds_what_it_expects(tmp_path: Path) -> None:
    status, text = carry_out(Settings(epochs=4, out=tmp_path))
    assert status == 0, text


@pytest.mark.parametrize("attends", [False, True])
def test_both_engines_have_the_same_loss_curve(attends: bool) -> None:
    torch = pytest.importorskip("torch")
    settings, corpus = Settings(width=16, batch_size=8), dates(400, 1, 1, 1)
    curves = []
    for engine in (cr, torch):
        curves.append(first_losses(50, *training(corpus, attends, engine, settings), 1, schedule=one_cycle))
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert curves[0][-1] < curves[0][0]


# ------------------------------------------------------------------------------------------ texts


def test_dates_are_written_in_nine_forms() -> None:
    forms = [written(date(1998, 5, 3), form) for form in range(9)]
    assert forms == [
        "3 May 1998",
        "May 3, 1998",
        "May 3 1998",
        "Sun, 3 May 1998",
        "Sunday, the 3rd of May 1998",
        "1998, May the 3rd",
        "the third of May, 1998",
        "Sunday, May the third, nineteen ninety-eight",
        "the third day of May in the year nineteen ninety-eight",
    ]


def test_numbers_in_words() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "30th"]
    )
    words = [ordinal_word(n) for n in range(1, 32)]
    assert len(set(words)) == 31
    assert [words[n - 1] for n in (1, 8, 9, 12, 19, 20, 22, 30)] == (
        ["first", "eighth", "ninth", "twelfth", "nineteenth", "twentieth", "twenty-second", "thirtieth"]
    )
    years = ["nineteen hundred", "nineteen oh seven", "nineteen ninety-nine", "two thousand", "two thousand and ten"]
    assert [year_words(y) for y in (1900, 1907, 1999, 2000, 2010)] == years


def test_no_day_of_the_test_is_learned() -> None:
    corpus = dates(500, 100, 200, seed=3)
    days = [{"".join(target) for _, target in part} for part in (corpus.train, corpus.valid, corpus.test)]
    assert [len(part) for part in days] == [500, 100, 200]
    assert not days[0] & days[1]
    assert not (days[0] | days[1]) & days[2]


def test_sentences_are_cut_and_joined() -> None:
    tokens = cut("L\N{RIGHT SINGLE QUOTATION MARK}aime-t-elle ?")
    assert tokens == ["l'", "aime", "-t", "-elle", "?"]
    assert joined(tokens) == "l'aime-t-elle ?"
    assert joined(cut("Oui, je le vois.")) == "oui, je le vois."


def test_scores() -> None:
    assert exact(["a", "b", "c", "d"], ["a", "b", "c", "x"]) == 75
    pytest.importorskip("sacrebleu")
    assert bleu(["je le vois bien là"], ["je le vois bien là"]) == pytest.approx(100)
    assert bleu(["nous ne savons rien"], ["je le vois bien là"]) < 10


# ------------------------------------------------------------------------------------------ the model


def test_the_attention_is_that_of_nn() -> None:
    model = translator(cr.nn, 9, 7, 8, attends=True)
    rng = np.random.default_rng(0)
    states, found = (cr.from_numpy(rng.standard_normal((2, n, d)).astype(np.float32)) for n, d in ((3, 8), (5, 16)))
    padding = cr.tensor([[False] * 5, [False] * 3 + [True] * 2])
    _, expected = additive_attention(
        states, found, found, model.query.weight, model.key.weight, model.score.weight[0], model.key.bias, padding
    )
    np.testing.assert_allclose(model.attend(states, found, padding).detach(), expected.detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("attends", [False, True])
def test_padding_changes_nothing(attends: bool) -> None:
    model = translator(cr.nn, 9, 7, 8, attends)
    alone = model(cr.tensor([[5, 6]]), cr.tensor([[2, 4]])).detach()
    padded = model(cr.tensor([[5, 6, 0, 0], [8, 7, 6, 5]]), cr.tensor([[2, 4, 0], [2, 5, 6]])).detach()
    np.testing.assert_allclose(padded[:1, :2], alone, rtol=1e-5, atol=1e-6)


def test_batches_are_padded_and_shifted_by_one() -> None:
    source, read, write = collate([(np.array([5, 6, 7]), np.array([2, 8, 3])), (np.array([5]), np.array([2, 8, 9, 3]))])
    assert source.tolist() == [[5, 6, 7], [5, 0, 0]]
    assert read.tolist() == [[2, 8, 3], [2, 8, 9]]
    assert write.tolist() == [[8, 3, 0], [8, 9, 3]]


def test_texts_of_similar_length_need_less_padding() -> None:
    alike, mixed = padding_share(dates(2000, 1, 1, 1), 32, seed=0)
    assert 0 < alike < 0.1 < mixed < 0.8


def test_translating_step_by_step_is_what_is_learned_at_once() -> None:
    """The greedy tokens are the likeliest ones of one forced pass over them, special tokens left out."""
    corpus = dates(50, 1, 5, 1)
    model = translator(cr.nn, len(corpus.source), len(corpus.target), 8, attends=True)
    sources = [source for source, _ in encoded(corpus, corpus.test)]
    tokens, weights = translate(cr, model, sources, 6)
    for source, row, weight in zip(sources, tokens, weights, strict=True):
        with cr.no_grad():
            scores = model(cr.from_numpy(source[None]), cr.tensor([[2, *row.tolist()]])).numpy()[0]
        scores[:, :3] = -np.inf
        assert scores.argmax(-1)[: len(row)].tolist() == row.tolist()
        np.testing.assert_allclose(weight[: len(row), : len(source)].sum(1), 1, rtol=1e-5)


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="--dropout 1"):
        Settings(dropout=1.0)
    with pytest.raises(ValueError, match="--width 0"):
        Settings(width=0)
    with pytest.raises(ValueError, match="--pairs 80000: there are no more than 71849 days"):
        Settings(pairs=80_000)
    assert Settings(pairs=71_849).pairs + attention.VALID + attention.TEST == 73_049  # the days of 200 years
