"""Twenty steps of every optimizer with every combination of its settings: PyTorch's trajectory."""

import itertools

import numpy as np
import pytest

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
