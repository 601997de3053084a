"""Changing the size of images: interpolation, pixels from channels and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d
from chainrule.ops.arguments import require_floating
from chainrule.ops.windows import Sizes, add_along, whole
from chainrule.tensor import Array, Tensor

__all__ = ["channel_shuffle", "interpolate", "pixel_shuffle", "pixel_unshuffle"]

MODES = {
    3: ("nearest", "nearest-exact", "linear", "area"),
    4: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    5: ("nearest", "nearest-exact", "trilinear"),
}
Taps = tuple[Array, Array]


def interpolate(
    input: Tensor,
    size: int | Sizes | None = None,
    scale_factor: float | tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """In another size, which is given as such or as a multiple, one number or one for each axis of the image:

        y[n, c, i, j] = Σ_{a, b} u_i[a] · u_j[b] · x[n, c, p_i[a], p_j[b]],   dx the same weights, summed the other way

    The centre of output pixel i lies at s = (i + ½)·H/OH − ½ of the input, or, with `align_corners`, at
    s = i·(H − 1)/(OH − 1), which lets the outermost centres fall on each other. From there

        nearest                      the pixel p = ⌊i·H/OH⌋ (as old programs do), "nearest-exact" p = ⌊(i + ½)·H/OH⌋
        linear, bilinear, trilinear  p = ⌊s⌋, ⌊s⌋ + 1 with weights 1 − t, t, where t = s − ⌊s⌋
        bicubic                      the four pixels around s, weights by Keys' cubic with a = −¾; repeats the edge
        area                         the mean of what the pixel covers: adaptive_avg_pool

    A scale factor takes the place of OH/H in these equations, unless `recompute_scale_factor`.

    Shapes: x (N, C, L) for nearest, linear, area; (N, C, H, W) for nearest, bilinear, bicubic, area; (N, C, D, H, W)
    for nearest and trilinear -> y (N, C, ⌊scale·H⌋, …). Unlike PyTorch's `antialias` must be False, and there is no
    "area" of volumes.
    Paper: Keys, Cubic convolution interpolation for digital image processing, 1981.
    """
    if antialias:
        raise ValueError("interpolate(): antialias=True does not exist here")
    require_floating("interpolate", input.array)
    _check(input.shape, mode, align_corners)
    out, factors = _sizes(input.shape[2:], size, scale_factor, recompute_scale_factor)
    if 0 in input.shape[1:] or min(out) < 1:
        raise ValueError(f"interpolate(): nothing to interpolate between input {input.shape} and size {out}")
    if mode == "area":
        return (adaptive_avg_pool1d if input.ndim == 3 else adaptive_avg_pool2d)(input, out)
    for axis in range(input.ndim - 1, 1, -1):
        n, o, factor = input.shape[axis], out[axis - 2], factors[axis - 2]
        if mode.startswith("nearest"):
            input = _resample(input, axis, _nearest(n, o, factor, mode == "nearest-exact"))
        else:
            input = _resample(input, axis, _taps(n, o, factor, mode, bool(align_corners), input.array.dtype))
    return input


@primitive
def _resample(x: Array, axis: int, taps: Taps) -> tuple[Array, Pullback]:
    """y[i] = Σ_k weight[i, k] · x[index[i, k]] along an axis.   dx[p] = Σ weight[i, k] · dy[i] where index[i, k] = p"""
    index, weight = taps  # each (OH, K)
    behind = (1,) * (x.ndim - 1 - axis)
    w = weight.astype(x.dtype).reshape(*weight.shape, *behind)
    parts = x.take(index, axis)  # (N, C, H, W) -> (N, C, OH, K, W)

    def pullback(dy: Array) -> Array:
        dparts = np.expand_dims(dy, axis + 1) * w  # (N, C, OH, W) -> (N, C, OH, K, W)
        flat = dparts.reshape(*x.shape[:axis], index.size, *x.shape[axis + 1 :])
        return add_along(flat, index.ravel(), axis, x.shape[axis])

    return (parts * w).sum(axis + 1), pullback


def _nearest(n: int, out: int, factor: float | None, centre: bool) -> Taps:
    """One pixel for each, with weight 1; in float32, as PyTorch computes it."""
    step = np.float32(1 / factor if factor else n / out)
    places = (np.arange(out, dtype=np.float32) + np.float32(centre / 2)) * step
    index = np.minimum(np.floor(places), n - 1).astype(int)[:, None]
    return index, np.ones(index.shape)


def _taps(n: int, out: int, factor: float | None, mode: str, corners: bool, dtype: Any) -> Taps:
    """The pixels around each place, and their weights: 2 × (OH, K)."""
    i = np.arange(out, dtype=dtype)
    if corners:
        s = i * dtype.type((n - 1) / (out - 1) if out > 1 else 0)
    else:
        s = (i + dtype.type(0.5)) * dtype.type(1 / factor if factor else n / out) - dtype.type(0.5)
    if mode == "bicubic":
        first = np.floor(s)
        index, weight = first[:, None] + np.arange(-1, 3), _cubic(s - first)
    else:
        s = s.clip(0)
        first = np.floor(s).clip(None, n - 1)
        t = (s - first).clip(0, 1)
        index, weight = first[:, None] + np.arange(2), np.stack((1 - t, t), 1)
    return index.astype(int).clip(0, n - 1), weight


def _cubic(t: Array, a: float = -0.75) -> Array:
    """The weights of the pixels at −1, 0, 1 and 2 for a place at t, 0 ≤ t < 1: (OH) -> (OH, 4)."""
    far = np.abs(t[:, None] - np.array((-1, 2), t.dtype))
    near = np.abs(t[:, None] - np.array((0, 1), t.dtype))
    outer = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    inner = ((a + 2) * near - (a + 3)) * near * near + 1
    return np.stack((outer[:, 0], inner[:, 0], inner[:, 1], outer[:, 1]), 1)


def _sizes(size: Sizes, wanted: Any, factor: Any, recompute: bool | None) -> tuple[Sizes, tuple[float | None, ...]]:
    """The size of the output, and the scale factors that were given."""
    if (wanted is None) == (factor is None):
        raise ValueError("interpolate(): give size or scale_factor, one of the two")
    if recompute and wanted is not None:
        raise ValueError("interpolate(): recompute_scale_factor=True needs a scale_factor, not a size")
    what, value = ("size", wanted) if factor is None else ("scale_factor", factor)
    each = tuple(value) if isinstance(value, tuple | list) else (value,) * len(size)
    if len(each) != len(size):
        raise ValueError(f"interpolate(): {what}={value!r} must be one number, or one for each axis of {size}")
    if factor is None:
        return whole("interpolate", "size", each, 1, len(size)), (None,) * len(size)
    out = tuple(int(np.floor(n * float(f))) for n, f in zip(size, each, strict=True))
    return out, (None,) * len(size) if recompute else tuple(float(f) for f in each)


def _check(shape: Sizes, mode: str, align_corners: bool | None) -> None:
    if len(shape) not in MODES:
        raise ValueError(f"interpolate(): the input needs 3 to 5 dimensions (N, C, …), its shape is {shape}")
    if mode not in MODES[len(shape)]:
        known = ", ".join(map(repr, MODES[len(shape)]))
        raise ValueError(f"interpolate(): mode={mode!r} is not one of {known}, those for input {shape}")
    if align_corners is not None and "linear" not in mode and mode != "bicubic":
        raise ValueError(f"interpolate(): align_corners has no meaning for mode={mode!r}; leave it out")


# ---------------------------------------------------------------------------------------------- channels


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Each r² channels become r × r pixels: y[c, h·r + i, w·r + j] = x[c·r² + i·r + j, h, w].   dx: the way back

    Shapes: x (…, C·r², H, W) -> y (…, C, H·r, W·r).
    Paper: Shi et al., Real-time single image and video super-resolution using a sub-pixel CNN, 2016.
    """
    r, shape = _factor("pixel_shuffle", "upscale_factor", upscale_factor, input.shape, 3), input.shape
    if shape[-3] % (r * r):
        raise ValueError(f"pixel_shuffle(): {shape[-3]} channels of input {shape} are not a multiple of {r}² = {r * r}")
    *N, C, H, W = shape
    n = len(N)
    x = input.reshape(*N, C // (r * r), r, r, H, W)
    x = x.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)  # (…, C, r, r, H, W) -> (…, C, H, r, W, r)
    return x.reshape(*N, C // (r * r), H * r, W * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The inverse of `pixel_shuffle`: (…, C, H·r, W·r) -> (…, C·r², H, W)."""
    r, shape = _factor("pixel_unshuffle", "downscale_factor", downscale_factor, input.shape, 3), input.shape
    *N, C, H, W = shape
    if H % r or W % r:
        raise ValueError(f"pixel_unshuffle(): height and width of input {shape} are not multiples of {r}")
    n = len(N)
    x = input.reshape(*N, C, H // r, r, W // r, r)
    x = x.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)  # (…, C, H, r, W, r) -> (…, C, r, r, H, W)
    return x.reshape(*N, C * r * r, H // r, W // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of G groups in turns: y[n, c·G + g] = x[n, g·C/G + c].   dx: the way back

    Shapes: (N, C, …) -> (N, C, …).   Paper: Zhang et al., ShuffleNet, 2018.
    """
    g, (N, C, *rest) = _factor("channel_shuffle", "groups", groups, input.shape, 3), input.shape
    if C % g:
        raise ValueError(f"channel_shuffle(): groups={groups} must divide the {C} channels of input {input.shape}")
    return input.reshape(N, g, C // g, *rest).transpose(1, 2).reshape(input.shape)


def _factor(name: str, what: str, value: Any, shape: Sizes, least: int) -> int:
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}(): {what}={value!r} must be a whole number of at least 1")
    if len(shape) < least:
        raise ValueError(f"{name}(): the input needs {least} dimensions or more, its shape is {shape}")
    return int(value)
