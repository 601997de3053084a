"""Dropout."""

from __future__ import annotations

from chainrule.nn.functional import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: the probability p={p} must lie between 0 and 1")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training y = x · m / (1 − p), where each mᵢ is 0 with probability p, else 1; in evaluation y = x. Any shape.

    `inplace` is taken for PyTorch's sake; a new tensor is made all the same. Errors as in `functional.dropout`.
    Paper: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, a simple way to prevent overfitting
    (2014).
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout(input, self.p, self.training)


class Dropout1d(_Dropout):
    """Dropout of whole channels: x (N, C, L) or (C, L) -> the same, with one m for each sample and channel.

    Arguments and errors as in `functional.dropout1d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout1d(input, self.p, self.training)


class Dropout2d(_Dropout):
    """Dropout of whole channels: x (N, C, H, W) -> the same, with one m for each sample and channel.

    As in PyTorch, three dimensions are taken for (N, C, L). Arguments, errors and paper as in `functional.dropout2d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout2d(input, self.p, self.training)


class Dropout3d(_Dropout):
    """Dropout of whole channels: x (N, C, D, H, W) or (C, D, H, W) -> the same, with one m for each sample and channel.

    Arguments and errors as in `functional.dropout3d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout3d(input, self.p, self.training)


class AlphaDropout(_Dropout):
    """Dropout behind SELU that keeps mean 0 and variance 1.

    Equation, shapes and errors as in `functional.alpha_dropout`.
    Paper: Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks (2017).
    """

    def forward(self, input: Tensor) -> Tensor:
        return alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels: x (N, C, …) -> the same, with one decision for each sample and channel.

    Arguments, errors and paper as in `functional.feature_alpha_dropout`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return feature_alpha_dropout(input, self.p, self.training)
