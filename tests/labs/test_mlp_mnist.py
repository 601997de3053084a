"""The lab mlp-mnist: the class by hand against known numbers, finite differences and PyTorch, and short runs."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from chainrule import labs
from chainrule.cli import main
from chainrule.io import load_npz
from chainrule.labs import mlp_mnist
from chainrule.labs._digits import Digits
from chainrule.labs._mlp import (
    ACTIVATIONS,
    MLP,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
    get_training_stats,
    learn,
    random_normal_weight_init,
    zeros_bias_init,
)  # fmt: skip
from chainrule.labs._mlp_checks import MODULES, all_checked, difference_from_the_tape, on_the_tape
from chainrule.labs.mlp_mnist import FILE, Settings, network, rows
from chainrule.train import Epoch, NonFiniteLoss


@pytest.fixture(scope="module")
def digits() -> Digits:
    return mlp_mnist.digits(Settings())


def small(activation: Any = ReLU, seed: int = 0, **options: Any) -> MLP:
    init = partial(random_normal_weight_init, rng=np.random.default_rng(seed))
    return MLP((6, 5, 4, 3), activation, init, **options)


def batch(n: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((n, 6)).astype(np.float32), rng.integers(0, 3, n)


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("mlp-mnist", mlp_mnist.LAB, settings, Console(file=file, width=100)), file.getvalue()


@pytest.mark.parametrize(
    ("learned", "tested", "told"),
    [
        (0.0, 0.02, "by heart, down to what is peculiar"),
        (0.025, 0.06, "carries over in part"),
        (0.02, 0.03, "not by heart"),
        (0.0, 0.0, "not by heart"),
    ],
)
def test_what_carries_over(learned: float, tested: float, told: str) -> None:
    assert told in mlp_mnist.what_carries_over(learned, tested)


@pytest.mark.parametrize("hidden", [(), (8,)])
def test_slopes_are_told_of_where_there_are_activations(
    hidden: tuple[int, ...], tmp_path: Path, digits: Digits
) -> None:
    settings = Settings(hidden=hidden, out=tmp_path)
    run = labs.Run("mlp-mnist", mlp_mnist.LAB, settings, Console(file=io.StringIO()))
    mlp_mnist.the_comparison(run, settings, digits.first(100, 0, 50))
    told = " ".join(str(run.sections[-1].blocks[-1]).split())
    assert "Fastest here was" in told
    assert ("times what arrives there through ReLU" in told) == bool(hidden)


# ---------------------------------------------------------------------------------------------- the class


@pytest.mark.parametrize(
    ("kind", "values", "slopes"),
    [
        (Sigmoid, [0.26894142, 0.5, 0.88079708], [0.19661193, 0.25, 0.10499359]),
        (Tanh, [-0.76159416, 0, 0.96402758], [0.41997434, 1, 0.07065082]),
        (ReLU, [0, 0, 2], [0, 0, 1]),
    ],
)
def test_activations(kind: Any, values: list[float], slopes: list[float]) -> None:
    activation = kind()
    x = np.array([[-1, 0, 2]], np.float32)
    np.testing.assert_allclose(activation(x)[0], values, rtol=1e-6)
    np.testing.assert_allclose(activation.derivative()[0], slopes, rtol=1e-5)
    assert activation.derivative().dtype == np.float32


def test_softmax_cross_entropy() -> None:
    loss, x = SoftmaxCrossEntropy(), np.log(np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]))
    assert loss(x, np.array([2, 0])) == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2)
    expected = np.array([[0.2, 0.3, -0.5], [-0.9, 0.8, 0.1]]) / 2
    np.testing.assert_allclose(loss.derivative(), expected, atol=1e-12)


def test_initial_values() -> None:
    w = random_normal_weight_init(784, 500, np.random.default_rng(0))
    assert w.shape == (500, 784)
    assert w.dtype == np.float32
    assert abs(w.mean()) < 1e-3
    assert w.std() == pytest.approx((2 / 784) ** 0.5, rel=0.01)
    assert zeros_bias_init(5).tolist() == [0] * 5


@pytest.mark.parametrize("seed", range(5))
def test_every_gradient_is_right(seed: int) -> None:
    checks = all_checked(seed)
    assert [name for name, report in checks if not report] == []
    assert len(checks) == 7


def test_the_check_finds_a_wrong_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tanh, "derivative", lambda self: 1 - self.state)
    assert [name for name, report in all_checked(seed=0) if not report] == ["tanh", "MLP, tanh"]


def test_gradients_are_those_of_the_tape_and_add_up_until_they_are_zeroed() -> None:
    mlp, (x, y) = small(), batch()
    assert difference_from_the_tape(mlp, x, y) < 1e-7
    once = [g.copy() for g in mlp.dW + mlp.db]
    mlp.backward(y)
    for g, before in zip(mlp.dW + mlp.db, once, strict=True):
        np.testing.assert_allclose(g, 2 * before, rtol=1e-6)
    mlp.zero_grads()
    assert not any(g.any() for g in mlp.dW + mlp.db)


def test_a_step_has_momentum() -> None:
    mlp = small(lr=0.5, momentum=0.8)
    start = mlp.b[0].copy()
    for g in (1.0, 2.0):
        mlp.zero_grads()
        mlp.db[0] += np.float32(g)
        mlp.step()
    np.testing.assert_allclose(mlp.b[0], start - 0.5 * 1 - 0.5 * (0.8 * 1 + 2), rtol=1e-6)


def test_loss_and_error_are_those_of_the_latest_outputs() -> None:
    mlp, (x, y) = small(), batch()
    outputs = mlp(x)
    assert mlp.get_error(outputs.argmax(axis=1)) == 0
    assert mlp.get_error((outputs.argmax(axis=1) + 1) % 3) == 1
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    assert mlp.get_loss(y) == pytest.approx(-np.log(p[np.arange(7), y]).mean(), rel=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_loss_curve_is_that_of_pytorch(name: Any, digits: Digits) -> None:
    torch = pytest.importorskip("torch")
    settings = Settings(hidden=(32, 16), activation=name)
    mlp = network(settings, np.random.default_rng(3))
    ours = on_the_tape(mlp)
    model = torch.nn.Sequential(*(
        getattr(torch.nn, type(layer).__name__)(*layer.weight.shape[::-1])
        if hasattr(layer, "weight") else getattr(torch.nn, type(layer).__name__)()
        for layer in ours.children()
    ))  # fmt: skip
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in mlp.state().items()})
    optimizer = torch.optim.SGD(model.parameters(), lr=settings.lr, momentum=settings.momentum)
    curve, theirs = [], []
    for start in range(0, 60 * 32, 32):
        x, y = rows(digits.x)[start : start + 32], digits.y[start : start + 32]
        curve.append(learn(mlp, x, y)[0])
        loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        theirs.append(loss.item())
    np.testing.assert_allclose(curve, theirs, rtol=1e-4)
    assert np.mean(curve[-5:]) < np.mean(curve[:5])
    assert set(MODULES) == set(ACTIVATIONS.values())


def test_training_stats_have_a_number_for_every_epoch(digits: Digits) -> None:
    few, told = digits.first(300, 0, 100), list[Epoch]()
    mlp = network(Settings(hidden=(16,)), np.random.default_rng(0))
    train, test = (rows(few.x), few.y), (rows(few.x_test), few.y_test)
    stats = get_training_stats(mlp, train, test, 4, 32, np.random.default_rng(0), told.append)
    assert [len(values) for values in stats] == [4] * 4
    assert stats.training_losses[-1] < stats.training_losses[0]
    assert stats.training_errors[-1] < stats.training_errors[0]
    mlp.forward(test[0])
    assert stats.test_losses[-1] == mlp.get_loss(test[1])
    assert stats.test_errors[-1] == mlp.get_error(test[1])
    assert [epoch.number for epoch in told] == [1, 2, 3, 4]
    assert told[-1].metrics["test error"] == stats.test_errors[-1]
    assert mlp.lr == Settings().lr


def test_a_loss_without_bounds_stops_the_training(digits: Digits) -> None:
    few = digits.first(200, 0, 50)
    mlp = network(Settings(hidden=(16,), lr=1e30), np.random.default_rng(0))
    part = (rows(few.x), few.y)
    with pytest.raises(NonFiniteLoss, match=r"in epoch 1: take a smaller learning rate than 1e\+30"):
        get_training_stats(mlp, part, part, 2, 32, np.random.default_rng(0))


# ---------------------------------------------------------------------------------------------- its file


def test_a_saved_network_is_loaded_again(tmp_path: Path) -> None:
    mlp, other, (x, _) = small(seed=1), small(seed=2), batch()
    mlp.save(tmp_path / FILE)
    assert (other(x) != mlp(x)).any()
    other.load(tmp_path / FILE)
    np.testing.assert_array_equal(other(x), mlp(x))
    model = on_the_tape(small(seed=3))
    model.load_state_dict(load_npz(tmp_path / FILE))
    np.testing.assert_array_equal(model[0].weight.detach().numpy(), mlp.W[0])


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    small().save(tmp_path / FILE)
    other = MLP((6, 3), ReLU, partial(random_normal_weight_init, rng=np.random.default_rng(0)))
    with pytest.raises(ValueError, match=r"p1_model.npz: the network has 0.weight \(3, 6\), .* 0.weight \(5, 6\)"):
        other.load(tmp_path / FILE)


# ---------------------------------------------------------------------------------------------- the lab


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    folder = tmp_path_factory.mktemp("run")
    return folder, *carry_out(Settings(hidden=(32, 16), epochs=2, out=folder))


def test_a_short_run_reports_in_order(run: tuple[Path, int, str]) -> None:
    folder, status, text = run
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert status == 1, "two epochs on a small network cannot reach 92 %"
    assert text.count("yes") == 4
    titles = ["The way forward", "The way back", "Are the gradients", "Training", "Test", "What the activ", "The saved"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert "--hidden 32 16 --epochs 2" in page
    assert [line.split(",")[0] for line in (folder / "metrics.csv").read_text().splitlines()] == ["model", "MLP", "MLP"]


def test_the_model_of_a_run_recognises_a_picture(
    run: tuple[Path, int, str], digits: Digits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mlp = network(Settings(hidden=(32, 16)), np.random.default_rng(0))
    mlp.load(run[0] / FILE)
    row = int(np.flatnonzero(mlp(rows(digits.x_test)).argmax(axis=1) == digits.y_test)[0])
    pixels = digits.x_test[row, 0] * digits.deviation + digits.mean
    Image.fromarray(pixels.round().astype(np.uint8)).save(tmp_path / "digit.png")
    assert main(["predict", str(run[0]), str(tmp_path / "digit.png")]) == 0
    assert f" {digits.y_test[row]} " in capsys.readouterr().out.splitlines()[-1]


def test_the_default_run_holds_what_it_expects(tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path))
    assert status == 0, text


def test_a_table_of_one_colour_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "blank.csv"
    path.write_text("\n".join(",".join([str(y), *["7"] * 784]) for y in range(10)))
    with pytest.raises(labs.UsageError, match="all pixels of the training images are the same"):
        mlp_mnist.digits(Settings(csv=path))


def test_digits_come_from_a_table(tmp_path: Path, digits: Digits) -> None:
    pixels = (digits.x[:20] * digits.deviation + digits.mean).round().astype(int).reshape(20, -1)
    path = tmp_path / "digits.csv"
    path.write_text("\n".join(",".join(map(str, [y, *row])) for y, row in zip(digits.y, pixels, strict=False)))
    alone = mlp_mnist.digits(Settings(csv=path))
    assert (len(alone.y), len(alone.y_test)) == (18, 2)
    np.testing.assert_array_equal(np.concatenate([alone.y, alone.y_test]), digits.y[:20])
    both = mlp_mnist.digits(Settings(csv=path, csv_test=path))
    np.testing.assert_array_equal(both.x, both.x_test)
    np.testing.assert_allclose(both.x.ravel() * both.deviation + both.mean, pixels.ravel(), atol=1e-3)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--csv", "missing.csv"], "missing.csv: No such file"),
        (["--csv", __file__], "test_mlp_mnist.py: line 3 has 1 values, expected 785"),
        (["--csv-test", __file__], "--csv-test needs --csv"),
        (["--hidden", "0"], "--hidden 0: it must be at least 1"),
        (["--momentum", "1"], "--momentum 1.0: it must be at least 0 and less than 1"),
        (["--lr", "-1"], "--lr -1.0: it must be a positive number"),
    ],
)
def test_mistakes_are_told(words: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status: Any = main(["run", "mlp-mnist", "--out", str(tmp_path), *words])
    except SystemExit as told_by_the_parser:
        status = told_by_the_parser.code
    assert status == 2
    assert text in " ".join(capsys.readouterr().err.split())
