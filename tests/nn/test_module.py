"""Module: what belongs to its state, and in which order; modes, conversion, copies."""

import copy
import pickle

import numpy as np
import pytest

from chainrule import float32, float64, no_grad, ones, tensor, zeros
from chainrule.nn import Linear, Module, ModuleList, Parameter, ReLU, Sequential
from chainrule.optim import SGD


class Block(Module):
    """Children before parameters, a buffer of each kind, a parameter that is None: the order of names must not care."""

    def __init__(self, nn, ones):
        super().__init__()
        self.inner = nn.Linear(2, 3)
        self.scale = nn.Parameter(ones(3))
        self.register_buffer("mean", ones(3))
        self.register_buffer("cache", ones(1), persistent=False)
        self.register_parameter("shift", None)
        self.name = "plain attributes do not count"
        self.offset = nn.Parameter(ones(1))
        self.tail = nn.Sequential(nn.Linear(3, 1), nn.ReLU())


def ours():
    from chainrule import nn

    return Block(nn, ones)


def theirs():
    torch = pytest.importorskip("torch")
    return type("Block", (torch.nn.Module,), {"__init__": _torch_init})()


def _torch_init(self):
    import torch

    torch.nn.Module.__init__(self)
    self.inner = torch.nn.Linear(2, 3)
    self.scale = torch.nn.Parameter(torch.ones(3))
    self.register_buffer("mean", torch.ones(3))
    self.register_buffer("cache", torch.ones(1), persistent=False)
    self.register_parameter("shift", None)
    self.name = "plain attributes do not count"
    self.offset = torch.nn.Parameter(torch.ones(1))
    self.tail = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.ReLU())


def test_names_and_order_are_pytorchs():
    a, b = ours(), theirs()
    assert list(a.state_dict()) == list(b.state_dict())
    for names in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(a, names)()] == [n for n, _ in getattr(b, names)()], names
    assert [n for n, _ in a.named_parameters("top", recurse=False)] == ["top.scale", "top.offset"]
    assert list(a.state_dict(prefix="top.")) == list(b.state_dict(prefix="top."))
    assert repr(a) == repr(b)


def test_shared_parameters_and_modules_count_once():
    layer = Linear(2, 2)
    model = Sequential(layer, ReLU(), layer)
    tied = Linear(2, 2)
    tied.weight = layer.weight
    model.append(tied)
    assert [n for n, _ in model.named_parameters()] == ["0.weight", "0.bias", "3.bias"]
    assert [n for n, _ in model.named_modules()] == ["", "0", "1", "3"]
    assert len(list(model.children())) == 3
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias", "3.weight", "3.bias"]
    assert len(list(model.named_parameters(remove_duplicate=False))) == 6


def test_parameters_are_reassigned_deleted_and_left_out():
    layer = Linear(2, 3)
    layer.weight = Parameter(zeros(3, 2))
    assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]
    layer.bias = None
    assert [n for n, _ in layer.named_parameters()] == ["weight"]
    layer.bias = Parameter(zeros(3))
    del layer.weight
    assert [n for n, _ in layer.named_parameters()] == ["bias"]
    assert not hasattr(layer, "weight")
    layer.weight = ones(3, 2)  # a plain tensor now, which is allowed after del
    assert list(layer.state_dict()) == ["bias"]


def test_a_parameter_is_found_without_a_detour():
    layer = Linear(2, 3)
    assert vars(layer)["weight"] is layer.weight
    assert not hasattr(Module, "__getattr__")
    assert not hasattr(Module, "__getattribute__") or Module.__getattribute__ is object.__getattribute__


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("scale", ones(3), "cannot assign Tensor to the parameter 'scale' of Block: a Parameter or None is needed"),
        ("scale", 1.0, "cannot assign float to the parameter 'scale'"),
        ("inner", 3, "cannot assign int to the child module 'inner' of Block: a Module or None is needed"),
        ("mean", np.ones(3), "cannot assign ndarray to the buffer 'mean': a Tensor or None is needed"),
    ],
)
def test_state_is_not_dropped_by_an_assignment(name, value, message):
    module = ours()
    with pytest.raises(TypeError, match=message):
        setattr(module, name, value)
    assert list(module.state_dict()) == list(ours().state_dict())


def test_a_buffer_keeps_its_name_and_may_become_a_parameter():
    module = ours()
    module.mean = zeros(3)
    assert module.state_dict()["mean"].tolist() == [0, 0, 0]
    module.mean = Parameter(zeros(3))
    assert [n for n, _ in module.named_buffers()] == ["cache"]
    assert "mean" in dict(module.named_parameters())
    assert list(module.state_dict()).count("mean") == 1
    del module.cache
    module.cache = ones(1)
    assert not list(module.named_buffers())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.register_parameter("a.b", None), KeyError, "has a dot"),
        (lambda m: m.register_parameter("", None), KeyError, "is empty"),
        (lambda m: m.register_parameter(3, None), TypeError, "must be a string"),
        (lambda m: m.register_parameter("name", Parameter(ones(1))), KeyError, "already has an attribute 'name'"),
        (lambda m: m.register_buffer("forward", ones(1)), KeyError, "already has an attribute 'forward'"),
        (lambda m: m.register_buffer("scale", ones(1)), KeyError, "already has an attribute 'scale'"),
        (lambda m: m.register_parameter("x", ones(1)), TypeError, "a Parameter or None is needed, not Tensor"),
        (lambda m: m.register_buffer("x", 1.0), TypeError, "a Tensor or None is needed, not float"),
        (lambda m: m.add_module("x", 1.0), TypeError, "a Module or None is needed, not float"),
    ],
)
def test_registering_what_cannot_be(call, error, message):
    with pytest.raises(error, match=message):
        call(ours())


def test_state_dict_shares_memory_and_is_detached():
    layer = Linear(2, 3)
    state = layer.state_dict()
    assert not state["weight"].requires_grad
    assert np.shares_memory(state["weight"].numpy(), layer.weight.array)
    assert layer.state_dict(keep_vars=True)["weight"] is layer.weight


def test_load_state_dict_writes_in_place():
    a, b = ours(), ours()
    optimizer = SGD(b.parameters(), lr=1.0)
    before = b.scale.array
    with no_grad():
        a.scale.fill_(7)
    assert repr(b.load_state_dict(a.state_dict())) == "<All keys matched successfully>"
    assert b.scale.array is before
    assert before.tolist() == [7, 7, 7]
    assert optimizer.param_groups[0]["params"][0] is b.scale


def test_load_state_dict_says_all_that_is_wrong_and_changes_nothing():
    model = Sequential(Linear(2, 3), Linear(3, 1))
    state = {name: zeros(*t.shape) for name, t in model.state_dict().items()}
    state["0.weight"] = zeros(3, 5)
    state["2.weight"] = state.pop("1.bias")
    before = pickle.dumps(model)
    with pytest.raises(RuntimeError) as error:
        model.load_state_dict(state)
    assert str(error.value) == (
        "this state_dict does not fit Sequential:\n"
        "  missing: 1.bias\n"
        "  unexpected: 2.weight\n"
        "  the shape of 0.weight is (3, 5), this model's is (3, 2)"
    )
    with pytest.raises(RuntimeError, match=r"the shape of 0\.weight"):
        model.load_state_dict(state, strict=False)
    assert pickle.dumps(model) == before
    del state["0.weight"]
    keys = model.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["0.weight", "1.bias"]
    assert keys.unexpected_keys == ["2.weight"]
    assert model[0].bias.tolist() == [0, 0, 0]


def test_load_state_dict_takes_arrays_and_nothing_odd():
    layer = Linear(2, 1)
    layer.load_state_dict({"weight": np.ones((1, 2)), "bias": np.zeros(1, np.int64)})
    assert layer.weight.dtype == float32
    with pytest.raises(TypeError, match="bias is a str, not a tensor or an array"):
        layer.load_state_dict({"weight": np.ones((1, 2)), "bias": "x"})


def test_train_and_eval_reach_everywhere():
    module = ours()
    assert module.training
    assert module.eval() is module
    assert not any(m.training for m in module.modules())
    module.tail.train()
    assert [m.training for m in module.modules()] == [False, False, True, True, True]
    with pytest.raises(ValueError, match="True or False"):
        module.train("no")


def test_requires_grad_and_zero_grad():
    layer = Linear(2, 1)
    layer(ones(3, 2)).sum().backward()
    assert layer.weight.grad.tolist() == [[3, 3]]
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad.tolist() == [[0, 0]]
    layer.zero_grad()
    assert layer.weight.grad is None
    layer.requires_grad_(False)
    assert not layer(ones(3, 2)).requires_grad
    layer.requires_grad_()
    assert layer(ones(3, 2)).requires_grad


def test_apply_visits_children_first():
    seen = []
    ours().apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "Linear", "ReLU", "Sequential", "Block"]


def test_conversion_keeps_the_parameters_and_their_gradients():
    model = Sequential(Linear(2, 2), Linear(2, 1))
    model[1].requires_grad_(False)
    model.register_buffer("steps", tensor([3]))
    weight = model[0].weight
    model(ones(1, 2)).sum().backward()
    assert model.double() is model
    assert model[0].weight is weight
    assert (weight.dtype, weight.grad.dtype) == (float64, float64)
    assert weight.requires_grad
    assert not model[1].weight.requires_grad
    assert model.steps.dtype == np.int64
    model.zero_grad()
    model(ones(1, 2, dtype=float64)).sum().backward()
    assert weight.grad.dtype == float64
    assert model.to("cpu").float()[0].weight.dtype == float32
    with pytest.raises(TypeError, match="a floating-point dtype is needed"):
        model.to(np.int64)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])  # noqa: S301
def test_copies_stand_on_their_own(duplicate):
    model = Sequential(Linear(2, 2), ReLU(), Linear(2, 1))
    model.append(model[0])
    twin = duplicate(model)
    assert twin[0] is twin[3]
    x = ones(1, 2)
    assert twin[0](x).tolist() == model[0](x).tolist()
    twin[0](x).sum().backward()
    assert model[0].weight.grad is None
    with no_grad():
        twin[0].weight.fill_(0)
    assert model[0].weight.array.any()


def test_forgetting_super_init_does_no_harm():
    class Forgetful(Module):
        def __init__(self):
            self.layer = Linear(1, 1)
            self.register_buffer("b", ones(1))

    assert list(Forgetful().state_dict()) == ["b", "layer.weight", "layer.bias"]
    assert not Module._buffers


def test_call_passes_everything_on():
    class Echo(Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    assert Echo()() == ((), {})
    assert Echo()(1) == ((1,), {})
    assert Echo()(None, 2, first=3, self_=4) == ((None, 2), {"first": 3, "self_": 4})
    assert Echo()(input=1) == ((), {"input": 1})
    with pytest.raises(NotImplementedError, match=r"Module\(\): Module does not define forward\(\)"):
        Module()(1)


def test_get_submodule():
    module = ours()
    assert module.get_submodule("tail.1") is module.tail[1]
    assert module.get_submodule("") is module
    with pytest.raises(AttributeError, match=r"Block has no module at 'tail\.2'"):
        module.get_submodule("tail.2")


def test_parameter_shares_memory_and_prints_as_in_pytorch():
    torch = pytest.importorskip("torch")
    data = ones(2)
    parameter = Parameter(data)
    assert parameter.array is data.array
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert repr(parameter) == repr(torch.nn.Parameter(torch.ones(2)))
    assert not Parameter(data, requires_grad=False).requires_grad
    with pytest.raises(TypeError, match="a tensor or an array is needed, not list"):
        Parameter([1.0])


def test_module_list_belongs_to_the_state():
    class Net(Module):
        def __init__(self):
            super().__init__()
            self.layers = ModuleList(Linear(2, 2) for _ in range(2))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    net = Net()
    assert list(net.state_dict()) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert net(ones(1, 2)).shape == (1, 2)
