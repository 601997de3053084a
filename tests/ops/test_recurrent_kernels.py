"""Recurrent kernels: a gradient that vanishes ends in zeros, not in denormal numbers, on which processors are slow;
every walk back gives gradients of its own."""

import platform

import numpy as np
import pytest

import chainrule as cr
from chainrule import native, nn

T, N = 300, 3


@pytest.mark.skipif(native.core is None, reason="without the native kernels")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors are as fast on denormal numbers")
@pytest.mark.parametrize("H", [5, 256])
def test_a_vanishing_gradient_ends_in_zeros(H: int) -> None:
    rng = np.random.default_rng(0)
    gates, w_hh = (
        np.float32(0.5 / np.sqrt(H)) * rng.standard_normal(s, np.float32) for s in ((T, N, 4 * H), (4 * H, H))
    )
    state, last = np.zeros((N, H), np.float32), np.ones((N, H), np.float32)
    hs, kept, _ = native.core.recurrent("lstm", gates, state, state, w_hh, None, None, False)
    dgx, *_ = native.core.recurrent_grad("lstm", gates, hs, kept, w_hh, None, False, None, last, state)
    size = np.abs(dgx)
    assert not size[:100].any()
    assert size[-1].all()
    assert not ((size > 0) & (size < np.finfo(np.float32).tiny)).any()
    assert np.float32(1e-40) * state.dtype.type(0.5) > 0, "the caller's arithmetic knows denormal numbers as before"


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_second_walk_back_owes_nothing_to_what_became_of_the_first_gradients(
    kind: type[nn.LSTM | nn.GRU | nn.RNN],
) -> None:
    cr.manual_seed(0)
    layer = kind(5, 7)
    x, dy = cr.randn(4, 3, 5, requires_grad=True), cr.randn(4, 3, 7)
    state = [cr.randn(1, 3, 7, requires_grad=True) for _ in range(2 if kind is nn.LSTM else 1)]
    y, _ = layer(x, tuple(state) if kind is nn.LSTM else state[0])
    leaves = [x, *state, *layer.parameters()]
    first = cr.autograd.grad(y, leaves, dy, retain_graph=True)
    wanted = [g.numpy().copy() for g in first]
    for g in first:
        g.zero_()
    for found, value in zip(cr.autograd.grad(y, leaves, dy), wanted, strict=True):
        assert np.array_equal(found.numpy(), value)
        assert value.any()
