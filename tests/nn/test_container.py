"""Sequential and ModuleList as the lists that they are."""

from collections import OrderedDict

import pytest

from chainrule import nn, ones
from chainrule.nn import Identity, Linear, ModuleList, ReLU, Sequential, Tanh


def test_indexing_and_slicing():
    model = Sequential(Linear(2, 3), ReLU(), Linear(3, 4), Tanh())
    assert len(model) == 4
    assert model[0] is next(iter(model))
    assert model[-1] is model[3]
    assert isinstance(model[1:3], Sequential)
    assert model[1:3][1] is model[2]
    assert list(model[2:].state_dict()) == ["2.weight", "2.bias"]  # names are kept, as in PyTorch
    with pytest.raises(IndexError, match="index 4 in a Sequential of 4 modules"):
        model[4]
    with pytest.raises(IndexError, match="index -5 in a Sequential of 4 modules"):
        model[-5]


def test_changing_the_row():
    first, second, third = Linear(2, 2), ReLU(), Tanh()
    model = Sequential(first).append(third).insert(1, second)
    assert list(model) == [first, second, third]
    assert [name for name, _ in model.named_children()] == ["0", "1", "2"]
    model[1] = Identity()
    del model[0]
    assert [type(m) for m in model] == [Identity, Tanh]
    assert [name for name, _ in model.named_children()] == ["0", "1"]
    model.extend([first, second])
    assert model[2] is first
    del model[1:]
    assert len(model) == 1


def test_named_modules_are_attributes():
    model = Sequential(OrderedDict(hidden=Linear(2, 3), act=ReLU()))
    assert model.hidden is model[0]
    assert model(ones(1, 2)).shape == (1, 3)
    assert list(model.state_dict()) == ["hidden.weight", "hidden.bias"]


def test_a_module_twice_in_a_row_is_applied_twice():
    layer = Linear(2, 2)
    model, x = Sequential(layer, layer), ones(1, 2)
    assert model(x).tolist() == layer(layer(x)).tolist()


def test_what_is_not_a_module():
    with pytest.raises(TypeError, match="a Module or None is needed, not function"):
        Sequential(Linear(2, 2), lambda x: x)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_module_list_prints_as_in_pytorch(size):
    torch = pytest.importorskip("torch")

    def make(nn):
        layers = [nn.Linear(2, 2) for _ in range(size)] + [nn.Sequential(nn.ReLU()) for _ in range(size // 2)]
        return nn.ModuleList(layers)

    assert repr(make(nn)) == repr(make(torch.nn))


def test_module_list():
    layers = ModuleList([Linear(2, 2), ReLU()])
    assert layers[-1] is layers[1]
    assert isinstance(layers[:1], ModuleList)
    assert len(layers.append(Tanh())) == 3
    del layers[0]
    assert [name for name, _ in layers.named_children()] == ["0", "1"]
    with pytest.raises(NotImplementedError):
        layers(ones(1))
