"""Tiny Shakespeare: 40,000 lines of the plays in one file, 1,115,394 characters, to learn to write one by one.

Karpathy: "The unreasonable effectiveness of recurrent neural networks" (2015), where it was first used.
"""

from pathlib import Path

from chainrule.data.content import read_text
from chainrule.data.source import Download, Source
from chainrule.data.texts import Corpus, speeches


def load(data: str | Path | None = None) -> str:
    """The text: speeches, each after its speaker's name and a colon, with an empty line between them.

    Searched in `data`, or else in the folders of `folders.roots()`. Errors: FileNotFoundError if the file is nowhere,
    ValueError if it is no UTF-8. Another text is read, with a warning.
    """
    return SOURCE.load(data).characters


SOURCE = Source(
    name="tinyshakespeare",
    title="Tiny Shakespeare",
    what="characters of plays",
    licence="public domain",
    citation='Karpathy: "The unreasonable effectiveness of recurrent neural networks", 2015',
    url="https://github.com/karpathy/char-rnn",
    files={"input.txt": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
    splits={"characters": 1_115_394},
    read=lambda paths: Corpus(read_text(paths[0])),
    sizes=lambda corpus: {"characters": len(corpus.characters)},
    samples=speeches,
    pictured=False,
    downloads=(Download("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"),),
)
