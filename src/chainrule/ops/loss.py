"""Losses: how far the outputs are from what they should be.

Class losses take input (N, C, …), the classes in dimension 1, or (C,) for a single sample, and target (N, …) of class
numbers. `reduction` is "mean", "sum", or "none" for the loss of every element. PyTorch's long deprecated arguments
size_average and reduce are left out.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.activation import _sigmoid
from chainrule.ops.arguments import promoted, require_floating
from chainrule.ops.elementwise import abs, div, mul, neg, square, sub, where
from chainrule.ops.probabilities import log_softmax
from chainrule.ops.reduction import mean, sum
from chainrule.tensor import Array, Tensor

__all__ = ["binary_cross_entropy_with_logits", "cross_entropy", "l1_loss", "mse_loss", "nll_loss"]


def _reduced(name: str, losses: Tensor, reduction: str, total: float | None = None) -> Tensor:
    """The mean (the sum over `total` where given), the sum, or the losses themselves."""
    if reduction == "mean":
        return mean(losses) if total is None else div(sum(losses), total)
    if reduction in ("sum", "none"):
        return sum(losses) if reduction == "sum" else losses
    raise ValueError(f"{name}(): reduction must be 'mean', 'sum' or 'none', not {reduction!r}")


# ---------------------------------------------------------------------------------------------- class numbers


def _class_dim(input: Tensor | Array) -> int:
    return 0 if input.ndim == 1 else 1


def _classes(name: str, x: Array, target: Array, ignore_index: int | None) -> tuple[Array, Array]:
    """The target along the class dimension, 0 where it is ignored, and whether it is not: (N, …) -> 2 × (N, 1, …)."""
    dim = _class_dim(x)
    if not x.ndim or target.shape != x.shape[:dim] + x.shape[dim + 1 :]:
        raise ValueError(
            f"{name}(): target {target.shape} does not fit input {x.shape}\n"
            "  input (N, C, …) needs class numbers (N, …), or probabilities (N, C, …) where the loss takes them"
        )
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}(): class numbers must be whole numbers, not {target.dtype}; convert them with .long()")
    target = np.expand_dims(target, dim)
    kept = target != ignore_index
    index = np.where(kept, target, 0)
    wrong = (index < 0) | (index >= x.shape[dim])
    if wrong.any():
        classes = f"the input {x.shape} has {x.shape[dim]} classes, from 0"
        raise IndexError(f"{name}(): class {index[wrong][0]} in the target, but {classes}")
    return index, kept


def _weights(name: str, x: Array, index: Array, kept: Array, weight: Tensor | None) -> Any:
    """The weight of each target's class, 0 where it is ignored: (N, 1, …)."""
    classes = x.shape[_class_dim(x)]
    if weight is None:
        return kept.astype(x.dtype)
    if weight.shape != (classes,):
        raise ValueError(f"{name}(): weight has shape {weight.shape}, the input {x.shape} has {classes} classes")
    return kept * weight.array.astype(x.dtype)[index]


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """The negative log-likelihood of the target's class: ℓ = −w[target] · input[target], for log-probabilities.

    dinput[target] = −w[target] · dℓ, else 0. "mean" divides Σℓ by Σ w[target]. Targets of `ignore_index` do not count.
    Shapes: input (N, C, …) or (C,), target (N, …) or (), weight w (C,) -> (), or the target's with reduction="none".
    Errors: IndexError for a class that there is not, ValueError where shapes do not fit, and for another reduction,
    TypeError for an input of integers, or targets that are not whole.
    """
    if weight is None and input.ndim == 2 and reduction == "mean":
        return _mean_nll(input, target, ignore_index)
    return _likelihood_loss("nll_loss", input, target, weight, ignore_index, reduction)


@primitive
def _mean_nll(x: Array, target: Array, ignore_index: int) -> tuple[Array, Pullback]:
    """The mean of −x[target]: (N, C), (N,) -> ().   dx[target] = −dy / N"""
    index, kept = _classes("nll_loss", require_floating("nll_loss", x), target, ignore_index)
    n = int(np.count_nonzero(kept))
    losses = np.where(kept, -np.take_along_axis(x, index, 1), 0)

    def dx(dy: Array) -> Any:
        dx = np.zeros_like(x)
        np.put_along_axis(dx, index, np.where(kept, -dy / n, 0), 1)
        return dx

    return losses.sum() / n, dx


@_mean_nll.native
def _(x: Array, target: Array, ignore_index: int) -> tuple[Array, Pullback]:
    if ignore_index >= 0:
        raise Unsupported
    return core.nll_loss(x, target), lambda dy: core.nll_loss_grad(dy, target, x.shape[1])


def _likelihood_loss(
    name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    index, kept = _classes(name, require_floating(name, input.array), target.array, ignore_index)
    w = _weights(name, input.array, index, kept, weight)
    return _reduced(name, _nll(input, index, w), reduction, float(w.sum()))


@primitive
def _nll(x: Array, index: Array, w: Array) -> tuple[Array, Pullback]:
    """−w · x[index], (N, C, …) -> (N, …).   dx[index] = −w · dy"""
    dim = _class_dim(x)
    y = np.where(w == 0, 0, -w * np.take_along_axis(x, index, dim))  # an ignored −∞ is no NaN

    def dx(dy: Array) -> Array:
        dx = np.zeros_like(x)
        np.put_along_axis(dx, index, np.where(w == 0, 0, -w * np.expand_dims(dy, dim)), dim)
        return dx

    return y.squeeze(dim), dx


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """The cross-entropy of softmax(input) against the target: ℓ = −Σ_c w_c · q_c · log_softmax(input)_c.

    q is one-hot for class numbers (N, …), or the target itself, probabilities (N, C, …); with `label_smoothing` ε it
    becomes (1 − ε) · q + ε / C. Without weight, for q that sum to 1, dinput = (softmax(input) − q) · dℓ.
    "mean" divides Σℓ by Σ w[target] for class numbers, by N… for probabilities. Targets of `ignore_index` do not count.

    Shapes: input (N, C, …) or (C,), target as above, weight w (C,) -> (), or (N, …) with reduction="none".
    Errors: IndexError for a class that there is not, ValueError where shapes do not fit, for another reduction and a
    smoothing outside of [0, 1], TypeError for an input of integers.
    Paper (smoothing): Szegedy et al.: Rethinking the Inception architecture for computer vision (2016).
    """
    numbers = target.dtype.kind in "iu"
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy(): label_smoothing must lie between 0 and 1, not {label_smoothing}")
    if numbers and weight is None and input.ndim == 2 and reduction == "mean":
        return _cross_entropy(input, target, ignore_index, float(label_smoothing))
    log_p = log_softmax(input, _class_dim(input))
    if numbers and not label_smoothing:
        return _likelihood_loss("cross_entropy", log_p, target, weight, ignore_index, reduction)
    return _soft_cross_entropy(log_p, target, weight, ignore_index, reduction, label_smoothing)


@primitive
def _cross_entropy(x: Array, target: Array, ignore_index: int, smoothing: float = 0.0) -> tuple[Array, Pullback]:
    """The mean of −Σ q · log softmax(x): (N, C), (N,) -> (), for q = (1 − ε) · one-hot + ε / C and the smoothing ε.

    dx = (softmax(x) − q) · dy / N
    """
    index, kept = _classes("cross_entropy", require_floating("cross_entropy", x), target, ignore_index)
    z = x - x.max(1, keepdims=True, initial=-np.inf)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    n, each = int(np.count_nonzero(kept)), smoothing / max(x.shape[1], 1)
    losses = -np.take_along_axis(log_p, index, 1)
    if smoothing:
        losses = (1 - smoothing) * losses - each * log_p.sum(1, keepdims=True)

    def dx(dy: Array) -> Any:
        q = np.full_like(x, each)
        np.put_along_axis(q, index, 1 - smoothing + each, 1)
        return np.where(kept, (np.exp(log_p) - q) * (dy / n), 0)

    return np.where(kept, losses, 0).sum() / n, dx


@_cross_entropy.native
def _(x: Array, target: Array, ignore_index: int, smoothing: float = 0.0) -> tuple[Array, Pullback]:
    if ignore_index >= 0:
        raise Unsupported
    # declines classes outside of 0 … C − 1, which the reference knows about
    loss, p = core.cross_entropy(x, target, smoothing)
    return loss, lambda dy: core.cross_entropy_grad(dy, p, target, smoothing)


def _soft_cross_entropy(
    log_p: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    """For a target that has something of every class."""
    x, dim = log_p.array, _class_dim(log_p)
    classes = x.shape[dim]
    kept: Tensor | None = None
    if target.dtype.kind in "iu":
        index, counts = _classes("cross_entropy", x, target.array, ignore_index)
        total = float(_weights("cross_entropy", x, index, counts, weight).sum())
        q = np.zeros_like(x)
        np.put_along_axis(q, index, 1, dim)
        target = Tensor(q * (1 - smoothing) + smoothing / classes)
        kept = Tensor(counts.squeeze(dim))
    elif target.shape != x.shape:
        raise ValueError(f"cross_entropy(): the probabilities have shape {target.shape}, the input {x.shape}")
    else:
        total = x.size / max(classes, 1)
        target = target * (1 - smoothing) + smoothing / classes if smoothing else target
    if weight is not None:
        target = mul(target, Tensor(weight.array.reshape(-1, *(1,) * (x.ndim - dim - 1))))
    losses = neg(sum(mul(target, log_p), dim))
    return _reduced("cross_entropy", losses if kept is None else where(kept, losses, 0.0), reduction, total)


# ---------------------------------------------------------------------------------------------- numbers


def _same_shape(name: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        raise ValueError(f"{name}(): input {input.shape} and target {target.shape} must have one shape")


def _broadcast_with_a_warning(name: str, input: Tensor, target: Tensor) -> None:
    """As PyTorch does: a target of another shape is compared with many elements, which is seldom what was meant."""
    if input.shape == target.shape:
        return
    try:
        shape = np.broadcast_shapes(input.shape, target.shape)
    except ValueError:
        raise ValueError(f"{name}(): input {input.shape} and target {target.shape} do not broadcast") from None
    what = f"{name}(): target {target.shape} is broadcast against input {input.shape}, to {shape}"
    warnings.warn(f"{what}: most often a mistake, of (N, 1) with (N,) for instance", stacklevel=3)


def _same_weight(name: str, weight: Tensor, losses: Tensor) -> None:
    if weight.shape != losses.shape:
        raise ValueError(f"{name}(): weight {weight.shape} and input {losses.shape} must have one shape")


def _weighted(name: str, losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """The losses times their weights, reduced; the mean divides by the sum of the weights."""
    if weight is None:
        return _reduced(name, losses, reduction)
    _same_weight(name, weight, losses)
    losses = mul(losses, weight)
    if reduction == "mean":
        y: Tensor = div(sum(losses), sum(weight))
        return y
    return _reduced(name, losses, reduction)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """The squared error ℓ = (input − target)², times weight where given: "mean" divides Σℓ by Σ weight then.

    dinput = 2 dℓ · weight · (input − target) = −dtarget,   dweight = dℓ · (input − target)², less dℓ · y for "mean".
    A target of another shape is broadcast, with a warning. Unlike in PyTorch `reduction` is the third argument.
    Shapes: input, target and weight the same -> (), or the same with reduction="none".
    Errors: ValueError where the shapes do not broadcast, or weight has another, and for another reduction.
    """
    _broadcast_with_a_warning("mse_loss", input, target)
    return _weighted("mse_loss", square(sub(input, target)), weight, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """The absolute error ℓ = |input − target|, times weight where given: "mean" divides Σℓ by Σ weight then.

    dinput = dℓ · weight · sign(input − target) = −dtarget,   dweight = dℓ · |input − target|, less dℓ · y for "mean".
    A target of another shape is broadcast, with a warning. Unlike in PyTorch `reduction` is the third argument.
    Shapes: input, target and weight the same -> (), or the same with reduction="none".
    Errors: ValueError where the shapes do not broadcast, or weight has another, and for another reduction.
    """
    _broadcast_with_a_warning("l1_loss", input, target)
    return _weighted("l1_loss", abs(sub(input, target)), weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """ℓ = −p · t · ln σ(x) − (1 − t) · ln(1 − σ(x)) for logits x, the target t in [0, 1], p = pos_weight; times weight.

    With k = 1 + (p − 1) · t:   dx = dℓ · (1 − t − k · σ(−x)),   dt = dℓ · ((p − 1) · ln(1 + e⁻ˣ) − x),
    dp = dℓ · t · ln(1 + e⁻ˣ)
    Shapes: x and t the same, p and weight broadcast -> (), or the same with reduction="none".
    Errors: ValueError where the shapes differ, and for another reduction.
    """
    _same_shape("binary_cross_entropy_with_logits", input, target)
    losses = _bce_with_logits(input, target, pos_weight)
    losses = losses if weight is None else mul(losses, weight)
    return _reduced("binary_cross_entropy_with_logits", losses, reduction)


@primitive
def _bce_with_logits(x: Array, t: Array, p: Array | None) -> tuple[Array, Pullback]:
    """y = (1 − t) · x + k · ln(1 + e⁻ˣ) with k = 1 + (p − 1) · t, which never overflows.

    dx = dy · (1 − t − k · σ(−x)),   dt = dy · ((p − 1) · ln(1 + e⁻ˣ) − x),   dp = dy · t · ln(1 + e⁻ˣ)
    """
    plain = p is None
    x, t, p = promoted(x, t, 1 if plain else p)
    k, s = 1 + (p - 1) * t, np.logaddexp(0, -x)
    return (1 - t) * x + k * s, (
        lambda dy: dy * (1 - t - k * _sigmoid(-x)),
        lambda dy: dy * (-x if plain else (p - 1) * s - x),
        lambda dy: dy * t * s,
    )


@_bce_with_logits.native
def _(x: Array, t: Array, p: Array | None) -> tuple[Array, Pullback]:
    if p is not None:
        raise Unsupported
    rest = core.sub(1, t)
    y = core.add(core.mul(rest, x), core.softplus(core.neg(x), 1, 40))  # ln(1 + e⁻ˣ), which is −x from there on
    return y, (
        lambda dy: core.mul(dy, core.sub(rest, core.sigmoid(core.neg(x)))),
        lambda dy: core.neg(core.mul(dy, x)),
    )
