"""What a person sees of a training."""

import io
import re

import pytest
from rich.console import Console

from chainrule.train import Epoch, Progress, Training, progress


class Loader:
    samples = 100

    def __len__(self) -> int:
        return 2


def shown(terminal: bool, monkeypatch: pytest.MonkeyPatch, between: float = 0.0, width: int = 140) -> str:
    """The output of a training of three epochs, of two batches and 100 samples each."""
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    monkeypatch.setattr(progress, "BETWEEN_LINES", between)
    file = io.StringIO()
    training = Training(None, lambda y: y, None, Loader(), 3)
    bars = Progress(Console(file=file, force_terminal=terminal, width=width), "tiny")
    bars.begin(training)
    for number in (1, 2, 3):
        for _ in range(2):
            training.steps, training.current = training.steps + 1, 0.5 / number
            bars.step(training)
        training.history.append(Epoch(number, 0.5 / number, 2.0, {"test accuracy": 0.9, "perplexity": 12.345}))
        bars.epoch(training)
    bars.end(training)
    return file.getvalue()


def test_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(False, monkeypatch).splitlines()
    assert len(lines) == 3
    expected = "tiny epoch 2/3 loss 0.2500 test accuracy 90.00% perplexity 12.35 50 samples/s 4.0 s"
    assert " ".join(lines[1].split()) == expected.replace("12.35", f"{12.345:.4g}")


def test_plain_lines_are_few_and_the_last_epoch_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = shown(False, monkeypatch, between=1e9).splitlines()
    assert "epoch  3/3" in line
    assert "\x1b" not in line


def test_live_bars_of_epochs_and_steps_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(True, monkeypatch)
    assert "━" in text
    assert "tiny" in text
    assert "epoch" in text
    assert "2/3  test accuracy 90.00%" in text
    assert "1/2  loss 0." in text
    assert "samples/s" in text


@pytest.mark.parametrize("width", [50, 60, 80])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown(True, monkeypatch, width=width))
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    assert max(map(len, lines)) <= width
    told = f"tiny epoch 3/3 loss 0.1667 test accuracy 90.00% perplexity {12.345:.4g} 50 samples/s 6.0 s"
    assert told in " ".join(text.split())


def test_a_stop_before_the_end_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    training = Training(None, lambda y: y, None, Loader(), 30)
    bars = Progress(Console(file=file, width=140), "tiny")
    bars.begin(training)
    training.history.append(Epoch(1, 0.5, 2.0))
    training.stop("enough")
    bars.epoch(training)
    assert "epoch  1/30" in file.getvalue()


class Five(Loader):
    def __len__(self) -> int:
        return 5


def told(pace: float, epochs: int, terminal: bool = False) -> str:
    """What is told of epochs of 5 steps, which take so many seconds each, the very first one ten times as long."""
    file, now = io.StringIO(), [0.0]
    training = Training(None, lambda y: y, None, Five(), epochs)
    bars = Progress(Console(file=file, force_terminal=terminal, width=140), "tiny", lambda: now[0])
    bars.begin(training)
    for number in range(1, epochs + 1):
        for _ in range(5):
            now[0] += pace if training.steps else 10 * pace
            training.steps, training.current = training.steps + 1, 0.5
            bars.step(training)
        training.history.append(Epoch(number, 0.5, 5 * pace))
        bars.epoch(training)
    bars.end(training)
    return file.getvalue()


def test_a_long_training_says_at_its_start_how_long_it_will_take_and_keeps_saying_so() -> None:
    lines = [" ".join(line.split()) for line in told(2.0, 60).splitlines()]
    assert lines[0] == "tiny about 10 min for 60 epochs on this machine, by the pace of 3 steps"  # 296 steps of 2 s
    assert len(lines) == 61
    assert lines[1].endswith("about 10 min left")
    assert lines[30].endswith("about 5 min left")
    assert lines[-1].endswith("600.0 s")
    assert "about 2.0 h for 720 epochs" in told(2.0, 720)


def test_a_long_training_says_so_on_a_terminal_too() -> None:
    assert "about 10 min for 60 epochs" in told(2.0, 60, terminal=True)


def test_a_short_training_foretells_nothing() -> None:
    assert "about" not in told(1.0, 12)
