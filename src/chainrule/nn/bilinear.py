"""A layer of two inputs, multiplied."""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

from chainrule.creation import empty
from chainrule.devices import check_device
from chainrule.nn import init
from chainrule.nn.functional import bilinear
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor

__all__ = ["Bilinear"]


class Bilinear(Module):
    """y[…, o] = Σ_ij x1[…, i] · W[o, i, j] · x2[…, j] + b[o],  (…, I), (…, J) -> (…, O).

    I = in1_features, J = in2_features, O = out_features. Parameters: weight W (O, I, J), bias b (O) unless
    `bias=False`. Both begin uniform in ±1/√I. Errors: ValueError for sizes below 1, else as in `functional.bilinear`.
    """

    in1_features: int
    in2_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        if in1_features < 1:
            raise ValueError(f"Bilinear: in1_features={in1_features} must be at least 1")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"
