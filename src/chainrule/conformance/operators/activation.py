"""Records of `ops/activation.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import ENDS, SEEDS, SHAPES, Record, apart, normal, s, unary, wrong

edge = np.array([[0.0, -0.0, 1.0], [-1.0, 0.0, 3.0]])
wide = np.array([[-800.0, -40.0, 1e-9], [800.0, 40.0, -1e-9]])
small = ENDS[np.abs(ENDS) < 1]
whole = np.arange(3)


def _no_integers(name: str) -> tuple:
    return (wrong(TypeError, f"{name}(): a floating-point tensor is needed, not int64", whole),)


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
            s(x, 0, dtype=np.float64, kink=True),
            s(normal(4), 0),
            s(normal(), -1, kink=True),
            s(np.array([[1e4, 0.0, -1e4]]), 1),
            s(normal(0, 3), 1),
            s(normal(3, 0), 1),
            s(some, 1, kink=True),
        ),
        errors=(
            wrong(IndexError, f"{name}(): dim 3 is out of range for a tensor of shape (3, 4, 2): -3 to 2", x, 3),
            wrong(TypeError, f"{name}(): dim must be a whole number, not None", x, None),
            wrong(TypeError, f"{name}() missing 1 required positional argument: 'dim'", x),
        ),
        oracle=lambda torch, x, dim, dtype=None: getattr(torch, name)(x, dim, dtype=dtype and torch.float64),
        draws=st.builds(lambda shape, seed: s(normal(*shape, seed=seed), -1), SHAPES.filter(len), SEEDS),
        large=(s(normal(67, 1031), 1), s(normal(67, 1031), 0)),
    )


RECORDS = (
    unary("relu", apart, samples=(s(edge, kink=True), s(ENDS[1:], kink=True))),
    unary("sigmoid", samples=(s(wide, kink=True), s(ENDS, kink=True))),
    unary("tanh", samples=(s(wide, kink=True), s(ENDS, kink=True))),
    unary(
        "leaky_relu",
        apart,
        samples=(s(apart(3, 4), 0.2), s(edge, negative_slope=-0.1, kink=True), s(ENDS, kink=True)),
        errors=(wrong(TypeError, "leaky_relu(): a floating-point tensor is needed, not int64", whole),),
    ),
    unary(
        "elu",
        apart,
        samples=(s(apart(3, 4), alpha=0.5), s(edge, alpha=0.5, kink=True), s(wide, kink=True), s(ENDS[1:], kink=True)),
        errors=(wrong(TypeError, "elu(): a floating-point tensor is needed, not int64", whole),),
    ),
    unary(
        "gelu",
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
        samples=(s(wide, kink=True), s(ENDS, kink=True)),
        errors=(wrong(TypeError, "silu(): a floating-point tensor is needed, not int64", whole),),
    ),
    unary(
        "softplus",
        samples=(s(3 * normal(3, 4), 2.0, 1.5, kink=True), s(wide, kink=True), s(ENDS, kink=True)),
        errors=(wrong(TypeError, "softplus(): a floating-point tensor is needed, not int64", whole),),
    ),
    Record(
        "gelu_by_sigmoid",
        (s(normal(3, 4), "sigmoid"), s(wide, "sigmoid", kink=True)),
        call=cr.ops.gelu,
        oracle=lambda torch, x, approximate: x * torch.sigmoid(1.702 * x),
    ),
    unary(
        "selu",
        apart,
        samples=(s(edge, kink=True), s(wide, False, kink=True), s(ENDS[1:], kink=True)),
        errors=_no_integers("selu"),
    ),
    unary(
        "celu",
        apart,
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
        "mish", samples=(s(wide, kink=True), s(edge, inplace=False), s(ENDS, kink=True)), errors=_no_integers("mish")
    ),
    unary("softsign", samples=(s(edge, kink=True), s(wide, kink=True), s(whole, kink=True))),
    unary("tanhshrink", samples=(s(edge), s(wide, kink=True), s(whole, kink=True))),
    unary("logsigmoid", samples=(s(edge), s(wide, kink=True), s(ENDS, kink=True)), errors=_no_integers("logsigmoid")),
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
    _softmax("softmax"),
    _softmax("log_softmax"),
    Record(
        "softmin",
        (s(normal(3, 4), 1), s(normal(3, 4, 2), dim=0), s(normal(4), -1)),
        errors=(wrong(IndexError, "softmax(): dim 1 is out of range for a tensor of shape (3,)", normal(3), 1),),
        oracle=lambda torch, x, dim: torch.nn.functional.softmin(x, dim),
    ),
)
