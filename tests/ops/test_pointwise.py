"""Convolutions by kernels of one pixel are products of matrices, whichever way the images lie."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.tensor import Array

ULP = 2.0**-24


def convolved(x: Array, w: Array, b: Array, innermost: bool, dtype: str) -> list[Array]:
    """y and the gradients of x, w, b for a fixed cotangent."""

    def images(a: Array) -> Array:
        return np.ascontiguousarray(a.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2) if innermost else a

    leaves = [cr.Tensor(a.astype(dtype, order="K"), requires_grad=True) for a in (images(x), w, b)]
    y = cr.conv2d(*leaves)
    y.backward(cr.Tensor(images(np.random.default_rng(2).standard_normal(y.shape).astype(dtype))))
    return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


def drawn(N: int, C: int, O: int, H: int, W: int) -> tuple[Array, Array, Array]:
    draw = np.random.default_rng((N, C, O, H, W))
    return draw.standard_normal((N, C, H, W)), draw.standard_normal((O, C, 1, 1)), draw.standard_normal(O)


@pytest.mark.parametrize("innermost", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("N", "C", "O", "H", "W"),
    [(3, 16, 16, 8, 8), (5, 33, 17, 12, 11), (2, 40, 300, 16, 16), (1, 24, 32, 9, 13), (33, 64, 48, 4, 4)],
)
def test_value_and_gradients_are_those_of_the_equation(N, C, O, H, W, dtype, innermost):
    x, w, b = drawn(N, C, O, H, W)
    y, dx, dw, db = convolved(x, w, b, innermost, dtype)
    dy = np.random.default_rng(2).standard_normal(y.shape).astype(dtype).astype(np.float64)
    kernel = w[:, :, 0, 0]
    for found, wanted in (
        (y, np.einsum("oc,nchw->nohw", kernel, x) + b[:, None, None]),
        (dx, np.einsum("oc,nohw->nchw", kernel, dy)),
        (dw[:, :, 0, 0], np.einsum("nohw,nchw->oc", dy, x)),
        (db, dy.sum((0, 2, 3))),
    ):
        rounding = 16 * ULP if dtype == "float32" else 1e-14
        np.testing.assert_allclose(found, wanted, rtol=0, atol=rounding * np.abs(wanted).max())


@pytest.mark.parametrize("innermost", [False, True])
def test_results_are_the_same_bits_on_any_number_of_threads(innermost):
    before, results = cr.get_num_threads(), []
    for threads in (1, 2, 5):
        cr.set_num_threads(threads)
        results.append(convolved(*drawn(7, 48, 40, 16, 16), innermost, "float32"))
    cr.set_num_threads(before)
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_no_images_have_no_gradient():
    x = np.ones((4, 32, 16, 16), np.float32)[:0]
    images, w = cr.Tensor(x), cr.tensor(np.ones((32, 32, 1, 1), np.float32), requires_grad=True)
    cr.ones(32, 32, 1, 1).mul(7)  # memory that the gradient may get
    cr.conv2d(images, w).backward(cr.Tensor(x))
    assert not w.grad.array.any()
