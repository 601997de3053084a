"""Records of `nn/dropout.py`: where nothing is left to chance."""

from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.operators.random import NAMES
from chainrule.conformance.record import normal


@st.composite
def _certain(draw: st.DrawFn, least: int, most: int) -> Use:
    """Everything is dropped in training, or nothing, or it is evaluation."""
    x = normal(*(draw(st.integers(0, 3)) for _ in range(draw(st.integers(least, most)))))
    in_place: dict[str, Any] = {"inplace": True} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        return use(draw(st.sampled_from((0, 1, 0.0, 1.0))), **in_place, inputs=x)
    return use(*draw(st.sampled_from(((), (0.3,), (1,)))), **in_place, inputs=x, training=False)


LAYERS = tuple(
    layer("".join(word.capitalize() for word in name.split("_")), _certain(*dimensions))
    for name, dimensions in NAMES.items()
)
