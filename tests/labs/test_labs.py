"""What holds for every lab: how it is found, what it promises, and what a run leaves behind."""

import csv
import importlib
import io
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from safetensors.numpy import load_file

from chainrule import labs, nn, optim
from chainrule.cli import _settings
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, LabSettings, Run, TrainingSettings, UsageError
from chainrule.labs._run import _options
from chainrule.train import Epoch


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    epochs: int = 3
    goal: float = 0.5


def expected(settings: Settings) -> list[Expectation]:
    return [Expectation("accuracy", at_least=settings.goal, form="{:.1%}"), Expectation("size", equals=8)]


def learn(settings: Settings, run: Run, name: str = "model", **options: Any) -> list[Epoch]:
    x = np.random.default_rng(settings.seed).standard_normal((20, 3)).astype(np.float32)
    model = labs.equal_start(lambda nn: nn.Linear(3, 2), run.engine, settings.seed)
    optimizer = run.engine.optim.SGD(model.parameters(), lr=settings.lr)
    data = TensorDataset(x, (x[:, 0] > 0).astype(np.int64))
    batches = DataLoader(data, 10, shuffle=True, seed=settings.seed, engine=run.engine)
    history = run.fit(name, model, run.engine.nn.CrossEntropyLoss(), optimizer, batches, settings.epochs, **options)
    run.save(model)
    return history


def experiment(settings: Settings, run: Run) -> None:
    run.section("Sizes", "A section.")
    run.measure("size", 8)
    learn(settings, run)
    run.measure("accuracy", 0.75)
    run.section("Result", "Another section.")


TINY = Lab(
    "Tiny", "theory", "here", "none", "no time", "A lead.", "An exercise.", Settings, expected, experiment,
    presets={"full": Settings(preset="full", epochs=5, goal=0.7)},
)  # fmt: skip


def carry_out(lab: Lab, settings: LabSettings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("tiny", lab, settings, Console(file=file, width=100)), file.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(out=tmp_path / "run")


# ---------------------------------------------------------------------------------------------- finding labs


def test_a_lab_is_found_by_its_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "from chainrule.labs import Lab, LabSettings as S\nLAB = Lab('T', '', '', '', '', '', '', S, list, print)\n"
    )
    (tmp_path / "brand_new.py").write_text(source)
    (tmp_path / "_shared.py").write_text("")
    monkeypatch.setattr(labs, "__path__", [*labs.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    assert "brand-new" in labs.names()
    assert "-shared" not in labs.names()
    assert labs.load("brand-new").title == "T"


def test_a_wrong_name_is_answered_with_the_closest() -> None:
    with pytest.raises(UsageError, match=r"no lab 'lenet-minst'. Did you mean lenet-mnist\?"):
        labs.load("lenet-minst")
    with pytest.raises(UsageError, match=r"no lab 'zzz'. There are: .*lenet-mnist"):
        labs.load("zzz")


@pytest.mark.parametrize("name", labs.names())
def test_every_lab_describes_itself(name: str) -> None:
    lab = labs.load(name)
    assert all((lab.title, lab.source, lab.data, lab.time, lab.lead))
    assert lab.topic in labs.TOPICS
    assert len(lab.exercise.split("\n\n")) > 1, "a title, and below it the exercise"
    assert "quick" in lab.preset_names()
    for preset in lab.preset_names():
        assert lab.preset(preset).preset == preset
        expectations = lab.expected(lab.preset(preset))
        assert expectations
        assert len({e.name for e in expectations}) == len(expectations)


# ---------------------------------------------------------------------------------------------- expectations


@pytest.mark.parametrize(
    ("bound", "text", "inside", "outside"),
    [
        ({"at_least": 0.94}, "≥ 94.0 %", [0.94, 1.0], [0.9399]),
        ({"at_most": 0.05}, "≤ 5.0 %", [0.05, 0.0], [0.051]),
        ({"below": 0.1}, "< 10.0 %", [0.0999], [0.1, 0.2]),
        ({"equals": 1}, "= 100.0 %", [1, 1.0], [0.999]),
    ],
)
def test_expectations(bound: dict[str, float], text: str, inside: list[float], outside: list[float]) -> None:
    e = Expectation("x", form="{:.1%}", **bound)
    assert str(e) == text
    assert all(e.held(value) for value in inside)
    assert not any(e.held(value) for value in [*outside, float("nan")])


def test_expectations_take_numpy_numbers() -> None:
    assert Expectation("x", at_least=0.5).held(np.float32(0.75))  # type: ignore[arg-type]
    assert Expectation("x", equals=3).held(np.int64(3))  # type: ignore[arg-type]
    assert Expectation("x", at_least=0.5).held(1)


def test_an_expectation_has_one_bound() -> None:
    with pytest.raises(ValueError, match="give exactly one"):
        Expectation("x")
    with pytest.raises(ValueError, match="give exactly one"):
        Expectation("x", at_least=1, below=2)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [({"epochs": 0}, "--epochs 0"), ({"batch_size": 0}, "--batch-size 0"), ({"seed": -1}, "--seed -1"),
     ({"lr": 0.0}, "--lr 0.0"), ({"lr": float("nan")}, "--lr nan")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Settings(**wrong)


# ---------------------------------------------------------------------------------------------- runs


def test_a_run_leaves_report_metrics_config_and_weights(settings: Settings) -> None:
    status, text = carry_out(TINY, settings)
    folder = settings.out
    assert folder is not None
    assert status == 0
    assert str(folder / "report.html") in text
    assert "≥ 50.0 %" in text
    assert "75.0 %" in text
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "2 of 2 expectations held" in page
    assert "A section." in page
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["epoch"]) for row in rows] == [("model", "1"), ("model", "2"), ("model", "3")]
    config = json.loads((folder / "config.json").read_text())
    assert config == {"lab": "tiny", "preset": "quick", "out": str(folder), "epochs": 3, "batch_size": 32, "lr": 0.01,
                      "seed": 1, "engine": "chainrule", "data": None,
                      "goal": 0.5, "resume": None, "checkpoint_every": None,
                      "tensorboard": False}  # fmt: skip
    assert {name: array.shape for name, array in load_file(folder / "weights.safetensors").items()} == {
        "weight": (2, 3),
        "bias": (2,),
    }


def test_the_status_is_one_where_an_expectation_did_not_hold(settings: Settings) -> None:
    status, _ = carry_out(TINY, replace(settings, goal=0.9))
    assert status == 1


def test_the_status_is_one_where_something_was_not_measured(settings: Settings) -> None:
    status, text = carry_out(replace(TINY, run=lambda settings, run: None), settings)
    assert status == 1
    assert "not measured" in text


def test_what_is_measured_must_be_expected(settings: Settings) -> None:
    with pytest.raises(ValueError, match=r"measure\('speed'\): the lab tiny expects nothing of that name"):
        carry_out(replace(TINY, run=lambda settings, run: run.measure("speed", 1)), settings)


def test_runs_without_a_folder_get_one_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        carry_out(TINY, Settings())
    folders = sorted((tmp_path / "runs").iterdir())
    assert len(folders) == 2
    assert all((folder / "report.html").is_file() and folder.name.startswith("tiny-2") for folder in folders)


def test_the_report_says_how_to_make_it_anew(settings: Settings) -> None:
    carry_out(TINY, replace(settings, goal=0.25))
    assert settings.out is not None
    page = (settings.out / "report.html").read_text(encoding="utf-8")
    assert f"chainrule run tiny --out {settings.out} --goal 0.25" in page
    carry_out(TINY, replace(TINY.preset("full"), out=settings.out, epochs=4))
    page = (settings.out / "report.html").read_text(encoding="utf-8")
    assert f"chainrule run tiny --preset full --out {settings.out} --epochs 4</" in page


@pytest.mark.parametrize("name", labs.names())
def test_the_command_of_a_report_makes_the_settings_of_its_run(name: str) -> None:
    lab = labs.load(name)
    for preset in map(lab.preset, lab.preset_names()):
        flags = {key: not value for key, value in vars(preset).items() if isinstance(value, bool)}
        settings: LabSettings = replace(preset, **flags, out=Path("a folder"))
        assert _settings(name, lab, shlex.split(_options(lab, settings))) == settings


def test_presets_are_found_by_name() -> None:
    assert TINY.preset_names() == ["quick", "full"]
    assert TINY.preset("quick") == Settings()
    assert TINY.preset("full").full
    with pytest.raises(UsageError, match=r"--preset ful: there is no such preset. Did you mean full\?"):
        TINY.preset("ful")


def test_same_seed_same_weights(settings: Settings, tmp_path: Path) -> None:
    def weights(out: str, seed: int) -> bytes:
        carry_out(TINY, replace(settings, out=tmp_path / out, seed=seed))
        return (tmp_path / out / "weights.safetensors").read_bytes()

    assert weights("a", 1) == weights("b", 1) != weights("c", 2)


def test_a_folder_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"the run's folder: .*file"):
        carry_out(TINY, Settings(out=tmp_path / "file" / "run"))


def test_an_engine_that_is_not_installed_is_told_plainly(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(
        UsageError, match=r"--engine torch: it is not installed here. Install it with: pip install torch"
    ):
        carry_out(TINY, replace(settings, engine="torch"))


def test_a_package_that_is_not_installed_is_told_with_the_way_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert labs.optional("json.decoder") is json.decoder
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    monkeypatch.delitem(__import__("sys").modules, "scipy.optimize", raising=False)
    with pytest.raises(UsageError, match=r"needs scipy, which is not installed here.*pip install 'chainrule\[labs\]'"):
        labs.optional("scipy.optimize")


@pytest.mark.parametrize("build", [lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(4, 3))])
def test_engines_start_from_equal_weights(build: Any) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = labs.equal_start(build, __import__("chainrule"), 7), labs.equal_start(build, torch, 7)
    for name, value in ours.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), theirs.state_dict()[name].numpy())


# ---------------------------------------------------------------------------------------------- all of them


def run_all(monkeypatch: pytest.MonkeyPatch, found: dict[str, Lab], asked: labs.All) -> tuple[int, str]:
    monkeypatch.setattr(labs, "by_topic", lambda: {"theory": found})
    file = io.StringIO()
    return labs.run_all(asked, Console(file=file, width=120)), file.getvalue()


def test_all_labs_end_in_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"one": TINY, "two": replace(TINY, run=lambda settings, run: run.measure("size", 9))}
    status, text = run_all(monkeypatch, found, labs.All(quick=True, out=tmp_path))
    table = text[text.rindex("──") :]
    assert status == 1
    assert "2 of 4 held" in table
    assert [line.split()[0] for line in table.splitlines() if "accuracy" in line] == ["one", "two"]
    assert "not measured" in table
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
    assert json.loads((tmp_path / "one" / "config.json").read_text())["preset"] == "quick"


def test_all_labs_in_earnest_take_every_preset_but_the_quick_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = replace(TINY, presets={**TINY.presets, "best": Settings(preset="best")})
    only_quick = replace(TINY, presets={})
    found = {"many": many, "quick": only_quick}
    status, text = run_all(monkeypatch, found, labs.All(out=tmp_path / "out", data=tmp_path))
    assert status == 0
    assert "6 of 6 held" in text
    folders = {path.name: json.loads((path / "config.json").read_text()) for path in (tmp_path / "out").iterdir()}
    assert {name: config["preset"] for name, config in folders.items()} == {
        "many-full": "full", "many-best": "best", "quick": "quick"
    }  # fmt: skip
    assert folders["many-full"]["data"] == str(tmp_path)
    assert folders["many-full"]["epochs"] == 5


def test_a_lab_that_cannot_run_does_not_keep_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(settings: Settings, run: Run) -> None:
        raise UsageError("no [such] data\nput it there")

    found = {"one": replace(TINY, run=missing), "two": TINY}
    status, text = run_all(monkeypatch, found, labs.All(quick=True, out=tmp_path))
    assert status == 1
    assert "no [such] data" in text[text.rindex("──") :]
    assert "2 of 2 held, 1 not run" in text


def test_ctrl_c_ends_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"one": two_trainings([4]), "two": TINY}
    status, text = run_all(monkeypatch, found, labs.All(quick=True, out=tmp_path))
    assert status == 130
    assert "two" not in text[text.rindex("──") :]


# ---------------------------------------------------------------------------------------------- stopping


def interrupting(at: list[int]) -> Iterator[None]:
    """Yields again and again, and raises what Ctrl-C raises at these calls."""
    number = 0
    while True:
        number += 1
        if number in at:
            raise KeyboardInterrupt
        yield


def two_trainings(at: list[int]) -> Lab:
    """A lab of two trainings, interrupted at the steps `at` counted over both (2 an epoch, 3 epochs each)."""
    steps = interrupting(at)

    def schedule(done: float) -> float:
        next(steps)
        return 1.0

    def experiment(settings: Settings, run: Run) -> None:
        run.section("Begin", "Begun.")
        run.measure("size", 8)
        history = learn(settings, run, "first", schedule=schedule)
        run.measure("accuracy", 0.75)
        run.section("First", f"After {len(history)} epochs.")
        learn(settings, run, "second", schedule=schedule)
        run.section("Second", "The end.")

    return replace(TINY, run=experiment)


@pytest.mark.parametrize(
    ("at", "told", "untold"),
    [
        ([4], ["After 1 epochs.", "in epoch 2 of 3 of first", "2 of 2"], ["The end."]),
        ([10], ["After 3 epochs.", "in epoch 2 of 3 of second", "The end."], []),
        ([1], ["Begun.", "in epoch 1 of 3 of first", "not measured"], ["After", "The end."]),
    ],
)
def test_ctrl_c_ends_with_the_report_of_what_was_done(
    settings: Settings, at: list[int], told: list[str], untold: list[str]
) -> None:
    status, text = carry_out(two_trainings(at), settings)
    assert settings.out is not None
    page = (settings.out / "report.html").read_text(encoding="utf-8")
    assert status == 130
    assert "Interrupted" in text
    assert all(part in page for part in told)
    assert not any(part in page for part in untold)


def test_ctrl_c_outside_of_training_ends_with_a_report_too(settings: Settings) -> None:
    def experiment(settings: Settings, run: Run) -> None:
        run.section("Begin", "Begun.")
        raise KeyboardInterrupt

    status, _ = carry_out(replace(TINY, run=experiment), settings)
    assert settings.out is not None
    assert status == 130
    assert "Begun." in (settings.out / "report.html").read_text(encoding="utf-8")


def test_a_loss_that_is_no_number_ends_with_a_report(settings: Settings) -> None:
    def experiment(settings: Settings, run: Run) -> None:
        run.section("Begin", "Begun.")
        model = nn.Linear(3, 2)
        batches = DataLoader(TensorDataset(np.full((4, 3), np.nan, np.float32), np.zeros(4, np.int64)), 2)
        run.fit("model", model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), batches, 1)

    status, text = carry_out(replace(TINY, run=experiment), settings)
    assert settings.out is not None
    assert status == 1
    assert "the loss became nan at step 1, in epoch 1" in text
    assert "the loss became nan" in (settings.out / "report.html").read_text(encoding="utf-8")
