"""The protocol of data sets: where one comes from, how its files are found and told from others, how it is read."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.data.content import sha256
from chainrule.data.folders import SAMPLES, find, present
from chainrule.data.images import Images

Parts = TypeVar("Parts")
Paths = Sequence[Path]


class Download(NamedTuple):
    """A file to fetch: one of a set's files, gzipped or not, or an archive (.zip, .tar.gz) that holds them."""

    url: str
    sha256: str = ""
    """Of an archive as it comes; single files are known by their content."""

    @property
    def name(self) -> str:
        """The file's name: the end of its address."""
        return self.url.rpartition("/")[2]


class Finding(NamedTuple):
    """One thing that was checked: a file, or the size of a part."""

    what: str
    found: str
    official: bool


class Pictures(NamedTuple):
    """Samples to look at: for each class a row of images (n, H, W) or (n, 3, H, W)."""

    rows: Mapping[str, NDArray[np.uint8]]


class Rows(NamedTuple):
    """Samples to read: rows of a table."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def part_sizes(parts: Any) -> dict[str, int]:
    """Samples in each part of what `load` returned; a part's first field has one element for each."""
    return {name: len(part[0]) for name, part in parts._asdict().items()}


@dataclass(frozen=True, kw_only=True)
class Source(Generic[Parts]):
    """Where a data set comes from and how it is read. `paths` below are those of its `files`, in their order."""

    name: str
    title: str
    what: str
    """What a sample is, in a few words."""
    licence: str
    citation: str
    """The publication to cite, or whoever published it."""
    url: str = ""
    files: Mapping[str, str]
    """Name of each file -> sha256 of its content, unzipped. A name ending in "/" is a folder's, and has none."""
    splits: Mapping[str, int]
    """Name of each part -> number of samples in it, officially."""
    read: Callable[[Paths], Parts]
    """paths -> all parts. Errors: ValueError, with the path, if a file is damaged."""
    samples: Callable[[Paths, int, int], Pictures | Rows]
    """(paths, number, seed) -> samples to show."""
    sizes: Callable[[Parts], Mapping[str, int]] = part_sizes
    """What `read` returned -> the number of samples in each part."""
    inspect: Callable[[Paths], Iterable[Finding]] = lambda paths: ()
    """What else there is to say of the files, where a sha256 cannot tell."""
    known: Mapping[str, str] = field(default_factory=dict)
    """sha256 of copies that are known not to be official -> what is different."""
    folder: str = ""
    """The folder that official archives put the files in; called `name` if nothing is said."""
    pictured: bool = True
    """Whether samples are pictures."""
    built_in: bool = False
    """Whether the files come with chainrule."""
    downloads: tuple[Download, ...] = ()
    advice: str = ""
    """How to come by the files where they cannot be downloaded."""

    def paths(self, data: str | Path | None = None) -> list[Path]:
        """The files, searched as `folders.find` says; those built in, unless a folder is asked for that has them."""
        if self.built_in and (data is None or not self._lies_in(Path(data))):
            return list(present(SAMPLES, list(self.files)).values())
        hint = f"Or fetch them: chainrule data fetch {self.name}" if self.downloads else self.advice
        return find(self.name, list(self.files), data, self.folder, hint)

    def _lies_in(self, folder: Path) -> bool:
        """Whether all files are in a folder, or in the one of this set there."""
        return any(len(present(place, list(self.files))) == len(self.files) for place in (folder, folder / self.name))

    def home(self, data: str | Path | None = None) -> Path:
        """The folder that the files are in."""
        first = next(iter(self.files))
        return self.paths(data)[0].parents[first.rstrip("/").count("/")]

    def load(self, data: str | Path | None = None) -> Parts:
        """Find the files and read them.

        Errors: FileNotFoundError if they are nowhere, ValueError if one is damaged. Warns of each file that is neither
        the official one nor a copy of which is known what is different.
        """
        parts = self.read(paths := self.paths(data))
        for path, official in zip(paths, self.files.values(), strict=True):
            if official and (found := sha256(path)) != official and found not in self.known:
                message = f"{path} is not {self.title}'s official file: do not expect published accuracies"
                warnings.warn(message, stacklevel=3)
        return parts


def by_class(images: Images, classes: Iterable[str], number: int, seed: int) -> Pictures:
    """About `number` images drawn at random, as many of each class."""
    names = list(classes)
    rng, each = np.random.default_rng(seed), max(1, round(number / len(names)))
    rows = {}
    for label, name in enumerate(names):
        members = np.flatnonzero(images.labels == label)
        rows[name] = images.images[rng.permutation(members)[:each]]
    return Pictures(rows)
