"""Records of `nn/linear.py` and `nn/bilinear.py`."""

from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.record import normal

few, batches = st.integers(1, 4), st.lists(st.integers(0, 3), max_size=3)


@st.composite
def _linear(draw: st.DrawFn) -> Use:
    n, out, batch = draw(few), draw(few), draw(batches)
    return use(n, out, **draw(_bias), inputs=normal(*batch, n))


_bias: st.SearchStrategy[dict[str, Any]] = st.sampled_from(({}, {"bias": True}, {"bias": False}))


@st.composite
def _bilinear(draw: st.DrawFn) -> Use:
    n, m, out, batch = draw(few), draw(few), draw(few), draw(batches)
    return use(n, m, out, **draw(_bias), inputs=(normal(*batch, n), normal(*batch, m, seed=1)))


@st.composite
def _identity(draw: st.DrawFn) -> Use:
    return use(*draw(st.lists(few, max_size=2)), inputs=normal(*draw(batches)))


LAYERS = (
    layer("Linear", _linear()),
    layer("Bilinear", _bilinear()),
    layer("Identity", _identity()),
)
