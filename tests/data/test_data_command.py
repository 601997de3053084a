"""`chainrule data`: its answers, in words and in its exit status."""

import dataclasses
import hashlib
import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from made_up_sets import MADE_UP

from chainrule import cli
from chainrule.data import SOURCES, command, folders


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data but that of the test, and a narrow terminal."""
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(folders, "SYSTEM", tmp_path / "system")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    def call(*words: str) -> tuple[int, str, str]:
        try:
            status = cli.main(["data", *words])
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert all(len(line) <= 60 for line in out.splitlines() if "/" not in line)
        return status, " ".join(out.split()), " ".join(err.split())

    return call


def test_list_tells_of_every_set_where_it_is(call, tmp_path: Path) -> None:
    MADE_UP["tweets"](tmp_path / "tweets")
    status, out, err = call("list")
    assert (status, err) == (0, "")
    assert all(re.search(rf"\b{name}\b", out) for name in SOURCES)
    assert out.count("missing") == len(SOURCES) - 2  # tweets and what is built in
    assert call("list", "--data", "/nowhere")[1].count("missing") == len(SOURCES) - 1  # what is built in


def test_verify_answers_by_its_status(call, tmp_path: Path) -> None:
    MADE_UP["tweets"](tmp_path / "tweets")
    status, out, _ = call("verify", "tweets")
    assert status == 1
    assert "✗ tweets 2 instead of 7,375" in out
    assert "is not the official set: tweets.txt, tweets." in out
    assert re.search(r"sha256 [0-9a-f]{12}… instead of cbd6c7aa88df…", out)
    assert call("verify", "tweets", "--data", "/nowhere")[0] == 2


@pytest.mark.parametrize("name", ["mnist", "cifar-10", "dogs-vs-cats"])
def test_show_draws_a_contact_sheet(call, tmp_path: Path, name: str) -> None:
    MADE_UP[name](tmp_path)
    status, out, err = call("show", name, "--out", "sheet.png", "--n", "30")
    assert (status, err) == (0, "")
    with PIL.Image.open(tmp_path / "sheet.png") as sheet:
        assert out.startswith("sheet.png: ")
        assert out.endswith(f"images, {sheet.width} × {sheet.height}")
        assert np.asarray(sheet).std() > 10
    assert call("show", name)[0] == 0
    assert (tmp_path / f"{name}.png").exists()


@pytest.mark.parametrize("name", ["imdb", "glove", "tatoeba-eng-fra", "shakespeare", "tinyshakespeare", "tweets"])
def test_show_prints_texts(call, tmp_path: Path, name: str) -> None:
    MADE_UP[name](tmp_path)
    status, out, err = call("show", name, "--n", "2")
    assert (status, err) == (0, "")
    words = {
        "imdb": "train pos",
        "glove": "naïve",
        "tatoeba-eng-fra": "Ça train.",
        "shakespeare": "speaker",
        "tinyshakespeare": "Âme?",
        "tweets": "world",
    }
    assert words[name] in out


def test_text_that_looks_like_markup_is_printed_as_it_is(call, tmp_path: Path) -> None:
    (tmp_path / "tweets.txt").write_text("[bold]loud[/] and [/wrong]\n")
    assert "[bold]loud[/] and [/wrong]" in call("show", "tweets")[1]


def test_fetch_leaves_what_is_there(call, tmp_path: Path) -> None:
    MADE_UP["mnist"](tmp_path)
    assert call("fetch", "mnist") == (0, f"mnist is already in {tmp_path}", "")


def test_fetch_downloads_and_says_what_to_cite(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCES["tinyshakespeare"]
    files = {"input.txt": hashlib.sha256(b"words").hexdigest()}
    monkeypatch.setitem(SOURCES, "tinyshakespeare", dataclasses.replace(source, files=files))

    def retrieve(url: str, path: Path, progress) -> None:
        path.write_bytes(b"words")
        progress(5, 5)

    monkeypatch.setattr(command, "retrieve", retrieve)
    status, out, err = call("fetch", "tinyshakespeare", "--data", str(tmp_path / "new"))
    assert (status, err) == (0, "")
    assert f"tinyshakespeare is in {tmp_path}/new/tinyshakespeare Licence: public domain. To be cited: Karpathy" in out
    assert (tmp_path / "new/tinyshakespeare/input.txt").read_bytes() == b"words"
    assert call("verify", "tinyshakespeare", "--data", str(tmp_path / "new"))[1].startswith("✓ input.txt the official")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([], "Expected one of {list, fetch, verify, show}"),
        (["lst"], "list"),
        (["verify", "mnits"], "there is no data set 'mnits'. Did you mean mnist?"),
        (["show", "qqq"], "There are: mnist, fashion-mnist, cifar-10"),
        (["verify"], "NAME"),
        (["verify", "glove"], "Or fetch them: chainrule data fetch glove"),
        (["show", "tweets"], "tweets was not found. Searched:"),
        (["fetch", "dogs-vs-cats"], "dogs-vs-cats cannot be downloaded. Kaggle"),
        (["show", "mnist", "--n", "0"], "--n 0: expected 1 to 10,000 samples"),
        (["show", "mnist", "--n", "many"], "many"),
        (["show", "tweets", "--out", "x.png"], "--out x.png: tweets is text, which is printed"),
    ],
)
def test_mistakes_are_answered_in_words(call, words: list[str], answer: str) -> None:
    status, out, err = call(*words)
    assert (status, out) == (2, "")
    assert answer in err.replace("│ ", "")


def test_a_damaged_file_is_answered_in_words(call, tmp_path: Path) -> None:
    MADE_UP["cifar-10"](tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(b"short")
    assert call("show", "cifar-10")[0] == 2
    assert call("verify", "cifar-10")[0] == 1


def test_a_sheet_that_cannot_be_written_is_answered_in_words(call, tmp_path: Path) -> None:
    MADE_UP["mnist"](tmp_path)
    status, _, err = call("show", "mnist", "--out", f"{tmp_path}/no/such/folder.png")
    assert status == 2
    assert "no/such/folder.png: No such file or directory" in err
