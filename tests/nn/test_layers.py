"""Layers against PyTorch's: how they print, their arguments, their weights in both directions, what they compute."""

import inspect
from collections import OrderedDict

import cases_loss
import cases_padding
import numpy as np
import pytest

import chainrule
from chainrule import float64, from_numpy, nn
from chainrule.conformance.modules import LAYERS as DRAWN

IMAGES, ROWS, SCORES = (2, 4, 9, 11), (5, 6), (3, 7)

# How to build a module, from either package, and the shape of an input.
LAYERS = {
    "linear": (lambda nn: nn.Linear(6, 3), ROWS),
    "linear without bias": (lambda nn: nn.Linear(6, 3, bias=False), ROWS),
    "linear on more axes": (lambda nn: nn.Linear(6, 3), (2, 3, 6)),
    "linear on a vector": (lambda nn: nn.Linear(6, 3), (6,)),
    "identity": (lambda nn: nn.Identity(3, some=4), ROWS),
    "flatten": (lambda nn: nn.Flatten(), IMAGES),
    "flatten some": (lambda nn: nn.Flatten(0, 2), IMAGES),
    "sequential": (lambda nn: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)), ROWS),
    "nested": (lambda nn: nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(396, 2)), nn.Tanh()), IMAGES),
    "named": (lambda nn: nn.Sequential(OrderedDict(fc=nn.Linear(6, 4), act=nn.ReLU())), ROWS),
    "empty": (lambda nn: nn.Sequential(), ROWS),
    "unflatten": (lambda nn: nn.Sequential(nn.Linear(6, 4), nn.Unflatten(-1, (2, 2))), ROWS),
    **cases_padding.LAYERS,
}
LENET = {
    "lenet": (
        lambda nn: nn.Sequential(
            OrderedDict(
                features=nn.Sequential(
                    *(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU())
                ),
                classifier=nn.Sequential(
                    *(nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
                ),
            )
        ),
        (4, 1, 28, 28),
    )
}

# How to build a loss, its input and its target (classes where the shape is that of the input without axis 1).
LOSSES = {
    "cross entropy": (lambda nn, w: nn.CrossEntropyLoss(), SCORES, (3,)),
    "cross entropy weighted": (lambda nn, w: nn.CrossEntropyLoss(w(7), ignore_index=2), SCORES, (3,)),
    "cross entropy smoothed": (lambda nn, w: nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), SCORES, (3,)),
    "cross entropy of images": (lambda nn, w: nn.CrossEntropyLoss(reduction="none"), IMAGES, (2, 9, 11)),
    "cross entropy of one": (lambda nn, w: nn.CrossEntropyLoss(), (7,), ()),
    "nll": (lambda nn, w: nn.NLLLoss(), SCORES, (3,)),
    "nll weighted": (lambda nn, w: nn.NLLLoss(w(4), reduction="sum", ignore_index=1), IMAGES, (2, 9, 11)),
    "mse": (lambda nn, w: nn.MSELoss(), ROWS, ROWS),
    "mse sum": (lambda nn, w: nn.MSELoss(reduction="sum"), ROWS, ROWS),
    "l1": (lambda nn, w: nn.L1Loss(reduction="none"), ROWS, ROWS),
    "bce": (lambda nn, w: nn.BCEWithLogitsLoss(), ROWS, ROWS),
    "bce weighted": (lambda nn, w: nn.BCEWithLogitsLoss(w(6), pos_weight=w(6)), ROWS, ROWS),
}


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def compare(torch, ours, theirs, *arrays):
    """Equal outputs, and equal gradients of the first input and of every parameter, in float64."""
    a = [from_numpy(x.copy()) for x in arrays]
    b = [torch.from_numpy(x.copy()) for x in arrays]
    a[0].requires_grad_()
    b[0].requires_grad_()
    y, z = ours(*a), theirs(*(b if len(b) > 1 else [b[0] * 1]))  # an in-place layer may not change a leaf there
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-12)
    dy = np.random.default_rng(1).normal(size=y.shape)
    y.backward(from_numpy(dy))
    z.backward(torch.from_numpy(dy))
    np.testing.assert_allclose(a[0].grad.numpy(), b[0].grad.numpy(), rtol=1e-9, atol=1e-11)
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)
    return y.detach().numpy()


@pytest.mark.parametrize("name", LAYERS | LENET)
def test_repr_is_pytorchs(torch, name):
    make = (LAYERS | LENET)[name][0]
    assert repr(make(nn)) == repr(make(torch.nn))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")  # PyTorch's, about its speed
@pytest.mark.parametrize("name", LAYERS | LENET)
def test_value_gradients_and_weights_are_pytorchs(torch, name):
    make, shape = (LAYERS | LENET)[name]
    ours, theirs = make(nn).double(), make(torch.nn).double()
    x = np.random.default_rng(0).normal(size=shape)

    theirs.load_state_dict({key: torch.from_numpy(t.numpy()) for key, t in ours.state_dict().items()})
    first = compare(torch, ours, theirs, x)

    again = make(nn).double()
    again.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(again(from_numpy(x)).detach().numpy(), first)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_pytorchs(torch, name):
    make, shape, target = LOSSES[name]
    rng = np.random.default_rng(0)
    weights = {n: rng.uniform(0.5, 2, n) for n in (4, 6, 7)}
    ours = make(nn, lambda n: from_numpy(weights[n]))
    theirs = make(torch.nn, lambda n: torch.from_numpy(weights[n]))
    classes = shape[0] if len(shape) == 1 else shape[1]
    t = rng.uniform(size=target) if target == shape else np.asarray(rng.integers(0, classes, target))
    compare(torch, ours, theirs, rng.normal(size=shape), t)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_probabilities_as_target(torch):
    rng = np.random.default_rng(0)
    q = rng.dirichlet(np.ones(7), 3)
    ours, theirs = nn.CrossEntropyLoss(label_smoothing=0.2), torch.nn.CrossEntropyLoss(label_smoothing=0.2)
    compare(torch, ours, theirs, rng.normal(size=(3, 7)), q)


# Layers of several inputs or outputs, compared in test_recurrent.py, test_attention.py and test_bilinear.py.
SEQUENCES = {
    "AdditiveAttention", "Bilinear", "Embedding", "GRU", "GRUCell", "LSTM", "LSTMCell", "MultiheadAttention", "RNN",
    "RNNBase", "RNNCell", "RNNCellBase", "Transformer", "TransformerDecoder", "TransformerDecoderLayer",
    "TransformerEncoder", "TransformerEncoderLayer",
}  # fmt: skip
CLASSES = sorted(name for name in nn.__all__ if name[0].isupper() and name not in SEQUENCES)


@pytest.mark.parametrize("name", CLASSES)
def test_arguments_are_pytorchs(torch, name):
    """The same names with the same defaults, in the same places up to the first argument that we leave out."""
    ours = inspect.signature(getattr(nn, name)).parameters.values()
    theirs = inspect.signature(getattr(torch.nn, name)).parameters
    for parameter in ours:
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            assert parameter.name in theirs
            assert parameter.default == theirs[parameter.name].default, parameter.name
    positional = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == list(theirs)[: len(positional)]


def test_every_layer_is_compared_with_pytorch():
    modules = [make(nn) for make, _ in (LAYERS | LENET).values()]
    modules += [make(nn, chainrule.ones) for make, *_ in (LOSSES | cases_loss.MODULES).values()]
    compared = {type(part).__name__ for module in modules for part in module.modules()}
    compared |= set(DRAWN)  # by test_drawn_modules
    containers = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList"}  # compute nothing
    assert set(CLASSES) - compared == containers | {"Parameter"}


@pytest.mark.parametrize("name", ["functional", "init"])
def test_functions_have_pytorchs_names(torch, name):
    for function in getattr(nn, name).__all__:
        assert hasattr(getattr(torch.nn, name), function), function


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "3 input and 4 output channels cannot be cut into groups=2 equal parts"),
        (lambda: nn.Conv2d(4, 3, 3, groups=2), "4 input and 3 output channels cannot be cut into groups=2 equal parts"),
        (lambda: nn.Conv2d(3, 4, 3, groups=0), "groups=0 must be a whole number of at least 1"),
        (lambda: nn.Conv2d(-3, 4, 3), "in_channels=-3 must be a whole number of at least 1"),
        (lambda: nn.Conv1d(3, 4, 3, stride=0), "stride=0 must be a whole number of at least 1"),
        (lambda: nn.Conv2d(3, 4, 3, padding="full"), "padding='full' is not 'same', 'valid', a number or a pair"),
        (lambda: nn.Conv2d(3, 4, 3, 2, padding="same"), "padding='same' keeps the size only with stride 1"),
        (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), "padding_mode='mirror' is not one of 'zeros', 'reflect'"),
        (
            lambda: nn.Conv2d(3, 4, (3, 3, 3)),
            r"kernel_size=\(3, 3, 3\) must be a whole number of at least 1, or a pair",
        ),
        (lambda: nn.ConvTranspose1d(3, 4, 3, padding_mode="reflect"), "padding_mode='reflect' does not exist here"),
        (lambda: nn.ZeroPad2d((1, 2)), r"ZeroPad2d: padding=\(1, 2\) must be one number or 4 of them"),
        (lambda: nn.Dropout(1.5), "the probability p=1.5 must lie between 0 and 1"),
        (lambda: nn.CrossEntropyLoss(reduction="avg"), "CrossEntropyLoss: reduction='avg' is not"),
    ],
)
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_slope_that_begins_as_a_whole_number():
    assert nn.PReLU(2, init=1).weight.tolist() == [1.0, 1.0]


def test_layers_in_float64():
    layer = nn.Conv2d(2, 3, 3, dtype=float64)
    assert (layer.weight.dtype, layer.bias.dtype) == (float64, float64)
    assert nn.Linear(2, 3, dtype=float64).weight.dtype == float64


def test_dropout_keeps_its_share_and_its_mean():
    chainrule.manual_seed(0)
    p, n = 0.3, 100_000
    layer, x = nn.Dropout(p), chainrule.ones(n, requires_grad=True)
    y = layer(x)
    kept = y.detach().numpy() != 0
    assert abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / n)  # five standard deviations
    np.testing.assert_allclose(y.detach().numpy()[kept], 1 / (1 - p), rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())  # dx = m / (1 − p), the mask of the forward pass
    assert (layer(x).detach().numpy() != y.detach().numpy()).any()
    chainrule.manual_seed(0)
    np.testing.assert_array_equal(layer(x).detach().numpy(), y.detach().numpy())
    assert layer.eval()(x) is x
    assert not nn.Dropout(1)(x).detach().numpy().any()
