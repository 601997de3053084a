"""Records of `nn/resize.py`, most of them from those of the functions."""

from hypothesis import strategies as st

from chainrule.conformance.layer import Use, as_module, layer, use
from chainrule.conformance.operators import columns, resize
from chainrule.conformance.record import normal

CALLS = {record.name: record.draws for family in (columns, resize) for record in family.RECORDS}
WINDOWS = ("kernel_size", "dilation", "padding", "stride")
few = st.integers(1, 3)


@st.composite
def _images(draw: st.DrawFn) -> Use:
    """To a size or by a factor."""
    x, sides = normal(*(draw(few) for _ in range(4))), st.integers(1, 6)
    if draw(st.booleans()):
        return use(draw(st.one_of(sides, st.tuples(sides, sides))), inputs=x)
    factors = st.sampled_from((1.0, 2.0, 1.5, 2.5))
    return use(scale_factor=draw(st.one_of(factors, st.just(2), st.tuples(factors, factors))), inputs=x)


@st.composite
def _resized(draw: st.DrawFn) -> Use:
    """Any mode. PyTorch's class takes no list of factors, so a tuple of them has a fraction."""
    call = draw(CALLS["interpolate"].filter(lambda call: "antialias" not in call.kwargs))
    settings = dict(zip(("size",), call.args[1:], strict=False)) | call.kwargs
    if isinstance(settings.get("scale_factor"), tuple):
        settings["scale_factor"] = tuple(map(float, settings["scale_factor"]))
    return use(**settings, inputs=call.args[0])


LAYERS = (
    as_module("Unfold", CALLS["unfold"], WINDOWS),
    as_module("Fold", CALLS["fold"], ("output_size", *WINDOWS)),
    as_module("PixelShuffle", CALLS["pixel_shuffle"], ("upscale_factor",)),
    as_module("PixelUnshuffle", CALLS["pixel_unshuffle"], ("downscale_factor",)),
    as_module("ChannelShuffle", CALLS["channel_shuffle"], ("groups",)),
    layer("Upsample", _resized()),
    layer("UpsamplingNearest2d", _images()),
    layer("UpsamplingBilinear2d", _images()),
)
