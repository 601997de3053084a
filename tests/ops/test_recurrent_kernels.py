"""Recurrent kernels: a gradient that vanishes ends in zeros, not in denormal numbers, on which processors are slow."""

import platform

import numpy as np
import pytest

from chainrule import native

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
