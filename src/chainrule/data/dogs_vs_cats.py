"""Dogs vs. Cats: photographs of the two in a folder of JPEG files, train/cat.0.jpg, train/dog.0.jpg, ...

From Microsoft Research's Asirra. Kaggle's competition of 2013 has 25,000 labelled ones, 12,500 of each, of many sizes.
Elson, Douceur, Howell, Saul: "Asirra: a CAPTCHA that exploits interest-aligned manual image categorization" (2007).
"""

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chainrule.data.images import Images, Split, read_image
from chainrule.data.source import Finding, Pictures, Source, by_class

CLASSES = ("cat", "dog")
_NAME = re.compile(r"(cat|dog)\.(\d{1,9})\.jpe?g")


class Photograph(NamedTuple):
    """One of the files; they are ordered by number, cat before dog."""

    number: int
    label: int
    path: Path


def load(data: str | Path | None = None, size: int = 64) -> Split:
    """All photographs as uint8 (N, 3, size, size), each squeezed into the square; labels 0 cat, 1 dog.

    The test part is the folder test/ if its files have labelled names; Kaggle's have not, and then it is the fifth of
    the labelled photographs with the greatest numbers: 20,000 to train with, 5,000 to test. Searched in `data`, or else
    in the folders of `folders.roots()`. Errors: FileNotFoundError if the folder is nowhere, ValueError if a file is
    damaged or has another name.
    """
    return read(SOURCE.paths(data), size)


def read(paths: Sequence[Path], size: int = 64) -> Split:
    """Decode the photographs in the folder train/ and the one beside it."""
    train, test = photographs(paths[0])
    return Split(_decode(train, size), _decode(test, size))


def photographs(train: Path) -> tuple[list[Photograph], list[Photograph]]:
    """The files of both parts, in their order."""
    files = _labelled(train)
    if not files:
        raise ValueError(f"{train}: there are no files cat.N.jpg and dog.N.jpg")
    if apart := _labelled(train.parent / "test"):
        return files, apart
    first = (files[-1].number + 1) * 4 // 5
    return [f for f in files if f.number < first], [f for f in files if f.number >= first]


def _labelled(folder: Path) -> list[Photograph]:
    """The files of a folder, whose names must all be labels; none if no name is one, or nothing is there."""
    names = sorted(name for name in os.listdir(folder) if name[0] != ".") if folder.is_dir() else []
    found = [_NAME.fullmatch(name) for name in names]
    if not any(found):
        return []
    if None in found:
        raise ValueError(f"{folder / names[found.index(None)]}: expected a name like cat.0.jpg or dog.0.jpg")
    return sorted(Photograph(int(m[2]), CLASSES.index(m[1]), folder / m[0]) for m in found if m)


def _decode(files: Sequence[Photograph], size: int) -> Images:
    images = np.empty((len(files), 3, size, size), np.uint8)

    def decode(index: int) -> None:
        images[index] = read_image(files[index].path, size)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow decodes without holding Python's lock
        for _ in pool.map(decode, range(len(files))):
            pass  # the first error, if there is one, comes out here
    return Images(images, np.array([file.label for file in files], np.int64))


def samples(paths: Sequence[Path], number: int, seed: int) -> Pictures:
    """Training photographs to look at; no others are decoded."""
    train, _ = photographs(paths[0])
    drawn = [train[i] for i in np.random.default_rng(seed).permutation(len(train))]
    some = [file for label in (0, 1) for file in [f for f in drawn if f.label == label][: max(1, number // 2)]]
    return by_class(_decode(some, 128), CLASSES, number, seed)


def inspect(paths: Sequence[Path]) -> list[Finding]:
    """Whether the photographs have their many sizes, or were all resized to one."""
    import PIL.Image

    sizes = set()
    for file in [*photographs(paths[0])[0]][:100]:
        with PIL.Image.open(file.path) as image:
            sizes.add(image.size)
    if len(sizes) > 1:
        return [Finding("sizes", "many, as in the original", True)]
    return [
        Finding("sizes", "all {} × {}: resized copies, the original ones differ in size".format(*sizes.pop()), False)
    ]


SOURCE = Source(
    name="dogs-vs-cats",
    title="Dogs vs. Cats",
    what="photographs of dogs and cats, colour, of many sizes",
    licence="none stated; for research and teaching",
    citation='Elson, Douceur, Howell, Saul: "Asirra: a CAPTCHA that exploits manual image categorization", 2007',
    url="https://www.kaggle.com/c/dogs-vs-cats",
    files={"train/": ""},
    splits={"train": 20_000, "test": 5_000},
    read=read,
    samples=samples,
    inspect=inspect,
    advice="Kaggle hands them out after a login: unpack its train.zip, with train/cat.0.jpg, train/dog.0.jpg, ...",
)
