"""Convolution layers."""

from __future__ import annotations

import numpy.typing as npt

from chainrule.nn import init
from chainrule.nn.functional import conv2d
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor, empty

__all__ = ["Conv2d"]

Size = int | tuple[int, int]


def _pair(n: Size) -> tuple[int, int]:
    return (n, n) if isinstance(n, int) else (n[0], n[1])


class Conv2d(Module):
    """y[n, o] = b[o] + Σ_c  w[o, c] ⋆ x[n, c],  (N, C, H, W) -> (N, O, OH, OW), where ⋆ is cross-correlation.

    OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1, and OW alike. `padding` is a number, one for each
    axis, 'valid' (none) or 'same' (as much as keeps H and W; stride 1 only); it adds zeros. `groups` cuts the
    channels into so many parts that do not see each other.

    Parameters: weight w (O, C/groups, KH, KW), bias b (O,) unless `bias=False`. Both begin uniform in
    ±1/√(C/groups·KH·KW) (He et al. 2015 with a = √5, as in PyTorch).
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: str | tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    padding_mode: str
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _pair(kernel_size)
        self.stride = _pair(stride)
        self.padding = padding if isinstance(padding, str) else _pair(padding)
        self.dilation = _pair(dilation)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check()
        self.weight = Parameter(empty(out_channels, in_channels // groups, *self.kernel_size, dtype=dtype))
        self.bias = Parameter(empty(out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def _check(self) -> None:
        if self.groups < 1 or self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"Conv2d: {self.in_channels} input and {self.out_channels} output channels"
                f" cannot be cut into groups={self.groups} equal parts"
            )
        if isinstance(self.padding, str) and self.padding not in ("same", "valid"):
            raise ValueError(f"Conv2d: padding={self.padding!r} is not 'same', 'valid', a number or a pair of numbers")
        if self.padding == "same" and self.stride != (1, 1):
            raise ValueError(f"Conv2d: padding='same' keeps the size only with stride 1, not {self.stride}")
        if self.padding_mode != "zeros":
            raise ValueError(f"Conv2d: padding_mode={self.padding_mode!r} does not exist here yet, only 'zeros'")

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.default_(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += f", padding={self.padding}" * (self.padding != (0, 0))
        text += f", dilation={self.dilation}" * (self.dilation != (1, 1))
        text += f", groups={self.groups}" * (self.groups != 1)
        return text + ", bias=False" * (self.bias is None)
