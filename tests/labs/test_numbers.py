"""Numbers of the labs of theory: how they are written, and slopes by differences."""

import math

import numpy as np
import pytest

from chainrule.labs._numbers import decimals, slope


@pytest.mark.parametrize(
    ("value", "text"), [(-0.7511542, "−0.751154"), (2, "2.000000"), (-1e-9, "0.000000"), (-0.0, "0.000000")]
)
def test_decimals(value: float, text: str) -> None:
    assert decimals(value) == text
    assert decimals(-1.25, 1) == "−1.2"


def test_a_slope_is_exact_for_polynomials_of_degree_four() -> None:
    assert slope(lambda h: (1 + h) ** 4, 0.25) == pytest.approx(4, rel=1e-14)
    assert slope(lambda h: (1 + h) ** 5, 0.25) != pytest.approx(5, rel=1e-3)


def test_slopes_of_arrays() -> None:
    x = np.array([-1.0, 0.5])
    np.testing.assert_allclose(slope(lambda h: np.exp(x + h)), np.exp(x), rtol=1e-12)
    assert slope(math.sin) == pytest.approx(1, rel=1e-12)
