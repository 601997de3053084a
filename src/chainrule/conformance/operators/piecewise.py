"""Records of `ops/piecewise.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import Record, apart, differs, normal, s, unary, wrong

corners = np.array([[-6.0, -3.0, -1.0, -0.5, -0.0], [0.0, 0.5, 1.0, 3.0, 6.0], [np.nan, np.inf, -np.inf, 7.0, 1e9]])
whole = np.arange(-4, 9)
spread = 3 * apart(4, 6)


AT_NAN = (differs("the gradient at NaN", "PyTorch's depends on the place in memory"),)


def _no_integers(name: str) -> tuple:
    return (wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", whole),)


RECORDS = (
    unary(
        "relu6",
        apart,
        kinds="fisu",
        odd=False,
        differs=AT_NAN,
        samples=(s(spread), s(whole, kink=True), s(corners, False, kink=True)),
    ),
    unary(
        "hardtanh",
        apart,
        kinds="fis",
        odd=False,
        differs=AT_NAN,
        samples=(s(spread), s(spread, -2, 0.25), s(whole, -1.0, 2.0, kink=True), s(corners, max_val=3.0, kink=True)),
        errors=(wrong(ValueError, "hardtanh(): min_val=2 must not be greater than max_val=1.0", spread, 2),),
    ),
    unary(
        "hardsigmoid",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(s(spread), s(corners[:2], kink=True)),
        errors=_no_integers("hardsigmoid"),
        oracle=lambda torch, input, inplace=False: (
            torch.nn.functional.relu6(input + 3) / 6
        ),  # its own multiplies by 1/6 in float32
    ),
    unary(
        "hardswish",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(s(spread), s(corners, kink=True)),
        errors=_no_integers("hardswish"),
    ),
    unary(
        "hardshrink",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(s(spread, 1.2), s(corners, lambd=1.0, kink=True)),
        errors=_no_integers("hardshrink"),
    ),
    unary(
        "softshrink",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(s(spread, 1.2), s(corners, lambd=1.0, kink=True)),
        errors=(
            *_no_integers("softshrink"),
            wrong(ValueError, "softshrink(): lambd=-1 must not be negative", spread, -1),
        ),
    ),
    unary(
        "threshold",
        apart,
        kinds="fisu",
        settings=(0.1, 20.0),
        samples=(s(spread, -1, value=3), s(whole, 1, 5, kink=True), s(corners, 1.0, 0.5, kink=True)),
    ),
    Record(
        "prelu",
        (
            s(spread, np.array([0.25])),
            s(spread, np.array(-0.5)),
            s(spread, normal(6)),
            s(apart(2, 3, 4), normal(3)),
            s(apart(2, 3, 2, 2), weight=normal(3)),
            s(apart(5), normal(1)),
            s(apart(), normal(1)),
            s(apart(0, 3), normal(3)),
            s(corners, normal(5), kink=True),
        ),
        gradients=(0, 1),
        errors=(
            wrong(ValueError, "prelu(): weight (4,) needs one number, or one for each of the 6", spread, apart(4)),
            wrong(ValueError, "prelu(): weight (1, 6) needs one number", spread, apart(1, 6)),
            wrong(TypeError, "prelu(): the dtypes differ: input int64, weight float64", whole, apart(1)),
        ),
        draws=st.lists(st.integers(0, 3), min_size=2, max_size=4).map(lambda n: s(apart(*n), normal(n[1]))),
        large=(s(apart(67, 1031), normal(1031)),),
    ),
)
