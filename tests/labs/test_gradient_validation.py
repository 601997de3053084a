"""The lab gradient-validation: its differences and derivatives on functions that are known, and runs on few digits."""

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
from chainrule.labs import gradient_validation
from chainrule.labs._digits import Digits, held_out
from chainrule.labs.gradient_validation import (
    DOUBLE,
    SINGLE,
    STEPS,
    Probe,
    Sample,
    Settings,
    best_step,
    errors,
    network,
    roundoff,
    slope,
    training,
    undecided,
)  # fmt: skip

TITLES = ["The network and the digit", "Gradients and diff", "The error by N", "Why it falls", "What follows"]


@pytest.fixture(scope="module")
def digits() -> Digits:
    return held_out(False, None).first(500, 100, 0)


def probe(precision: str, digits: Digits, engine: Any = cr, layer: int = 2) -> Probe:
    model = training(digits, engine, Settings(hidden=(12, 8)))[0]
    return Probe(engine, model, Sample(digits.x[:1], digits.y[:1]), layer, precision)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_digits_holds_what_it_expects(
    engine: Any, digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(gradient_validation, "held_out", lambda full, data: digits)
    file = io.StringIO()
    settings = Settings(hidden=(32, 16), engine=engine, out=tmp_path)
    status = labs.carry_out("gradient-validation", gradient_validation.LAB, settings, Console(file=file, width=120))
    assert status == 0, file.getvalue()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    places = [page.index(f">{title}") for title in TITLES]
    assert places == sorted(places)
    assert json.loads((tmp_path / "results.json").read_text())["values"]["least error in float64"] > 0


def test_a_network_that_learned_nothing_is_told_and_the_report_written(
    digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient_validation, "held_out", lambda full, data: digits)
    file = io.StringIO()
    settings = Settings(hidden=(32, 16), lr=1e6, epochs=1, out=tmp_path)
    status = labs.carry_out("gradient-validation", gradient_validation.LAB, settings, Console(file=file, width=120))
    assert status == 1
    assert "nothing to compare: take a smaller learning rate than 1e+06" in " ".join(file.getvalue().split())
    assert "nothing to compare" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_numbers_of_steps_are_those_of_the_exercise() -> None:
    assert STEPS == [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000, 100_000, 500_000]


def test_both_engines_have_the_same_loss_curve(digits: Digits) -> None:
    torch = pytest.importorskip("torch")
    curves = []
    for engine in (cr, torch):
        model, loss, optimizer, batches = training(digits, engine, Settings(batch_size=10))
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


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_differences_agree_with_the_gradient_of_the_same_weights(layer: int, digits: Digits) -> None:
    double = probe(DOUBLE, digits, layer=layer)
    gradient = double.gradient()
    assert gradient.shape == (10,)
    assert np.abs(gradient).max() > 1e-4
    np.testing.assert_allclose(double.difference(10_000), gradient, atol=1e-9)


def test_both_engines_find_the_same_differences(digits: Digits) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = probe(DOUBLE, digits), probe(DOUBLE, digits, torch)
    np.testing.assert_allclose(ours.gradient(), theirs.gradient(), rtol=1e-9)
    np.testing.assert_allclose(ours.difference(10), theirs.difference(10), rtol=1e-9)


def test_a_probe_leaves_the_weights_as_they_are(digits: Digits) -> None:
    model = training(digits, cr, Settings(hidden=(12, 8)))[0]
    before = [p.detach().numpy().copy() for p in model.parameters()]
    for precision in (SINGLE, DOUBLE):
        one = Probe(cr, model, Sample(digits.x[:1], digits.y[:1]), 2, precision)
        weights = one.values.copy()
        errors(one)
        one.third_derivative()
        np.testing.assert_array_equal(one.values, weights)
        assert one.values.dtype == precision
    for p, values in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), values)


def test_errors_are_what_taylor_and_rounding_say(digits: Digits) -> None:
    single, double = probe(SINGLE, digits), probe(DOUBLE, digits)
    found = errors(double)
    assert slope(found) == pytest.approx(-2, abs=0.05)
    assert found[STEPS.index(100)] == pytest.approx(double.third_derivative() / 6 / 100**2, rel=0.02)
    assert max(errors(single)[-3:]) > 1e-4
    assert max(found[-3:]) < 1e-8


def test_the_slope_and_the_best_step() -> None:
    assert slope([5 / n**2 for n in STEPS]) == pytest.approx(-2)
    assert roundoff(SINGLE) == 2**-24
    assert roundoff(DOUBLE) == 2**-53
    e, loss, third = best_step(DOUBLE, 0.7, 0.02), 0.7, 0.02

    def total(step: float) -> float:
        return step**2 / 6 * third + 2**-53 * loss / step

    assert total(e) < min(total(0.9 * e), total(1.1 * e))


def test_the_digit_in_two_minds_is_found() -> None:
    p = np.array([[0.9, 0.05, 0.05], [0.3, 0.45, 0.25], [0.1, 0.8, 0.1]])
    assert undecided(np.log(p), np.array([0, 1, 0])) == 1
    assert math.isclose(float(np.log(p)[1, 1]), math.log(0.45))


def test_the_network_has_no_kinks() -> None:
    assert [type(layer).__name__ for layer in network(cr.nn, (4, 3)).children()].count("Tanh") == 2
