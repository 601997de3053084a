"""The lab vanishing-gradient: its measurements against independent numbers, both engines, and once in earnest."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curves import first_losses
from rich.console import Console

import chainrule as cr
from chainrule import labs, native
from chainrule.labs import vanishing_gradient
from chainrule.labs._memory import (
    Trial,
    Watched,
    cell_of,
    curves,
    flow,
    jacobian,
    reach,
    recall,
    remembering,
    set_forget_bias,
    stepped,
    stretch,
    thinned,
)  # fmt: skip
from chainrule.labs.vanishing_gradient import KINDS, Settings, training

LAYERS = ["RNN", "GRU", "LSTM"]


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    name = "vanishing-gradient"
    return labs.carry_out(name, vanishing_gradient.LAB, settings, Console(file=file, width=100)), file.getvalue()


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_short_run(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(engine)
    few = vanishing_gradient.remembering
    monkeypatch.setattr(vanishing_gradient, "remembering", lambda T, n, seed: few(T, min(n, 400), seed))
    settings = Settings(steps=(4, 6), width=6, epochs=1, batch_size=20, engine=engine, out=tmp_path)
    status, _ = carry_out(settings)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "over six steps nothing vanishes"
    titles = ["The task", "The way back", "How far", "The gradient after", "The bias", "Clipping"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert vanishing_gradient.HEALS not in page, "one epoch is too little to learn even with clipping"
    assert "takes the LSTM from" not in page, "no bias gets farther than another"


@pytest.mark.parametrize(
    ("free", "clipped", "heals"), [(0.9, 0.01, True), (0.68, 0.05, True), (0.004, 0.001, False), (0.9, 0.4, False)]
)
def test_clipping_heals_where_guessing_becomes_knowing(free: float, clipped: float, heals: bool) -> None:
    ends = (Watched([5.0] + [end] * 50, []) for end in (free, clipped))
    assert vanishing_gradient.healed(*ends) == heals


@pytest.mark.skipif(native.core is None, reason="takes minutes without the native kernels")
def test_it_holds_what_it_expects(tmp_path: Path) -> None:
    status, text = carry_out(Settings(steps=(10, 20, 60), epochs=4, out=tmp_path))
    assert status == 0, text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert vanishing_gradient.HEALS in page
    assert "takes the LSTM from" in page


@pytest.mark.parametrize("name", KINDS)
def test_both_engines_have_the_same_loss_curve(name: str) -> None:
    torch = pytest.importorskip("torch")
    curves = []
    for engine in (cr, torch):
        parts = training(name, 10, engine, Settings(width=12, batch_size=16), 3)
        curves.append(first_losses(50, *parts, 1))
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert curves[0][-1] < curves[0][0]


def test_sequences_begin_with_what_has_to_be_remembered() -> None:
    tokens, symbols = remembering(9, 200, seed=5)
    assert tokens.shape == (200, 9)
    assert tokens[:, 0].tolist() == symbols.tolist()
    assert set(symbols) == {0, 1}
    assert set(tokens[:, 1:].ravel()) == {2, 3, 4, 5}
    assert not np.array_equal(remembering(9, 200, seed=6)[0], tokens)


# ------------------------------------------------------------------------------------------ what is measured


@pytest.mark.parametrize("kind", LAYERS)
def test_the_gradient_by_steps_is_that_of_the_layer(kind: str) -> None:
    """A small change of the state after step 1 changes the loss as ∂loss/∂h₁ says: the layer runs on from there."""
    cr.manual_seed(2)
    model = recall(cr.nn, kind, 5).double()
    tokens, symbols = remembering(6, 1, seed=1)
    cell = cell_of(cr, model, kind)
    x = cr.nn.functional.one_hot(cr.from_numpy(tokens), 6).double()
    zeros = tuple(cr.zeros(1, 5, dtype=np.float64) for _ in range(1 + (kind == "LSTM")))
    first = [part.detach().numpy() for part in stepped(cell, kind, x[:, 0], zeros)]

    def loss(h: Any) -> float:
        state = tuple(cr.from_numpy(part[None]) for part in (h, *first[1:]))  # (N, H) -> (1, N, H)
        out, _ = model.layer(x[:, 1:], state if kind == "LSTM" else state[0])
        return float(cr.nn.functional.cross_entropy(model.out(out[:, -1]), cr.from_numpy(symbols)).item())

    numeric = [(loss(first[0] + e) - loss(first[0] - e)) / 2e-5 for e in 1e-5 * np.eye(5)[:, None]]
    found = flow(cr, model, kind, tokens, symbols)
    assert found.h[0] == pytest.approx(np.linalg.norm(numeric), rel=1e-6)
    assert len(found.c) == (6 if kind == "LSTM" else 0)


@pytest.mark.parametrize("kind", LAYERS)
def test_jacobians_are_those_of_finite_differences(kind: str) -> None:
    cr.manual_seed(2)
    cell = cell_of(cr, recall(cr.nn, kind, 4), kind)
    rng = np.random.default_rng(0)
    parts = 1 + (kind == "LSTM")
    x, state = rng.standard_normal(6), rng.standard_normal((parts, 1, 4))

    def after(flat: Any) -> Any:
        now = tuple(cr.from_numpy(part) for part in flat.reshape(parts, 1, 4))
        return np.concatenate([part.detach().numpy()[0] for part in stepped(cell, kind, cr.from_numpy(x[None]), now)])

    columns = [(after(state.ravel() + e) - after(state.ravel() - e)) / 2e-6 for e in 1e-6 * np.eye(4 * parts)]
    found = jacobian(cr, cell, kind, cr.from_numpy(x), tuple(map(cr.from_numpy, state)))
    np.testing.assert_allclose(found, np.transpose(columns), atol=1e-8)


def test_a_linear_network_has_the_powers_of_its_matrix() -> None:
    """With states near 0 a tanh RNN is linear: the product of k Jacobians is U to the power of k."""
    cr.manual_seed(0)
    model = recall(cr.nn, "RNN", 4)
    stretch(cr, model, 0.5, seed=1)
    values = {name: value.numpy() * (1e-6 if "weight_ih" in name or "bias" in name else 1)
              for name, value in model.state_dict().items()}  # fmt: skip
    model.load_state_dict({name: cr.from_numpy(value.astype(np.float32)) for name, value in values.items()})
    found = flow(cr, model, "RNN", *remembering(8, 3, seed=1))
    np.testing.assert_allclose(found.step, 0.5, rtol=1e-5)
    np.testing.assert_allclose(found.way, 0.5 ** np.arange(1, 8), rtol=1e-5)
    np.testing.assert_allclose(found.h / found.h[-1], 0.5 ** np.arange(7, -1, -1), rtol=1e-5)
    assert found.left == pytest.approx(0.5**7, rel=1e-5)


def test_the_forget_gate_begins_as_wide_open_as_its_bias_says() -> None:
    model = recall(cr.nn, "LSTM", 8)
    set_forget_bias(cr, model, 3)
    b = (model.layer.bias_ih_l0 + model.layer.bias_hh_l0).detach().numpy().reshape(4, 8)
    np.testing.assert_array_equal(b[1], 3)
    assert (np.abs(b[[0, 2, 3]]) < 1).all()


def test_a_task_counts_only_with_all_shorter_ones() -> None:
    trials = {("x", T): [Trial(None, a, 1), Trial(None, 1.0, 1)] for T, a in [(5, 1.0), (9, 0.97), (14, 0.5), (20, 1)]}
    assert reach("x", (5, 9, 14, 20), trials) == 9
    assert reach("x", (14, 20), trials) == 0


def test_numbers_to_show() -> None:
    assert curves({"a": np.array([0.0, 2.0, 4.0])}) == {"a": ([2, 3], [2.0, 4.0])}
    assert thinned([1, 3, 5, 7, 9], by=2) == ([2, 4], [2.0, 6.0])


@pytest.mark.parametrize("steps", [(), (20,), (20, 10), (3, 9), (9, 9)])
def test_lengths_are_checked(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="--steps"):
        Settings(steps=steps)
