"""Twenty steps of every optimizer with every combination of its settings: PyTorch's trajectory."""

import itertools

import numpy as np
import pytest

import chainrule as cr
from chainrule import optim
from chainrule.nn import Parameter
from chainrule.optim import SGD, Adam, AdamW
from chainrule.tensor import Tensor

SGD_SETTINGS = [
    {"momentum": m, "dampening": d, "weight_decay": w, "nesterov": n, "maximize": x}
    for m, d, w, n, x in itertools.product((0, 0.9), (0, 0.3), (0, 0.01), (False, True), (False, True))
    if not (n and (m == 0 or d != 0))
]
ADAM_SETTINGS = [
    {"betas": betas, "eps": eps, "weight_decay": decay, "maximize": maximize}
    for betas, eps, decay, maximize in itertools.product(
        ((0.9, 0.999), (0.8, 0.95)), (1e-8, 1e-3), (0, 0.02), (False, True)
    )
]
SHAPES = [(7, 5), (5,), (2, 3, 3, 3), (), (1,)]


@pytest.fixture
def exact_numbers():
    """PyTorch keeps NAdam's product of momenta in its default dtype; ours is always a float64 number."""
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def gradient(theta, noise):
    return (np.sin(3 * theta) + noise).astype(theta.dtype)


def train(optimizer, params, steps, set_grad, dtype):
    """Steps on a bumpy function, whose gradient depends on where they led."""
    rng = np.random.default_rng(1)
    for step in range(steps):
        for i, p in enumerate(params):
            noise = rng.normal(size=tuple(p.shape))
            if (step + i) % 7 != 3:  # now and then a parameter has no gradient
                set_grad(p, np.asarray(gradient(p.detach().numpy(), noise), dtype))
        optimizer.step()
        optimizer.zero_grad()
    return [p.detach().numpy() for p in params]


def set_grad(p, grad):
    p.grad = Tensor(grad)


def run_both(ours, theirs, dtype, steps=20, **settings):
    torch = pytest.importorskip("torch")

    def set_torch_grad(p, grad):
        p.grad = torch.from_numpy(grad)

    rng = np.random.default_rng(0)
    starts = [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]
    mine = [Parameter(s.copy()) for s in starts]
    other = [torch.nn.Parameter(torch.from_numpy(s.copy())) for s in starts]
    a = train(ours(mine, **settings), mine, steps, set_grad, dtype)
    b = train(theirs(other, **settings), other, steps, set_torch_grad, dtype)
    tolerance = 2e-5 if dtype == np.float32 else 1e-12
    for x, y, start in zip(a, b, starts, strict=True):
        assert x.dtype == dtype
        assert not np.allclose(x, start, rtol=1e-3)  # it did move
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", SGD_SETTINGS, ids=str)
def test_sgd(settings, dtype):
    torch = pytest.importorskip("torch")
    run_both(SGD, torch.optim.SGD, dtype, lr=0.05, **settings)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", ADAM_SETTINGS, ids=str)
@pytest.mark.parametrize("optimizer", [Adam, AdamW])
def test_adam(optimizer, settings, dtype):
    torch = pytest.importorskip("torch")
    run_both(optimizer, getattr(torch.optim, optimizer.__name__), dtype, lr=0.01, **settings)


AMSGRAD_SETTINGS = [
    {"amsgrad": True, "weight_decay": decay, "maximize": maximize}
    for decay, maximize in itertools.product((0, 0.02), (False, True))
]
NADAM_SETTINGS = [
    {"betas": betas, "weight_decay": decay, "momentum_decay": psi, "decoupled_weight_decay": d, "maximize": maximize}
    for betas, (decay, d), psi, maximize in itertools.product(
        ((0.9, 0.999), (0.8, 0.95)), ((0, False), (0.02, False), (0.02, True)), (4e-3, 0.1), (False, True)
    )
]
RMSPROP_SETTINGS = [
    {
        "alpha": alpha,
        "eps": 1e-3,
        "weight_decay": decay,
        "momentum": momentum,
        "centered": centered,
        "maximize": maximize,
    }
    for alpha, decay, momentum, centered, maximize in itertools.product(
        (0.99, 0.7), (0, 0.02), (0, 0.8), (False, True), (False, True)
    )
]
ADAGRAD_SETTINGS = [
    {"lr_decay": lr_decay, "weight_decay": decay, "initial_accumulator_value": start, "maximize": maximize}
    for lr_decay, decay, start, maximize in itertools.product((0, 0.1), (0, 0.02), (0, 0.5), (False, True))
]
ADADELTA_SETTINGS = [
    {"rho": rho, "eps": eps, "weight_decay": decay, "maximize": maximize}
    for rho, eps, decay, maximize in itertools.product((0.9, 0.5), (1e-6, 1e-2), (0, 0.02), (False, True))
]
OTHERS = [
    *[("Adam", 0.01, s) for s in AMSGRAD_SETTINGS],
    *[("AdamW", 0.01, s) for s in AMSGRAD_SETTINGS],
    *[("NAdam", 0.01, s) for s in NADAM_SETTINGS],
    *[("RMSprop", 0.01, s) for s in RMSPROP_SETTINGS],
    *[("Adagrad", 0.05, s) for s in ADAGRAD_SETTINGS],
    *[("Adadelta", 1.0, s) for s in ADADELTA_SETTINGS],
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "lr", "settings"), OTHERS, ids=str)
@pytest.mark.usefixtures("exact_numbers")
def test_others(name, lr, settings, dtype):
    torch = pytest.importorskip("torch")
    run_both(getattr(optim, name), getattr(torch.optim, name), dtype, lr=lr, **settings)


EVERY = {
    "SGD": {"momentum": 0.9, "dampening": 0.1},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "NAdam": {},
    "RMSprop": {"momentum": 0.9, "centered": True, "eps": 1e-3},
    "Adagrad": {"lr_decay": 0.1},
    "Adadelta": {},
}


@pytest.mark.parametrize("source", ["chainrule", "torch"])
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.usefixtures("exact_numbers")
def test_resumes_from_a_state_dict(name, source):
    """Ten steps, and ten more after the state has moved to another optimizer: from PyTorch's state too."""
    torch = pytest.importorskip("torch")

    def steps(engine, optimizer, params, first, last):
        for t in range(first, last):
            for i, p in enumerate(params):
                grad = np.sin(np.arange(p.detach().numpy().size) + t + i).reshape(tuple(p.shape))
                p.grad = engine.from_numpy(np.asarray(grad))
            optimizer.step()

    def parameters(engine, starts):
        return [engine.nn.Parameter(engine.from_numpy(np.array(s))) for s in starts]

    starts = [np.ones((3, 2)), np.full((1,), 2.0), np.array(3.0)]
    straight = parameters(cr, starts)
    steps(cr, getattr(optim, name)(straight, lr=0.02, **EVERY[name]), straight, 0, 20)
    engine = cr if source == "chainrule" else torch
    first = parameters(engine, starts)
    before = getattr(engine.optim, name)(first, lr=0.02, **EVERY[name])
    steps(engine, before, first, 0, 10)
    second = parameters(cr, [p.detach().numpy() for p in first])
    after = getattr(optim, name)(second, lr=7.0)
    after.load_state_dict(before.state_dict())
    steps(cr, after, second, 10, 20)
    for p, q in zip(second, straight, strict=True):
        if source == "chainrule":
            assert p.tolist() == q.tolist()
        else:
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-10)
