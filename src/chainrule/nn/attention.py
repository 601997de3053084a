"""Attention layers: many heads of scaled dot products, and Bahdanau's additive attention."""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

from chainrule.creation import empty
from chainrule.devices import check_device
from chainrule.nn import init
from chainrule.nn.linear import Linear
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.ops import additive_attention, multi_head_attention_forward
from chainrule.tensor import Tensor

__all__ = ["AdditiveAttention", "MultiheadAttention"]


class MultiheadAttention(Module):
    """y = [head₁ … head_h]·W_oᵀ + b_o,   headᵢ = softmax(qᵢ·kᵢᵀ / √(E/h) + mask)·vᵢ,   q = query·W_qᵀ + b_q, …

    forward(query (L, N, E), key (S, N, kdim), value (S, N, vdim), ...) -> (y (L, N, E), weights); (N, L, E) with
    `batch_first`, and without N too. E = embed_dim, h = num_heads; kdim and vdim are E unless given. In training
    `dropout` acts on the weights. Masks of truth values say True where a key is *not* seen, numbers are added:
    key_padding_mask (N, S), attn_mask (L, S) or (N·h, L, S). The weights are (N, L, S), or (N, h, L, S) with
    average_attn_weights=False, or None with need_weights=False.

    Parameters, as in PyTorch: in_proj_weight (3E, E), or q_proj_weight, k_proj_weight (E, kdim) and v_proj_weight
    (E, vdim); in_proj_bias (3E), out_proj; bias_k and bias_v (1, 1, E) with `add_bias_kv`, one more key and value;
    `add_zero_attn` adds one of zeros. Glorot's uniform start, biases 0.
    Errors: ValueError where h does not divide E, else as in `functional.multi_head_attention_forward`.
    Paper: Vaswani et al.: Attention is all you need (2017).
    """

    embed_dim: int
    kdim: int
    vdim: int
    num_heads: int
    dropout: float
    batch_first: bool
    head_dim: int
    add_zero_attn: bool
    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None
    out_proj: Linear

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__()
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: embed_dim={embed_dim} features cannot be cut into num_heads={num_heads} parts"
            )
        E = self.embed_dim = embed_dim
        self.kdim = E if kdim is None else kdim
        self.vdim = E if vdim is None else vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = E // num_heads
        self.add_zero_attn = add_zero_attn
        same = self._qkv_same_embed_dim = self.kdim == self.vdim == E
        self.in_proj_weight = Parameter(empty(3 * E, E, dtype=dtype)) if same else None
        self.q_proj_weight = None if same else Parameter(empty(E, E, dtype=dtype))
        self.k_proj_weight = None if same else Parameter(empty(E, self.kdim, dtype=dtype))
        self.v_proj_weight = None if same else Parameter(empty(E, self.vdim, dtype=dtype))
        self.in_proj_bias = Parameter(empty(3 * E, dtype=dtype)) if bias else None
        self.bias_k = Parameter(empty(1, 1, E, dtype=dtype)) if add_bias_kv else None
        self.bias_v = Parameter(empty(1, 1, E, dtype=dtype)) if add_bias_kv else None
        self.out_proj = Linear(E, E, bias=bias, dtype=dtype)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw new initial values."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        if self.batch_first and query.ndim == 3:
            query, key, value = self._time_first(query, key, value)
        y, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, self.training,
            key_padding_mask, need_weights, attn_mask, not self._qkv_same_embed_dim, self.q_proj_weight,
            self.k_proj_weight, self.v_proj_weight, average_attn_weights=average_attn_weights, is_causal=is_causal,
        )  # fmt: skip
        return y.transpose(0, 1) if self.batch_first and y.ndim == 3 else y, weights

    def _time_first(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """(N, L, E) -> (L, N, E); one tensor three times stays one, which saves two products."""
        for name, x in (("key", key), ("value", value)):
            if x.ndim != 3:
                raise ValueError(
                    f"MultiheadAttention(): {name} needs 3 dimensions as query has, its shape is {x.shape}"
                )
        q = query.transpose(0, 1)
        k = q if key is query else key.transpose(0, 1)
        return q, k, k if value is key else value.transpose(0, 1)


class AdditiveAttention(Module):
    """Bahdanau's attention: scores s_ij = v·tanh(W_q·query_i + W_k·key_j + b), weights p = softmax(s), y = p·value.

    forward(query (N, L, Q), key (N, S, K), value=None, key_padding_mask=None) -> (y (N, L, V), weights (N, L, S)); the
    values are the keys unless given, a query (N, Q) stands for one step, and key_padding_mask (N, S) is True where a
    key is ignored. Q = query_dim, K = key_dim, A = attention_dim.
    Parameters: query_proj.weight (A, Q), key_proj.weight (A, K), key_proj.bias (A) unless `bias=False`, weight v (A).
    Not in PyTorch. Errors as in `additive_attention`.
    Paper: Bahdanau, Cho, Bengio: Neural machine translation by jointly learning to align and translate (2014).
    """

    query_proj: Linear
    key_proj: Linear
    weight: Parameter

    def __init__(
        self, query_dim: int, key_dim: int, attention_dim: int, bias: bool = True,
        device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__()
        self.query_proj = Linear(query_dim, attention_dim, bias=False, dtype=dtype)
        self.key_proj = Linear(key_dim, attention_dim, bias=bias, dtype=dtype)
        self.weight = Parameter(empty(attention_dim, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values: everything uniform in ±1/√fan_in."""
        self.query_proj.reset_parameters()
        self.key_proj.reset_parameters()
        bound = 1 / math.sqrt(max(1, len(self.weight)))
        init.uniform_(self.weight, -bound, bound)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor | None = None, key_padding_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        y, weights = additive_attention(
            query.unsqueeze(1) if query.ndim == 2 else query, key, key if value is None else value,
            self.query_proj.weight, self.key_proj.weight, self.weight, self.key_proj.bias, key_padding_mask,
        )  # fmt: skip
        return (y.squeeze(1), weights.squeeze(1)) if query.ndim == 2 else (y, weights)
