"""Pooling layers: they keep one number of every window."""

from __future__ import annotations

from typing import Any

from chainrule.nn.functional import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d",
]  # fmt: skip

Size = int | tuple[int, ...]
OutputSize = int | None | tuple[int | None, ...]


class _MaxPool(Module):
    kernel_size: Size
    stride: Size
    padding: Size
    dilation: Size
    return_indices: bool
    ceil_mode: bool

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _settings(self) -> tuple[Any, ...]:
        steps = self.kernel_size, self.stride, self.padding, self.dilation
        return (*steps, self.ceil_mode, self.return_indices)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding},"
            f" dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The greatest value of every window, (N, C, L) -> (N, C, OL): MaxPool2d of sequences. Else as `MaxPool2d`."""

    def forward(self, input: Tensor) -> Any:
        return max_pool1d(input, *self._settings())


class MaxPool2d(_MaxPool):
    """The greatest value of every window, (N, C, H, W) -> (N, C, OH, OW); on a tie the first. (KH, KW) = kernel_size.

    OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1, rounded up with `ceil_mode`; `stride` is the window's
    size unless given. The padding never wins. With `return_indices` it gives (y, places), row · W + column.
    Errors as in `functional.max_pool2d`.
    """

    def forward(self, input: Tensor) -> Any:
        return max_pool2d(input, *self._settings())


class MaxPool3d(_MaxPool):
    """The greatest value of every window, (N, C, D, H, W) -> (N, C, OD, OH, OW): of volumes, else as `MaxPool2d`."""

    def forward(self, input: Tensor) -> Any:
        return max_pool3d(input, *self._settings())


class AvgPool1d(Module):
    """The mean of every window, (N, C, L) -> (N, C, OL): AvgPool2d of sequences. Else as `AvgPool2d`."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    ceil_mode: bool
    count_include_pad: bool

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(kernel_size if stride is None else stride)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        steps = self.kernel_size, self.stride, self.padding
        return avg_pool1d(input, *steps, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _single(n: Size) -> tuple[int, ...]:
    return tuple(n) if isinstance(n, tuple | list) else (n,)


class _AvgPool(Module):
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

    def _settings(self) -> tuple[Any, ...]:
        steps = self.kernel_size, self.stride, self.padding
        return (*steps, self.ceil_mode, self.count_include_pad, self.divisor_override)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of every window, (N, C, H, W) -> (N, C, OH, OW), windows (KH, KW) = kernel_size.

    OH = ⌊(H + 2·padding − KH) / stride⌋ + 1, rounded up with `ceil_mode`; `stride` is the window's size unless given.
    Zeros of the padding count in the mean unless `count_include_pad=False`; `divisor_override` divides
    the sum in the place of the window's size. Errors as in `functional.avg_pool2d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return avg_pool2d(input, *self._settings())


class AvgPool3d(_AvgPool):
    """The mean of every window, (N, C, D, H, W) -> (N, C, OD, OH, OW): AvgPool2d of volumes. Else as `AvgPool2d`."""

    def forward(self, input: Tensor) -> Tensor:
        return avg_pool3d(input, *self._settings())


class _AdaptivePool(Module):
    output_size: OutputSize

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePool):
    """The means of `output_size` parts of a sequence, (N, C, L) -> (N, C, output_size).

    Equation and errors as in `functional.adaptive_avg_pool1d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of OH × OW parts of an image, (N, C, H, W) -> (N, C, OH, OW); None keeps a size.

    (OH, OW) = output_size. Equation and errors as in `functional.adaptive_avg_pool2d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptivePool):
    """The means of OD × OH × OW parts of a volume, (N, C, D, H, W) -> (N, C, OD, OH, OW); None keeps a size.

    (OD, OH, OW) = output_size. Errors as in `functional.adaptive_avg_pool3d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPool(_AdaptivePool):
    return_indices: bool

    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The greatest values of `output_size` parts of a sequence, (N, C, L) -> (N, C, output_size).

    `return_indices` and errors as in `functional.adaptive_max_pool1d`.
    """

    def forward(self, input: Tensor) -> Any:
        return adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The greatest values of OH × OW parts of an image, (N, C, H, W) -> (N, C, OH, OW); None keeps a size.

    (OH, OW) = output_size. `return_indices` and errors as in `functional.adaptive_max_pool2d`.
    """

    def forward(self, input: Tensor) -> Any:
        return adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The greatest values of OD × OH × OW parts, (N, C, D, H, W) -> (N, C, OD, OH, OW); None keeps a size.

    (OD, OH, OW) = output_size. `return_indices` and errors as in `functional.adaptive_max_pool3d`.
    """

    def forward(self, input: Tensor) -> Any:
        return adaptive_max_pool3d(input, self.output_size, self.return_indices)
