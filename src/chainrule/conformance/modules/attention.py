"""Records of `nn/embedding.py`, `nn/attention.py` and `nn/transformer.py`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.layer import Use, layer, use
from chainrule.conformance.record import classes, named, normal
from chainrule.tensor import Array

sizes = st.integers(1, 4)
truth = st.booleans()


@st.composite
def _embeddings(draw: st.DrawFn) -> Use:
    """Any shape of indices; scaled gradients, rows that do not learn, rows that are shortened."""
    rows, d = draw(st.integers(1, 5)), draw(sizes)
    padding = st.integers(-rows, rows - 1)
    more = draw(named(padding_idx=padding, scale_grad_by_freq=truth))
    if draw(truth):
        more |= {"max_norm": draw(st.sampled_from((0.5, 2.0)))} | draw(named(norm_type=st.sampled_from((1.0, 2.0))))
    return use(rows, d, inputs=classes(rows, *draw(st.lists(st.integers(0, 4), max_size=2))), **more)


def _hidden(n: int, keys: int) -> Array:
    """Keys that do not count; each row keeps its first."""
    hidden = normal(n, keys, seed=3) > 0.5
    hidden[:, :1] = False
    return hidden


def _mask(draw: st.DrawFn, rows: int, columns: int) -> Array | None:
    """None, truth values that hide, or numbers that are added."""
    hidden = np.triu(np.ones((rows, columns), bool), 1)
    return draw(st.sampled_from((None, hidden, normal(rows, columns, seed=6))))


@st.composite
def _heads(draw: st.DrawFn) -> Use:
    heads = draw(st.integers(1, 3))
    features, length, keys, n = heads * draw(st.integers(1, 3)), draw(sizes), draw(sizes), draw(sizes)
    more = draw(named(bias=truth, add_bias_kv=truth, add_zero_attn=truth, kdim=sizes, vdim=sizes, batch_first=truth))
    batch = draw(st.sampled_from(((n,), (n,), ())))
    widths = (length, features), (keys, more.get("kdim", features)), (keys, more.get("vdim", features))
    first = more.get("batch_first", False)
    inputs = tuple(normal(*((*batch, t, d) if first else (t, *batch, d)), seed=i) for i, (t, d) in enumerate(widths))
    options: dict[str, Any] = draw(named(need_weights=truth, average_attn_weights=truth))
    if draw(truth):
        options["attn_mask"] = _mask(draw, length, keys)
    if draw(truth):
        options["key_padding_mask"] = _hidden(n, keys) if batch else _hidden(1, keys)[0]
    return use(features, heads, inputs=inputs, options=options, training=draw(truth), **more)


def _layer_settings(draw: st.DrawFn) -> dict[str, Any]:
    more: dict[str, Any] = {"dim_feedforward": draw(sizes), "dropout": 0.0}
    return more | draw(
        named(
            activation=st.sampled_from(("relu", "gelu")), layer_norm_eps=st.just(1e-3), batch_first=truth,
            norm_first=truth, bias=truth,
        )
    )  # fmt: skip


@st.composite
def _encoders(draw: st.DrawFn, layers: bool) -> Use:
    heads = draw(st.integers(1, 2))
    features, t, n = 4 * heads, draw(sizes), draw(sizes)
    more = _layer_settings(draw)
    x = normal(n, t, features) if more.get("batch_first") else normal(t, n, features)
    options: dict[str, Any] = {}
    if draw(truth):
        options["mask" if layers else "src_mask"] = _mask(draw, t, t)
    if draw(truth):
        options["src_key_padding_mask"] = _hidden(n, t)
    first = (draw(st.integers(1, 2)), draw(truth)) if layers else ()
    return use(*first, features, heads, inputs=x, options=options, **more)


@st.composite
def _decoders(draw: st.DrawFn, layers: bool) -> Use:
    heads = draw(st.integers(1, 2))
    features, t, m, n = 4 * heads, draw(sizes), draw(sizes), draw(sizes)
    more = _layer_settings(draw)
    first = more.get("batch_first", False)
    inputs = tuple(normal(*((n, k) if first else (k, n)), features, seed=k) for k in (t, m))
    options: dict[str, Any] = {}
    if draw(truth):
        options |= {"tgt_mask": _mask(draw, t, t), "memory_mask": _mask(draw, t, m)}
    if draw(truth):
        options |= {"tgt_key_padding_mask": _hidden(n, t), "memory_key_padding_mask": _hidden(n, m)}
    count = (draw(st.integers(1, 2)), draw(truth)) if layers else ()
    return use(*count, features, heads, inputs=inputs, options=options, **more)


def _encoder(nn: Any, count: int, norm: bool, features: int, heads: int, **more: Any) -> Any:
    last = nn.LayerNorm(features) if norm else None
    one = nn.TransformerEncoderLayer(features, heads, **more)
    return nn.TransformerEncoder(one, count, last, enable_nested_tensor=False)


def _decoder(nn: Any, count: int, norm: bool, features: int, heads: int, **more: Any) -> Any:
    last = nn.LayerNorm(features) if norm else None
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(features, heads, **more), count, norm=last)


@st.composite
def _transformers(draw: st.DrawFn) -> Use:
    heads = draw(st.integers(1, 2))
    features, t, m, n = 4 * heads, draw(sizes), draw(sizes), draw(sizes)
    more = _layer_settings(draw) | {"num_encoder_layers": draw(st.integers(1, 2)), "num_decoder_layers": 1}
    first = more.get("batch_first", False)
    inputs = tuple(normal(*((n, k) if first else (k, n)), features, seed=k) for k in (m, t))
    options = {"tgt_mask": _mask(draw, t, t)} if draw(truth) else {}
    return use(features, heads, inputs=inputs, options=options, **more)


LAYERS = (
    layer("Embedding", _embeddings()),
    layer("MultiheadAttention", _heads()),
    layer("TransformerEncoderLayer", _encoders(False)),
    layer("TransformerEncoder", _encoders(True), _encoder),
    layer("TransformerDecoderLayer", _decoders(False)),
    layer("TransformerDecoder", _decoders(True), _decoder),
    layer("Transformer", _transformers()),
)
