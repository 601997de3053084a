"""Every module against PyTorch's, on uses that Hypothesis draws: see `chainrule.conformance`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.conformance.examples import draw_and_compare_layer
from chainrule.conformance.modules import LAYERS


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
def test_drawn_uses_are_pytorchs(name: str, data: Any) -> None:
    draw_and_compare_layer(data, pytest.importorskip("torch"), LAYERS[name])
