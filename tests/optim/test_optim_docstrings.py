"""Docstrings of optimizers, schedulers and averages: what `docstrings` asks; wrong settings raise the errors named."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.optim import lr_scheduler, swa_utils
from docstrings import all_text, cites, errors_named, parameters, raised_by, says_what, sent_nowhere, text_of, unnamed

PAPERS = {
    "SGD": "Polyak 1964", "Adadelta": "Zeiler 2012", "Adagrad": "Duchi 2011", "Adam": "Kingma 2015",
    "AdamW": "Loshchilov 2019", "AveragedModel": "Izmailov 2018", "CosineAnnealingLR": "Loshchilov 2017",
    "CosineAnnealingWarmRestarts": "Loshchilov 2017", "CyclicLR": "Smith 2017", "NAdam": "Dozat 2016",
    "OneCycleLR": "Smith 2018", "RMSprop": "Tieleman 2012", "SWALR": "Izmailov 2018",
}  # fmt: skip

PUBLIC: dict[str, Any] = {
    name: thing
    for place in (optim, lr_scheduler, swa_utils)
    for name in place.__all__
    if callable(thing := getattr(place, name))
}
OPTIMIZERS = [name for name in optim.__all__ if name in PUBLIC and name != "Optimizer"]
SCHEDULERS = [name for name in (*lr_scheduler.__all__, "SWALR") if name != "LRScheduler"]
SETTINGS: dict[str, dict[str, Any]] = {  # those without a default
    "ChainedScheduler": {"schedulers": []}, "CosineAnnealingLR": {"T_max": 5},
    "CosineAnnealingWarmRestarts": {"T_0": 5}, "CyclicLR": {"base_lr": 0.1, "max_lr": 1.0},
    "ExponentialLR": {"gamma": 0.9}, "LambdaLR": {"lr_lambda": float}, "MultiStepLR": {"milestones": [1]},
    "MultiplicativeLR": {"lr_lambda": float}, "OneCycleLR": {"max_lr": 1.0, "total_steps": 5},
    "SWALR": {"swa_lr": 0.1}, "SequentialLR": {"schedulers": [], "milestones": []}, "StepLR": {"step_size": 3},
}  # fmt: skip


def find(name: str) -> Any:
    return PUBLIC.get(name) or getattr(nn, name, None)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_says_what_it_does_with_its_arguments(name: str) -> None:
    assert says_what(text_of(PUBLIC[name])), f"{name}: neither a sentence nor an equation"
    assert not sent_nowhere(PUBLIC[name], find)
    everywhere = text_of(optim) + text_of(lr_scheduler.LRScheduler) + (nn.__doc__ or "")
    missing = unnamed(all_text(PUBLIC[name], find) + everywhere, parameters(PUBLIC[name]))
    assert not missing, f"{name} does not say what {', '.join(missing)} is"


@pytest.mark.parametrize("name", PAPERS)
def test_it_names_its_paper(name: str) -> None:
    assert cites(all_text(PUBLIC[name], find), PAPERS[name]), f"{name}: {PAPERS[name]} is missing"


@pytest.mark.parametrize("name", PUBLIC)
def test_it_names_the_errors_that_it_raises(name: str) -> None:
    thing = PUBLIC[name]
    raised = raised_by(vars(thing).get("__init__") if inspect.isclass(thing) else thing) | kinds(name)
    missing = raised - errors_named(all_text(thing, find))
    assert not missing, f"{name} raises {', '.join(sorted(missing))}, and does not say when"


@pytest.mark.parametrize("name", [*OPTIMIZERS, *SCHEDULERS])
def test_it_raises_the_errors_that_it_names(name: str) -> None:
    named = errors_named(text_of(PUBLIC[name])) - kinds(name)
    assert not named, f"{name} is said to raise {', '.join(sorted(named))}, and none of the mistakes does"


def kinds(name: str) -> set[str]:
    """The kinds of error that come of making it wrong."""
    return {kind for settings in _mistakes(name) if (kind := _kind(PUBLIC[name], settings))}


def _mistakes(name: str) -> Iterator[dict[str, Any]]:
    given = SETTINGS.get(name, {}).copy()
    if name in OPTIMIZERS:
        given["params"] = _weights()
        strange = ([], [1], cr.ones(2), [{"params": _weights(), "speed": 1}])
        yield from (given | {"params": wrong} for wrong in strange)
    elif name in SCHEDULERS:
        given["optimizer"] = optim.SGD(_weights(), 0.1, 0.9)
        yield given | {"optimizer": optim.Adagrad(_weights())}
    for key, parameter in inspect.signature(PUBLIC[name]).parameters.items():
        value = given.get(key, parameter.default)
        if type(value) in (int, float) and key != "last_epoch":
            yield from (given | {key: wrong} for wrong in (-5, [1, 1, 1]) if wrong == -5 or key.endswith("lr"))
        if isinstance(value, str):
            yield given | {key: "nonsense"}
        if value is float:
            yield given | {key: [float, float]}


def _weights() -> list[cr.Tensor]:
    return [cr.ones(2, requires_grad=True)]


def _kind(thing: Any, settings: dict[str, Any]) -> str | None:
    try:
        thing(**settings)
    except Exception as error:
        return type(error).__name__
    return None
