"""Records of `ops/rounding.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.operators.elementwise import _numbers, far
from chainrule.conformance.record import apart, arrays, binary, broadcastable, normal, s, unary, wrong

ties = np.array([[1.0, -2.0, 0.0], [3.0, 3.0, -1.0]])
other = np.array([[1.0, 2.0, 0.0], [-3.0, 3.0, -4.0]])
whole, divisors = np.arange(-5, 6), np.array([[3], [-3], [4]])


def _by_zero(name: str):
    return wrong(ZeroDivisionError, f"{name}(): integers are divided by 0; convert one side", whole, np.arange(11))


def _floored(torch, input, other):
    """PyTorch has no gradient of floor_divide; ours is 0."""
    x, y = (torch.as_tensor(a) for a in (input, other))
    value = torch.floor_divide(x.detach(), other if not isinstance(other, torch.Tensor) else y.detach())
    return (
        value + 0 * (torch.nan_to_num(x, 0, 0, 0) + torch.nan_to_num(y, 0, 0, 0))
        if value.is_floating_point()
        else value
    )


@st.composite
def _divisions(draw):
    """Operands, the divisor without zeros."""
    first, second = draw(broadcastable())
    other = draw(st.one_of(arrays(second, "fis"), st.sampled_from((2, -3, 1.5, -0.5))))
    x = draw(arrays(first, "fis"))
    return s(x, np.where(other == 0, other + 1, other).astype(other.dtype) if isinstance(other, np.ndarray) else other)


RECORDS = (
    unary("sign", apart, samples=(s(ties, kink=True), s(whole, kink=True))),
    unary("signbit", apart, samples=(s(-0.0 * ties),), gradients=()),
    binary(
        "copysign", far, far, samples=(s(ties, -ties, kink=True), s(ties, -0.0, kink=True)), oracle=_numbers("copysign")
    ),
    unary("frac", apart, kinds="f", errors=(wrong(TypeError, "frac(): a floating-point tensor is needed", whole),)),
    unary("floor", apart, kinds="fisu", samples=(s(ties, kink=True), s(whole, kink=True))),
    unary("ceil", apart, kinds="fisu", samples=(s(ties, kink=True), s(whole, kink=True))),
    unary("trunc", apart, kinds="fisu", samples=(s(ties, kink=True), s(whole, kink=True))),
    unary(
        "round",
        apart,
        kinds="fisu",
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
        draws=_divisions(),
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
        draws=_divisions(),
        errors=(_by_zero("remainder"),),
        oracle=_numbers("remainder"),
    ),
    binary(
        "fmod",
        normal,
        far,
        samples=(s(whole, divisors, kink=True), s(whole, 2.5, kink=True), s(ties, other, kink=True)),
        draws=_divisions(),
        errors=(_by_zero("fmod"),),
        oracle=_numbers("fmod"),
    ),
)
