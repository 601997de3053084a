"""Fashion-MNIST: 70,000 articles of clothing of 28×28 pixels, in MNIST's format; 2,000 of them are built in.

Xiao, Rasul, Vollgraf: "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms" (2017).
"""

from pathlib import Path

from chainrule.data.folders import SAMPLES
from chainrule.data.idx import read_split
from chainrule.data.images import Split
from chainrule.data.source import Download, Source, by_class

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
# sha256 of the official files, uncompressed, in the order in which `load` reads them
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def load(data: str | Path | None = None) -> Split:
    """The full set: 60,000 training and 10,000 test images; `.hold_out()` makes it three parts.

    Searched and refused as MNIST is. A folder that was asked for must not be MNIST's: the files have the same names.
    """
    return SOURCE.load(data)


def excerpt() -> Split:
    """The built-in 1,500 training and 500 test images: the first 150 and 50 of each class, in turns: 0 1 … 9 0 1 ….

    Made by scripts/make_clothes.py.
    """
    return read_split([SAMPLES / f"clothes-{file}.gz" for file in SHA256])


SOURCE = Source(
    name="fashion-mnist",
    title="Fashion-MNIST",
    what="articles of clothing, 28 × 28 grey",
    licence="MIT",
    citation='Xiao, Rasul, Vollgraf: "Fashion-MNIST: a novel image dataset", 2017',
    url="https://github.com/zalandoresearch/fashion-mnist",
    files=SHA256,
    splits={"train": 60_000, "test": 10_000},
    read=read_split,
    samples=lambda paths, number, seed: by_class(read_split(paths).train, CLASSES, number, seed),
    downloads=tuple(
        Download(f"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/{file}.gz")
        for file in SHA256
    ),
)
