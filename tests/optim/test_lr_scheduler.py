"""Schedulers: PyTorch's rates, step by step."""

from copy import deepcopy

import numpy as np
import pytest

import chainrule as cr
from chainrule.nn import Parameter
from chainrule.optim import SGD, Adagrad, lr_scheduler, swa_utils

SCHEDULES = {
    "StepLR": {"step_size": 4, "gamma": 0.3},
    "CosineAnnealingLR": {"T_max": 10, "eta_min": 0.01},
    "LambdaLR": {"lr_lambda": lambda t: 0.9**t},
    "MultiStepLR": {"milestones": [3, 8, 8, 20], "gamma": 0.5},
    "ExponentialLR": {"gamma": 0.9},
    "ConstantLR": {"factor": 0.5, "total_iters": 7},
    "LinearLR": {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 9},
    "PolynomialLR": {"total_iters": 20, "power": 1.5},
    "CosineAnnealingWarmRestarts": {"T_0": 3, "T_mult": 2, "eta_min": 0.01},
    "OneCycleLR": {"max_lr": [0.4, 0.6], "total_steps": 40},
    "MultiplicativeLR": {"lr_lambda": [lambda t: 0.9, lambda t: 1 - 1 / (t + 2)]},
    "CyclicLR": {"base_lr": 0.1, "max_lr": [0.4, 0.6], "step_size_up": 3, "step_size_down": 5, "cycle_momentum": False},
}


def optimizer():
    return SGD([{"params": [Parameter(np.ones(2))]}, {"params": [Parameter(np.ones(2))], "lr": 0.5}], lr=0.1)


def rates(scheduler, steps, before_step=lambda: None):
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in scheduler.optimizer.param_groups])
        assert scheduler.get_last_lr() == found[-1]
        before_step()
        scheduler.step()
    return np.array(found)


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.ones(2)]}, {"params": [torch.ones(2)], "lr": 0.5}]
    theirs = torch.optim.SGD(groups, lr=0.1)
    expected = rates(getattr(torch.optim.lr_scheduler, name)(theirs, **SCHEDULES[name]), 35, theirs.step)
    found = rates(getattr(lr_scheduler, name)(optimizer(), **SCHEDULES[name]), 35)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_resume(name):
    make = getattr(lr_scheduler, name)
    straight = rates(make(optimizer(), **SCHEDULES[name]), 12)
    first = make(optimizer(), **SCHEDULES[name])
    rates(first, 5)
    resumed = make(optimizer(), **SCHEDULES[name])
    resumed.optimizer.load_state_dict(first.optimizer.state_dict())
    resumed.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(rates(resumed, 7), straight[5:])


def test_resume_by_last_epoch():
    first = lr_scheduler.StepLR(optimizer(), 4)
    straight = rates(first, 6)
    again = rates(lr_scheduler.StepLR(first.optimizer, 4, last_epoch=1), 4)
    np.testing.assert_array_equal(again, straight[2:])
    with pytest.raises(KeyError, match="initial_lr"):
        lr_scheduler.StepLR(optimizer(), 4, last_epoch=1)


def test_a_function_for_each_group():
    found = rates(lr_scheduler.LambdaLR(optimizer(), [lambda t: 1 + t, lambda t: 1]), 3)
    np.testing.assert_allclose(found, [[0.1, 0.5], [0.2, 0.5], [0.3, 0.5]])
    with pytest.raises(ValueError, match="1 functions for 2 parameter groups"):
        lr_scheduler.LambdaLR(optimizer(), [lambda t: 1])


def both(make, measure, steps, build=None, **settings):
    """The same schedule on both engines: rates and momenta."""
    torch = pytest.importorskip("torch")

    def run(engine, tensor):
        groups = [{"params": [tensor]}]
        optimizer = (build or (lambda o, g: o.SGD(g, lr=0.1, momentum=0.9)))(engine.optim, groups)
        scheduler = make(engine.optim.lr_scheduler, optimizer)
        found = []
        for t in range(steps):
            group = optimizer.param_groups[0]
            found.append([group["lr"], group.get("momentum", group.get("betas", [0])[0] if "betas" in group else 0)])
            optimizer.step()
            scheduler.step(*measure(t))
        return np.array(found)

    expected = run(torch, torch.ones(2))
    np.testing.assert_allclose(run(cr, Parameter(np.ones(2))), expected, rtol=1e-10, atol=1e-15)
    return expected


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("adam", [False, True])
def test_one_cycle_with_momentum(adam, strategy, three_phase):
    settings = {"pct_start": 0.25, "anneal_strategy": strategy, "three_phase": three_phase, "div_factor": 10.0}
    found = both(
        lambda module, o: module.OneCycleLR(o, 0.5, epochs=4, steps_per_epoch=10, **settings),
        lambda t: (),
        40,
        (lambda o, g: o.Adam(g)) if adam else None,
    )
    assert found[:, 1].min() < 0.86 < 0.94 < found[:, 1].max()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "max", "patience": 2},
        {"threshold": 0.5, "patience": 1, "cooldown": 3},
        {"threshold_mode": "abs", "threshold": 0.3, "patience": 0, "min_lr": 1e-3},
        {"mode": "max", "threshold_mode": "abs", "patience": 1, "factor": 0.5, "eps": 1e-2},
    ],
    ids=str,
)
def test_plateau(settings):
    values = np.random.default_rng(1).normal(size=60).cumsum() / 4
    values[30] = np.nan
    found = both(lambda m, o: m.ReduceLROnPlateau(o, **settings), lambda t: (values[t],), 60)
    assert len(np.unique(found[:, 0])) > 1


@pytest.mark.filterwarnings("ignore")  # PyTorch warns of its own step(epoch)
def test_one_after_the_other():
    def make(m, o):
        parts = [m.LinearLR(o, 0.1, total_iters=5), m.CosineAnnealingLR(o, 20), m.StepLR(o, 3), m.ExponentialLR(o, 0.9)]
        return m.SequentialLR(o, parts, [5, 12, 20])

    both(make, lambda t: (), 30)


@pytest.mark.filterwarnings("ignore")
def test_several_at_once():
    def make(m, o):
        return m.ChainedScheduler([m.ConstantLR(o, 0.1, total_iters=5), m.ExponentialLR(o, 0.9), m.StepLR(o, 7)])

    both(make, lambda t: (), 20)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", [
    {"mode": "triangular2"}, {"mode": "exp_range", "gamma": 0.9}, {"scale_fn": lambda n: 1 / (1 + n)},
    {"scale_fn": lambda t: 0.95**t, "scale_mode": "iterations"}, {"base_momentum": 0.5, "max_momentum": 0.7},
])  # fmt: skip
@pytest.mark.parametrize("adam", [False, True])
def test_cycles_with_momentum(settings, adam):
    def make(m, o):
        return m.CyclicLR(o, 0.01, 0.1, step_size_up=3, **settings)

    both(make, lambda t: (), 20, (lambda o, g: o.Adam(g)) if adam else None)


@pytest.mark.parametrize("settings", [
    {"anneal_epochs": 4}, {"anneal_epochs": 3, "anneal_strategy": "linear"}, {"anneal_epochs": 0},
])  # fmt: skip
def test_towards_the_rate_of_averaging(settings):
    torch = pytest.importorskip("torch")
    theirs = torch.optim.SGD([torch.ones(2)], lr=0.1)
    expected = rates(torch.optim.swa_utils.SWALR(theirs, 0.02, **settings), 8, theirs.step)
    found = rates(swa_utils.SWALR(SGD([Parameter(np.ones(2))], lr=0.1), 0.02, **settings), 8)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mult", [1, 3])
def test_warm_restarts_at_fractions(mult):
    both(lambda m, o: m.CosineAnnealingWarmRestarts(o, 2, mult, 1e-3), lambda t: (t * 0.3,), 40)


def test_sequences_and_plateaus_resume():
    def sequence(o):
        return lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [4])

    straight = rates(sequence(optimizer()), 12)
    first = sequence(optimizer())
    rates(first, 6)
    resumed = sequence(optimizer())
    resumed.optimizer.load_state_dict(first.optimizer.state_dict())
    resumed.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(rates(resumed, 6), straight[6:])

    a, b = (lr_scheduler.ReduceLROnPlateau(optimizer(), patience=2) for _ in range(2))
    for _ in range(3):
        a.step(1.0)
    b.optimizer.load_state_dict(a.optimizer.state_dict())
    b.load_state_dict(a.state_dict())
    for scheduler in (a, b):
        scheduler.step(1.0)
        assert scheduler.get_last_lr() == pytest.approx([0.01, 0.05])


def test_schedules_that_cannot_be():
    o = optimizer()
    with pytest.raises(ValueError, match="total_steps, or epochs and steps_per_epoch"):
        lr_scheduler.OneCycleLR(o, 0.1)
    with pytest.raises(ValueError, match="max_lr: 3 values for 2 parameter groups"):
        lr_scheduler.OneCycleLR(o, [0.1, 0.1, 0.1], 10)
    with pytest.raises(ValueError, match="Adagrad has no momentum"):
        lr_scheduler.OneCycleLR(Adagrad([Parameter(np.ones(2))]), 0.1, 10)
    short = lr_scheduler.OneCycleLR(o, 0.1, 2)
    short.step()
    short.step()
    with pytest.raises(ValueError, match="step 3 of 2"):
        short.step()
    with pytest.raises(ValueError, match="2 schedulers and 2 milestones"):
        lr_scheduler.SequentialLR(o, [short, short], [1, 2])
    with pytest.raises(ValueError, match="the same optimizer"):
        lr_scheduler.SequentialLR(optimizer(), [short, short], [1])
    with pytest.raises(ValueError, match=r"factor=1\.5 must be below 1"):
        lr_scheduler.ReduceLROnPlateau(o, factor=1.5)
    with pytest.raises(ValueError, match="T_0=0 must be a whole number"):
        lr_scheduler.CosineAnnealingWarmRestarts(o, 0)


def one_group_more(make):
    """A scheduler of two groups, made by `make`, whose optimizer has a third one since then; and all that it knows."""
    scheduler = make(optimizer())
    scheduler.optimizer.add_param_group({"params": [Parameter(np.ones(2))], "lr": 0.7})
    return scheduler, deepcopy((scheduler.state_dict(), [group["lr"] for group in scheduler.optimizer.param_groups]))


AFTER = {
    **{name: lambda o, name=name: getattr(lr_scheduler, name)(o, **SCHEDULES[name]) for name in SCHEDULES},
    "SWALR": lambda o: swa_utils.SWALR(o, 0.02),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [4]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.StepLR(o, 1), lr_scheduler.LinearLR(o)]),
}


@pytest.mark.parametrize("name", AFTER)
def test_a_group_added_later_is_refused_before_anything_changes(name):
    scheduler, before = one_group_more(AFTER[name])
    says = f"{name} was made for 2 parameter groups, the optimizer has 3 now: make the scheduler after add_param_group"
    with pytest.raises(ValueError, match=says):
        scheduler.step()
    assert (scheduler.state_dict(), [group["lr"] for group in scheduler.optimizer.param_groups]) == before


def test_a_part_made_before_the_group_was_added_is_refused():
    part, _ = one_group_more(lambda o: lr_scheduler.StepLR(o, 1))
    with pytest.raises(ValueError, match="StepLR was made for 2 parameter groups, the optimizer has 3 now"):
        lr_scheduler.ChainedScheduler([lr_scheduler.LinearLR(part.optimizer), part])


def test_a_plateau_lowers_a_group_added_later_unless_each_has_a_least_rate_of_its_own():
    scheduler, _ = one_group_more(lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0, min_lr=0.02))
    scheduler.step(1.0)
    scheduler.step(1.0)
    assert scheduler.get_last_lr() == pytest.approx([0.02, 0.05, 0.07])

    scheduler, before = one_group_more(lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0, min_lr=[0.02, 0.3]))
    with pytest.raises(ValueError, match="min_lr: 2 values for 3 parameter groups"):
        scheduler.step(1.0)
    assert (scheduler.state_dict(), [group["lr"] for group in scheduler.optimizer.param_groups]) == before
