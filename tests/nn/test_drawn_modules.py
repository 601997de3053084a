"""Every module against PyTorch's, on uses that Hypothesis draws: see `chainrule.conformance`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import nn
from chainrule.conformance.examples import draw_and_compare_layer
from chainrule.conformance.modules import LAYERS


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
def test_drawn_uses_are_pytorchs(name: str, data: Any) -> None:
    draw_and_compare_layer(data, pytest.importorskip("torch"), LAYERS[name])


# Made of other modules, tested in test_container.py and test_dictionaries.py; and one that PyTorch does not have.
OTHERS = {
    "AdditiveAttention", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList", "RNNBase",
    "RNNCellBase", "Sequential",
}  # fmt: skip


def test_every_module_has_a_record() -> None:
    assert {name for name in nn.__all__ if name[0].isupper()} - OTHERS - set(LAYERS) == set()
