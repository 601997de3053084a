"""Runs of labs, listed and put side by side."""

import json
import os
from pathlib import Path

import pytest

from chainrule.cli import main


def make(
    folder: Path, lr: float, accuracy: str = "95.00 %", losses: tuple[float, ...] = (1.0, 0.5), done: bool = True
) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"lab": "tiny", "lr": lr, "seed": 1, "out": str(folder)}))
    rows = [f"model,{i},{loss},0.1,{0.5 + 0.1 * i}" for i, loss in enumerate(losses, 1)]
    (folder / "metrics.csv").write_text("\n".join(["model,epoch,loss,seconds,test accuracy", *rows]) + "\n")
    if done:
        outcomes = [
            {"name": "test accuracy", "expected": "≥ 94 %", "measured": accuracy, "held": True},
            {"name": "size", "expected": "= 8", "measured": "not measured", "held": None},
        ]
        results = {"state": "finished", "started": "2026-01-02T03:04:05", "seconds": 12.3, "outcomes": outcomes}
        (folder / "results.json").write_text(json.dumps(results))
    return folder


def test_runs_are_listed_by_age_with_their_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "b", 0.1, done=False)
    older = make(tmp_path / "a", 0.2)
    os.utime(older / "config.json", (1, 1))
    (tmp_path / "no-run").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    assert main(["runs", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert first.split() == ["a", "tiny", "2026-01-02", "03:04", "12", "s", "finished", "1", "of", "2"]
    assert second.split() == ["b", "tiny", "—", "—", "unfinished", "—"]


@pytest.mark.parametrize("there", [True, False])
def test_no_runs(tmp_path: Path, there: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(tmp_path if there else tmp_path / "nowhere")]) == 2
    assert "A lab makes" in capsys.readouterr().err


def test_runs_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [make(tmp_path / "one", 0.1), make(tmp_path / "two", 0.2, "96.00 %", (0.9, 0.4, 0.2))]
    page = tmp_path / "page.html"
    assert main(["compare", *map(str, runs), "--out", str(page)]) == 0
    out = capsys.readouterr().out
    assert "95.00 %" in out
    assert "96.00 %" in out
    html = page.read_text()
    assert "0.1" in html
    assert "<td>seed" not in html  # it is the same in both
    assert html.count("<svg") == 2  # loss and accuracy
    assert "model: test accuracy" in html


def test_runs_of_equal_names_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [make(tmp_path / "x" / "run", 0.1), make(tmp_path / "y" / "run", 0.1, done=False)]
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "page.html")]) == 0
    assert "All settings are the same." in (tmp_path / "page.html").read_text()
    assert "unfinished" in capsys.readouterr().out


def test_the_name_of_a_lab_that_all_are_of_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [make(tmp_path / name, 0.1) for name in ("tiny-20260102-030405", "tiny-wide", "other")]
    page = ["--out", str(tmp_path / "page.html")]
    assert main(["compare", *map(str, runs[:2]), *page]) == 0
    assert capsys.readouterr().out.split()[:3] == ["result", "20260102-030405", "wide"]
    assert main(["compare", *map(str, runs), *page]) == 0
    assert capsys.readouterr().out.split()[:3] == ["result", "tiny-20260102-030405", "tiny-wide"]


def test_the_name_of_a_run_stays_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a" * 40, "[bold]b"):
        make(tmp_path / name, 0.1)
    assert main(["runs", str(tmp_path)]) == 0
    out = capsys.readouterr().out.split()
    assert "a" * 40 in out
    assert "[bold]b" in out


def test_what_is_no_run_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make(tmp_path / "one", 0.1)
    assert main(["compare", str(run), str(tmp_path)]) == 2
    assert "is no run" in capsys.readouterr().err
    assert main(["compare", str(run)]) == 2
    assert "at least two runs" in capsys.readouterr().err


def test_a_page_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [make(tmp_path / "one", 0.1), make(tmp_path / "two", 0.2)]
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "no" / "page.html")]) == 2
    assert "No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "results",
    [b'{"outcomes": 3}', b'{"seconds": "x"}', b'{"outcomes": [{}]}', b"[1", b"\xff", b'{"outcomes": ["name"]}'],
)
def test_results_that_are_damaged_are_said_to_be(
    tmp_path: Path, results: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [make(tmp_path / name, 0.1) for name in "ab"]
    (runs[0] / "results.json").write_bytes(results)
    assert main(["runs", str(tmp_path)]) == 0
    assert "damaged" in capsys.readouterr().out
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "page.html")]) == 0


@pytest.mark.parametrize("metrics", [b"\xff", b"model,epoch,loss\nm,1,x\n", b"a\nb\n", b"model,epoch\nm,1,2,3\n"])
def test_metrics_that_are_damaged_are_named(tmp_path: Path, metrics: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [make(tmp_path / name, 0.1) for name in "ab"]
    (runs[0] / "metrics.csv").write_bytes(metrics)
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "page.html")]) == 2
    assert "a/metrics.csv is damaged" in "".join(capsys.readouterr().err.split("\n"))
