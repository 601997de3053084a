"""Losses that are zero once a margin is kept, as modules. `reduction` is "mean", "sum" or "none"."""

from __future__ import annotations

from chainrule.nn import functional as F
from chainrule.nn.loss import _Loss
from chainrule.tensor import Tensor

__all__ = [
    "CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss", "MultiMarginLoss", "TripletMarginLoss",
]  # fmt: skip


class CosineEmbeddingLoss(_Loss):
    """ℓ = 1 − cos(x1, x2) where the target is 1, max(0, cos(x1, x2) − margin) where it is −1: (N, D), (N, D), (N,).

    Shapes and errors as in `functional.cosine_embedding_loss`.
    """

    margin: float

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)


class HingeEmbeddingLoss(_Loss):
    """ℓ = x where the target is 1, max(0, margin − x) where it is −1, for a distance x.

    Shapes and errors as in `functional.hinge_embedding_loss`.
    """

    margin: float

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, self.margin, self.reduction)


class MarginRankingLoss(_Loss):
    """ℓ = max(0, margin − t · (x1 − x2)): x1 should be the greater where the target t is 1, x2 where it is −1.

    Shapes and errors as in `functional.margin_ranking_loss`.
    """

    margin: float

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, self.margin, self.reduction)


class TripletMarginLoss(_Loss):
    """ℓ = max(0, d(a, p) − d(a, n) + margin), d the norm of order `p` of the difference: (N, D) three times.

    With `swap`, d(p, n) takes the place of d(a, n) where it is smaller. `eps`, shapes, errors and paper as in
    `functional.triplet_margin_loss`.
    """

    margin: float
    p: float
    eps: float
    swap: bool

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: margin={margin} must be greater than 0")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )


class MultiMarginLoss(_Loss):
    """ℓ = w[t] / C · Σ_{c ≠ t} max(0, margin − x[t] + x[c])^p for scores x (N, C) and classes t (N,), w = weight (C,).

    Shapes and errors as in `functional.multi_margin_loss`.
    """

    p: int
    margin: float

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, *, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction, weight)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p must be 1 or 2, not {p}")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)
