"""The lab mlp-init: what the beginnings are, the same on both engines, and runs on few digits."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import chainrule as cr
from chainrule import labs
from chainrule.cli import main
from chainrule.labs import mlp_init
from chainrule.labs._digits import Digits, held_out
from chainrule.labs.mlp_init import (
    GLOROT,
    NORMAL,
    ZEROS,
    Settings,
    begun,
    loss_of,
    sizes,
    switched_off,
    training,
    unlikeness,
    weights,
)

TITLES = ["The network", "Three beginnings", "2 epochs", "Why zeros stay", "Why standard normal", "Why Glorot"]


@pytest.fixture(scope="module")
def digits() -> Digits:
    return held_out(False, None).first(300, 50, 0)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_digits(engine: Any, digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(mlp_init, "held_out", lambda full, data: digits)
    settings = Settings(epochs=2, engine=engine, out=tmp_path)
    status = labs.carry_out("mlp-init", mlp_init.LAB, settings, Console(file=io.StringIO()))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    outcomes = json.loads((tmp_path / "results.json").read_text())["outcomes"]
    missed = [outcome["name"] for outcome in outcomes if not outcome["held"]]
    assert status == 1, "two epochs on 300 digits are too few"
    assert "Glorot: last loss" in missed
    assert set(missed) <= {"Glorot: last loss", "standard normal: last loss, in those of Glorot"}
    places = [page.index(f">{title}") for title in TITLES]
    assert places == sorted(places)


def test_beginnings_have_the_numbers_that_their_authors_say() -> None:
    settings = Settings()
    state = {name: begun(name, cr, settings).state_dict() for name in (ZEROS, NORMAL, GLOROT)}
    for key, inputs, outputs in (("1.weight", 784, 512), ("3.weight", 512, 256), ("5.weight", 256, 10)):
        zeros, normal, glorot = (state[name][key].numpy() for name in (ZEROS, NORMAL, GLOROT))
        d = math.sqrt(6 / (inputs + outputs))
        assert zeros.shape == (outputs, inputs)
        assert not zeros.any()
        assert normal.mean() == pytest.approx(0, abs=0.05)
        assert normal.std() == pytest.approx(1, abs=0.05)
        assert np.abs(glorot).max() == pytest.approx(d, rel=0.01)
        assert np.abs(glorot).max() <= d
        assert glorot.std() == pytest.approx(d / math.sqrt(3), rel=0.05)
    assert not any(values.numpy().any() for s in state.values() for key, values in s.items() if "bias" in key)


def test_both_engines_have_the_same_loss_curve(digits: Digits) -> None:
    torch = pytest.importorskip("torch")
    curves = []
    for engine in (cr, torch):
        model, loss, optimizer, batches = training(GLOROT, digits, engine, Settings(batch_size=6))
        curve = []
        for x, y in batches:
            value = loss(model(x), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            curve.append(value.item())
        curves.append(curve)
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert len(curves[0]) == 50
    assert np.mean(curves[0][-10:]) < np.mean(curves[0][:10])


def test_sizes_at_the_beginning(digits: Digits) -> None:
    assert sizes(begun(ZEROS, cr, Settings()), cr, digits) == [0] * 6
    first, second, outputs, *gradients = sizes(begun(NORMAL, cr, Settings()), cr, digits)
    assert first == pytest.approx(28 / math.sqrt(2), rel=0.1)
    assert second == pytest.approx(28 * 16 / math.sqrt(2), rel=0.15)
    assert outputs == pytest.approx(28 * 16 * math.sqrt(128), rel=0.3)
    for large, sensible in zip(gradients, sizes(begun(GLOROT, cr, Settings()), cr, digits)[3:], strict=True):
        assert large > 100 * sensible


def test_units_and_digits_that_are_off_are_counted(digits: Digits) -> None:
    assert switched_off(cr, begun(ZEROS, cr, Settings()), digits.x) == (1, 1)
    model = begun(GLOROT, cr, Settings())
    model[3].bias.detach().numpy()[:64] = -1e6
    dead, silent = switched_off(cr, model, digits.x)
    assert 0.25 <= dead < 0.3
    assert silent == 0
    assert switched_off(cr, model, digits.x[:1])[0] > dead


def test_units_that_began_alike_stay_alike(digits: Digits) -> None:
    model, loss, optimizer, batches = training(ZEROS, digits, cr, Settings(lr=0.5), "Sigmoid")
    for x, y in batches:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    assert np.abs(weights(model)).max() > 0.01
    assert unlikeness(model) < 1e-3
    assert unlikeness(begun(GLOROT, cr, Settings())) > 1


def test_loss_of_is_the_mean_cross_entropy() -> None:
    outputs, labels = np.array([[1000.0, 0.0], [0.0, math.log(3)]], np.float32), np.array([1, 1])
    assert loss_of(outputs, labels) == pytest.approx((1000 + math.log(4 / 3)) / 2)


def test_the_size_of_the_network_is_that_of_the_exercise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Settings().parameters == 535_818
    wide = Settings(hidden=(500, 500))
    assert wide.parameters == sum(w.numel() for w in begun(GLOROT, cr, wide).parameters())
    for words in (["10", "10"], ["1000", "1000"], ["-5", "9"]):
        with pytest.raises(SystemExit):
            main(["run", "mlp-init", "--out", str(tmp_path), "--hidden", *words])
        told = " ".join(capsys.readouterr().err.replace("│", " ").split())
        assert "parameters, expected 500,000 to 1,000,000" in told
