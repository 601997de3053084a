"""Hooks on tensors and modules: the same calls, with the same values, as PyTorch's."""

import copy

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
WEIGHTS = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 5, "bias": np.array([0.1, -0.2], np.float32)}
ENGINES = ["chainrule", "torch"]


@pytest.fixture(params=ENGINES)
def engine(request):
    return pytest.importorskip(request.param)


def linear(engine):
    layer = engine.nn.Linear(3, 2)
    layer.load_state_dict({name: engine.from_numpy(value.copy()) for name, value in WEIGHTS.items()})
    return layer


def leaf(engine):
    return engine.from_numpy(X.copy()).requires_grad_()


def values(grads):
    return [None if g is None else g.detach().numpy().tolist() for g in grads]


def test_tensor_hooks_see_the_complete_gradient_and_replace_it(engine):
    x, heard = leaf(engine), []
    y = x * 2
    y.retain_grad()
    first = y.register_hook(lambda g: heard.append(g.numpy().tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (y.sum() + (y * 3).sum()).backward()
    assert heard == [[[4.0] * 3] * 2]
    assert y.grad.numpy().tolist() == [[40.0] * 3] * 2
    assert x.grad.numpy().tolist() == [[81.0] * 3] * 2
    first.remove()
    first.remove()
    (x * 1).sum().backward()
    assert len(heard) == 1
    assert x.grad.numpy().tolist() == [[83.0] * 3] * 2


def test_tensor_hooks_hold_for_grad_too(engine):
    x = leaf(engine)
    with x.register_hook(lambda g: g * 3):
        (found,) = engine.autograd.grad((x * 2).sum(), x)
    assert found.numpy().tolist() == [[6.0] * 3] * 2
    (found,) = engine.autograd.grad((x * 2).sum(), x)
    assert found.numpy().tolist() == [[2.0] * 3] * 2


def test_tensor_hooks_that_cannot_be():
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        cr.ones(2).register_hook(print)
    x = cr.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="a hook must be a function, not int"):
        x.register_hook(3)
    x.register_hook(lambda g: g.sum())
    with pytest.raises(RuntimeError, match=r"a hook on a gradient of shape \(2,\) returned shape \(\)"):
        (x * 2).sum().backward()


def test_forward_hooks_run_in_order_and_exchange_values(engine):
    layer, heard = linear(engine), []
    layer.register_forward_pre_hook(lambda m, args: heard.append("pre 1"))
    layer.register_forward_pre_hook(lambda m, args: args[0] * 2, prepend=True)
    layer.register_forward_hook(lambda m, args, out: heard.append(("after", args[0][0, 0].item())))
    layer.register_forward_hook(lambda m, args, out: out + 100)
    handle = layer.register_forward_hook(lambda m, args, out: heard.append("first"), prepend=True)
    y = layer(engine.from_numpy(X.copy()))
    assert heard == ["pre 1", "first", ("after", -2.0)]
    np.testing.assert_allclose(y.detach().numpy(), 2 * X @ WEIGHTS["weight"].T + WEIGHTS["bias"] + 100, rtol=1e-6)
    handle.remove()
    layer(engine.from_numpy(X.copy()))
    assert heard[3:] == ["pre 1", ("after", -2.0)]


def test_hooks_with_keywords_and_after_an_error(engine):
    class Scale(engine.nn.Module):
        def forward(self, x, *, by=1.0):
            if by == 0:
                raise ValueError("by zero")
            return x * by

    module, heard = Scale(), []
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": kwargs["by"] * 2}), with_kwargs=True)
    module.register_forward_hook(lambda m, args, kwargs, out: heard.append(kwargs), with_kwargs=True)
    module.register_forward_hook(lambda m, args, out: heard.append(out is None), always_call=True)
    assert module(engine.ones(1), by=3.0).item() == 6
    assert heard == [{"by": 6.0}, False]
    with pytest.raises(ValueError, match="by zero"):
        module(engine.ones(1), by=0)
    assert heard[2:] == [True]


def backward_record(engine, hook_inputs):
    """All that backward hooks hear on two layers, one of whose inputs wants a gradient or not."""
    model, heard = engine.nn.Sequential(linear(engine), engine.nn.Tanh()), []
    for module in model:
        module.register_full_backward_hook(lambda m, gi, go: heard.append((type(m).__name__, values(gi), values(go))))
    x = leaf(engine) if hook_inputs else engine.from_numpy(X.copy())
    (model(x) ** 2).sum().backward()
    return heard, model[0].weight.grad.numpy(), x.grad


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # PyTorch's, where no input wants a gradient
@pytest.mark.parametrize("inputs", [True, False])
def test_backward_hooks_hear_what_pytorchs_hear(inputs):
    ours, theirs = (backward_record(pytest.importorskip(e), inputs) for e in ENGINES)
    assert [name for name, *_ in ours[0]] == [name for name, *_ in theirs[0]] == ["Tanh", "Linear"]
    for (_, *mine), (_, *other) in zip(ours[0], theirs[0], strict=True):
        for a, b in zip(mine, other, strict=True):
            assert (a == [None]) == (b == [None])
            if a != [None]:
                np.testing.assert_allclose(a, b, rtol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5)


def test_backward_hooks_exchange_gradients(engine):
    layer, x = linear(engine), leaf(engine)
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
    layer(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.tile(20 * WEIGHTS["weight"].sum(0), (2, 1)), rtol=1e-6)
    np.testing.assert_allclose(layer.bias.grad.numpy(), [4, 4])


def test_backward_hook_of_a_module_with_several_inputs_and_outputs(engine):
    class Both(engine.nn.Module):
        def forward(self, a, b, n):
            return a * b, a + n * b

    module, heard = Both(), []
    module.register_full_backward_hook(lambda m, gi, go: heard.append((values(gi), values(go))))
    a, b = leaf(engine), leaf(engine)
    p, q = module(a, b, 3)
    (p.sum() + 2 * q.sum()).backward()
    ones = np.ones_like(X)
    assert heard == [([(X + 2).tolist(), (X + 6).tolist(), None], [ones.tolist(), (2 * ones).tolist()])]
    np.testing.assert_allclose(a.grad.numpy(), X + 2)


def test_a_backward_hook_that_changes_the_shape():
    layer, x = linear(cr), leaf(cr)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0].sum(),))
    with pytest.raises(RuntimeError, match=r"full backward hook returned gradients of shapes \[\(\)\]"):
        layer(x).sum().backward()


def test_hooks_follow_copies_and_conversions_but_not_the_state():
    layer, heard = linear(cr), []
    layer.register_forward_hook(lambda m, args, out: heard.append(out.dtype))
    layer.weight.register_hook(lambda g: heard.append(g.dtype))
    twin = copy.deepcopy(layer).double()
    assert list(twin.state_dict()) == ["weight", "bias"]
    twin(cr.from_numpy(X.astype(np.float64))).sum().backward()
    assert heard == [np.float64, np.float64]
    optim.SGD(twin.parameters()).step()
    assert layer.weight.detach().numpy().tolist() == WEIGHTS["weight"].tolist()


def test_an_error_in_a_hooked_module_still_names_it():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2))
    model[1].register_forward_hook(lambda m, args, out: None)
    with pytest.raises(ValueError, match=r'Linear\(in_features=3, .*\) at "1": '):
        model(cr.ones(1, 3))
