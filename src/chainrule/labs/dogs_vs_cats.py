"""Dogs against cats: a convolutional network for photographs, from a VGG of one's own to the mistakes that remain.

Train a network that tells photographs of dogs from photographs of cats, 64 × 64 pixels in colour. It is to be like
VGG, 3 × 3 convolutions and pooling, and of parts that this library implements itself; no weights may be taken from
elsewhere. There are 8,000 labelled photographs to learn from. Hold a part of them out yourself, to choose by; the 2,000
test photographs are for the very end, and are looked at once.

1. Describe the network: its layers, the number of its parameters, its kernels and its feature maps.
2. Augment the training photographs. Say what you do to them and why, and show what comes out.
3. Compare at least three settings in one table, and draw the loss and the error of each after every epoch, on
   photographs that it learns from and on those held out. What overfits, and what helps?
4. Choose by the held-out part, train the chosen one for long, and test it: at least 91 % of the 2,000 must be right.
5. Show photographs that are clearly misclassified, and others at which the network answers about 50 %. What does one
   see in them?
6. Write `submission.csv`, with the columns `id` and `label`, for a folder of photographs without labels
   (`--unlabelled DIR`).

Without `--preset full` the same is done on made-up pictures, drawn heads with pointed or hanging ears, which need no
download and little time: 500 to learn from, 400 to choose by, and 500 to be tested on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import tyro

from chainrule import nn
from chainrule.data import DataLoader, Images, TensorDataset, read_image
from chainrule.labs import Expectation, Lab, Run, Saved, TrainingSettings, equal_start
from chainrule.labs import _dogs_mistakes as look
from chainrule.labs import _dogs_report as tell
from chainrule.labs._dogs import (
    CLASSES,
    Animals,
    animals,
    prepared,
    probabilities,
    residual_network,
    smaller,
    submit,
    unlabelled,
    vgg,
)  # fmt: skip
from chainrule.train import AverageWeights, ClipNorm, Epoch, accuracy, one_cycle, predict

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab dogs-vs-cats."""

    epochs: int = 30
    """Passes over the training pictures of the last training, that of the setting that the held-out part chose."""
    small_epochs: int = 0
    """The first of them, which see smaller pictures, as far as the network takes any size: that is quicker."""
    trial_epochs: int = 12
    """Passes of each setting that is compared."""
    batch_size: int = 32
    """Pictures in a training step."""
    lr: float = 0.05
    """Greatest learning rate: reached after a fifth of a training, zero at its end."""
    width: int = 16
    """Feature maps of the residual network's first convolution, twice the VGG's; each stage has twice as many."""
    unlabelled: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of pictures without labels, whose classes are written to submission.csv."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(trial_epochs=1, small_epochs=0, width=2)
        if self.small_epochs >= self.epochs:
            raise ValueError(f"--small-epochs {self.small_epochs}: it must be less than --epochs {self.epochs}")


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    right, ahead = (0.91, 5) if settings.full else (0.9, 0)
    return [
        Expectation("test accuracy", at_least=right, form="{:.2%}"),
        Expectation("settings compared", at_least=3),
        Expectation("validation points ahead of the plain VGG", at_least=ahead, form="{:.1f}"),
    ]


# ------------------------------------------------------------------------------------------ settings, training


@dataclass(frozen=True)
class Kind:
    """A setting that is compared with others."""

    build: Callable[[Any, int, int], Any]
    augmented: bool
    rate: float
    """Its learning rate, as a share of --lr: without normalization only smaller steps go well."""
    any_size: bool
    """Whether the network takes pictures of any size."""


PLAIN, AUGMENTED, RESIDUAL, BOTH = "VGG", "VGG, augmented", "residual", "residual, augmented"
KINDS = {
    PLAIN: Kind(vgg, False, 0.4, any_size=False),
    AUGMENTED: Kind(vgg, True, 0.4, any_size=False),
    RESIDUAL: Kind(residual_network, False, 1.0, any_size=True),
    BOTH: Kind(residual_network, True, 1.0, any_size=True),
}


def training(kind: Kind, data: Animals, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    model = equal_start(lambda nn: kind.build(nn, settings.width, data.size), engine, settings.seed)
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": 1e-3}, {"params": others, "weight_decay": 0.0}]
    optimizer = engine.optim.SGD(groups, lr=kind.rate * settings.lr, momentum=0.9, nesterov=True)
    loss = engine.nn.CrossEntropyLoss(label_smoothing=0.1)
    return model, loss, optimizer, loader(kind, data, engine, settings)


def loader(
    kind: Kind, data: Animals, engine: Any, settings: Settings, size: int | None = None, before: int = 0
) -> DataLoader:
    """The training pictures in batches, smaller ones if a size is given; `before` so many epochs others were drawn."""
    return DataLoader(
        TensorDataset(*data.train), settings.batch_size, shuffle=True, seed=settings.seed + before, drop_last=True,
        num_workers=1, transform=prepared(data, kind.augmented, size), engine=engine,
    )  # fmt: skip


def judge(engine: Any, data: Animals) -> Callable[[Any], dict[str, float]]:
    """A function that measures loss and error of a model, on pictures that it learns from and on those held out."""
    images, labels = data.train
    parts = {"training": Images(images[: tell.JUDGED], labels[: tell.JUDGED]), "validation": data.valid}
    ready = {name: (data.normalised(part.images), part.labels) for name, part in parts.items()}

    def measure(model: Any) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, (x, labels) in ready.items():
            outputs = predict(engine, model, x, 100)
            loss = engine.nn.functional.cross_entropy(engine.from_numpy(outputs), engine.from_numpy(labels))
            found |= {f"{name} loss": loss.item(), f"{name} error": 1 - accuracy(outputs, labels)}
        return found

    return measure


def experiment(settings: Settings, run: Run) -> None:
    """Look at the pictures, compare settings, train the best for long, test it, look at its mistakes."""
    engine, data = run.engine, animals(settings.full, settings.data, settings.seed)
    asked = unlabelled(settings.unlabelled, data.size) if settings.unlabelled else None
    measure = judge(engine, data)
    tell.pictures(run, data, settings.full)
    tell.augmentations(run, data, settings.seed)
    parts = {name: training(kind, data, engine, settings) for name, kind in KINDS.items()}
    sizes = tell.networks(run, data, {name: model for name, (model, *_) in parts.items()})
    histories = {
        name: run.fit(
            name, *own, settings.trial_epochs, schedule=one_cycle, callbacks=[ClipNorm(2.0)],
            validate=partial(measure, own[0]),
        )
        for name, own in parts.items()
    }  # fmt: skip
    chosen = compared(run, settings, data, sizes, histories)
    model, history = trained_long(run, settings, data, chosen, measure)
    tell.long_training(run, chosen, data, history, sizes[chosen], small_epochs(KINDS[chosen], settings))
    run.measure(
        "validation points ahead of the plain VGG",
        100 * (histories[PLAIN][-1].metrics["validation error"] - history[-1].metrics["validation error"]),
    )
    run.save(model, kind=chosen, width=settings.width, size=data.size, mean=data.mean, deviation=data.deviation)
    the_test(run, data, model, settings.full)
    tell.submission(run, answered(run, data, model, *asked) if asked else None)


def best(histories: dict[str, list[Epoch]]) -> str:
    """The setting with the least loss on the pictures held out, after its last epoch, of those that can still learn.

    If every one knows its pictures by heart, of all.
    """
    known = tell.by_heart(histories)
    learning = [name for name in histories if name not in known] or known
    return min(learning, key=lambda name: histories[name][-1].metrics["validation loss"])


def compared(
    run: Run, settings: Settings, data: Animals, sizes: dict[str, tuple[int, int]], histories: dict[str, list[Epoch]]
) -> str:
    """What the settings came to, in a table and in curves; the chosen one."""
    run.measure("settings compared", sum(len(own) == settings.trial_epochs for own in histories.values()))
    chosen = best(histories)
    tell.settings_compared(run, settings.trial_epochs, data, sizes, histories, chosen)
    return chosen


def trained_long(
    run: Run, settings: Settings, data: Animals, chosen: str, measure: Callable[[Any], dict[str, float]]
) -> tuple[Any, list[Epoch]]:
    """The chosen setting once more, for longer and with averaged weights; the averaged model."""
    kind, engine = KINDS[chosen], run.engine
    model, loss, optimizer, batches = training(kind, data, engine, settings)
    average = AverageWeights(model, 1 - 1 / (2 * len(batches)))
    small, history = small_epochs(kind, settings), list[Epoch]()
    phases = [("small", small, smaller(data.size)), ("long", settings.epochs - small, data.size)]
    for name, epochs, size in phases if small else phases[1:]:
        before = len(history)
        for group in optimizer.param_groups:
            group["lr"] = kind.rate * settings.lr
        new = run.fit(
            f"{chosen}, {name}", model, loss, optimizer, loader(kind, data, engine, settings, size, before), epochs,
            schedule=_piece(before, epochs, settings.epochs), callbacks=[ClipNorm(2.0), average],
            validate=lambda: measure(average.averaged),
        )  # fmt: skip
        history += [replace(epoch, number=before + epoch.number) for epoch in new]
    return average.averaged, history


def small_epochs(kind: Kind, settings: Settings) -> int:
    """How many epochs of the last training see smaller pictures."""
    return settings.small_epochs if kind.any_size and kind.augmented else 0


def _piece(before: int, epochs: int, total: int) -> Callable[[float], float]:
    """The part of one cycle over `total` epochs that comes after the first ones."""
    return lambda done: one_cycle((before + done * epochs) / total)


def the_test(run: Run, data: Animals, model: Any, full: bool) -> None:
    """The test pictures, looked at here for the first time."""
    x, (images, labels) = data.normalised(data.test.images), data.test
    once = probabilities(run.engine, model, x, mirrored=False)
    dog = probabilities(run.engine, model, x)
    run.measure("test accuracy", float(((dog > 0.5) == labels).mean()))
    look.test(run, labels, once, dog)
    look.mistakes(run, images, labels, dog, full)
    look.undecided(run, images, labels, dog)
    look.what_decides(run, model, data, dog)
    look.sureness(run, labels, dog)


def answered(run: Run, data: Animals, model: Any, names: list[str], images: Array) -> list[tuple[str, float]]:
    """Write submission.csv; each name and its probability of a dog."""
    dog = probabilities(run.engine, model, data.normalised(images))
    submit(names, dog, run.folder / "submission.csv")
    return list(zip(names, dog.tolist(), strict=True))


def recognize(settings: Settings, saved: Saved, file: str) -> dict[str, float]:
    """The probability of a cat and of a dog for a picture."""
    import chainrule

    facts = saved.facts
    model = KINDS[facts["kind"]].build(nn, facts["width"], facts["size"])
    model.load_state_dict(saved.weights)
    nothing = Images(np.zeros((1, 3, facts["size"], facts["size"]), np.uint8), np.zeros(1, np.int64))
    data = Animals(nothing, nothing, nothing, tuple(facts["mean"]), tuple(facts["deviation"]))
    x = data.normalised(read_image(Path(file), data.size)[None])
    dog = float(probabilities(chainrule, model, x)[0])
    return dict(zip(CLASSES, (1 - dog, dog), strict=True))


LAB = Lab(
    title="Dogs against cats",
    topic="convolution",
    source="IFT6135 Representation Learning",
    data="Dogs vs. Cats; without it, drawn heads",
    time="40 s (full: about half an hour)",
    lead="""Is it a dog or a cat? Some thousand photographs, a network of 3 × 3 convolutions, and what makes it better:
    pictures changed on their way in, normalization, ways past the layers, patience. And then a look at what it still
    gets wrong.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": Settings(preset="full", epochs=60, small_epochs=42, trial_epochs=8, batch_size=64, width=32)},
    expected=expected,
    run=experiment,
    predict=recognize,
)
