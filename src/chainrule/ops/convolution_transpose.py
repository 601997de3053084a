"""Transposed convolution: the gradient of a convolution with respect to its input, used forwards. It makes larger."""

from __future__ import annotations

import math
from typing import Any

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.arguments import require_tensors
from chainrule.ops.convolution import AXES, KERNEL, channels, check_bias, check_dtypes, total
from chainrule.ops.windows import Pair, Sizes, gather_windows, output_size, scatter_windows, whole
from chainrule.tensor import Array, Tensor

__all__ = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sizes = 1,
    padding: int | Sizes = 0,
    output_padding: int | Sizes = 0,
    groups: int = 1,
    dilation: int | Sizes = 1,
) -> Tensor:
    """conv_transpose2d of sequences, images that are one pixel high.

    Shapes: x (N, C, L) or (C, L), w (C, O/G, K), b (O) -> y (N, O, OL), OL = (L − 1)·s − 2p + d·(K − 1) + op + 1.
    The equations, the arguments and the errors are those of `conv_transpose2d`.
    """
    return _convolve("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sizes = 1,
    padding: int | Sizes = 0,
    output_padding: int | Sizes = 0,
    groups: int = 1,
    dilation: int | Sizes = 1,
) -> Tensor:
    """Each pixel of the input paints the kernel, times its value, onto the output; what overlaps is added:

        y[n, o, i·s + kh·d − p, j·s + kw·d − p] += w[c, o, kh, kw] · x[n, c, i, j],   and then + b[o]

    for weight w, bias b, stride s, dilation d and padding p, which cuts the edge off here. Several sizes of y belong to
    one of x where s > 1; `output_padding` op adds rows and columns behind. With `groups` G the channels do not mix
    between G parts.

        dx[n, c, i, j] = Σ_{o, kh, kw} w[c, o, kh, kw] · dy[n, o, i·s + kh·d − p, j·s + kw·d − p], a convolution
        dw[c, o, kh, kw] = Σ_{n, i, j} x[n, c, i, j] · dy[n, o, i·s + kh·d − p, j·s + kw·d − p]
        db[o] = Σ_{n, i, j} dy[n, o, i, j]

    Shapes: x (N, C, H, W) or (C, H, W), w (C, O/G, KH, KW), b (O) -> y (N, O, OH, OW) with
    OH = (H − 1)·s − 2p + d·(KH − 1) + op + 1.   2·N·C·H·W·O/G·KH·KW FLOPs, twice that backwards.
    Errors: ValueError where shapes or groups do not fit, output_padding is too large or nothing is left of y, TypeError
    where the dtypes differ or a setting is no whole number.
    Paper: Zeiler et al.: Deconvolutional networks (2010).
    """
    return _convolve("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sizes = 1,
    padding: int | Sizes = 0,
    output_padding: int | Sizes = 0,
    groups: int = 1,
    dilation: int | Sizes = 1,
) -> Tensor:
    """conv_transpose2d of volumes, with one more axis.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), w (C, O/G, KD, KH, KW), b (O) -> y (N, O, OD, OH, OW).
    The equations, the arguments and the errors are those of `conv_transpose2d`.
    """
    return _convolve("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _convolve(
    name: str, axes: int, x: Tensor, w: Tensor, b: Tensor | None,
    stride: Any, padding: Any, more: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    """The arguments put in order, for any number of axes."""
    require_tensors(name, x, w, *(() if b is None else (b,)))
    (groups,) = whole(name, "groups", groups, 1, 1)
    if x.ndim == axes + 1:
        return _convolve(name, axes, x.unsqueeze(0), w, b, stride, padding, more, groups, dilation).squeeze(0)
    stride, dilation = whole(name, "stride", stride, 1, axes), whole(name, "dilation", dilation, 1, axes)
    padding, more = whole(name, "padding", padding, 0, axes), whole(name, "output_padding", more, 0, axes)
    _check(name, axes, x.shape, w.shape, None if b is None else b.shape, groups)
    check_dtypes(name, x, w, b, lambda: _shapes(axes, x.shape, w.shape))
    out = _output_sizes(name, x.shape, w.shape, stride, padding, more, dilation)
    y: Tensor
    if axes == 1:
        flat = (1, *stride), (0, *padding), (1, *dilation)
        y = _conv_transpose2d(x.unsqueeze(2), w.unsqueeze(2), b, (1, *out), *flat, groups).squeeze(2)
    else:
        y = (_conv_transpose2d if axes == 2 else _conv_transpose3d)(x, w, b, out, stride, padding, dilation, groups)
    return y


def _product(
    x: Array, w: Array, b: Array | None, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[Array, Pullback]:
    """A matrix product gives the columns of a convolution, which are added back to where they were seen."""
    N, C, *size = x.shape
    O, kernel = w.shape[1] * groups, w.shape[2:]
    pixels = x.reshape(N, groups, C // groups, math.prod(size))  # (N, C, H, W) -> (N, G, C/G, P)
    kernels = w.reshape(groups, C // groups, w[0].size)  # (C, O/G, KH, KW) -> (G, C/G, K)
    columns = (kernels.mT @ pixels).reshape(N, O, *kernel, *size)  # -> (N, G, K, P) -> (N, O, KH, KW, H, W)
    y = scatter_windows(columns, out, stride, padding, dilation)

    def dcolumns(dy: Array) -> Array:
        windows = gather_windows(dy, kernel, stride, padding, dilation, tuple(size))
        return windows.reshape(N, groups, w[0].size, math.prod(size))  # (N, O, KH, KW, H, W) -> (N, G, K, P)

    def dx(dy: Array) -> Any:
        return (kernels @ dcolumns(dy)).reshape(x.shape)

    def dw(dy: Array) -> Any:
        return (pixels @ dcolumns(dy).mT).sum(0).reshape(w.shape)

    return y if b is None else y + channels(b, y), (dx, dw, total)


@primitive
def _conv_transpose2d(
    x: Array, w: Array, b: Array | None, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[Array, Pullback]:
    """As `_product`, on windows of two axes."""
    return _product(x, w, b, out, stride, padding, dilation, groups)


@_conv_transpose2d.native
def _(
    x: Array, w: Array, b: Array | None, out: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Pullback]:
    if tuple(map(output_size, out, w.shape[2:], stride, padding, dilation)) != x.shape[2:]:
        raise Unsupported  # more output padding than a stride: no convolution takes y back to the size of x
    y = core.conv2d_grad_x(x, w, out, stride, padding, dilation, groups)
    if b is not None:
        y += channels(b, y)
    return y, (
        lambda dy: core.conv2d(dy, w, None, stride, padding, dilation, groups),
        lambda dy: core.conv2d_grad_w(dy, x, w.shape[2:], stride, padding, dilation, groups),
        core.conv2d_grad_b,
    )


@primitive
def _conv_transpose3d(
    x: Array, w: Array, b: Array | None, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[Array, Pullback]:
    """As `_product`, on windows of three axes."""
    return _product(x, w, b, out, stride, padding, dilation, groups)


def _output_sizes(name: str, x: Sizes, w: Sizes, stride: Sizes, padding: Sizes, more: Sizes, dilation: Sizes) -> Sizes:
    steps = zip(x[2:], w[2:], stride, padding, more, dilation, strict=True)
    out = tuple((n - 1) * s - 2 * p + d * (k - 1) + m + 1 for n, k, s, p, m, d in steps)
    shapes = _shapes(len(stride), x, w)
    if any(m >= max(s, d) for m, s, d in zip(more, stride, dilation, strict=True)):
        raise ValueError(
            f"{name}(): output_padding={more} must be less than stride={stride} or dilation={dilation}{shapes}"
        )
    if min(x[2:]) < 1 or min(out) < 1:
        raise ValueError(f"{name}(): the output would be of size {out}: padding={padding} cuts all of it off{shapes}")
    return out


def _shapes(axes: int, x: Sizes, w: Sizes) -> str:
    return f"\n  input {x} = (N, C, {AXES[axes - 1]}), weight {w} = (in, out, {KERNEL[axes - 1]})"


def _check(name: str, axes: int, x: Sizes, w: Sizes, b: Sizes | None, groups: int) -> None:
    shapes = _shapes(axes, x, w)
    if len(x) != axes + 2 or len(w) != axes + 2:
        need = f"the input needs {axes + 2} dimensions (or {axes + 1}, without N) and the weight {axes + 2}"
        raise ValueError(f"{name}(): {need}{shapes}")
    if 0 in w:
        raise ValueError(f"{name}(): the weight has a dimension of size 0{shapes}")
    if x[1] != w[0]:
        raise ValueError(f"{name}(): the input has {x[1]} channels, the weight expects {w[0]}{shapes}")
    if w[0] % groups:
        raise ValueError(f"{name}(): groups={groups} must divide the {w[0]} input channels{shapes}")
    check_bias(name, b, w[1] * groups, shapes)
