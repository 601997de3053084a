"""Adagrad: the native kernel against its reference; its trajectory is held against PyTorch's in test_trajectory."""

import numpy as np
import pytest

from chainrule.native import core
from chainrule.nn import Parameter
from chainrule.optim import Adagrad
from chainrule.optim.adagrad import adagrad
from chainrule.tensor import Tensor


def test_every_weight_has_a_rate_of_its_own():
    p = Parameter(np.zeros(2))
    optimizer = Adagrad([p], lr=0.1)
    for _ in range(4):
        p.grad = Tensor(np.array([1e-3, -100.0]))
        optimizer.step()
    far = 0.1 * sum(1 / np.sqrt(np.arange(1, 5)))  # g / √(t·g²) = ±1 / √t
    np.testing.assert_allclose(p.detach().numpy(), [-far, far], rtol=1e-5)


@pytest.mark.skipif(core is None, reason="the native tier was not built")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("decay", [0, 0.1])
def test_native_is_the_reference(decay, maximize, dtype):
    rng = np.random.default_rng(3)
    start = [[np.asarray(rng.normal(size=s), dtype) for s in ((7, 5), (), (1000, 37), (0, 3))] for _ in range(3)]
    start[2] = [np.asarray(s * s) for s in start[2]]
    results = []
    for rule in (adagrad, core.adagrad):
        params, grads, sums = ([a.copy() for a in arrays] for arrays in start)
        rule(params, grads, sums, 0.1, 1e-10, decay, maximize)
        results.append((*params, *sums))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)


@pytest.mark.skipif(core is None, reason="the native tier was not built")
@pytest.mark.parametrize("eps", [0, 1e-10])
def test_squares_too_small_for_the_dtype_are_no_division_by_zero(eps):
    for rule in (adagrad, core.adagrad):
        θ = np.ones(40, np.float32)
        rule([θ], [np.full(40, 1e-20, np.float32)], [np.zeros(40, np.float32)], 0.1, eps, 0, False)
        np.testing.assert_allclose(θ, 1 if eps else 0.9, rtol=1e-3)
