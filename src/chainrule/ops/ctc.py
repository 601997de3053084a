"""Connectionist temporal classification: the likelihood of a sequence of labels that nobody has aligned in time."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import require_floating
from chainrule.ops.elementwise import div
from chainrule.ops.loss import _reduced
from chainrule.tensor import Array, Tensor

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """−ln of the sum of the probabilities of all paths that spell the target, repeats merged and blanks left out.

    The target is written with a blank around each of its labels, l = (␣, t₁, ␣, t₂, …, ␣). αₜ(s) is the probability
    of all ways to have read l up to s by time t: one stays, moves on, or skips a blank between two different labels,

        αₜ(s) = (αₜ₋₁(s) + αₜ₋₁(s − 1) + αₜ₋₁(s − 2) if lₛ ≠ lₛ₋₂ is a label) · pₜ(lₛ)
        βₜ(s) = (βₜ₊₁(s) + βₜ₊₁(s + 1) + βₜ₊₁(s + 2) if lₛ ≠ lₛ₊₂ is a label) · pₜ(lₛ)
        ℓ = −ln (α(last label) + α(last blank)),   dlog_probs[t, c] = −dℓ · e^ℓ · Σ_{lₛ = c} αₜ(s) βₜ(s) / pₜ(lₛ)

    reduction="mean" divides each loss by its target's length, and takes the mean. A target that no path spells, being
    too long, has an infinite loss, or 0 with `zero_infinity`; its gradient is 0. `blank` is the number of the blank.

    Shapes: log_probs (T, N, C) or (T, C), as log_softmax gives them; targets (N, S), padded, or joined end to end;
    input_lengths and target_lengths (N,) -> (), or (N,) with "none". To the gradient of log_probs itself PyTorch adds
    p · dℓ, which log_softmax takes away again.
    Errors: ValueError where shapes or lengths do not fit, and for another reduction, IndexError for a label or a blank
    that is no class, TypeError for targets that are not whole.
    Paper: Graves et al.: Connectionist temporal classification (2006).
    """
    require_floating("ctc_loss", log_probs.array)
    if log_probs.ndim == 2:
        log_probs, targets = log_probs.unsqueeze(1), Tensor(targets.array.reshape(-1))
        lengths = _array(input_lengths).reshape(1), _array(target_lengths).reshape(1)
        return ctc_loss(log_probs, targets, *lengths, blank, reduction, zero_infinity).reshape(())
    inputs, sizes = _array(input_lengths), _array(target_lengths)
    labels = _labels(log_probs.array, targets.array, inputs, sizes, blank)
    losses: Tensor = _ctc(log_probs, labels, inputs, sizes, blank, zero_infinity)
    if reduction == "mean":
        losses = div(losses, Tensor(np.maximum(sizes, 1).astype(losses.dtype)))
    return _reduced("ctc_loss", losses, reduction)


@primitive
def _ctc(x: Array, labels: Array, inputs: Array, sizes: Array, blank: int, finite: bool) -> tuple[Array, Pullback]:
    """(T, N, C) log-probabilities and (N, L) labels with their blanks -> (N,).   dx as in `ctc_loss`"""
    N, L = labels.shape
    time, n, place = np.arange(len(x))[:, None, None], np.arange(N)[:, None], np.arange(L)
    p = np.take_along_axis(x, labels[None], 2)  # ln pₜ(lₛ): (T, N, C) -> (T, N, L)
    skips = np.zeros((N, L), bool)  # to s from s − 2
    skips[:, 2:] = (labels[:, 2:] != labels[:, :-2]) & (labels[:, 2:] != blank)
    alpha = _ways(p, (time == 0) & (place < 2), skips)
    ends = (time == inputs[:, None] - 1) & (np.abs(place - 2 * sizes[:, None] + 0.5) < 1)  # at the last label or blank
    y = -np.logaddexp.reduce(np.where(ends, alpha, -np.inf), (0, 2))
    y = np.where((inputs == 0) & (sizes == 0), 0, y).astype(x.dtype)

    def dx(dy: Array) -> Array:
        turned = (slice(None, None, -1), slice(None), slice(None, None, -1))
        beta = _ways(p[turned], ends[turned], np.roll(skips, -2, 1)[:, ::-1])[turned]
        both = alpha + beta
        share = np.where(both > -np.inf, np.exp(both - p + y[:, None]), 0)
        dx = np.zeros_like(x)
        np.subtract.at(dx, (time, n, labels), share * dy[:, None])
        return dx

    return np.where(np.isinf(y), 0, y) if finite else y, dx


def _ways(p: Array, begins: Array, skips: Array) -> Array:
    """The recursion of α over time: ln of the sum of all ways from where they begin, all (T, N, L) but skips (N, L)."""
    ways, before = np.empty_like(p), np.full(p.shape[1:], -np.inf, p.dtype)
    for t in range(len(p)):
        skip = np.where(skips, _moved(before, 2), -np.inf)
        arriving = np.logaddexp(np.logaddexp(before, _moved(before, 1)), skip)
        before = ways[t] = np.where(begins[t], np.logaddexp(arriving, 0), arriving) + p[t]
    return ways


def _moved(row: Array, by: int) -> Array:
    """(N, L), every entry `by` places on, and impossible before."""
    return np.concatenate([np.full_like(row[:, :by], -np.inf), row[:, :-by]], 1)


def _array(lengths: Any) -> Any:
    return lengths.array if isinstance(lengths, Tensor) else np.asarray(lengths, np.int64)


def _labels(log_probs: Array, targets: Array, inputs: Array, sizes: Array, blank: int) -> Array:
    """The targets with blanks between and around: (N, 2S + 1)."""
    shapes = f"\n  log_probs {log_probs.shape} = (T, N, C), targets {targets.shape} = (N, S), or joined end to end"
    if log_probs.ndim != 3:
        raise ValueError(f"ctc_loss(): log_probs need 3 dimensions, or 2 without N{shapes}")
    T, N, C = log_probs.shape
    if targets.dtype.kind not in "iu":
        raise TypeError(f"ctc_loss(): targets must be whole numbers, not {targets.dtype}; convert them with .long()")
    if inputs.shape != (N,) or sizes.shape != (N,):
        raise ValueError(f"ctc_loss(): {N} lengths of inputs and of targets are needed, not {inputs.shape}{shapes}")
    if ((inputs < 0) | (inputs > T)).any():
        raise ValueError(f"ctc_loss(): input_lengths must lie between 0 and {T}, not {inputs.tolist()}{shapes}")
    if not 0 <= blank < C:
        raise IndexError(f"ctc_loss(): blank={blank} is none of the {C} classes, from 0{shapes}")
    joined, S = targets.ndim == 1, int(sizes.max(initial=0))
    fits = sizes.sum() <= targets.size if joined else targets.ndim == 2 and len(targets) == N and targets.shape[1] >= S
    if (sizes < 0).any() or not fits:
        raise ValueError(f"ctc_loss(): target_lengths {sizes.tolist()} do not fit the targets{shapes}")
    within = np.arange(S) < sizes[:, None]  # (N, S)
    labels = np.full((N, 2 * S + 1), blank, np.int64)
    labels[:, 1::2][within] = targets[: sizes.sum()] if joined else targets[:, :S][within]
    wrong = (labels < 0) | (labels >= C)
    if wrong.any():
        raise IndexError(f"ctc_loss(): label {labels[wrong][0]} is none of the {C} classes, from 0{shapes}")
    return labels
