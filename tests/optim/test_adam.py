"""Adam and AdamW: their promises, and the native kernel against its reference."""

import inspect

import numpy as np
import pytest

from chainrule.native import core
from chainrule.nn import Parameter
from chainrule.optim import Adam, AdamW
from chainrule.optim.adam import adam
from chainrule.tensor import Tensor

SHAPES = [(7, 5), (5,), (2, 3, 3, 3), (), (1,)]


def test_first_step_has_the_length_of_the_rate():
    p = Parameter(np.zeros(3))
    p.grad = Tensor(np.array([1e-3, -5.0, 1e4]))
    Adam([p], lr=0.1).step()
    np.testing.assert_allclose(p.detach().numpy(), [-0.1, 0.1, -0.1], rtol=1e-4)


def test_parameters_are_corrected_by_their_own_number_of_steps():
    early, late = Parameter(np.zeros(1)), Parameter(np.zeros(1))
    optimizer = Adam([early, late], lr=0.1)
    for step in range(5):
        early.grad = Tensor(np.ones(1))
        late.grad = Tensor(np.ones(1)) if step == 4 else None
        optimizer.step()
    assert optimizer.state[early]["step"] == 5
    assert optimizer.state[late]["step"] == 1
    np.testing.assert_allclose(late.detach().numpy(), -0.1, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -1}, "lr=-1 must not be negative"),
        ({"eps": -1e-8}, "eps=-1e-08 must not be negative"),
        ({"betas": (0.9, 1.0)}, "must lie in"),
        ({"weight_decay": -1}, "weight_decay=-1 must not be negative"),
    ],
)
@pytest.mark.parametrize("optimizer", [Adam, AdamW])
def test_settings_that_make_no_sense(optimizer, settings, message):
    with pytest.raises(ValueError, match=f"{optimizer.__name__}: .*{message}"):
        optimizer([Parameter(np.ones(1))], **settings)


@pytest.mark.parametrize("ours", [Adam, AdamW])
def test_defaults_are_pytorchs(ours):
    torch = pytest.importorskip("torch")
    theirs = inspect.signature(getattr(torch.optim, ours.__name__)).parameters
    for name, parameter in inspect.signature(ours).parameters.items():
        assert (parameter.default, parameter.kind) == (theirs[name].default, theirs[name].kind), name


@pytest.mark.skipif(core is None, reason="the native tier was not built")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize(("decay", "decoupled"), [(0, False), (0.1, False), (0.1, True)])
@pytest.mark.parametrize("step", [1, 7])
def test_native_is_the_reference(step, decay, decoupled, maximize, dtype):
    rng = np.random.default_rng(3)
    shapes = (*SHAPES, (1000, 37), (0, 3))
    start = [[np.asarray(rng.normal(size=s), dtype) for s in shapes] for _ in range(4)]
    start[3] = [np.asarray(v * v) for v in start[3]]
    results = []
    for rule in (adam, core.adam):
        params, grads, m, v = ([a.copy() for a in arrays] for arrays in start)
        rule(params, grads, m, v, step, 0.01, 0.9, 0.999, 1e-8, decay, decoupled, maximize)
        results.append((*params, *m, *v))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)
