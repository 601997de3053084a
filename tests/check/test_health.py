"""health: what is wrong with a model is named at the layer where it is wrong."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.check import health

RNG = np.random.default_rng(0)
X = cr.from_numpy(RNG.standard_normal((32, 10)).astype(np.float32))
Y = cr.from_numpy(RNG.integers(0, 3, 32))


@pytest.fixture(autouse=True)
def _seed():
    cr.manual_seed(0)


def problems(found):
    return {o.path: o.problems for o in found.layers if o.problems}


def deep(gain, depth=12):
    layers = []
    for _ in range(depth):
        layer = nn.Linear(10, 10, bias=False)
        nn.init.orthogonal_(layer.weight, gain)
        layers.append(layer)
    return nn.Sequential(*layers)


def test_a_sound_model():
    model = nn.Sequential(nn.Linear(10, 30), nn.ReLU(), nn.Linear(30, 3))
    found = health(model, (X, Y), nn.CrossEntropyLoss())
    assert found
    assert [(o.path, o.kind, o.shape) for o in found.layers] == [
        ("0", "Linear", (32, 30)), ("1", "ReLU", (32, 30)), ("2", "Linear", (32, 3)),
    ]  # fmt: skip
    h = model[1](model[0](X))
    assert found.layers[1].mean == pytest.approx(h.mean().item(), rel=1e-5)
    assert found.layers[1].dead == (h.detach().numpy() == 0).all(axis=0).mean()
    nn.CrossEntropyLoss()(model(X), Y).backward()
    w, b = model[2].weight, model[2].bias
    dw = np.hypot(np.linalg.norm(w.grad.numpy()), np.linalg.norm(b.grad.numpy()))
    size = np.hypot(np.linalg.norm(w.detach().numpy()), np.linalg.norm(b.detach().numpy()))
    assert found.layers[2].weight_gradient == pytest.approx(dw / size, rel=1e-4)
    assert "no problems found" in str(found)


def test_dead_units():
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3))
    model[0].bias.data = cr.tensor([-100.0] * 4 + [0.0] * 4)
    found = health(model, X)
    assert problems(found) == {"1": ("dead units",)}
    assert found.layers[1].dead == 0.5
    assert not found
    assert "dead units" in str(found)
    images = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    images[0].bias.data = cr.tensor([-100.0, 0.0, 0.0, -100.0])
    assert health(images, cr.randn(2, 1, 6, 6)).layers[1].dead == 0.5


@pytest.mark.parametrize("activation", [nn.Sigmoid, nn.Tanh])
def test_saturation(activation):
    model = nn.Sequential(nn.Linear(10, 20), activation(), nn.Linear(20, 2))
    assert health(model, X)
    with cr.no_grad():
        model[0].weight.mul_(100)
    found = health(model, X)
    assert "saturated" in problems(found)["1"]
    assert found.layers[1].saturated > 0.8


def test_gradients_that_vanish_and_explode():
    assert health(deep(1.0), X)
    assert [o.gradient for o in health(deep(1.0), X).layers] == pytest.approx([1] * 12, rel=1e-4)
    vanishing, exploding = health(deep(0.3), X), health(deep(3.0), X)
    assert vanishing.layers[0].gradient == pytest.approx(0.3**11, rel=1e-4)
    assert list(problems(vanishing)) == [str(i) for i in range(6)]  # 0.3⁶ < 10⁻³ < 0.3⁵
    assert problems(vanishing)["5"] == ("gradient vanishes",)
    assert problems(exploding)["4"] == ("gradient explodes",)  # 3⁷ > 10³
    assert problems(exploding)["11"] == ("activation explodes",)


def test_what_is_not_finite_and_what_gets_no_gradient():
    class Cut(nn.Module):
        def forward(self, x):
            return x.detach()

    model = nn.Sequential(nn.Linear(10, 3), Cut(), nn.Linear(3, 3))
    found = health(model, X)
    assert found.unused == ["0.weight", "0.bias"]
    assert problems(found)["0"] == ("no gradient",)
    assert "without a gradient: 0.weight, 0.bias" in str(found)
    with cr.no_grad():
        model[2].bias[0] = np.inf
    assert "activation not finite" in problems(health(model, X))["2"]


def test_nothing_is_changed():
    model = nn.Sequential(nn.Linear(10, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))
    nn.CrossEntropyLoss()(model(X), Y).backward()
    state = {name: value.tolist() for name, value in model.state_dict().items()}
    grads, random = [p.grad.tolist() for p in model.parameters()], cr.get_rng_state()
    health(model, (X, Y), nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match=r'Linear\(.*\) at "0"'):
        health(model, cr.ones(2, 3))
    assert {name: value.tolist() for name, value in model.state_dict().items()} == state
    assert [p.grad.tolist() for p in model.parameters()] == grads
    assert cr.get_rng_state() == random
    assert all(not m._hooks.after for m in model.modules() if m._hooks)
    with pytest.raises(ValueError, match="a loss needs a batch"):
        health(model, X, nn.CrossEntropyLoss())
