"""The model of an earlier run classifies pictures and lines of text."""

import dataclasses
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from chainrule import labs
from chainrule.cli import main
from chainrule.data import digits
from chainrule.io import load_file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert main(["run", "lenet-mnist", "--epochs", "3", "--out", str(folder)]) in (0, 1)
    return folder


@pytest.mark.parametrize("paper", [0, 255])
def test_digits_are_recognized_on_black_and_on_white(
    run: Path, tmp_path: Path, paper: int, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = digits()
    files = []
    for digit in range(10):
        pixels = images[np.flatnonzero(labels == digit)[7]]
        files.append(tmp_path / f"{digit}.png")
        PIL.Image.fromarray(255 - pixels if paper else pixels).resize((56, 56)).save(files[-1])
    capsys.readouterr()
    assert main(["predict", str(run), *map(str, files)]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    found = [line.split()[1] for line in lines if "%" in line]
    assert sum(a == str(b) for a, b in zip(found, range(10), strict=True)) >= 8


def test_weights_are_there_for_everybody(run: Path) -> None:
    ours, npz = load_file(run / "weights.safetensors"), np.load(run / "weights.npz", allow_pickle=False)
    assert set(npz.files) == set(ours)
    assert all(npz[name].tobytes() == tensor.numpy().tobytes() for name, tensor in ours.items())


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (["missing.png"], "missing.png"),
        ([__file__], "is no JPEG or PNG image"),
        ([], "nothing to ask about"),
        (["a[/b].png"], "a[/b].png: No such file"),
    ],
)
def test_mistakes(run: Path, files: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(run), *files]) == 2
    assert text in " ".join(capsys.readouterr().err.split())


def test_a_folder_without_a_model(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tmp_path), "x.png"]) == 2
    assert "is no run" in capsys.readouterr().err
    (tmp_path / "config.json").write_bytes((run / "config.json").read_bytes())
    assert main(["predict", str(tmp_path), "x.png"]) == 2
    assert "has no weights.safetensors" in " ".join(capsys.readouterr().err.split())


def answer(settings: object, saved: object, text: str) -> dict[str, float] | str:
    """A lab of text: it says whether a line is short, or turns it round."""
    if text == "empty":
        raise ValueError("there is nothing in it [that I know]")
    return {"[short]": 0.75, "long": 0.25} if len(text) < 20 else text[::-1]


@pytest.fixture
def text_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lab = dataclasses.replace(labs.load("lenet-mnist"), predict=answer)
    monkeypatch.setattr(labs, "load", lambda name: lab)
    return run


def test_lines_of_text(text_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(text_run), "so [/good] a film", "x"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["input", "class", "probability", "next"]
    assert first.split("  ")[0].strip() == "so [/good] a film"
    assert first.split()[-4:] == ["[short]", "75.0%", "long", "25.0%"]
    assert second.split()[0] == "x"


def test_text_that_becomes_text(text_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(text_run), "a sentence to be turned round"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["input", "output"]
    assert "a sentence to be turned round  dnuor denrut eb ot ecnetnes a" in line


def test_what_a_lab_says_of_a_line_is_told(text_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(text_run), "empty"]) == 2
    assert "there is nothing in it [that I know]" in " ".join(capsys.readouterr().err.split())
