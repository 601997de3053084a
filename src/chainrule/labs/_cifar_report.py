"""The report of the lab cifar10-cnn, section by section."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import report
from chainrule.data import Draws
from chainrule.report import percent
from chainrule.report.machine import machine
from chainrule.train import Epoch, accuracy, confusion, standard_error

from ._answers import by_class, by_confidence, seen, surest_first, tiles
from ._photos import MOVED, WHITENED, Array, Photos
from ._run import Run

if TYPE_CHECKING:
    from .cifar10_cnn import Settings

RIGHT, MINUTES = "test accuracy", "minutes of training"
WAYS = ("asked once", "with the mirror image", "moved by a pixel too")
"""How the network is asked about a test picture."""
BOUNDS = (0.5, 0.7, 0.9)
"""Of the intervals of confidence."""
SHOWN = 24
"""Mistakes."""


class Learned(NamedTuple):
    """A network after its training with one seed."""

    seed: int
    model: Any
    """With averaged weights."""
    history: list[Epoch]
    answers: list[Array]
    """What it says of the test pictures, asked in each of the three ways: logarithms of probabilities."""

    @property
    def minutes(self) -> float:
        """The time of the training steps."""
        return sum(epoch.seconds for epoch in self.history) / 60


# ------------------------------------------------------------------------------------------ before the training


def the_pictures(run: Run, settings: Settings, data: Photos) -> None:
    shown = [_four(data.train.images[data.train.labels == k][:4], name) for k, name in enumerate(data.classes)]
    images = f"{len(data.train.labels):,} to learn from, {len(data.test.labels):,} to be tested on"
    run.section(
        "Ten kinds of photographs" if settings.real else "Tinted articles of clothing, in place of photographs",
        f"""CIFAR-10 holds photographs of 32 × 32 pixels in three colours, of ten kinds of things, as many of each:
        {images}. Whoever guesses is right once in ten times."""
        if settings.real
        else f"""**This is no CIFAR-10.** That has no licence under which it could be built in; `--preset full` is about
        it. Here stand, so that the same steps can be seen in seconds, the built-in articles of Fashion-MNIST, {images}:
        grey ones of 28 × 28 pixels, given a light colour before a dark ground, two pixels of ground around, and some
        grain. Both colours are drawn at random for every article, so that they tell nothing of its class.""",
        report.Grid(shown, "Four training pictures of each class.", 112),
        *([_the_copy(data)] if settings.real else []),
        f"""Of every pixel the mean of its colour over all training pictures is subtracted (red, green, blue:
        {_numbers(data.mean)}, where 1 is full brightness), and the difference divided by the deviation
        ({_numbers(data.deviation)}).""",
    )


def _the_copy(data: Photos) -> str:
    if not data.remarks:
        return "**The copy of the data**: all files are the official ones, bit for bit, by their sha256."
    return f"""**The copy of the data**: the files of this run are held against the official ones by their sha256. All
        are the same, except: {"; ".join(data.remarks)}. As much as these pictures differ, the accuracy could be another
        on the official files: each picture counts for {100 / len(data.test.labels):.2g} points."""


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _four(x: Array, name: str) -> report.Tile:
    """Up to four pictures of a class in a square: (4, 3, 32, 32) -> (3, 64, 64)."""
    x = np.concatenate([x, np.zeros((4 - len(x), 3, 32, 32), x.dtype)])
    square = x.reshape(2, 2, 3, 32, 32).transpose(2, 0, 3, 1, 4).reshape(3, 64, 64)
    return report.Tile(seen(square), name, name)


def the_network(run: Run, settings: Settings, table: list[report.Layer]) -> None:
    rows = [
        (o.name, _volume(o.input_shape[1:]), _volume(o.shape), o.weights, o.parameters, o.multiply_adds)
        for o in table
        if o.parameters or o.input_shape != o.output_shape
    ]
    parameters, work = report.totals(table)
    w = settings.width
    products = [o for o in table if o.name.startswith(("Conv", "Linear"))]
    run.section(
        "The network",
        f"""A first layer with {2 * WHITENED} filters; three stages of {w}, {4 * w} and {4 * w} channels, each of half
        the height and width of what goes into it; a linear layer: {len(products)} layers with weights.""",
        report.Table(
            ("Layer", "Goes in", "Comes out", "Weights + biases", "Parameters", "Multiply-adds"),
            rows, "Read off the network itself, one picture sent through it. GELU and the last scale are left out.",
            total=("All layers", "", "", "", parameters, work),
        ),
        f"""**The first layer is computed, not learned.** Neighbouring pixels are nearly equal, so that almost all that
        varies in a patch of 2 × 2 pixels varies in a few of its {WHITENED} directions. Its filters are these
        directions and their negatives, each divided by how much the patches vary along it. What comes out is
        *whitened*: uncorrelated, every direction as strong as the next. So the layers behind it need not find that out
        first.

        **A stage** begins with a convolution of 3 × 3 and keeps the greatest of each 2 × 2 outputs. A second
        convolution then adds to what it was given, x + f(x): a *residual* connection, by which the gradient also
        goes straight past it. Each convolution begins as one that hands its input on unchanged, with random
        filters for the channels that it adds. **Batch normalization** shifts and scales each channel to mean 0 and
        deviation 1 over the batch; here it then learns a shift alone, and no scale.

        **GELU** is the activation z · Φ(z), with the normal distribution's Φ: like ReLU far from zero, but smooth. At
        last each channel's greatest value is kept, which says whether a thing was seen and not where, and a linear
        layer weighs the {table[-2].input_shape[1]} channels. Its outputs are divided by 9, so that the network begins
        unsure of everything.""",
    )  # fmt: skip


def _volume(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def the_recipe(
    run: Run, settings: Settings, data: Photos, change: Callable[..., Any], rate: Callable[[float], float]
) -> None:
    share = np.linspace(0, 1, 101)
    each, smoothing = 1 / len(data.classes), settings.smoothing
    run.section(
        "How it is trained",
        f"""**Augmentation.** Every time that a picture is learned from, it is moved by up to {MOVED} pixels in height
        and in width, where what is missing at an edge is mirrored in it, and in every second epoch it is mirrored left
        to right; half of the pictures begin with that. The thing shown stays what it is, so these are new examples for
        nothing.""",
        report.Grid(
            _changed(settings, data, change), "Four pictures, and after each what is seen of it in four epochs.", 330
        ),
        f"""**Smoothed labels.** The target is a probability of {1 - smoothing * (1 - each):.3g} for the true class and
        {smoothing * each:.3g} for each other one. Without that the loss would always ask for more certainty of
        what is right already, and the network would learn single pictures by heart.

        **One cycle.** Gradient descent with Nesterov momentum 0.85, {settings.batch_size} pictures to a step. The
        learning rate rises to {settings.lr:g} while the network finds its way, and then falls, so that it
        settles. The shifts learn 64 times as fast, for there are few of them and each acts on a whole channel. Weight
        decay of {settings.weight_decay:g} draws the weights to zero.""",
        report.chart(
            {"rate": (share * settings.epochs, [settings.lr * rate(done) for done in share])},
            "epoch", "learning rate", "The learning rate of the weights in the course of the training.",
        ),
        f"""**Averaged weights.** The weights jump about from step to step. Beside them a moving average is kept, and
        after every fifth step they are drawn back to it: θ̄ ← δ · θ̄ + (1 − δ) · θ, then θ ← θ̄ (*Lookahead*). With
        δ = {settings.averaging:g}⁵ · (share of the training that is done)³ the weights at first go their own way, and
        in the end look back on about {1 / (1 - settings.averaging):.0f} steps. The network that is tested and saved has
        the averaged weights.

        **Asked 18 times.** In the test the network sees each picture as it is and moved by one pixel in each of eight
        directions, and the mirror images of the nine. The mean of its 18 probabilities counts.""",
    )  # fmt: skip


def _changed(settings: Settings, data: Photos, change: Callable[..., Any]) -> list[report.Tile]:
    """Some training pictures, each beside four random changes of it."""
    x = data.train.images[:4]
    drawn = [_pixels(change(x, Draws(settings.seed, epoch, np.arange(len(x)))), data) for epoch in range(4)]
    strips = np.concatenate([x, *drawn], axis=3)  # (4, 3, 32, 5·32)
    return [report.Tile(seen(strip), "a picture, and four changes of it") for strip in strips]


def _pixels(x: Array, data: Photos) -> Array:
    """Normalised numbers as pixels again: (N, 3, H, W) -> uint8."""
    mean, deviation = (np.reshape(v, (3, 1, 1)) for v in (data.mean, data.deviation))
    pixels: Array = np.rint(255 * (x * deviation + mean)).clip(0, 255).astype(np.uint8)
    return pixels


# ------------------------------------------------------------------------------------------ the training


def the_training(run: Run, settings: Settings, data: Photos, learned: Sequence[Learned], work: int) -> None:
    minutes = float(np.mean([one.minutes for one in learned]))
    if settings.real:
        run.measure(MINUTES, minutes)
    history, labels = learned[0].history, data.test.labels
    threads = run.engine.get_num_threads()
    seen_, here = len(history) * len(data.train.labels), machine()
    rows = [(percent(mark, 0), *reached(learned[0], labels, mark)) for mark in marks(settings)]
    errors = {
        f"seed {one.seed}": ([e.number for e in one.history], [1 - e.metrics[RIGHT] for e in one.history])
        for one in learned
    }
    run.section(
        "Training: how much, how fast",
        f"""{len(history)} epochs took **{_minutes(minutes)}** of training
        steps{f" (mean of {len(learned)} trainings)" if len(learned) > 1 else ""}, on {here["Processor"]} with
        {threads} thread{"s" if threads > 1 else ""}: {seen_ / minutes / 60:,.0f} pictures a second. A step
        costs three times the arithmetic of the forward pass, since to each product with weights there are two in the
        backward pass. That makes 6 · {work:,} floating-point operations for a picture and {_flop(6 * work * seen_)} for
        the training, {6e-9 * work * seen_ / minutes / 60:,.0f} GFLOP a second. (So it is counted everywhere.
        Convolutions of many channels are computed in a way that needs fewer multiplications, and the first layer needs
        no gradients, so the machine did less than that.)""",
        report.chart(
            {"loss": ([e.number for e in history], [e.loss for e in history])}, "epoch", "average training loss",
            f"""Average loss of each epoch, on augmented pictures{_floor(settings, len(data.classes))}.""",
        ),
        report.chart(
            errors, "epoch", "wrong test pictures", """Share of the test pictures taken for something else, each asked
            about once. At first it jumps about, for the steps are large. Only shown: nothing was chosen by it.""",
            percent=True,
        ),
        report.Table(
            ("Test accuracy", "Minutes", "When"), rows,
            f"""The training time after which the test accuracy first was at least so great, seed
            {learned[0].seed}. It is looked at after every epoch, and that is not counted in the time.""",
        ),
        f"""Under a schedule that ends with small steps a network becomes good at its end. So these are times of *this*
        training. One that was planned to be shorter would come to the lesser of the accuracies sooner{
        ", as `--preset fast` does" if settings.preset == "full" else ""}.""",
    )  # fmt: skip


def marks(settings: Settings) -> tuple[float, ...]:
    """Accuracies whose time is told."""
    return (0.9, 0.93, 0.94) if settings.real else (0.6, 0.7, 0.8)


def reached(one: Learned, labels: Array, mark: float) -> tuple[str, str]:
    """The minutes of training until the test accuracy first was at least `mark`, and when that was."""
    seconds = 0.0
    for epoch in one.history:
        seconds += epoch.seconds
        if epoch.metrics[RIGHT] >= mark:
            return f"{seconds / 60:.1f}", f"after epoch {epoch.number}, {WAYS[0]}"
    for answers, way in zip(one.answers, WAYS, strict=True):
        if accuracy(answers, labels) >= mark:
            return f"{seconds / 60:.1f}", f"at the end, {way}"
    return "—", "not in this training"


def _minutes(minutes: float) -> str:
    return f"{minutes:.1f} minutes" if minutes >= 2 else f"{60 * minutes:.1f} seconds"


def _flop(operations: float) -> str:
    """Floating-point operations, in quadrillions or else in trillions."""
    return f"{operations / 1e15:.2f} PFLOP" if operations > 1e14 else f"{operations / 1e12:.2f} TFLOP"


def _floor(settings: Settings, classes: int) -> str:
    """What the loss cannot fall below for smoothed labels, their entropy."""
    if not settings.smoothing:
        return ""
    other = settings.smoothing / classes
    true = 1 - other * (classes - 1)
    least = -true * math.log(true) - (classes - 1) * other * math.log(other)
    return f"; with labels so smooth it cannot fall below {least:.3f}"


# ------------------------------------------------------------------------------------------ the test


def the_test(run: Run, settings: Settings, data: Photos, learned: Sequence[Learned]) -> None:
    labels, first = data.test.labels, learned[0].answers[-1]
    right = np.array([[accuracy(answers, labels) for answers in one.answers] for one in learned])  # (seeds, ways)
    mean = float(right[:, -1].mean())
    run.measure(RIGHT, mean)
    rows = [
        (str(one.seed), *(percent(float(share), 2) for share in shares), f"{one.minutes:.1f}")
        for one, shares in zip(learned, right, strict=True)
    ]
    table = by_class(first, labels, data.classes)
    shares = {name: share for name, _, share, _, _ in table}
    counts = confusion(first, labels).diagonal()
    error = 100 * standard_error(mean, len(labels))
    run.section(
        "Test",
        f"""**{spread(right[:, -1])} of the {len(labels):,} test pictures are recognised** ({_n(len(learned))}).
        On so many pictures chance alone moves such a figure by about {error:.2g} points (one standard error).""",
        report.Table(
            ("Seed", *(way.capitalize() for way in WAYS), "Minutes"), rows,
            "Test accuracy; what is on the right is asked in addition.",
            total=("Mean", *(percent(float(share), 2) for share in right.mean(axis=0)), "") if len(learned) > 1 else (),
        ),
        f"""Asking about the mirror image too changed the accuracy by {_points(right[:, 1] - right[:, 0])}, asking about
        moved pictures by another {_points(right[:, 2] - right[:, 1])}. It costs nothing in the training, and 18 times
        the work in the test.""",
        report.Table(
            ("Class", "Test pictures", "Recognised", "Most often taken for", "So many"), table,
            f"Accuracy of each class, and its most frequent confusion (seed {learned[0].seed}).",
        ),
        f"""Best recognised is {data.classes[counts.argmax()]} ({shares[data.classes[counts.argmax()]]}), worst
        {data.classes[counts.argmin()]} ({shares[data.classes[counts.argmin()]]}).""",
        report.Heatmap(
            confusion(first, labels), data.classes,
            "Confusion matrix: rows are what a picture shows, columns what it is taken for.",
        ),
    )  # fmt: skip


def spread(shares: Array) -> str:
    """Mean ± standard deviation in percent: (n) -> 94.05 ± 0.12 %; of a single one, itself."""
    if len(shares) == 1:
        return percent(float(shares[0]), 2)
    return f"{100 * shares.mean():.2f} ± {100 * shares.std(ddof=1):.2f} %"


def _n(seeds: int) -> str:
    if seeds == 1:
        return "n = 1 training, so there is no deviation between seeds to tell; `--seeds 5` measures it"
    return f"mean ± standard deviation over n = {seeds} trainings with seeds of their own"


def _points(gains: Array) -> str:
    return f"{100 * gains.mean():+.2f} points".replace("-", "−")


def the_mistakes(run: Run, settings: Settings, data: Photos, one: Learned) -> None:
    answers, labels = one.answers[-1], data.test.labels
    rows, counts = surest_first(answers, labels), confusion(answers, labels)
    shown = rows[:SHOWN]
    both = np.triu(counts + counts.T, 1)
    a, b = np.unravel_index(both.argmax(), both.shape)
    least = float(np.exp(answers[shown].max(axis=1).min())) if len(shown) else 1.0
    misleading = (
        """Look for what can mislead: a thing seen from an unusual side or cut off at the edge, or a ground before which
        usually another class stands."""
        if settings.real
        else "Look for what can mislead: an outline that two classes share, and details that the grain hides."
    )
    sure, right = float(np.exp(answers.max(axis=1)).mean()), accuracy(answers, labels)
    run.section(
        "What it gets wrong",
        f"""{len(rows):,} of the {len(labels):,} test pictures are taken for something else. The pair most often
        confused is {data.classes[a]} and {data.classes[b]}: {both[a, b]:,} mistakes,
        {percent(float(both[a, b] / max(1, len(rows))))} of all.""",
        report.Grid(
            tiles(data.test.images, labels, answers, shown, data.classes),
            f"The {len(shown)} most confident mistakes: what it is → what it is taken for, how sure.", 96,
        ),
        f"""The network gave each of these wrong answers a probability of at least {percent(least, 0)}. Before judging
        look at them: on 32 × 32 pixels some are hard to name for a person too. {misleading}""",
        report.Table(
            ("Confidence of the answer", "Answers", "Right"),
            [(interval, n, percent(right)) for interval, n, right in by_confidence(answers, labels, BOUNDS)],
            "How often its probabilities come true.",
        ),
        f"""On average it gives its answer a probability of {percent(sure)}, and {percent(right)} of its answers are
        right{": smoothed labels hold the probabilities down" if right > sure else ""}.""",
    )  # fmt: skip


def the_first_layer(run: Run, data: Photos, model: Any, x: Array) -> None:
    first = model[0]
    filters = first.weight.detach().numpy()[:WHITENED]
    with run.engine.no_grad():
        maps = first(run.engine.from_numpy(x)).numpy()[0, :WHITENED]
    shown = [report.Tile(seen(_filter(f)), f"filter {i}", str(i)) for i, f in enumerate(filters, 1)]
    sight = report.Tile(seen(data.test.images[0]), data.classes[int(data.test.labels[0])], "picture")
    run.section(
        "The first filters",
        f"""These are {WHITENED} of the {2 * WHITENED} filters of the first layer; the others are their negatives. They
        were computed from patches of the training pictures, in the order of how much the patches vary along them.
        A pixel that is brighter or more coloured than the grey between asks for more of that colour there, a darker one
        for less.""",
        report.Grid(shown, "Filters of 2 × 2 pixels in colour.", 64),
        """The first ones ask for the brightness or the colour of a whole patch and for slow changes across it, later
        ones for finer changes and for contrasts of colours. A picture's maps show how strong each is where: red for
        what the filter asks for, blue for the opposite. As strong are the faint details as the large areas:
        that is the whitening.""",
        report.Grid(
            [sight, *(report.Tile(report.plane(values), f"map {i}", str(i)) for i, values in enumerate(maps, 1))],
            "The first test picture, and its maps.", 84,
        ),
    )  # fmt: skip


def _filter(weights: Array) -> Array:
    """A filter as a colour picture, zero in the middle of the scale: (3, KH, KW) -> uint8."""
    pixels: Array = np.rint(127.5 + 127.5 * weights / np.abs(weights).max()).astype(np.uint8)
    return pixels
