"""Records of `ops/normalization.py`."""

import math

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from chainrule.conformance.record import Record, differs, images_innermost, normal, positive, s, wrong

x, images, line = 3 * normal(5, 4) + 1, normal(2, 4, 3, 2), normal(3, 4, 5)
w, b, mean, var = positive(4), normal(4), normal(4, seed=1), positive(4, seed=1)
whole = np.ones((2, 4), np.int64)
sizes = st.integers(1, 4)
large = normal(17, 6, 31, 33)


def _errors(name: str, *args, running: bool = False) -> tuple:
    """Mistakes that all of those by channels answer to."""
    named = {"running_mean": None, "running_var": None} if name == "batch_norm" else {}
    return (
        wrong(ValueError, f"{name}(): the input needs at least 2 dimensions (N, C, …), not (4,)", w, *args, **named),
        wrong(ValueError, f"{name}(): weight has shape (3,), input (2, 4, 3, 2)", images, *args, weight=b[:3], **named),
        wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", whole, *args, **named),
        wrong(TypeError, f"{name}(): the dtypes differ: input float64, bias", images, *args, bias=whole[0], **named),
    )  # fmt: skip


def _no_running(name: str, **named) -> tuple:
    text = f"{name}(): running_mean and running_var are needed where the input's own are not taken"
    return (wrong(ValueError, text, images, None, None, **named), wrong(ValueError, text, images, mean, None, **named))


@st.composite
def _affine(draw, *shape):
    """A scale and a shift, or none."""
    return [values(*shape) if draw(st.booleans()) else None for values in (positive, normal)]


@st.composite
def _by_channels(draw, images):
    """Batch or instance normalization: of all `images` at once, or of each."""
    n, c = draw(st.integers(0 if images else 1, 4)), draw(sizes)  # PyTorch's instance_norm fails without a sample
    places = draw(st.lists(st.integers(1, 4), max_size=3))
    running = (normal(c, seed=1), positive(c, seed=1)) if draw(st.booleans()) else (None, None)
    takes_own = running[0] is None or draw(st.booleans())
    if takes_own:
        assume(math.prod([n] * images + places) != 1)
    momentum, eps = draw(st.sampled_from((0.1, 0.5, 1, 0))), draw(st.sampled_from((1e-2, 0.1, 1)))
    return s(3 * normal(n, c, *places) + 1, *running, *draw(_affine(c)), takes_own, momentum, eps)


@st.composite
def _groups(draw):
    n, g, c, places = draw(st.integers(1, 3)), draw(sizes), draw(st.integers(2, 3)), draw(st.lists(sizes, max_size=2))
    weight, bias = draw(_affine(g * c))
    return s(normal(n, g * c, *places), g, weight, None if weight is None else bias, draw(st.sampled_from((1e-2, 0.1))))


@st.composite
def _last(draw, values):
    """Over the last dimensions, with some of the parameters."""
    lead = draw(st.lists(st.integers(0, 3), max_size=2))
    last = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=2)))
    parameters = draw(_affine(*last))[:values]
    return s(normal(*lead, *last), last, *parameters, draw(st.sampled_from((1e-2, 0.1, 1))))


RECORDS = (
    Record(
        "batch_norm",
        (
            s(x, None, None, training=True),
            s(x, mean, var, w, b),
            s(x, mean, var),
            s(images, mean, var, w, b, True),
            s(images, mean, var, None, b, True, 0.3, 1e-2),
            s(images, mean, var, w, None, False, 0.1, 1e-2),
            s(line, None, None, w, training=True, eps=0.1),
            s(images[:0], mean, var, w, b),
            s(np.ones((3, 4)), None, None, w, b, True, 0.1, 0.1, kink=True),
            s(x[:0], mean, var, w, b, True),
            s(images_innermost(images), mean, var, w, b, True),
            s(images_innermost(images), mean, var, w, b),
            s(images_innermost(line), None, None, None, b, training=True),
            s(images_innermost(x), None, None, w, b, training=True),
            s(10 + x, None, None, w, b, True, eps=1.0),
        ),
        gradients=(0, 3, 4),
        errors=(
            *_errors("batch_norm"),
            *_no_running("batch_norm"),
            wrong(
                ValueError,
                "batch_norm(): one value for each channel has no variance",
                x[:1],
                None,
                None,
                None,
                None,
                True,
            ),
            wrong(ValueError, "batch_norm(): running_mean has shape (5,), input (2, 4, 3, 2)", images, normal(5), var),
        ),
        draws=_by_channels(images=True),
        large=(
            s(large, None, None, positive(6), normal(6), True),
            s(images_innermost(large), None, None, positive(6), normal(6), True),
            s(images_innermost(large), normal(6), positive(6), positive(6), normal(6)),
            s(normal(517, 131), None, None, positive(131), normal(131), True),
        ),
    ),
    Record(
        "instance_norm",
        (
            s(images),
            s(images, mean, var, w, b),
            s(images, None, None, w, b, eps=0.1),
            s(images, mean, var, w, b, False),
            s(line, mean, var, momentum=0.4),
            s(images_innermost(images), mean, var, w, b),
        ),
        gradients=(0, 3, 4),
        errors=(
            *_errors("instance_norm"),
            *_no_running("instance_norm", use_input_stats=False),
            wrong(ValueError, "instance_norm(): a single place has no variance; input (5, 4) = (N, C, …)", x),
        ),
        draws=_by_channels(images=False),
        large=(s(large, None, None, positive(6), normal(6)),),
    ),
    Record(
        "group_norm",
        (
            s(x, 2),
            s(x, 1, w, b),
            s(images, 2, w, b),
            s(images, 4, w, None, 0.1),
            s(line, num_groups=2, weight=w),
            s(images[:0], 2, w, b),
            s(images_innermost(images), 2, w, b),
        ),
        gradients=(0, 2, 3),
        errors=(
            *_errors("group_norm", 2),
            wrong(ValueError, "group_norm(): num_groups=3 must divide the 4 channels of input (2, 4, 3, 2)", images, 3),
            wrong(ValueError, "group_norm(): num_groups=0 must be a whole number of at least 1", images, 0),
            wrong(TypeError, "group_norm(): num_groups=2.0 must be a whole number of at least 1", images, 2.0),
            wrong(ValueError, "group_norm(): one value for each group has no variance", x[:1], 4),
        ),
        draws=_groups(),
        differs=(
            differs(
                "a shift without a scale has a gradient",
                "PyTorch 2.13 stops with 'tensor does not have a device'",
                line,
                2,
                None,
                b,
            ),
        ),
        large=(s(large, 2, positive(6), normal(6)), s(normal(300, 300), 3, positive(300), normal(300))),
    ),
    Record(
        "layer_norm",
        (
            s(x, (4,)),
            s(x, [4], w, b),
            s(images, (3, 2), positive(3, 2), normal(3, 2), 0.1),
            s(images, (4, 3, 2), None, normal(4, 3, 2)),
            s(normal(4), (4,), w),
            s(normal(2, 4, 1), (4, 1), positive(4, 1)),
            s(10 + x, (4,), w, b, 1.0),
            s(x[:0], (4,), w, b),
            s(np.ones((2, 4)), (4,), w, b, kink=True),
        ),
        gradients=(0, 2, 3),
        errors=(
            wrong(ValueError, "layer_norm(): normalized_shape=(3,) needs an input (…, 3), not (5, 4)", x, (3,)),
            wrong(ValueError, "layer_norm(): normalized_shape=() needs an input (…, at least one size)", x, ()),
            wrong(
                ValueError, "layer_norm(): weight has shape (4,), input (2, 4, 3, 2) asks for (3, 2)", images, (3, 2), w
            ),
            wrong(TypeError, "layer_norm(): a floating-point tensor is needed, not int64", whole, (4,)),
        ),
        draws=_last(2),
        large=(s(normal(67, 1031), (1031,), positive(1031), normal(1031)),),
    ),
    Record(
        "rms_norm",
        (
            s(x, (4,)),
            s(x, [4], w),
            s(images, (3, 2), positive(3, 2), 0.1),
            s(images, (4, 3, 2), eps=1e-6),
            s(x[:0], (4,), w),
        ),
        gradients=(0, 2),
        errors=(
            wrong(TypeError, "rms_norm(): a tensor is needed, not list; make one with tensor(…)", [1.0], (1,)),
            wrong(ValueError, "rms_norm(): normalized_shape=(3,) needs an input (…, 3), not (5, 4)", x, (3,)),
            wrong(ValueError, "rms_norm(): weight has shape (3,), input (5, 4) asks for (4,)", x, 4, w[:3]),
            wrong(TypeError, "rms_norm(): a floating-point tensor is needed, not int64", whole, (4,)),
        ),
        draws=_last(1),
        large=(s(normal(67, 1031), (1031,), positive(1031)),),
    ),
    Record(
        "local_response_norm",
        (
            s(images, 2),
            s(3 * images, 3, 0.5, 0.6, 2.0),
            s(line, 2, alpha=0.7),
            s(line, size=7, alpha=0.7, beta=1.0),
            s(images, 1, 1.0),
            s(images[:0], 2),
        ),
        errors=(
            wrong(ValueError, "local_response_norm(): the input needs at least 3 dimensions", x, 2),
            wrong(ValueError, "local_response_norm(): size=0 must be a whole number of at least 1", images, 0),
            wrong(TypeError, "local_response_norm(): a tensor is needed, not list", [1.0], 2),
            wrong(TypeError, "local_response_norm(): a floating-point tensor is needed", whole.reshape(2, 4, 1), 2),
        ),
        draws=st.builds(
            lambda c, n, places: s(normal(2, c, *places), n, 0.5),
            sizes,
            st.integers(1, 6),
            st.lists(sizes, min_size=1, max_size=2),
        ),
        large=(s(normal(17, 6, 31, 33), 5, 0.5),),
    ),
)
