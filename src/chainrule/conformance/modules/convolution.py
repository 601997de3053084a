"""Records of `nn/convolution.py`."""

from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.operators.convolution import each
from chainrule.conformance.record import normal

few = st.integers(1, 3)
MODES = ("zeros", "zeros", "reflect", "replicate", "circular")
BATCHES: st.SearchStrategy[tuple[int, ...]] = st.sampled_from(((2,), (1,), (0,), ()))


def _each(axes: int, values: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """A number, or one for each axis."""
    return st.one_of(values, st.tuples(*[values] * axes))


@st.composite
def _channels(draw: st.DrawFn) -> tuple[int, int, int]:
    """(in, out, groups)"""
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    return groups * draw(few), groups * draw(few), groups


@st.composite
def _convolutions(draw: st.DrawFn, axes: int) -> Use:
    c, o, groups = draw(_channels())
    kernel, dilation, stride = (draw(_each(axes, few)) for _ in range(3))
    padding = draw(st.one_of(_each(axes, st.integers(0, 2)), st.sampled_from(("same", "valid"))))
    mode = draw(st.sampled_from(MODES))
    if padding == "same":
        stride = 1
    numbers = zip(each(kernel, axes), each(dilation, axes), strict=True)
    size = [d * (k - 1) + 1 + draw(st.integers(2, 4)) for k, d in numbers]  # more than any mode's border
    batch = draw(BATCHES if mode == "zeros" else BATCHES.filter(lambda batch: batch != (0,)))
    settings = stride, padding, dilation, groups, draw(st.booleans()), mode
    return use(c, o, kernel, *settings, inputs=normal(*batch, c, *size))


@st.composite
def _transposed(draw: st.DrawFn, axes: int) -> Use:
    c, o, groups = draw(_channels())
    kernel, dilation, stride = (draw(_each(axes, few)) for _ in range(3))
    padding = draw(_each(axes, st.integers(0, 1)))
    both = list(zip(each(stride, axes), each(dilation, axes), strict=True))
    more = draw(_each(axes, st.integers(0, min(max(pair) for pair in both) - 1)))
    numbers = list(zip(each(kernel, axes), both, each(padding, axes), strict=True))
    size = [draw(st.integers(3, 5)) for _ in range(axes)]
    batch = draw(BATCHES)
    options: dict[str, Any] = {}
    if draw(st.booleans()):  # one of the sizes that the stride leaves open
        least = [(n - 1) * s_ - 2 * p + d * (k - 1) + 1 for n, (k, (s_, d), p) in zip(size, numbers, strict=True)]
        wanted = [n + draw(st.integers(0, s_ - 1)) for n, (s_, _) in zip(least, both, strict=True)]
        whole_shape = draw(st.booleans())
        options["output_size"] = [*batch, o, *wanted] if batch and whole_shape else wanted
    settings = stride, padding, more, groups, draw(st.booleans()), dilation
    return use(c, o, kernel, *settings, inputs=normal(*batch, c, *size), options=options)


LAYERS = (
    *(layer(f"Conv{axes}d", _convolutions(axes)) for axes in (1, 2, 3)),
    *(layer(f"ConvTranspose{axes}d", _transposed(axes)) for axes in (1, 2, 3)),
)
