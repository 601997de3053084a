"""Records of `nn/padding.py`."""

from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Layer, Use, layer, use
from chainrule.conformance.record import normal

LEAST = {"Reflection": lambda n: n - 1, "Circular": lambda n: n}


@st.composite
def _padded(draw: st.DrawFn, kind: str, axes: int) -> Use:
    """One width or one for each side, by position or by name; with a batch or without."""
    lead = draw(st.sampled_from(((1,), (2,), (2, 1)))) if kind not in ("Constant", "Zero") else draw(_leads)
    shape = [draw(st.integers(2, 4)) for _ in range(axes)]
    most = min(LEAST.get(kind, lambda n: n + 1)(n) for n in shape)
    widths = draw(st.one_of(st.integers(0, most), st.tuples(*[st.integers(0, most)] * (2 * axes))))
    value: dict[str, Any] = {"value": draw(st.sampled_from((0.0, 3.5, -1)))} if kind == "Constant" else {}
    x = normal(*lead, *shape)
    return use(padding=widths, **value, inputs=x) if draw(st.booleans()) else use(widths, *value.values(), inputs=x)


_leads = st.sampled_from(((), (2,), (2, 1), (0, 2)))


def _pads(kind: str) -> tuple[Layer, ...]:
    return tuple(layer(f"{kind}Pad{n}d", _padded(kind, n)) for n in (1, 2, 3))


LAYERS = (*_pads("Circular"), *_pads("Constant"), *_pads("Reflection"), *_pads("Replication"), *_pads("Zero"))
