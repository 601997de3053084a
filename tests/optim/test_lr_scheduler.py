"""Schedulers: PyTorch's rates, step by step."""

import numpy as np
import pytest

from chainrule.nn import Parameter
from chainrule.optim import SGD, lr_scheduler

SCHEDULES = {
    "StepLR": {"step_size": 4, "gamma": 0.3},
    "CosineAnnealingLR": {"T_max": 10, "eta_min": 0.01},
    "LambdaLR": {"lr_lambda": lambda t: 0.9**t},
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
