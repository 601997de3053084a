"""Records of `nn/normalization.py`."""

import math
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.record import normal

sizes, flag = st.integers(1, 4), st.booleans()
epsilons = st.sampled_from((1e-5, 1e-3, 0.1))


@st.composite
def _running(draw: st.DrawFn, dimensions: tuple[int, ...], single: bool = False) -> Use:
    """In training or evaluation, with running statistics or without; `single` ones by each sample, with N or not."""
    ndim, training, tracked = draw(st.sampled_from(dimensions)), draw(flag), draw(flag)
    shape, c = [draw(st.integers(1, 3)) for _ in range(ndim)], draw(sizes)
    channels = ndim - dimensions[-1] + 1 if single else 1
    shape[channels] = c
    seen = shape[channels + 1 :] if single else [*shape[:1], *shape[2:]]
    assume(math.prod(seen) > 1 or not (training or not tracked))
    momentum = draw(st.sampled_from((0.1, 0.5, 1.0, 0.0) if single else (0.1, 0.5, 1.0, 0.0, None)))
    named: dict[str, Any] = {"bias": draw(flag)} if draw(flag) else {}
    x = 3 * normal(*shape) + 1
    return use(c, draw(epsilons), momentum, draw(flag), tracked, **named, inputs=x, training=training)


@st.composite
def _group_norms(draw: st.DrawFn) -> Use:
    groups, shape = draw(sizes), [draw(sizes) for _ in range(draw(st.integers(0, 3)))]
    c = groups * draw(st.integers(2, 3))
    named: dict[str, Any] = {"bias": draw(flag)} if draw(flag) else {}
    return use(groups, c, draw(epsilons), draw(flag), **named, inputs=normal(draw(st.integers(0, 3)), c, *shape))


@st.composite
def _last(draw: st.DrawFn, flags: int) -> Use:
    """Normalization over the last dimensions: one as a number, or several."""
    lead = draw(st.lists(st.integers(0, 3), max_size=2))
    last = draw(st.one_of(st.integers(2, 5), st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple)))
    shape = (*lead, *((last,) if isinstance(last, int) else last))
    return use(last, draw(epsilons), *(draw(flag) for _ in range(flags)), inputs=normal(*shape))


@st.composite
def _by_neighbours(draw: st.DrawFn) -> Use:
    shape = [draw(sizes) for _ in range(draw(st.integers(3, 5)))]
    settings = (draw(st.sampled_from(v)) for v in ((1e-4, 0.5, 1), (0.75, 0.5, 1), (1.0, 2, 0.5)))
    return use(draw(st.integers(1, 6)), *settings, inputs=normal(*shape))


LAYERS = (
    layer("BatchNorm1d", _running((2, 3))),
    layer("BatchNorm2d", _running((4,))),
    layer("BatchNorm3d", _running((5,))),
    layer("InstanceNorm1d", _running((2, 3), single=True)),
    layer("InstanceNorm2d", _running((3, 4), single=True)),
    layer("InstanceNorm3d", _running((4, 5), single=True)),
    layer("GroupNorm", _group_norms()),
    layer("LayerNorm", _last(2)),
    layer("RMSNorm", _last(1)),
    layer("LocalResponseNorm", _by_neighbours()),
)
