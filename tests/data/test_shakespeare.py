"""The built-in Shakespeare: the text that was built in, and nothing in it but speeches."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

from chainrule.data import folders, shakespeare, split_text
from chainrule.data.verify import verify


@pytest.fixture(scope="module")
def text() -> str:
    return shakespeare.load()


def test_the_text_is_the_one_that_was_built_in(text: str) -> None:
    assert len(text) == 1_209_705
    assert hashlib.sha256(text.encode()).hexdigest() == shakespeare.SOURCE.files["shakespeare.txt"]
    assert all(finding.official for finding in verify(shakespeare.SOURCE))


def test_it_is_small_and_carries_its_licence() -> None:
    sizes = {path.name: path.stat().st_size for path in folders.SAMPLES.glob("shakespeare*")}
    assert sizes.keys() == {"shakespeare.txt.gz", "shakespeare.LICENSE"}
    assert sum(sizes.values()) < 1 << 19
    assert "public domain" in (folders.SAMPLES / "shakespeare.LICENSE").read_text()


def test_it_is_taken_unless_a_folder_is_asked_for_that_has_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "shakespeare.txt").write_text("A:\nMine.\n")
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    assert shakespeare.SOURCE.home() == folders.SAMPLES
    assert shakespeare.SOURCE.home(tmp_path / "of-other-sets") == folders.SAMPLES
    with pytest.warns(UserWarning, match="official file"):
        assert shakespeare.load(tmp_path) == "A:\nMine.\n"


def test_every_speech_has_a_speaker_and_words(text: str) -> None:
    assert text.endswith("set me free.\n")
    speeches = text.removesuffix("\n").split("\n\n")
    assert len(speeches) == 8_532
    for speech in speeches:
        assert re.fullmatch(r"[A-Z]+(?:[ -][A-Z]+)*:(?:\n\S(?:.*\S)?)+", speech)
    speakers = Counter(speech.partition(":")[0] for speech in speeches)
    assert speakers.most_common(3) == [("OTHELLO", 274), ("IAGO", 272), ("ROSALIND", 201)]
    assert (speakers["ROMEO"], speakers["FIRST WITCH"], speakers["PROSPERO"]) == (163, 23, 114)


def test_nothing_but_speech_is_left(text: str) -> None:
    assert sorted(set(text)) == sorted("\n !\"&',-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    assert not re.search(r"Gutenberg|copyright|Exeunt|^(ACT|SCENE|THE END)\b", text, re.MULTILINE)
    assert not re.search(r"^[A-Z ]{4,}\.", text, re.MULTILINE)  # a name that was not seen to be one


def test_the_split_is_in_order(text: str) -> None:
    train, valid = shakespeare.split()
    assert train + valid == text
    assert (len(train), len(valid)) == (1_088_734, 120_971)
    assert "\nBOATSWAIN:\n" in valid
    assert "\nBOATSWAIN:\n" not in train


def test_a_text_is_split_anywhere() -> None:
    assert split_text("abcdefghij", 0.3) == ("abcdefg", "hij")
    for share in (0, 1, -0.1, float("nan")):
        with pytest.raises(ValueError, match=rf"valid={share}: expected a share between 0 and 1"):
            split_text("abc", share)
