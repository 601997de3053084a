"""Records of `ops/activation.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import ENDS, Record, apart, differs, normal, s, unary, wrong

edge = np.array([[0.0, -0.0, 1.0], [-1.0, 0.0, 3.0]])
wide = np.array([[-800.0, -40.0, 1e-9], [800.0, 40.0, -1e-9]])
small = ENDS[np.abs(ENDS) < 1]
whole = np.arange(3)


AT_NAN = (differs("the gradient at NaN", "PyTorch's depends on the place in memory; here it is NaN"),)


def _no_integers(name: str) -> tuple:
    return (wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", whole),)


RECORDS = (
    unary(
        "relu",
        apart,
        kinds="fisu",
        odd=False,
        differs=(differs("the gradient at NaN is 0", "no element above 0", np.array([np.nan])),),
        samples=(s(edge, kink=True), s(whole, kink=True), s(ENDS[1:], kink=True)),
    ),
    unary("sigmoid", samples=(s(wide, kink=True), s(ENDS, kink=True))),
    unary(
        "rrelu",
        apart,
        kinds="f",
        samples=(s(apart(3, 4), 0.1, 0.5), s(edge, upper=0.2, kink=True)),
        errors=(
            *_no_integers("rrelu"),
            wrong(ValueError, "rrelu(): lower=2 must not be greater than upper=1", edge, 2, 1),
        ),
    ),
    unary("tanh", samples=(s(wide, kink=True), s(ENDS, kink=True))),
    unary(
        "leaky_relu",
        apart,
        kinds="f",
        samples=(s(apart(3, 4), 0.2), s(edge, negative_slope=-0.1, kink=True), s(ENDS, kink=True)),
        errors=(wrong(TypeError, "leaky_relu(): a floating-point tensor is needed, not int64", whole),),
    ),
    unary(
        "elu",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(s(apart(3, 4), alpha=0.5), s(edge, alpha=0.5, kink=True), s(wide, kink=True), s(ENDS[1:], kink=True)),
        errors=(wrong(TypeError, "elu(): a floating-point tensor is needed, not int64", whole),),
    ),
    unary(
        "gelu",
        kinds="f",
        odd=False,
        differs=(differs("gelu(inf) is inf", "PyTorch's float32 kernel gives NaN for some lengths, its float64 inf"),),
        samples=(
            s(normal(3, 4), approximate="tanh"),
            s(wide, kink=True),
            s(small, kink=True),
            s(small, approximate="tanh", kink=True),
        ),
        errors=(
            wrong(ValueError, "gelu(): approximate must be 'none', 'tanh' or 'sigmoid', not", normal(2), "quick"),
            wrong(TypeError, "gelu(): a floating-point tensor is needed, not int64", whole),
        ),
    ),
    unary(
        "silu",
        kinds="f",
        samples=(s(wide, kink=True), s(ENDS, kink=True)),
        errors=(wrong(TypeError, "silu(): a floating-point tensor is needed, not int64", whole),),
    ),
    unary(
        "softplus",
        kinds="f",
        samples=(s(3 * normal(3, 4), 2.0, 1.5, kink=True), s(wide, kink=True), s(ENDS, kink=True)),
        errors=(wrong(TypeError, "softplus(): a floating-point tensor is needed, not int64", whole),),
    ),
    Record(
        "gelu_by_sigmoid",
        (s(normal(3, 4), "sigmoid"), s(wide, "sigmoid", kink=True)),
        call=cr.ops.gelu,
        oracle=lambda torch, input, approximate: input * torch.sigmoid(1.702 * input),
    ),
    unary(
        "selu",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(s(edge, kink=True), s(wide, False, kink=True), s(ENDS[1:], kink=True)),
        errors=_no_integers("selu"),
    ),
    unary(
        "celu",
        apart,
        kinds="f",
        odd=False,
        differs=AT_NAN,
        samples=(
            s(apart(3, 4), alpha=0.5),
            s(apart(3, 4), -2.0),
            s(edge, kink=True),
            s(wide, 0.5, kink=True),
            s(ENDS[1:], kink=True),
        ),
        errors=(*_no_integers("celu"), wrong(ValueError, "celu(): alpha must not be 0", edge, 0.0)),
    ),
    unary(
        "mish",
        kinds="f",
        samples=(s(wide, kink=True), s(edge, inplace=False), s(ENDS, kink=True)),
        errors=_no_integers("mish"),
    ),
    unary(
        "softsign",
        kinds="fisu",
        odd=False,
        differs=(differs("the gradient at ∞ is 0", "PyTorch's is NaN", np.array([np.inf])),),
        samples=(s(edge, kink=True), s(wide, kink=True), s(whole, kink=True)),
    ),
    unary("tanhshrink", kinds="fisu", samples=(s(edge), s(wide, kink=True), s(whole, kink=True))),
    unary(
        "logsigmoid",
        kinds="f",
        samples=(s(edge), s(wide, kink=True), s(ENDS, kink=True)),
        errors=_no_integers("logsigmoid"),
    ),
    Record(
        "glu",
        (
            s(normal(3, 4)),
            s(normal(6, 3), 0),
            s(normal(2, 4, 3), dim=1),
            s(normal(2)),
            s(normal(0, 4)),
            s(np.concatenate([edge, wide]), 0, kink=True),
        ),
        errors=(
            wrong(ValueError, "glu(): dim -1 of shape (2, 3) must have an even size", edge),
            wrong(IndexError, "glu(): dim 2 is out of range for a tensor of shape (2, 3)", edge, 2),
            wrong(TypeError, "glu(): a floating-point tensor is needed, not int64", whole),
        ),
        draws=st.builds(lambda n, m: s(normal(n, 2 * m)), st.integers(0, 4), st.integers(0, 4)),
        large=(s(normal(67, 1030)),),
    ),
)
