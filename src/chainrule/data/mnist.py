"""MNIST: 70,000 handwritten digits of 28×28 pixels; 5,000 of the training images are built in.

LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998).
"""

from pathlib import Path

import numpy as np

from chainrule.data.folders import SAMPLES
from chainrule.data.idx import read_images, read_split
from chainrule.data.images import Images, Split
from chainrule.data.source import Download, Source, by_class

# sha256 of the official files, uncompressed, in the order in which `load` reads them
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def load(data: str | Path | None = None) -> Split:
    """The full set from its four original files: 60,000 training and 10,000 test images; `.hold_out()` makes it three.

    The files are searched in `data`, or else in the folders of `folders.roots()`. Raises FileNotFoundError if they are
    nowhere, ValueError if one is damaged. Sound files that are not the official ones are read, with a warning.
    """
    return SOURCE.load(data)


SOURCE = Source(
    name="mnist",
    title="MNIST",
    what="handwritten digits, 28 × 28 grey",
    licence="CC BY-SA 3.0",
    citation='LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition", 1998',
    url="https://yann.lecun.com/exdb/mnist/",
    files=SHA256,
    splits={"train": 60_000, "test": 10_000},
    read=read_split,
    samples=lambda paths, number, seed: by_class(read_split(paths).train, "0123456789", number, seed),
    downloads=tuple(Download(f"https://ossci-datasets.s3.amazonaws.com/mnist/{file}.gz") for file in SHA256),
)


def digits() -> Images:
    """The built-in 5,000: the first 500 training images of each digit, by digit. Made by scripts/make_digits.py."""
    return read_images(SAMPLES / "digits-images-idx3-ubyte.gz", SAMPLES / "digits-labels-idx1-ubyte.gz")


def digits_split(train: int = 2000, test: int = 500, seed: int = 0) -> Split:
    """A fixed, class-balanced split of the built-in digits, the same on every machine; both parts run 0 1 … 9 0 1 ….

    For one seed the test images depend on `test` alone, and a smaller training set is the start of a larger one.
    Raises ValueError unless both sizes are multiples of 10 and together at most 5,000.
    """
    if train % 10 or test % 10 or min(train, test) < 0 or train + test > 5000:
        raise ValueError(f"digits_split: train={train}, test={test}: expected multiples of 10, together at most 5000")
    images, labels = digits()
    order = np.lexsort((np.random.PCG64(seed).random_raw(5000), labels)).reshape(10, 500)  # a row a digit, shuffled
    test_rows, train_rows, _ = np.split(order.T, [test // 10, (test + train) // 10])  # each (size / 10, 10)
    return Split(*(Images(images[i.ravel()], labels[i.ravel()]) for i in (train_rows, test_rows)))
