"""The lab gelu-descent: its tables against decimal arithmetic, its minimum against Lambert's W, its report."""

import io
import re
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from chainrule import labs
from chainrule.labs import gelu_descent as lab
from chainrule.labs.gelu_descent import PATHS, Settings, arrival, descend, minimum


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("gelu-descent", lab.LAB, settings, Console(file=file, width=100)), file.getvalue()


def in_decimals(x0: float, eta: float, beta: float, steps: int) -> list[tuple[Decimal, Decimal]]:
    """x and f after each step, in 40 digits, from the formulas alone."""
    k, e, b, x = (Decimal(str(value)) for value in (1.702, eta, beta, x0))

    def slope() -> Decimal:
        s = 1 / (1 + (-k * x).exp())
        return s + k * x * s * (1 - s)

    with localcontext() as context:
        context.prec = 40
        found, v = [(x, x / (1 + (-k * x).exp()))], slope()
        for _ in range(steps):
            v = b * v + (1 - b) * slope()
            x = x - e * v
            found.append((x, x / (1 + (-k * x).exp())))
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_path_is_that_of_exact_arithmetic(path: lab.Path) -> None:
    exact = in_decimals(path.x0, path.eta, path.beta, 40)
    xs = descend(path.x0, path.eta, path.beta, 40)
    np.testing.assert_allclose(xs, [float(x) for x, _ in exact], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose([lab.f(x) for x in xs], [float(y) for _, y in exact], rtol=1e-12, atol=1e-13)
    assert path.x3 == float(round(exact[3][0], 6))


def test_the_minimum_is_that_of_lamberts_w() -> None:
    """eᵘ + u + 1 = 0 is solved by u = −1 − W(1/e), and f there is −W(1/e) / 1.702."""
    w = float(pytest.importorskip("scipy.special").lambertw(np.exp(-1)).real)
    assert minimum() == pytest.approx((-1 - w) / 1.702, abs=1e-14)
    assert lab.f(minimum()) == pytest.approx(-w / 1.702, rel=1e-14)


def test_a_descent_of_one_step_by_hand() -> None:
    assert descend(0, 0.5, 0.0, 1) == [0, -0.25]
    assert descend(0, 0.5, 0.9, 1) == pytest.approx([0, -0.25])


def test_arrival_is_for_good() -> None:
    assert arrival([5, 1.0, 2, 1.0005, 0.9999], 1) == 3
    assert arrival([1, 1.5], 1) is None
    assert arrival([1.0], 1) == 0


def test_the_limits_of_the_learning_rate_are_those_that_the_report_names() -> None:
    """2/f'' = 5.39 without momentum, far more with it; but from 0 momentum is thrown out onto the plain."""
    goal = minimum()
    assert [text.startswith(">") for text in lab.tried(5, goal)] == [False, False, False, True]
    assert [text.startswith(">") for text in lab.tried(5.5, goal)] == [True, False, True, True]
    assert descend(0, 5, 0.9, 300)[-1] < -10


def test_a_run_has_the_tables_of_the_exercise(tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path))
    assert status == 0, text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    titles = ["Three activation", "From x₀ = 0", "From x₀ = −3", "The true minimum", "A path of your choice"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page)
    for path in PATHS:
        for x, f in in_decimals(path.x0, path.eta, path.beta, 3)[1:]:
            for value in (x, f):
                assert f"{value:.6f}".replace("-", "−") in cells


@pytest.mark.parametrize("choice", [{"x0": 2.0, "eta": 6.0}, {"beta": 0.99, "steps": 2}, {"x0": 0.0, "eta": 1.0}])
def test_a_path_of_ones_own(choice: dict[str, float], tmp_path: Path) -> None:
    assert carry_out(Settings(out=tmp_path, **choice))[0] == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [({"x0": float("nan")}, "--x0 nan"), ({"eta": 0.0}, "--eta 0.0"), ({"beta": 1.0}, "--beta 1.0"),
     ({"steps": 0}, "--steps 0")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Settings(**wrong)  # type: ignore[arg-type]
