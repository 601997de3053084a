"""The lab lenet-mnist: seconds-long on few digits, the same on both engines, and once in earnest."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curves import first_losses
from rich.console import Console

import chainrule as cr
from chainrule import labs, native
from chainrule.labs import lenet_mnist
from chainrule.labs._digits import Digits
from chainrule.labs.lenet_mnist import Settings, lenet, training
from chainrule.report import layers
from chainrule.train import one_cycle


@pytest.fixture(scope="module")
def digits() -> Digits:
    return lenet_mnist.digits(Settings())


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("lenet-mnist", lenet_mnist.LAB, settings, Console(file=file, width=100)), file.getvalue()


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_digits(engine: Any, digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(lenet_mnist, "digits", lambda settings: digits.first(100, 0, 50))
    status, text = carry_out(Settings(epochs=2, engine=engine, out=tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "two epochs on 100 digits cannot reach 94 %"
    assert "44,426" in text
    titles = ["What goes in and out", "Are the gradients right?", "Training", "Test", "What it has learned", "Why conv"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert (tmp_path / "weights.safetensors").is_file()


@pytest.mark.skipif(native.core is None, reason="takes a minute without the native kernels")
def test_the_default_run_holds_what_it_expects(tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path))
    assert status == 0, text


def test_both_engines_have_the_same_loss_curve(digits: Digits) -> None:
    torch = pytest.importorskip("torch")
    settings = Settings()
    ours, theirs = (
        first_losses(50, *training(lenet, digits, engine, settings), settings.epochs, schedule=one_cycle)
        for engine in (cr, torch)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert len(ours) == 50
    assert ours[-1] < ours[0]


def test_the_layer_table_has_the_numbers_of_the_exercise(digits: Digits) -> None:
    table = layers(cr, lenet(cr.nn), digits.x[:1])
    assert [o.parameters for o in table if o.parameters] == [156, 2416, 30840, 10164, 850]
    assert [o.shape for o in table[:7]] == [
        (6, 24, 24), (6, 12, 12), (6, 12, 12), (16, 8, 8), (16, 4, 4), (16, 4, 4), (256,)
    ]  # fmt: skip
    assert table[0].arithmetic == "⌊(28 − 5) / 1⌋ + 1 = 24"


def test_digits_are_normalised_and_ready_for_the_network(digits: Digits) -> None:
    assert digits.x.shape == (2000, 1, 28, 28)
    assert digits.x_test.shape == (500, 1, 28, 28)
    assert digits.x.dtype == np.float32
    assert digits.y.dtype == np.int64
    assert abs(digits.x.mean()) < 1e-5
    assert digits.x.std() == pytest.approx(1, abs=1e-5)


def test_shifted_moves_right_and_down() -> None:
    x = np.zeros((1, 1, 28, 28), np.float32)
    x[0, 0, 10, 20] = 1
    for right, down in [(3, 0), (-2, 0), (0, 4), (0, -1)]:
        moved = lenet_mnist.shifted(x, right, down)
        assert np.argwhere(moved[0, 0]).tolist() == [[10 + down, 20 + right]]


def test_scrambled_uses_one_order_for_all(digits: Digits) -> None:
    data = digits.first(20, 0, 10)
    mixed = lenet_mnist.scrambled(data, seed=1)
    marks = data._replace(x=np.arange(784, dtype=np.float32).reshape(1, 1, 28, 28))
    order = lenet_mnist.scrambled(marks, seed=1).x.ravel().astype(int)
    assert sorted(order) == list(range(784))
    for before, after in ((data.x, mixed.x), (data.x_test, mixed.x_test)):
        np.testing.assert_array_equal(after.reshape(-1, 784), before.reshape(-1, 784)[:, order])


def test_maps_of_a_convolution_move_with_the_digit(digits: Digits) -> None:
    x = digits.x_test[:10]
    assert lenet_mnist.equivariance(cr, cr.nn.Conv2d(1, 3, 5), x) < 1e-5
    assert lenet_mnist.equivariance(cr, cr.nn.Conv2d(1, 3, 5, stride=3), x) > 1e-2
