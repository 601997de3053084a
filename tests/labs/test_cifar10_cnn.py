"""The lab cifar10-cnn: seconds-long on few pictures, the same on both engines."""

import dataclasses
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from curves import first_losses
from rich.console import Console

import chainrule as cr
from chainrule import labs
from chainrule.data import Draws, Images, Split, fashion_mnist
from chainrule.labs import cifar10_cnn
from chainrule.labs._cifar_report import Learned, marks, reached, spread
from chainrule.labs._photos import Photos, asked, augmentation, photos, tinted, whitening
from chainrule.labs.cifar10_cnn import FAST, FULL, Settings, Settle, initial, network, rate, training
from chainrule.report import layers, totals
from chainrule.train import Epoch, Training

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pictures() -> Photos:
    return photos(False, None)


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("cifar10-cnn", cifar10_cnn.LAB, settings, Console(file=file, width=100)), file.getvalue()


def tiny(**changes: Any) -> Settings:
    return Settings(**{"epochs": 1, "width": 8, "batch_size": 20} | changes)


# ------------------------------------------------------------------------------------------ runs


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_pictures(engine: Any, pictures: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(cifar10_cnn, "photos", lambda *_: pictures.first(60, 40))
    status, text = carry_out(tiny(engine=engine, out=tmp_path))
    page = " ".join((tmp_path / "report.html").read_text(encoding="utf-8").split())
    assert status == 1, "an epoch on 60 pictures cannot reach what is expected"
    assert "test accuracy" in text
    titles = ["Tinted articles", "The network", "How it is trained", "Training:", "Test<", "What it gets", "The first"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert "no licence under which it could be built in" in page
    assert "n = 1 training, so there is no deviation" in page


def test_several_seeds_have_a_mean_and_a_deviation(
    pictures: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar10_cnn, "photos", lambda *_: pictures.first(40, 40))
    carry_out(tiny(seeds=2, seed=5, out=tmp_path))
    page = " ".join((tmp_path / "report.html").read_text(encoding="utf-8").split())
    assert "n = 2 trainings" in page
    models = [line.split(",")[0] for line in (tmp_path / "metrics.csv").read_text().splitlines()[1:]]
    assert models == ["seed 5", "seed 6"]


def test_the_model_of_a_run_names_what_is_on_a_picture(
    pictures: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar10_cnn, "photos", lambda *_: pictures.first(40, 20))
    carry_out(tiny(out=tmp_path))
    PIL.Image.fromarray(pictures.test.images[3].transpose(1, 2, 0)).resize((90, 90)).save(tmp_path / "one.png")
    file = io.StringIO()
    assert labs.predict(labs.Predict(tmp_path, (str(tmp_path / "one.png"),)), Console(file=file, width=100)) == 0
    assert any(name in file.getvalue() for name in fashion_mnist.CLASSES)


@pytest.mark.parametrize(("dtype", "steps"), [("float64", 30), ("float32", 5)])
def test_both_engines_have_the_same_loss_curve(dtype: str, steps: int, pictures: Photos) -> None:
    """In float64, and for the first steps in float32, where soon some maximum falls to the other side by rounding."""
    torch, curves, data = pytest.importorskip("torch"), [], pictures.first(200, 0)
    for engine in (cr, torch):
        kind = getattr(engine, dtype)
        parts = training(data, engine, tiny(width=16), 1)
        parts[0].to(kind).register_forward_pre_hook(lambda _, args, kind=kind: (args[0].to(kind),))
        curves.append(first_losses(steps, *parts, 10, schedule=rate))
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert np.mean(curves[0][-3:]) < np.mean(curves[0][:3]) or steps < 10


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match=r"--averaging 1\.0: at least 0 and less than 1"):
        Settings(averaging=1.0)
    with pytest.raises(ValueError, match="--seeds 0: it must be at least 1"):
        Settings(seeds=0)


# ------------------------------------------------------------------------------------------ the network


def test_the_network_has_the_size_that_was_chosen(pictures: Photos) -> None:
    table = layers(cr, network(cr.nn, FULL.width), pictures.normalised(pictures.test.images[:1]))
    parameters, work = totals(table)
    assert table[-1].shape == (10,)
    products = [24 * 64, 64 * 64, 64 * 256, 256 * 256, 256 * 256, 256 * 256]
    pixels = [31**2, 15**2, 15**2, 7**2, 7**2, 3**2]
    convolutions = 9 * sum(pairs * places for pairs, places in zip(products, pixels, strict=True))
    norms = 2 * 64 * 15**2 + 2 * 256 * 7**2 + 2 * 256 * 3**2
    assert work == 24 * 12 * 31**2 + convolutions + 2560 + norms
    assert parameters == 24 * 13 + 9 * sum(products) + 4 * (64 + 256 + 256) + 2560


def test_the_first_layer_whitens(pictures: Photos) -> None:
    x = pictures.normalised(pictures.train.images[:300])
    filters = whitening(x)
    assert filters.shape == (24, 3, 2, 2)
    np.testing.assert_array_equal(filters[12:], -filters[:12])
    out = cr.nn.functional.conv2d(cr.from_numpy(x), cr.from_numpy(filters[:12])).numpy()
    flat = out.transpose(1, 0, 2, 3).reshape(12, -1).astype(float)
    second = flat @ flat.T / flat.shape[1]
    assert np.abs(second - np.diag(second.diagonal())).max() < 1e-3
    strengths = second.diagonal()
    assert np.all((strengths > 0.5) & (strengths <= 1 + 1e-3)), "λ / (λ + 0.0005)"


def test_a_convolution_begins_by_handing_its_input_on(pictures: Photos) -> None:
    model = initial(pictures, cr, tiny(width=32), 1)
    x = cr.randn(2, 24, 8, 8)
    np.testing.assert_allclose(model[2](x).detach().numpy()[:, :24], x.numpy(), atol=1e-5)
    assert not model[0].weight.requires_grad
    assert not model[4].weight.requires_grad


def test_shifts_learn_faster_than_weights(pictures: Photos) -> None:
    settings = tiny(lr=0.5)
    weights, shifts = training(pictures.first(40, 0), cr, settings, 1)[2].param_groups
    assert (weights["lr"], shifts["lr"]) == (0.5, 32)
    assert shifts["weight_decay"] == settings.weight_decay / 64
    assert {p.ndim for p in shifts["params"]} == {1}
    assert all(p.requires_grad for p in weights["params"] + shifts["params"])
    assert len(weights["params"]) == 7
    assert len(shifts["params"]) == 7


def test_the_first_layer_settles_after_three_epochs(pictures: Photos) -> None:
    model = initial(pictures, cr, tiny(), 1)
    under_way = Training(model, lambda y: y, None, None, 5)
    for learns in (True, True, False):
        under_way.history.append(Epoch(1, 0.0, 0.0))
        Settle().epoch(under_way)
        assert model[0].bias.requires_grad == learns
    model[0].bias.requires_grad_(True)
    Settle().begin(under_way)
    assert not model[0].bias.requires_grad, "also where a training goes on after its third epoch"


def test_the_rate_rises_and_falls() -> None:
    assert [rate(done) for done in (0, 0.23, 1)] == pytest.approx([0.2, 1, 0.07])


# ------------------------------------------------------------------------------------------ data


def test_articles_are_tinted_without_telling_their_class() -> None:
    grey = fashion_mnist.excerpt()
    train, test = tinted(grey)
    assert (train.images.shape, test.images.shape) == ((1500, 3, 32, 32), (500, 3, 32, 32))
    assert train.labels.tolist() == grey.train.labels.tolist()
    shade = train.images.astype(float).mean(axis=1)[:, 2:-2, 2:-2]
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(shade[:50], grey.train.images[:50], strict=True)]
    assert min(alike) > 0.8
    corner = train.images[:, :, 0, 0].astype(float)  # (N, 3): the ground
    by_class = [corner[train.labels == k].mean() for k in range(10)]
    assert np.ptp(by_class) < 15
    again = tinted(grey).test.images
    np.testing.assert_array_equal(test.images, again)


def test_pixels_are_normalised_in_every_channel(pictures: Photos) -> None:
    x = pictures.normalised(pictures.train.images)
    assert np.abs(x.mean(axis=(0, 2, 3))).max() < 1e-4
    assert x.std(axis=(0, 2, 3)) == pytest.approx([1, 1, 1], abs=1e-4)


def test_augmentation_moves_and_mirrors(pictures: Photos) -> None:
    x = np.full((200, 3, 32, 32), 100, np.uint8)
    x[:, :, 10, 5] = 255
    y = augmentation(pictures)(x, Draws(1, 0, np.arange(200)))
    places = np.argwhere(y[:, 0] > y[:, 0].min())
    assert len(places) == 200
    assert set(places[:, 1].tolist()) == {8, 9, 10, 11, 12}
    assert set(places[:, 2].tolist()) == {3, 4, 5, 6, 7, 24, 25, 26, 27, 28}


def test_the_copy_of_the_data_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        records = np.concatenate([np.arange(10)[:, None], rng.integers(0, 256, (10, 3072))], axis=1)
        (folder / f"{name}.bin").write_bytes(records.astype(np.uint8).tobytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = photos(True, tmp_path)
        carry_out(dataclasses.replace(tiny(), preset="fast", data=tmp_path, out=tmp_path / "run"))
    assert data.classes[3] == "cat"
    assert [len(part.labels) for part in (data.train, data.test)] == [50, 10]
    assert data.remarks[0].startswith("data_batch_1.bin: not the official file")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "The copy of the data" in page
    assert "test_batch.bin: not the official file" in page


# ------------------------------------------------------------------------------------------ answers


def test_a_picture_is_asked_about_at_nine_places_and_mirrored() -> None:
    """A model that says with which probability the middle pixel is bright."""
    weight = np.zeros((2, 9), np.float32)
    weight[0, 4] = 1
    model = cr.nn.Sequential(cr.nn.Flatten(), cr.nn.Linear(9, 2, bias=False))
    model.load_state_dict({"1.weight": cr.from_numpy(weight)})
    x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    once, mirror, moved = (float(np.exp(answers)[0, 0]) for answers in asked(cr, model, x))

    def says(*middles: float) -> float:
        return float(np.mean([1 / (1 + np.exp(-z)) for z in middles]))

    assert once == pytest.approx(says(4))
    assert mirror == pytest.approx(says(4, 4))
    assert moved == pytest.approx(says(*range(9)))


def test_the_time_of_an_accuracy_is_that_of_the_first_epoch_or_of_the_end() -> None:
    labels = np.zeros(4, int)
    said = [np.log([[0.9, 0.1]] * right + [[0.1, 0.9]] * (4 - right)) for right in (2, 3, 3)]
    history = [Epoch(n, 1.0, 60.0, {"test accuracy": share}) for n, share in ((1, 0.4), (2, 0.7), (3, 0.6))]
    one = Learned(1, None, history, said)
    assert reached(one, labels, 0.3) == ("1.0", "after epoch 1, asked once")
    assert reached(one, labels, 0.7) == ("2.0", "after epoch 2, asked once")
    assert reached(one, labels, 0.75) == ("3.0", "at the end, with the mirror image")
    assert reached(one, labels, 0.9) == ("—", "not in this training")
    assert marks(FULL) == marks(FAST) == (0.9, 0.93, 0.94)


def test_spread() -> None:
    assert spread(np.array([0.94])) == "94.00 %"
    assert spread(np.array([0.94, 0.95])) == "94.50 ± 0.71 %"


def test_first_takes_so_many() -> None:
    few = Images(np.zeros((5, 3, 32, 32), np.uint8), np.arange(5))
    data = Photos(*Split(few, few), ("a",), (0.0,), (1.0,)).first(3, 2)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 1, 2], [0, 1])
