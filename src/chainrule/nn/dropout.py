"""Dropout."""

from __future__ import annotations

from chainrule.nn.functional import dropout
from chainrule.nn.module import Module
from chainrule.tensor import Tensor

__all__ = ["Dropout"]


class Dropout(Module):
    """In training y = x · m / (1 − p), where each mᵢ is 0 with probability p, else 1; in evaluation y = x.

    `inplace` is taken for PyTorch's sake; a new tensor is made all the same.
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, a simple way to prevent overfitting, 2014.
    """

    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: the probability p={p} must lie between 0 and 1")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
