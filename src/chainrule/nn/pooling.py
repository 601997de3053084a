"""Pooling layers: they keep one number of every window."""

from __future__ import annotations

from chainrule.nn.functional import avg_pool2d, max_pool2d
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = ["AvgPool2d", "MaxPool2d"]

Size = int | tuple[int, int]


class MaxPool2d(Module):
    """The greatest value of every window, (N, C, H, W) -> (N, C, OH, OW); on a tie the first.

    OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1, rounded up with `ceil_mode`; `stride` is the window's
    size unless given. The padding never wins.
    """

    kernel_size: Size
    stride: Size
    padding: Size
    dilation: Size
    ceil_mode: bool

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return max_pool2d(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding},"
            f" dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """The mean of every window, (N, C, H, W) -> (N, C, OH, OW).

    OH = ⌊(H + 2·padding − KH) / stride⌋ + 1, rounded up with `ceil_mode`; `stride` is the window's size unless given.
    Zeros of the padding count in the mean unless `count_include_pad=False`; `divisor_override` divides
    the sum in the place of the window's size.
    """

    kernel_size: Size
    stride: Size
    padding: Size
    ceil_mode: bool
    count_include_pad: bool
    divisor_override: int | None

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
