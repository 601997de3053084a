"""Python's operators on tensors: each is the method that it stands for, `x + y` is `x.add(y)`.

A number or a NumPy array does for a tensor on either side. An in-place operator is the method with an underscore.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

__all__ = ["Operators"]


class Operators:
    """What makes a Tensor an operand."""

    __slots__ = ()
    __array_priority__ = 1000  # NumPy leaves `array * tensor` to us
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # the methods that chainrule.ops attaches
        sub: ClassVar[Callable[..., Tensor]]
        div: ClassVar[Callable[..., Tensor]]
        pow: ClassVar[Callable[..., Tensor]]
        floor_divide: ClassVar[Callable[..., Tensor]]
        remainder: ClassVar[Callable[..., Tensor]]
        matmul: ClassVar[Callable[..., Tensor]]
        bitwise_left_shift: ClassVar[Callable[..., Tensor]]
        bitwise_right_shift: ClassVar[Callable[..., Tensor]]

        def __getattr__(self, name: str) -> Callable[..., Tensor]: ...

    # ------------------------------------------------------------------------------------------ arithmetic

    def __add__(self, other: Any) -> Tensor:
        return self.add(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self.sub(other)

    def __rsub__(self, other: Any) -> Tensor:
        return type(self).sub(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return self.mul(other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return self.div(other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return type(self).div(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return self.floor_divide(other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return type(self).floor_divide(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return self.remainder(other)

    def __rmod__(self, other: Any) -> Tensor:
        return type(self).remainder(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return self.pow(other)

    def __rpow__(self, other: Any) -> Tensor:
        return type(self).pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return self.matmul(other) if isinstance(other, Operators | np.ndarray) else NotImplemented

    def __rmatmul__(self, other: Any) -> Tensor:
        return type(self).matmul(other, self) if isinstance(other, np.ndarray) else NotImplemented

    def __neg__(self) -> Tensor:
        return self.neg()

    def __pos__(self) -> Tensor:
        return self.positive()

    def __abs__(self) -> Tensor:
        return self.abs()

    # ------------------------------------------------------------------------------------------ bits and truth values

    def __and__(self, other: Any) -> Tensor:
        return self.bitwise_and(other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Tensor:
        return self.bitwise_or(other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Tensor:
        return self.bitwise_xor(other)

    __rxor__ = __xor__

    def __lshift__(self, other: Any) -> Tensor:
        return self.bitwise_left_shift(other)

    def __rlshift__(self, other: Any) -> Tensor:
        return type(self).bitwise_left_shift(other, self)

    def __rshift__(self, other: Any) -> Tensor:
        return self.bitwise_right_shift(other)

    def __rrshift__(self, other: Any) -> Tensor:
        return type(self).bitwise_right_shift(other, self)

    def __invert__(self) -> Tensor:
        return self.bitwise_not()

    # ------------------------------------------------------------------------------------------ in place

    def _in_place(self, name: str, other: Any) -> Tensor:
        """The method with an underscore; but of x[0] += w, where the tape records, the sum: Python puts it into x."""
        x: Any = self
        if not x.ndim and isinstance(x.array.base, np.ndarray) and (y := getattr(x, name)(other)).node is not None:
            return y  # type: ignore[no-any-return]
        return getattr(x, f"{name}_")(other)  # type: ignore[no-any-return]

    def __iadd__(self, other: Any) -> Tensor:
        return self._in_place("add", other)

    def __isub__(self, other: Any) -> Tensor:
        return self._in_place("sub", other)

    def __imul__(self, other: Any) -> Tensor:
        return self._in_place("mul", other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self._in_place("div", other)

    def __ifloordiv__(self, other: Any) -> Tensor:
        return self._in_place("floor_divide", other)

    def __imod__(self, other: Any) -> Tensor:
        return self._in_place("remainder", other)

    def __ipow__(self, other: Any) -> Tensor:
        return self._in_place("pow", other)

    def __iand__(self, other: Any) -> Tensor:
        return self._in_place("bitwise_and", other)

    def __ior__(self, other: Any) -> Tensor:
        return self._in_place("bitwise_or", other)

    def __ixor__(self, other: Any) -> Tensor:
        return self._in_place("bitwise_xor", other)

    def __ilshift__(self, other: Any) -> Tensor:
        return self._in_place("bitwise_left_shift", other)

    def __irshift__(self, other: Any) -> Tensor:
        return self._in_place("bitwise_right_shift", other)

    # ------------------------------------------------------------------------------------------ comparison

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return self.eq(other) if _is_operand(other) else NotImplemented

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return self.ne(other) if _is_operand(other) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return self.lt(other) if _is_operand(other) else NotImplemented

    def __le__(self, other: Any) -> Tensor:
        return self.le(other) if _is_operand(other) else NotImplemented

    def __gt__(self, other: Any) -> Tensor:
        return self.gt(other) if _is_operand(other) else NotImplemented

    def __ge__(self, other: Any) -> Tensor:
        return self.ge(other) if _is_operand(other) else NotImplemented


def _is_operand(other: object) -> bool:
    """Whether it can be compared with: what is not, is not equal either."""
    return isinstance(other, Operators | np.ndarray | np.generic | bool | int | float)
