"""Records of `ops/resize.py`."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.record import Record, classes, differs, normal, s, wrong

row, image, volume = normal(2, 3, 5), normal(2, 3, 5, 4), normal(1, 2, 3, 4, 2)
few, some = st.integers(1, 6), st.integers(1, 9)
SMOOTH = ("linear", "bilinear", "trilinear", "bicubic")
MODES = {
    1: ("nearest", "nearest-exact", "linear", "area"),
    2: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    3: ("nearest", "nearest-exact", "trilinear", "area"),
}


@st.composite
def _resized(draw, sides=(9, 9, 4)):
    """To a size or by a factor, a number or one for each axis, in every mode."""
    axes = draw(st.integers(1, 3))
    mode, side = draw(st.sampled_from(MODES[axes])), st.integers(1, sides[axes - 1])
    named = {"mode": mode} if mode != "nearest" or draw(st.booleans()) else {}
    if mode in SMOOTH:
        named["align_corners"] = draw(st.sampled_from((None, False, True)))
    x = normal(draw(st.integers(0, 2)), draw(few), *(draw(side) for _ in range(axes)))
    if mode in ("bilinear", "bicubic") and draw(st.booleans()):
        named["antialias"] = True
    if draw(st.booleans()):
        size = draw(st.one_of(side, st.tuples(*[side] * axes)))
        narrow = "antialias" in named and (size if isinstance(size, int) else size[-1]) == 1
        return s(x, 2 if narrow else size, **named)  # PyTorch repeats the first row then, see `differs`
    factors = st.sampled_from((1, 1.0, 1.5, 2, 2.0, 3.7) + (() if named.get("antialias") else (0.6, 0.5)))
    factor = draw(st.one_of(factors, st.tuples(*[factors] * axes)))
    each = factor if isinstance(factor, tuple) else (factor,) * axes
    assume(all(n * f >= (2 if named.get("antialias") else 1) for n, f in zip(x.shape[2:], each, strict=True)))
    recompute = {"recompute_scale_factor": draw(st.sampled_from((None, False, True)))}
    return s(x, scale_factor=factor, **named, **recompute)


def _shuffles(build, least=1):
    """With any number of dimensions before the channels; whole numbers, too."""
    batches = st.lists(st.integers(least, 2), max_size=2)
    values = st.sampled_from((normal, lambda *shape: classes(9, *shape)))
    few = st.integers(1, 3)
    return st.builds(lambda f, batch, r, c, h, w: build(f, batch, r, c, h, w), values, batches, few, few, few, few)


EMPTY = "an empty batch has a shape and a gradient as any other", "PyTorch refuses its gradient, or leaves its shape"

RECORDS = (
    Record(
        "interpolate",
        (
            s(image, 7),
            s(image, (3, 9)),
            s(image, scale_factor=2),
            s(image, None, (1.5, 0.5)),
            s(image, (3, 9), mode="nearest-exact"),
            s(image, (3, 9), None, "bilinear"),
            s(image, (3, 9), None, "bilinear", True),
            s(image, scale_factor=1.7, mode="bilinear", recompute_scale_factor=True),
            s(image, scale_factor=1.7, mode="bilinear", align_corners=False),
            s(image, 1, mode="bilinear", align_corners=True),
            s(image, (7, 3), mode="bicubic"),
            s(image, (7, 3), mode="bicubic", align_corners=True),
            s(image, (3, 2), mode="area"),
            s(image[:0], 7, mode="bilinear"),
            s(row, 7),
            s(row, (3,), mode="linear"),
            s(row, scale_factor=(2.5,), mode="linear", align_corners=True),
            s(row, 3, mode="area"),
            s(volume, 5),
            s(volume, (2, 5, 3), mode="trilinear"),
            s(volume, (2, 3, 2), mode="area"),
            s(image, (2, 7), mode="bilinear", antialias=True),
            s(image, scale_factor=(0.5, 1.5), mode="bicubic", antialias=True),
            s(image, (3, 2), mode="bicubic", align_corners=True, antialias=True),
            s(np.arange(12, dtype=np.uint8).reshape(1, 1, 3, 4), (5, 2), kink=True),
        ),
        errors=(
            wrong(ValueError, "interpolate(): give size or scale_factor, one of the two", image),
            wrong(ValueError, "interpolate(): give size or scale_factor, one of the two", image, 3, 2.0),
            wrong(ValueError, "interpolate(): mode='linear' is not one of 'nearest', ", image, 3, mode="linear"),
            wrong(ValueError, "the input needs 3 to 5 dimensions (N, C, …), its shape is (5,)", row[0, 0], 3),
            wrong(ValueError, "align_corners has no meaning for mode='nearest'", image, 3, align_corners=True),
            wrong(ValueError, "size=(1, 2, 3) must be one number, or one for each axis of (5, 4)", image, (1, 2, 3)),
            wrong(ValueError, "interpolate(): size=(0, 2) must be a whole number of at least 1", image, (0, 2)),
            wrong(TypeError, "interpolate(): size=(2.5, 2.5) must be a whole number", image, 2.5),
            wrong(ValueError, "antialias=True is for mode='bilinear' and 'bicubic' only", image, 3, antialias=True),
            wrong(TypeError, "scale_factor='2' must be a number, or one for each axis of (5, 4)", image, None, "2"),
            wrong(TypeError, "interpolate(): a tensor is needed, not list; make one with tensor(…)", [1.0], 2),
            wrong(
                ValueError,
                "interpolate(): nothing to interpolate between input (2, 3, 5, 4) and size (0, 0)",
                image,
                None,
                0.1,
            ),
            wrong(
                ValueError,
                "interpolate(): recompute_scale_factor=True needs a scale_factor, not a size",
                image,
                3,
                recompute_scale_factor=True,
            ),
            wrong(TypeError, "a floating-point tensor is needed, not int64", np.ones((1, 1, 2), int), 3, mode="linear"),
        ),
        draws=_resized(),
        differs=(
            differs(
                "antialias=True to a width of 1 gives every row its own mean",
                "PyTorch 2.13 repeats the first row",
                image,
                (3, 1),
                mode="bilinear",
                antialias=True,
            ),
            differs(
                "NaN and infinity spread to the pixels that see them with weight 0, too",
                "0 · NaN is NaN; PyTorch leaves an axis out that keeps its size",
                np.array([[[np.nan, 1.0, np.inf, 2.0]]]),
                4,
                mode="linear",
            ),
        ),
    ),
    Record(
        "upsample",
        (s(image, 7), s(image, scale_factor=2), s(image, (3, 9), None, "bilinear", True), s(row, 3, mode="linear")),
        errors=(wrong(ValueError, "interpolate(): give size or scale_factor, one of the two", image),),
        draws=_resized().filter(lambda call: not {"antialias", "recompute_scale_factor"} & call.kwargs.keys()),
    ),
    Record(
        "pixel_shuffle",
        (s(normal(2, 8, 3, 2), 2), s(normal(9, 2, 1), 3), s(normal(1, 2, 4, 1, 2), 2), s(image, 1)),
        errors=(
            wrong(
                ValueError, "pixel_shuffle(): 3 channels of input (2, 3, 5, 4) are not a multiple of 2² = 4", image, 2
            ),
            wrong(ValueError, "pixel_shuffle(): upscale_factor=0 must be a whole number of at least 1", image, 0),
            wrong(ValueError, "pixel_shuffle(): the input needs 3 dimensions or more, its shape is (5,)", row[0, 0], 1),
        ),
        draws=_shuffles(lambda f, batch, r, c, h, w: s(f(*batch, c * r * r, h, w), r)),
        differs=(differs(*EMPTY, np.ones((0, 4, 2, 2)), 2),),
    ),
    Record(
        "pixel_unshuffle",
        (s(normal(2, 2, 4, 6), 2), s(normal(2, 6, 3), 3), s(normal(1, 2, 1, 4, 2), 2), s(image, 1)),
        errors=(
            wrong(ValueError, "height and width of input (2, 3, 5, 4) are not multiples of 2", image, 2),
            wrong(TypeError, "pixel_unshuffle(): downscale_factor=1.5 must be a whole number", image, 1.5),
            wrong(TypeError, "pixel_unshuffle(): a tensor is needed, not list", [1.0], 2),
        ),
        draws=_shuffles(lambda f, batch, r, c, h, w: s(f(*batch, c, h * r, w * r), r)),
        differs=(differs(*EMPTY, np.ones((0, 1, 2, 2)), 2),),
    ),
    Record(
        "channel_shuffle",
        (s(normal(2, 6, 3, 2), 2), s(normal(2, 6, 3), 3), s(normal(0, 4, 2, 2), 2), s(image, 1)),
        errors=(
            wrong(ValueError, "groups=2 must divide the 3 channels of input (2, 3, 5, 4)", image, 2),
            wrong(ValueError, "channel_shuffle(): groups=0 must be a whole number of at least 1", image, 0),
        ),
        draws=_shuffles(lambda f, rest, g, c, n, w: s(f(n, c * g, *rest, w), g), least=0),
    ),
)
