"""Convolution layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy.typing as npt

from chainrule.creation import empty
from chainrule.devices import check_device
from chainrule.nn import init
from chainrule.nn.functional import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, pad
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.ops.windows import whole
from chainrule.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Size = int | tuple[int, ...]
CONVOLUTIONS = (conv1d, conv2d, conv3d)
TRANSPOSED = (conv_transpose1d, conv_transpose2d, conv_transpose3d)


class _Convolution(Module):
    """What all of them have: settings with a number for each axis, a weight and a bias."""

    axes: ClassVar[int]
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: str | tuple[int, ...]
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int
    padding_mode: str
    weight: Parameter
    bias: Parameter | None

    def _each(self, what: str, n: Any, least: int) -> tuple[int, ...]:
        return whole(type(self).__name__, what, n, least, self.axes)

    def _check(self) -> None:
        name, modes = type(self).__name__, ("zeros", "reflect", "replicate", "circular")
        for what, n in (
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
            ("groups", self.groups),
        ):
            whole(name, what, n, 1, 1)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"{name}: {self.in_channels} input and {self.out_channels} output channels"
                f" cannot be cut into groups={self.groups} equal parts"
            )
        if isinstance(self.padding, str) and self.padding not in ("same", "valid"):
            raise ValueError(f"{name}: padding={self.padding!r} is not 'same', 'valid', a number or a pair of numbers")
        if self.padding == "same" and max(self.stride) > 1:
            raise ValueError(f"{name}: padding='same' keeps the size only with stride 1, not {self.stride}")
        if self.padding_mode not in modes:
            raise ValueError(f"{name}: padding_mode={self.padding_mode!r} is not one of {', '.join(map(repr, modes))}")

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.default_(self.weight, self.bias)

    def extra_repr(self) -> str:
        none = (0,) * self.axes
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += f", padding={self.padding}" * (self.padding != none)
        text += f", dilation={self.dilation}" * (self.dilation != (1,) * self.axes)
        text += f", output_padding={self.output_padding}" * (self.output_padding != none)
        text += f", groups={self.groups}" * (self.groups != 1)
        text += ", bias=False" * (self.bias is None)
        return text + f", padding_mode={self.padding_mode}" * (self.padding_mode != "zeros")


class _Conv(_Convolution):
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
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._each("kernel_size", kernel_size, 1)
        self.stride = self._each("stride", stride, 1)
        self.padding = padding if isinstance(padding, str) else self._each("padding", padding, 0)
        self.dilation = self._each("dilation", dilation, 1)
        self.output_padding = (0,) * self.axes
        self.groups = groups
        self.padding_mode = padding_mode
        self._check()
        self.weight = Parameter(empty(out_channels, in_channels // groups, *self.kernel_size, dtype=dtype))
        self.bias = Parameter(empty(out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        padding: str | Size = self.padding
        if self.padding_mode != "zeros" and padding != "valid":
            input, padding = pad(input, self._border(), self.padding_mode), 0
        convolve = CONVOLUTIONS[self.axes - 1]
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _border(self) -> list[int]:
        """The widths that `pad` takes: (left, right, top, bottom, …)."""
        if not isinstance(self.padding, str):
            return [n for n in reversed(self.padding) for _ in range(2)]
        both = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return [side for n in reversed(both) for side in (n // 2, n - n // 2)]


class Conv1d(_Conv):
    """y[n, o] = b[o] + Σ_c  w[o, c] ⋆ x[n, c],  (N, C, L) -> (N, O, OL), where ⋆ is cross-correlation.

    OL = ⌊(L + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1. The arguments, the initial values, the errors and the
    paper are those of `Conv2d`. Parameters: weight w (O, C/groups, K), bias b (O,) unless `bias=False`.
    """

    axes = 1


class Conv2d(_Conv):
    """y[n, o] = b[o] + Σ_c  w[o, c] ⋆ x[n, c],  (N, C, H, W) -> (N, O, OH, OW), where ⋆ is cross-correlation.

    C = in_channels, O = out_channels, (KH, KW) = kernel_size; OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋
    + 1, and OW alike. `padding` is a number, one for each axis, 'valid' (none) or 'same' (as much as keeps H and W;
    stride 1 only); it adds zeros, or what `padding_mode` says: 'reflect', 'replicate' or 'circular', as in
    `functional.pad`. `groups` cuts the channels into so many parts that do not see each other.

    Parameters: weight w (O, C/groups, KH, KW), bias b (O,) unless `bias=False`. Both begin uniform in
    ±1/√(C/groups·KH·KW) (He et al. 2015 with a = √5, as in PyTorch).
    Errors: ValueError for settings that do not go together, else, and the paper, as in `functional.conv2d`.
    """

    axes = 2


class Conv3d(_Conv):
    """y[n, o] = b[o] + Σ_c  w[o, c] ⋆ x[n, c],  (N, C, D, H, W) -> (N, O, OD, OH, OW), where ⋆ is cross-correlation.

    The arguments, the initial values and the errors are those of `Conv2d`; paper as in `functional.conv3d`.
    Parameters: weight w (O, C/groups, KD, KH, KW), bias b (O,) unless `bias=False`.
    """

    axes = 3


class _ConvTranspose(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._each("kernel_size", kernel_size, 1)
        self.stride = self._each("stride", stride, 1)
        self.padding = self._each("padding", padding, 0)
        self.dilation = self._each("dilation", dilation, 1)
        self.output_padding = self._each("output_padding", output_padding, 0)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check()
        if padding_mode != "zeros":
            raise ValueError(f"{type(self).__name__}: padding_mode={padding_mode!r} does not exist here, only 'zeros'")
        self.weight = Parameter(empty(in_channels, out_channels // groups, *self.kernel_size, dtype=dtype))
        self.bias = Parameter(empty(out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        more = self.output_padding if output_size is None else self._missing(input.shape, output_size)
        convolve = TRANSPOSED[self.axes - 1]
        settings: Any = (self.stride, self.padding, more, self.groups, self.dilation)
        return convolve(input, self.weight, self.bias, *settings)

    def _missing(self, shape: tuple[int, ...], output_size: Sequence[int]) -> tuple[int, ...]:
        """The output padding that makes an output of this size; dimensions before the axes are passed over."""
        wanted = tuple(output_size)[-self.axes :]
        pads = self._each("padding", self.padding, 0)
        axes = zip(shape[-self.axes :], self.kernel_size, self.stride, pads, self.dilation, strict=True)
        least = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in axes)
        most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
        if len(output_size) not in (self.axes, len(shape)):
            raise ValueError(f"output_size={tuple(output_size)} must have {self.axes} or {len(shape)} numbers")
        if any(not a <= n <= b for a, n, b in zip(least, wanted, most, strict=True)):
            raise ValueError(f"output_size={wanted} must lie between {least} and {most} for input {shape}")
        return tuple(n - a for n, a in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """The transpose of Conv1d, which makes longer: (N, C, L) -> (N, O, OL). Else as `ConvTranspose2d`.

    Parameters: weight w (C, O/groups, K), bias b (O,) unless `bias=False`.
    """

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """Each pixel paints the kernel, times its value, onto a larger output: (N, C, H, W) -> (N, O, OH, OW).

    C = in_channels, O = out_channels, (KH, KW) = kernel_size; OH = (H − 1)·stride − 2·padding + dilation·(KH − 1) +
    output_padding + 1, and OW alike. `forward` takes an `output_size`, too, in the place of output_padding;
    `padding_mode` can only be 'zeros'. It is the gradient of Conv2d with respect to its input.

    Parameters: weight w (C, O/groups, KH, KW), bias b (O,) unless `bias=False`. Both begin uniform in
    ±1/√(O/groups·KH·KW), as in PyTorch.
    Errors: ValueError for an output_size that cannot be, else, and the paper, as in `functional.conv_transpose2d`.
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """The transpose of Conv3d: (N, C, D, H, W) -> (N, O, OD, OH, OW). Else as `ConvTranspose2d`.

    Parameters: weight w (C, O/groups, KD, KH, KW), bias b (O,) unless `bias=False`.
    """

    axes = 3
