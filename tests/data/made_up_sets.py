"""Data sets of a few made-up samples, in the layouts of the official ones."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from chainrule.data.idx import encode_idx

RNG = np.random.default_rng(0)


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def jpeg(width: int, height: int, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(file, kind)
    return file.getvalue()


def records(labels: list[int]) -> bytes:
    """CIFAR-10 records: image i is i everywhere in red, i + 1 in green, i + 2 in blue."""
    return b"".join(bytes([y]) + b"".join(bytes([i + c]) * 1024 for c in range(3)) for i, y in enumerate(labels))


def mnist(root: Path) -> None:
    for part, n in (("train", 3), ("t10k", 2)):
        images = gzip.compress(encode_idx(RNG.integers(0, 256, (n, 28, 28))))
        write(root / f"{part}-images-idx3-ubyte.gz", images)
        write(root / f"{part}-labels-idx1-ubyte", encode_idx(np.arange(n)))


def cifar(root: Path) -> None:
    for batch in range(1, 6):
        write(root / f"data_batch_{batch}.bin", records([batch, 0]))
    write(root / "test_batch.bin", records([9, 8, 7]))


def dogs(root: Path) -> None:
    for number in range(10):
        write(root / f"train/cat.{number}.jpg", jpeg(20 + number, 30))
        write(root / f"train/dog.{number}.jpg", jpeg(30, 20))


def reviews(root: Path) -> None:
    for part in ("train", "test"):
        for label, rating in (("pos", 10), ("neg", 1)):
            for number in (2, 10, 0):
                write(root / f"{part}/{label}/{number}_{rating}.txt", f"{part} {label} {number} é<br />\x85end")


def words(root: Path) -> None:
    lines = [
        word + "".join(f" {0.5 * i + j:g}" for j in range(50)) for i, word in enumerate(["the", ",", "naïve", "0.1"])
    ]
    write(root / "glove.6B.50d.txt", "\n".join(lines) + "\n")


def pairs(root: Path) -> None:
    for part in ("train", "valid", "test"):
        write(root / f"{part}.tsv", f"Go.\tVa !\n{part} it.\tÇa {part}.\tCC-BY\n")


def speeches(path: Path) -> None:
    write(path, "A:\nWords,\nwords.\n\nB:\nÂme?\n")


MADE_UP: dict[str, Callable[[Path], None]] = {
    "mnist": mnist,
    "fashion-mnist": mnist,
    "cifar-10": cifar,
    "dogs-vs-cats": dogs,
    "imdb": reviews,
    "glove": words,
    "tatoeba-eng-fra": pairs,
    "shakespeare": lambda root: speeches(root / "shakespeare.txt"),
    "tinyshakespeare": lambda root: speeches(root / "input.txt"),
    "tweets": lambda root: write(root / "tweets.txt", "hello\nworld\n") and None,
}
