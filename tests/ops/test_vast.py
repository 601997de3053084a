"""Vast sizes: an answer or a refusal at once, and no loop over what is not there."""

from collections.abc import Callable

import numpy as np
import pytest

import chainrule as cr
from chainrule.nn import functional as F

VAST = 2**31


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax, F.softmin])
@pytest.mark.parametrize("shape", [(VAST, 0), (0, VAST)])
@pytest.mark.parametrize("dim", [0, 1])
def test_probabilities_of_nothing(f: Callable[..., cr.Tensor], shape: tuple[int, ...], dim: int) -> None:
    x = cr.zeros(shape, requires_grad=True)
    y = f(x, dim)
    y.sum().backward()
    assert y.shape == shape
    assert x.grad is not None
    assert x.grad.shape == shape


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
def test_of_nothing_too_the_arguments_are_checked(f: Callable[..., cr.Tensor]) -> None:
    with pytest.raises(IndexError, match=r"softmax\(\): dim 2 is out of range"):
        f(cr.zeros(2, 0), 2)
    with pytest.raises(TypeError, match=r"softmax\(\): a floating-point tensor is needed"):
        f(cr.zeros(2, 0, dtype=cr.int64), 0)


@pytest.mark.parametrize("f", [F.adaptive_avg_pool2d, F.adaptive_max_pool2d])
@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (2, 0, 4, 4)])
def test_vast_parts_of_no_image(f: Callable[..., cr.Tensor], shape: tuple[int, ...]) -> None:
    x = cr.zeros(shape, requires_grad=True)
    y = f(x, (VAST - 1, 3))
    y.sum().backward()
    assert y.shape == (*shape[:2], VAST - 1, 3)


@pytest.mark.parametrize("f", [F.adaptive_avg_pool1d, F.adaptive_max_pool1d])
def test_more_parts_than_pixels(f: Callable[..., cr.Tensor]) -> None:
    y = f(cr.tensor([[[1.0, 2.0]]]), 5_000)
    np.testing.assert_array_equal(np.unique(y.numpy()[..., 2502:]), [2])
