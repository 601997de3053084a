"""Clipping gradients, as PyTorch does it."""

import numpy as np
import pytest

from chainrule import arange, nn, zeros
from chainrule.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm
from chainrule.tensor import Tensor


def parameters(scale=1.0):
    found = [nn.Parameter(zeros(3, 4)), nn.Parameter(zeros(5)), nn.Parameter(zeros(2))]
    rng = np.random.default_rng(0)
    for p in found[:2]:
        p.grad = Tensor((scale * rng.normal(size=p.shape)).astype(np.float32))
    return found


@pytest.mark.parametrize("norm_type", [1.0, 2.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_it_is_pytorchs(norm_type, max_norm):
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.zeros(p.shape)) for p in ours]
    for p, q in zip(ours[:2], theirs, strict=False):
        q.grad = torch.from_numpy(p.grad.numpy().copy())
    a = clip_grad_norm_(ours, max_norm, norm_type)
    b = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    np.testing.assert_allclose(a.item(), b.item(), rtol=1e-6)
    for p, q in zip(ours[:2], theirs, strict=False):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-6)
    assert ours[2].grad is None


@pytest.mark.parametrize("f", [clip_grad_norm_, clip_grad_value_, get_total_norm])
def test_what_is_no_tensor_is_refused(f):
    with pytest.raises(TypeError, match=rf"{f.__name__}\(\): a tensor is needed, not str"):
        f("weight", 1.0)


def test_the_norm_is_bounded_afterwards():
    found = parameters(1000.0)
    assert clip_grad_norm_(iter(found), 2.0).item() > 1000
    assert np.isclose(clip_grad_norm_(found, 2.0).item(), 2.0)


def test_no_gradients_and_infinite_ones():
    assert clip_grad_norm_([nn.Parameter(zeros(2))], 1.0).item() == 0
    found = parameters(float("inf"))
    with pytest.raises(RuntimeError, match="the norm of the gradients is"):
        clip_grad_norm_(found, 1.0, error_if_nonfinite=True)


@pytest.mark.parametrize("clip", [0.3, 2])
def test_values_are_clipped_as_pytorchs(clip):
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.zeros(p.shape)) for p in ours]
    for p, q in zip(ours[:2], theirs, strict=False):
        q.grad = torch.from_numpy(p.grad.numpy().copy())
    assert clip_grad_value_(iter(ours), clip) is None
    torch.nn.utils.clip_grad_value_(theirs, clip)
    for p, q in zip(ours[:2], theirs, strict=False):
        assert p.grad.tolist() == q.grad.tolist()
    assert ours[2].grad is None


def test_total_norm():
    assert get_total_norm([Tensor(np.array([3.0])), Tensor(np.array([[4.0]]))]).item() == 5
    assert get_total_norm(Tensor(np.array([3.0, -4.0])), float("inf")).item() == 4


def test_a_gradient_of_nan_stays_one():
    found = parameters()
    found[0].grad.numpy()[0, 0] = np.nan
    assert np.isnan(clip_grad_norm_(found, 1.0).item())
    assert np.isnan(found[1].grad.numpy()).all()


def test_parameters_as_a_vector_and_back() -> None:
    model = nn.Linear(3, 2)
    vector = nn.utils.parameters_to_vector(model.parameters())
    np.testing.assert_array_equal(vector.detach().numpy()[:6].reshape(2, 3), model.weight.detach().numpy())
    nn.utils.vector_to_parameters(arange(8.0), model.parameters())
    np.testing.assert_array_equal(model.bias.detach().numpy(), [6, 7])
    with pytest.raises(ValueError, match="a vector of 8 elements is needed"):
        nn.utils.vector_to_parameters(arange(9.0), model.parameters())
