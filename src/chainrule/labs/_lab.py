"""What every lab is made of: a description, typed settings, expectations, and the function that carries it out."""

import importlib
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

if TYPE_CHECKING:
    from ._predict import Saved
    from ._run import Run

__all__ = ["Expectation", "Lab", "LabSettings", "TrainingSettings", "UsageError", "asked_for", "engine", "equal_start"]


def _folder(default: str) -> Any:
    return tyro.conf.arg(metavar="DIR", help_behavior_hint=f"(default: {default})")


class UsageError(Exception):
    """A mistake that the user can mend: told in one message, without a traceback."""


@contextmanager
def asked_for(what: str = "") -> Iterator[None]:
    """Around what the user asked for, such as files: if that fails, it is a UsageError and no bug of ours."""
    try:
        yield
    except (OSError, ValueError) as problem:
        text = str(problem)
        if isinstance(problem, OSError) and problem.strerror:
            text = f"{problem.filename}: {problem.strerror}"
        raise UsageError(f"{what}: {text}" if what else text) from problem


@dataclass(frozen=True, kw_only=True)
class LabSettings:
    """What every lab can be told. A lab's own settings inherit from this; the command line is made from them."""

    out: Annotated[Path | None, _folder("runs/LAB-TIME")] = None
    """Folder that the report and all other files of this run go to."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(LabSettings):
    """What every lab that trains a model can be told. A lab sets its own defaults by naming a field again."""

    epochs: int = 10
    """Passes over the training data."""
    batch_size: int = 32
    """Samples in a training step."""
    lr: float = 0.01
    """Greatest learning rate."""
    seed: int = 1
    """Decides initial weights and the order of the data: same seed, same result."""
    engine: Literal["chainrule", "torch"] = "chainrule"
    """The library that trains: chainrule, or PyTorch on the very same lab."""
    data: Annotated[Path | None, _folder("$CHAINRULE_DATA, the user cache, system packages")] = None
    """Folder of the full data sets."""
    resume: Annotated[Path | None, tyro.conf.arg(metavar="RUN")] = None
    """Go on with an interrupted run, from its last checkpoint and with its settings."""
    checkpoint_every: Annotated[int | None, tyro.conf.arg(metavar="STEPS", help_behavior_hint="(default: epoch)")] = (
        None
    )
    """Training steps between two checkpoints."""
    tensorboard: bool = False
    """Write event files for `tensorboard --logdir RUN/tensorboard` too."""

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"--{name.replace('_', '-')} {getattr(self, name)}: it must be at least {least}")
        if self.checkpoint_every is not None and self.checkpoint_every < 1:
            raise ValueError(f"--checkpoint-every {self.checkpoint_every}: it must be at least 1")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"--lr {self.lr}: it must be a positive number")


_TESTS = {"≥": operator.ge, "≤": operator.le, "<": operator.lt, "=": operator.eq}


@dataclass(frozen=True)
class Expectation:
    """What a measured value must be; exactly one bound is given. `form` is how such values are written."""

    name: str
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    equals: float | None = None
    form: str = "{:,}"
    source: str = ""

    def __post_init__(self) -> None:
        if len([bound for bound in self._bounds.values() if bound is not None]) != 1:
            raise ValueError(f"Expectation {self.name!r}: give exactly one of at_least, at_most, below, equals")

    @property
    def _bounds(self) -> dict[str, float | None]:
        return {"≥": self.at_least, "≤": self.at_most, "<": self.below, "=": self.equals}

    def held(self, value: float) -> bool:
        """Whether the value is as expected; NaN never is."""
        return all(_TESTS[sign](float(value), bound) for sign, bound in self._bounds.items() if bound is not None)

    def __str__(self) -> str:
        """The bound alone: ≥ 94.0 %."""
        return "".join(f"{sign} {self.write(bound)}" for sign, bound in self._bounds.items() if bound is not None)

    def write(self, value: float) -> str:
        """A value in this expectation's form."""
        return self.form.format(value).replace("%", " %")


@dataclass(frozen=True)
class Lab:
    """An experiment. `run` carries it out: it measures with `Run.measure` and writes the report with `Run.section`."""

    title: str
    topic: str
    source: str
    """The course, book or paper it comes from."""
    data: str
    time: str
    """What it takes on an ordinary machine, in words."""
    lead: str
    """What is done and why, in a few sentences: the first paragraph of the report."""
    settings: type[LabSettings]
    expected: Callable[[Any], Sequence[Expectation]]
    """What is expected under given settings."""
    run: Callable[[Any, "Run"], None]
    predict: Callable[[Any, "Saved", str], Mapping[str, float]] | None = None
    """(settings, saved model, a file or a line of text) -> probability of each class."""


def engine(name: str) -> Any:
    """The module with PyTorch's API that trains: `chainrule`, or `torch`."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        raise UsageError(f"--engine {name}: it is not installed here. Install it with: pip install {name}") from None


def equal_start(build: Callable[[Any], Any], engine: Any, seed: int) -> Any:
    """The model `build(engine.nn)` with initial weights that depend on the seed alone, and not on the engine.

    chainrule draws them; another engine is given copies.
    """
    import chainrule

    chainrule.manual_seed(seed)
    ours = build(chainrule.nn)
    if engine is chainrule:
        return ours
    model = build(engine.nn)
    model.load_state_dict({name: engine.from_numpy(value.numpy().copy()) for name, value in ours.state_dict().items()})
    return model
