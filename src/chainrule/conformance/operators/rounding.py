"""Records of `ops/rounding.py`."""

import numpy as np

from chainrule.conformance.operators.elementwise import _numbers, far
from chainrule.conformance.record import apart, binary, normal, s, unary, wrong

ties = np.array([[1.0, -2.0, 0.0], [3.0, 3.0, -1.0]])
other = np.array([[1.0, 2.0, 0.0], [-3.0, 3.0, -4.0]])
whole, divisors = np.arange(-5, 6), np.array([[3], [-3], [4]])


def _by_zero(name: str):
    return wrong(ZeroDivisionError, f"{name}(): integers are divided by 0; convert one side", whole, np.arange(11))


def _floored(torch, x, y):
    """PyTorch has no gradient of floor_divide; ours is 0."""
    return _numbers("floor_divide")(torch, *(_constant(torch, a) for a in (x, y))) + 0 * (x + y)


def _constant(torch, x):
    return x.detach() if isinstance(x, torch.Tensor) else x


RECORDS = (
    unary("sign", apart, samples=(s(ties, kink=True), s(whole, kink=True))),
    unary("floor", apart, samples=(s(ties, kink=True), s(whole, kink=True))),
    unary("ceil", apart, samples=(s(ties, kink=True), s(whole, kink=True))),
    unary("trunc", apart, samples=(s(ties, kink=True), s(whole, kink=True))),
    unary(
        "round",
        apart,
        samples=(
            s(np.array([0.5, 1.5, 2.5, -0.5]), kink=True),
            s(apart(3, 4), decimals=1),
            s(100 * apart(3, 4), decimals=-1),
        ),
    ),
    binary(
        "floor_divide",
        normal,
        far,
        samples=(
            s(whole, divisors, kink=True),
            s(whole, 2, kink=True),
            s(whole, 2.5, kink=True),
            s(7, divisors, kink=True),
            s(ties, other, kink=True),
        ),
        errors=(_by_zero("floor_divide"),),
        oracle=_floored,
    ),
    binary(
        "remainder",
        normal,
        far,
        samples=(
            s(whole, divisors, kink=True),
            s(whole, 2, kink=True),
            s(whole, 2.5, kink=True),
            s(7, divisors, kink=True),
            s(ties, other, kink=True),
        ),
        errors=(_by_zero("remainder"),),
        oracle=_numbers("remainder"),
    ),
)
