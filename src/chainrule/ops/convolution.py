"""Convolution: one small set of weights, applied at every place of a sequence, an image or a volume."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import require_tensors
from chainrule.ops.windows import Pair, Sizes, gather_windows, output_size, scatter_windows, whole
from chainrule.tensor import Array, Tensor

__all__ = ["conv1d", "conv2d", "conv3d"]

AXES = ("L", "H, W", "D, H, W")
KERNEL = ("kL", "kH, kW", "kD, kH, kW")


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sizes = 1,
    padding: str | int | Sizes = 0,
    dilation: int | Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of sequences with O kernels: conv2d of images that are one pixel high.

        y[n, o, i] = b[o] + Σ_{c, k} w[o, c, k] · x[n, c, i·s + k·d − p]

    The arguments, the gradients and the errors are those of `conv2d`.

    Shapes: x (N, C, L) or (C, L), w (O, C/G, K), b (O) -> y (N, O, OL), OL = ⌊(L + 2p − d·(K − 1) − 1) / s⌋ + 1.
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sizes = 1,
    padding: str | int | Sizes = 0,
    dilation: int | Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of images with O kernels, which the field calls convolution:

        y[n, o, i, j] = b[o] + Σ_{c, kh, kw} w[o, c, kh, kw] · x[n, c, i·s + kh·d − p, j·s + kw·d − p]

    for weight w, bias b, stride s, dilation d and padding p with zeros; "same" padding keeps the size, "valid" is none.
    With `groups` G the channels are split into G parts that do not mix.

        dx = dy, spread out by the stride, convolved with the kernels turned round
        dw[o, c, kh, kw] = Σ_{n, i, j} dy[n, o, i, j] · x[n, c, i·s + kh·d − p, j·s + kw·d − p]
        db[o] = Σ_{n, i, j} dy[n, o, i, j]

    Shapes: x (N, C, H, W) or (C, H, W), w (O, C/G, KH, KW), b (O) -> y (N, O, OH, OW) with
    OH = ⌊(H + 2p − d·(KH − 1) − 1) / s⌋ + 1.   2·N·O·OH·OW·C/G·KH·KW FLOPs, twice that backwards.
    Errors: ValueError where shapes or groups do not fit, or the kernel is larger than the padded input, TypeError where
    the dtypes differ or a setting is no whole number.
    Paper: LeCun et al.: Gradient-based learning applied to document recognition (1998).
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sizes = 1,
    padding: str | int | Sizes = 0,
    dilation: int | Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of volumes with O kernels: conv2d with one more axis.

        y[n, o, h, i, j] = b[o] + Σ_{c, kd, kh, kw} w[o, c, kd, kh, kw] · x[n, c, h·s + kd·d − p, i·s + …, j·s + …]

    The arguments, the gradients and the errors are those of `conv2d`.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), w (O, C/G, KD, KH, KW), b (O) -> y (N, O, OD, OH, OW).
    Paper: Tran et al.: Learning spatiotemporal features with 3D convolutional networks (2015).
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _convolve(
    name: str, axes: int, x: Tensor, w: Tensor, b: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    """The arguments put in order, for any number of axes."""
    require_tensors(name, x, w, *(() if b is None else (b,)))
    (groups,) = whole(name, "groups", groups, 1, 1)
    if x.ndim == axes + 1:
        return _convolve(name, axes, x.unsqueeze(0), w, b, stride, padding, dilation, groups).squeeze(0)
    stride, dilation = whole(name, "stride", stride, 1, axes), whole(name, "dilation", dilation, 1, axes)
    _check(name, axes, x.shape, w.shape, None if b is None else b.shape, groups)
    check_dtypes(name, x, w, b, lambda: _shapes(axes, x.shape, w.shape))
    if isinstance(padding, str):
        x, padding = _named_padding(name, x, padding, w.shape[2:], stride, dilation)
    else:
        padding = whole(name, "padding", padding, 0, axes)
    _check_size(name, x.shape, w.shape, stride, padding, dilation)
    y: Tensor
    if axes == 1:
        flat = (1, *stride), (0, *padding), (1, *dilation)
        y = _conv2d(x.unsqueeze(2), w.unsqueeze(2), b, *flat, groups).squeeze(2)
    else:
        y = (_conv2d if axes == 2 else _conv3d)(x, w, b, stride, padding, dilation, groups)
    return y


def _product(
    x: Array, w: Array, b: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[Array, Pullback]:
    """A matrix product: of the kernels with the columns of everything that they see."""
    N, C, *size = x.shape
    O, _, *kernel = w.shape
    out = _output_sizes(x.shape, w.shape, stride, padding, dilation)
    windows = gather_windows(x, tuple(kernel), stride, padding, dilation, out)
    columns = windows.reshape(N, groups, w[0].size, math.prod(out))  # (N, C, KH, KW, OH, OW) -> (N, G, K, P)
    kernels = w.reshape(groups, O // groups, w[0].size)  # (O, C/G, KH, KW) -> (G, O/G, K)
    y = (kernels @ columns).reshape(N, O, *out)  # (G, O/G, K) · (N, G, K, P) -> (N, G, O/G, P)

    def dx(dy: Array) -> Array:
        dcolumns = kernels.mT @ dy.reshape(N, groups, O // groups, math.prod(out))  # -> (N, G, K, P)
        return scatter_windows(dcolumns.reshape(N, C, *kernel, *out), tuple(size), stride, padding, dilation)

    def dw(dy: Array) -> Any:
        return (dy.reshape(N, groups, O // groups, math.prod(out)) @ columns.mT).sum(0).reshape(w.shape)

    return y if b is None else y + channels(b, y), (dx, dw, total)


@primitive
def _conv2d(
    x: Array, w: Array, b: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[Array, Pullback]:
    """As `_product`, on windows of two axes."""
    return _product(x, w, b, stride, padding, dilation, groups)


@_conv2d.native
def _(
    x: Array, w: Array, b: Array | None, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Pullback]:
    y = core.conv2d(x, w, b, stride, padding, dilation, groups)
    return y, (
        lambda dy: core.conv2d_grad_x(dy, w, x.shape[2:], stride, padding, dilation, groups),
        lambda dy: core.conv2d_grad_w(x, dy, w.shape[2:], stride, padding, dilation, groups),
        core.conv2d_grad_b,
    )


@primitive
def _conv3d(
    x: Array, w: Array, b: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[Array, Pullback]:
    """As `_product`, on windows of three axes."""
    return _product(x, w, b, stride, padding, dilation, groups)


def channels(b: Array, y: Array) -> Array:
    """(O) -> (O, 1, 1): a number for every channel of y (N, O, OH, OW)."""
    return b.reshape(-1, *(1,) * (y.ndim - 2))


def total(dy: Array) -> Any:
    """The bias' cotangent, (N, O, OH, OW) -> (O)."""
    return dy.sum((0, *range(2, dy.ndim)))


def _output_sizes(x: Sizes, w: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Sizes:
    return tuple(map(output_size, x[2:], w[2:], stride, padding, dilation))


@functools.lru_cache(maxsize=4096)
def _check_size(name: str, x: Sizes, w: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> None:
    if min(_output_sizes(x, w, stride, padding, dilation)) < 1:
        extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, w[2:], strict=True))
        raise ValueError(
            f"{name}(): the kernel is larger than the padded input: it spans {extent}, "
            f"the input is {x[2:]} with padding {padding}{_shapes(len(stride), x, w)}"
        )


def _shapes(axes: int, x: Sizes, w: Sizes) -> str:
    return f"\n  input {x} = (N, C, {AXES[axes - 1]}), weight {w} = (out, in, {KERNEL[axes - 1]})"


@functools.lru_cache(maxsize=4096)  # a model asks for the same few at every step
def _check(name: str, axes: int, x: Sizes, w: Sizes, b: Sizes | None, groups: int) -> None:
    shapes = _shapes(axes, x, w)
    if len(x) != axes + 2 or len(w) != axes + 2:
        need = f"the input needs {axes + 2} dimensions (or {axes + 1}, without N) and the weight {axes + 2}"
        raise ValueError(f"{name}(): {need}{shapes}")
    if 0 in (w[0], *w[2:]):
        raise ValueError(f"{name}(): the weight has a dimension of size 0{shapes}")
    if w[0] % groups:
        raise ValueError(f"{name}(): groups={groups} must divide the {w[0]} output channels{shapes}")
    if x[1] != w[1] * groups:
        each = f" in each of {groups} groups" if groups > 1 else ""
        channels = f"the input has {x[1]} channels, the weight expects {w[1]}{each}"
        raise ValueError(f"{name}(): {channels}{shapes}")
    check_bias(name, b, w[0], shapes)


def check_bias(name: str, b: Sizes | None, outputs: int, shapes: str) -> None:
    """One number for every output channel."""
    if b is not None and b != (outputs,):
        raise ValueError(f"{name}(): the bias has shape {b}, the weight asks for ({outputs},){shapes}")


def check_dtypes(name: str, x: Tensor, w: Tensor, b: Tensor | None, shapes: Callable[[], str]) -> None:
    """One dtype for all."""
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        dtypes = f"input {x.dtype}, weight {w.dtype}" + ("" if b is None else f", bias {b.dtype}")
        raise TypeError(f"{name}(): the dtypes differ: {dtypes}; convert one side with .to(dtype){shapes()}")


def _named_padding(
    name: str, x: Tensor, padding: str, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[Tensor, Sizes]:
    """Padding "same" or "valid" in numbers; an odd total puts the extra zero behind, by padding the input first."""
    if padding == "valid":
        return x, (0,) * len(kernel)
    if padding != "same":
        raise ValueError(f'{name}(): padding="{padding}" is unknown; numbers, "same" and "valid" are possible')
    if max(stride) > 1:
        raise ValueError(f'{name}(): padding="same" needs stride 1, for a larger stride cannot keep the size')
    both = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if any(n % 2 for n in both):
        x = x.pad([side for n in reversed(both) for side in (0, n % 2)])
    return x, tuple(n // 2 for n in both)
