"""Copies of arrays that lie in memory in any way, which threads make line by line."""

import numpy as np
import pytest

from chainrule import native
from chainrule.tensor import Array

X = np.arange(40 * 60 * 70, dtype=np.float32).reshape(40, 60, 70)

LAYOUTS: dict[str, Array] = {
    "whole": X,
    "one number": np.broadcast_to(X[3, 4, 5], X.shape),
    "one number for each row": np.broadcast_to(X[:, :, :1], X.shape),
    "one row": np.broadcast_to(X[7, 8], X.shape),
    "one image in between": np.broadcast_to(X[:, :1, :1], X.shape),
    "repeated in short lines": np.broadcast_to(X[..., None], (*X.shape, 3)),
    "inside": X[1:-1, 2:-2, 3:-3],
    "backwards": X[::-1, :, ::-1],
    "every second": X[:, ::2, ::2],
    "turned": X.transpose(2, 0, 1),
    "nothing": X[:0],
}


@pytest.mark.skipif(native.core is None, reason="without the native kernels")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_copy_lies_row_by_row(layout: str) -> None:
    x = LAYOUTS[layout]
    y = native.core.copy(x)
    assert np.array_equal(y, x)
    assert y.flags.c_contiguous
    assert not np.shares_memory(x, y)
