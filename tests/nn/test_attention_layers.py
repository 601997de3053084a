"""Embedding, attention and transformer layers against PyTorch's: repr, weights both ways, values, all gradients."""

import inspect

import numpy as np
import pytest

import chainrule as cr
from chainrule import from_numpy, nn

E, HEADS, L, S, N, WORDS = 8, 2, 4, 5, 3, 7
HIDDEN_PAIRS = np.triu(np.ones((L, S), bool), 2)
HIDDEN_KEYS = np.arange(S) >= np.array([[S], [3], [1]])
CAUSAL = np.triu(np.ones((L, L), bool), 1)
HIDDEN_SELF = HIDDEN_KEYS[:, :L]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def draw(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).normal(size=shape)


def both(torch, make):
    """The same layer in both packages, its weights brought there and back; biases are not left at 0."""
    ours, theirs = make(nn).double(), make(torch.nn).double()
    with cr.no_grad():
        for i, p in enumerate(ours.parameters()):
            p.copy_(p.detach().numpy() + 0.1 * draw(*p.shape, seed=i))
    theirs.load_state_dict({key: torch.from_numpy(t.numpy()) for key, t in ours.state_dict().items()})
    again = make(nn).double()
    again.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in again.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), ours.state_dict()[key].numpy())
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    return ours, theirs


@pytest.mark.parametrize(
    "name",
    [
        *("Embedding", "MultiheadAttention", "Transformer", "TransformerDecoder", "TransformerDecoderLayer"),
        *("TransformerEncoder", "TransformerEncoderLayer", "GRUCell", "LSTMCell", "RNNCell"),
    ],
)
@pytest.mark.parametrize("function", ["__init__", "forward"])
def test_arguments_are_pytorchs(torch, name, function):
    """All of them in the same places, with the same defaults (functions: those of the same name)."""
    ours, theirs = (inspect.signature(getattr(getattr(p, name), function)).parameters for p in (nn, torch.nn))
    assert list(theirs) == list(ours)
    for key, parameter in ours.items():
        default = theirs[key].default
        assert getattr(parameter.default, "__name__", parameter.default) == getattr(default, "__name__", default), key


def listed(outputs):
    return [y for y in outputs if y is not None] if isinstance(outputs, tuple) else [outputs]


def compare(torch, ours, theirs, arrays, masks=(), **settings):
    """Equal outputs, equal gradients of the arrays and of all parameters; masks are given by name."""
    a = [from_numpy(x.copy()).requires_grad_(x.dtype.kind == "f") for x in arrays]
    b = [torch.from_numpy(x.copy()).requires_grad_(x.dtype.kind == "f") for x in arrays]
    masks = dict(masks)
    for p in theirs.parameters():
        p.grad = None
    y = listed(ours(*a, **{name: from_numpy(m) for name, m in masks.items()}, **settings))
    z = listed(theirs(*b, **{name: torch.from_numpy(m) for name, m in masks.items()}, **settings))
    for actual, expected in zip(y, z, strict=True):
        assert actual.shape == tuple(expected.shape)
        np.testing.assert_allclose(actual.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    dys = [draw(*t.shape, seed=i) for i, t in enumerate(z)]
    leaves = [x for x in (*a, *ours.parameters()) if x.requires_grad]
    grads = cr.grad(y, leaves, [from_numpy(dy) for dy in dys])
    torch.autograd.backward(z, [torch.from_numpy(dy) for dy in dys])
    wanted = [x for x in (*b, *theirs.parameters()) if x.requires_grad]
    for g, x in zip(grads, wanted, strict=True):
        np.testing.assert_allclose(g.numpy(), x.grad.numpy(), rtol=1e-8, atol=1e-9)


# ---------------------------------------------------------------------------------------------- embedding

TABLES = {
    "plain": lambda nn: nn.Embedding(WORDS, E),
    "padded": lambda nn: nn.Embedding(WORDS, E, padding_idx=-2),
    "by frequency": lambda nn: nn.Embedding(WORDS, E, 0, scale_grad_by_freq=True),
    "limited": lambda nn: nn.Embedding(WORDS, E, max_norm=1.5),
    "limited otherwise": lambda nn: nn.Embedding(WORDS, E, None, 1.5, 1.0),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("shape", [(), (6,), (2, 9), (0, 3)])
def test_embedding_is_pytorchs(torch, name, shape):
    ours, theirs = both(torch, TABLES[name])
    compare(torch, ours, theirs, [np.asarray(np.random.default_rng(0).integers(0, WORDS, shape))])
    np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-12)


def test_the_row_of_padding_begins_at_zero_and_stays():
    layer = nn.Embedding(WORDS, E, padding_idx=2)
    assert not layer.weight.detach().numpy()[2].any()
    layer(cr.tensor([2, 1, 2])).sum().backward()
    assert not layer.weight.grad.numpy()[2].any()
    assert layer.weight.grad.numpy()[1].all()


def test_pretrained_vectors_are_frozen_unless_asked():
    table = from_numpy(draw(WORDS, E))
    layer = nn.Embedding.from_pretrained(table)
    assert not layer.weight.requires_grad
    assert not layer(cr.tensor([1])).requires_grad
    assert layer.weight.array is table.array
    assert nn.Embedding.from_pretrained(table, freeze=False, padding_idx=1).weight.requires_grad
    np.testing.assert_array_equal(layer(cr.tensor([3, 1])).numpy(), table.numpy()[[3, 1]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Embedding(WORDS, E, padding_idx=7), ValueError, "padding_idx=7 is not one of the 7 rows"),
        (
            lambda: nn.Embedding(WORDS, E, _weight=cr.ones(2, 2)),
            ValueError,
            r"_weight has shape \(2, 2\), not \(7, 8\)",
        ),
        (lambda: nn.Embedding.from_pretrained(cr.ones(3)), ValueError, r"a tensor \(V, E\) is needed"),
        (lambda: nn.Embedding(WORDS, E)(cr.tensor([9])), IndexError, r"Embedding\(7, 8\): the number 9 is not a row"),
        (lambda: nn.Embedding(WORDS, E)(cr.ones(2)), TypeError, r"Embedding\(7, 8\): the input must be whole numbers"),
    ],
)
def test_mistakes_of_embedding(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---------------------------------------------------------------------------------------------- many heads

ATTENTIONS = {
    "plain": {},
    "no bias": {"bias": False},
    "extra keys": {"add_bias_kv": True, "add_zero_attn": True},
    "sizes": {"kdim": 3, "vdim": 6},
    "batch first": {"batch_first": True},
    "key size": {"kdim": 3, "batch_first": True},
}
MASKS = {
    "none": {},
    "keys": {"key_padding_mask": HIDDEN_KEYS},
    "pairs": {"attn_mask": HIDDEN_PAIRS},
    "numbers": {"attn_mask": draw(N * HEADS, L, S), "key_padding_mask": draw(N, S)},
    "both": {"attn_mask": HIDDEN_PAIRS, "key_padding_mask": HIDDEN_KEYS},
}


@pytest.mark.parametrize("name", ATTENTIONS)
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("settings", [{}, {"need_weights": False}, {"average_attn_weights": False}])
def test_multihead_attention_is_pytorchs(torch, name, masks, settings):
    made = ATTENTIONS[name]
    ours, theirs = both(torch, lambda nn: nn.MultiheadAttention(E, HEADS, **made))
    arrays = [draw(L, N, E), draw(S, N, made.get("kdim", E)), draw(S, N, made.get("vdim", E), seed=1)]
    arrays = [x.swapaxes(0, 1).copy() for x in arrays] if made.get("batch_first") else arrays
    compare(torch, ours, theirs, arrays, MASKS[masks], **settings)


@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_to_itself_and_without_batch(torch, batch_first):
    ours, theirs = both(torch, lambda nn: nn.MultiheadAttention(E, HEADS, batch_first=batch_first))
    compare(torch, ToItself(ours), ToItself(theirs), [draw(L, N, E)])
    compare(torch, ours, theirs, [draw(L, E), draw(S, E), draw(S, E)], {"key_padding_mask": HIDDEN_KEYS[1]})
    compare(torch, ours, theirs, [draw(L, E), draw(S, E), draw(S, E)], {"attn_mask": draw(HEADS, L, S)})


class ToItself:
    """The layer with query, key and value one and the same tensor."""

    def __init__(self, layer):
        self.layer = layer
        self.parameters = layer.parameters

    def __call__(self, x):
        return self.layer(x, x, x)


def test_a_query_that_sees_no_key_gives_the_bias_of_the_output():
    layer = nn.MultiheadAttention(E, HEADS)
    y, weights = layer(cr.randn(L, N, E), cr.randn(S, N, E), cr.randn(S, N, E), cr.full((N, S), True))
    np.testing.assert_array_equal(y.detach().numpy(), np.broadcast_to(layer.out_proj.bias.detach().numpy(), (L, N, E)))
    assert not weights.detach().numpy().any()


def test_dropout_acts_on_the_weights_in_training_only():
    layer = nn.MultiheadAttention(E, HEADS, dropout=0.5)
    x = cr.randn(L, N, E)
    assert (layer(x, x, x)[1].detach().numpy() == 0).any()
    layer.eval()
    _, weights = layer(x, x, x)
    np.testing.assert_allclose(weights.detach().numpy().sum(-1), 1, rtol=1e-6)


def test_the_start_is_glorots():
    layer = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = np.sqrt(6 / (4 * 64))  # of a matrix (3E, E)
    w = layer.in_proj_weight.detach().numpy()
    assert 0.95 * bound < np.abs(w).max() <= bound
    assert not layer.in_proj_bias.detach().numpy().any()
    assert not layer.out_proj.bias.detach().numpy().any()
    assert layer.bias_k.detach().numpy().std() == pytest.approx(np.sqrt(2 / 128), rel=0.3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.MultiheadAttention(E, 3), "embed_dim=8 features cannot be cut into num_heads=3 parts"),
        (lambda: nn.MultiheadAttention(E, 2)(*[cr.ones(L, N, 3)] * 3), "the query has 3 features, the layer expects 8"),
        (lambda: nn.MultiheadAttention(E, 2, batch_first=True)(cr.ones(N, L, E), *[cr.ones(L, E)] * 2), "key needs 3"),
    ],
)
def test_mistakes_of_attention(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_additive_attention_is_the_papers():
    layer = nn.AdditiveAttention(3, 4, 5).double()
    query, key, value = draw(N, 3), draw(N, S, 4), draw(N, S, 2)
    y, weights = layer(from_numpy(query), from_numpy(key), from_numpy(value), from_numpy(HIDDEN_KEYS))
    w = {name: p.detach().numpy() for name, p in layer.named_parameters()}
    for n in range(N):
        seen = [j for j in range(S) if not HIDDEN_KEYS[n, j]]
        projected = w["query_proj.weight"] @ query[n]
        scores = [
            w["weight"] @ np.tanh(projected + w["key_proj.weight"] @ key[n, j] + w["key_proj.bias"]) for j in seen
        ]
        p = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(weights[n].detach().numpy()[seen], p, rtol=1e-12)
        np.testing.assert_allclose(y[n].detach().numpy(), p @ value[n, seen], rtol=1e-12)
    assert not weights.detach().numpy()[HIDDEN_KEYS].any()
    steps, _ = layer(from_numpy(query[:, None]), from_numpy(key))
    np.testing.assert_array_equal(layer(from_numpy(query), from_numpy(key))[0].detach().numpy(), steps[:, 0].detach())
    assert list(nn.AdditiveAttention(3, 4, 5, bias=False).state_dict()) == [
        *("weight", "query_proj.weight", "key_proj.weight")
    ]


# ---------------------------------------------------------------------------------------------- transformer

LAYERS = {
    "plain": {},
    "norm first": {"norm_first": True, "batch_first": True},
    "gelu": {"activation": "gelu", "bias": False, "layer_norm_eps": 1e-3},
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_encoder_layers_are_pytorchs(torch, name, masked, training):
    made = LAYERS[name]
    ours, theirs = both(torch, lambda nn: nn.TransformerEncoderLayer(E, HEADS, 6, 0.0, **made).train(training))
    masks = {"src_mask": CAUSAL, "src_key_padding_mask": HIDDEN_SELF} if masked else {}
    x = draw(N, L, E) if made.get("batch_first") else draw(L, N, E)
    compare(torch, ours, theirs, [x], masks)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("masked", [True, False])
def test_decoder_layers_are_pytorchs(torch, name, masked):
    made = LAYERS[name]
    ours, theirs = both(torch, lambda nn: nn.TransformerDecoderLayer(E, HEADS, 6, 0.0, **made))
    names = ("tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask")
    masks = dict(zip(names, (CAUSAL, HIDDEN_PAIRS, HIDDEN_SELF, HIDDEN_KEYS), strict=True)) if masked else {}
    arrays = [draw(L, N, E), draw(S, N, E)]
    arrays = [x.swapaxes(0, 1).copy() for x in arrays] if made.get("batch_first") else arrays
    compare(torch, ours, theirs, arrays, masks)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")  # PyTorch's, about its fast path
@pytest.mark.parametrize("batch_first", [True, False])
def test_transformers_are_pytorchs(torch, batch_first):
    def make(nn):
        return nn.Transformer(E, HEADS, 2, 2, 6, 0.0, "gelu", batch_first=batch_first)

    ours, theirs = both(torch, make)
    arrays = [draw(S, N, E), draw(L, N, E, seed=1)]
    arrays = [x.swapaxes(0, 1).copy() for x in arrays] if batch_first else arrays
    causal = nn.Transformer.generate_square_subsequent_mask(L, np.float64).numpy()
    np.testing.assert_array_equal(causal, torch.nn.Transformer.generate_square_subsequent_mask(L).numpy())
    compare(torch, ours, theirs, arrays, {"tgt_mask": causal, "src_key_padding_mask": HIDDEN_KEYS})


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")
def test_stacks_copy_their_layer(torch):
    def make(nn):
        return nn.TransformerEncoder(nn.TransformerEncoderLayer(E, HEADS, 6, 0.0), 3, nn.LayerNorm(E))

    ours, theirs = both(torch, make)
    compare(torch, ours, theirs, [draw(L, N, E)], {"mask": CAUSAL})
    fresh = make(nn)
    first, second = fresh.layers[0].linear1.weight, fresh.layers[1].linear1.weight
    np.testing.assert_array_equal(first.detach().numpy(), second.detach().numpy())
    assert not np.may_share_memory(first.detach().numpy(), second.detach().numpy())


def test_an_activation_is_a_name_a_function_or_a_module():
    layer = nn.TransformerEncoderLayer(E, HEADS, 6, activation=nn.GELU())
    assert isinstance(layer.activation, nn.GELU)
    assert nn.TransformerEncoderLayer(E, HEADS, 6, activation=cr.tanh)(cr.ones(L, N, E)).shape == (L, N, E)
    with pytest.raises(ValueError, match="activation='swish' is neither 'relu', 'gelu' nor a function"):
        nn.TransformerDecoderLayer(E, HEADS, 6, activation="swish")
    with pytest.raises(ValueError, match="need d_model=8 features"):
        nn.Transformer(E, HEADS, 1, 1, 6)(cr.ones(L, N, 3), cr.ones(L, N, E))
    with pytest.raises(ValueError, match=r"src \(\) and tgt .* need d_model=8 features"):
        nn.Transformer(E, HEADS, 1, 1, 6)(cr.ones(()), cr.ones(L, N, E))
