"""Records of `nn/recurrent.py`."""

from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.record import named, normal

sizes = st.integers(1, 4)


@st.composite
def _sequences(draw: st.DrawFn, name: str) -> Use:
    """Any number of layers and directions, with and without a batch and an initial state."""
    t, n, d, h = (draw(sizes) for _ in range(4))
    more = draw(named(num_layers=st.integers(1, 3), bias=st.booleans(), batch_first=st.booleans(),
                      bidirectional=st.booleans(), dropout=st.just(0.0)))  # fmt: skip
    if name == "RNN" and draw(st.booleans()):
        more["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    batch = draw(st.sampled_from(((n,), (n,), ())))
    rows = more.get("num_layers", 1) * (1 + more.get("bidirectional", False))
    x = normal(*batch, t, d) if more.get("batch_first") else normal(t, *batch, d)
    inputs: tuple[Any, ...] = (x,)
    if draw(st.booleans()):
        states = normal(rows, *batch, h, seed=1), normal(rows, *batch, h, seed=2)
        inputs = (x, states if name == "LSTM" else states[0])
    return use(d, h, inputs=inputs, training=draw(st.booleans()), **more)


@st.composite
def _steps(draw: st.DrawFn, name: str) -> Use:
    n, d, h = (draw(sizes) for _ in range(3))
    batch = draw(st.sampled_from(((n,), ())))
    more = draw(named(bias=st.booleans()))
    if name == "RNNCell" and draw(st.booleans()):
        more["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    inputs: tuple[Any, ...] = (normal(*batch, d),)
    if draw(st.booleans()):
        states = normal(*batch, h, seed=1), normal(*batch, h, seed=2)
        inputs = (*inputs, states if name == "LSTMCell" else states[0])
    return use(d, h, inputs=inputs, **more)


LAYERS = (
    *(layer(name, _sequences(name)) for name in ("RNN", "LSTM", "GRU")),
    *(layer(name, _steps(name)) for name in ("RNNCell", "LSTMCell", "GRUCell")),
)
