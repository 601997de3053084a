"""What all optimizers share: groups, state, gradients, and the errors of their use."""

import io
from functools import partial

import numpy as np
import pytest

from chainrule.nn import Parameter
from chainrule.optim import SGD, Adam, Optimizer
from chainrule.tensor import Tensor


def parameters(*shapes):
    return [Parameter(np.full(shape, float(i + 1))) for i, shape in enumerate(shapes)]


def set_grads(params, value=1.0):
    for p in params:
        p.grad = Tensor(np.full(p.shape, value))


def test_groups_have_settings_of_their_own():
    a, b = parameters(2, 3)
    optimizer = SGD([{"params": a, "lr": 0.5}, {"params": [b]}], lr=0.1)
    set_grads([a, b])
    optimizer.step()
    assert a.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(b.detach().numpy(), 1.9)
    optimizer.param_groups[1]["lr"] = 0.0
    optimizer.step()
    np.testing.assert_allclose(b.detach().numpy(), 1.9)


def test_add_param_group():
    a, b = parameters(2, 3)
    optimizer = SGD([a], lr=1.0)
    optimizer.add_param_group({"params": b, "lr": 2.0})
    set_grads([a, b])
    optimizer.step()
    assert a.tolist() == [0, 0]
    assert b.tolist() == [0, 0, 0]


def test_parameters_without_gradient_are_left_alone():
    a, b = parameters(2, 3)
    optimizer = Adam([a, b], lr=1.0)
    set_grads([a])
    optimizer.step()
    assert b.tolist() == [2, 2, 2]
    assert b not in optimizer.state


def test_frozen_parameters_are_left_alone():
    a, b = parameters(2, 2)
    b.requires_grad_(False)
    optimizer = SGD([a, b], lr=1.0)
    set_grads([a])
    optimizer.step()
    optimizer.zero_grad()
    assert b.tolist() == [2, 2]


def test_zero_grad():
    (a,) = parameters(2)
    optimizer = SGD([a])
    set_grads([a])
    kept = a.grad
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is kept
    assert a.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert a.grad is None


def test_closure_computes_the_loss():
    (a,) = parameters(1)
    optimizer = SGD([a], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1
    assert a.item() == 0.5


@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.1, momentum=0.9), lambda p: Adam(p, lr=0.1)])
def test_resumed_training_goes_on_to_the_last_bit(make):
    def steps(optimizer, params, numbers):
        for n in numbers:
            set_grads(params, 1 / (n + 1))
            optimizer.step()

    straight = parameters((3, 2), 4)
    steps(make(straight), straight, range(10))

    first = parameters((3, 2), 4)
    optimizer = make(first)
    steps(optimizer, first, range(5))
    state = optimizer.state_dict()
    second = [Parameter(p.detach().numpy().copy()) for p in first]
    resumed = make(second)
    resumed.load_state_dict(state)
    steps(optimizer, first, range(5))  # must not reach into what was loaded
    steps(resumed, second, range(5, 10))
    for a, b in zip(straight, second, strict=True):
        assert a.array.tobytes() == b.array.tobytes()


def test_state_dict_is_laid_out_as_pytorchs():
    torch = pytest.importorskip("torch")
    ours, theirs = parameters((2, 3), 4), [torch.nn.Parameter(torch.ones(s)) for s in ((2, 3), 4)]
    for mine, other in ((SGD, torch.optim.SGD), (Adam, torch.optim.Adam)):
        settings = {"momentum": 0.9} if mine is SGD else {}
        a, b = mine(ours, lr=0.1, **settings), other(theirs, lr=0.1, **settings)
        set_grads(ours)
        for p in theirs:
            p.grad = torch.ones_like(p)
        a.step()
        b.step()
        a, b = a.state_dict(), b.state_dict()
        assert a.keys() == b.keys()
        assert a["state"].keys() == b["state"].keys()
        assert [s.keys() for s in a["state"].values()] == [s.keys() for s in b["state"].values()]
        for g, h in zip(a["param_groups"], b["param_groups"], strict=True):
            assert all(h[key] == value for key, value in g.items())


def test_pytorchs_state_can_be_loaded():
    torch = pytest.importorskip("torch")
    theirs = [torch.nn.Parameter(torch.ones(3, dtype=torch.float64))]
    other = torch.optim.Adam(theirs, lr=0.3)
    theirs[0].grad = torch.ones(3, dtype=torch.float64)
    other.step()
    ours = [Parameter(theirs[0].detach().numpy().copy())]
    optimizer = Adam(ours)
    optimizer.load_state_dict(other.state_dict())
    ours[0].grad = Tensor(np.full(3, 2.0))
    theirs[0].grad = torch.full((3,), 2.0, dtype=torch.float64)
    optimizer.step()
    other.step()
    np.testing.assert_allclose(ours[0].detach().numpy(), theirs[0].detach().numpy(), rtol=1e-14)


def test_load_state_dict_of_another_model():
    optimizer = SGD(parameters(2, 3))
    with pytest.raises(ValueError, match=r"groups of \[1\] parameters, this optimizer of \[2\]"):
        optimizer.load_state_dict(SGD(parameters(2)).state_dict())


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (list, ValueError, "this list is empty"),
        (lambda: parameters(2)[0], TypeError, "not a single tensor"),
        (lambda: [np.ones(2)], TypeError, "changes tensors, not ndarray"),
        (lambda: parameters(2) * 2, ValueError, "in the optimizer twice"),
        (lambda: [parameters(2)[0] * 2], ValueError, "was computed"),
        (lambda: [{"params": parameters(2), "rate": 1}], ValueError, "SGD has no setting rate"),
    ],
)
def test_parameters_that_cannot_be(params, error, message):
    with pytest.raises(error, match=message):
        SGD(params())


def test_an_optimizer_of_ones_own():
    class SignDescent(Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        def update(self, params, group):
            for p in params:
                p.array -= group["lr"] * np.sign(p.grad.array)

    (a,) = parameters(2)
    set_grads([a], -3.0)
    SignDescent([a]).step()
    np.testing.assert_allclose(a.detach().numpy(), 1.1)


def test_repr_is_pytorchs():
    torch = pytest.importorskip("torch")
    mine = repr(SGD([{"params": parameters(2)}, {"params": parameters(3), "lr": 0.5}], lr=0.1))
    theirs = repr(torch.optim.SGD([{"params": [torch.ones(2)]}, {"params": [torch.ones(3)], "lr": 0.5}], lr=0.1))
    absent = ("differentiable", "foreach", "fused")
    kept = [line for line in io.StringIO(theirs) if not line.strip().startswith(absent)]
    assert mine == "".join(kept)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (4,)])
def test_state_of_ones_own_comes_back_as_it_was(shape):
    class Counted(Optimizer):
        def update(self, params, group):
            for p in params:
                self.state[p].update(scale=Tensor(np.full(shape, 3.0)), name="a", rate=np.float32(0.5))

    before, after = (Counted(parameters(2), {}) for _ in range(2))
    set_grads(before.param_groups[0]["params"])
    before.step()
    after.load_state_dict(before.state_dict())
    (state,) = after.state.values()
    assert isinstance(state["scale"], Tensor)
    assert state["scale"].shape == shape
    assert (state["name"], state["rate"]) == ("a", 0.5)


@pytest.mark.parametrize("make", [Adam, partial(SGD, lr=0.1, momentum=0.9)], ids=["Adam", "SGD"])
def test_state_of_another_shape_is_told(make):
    three, two = parameters(3), parameters(2)
    set_grads(three + two)
    saved, other = make(three), make(two)
    saved.step()
    other.load_state_dict(saved.state_dict())
    with pytest.raises(ValueError, match=r"of a parameter of shape \(2,\) was loaded with shape \(3,\)"):
        other.step()
