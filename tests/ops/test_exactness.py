"""What rounding and infinite neighbours must not take: digits of losses and sums, and the zeros of cut gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import native, nn
from chainrule.nn import functional as F

LOGITS = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e4, 2.0**22])
def test_logits_may_lie_far_from_zero(offset: float, dtype: Any) -> None:
    """ln softmax(x + c) = ln softmax(x), whose digits c must not take."""
    expected = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
    x = cr.tensor((LOGITS + offset).astype(dtype), requires_grad=True)
    target = cr.tensor([0, 1])
    np.testing.assert_allclose(x.log_softmax(1).detach().numpy(), expected, rtol=3e-7)
    loss = F.cross_entropy(x, target)
    loss.backward()
    np.testing.assert_allclose(loss.item(), -expected[[0, 1], [0, 1]].mean(), rtol=3e-7)
    np.testing.assert_allclose(x.grad.numpy(), (np.exp(expected) - np.eye(3)[[0, 1]]) / 2, rtol=1e-6, atol=1e-7)
    smooth = F.cross_entropy(x, target, label_smoothing=0.3).item()
    parts = 0.7 * -expected[[0, 1], [0, 1]].mean() + 0.3 * -expected.mean()
    np.testing.assert_allclose(smooth, parts, rtol=3e-7)


@pytest.mark.skipif(native.core is None, reason="NumPy adds along the first axis one by one")
@pytest.mark.parametrize(("shape", "dim"), [((2**24 + 2**20, 2), 0), ((1, 2**24 + 2**20), 1)])
def test_long_sums_keep_their_digits(shape: tuple[int, ...], dim: int) -> None:
    """Beyond 2²⁴ float32 cannot count by ones."""
    found = cr.ones(*shape).sum(dim).numpy()
    np.testing.assert_array_equal(found, np.full_like(found, 2**24 + 2**20))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 2, 7, 8, 15, 16, 17, 33, 63, 64, 65, 130])
def test_rows_and_columns_of_every_width(width: int, dtype: Any) -> None:
    """Whole vectors and what is left of them, in one piece of rows and several: as in float64."""
    bound = 2e-5 if dtype is np.float32 else 1e-12
    for rows in (1, 3, 512, 513, 1500):
        wide = np.random.default_rng(rows).standard_normal((2, rows, width)).astype(dtype)
        x, exact = cr.tensor(wide), wide.astype(np.float64)
        np.testing.assert_allclose(x.sum(1).numpy(), exact.sum(1), rtol=0, atol=bound * rows**0.5)
        e = np.exp(exact)
        np.testing.assert_allclose(x.softmax(2).numpy(), e / e.sum(2, keepdims=True), rtol=bound)
        log = exact - np.log(e.sum(2, keepdims=True))
        np.testing.assert_allclose(x.log_softmax(2).numpy(), log, rtol=0, atol=bound)


LEVEL: dict[str, Callable[[Any], Any]] = {
    "maximum": lambda x: cr.maximum(x, cr.zeros(3)),
    "clamp": lambda x: x.clamp(min=0),
    "clamp by a tensor": lambda x: x.clamp(min=cr.zeros(3)),
    "hardtanh": lambda x: F.hardtanh(x, 0.0, 9.0),
    "threshold": lambda x: F.threshold(x, 0.0, 0.0),
    "hardshrink": lambda x: F.hardshrink(x, 1.0),
    "softshrink": lambda x: F.softshrink(x, 1.0),
    "hardsigmoid": lambda x: F.hardsigmoid(x * 3),
    "hardswish": lambda x: F.hardswish(x * 3),
}


@pytest.mark.parametrize("name", LEVEL)
def test_nothing_comes_through_where_a_function_is_level(name: str) -> None:
    """√0 has an infinite slope, of which 0 · ∞ would make NaN."""
    x = cr.tensor([-1.0, 0.25, 4.0], requires_grad=True)
    LEVEL[name](x).sqrt().sum().backward()
    assert x.grad[0].item() == 0
    assert np.isfinite(x.grad.numpy()).sum() >= 1


def test_a_slope_that_is_learned_gets_nothing_from_above() -> None:
    x, w = cr.tensor([[2.0], [-1.0]]), cr.tensor([0.5], requires_grad=True)
    F.prelu(x, w).backward(cr.tensor([[np.inf], [3.0]], dtype=cr.float32))
    assert w.grad.tolist() == [-3]


def test_a_window_of_padding_alone() -> None:
    y = F.max_pool2d(cr.ones(1, 1, 1, 4), (2, 2), stride=(2, 1), padding=(1, 0), dilation=(2, 1))
    assert np.isneginf(y.numpy()).all()


def test_a_layer_without_outputs() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 0))
    y = cr.compile(model)(cr.ones(8, 64))
    assert y.shape == (8, 0)
    y.sum().backward()
    assert not model[0].weight.grad.numpy().any()
