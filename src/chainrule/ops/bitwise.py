"""Bits of integers, and of truth values, for which they are the logical operators. No gradient flows through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ops.arguments import broadcast, promoted
from chainrule.tensor import Tensor, method

__all__ = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
]  # fmt: skip


def _of_bits(name: str, f: Any, *operands: Any) -> Tensor:
    """f of operands of integers or truth values, in their common dtype; numbers do for tensors."""
    arrays = promoted(*(a.array if isinstance(a, Tensor) else a for a in operands))
    if arrays[0].dtype.kind == "f":
        raise TypeError(f"{name}(): integers or truth values are needed, not {arrays[0].dtype}")
    return Tensor(np.asarray(f(*arrays) if len(arrays) == 1 else broadcast(name, f, *arrays)))


@method
def bitwise_not(input: Tensor) -> Tensor:
    """Each bit turned over, `~input`, elementwise: −input − 1 of integers, "not" of truth values.

    Errors: TypeError for floats.
    """
    return _of_bits("bitwise_not", np.invert, input)


@method
def bitwise_and(input: Any, other: Any) -> Tensor:
    """The bits that both have: `input & other`, broadcast; "and" of truth values.

    Errors: ValueError where the shapes do not broadcast, TypeError for floats.
    """
    return _of_bits("bitwise_and", np.bitwise_and, input, other)


@method
def bitwise_or(input: Any, other: Any) -> Tensor:
    """The bits that at least one has: `input | other`, broadcast; "or" of truth values.

    Errors: ValueError where the shapes do not broadcast, TypeError for floats.
    """
    return _of_bits("bitwise_or", np.bitwise_or, input, other)


@method
def bitwise_xor(input: Any, other: Any) -> Tensor:
    """The bits that exactly one has: `input ^ other`, broadcast; "either or" of truth values.

    Errors: ValueError where the shapes do not broadcast, TypeError for floats.
    """
    return _of_bits("bitwise_xor", np.bitwise_xor, input, other)


@method
def bitwise_left_shift(input: Any, other: Any) -> Tensor:
    """input · 2^other, the bits shifted up: `input << other`, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for floats and truth values.
    """
    return _of_bits("bitwise_left_shift", _shift(np.left_shift), input, other)


@method
def bitwise_right_shift(input: Any, other: Any) -> Tensor:
    """⌊input / 2^other⌋, the bits shifted down: `input >> other`, broadcast.

    Errors: ValueError where the shapes do not broadcast, TypeError for floats and truth values.
    """
    return _of_bits("bitwise_right_shift", _shift(np.right_shift), input, other)


def _shift(f: Any) -> Any:
    def shifted(x: Any, other: Any) -> Any:
        if x.dtype == np.bool_:
            raise TypeError("truth values cannot be shifted; convert them with .int()")
        return f(x, other)

    return shifted
