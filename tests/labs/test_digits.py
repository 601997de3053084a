"""What the labs on handwritten digits share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data import Images
from chainrule.labs import UsageError
from chainrule.labs._digits import Digits, held_out, normalised, read_digit, surest_mistakes, tiles


@pytest.fixture(scope="module")
def digits() -> Digits:
    return held_out(False, None)


def test_the_built_in_digits_are_held_out_in_balanced_parts(digits: Digits) -> None:
    for x, y, n in (
        (digits.x, digits.y, 3500), (digits.x_valid, digits.y_valid, 500), (digits.x_test, digits.y_test, 1000),
    ):  # fmt: skip
        assert x.shape == (n, 1, 28, 28)
        assert x.dtype == np.float32
        assert np.bincount(y).tolist() == [n // 10] * 10
    assert len({row.tobytes() for row in np.concatenate([digits.x, digits.x_valid, digits.x_test])}) > 4990


def test_all_parts_are_normalised_as_the_training_images_need_it(digits: Digits) -> None:
    assert abs(digits.x.mean()) < 1e-5
    assert digits.x.std() == pytest.approx(1, abs=1e-5)
    pixels = np.array([[[0, 100]]], np.uint8), np.array([[[50, 200]]], np.uint8)
    train, other = (Images(images, np.array([3])) for images in pixels)
    made = normalised(train, other, other)
    assert (made.mean, made.deviation) == (50, 50)
    np.testing.assert_array_equal(made.x.ravel(), [-1, 1])
    np.testing.assert_array_equal(made.x_test.ravel(), [0, 3])
    np.testing.assert_array_equal(made.x_valid.ravel(), [0, 3])
    assert len(normalised(train, other).y_valid) == 0


def test_missing_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    with pytest.raises(UsageError, match="train-images-idx3-ubyte"):
        held_out(True, tmp_path)


def test_a_picture_is_read_as_the_network_saw_digits(tmp_path: Path) -> None:
    ink = np.zeros((28, 28), np.uint8)
    ink[10:18, 14] = 255
    facts = {"mean": 55.0, "deviation": 100.0}
    for name, pixels in (("white-on-black.png", ink), ("black-on-white.png", 255 - ink)):
        Image.fromarray(pixels).save(tmp_path / name)
        x = read_digit(str(tmp_path / name), facts)
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, ((ink - 55.0) / 100)[None, None], rtol=1e-6)


def test_surest_mistakes_come_first() -> None:
    outputs = np.array([[0.0, 3.0], [2.0, 0.0], [1.0, 9.0], [0.0, 5.0]])
    assert surest_mistakes(outputs, np.array([0, 0, 0, 1])).tolist() == [2, 0]


def test_tiles_say_what_was_taken_for_what(digits: Digits) -> None:
    outputs = np.eye(10)[[4, 1]]
    right, wrong = tiles(digits.x, np.array([5, 1]), outputs, [1, 0])
    assert (right.label, right.wrong) == ("1 → 1", False)
    assert (wrong.label, wrong.wrong) == ("5 → 4", True)
