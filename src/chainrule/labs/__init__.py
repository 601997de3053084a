"""The labs: classic experiments, one command each, one readable file each.

A lab is a file in this folder whose name does not begin with an underscore: `lenet_mnist.py` is the lab `lenet-mnist`.
It defines `LAB`, a `Lab`; there is no other registration.
"""

import difflib
import importlib
import pkgutil

from ._gradients import gradient_table
from ._lab import Expectation, Lab, LabSettings, TrainingSettings, UsageError, asked_for, equal_start
from ._predict import Predict, Saved, predict
from ._resume import resumed
from ._run import Run, carry_out

__all__ = [
    "Expectation",
    "Lab",
    "LabSettings",
    "Predict",
    "Run",
    "Saved",
    "TrainingSettings",
    "UsageError",
    "asked_for",
    "carry_out",
    "equal_start",
    "gradient_table",
    "load",
    "names",
    "predict",
    "resumed",
]


def names() -> list[str]:
    """The names of all labs, as the command line takes them."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def load(name: str) -> Lab:
    """The lab of this name. Raises UsageError with the closest names if there is none."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names())}"
        raise UsageError(f"there is no lab {name!r}. {hint}")
    lab: Lab = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").LAB
    return lab
