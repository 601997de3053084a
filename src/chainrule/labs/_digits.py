"""What the labs on handwritten digits share: the digits as normalised arrays, pictures of them, the surest mistakes."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule import from_numpy, report
from chainrule.data import Images, Split, mnist, read_image
from chainrule.nn import functional
from chainrule.train import accuracy, predict

from ._lab import asked_for
from ._predict import Saved

__all__ = [
    "Digits", "accuracy_at_shift", "held_out", "normalised", "read_digit", "read_table", "recognized", "scrambled",
    "shifted", "surest_mistakes", "tile", "tiles",
]  # fmt: skip

Array = npt.NDArray[Any]
NONE = Images(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64))


class Digits(NamedTuple):
    """Images (N, 1, 28, 28) with mean 0 and standard deviation 1 over the training set, and labels (N)."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array
    mean: float = 0.0
    deviation: float = 1.0
    """Of the pixels that the training images came from."""
    x_valid: Array = NONE.images[:, None].astype(np.float32)
    y_valid: Array = NONE.labels
    """Digits to choose by, where a lab holds some out."""

    def first(self, train: int, valid: int, test: int) -> "Digits":
        """So many of each part, from its beginning."""
        return self._replace(
            x=self.x[:train],
            y=self.y[:train],
            x_valid=self.x_valid[:valid],
            y_valid=self.y_valid[:valid],
            x_test=self.x_test[:test],
            y_test=self.y_test[:test],
        )


def held_out(full: bool, data: Path | None) -> Digits:
    """Three parts: 3,500 / 500 / 1,000 of the built-in digits, or MNIST's 50,000 / 10,000 / 10,000 in `full`.

    Raises UsageError if MNIST is not in the folder `data`, nor where it is usually kept.
    """
    with asked_for():
        split = mnist.load(data).hold_out() if full else mnist.digits_split(4000, 1000).hold_out(500)
    return normalised(split.train, split.test, split.valid)


def read_table(train: Path, test: Path | None = None) -> Split:
    """Digits in tables of text; of a single one, the last tenth is to be tested on. ValueError if it has but one."""
    images, labels = mnist.read_csv(train)
    if test:
        return Split(Images(images, labels), mnist.read_csv(test))
    kept = len(labels) - math.ceil(len(labels) / 10)
    if not kept:
        raise ValueError(f"{train}: one digit is too few to learn from and to be tested on")
    return Split(Images(images[:kept], labels[:kept]), Images(images[kept:], labels[kept:]))


def normalised(train: Images, test: Images, valid: Images = NONE) -> Digits:
    """The pixels as numbers that a network learns from: all are shifted and scaled as the training images need it.

    Errors: ValueError if those are of one colour only.
    """
    x, x_test, x_valid = (part.images[:, None].astype(np.float32) for part in (train, test, valid))
    y, y_test, y_valid = (part.labels.astype(np.int64) for part in (train, test, valid))
    mean, deviation = x.mean(), x.std()
    if not deviation:
        raise ValueError("all pixels of the training images are the same: there is nothing to learn from them")
    x, x_test, x_valid = ((part - mean) / deviation for part in (x, x_test, x_valid))
    return Digits(x, y, x_test, y_test, float(mean), float(deviation), x_valid, y_valid)


def read_digit(file: str, facts: Mapping[str, Any]) -> Array:
    """A picture of a digit, dark ink on light paper or white on black, as a network saw digits: (1, 1, 28, 28).

    `facts` are the mean and the deviation of the pixels that it learned from.
    """
    grey = read_image(Path(file), 28).mean(axis=0)  # (3, 28, 28) -> (28, 28)
    ink = 255 - grey if grey.mean() > 127 else grey
    x: Array = (ink[None, None] - facts["mean"]) / facts["deviation"]
    return x.astype(np.float32)


def recognized(model: Any, saved: Saved, file: str) -> dict[str, float]:
    """The probability of each digit for a picture of one, by a model of chainrule with the weights of a run."""
    model.load_state_dict(saved.weights)
    p = functional.softmax(model(from_numpy(read_digit(file, saved.facts))), 1)
    return {str(digit): share for digit, share in enumerate(p[0].tolist())}


def shifted(x: Array, right: int, down: int) -> Array:
    """Images moved by at most 4 pixels; what comes in at the edge is background."""
    padded = np.pad(x, ((0, 0), (0, 0), (4, 4), (4, 4)), constant_values=x.min())
    return np.ascontiguousarray(padded[..., 4 - down : 32 - down, 4 - right : 32 - right])


def scrambled(data: Digits, seed: int) -> Digits:
    """The pixels of every digit in another order, the same for all."""
    order = np.random.default_rng(seed).permutation(28 * 28)
    parts = (data.x, data.x_valid, data.x_test)
    x, x_valid, x_test = (a.reshape(-1, 28 * 28)[:, order].reshape(a.shape) for a in parts)
    return data._replace(x=x, x_valid=x_valid, x_test=x_test)


def accuracy_at_shift(engine: Any, model: Any, data: Digits, by: int) -> float:
    """Mean accuracy on test digits moved to the right, left, down and up."""
    moves = [(by, 0), (-by, 0), (0, by), (0, -by)] if by else [(0, 0)]
    return float(
        np.mean([accuracy(predict(engine, model, shifted(data.x_test, *move)), data.y_test) for move in moves])
    )


def surest_mistakes(outputs: Array, labels: Array) -> Array:
    """The rows that were misjudged, those first whose wrong output exceeds the right one the most."""
    excess = outputs.max(axis=1) - outputs[np.arange(len(labels)), labels]
    return np.argsort(-excess)[: np.count_nonzero(outputs.argmax(axis=1) != labels)]


def tile(pixels: Array, true: int, guess: int) -> report.Tile:
    """A digit (28, 28), and what the network takes it for."""
    return report.Tile(
        report.picture(pixels), f"a {true}, taken for a {guess}", f"{true} → {guess}", wrong=true != guess
    )


def tiles(x: Array, labels: Array, outputs: Array, rows: Sequence[int] | Array) -> list[report.Tile]:
    """The digits of these rows, and what the network takes them for: (N, 1, 28, 28), (N), (N, classes)."""
    return [tile(x[i].reshape(28, 28), int(labels[i]), int(outputs[i].argmax())) for i in rows]
