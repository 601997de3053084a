"""The lab fashion-cnn: seconds-long on few articles, the same on both engines."""

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from curves import first_losses
from rich.console import Console

import chainrule as cr
from chainrule import labs
from chainrule.data import Draws, fashion_mnist
from chainrule.labs import fashion_cnn
from chainrule.labs._clothes import (
    CLASSES,
    Clothes,
    articles,
    augmentation,
    by_chance,
    in_family,
    mistakes,
    with_mirror,
)
from chainrule.labs._fashion_report import EXERCISE, EXPLORED, Learned, the_training
from chainrule.labs.fashion_cnn import ALL_STEPS, FULL, SEARCH, Settings, exercise, explored, steps, training
from chainrule.report import layers
from chainrule.train import Epoch, one_cycle


@pytest.fixture(scope="module")
def clothes() -> Clothes:
    return articles(False, None, 300)


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("fashion-cnn", fashion_cnn.LAB, settings, Console(file=file, width=100)), file.getvalue()


def few(clothes: Clothes) -> Any:
    return lambda *_: clothes.first(60, 30, 40)


# ------------------------------------------------------------------------------------------ runs


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_articles(engine: Any, clothes: Clothes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(fashion_cnn, "articles", few(clothes))
    status, text = carry_out(Settings(epochs=2, exercise_epochs=2, engine=engine, out=tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "two epochs on 60 articles cannot reach 70 %"
    assert "62,730" in text
    titles = ["Ten kinds", "The exercise", "What the output", "Training the", "Test of", "A deeper", "Both networks"]
    places = [page.index(f">{title}") for title in [*titles, "What the explored"]]
    assert places == sorted(places)
    assert "Are they reasonable?" in page
    models = [line.split(",")[0] for line in (tmp_path / "metrics.csv").read_text().splitlines()[1:]]
    assert models == [EXERCISE, EXERCISE, EXPLORED, EXPLORED]


@pytest.mark.parametrize(
    ("epochs", "told"),
    [
        (2, "epochs (the exercise asks for 5)."),
        (5, "epochs."),
        (6, "epochs (the exercise asks for 5; so few articles are passed over more often)."),
    ],
)
def test_other_epochs_than_the_exercise_asks_for_are_told_of(
    epochs: int, told: str, clothes: Clothes, tmp_path: Path
) -> None:
    run = labs.Run("fashion-cnn", fashion_cnn.LAB, Settings(out=tmp_path), Console(file=io.StringIO()))
    history = [Epoch(i, 1.0, 1.0, {"test accuracy": 0.5}) for i in range(1, epochs + 1)]
    the_training(run, clothes, Learned(None, history, np.zeros((1, 10)), np.zeros(1)))
    assert told in " ".join(str(run.sections[-1].blocks[0]).split())


def test_the_model_of_a_run_names_articles(clothes: Clothes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_cnn, "articles", few(clothes))
    carry_out(Settings(epochs=1, exercise_epochs=1, out=tmp_path))
    PIL.Image.fromarray(255 - fashion_mnist.excerpt().test.images[8]).save(tmp_path / "bag.png")
    file = io.StringIO()
    assert labs.predict(labs.Predict(tmp_path, (str(tmp_path / "bag.png"),)), Console(file=file, width=100)) == 0
    assert any(name in file.getvalue() for name in CLASSES)


def test_the_search_takes_every_step_and_leaves_the_test_set_alone(
    clothes: Clothes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = clothes._replace(x_test=np.full_like(clothes.x_test, np.nan))
    monkeypatch.setattr(fashion_cnn, "articles", few(blind))
    settings = replace(SEARCH, epochs=1, exercise_epochs=1, out=tmp_path)
    status, text = carry_out(settings)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1
    assert "validation accuracy, all steps" in text
    assert "test accuracy" not in text
    assert all(name in page for name in steps(settings))


def test_each_step_adds_one_thing() -> None:
    chain = [vars(settings) for settings in steps(FULL).values()]
    changed = [{key for key in a if a[key] != b[key]} for a, b in pairwise(chain)]
    assert changed == [{"norm", "lr"}, {"weight_decay"}, {"augment"}, {"smoothing"}, {"dropout"}]
    assert chain[-2] == vars(FULL) == vars(steps(FULL)[ALL_STEPS])


@pytest.mark.parametrize(
    ("name", "dtype", "steps"), [(EXERCISE, np.float32, 50), (EXPLORED, np.float64, 50), (EXPLORED, np.float32, 5)]
)
def test_both_engines_have_the_same_loss_curve(name: str, dtype: type, steps: int, clothes: Clothes) -> None:
    """In float64, and for the first steps in float32.

    In float32 some maximum or ReLU of the deep network soon falls to the other side by rounding: its curves part then.
    """
    torch, curves = pytest.importorskip("torch"), []
    settings, data = Settings(batch_size=16), clothes._replace(x=clothes.x.astype(dtype))
    for engine in (cr, torch):
        parts = training(name, data, engine, settings)
        parts[0].to(getattr(engine, dtype.__name__))
        curves.append(first_losses(steps, *parts, 10, schedule=one_cycle))
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert curves[0][-1] < curves[0][0]


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match=r"--dropout 1\.0: at least 0 and less than 1"):
        Settings(dropout=1.0)
    with pytest.raises(ValueError, match="--exercise-epochs 0: it must be at least 1"):
        Settings(exercise_epochs=0)


# ------------------------------------------------------------------------------------------ networks, data


def test_the_exercises_network_has_the_shapes_and_parameters_asked_for(clothes: Clothes) -> None:
    table = layers(cr, exercise(cr.nn), clothes.x[:1])
    assert [o.shape for o in table] == [(32, 28, 28), (32, 28, 28), (32, 14, 14), (6272,), (10,), (10,)]
    assert [o.parameters for o in table] == [320, 0, 0, 0, 62_730, 0]


def test_the_explored_network_ends_in_one_number_a_channel(clothes: Clothes) -> None:
    for settings in (FULL, replace(FULL, norm=False, dropout=0.5)):
        table = layers(cr, explored(cr.nn, settings), clothes.x[:1])
        assert table[-1].input_shape == (1, 128)
        assert any(o.name == "BatchNorm2d" for o in table) == settings.norm


def test_articles_come_in_three_parts(clothes: Clothes) -> None:
    assert [len(part) for part in (clothes.x, clothes.x_valid, clothes.x_test)] == [1200, 300, 500]
    assert abs(clothes.x.mean()) < 1e-5
    assert clothes.x.std() == pytest.approx(1, abs=1e-5)
    assert np.bincount(clothes.y_valid).tolist() == [30] * 10


def test_augmentation_moves_and_mirrors_on_the_background() -> None:
    x = np.full((200, 1, 28, 28), -0.8, np.float32)
    x[:, 0, 10, 5] = 1
    empty = np.zeros(0)
    data = Clothes(x, empty, x, empty)
    y = augmentation(data)(x, Draws(1, 0, np.arange(200)))
    places = np.argwhere(y[:, 0] == 1)
    assert len(places) == 200
    assert set(places[:, 1].tolist()) == {8, 9, 10, 11, 12}
    assert set(places[:, 2].tolist()) == {3, 4, 5, 6, 7, 20, 21, 22, 23, 24}
    assert np.unique(y).tolist() == np.unique(x).tolist()


# ------------------------------------------------------------------------------------------ answers


def test_the_mirror_image_has_half_a_say() -> None:
    weight = np.zeros((2, 4), np.float32)
    weight[0, 0], weight[1, 3] = 1, 2
    model = cr.nn.Sequential(cr.nn.Flatten(), cr.nn.Linear(4, 2, bias=False))
    model.load_state_dict({"1.weight": cr.from_numpy(weight)})
    x = np.array([[[[1, 0, 0, 3]]]], np.float32)

    def softmax(a: float, b: float) -> Any:
        return np.exp([a, b]) / np.exp([a, b]).sum()

    expected = (softmax(1, 6) + softmax(3, 2)) / 2
    np.testing.assert_allclose(np.exp(with_mirror(cr, model, x))[0], expected, rtol=1e-6)


def test_families() -> None:
    names = {name: i for i, name in enumerate(CLASSES)}
    pairs = [("Shirt", "Coat"), ("Sandal", "Ankle boot"), ("Dress", "Trouser"), ("Bag", "Shirt")]
    true, taken = (np.array([names[pair[k]] for pair in pairs]) for k in (0, 1))
    assert in_family(true, taken).tolist() == [True, True, False, False]
    assert [by_chance(names[name]) for name in ("Shirt", "Sneaker", "Bag")] == [4 / 9, 2 / 9, 0]


def test_mistakes_are_counted_and_none_is_told() -> None:
    x, labels = np.zeros((3, 1, 28, 28)), np.array([6, 7, 8])
    answers = np.log(np.full((3, 10), 0.05)) + np.log(11) * np.eye(10)[[4, 9, 0]]
    within, blocks = mistakes(x, labels, answers)
    assert within == pytest.approx(2 / 3)
    assert "66.7 % of all mistakes stay" in " ".join(blocks[1].split())
    assert f"{100 * (4 / 9 + 2 / 9) / 3:.1f} %" in blocks[1]
    assert mistakes(x, np.array([4, 9, 0]), answers) == (1.0, ["There is no mistake to look at."])
