"""The lab imdb-lstm: few reviews on both engines, its parts against independent numbers, and once in earnest."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curves import first_losses
from rich.console import Console

import chainrule as cr
from chainrule import labs, native
from chainrule.cli import main
from chainrule.data import Vocabulary
from chainrule.labs import _grammar, imdb_lstm
from chainrule.labs._bag_of_words import TfIdf, learned, logistic_regression
from chainrule.labs._imdb_explored import padded_accuracy
from chainrule.labs._imdb_report import BETTER, FINE, FROZEN, SCRATCH, UNMASKED, ahead, opposites
from chainrule.labs._imdb_words import points, verdict
from chainrule.labs._reviews import Corpus, Part, Reading, collate, corpus, cut, probabilities, stretches
from chainrule.labs._sentiment import Judged, attentive_gru, begin_with, cross_entropy, sentiment_lstm
from chainrule.labs.imdb_lstm import Settings, training
from chainrule.train import Epoch

FEW: dict[str, Any] = {"epochs": 1, "padded_epochs": 1, "better_epochs": 1, "hidden": 8, "better_hidden": 8}
STILL: dict[str, Any] = {"dropout": 0, "lstm_dropout": 0, "embedding_dropout": 0}
TITLES = [
    "The task",
    "What word counts can do",
    "The file of word vectors",
    "The network",
    "Three beginnings",
    "What fine-tuning does to the vectors",
    "Padding must not be read",
    "A better reader",
    "Where it looks",
    "Where they fail",
]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grammar, "SIZES", (200, 60))


def carry_out(settings: Settings) -> tuple[int, str]:
    pytest.importorskip("scipy")
    file = io.StringIO()
    return labs.carry_out("imdb-lstm", imdb_lstm.LAB, settings, Console(file=file, width=100)), file.getvalue()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_reviews(engine: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(engine)
    status, text = carry_out(Settings(**FEW, engine=engine, out=tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "one epoch on 180 reviews cannot reach 95 %"
    assert "not measured" not in text
    places = [page.index(f">{title}<") for title in TITLES]
    assert places == sorted(places)
    assert main(["predict", str(tmp_path), "the plot was not great ."]) == 0
    assert "the plot was not great" in capsys.readouterr().out


@pytest.mark.usefixtures("few")
def test_files_in_the_official_layout_run_through_the_same_lab(tmp_path: Path) -> None:
    reviews, vectors = _grammar.made_up(3)
    for name, part in (("train", reviews.train), ("test", reviews.test)):
        for number, (review, label) in enumerate(zip(part.texts, part.labels, strict=True)):
            folder = tmp_path / "aclImdb" / name / ("neg", "pos")[label]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}_{9 if label else 2}.txt").write_text(review, encoding="utf-8")
    rows = [f"{word} {' '.join(['0.5'] * 34 + [f'{x:.4f}' for x in v])}\n" for word, v in zip(*vectors, strict=True)]
    (tmp_path / "glove").mkdir()
    (tmp_path / "glove" / "glove.6B.50d.txt").write_text("".join(rows), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"imdb|IMDB|GloVe"):
        status, _ = carry_out(Settings(**FEW, preset="full", data=tmp_path, out=tmp_path / "run"))
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert status == 1
    assert "vector of 50 numbers" in page
    assert "IMDB" in page


@pytest.mark.skipif(native.core is None, reason="takes minutes without the native kernels")
def test_the_default_run_holds_what_it_expects(tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path))
    assert status == 0, text


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", [SCRATCH, FROZEN, FINE, UNMASKED, BETTER])
def test_both_engines_have_the_same_loss_curve(name: str) -> None:
    torch = pytest.importorskip("torch")
    settings = Settings(**FEW | STILL, batch_size=4)
    data = imdb_lstm.reviews(settings)
    curves = [first_losses(45, *training(name, data, engine, settings), 1) for engine in (cr, torch)]
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert len(set(curves[0])) > 40


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"--better-length 10: it must be at least --length 20"):
        Settings(length=20, better_length=10)
    with pytest.raises(ValueError, match=r"--lstm-dropout 1: at least 0 and below 1"):
        Settings(lstm_dropout=1)


# ------------------------------------------------------------------------------------------ reviews


def opinion(review: str) -> int:
    """What the last remark says, read by a parser that knows the grammar from its description only."""
    last = [sentence for sentence in review.split(".") if sentence.split()[:1] in (["the"], ["but"])]
    words = [own.replace("but ", "").split() for own in last if "tickets" not in own][-1]
    denied = any(word in words for word in ("not", "never", "hardly"))
    return int((words[-1] in _grammar.OPINIONS[1]) != denied)


def test_the_last_remark_of_a_made_up_review_decides() -> None:
    reviews, _ = _grammar.made_up(1)
    assert [opinion(review) for review in reviews.train.texts] == reviews.train.labels.tolist()
    assert reviews.train.labels.mean() == pytest.approx(0.5, abs=0.01)
    assert len(set(reviews.train.texts) & set(reviews.test.texts)) < len(reviews.test.texts) / 10


def test_made_up_vectors_point_alike_within_a_group() -> None:
    _, vectors = _grammar.made_up(1)
    unit = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
    row = {word: i for i, word in enumerate(vectors.words)}
    praise, blame = (unit[[row[word] for word in _grammar.OPINIONS[k]]] for k in (1, 0))
    assert (praise @ praise.T).mean() > 0.6 > 0.5 > abs((praise @ blame.T).mean())
    assert "cosine of opposites" in opposites(vectors)


def test_parts_do_not_overlap_and_the_vocabulary_is_that_of_the_training_part() -> None:
    data = corpus(None, False, 60, 1)
    assert [len(part.labels) for part in (data.train, data.valid, data.test)] == [1350, 150, 1500]
    order = np.random.default_rng(1).permutation(1500)
    reviews, _ = _grammar.made_up(1)
    assert data.valid.texts[0] == reviews.train.texts[order[1350]]
    assert data.vocabulary.tokens == Vocabulary.of(map(cut, data.train.texts), max_size=60).tokens
    assert max(tokens.max() for tokens in data.test.tokens) == 59


def some(*lengths: int) -> Part:
    rng = np.random.default_rng(0)
    return Part([""] * len(lengths), [rng.integers(2, 30, n).astype(np.int32) for n in lengths], np.zeros(len(lengths)))


def test_probabilities_come_in_the_order_of_the_part() -> None:
    cr.manual_seed(0)
    model, part = sentiment_lstm(cr.nn)(30, 4, 5, 0.0, 0.0), some(7, 1, 12, 3, 7)
    alone = [model(cr.from_numpy(collate([(own[-5:], 0)])[0])).item() for own in part.tokens]
    np.testing.assert_allclose(probabilities(cr, model, part, Reading(5)), alone, rtol=1e-5)
    np.testing.assert_allclose(probabilities(cr, model, part, Reading(5, 20)), alone, rtol=1e-5)


def test_an_empty_review_is_one_unknown_token() -> None:
    x, y = collate([(np.zeros(0, np.int32), 1.0), (np.array([5, 6], np.int32), 0.0)])
    assert x.tolist() == [[1, 0], [5, 6]]
    assert y.tolist() == [1, 0]


def test_stretches_are_groups_by_length() -> None:
    groups = stretches(some(9, 1, 5, 3, 7), 2)
    assert [(low, high, sorted(rows)) for low, high, rows in groups] == [(1, 5, [1, 2, 3]), (7, 9, [0, 4])]


# ------------------------------------------------------------------------------------------ models


@pytest.mark.parametrize("make", [sentiment_lstm, attentive_gru])
def test_padding_changes_nothing(make: Any) -> None:
    cr.manual_seed(0)
    model = make(cr.nn)(30, 4, 5, 0.0, 0.0)
    samples = [(own, 0) for own in some(7, 1, 12).tokens]
    tight, wide = (model(cr.from_numpy(collate(samples, fill)[0])).detach().numpy() for fill in (None, 40))
    np.testing.assert_allclose(tight, wide, rtol=1e-5)
    assert ((tight > 0) & (tight < 1)).all()


def test_an_lstm_that_is_not_told_the_lengths_reads_padding() -> None:
    cr.manual_seed(0)
    model, part = sentiment_lstm(cr.nn)(30, 4, 5, 0.0, 0.0), some(7, 7, 3, 12)
    part = part._replace(labels=(probabilities(cr, model, part, Reading(10)) > 0.5).astype(np.float32))
    assert padded_accuracy(cr, model, part, 10, 0) == 1
    assert model.masked
    x = cr.from_numpy(collate([(part.tokens[0], 0)], 30)[0])
    kept = model(x).item()
    model.masked = False
    assert abs(model(x).item() - kept) > 1e-4


def test_the_weights_of_attention_add_up_to_one_and_are_zero_on_padding() -> None:
    cr.manual_seed(0)
    model = attentive_gru(cr.nn)(30, 4, 5, 0.0, 0.0)
    found, weights = model.read(cr.from_numpy(collate([(own, 0) for own in some(2, 6).tokens])[0]))
    looks = weights.detach().numpy()
    assert found.shape == (2, 6, 10)
    np.testing.assert_allclose(looks.sum(1), 1, rtol=1e-6)
    assert (looks[0, 2:] == 0).all()
    assert (looks[0, :2] > 0).all()


@pytest.mark.parametrize("frozen", [False, True])
def test_frozen_vectors_stay_as_they_are(frozen: bool) -> None:
    data = corpus(None, False, 50, 1)
    model = sentiment_lstm(cr.nn)(50, 16, 4, 0.0, 0.0)
    begin_with(model, cr.from_numpy(data.vectors.weight), frozen)
    np.testing.assert_array_equal(model.embedding.weight.detach().numpy(), data.vectors.weight)
    optimizer = cr.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model(cr.from_numpy(collate([(data.train.tokens[0], 0)])[0])).sum().backward()
    optimizer.step()
    assert np.array_equal(model.embedding.weight.detach().numpy(), data.vectors.weight) == frozen


# ------------------------------------------------------------------------------------------ bag of words


def test_tf_idf_by_hand() -> None:
    pytest.importorskip("scipy")
    tokens = [[2, 2, 3], [2, 4, 1], [3, 2, 0, 3]]
    part = Part([""] * 3, [np.array(own, np.int32) for own in tokens], np.zeros(3))
    tfidf = TfIdf(part, 10)
    assert [tfidf.words(i) for i in range(len(tfidf.terms))] == [(2,), (3,)]  # 4 stands in one review only
    often, less = math.log(4 / 4) + 1, math.log(4 / 3) + 1
    first = np.array([(1 + math.log(2)) * often, less])
    last = np.array([often, (1 + math.log(2)) * less])
    expected = [first / np.linalg.norm(first), [1, 0], last / np.linalg.norm(last)]
    np.testing.assert_allclose(tfidf(part).toarray(), expected)
    both = TfIdf(part, 10, pairs=True, least=1)
    assert [both.words(i) for i in range(len(both.terms))] == [(2,), (3,), (4,), (2, 2), (2, 3), (2, 4), (3, 2)]


def test_a_review_without_known_words_is_a_row_of_zeros() -> None:
    pytest.importorskip("scipy")
    tfidf = TfIdf(some(10, 10, 10), 30)
    unknown = Part(["", ""], [np.array([1, 1]), np.zeros(0, np.int32)], np.zeros(2))
    assert not tfidf(unknown).toarray().any()


def test_logistic_regression_is_at_its_minimum() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    x, y, penalty = rng.standard_normal((40, 5)), (rng.random(40) > 0.4).astype(np.float64), 0.01
    theta = logistic_regression(sparse.csr_array(x), y, penalty)
    p = 1 / (1 + np.exp(-(x @ theta[:-1] + theta[-1])))
    np.testing.assert_allclose(x.T @ (p - y) / 40 + penalty * theta[:-1], 0, atol=1e-5)
    assert p.mean() == pytest.approx(y.mean(), abs=1e-5)


def test_the_bag_learns_what_words_tell_and_no_more() -> None:
    pytest.importorskip("scipy")
    data: Corpus = corpus(None, False, 1000, 1)
    plain = data._replace(train=tell_tale(data.train), valid=tell_tale(data.valid), test=tell_tale(data.test))
    assert ((learned(plain, False).test > 0.5) == plain.test.labels).mean() > 0.99
    assert ((learned(data, False).test > 0.5) == data.test.labels).mean() < 0.6  # where order tells all


def tell_tale(part: Part) -> Part:
    """The same reviews, but good is what has the token 5."""
    return part._replace(labels=np.array([5 in tokens for tokens in part.tokens], np.float32))


# ------------------------------------------------------------------------------------------ numbers and words


def test_cross_entropy_of_probabilities() -> None:
    found = cross_entropy(np.array([0.9, 0.2], np.float32), np.array([1.0, 0.0]))
    assert found == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2, rel=1e-6)


def test_a_lead_has_the_error_of_its_differences() -> None:
    part = Part([""] * 4, [], np.array([1.0, 1.0, 0.0, 0.0]))
    one, other = (
        Judged("", 0, np.zeros(0), np.zeros(0), np.array(p), None) for p in ([0.9] * 2 + [0.1] * 2, [0.9] * 4)
    )
    lead, error = ahead(one, other, part)
    assert lead == 50
    assert error == pytest.approx(np.std([0, 0, 100, 100], ddof=1) / 2)
    assert points(-1.234, 0.5) == "−1.23 ± 0.50"


@pytest.mark.parametrize(
    ("losses", "best", "words"),
    [
        ([0.6, 0.4, 0.3], 0.9, "not yet: still falling"),
        ([0.6, 0.4, 0.399], 0.9, "yes"),
        ([0.6, 0.4, 0.401], 0.9, "yes"),
        ([0.6, 0.4, 0.5], 0.9, "yes, and past it: overfits"),
        ([0.69, 0.68, 0.7], 0.55, "no: it still guesses"),
    ],
)
def test_whether_a_training_converged(losses: list[float], best: float, words: str) -> None:
    measured = [{"validation loss": loss, "validation accuracy": best} for loss in losses]
    history = [Epoch(i, 1.0, 1.0, metrics) for i, metrics in enumerate(measured, 1)]
    assert verdict(history) == words
