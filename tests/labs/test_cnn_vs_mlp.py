"""The lab cnn-vs-mlp: seconds-long on few digits, the same on both engines."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curves import first_losses
from rich.console import Console
from scipy.stats import binomtest

import chainrule as cr
from chainrule import labs
from chainrule.io import load_file
from chainrule.labs import cnn_vs_mlp
from chainrule.labs._digits import Digits, held_out
from chainrule.labs.cnn_vs_mlp import BUILD, CNN, MLP, Settings, sign_test, training
from chainrule.report import layers, totals
from chainrule.train import one_cycle


@pytest.fixture(scope="module")
def digits() -> Digits:
    return held_out(False, None)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_run_on_few_digits(engine: Any, digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(engine)
    monkeypatch.setattr(cnn_vs_mlp, "held_out", lambda *_: digits.first(100, 50, 60))
    file = io.StringIO()
    settings = Settings(epochs=2, engine=engine, out=tmp_path)
    status = labs.carry_out("cnn-vs-mlp", cnn_vs_mlp.LAB, settings, Console(file=file, width=100))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "two epochs on 100 digits cannot reach 96 %"
    titles = ["Two networks of one size", "2 epochs", "The test", "Why: one filter", "Why: neighbours"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert "535,818" in page
    assert "(535,818 − 26,080 − 10) / 1,035 = 492.5" in page
    assert load_file(tmp_path / "weights.safetensors")["0.weight"].shape == (16, 1, 5, 5)
    curves = (tmp_path / "metrics.csv").read_text().splitlines()
    assert curves[0] == "model,epoch,loss,seconds,training accuracy,validation accuracy"
    assert [line.split(",")[0] for line in curves[1:5]] == [MLP, MLP, CNN, CNN]


def test_both_networks_have_as_many_parameters(digits: Digits) -> None:
    (cnn, work), (mlp, once) = (totals(layers(cr, build(cr.nn), digits.x[:1])) for build in (BUILD[CNN], BUILD[MLP]))
    assert mlp == 784 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10 == cnn_vs_mlp.PARAMETERS
    assert abs(cnn - mlp) <= (1024 + 1 + 10) / 2, "another hidden unit more or less would be farther away"
    assert once == 784 * 512 + 512 * 256 + 256 * 10
    assert work == 24 * 24 * 16 * 25 + 8 * 8 * 64 * 16 * 25 + 1024 * 492 + 492 * 10


@pytest.mark.parametrize("name", BUILD)
def test_both_engines_have_the_same_loss_curve(name: str, digits: Digits) -> None:
    """At a smaller rate than the lab's, at which PyTorch's own curve moves by 2 % if the first filters do by 1e-7.

    Rounding grows from step to step, so that only the first thirty are compared.
    """
    torch, curves = pytest.importorskip("torch"), []
    for engine in (cr, torch):
        parts = training(name, digits, engine, Settings(lr=0.02))
        curves.append(first_losses(30, *parts, 10, schedule=one_cycle))
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert curves[0][-1] < curves[0][0]


@pytest.mark.parametrize(("a", "b"), [(32, 6), (6, 32), (5, 5), (0, 0), (0, 1), (90, 61)])
def test_the_sign_test_is_the_exact_binomial_one(a: int, b: int) -> None:
    expected = binomtest(a, a + b).pvalue if a + b else 1.0
    assert sign_test(a, b) == pytest.approx(expected, rel=1e-12)
