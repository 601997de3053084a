"""Convolution: one small set of weights, applied at every place of an image."""

from __future__ import annotations

from typing import Any

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.windows import Pair, gather_windows, output_size, pair, scatter_windows
from chainrule.tensor import Array, Tensor

__all__ = ["conv2d"]


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: str | int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of images with O kernels, which the field calls convolution:

        y[n, o, i, j] = b[o] + Σ_{c, kh, kw} w[o, c, kh, kw] · x[n, c, i·s + kh·d − p, j·s + kw·d − p]

    for stride s, dilation d and padding p with zeros; "same" padding keeps the size, "valid" is none. With
    `groups` G the channels are split into G parts that do not mix.

        dx = dy, spread out by the stride, convolved with the kernels turned round
        dw[o, c, kh, kw] = Σ_{n, i, j} dy[n, o, i, j] · x[n, c, i·s + kh·d − p, j·s + kw·d − p]
        db[o] = Σ_{n, i, j} dy[n, o, i, j]

    Shapes: x (N, C, H, W) or (C, H, W), w (O, C/G, KH, KW), b (O) -> y (N, O, OH, OW) with
    OH = ⌊(H + 2p − d·(KH − 1) − 1) / s⌋ + 1.   2·N·O·OH·OW·C/G·KH·KW FLOPs, twice that backwards.
    Paper: LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """
    if input.ndim == 3:
        return conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    stride, dilation = pair("conv2d", "stride", stride, 1), pair("conv2d", "dilation", dilation, 1)
    _check(input.array, weight.array, None if bias is None else bias.array, groups)
    if isinstance(padding, str):
        input, padding = _named_padding(input, padding, weight.shape[2:], stride, dilation)
    else:
        padding = pair("conv2d", "padding", padding, 0)
    _output_size(input.shape, weight.shape, stride, padding, dilation)
    y: Tensor = _conv2d(input, weight, bias, stride, padding, dilation, groups)
    return y


@primitive
def _conv2d(
    x: Array, w: Array, b: Array | None, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Pullback]:
    """A matrix product: of the kernels with the columns of everything that they see."""
    N, C, H, W = x.shape
    O, _, KH, KW = w.shape
    OH, OW = _output_size(x.shape, w.shape, stride, padding, dilation)
    windows = gather_windows(x, (KH, KW), stride, padding, dilation, (OH, OW))
    columns = windows.reshape(N, groups, C // groups * KH * KW, OH * OW)  # (N, C, KH, KW, OH, OW) -> (N, G, K, P)
    kernels = w.reshape(groups, O // groups, C // groups * KH * KW)  # (O, C/G, KH, KW) -> (G, O/G, K)
    y = (kernels @ columns).reshape(N, O, OH, OW)  # (G, O/G, K) · (N, G, K, P) -> (N, G, O/G, P)

    def dx(dy: Array) -> Array:
        dcolumns = kernels.mT @ dy.reshape(N, groups, O // groups, OH * OW)  # -> (N, G, K, P)
        return scatter_windows(dcolumns.reshape(N, C, KH, KW, OH, OW), (H, W), stride, padding, dilation)

    def dw(dy: Array) -> Any:
        return (dy.reshape(N, groups, O // groups, OH * OW) @ columns.mT).sum(0).reshape(w.shape)

    return y if b is None else y + b[:, None, None], (dx, dw, lambda dy: dy.sum((0, 2, 3)))


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


def _output_size(x: tuple[int, ...], w: tuple[int, ...], stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    OH, OW = (output_size(x[2 + i], w[2 + i], stride[i], padding[i], dilation[i]) for i in (0, 1))
    if OH < 1 or OW < 1:
        extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, w[2:], strict=True))
        raise ValueError(
            f"conv2d(): the kernel is larger than the padded input: it spans {extent}, "
            f"the input is {x[2:]} with padding {padding}\n  input {x} = (N, C, H, W), weight {w} = (out, in, kH, kW)"
        )
    return OH, OW


def _check(x: Array, w: Array, b: Array | None, groups: int) -> None:
    shapes = f"\n  input {x.shape} = (N, C, H, W), weight {w.shape} = (out, in, kH, kW)"
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(f"conv2d(): the input needs 4 dimensions (or 3, without N) and the weight 4{shapes}")
    if groups < 1 or len(w) % groups:
        raise ValueError(f"conv2d(): groups={groups} must divide the {len(w)} output channels{shapes}")
    if x.shape[1] != w.shape[1] * groups:
        each = f" in each of {groups} groups" if groups > 1 else ""
        channels = f"the input has {x.shape[1]} channels, the weight expects {w.shape[1]}{each}"
        raise ValueError(f"conv2d(): {channels}{shapes}")
    if b is not None and b.shape != w.shape[:1]:
        raise ValueError(f"conv2d(): the bias has shape {b.shape}, the weight asks for ({len(w)},){shapes}")
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        dtypes = f"input {x.dtype}, weight {w.dtype}" + ("" if b is None else f", bias {b.dtype}")
        raise TypeError(f"conv2d(): the dtypes differ: {dtypes}; convert one side with .to(dtype){shapes}")


def _named_padding(x: Tensor, padding: str, kernel: Any, stride: Pair, dilation: Pair) -> tuple[Tensor, Pair]:
    """Padding "same" or "valid" in numbers; an odd total puts the extra zero behind, by padding the input first."""
    if padding == "valid":
        return x, (0, 0)
    if padding != "same":
        raise ValueError(f'conv2d(): padding="{padding}" is unknown; a number, a pair, "same" and "valid" are possible')
    if stride != (1, 1):
        raise ValueError('conv2d(): padding="same" needs stride 1, for a larger stride cannot keep the size')
    total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if total[0] % 2 or total[1] % 2:
        x = x.pad((0, total[1] % 2, 0, total[0] % 2))
    return x, (total[0] // 2, total[1] // 2)
