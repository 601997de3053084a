"""Activation layers made of straight pieces."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from chainrule.creation import full
from chainrule.devices import check_device
from chainrule.nn import functional as F
from chainrule.nn import init
from chainrule.nn.activation import _Activation
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor

__all__ = ["Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "PReLU", "ReLU6", "Softshrink", "Threshold"]


class Threshold(_Activation):
    """y = x where x > threshold, else value; elementwise."""

    threshold: float
    value: float

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.threshold(input, self.threshold, self.value, self.inplace)
        return y

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + ", inplace=True" * self.inplace


class Hardtanh(_Activation):
    """y = x, limited to [min_val, max_val]. Any shape; errors as in `functional.hardtanh`."""

    min_val: float
    max_val: float

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if min_val > max_val:
            raise ValueError(f"Hardtanh: min_val={min_val} must not be greater than max_val={max_val}")
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.hardtanh(input, self.min_val, self.max_val, self.inplace)
        return y

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + ", inplace=True" * self.inplace


class ReLU6(_Activation):
    """y = min(max(x, 0), 6). Any shape; paper as in `functional.relu6`."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)


class Hardsigmoid(_Activation):
    """y = x / 6 + ½, limited to [0, 1]. Any shape; errors and paper as in `functional.hardsigmoid`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.hardsigmoid(input, self.inplace)
        return y

    def extra_repr(self) -> str:
        return ""


class Hardswish(_Activation):
    """y = x · hardsigmoid(x). Any shape; errors and paper as in `functional.hardswish`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.hardswish(input, self.inplace)
        return y

    def extra_repr(self) -> str:
        return ""


class _Shrinkage(Module):
    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(_Shrinkage):
    """y = x where |x| > lambd, else 0. Any shape; errors as in `functional.hardshrink`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.hardshrink(input, self.lambd)
        return y


class Softshrink(_Shrinkage):
    """y = x moved by lambd towards 0, and 0 where |x| ≤ lambd. Any shape; errors as in `functional.softshrink`."""

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = F.softshrink(input, self.lambd)
        return y


class PReLU(Module):
    """y = x where x > 0, else w · x: w (num_parameters,) is learned, one number or one for each channel (dimension 1).

    It begins as `init`. Shapes, errors and paper as in `functional.prelu`.
    """

    num_parameters: int
    init: float
    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: npt.DTypeLike | None = None
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype))

    def reset_parameters(self) -> None:
        """Set the slopes to `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
