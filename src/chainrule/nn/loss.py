"""Losses as modules: a number that says how far outputs are from targets. `reduction` is "mean", "sum" or "none"."""

from __future__ import annotations

from typing import Any

from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CrossEntropyLoss", "GaussianNLLLoss", "HuberLoss", "KLDivLoss",
    "L1Loss", "MSELoss", "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss",
]  # fmt: skip


class _Loss(Module):
    reduction: str
    weight: Tensor | None
    _reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, reduction: str, weight: Tensor | None = None) -> None:
        super().__init__()
        if reduction not in self._reductions:
            possible = f"{', '.join(map(repr, self._reductions[:-1]))} or {self._reductions[-1]!r}"
            raise ValueError(f"{type(self).__name__}: reduction={reduction!r} is not {possible}")
        self.reduction = reduction
        self.register_buffer("weight", weight)


class CrossEntropyLoss(_Loss):
    """ℓ = −w[t] · log softmax(x)[t] for scores x (N, C, …) and classes t (N, …), or probabilities t (N, C, …).

    "mean" divides by the sum of the weights w[t], w = weight (C,), 1 unless given; targets of `ignore_index` do not
    count. `label_smoothing`, shapes, errors and paper as in `functional.cross_entropy`.
    """

    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction, weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class NLLLoss(_Loss):
    """ℓ = −w[t] · x[t] for log-probabilities x (N, C, …), as LogSoftmax gives them, and classes t (N, …).

    "mean" divides by the sum of the weights w[t], w = weight (C,), 1 unless given; targets of `ignore_index` do not
    count. Shapes and errors as in `functional.nll_loss`.
    """

    ignore_index: int

    def __init__(self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction, weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class MSELoss(_Loss):
    """ℓ = (x − t)². Shapes and errors as in `functional.mse_loss`."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, self.reduction)


class L1Loss(_Loss):
    """ℓ = |x − t|. Shapes and errors as in `functional.l1_loss`."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """ℓ = −w · (p · t · ln σ(x) + (1 − t) · ln(1 − σ(x))) for scores x and targets t in [0, 1].

    w = weight, p = pos_weight. Shapes and errors as in `functional.binary_cross_entropy_with_logits`.
    """

    pos_weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, *, reduction: str = "mean", pos_weight: Tensor | None = None
    ) -> None:
        super().__init__(reduction, weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)


class SmoothL1Loss(_Loss):
    """ℓ = ½ z² / beta where |z| < beta, else |z| − ½ beta, for z = x − t.

    Shapes, errors and paper as in `functional.smooth_l1_loss`.
    """

    beta: float

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, self.reduction, self.beta)


class HuberLoss(_Loss):
    """ℓ = ½ z² where |z| < delta, else delta · (|z| − ½ delta), for z = x − t.

    Shapes, errors and paper as in `functional.huber_loss`.
    """

    delta: float

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, self.reduction, self.delta)


class BCELoss(_Loss):
    """ℓ = −w · (t · ln x + (1 − t) · ln(1 − x)) for probabilities x and targets t in [0, 1], w = weight.

    Shapes and errors as in `functional.binary_cross_entropy`.
    """

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction, weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, self.reduction)


class SoftMarginLoss(_Loss):
    """ℓ = ln(1 + e^(−t · x)) for targets t of 1 and −1. Shapes and errors as in `functional.soft_margin_loss`."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, self.reduction)


class KLDivLoss(_Loss):
    """ℓ = t · (ln t − x) for log-probabilities x and probabilities t, or ln t in their place with `log_target`.

    "batchmean" divides the sum by the batch's size, which is the mathematical value. Shapes, errors and paper as in
    `functional.kl_div`.
    """

    log_target: bool
    _reductions = ("batchmean", "mean", "sum", "none")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, self.reduction, self.log_target)


class GaussianNLLLoss(_Loss):
    """ℓ = ½ (ln v + (x − t)² / v) with v = max(var, eps), plus ½ ln 2π where `full`; called with (x, t, var).

    Shapes, errors and paper as in `functional.gaussian_nll_loss`.
    """

    full: bool
    eps: float

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class PoissonNLLLoss(_Loss):
    """ℓ = eˣ − t · x for the logarithm x of the rate, or unless `log_input` x − t · ln(x + eps) for the rate itself.

    `full` adds Stirling's approximation of ln t!. Shapes and errors as in `functional.poisson_nll_loss`.
    """

    log_input: bool
    full: bool
    eps: float

    def __init__(
        self, log_input: bool = True, full: bool = False, *, eps: float = 1e-8, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(input, target, self.log_input, self.full, self.eps, self.reduction)


class CTCLoss(_Loss):
    """−ln of the probability of all alignments of the targets: log-probabilities (T, N, C), targets (N, S) or joined.

    Called with (log_probs, targets, input_lengths, target_lengths) -> (), or (N,) with reduction="none"; "mean" divides
    by the targets' lengths first. `blank`, `zero_infinity`, errors and paper as in `functional.ctc_loss`.
    """

    blank: int
    zero_infinity: bool

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
