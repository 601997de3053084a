"""One seed, the same bits: run again, on any number of threads, with and without workers that prepare the batches."""

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.data import DataLoader, TensorDataset
from chainrule.data.transforms import Compose, RandomAffine, RandomCrop, RandomHorizontalFlip, ToFloat
from chainrule.train import fit

X = np.random.default_rng(0).integers(0, 256, (160, 3, 20, 20), np.uint8)
Y = np.random.default_rng(1).integers(0, 5, 160)
AUGMENT = Compose([RandomCrop(20, 2), RandomHorizontalFlip(), RandomAffine(15, (0.1, 0.1), (0.9, 1.1)), ToFloat()])


def trained(seed: int = 4, **options: Any) -> bytes:
    """The weights after two epochs of everything that could make a difference."""
    cr.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(16 * 49, 64), nn.ReLU(), nn.Linear(64, 5),
    )  # fmt: skip
    loader = DataLoader(TensorDataset(X, Y), 32, shuffle=True, seed=seed, transform=AUGMENT, **options)
    fit(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=1e-3), loader, 2)
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


@pytest.fixture(scope="module")
def bits() -> bytes:
    return trained()


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_same_bits(bits: bytes, threads: int, workers: int) -> None:
    cr.set_num_threads(threads)
    assert trained(num_workers=workers) == bits


def test_other_bits_of_another_seed(bits: bytes) -> None:
    assert trained(5) != bits
