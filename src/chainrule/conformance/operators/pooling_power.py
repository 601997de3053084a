"""Records of `ops/pooling_power.py`."""

from hypothesis import strategies as st

from chainrule.conformance.operators.convolution import number_or_each
from chainrule.conformance.record import Record, Sample, positive, s, wrong

SIZES = {1: (7,), 2: (6, 7), 3: (4, 5, 4)}


@st.composite
def _pools(draw: st.DrawFn, axes: int) -> Sample:
    batch = draw(st.sampled_from(((1, 2), (2, 3), (3,))))
    size = [draw(st.integers(3, n)) for n in SIZES[axes]]
    kernel = stride = (
        number_or_each(axes, st.integers(1, 3)) if axes > 1 else st.integers(1, 3)
    )  # as PyTorch takes them
    p = draw(st.sampled_from((1, 2, 3.0, 1.5)))
    return s(positive(*batch, *size), p, draw(kernel), draw(st.one_of(st.none(), stride)), draw(st.booleans()))


def _record(axes: int) -> Record:
    name, x = f"lp_pool{axes}d", positive(2, 3, *SIZES[axes])
    return Record(
        name,
        (s(x, 2, 2), s(x, 3.0, 3, stride=2, ceil_mode=True), s(x[0], 1.5, 2, 1), s(x - 1, 2, 2)),
        errors=(
            wrong(ValueError, f"{name}(): norm_type must not be 0", x, 0, 2),
            wrong(ValueError, f"{name}(): kernel_size=0 must be a whole number of at least 1", x, 2, 0),
            wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", x.astype(int), 2, 2),
        ),
        draws=_pools(axes),
    )


RECORDS = tuple(map(_record, (1, 2, 3)))
