"""ModuleDict, ParameterList, ParameterDict and Unflatten: what they hold, print and save, as PyTorch's do."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn

ENGINES = ["chainrule", "torch"]


@pytest.fixture(params=ENGINES)
def engine(request):
    return pytest.importorskip(request.param)


def printed(module):
    return repr(module).replace("torch.", "")


def test_module_dict(engine):
    nn = engine.nn
    layers = nn.ModuleDict({"conv": nn.Conv2d(1, 2, 3), "act": nn.ReLU()})
    layers["last"] = nn.Linear(2, 2)
    layers.update([("more", nn.Tanh())])
    assert list(layers) == list(layers.keys()) == ["conv", "act", "last", "more"]
    assert len(layers) == 4
    assert "act" in layers
    assert "conv2" not in layers
    assert isinstance(layers["act"], nn.ReLU)
    assert [name for name, _ in layers.items()] == list(layers)
    assert list(layers.state_dict()) == ["conv.weight", "conv.bias", "last.weight", "last.bias"]
    assert isinstance(layers.pop("more"), nn.Tanh)
    del layers["conv"]
    assert [type(m).__name__ for m in layers.values()] == ["ReLU", "Linear"]
    with pytest.raises(KeyError):
        layers["conv"]
    layers.clear()
    assert not len(layers)


def test_parameter_list(engine):
    nn = engine.nn
    rows = nn.ParameterList([nn.Parameter(engine.zeros(2, 3)), engine.ones(4)])
    rows.append(nn.Parameter(engine.ones(1)))
    rows.extend([engine.zeros(2)])
    assert len(rows) == 4
    assert all(isinstance(p, nn.Parameter) for p in rows)
    assert [tuple(p.shape) for p in rows] == [(2, 3), (4,), (1,), (2,)]
    assert list(rows.state_dict()) == ["0", "1", "2", "3"]
    assert tuple(rows[-1].shape) == (2,)
    rows[1] = nn.Parameter(engine.ones(7))
    assert [tuple(p.shape) for p in rows[1:3]] == [(7,), (1,)]
    assert len(list(rows.parameters())) == 4
    with pytest.raises(IndexError):
        rows[4]


def test_parameter_dict(engine):
    nn = engine.nn
    named = nn.ParameterDict({"a": nn.Parameter(engine.zeros(2, 3)), "b": engine.ones(4)})
    named["c"] = nn.Parameter(engine.ones(1))
    assert list(named.keys()) == ["a", "b", "c"]
    assert all(isinstance(p, nn.Parameter) for p in named.values())
    assert list(named.state_dict()) == ["a", "b", "c"]
    assert tuple(named.pop("b").shape) == (4,)
    assert "b" not in named
    assert named.get("b") is None
    (named["a"].sum() * 2).backward()
    assert named["a"].grad.numpy().tolist() == [[2, 2, 2]] * 2


def test_they_print_as_pytorchs():
    torch = pytest.importorskip("torch")

    def make(engine):
        nn = engine.nn
        return [
            nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Sequential(nn.ReLU())}),
            nn.ModuleDict(),
            nn.ParameterList([engine.zeros(2, 3), engine.zeros(4)]),
            nn.ParameterDict({"a": nn.Parameter(engine.zeros(2, 3)), "b": nn.Parameter(engine.zeros(4))}),
            nn.Unflatten(1, (2, 3)),
        ]

    assert [printed(m) for m in make(cr)] == [printed(m).replace("FloatTensor", "float32") for m in make(torch)]


def test_unflatten_parts_an_axis(engine):
    x = engine.from_numpy(np.arange(24, dtype=np.float32).reshape(2, 12))
    assert tuple(engine.nn.Unflatten(1, (3, 2, 2))(x).shape) == (2, 3, 2, 2)
    assert tuple(engine.nn.Unflatten(-1, [4, -1])(x).shape) == (2, 4, 3)


def test_what_cannot_be():
    with pytest.raises(TypeError, match="a Parameter or a Tensor is needed, not list"):
        nn.ParameterList([[1.0]])
    with pytest.raises(IndexError, match="index 2 in a ParameterList of 1 parameters"):
        nn.ParameterList([cr.zeros(1)])[2]
    with pytest.raises(TypeError, match="a Module or None is needed, not int"):
        nn.ModuleDict({"a": 3})
    with pytest.raises(ValueError, match=r"Unflatten\(dim=1, unflattened_size=\(5, 2\)\)"):
        nn.Unflatten(1, (5, 2))(cr.zeros(2, 12))
    with pytest.raises(TypeError, match="must be a whole number"):
        nn.Unflatten("C", (5, 2))
