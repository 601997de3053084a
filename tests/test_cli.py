"""The command line: what it answers, in words and in its exit status."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chainrule import cli


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error, without line breaks."""
    try:
        status = cli.main(words)
    except SystemExit as end:  # argument parsers leave this way
        status = int(end.code or 0)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, " ".join(out.split()), " ".join(err.split())


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--help")
    assert status == 0
    assert all(re.search(rf"\b{command}\b", out) for command in cli.COMMANDS)


def test_no_command_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = call(capsys)
    assert (status, out) == (2, "")
    assert "usage: chainrule COMMAND" in err


def test_help_is_quick_because_it_loads_neither_labs_nor_matplotlib() -> None:
    code = "import sys; from chainrule.cli import main; main(['--help']); print([m for m in sys.modules])"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'chainrule.cli'" in modules
    assert "'matplotlib'" not in modules
    assert "'chainrule.labs'" not in modules


def test_list_shows_the_labs(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "list")
    assert status == 0
    assert all(part in out for part in ("lenet-mnist", "convolution", "MNIST", "94.00 %"))


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["lst"], "there is no command 'lst'. Did you mean: chainrule list"),
        (["lenet-mnist"], "Did you mean: chainrule run lenet-mnist"),
        (["qqqqq"], "There are: list, show, run, runs, compare, predict, sample, check, data, doctor, bench"),
        (["run", "lenet"], "there is no lab 'lenet'. Did you mean lenet-mnist?"),
        (["run"], "usage: chainrule run LAB [settings] chainrule run --all [--quick] labs: "),
        (["show"], "usage: chainrule show LAB labs: "),
        (["show", "lenet"], "there is no lab 'lenet'. Did you mean lenet-mnist?"),
        (["run", "lenet-mnist", "--preset", "fulll"], "there is no such preset. Did you mean full?"),
        (["run", "--all", "lenet-mnist"], "lenet-mnist"),
        (["list", "all"], "'chainrule list' takes no arguments, but got: all"),
        (["run", "lenet-mnist", "--epochs", "0"], "--epochs 0: it must be at least 1"),
        (["run", "lenet-mnist", "--epochs", "many"], "many"),
        (["run", "lenet-mnist", "--epoch", "3"], "--epochs"),
        (["run", "lenet-mnist", "--engine", "jax"], "jax"),
        (["run", "lenet-mnist", "--preset=full", "--data", "/nowhere"], "train-images-idx3-ubyte"),
        (["run", "lenet-mnist", "--out", f"{__file__}/run"], "the run's folder: "),
    ],
)
def test_mistakes_are_answered_in_words(capsys: pytest.CaptureFixture[str], words: list[str], answer: str) -> None:
    status, _, err = call(capsys, *words)
    assert status == 2
    assert answer in err.replace("│ ", "")


def test_a_damaged_data_file_is_answered_in_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{name}-ubyte").write_bytes(b"\x00\x00\x08\x03\x00\x00")
    status, _, err = call(capsys, "run", "lenet-mnist", "--preset", "full", "--data", str(tmp_path))
    assert status == 2
    assert "train-images-idx3-ubyte" in err


def test_help_of_a_lab_shows_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "run", "lenet-mnist", "--help")
    assert status == 0
    options = ("--epochs", "--batch-size", "--lr", "--seed", "--engine", "--out DIR", "--data DIR", "--preset NAME")
    assert all(option in out for option in options)


def test_help_of_run_names_the_labs(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "run", "--help")
    assert status == 0
    assert "lenet-mnist" in out


def test_show_keeps_formulas_and_lists_in_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["show", "char-lstm"])
    out = capsys.readouterr().out
    assert "\n    c' = f ⊙ c + i ⊙ g,    h' = o ⊙ tanh(c')\n\n1. Derive the backward pass" in out
    assert "\n2. Train on chunks" in out


def test_show_prints_the_exercise_and_what_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "show", "lenet-mnist")
    assert status == 0
    parts = ("LeNet-5 learns handwritten digits", "The exercise: build", "--preset full expects", "= 44,426")
    assert all(part in out for part in parts)


def test_the_status_of_a_run_is_its_outcome(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = call(capsys, "run", "lenet-mnist", "--epochs", "1", "--lr", "0.0001", "--out", str(tmp_path))
    assert status == 1
    assert f"Report: {tmp_path}/report.html" in out


def test_check_is_handed_its_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text(
        "class Double:\n    def forward(self, x):\n        return 2 * x\n\n"
        "    def backward(self, delta):\n        return 2 * delta\n"
    )
    status, out, _ = call(capsys, "check", f"{tmp_path}/layers.py:Double", "--input", "2,3")
    assert status == 0
    assert "Double" in out


def test_doctor_answers(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "doctor")
    assert status == 0
    assert "threads" in out.lower()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as SIGINT")
def test_ctrl_c_ends_a_run_with_a_report(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "chainrule.cli", "run", "lenet-mnist", "--epochs", "100000", "--out", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        while not (tmp_path / "metrics.csv").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=120)[0]
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert "Interrupted in epoch" in text
    assert "Interrupted in epoch" in (tmp_path / "report.html").read_text(encoding="utf-8")
