"""Affine maps and reshaping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy.typing as npt

from chainrule.creation import empty
from chainrule.devices import check_device
from chainrule.nn import init
from chainrule.nn.functional import linear
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor

__all__ = ["Flatten", "Identity", "Linear", "Unflatten"]


class Linear(Module):
    """y = x·Wᵀ + b,  (…, in_features) -> (…, out_features).

    Parameters: weight W (out_features, in_features), bias b (out_features,) unless `bias=False`. Both begin uniform
    in ±1/√in_features (He et al. 2015 with a = √5, as in PyTorch). Errors: ValueError for a negative size, else as in
    `functional.linear`.
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.default_(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        y: Tensor = linear(input, self.weight, self.bias)
        return y

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Flatten(Module):
    """Joins the axes start_dim … end_dim into one: (N, C, H, W) -> (N, C·H·W).

    Errors: IndexError for an axis out of range, ValueError where the last comes before the first.
    """

    start_dim: int
    end_dim: int

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Parts the axis `dim` into several of sizes unflattened_size, one of which may be −1.

    Unflatten(1, (C, H, W)): (N, C·H·W) -> (N, C, H, W). Errors: IndexError for an axis out of range, ValueError where
    the sizes do not multiply to that of the axis, TypeError where dim is no number.
    """

    dim: int
    unflattened_size: Sequence[int]

    def __init__(self, dim: int, unflattened_size: Iterable[int]) -> None:
        super().__init__()
        if not isinstance(dim, int):
            raise TypeError(f"Unflatten: dim={dim!r} must be a whole number (axes have no names here)")
        self.dim = dim
        self.unflattened_size = unflattened_size if isinstance(unflattened_size, list) else tuple(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Identity(Module):
    """y = x, of any shape; takes and ignores any arguments, to stand in the place of another layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input
