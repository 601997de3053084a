"""Changing the size of images: interpolation, pixels from channels and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from chainrule.ops.arguments import require_floating, require_tensors
from chainrule.ops.windows import Sizes, add_along, whole
from chainrule.tensor import Array, Tensor

__all__ = ["channel_shuffle", "interpolate", "pixel_shuffle", "pixel_unshuffle", "upsample"]

MODES = {
    3: ("nearest", "nearest-exact", "linear", "area"),
    4: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    5: ("nearest", "nearest-exact", "trilinear", "area"),
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
    s = i·(H − 1)/(OH − 1), which lets the outermost centres fall on each other. From there, by `mode`,

        nearest                      the pixel p = ⌊i·H/OH⌋ (as old programs do), "nearest-exact" p = ⌊(i + ½)·H/OH⌋
        linear, bilinear, trilinear  p = ⌊s⌋, ⌊s⌋ + 1 with weights 1 − t, t, where t = s − ⌊s⌋
        bicubic                      the four pixels around s, weights by Keys' cubic with a = −¾; repeats the edge
        area                         the mean of what the pixel covers: adaptive_avg_pool

    `scale_factor` takes the place of OH/H in these equations, unless `recompute_scale_factor`. With `antialias` what
    gets smaller by f = H/OH > 1 is a mean over the wider neighbourhood that a pixel of y covers: the linear or cubic
    (a = −½) weights are stretched by f and divided by their sum. Only bilinear and bicubic know it.

    Shapes: x (N, C, L) for nearest, linear, area; (N, C, H, W) for nearest, bilinear, bicubic, area; (N, C, D, H, W)
    for nearest, trilinear, area -> y (N, C, ⌊scale·H⌋, …). Whole numbers can be resized by nearest only.
    Errors: ValueError for options that do not go together, or with the shape, TypeError for sizes that are no numbers,
    and integers in x.
    Paper: Keys: Cubic convolution interpolation for digital image processing (1981).
    """
    require_tensors("interpolate", input)
    _check(input.shape, mode, align_corners, antialias)
    if not mode.startswith("nearest"):
        require_floating("interpolate", input.array)
    out, factors = _sizes(input.shape[2:], size, scale_factor, recompute_scale_factor)
    if 0 in input.shape[1:] or min(out) < 1:
        raise ValueError(f"interpolate(): nothing to interpolate between input {input.shape} and size {out}")
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[input.ndim - 3](input, out)
    for axis in range(input.ndim - 1, 1, -1):
        n, o, factor = input.shape[axis], out[axis - 2], factors[axis - 2]
        if mode.startswith("nearest"):
            taps = _nearest(n, o, factor, mode == "nearest-exact")
        else:
            taps = (_wide_taps if antialias else _taps)(n, o, factor, mode, bool(align_corners), input.array.dtype)
        input = _resample(input, axis, taps)
    return input


def upsample(
    input: Tensor,
    size: int | Sizes | None = None,
    scale_factor: float | tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The older name of `interpolate`, with its first arguments, equations and errors."""
    return interpolate(input, size, scale_factor, mode, align_corners)


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

    return (parts * w).sum(axis + 1, dtype=x.dtype), pullback


def _nearest(n: int, out: int, factor: float | None, centre: bool) -> Taps:
    """One pixel for each, with weight 1; in float32, as PyTorch computes it."""
    step = np.float32(1 / factor if factor else n / out)
    places = (np.arange(out, dtype=np.float32) + np.float32(centre / 2)) * step
    index = np.minimum(np.floor(places), n - 1).astype(int)[:, None]
    return index, np.ones(index.shape)


def _step(n: int, out: int, factor: float | None, corners: bool) -> float:
    """The distance between the places of two neighbours of y, in pixels of x."""
    if corners:
        return (n - 1) / (out - 1) if out > 1 else 0
    return 1 / factor if factor else n / out


def _taps(n: int, out: int, factor: float | None, mode: str, corners: bool, dtype: Any) -> Taps:
    """The pixels around each place, and their weights: 2 × (OH, K)."""
    i, step, half = np.arange(out, dtype=dtype), dtype.type(_step(n, out, factor, corners)), dtype.type(0.5)
    s = i * step if corners else (i + half) * step - half
    if mode == "bicubic":
        first = np.floor(s)
        index, weight = first[:, None] + np.arange(-1, 3), _cubic(s - first)
    else:
        s = s.clip(0)
        first = np.floor(s).clip(None, n - 1)
        t = (s - first).clip(0, 1)
        index, weight = first[:, None] + np.arange(2), np.stack((1 - t, t), 1)
    return index.astype(int).clip(0, n - 1), weight


def _wide_taps(n: int, out: int, factor: float | None, mode: str, corners: bool, dtype: Any) -> Taps:
    """As `_taps`, where one pixel of y covers several of x: all that lie under the stretched weights."""
    step = dtype.type(_step(n, out, factor, corners))
    stretch = np.maximum(step, dtype.type(1))
    reach = dtype.type(2 if mode == "bicubic" else 1) * stretch
    centre = (np.arange(out, dtype=dtype) + dtype.type(0.5)) * step
    first = (centre - reach + dtype.type(0.5)).astype(int).clip(0)
    last = (centre + reach + dtype.type(0.5)).astype(int).clip(None, n)
    index = first[:, None] + np.arange((last - first).max())
    away = np.abs(index.astype(dtype) - centre[:, None] + dtype.type(0.5)) / stretch
    weight = (_keys(away, -0.5) if mode == "bicubic" else 1 - away.clip(None, 1)) * (index < last[:, None])
    return index.clip(0, n - 1), weight / weight.sum(1, keepdims=True)


def _cubic(t: Array) -> Array:
    """The weights of the pixels at −1, 0, 1 and 2 for a place at t, 0 ≤ t < 1: (OH) -> (OH, 4)."""
    return _keys(np.abs(t[:, None] - np.arange(-1, 3).astype(t.dtype)), -0.75)


def _keys(away: Array, a: float) -> Array:
    """Keys' cubic: the weight of a pixel so far away."""
    near = ((a + 2) * away - (a + 3)) * away * away + 1
    far = ((a * away - 5 * a) * away + 8 * a) * away - 4 * a
    return np.where(away <= 1, near, far * (away < 2))


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
    if not all(isinstance(f, int | float | np.number) for f in each):
        raise TypeError(f"interpolate(): scale_factor={factor!r} must be a number, or one for each axis of {size}")
    out = tuple(int(np.floor(n * float(f))) for n, f in zip(size, each, strict=True))
    return out, (None,) * len(size) if recompute else tuple(float(f) for f in each)


def _check(shape: Sizes, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if len(shape) not in MODES:
        raise ValueError(f"interpolate(): the input needs 3 to 5 dimensions (N, C, …), its shape is {shape}")
    if mode not in MODES[len(shape)]:
        known = ", ".join(map(repr, MODES[len(shape)]))
        raise ValueError(f"interpolate(): mode={mode!r} is not one of {known}, those for input {shape}")
    if align_corners is not None and "linear" not in mode and mode != "bicubic":
        raise ValueError(f"interpolate(): align_corners has no meaning for mode={mode!r}; leave it out")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(f"interpolate(): antialias=True is for mode='bilinear' and 'bicubic' only, not {mode!r}")


# ---------------------------------------------------------------------------------------------- channels


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Each r² channels become r × r pixels: y[c, h·r + i, w·r + j] = x[c·r² + i·r + j, h, w].   dx: the way back

    Shapes: x (…, C·r², H, W) -> y (…, C, H·r, W·r), r = upscale_factor.
    Errors: ValueError where r² does not divide the channels, or there are fewer than three dimensions.
    Paper: Shi et al.: Real-time single image and video super-resolution using a sub-pixel CNN (2016).
    """
    r, shape = _factor("pixel_shuffle", "upscale_factor", upscale_factor, input), input.shape
    if shape[-3] % (r * r):
        raise ValueError(f"pixel_shuffle(): {shape[-3]} channels of input {shape} are not a multiple of {r}² = {r * r}")
    *N, C, H, W = shape
    n = len(N)
    x = input.reshape(*N, C // (r * r), r, r, H, W)
    x = x.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)  # (…, C, r, r, H, W) -> (…, C, H, r, W, r)
    return x.reshape(*N, C // (r * r), H * r, W * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The inverse of pixel_shuffle: (…, C, H·r, W·r) -> (…, C·r², H, W), r = downscale_factor.   dx: the way back

    See `pixel_shuffle`. Errors: ValueError where r does not divide height and width, TypeError where it is no whole
    number.
    """
    r, shape = _factor("pixel_unshuffle", "downscale_factor", downscale_factor, input), input.shape
    *N, C, H, W = shape
    if H % r or W % r:
        raise ValueError(f"pixel_unshuffle(): height and width of input {shape} are not multiples of {r}")
    n = len(N)
    x = input.reshape(*N, C, H // r, r, W // r, r)
    x = x.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)  # (…, C, H, r, W, r) -> (…, C, r, r, H, W)
    return x.reshape(*N, C * r * r, H // r, W // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of G = groups groups in turns: y[n, c·G + g] = x[n, g·C/G + c].   dx: the way back

    Shapes: (N, C, …) -> (N, C, …). Errors: ValueError where the groups do not divide C, or there are fewer than three
    dimensions. Paper: Zhang et al.: ShuffleNet (2018).
    """
    g, (N, C, *rest) = _factor("channel_shuffle", "groups", groups, input), input.shape
    if C % g:
        raise ValueError(f"channel_shuffle(): groups={groups} must divide the {C} channels of input {input.shape}")
    return input.reshape(N, g, C // g, *rest).transpose(1, 2).reshape(input.shape)


def _factor(name: str, what: str, value: Any, input: Tensor) -> int:
    require_tensors(name, input)
    (factor,) = whole(name, what, value, 1, 1)
    if input.ndim < 3:
        raise ValueError(f"{name}(): the input needs 3 dimensions or more, its shape is {input.shape}")
    return factor
