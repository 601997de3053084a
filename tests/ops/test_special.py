"""erf and erfc, held against the C library's in units of the last place."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.ops import special

x = np.concatenate([np.linspace(-7, 26, 3001), np.geomspace(1e-300, 0.1, 99), -np.geomspace(1e-300, 0.1, 99), [1, -1]])


@pytest.mark.parametrize(("name", "units"), [("erf", 3), ("erfc", 8)])
def test_within_units_of_the_last_place(name: str, units: int) -> None:
    actual = getattr(special, name)(x)
    expected = np.array([getattr(math, name)(v) for v in x])
    assert (np.abs(actual - expected) / np.spacing(np.abs(expected))).max() <= units


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ends_and_signs(dtype: str) -> None:
    ends = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 30.0, -1e30], dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # as in every primitive
        y = special.erf(ends)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.array([1, -1, np.nan, 0, -0.0, 1, -1], dtype))
    assert np.signbit(y[[3, 4]]).tolist() == [False, True]
    np.testing.assert_array_equal(special.erfc(ends), np.array([0, 2, np.nan, 1, 1, 0, 2], dtype))


@pytest.mark.parametrize("number", [np.complex64(-0.5), np.full(2, 1 + 1j)], ids=["number", "array"])
def test_complex_numbers_are_refused(number) -> None:
    with pytest.raises(TypeError, match="real numbers are needed, not complex"):
        cr.lgamma(number)
