"""Articles of clothing: a small convolutional network derived layer by layer, and a deeper one that does better.

Fashion-MNIST holds grey pictures of 28 × 28 pixels of ten kinds of clothes: 60,000 to learn from, 10,000 to be tested
on. Build this network: a convolution of 32 filters of 3 × 3 with padding 1, the logistic activation, max-pooling of
2 × 2 with stride 2, one linear layer to ten outputs, log-softmax.

1. Derive the shape of the volume that goes into every layer and of the one that comes out, and the number of
   parameters of each component.
2. Say what the ten outputs for one article mean.
3. Train with the negative log-likelihood as loss and Adam, five epochs in batches of 100 at a learning rate of 0.001.
4. Report the accuracy, the accuracy of each class and the confusion matrix. Show the mistakes that the network is most
   confident of: are they reasonable?
5. Explore: more convolutions, batch normalization, dropout, weight decay, augmentation. Choose by a validation part of
   the training set, and test once. At least 93.5 % must be right, after at most ten minutes of training on two cores.
   Put both networks into one table.

`--preset full` does this on all of Fashion-MNIST; `--preset search` takes the steps of part 5 one by one, each judged
on 10,000 held-out training images. Without them 1,500 built-in articles are learned from and 500 are tested on, and the
networks pass over them more often.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chainrule import nn, report
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, Run, Saved, TrainingSettings, _fashion_report, equal_start
from chainrule.labs._clothes import CLASSES, Clothes, articles, augmentation, with_mirror
from chainrule.labs._digits import recognized
from chainrule.labs._fashion_report import EXERCISE, EXPLORED, GAINED, MINUTES, Learned
from chainrule.labs._residual import residual
from chainrule.report import percent
from chainrule.train import accuracy, one_cycle, predict, standard_error

HELD_OUT = 10_000


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab fashion-cnn; all but exercise_epochs and seed are the explored network's."""

    exercise_epochs: int = 20
    """Passes of the exercise's network over the training articles; the exercise itself asks for 5."""
    epochs: int = 16
    """Passes of the explored network over the training articles."""
    batch_size: int = 50
    """Articles in a training step; the exercise's network takes 100."""
    lr: float = 0.05
    """Greatest learning rate: reached after a fifth of the training, zero at its end."""
    norm: bool = True
    """Batch normalization after every convolution."""
    dropout: float = 0.0
    """Share of the last layer's inputs that are left out in a training step."""
    weight_decay: float = 5e-4
    """How strongly weights are drawn to zero."""
    augment: bool = True
    """Articles are moved and mirrored at random while they are learned."""
    smoothing: float = 0.1
    """Share of the target's probability that is spread over all classes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(exercise_epochs=1)
        for name in ("dropout", "weight_decay", "smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} {getattr(self, name)}: at least 0 and less than 1")

    @property
    def real(self) -> bool:
        """Whether it is about the full data set."""
        return self.preset != "quick"


FULL = Settings(preset="full", exercise_epochs=5, epochs=14, batch_size=128, lr=0.1)
SEARCH = dataclasses.replace(FULL, preset="search", epochs=4)
TRIED = 0.2
"""The share of dropout in the last row of the search."""
ALL_STEPS = "+ smoothed labels"
"""The step that makes the explored network."""


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    if settings.preset == "search":
        return [
            Expectation("validation accuracy, all steps", at_least=0.915, form="{:.2%}"),
            Expectation(GAINED, at_least=3, form="{:.2f}"),
        ]
    plain, deep, ahead = (0.84, 0.935, 5) if settings.full else (0.7, 0.83, 2)
    found = [
        Expectation(f"test accuracy, {EXERCISE}", at_least=plain, form="{:.2%}"),
        Expectation(f"test accuracy, {EXPLORED}", at_least=deep, form="{:.2%}"),
        Expectation(GAINED, at_least=ahead, form="{:.2f}"),
        Expectation("parameters of the convolution", equals=320),
        Expectation("parameters of the linear layer", equals=62_730),
        Expectation("mistakes within a family of clothes", at_least=0.7, form="{:.1%}"),
    ]
    return [*found, Expectation(MINUTES, at_most=10, form="{:.1f}")] if settings.full else found


# ------------------------------------------------------------------------------------------ networks, training


def exercise(nn: Any) -> Any:
    """The network of the exercise; its outputs are logarithms of probabilities."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.Sigmoid(), nn.MaxPool2d(2, 2),
        nn.Flatten(),
        nn.Linear(32 * 14 * 14, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


def explored(nn: Any, settings: Settings) -> Any:
    """Three stages, each of half the height and width and twice the channels of the one before."""

    def convolution(channels: int, out: int, *between: Any) -> list[Any]:
        norm = [nn.BatchNorm2d(out)] if settings.norm else []
        return [nn.Conv2d(channels, out, 3, padding=1, bias=not norm), *between, *norm, nn.ReLU()]

    layers: list[Any] = []
    for channels, out in ((1, 32), (32, 64), (64, 128)):
        layers += [*convolution(channels, out, nn.MaxPool2d(2)), residual(nn, *convolution(out, out))]
    dropout = [nn.Dropout(settings.dropout)] if settings.dropout else []
    return nn.Sequential(*layers, nn.MaxPool2d(3), nn.Flatten(), *dropout, nn.Linear(128, len(CLASSES)))


def training(name: str, data: Clothes, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches of a network: the same numbers on every engine."""
    nn, optim, seed = engine.nn, engine.optim, settings.seed
    pairs = TensorDataset(data.x, data.y)
    if name == EXERCISE:
        model = equal_start(exercise, engine, seed)
        batches = DataLoader(pairs, 100, shuffle=True, seed=seed, engine=engine)
        return model, nn.NLLLoss(), optim.Adam(model.parameters(), lr=0.001), batches
    model = equal_start(lambda nn: explored(nn, settings), engine, seed)
    optimizer = optim.SGD(
        model.parameters(), lr=settings.lr, momentum=0.9, nesterov=True, weight_decay=settings.weight_decay
    )
    transform = augmentation(data) if settings.augment else None
    batches = DataLoader(pairs, settings.batch_size, shuffle=True, seed=seed, transform=transform, engine=engine)
    return model, nn.CrossEntropyLoss(label_smoothing=settings.smoothing), optimizer, batches


def learn(run: Run, name: str, data: Clothes, settings: Settings, tested: bool = True, note: str = "") -> Learned:
    """Train a network, and ask it about the test articles, or else about the validation ones."""
    engine = run.engine
    parts = training(name, data, engine, settings)
    epochs, schedule = (settings.exercise_epochs, None) if name == EXERCISE else (settings.epochs, one_cycle)
    x, y = (data.x_test, data.y_test) if tested else (data.x_valid, data.y_valid)
    what = "test accuracy" if tested else "validation accuracy"

    def validate() -> dict[str, float]:
        return {what: accuracy(predict(engine, parts[0], x), y)}

    history = run.fit(note or name, *parts, epochs, schedule=schedule, validate=validate)
    answers = (predict if name == EXERCISE else with_mirror)(engine, parts[0], x)
    return Learned(parts[0], history, answers, y)


def experiment(settings: Settings, run: Run) -> None:
    """Look at the clothes, then take the steps one by one, or else train both networks and test them."""
    data = articles(settings.real, settings.data, HELD_OUT if settings.preset == "search" else 0)
    _fashion_report.the_clothes(run, data)
    if settings.preset == "search":
        search(settings, run, data)
        return
    small = equal_start(exercise, run.engine, settings.seed)
    _fashion_report.layer_by_layer(run, data, small)
    plain = learn(run, EXERCISE, data, settings)
    _fashion_report.the_output(run, data, plain)
    _fashion_report.the_training(run, data, plain)
    _fashion_report.the_test(run, data, plain)
    deep = equal_start(lambda nn: explored(nn, settings), run.engine, settings.seed)
    _fashion_report.what_is_added(run, settings, data, deep)
    best = learn(run, EXPLORED, data, settings)
    run.save(best.model, mean=data.mean, deviation=data.deviation)
    both = {EXERCISE: plain, EXPLORED: best}
    _fashion_report.side_by_side(run, settings, data, both)
    _fashion_report.what_is_left(run, settings, data, both)


# ------------------------------------------------------------------------------------------ the steps one by one


def steps(settings: Settings) -> dict[str, Settings]:
    """From more convolutions alone to all that the explored network has, each step adding one thing; then dropout."""
    plain = dataclasses.replace(
        settings, norm=False, dropout=0.0, weight_decay=0.0, augment=False, smoothing=0.0, lr=settings.lr / 5
    )
    normed = dataclasses.replace(plain, norm=True, lr=settings.lr)
    decayed = dataclasses.replace(normed, weight_decay=settings.weight_decay)
    augmented = dataclasses.replace(decayed, augment=True)
    smoothed = dataclasses.replace(augmented, smoothing=settings.smoothing)
    return {
        "more convolutions": plain,
        "+ batch normalization": normed,
        "+ weight decay": decayed,
        "+ augmentation": augmented,
        ALL_STEPS: smoothed,
        "+ dropout": dataclasses.replace(smoothed, dropout=TRIED),
    }


def search(settings: Settings, run: Run, data: Clothes) -> None:
    """Train the exercise's network and every step, all judged on held-out training articles."""
    learned = {EXERCISE: learn(run, EXERCISE, data, settings, tested=False)}
    for name, own in steps(settings).items():
        learned[name] = learn(run, EXPLORED, data, own, tested=False, note=name)
    step_by_step(run, data, learned)


def step_by_step(run: Run, data: Clothes, learned: Mapping[str, Learned]) -> None:
    right, n = {name: one.right for name, one in learned.items()}, len(data.y_valid)
    run.measure("validation accuracy, all steps", right[ALL_STEPS])
    run.measure(GAINED, 100 * (right[ALL_STEPS] - right[EXERCISE]))
    gains = ["", *(f"{100 * (b - a):+.2f}".replace("-", "−") for a, b in pairwise(right.values()))]
    rows = [
        (
            name, report.totals(report.layers(run.engine, one.model, data.x[:1]))[0], len(one.history),
            f"{one.seconds:.1f} s", f"{one.history[-1].loss:.3f}", percent(one.right, 2), gain,
        )
        for (name, one), gain in zip(learned.items(), gains, strict=True)
    ]  # fmt: skip
    error = 100 * standard_error(right[ALL_STEPS], n)
    dropped = 100 * (right["+ dropout"] - right[ALL_STEPS])
    run.section(
        "Step by step",
        f"""The first row is the exercise's network. The second is a network of six convolutions, and every further row
        has one thing more than the row above it; with "{ALL_STEPS}" it is the explored network. All learn from the same
        {len(data.x):,} articles and are judged on the same {n:,}, which were held out of the training set; the test set
        is not looked at. One standard error is {error:.2g} points, and the same network comes out a little different
        with another seed, so that small steps are not certain.""",
        report.Table(
            ("Network", "Parameters", "Epochs", "Time", "Training loss", "Validation accuracy", "Points gained"),
            rows,
            "Where labels are smoothed the training loss is another one, not to be compared with those above it.",
        ),
        f"""Most are right with "{max(right, key=lambda name: right[name])}": {percent(max(right.values()), 2)}. The
        explored network comes to {percent(right[ALL_STEPS], 2)}. Dropout of {percent(TRIED, 0)} before the linear layer
        {"changed little" if abs(dropped) < error else "helped" if dropped > 0 else "cost"}
        here ({f"{dropped:+.2f}".replace("-", "−")} points).

        Weight decay, augmentation, smoothing and dropout keep a network from learning its articles by heart. In a short
        training they can cost more than they bring; the longer it is, the more they are worth.""",
    )


def recognize(settings: Settings, saved: Saved, file: str) -> dict[str, float]:
    """The explored network's probability of each class for a picture of an article, on light or on dark ground."""
    shares = recognized(explored(nn, settings), saved, file)
    return dict(zip(CLASSES, shares.values(), strict=True))


LAB = Lab(
    title="Fashion-MNIST: a small convolutional network, and a better one",
    topic="convolution",
    source="Deep Learning (FSS22), assignment 2",
    data="Fashion-MNIST, 2,000 built in",
    time="30 s (full: 8 min, search: 10 min)",
    lead="""A network of one convolution learns to tell ten kinds of clothes apart. What goes through it, what do its
    outputs mean, what does it get wrong, and how much better does a deeper one do?""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": FULL, "search": SEARCH},
    expected=expected,
    run=experiment,
    predict=recognize,
)
