"""Numbers that judge a classifier, against counting by hand."""

from collections.abc import Callable
from typing import Any

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


METRICS = [accuracy, top_k_accuracy, confusion, class_accuracy, precision_recall_f1]


@pytest.mark.parametrize("metric", METRICS)
def test_shapes_that_are_not_those_of_classes_are_told(metric: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"labels \(N, …\), not outputs \(4, 3\) and labels \(4, 1\)$"):
        metric(OUTPUTS, LABELS[:, None])
    with pytest.raises(ValueError, match=r"not outputs \(4, 3\) and labels \(3,\)$"):
        metric(OUTPUTS, LABELS[:3])
    with pytest.raises(ValueError, match=r"not outputs \(4,\) and labels \(4,\)$"):
        metric(OUTPUTS[:, 0], LABELS)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("label", [-1, 3, 0.5, np.nan])
def test_labels_that_are_no_classes_are_told(metric: Callable[..., Any], label: float) -> None:
    says = rf"the label {label} is no class: outputs \(4, 3\) go with labels \(4,\) .* from 0 to 2"
    with pytest.raises(ValueError, match=says):
        metric(OUTPUTS, np.array([0, 1, label, 2]))


def test_one_logit_is_told_to_be_compared_with_a_threshold() -> None:
    with pytest.raises(ValueError, match=r"outputs \(4, 1\) and labels \(4, 1\)\n  One logit (.|\n)*evaluate\("):
        accuracy(np.ones((4, 1)), np.ones((4, 1)))


def test_labels_may_be_whole_numbers_of_any_dtype() -> None:
    np.testing.assert_array_equal(confusion(OUTPUTS, LABELS.astype(np.float32)), confusion(OUTPUTS, LABELS))
    assert top_k_accuracy(OUTPUTS[:, :2], LABELS > 0, 1) == accuracy(OUTPUTS[:, :2], LABELS > 0) == 0.5


def test_perplexity_of_equally_likely_symbols_is_their_number() -> None:
    assert perplexity(np.log(65)) == pytest.approx(65)


def test_pixels_and_tokens_are_rows_too() -> None:
    outputs = np.random.default_rng(0).standard_normal((2, 3, 4))
    labels = np.array([[0, 1, 2, 0], [1, 1, 2, 2]])
    assert accuracy(outputs, labels) == np.mean(outputs.argmax(axis=1) == labels)
    assert confusion(outputs, labels).sum() == labels.size
