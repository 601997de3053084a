"""Where the extremes of short rows are: by a kernel that takes many rows at a time."""

import numpy as np
import pytest

import chainrule as cr


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 9, 16, 17, 33, 64, 65])
@pytest.mark.parametrize("rows", [1, 15, 16, 37, 5000])
def test_the_first_of_equals_and_nan_before_all(rows, n, dtype):
    draw = np.random.default_rng((rows, n))
    x = draw.integers(-3, 4, (rows, n)).astype(dtype)
    x[draw.random((rows, n)) < 0.05] = np.nan
    x[draw.random((rows, n)) < 0.05] = -np.inf
    tensor = cr.Tensor(x)
    np.testing.assert_array_equal(tensor.argmax(1).array, x.argmax(1))
    np.testing.assert_array_equal(tensor.argmin(-1).array, x.argmin(1))
    values, places = tensor.max(1)
    np.testing.assert_array_equal(values.array, x.max(1))
    np.testing.assert_array_equal(places.array, x.argmax(1))
