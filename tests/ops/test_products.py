"""Products of matrices in float32, as exact as float32 allows."""

import platform

import numpy as np
import pytest

import chainrule as cr
from chainrule.tensor import Array

ULP = 2.0**-24


def product(a: Array, b: Array) -> Array:
    return (cr.tensor(a) @ cr.tensor(b)).numpy()


def drawn(M: int, N: int, K: int) -> tuple[Array, Array]:
    draw = np.random.default_rng((M, N, K))
    return draw.standard_normal((M, K), dtype=np.float32), draw.standard_normal((K, N), dtype=np.float32)


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    ("M", "N", "K"),
    [
        (64, 64, 64),
        (33, 65, 129),
        (31, 300, 17),
        (128, 300, 500),
        (257, 333, 260),
        (100, 500, 784),
        (700, 65, 400),
        (1, 131, 300),
        (3, 256, 257),
        (4, 33, 1),
        (13, 2048, 300),
        (288, 31, 40),
        (289, 32, 40),
        (300, 3, 9),
    ],
)
def test_the_error_is_of_the_order_of_one_rounding_of_each_sum(M, N, K, turned):
    a, b = drawn(M, N, K)
    left = np.ascontiguousarray(a.T).T if turned[0] else a
    right = np.ascontiguousarray(b.T).T if turned[1] else b
    exact, size = a.astype(np.float64) @ b.astype(np.float64), np.abs(a).astype(np.float64) @ np.abs(b)
    assert np.abs((product(left, right) - exact) / size).max() <= 8 * ULP


@pytest.mark.parametrize(("M", "N", "K"), [(3, 300, 257), (50, 65, 300), (200, 40, 300), (300, 100, 257)])
def test_the_same_bits_on_any_number_of_threads(M, N, K):
    before, found = cr.get_num_threads(), []
    for threads in (1, 2, 3):
        cr.set_num_threads(threads)
        found.append(product(*drawn(M, N, K)))
    cr.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("M", [2, 60, 400])
def test_denormal_numbers_count_as_0(M):
    """So that gradients which vanish do not take a hundred times as long; the reference, which is NumPy, keeps them."""
    a, b = drawn(M, 40, 50)
    tiny = product(a * np.float32(1e-30), b * np.float32(1e-12))
    assert np.abs(tiny).max() < 1e-37
    if cr.native.isa != "none" and platform.machine() in ("x86_64", "AMD64"):
        assert not ((tiny != 0) & (np.abs(tiny) < np.finfo(np.float32).tiny)).any()


def test_errors_have_no_preferred_sign():
    a, b = (np.abs(m) for m in drawn(256, 256, 256))
    exact = a.astype(np.float64) @ b.astype(np.float64)
    assert abs(((product(a, b) - exact) / exact).mean()) <= ULP / 20


@pytest.mark.parametrize("shape", [(64, 64, 64), (200, 300, 290)])
@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan, np.finfo(np.float32).max])
def test_what_is_not_finite_stays_in_its_row_and_column(shape, odd):
    a, b = drawn(*shape)
    a[3, 5], b[6, 9] = odd, odd
    a[3, 6] = b[5, 9] = 1
    with np.errstate(invalid="ignore", over="ignore"):
        exact = np.float32(a.astype(np.float64) @ b.astype(np.float64))
        size = np.abs(a).astype(np.float64) @ np.abs(b)
    found, others = product(a, b), np.isfinite(exact)
    np.testing.assert_array_equal(found[~others], exact[~others])
    assert np.abs((found[others] - exact[others]) / size[others]).max() <= 8 * ULP


def test_great_and_small_numbers_keep_their_digits():
    a, b = drawn(256, 256, 256)
    np.testing.assert_allclose(product(a * np.float32(2.0**100), b * np.float32(2.0**-90)), product(a, b) * 2**10)


@pytest.mark.parametrize(
    ("N", "O", "I"), [(1, 1, 32), (5, 7, 33), (64, 10, 84), (100, 16, 500), (33, 13, 47), (3, 2, 6272)]
)
def test_few_outputs(N, O, I):
    """Where nothing is packed: rows and outputs in tiles of every size, and a last piece of any length."""
    a, b = drawn(N, O, I)
    bias = np.arange(O, dtype=np.float32)
    exact, size = a.astype(np.float64) @ b.astype(np.float64) + bias, np.abs(a).astype(np.float64) @ np.abs(b) + bias
    weight = np.ascontiguousarray(b.T)
    found = []
    for threads in (1, 2):
        cr.set_num_threads(threads)
        found.append(cr.nn.functional.linear(cr.tensor(a), cr.tensor(weight), cr.tensor(bias)).numpy())
        rows = cr.nn.functional.linear(cr.tensor(np.repeat(a, 2, 0))[::2], cr.tensor(weight), cr.tensor(bias))
        np.testing.assert_array_equal(rows.numpy(), found[0])
    assert np.abs((found[0] - exact) / size).max() <= 8 * ULP
    np.testing.assert_array_equal(*found)
