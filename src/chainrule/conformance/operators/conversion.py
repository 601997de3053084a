"""Records of `ops/conversion.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, Sample, arrays, normal, options, s, wrong

x = normal(2, 3, 4)
_dtypes = st.sampled_from((cr.float32, cr.float64, cr.int64, cr.int32, cr.uint8, cr.bool))


@st.composite
def _conversions(draw: st.DrawFn) -> Sample:
    """To a dtype by itself, behind a device, or by name."""
    x = np.asarray(np.abs(draw(arrays(kinds="ffisub"))))
    dtype, more = draw(_dtypes), options(draw, copy=st.booleans(), non_blocking=st.booleans())
    forms = (s(x, dtype, **more), s(x, "cpu", dtype, **more), s(x, device="cpu", dtype=dtype, **more), s(x, "cpu"))
    return draw(st.sampled_from((*forms, s(x, dtype=dtype, **more), s(x, np.zeros(1), **more))))


def _cast(name: str) -> Record:
    """To one dtype."""
    return Record(
        name,
        (s(np.abs(x), kink=True), s(np.arange(3), kink=True), s(np.array(True), kink=True)),
        gradients=(),
        draws=st.builds(lambda x: s(np.asarray(np.abs(x))), arrays(kinds="fisub")) if name != "half" else None,
    )


RECORDS = (
    Record(
        "to",
        (
            s(x, cr.float32, kink=True),
            s(x, cr.float64),
            s(x, "cpu"),
            s(x),
            s(x, copy=True),
            s(x, np.int64, kink=True),
            s(x, "cpu", cr.float32, kink=True),
            s(x, device="cpu", dtype=cr.float32, non_blocking=True, kink=True),
        ),
        errors=(
            wrong(ValueError, "to(): device 'cuda' is not there", x, "cuda"),
            wrong(TypeError, "to(): 1.5 is not a dtype", x, 1.5),
        ),
        oracle=lambda torch, x, *args, **named: x.to(*[torch.int64 if a is np.int64 else a for a in args], **named),
        draws=_conversions(),
    ),
    Record("type_as", (s(x, np.arange(2), kink=True), s(x, x)), draws=st.builds(s, arrays(), arrays(kinds="fi"))),
    Record(
        "clone",
        (s(x), s(normal()), s(normal(0, 3))),
        draws=st.builds(s, arrays(kinds="ffisub", odd=True)),
    ),
    Record(
        "contiguous",
        (s(x), s(x.transpose(2, 0, 1)), s(x[:, ::2]), s(normal())),
        draws=st.builds(lambda x: s(x.T), arrays(kinds="ffisub")),
    ),
    Record(
        "type",
        (s(x, cr.float64), s(np.abs(x), cr.int64, kink=True)),
        draws=st.builds(lambda x, dtype: s(np.asarray(np.abs(x)), dtype), arrays(kinds="fi"), _dtypes),
    ),
    _cast("half"),
    _cast("short"),
    _cast("char"),
    _cast("byte"),
)
