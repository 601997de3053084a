"""Numbers that judge a classifier, against counting by hand."""

import numpy as np
import pytest

from chainrule.train import accuracy, confusion, standard_error

OUTPUTS = np.array([[3, 1, 0], [0, 2, 1], [5, 1, 1], [0, 0, 1]])  # taken for 0, 1, 0, 2
LABELS = np.array([0, 1, 2, 2])


def test_accuracy() -> None:
    assert accuracy(OUTPUTS, LABELS) == 0.75


def test_confusion_has_true_classes_in_rows() -> None:
    np.testing.assert_array_equal(confusion(OUTPUTS, LABELS), [[1, 0, 0], [0, 1, 0], [1, 0, 1]])


def test_confusion_keeps_classes_that_never_occur() -> None:
    assert confusion(OUTPUTS, np.zeros(4, int)).shape == (3, 3)


def test_standard_error_is_the_spread_of_repeated_measurements() -> None:
    shares = np.random.default_rng(0).binomial(500, 0.9, size=4000) / 500
    assert standard_error(0.9, 500) == pytest.approx(shares.std(), rel=0.05)
