"""A training that was interrupted goes on and ends with the very bits of one that was not."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.data import DataLoader, TensorDataset
from chainrule.io import load_tree, save_tree
from chainrule.train import (
    AverageWeights,
    Callback,
    Checkpoint,
    EarlyStopping,
    Lookahead,
    Scheduler,
    Training,
    fit,
    load_checkpoint,
)  # fmt: skip

X = np.random.default_rng(0).standard_normal((23, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.int64)
EPOCHS = 4


class Killed(BaseException):
    pass


class KillAt(Callback):
    """Ends the training after so many steps, in the middle of everything."""

    def __init__(self, step: int | None) -> None:
        self.at = step

    def backward(self, training: Training) -> None:
        if training.steps == self.at:
            raise Killed


def noise(batch: Any, draws: Any) -> Any:
    x, y = batch
    return x + draws.normal(0, 1, 4).astype(np.float32), y


def train(
    folder: Path,
    engine: Any = cr,
    kill: int | None = None,
    every: int | None = None,
    resume: bool = False,
    log: Callback | None = None,
    **more: Any,
) -> dict[str, np.ndarray]:
    """Dropout, augmentation, Adam with a schedule, averages, early stopping: everything that has a state."""
    engine.manual_seed(5)
    model = engine.nn.Sequential(
        engine.nn.Linear(4, 8),
        engine.nn.ReLU(),
        engine.nn.BatchNorm1d(8),
        engine.nn.Dropout(0.4),
        engine.nn.Linear(8, 2),
    )
    optimizer = engine.optim.Adam(model.parameters(), lr=0.02)
    scheduler = engine.optim.lr_scheduler.StepLR(optimizer, 3, 0.7)
    loader = DataLoader(TensorDataset(X, Y), 5, shuffle=True, seed=3, transform=noise, engine=engine, **more)
    logs, average = [log] if log else [], AverageWeights(model, 0.7)
    callbacks = [
        KillAt(kill),
        Scheduler(scheduler, "step"),
        Lookahead(model, 0.95, 2),
        average,
        *logs,
        EarlyStopping(patience=99),
        Checkpoint(folder, every),
    ]
    state = load_checkpoint(folder, engine.from_numpy) if resume else None
    try:
        history = fit(
            model, engine.nn.CrossEntropyLoss(), optimizer, loader, EPOCHS, callbacks=callbacks, resume=state,
            validate=lambda: {"norm": float(sum((p * p).sum().item() for p in model.parameters()))},
        )  # fmt: skip
    except Killed:
        return {}
    states = {"": model.state_dict(), "average ": average.averaged.state_dict()}
    return {
        **{kind + key: value.detach().numpy().copy() for kind, state in states.items() for key, value in state.items()},
        "history": np.array([[epoch.number, epoch.loss, epoch.metrics["norm"]] for epoch in history]),
    }


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
@pytest.mark.parametrize("every", [None, 1, 3])
@pytest.mark.parametrize("kill", [1, 4, 5, 6, 11, 19])
def test_an_interrupted_training_ends_with_the_bits_of_an_unbroken_one(
    tmp_path: Path, engine: str, every: int | None, kill: int
) -> None:
    library = pytest.importorskip(engine)
    whole = train(tmp_path / "whole", library)
    assert train(tmp_path / "cut", library, kill, every) == {}
    cr.manual_seed(99)
    assert same(train(tmp_path / "cut", library, every=every, resume=True), whole)


def test_it_may_be_interrupted_again_and_again_and_with_workers(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    for kill in (2, 7, 8, 13, 18):
        assert train(tmp_path / "cut", kill=kill, every=1, resume=True, num_workers=kill % 3) == {}
    assert same(train(tmp_path / "cut", every=1, resume=True, num_workers=2), whole)


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    whole = train(tmp_path)
    assert same(train(tmp_path, kill=0, resume=True), whole)


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    train(tmp_path, every=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000018.safetensors",
        "step-00000020.safetensors",
    ]


def test_the_best_is_kept_too(tmp_path: Path) -> None:
    model = nn.Linear(4, 2)
    values = iter([0.3, 0.9, 0.5, 0.9])
    fit(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), DataLoader(TensorDataset(X, Y), 23), 4,
        validate=lambda: {"accuracy": next(values)}, callbacks=[Checkpoint(tmp_path, keep=4, best="accuracy")],
    )  # fmt: skip
    second, best = (tmp_path / f"{name}.safetensors" for name in ("step-00000002", "best"))
    best, second = load_tree(best), load_tree(second)
    assert best["steps"] == 2
    assert best["model"]["weight"].tolist() == second["model"]["weight"].tolist()


def test_the_best_costs_no_second_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(
        "chainrule.train.checkpoint.save_tree", lambda tree, path: written.append(save_tree(tree, path))
    )
    model = nn.Linear(4, 2)
    optimizer, loader = optim.SGD(model.parameters(), lr=0.1), DataLoader(TensorDataset(X, Y), 23)
    fit(model, nn.CrossEntropyLoss(), optimizer, loader, 3, callbacks=[Checkpoint(tmp_path, best="loss", mode="min")])
    assert len(written) == 3
    assert (tmp_path / "best.safetensors").read_bytes() == (tmp_path / "step-00000003.safetensors").read_bytes()


def test_the_best_of_each_training_is_its_own(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "first", best="loss", mode="min")
    for folder, x in (("first", X), ("second", 10 * X)):
        checkpoint.folder = tmp_path / folder
        model = nn.Linear(4, 2)
        optimizer, loader = optim.SGD(model.parameters(), lr=0), DataLoader(TensorDataset(x, Y), 23)
        (epoch,) = fit(model, nn.CrossEntropyLoss(), optimizer, loader, 1, callbacks=[checkpoint])
        assert load_tree(tmp_path / folder / "best.safetensors")["history"][0]["loss"] == epoch.loss


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".step-00000007.safetensors.123.unfinished").write_bytes(b"half")
    train(tmp_path)
    assert all(path.name.startswith("step-") for path in tmp_path.iterdir())


def test_callbacks_without_a_state_may_come_and_go(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    train(tmp_path / "cut", kill=9)
    state = load_tree(tmp_path / "cut" / "step-00000005.safetensors")
    assert len(state["callbacks"]) == 5
    assert same(train(tmp_path / "cut", resume=True, log=Callback()), whole)


class Greatest(Callback):
    """Remembers something from its first step on."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def step(self, training: Training) -> None:
        self.state["loss"] = max(self.state.get("loss", 0), training.current)

    def state_dict(self) -> dict[str, Any]:
        return dict(self.state)

    def load_state_dict(self, state: Any) -> None:
        self.state = dict(state)


def test_a_callback_may_begin_with_nothing_to_remember(tmp_path: Path) -> None:
    whole, cut = Greatest(), Greatest()
    train(tmp_path / "whole", log=whole)
    train(tmp_path / "cut", kill=9, log=Greatest())
    train(tmp_path / "cut", resume=True, log=cut)
    assert cut.state == whole.state != {}


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(content)


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    train(tmp_path / "cut", kill=9, every=2)
    damage(tmp_path / "cut" / "step-00000008.safetensors")
    with pytest.warns(UserWarning, match=r"step-00000008.safetensors is damaged.* trying the one before"):
        assert same(train(tmp_path / "cut", every=2, resume=True), whole)


@pytest.mark.filterwarnings("ignore:.*trying the one before")
def test_if_all_are_damaged_that_is_said(tmp_path: Path) -> None:
    train(tmp_path)
    for path in tmp_path.iterdir():
        damage(path)
    with pytest.raises(ValueError, match="every checkpoint is damaged"):
        load_checkpoint(tmp_path)


def test_without_a_checkpoint_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    assert load_checkpoint(tmp_path / "nowhere") is None


def full_after(steps: int) -> Callable[[int], None]:
    calls = iter(range(10**6))

    def fsync(handle: int) -> None:
        if next(calls) >= 2 * steps:  # file and folder
            raise OSError(errno.ENOSPC, "No space left on device")

    return fsync


def test_a_full_disk_is_told_and_the_checkpoint_before_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(tmp_path / "whole")
    monkeypatch.setattr(os, "fsync", full_after(3))
    with pytest.raises(OSError, match="No space left on device") as caught:
        train(tmp_path / "cut", every=2)
    monkeypatch.undo()
    assert Path(caught.value.filename).name == "step-00000006.safetensors"
    assert len(list((tmp_path / "cut").iterdir())) == 2
    assert same(train(tmp_path / "cut", every=2, resume=True), whole)


def test_a_folder_is_for_one_training(tmp_path: Path) -> None:
    train(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    message = "holds a training at step 20, and this one begins anew.*resume=load_checkpoint"
    with pytest.raises(ValueError, match=f"(?s){message}"):
        train(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_what_was_just_saved_is_kept_beside_later_files_that_are_damaged(tmp_path: Path) -> None:
    train(tmp_path, every=1, kill=9)
    for path in tmp_path.iterdir():
        damage(path)
    assert train(tmp_path, kill=6) == {}
    with pytest.warns(UserWarning, match=r"step-0000000\d.safetensors is damaged"):
        assert load_checkpoint(tmp_path)["steps"] == 5


def test_a_copy_under_another_name_is_left_alone(tmp_path: Path) -> None:
    copy = tmp_path / "step-00000003-good.safetensors"
    copy.write_bytes(b"mine")
    train(tmp_path, every=2)
    assert copy.read_bytes() == b"mine"
    assert load_checkpoint(tmp_path)["steps"] == 20


def test_other_parts_than_were_saved_are_refused(tmp_path: Path) -> None:
    train(tmp_path)
    state = load_checkpoint(tmp_path)
    model = nn.Linear(4, 2)
    optimizer, loader = optim.Adam(model.parameters()), DataLoader(TensorDataset(X, Y), 5)
    with pytest.raises(ValueError, match="saved with 5 callbacks that have a state, and there are 0 now"):
        fit(model, nn.CrossEntropyLoss(), optimizer, loader, 4, resume=state)


@pytest.mark.parametrize("setting", [{"every": 0}, {"keep": 0}, {"mode": "best"}])
def test_wrong_settings(tmp_path: Path, setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Checkpoint: "):
        Checkpoint(tmp_path, **setting)
