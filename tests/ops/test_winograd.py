"""Convolutions of many channels by 3 x 3 kernels take another way in float32; up to rounding the same comes out."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.tensor import Array

ROUNDING = 5e-6
"""Of the greatest element; direct sums in float32 are within 1e-6."""


def convolved(x: Array, w: Array, b: Array, padding: int, dtype: str) -> list[Array]:
    """y and the gradients of x, w, b for a fixed cotangent."""
    leaves = [cr.tensor(a.astype(dtype), requires_grad=True) for a in (x, w, b)]
    y = cr.conv2d(*leaves, padding=padding)
    y.backward(cr.tensor(np.random.default_rng(2).standard_normal(y.shape).astype(dtype)))
    return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


def drawn(N: int, C: int, O: int, H: int, W: int) -> tuple[Array, Array, Array]:
    draw = np.random.default_rng((N, C, O, H, W))
    return draw.standard_normal((N, C, H, W)), draw.standard_normal((O, C, 3, 3)), draw.standard_normal(O)


@pytest.mark.parametrize("images_innermost", [False, True])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(
    ("N", "C", "O", "H", "W"),
    [(16, 16, 16, 8, 8), (20, 17, 33, 7, 9), (9, 32, 16, 3, 3), (37, 24, 40, 5, 13), (130, 16, 16, 4, 4)],
)
def test_value_and_gradients_are_those_in_float64(N, C, O, H, W, padding, images_innermost):
    x, w, b = drawn(N, C, O, H, W)
    if images_innermost:
        x = np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    single, double = (convolved(x, w, b, padding, dtype) for dtype in ("float32", "float64"))
    for found, wanted in zip(single, double, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * np.abs(wanted).max())


def test_results_are_the_same_bits_on_any_number_of_threads():
    before, results = cr.get_num_threads(), []
    for threads in (1, 2, 5):
        cr.set_num_threads(threads)
        results.append(convolved(*drawn(70, 32, 48, 12, 12), 1, "float32"))
    cr.set_num_threads(before)
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_nan_and_infinity_stay_near_their_place():
    x, w, b = (a.astype("float32") for a in drawn(16, 16, 16, 12, 12))
    x[3, 2, 1, 1] = np.nan
    y = cr.conv2d(cr.tensor(x), cr.tensor(w), cr.tensor(b), padding=1).numpy()
    assert np.isnan(y[3, :, :3, :3]).all()
    assert np.isfinite(y[[0, 1, 2, 4]]).all()
    assert np.isfinite(y[3, :, 8:, 8:]).all()
