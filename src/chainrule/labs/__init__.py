"""The labs: classic experiments, one command each, one readable file each.

A lab is a file in this folder whose name does not begin with an underscore: `lenet_mnist.py` is the lab `lenet-mnist`.
It defines `LAB`, a `Lab`; there is no other registration.
"""

import importlib
import pkgutil

from ._all import All, run_all
from ._gradients import gradient_table
from ._lab import (
    TOPICS,
    Expectation,
    Lab,
    LabSettings,
    RunSettings,
    TrainingSettings,
    UsageError,
    asked_for,
    closest,
    equal_start,
    optional,
)  # fmt: skip
from ._predict import Predict, Saved, predict
from ._resume import read_settings, resumed
from ._run import Run, carry_out
from ._sample import Sample, sample

__all__ = [
    "TOPICS",
    "All",
    "Expectation",
    "Lab",
    "LabSettings",
    "Predict",
    "Run",
    "RunSettings",
    "Sample",
    "Saved",
    "TrainingSettings",
    "UsageError",
    "asked_for",
    "by_topic",
    "carry_out",
    "equal_start",
    "gradient_table",
    "load",
    "names",
    "optional",
    "predict",
    "read_settings",
    "resumed",
    "run_all",
    "sample",
]


def names() -> list[str]:
    """The names of all labs, as the command line takes them."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def by_topic() -> dict[str, dict[str, Lab]]:
    """{topic: {name: lab}}, the topics in the order of a course."""
    everything = {name: load(name) for name in names()}
    return {topic: {name: lab for name, lab in everything.items() if lab.topic == topic} for topic in TOPICS}


def load(name: str) -> Lab:
    """The lab of this name. Raises UsageError with the closest names if there is none."""
    if name not in names():
        raise UsageError(f"there is no lab {name!r}. {closest(name, names())}")
    lab: Lab = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").LAB
    return lab
