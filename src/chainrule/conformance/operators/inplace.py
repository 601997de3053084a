"""Records of `ops/inplace.py`: x.f_(…) from those of f(x, …)."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.operators import indexing, scan, shape, writing
from chainrule.conformance.record import Record, Sample, arrays, normal, s, twin, wrong

TWINS = (
    "cumprod", "cumsum", "index_add", "index_copy", "index_fill", "index_put", "masked_fill", "masked_scatter",
    "scatter", "scatter_add", "scatter_reduce", "squeeze", "t", "transpose", "tril", "triu", "unsqueeze",
)  # fmt: skip


def _fits(sample: Sample) -> bool:
    """Whether x takes what comes out: in dtype, and in shape but where x changes its own."""
    x = sample.args[0]
    masks = [a.shape for a in sample.args[1:2] if isinstance(a, np.ndarray) and a.dtype == bool]
    fit = all(np.broadcast_shapes(x.shape, mask) == x.shape for mask in masks)
    return fit and x.dtype == np.float64 and "dtype" not in sample.kwargs


def _twin(record: Record) -> Record:
    kept = tuple(sample for sample in record.samples if _fits(sample))
    return twin(record, kept, None if record.draws is None else record.draws.filter(_fits))


def _filled(torch: Any, input: Any, *args: Any, **named: Any) -> Any:
    return input.clone().fill_diagonal_(*args, **named)


_found = {record.name: record for family in (indexing, scan, shape, writing) for record in family.RECORDS}
RECORDS = (
    *(_twin(_found[name]) for name in TWINS),
    Record(
        "fill_diagonal_",
        (s(normal(3, 4), 2.5), s(normal(7, 3), 0, True), s(normal(3, 3, 3), 1.0)),
        errors=(wrong(ValueError, "fill_diagonal_(): a matrix or equal sizes are needed", normal(3), 1.0),),
        call=lambda *args, **named: _filled(None, *args, **named),
        oracle=_filled,
        draws=st.builds(s, arrays(kinds="ff").filter(lambda x: x.ndim == 2 and x.size > 0), st.integers(-2, 2)),
    ),
)
