"""Records of `nn/linear.py` and `nn/bilinear.py`."""

import math
from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.record import arrays, normal, options

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


@st.composite
def _flatten(draw: st.DrawFn) -> Use:
    """Any range of dimensions that there is."""
    x = draw(arrays(draw(st.lists(st.integers(0, 3), min_size=2, max_size=4)), "ffi"))
    start = draw(st.integers(0, x.ndim - 1))
    end = draw(st.integers(start, x.ndim - 1))
    form = draw(st.integers(0, 2))
    if form == 0:
        return use(inputs=x)
    if form == 1:
        return use(start - x.ndim, end, inputs=x)
    return use(start_dim=start, **options(draw, end_dim=st.just(-1)), inputs=x)


@st.composite
def _unflatten(draw: st.DrawFn) -> Use:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shape = draw(st.lists(st.integers(1, 3), max_size=2))
    place = draw(st.integers(0, len(shape)))
    x = draw(arrays([*shape[:place], math.prod(sizes), *shape[place:]], "ffi"))
    if draw(st.booleans()):
        sizes[draw(st.integers(0, len(sizes) - 1))] = -1
    if draw(st.booleans()):
        return use(place - x.ndim, tuple(sizes), inputs=x)
    return use(dim=place, unflattened_size=sizes if -1 not in sizes else tuple(sizes), inputs=x)


LAYERS = (
    layer("Flatten", _flatten()),
    layer("Unflatten", _unflatten()),
    layer("Linear", _linear()),
    layer("Bilinear", _bilinear()),
    layer("Identity", _identity()),
)
