"""The report of the lab fashion-cnn, section by section."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import report
from chainrule.data import Draws
from chainrule.labs import Run
from chainrule.labs._answers import by_class, log_probabilities, surest_first, tiles
from chainrule.labs._clothes import (
    CLASSES,
    FAMILIES,
    MOVED,
    SHOWN,
    WHAT,
    Array,
    Clothes,
    augmentation,
    in_family,
    matrix,
    mistakes,
)
from chainrule.labs.cnn_vs_mlp import sign_test
from chainrule.report import percent
from chainrule.train import Epoch, accuracy, class_accuracy, confusion, standard_error

if TYPE_CHECKING:
    from chainrule.labs.fashion_cnn import Settings

EXERCISE, EXPLORED = "the exercise's network", "the explored network"
GAINED = "points gained on the exercise's network"
MINUTES = "minutes of training, the explored network"


class Learned(NamedTuple):
    """A network after its training."""

    model: Any
    history: list[Epoch]
    answers: Array
    """Logarithms of the classes' probabilities for the articles that it was asked about, or what they follow from."""
    labels: Array
    """What those articles are."""

    @property
    def right(self) -> float:
        """The share of them that it recognised."""
        return accuracy(self.answers, self.labels)

    @property
    def seconds(self) -> float:
        """The time of the training steps."""
        return sum(epoch.seconds for epoch in self.history)


def the_clothes(run: Run, data: Clothes) -> None:
    shown = [_four(data, label) for label in range(len(CLASSES))]
    families = "; ".join(f"**{name}**: {', '.join(CLASSES[i] for i in own)}" for name, own in FAMILIES.items())
    run.section(
        "Ten kinds of clothes",
        f"""Each picture of Fashion-MNIST is an article from the catalogue of a shop, made grey and shrunk to 28 × 28
        pixels. There are ten classes, and as many pictures of each: {len(data.x):,} articles to learn from,
        {len(data.x_test):,} to be tested on{_held_out(data)}. Whoever guesses is right once in ten times.""",
        report.Grid(shown, "Four training articles of each class.", 112),
        f"""The classes are not equally far from one another. Some are worn in the same place and have the same outline;
        this report calls them a family: {families}. The pixels are shifted and scaled so that over all training
        pictures they have mean 0 and standard deviation 1.""",
    )


def _four(data: Clothes, label: int) -> report.Tile:
    """Four articles of a class in a square."""
    x = data.x[data.y == label][:4, 0]
    x = np.concatenate([x, np.full((4 - len(x), 28, 28), data.x.min(), x.dtype)])
    square = x.reshape(2, 2, 28, 28).transpose(0, 2, 1, 3).reshape(56, 56)
    return report.Tile(report.picture(square), CLASSES[label], CLASSES[label])


def _held_out(data: Clothes) -> str:
    return f", and {len(data.x_valid):,} held out, to choose by" if len(data.x_valid) else ""


def layer_by_layer(run: Run, data: Clothes, model: Any) -> None:
    table = report.layers(run.engine, model, data.x[:1])
    convolution, _, pool, flat, linear, _ = table
    run.measure("parameters of the convolution", convolution.parameters)
    run.measure("parameters of the linear layer", linear.parameters)
    filters, channels, height, width = convolution.module.weight.shape
    rows = [
        (o.name, _volume(o.input_shape[1:]), o.arithmetic, _volume(o.shape), o.weights, o.parameters) for o in table
    ]
    depth, rows_out, columns_out = pool.shape
    run.section(
        "The exercise's network: what goes in and out",
        """An article is a volume of 1 × 28 × 28 numbers: channels × height × width. A window slides over height and
        width in the convolution and in the pooling; how many positions it has follows from the sizes alone.""",
        report.formula(
            r"out = \left\lfloor \dfrac{in + 2 \cdot padding - kernel}{stride} \right\rfloor + 1",
            "out = ⌊(in + 2·padding − kernel) / stride⌋ + 1",
        ),
        report.Table(
            ("Layer", "Goes in", "Height = width", "Comes out", "Weights + biases", "Parameters"),
            rows,
            "Read off the model itself, with one article sent through it.",
            total=("All layers", "", "", "", "", report.totals(table)[0]),
        ),
        f"""**Convolution.** A filter has a weight for each of the {height} × {width} pixels of its window in every
        input channel (here {channels}), and a bias: {channels}·{height}·{width} + 1 = {channels * height * width + 1}.
        There are {filters} filters, which makes {filters} · {channels * height * width + 1} =
        **{convolution.parameters:,}** parameters. One row and one column of zeros on every side (padding 1) keep the
        map as large as the picture, so the {filters} filters yield {_volume(convolution.shape)} numbers.

        **Logistic activation, pooling.** σ(z) = 1 / (1 + e⁻ᶻ) acts on each number by itself, and the shape stays.
        Pooling keeps the greatest number of each 2 × 2 square, which halves height and width:
        {_volume(pool.shape)}. Neither has a parameter.

        **Linear layer.** It reads the volume as one vector of {depth}·{rows_out}·{columns_out} = {flat.shape[0]:,}
        numbers. Each of its 10 outputs has a weight for every one of them and a bias:
        10 · ({flat.shape[0]:,} + 1) = **{linear.parameters:,}** parameters, {_share(linear.parameters, table)} of all.

        **Log-softmax** makes logarithms of probabilities of the ten outputs z; it has nothing to learn.""",
        report.formula(
            r"\log p_k = z_k - \log \sum_{j=1}^{10} e^{z_j}", "log p_k = z_k − log Σⱼ exp z_j, j from 1 to 10"
        ),
    )


def _volume(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def _share(part: int, table: list[report.Layer]) -> str:
    return percent(part / report.totals(table)[0])


def the_output(run: Run, data: Clothes, learned: Learned) -> None:
    i = int(np.flatnonzero(data.y_test == CLASSES.index("Shirt"))[0])
    log_p = learned.answers[i].astype(float)
    p, true, order = np.exp(log_p), int(data.y_test[i]), np.argsort(-log_p)
    best = int(order[0])
    right = "which is right" if best == true else f"which is wrong: it is of the class {CLASSES[true]}"
    run.section(
        "What the output means",
        f"""For one article the network gives ten numbers, one a class: the logarithms of the probabilities with which
        it takes the article to be of that class. So none is above 0, and exponentials of them are the
        probabilities themselves, which add up to 1 (here: {p.sum():.6f}). The first test article of the class
        {CLASSES[true]} gets these:""",
        report.Grid([report.Tile(report.picture(data.x_test[i, 0]), CLASSES[true], CLASSES[true])], width=96),
        report.Table(
            ("Class", "Output: log p", "Probability p"),
            [(CLASSES[k], _signed(log_p[k]), percent(float(p[k]), 2)) for k in order],
            "The ten outputs for this article after the training, the greatest first.",
        ),
        f"""The greatest output names the answer: {CLASSES[best]}, {right}. That logarithms are computed and not the
        probabilities keeps tiny ones apart, which else would be rounded to 0, and it makes the loss simple.
        The **negative log-likelihood** of an article is the output of its true class with the sign turned, here
        {-log_p[true]:.3f}: 0 if the network were certain and right, without bound if it were certain and wrong. Who
        gives every class a tenth pays ln 10 = {math.log(10):.3f}. The probabilities are the network's opinion, and no
        promise: how often they come true is seen below.""",
    )


def _signed(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def the_training(run: Run, data: Clothes, learned: Learned) -> None:
    history = learned.history
    numbers = [epoch.number for epoch in history]
    more = "; so few articles are passed over more often" * (len(history) > 5)
    asked = f" (the exercise asks for 5{more})" * (len(history) != 5)
    run.section(
        "Training the exercise's network",
        f"""{len(data.x):,} articles, 100 to a step, in an order drawn anew for each of {len(history)} epochs{asked}.
        Adam with a learning rate of 0.001 made the average negative log-likelihood of an epoch fall from
        {history[0].loss:.3f} to {history[-1].loss:.3f}{_falling(history)}. The steps took
        {learned.seconds:.1f} s, which is {len(history) * len(data.x) / learned.seconds:,.0f} articles a second.""",
        report.chart(
            {"loss": (numbers, [epoch.loss for epoch in history])},
            "epoch", "average loss", "Average negative log-likelihood of the training articles in each epoch.",
        ),
        report.chart(
            {"errors": (numbers, _errors(history))},
            "epoch", "wrong test articles",
            "Share of the test articles taken for another class. Only shown: nothing was chosen by it.", percent=True,
        ),
    )  # fmt: skip


def _falling(history: list[Epoch]) -> str:
    """Whether the training ended before the loss did fall no more."""
    fell = len(history) > 1 and history[-1].loss < 0.98 * history[-2].loss
    return ", and it was still falling at the end" if fell else ""


def _errors(history: list[Epoch]) -> list[float]:
    return [1 - epoch.metrics["test accuracy"] for epoch in history]


def the_test(run: Run, data: Clothes, learned: Learned) -> None:
    run.measure(f"test accuracy, {EXERCISE}", learned.right)
    y, n = learned.labels, len(learned.labels)
    counts = confusion(learned.answers, y)
    shares = class_accuracy(learned.answers, y)
    worst, best = int(shares.argmin()), int(shares.argmax())
    within, found = mistakes(data.x_test, y, log_probabilities(learned.answers))
    run.measure("mistakes within a family of clothes", within)
    run.section(
        "Test of the exercise's network",
        f"""**{percent(learned.right, 2)} of the {n:,} test articles are recognised.** On that many chance alone moves
        such a figure by about {100 * standard_error(learned.right, n):.1g} points (one standard error). The
        classes differ much: of {CLASSES[best]} {percent(float(shares[best]))} are recognised, of {CLASSES[worst]}
        {percent(float(shares[worst]))}.""",
        report.Table(
            ("Class", "Test articles", "Recognised", "Most often taken for", "So many"),
            by_class(learned.answers, y, CLASSES),
            "Accuracy of each class, and its most frequent confusion.",
        ),
        matrix(counts),
        *found,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------ the explored network


def what_is_added(run: Run, settings: Settings, data: Clothes, model: Any) -> None:
    table = report.layers(run.engine, model, data.x[:1])
    rows = [
        (o.name, _volume(o.input_shape[1:]), _volume(o.shape), o.weights, o.parameters, o.multiply_adds)
        for o in table
        if o.parameters or o.input_shape != o.output_shape
    ]
    run.section(
        "A deeper network",
        """The exercise's network looks once, through windows of 3 × 3 pixels, and its linear layer has to learn a
        sleeve anew for every place where one can be. The explored network looks again at what it saw, five
        times, and has the following means.

        **More convolutions.** There are three stages. Each begins with a convolution and a pooling, which halves height
        and width and doubles the channels. A second convolution then adds to what it was given, x + f(x), a
        *residual* connection, which lets gradients pass by it. At last each channel is pooled to one number, so that
        the linear layer is small. (Pooling comes right after the convolution, so that what follows has a quarter of
        the numbers to work on.)""",
        report.Table(
            ("Layer", "Goes in", "Comes out", "Weights + biases", "Parameters", "Multiply-adds"),
            rows,
            "The explored network, one article sent through it. Each ReLU and the dropout are left out.",
            total=("All layers", "", "", "", *report.totals(table)),
        ),
        f"""**Batch normalization**{_given(settings.norm)} shifts and scales every channel to mean 0 and deviation 1
        over the batch, and then by two numbers that are learned. The next layer finds numbers of one range
        throughout the training, and the steps can be far greater.

        **Dropout** {_dropout(settings.dropout)}

        **Weight decay**{_given(settings.weight_decay)} of {settings.weight_decay:g} draws every weight towards 0 unless
        the data hold against it.

        **Smoothed labels**{_given(settings.smoothing)}: the target is a probability of
        {1 - 0.9 * settings.smoothing:g} for the true class, and the rest spread evenly over the others, which keeps
        the network from growing ever surer of what it knows already.

        **Augmentation**{_given(settings.augment)}: every time that an article is learned from, it is moved by up to
        {MOVED} pixels in height and in width, and mirrored in half of the cases. A mirrored boot is a boot, so these
        are new examples for nothing:""",
        report.Grid(
            _changed(settings, data), "Four articles, and after each what the network sees of it in four epochs.", 310
        ),
        f"""It learns by gradient descent with Nesterov momentum 0.9, {settings.batch_size} articles to a step; the
        learning rate rises to {settings.lr:g} during the first fifth of the training and then falls to 0. In the test
        it is asked twice, about an article and about its mirror image, and the mean of the two answers counts. All this
        was chosen by held-out training articles, as `--preset search` shows it step by step. The test articles had no
        part in it.""",
    )


def _changed(settings: Settings, data: Clothes) -> list[report.Tile]:
    """Some training articles, each beside four random changes of it."""
    x, change = data.x[:4], augmentation(data)
    drawn = [change(x, Draws(settings.seed, epoch, np.arange(len(x)))) for epoch in range(4)]
    strips = np.concatenate([x, *drawn], axis=3)[:, 0]  # (4, 28, 5·28)
    return [report.Tile(report.picture(strip), "an article, and four changes of it") for strip in strips]


def _dropout(share: float) -> str:
    if share:
        return f"""of {percent(share, 0)}: in every training step so many of the linear layer's inputs, drawn anew each
        time, are set to 0, so that none can be relied on alone."""
    return """sets a share of the linear layer's inputs to 0 in every training step, drawn anew each time, so that none
        can be relied on alone. It was tried and left out: on held-out articles the network did no better with it."""


def _given(used: float) -> str:
    return "" if used else " (switched off in this run)"


def side_by_side(run: Run, settings: Settings, data: Clothes, learned: Mapping[str, Learned]) -> None:
    right = {name: one.right for name, one in learned.items()}
    n, best = len(data.y_test), learned[EXPLORED]
    run.measure(f"test accuracy, {EXPLORED}", right[EXPLORED])
    run.measure(GAINED, 100 * (right[EXPLORED] - right[EXERCISE]))
    if settings.full:
        run.measure(MINUTES, best.seconds / 60)
    rows = [(name, *_row(run, data, one), percent(one.right, 2)) for name, one in learned.items()]
    hit = {name: one.answers.argmax(axis=1) == data.y_test for name, one in learned.items()}
    deep, small = (int(np.sum(hit[a] & ~hit[b])) for a, b in ((EXPLORED, EXERCISE), (EXERCISE, EXPLORED)))
    chance = sign_test(deep, small)
    names = {EXERCISE: "exercise", EXPLORED: "explored"}
    curves = {names[name]: ([e.number for e in one.history], _errors(one.history)) for name, one in learned.items()}
    work = len(best.history) * len(data.x) * _size(run, data, best.model)[1]
    run.section(
        "Both networks side by side",
        report.Table(
            ("Network", "Parameters", "Multiply-adds", "Epochs", "Time", "Articles a second", "Test accuracy"),
            rows, f"""{n:,} test articles: one standard error is {100 * standard_error(right[EXPLORED], n):.1g} points.
            Multiply-adds are for one article; the time is that of the training steps.""",
        ),
        f"""**The explored network recognises {percent(right[EXPLORED], 2)}, the exercise's
        {percent(right[EXERCISE], 2)}.** {deep:,} articles only the explored one has right, {small:,} only the other. If
        both were equally good, so uneven an outcome would have a probability of {_probability(chance)}.

        Its training took {best.seconds / 60:.1f} minutes. A step costs three times the arithmetic of the forward pass,
        since to each of its products with weights there are two in the backward pass: {6e-12 * work:,.1f} TFLOP in
        all, {6e-9 * work / best.seconds:,.0f} GFLOP a second on this machine. (So it is usually counted; convolutions
        of many channels are computed with fewer multiplications.)""",
        report.chart(
            curves, "epoch", "wrong test articles",
            """Share of the test articles taken for another class after each epoch, each asked about once. Only shown:
            nothing was chosen by it.""", percent=True,
        ),
        _by_class(learned),
    )  # fmt: skip


def _probability(chance: float) -> str:
    if chance < 1e-6:
        return "less than one in a million"
    return f"{chance:.1g}" if chance < 0.1 else f"{chance:.2f}"


def _row(run: Run, data: Clothes, one: Learned) -> tuple[int, int, int, str, str]:
    parameters, work = _size(run, data, one.model)
    epochs = len(one.history)
    return parameters, work, epochs, f"{one.seconds:.1f} s", f"{epochs * len(data.x) / one.seconds:,.0f}"


def _size(run: Run, data: Clothes, model: Any) -> tuple[int, int]:
    return report.totals(report.layers(run.engine, model, data.x[:1]))


def _by_class(learned: Mapping[str, Learned]) -> report.Table:
    shares = [class_accuracy(one.answers, one.labels) for one in learned.values()]
    rows = [
        (name, percent(float(a)), percent(float(b)), f"{100 * (b - a):+.1f}".replace("-", "−"))
        for name, a, b in zip(CLASSES, *shares, strict=True)
    ]
    return report.Table(("Class", "Exercise", "Explored", "Points gained"), rows, "Accuracy of each class.")


def what_is_left(run: Run, settings: Settings, data: Clothes, learned: Mapping[str, Learned]) -> None:
    answers, y = learned[EXPLORED].answers, learned[EXPLORED].labels
    counts, shirt = confusion(answers, y), CLASSES.index("Shirt")
    wrong = max(1, counts.sum() - counts.trace())
    about = counts[shirt].sum() + counts[:, shirt].sum() - 2 * counts[shirt, shirt]
    rows = surest_first(answers, y)
    within = float(in_family(y[rows], answers.argmax(axis=1)[rows]).mean()) if len(rows) else 1.0
    sure = [float((np.exp(one.answers.max(axis=1)) > 0.95).mean()) for one in learned.values()]
    smoothed = f"""It was taught with smoothed labels, which hold its probabilities down: {percent(sure[1])} of its
        answers have more than 95 %, of those of the exercise's network {percent(sure[0])}. So its
        mistakes look less sure."""
    run.section(
        "What the explored network still gets wrong",
        f"""{len(rows):,} mistakes are left. {percent(float(about / wrong))} of them are about shirts, a shirt taken for
        something else or something else for a shirt; {percent(within)} stay within a family.""",
        matrix(counts),
        report.Grid(
            tiles(data.x_test, y, answers, rows[:SHOWN], CLASSES),
            f"The {min(SHOWN, len(rows))} most confident of them: {WHAT}", 96,
        ),
        *([smoothed] if settings.smoothing and sure[1] < sure[0] else []),
    )  # fmt: skip
