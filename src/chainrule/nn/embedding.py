"""Embedding: a learned vector for every word of a vocabulary."""

from __future__ import annotations

from typing import Any, Self

import numpy.typing as npt

from chainrule.autograd import no_grad
from chainrule.creation import empty
from chainrule.devices import check_device
from chainrule.nn import init
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.ops import embedding
from chainrule.tensor import Tensor

__all__ = ["Embedding"]


class Embedding(Module):
    """y[…, :] = W[x[…], :]: (…) whole numbers -> (…, embedding_dim).

    Parameter: weight W (num_embeddings, embedding_dim), normal N(0, 1); the row `padding_idx` is 0 and gets no
    gradient. `max_norm`, `norm_type` and `scale_grad_by_freq` as in `functional.embedding`; gradients are dense,
    `sparse` or not. Errors: ValueError for a padding_idx that is no row, IndexError for a number that is none,
    TypeError for numbers that are not whole.
    """

    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None
    max_norm: float | None
    norm_type: float
    scale_grad_by_freq: bool
    sparse: bool
    weight: Parameter

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Tensor | None = None,
        _freeze: bool = False, device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx={padding_idx} is not one of the {num_embeddings} rows")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            self.weight = Parameter(empty(num_embeddings, embedding_dim, dtype=dtype), requires_grad=not _freeze)
            self.reset_parameters()
        else:
            if _weight.shape != (num_embeddings, embedding_dim):
                raise ValueError(f"Embedding: _weight has shape {_weight.shape}, not {(num_embeddings, embedding_dim)}")
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
    ) -> Self:  # fmt: skip
        """A layer with these vectors (V, E), in shared memory; they do not learn unless `freeze=False`."""
        if embeddings.ndim != 2:
            raise ValueError(f"Embedding.from_pretrained(): a tensor (V, E) is needed, its shape is {embeddings.shape}")
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        usual = {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False, "sparse": False}
        changed = [f", {name}={value}" for name, default in usual.items() if (value := getattr(self, name)) != default]
        return f"{self.num_embeddings}, {self.embedding_dim}{''.join(changed)}"
