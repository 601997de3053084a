"""MNIST: 70,000 handwritten digits of 28×28 pixels; 5,000 of the training images are built in.

LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998).
"""

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule.data.content import content
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

    The files are searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if they are
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

    For one seed the test images depend on `test` alone, and a smaller one to `train` is the start of a larger one.
    Errors: ValueError unless both sizes are multiples of 10 and together at most 5,000.
    """
    if train % 10 or test % 10 or min(train, test) < 0 or train + test > 5000:
        raise ValueError(f"digits_split: train={train}, test={test}: expected multiples of 10, together at most 5000")
    images, labels = digits()
    order = np.lexsort((np.random.PCG64(seed).random_raw(5000), labels)).reshape(10, 500)  # a row a digit, shuffled
    test_rows, train_rows, _ = np.split(order.T, [test // 10, (test + train) // 10])  # each (size / 10, 10)
    return Split(*(Images(images[i.ravel()], labels[i.ravel()]) for i in (train_rows, test_rows)))


# ---------------------------------------------------------------------------------------------- as a table

VALUES = 1 + 28 * 28
"""In a line: the label and the pixels."""
MAX_LINE = 1 << 13  # characters: 785 numbers of three digits, with commas and spaces, are 3,924
MAX_DIGITS = 1 << 19  # 400 MB; MNIST has 70,000
_BLOCK = 1000


def read_csv(path: Path) -> Images:
    """MNIST as a table of text: a line a digit, its label and then its 784 pixels row by row, with commas between them.

    Gzipped or not; a first line of names is passed over, and so are empty lines. Errors: ValueError, with path and
    line, for every file that is not exactly this; OSError if it cannot be opened.
    """
    with content(path) as file:
        rows = _table(file)
    return Images(rows[:, 1:].reshape(-1, 28, 28), rows[:, 0].astype(np.int64))


def _table(file: io.BufferedIOBase) -> NDArray[np.uint8]:
    """All lines as rows (N, 785)."""
    blocks: list[NDArray[np.uint8]] = []
    lines = _lines(file)
    while block := list(islice(lines, _BLOCK)):
        blocks.append(_rows(block))
        if len(blocks) * _BLOCK > MAX_DIGITS:
            raise ValueError(f"it holds more than {MAX_DIGITS:,} digits, the most that is read")
    if not blocks:
        raise ValueError("it holds no digits: expected lines of a label and 784 pixels, with commas between them")
    return np.concatenate(blocks)


def _lines(file: io.BufferedIOBase) -> Iterator[tuple[int, str]]:
    """The lines that hold something, with their numbers; not the names of the columns."""
    for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE), b""), 1):
        line = raw.decode("utf-8-sig", "replace")
        if line.strip() and not (number == 1 and _names(line)):
            yield number, line


def _names(line: str) -> bool:
    """Whether a line names the columns, such as label,pixel0,pixel1: it begins like a word."""
    return line.lstrip(" \"'")[:1].isalpha()


def _rows(block: list[tuple[int, str]]) -> NDArray[np.uint8]:
    """Some lines as rows (N, 785). NumPy reads them at once; where that fails, the first mistake is searched."""
    try:
        rows = np.loadtxt([line for _, line in block], np.uint8, comments=None, delimiter=",", ndmin=2)
    except ValueError:
        rows = np.zeros((0, VALUES), np.uint8)
    if rows.shape != (len(block), VALUES) or rows[:, 0].max() > 9:
        raise ValueError(next(filter(None, (_mistake(*line) for line in block)), f"line {block[0][0]} cannot be read"))
    return rows


def _mistake(number: int, line: str) -> str:
    """What is wrong with a line; "" if nothing is."""
    values = [value.strip() for value in line.split(",")]
    if len(values) != VALUES:
        return f"line {number} has {len(values)} values, expected {VALUES}: the label and 784 pixels"
    for column, value in enumerate(values, 1):
        what, greatest = ("pixel", 255) if column > 1 else ("label", 9)
        if not (value.isascii() and value.isdecimal() and len(value) < 9 and int(value) <= greatest):
            return f"line {number}, value {column}: {value[:20]!r} is no {what} from 0 to {greatest}"
    return ""
