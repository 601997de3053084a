"""Shapes, parameters and work, read off a model."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.report import layers, size_formula, totals


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_the_size_formula_counts_positions(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    reach = dilation * (kernel - 1) + 1
    assume(size + 2 * padding >= reach)
    positions = [start for start in range(0, size + 2 * padding, stride) if start + reach <= size + 2 * padding]
    assert size_formula(size, kernel, stride, padding, dilation) == len(positions)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_layers_of_a_small_network(engine: str) -> None:
    module = pytest.importorskip(engine)
    nn = module.nn
    model = nn.Sequential(
        nn.Conv2d(2, 3, (3, 5), stride=2, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4)
    )
    table = layers(module, model, np.zeros((1, 2, 9, 9), np.float32))
    assert [o.name for o in table] == ["Conv2d 3 × 5", "MaxPool2d 2 × 2", "ReLU", "Flatten", "Linear"]
    assert [o.shape for o in table] == [(3, 5, 4), (3, 2, 2), (3, 2, 2), (12,), (4,)]
    assert [o.weights for o in table] == ["3·2·3·5 + 3", "", "", "", "4·12 + 4"]
    assert [o.parameters for o in table] == [93, 0, 0, 0, 52]
    assert [o.multiply_adds for o in table] == [60 * 30, 0, 0, 0, 48]
    assert table[0].arithmetic == "⌊(9 + 2·1 − 3) / 2⌋ + 1 = 5"


def test_a_formula_that_does_not_fit_the_layer_is_found_out() -> None:
    class Odd(cr.nn.MaxPool2d):
        def forward(self, *args: Any) -> Any:
            return super().forward(*args)[:, :, :-1]

    with pytest.raises(ArithmeticError, match="8 rows became 3, and not 4"):
        layers(cr, cr.nn.Sequential(Odd(2)), np.zeros((1, 1, 8, 8), np.float32))


def test_totals_add_up() -> None:
    model = cr.nn.Sequential(cr.nn.Linear(5, 4), cr.nn.Sigmoid(), cr.nn.Linear(4, 3, bias=False))
    assert totals(layers(cr, model, np.zeros((1, 5), np.float32))) == (5 * 4 + 4 + 4 * 3, 5 * 4 + 4 * 3)
