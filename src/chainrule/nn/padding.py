"""Layers that put a border around sequences, images and volumes."""

from __future__ import annotations

from typing import ClassVar

from chainrule.nn.functional import pad
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip

Widths = int | tuple[int, ...]


class _Pad(Module):
    """`functional.pad` in one mode, for so many of the last axes."""

    axes: ClassVar[int]
    mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Widths) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.axes) if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != 2 * self.axes:
            raise ValueError(f"{type(self).__name__}: padding={padding} must be one number or {2 * self.axes} of them")

    def forward(self, input: Tensor) -> Tensor:
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"
    value: float

    def __init__(self, padding: Widths, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A border of `value` around sequences, padding = (left, right), or one number.

    Shapes: (…, L) -> (…, left + L + right). Errors as in `functional.pad`.
    """

    axes = 1


class ConstantPad2d(_ConstantPad):
    """A border of `value` around images, padding = (left, right, top, bottom), or one number.

    Shapes: (…, H, W) -> (…, top + H + bottom, left + W + right). Errors as in `functional.pad`.
    """

    axes = 2


class ConstantPad3d(_ConstantPad):
    """A border of `value` around volumes, padding = (left, right, top, bottom, front, back) or one number.

    Shapes: (…, D, H, W) -> (…, front + D + back, top + H + bottom, left + W + right). Errors as in `functional.pad`.
    """

    axes = 3


class ZeroPad1d(_Pad):
    """A border of zeros around sequences, padding = (left, right), or one number: (…, L) -> (…, left + L + right).

    Errors as in `functional.pad`.
    """

    axes = 1
    mode = "constant"


class ZeroPad2d(_Pad):
    """A border of zeros around images, padding = (left, right, top, bottom), or one number.

    Shapes: (…, H, W) -> (…, top + H + bottom, left + W + right). Errors as in `functional.pad`.
    """

    axes = 2
    mode = "constant"


class ZeroPad3d(_Pad):
    """A border of zeros around volumes, padding = (left, right, top, bottom, front, back) or one number.

    Shapes: (…, D, H, W) -> (…, front + D + back, top + H + bottom, left + W + right). Errors as in `functional.pad`.
    """

    axes = 3
    mode = "constant"


class ReflectionPad1d(_Pad):
    """The inside, mirrored in the edge, around sequences, padding = (left, right), or one number.

    Shapes: (N, C, L) -> (N, C, left + L + right), N or not. Errors as in `functional.pad`.
    """

    axes = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """The inside, mirrored in the edge, around images, padding = (left, right, top, bottom), or one number.

    Shapes: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right), N or not. Errors as in `functional.pad`.
    """

    axes = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """The inside, mirrored in the edge, around volumes, padding = (left, right, …, front, back), or one number.

    Shapes: (N, C, D, H, W) -> (N, C, front + D + back, …), N or not. Errors as in `functional.pad`.
    """

    axes = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """A border that repeats the edge of sequences, padding = (left, right), or one number.

    Shapes: (N, C, L) -> (N, C, left + L + right), N or not. Errors as in `functional.pad`.
    """

    axes = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """A border that repeats the edge of images, padding = (left, right, top, bottom), or one number.

    Shapes: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right), N or not. Errors as in `functional.pad`.
    """

    axes = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """A border that repeats the edge of volumes, padding = (left, right, top, bottom, front, back), or one number.

    Shapes: (N, C, D, H, W) -> (N, C, front + D + back, …), N or not. Errors as in `functional.pad`.
    """

    axes = 3
    mode = "replicate"


class CircularPad1d(_Pad):
    """A border from the other end of sequences, padding = (left, right), or one number.

    Shapes: (N, C, L) -> (N, C, left + L + right), N or not. Errors as in `functional.pad`.
    """

    axes = 1
    mode = "circular"


class CircularPad2d(_Pad):
    """A border from the other end of images, padding = (left, right, top, bottom), or one number.

    Shapes: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right), N or not. Errors as in `functional.pad`.
    """

    axes = 2
    mode = "circular"


class CircularPad3d(_Pad):
    """A border from the other end of volumes, padding = (left, right, top, bottom, front, back), or one number.

    Shapes: (N, C, D, H, W) -> (N, C, front + D + back, …), N or not. Errors as in `functional.pad`.
    """

    axes = 3
    mode = "circular"
