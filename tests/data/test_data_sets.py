"""What holds for every data set: on made-up samples in the official layouts, and on the real ones."""

import os
import warnings
from pathlib import Path

import pytest
from made_up_sets import MADE_UP

from chainrule.data import SOURCES
from chainrule.data.source import Pictures, Rows
from chainrule.data.verify import verify

SIZES = {
    "mnist": {"train": 3, "test": 2},
    "fashion-mnist": {"train": 3, "test": 2},
    "cifar-10": {"train": 10, "test": 3},
    "dogs-vs-cats": {"train": 16, "test": 4},
    "imdb": {"train": 6, "test": 6},
    "glove": {"words": 4},
    "tatoeba-eng-fra": {"train": 2, "valid": 2, "test": 2},
    "shakespeare": {"characters": 26},
    "tinyshakespeare": {"characters": 26},
    "tweets": {"tweets": 2},
}
REAL = {  # counts in the copies that $CHAINRULE_DATA may hold -> what verify says of them
    "mnist": [],
    "fashion-mnist": [],
    "cifar-10": ["test_batch.bin"],
    "dogs-vs-cats": ["train", "test", "sizes"],
    "imdb": ["ratings, order"],
    "glove": ["glove.6B.50d.txt", "words"],
    "tatoeba-eng-fra": [],
    "shakespeare": [],
    "tinyshakespeare": [],
    "tweets": [],
}


@pytest.fixture(params=SOURCES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def load(name: str, root: Path):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*official file", UserWarning)
        return SOURCES[name].load(root)


def test_every_set_says_what_it_is(name: str) -> None:
    source = SOURCES[name]
    assert all((source.title, source.what, source.licence, source.citation, source.files, source.splits))
    assert source.downloads or source.advice or source.built_in
    assert all(len(digest) == 64 for digest in [*source.files.values(), *source.known] if digest)
    assert all(len(d.sha256) == 64 for d in source.downloads if d.name.endswith((".zip", ".tar.gz")))


@pytest.mark.parametrize("below", ["", "its folder"])
def test_a_set_is_found_and_read(name: str, tmp_path: Path, below: str) -> None:
    source = SOURCES[name]
    home = tmp_path / (source.folder or name) if below else tmp_path
    MADE_UP[name](home)
    assert source.home(tmp_path) == home
    assert source.sizes(load(name, tmp_path)) == SIZES[name]
    assert SIZES[name].keys() == source.splits.keys()


def test_what_is_not_official_is_warned_of(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    MADE_UP[name](tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source.load(tmp_path)
    hashed = [file for file, digest in source.files.items() if digest]
    assert [f"{source.title}'s official file" in str(w.message) for w in caught] == [True] * len(hashed)


def test_verify_tells_of_each_file_and_part(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    MADE_UP[name](tmp_path)
    findings = {finding.what: finding for finding in verify(source, tmp_path)}
    for part, count in SIZES[name].items():
        assert findings[part].found == f"{count} instead of {source.splits[part]:,}"
    for file, digest in source.files.items():
        if digest:
            assert findings[file].found.startswith("not the official file: damaged, or another (sha256 ")
            assert not findings[file].official


def test_verify_tells_of_damage(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    MADE_UP[name](tmp_path)
    victim = next(path for path in sorted(tmp_path.rglob("*"), reverse=True) if path.is_file())
    victim.write_bytes(b"\x1f\x8b" + victim.read_bytes()[2:] if name != "dogs-vs-cats" else b"")
    last = verify(source, tmp_path)[-1]
    assert (last.what, last.official) == ("content", False)
    assert last.found.startswith(f"cannot be read: {victim}: ")


def test_samples_are_drawn_by_the_seed(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    MADE_UP[name](tmp_path)
    drawn = [source.samples(source.paths(tmp_path), 2, seed) for seed in (3, 3)]
    if isinstance(drawn[0], Pictures):
        assert source.pictured
        once, again = ({name: row.tolist() for name, row in pictures.rows.items()} for pictures in drawn)
        assert once == again
        assert any(once.values())
    else:
        assert isinstance(drawn[0], Rows)
        assert drawn[0] == drawn[1]
        assert len(drawn[0].rows) == 2
        assert all(len(row) == len(drawn[0].columns) for row in drawn[0].rows)


def test_what_is_missing_is_said_of_every_set(name: str, tmp_path: Path) -> None:
    if SOURCES[name].built_in:
        assert SOURCES[name].load(tmp_path) == SOURCES[name].load()
        return
    with pytest.raises(FileNotFoundError) as error:
        SOURCES[name].load(tmp_path)
    message = str(error.value)
    assert all(f"\n  {file}" in message for file in SOURCES[name].files)
    assert f"chainrule data fetch {name}" in message or SOURCES[name].advice in message


def test_real_sets_are_as_they_are_known(name: str) -> None:
    """In full: every file against its sha256, every sample read."""
    if not os.environ.get("CHAINRULE_DATA"):
        pytest.skip("needs the full data sets in a folder named by CHAINRULE_DATA")
    try:
        findings = verify(SOURCES[name])
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    differing = [finding.what for finding in findings if not finding.official]
    assert differing in ([], REAL[name])
