"""CIFAR-10's binary version: records read as they stand, anything else refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from made_up_sets import cifar, records, write

from chainrule.data import cifar10


def test_the_layout_is_that_of_the_format(tmp_path: Path) -> None:
    images, labels = cifar10.read_batch(write(tmp_path / "batch", records([3, 9])))
    assert (images.shape, images.dtype, labels.dtype) == ((2, 3, 32, 32), np.uint8, np.int64)
    assert labels.tolist() == [3, 9]
    for i, c in np.ndindex(2, 3):
        assert (images[i, c] == i + c).all()
    pixels = bytearray(records([0]))
    pixels[1 + 1024 + 32 * 5 + 7] = 200  # green, row 5, column 7
    assert cifar10.read_batch(write(tmp_path / "pixel", bytes(pixels))).images[0, 1, 5, 7] == 200


def test_the_batches_follow_one_another(tmp_path: Path) -> None:
    cifar(tmp_path)
    with pytest.warns(UserWarning, match="CIFAR-10's official file"):
        train, test = cifar10.load(tmp_path)
    assert train.labels.tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    assert test.labels.tolist() == [9, 8, 7]
    assert train.images.shape == (10, 3, 32, 32)
    assert train.images.flags.writeable


def test_a_part_can_be_held_out(tmp_path: Path) -> None:
    cifar(tmp_path)
    split = cifar10.read(cifar10.SOURCE.paths(tmp_path))
    train, valid, test = split.hold_out(3)
    assert (train.labels.tolist(), valid.labels.tolist()) == ([1, 0, 2, 0, 3, 0, 4], [0, 5, 0])
    assert test is split.test
    with pytest.raises(ValueError, match=r"hold_out\(11\): there are 10 training images"):
        split.hold_out(11)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (records([1, 2])[:-1], "6145 bytes are not a whole number of records of 3073 bytes"),
        (records([1, 10]), "label 10 in record 1, expected 0 to 9"),
        (gzip.compress(records([1, 2]))[:-9], "gzip data is damaged or incomplete"),
        (gzip.compress(bytes(200 << 20), 1), "more than 60000 records"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path / "data_batch_1.bin", content)
    with pytest.raises(ValueError, match=message) as error:
        cifar10.read_batch(path)
    assert str(error.value).startswith(f"{path}: ")
