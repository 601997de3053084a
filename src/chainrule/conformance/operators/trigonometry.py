"""Records of `ops/trigonometry.py`."""

import numpy as np

from chainrule.conformance.operators.elementwise import _tensors, far
from chainrule.conformance.record import binary, differs, normal, s, unary

ends = np.array([-1.0, 0.0, 1.0, 2.0])


def inside(*shape: int, seed: int = 0) -> np.ndarray:
    """From −1 to 1, the ends excluded."""
    return np.asarray(np.random.default_rng((seed, *shape)).uniform(-0.9, 0.9, shape))


def _above(*shape: int, seed: int = 0) -> np.ndarray:
    """Greater than 1."""
    return np.asarray(2 + np.abs(normal(*shape, seed=seed)))


RECORDS = (
    unary("sin"),
    unary("cos"),
    unary("tan", inside),
    unary("sinh", samples=(s(np.array([1000.0, -1e-12]), kink=True),)),
    unary("cosh", samples=(s(np.array([1000.0, -1000.0]), kink=True),)),
    unary("asin", inside, samples=(s(ends, kink=True),)),
    unary("acos", inside, samples=(s(ends, kink=True),)),
    unary("asinh", samples=(s(ends, kink=True),)),
    unary("acosh", _above, samples=(s(ends, kink=True),)),
    unary("atanh", inside, samples=(s(ends, kink=True),)),
    unary("deg2rad", samples=(s(90 * ends),)),
    unary("rad2deg", samples=(s(ends),)),
    unary("atan", samples=(s(np.array([1e9, -np.inf]), kink=True),)),
    binary(
        "atan2",
        normal,
        far,
        samples=(s(np.array([0.0, 0.0, -0.0, 2.0]), np.array([0.0, -1.0, -1.0, 0.0]), kink=True),),
        kinds="fis",
        oracle=_tensors("atan2"),
        differs=(
            differs(
                "beside unsigned numbers the gradient is the true one",
                "PyTorch negates them as what they are: −3 becomes 253",
                np.array([3], np.uint8),
                np.array([0.125]),
            ),
        ),
    ),
)
