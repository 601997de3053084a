"""Tweets: 7,375 short messages of one account, one to a line, in lower case and 43 different characters.

Of the character set only a-z, 0-9, blank and ! , . ? - : are left. A text to learn to write character by character.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chainrule.data.source import Rows, Source
from chainrule.data.texts import read_lines


class Lines(NamedTuple):
    """One string for each message."""

    tweets: list[str]


def load(data: str | Path | None = None) -> list[str]:
    """The messages. Any other file with one to a line: `texts.read_lines`.

    Searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if the file is nowhere,
    ValueError, with the line, if it is damaged. Other messages are read, with a warning.
    """
    return SOURCE.load(data).tweets


def samples(paths: Sequence[Path], number: int, seed: int) -> Rows:
    """Messages to read."""
    lines = read_lines(paths[0])
    return Rows(("tweet",), [(lines[i],) for i in np.random.default_rng(seed).permutation(len(lines))[:number]])


SOURCE = Source(
    name="tweets",
    title="Tweets",
    what="messages, one to a line",
    licence="none stated; public posts",
    citation="Messages of Donald Trump's account, prepared for the course FYS-3033, UiT",
    files={"tweets.txt": "cbd6c7aa88dfbfd3ef64ccd673780e279ecfa2d4a56241de1380352bdce98668"},
    splits={"tweets": 7_375},
    read=lambda paths: Lines(read_lines(paths[0])),
    sizes=lambda lines: {"tweets": len(lines.tweets)},
    samples=samples,
    pictured=False,
    advice="This file is not for download. One of your own may have the same form: a message to a line.",
)
