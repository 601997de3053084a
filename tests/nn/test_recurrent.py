"""Recurrent layers against PyTorch's: how they print, their weights in both directions, values, all gradients."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import from_numpy, nn
from chainrule.nn.utils import rnn

D, H, T, N = 3, 4, 5, 3
LENGTHS = [2, 5, 3]
KINDS = {
    "rnn": lambda nn, *args, **kwargs: nn.RNN(*args, **kwargs),
    "relu": lambda nn, *args, **kwargs: nn.RNN(*args, nonlinearity="relu", **kwargs),
    "lstm": lambda nn, *args, **kwargs: nn.LSTM(*args, **kwargs),
    "gru": lambda nn, *args, **kwargs: nn.GRU(*args, **kwargs),
}
SETTINGS = {
    "plain": {},
    "deep": {"num_layers": 3},
    "both ways": {"bidirectional": True, "num_layers": 2, "batch_first": True},
    "no bias": {"bias": False},
}
CELLS = {
    "rnn": lambda nn: nn.RNNCell(D, H),
    "relu": lambda nn: nn.RNNCell(D, H, False, "relu"),
    "lstm": lambda nn: nn.LSTMCell(D, H),
    "lstm without bias": lambda nn: nn.LSTMCell(D, H, bias=False),
    "gru": lambda nn: nn.GRUCell(D, H),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_setting = pytest.mark.parametrize("setting", SETTINGS)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def draw(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).normal(size=shape)


def flat(outputs):
    """All tensors of nested outputs, the data of packed sequences among them."""
    if hasattr(outputs, "batch_sizes"):
        return [outputs.data]
    return [t for part in outputs for t in flat(part)] if isinstance(outputs, tuple) else [outputs]


def both(torch, make):
    ours, theirs = make(nn).double(), make(torch.nn).double()
    theirs.load_state_dict({key: torch.from_numpy(t.numpy()) for key, t in ours.state_dict().items()})
    again = make(nn).double()
    again.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in again.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), ours.state_dict()[key].numpy())
    return ours, theirs


def compare(torch, ours, theirs, a, b, y, z):
    """Equal outputs; equal gradients of the leaves a and b and of all parameters."""
    y, z = flat(y), flat(z)
    dys = [draw(*t.shape, seed=i) for i, t in enumerate(z)]
    for actual, expected in zip(y, z, strict=True):
        assert actual.shape == tuple(expected.shape)
        np.testing.assert_allclose(actual.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    leaves = [*a, *ours.parameters()]
    grads = cr.grad(y, leaves, [from_numpy(dy) for dy in dys])
    torch.autograd.backward(z, [torch.from_numpy(dy) for dy in dys])
    for g, x in zip(grads, [*b, *theirs.parameters()], strict=True):
        np.testing.assert_allclose(g.numpy(), x.grad.numpy(), rtol=1e-8, atol=1e-10)


def leaves(torch, *arrays):
    return (
        [from_numpy(x.copy()).requires_grad_() for x in arrays],
        [torch.from_numpy(x.copy()).requires_grad_() for x in arrays],
    )


def arranged(kind, x, h, c):
    """The arguments of a call, as the kind takes them."""
    return (x, (h, c)) if kind.startswith("lstm") else (x, h)


@every_kind
@every_setting
@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize("batch", [True, False])
def test_sequences_are_pytorchs(torch, kind, setting, state, batch):
    settings = SETTINGS[setting]
    ours, theirs = both(torch, lambda nn: KINDS[kind](nn, D, H, **settings))
    assert repr(ours) == repr(theirs)
    rows = settings.get("num_layers", 1) * (1 + settings.get("bidirectional", False))
    lead = ((N, T) if settings.get("batch_first") else (T, N)) if batch else (T,)
    arrays = [draw(*lead, D), *(draw(rows, *(N,) * batch, H, seed=i) for i in (1, 2))]
    arrays = arrays[: (3 if kind == "lstm" else 2) if state else 1]
    a, b = leaves(torch, *arrays)
    if state:
        y, z = (f(*arranged(kind, *x, *(None,) * (kind != "lstm"))) for f, x in ((ours, a), (theirs, b)))
    else:
        y, z = ours(*a), theirs(*b)
    compare(torch, ours, theirs, a, b, y, z)


@every_kind
@every_setting
@pytest.mark.parametrize("state", [True, False])
def test_packed_sequences_are_pytorchs(torch, kind, setting, state):
    settings = SETTINGS[setting]
    ours, theirs = both(torch, lambda nn: KINDS[kind](nn, D, H, **settings))
    rows = settings.get("num_layers", 1) * (1 + settings.get("bidirectional", False))
    arrays = [draw(T, N, D), *(draw(rows, N, H, seed=i) for i in (1, 2))][
        : (3 if kind == "lstm" else 2) if state else 1
    ]
    a, b = leaves(torch, *arrays)
    outputs = []
    for f, leaf, r in ((ours, a, rnn), (theirs, b, torch.nn.utils.rnn)):
        packed = r.pack_padded_sequence(leaf[0], LENGTHS, enforce_sorted=False)
        h = leaf[1:]
        output, last = f(packed, *((tuple(h) if kind == "lstm" else h[0],) if state else ()))
        assert isinstance(output, type(packed))
        padded, lengths = r.pad_packed_sequence(output, padding_value=7.0)
        assert lengths.tolist() == LENGTHS
        outputs.append((output.data, padded, last))
    compare(torch, ours, theirs, a, b, *outputs)


@every_kind
def test_a_padded_sequence_ends_where_it_ends(kind):
    """What is in the padding changes nothing; the last state is that of each sequence alone."""
    layer = KINDS[kind](nn, D, H, bidirectional=True).double()
    x = draw(T, N, D)
    dirty = x.copy()
    for n, length in enumerate(LENGTHS):
        dirty[length:, n] = 1e6
    a, b = (layer(rnn.pack_padded_sequence(from_numpy(v), LENGTHS, enforce_sorted=False)) for v in (x, dirty))
    for clean, other in zip(flat(a), flat(b), strict=True):
        np.testing.assert_array_equal(clean.detach().numpy(), other.detach().numpy())
    padded, _ = rnn.pad_packed_sequence(a[0])
    for n, length in enumerate(LENGTHS):
        alone, last = layer(from_numpy(x[:length, n]))
        np.testing.assert_allclose(padded[:length, n].detach().numpy(), alone.detach().numpy(), rtol=1e-10)
        for whole, one in zip(flat(a[1]), flat(last), strict=True):
            np.testing.assert_allclose(whole[:, n].detach().numpy(), one.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("kind", ["rnn_tanh", "rnn_relu", "gru", "lstm"])
def test_with_lengths_the_padding_may_be_nan(kind):
    layer = {"rnn_tanh": nn.RNN, "rnn_relu": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[kind](D, H).double()
    weights, h = list(layer.parameters()), from_numpy(np.zeros((1, N, H)))
    found = []
    for padding in (0.0, np.nan):
        x = draw(T, N, D)
        for n, length in enumerate(LENGTHS):
            x[length:, n] = padding
        a = [from_numpy(x).requires_grad_(), *weights]
        state = (h, h) if kind == "lstm" else h
        outputs = getattr(cr, kind)(a[0], state, weights, True, 1, 0.0, True, False, False, lengths=LENGTHS)
        grads = cr.grad(outputs, a, [cr.ones_like(y) for y in outputs])
        found.append([t.detach().numpy() for t in (*outputs, *grads)])
    for clean, other in zip(*found, strict=True):
        assert np.isfinite(clean).all()
        np.testing.assert_array_equal(clean, other)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize("batch", [(N,), ()])
def test_cells_are_pytorchs(torch, kind, state, batch):
    ours, theirs = both(torch, CELLS[kind])
    assert repr(ours) == repr(theirs)
    lstm = kind.startswith("lstm")
    arrays = [draw(*batch, D), draw(*batch, H), draw(*batch, H, seed=1)][: (3 if lstm else 2) if state else 1]
    a, b = leaves(torch, *arrays)
    if state:
        y, z = (f(*arranged(kind, *x, *(None,) * (not lstm))) for f, x in ((ours, a), (theirs, b)))
    else:
        y, z = ours(*a), theirs(*b)
    compare(torch, ours, theirs, a, b, y, z)


@every_kind
def test_a_sequence_is_its_cell_again_and_again(kind):
    layer = KINDS[kind](nn, D, H).double()
    cell = {"rnn": nn.RNNCell(D, H), "relu": nn.RNNCell(D, H, nonlinearity="relu"), "lstm": nn.LSTMCell(D, H),
            "gru": nn.GRUCell(D, H)}[kind].double()  # fmt: skip
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x = from_numpy(draw(T, N, D))
    output, _ = layer(x)
    state = None
    for t in range(T):
        state = cell(x[t], state)
        h = state[0] if isinstance(state, tuple) else state
        np.testing.assert_allclose(output[t].detach().numpy(), h.detach().numpy(), rtol=1e-12)


def test_float32_is_pytorchs_up_to_its_rounding(torch):
    ours, theirs = nn.LSTM(D, H, 2, bidirectional=True), torch.nn.LSTM(D, H, 2, bidirectional=True)
    ours.load_state_dict(theirs.state_dict())
    x = draw(T, N, D).astype(np.float32)
    for y, z in zip(flat(ours(from_numpy(x))), flat(theirs(torch.from_numpy(x))), strict=True):
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-5, atol=1e-6)


@every_kind
def test_the_start_is_uniform_in_one_over_the_root_of_the_hidden_size(kind):
    layer = KINDS[kind](nn, 20, 100)
    for name, p in layer.named_parameters():
        assert np.abs(p.detach().numpy()).max() <= 0.1, name
        assert p.detach().numpy().std() == pytest.approx(0.1 / np.sqrt(3), rel=0.2), name


def test_dropout_is_between_layers_in_training_only():
    cr.manual_seed(0)
    layer = nn.LSTM(D, H, 2, dropout=0.5)
    x = from_numpy(draw(T, N, D).astype(np.float32))
    first, second = (layer(x)[0].detach().numpy() for _ in range(2))
    assert not np.array_equal(first, second)
    layer.eval()
    first, second = (layer(x)[0].detach().numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    with pytest.warns(UserWarning, match="dropout=0.5 acts between layers"):
        nn.GRU(D, H, dropout=0.5)


def test_arguments_are_pytorchs_in_its_order():
    layer = nn.RNN(D, H, 2, "relu", False, True, 0.0, True)
    assert (layer.num_layers, layer.nonlinearity, layer.bias) == (2, "relu", False)
    assert (layer.batch_first, layer.dropout, layer.bidirectional) == (True, 0.0, True)
    layer = nn.LSTM(D, H, 2, False, True, 0.25, True)
    assert (layer.bias, layer.batch_first, layer.dropout, layer.bidirectional) == (False, True, 0.25, True)
    assert [len(weights) for weights in layer.all_weights] == [2] * 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.LSTM(D, H, proj_size=2), "LSTM: proj_size=2: projections do not exist here"),
        (lambda: nn.RNN(D, H, nonlinearity="sin"), "RNN: nonlinearity='sin' is neither 'tanh' nor 'relu'"),
        (lambda: nn.GRU(D, 0), "GRU: hidden_size=0 must be at least 1"),
        (lambda: nn.GRU(D, H, 2, dropout=1.5), "GRU: the probability dropout=1.5 must lie between 0 and 1"),
        (lambda: nn.LSTM(D, H)(cr.ones(T, N, 2)), r"LSTM\(3, 4\): the input has 2 features, the weight expects 3"),
        (lambda: nn.GRU(D, H)(cr.ones(T, N, D), cr.ones(1, 2, H)), r"GRU\(3, 4\): the initial state h_0 has shape"),
        (lambda: nn.GRU(0, H), "GRU: input_size=0 must be at least 1"),
        (lambda: nn.GRU(D, H)(cr.ones(T, D), cr.ones(1, 1, H)), r"\(5, 3\) has no N, so that the state needs \(layers"),
        (lambda: nn.GRUCell(D, H)(cr.ones(D), cr.ones(1, H)), r"has no N, so that the state needs \(H\), not \(1, 4\)"),
        (lambda: nn.GRU(D, H)(cr.ones(1, T, N, D)), r"GRU\(3, 4\): the input needs 3 dimensions"),
        (lambda: nn.LSTMCell(D, H)(cr.ones(T, N, D)), r"LSTMCell\(3, 4\): .*the input needs 2 dimensions"),
    ],
)
def test_mistakes_are_told_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_state_of_an_lstm_is_a_pair():
    with pytest.raises(TypeError, match="the initial state is a pair of tensors"):
        nn.LSTM(D, H)(cr.ones(T, N, D), cr.ones(1, N, H))
    with pytest.raises(TypeError, match=r"hidden_size=2.5 must be a whole number"):
        nn.LSTM(D, 2.5)


# ---------------------------------------------------------------------------------------------- padding and packing

PARTS = [draw(n, 2, seed=n) for n in (3, 1, 4)]


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_pytorchs(torch, batch_first, side):
    ours = rnn.pad_sequence([from_numpy(p) for p in PARTS], batch_first, -1.0, side)
    theirs = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(p) for p in PARTS], batch_first, -1.0, side)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("batch_first", [True, False])
def test_packing_is_pytorchs_and_has_an_inverse(torch, batch_first):
    x = draw(3, 5, 2) if batch_first else draw(5, 3, 2)
    ours = rnn.pack_padded_sequence(from_numpy(x), cr.tensor([2, 4, 1]), batch_first, enforce_sorted=False)
    theirs = torch.nn.utils.rnn.pack_padded_sequence(
        torch.from_numpy(x), torch.tensor([2, 4, 1]), batch_first, enforce_sorted=False
    )
    for name in ("data", "batch_sizes", "sorted_indices", "unsorted_indices"):
        np.testing.assert_array_equal(getattr(ours, name).numpy(), getattr(theirs, name).numpy(), err_msg=name)
    padded, lengths = rnn.pad_packed_sequence(ours, batch_first, 9.0, 6)
    wanted, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs, batch_first, 9.0, 6)
    np.testing.assert_array_equal(padded.numpy(), wanted.numpy())
    assert lengths.tolist() == [2, 4, 1]


def test_sequences_come_back_from_packing_and_padding():
    parts = [from_numpy(p) for p in PARTS]
    for again in (
        rnn.unpack_sequence(rnn.pack_sequence(parts, enforce_sorted=False)),
        rnn.unpad_sequence(rnn.pad_sequence(parts), cr.tensor([3, 1, 4])),
        rnn.unpad_sequence(rnn.pad_sequence(parts, True), cr.tensor([3, 1, 4]), True),
    ):
        for actual, expected in zip(again, PARTS, strict=True):
            np.testing.assert_array_equal(actual.numpy(), expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: rnn.pack_padded_sequence(x, [2, 4, 1]), "the lengths .2, 4, 1. do not fall"),
        (lambda x: rnn.pack_padded_sequence(x, [6, 4, 1]), "the lengths must lie between 1 and T=5"),
        (lambda x: rnn.pack_padded_sequence(x, [4, 4, 0]), "the lengths must lie between 1 and T=5"),
        (lambda x: rnn.pack_padded_sequence(x, [4, 4]), "needs one whole number per sequence"),
        (lambda x: rnn.pack_padded_sequence(x, [4, 4, 4], True), r"the input \(5, 3, 2\) = \(N, T, …\) needs one"),
        (lambda x: rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [4, 2, 1]), total_length=3), "total_length=3"),
        (lambda x: rnn.pad_sequence([]), "there are no sequences"),
        (lambda x: rnn.pad_sequence([x, x[:, :2]]), "may differ in their first size only"),
        (lambda x: rnn.pad_sequence([x], padding_side="top"), "padding_side must be 'left' or 'right'"),
    ],
)
def test_mistakes_in_packing(call, message):
    with pytest.raises(ValueError, match=message):
        call(from_numpy(draw(5, 3, 2)))
