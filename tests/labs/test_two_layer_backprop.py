"""The lab two-layer-backprop: its lines against PyTorch, its judges against wrong lines, its report."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from chainrule import labs
from chainrule.labs import two_layer_backprop as lab
from chainrule.labs.two_layer_backprop import LINES, Settings, backward, by_differences, check, draw, forward


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("two-layer-backprop", lab.LAB, settings, Console(file=file, width=100)), file.getvalue()


@pytest.mark.parametrize("sizes", [{}, {"inputs": 1, "hidden": 1, "classes": 2, "batch": 1}, {"hidden": 7, "seed": 5}])
def test_every_line_holds_whatever_the_sizes(sizes: dict[str, int], tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path, **sizes))
    assert status == 0, text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    titles = ["The way forward", "Back through the last", "Back through the first", "Are the seven", "A whole batch"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)


@pytest.mark.parametrize("n", [1, 6])
def test_the_lines_are_pytorchs_gradients(n: int) -> None:
    torch = pytest.importorskip("torch")
    v = forward(draw(Settings(inputs=4, hidden=3, classes=5, seed=2), n))
    leaves = {name: torch.tensor(v[name], requires_grad=True) for name in ("x", "W₁", "b₁", "W₂", "b₂")}
    f1 = leaves["x"] @ leaves["W₁"] + leaves["b₁"]
    f2 = torch.sigmoid(f1) @ leaves["W₂"] + leaves["b₂"]
    loss = torch.nn.functional.cross_entropy(f2, torch.tensor(v["y"]), reduction="sum")
    assert loss.item() == pytest.approx(float(v["L"]), rel=1e-14)
    wanted = leaves | {"f₁": f1, "f₂": f2}
    for name, theirs in zip(LINES, torch.autograd.grad(loss, [wanted[name] for name in LINES]), strict=True):
        np.testing.assert_allclose(backward(v)[name], theirs.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", LINES)
def test_both_judges_see_a_wrong_line(name: str) -> None:
    v = forward(draw(Settings(), 3))
    gradients = backward(v)
    wrong = {**gradients, name: gradients[name] * (1 + 1e-6)}
    found = check(v, wrong)[name]
    assert min(found.tape, found.numeric) > 1e-9


def test_differences_of_a_known_function() -> None:
    """One hidden unit that is 1/2 whatever x is, two classes of equal score: ∂L/∂f₂ is (−1/2, 1/2) by hand."""
    v = {
        "x": np.zeros((1, 1)), "W₁": np.ones((1, 1)), "b₁": np.zeros(1),
        "W₂": np.ones((1, 2)), "b₂": np.zeros(2), "y": np.array([[1.0, 0.0]]),
    }  # fmt: skip
    np.testing.assert_allclose(by_differences(v, "f₂"), [[-0.5, 0.5]], atol=1e-12)
    np.testing.assert_allclose(by_differences(v, "W₂"), [[-0.25, 0.25]], atol=1e-12)
    np.testing.assert_allclose(by_differences(v, "x"), [[0.0]], atol=1e-12)


def test_far_off_scores_do_not_overflow() -> None:
    settings = Settings()
    v = forward({**draw(settings, 1), "f₂": np.array([[800.0, 0.0, -800.0]])})
    np.testing.assert_array_equal(v["o"], [[1, 0, 0]])


@pytest.mark.parametrize(("name", "value"), [("inputs", 0), ("hidden", 13), ("classes", 1), ("batch", 0), ("seed", -1)])
def test_sizes_that_cannot_be_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"--{name} {value}: it must lie between"):
        replace(Settings(), **{name: value})
