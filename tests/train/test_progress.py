"""What a person sees of a training."""

import io

import pytest
from rich.console import Console

from chainrule.train import Epoch, Progress, progress


def shown(terminal: bool, monkeypatch: pytest.MonkeyPatch, between: float = 0.0) -> str:
    """The output of a training of three epochs, 100 samples each."""
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    monkeypatch.setattr(progress, "BETWEEN_LINES", between)
    file = io.StringIO()
    with Progress(Console(file=file, force_terminal=terminal, width=100), "tiny", 3, 100) as bar:
        for number in (1, 2, 3):
            for _ in range(2):
                bar.step(0.5 / number, 50)
            bar.epoch(Epoch(number, 0.5 / number, 2.0, {"test accuracy": 0.9}))
    return file.getvalue()


def test_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(False, monkeypatch).splitlines()
    assert len(lines) == 3
    assert " ".join(lines[1].split()) == "tiny epoch 2/3 loss 0.2500 test accuracy 90.00% 50 samples/s 4.0 s"


def test_plain_lines_are_few_and_the_last_epoch_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = shown(False, monkeypatch, between=1e9).splitlines()
    assert "epoch  3/3" in line
    assert "\x1b" not in line


def test_a_live_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(True, monkeypatch)
    assert "━" in text
    assert "epoch 2/3  loss" in text
    assert "samples/s" in text
    assert text.count("test accuracy") == 1
