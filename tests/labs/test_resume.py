"""A run that was killed goes on with `--resume` and ends with the very weights of one that was not."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.cli import _settings, main
from chainrule.io import load_tree
from chainrule.labs import UsageError, fashion_cnn
from thorough import THOROUGH

SHORT = ["lenet-mnist", "--epochs", "2", "--seed", "3"]
KILLS = 36 if THOROUGH else 2


def run(*words: str | Path) -> int:
    return main(["run", *SHORT, *map(str, words)])


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    assert run("--out", folder) in (0, 1)
    return folder


def same_weights(a: Path, b: Path) -> bool:
    return (a / "weights.safetensors").read_bytes() == (b / "weights.safetensors").read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_killed_at_random_moments_it_ends_with_the_same_weights(unbroken: Path, tmp_path: Path) -> None:
    """Checkpoints come every two steps, so that many are being written when the process dies."""
    rng, deaths = np.random.default_rng(0), 0
    command = [sys.executable, "-m", "chainrule", "run", *SHORT, "--checkpoint-every", "2"]
    out = ["--out", str(tmp_path)]
    for _ in range(KILLS):
        started = (tmp_path / "config.json").exists()
        process = subprocess.Popen(
            [*command, *(["--resume", str(tmp_path)] if started else out)], stdout=subprocess.DEVNULL
        )
        wait_for(tmp_path, process)
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        deaths += process.wait() == -signal.SIGKILL
        readable = [load_tree(path) for path in tmp_path.rglob("step-*.safetensors")]
        assert all(state["steps"] > 0 for state in readable)
    print(f"killed {deaths} times")
    assert deaths >= 1
    assert run("--checkpoint-every", "2", "--resume", tmp_path) in (0, 1)
    assert same_weights(tmp_path, unbroken)
    assert without_seconds(tmp_path) == without_seconds(unbroken)
    assert not list(tmp_path.rglob(".*"))


def wait_for(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the process writes checkpoints, or has come to its end."""
    before, deadline = newest(folder), time.monotonic() + 120
    while newest(folder) == before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


def newest(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("step-*.safetensors"))


def without_seconds(folder: Path) -> list[list[str]]:
    return [line.split(",")[:3] for line in (folder / "metrics.csv").read_text().splitlines()]


def test_a_finished_run_is_only_told_again(unbroken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (unbroken / "weights.safetensors").read_bytes()
    metrics = without_seconds(unbroken)
    assert main(["run", "lenet-mnist", "--resume", str(unbroken)]) in (0, 1)
    told = capsys.readouterr().out
    assert "samples/s" not in told
    assert f"{unbroken} was finished already: its report is made anew." in " ".join(told.split())
    assert (unbroken / "weights.safetensors").read_bytes() == before
    assert without_seconds(unbroken) == metrics


@pytest.mark.parametrize("state", ["interrupted", "finished"])
def test_a_run_remembers_when_it_began_and_how_long_it_took(
    unbroken: Path, tmp_path: Path, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(unbroken, tmp_path / "run")
    path = tmp_path / "run/results.json"
    earlier = {"state": state, "started": "2026-01-02T03:04:05+01:00", "seconds": 600.0}
    path.write_text(json.dumps(json.loads(path.read_text()) | earlier))
    assert run("--resume", tmp_path / "run") in (0, 1)
    results = json.loads(path.read_text())
    assert (results["state"], results["started"]) == ("finished", "2026-01-02T03:04:05+01:00")
    assert 600 < results["seconds"] < 1200
    assert "2026-01-02 03:04" in (tmp_path / "run/report.html").read_text(encoding="utf-8")
    told = capsys.readouterr().out
    assert "10 min" in told
    assert ("was finished already" in told) == (state == "finished")


@pytest.mark.parametrize("results", ["{", "[]", '{"started": 3}', '{"started": "then", "seconds": 1, "state": ""}'])
def test_damaged_results_are_no_hindrance(unbroken: Path, tmp_path: Path, results: str) -> None:
    shutil.copytree(unbroken, tmp_path / "run")
    (tmp_path / "run/results.json").write_text(results)
    assert run("--resume", tmp_path / "run") in (0, 1)
    assert json.loads((tmp_path / "run/results.json").read_text())["seconds"] < 600


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--epochs", "3"], "--epochs is 2 there, not 3"),
        (["--lr", "0.5"], "--lr is 0.03 there, not 0.5"),
        (["--epochs", "15"], "--epochs is 2 there, not 15"),  # what it is without a word
        (["--seed=1"], "--seed is 3 there, not 1"),
        (["--preset", "full"], "--preset is quick there, not full"),
        (["--out", "elsewhere"], "there, not elsewhere"),
    ],
)
def test_other_settings_are_refused(
    unbroken: Path, words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "lenet-mnist", "--resume", str(unbroken), *words]) == 2
    assert text in " ".join(capsys.readouterr().err.split())


def test_flags_of_a_run_may_be_asked_for_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {"lab": "fashion-cnn"} | vars(fashion_cnn.LAB.settings(augment=False)) | {"out": str(tmp_path)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert asked("--no-augment", "--resume", tmp_path) == fashion_cnn.LAB.settings(
        augment=False, out=tmp_path, resume=tmp_path
    )
    with pytest.raises(UsageError, match="--augment is False there, not True"):
        asked("--augment", "--resume", tmp_path)
    assert asked("--out", tmp_path, "--checkpoint-every", "7", f"--resume={tmp_path}").checkpoint_every == 7


def asked(*words: str | Path) -> Any:
    """The settings of the lab fashion-cnn that a command line makes."""
    return _settings("fashion-cnn", fashion_cnn.LAB, [*map(str, words)])


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--resume", tmp_path) == 2
    assert "is no run: it has no config.json" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "config.json").write_text(json.dumps({"lab": "another"}))
    assert run("--resume", tmp_path) == 2
    assert "is a run of the lab another" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "config.json").write_text("[1")
    assert run("--resume", tmp_path) == 2
    assert "cannot be read" in " ".join(capsys.readouterr().err.split())


def test_a_run_that_has_not_come_to_its_end_is_not_written_over(
    unbroken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(unbroken, tmp_path / "run")
    (tmp_path / "run/results.json").unlink()
    assert run("--out", tmp_path / "run") == 2
    assert "Go on with it: --resume" in " ".join(capsys.readouterr().err.split())
    assert newest(tmp_path / "run")


def test_a_finished_run_may_be_written_over_and_leaves_nothing(unbroken: Path, tmp_path: Path) -> None:
    """Its checkpoints were of later steps than the new run's, and would have been taken for the latest."""
    shutil.copytree(unbroken, tmp_path / "run")
    assert main(["run", "lenet-mnist", "--epochs", "1", "--seed", "3", "--out", str(tmp_path / "run")]) in (0, 1)
    names = {Path(path).name for path in newest(tmp_path / "run")}
    assert names == {"step-00000063.safetensors"}


@pytest.mark.parametrize(
    "name", ["config.json", "report.html", "metrics.csv", "weights.npz", "tensorboard/mine", "checkpoints/mine"]
)
def test_files_that_are_no_runs_stay(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text('{"mine": 1}')
    assert run("--out", tmp_path) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert f"{tmp_path} holds files that are no run's, {name.partition('/')[0]} for one: choose another folder" in told
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == '{"mine": 1}'


def test_files_of_other_names_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert run("--out", tmp_path, "--epochs", "1") in (0, 1)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "report.html").exists()


def test_a_damaged_checkpoint_is_told_of_and_passed_over(
    unbroken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(unbroken, tmp_path / "run")
    os.truncate(tmp_path / "run/checkpoints/lenet-5/step-00000126.safetensors", 1000)
    assert run("--resume", tmp_path / "run") in (0, 1)
    told = " ".join(capsys.readouterr().out.split())
    assert "step-00000126.safetensors is damaged" in told
    assert "trying the one before" in told
    assert "UserWarning" not in told
    assert same_weights(tmp_path / "run", unbroken)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("step-", "the training stopped, for a file could not be written"),
        ("weights.npz", "the weights could not be saved"),
        ("report.html", "the report could not be written"),
        ("results.json", "the report could not be written"),
    ],
)
def test_a_full_disk_is_told_wherever_it_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def replace(source: Path, target: Path) -> None:
        if target.name.startswith(file):
            raise OSError(errno.ENOSPC, "No space left on device")
        source.rename(target)

    monkeypatch.setattr(os, "replace", replace)
    assert run("--out", tmp_path, "--epochs", "1") == 2
    told = " ".join(capsys.readouterr().err.split())
    assert text in told
    assert f"{file}" in told
    assert told.count("No space left on device") == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    assert run("--out", tmp_path / "run") == 2
    assert "Permission denied" in capsys.readouterr().err


def test_event_files_for_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    assert run("--tensorboard", "--out", tmp_path) in (0, 1)
    (events,) = (tmp_path / "tensorboard" / "lenet-5").iterdir()
    content = events.read_bytes()
    assert b"test_accuracy" in content or b"test accuracy" in content
    assert b"learning" in content


def test_without_tensorboard_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert run("--tensorboard", "--out", tmp_path) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "--tensorboard: TensorBoard needs the package tensorboardX: pip install 'chainrule[tensorboard]'" in told
