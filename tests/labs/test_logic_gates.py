"""The lab logic-gates: given networks, what one neuron can do, learning on both engines, the report."""

import io
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import chainrule as cr
from chainrule import labs
from chainrule.labs import logic_gates as lab
from chainrule.labs._gates import GATES, NAMES, ROWS, SHORTCUTS, Gate, Neuron, name_of
from chainrule.labs.logic_gates import HIDDEN, Settings, many_starts, training
from chainrule.train import Callback, Training, fit


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("logic-gates", lab.LAB, settings, Console(file=file, width=100)), file.getvalue()


# ---------------------------------------------------------------------------------------------- given networks

TABLES = {"NOT": "10", "AND": "0001", "OR": "0111", "XOR": "0110", "XNOR": "1001"}


@pytest.mark.parametrize("gate", [*GATES, *SHORTCUTS], ids=lambda gate: f"{gate.name}-{len(gate.neurons)}")
def test_a_given_network_has_its_truth_table(gate: Gate) -> None:
    assert "".join(str(gate.output(row)) for row in gate.rows) == TABLES[gate.name]
    assert gate.right() == len(gate.rows)
    assert len(gate.neurons) == (1 if gate.name not in HIDDEN else 2 if gate in SHORTCUTS else 3)


def test_a_wrong_network_is_seen() -> None:
    wrong = Gate("XOR", [Neuron("y", {"x₁": 1, "x₂": 1}, -0.5)])
    assert [wrong.output(row) for row in wrong.rows] == [0, 1, 1, 1]
    assert wrong.right() == 3


def test_levels_follow_from_the_sources() -> None:
    assert GATES[3].levels() == {"x₁": 0, "x₂": 0, "h₁": 1, "h₂": 1, "y": 2}
    assert SHORTCUTS[0].levels() == {"x₁": 0, "x₂": 0, "h": 1, "y": 2}


def test_the_sixteen_functions_have_their_names() -> None:
    named = {name: [int(f(*row)) for row in ROWS] for name, f in {
        "never": lambda a, b: 0, "AND": lambda a, b: a and b, "x₁, not x₂": lambda a, b: a > b, "x₁": lambda a, b: a,
        "x₂, not x₁": lambda a, b: b > a, "x₂": lambda a, b: b, "XOR": lambda a, b: a != b, "OR": lambda a, b: a or b,
        "NOR": lambda a, b: not (a or b), "XNOR": lambda a, b: a == b, "NOT x₂": lambda a, b: not b,
        "x₁ or not x₂": lambda a, b: a or not b, "NOT x₁": lambda a, b: not a, "x₂ or not x₁": lambda a, b: b or not a,
        "NAND": lambda a, b: not (a and b), "always": lambda a, b: 1,
    }.items()}  # fmt: skip
    assert tuple(named) == NAMES
    assert [name_of(outputs) for outputs in named.values()] == list(NAMES)


# ---------------------------------------------------------------------------------------------- one neuron


def test_either_weights_or_a_proof_that_there_are_none() -> None:
    pytest.importorskip("scipy")
    x = np.c_[np.array(ROWS), np.ones(4)]
    for outputs in product((0, 1), repeat=4):
        weights, proof = lab.separate(outputs), lab.refute(outputs)
        assert (weights is None) == (outputs in ((0, 1, 1, 0), (1, 0, 0, 1))) == (proof is not None)
        if weights is not None:
            assert tuple((x @ weights > 0).astype(int)) == outputs
            assert np.abs(x @ weights).min() >= 1 - 1e-9
        if proof is not None:
            np.testing.assert_allclose(proof, 0.25)
            np.testing.assert_allclose(proof @ lab.signed_rows(outputs), 0, atol=1e-12)


def test_no_neuron_on_a_fine_grid_of_weights_computes_xor() -> None:
    """Another way to the same count: all weights and biases on a grid, without a linear programme."""
    values = np.arange(-3, 3.01, 0.5)
    w1, w2, b = (grid.ravel() for grid in np.meshgrid(values, values, values - 0.25))
    outputs = {tuple(row) for row in np.stack([w1 * x + w2 * y + b > 0 for x, y in ROWS], axis=1).astype(int).tolist()}
    assert len(outputs) == 14
    assert (0, 1, 1, 0) not in outputs


def test_without_scipy_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(labs.UsageError, match=r"needs scipy.*pip install 'chainrule\[labs\]'"):
        carry_out(Settings(out=tmp_path))


# ---------------------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_the_default_run_holds_what_it_expects(engine: Any, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    pytest.importorskip("scipy")
    status, text = carry_out(Settings(out=tmp_path, engine=engine))
    assert status == 0, text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    titles = ["Neurons as", "Are these", "No single", "The same gates", "What the hidden", "Does it always"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert "λ = (0.25, 0.25, 0.25, 0.25)" in page
    assert (tmp_path / "weights.safetensors").is_file()


def test_one_neuron_that_does_not_come_to_rest_is_told(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    status, _ = carry_out(Settings(out=tmp_path, lr=30.0, epochs=2))
    results = json.loads((tmp_path / "results.json").read_text())
    (held,) = (outcome["held"] for outcome in results["outcomes"] if outcome["name"] == lab.GUESSES)
    assert (status, held) == (1, False)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "it has not come to rest there" in page
    assert "no accident of the start" not in page


def test_too_few_steps_are_told(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    status, _ = carry_out(Settings(out=tmp_path, epochs=1))
    assert status == 1
    assert "found no such way this time" in (tmp_path / "report.html").read_text(encoding="utf-8")


class Losses(Callback):
    """Collects the losses of all steps."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def step(self, training: Training) -> None:
        self.losses.append(training.current)


@pytest.mark.parametrize("gate", TABLES)
def test_both_engines_have_the_same_loss_curve(gate: str) -> None:
    torch = pytest.importorskip("torch")
    curves = []
    for engine in (cr, torch):
        watch = Losses()
        fit(*training(gate, HIDDEN.get(gate, 0), engine, Settings()), 1, callbacks=[watch])
        curves.append(watch.losses)
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert len(curves[0]) == 100
    assert curves[0][-1] < curves[0][0]


def test_many_starts_are_the_same_on_both_engines() -> None:
    torch = pytest.importorskip("torch")
    settings = Settings(epochs=4)
    ours, theirs = (many_starts(engine, 2, settings) for engine in (cr, torch))
    assert ours == pytest.approx(theirs, abs=0.01)
    assert 0 < ours < 1


def test_a_learned_gate_tells_its_loss() -> None:
    found = lab.Learned(None, np.log([9, 0.25]), np.array([1.0, 0.0]), [])
    assert found.right == 2
    np.testing.assert_allclose(found.outputs, [0.9, 0.2])
    assert found.loss == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)
    assert lab.Learned(None, np.array([-0.4, -1.0]), np.array([1.0, 0.0]), []).right == 1
    assert lab.Learned(None, np.array([1000.0, 1000.0]), np.array([1.0, 0.0]), []).loss == 500


def test_learning_rates_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"--lr 0\.0"):
        Settings(lr=0.0)
