"""Records of `ops/resize.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, normal, s, wrong

row, image, volume = normal(2, 3, 5), normal(2, 3, 5, 4), normal(1, 2, 3, 4, 2)
few, some = st.integers(1, 6), st.integers(1, 9)
SMOOTH = ("linear", "bilinear", "trilinear", "bicubic")
MODES = {
    1: ("nearest", "nearest-exact", "linear", "area"),
    2: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    3: ("nearest", "nearest-exact", "trilinear"),
}


@st.composite
def _resized(draw):
    axes = draw(st.integers(1, 3))
    mode, shape = draw(st.sampled_from(MODES[axes])), [draw(few) for _ in range(axes)]
    corners = {"align_corners": draw(st.sampled_from((None, False, True)))} if mode in SMOOTH else {}
    x = normal(draw(st.integers(0, 2)), draw(few), *shape)
    if draw(st.booleans()):
        return s(x, draw(st.one_of(some, st.tuples(*[some] * axes))), mode=mode, **corners)
    factors = st.sampled_from((1, 1.0, 1.5, 2, 2.0, 3.7))
    factor = draw(st.one_of(factors, st.tuples(*[factors] * axes)))
    recompute = {"recompute_scale_factor": draw(st.sampled_from((None, False, True)))}
    return s(x, scale_factor=factor, mode=mode, **corners, **recompute)


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
        ),
        errors=(
            wrong(ValueError, "interpolate(): give size or scale_factor, one of the two", image),
            wrong(ValueError, "interpolate(): give size or scale_factor, one of the two", image, 3, 2.0),
            wrong(ValueError, "interpolate(): mode='linear' is not one of 'nearest', ", image, 3, mode="linear"),
            wrong(ValueError, "the input needs 3 to 5 dimensions (N, C, …), its shape is (5,)", row[0, 0], 3),
            wrong(ValueError, "align_corners has no meaning for mode='nearest'", image, 3, align_corners=True),
            wrong(ValueError, "size=(1, 2, 3) must be one number, or one for each axis of (5, 4)", image, (1, 2, 3)),
            wrong(ValueError, "interpolate(): size=(0, 2) must be a whole number of at least 1", image, (0, 2)),
            wrong(ValueError, "interpolate(): size=(2.5, 2.5) must be a whole number", image, 2.5),
            wrong(ValueError, "interpolate(): antialias=True does not exist here", image, 3, antialias=True),
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
            wrong(TypeError, "interpolate(): a floating-point tensor is needed, not int64", np.ones((1, 1, 2), int), 3),
        ),
        draws=_resized(),
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
        draws=st.builds(lambda r, n, c, h, w: s(normal(n, c * r * r, h, w), r), few, few, few, few, few),
    ),
    Record(
        "pixel_unshuffle",
        (s(normal(2, 2, 4, 6), 2), s(normal(2, 6, 3), 3), s(normal(1, 2, 1, 4, 2), 2), s(image, 1)),
        errors=(
            wrong(ValueError, "height and width of input (2, 3, 5, 4) are not multiples of 2", image, 2),
            wrong(ValueError, "pixel_unshuffle(): downscale_factor=1.5 must be a whole number", image, 1.5),
        ),
        draws=st.builds(lambda r, n, c, h, w: s(normal(n, c, h * r, w * r), r), few, few, few, few, few),
    ),
    Record(
        "channel_shuffle",
        (s(normal(2, 6, 3, 2), 2), s(normal(2, 6, 3), 3), s(normal(0, 4, 2, 2), 2), s(image, 1)),
        errors=(
            wrong(ValueError, "groups=2 must divide the 3 channels of input (2, 3, 5, 4)", image, 2),
            wrong(ValueError, "channel_shuffle(): groups=0 must be a whole number of at least 1", image, 0),
        ),
        draws=st.builds(lambda g, n, c, h, w: s(normal(n, c * g, h, w), g), few, few, few, few, few),
    ),
)
