"""CIFAR-10: 60,000 colour photographs of 32×32 pixels, in its binary version.

    record  1 byte label 0 .. 9, then 3072 bytes: 1024 red, 1024 green, 1024 blue, row by row
    file    records one after the other, 10,000 in each official file

Krizhevsky: "Learning multiple layers of features from tiny images", technical report, University of Toronto (2009).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chainrule.data.content import content
from chainrule.data.images import Images, Split
from chainrule.data.source import Download, Source, by_class
from chainrule.io.bounded import read_up_to

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD, MAX_RECORDS = 1 + 3 * 32 * 32, 60_000
SHA256 = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}


def load(data: str | Path | None = None) -> Split:
    """The full set: 50,000 training and 10,000 test images, uint8 (N, 3, 32, 32); `.hold_out(5000)` makes it three.

    Searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if the files are nowhere,
    ValueError if one is damaged. Sound files that are not the official ones are read, with a warning.
    """
    return SOURCE.load(data)


def read_batch(path: Path) -> Images:
    """Read one file of records, gzipped or not.

    Errors: ValueError, with the path, if it does not end with a record, or if a label is not in 0 .. 9.
    """
    with content(path) as file:
        data = read_up_to(file, MAX_RECORDS * RECORD + 1)
        if len(data) > MAX_RECORDS * RECORD:
            raise ValueError(f"it holds more than {MAX_RECORDS} records of {RECORD} bytes, the most that is read")
        if len(data) % RECORD:
            raise ValueError(f"{len(data)} bytes are not a whole number of records of {RECORD} bytes: incomplete?")
        records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
        if (wrong := np.flatnonzero(records[:, 0] > 9)).size:
            raise ValueError(f"label {records[wrong[0], 0]} in record {wrong[0]}, expected 0 to 9")
        return Images(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64))


def read(paths: Sequence[Path]) -> Split:
    """Read the training batches and, last, the test batch."""
    *train, test = [read_batch(path) for path in paths]
    return Split(Images(*(np.concatenate(arrays) for arrays in zip(*train, strict=True))), test)


SOURCE = Source(
    name="cifar-10",
    title="CIFAR-10",
    what="photographs in ten classes, 32 × 32 colour",
    licence="none stated; cite the report",
    citation='Krizhevsky: "Learning multiple layers of features from tiny images", 2009',
    url="https://www.cs.toronto.edu/~kriz/cifar.html",
    files=SHA256,
    splits={"train": 50_000, "test": 10_000},
    read=read,
    samples=lambda paths, number, seed: by_class(read_batch(paths[0]), CLASSES, number, seed),
    known={
        "123ca0dad8f960344d9149742165d4215093c84c8c4bdc5922af93b614bdb501": "all but 20 of its 10,000 images are "
        "official; 19 ships and a horse (1259, 1369, 1422, 2245, 2737, 2935, 3695, 3718, 4085, 4496, 5791, 5896, 6286, "
        "7580, 7707, 7724, 7832, 8117, 8551, 9254) come from JPEG copies and are a little off"
    },
    folder="cifar-10-batches-bin",
    downloads=(
        Download(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
)
