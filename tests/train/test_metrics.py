"""Numbers that judge a classifier, against counting by hand."""

import numpy as np
import pytest

from chainrule.train import (
    accuracy,
    class_accuracy,
    confusion,
    perplexity,
    precision_recall_f1,
    standard_error,
    top_k_accuracy,
)  # fmt: skip

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


def test_top_k_counts_the_label_among_the_k_greatest() -> None:
    assert [top_k_accuracy(OUTPUTS, LABELS, k) for k in (1, 2, 3)] == [0.75, 0.75, 1.0]
    assert top_k_accuracy(OUTPUTS, LABELS, 1) == accuracy(OUTPUTS, LABELS)
    with pytest.raises(ValueError, match="k=4 must lie between 1 and the 3 classes"):
        top_k_accuracy(OUTPUTS, LABELS, 4)


def test_scores_of_classes_are_those_counted_by_hand() -> None:
    np.testing.assert_array_equal(class_accuracy(OUTPUTS, LABELS), [1, 1, 0.5])
    scores = precision_recall_f1(OUTPUTS, LABELS)
    np.testing.assert_allclose(scores.precision, [0.5, 1, 1])
    np.testing.assert_allclose(scores.recall, [1, 1, 0.5])
    np.testing.assert_allclose(scores.f1, [2 / 3, 1, 2 / 3])
    np.testing.assert_allclose(scores.f1, 2 / (1 / scores.precision + 1 / scores.recall))


def test_a_class_that_does_not_occur_has_no_score() -> None:
    scores = precision_recall_f1(np.eye(3)[[0, 1]], np.array([0, 1]))
    assert np.isnan([scores.precision[2], scores.recall[2], scores.f1[2]]).all()


def test_perplexity_of_equally_likely_symbols_is_their_number() -> None:
    assert perplexity(np.log(65)) == pytest.approx(65)
