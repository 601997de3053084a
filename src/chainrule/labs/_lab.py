"""What every lab is made of: a description, typed settings, expectations, and the function that carries it out."""

import difflib
import importlib
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

if TYPE_CHECKING:
    from ._predict import Saved
    from ._run import Run
    from ._sample import Sample

__all__ = [
    "TOPICS",
    "Expectation",
    "Lab",
    "LabSettings",
    "RunSettings",
    "TrainingSettings",
    "UsageError",
    "asked_for",
    "closest",
    "engine",
    "equal_start",
    "optional",
]

TOPICS = ("theory", "multilayer perceptron", "convolution", "recurrent networks")
"""What labs are about, in the order in which a course comes to it."""


def _folder(default: str) -> Any:
    return tyro.conf.arg(metavar="DIR", help_behavior_hint=f"(default: {default})")


class UsageError(Exception):
    """A mistake that the user can mend: told in one message, without a traceback."""


def closest(word: str, names: Sequence[str]) -> str:
    """What a message says after a name that there is not."""
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.4)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}"


@contextmanager
def asked_for(what: str = "") -> Iterator[None]:
    """Around what the user asked for, files or packages: if that fails, it is a UsageError and no bug of ours."""
    try:
        yield
    except (OSError, ValueError, ImportError) as problem:
        text = str(problem)
        if isinstance(problem, OSError) and problem.strerror:
            text = f"{problem.filename}: {problem.strerror}"
        raise UsageError(f"{what}: {text}" if what else text) from problem


def optional(name: str) -> Any:
    """A module of a package that only some labs need. Raises UsageError, which says how to install it, without it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        package = name.partition(".")[0]
        if missing.name not in (package, name):
            raise
        hint = "Install it with: pip install 'chainrule[labs]'"
        raise UsageError(f"this lab needs {package}, which is not installed here. {hint}") from None


@dataclass(frozen=True, kw_only=True)
class LabSettings:
    """What every lab can be told. A lab's own settings inherit from this; the command line is made from them."""

    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "quick"
    """Which of the lab's sets of defaults the other settings begin with; `chainrule show LAB` names them."""
    out: Annotated[Path | None, _folder("runs/LAB-TIME")] = None
    """Folder that the report and all other files of this run go to."""

    @property
    def full(self) -> bool:
        """Whether this is the experiment in earnest, on the full data sets."""
        return self.preset == "full"


@dataclass(frozen=True, kw_only=True)
class RunSettings(LabSettings):
    """What every lab can be told whose trainings are long enough to be interrupted and gone on with."""

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
        self.check_least(seed=0)
        if self.checkpoint_every is not None:
            self.check_least(checkpoint_every=1)

    def check_least(self, **least: int) -> None:
        """Raise ValueError where a setting is smaller than it may be."""
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ValueError(f"--{name.replace('_', '-')} {getattr(self, name)}: it must be at least {bound}")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(RunSettings):
    """What every lab that trains by one recipe can be told. A lab sets its own defaults by naming a field again."""

    epochs: int = 10
    """Passes over the training data."""
    batch_size: int = 32
    """Samples in a training step."""
    lr: float = 0.01
    """Greatest learning rate."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(epochs=1, batch_size=1)
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
    exercise: str
    """The exercise, as a teacher sets it: the docstring of the lab's file, whose first line is its title."""
    settings: type[LabSettings]
    """Their defaults are what `chainrule run LAB` does without a word more."""
    expected: Callable[[Any], Sequence[Expectation]]
    """What is expected under given settings."""
    run: Callable[[Any, "Run"], None]
    predict: Callable[[Any, "Saved", str], Mapping[str, float] | str] | None = None
    """(settings, saved model, a file or a line of text) -> probability of each class, or the text that it becomes."""
    sample: Callable[[Any, "Saved", "Sample"], str] | None = None
    """(settings, saved model, what is asked for) -> the text that follows on the prompt."""
    presets: Mapping[str, LabSettings] = field(default_factory=dict)
    """Further sets of defaults by name; "full" is the experiment in earnest, on the full data sets."""

    def preset(self, name: str) -> LabSettings:
        """The set of defaults of this name. Raises UsageError with the closest if there is none."""
        plain = self.settings()
        known = {plain.preset: plain, **self.presets}
        if name not in known:
            raise UsageError(f"--preset {name}: there is no such preset. {closest(name, list(known))}")
        return known[name]

    def preset_names(self) -> list[str]:
        """The names of all presets, that of the plain settings first."""
        return [self.settings().preset, *self.presets]


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
