"""Losses that are zero once a margin is kept: for pairs, triplets and classes. `reduction` as in `loss`.

They are made of elementwise operators, whose gradients are the losses'. At the margin itself the gradient is PyTorch's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.arguments import require_floating
from chainrule.ops.comparison import eq
from chainrule.ops.distance import pairwise_distance
from chainrule.ops.elementwise import add, clamp, minimum, mul, neg, rsqrt, square, sub, where
from chainrule.ops.loss import _classes, _reduced, _weights
from chainrule.ops.reduction import sum
from chainrule.tensor import Array, Tensor

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss", "triplet_margin_loss",
]  # fmt: skip


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """ℓ = 1 − cos(x1, x2) where the target is 1, max(0, cos(x1, x2) − margin) where it is −1; x1 = input1, x2 = input2.

    As in PyTorch cos = x1·x2 / √((‖x1‖² + ε)(‖x2‖² + ε)), ε = 10⁻¹²; its gradient is that of `cosine_similarity`.
    Shapes: x1, x2 (N, D) or (D,), target (N,) or () -> (), or the target's with reduction="none".
    Errors: ValueError for other shapes, and for another reduction.
    """
    if input1.shape != input2.shape or input1.ndim not in (1, 2) or target.shape != input1.shape[:-1]:
        raise ValueError(
            f"cosine_embedding_loss(): inputs (N, D) and (N, D) with target (N,), or (D,), (D,) and (), are needed, not"
            f" {input1.shape}, {input2.shape} and {target.shape}"
        )
    eps = 1e-12
    lengths = mul(add(sum(square(input1), -1), eps), add(sum(square(input2), -1), eps))
    cos = mul(sum(mul(input1, input2), -1), rsqrt(lengths))
    losses = _by_sign(target, sub(1.0, cos), clamp(sub(cos, margin), 0.0), 0.0)
    return _reduced("cosine_embedding_loss", losses, reduction)


def _by_sign(target: Tensor, positive: Any, negative: Any, other: Any) -> Tensor:
    """One loss where the target is 1, one where it is −1."""
    y: Tensor = where(eq(target, 1), positive, where(eq(target, -1), negative, other))
    return y


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """ℓ = x where the target is 1, max(0, margin − x) where it is −1, for a distance x.

    dx = dℓ where the target is 1; where it is −1, −dℓ unless x exceeds the margin.
    Shapes: x and target broadcast -> (), or theirs with reduction="none".
    Errors: ValueError where they do not, and for another reduction.
    """
    far = clamp(sub(margin, input), 0.0)
    return _reduced("hinge_embedding_loss", _by_sign(target, input, far, add(far, input)), reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """ℓ = max(0, margin − t · (x1 − x2)): x1 should be the greater where the target t is 1, x2 where it is −1.

    dx1 = −dℓ · t, unless ℓ is cut off at 0;   dx2 = −dx1.   x1 = input1, x2 = input2.
    Shapes: the three are broadcast, and have one number of dimensions -> (), or theirs with reduction="none".
    Errors: ValueError where they have not, and for another reduction.
    """
    if not input1.ndim == input2.ndim == target.ndim:
        raise ValueError(
            "margin_ranking_loss(): the two inputs and the target need one number of dimensions, not"
            f" {input1.shape}, {input2.shape} and {target.shape}"
        )
    losses = clamp(add(mul(neg(target), sub(input1, input2)), margin), 0.0)
    return _reduced("margin_ranking_loss", losses, reduction)


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6,
    swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """ℓ = max(0, d(a, p) − d(a, n) + margin) for anchor a, positive p, negative n; d is `pairwise_distance` of order p.

    With `swap`, d(p, n) takes the place of d(a, n) where it is smaller. Order `p`, `eps` and the gradients, unless
    ℓ is cut off at 0, as in `pairwise_distance`.
    Shapes: (N, D) three times -> (), or (N,) with reduction="none"; (D,) -> ().
    Errors: ValueError where margin ≤ 0, the numbers of dimensions differ, and for another reduction.
    Paper: Balntas et al.: Learning local feature descriptors with triplets and shallow convolutional neural networks
    (2016).
    """
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss(): margin={margin} must be greater than 0")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ValueError(
            "triplet_margin_loss(): the three inputs need one number of dimensions, not"
            f" {anchor.shape}, {positive.shape} and {negative.shape}"
        )
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return _reduced("triplet_margin_loss", clamp(add(sub(near, far), margin), 0.0), reduction)


def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """ℓ = w[t] / C · Σ_{c ≠ t} z_c^p with z_c = max(0, margin − x[t] + x[c]) for scores x and classes t = target.

    dx_c = dℓ · w[t] / C · p · z_c^(p − 1) where z_c > 0, and minus their sum at c = t. p is 1 or 2. "mean" divides Σℓ
    by N, whatever the weights. Shapes: x (N, C) or (C,), t (N,) or (), weight w (C,) -> (), or t's with
    reduction="none".
    Errors: IndexError for a class that there is not, ValueError for other shapes, p or reduction, TypeError for
    integers in x.
    """
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss(): p must be 1 or 2, not {p}")
    x = require_floating("multi_margin_loss", input.array)
    if x.ndim not in (1, 2):
        raise ValueError(f"multi_margin_loss(): the input needs 1 or 2 dimensions (N, C), not {x.shape}")
    index, _ = _classes("multi_margin_loss", x, target.array, None)
    w = _weights("multi_margin_loss", x, index, np.ones_like(index, bool), weight)
    losses = _multi_margin(input, index, w, p, margin)
    return _reduced("multi_margin_loss", losses, reduction)


@primitive
def _multi_margin(x: Array, index: Array, w: Array, p: int, margin: float) -> tuple[Array, Pullback]:
    """w / C · Σ_{c ≠ t} z^p with z = max(0, margin − x[t] + x).

    dx = dy · w / C · p · z^(p − 1) where z > 0 and c ≠ t, and minus the sum of these at c = t
    """
    C = x.shape[-1]
    z = np.maximum(margin - np.take_along_axis(x, index, -1) + x, 0)
    np.put_along_axis(z, index, 0, -1)

    def dx(dy: Array) -> Any:
        dx = np.expand_dims(dy, -1) * w / C * p * (z if p == 2 else z > 0)
        np.put_along_axis(dx, index, -dx.sum(-1, keepdims=True), -1)
        return dx

    return (w / C * z**p).sum(-1), dx
