"""Answers of classifiers: as probabilities, over several views, and the wrong ones."""

import base64
import io

import numpy as np
import PIL.Image
import pytest

from chainrule.labs._answers import (
    by_class,
    by_confidence,
    log_probabilities,
    mixture,
    surest_first,
    tiles,
)

ANSWERS = np.log(np.array([[0.95, 0.03, 0.02], [0.3, 0.6, 0.1], [0.2, 0.1, 0.7], [0.8, 0.1, 0.1], [0.1, 0.81, 0.09]]))
TRUE = np.array([0, 0, 2, 2, 0])


def test_surest_first_begins_with_the_most_confident_mistake() -> None:
    assert surest_first(ANSWERS, TRUE).tolist() == [4, 3, 1]


def test_by_confidence_counts_answers_and_the_right_ones() -> None:
    assert by_confidence(ANSWERS, TRUE, (0.65, 0.9, 0.99)) == [
        ("below 65 %", 1, 0.0),
        ("65 % to 90 %", 3, pytest.approx(1 / 3)),
        ("90 % to 99 %", 1, 1.0),
        ("99 % and more", 0, None),
    ]


def test_log_probabilities_are_those_of_softmax_and_stay_if_they_are_that_already() -> None:
    z = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]])
    log_p = log_probabilities(z)
    np.testing.assert_allclose(np.exp(log_p[0]), np.exp(z[0]) / np.exp(z[0]).sum(), rtol=1e-12)
    assert log_p[1].tolist() == [0, -1000, -2000]
    np.testing.assert_allclose(log_probabilities(log_p), log_p, rtol=1e-12)


def test_a_mixture_is_of_probabilities() -> None:
    one, other = np.log([[0.25, 0.75]]), np.array([[0.0, -np.inf]])
    np.testing.assert_allclose(np.exp(mixture([one, other])), [[0.625, 0.375]], rtol=1e-12)
    assert mixture([other, other]).tolist() == other.tolist()


def test_by_class_names_the_most_frequent_confusion() -> None:
    assert by_class(ANSWERS, TRUE, ("ant", "bee", "cow")) == [
        ("ant", 3, "33.3 %", "bee", 2),
        ("bee", 0, "—", "—", 0),
        ("cow", 2, "50.0 %", "ant", 1),
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_tiles_show_pictures_grey_and_in_colour(channels: int) -> None:
    x = np.zeros((5, channels, 4, 6), np.uint8)
    x[1, 0, 2, 3] = 255
    first, second = tiles(x, TRUE, ANSWERS, [1, 2], ("ant", "bee", "cow"))
    assert (first.label, first.wrong, second.wrong) == ("ant → bee, 60 %", True, False)
    picture = np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(first.source.partition(",")[2]))).convert("RGB"))
    assert picture.shape == (4, 6, 3)
    assert picture[2, 3].tolist() == ([255, 0, 0] if channels == 3 else [255, 255, 255])
    assert picture.sum() == (255 if channels == 3 else 3 * 255)
