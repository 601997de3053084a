"""What the lab dogs-vs-cats works with: pictures in three parts, augmentation, two kinds of network, answers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import Images, Split, dogs_vs_cats, read_image
from chainrule.data.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    RandomAffine,
    RandomHorizontalFlip,
    ToFloat,
)
from chainrule.io import write_whole
from chainrule.train import predict

from ._drawn import drawn
from ._lab import UsageError, asked_for

__all__ = [
    "CLASSES", "Animals", "animals", "augmentation", "occlusion", "prepared", "probabilities", "residual_network",
    "shares", "smaller", "submit", "tile", "unlabelled", "vgg",
]  # fmt: skip

Array = npt.NDArray[Any]
CLASSES = dogs_vs_cats.CLASSES
GREY = 116.0
"""What a moved or turned picture leaves empty: about the mean of all photographs."""


# ------------------------------------------------------------------------------------------ pictures


@dataclass(frozen=True)
class Animals:
    """Pictures uint8 (N, 3, size, size) and labels, 0 cat, 1 dog: to learn from, to choose by, to be tested on once."""

    train: Images
    valid: Images
    test: Images
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    """Of each channel over the training part, where 1 is full brightness."""

    @property
    def size(self) -> int:
        """Pixels a side."""
        return int(self.train.images.shape[-1])

    def normalised(self, images: Array) -> Array:
        """Pictures as the networks take them: each channel with mean 0 and deviation 1 over the training part."""
        x: Array = self.normalize(ToFloat()(images))
        return x

    @property
    def normalize(self) -> Normalize:
        """The transform that does it."""
        return Normalize(self.mean, self.deviation)


def animals(full: bool, data: Path | None, seed: int) -> Animals:
    """The photographs, 64 × 64, an eighth of the training part held out; or in a quick run drawn heads, 32 × 32.

    Raises UsageError if the photographs are not in the folder `data`, nor where they are usually kept.
    """
    if not full:
        return divided(drawn(900, 500, 32), 400, seed)
    with asked_for():
        split = dogs_vs_cats.load(data)
    return divided(split, len(split.train.labels) // 8, seed)


def divided(split: Split, held: int, seed: int) -> Animals:
    """So many of the training pictures apart, drawn at random."""
    images, labels = split.train
    order = np.random.default_rng(seed).permutation(len(labels))
    valid, train = (Images(images[rows], labels[rows]) for rows in (order[:held], order[held:]))
    x = train.images / np.float32(255)
    mean, deviation = (tuple(f(x, axis=(0, 2, 3)).tolist()) for f in (np.mean, np.std))
    return Animals(train, valid, split.test, mean, deviation)


def tile(pixels: Array, alt: str, label: str = "", wrong: bool = False) -> report.Tile:
    """A picture uint8 (3, H, W) with a label below it."""
    return report.Tile(report.picture(pixels.transpose(1, 2, 0)), alt, label, wrong)


# ------------------------------------------------------------------------------------------ augmentation


def augmentation(share: float = 1.0) -> dict[str, Any]:
    """The changes that a training picture meets, in their order; each has its own random numbers for every picture.

    With a `share` the pictures are also shrunk to it, in the middle of their frame.
    """
    zoom, move = (0.9 * share, 1.4 * share), (0.1 * share, 0.1 * share)
    return {
        "mirrored": RandomHorizontalFlip(),
        "turned, zoomed, moved": RandomAffine(15, move, zoom, fill=GREY),
        "other light": ColorJitter(0.3, 0.3, 0.3),
    }


def prepared(data: Animals, augmented: bool, size: int | None = None) -> Compose:
    """What is done to a batch [images, labels] on its way to the network; with a `size`, augmented ones are smaller."""
    size = size or data.size
    steps = list(augmentation(size / data.size).values()) if augmented else []
    edge = (data.size - size) // 2
    middle = slice(edge, edge + size)

    def cut(batch: Any, draws: Any) -> list[Any]:
        return [np.ascontiguousarray(batch[0][:, :, middle, middle]), *batch[1:]]

    return Compose([*steps, *([cut] if edge else []), ToFloat(), data.normalize])


def smaller(size: int) -> int:
    """Three quarters of a size, or the next smaller one that can be halved four times."""
    return 3 * size // 4 // 16 * 16


# ------------------------------------------------------------------------------------------ networks


def vgg(nn: Any, width: int, size: int) -> Any:
    """As VGG's: 3 × 3 convolutions, two by two, each pair followed by pooling to half the size; dense layers behind.

    It begins with half of `width` feature maps, and so costs about as much as the residual network, which pools sooner.
    """
    maps = width // 2
    layers = [nn.Conv2d(3, maps, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    for inputs, outputs in _doubled(maps):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    flat = 8 * maps * (size // 16) ** 2
    layers += [nn.Flatten(), nn.Linear(flat, 4 * maps), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4 * maps, 2)]
    return _begun(nn, nn.Sequential(*layers))


def residual_network(nn: Any, width: int, size: int) -> Any:
    """The same stages, normalized after every convolution, with a way past each pair; a mean instead of places."""
    layers = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
    layers.append(_residual(nn, width, width))
    layers += [_residual(nn, inputs, outputs) for inputs, outputs in _doubled(width)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, 2)]
    return _begun(nn, nn.Sequential(*layers))


def _doubled(width: int) -> list[tuple[int, int]]:
    """Feature maps before and after each of the stages that double them."""
    return [(width, 2 * width), (2 * width, 4 * width), (4 * width, 8 * width)]


def _residual(nn: Any, inputs: int, outputs: int) -> Any:
    """relu(shortcut(x) + body(x)); where the maps become more they also become half as large."""
    stride = 1 if inputs == outputs else 2
    body = nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs),
    )  # fmt: skip
    way = [nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]

    class Residual(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body, self.shortcut = body, nn.Sequential(*(way if stride == 2 else []))

        def forward(self, x: Any) -> Any:
            return (self.shortcut(x) + self.body(x)).relu()

    return Residual()


def _begun(nn: Any, model: Any) -> Any:
    """With He's initial weights, which keep the size of what passes through convolutions and ReLU."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


# ------------------------------------------------------------------------------------------ answers


def shares(outputs: Array) -> Array:
    """The probability of a dog: the softmax of two outputs, (N, 2) -> (N)."""
    p: Array = 1 / (1 + np.exp(outputs[:, 0].astype(np.float64) - outputs[:, 1]))
    return p


def probabilities(engine: Any, model: Any, x: Array, mirrored: bool = True) -> Array:
    """The probability of a dog in each picture: the mean over the picture and its mirror image."""
    views = [x, np.ascontiguousarray(x[..., ::-1])] if mirrored else [x]
    p: Array = np.mean([shares(predict(engine, model, view, 100)) for view in views], axis=0)
    return p


def occlusion(engine: Any, model: Any, data: Animals, image: Array, answer: int) -> Array:
    """By how much the probability of an answer falls when a grey square hides a part of the picture.

    The square is a quarter as wide as the picture, its places a sixteenth apart: (3, H, W) -> (13, 13).
    """
    side, step = data.size // 4, data.size // 16
    places = range(0, data.size - side + 1, step)
    hidden = np.repeat(image[None], len(places) ** 2 + 1, 0)  # the last one stays as it is
    for i, (top, left) in enumerate(product(places, places)):
        hidden[i, :, top : top + side, left : left + side] = GREY
    p = probabilities(engine, model, data.normalised(hidden), mirrored=False)
    if not answer:
        p = 1 - p
    fall: Array = (p[-1] - p[:-1]).reshape(len(places), -1)
    return fall


def unlabelled(folder: Path, size: int) -> tuple[list[str], Array]:
    """The names, without their endings, and the pictures of a folder, ordered as numbers if they are: 2 before 10.

    Raises UsageError if there are none, or one cannot be read.
    """
    with asked_for("--unlabelled"):
        files = [path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
        if not files:
            raise UsageError(f"--unlabelled {folder}: there are no pictures, JPEG or PNG, in it")
        files.sort(key=lambda path: [(len(part), part) if part.isdigit() else (0, part) for part in _parts(path.stem)])
        return [path.stem for path in files], np.stack([read_image(path, size) for path in files])


def _parts(name: str) -> list[str]:
    """Its digits and what is between them: test12b -> test, 12, b."""
    return re.findall(r"\d+|\D+", name)


def submit(names: Sequence[str], dog: Array, file: Path) -> None:
    """Write the answers as a table: id,label with the label Cat or Dog."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", "label"))
    writer.writerows((name, CLASSES[int(p > 0.5)].capitalize()) for name, p in zip(names, dog, strict=True))
    write_whole(file, text.getvalue().encode())
