"""SGD: its promises, and the native kernel against its reference."""

import inspect
import itertools

import numpy as np
import pytest

from chainrule.native import Unsupported, core
from chainrule.nn import Parameter
from chainrule.optim import SGD
from chainrule.optim.sgd import sgd
from chainrule.tensor import Tensor

SETTINGS = [
    {"momentum": m, "dampening": d, "weight_decay": w, "nesterov": n, "maximize": x}
    for m, d, w, n, x in itertools.product((0, 0.9), (0, 0.3), (0, 0.01), (False, True), (False, True))
    if not (n and (m == 0 or d != 0))
]
SHAPES = [(7, 5), (5,), (2, 3, 3, 3), (), (1,)]


def test_first_velocity_is_the_gradient_whatever_the_dampening():
    p = Parameter(np.zeros(2, np.float32))
    optimizer = SGD([p], lr=1, momentum=0.9, dampening=0.5)
    p.grad = Tensor(np.array([1, 2], np.float32))
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [1, 2]
    optimizer.step()
    np.testing.assert_allclose(optimizer.state[p]["momentum_buffer"].numpy(), [1.4, 2.8], rtol=1e-6)


def test_gradients_are_not_changed():
    for settings in SETTINGS:
        p = Parameter(np.ones(4, np.float32))
        optimizer = SGD([p], lr=0.1, **settings)
        p.grad = Tensor(np.arange(4, dtype=np.float32))
        for _ in range(3):
            optimizer.step()
        assert p.grad.tolist() == [0, 1, 2, 3]


def test_the_array_stays_the_same_object():
    p = Parameter(np.ones(4, np.float32))
    before = p.array
    p.grad = Tensor(np.ones(4, np.float32))
    SGD([p], lr=0.5).step()
    assert p.array is before
    assert before.tolist() == [0.5] * 4


def test_a_rate_from_numpy_does_not_change_the_arithmetic():
    results = []
    for lr in (0.1, np.float64(0.1)):
        p = Parameter(np.float32([1, 2, 3]) / 7)
        p.grad = Tensor(np.float32([1, 2, 3]) / 11)
        SGD([p], lr=lr).step()
        results.append(p.detach().numpy().tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -1}, "lr=-1 must not be negative"),
        ({"lr": float("nan")}, "lr=nan must not be negative"),
        ({"momentum": -0.1}, "momentum=-0.1 must not be negative"),
        ({"weight_decay": -1}, "weight_decay=-1 must not be negative"),
        ({"nesterov": True}, "needs a momentum, and no dampening"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "needs a momentum, and no dampening"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        SGD([Parameter(np.ones(1))], **settings)


def test_signature_is_pytorchs():
    torch = pytest.importorskip("torch")
    theirs = inspect.signature(torch.optim.SGD).parameters
    for name, parameter in inspect.signature(SGD).parameters.items():
        assert (parameter.default, parameter.kind) == (theirs[name].default, theirs[name].kind), name
    positional = [n for n, p in inspect.signature(SGD).parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [n for n, p in theirs.items() if p.kind is p.POSITIONAL_OR_KEYWORD]


@pytest.mark.skipif(core is None, reason="the native tier was not built")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_native_is_the_reference(settings, dtype):
    rng = np.random.default_rng(2)
    arrays = [np.asarray(rng.normal(size=shape), dtype) for shape in (*SHAPES, (1000, 37), (0, 3))]
    grads = [np.asarray(rng.normal(size=a.shape), dtype) for a in arrays]
    velocities = [np.asarray(rng.normal(size=a.shape), dtype) for a in arrays] if settings["momentum"] else None
    results = []
    for rule in (sgd, core.sgd):
        params = [a.copy() for a in arrays]
        v = velocities and [a.copy() for a in velocities]
        rule(params, grads, v, 0.1, *settings.values())
        results.append((*params, *(v or [])))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@pytest.mark.skipif(core is None, reason="the native tier was not built")
def test_native_declines_before_it_changes_anything():
    params = [np.ones(3, np.float32), np.ones(3, np.float16)]
    with pytest.raises(Unsupported):
        core.sgd(params, [np.ones_like(p) for p in params], None, 0.1, 0, 0, 0, False, False)
    assert all((p == 1).all() for p in params)


def test_half_precision_takes_the_reference():
    p = Parameter(np.ones(3, np.float16))
    p.grad = Tensor(np.ones(3, np.float16))
    SGD([p], lr=0.5).step()
    assert p.tolist() == [0.5] * 3
