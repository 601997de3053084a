"""The lab mlp-search: a short search, one that is interrupted, one that is killed, and what is made of its trials."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curves import first_losses
from PIL import Image
from rich.console import Console

import chainrule as cr
from chainrule import labs
from chainrule.cli import main
from chainrule.data import mnist
from chainrule.labs import _search, _trials, mlp_search
from chainrule.labs.mlp_search import SPACE, Choice, Settings, mlp, training
from chainrule.train import one_cycle

optuna = pytest.importorskip("optuna")
SHORT = Settings(trials=6, epochs=1, processes=1)


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("mlp-search", mlp_search.LAB, settings, Console(file=file, width=100)), file.getvalue()


def plan(file: Path, **changes: Any) -> _search.Plan:
    return replace(_search.Plan(file, 6, 1, 1, 5.0, 2, "tpe", 3, "chainrule"), **changes)


# ---------------------------------------------------------------------------------------------- a whole run


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_a_short_run(engine: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(engine)
    status, text = carry_out(replace(SHORT, engine=engine, out=tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert status == 1, "one epoch each saves nothing by giving up early"
    assert "6 trials, 0 of them given up early" in text
    titles = [
        "What is searched",
        "How the search",
        "Which settings",
        "The best",
        "The winner",
        "The test",
        "Everything",
    ]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    with (tmp_path / "trials.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert [name.lower() for name in head[1:6]] == list(SPACE)
    assert sorted(int(row[0]) for row in rows) == list(range(1, 7))
    accuracies = [float(row[6].split()[0]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    if engine == "chainrule":
        assert "gave the very same accuracies" in page
        image, label = (part[7] for part in mnist.digits())
        Image.fromarray(image).save(tmp_path / "digit.png")
        assert main(["predict", str(tmp_path), str(tmp_path / "digit.png")]) == 0
        assert capsys.readouterr().out.splitlines()[1].split()[1] == str(label)


def test_another_search_in_the_same_folder_begins_anew(tmp_path: Path) -> None:
    for seed in (1, 2):
        carry_out(replace(SHORT, seed=seed, trials=2, out=tmp_path))
        assert finished(tmp_path) == 2
        with (tmp_path / "trials.csv").open(newline="") as file:
            tried = list(csv.DictReader(file))
        carry_out(replace(SHORT, seed=seed, trials=2, out=tmp_path / str(seed)))
        with (tmp_path / str(seed) / "trials.csv").open(newline="") as file:
            assert [row["First width"] for row in tried] == [row["First width"] for row in csv.DictReader(file)]


# ---------------------------------------------------------------------------------------------- interrupted and killed


def begin(out: Path, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "chainrule", "run", "mlp-search", "--epochs", "2", *words, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + 120
    while finished(out) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()[0].decode()
    return process


def finished(out: Path) -> int:
    """Trials that were told of as finished or pruned: state 1 or 2."""
    path = out / "checkpoints/study.journal"
    lines = path.read_text().splitlines() if path.exists() else []
    told = [json.loads(line) for line in lines if line.endswith("}")]
    return sum(entry.get("state") in (1, 2) for entry in told)


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
def test_ctrl_c_ends_with_a_report_and_resume_goes_on(tmp_path: Path) -> None:
    process = begin(tmp_path, "--trials", "400")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    text = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 130, text
    assert "Traceback" not in text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Interrupted in the search, after" in page
    assert "Everything that was tried" in page
    assert "The test, once" not in page
    before = finished(tmp_path)
    with pytest.raises(labs.UsageError, match="holds a run that has not come to its end"):
        carry_out(replace(SHORT, out=tmp_path))
    assert finished(tmp_path) == before
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"trials": before + 2}))
    assert main(["run", "mlp-search", "--resume", str(tmp_path)]) in (0, 1)
    assert finished(tmp_path) == before + 2
    assert "The test, once" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_killed_and_resumed_the_search_is_that_of_an_unbroken_one(tmp_path: Path) -> None:
    """With one process: with two, what TPE knows when it proposes depends on which of them was faster."""
    process = begin(tmp_path, "--trials", "30", "--processes", "1", "--seed", "3")
    process.kill()
    process.communicate()
    (tmp_path / "checkpoints/study.journal.lock").touch()  # what a process leaves that dies while it writes
    with (tmp_path / "checkpoints/study.journal").open("a") as file:
        file.write('{"op_code": 6, "trial')
    wait_for_quiet(tmp_path / "checkpoints/study.journal")
    number = finished(tmp_path) + 2
    objective = partial(mlp_search.attempt, Settings(epochs=2, seed=3))
    quiet = Console(file=io.StringIO())
    files = tmp_path / "checkpoints/study.journal", tmp_path / "unbroken"
    broken, unbroken = (plan(path, trials=number) for path in files)
    for each in (broken, unbroken):
        assert _search.search(each, objective, quiet, str)
    a, b = (_trials.tried(_search.study_of(each)) for each in (broken, unbroken))
    assert len(a) == number
    assert [(t.params, t.curve, t.finished) for t in a] == [(t.params, t.curve, t.finished) for t in b]


def wait_for_quiet(file: Path) -> None:
    """Until the orphaned process has seen that it is alone, and ended."""
    size, since = file.stat().st_size, time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.1)
        if file.stat().st_size != size:
            size, since = file.stat().st_size, time.monotonic()


def dies(trial: Any, check: Any) -> float:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_process_that_dies_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(labs.UsageError, match=r"was killed by signal 9\. What had been tried"):
        _search.search(plan(tmp_path / "study"), dies, Console(file=io.StringIO()), str)


def peak(trial: Any, check: Any) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.report(1 - abs(x - 0.3), 1)
    return float(1 - abs(x - 0.3))


def test_two_processes_share_one_study(tmp_path: Path) -> None:
    file = io.StringIO()
    shared = plan(tmp_path / "study", trials=25, processes=2)
    assert _search.search(shared, peak, Console(file=file, width=100), str)
    trials = _trials.tried(_search.study_of(shared))
    assert len(trials) == 25
    assert len({t.params["x"] for t in trials}) == 25, "no two processes draw the same numbers"
    assert "search   25 trials, 0 of them given up early" in file.getvalue()


def test_time_that_is_up_begins_no_further_trial(tmp_path: Path) -> None:
    shared = plan(tmp_path / "study", trials=25, minutes=1e-9)
    assert _search.search(shared, peak, Console(file=io.StringIO()), str)
    assert _trials.tried(_search.study_of(shared)) == []


def test_without_optuna_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(labs.UsageError, match=r"Install it with: pip install 'chainrule\[labs\]'"):
        carry_out(replace(SHORT, out=tmp_path))


# ---------------------------------------------------------------------------------------------- what is made of trials


def trials_of(values: list[tuple[float, float, float, bool]]) -> list[_trials.Tried]:
    """Trials from (x, y, value, finished)."""
    lib, study = optuna, optuna.create_study(direction="maximize")
    even = lib.distributions.FloatDistribution(0, 1)
    for x, y, value, done in values:
        state = lib.trial.TrialState.COMPLETE if done else lib.trial.TrialState.PRUNED
        study.add_trial(
            lib.trial.create_trial(
                params={"x": x, "y": y}, distributions={"x": even, "y": even}, value=value, state=state,
                intermediate_values={1: value / 2, 2: value},
            )
        )  # fmt: skip
    return _trials.tried(study)


def test_what_decides_is_important_and_what_was_given_up_counts() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 60))
    values = 1 - np.abs(x - 0.3)
    trials = trials_of([(a, b, v, v > 0.7) for a, b, v in zip(x, y, values, strict=True)])
    shares = _trials.importance(trials)
    assert list(shares) == ["x", "y"]
    assert shares["x"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert _trials.importance(trials[:4]) == {}


def test_the_best_come_first_and_then_those_that_got_farthest() -> None:
    trials = trials_of([(0.1, 0.0, 0.5, True), (0.2, 0.0, 0.9, False), (0.3, 0.0, 0.8, True), (0.4, 0.0, 0.95, False)])
    assert [t.number for t in _trials.best_first(trials)] == [3, 1, 4, 2]
    assert [t.end for t in trials] == ["finished", "given up after epoch 2"] * 2
    table = _trials.table_of(trials, "")
    assert table.head[:4] == ("Trial", "X", "Y", "Accuracy")
    assert list(table.rows[0][:5]) == [3, "0.3", "0", "80.00 %", "finished"]
    assert _trials.csv_of(table).decode().splitlines()[1].startswith("3,0.3,0,80.00 %,finished")


def test_figures_tell_the_best() -> None:
    trials = trials_of([(0.1, 0, 0.5, True), (0.2, 0.5, 0.9, False), (0.3, 0.7, 0.98, True)])
    assert "the best has 2.00 %" in _trials.progress(trials, "").alt
    assert "3 trials" in _trials.curves(trials, "").alt
    assert "by x, y" in _trials.slices(trials, "").alt


# ---------------------------------------------------------------------------------------------- the model


@pytest.mark.parametrize("activation", SPACE["non-linearity"])
def test_both_engines_have_the_same_loss_curve(activation: str) -> None:
    torch = pytest.importorskip("torch")
    choice, data, curves = Choice(64, 48, 0.05, activation, 32), mlp_search.load(False, None), []
    for engine in (cr, torch):
        curves.append(first_losses(50, *training(choice, data, engine, 1), 2, schedule=one_cycle))
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert curves[0][-1] < curves[0][0]


def test_parameters_are_those_of_the_network() -> None:
    choice = Choice(40, 30, 0.1, "ReLU", 16)
    assert sum(p.numel() for p in mlp(choice, cr.nn).parameters()) == choice.parameters == 784 * 40 + 40 + 1230 + 310


@pytest.mark.parametrize(("wrong", "text"), [({"trials": 0}, "--trials 0"), ({"minutes": 0.0}, "--minutes 0.0")])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Settings(**wrong)
