"""The lab char-lstm: seconds-long on little text, alike on both engines; what it measures held against plain sums."""

import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import chainrule as cr
from chainrule import labs
from chainrule.cli import main
from chainrule.data import DataLoader, shakespeare
from chainrule.labs import char_lstm
from chainrule.labs._char_report import followers, guesses
from chainrule.labs._characters import (
    Carried,
    Rolled,
    Text,
    Watch,
    as_read,
    cells,
    correlations,
    drawn,
    lstm_of,
    marks,
    read_on,
    read_windows,
    write,
)
from chainrule.labs.char_lstm import PRESETS, Settings, expected, rise_and_fall, texts, training
from chainrule.train import Callback, Checkpoint, ClipNorm, Training, fit, load_checkpoint


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    file = tmp_path_factory.mktemp("text") / "plays.txt"
    file.write_text(shakespeare.load()[:6000], encoding="utf-8")
    return Settings(text=file, embedding=8, hidden=16, layers=2, dropout=0.0, batch_size=4, steps=20, epochs=2)


@pytest.fixture(scope="module")
def text(few: Settings) -> Text:
    return texts(few)


@pytest.fixture
def model(text: Text) -> Any:
    cr.manual_seed(1)
    return lstm_of(cr.nn, len(text.vocabulary), 8, 16, 2, 0.3)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_little_text(engine: Any, few: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(engine)
    settings, file = replace(few, engine=engine, dropout=0.1, out=tmp_path / "run"), io.StringIO()
    status = labs.carry_out("char-lstm", char_lstm.LAB, settings, Console(file=file, width=200))
    assert status == 1, "140 steps of 16 cells cannot know more than counted pairs of characters"
    assert "step 1, predicted" in file.getvalue()
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    titles = ["The task", "The network", "Are the gradients", "Training", "What it says", "The held-out", "Writing at"]
    places = [page.index(f">{title}") for title in [*titles, "What a single cell"]]
    assert places == sorted(places)
    written = []
    for seed in ("1", "1", "2"):
        asked = ["sample", str(tmp_path / "run"), "--prompt", "GLOUCESTER:", "--length", "80", "--seed", seed]
        assert main(asked) == 0
        written.append(capsys.readouterr().out)
    assert written[0].startswith("GLOUCESTER:")
    assert written[0] == written[1] != written[2]
    assert main(["sample", str(tmp_path / "run"), "--prompt", "§"]) == 2
    assert "'§'" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "run"), "x"]) == 2


class Losses(Callback):
    """Collects the losses of all steps."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def step(self, training: Training) -> None:
        self.losses.append(training.current)


@pytest.mark.parametrize(("optimizer", "lr"), [("adamw", 4e-3), ("adagrad", 0.05)])
def test_both_engines_have_the_same_loss_curve(few: Settings, text: Text, optimizer: Any, lr: float) -> None:
    torch = pytest.importorskip("torch")
    curves = []
    for engine in (cr, torch):
        watch, parts = Losses(), training(text, engine, replace(few, optimizer=optimizer, lr=lr))
        carried = Carried(parts[0], parts[-1].dataset)
        fit(*parts, 1, schedule=rise_and_fall, callbacks=[carried, ClipNorm(1.0), watch])
        curves.append(watch.losses[:50])
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert len(curves[0]) == 50
    assert curves[0][-1] < curves[0][0] - 0.3


# ------------------------------------------------------------------------------------------ text and settings


def test_the_text_is_cut_in_order(few: Settings) -> None:
    whole = shakespeare.load()[:6000]
    text = texts(replace(few, characters=1000))
    assert (text.train, text.valid) == (whole[:1000], whole[5400:])
    assert set(text.vocabulary.tokens) == set(whole)


def test_auto_is_tiny_shakespeare_where_data_is_given() -> None:
    assert Settings().source == "shakespeare"
    assert Settings(data=Path("somewhere")).source == "tinyshakespeare"
    assert Settings(corpus="tweets").source == "tweets"
    assert Settings(corpus="tweets", text=Path("my/own.txt")).source == "own.txt"


def test_what_is_expected_follows_from_preset_and_text() -> None:
    def bounds(settings: Settings) -> dict[str, str]:
        return {e.name: str(e) for e in expected(settings)}

    data = Path("somewhere")
    assert bounds(Settings(data=data))["held-out loss, nats a character"] == "≤ 1.5000"
    best = bounds(replace(PRESETS["best"], data=data))
    assert best["held-out loss, nats a character"] == best["the same over windows of 256"] == "< 1.4697"
    assert bounds(PRESETS["exercise"])["characters a second"] == "≥ 13,600"
    assert "held-out loss, nats a character" not in bounds(Settings(corpus="tweets"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"dropout": 1.0}, "--dropout 1.0"), ({"hidden": 0}, "--hidden 0"), ({"clip": 0.0}, "--clip 0.0")],
)
def test_settings_that_make_no_sense(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


@pytest.mark.parametrize(("content", "message"), [("to be", "too few"), (None, "No such file")])
def test_texts_that_cannot_be_read(few: Settings, tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "short.txt"
    if content:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(labs.UsageError, match=message):
        texts(replace(few, text=file))


def test_too_few_characters_are_told_as_they_are_asked_for(few: Settings) -> None:
    with pytest.raises(labs.UsageError, match="100 characters to learn from are too few; 301 are needed"):
        texts(replace(few, characters=100))


# ------------------------------------------------------------------------------------------ streams and state


def test_every_pass_cuts_the_ring_elsewhere() -> None:
    streams = Rolled(np.arange(101), batch_size=4, steps=10, seed=1)

    def first(number: int) -> int:
        streams.roll(number)
        return int(streams[0][0][0, 0])

    assert len({first(number) for number in range(1, 6)}) > 2
    assert first(3) == first(3)
    loader = DataLoader(streams, None)
    chunks = [x.numpy() for x, _ in loader]
    assert len(chunks) == len(loader) == 3
    assert len(np.unique(np.concatenate([c.ravel() for c in chunks]))) == 100


def test_the_state_is_carried_from_chunk_to_chunk(model: Any, text: Text) -> None:
    x = text.x[None, :60]
    model.eval()
    whole = model(cr.from_numpy(x)).detach().numpy()
    model.state = None
    parts = [model(cr.from_numpy(x[:, i : i + 20])).detach().numpy() for i in range(0, 60, 20)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-4, atol=1e-5)
    model.state = None
    assert np.abs(model(cr.from_numpy(x[:, 20:40])).detach().numpy() - parts[1]).max() > 1e-3


def test_a_checkpoint_has_the_state_and_the_curve(model: Any, text: Text) -> None:
    streams = Rolled(text.x, 4, 20, 1)
    carried = Carried(model, streams)
    assert carried.state_dict(), "what is empty would not be saved"
    model(cr.from_numpy(streams[0][0]))
    carried.losses = [1.5]
    saved, before = carried.state_dict(), model.state
    other = lstm_of(cr.nn, len(text.vocabulary), 8, 16, 2, 0.3)
    again = Carried(other, streams)
    again.load_state_dict(saved)
    assert again.losses == [1.5]
    for a, b in zip(other.state, before, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


class Enough(Exception):
    """So many steps were taken."""


class StopAt(Callback):
    """Ends the training like a power cut."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def step(self, training: Training) -> None:
        if training.steps == self.steps:
            raise Enough


def test_a_training_that_was_cut_off_ends_with_the_same_weights(few: Settings, text: Text, tmp_path: Path) -> None:
    settings = replace(few, dropout=0.2)

    def learn(place: Path, stop: int, resume: Any = None) -> tuple[Any, Watch]:
        parts = training(text, cr, settings)
        watch = Watch(cr, text.vocabulary, text.train[:10], 5, lambda seen: None, 1)
        own = [Carried(parts[0], parts[-1].dataset), watch, ClipNorm(1.0), Checkpoint(place, every=20), StopAt(stop)]
        with suppress(Enough):
            fit(*parts, 2, schedule=rise_and_fall, callbacks=own, resume=resume)
        return parts[0].state_dict(), watch

    whole, seen = learn(tmp_path / "whole", 1000)
    learn(tmp_path / "cut", 93)  # in the second pass, 13 steps after a checkpoint
    again, seen_again = learn(tmp_path / "again", 1000, load_checkpoint(tmp_path / "cut"))
    for name, value in whole.items():
        assert value.numpy().tobytes() == again[name].numpy().tobytes(), name
    assert seen_again.seen == seen.seen


# ------------------------------------------------------------------------------------------ measuring and writing


def plain_losses(model: Any, x: Any, y: Any) -> Any:
    """−ln p of each next character, from an empty state, by the definition."""
    model.state = None
    model.eval()
    z = model(cr.from_numpy(x[None])).detach().numpy().astype(np.float64)
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]


def test_losses_are_averages_over_all_characters(model: Any, text: Text) -> None:
    ids = text.x_valid
    by_hand = plain_losses(model, ids[:-1], ids[1:]).mean()
    assert read_on(cr, model, ids, steps=70) == pytest.approx(by_hand, rel=1e-5)
    each = [plain_losses(model, ids[i : i + 50], ids[i + 1 : i + 51]).mean() for i in range(0, len(ids) - 50, 50)]
    assert read_windows(cr, model, ids, steps=50, batch_size=3) == pytest.approx(np.mean(each), rel=1e-5)


def test_measuring_leaves_the_model_as_it_was(model: Any, text: Text) -> None:
    model.train()
    model(cr.from_numpy(text.x[None, :10]))
    before = model.state
    read_on(cr, model, text.x_valid, streams=4)
    as_read(cr, model, text.vocabulary, "KING")
    cells(cr, model, text.x[None, :5])
    write(cr, model, text.vocabulary, "KING", 3, 1.0, 1)
    assert model.state is before
    assert model.training


def test_characters_are_drawn_by_their_probabilities() -> None:
    scores = np.log(np.array([0.5, 0.2, 0.3], np.float32))
    u = (np.arange(1000) + 0.5) / 1000
    for temperature, p in ((1.0, scores), (0.5, 2 * scores)):
        counts = np.bincount([drawn(scores, temperature, x) for x in u], minlength=3)
        np.testing.assert_allclose(counts / 1000, np.exp(p) / np.exp(p).sum(), atol=2e-3)
    assert drawn(scores, 0, 0.99) == 0
    assert drawn(scores, 1, 1 - 1e-16) == 2


def test_what_is_written_is_fed_back(model: Any, text: Text) -> None:
    prompt = text.train[:30]
    written = write(cr, model, text.vocabulary, prompt, 20, 0.0, 1)
    assert as_read(cr, model, text.vocabulary, prompt + written)[29:49] == written
    with pytest.raises(ValueError, match="the prompt is empty"):
        write(cr, model, text.vocabulary, "", 20, 1.0, 1)


def test_counted_guesses() -> None:
    train, valid = np.array([0, 1, 0, 1, 0]), np.array([0, 1, 1])
    single, pairs = guesses(train, valid, 2)
    assert single == pytest.approx(-(np.log(4 / 7) + 2 * np.log(3 / 7)) / 3)
    assert pairs == pytest.approx(-(np.log(3 / 4) + np.log(1 / 4)) / 2)


# ------------------------------------------------------------------------------------------ cells


def test_cells_are_the_state_after_every_character(model: Any, text: Text) -> None:
    ids = text.x[:24].reshape(2, 12)
    found = cells(cr, model, ids)
    assert found.shape == (2, 12, 32)
    model.eval()
    model.state = None
    model(cr.from_numpy(ids[:, :7]))
    np.testing.assert_allclose(found[:, 6, 16:], model.state[1].numpy()[1], rtol=1e-4, atol=1e-6)


def test_marks_of_a_text() -> None:
    found = marks("AB:\nOh no:\n\nC D:\nx:")
    assert found["the position in the line"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 0, 0, 1, 2, 3, 4, 0, 1]
    names = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]
    assert found["being inside a speaker's name"].tolist() == names
    assert found["the position in the word"].tolist() == [1, 2, 0, 0, 1, 2, 0, 1, 2, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0]
    assert found["being between two words"].sum() == 10


def test_correlations_are_pearsons() -> None:
    rng = np.random.default_rng(0)
    activity, mark = rng.standard_normal((50, 3)), rng.standard_normal(50)
    activity[:, 2] = 1.0
    r = correlations(activity, mark)
    np.testing.assert_allclose(r[:2], [np.corrcoef(activity[:, i], mark)[0, 1] for i in range(2)])
    assert r[2] == 0


def test_a_cell_is_chosen_on_one_half_and_judged_on_the_other() -> None:
    texts = ["to be or\nnot to", "that is\nthe ques", "tion: whe\nther it", "is nobler\nin the "]
    activity = 0.1 * np.random.default_rng(0).standard_normal((4, 15, 5))
    activity[:2, :, 3] = [-marks(text[:15])["the position in the line"] for text in texts[:2]]
    found = followers(activity, [text[:15] for text in texts])
    cell, chosen_on, elsewhere = found["the position in the line"]
    assert (cell, round(chosen_on, 6)) == (3, -1)
    assert abs(elsewhere) < 0.7
    assert "being inside a speaker's name" not in found
