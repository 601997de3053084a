"""Records of `ops/attention.py`, `ops/multihead.py` and `ops/embeddings.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import SEEDS, Record, classes, normal, s, wrong

q, k, v = normal(2, 3, 4), normal(2, 5, 4, seed=1), normal(2, 5, 6, seed=2)
seen = np.random.default_rng(0).random((3, 5)) < 0.6
seen[1] = False  # a query that sees no key
E, HEADS = 4, 2


# ---------------------------------------------------------------------------------------------- one head


def _additive(torch, query, key, value, w_query, w_key, v, bias=None, key_padding_mask=None):
    hidden = torch.tanh((query @ w_query.T)[:, :, None] + (key @ w_key.T + (0 if bias is None else bias))[:, None])
    scores = hidden @ v
    if key_padding_mask is not None:
        scores = scores.masked_fill(key_padding_mask[:, None], -torch.inf)
    p = torch.softmax(scores, -1)
    return p @ value, p


@st.composite
def _attentions(draw):
    sizes = st.integers(1, 4)
    batch, L, S, F = draw(st.lists(st.integers(0, 3), max_size=2).map(tuple)), draw(sizes), draw(sizes), draw(sizes)
    mask = draw(st.sampled_from([None, normal(L, S) > 0, normal(*batch, L, S)]))
    causal = mask is None and draw(st.booleans())
    seed, scale = draw(SEEDS), draw(st.sampled_from([None, 0.3]))
    arrays = [normal(*batch, n, d, seed=seed + i) for i, (n, d) in enumerate([(L, F), (S, F), (S, draw(sizes))])]
    return s(*arrays, mask, is_causal=causal, scale=scale)


@st.composite
def _additives(draw):
    N, L, S, A = draw(st.integers(0, 3)), *(draw(st.integers(1, 3)) for _ in range(3))
    arrays = [normal(N, L, 2), normal(N, S, 3), normal(N, S, 4), normal(A, 2), normal(A, 3), normal(A)]
    hidden = normal(N, S) > 0
    hidden[:, 0] = False
    return s(*arrays, draw(st.sampled_from([None, normal(A, seed=1)])), draw(st.sampled_from([None, hidden])))


# ---------------------------------------------------------------------------------------------- several heads

x, source = normal(3, 2, E), normal(5, 2, E, seed=1)  # (L, N, E), (S, N, E)
# Weights of the size that layers begin with: larger ones make the softmax nearly 0 and 1, its gradient mostly rounding.
w_in, b_in, w_out, b_out = normal(3 * E, E, seed=2) / 2, normal(3 * E, seed=3), normal(E, E, seed=4), normal(E, seed=5)
hidden_keys = np.array([[False] * 5, [False, True, False, True, True]])
hidden_pairs = normal(3, 5) > 0.5


def _heads(query, key, value, *bias_kv_zero, **kwargs):
    bias_k, bias_v, zero = bias_kv_zero or (None, None, False)
    return s(query, key, value, E, HEADS, w_in, b_in, bias_k, bias_v, zero, 0.0, w_out, b_out, **kwargs)


def _separate(query, key, value):
    weights = normal(E, E), normal(E, key.shape[-1], seed=1), normal(E, value.shape[-1], seed=2)
    named: dict[str, Any] = dict(zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), weights, strict=True))
    args = (query, key, value, E, HEADS, None, b_in, None, None, False, 0.0, w_out, b_out)
    return s(*args, use_separate_proj_weight=True, **named)


@st.composite
def _multiheads(draw):
    sizes, truth = st.integers(1, 4), st.booleans()
    L, S, N, kinds = draw(sizes), draw(sizes), draw(st.integers(0, 3)), st.sampled_from(["", "truth", "numbers"])
    masks = {}
    for name, shape in (
        ("attn_mask", draw(st.sampled_from([(L, S), (N * HEADS, L, S)]))),
        ("key_padding_mask", (N, S)),
    ):
        if kind := draw(kinds):
            masks[name] = normal(*shape) > 0.3 if kind == "truth" else normal(*shape)
            masks[name][..., 0] = 0  # every query sees a key: where none does, PyTorch gives NaN and we 0
    extra = (normal(1, 1, E), normal(1, 1, E, seed=1)) if draw(truth) else (None, None)
    arrays = normal(L, N, E), normal(S, N, E, seed=1), normal(S, N, E, seed=2)
    return _heads(*arrays, *extra, draw(truth), average_attn_weights=draw(truth), **masks)


table = normal(6, 3)
words = np.array([[1, 4, 1], [0, 5, 1]])

RECORDS = (
    Record(
        "scaled_dot_product_attention",
        (
            s(q, k, v),
            s(q[0], k[0], v[0]),
            s(q, k[:1], v[:1]),
            s(q, k, v, seen),
            s(q, k, v, normal(2, 3, 5)),
            s(q, k, v, normal(3, 5)),
            s(q, k, v, is_causal=True),
            s(q, q, q, None, 0.0, True, scale=0.7),
            s(q[:0], k[:0], v[:0]),
            s(q[0], k[0], v),  # one set of weights for several of values
            s(q[:1], k, v),
            s(normal(2, 4, 3, 2), normal(2, 2, 5, 2), normal(2, 2, 5, 2, seed=1), enable_gqa=True),
        ),
        gradients=(0, 1, 2, 3),
        errors=(
            wrong(ValueError, "query and key differ in their features", q, k[..., :3], v),
            wrong(ValueError, "key and value differ in their number", q, k, v[:, :4]),
            wrong(ValueError, "give attn_mask or is_causal=True, not both", q, k, v, seen, is_causal=True),
            wrong(ValueError, "the mask (4, 5) does not broadcast to the scores (2, 3, 5)", q, k, v, normal(4, 5)),
            wrong(ValueError, "the leading axes do not broadcast", q, normal(3, 5, 4), v),
            wrong(ValueError, "need at least 2 dimensions", q[0, 0], k, v),
            wrong(TypeError, "attn_mask must be truth values or", q, k, v, seen.astype(int)),
            wrong(TypeError, "one floating-point dtype is needed", q.astype(int), k, v),
        ),
        draws=_attentions(),
        large=(s(normal(8, 33, 16), normal(8, 65, 16), normal(8, 65, 16)),),
    ),
    Record(
        "additive_attention",
        (
            s(q, k, v, normal(3, 4), normal(3, 4, seed=1), normal(3)),
            s(q, k, v, normal(3, 4), normal(3, 4, seed=1), normal(3), normal(3, seed=1), hidden_keys),
        ),
        gradients=(0, 1, 2, 3, 4, 5, 6),
        oracle=_additive,
        draws=_additives(),
        errors=(
            wrong(ValueError, "the mask must be truth values (2, 5), it is bool (3, 5)", q, k, v, normal(3, 4),
                  normal(3, 4), normal(3), None, seen),
        ),
    ),
    Record(
        "multi_head_attention_forward",
        (
            _heads(x, x, x),
            _heads(x, source, source),
            _heads(x[:, 0], source[:, 0], source[:, 0]),
            _heads(x, source, source, key_padding_mask=hidden_keys),
            _heads(x, source, source, attn_mask=hidden_pairs, key_padding_mask=hidden_keys),
            _heads(x, source, source, attn_mask=normal(4, 3, 5), average_attn_weights=False),
            _heads(x, source, source, normal(1, 1, E), normal(1, 1, E, seed=1), False, key_padding_mask=hidden_keys),
            _heads(x, source, source, normal(1, 1, E), normal(1, 1, E, seed=1), True, attn_mask=hidden_pairs),
            _separate(x, normal(5, 2, 3), normal(5, 2, 7)),
            _heads(x, source, source, static_k=normal(4, 6, 2), static_v=normal(4, 6, 2, seed=1)),
        ),
        gradients=(0, 1, 2, 5, 6, 7, 8, 11, 12),
        draws=_multiheads(),
        errors=(
            wrong(ValueError, "the query has 3 features, the layer expects 4", *_heads(x[..., :3], x, x).args),
            wrong(ValueError, "key and value must agree in S", *_heads(x, source, x).args),
            wrong(ValueError, "the query has no batch dimension, key or value has", *_heads(x[0], x, x).args),
            wrong(ValueError, "attn_mask has shape (5, 3); it needs (3, 5) = (L, S)", *_heads(x, source, source).args,
                  attn_mask=hidden_pairs.T),
            wrong(ValueError, "key_padding_mask has shape (2, 4); it needs (2, 5) = (N, S)",
                  *_heads(x, source, source).args, key_padding_mask=hidden_keys[:, :4]),
            wrong(ValueError, "give the mask too", *_heads(x, x, x).args, is_causal=True),
        ),
    ),
    Record(
        "embedding",
        (
            s(words, table),
            s(np.array(3), table),
            s(words, table, 1, kink=True),
            s(words, table, padding_idx=-1, kink=True),
            s(words, table, scale_grad_by_freq=True, kink=True),
            s(words, table, max_norm=1.0, norm_type=1.0, kink=True),  # changes the table, unseen by the tape
            s(words[:0], table),
            s(words.astype(np.int32), table),
        ),
        gradients=(1,),
        errors=(
            wrong(IndexError, "the number 6 is not a row of the weight (6, 3) = (V, E), V=6", words + 1, table),
            wrong(IndexError, "the number -1 is not a row", words - 1, table),
            wrong(TypeError, "the input must be whole numbers, not float64", table, table),
            wrong(ValueError, "padding_idx=6 is not a row of the weight", words, table, 6),
            wrong(ValueError, "the weight needs 2 dimensions (V, E)", words, table[0]),
        ),
        draws=st.builds(
            lambda n, seed, padding, scale: s(np.random.default_rng(seed).integers(0, 6, n), table, padding,
                                              scale_grad_by_freq=scale),
            st.lists(st.integers(0, 4), max_size=3).map(tuple), SEEDS, st.sampled_from([None, 0, 2, -1]), st.booleans(),
        ),
        large=(s(classes(1500, 67, 61), normal(1500, 33)), s(classes(300, 4000), normal(300, 50), 7, None, 2.0, True)),
    ),
)  # fmt: skip
