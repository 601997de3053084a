"""Attention with several heads, with PyTorch's parameters: `nn.MultiheadAttention` as a function."""

from __future__ import annotations

from typing import Any

from chainrule.creation import zeros
from chainrule.ops.attention import additive_mask, attend
from chainrule.ops.joining import cat
from chainrule.ops.linalg import linear
from chainrule.ops.reduction import mean
from chainrule.tensor import Tensor

__all__ = ["multi_head_attention_forward"]

_NAME = "multi_head_attention_forward"


def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True,
    key_padding_mask: Tensor | None = None, need_weights: bool = True, attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None, static_k: Tensor | None = None, static_v: Tensor | None = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """y = [head₁ … head_h]·W_oᵀ + b_o,   headᵢ = softmax(qᵢ·kᵢᵀ / √(E/h) + mask)·vᵢ  for each of h = num_heads heads

    where q = query·W_qᵀ + b_q, k and v alike, E = embed_dim_to_check. `in_proj_weight` (3E, E) holds W_q, W_k and W_v;
    with `use_separate_proj_weight` they come as q_proj_weight (E, E), k_proj_weight (E, kdim), v_proj_weight (E, vdim).
    `in_proj_bias` (3E) holds b_q, b_k and b_v; out_proj_weight (E, E) and out_proj_bias (E) are W_o and b_o. In
    `training` dropout acts on the weights, with dropout_p.

    Masks of truth values say True where a key is *not* seen, numbers are added to the scores: key_padding_mask (N, S),
    attn_mask (L, S) or (N·h, L, S). `is_causal` only says that attn_mask is causal. bias_k and bias_v (1, 1, E) are one
    more key and value, `add_zero_attn` one of zeros; static_k and static_v (N·h, S, E/h) take the place of k and v. The
    weights are (N, L, S), or (N, h, L, S) unless `average_attn_weights`; None unless `need_weights`.

    Shapes: query (L, N, E), key (S, N, kdim), value (S, N, vdim), or all of them without N -> y (L, N, E), weights.
    The gradients are those of the products and the softmax, see `scaled_dot_product_attention`.
    Unlike in PyTorch a query that sees no key gives 0 with `need_weights` too, not NaN.
    Errors: ValueError where the shapes do not fit, TypeError where the dtypes differ.
    Paper: Vaswani et al.: Attention is all you need (2017).
    """
    if query.ndim == 2:
        y, weights = multi_head_attention_forward(
            query.unsqueeze(1), _batch(key), _batch(value), embed_dim_to_check, num_heads, in_proj_weight,
            in_proj_bias, bias_k, bias_v, add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training,
            None if key_padding_mask is None else key_padding_mask.unsqueeze(0), need_weights, attn_mask,
            use_separate_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, static_k, static_v,
            average_attn_weights, is_causal,
        )  # fmt: skip
        return y.squeeze(1), None if weights is None else weights.squeeze(0)
    _check(query, key, value, embed_dim_to_check, num_heads, is_causal, attn_mask)
    whole = None if use_separate_proj_weight else in_proj_weight
    parts = (q_proj_weight, k_proj_weight, v_proj_weight) if whole is None else whole.chunk(3)
    q, k, v = _projected((query, key, value), parts, in_proj_bias, whole)
    N, extra = query.shape[1], 0
    if bias_k is not None and bias_v is not None:
        k, v = (cat([x, b.expand(1, N, b.shape[-1])]) for x, b in ((k, bias_k), (v, bias_v)))
        extra += 1
    q, k, v = (_heads(x, num_heads) for x in (q, k, v))  # (L, N, E) -> (N, h, L, E/h)
    k = k if static_k is None else static_k.reshape(N, num_heads, *static_k.shape[-2:])
    v = v if static_v is None else static_v.reshape(N, num_heads, *static_v.shape[-2:])
    if add_zero_attn:
        nothing = zeros(N, num_heads, 1, q.shape[-1], dtype=q.dtype)
        k, v, extra = cat([k, nothing], 2), cat([v, nothing], 2), extra + 1
    mask = _mask(attn_mask, key_padding_mask, (N, num_heads, q.shape[2], k.shape[2] - extra), extra, q.dtype)
    y, p = attend(_NAME, q, k, v, mask, dropout_p if training else 0.0)
    joined = y.permute(2, 0, 1, 3).reshape(*query.shape[:2], embed_dim_to_check)  # (N, h, L, E/h) -> (L, N, E)
    out = linear(joined, out_proj_weight, out_proj_bias)
    if not need_weights:
        return out, None
    return out, mean(p, 1) if average_attn_weights else p


def _batch(x: Tensor) -> Tensor:
    if x.ndim != 2:
        raise ValueError(f"{_NAME}(): the query has no batch dimension, key or value has: its shape is {x.shape}")
    return x.unsqueeze(1)


def _projected(xs: tuple[Tensor, Tensor, Tensor], weights: Any, bias: Tensor | None, whole: Tensor | None) -> Any:
    """q, k and v: of one input and one weight by one product, else by three."""
    if whole is not None and xs[0] is xs[1] and xs[1] is xs[2]:
        return linear(xs[0], whole, bias).chunk(3, -1)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip(xs, weights, biases, strict=True)]


def _heads(x: Tensor, heads: int) -> Tensor:
    """(L, N, E) -> (N, h, L, E/h)"""
    L, N, E = x.shape
    return x.reshape(L, N, heads, E // heads).permute(1, 2, 0, 3)


def _mask(
    attn_mask: Tensor | None, key_padding_mask: Tensor | None, scores: tuple[int, int, int, int], extra: int, dtype: Any
) -> Tensor | None:
    """Both masks as one that is added to the scores (N, h, L, S + extra): nothing hides the extra keys."""
    N, h, L, S = scores
    mask = None
    if attn_mask is not None:
        if attn_mask.shape not in ((L, S), (N * h, L, S)):
            found = f"attn_mask has shape {attn_mask.shape}"
            raise ValueError(f"{_NAME}(): {found}; it needs {(L, S)} = (L, S) or {(N * h, L, S)} = (N · heads, L, S)")
        mask = additive_mask(_NAME, "attn_mask", attn_mask, dtype, seen=False)
        mask = mask.reshape(N, h, L, S) if mask.ndim == 3 else mask
    if key_padding_mask is not None:
        if key_padding_mask.shape != (N, S):
            found = f"key_padding_mask has shape {key_padding_mask.shape}"
            raise ValueError(f"{_NAME}(): {found}; it needs {(N, S)} = (N, S)")
        padding = additive_mask(_NAME, "key_padding_mask", key_padding_mask, dtype, seen=False).reshape(N, 1, 1, S)
        mask = padding if mask is None else mask + padding
    if mask is None or not extra:
        return mask
    return cat([mask, zeros(*mask.shape[:-1], extra, dtype=mask.dtype)], -1)


def _check(q: Tensor, k: Tensor, v: Tensor, E: int, heads: int, is_causal: bool, attn_mask: Tensor | None) -> None:
    shapes = f"\n  query {q.shape} = (L, N, E), key {k.shape} = (S, N, kdim), value {v.shape} = (S, N, vdim)"
    if q.ndim != 3 or k.ndim != 3 or v.ndim != 3:
        raise ValueError(f"{_NAME}(): query, key and value need 3 dimensions (or 2, without N){shapes}")
    if q.shape[-1] != E:
        raise ValueError(f"{_NAME}(): the query has {q.shape[-1]} features, the layer expects {E}{shapes}")
    if k.shape[:2] != v.shape[:2] or k.shape[1] != q.shape[1]:
        raise ValueError(f"{_NAME}(): key and value must agree in S, and all three in N{shapes}")
    if heads < 1 or E % heads:
        raise ValueError(f"{_NAME}(): {E} features cannot be cut into {heads} heads of equal size")
    if is_causal and attn_mask is None:
        raise ValueError(f"{_NAME}(): is_causal=True only says that attn_mask is causal; give the mask too")
