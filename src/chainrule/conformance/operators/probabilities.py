"""Records of `ops/probabilities.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import SHAPES, Record, arrays, normal, one_dim, options, s, wrong


@st.composite
def _along(draw):
    """Scores, some of them −∞, a dimension and perhaps a dtype; integers need one."""
    shape = draw(SHAPES)
    x = draw(arrays(shape, "ffi"))
    if x.dtype.kind == "i":
        return s(x, draw(one_dim(shape)), dtype=draw(st.sampled_from((cr.float32, cr.float64))))
    dim = one_dim(shape) if len(shape) != 1 else st.one_of(one_dim(shape), st.none())
    return s(x, draw(dim), **options(draw, dtype=st.sampled_from((None, cr.float64))))


def _softmax(name: str) -> Record:
    x = normal(3, 4, 2)
    some = np.array([[1.0, -np.inf, 2.0], [-np.inf, 0.0, -np.inf]])
    return Record(
        name,
        (
            s(x, -1),
            s(x, 1),
            s(x, 0),
            s(x, dim=2),
            s(x, 0, dtype=cr.float64, kink=True),
            s(x),
            s(normal(3, 4)),
            s(np.arange(3), 0, cr.float64, kink=True),
            s(normal(4), 0),
            s(normal(), -1, kink=True),
            s(np.array([[1e4, 0.0, -1e4]]), 1),
            s(normal(0, 3), 1),
            s(normal(3, 0), 1),
            s(some, 1, kink=True),
        ),
        errors=(
            wrong(IndexError, f"{name}(): dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2", x, 3),
            wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", np.arange(3), 0),
        ),
        oracle=lambda torch, input, dim=None, dtype=None: getattr(torch.nn.functional, name)(input, dim, dtype=dtype),
        draws=_along(),
        large=(s(normal(67, 1031), 1), s(normal(67, 1031), 0)),
    )


RECORDS = (
    _softmax("softmax"),
    _softmax("log_softmax"),
    Record(
        "softmin",
        (s(normal(3, 4), 1), s(normal(3, 4, 2), dim=0), s(normal(4), -1)),
        errors=(wrong(IndexError, "softmax(): dim 1 is out of range for a tensor of shape (3,)", normal(3), 1),),
        oracle=lambda torch, input, dim=None, dtype=None: torch.nn.functional.softmin(input, dim, dtype=dtype),
        draws=_along().filter(lambda sample: sample.args[0].dtype.kind == "f"),
    ),
)
