"""The training loop: what it computes, what it tells, and when it stops."""

import math
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.data import DataLoader, TensorDataset
from chainrule.train import (
    AverageWeights,
    Callback,
    EarlyStopping,
    Lookahead,
    NonFiniteLoss,
    Training,
    accuracy,
    evaluate,
    fit,
    one_cycle,
    predict,
)  # fmt: skip

X = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


class Heard(Callback):
    def __init__(self) -> None:
        self.losses: list[float] = []
        self.sizes: list[int] = []
        self.epochs: list[int] = []

    def step(self, training: Training) -> None:
        self.losses.append(training.current)
        self.sizes.append(training.batch)

    def epoch(self, training: Training) -> None:
        self.epochs.append(training.history[-1].number)


def parts(engine: Any = cr, lr: float = 0.5, size: int = 4) -> tuple[Any, Any, Any, DataLoader]:
    model = engine.nn.Linear(3, 2)
    weights = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 10, "bias": np.zeros(2, np.float32)}
    model.load_state_dict({name: engine.from_numpy(value) for name, value in weights.items()})
    optimizer = engine.optim.SGD(model.parameters(), lr=lr)
    batches = DataLoader(TensorDataset(X, Y), size, shuffle=True, seed=3, engine=engine)
    return model, engine.nn.CrossEntropyLoss(), optimizer, batches


def by_hand(epochs: int, lr: float, size: int) -> tuple[np.ndarray, list[list[float]]]:
    """The same training in plain NumPy: weights in the end, and the loss of every step by epoch."""
    w, b = np.arange(6).reshape(2, 3) / 10, np.zeros(2)
    losses: list[list[float]] = []
    for epoch in range(epochs):
        order = np.random.default_rng((3, epoch)).permutation(10)
        losses.append([])
        for rows in np.split(order, range(size, 10, size)):
            p = np.exp(X[rows] @ w.T + b)
            p /= p.sum(axis=1, keepdims=True)
            losses[-1].append(float(-np.log(p[np.arange(len(rows)), Y[rows]]).mean()))
            delta = (p - np.eye(2)[Y[rows]]) / len(rows)
            w, b = w - lr * delta.T @ X[rows], b - lr * delta.sum(axis=0)
    return w, losses


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_fit_is_the_training_that_one_writes_by_hand(engine: str) -> None:
    model, loss, optimizer, batches = parts(pytest.importorskip(engine))
    heard = Heard()
    history = fit(model, loss, optimizer, batches, 3, callbacks=[heard])
    w, losses = by_hand(3, 0.5, 4)
    np.testing.assert_allclose(model.weight.detach().numpy(), w, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(heard.losses, np.concatenate(losses), rtol=1e-5)
    assert heard.sizes == [4, 4, 2] * 3
    assert heard.epochs == [epoch.number for epoch in history] == [1, 2, 3]
    expected = [np.average(epoch, weights=[4, 4, 2]) for epoch in losses]
    np.testing.assert_allclose([epoch.loss for epoch in history], expected, rtol=1e-5)


def test_the_schedule_multiplies_the_rate_by_the_share_that_is_done() -> None:
    model, loss, optimizer, batches = parts(lr=0.1, size=5)
    done, rates = [], []

    class Rates(Callback):
        def step(self, training: Training) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

    def schedule(share: float) -> float:
        done.append(share)
        return 1 - share

    fit(model, loss, optimizer, batches, 2, schedule=schedule, callbacks=[Rates()])
    assert done == [0, 0.25, 0.5, 0.75]
    assert rates == pytest.approx([0.1, 0.075, 0.05, 0.025])


def test_validate_is_kept_with_its_epoch_and_training_mode_comes_back() -> None:
    model, loss, optimizer, batches = parts()
    modes = []

    def validate() -> dict[str, float]:
        modes.append(model.training)
        return {"accuracy": accuracy(predict(cr, model, X), Y)}

    history = fit(model, loss, optimizer, batches, 2, validate=validate)
    assert modes == [True, True]
    assert [set(epoch.metrics) for epoch in history] == [{"accuracy"}] * 2
    assert history[-1].metrics["accuracy"] == accuracy(predict(cr, model, X), Y)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_training_before_its_step(bad: float) -> None:
    model, loss, optimizer, batches = parts(size=2)
    calls = []

    def spoilt(output: Any, target: Any) -> Any:
        calls.append(model.weight.detach().numpy().copy())
        return loss(output, target) * (bad if len(calls) == 7 else 1)

    with pytest.raises(NonFiniteLoss, match=rf"the loss became {bad} at step 7, in epoch 2, at a learning rate of 0.5"):
        fit(model, spoilt, optimizer, batches, 5)
    np.testing.assert_array_equal(model.weight.detach().numpy(), calls[-1])


def test_predict_runs_in_chunks_in_evaluation_mode_and_without_a_tape() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.9))
    whole = model[0](cr.from_numpy(X)).detach().numpy()
    model.train()
    np.testing.assert_allclose(predict(cr, model, X, batch_size=3), whole, rtol=1e-5, atol=1e-6)
    assert not model.training


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_evaluate_goes_over_all_batches_of_a_loader(engine: str) -> None:
    library = pytest.importorskip(engine)
    model, _, _, batches = parts(library)
    right = float(np.mean((X @ np.arange(6).reshape(2, 3).T).argmax(axis=1) == Y))
    found = evaluate(library, model, batches, {"accuracy": accuracy, "rows": lambda outputs, _: len(outputs)})
    assert found == {"accuracy": pytest.approx(right), "rows": 10}
    with pytest.raises(ValueError, match="the loader has no batches"):
        evaluate(library, model, [])


def test_several_inputs_go_to_the_model() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, a: Any, b: Any) -> Any:
            return self.linear(a + b)

    model = Sum()
    loader = DataLoader(TensorDataset(X, X, Y), 5)
    (epoch,) = fit(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), loader, 1)
    assert math.isfinite(epoch.loss)


def test_a_loader_without_batches_is_a_mistake() -> None:
    model, loss, optimizer, _ = parts()
    with pytest.raises(ValueError, match=r"fit\(\): the loader has no batches"):
        fit(model, loss, optimizer, DataLoader(TensorDataset(X, Y), 20, drop_last=True), 1)


def test_one_cycle_rises_and_falls_to_zero() -> None:
    values = [one_cycle(i / 100) for i in range(101)]
    assert values[0] == 0
    assert values[20] == 1 == max(values)
    assert values[100] == pytest.approx(0)
    assert np.all(np.diff(values[:21]) > 0)
    assert np.all(np.diff(values[20:]) < 0)


def test_one_cycle_may_begin_and_end_above_zero() -> None:
    ends = {"warm_up": 0.25, "start": 0.2, "end": 0.07}
    values = [one_cycle(done, **ends) for done in (0, 0.125, 0.25, 0.625, 1)]
    assert values == pytest.approx([0.2, 0.6, 1, (1 + 0.07) / 2, 0.07])


def test_fit_leaves_the_rate_alone_without_a_schedule() -> None:
    model, loss, _, batches = parts()
    optimizer = optim.SGD(model.parameters(), lr=0.25)
    fit(model, loss, optimizer, batches, 1)
    assert optimizer.param_groups[0]["lr"] == 0.25


class Weights(Callback):
    def __init__(self) -> None:
        self.after: list[np.ndarray] = []

    def step(self, training: Training) -> None:
        self.after.append(training.model[1].weight.detach().numpy().copy())


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_averages_of_the_weights_begin_with_the_first_step_and_follow_slowly(engine: str) -> None:
    library = pytest.importorskip(engine)
    _, loss, _, batches = parts(library)
    model = library.nn.Sequential(library.nn.BatchNorm1d(3), library.nn.Linear(3, 2))
    optimizer, weights, average = library.optim.SGD(model.parameters(), lr=0.5), Weights(), AverageWeights(model, 0.8)
    fit(model, loss, optimizer, batches, 3, callbacks=[weights, average])
    mean = weights.after[0]
    for new in weights.after[1:]:
        mean = 0.8 * mean + 0.2 * new
    averaged = average.averaged[1].weight.detach().numpy()
    np.testing.assert_allclose(averaged, mean, rtol=1e-5)
    assert np.abs(averaged - weights.after[-1]).max() > 0.01
    buffers = (m[0].running_mean.numpy() for m in (model, average.averaged))
    assert not np.array_equal(*buffers), "running means are averaged, too"


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_lookahead_draws_the_weights_back_to_their_average_more_and_more(engine: str) -> None:
    library = pytest.importorskip(engine)
    _, loss, _, batches = parts(library)
    model = library.nn.Sequential(library.nn.BatchNorm1d(3), library.nn.Linear(3, 2))
    optimizer, before, after = library.optim.SGD(model.parameters(), lr=0.5), Weights(), Weights()
    lookahead = Lookahead(model, 0.8, every=2)
    fit(model, loss, optimizer, batches, 3, callbacks=[before, lookahead, after])
    last, mean, moved = len(before.after), None, 0.0
    assert last % 2, "the last step must be none of every second"
    for step, (new, kept) in enumerate(zip(before.after, after.after, strict=True), 1):
        if step % 2 == 0 or step == last:
            share = 0.8**2 * (step / last) ** 3
            mean = new if mean is None else share * mean + (1 - share) * new
            moved = np.abs(mean - new).max()
        np.testing.assert_allclose(kept, mean if step % 2 == 0 or step == last else new, rtol=1e-5)
    assert moved > 0.01
    assert all(
        np.array_equal(a.numpy(), b.numpy())
        for a, b in zip(model.state_dict().values(), lookahead.averaged.state_dict().values(), strict=True)
    )


def test_lookahead_is_told_how_often() -> None:
    with pytest.raises(ValueError, match="every=0: at least one step is needed"):
        Lookahead(parts()[0], every=0)
    with pytest.raises(ValueError, match=r"decay 1\.5"):
        Lookahead(parts()[0], 1.5)


def test_early_stopping_judges_each_training_alone() -> None:
    def run(stopping: EarlyStopping, losses: list[float]) -> tuple[int, list[float]]:
        model, loss, optimizer, batches = parts()
        values = iter(losses)
        history = fit(
            model, loss, optimizer, batches, len(losses), validate=lambda: {"error": next(values)}, callbacks=[stopping]
        )
        return len(history), model.weight.detach().numpy().ravel().tolist()

    def stopping() -> EarlyStopping:
        return EarlyStopping("error", patience=2, restore_best=True)

    used = stopping()
    assert run(used, [0.1, 0.2, 0.3, 0.4])[0] == 3
    assert run(used, [0.9, 0.8, 0.7, 0.6]) == run(stopping(), [0.9, 0.8, 0.7, 0.6])
    assert used.best == 0.6
