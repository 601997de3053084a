"""Losses of one number against another, and against a distribution. `reduction` as in `loss`."""

from __future__ import annotations

import math

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import broadcast, promoted, require_floating
from chainrule.ops.comparison import gt
from chainrule.ops.elementwise import add, div, mul, sub, where
from chainrule.ops.exponential import exp, log
from chainrule.ops.loss import _broadcast_with_a_warning, _reduced, _same_shape, _same_weight, l1_loss
from chainrule.ops.reduction import sum
from chainrule.tensor import Array, Tensor

__all__ = [
    "binary_cross_entropy", "gaussian_nll_loss", "huber_loss", "kl_div", "poisson_nll_loss", "smooth_l1_loss",
    "soft_margin_loss",
]  # fmt: skip


# ---------------------------------------------------------------------------------------------- regression


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """ℓ = ½ z² where |z| < delta, else delta · (|z| − ½ delta), for z = input − target; times weight where given.

    dinput = dℓ · z, limited to ±delta, = −dtarget. "mean" divides Σℓ by the number of elements, whatever the weights.
    A target of another shape is broadcast, with a warning. Shapes: the same -> (), or the same with reduction="none".
    Errors: ValueError where the shapes do not broadcast, or weight has another, where delta ≤ 0, for another reduction.
    Paper: Huber: Robust estimation of a location parameter (1964).
    """
    if delta <= 0:
        raise ValueError(f"huber_loss(): delta={delta} must be greater than 0")
    _broadcast_with_a_warning("huber_loss", input, target)
    losses = _huber(input, target, delta)
    if weight is not None:
        _same_weight("huber_loss", weight, losses)
    return _reduced("huber_loss", losses if weight is None else mul(losses, weight), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """ℓ = ½ z² / beta where |z| < beta, else |z| − ½ beta, for z = input − target; with beta = 0 it is `l1_loss`.

    It is `huber_loss` / beta:   dinput = dℓ · z / beta, limited to ±1, = −dtarget. A target of another shape is
    broadcast, with a warning. Shapes: the same -> (), or the same with reduction="none".
    Errors: ValueError where the shapes do not broadcast, beta < 0, for another reduction.
    Paper: Girshick: Fast R-CNN (2015).
    """
    if beta < 0:
        raise ValueError(f"smooth_l1_loss(): beta={beta} must not be negative")
    _broadcast_with_a_warning("smooth_l1_loss", input, target)
    if beta == 0:
        return l1_loss(input, target, reduction)
    return _reduced("smooth_l1_loss", div(_huber(input, target, beta), beta), reduction)


@primitive(promote=True)
def _huber(x: Array, t: Array, delta: float) -> tuple[Array, Pullback]:
    """½ z² where |z| < δ, else δ (|z| − ½ δ), for z = x − t.   dx = dy · z limited to ±δ,   dt = −dx"""
    z = require_floating("huber_loss", x) - t
    size, slope = np.abs(z), np.clip(z, -delta, delta)
    y = np.where(size < delta, 0.5 * z * z, delta * (size - 0.5 * delta))
    return y, (lambda dy: dy * slope, lambda dy: -dy * slope)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """ℓ = ½ (ln v + z² / v) for z = input − target and v = max(var, eps), plus ½ ln 2π where `full`.

    dinput = dℓ · z / v = −dtarget,   dvar = ½ dℓ · (1 − z² / v) / v, below eps too, as in PyTorch.
    Shapes: input and target broadcast -> (), or theirs with reduction="none"; var is a number, or has the input's
    shape, in which one size may be 1 and the last may be missing.
    Errors: ValueError where the shapes do not fit, for a negative variance, for another reduction.
    Paper: Nix, Weigend: Estimating the mean and variance of the target probability distribution (1994).
    """
    var = Tensor(np.full(input.shape, var, input.dtype)) if isinstance(var, int | float) else var
    if (var.array < 0).any():
        raise ValueError(f"gaussian_nll_loss(): a variance is negative: {var.array.min()}")
    if var.shape == input.shape[:-1] and input.ndim:
        var = var.unsqueeze(-1)
    differing = [n for n, m in zip(var.shape, input.shape, strict=False) if n != m]
    if var.ndim != input.ndim or differing not in ([], [1]):
        raise ValueError(f"gaussian_nll_loss(): var {var.shape} does not fit input {input.shape}")
    losses = _gaussian(input, target, var, eps)
    return _reduced("gaussian_nll_loss", add(losses, 0.5 * math.log(2 * math.pi)) if full else losses, reduction)


@primitive
def _gaussian(x: Array, t: Array, var: Array, eps: float) -> tuple[Array, Pullback]:
    """½ (ln v + z² / v) for z = x − t and v = max(var, ε).

    dx = dy · z / v,   dt = −dx,   dvar = ½ dy · (1 − z² / v) / v
    """
    x, t, var = promoted(x, t, var)
    z, v = x - t, np.maximum(var, eps)
    y = 0.5 * (np.log(v) + z * z / v)
    return y, (
        lambda dy: dy * z / v,
        lambda dy: -dy * z / v,
        lambda dy: 0.5 * dy * (1 - z * z / v) / v,
    )


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """ℓ = eˣ − t · x for the logarithm x of the rate, with `log_input`, or x − t · ln(x + eps) for the rate itself.

    dx = dℓ · (eˣ − t) or dℓ · (1 − t / (x + eps)),   dt = −dℓ · x or −dℓ · ln(x + eps).
    `full` adds Stirling's approximation of ln t! for t > 1: t ln t − t + ½ ln 2πt.
    Shapes: x and the target t broadcast -> (), or theirs with reduction="none". Errors: ValueError where they do not,
    and for another reduction.
    """
    x, t = input, target
    losses = sub(exp(x), mul(t, x)) if log_input else sub(x, mul(t, log(add(x, eps))))
    if full:
        stirling = add(sub(mul(t, log(t)), t), mul(log(mul(t, 2 * math.pi)), 0.5))
        losses = add(losses, where(gt(t, 1), stirling, 0.0))
    return _reduced("poisson_nll_loss", losses, reduction)


# ---------------------------------------------------------------------------------------------- probabilities


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """ℓ = −t · ln x − (1 − t) · ln(1 − x) for probabilities x and the target t in [0, 1]; times weight, broadcast.

    dx = dℓ · (x − t) / (x (1 − x)),   dt = dℓ · (ln(1 − x) − ln x).   The logarithms in ℓ are at least −100, as in
    PyTorch. From scores, `binary_cross_entropy_with_logits` is more exact.
    Shapes: x and t the same -> (), or the same with reduction="none". Errors: ValueError where the shapes differ, for
    an x outside of [0, 1], for another reduction, TypeError for integers.
    """
    x = require_floating("binary_cross_entropy", input.array)
    _same_shape("binary_cross_entropy", input, target)
    outside = ~((x >= 0) & (x <= 1))
    if outside.any():
        raise ValueError(f"binary_cross_entropy(): an input is no probability: {x[outside].flat[0]} is not in [0, 1]")
    losses = _bce(input, target)
    return _reduced("binary_cross_entropy", losses if weight is None else mul(losses, weight), reduction)


@primitive(promote=True)
def _bce(x: Array, t: Array) -> tuple[Array, Pullback]:
    """−t · ln x − (1 − t) · ln(1 − x).   dx = dy · (x − t) / (x (1 − x)),   dt = dy · (ln(1 − x) − ln x)

    In the value the logarithms are at least −100; the denominator is at least 10⁻¹².
    """
    yes, no = np.log(x), np.log1p(-x)
    return -t * np.maximum(yes, -100) - (1 - t) * np.maximum(no, -100), (
        lambda dy: dy * (x - t) / np.maximum(x * (1 - x), 1e-12),
        lambda dy: dy * (no - yes),
    )


def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """The Kullback-Leibler divergence ℓ = t · (ln t − x) of log-probabilities x from probabilities t, the target.

    dx = −dℓ · t,   dt = dℓ · (ln t + 1 − x).   With `log_target` the target is ln t. reduction="batchmean" divides Σℓ
    by the batch's size, which is the mathematical value; "mean" divides by the number of elements.
    Shapes: x and t broadcast -> (), or theirs with "none". Errors: ValueError where they do not, and for another
    reduction. Paper: Kullback, Leibler: On information and sufficiency (1951).
    """
    losses = mul(exp(target), sub(target, input)) if log_target else _relative_entropy(input, target)
    if reduction == "batchmean":
        y: Tensor = div(sum(losses), input.shape[0] if input.ndim else 1)
        return y
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"kl_div(): reduction must be 'batchmean', 'mean', 'sum' or 'none', not {reduction!r}")
    return _reduced("kl_div", losses, reduction)


@primitive
def _relative_entropy(x: Array, t: Array) -> tuple[Array, Pullback]:
    """t · ln t − t · x, where 0 · ln 0 = 0.   dx = −dy · t,   dt = dy · (ln t + 1 − x)"""
    x, t = promoted(x, t)
    entropy = np.where(t == 0, 0, t * np.log(t))
    return entropy - t * x, (lambda dy: -dy * t, lambda dy: dy * (np.log(t) + 1 - x))


def soft_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """ℓ = ln(1 + e^(−t · x)) for a target t of 1 and −1, without overflow.

    dx = −dℓ · t · σ(−t · x),   dt = −dℓ · x · σ(−t · x).   Shapes: x and t broadcast -> (), or theirs with
    reduction="none". Errors: ValueError where they do not, and for another reduction.
    """
    return _reduced("soft_margin_loss", _soft_margin(input, target), reduction)


@primitive(promote=True)
def _soft_margin(x: Array, t: Array) -> tuple[Array, Pullback]:
    """ln(1 + e⁻ᶻ) for z = t · x.   dx = −dy · t · σ(−z),   dt = −dy · x · σ(−z)"""
    y = np.logaddexp(0, -broadcast("soft_margin_loss", np.multiply, t, x))
    s = -np.expm1(-y)  # σ(−z) = 1 − e⁻ʸ
    return y, (lambda dy: -dy * t * s, lambda dy: -dy * x * s)
