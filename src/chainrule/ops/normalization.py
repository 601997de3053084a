"""Normalization: mean 0 and variance 1 over some of the dimensions, then a learned scale and shift.

    batch_norm      over all but the channels: a mean for each channel of the batch     x (N, C, …)
    instance_norm   over the places: a mean for each channel of each sample             x (N, C, …)
    group_norm      over the places and the channels of one group                       x (N, C, …)
    layer_norm      over the last dimensions                                            x (…, D)
    rms_norm        over the last dimensions, without a mean                            x (…, D)

The first four are one primitive, `_standardize`, with the derivation of its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import core
from chainrule.ops.arguments import require_floating, require_tensors
from chainrule.ops.windows import whole
from chainrule.tensor import Array, Tensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]

Axes = tuple[int, ...]


Told = Callable[[Array, Array], None]


@primitive
def _standardize(
    x: Array, w: Array | None, b: Array | None, axes: Axes, eps: float, told: Told | None
) -> tuple[Array, Pullback]:
    """y = w · x̂ + b with x̂ = (x − μ) · r and r = 1 / √(σ² + ε); μ and σ², of x along `axes`, are told to `told`.

    Let g = w · dy, the cotangent of x̂. x moves x̂ on three ways:

        itself:   ∂x̂/∂x = r                                           ->   r · g
        by μ:     ∂x̂/∂μ = −r, ∂μ/∂x = 1/n                             -> − r · mean(g)
        by σ²:    ∂x̂/∂σ² = −½ (x − μ) · r³, ∂σ²/∂x = 2 (x − μ) / n     -> − r · x̂ · mean(g · x̂)

    (μ moves σ² too, but by −2 Σ(x − μ) / n, which is 0.) Together, and for the scale and the shift:

        dx = r · (g − mean(g) − x̂ · mean(g · x̂)),   dw = Σ dy · x̂,   db = Σ dy
    """
    mean = _mean(x, axes)
    away = x - mean
    var = _mean(away * away, axes)
    if told:
        told(mean, var)
    r = 1 / np.sqrt(var + x.dtype.type(eps))
    z = away * r  # x̂
    y = z if w is None else w * z

    def dx(dy: Array) -> Any:
        g = dy if w is None else dy * w
        return r * (g - _mean(g, axes) - z * _mean(g * z, axes))

    return y if b is None else y + b, (dx, lambda dy: dy * z, lambda dy: dy)


@_standardize.native
def _(x: Array, w: Array | None, b: Array | None, axes: Axes, eps: float, told: Told | None) -> tuple[Array, Pullback]:
    y, mean, var = core.standardize(x, w, b, None, None, axes, eps, "centred")
    if told:
        kept = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
        told(mean.reshape(kept), var.reshape(kept))
    return y, _pullback(x, w, b, mean, var, axes, eps, "centred")


@primitive
def _standardize_by(
    x: Array, w: Array | None, b: Array | None, mean: Array, var: Array, eps: float
) -> tuple[Array, Pullback]:
    """y = w · x̂ + b with x̂ = (x − μ) · r and r = 1 / √(σ² + ε), for channels whose μ and σ² are given.

    dx = r · w · dy,   dw = Σ dy · x̂,   db = Σ dy
    """
    r = 1 / np.sqrt(var + x.dtype.type(eps))
    z = (x - mean) * r  # x̂
    y = z if w is None else w * z
    return y if b is None else y + b, (lambda dy: (dy if w is None else dy * w) * r, lambda dy: dy * z, lambda dy: dy)


@_standardize_by.native
def _(x: Array, w: Array | None, b: Array | None, mean: Array, var: Array, eps: float) -> tuple[Array, Pullback]:
    axes = (0, *range(2, x.ndim))
    y, mean, var = core.standardize(x, w, b, mean, var, axes, eps, "fixed")  # the running ones may move on: copies
    return y, _pullback(x, w, b, mean, var, axes, eps, "fixed")


def _pullback(
    x: Array, w: Array | None, b: Array | None, mean: Array, var: Array, axes: Axes, eps: float, norm: str
) -> tuple[Callable[[Array], Any], ...]:
    """That of the kernels. dx, dw and db come together, and the latter are kept until asked for, or without dx."""
    last: list[Any] = [None, (None, None, None)]  # a cotangent, and what came of it

    def part(i: int, like: Array | None) -> Callable[[Array], Any]:
        def pull(dy: Array) -> Any:
            if last[0] is not dy or last[1][i] is None:
                last[:] = dy, core.standardize_grad(dy, x, w, mean, var, b, axes, eps, norm, i == 0)
            found = last[1][i]
            return found if like is None else found.reshape(like.shape)

        return pull

    return part(0, x), part(1, w), part(2, b)


def _mean(x: Array, axes: Axes) -> Any:
    return x.sum(axes, keepdims=True) / _count(x, axes)


def _count(x: Array, axes: Axes) -> int:
    return math.prod(x.shape[axis] for axis in axes)


# ---------------------------------------------------------------------------------------------- by channels


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """y = w · (x − μ) / √(σ² + ε) + b for each channel; w = weight, b = bias, ε = eps.

    In training μ and σ² are those of the batch, over N and all places, and `running_mean` and `running_var` follow in
    place: running ← (1 − momentum) · running + momentum · new, the variance with n/(n − 1). Else they are the running
    ones. The gradient is derived at `_standardize`.

    Shapes: x (N, C, …); running mean and variance, w and b (C,) -> that of x.
    Errors: ValueError where shapes do not fit, running values are needed, or one value has no variance, TypeError for
    integers and two dtypes.
    Paper: Ioffe, Szegedy: Batch normalization, accelerating deep network training by reducing internal covariate shift
    (2015).
    """
    x = _channels("batch_norm", input, running_mean, running_var, weight, bias)
    axes = (0, *range(2, x.ndim))
    if not training:
        return _by_running("batch_norm", input, running_mean, running_var, weight, bias, eps)
    if _count(x, axes) == 1:
        raise ValueError(
            f"batch_norm(): one value for each channel has no variance; in training input {x.shape} = (N, C, …) needs"
            " more, from the batch or from the places"
        )
    y: Tensor = _standardize(
        input, _wide(weight, x), _wide(bias, x), axes, eps, _follow(x, axes, running_mean, running_var, momentum)
    )
    return y


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """y = w · (x − μ) / √(σ² + ε) + b for each channel of each sample; w = weight, b = bias, ε = eps.

    μ and σ² are those over the places of an image, or without `use_input_stats` `running_mean` and `running_var`, which
    else follow the means over the batch by `momentum`, as in `batch_norm`. The gradient is derived at `_standardize`.

    Shapes: x (N, C, …); running mean and variance, w and b (C,) -> that of x. Errors: as in `batch_norm`.
    Paper: Ulyanov, Vedaldi, Lempitsky: Instance normalization, the missing ingredient for fast stylization (2016).
    """
    x = _channels("instance_norm", input, running_mean, running_var, weight, bias)
    axes = tuple(range(2, x.ndim))
    if not use_input_stats:
        return _by_running("instance_norm", input, running_mean, running_var, weight, bias, eps)
    if _count(x, axes) == 1:
        raise ValueError(
            f"instance_norm(): a single place has no variance; input {x.shape} = (N, C, …) needs more of them"
        )
    y: Tensor = _standardize(
        input, _wide(weight, x), _wide(bias, x), axes, eps, _follow(x, axes, running_mean, running_var, momentum)
    )
    return y


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """y = w · (x − μ) / √(σ² + ε) + b, with μ and σ² of each of `num_groups` groups of channels in each sample.

    w = weight, b = bias, ε = eps. The gradient is derived at `_standardize`.
    Shapes: x (N, C, …), w and b (C,) -> that of x. Errors: ValueError where shapes or groups do not fit, or one value
    has no variance, TypeError for integers and two dtypes.
    Paper: Wu, He: Group normalization (2018).
    """
    x = _channels("group_norm", input, None, None, weight, bias)
    (num_groups,) = whole("group_norm", "num_groups", num_groups, 1, 1)
    N, C, *places = x.shape
    if C % num_groups:
        raise ValueError(
            f"group_norm(): num_groups={num_groups} must divide the {C} channels of input {x.shape} = (N, C, …)"
        )
    if N * (C // num_groups) * math.prod(places) == 1:
        raise ValueError(f"group_norm(): one value for each group has no variance; input {x.shape} needs more")
    split, axes = (num_groups, C // num_groups, *(1,) * len(places)), tuple(range(2, x.ndim + 1))
    groups = input.reshape(N, *split[:2], *places)  # (N, C, …) -> (N, G, C/G, …)
    w, b = (None if p is None else p.reshape(split) for p in (weight, bias))
    y: Tensor = _standardize(groups, w, b, axes, eps, None)
    return y.reshape(x.shape)


def _channels(name: str, input: Tensor, *parameters: Tensor | None) -> Array:
    """The input's array, if it and the parameters, one number for each channel, go together."""
    require_tensors(name, input, *(p for p in parameters if p is not None))
    x = require_floating(name, input.array)
    if x.ndim < 2:
        raise ValueError(f"{name}(): the input needs at least 2 dimensions (N, C, …), not {x.shape}")
    for what, p in zip(("running_mean", "running_var", "weight", "bias"), parameters, strict=True):
        _fits(name, what, x, p, x.shape[1:2])
    return x


def _fits(name: str, what: str, x: Array, parameter: Tensor | None, shape: tuple[int, ...]) -> None:
    if parameter is None:
        return
    if parameter.shape != shape:
        raise ValueError(f"{name}(): {what} has shape {parameter.shape}, input {x.shape} asks for {shape}")
    if parameter.dtype != x.dtype:
        raise TypeError(f"{name}(): the dtypes differ: input {x.dtype}, {what} {parameter.dtype}; convert one side")


def _wide(parameter: Tensor | None, x: Array) -> Any:
    """(C,) -> (C, 1, …), which is broadcast against (N, C, …)."""
    return parameter if parameter is None or x.ndim == 2 else parameter.reshape(-1, *(1,) * (x.ndim - 2))


def _by_running(
    name: str, input: Tensor, mean: Tensor | None, var: Tensor | None, weight: Tensor | None, bias: Tensor | None,
    eps: float,
) -> Tensor:  # fmt: skip
    if mean is None or var is None:
        raise ValueError(f"{name}(): running_mean and running_var are needed where the input's own are not taken")
    x = input.array
    fixed = _wide(mean.detach(), x).array, _wide(var.detach(), x).array
    y: Tensor = _standardize_by(input, _wide(weight, x), _wide(bias, x), *fixed, eps)
    return y


def _follow(
    x: Array, axes: Axes, running_mean: Tensor | None, running_var: Tensor | None, momentum: float
) -> Told | None:
    """What moves the running ones, in place: running ← (1 − momentum) · running + momentum · mean over the batch."""
    if not x.size or (running_mean is None and running_var is None):
        return None
    n = _count(x, axes)

    def told(mean: Array, var: Array) -> None:
        with np.errstate(all="ignore"):
            for running, new in ((running_mean, mean), (running_var, var * (n / (n - 1)))):
                if running is not None:
                    each = new.reshape(len(new), -1)
                    average = each[0] if len(each) == 1 else each.mean(0)
                    running.array[...] = (1 - momentum) * running.array + momentum * average

    return told


# ---------------------------------------------------------------------------------------------- by the last dimensions


def layer_norm(
    input: Tensor, normalized_shape: int | Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """y = w · (x − μ) / √(σ² + ε) + b, with μ and σ² over the last dimensions, which have sizes `normalized_shape`.

    w = weight, b = bias, ε = eps. The gradient is derived at `_standardize`.
    Shapes: x (…, *normalized_shape), w and b normalized_shape -> that of x. Errors: ValueError where the shapes do not
    fit, TypeError for integers and two dtypes.
    Paper: Ba, Kiros, Hinton: Layer normalization (2016).
    """
    _, axes = _last("layer_norm", input, normalized_shape, weight, bias)
    y: Tensor = _standardize(input, weight, bias, axes, eps, None)
    return y


def rms_norm(
    input: Tensor, normalized_shape: int | Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """y = w · x / √(mean(x²) + ε), over the last dimensions, which have sizes `normalized_shape`.

    w = weight; ε = eps is the dtype's rounding unit unless given. With r = 1 / √(mean(x²) + ε):
    dx = r · (w · dy − r² · x · mean(w · dy · x)),   dw = Σ dy · x · r

    Shapes: x (…, *normalized_shape), w normalized_shape -> that of x. Errors: ValueError where the shapes do not fit,
    TypeError for integers.
    Paper: Zhang, Sennrich: Root mean square layer normalization (2019).
    """
    x, axes = _last("rms_norm", input, normalized_shape, weight, None)
    y: Tensor = _rms_norm(input, weight, float(np.finfo(x.dtype).eps) if eps is None else eps, axes)
    return y


@primitive
def _rms_norm(x: Array, w: Array | None, eps: float, axes: Axes) -> tuple[Array, Pullback]:
    """y = w · x̂ with x̂ = x · r and r = 1 / √(mean(x²) + ε).

    With g = w · dy, as for `_standardize` but without μ:   dx = r · (g − x̂ · mean(g · x̂)),   dw = Σ dy · x̂
    """
    r = 1 / np.sqrt(_mean(x * x, axes) + x.dtype.type(eps))
    z = x * r  # x̂

    def dx(dy: Array) -> Any:
        g = dy if w is None else dy * w
        return r * (g - z * _mean(g * z, axes))

    return z if w is None else w * z, (dx, lambda dy: dy * z)


@_rms_norm.native
def _(x: Array, w: Array | None, eps: float, axes: Axes) -> tuple[Array, Pullback]:
    y, mean, square = core.standardize(x, w, None, None, None, axes, eps, "root mean square")
    return y, _pullback(x, w, None, mean, square, axes, eps, "root mean square")[:2]


def _last(
    name: str, input: Tensor, normalized_shape: int | Sequence[int], weight: Tensor | None, bias: Tensor | None
) -> tuple[Array, Axes]:
    """The input's array and its last axes, if their sizes are `normalized_shape`."""
    require_tensors(name, input, *(p for p in (weight, bias) if p is not None))
    x = require_floating(name, input.array)
    sizes = (normalized_shape,) if isinstance(normalized_shape, int | np.integer) else tuple(normalized_shape)
    if not sizes or x.shape[-len(sizes) :] != sizes:
        ends = ", ".join(map(str, sizes)) or "at least one size"
        raise ValueError(f"{name}(): normalized_shape={sizes} needs an input (…, {ends}), not {x.shape}")
    _fits(name, "weight", x, weight, sizes)
    _fits(name, "bias", x, bias, sizes)
    return x, tuple(range(x.ndim - len(sizes), x.ndim))


# ---------------------------------------------------------------------------------------------- by the neighbours


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """y = x / d^beta with d = k + alpha / size · Σ x² over the `size` channels around each: x (N, C, L, …) -> the same.

    dx = dy / d^beta − 2 alpha beta / size · x · Σ dy · y / d, over the channels whose sum the channel is in

    Of an even size one channel more lies before. Errors: ValueError for fewer than three dimensions, and a size below
    1, TypeError for integers. Paper: Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional
    neural networks (2012), where alpha is not divided by the size.
    """
    require_tensors("local_response_norm", input)
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm(): the input needs at least 3 dimensions (N, C, L, …), not {input.shape}"
        )
    (size,) = whole("local_response_norm", "size", size, 1, 1)
    y: Tensor = _local_response_norm(input, size, alpha, beta, k)
    return y


@primitive
def _local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> tuple[Array, Pullback]:
    """y = x / d^β.   dx = dy / d^β − 2αβ/n · x · Σ dy · y / d"""
    before, after = size // 2, (size - 1) // 2
    d = k + alpha / size * _around(require_floating("local_response_norm", x) ** 2, before, after)
    y = x * d**-beta

    def dx(dy: Array) -> Any:
        return dy * d**-beta - 2 * alpha * beta / size * x * _around(dy * y / d, after, before)

    return y, dx


def _around(x: Array, before: int, after: int) -> Any:
    """The sum over the channels c − before … c + after, those that there are."""
    rest = ((0, 0),) * (x.ndim - 2)
    padded, C = np.pad(x, ((0, 0), (before, after), *rest)), x.shape[1]
    total = padded[:, :C]
    for i in range(1, before + after + 1):
        total = total + padded[:, i : i + C]
    return total
