"""Shakespeare: ten of the plays, 1,209,705 characters, 64 of them different, to learn to write one by one. Built in.

    Richard III, Romeo and Juliet, The Merchant of Venice, Much Ado About Nothing, Julius Caesar,
    As You Like It, Twelfth Night, Othello, Macbeth, The Tempest

In this order, what is spoken in them alone; Tiny Shakespeare, another selection, has the same form.
"""

from pathlib import Path

from chainrule.data.content import read_text
from chainrule.data.source import Source
from chainrule.data.texts import Corpus, speeches, split_text


def load(data: str | Path | None = None) -> str:
    """The text: speeches, each after its speaker's name and a colon, with an empty line between them.

    Made by scripts/make_shakespeare.py. `data` is a folder with another text of this name, which is read with a
    warning. Errors: FileNotFoundError if there is none, ValueError if it is no UTF-8.
    """
    return SOURCE.load(data).characters


def split(valid: float = 0.1) -> tuple[str, str]:
    """The text to learn from, and the share at its end to be judged by: the last third of Macbeth, and The Tempest."""
    return split_text(load(), valid)


SOURCE = Source(
    name="shakespeare",
    title="Shakespeare",
    what="characters of ten plays",
    licence="public domain",
    citation="William Shakespeare: ten plays, after the Globe edition of Clark and Wright, 1866",
    files={"shakespeare.txt": "3e97e69929ba42212a5a3cac4fc55076b7fffc9afa256953e83d50607c93b889"},
    splits={"characters": 1_209_705},
    read=lambda paths: Corpus(read_text(paths[0])),
    sizes=lambda corpus: {"characters": len(corpus.characters)},
    samples=speeches,
    pictured=False,
    built_in=True,
)
