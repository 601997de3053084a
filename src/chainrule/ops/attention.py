"""Attention: every query takes a mixture of the values, weighted by how well their keys fit.

Vaswani et al.: Attention is all you need, 2017; before it Bahdanau, Cho, Bengio: Neural machine translation by jointly
learning to align and translate, 2014 (`additive_attention`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.native import Unsupported, core
from chainrule.ops.activation import tanh
from chainrule.ops.elementwise import where
from chainrule.ops.joining import stack
from chainrule.ops.linalg import linear, matmul
from chainrule.ops.probabilities import softmax
from chainrule.ops.random import dropout
from chainrule.tensor import Array, Tensor

__all__ = ["additive_attention", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """y = p·value,  p = softmax(scale · query·keyᵀ + mask),  scale = 1/√E unless given.

    `attn_mask` (…, L, S) is added to the scores, or says by truth values which keys take part; `is_causal` lets query
    i see the keys 0 … i. A query that sees no key gets 0. Dropout acts on p, with `dropout_p`, always: there is no
    training mode here. With `enable_gqa` query heads share key heads, (…, G·H, L, E) with (…, H, S, E).

    Shapes: query (…, L, E), key (…, S, E), value (…, S, V), leading axes broadcast -> y (…, L, V).
    The gradients: see `_attention`. 2·L·S·(E + V) FLOPs a head, 2.5 times that backwards.
    Errors: ValueError where the shapes do not fit, or attn_mask and is_causal are both given, TypeError for integers or
    several dtypes.
    Paper: Vaswani et al.: Attention is all you need (2017).
    """
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention(): give attn_mask or is_causal=True, not both")
    if enable_gqa:
        key, value = (_shared("scaled_dot_product_attention", query, x) for x in (key, value))
    return attend("scaled_dot_product_attention", query, key, value, attn_mask, dropout_p, is_causal, scale)[0]


def attend(
    name: str, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The mixtures of the values and the weights p, after dropout."""
    _check(name, query, key, value)
    L, S = query.shape[-2], key.shape[-2]
    if is_causal:
        mask = Tensor(np.tri(L, S, dtype=np.bool_))
    if mask is not None:
        mask = additive_mask(name, "attn_mask", mask, query.dtype)
        _check_mask(name, mask.shape, (*np.broadcast_shapes(query.shape[:-2], key.shape[:-2]), L, S))
    shape = (*np.broadcast_shapes(query.shape[:-2], key.shape[:-2], mask.shape[:-2] if mask is not None else ()), L, S)
    keep = dropout(Tensor(np.ones(shape, query.dtype)), dropout_p).array if dropout_p else None
    scale = (1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0) if scale is None else float(scale)
    outputs: tuple[Tensor, Tensor] = _attention(query, key, value, mask, keep, scale)  # type: ignore[assignment]
    return outputs


@primitive
def _attention(
    q: Array, k: Array, v: Array, mask: Array | None, keep: Array | None, scale: float
) -> tuple[tuple[Array, Array], Pullback]:
    """s = scale · q·kᵀ + mask,   p = softmax(s),   w = p ⊙ keep,   y = w·v;   the outputs are y and w.

    dv = wᵀ·dy
    dp = (dy·vᵀ + dw) ⊙ keep
    ds = p ⊙ (dp − Σ dp ⊙ p)          softmax, summed over the keys
    dq = scale · ds·k,   dk = scale · dsᵀ·q,   dmask = ds
    """
    s = scale * (q @ k.mT)  # (…, L, E) · (…, E, S) -> (…, L, S)
    s = s if mask is None else s + mask
    top = s.max(-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(np.isneginf(top), 0, top))
    total = e.sum(-1, keepdims=True)
    p = e / np.where(total == 0, 1, total)  # 0 for a query that sees no key
    w = p if keep is None else p * keep

    def pullback(dy: Array, dw: Array) -> tuple[Array, ...]:
        dp = dy @ v.mT + dw
        dp = dp if keep is None else dp * keep
        ds = p * (dp - (dp * p).sum(-1, keepdims=True))
        return scale * (ds @ k), scale * (ds.mT @ q), w.mT @ dy, ds

    return (w @ v, w), pullback


@_attention.native
def _(
    q: Array, k: Array, v: Array, mask: Array | None, keep: Array | None, scale: float
) -> tuple[tuple[Array, Array], Pullback]:
    s = core.mul(core.matmul(q, k.mT), scale)
    s = s if mask is None else core.add(s, mask)
    p = core.softmax(s)
    if np.isnan(p[..., :1]).any():  # of a query that sees no key
        raise Unsupported
    w = p if keep is None else core.mul(p, keep)
    y = core.matmul(w, v)
    if y.shape[:-2] != p.shape[:-2]:  # p is broadcast
        raise Unsupported

    def pullback(dy: Array, dw: Array) -> tuple[Array, ...]:
        dp = core.add(core.matmul(dy, v.mT), dw)
        ds = core.softmax_grad(dp if keep is None else core.mul(dp, keep), p)
        dq, dk = core.matmul(ds, k), core.matmul(ds.mT, q)
        return core.mul(dq, scale), core.mul(dk, scale), core.matmul(w.mT, dy), ds

    return (y, w), pullback


def additive_mask(name: str, what: str, mask: Tensor, dtype: Any, seen: bool = True) -> Tensor:
    """Truth values as 0 where they are `seen`, else −∞; numbers stay."""
    if mask.dtype == np.bool_:
        return Tensor(np.where(mask.array == seen, 0, -np.inf).astype(dtype))
    if mask.dtype.kind != "f":
        raise TypeError(f"{name}(): {what} must be truth values or floating-point numbers, not {mask.dtype}")
    return mask.to(dtype)


def _shared(name: str, query: Tensor, x: Tensor) -> Tensor:
    """Every head as often as query heads share it: (…, H, S, E) -> (…, G·H, S, E)."""
    heads, wanted = x.shape[-3], query.shape[-3]
    if not heads or wanted % heads:
        raise ValueError(f"{name}(): {wanted} query heads cannot share {heads} heads of shape {x.shape}")
    return stack([x] * (wanted // heads), -3).reshape(*x.shape[:-3], wanted, *x.shape[-2:])


def _check(name: str, q: Tensor, k: Tensor, v: Tensor) -> None:
    shapes = f"\n  query {q.shape} = (…, L, E), key {k.shape} = (…, S, E), value {v.shape} = (…, S, V)"
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise ValueError(f"{name}(): query, key and value need at least 2 dimensions{shapes}")
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"{name}(): query and key differ in their features{shapes}")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"{name}(): key and value differ in their number{shapes}")
    try:
        np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    except ValueError:
        raise ValueError(f"{name}(): the leading axes do not broadcast{shapes}") from None
    dtypes = {x.dtype for x in (q, k, v)}
    if len(dtypes) > 1 or q.dtype.kind != "f":
        found = f"query {q.dtype}, key {k.dtype}, value {v.dtype}"
        raise TypeError(f"{name}(): one floating-point dtype is needed: {found}; convert with .to(dtype)")


def _check_mask(name: str, mask: tuple[int, ...], scores: tuple[int, ...]) -> None:
    try:
        fits = np.broadcast_shapes(mask, scores)[-2:] == scores[-2:]
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}(): the mask {mask} does not broadcast to the scores {scores} = (…, L, S)")


def additive_attention(
    query: Tensor, key: Tensor, value: Tensor, w_query: Tensor, w_key: Tensor, v: Tensor, bias: Tensor | None = None,
    key_padding_mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Bahdanau's attention: scores s_ij = v·tanh(W_q·query_i + W_k·key_j + b), weights p = softmax(s), y = p·value.

    `key_padding_mask` (N, S) is True where a key is ignored. Every row needs a key that is not.
    Shapes: query (N, L, Q), key (N, S, K), value (N, S, V), w_query (A, Q), w_key (A, K), v and bias (A)
    -> y (N, L, V), weights (N, L, S). Not in PyTorch. The gradients are those of the products, tanh and softmax.
    Errors: ValueError where the shapes do not fit, TypeError where the dtypes differ.
    Paper: Bahdanau, Cho, Bengio: Neural machine translation by jointly learning to align and translate (2014).
    """
    queries, keys = linear(query, w_query), linear(key, w_key, bias)
    hidden = tanh(queries.unsqueeze(-2) + keys.unsqueeze(-3))  # (N, L, 1, A) + (N, 1, S, A) -> (N, L, S, A)
    scores = matmul(hidden, v)
    if key_padding_mask is not None:
        if key_padding_mask.dtype != np.bool_ or key_padding_mask.shape != key.shape[:-1]:
            found = f"{key_padding_mask.dtype} {key_padding_mask.shape}"
            raise ValueError(f"additive_attention(): the mask must be truth values {key.shape[:-1]}, it is {found}")
        scores = where(key_padding_mask.unsqueeze(-2), -math.inf, scores)
    weights = softmax(scores, -1)
    return matmul(weights, value), weights
