"""Records of `ops/padding.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, Sample, arrays, normal, options, s, wrong

x = normal(2, 3, 4)
image = normal(2, 2, 4, 5)
MODES = ("reflect", "replicate", "circular")


@st.composite
def _borders(draw):
    """Any mode, with widths that it allows, and negative ones."""
    mode, axes = draw(st.sampled_from(MODES)), draw(st.integers(1, 3))
    shape = [draw(st.integers(1, 5)) for _ in range(axes + draw(st.integers(1, 2)))]
    widths: list[int] = []
    for n in shape[: -axes - 1 : -1]:
        most = {"reflect": n - 1, "replicate": n + 1, "circular": n}[mode]
        cut = (0, -draw(st.integers(0, n - 1)))
        widths += cut if draw(st.booleans()) and mode != "circular" else [draw(st.integers(0, most)) for _ in range(2)]
    return s(normal(*shape), widths, mode)


@st.composite
def _constant(draw: st.DrawFn) -> Sample:
    """Widths for the last dimensions, negative ones too, that leave something or nothing."""
    x = draw(arrays(kinds="ffisb"))
    pairs = [(draw(st.integers(-(n // 2), 2)), draw(st.integers(-(n // 2), 2))) for n in x.shape[::-1]]
    pairs = pairs[: draw(st.integers(0, len(pairs)))]
    value = st.sampled_from((0, 1, None) if x.dtype.kind != "f" else (0, 1.5, -2, None))
    return s(x, tuple(n for pair in pairs for n in pair), **options(draw, mode=st.just("constant"), value=value))


RECORDS = (
    Record(
        "pad",
        (
            s(x, (1, 2)),
            s(x, (1, 0, 0, 2), value=-1.5),
            s(x, (0, 0, 1, 1, 2, 0)),
            s(x, ()),
            s(normal(), ()),
            s(normal(0, 2), [1, 1]),
            s(x, (-1, 2)),
            s(x, (-1, -2, 1, -1), "constant", 3.0),
            s(x, (-2, -2)),
            s(np.arange(3), (1, 2), value=2, kink=True),
            *[s(x, (2, 3) if mode != "circular" else (2, 4), mode) for mode in MODES],
            *[s(image, (2, 1, 0, 3), mode) for mode in MODES],
            *[s(image[0], (2, 1, 0, 3), mode=mode) for mode in MODES],
            *[s(image, (1, 1, 2, 0, 1, 0), mode) for mode in MODES],
            *[s(x, (-1, 2), mode) for mode in MODES],
            *[s(x[0], (2, -1), mode) for mode in MODES],
            *[s(x[:0], (1, 1), mode) for mode in MODES],
        ),
        errors=(
            wrong(TypeError, "pad(): the widths must be a whole number, not 0.5", x, (0.5, 1)),
            wrong(TypeError, "pad(): the widths must be whole numbers in a tuple or a list, not 1", x, 1),
            wrong(
                ValueError,
                "pad(): mode must be 'constant', 'reflect', 'replicate' or 'circular', not 'wrap'",
                x,
                (1, 1),
                "wrap",
            ),
            wrong(
                ValueError,
                "pad(): (1, 2, 3) must be pairs of widths, at most one per dimension of (2, 3, 4)",
                x,
                (1, 2, 3),
            ),
            wrong(ValueError, "pad(): (-3, -2) cuts more off than shape (2, 3, 4) has", x, (-3, -2)),
            wrong(ValueError, "pad(): (-5, 3) cuts more off than shape (2, 3, 4) has", x, (-5, 3)),
            wrong(ValueError, "pad(): (-2, -2) cuts more off than", x, (-2, -2), "replicate"),
            wrong(
                ValueError,
                "pad(): mode='reflect' has 3 values for (4, 0) at dimension 2 of shape (2, 3, 4)",
                x,
                (4, 0),
                "reflect",
            ),
            wrong(
                ValueError,
                "pad(): mode='circular' has 3 values for (4, -1) at dimension 2 of shape (2, 3, 4)",
                x,
                (4, -1),
                "circular",
            ),
            wrong(ValueError, "pad(): mode='reflect' takes no value, but value=2", x, (1, 1), "reflect", 2),
            wrong(ValueError, "1 to 3 pairs of widths, not 1 for shape (2, 2, 4, 5)", image, (1, 1), "reflect"),
            wrong(ValueError, "1 to 3 pairs of widths, not 0 for shape (2, 3, 4)", x, (), "replicate"),
            wrong(
                ValueError,
                "pad(): mode='replicate' has nothing to copy from in shape (2, 3, 0)",
                x[..., :0],
                (1, 1),
                "replicate",
            ),
        ),
        oracle=lambda torch, *args, **named: torch.nn.functional.pad(*args, **named),
        draws=st.one_of(_borders(), _constant()),
    ),
)
