"""Fashion-MNIST: the articles of clothing that are built in, and the official set where it is at hand."""

import hashlib
import os

import numpy as np
import pytest

from chainrule.data import Images, Split, fashion_mnist
from chainrule.data.folders import SAMPLES
from chainrule.data.idx import encode_idx


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(encode_idx(array)).hexdigest()


def test_the_excerpt_is_what_was_built_in() -> None:
    train, test = fashion_mnist.excerpt()
    assert (train.images.shape, test.images.shape) == ((1500, 28, 28), (500, 28, 28))
    assert train.images.dtype == np.uint8
    assert train.labels.tolist() == list(range(10)) * 150
    assert test.labels.tolist() == list(range(10)) * 50
    assert [_hash(part.images) for part in (train, test)] == HASHES


def test_it_is_small_and_carries_its_licence() -> None:
    sizes = {path.name: path.stat().st_size for path in SAMPLES.glob("clothes*")}
    assert sizes.keys() == {"clothes.LICENSE", *(f"clothes-{name}.gz" for name in fashion_mnist.SHA256)}
    assert sum(sizes.values()) < 1 << 20
    notice = (SAMPLES / "clothes.LICENSE").read_text(encoding="utf-8")
    assert "The MIT License" in notice
    assert "2017 Zalando SE" in notice


@pytest.fixture(scope="module")
def official() -> Split:
    if not os.environ.get("CHAINRULE_DATA"):
        pytest.skip("CHAINRULE_DATA is not set")
    try:
        return fashion_mnist.load(os.environ["CHAINRULE_DATA"])
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


def test_the_excerpt_is_the_first_of_each_class(official: Split) -> None:
    for part, own, each in zip(official, fashion_mnist.excerpt(), (150, 50), strict=True):
        assert isinstance(part, Images)
        for label in range(10):
            first = part.images[part.labels == label][:each]
            np.testing.assert_array_equal(own.images[label::10], first)


HASHES = [
    "d93dc23b2a6c8f05bb4badc3f22bc2cf722620a31aaad9f025b2ee949c0bdac5",
    "0d2bf24781487e94378e62bbb42fb468da524ace873c0c87c6637e008eda40a5",
]
