"""LeNet-5 learns handwritten digits: the classic convolutional network, from its layer table to what it sees.

The exercise: build a network like LeNet-5 (convolution 6@5×5, max-pooling 2, convolution 16@5×5, max-pooling 2, dense
layers of 120, 84 and 10 units, each ReLU after the pooling); say what goes in and out of every layer and how many
parameters it has; check the gradients of every kind of layer; train on 2,000 digits, test on 500; and say why
convolutions suit data on a grid. `--preset full` trains on all 60,000 digits of MNIST and tests on its 10,000.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import nn, report
from chainrule.data import DataLoader, TensorDataset, mnist
from chainrule.labs import Expectation, Lab, Run, Saved, TrainingSettings, asked_for, equal_start, gradient_table
from chainrule.labs._digits import (
    Digits,
    accuracy_at_shift,
    normalised,
    recognized,
    scrambled,
    shifted,
    surest_mistakes,
    tiles,
)
from chainrule.train import Epoch, accuracy, confusion, one_cycle, predict, standard_error

Array = npt.NDArray[Any]
CNN, WIDE, SLIM = "LeNet-5", "dense, equal cost", "dense, equal size"


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab lenet-mnist."""

    epochs: int = 15
    """Passes over the training digits."""
    lr: float = 0.03
    """Greatest learning rate: reached after a fifth of the training, zero at its end."""


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    goal, published = (0.99, "LeCun et al. 1998, without distortions: 99.05 %") if settings.full else (0.94, "")
    return [
        Expectation("test accuracy", at_least=goal, form="{:.2%}", source=published),
        Expectation("points ahead of a dense network of equal cost", at_least=0, form="{:.2f}"),
        Expectation("parameters", equals=44_426),
        Expectation("inputs to the first dense layer", equals=256),
        Expectation("greatest relative error of a gradient", below=1e-6, form="{:.2g}"),
    ]


# ------------------------------------------------------------------------------------------ data, model, training


def digits(settings: Settings) -> Digits:
    """The built-in 2,000 and 500 digits, or all of MNIST."""
    with asked_for():
        return normalised(*(mnist.load(settings.data) if settings.full else mnist.digits_split(2000, 500)))


def lenet(nn: Any) -> Any:
    """The network of the exercise."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10),
    )  # fmt: skip


def recognize(settings: Settings, saved: Saved, file: str) -> dict[str, float]:
    """The probability of each digit for a picture of one: dark ink on light paper, or white on black."""
    return recognized(lenet(nn), saved, file)


def dense(nn: Any, hidden: int) -> Any:
    """A network that knows nothing of the grid: every pixel goes to every hidden unit."""
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def training(build: Any, data: Digits, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    model = equal_start(build, engine, settings.seed)
    optimizer = engine.optim.SGD(model.parameters(), lr=settings.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    digits = TensorDataset(data.x, data.y)
    batches = DataLoader(digits, settings.batch_size, shuffle=True, seed=settings.seed, engine=engine)
    return model, engine.nn.CrossEntropyLoss(), optimizer, batches


def experiment(settings: Settings, run: Run) -> None:
    """Build, check, train, test, look inside, compare."""
    engine, data = run.engine, digits(settings)
    parts = training(lenet, data, engine, settings)
    model = parts[0]

    def validate() -> dict[str, float]:
        return {"test accuracy": accuracy(predict(engine, model, data.x_test), data.y_test)}

    table = report.layers(engine, model, data.x[:1])
    the_network(run, table)
    the_gradients(run, settings)
    history = run.fit("LeNet-5", *parts, settings.epochs, schedule=one_cycle, validate=validate)
    run.save(model, mean=data.mean, deviation=data.deviation)
    the_training(run, settings, data, history)
    the_test(run, settings, data, predict(engine, model, data.x_test))
    what_it_sees(run, model, data)
    why_convolutions(run, settings, data, model, table)


# ------------------------------------------------------------------------------------------ the report, in its order


def the_network(run: Run, table: list[report.Layer]) -> None:
    first, pool = table[:2]
    first_dense = next(i for i, layer in enumerate(table) if layer.name == "Linear")
    run.measure("parameters", report.totals(table)[0])
    run.measure("inputs to the first dense layer", math.prod(table[first_dense - 1].shape))
    rows = [
        (o.name, o.arithmetic, " × ".join(map(str, o.shape)), o.weights, o.parameters, o.multiply_adds) for o in table
    ]
    run.section(
        "What goes in and out of every layer",
        """A digit of 28 × 28 grey pixels passes through the layers from top to bottom. A convolution slides a window
        over the image; at every position it takes the dot product of what lies under the window with a filter, and
        adds a bias. Pooling slides a window too, and keeps the greatest value under it. How many positions a window
        has follows from the sizes alone:""",
        report.formula(
            r"out = \left\lfloor \dfrac{in + 2 \cdot padding - kernel}{stride} \right\rfloor + 1",
            "out = ⌊(in + 2·padding − kernel) / stride⌋ + 1",
        ),
        report.Table(
            ("Layer", "Height = width", "Output", "Weights + biases", "Parameters", "Multiply-adds"),
            rows,
            "Read off the model itself, with one digit sent through it. Multiply-adds are for one digit.",
            total=("All layers", "", "", "", *report.totals(table)),
        ),
        f"""A filter of a convolution has one weight for each pixel of its window and each input channel, and one bias.
        It is used again at every position: the first convolution's {first.parameters} parameters work at
        {first.shape[1]} × {first.shape[2]} places. A dense layer (Linear) has a weight for every pair of input and
        output. Pooling, ReLU and Flatten have nothing to learn.

        The pooling stands *before* the ReLU. As ReLU never falls, the greatest of the rectified values is the
        rectified greatest value: both orders give the same output, but this one rectifies {math.prod(pool.shape):,}
        numbers instead of {math.prod(first.shape):,}.""",
    )


def the_gradients(run: Run, settings: Settings) -> None:
    table, greatest = gradient_table(
        [
            (nn.Conv2d(2, 3, 5), (2, 2, 8, 8)),
            (nn.MaxPool2d(2), (2, 3, 4, 4)),
            (nn.ReLU(), (4, 12)),
            (nn.Linear(12, 7), (4, 12)),
        ],
        settings.seed,
    )
    run.measure("greatest relative error of a gradient", greatest)
    run.section(
        "Are the gradients right?",
        """Before chainrule's layers are trusted, their gradients are compared with differences that anyone can
        compute: change one number x by a small h, and see how much the output f changes:
        n = (f(x + h) − f(x − h)) / 2h. If a is the gradient by the chain rule, the relative error is
        |a − n| / (|a| + |n|).""",
        table,
        """All in double precision. Where a function has a kink, as ReLU has at 0 and max-pooling where two values
        tie, there is no gradient to compare with; such places are counted apart.""",
    )


def the_training(run: Run, settings: Settings, data: Digits, history: list[Epoch]) -> None:
    first, last = history[0].loss, history[-1].loss
    epochs, seconds = [epoch.number for epoch in history], sum(epoch.seconds for epoch in history)
    errors = [1 - epoch.metrics["test accuracy"] for epoch in history]
    run.section(
        "Training",
        f"""{len(data.x):,} digits, {settings.batch_size} to a step, in an order drawn anew for each of {len(epochs)}
        epochs. The optimizer is gradient descent with Nesterov momentum 0.9 and weight decay 0.0005; its learning rate
        rises to {settings.lr:g} during the first fifth of the training, then falls to zero in a straight line.

        The average loss went from {first:.3f} in the first epoch to {last:.4f} in the last; guessing among ten digits
        costs ln 10 = {math.log(10):.3f}. The training steps took {seconds:.1f} s, which is
        {len(epochs) * len(data.x) / seconds:,.0f} digits a second.""",
        report.chart(
            {"loss": (epochs, [epoch.loss for epoch in history])},
            "epoch",
            "average training loss",
            "Average training loss of each epoch (logarithmic axis).",
            log=True,
        ),
        report.chart(
            {"errors": (epochs, errors)},
            "epoch",
            "wrong test digits",
            "Share of the test digits taken for another after each epoch. Only shown: nothing was chosen by it.",
            percent=True,
            log=min(errors) > 0,
        ),
    )


def the_test(run: Run, settings: Settings, data: Digits, outputs: Array) -> None:
    n, right = len(outputs), accuracy(outputs, data.y_test)
    run.measure("test accuracy", right)
    counts = confusion(outputs, data.y_test)
    confused = counts * (1 - np.eye(10, dtype=int))
    true, taken = np.unravel_index(confused.argmax(), confused.shape)
    often = f"Most often a {true} was taken for a {taken}: {confused.max()} of {counts[true].sum():,}."
    drawn = np.random.default_rng(settings.seed).choice(n, 40, replace=False)
    mistakes = surest_mistakes(outputs, data.y_test)

    def shown(rows: Array) -> list[report.Tile]:
        return tiles(data.x_test, data.y_test, outputs, rows)

    run.section(
        "Test",
        f"""**{report.percent(right, 2)} of the {n:,} test digits are recognised**, {len(mistakes)} are not. On that
        many digits chance alone moves such a figure by about {100 * standard_error(right, n):.1g} points (one standard
        error).""",
        report.Grid(shown(drawn), "40 test digits drawn at random: what each is → what it is taken for.", 60),
        report.Grid(
            shown(mistakes[:20]), f"Mistakes, the surest first: {min(20, len(mistakes))} of {len(mistakes)}.", 60
        ),
        report.Heatmap(
            counts, "0123456789", "Confusion matrix: rows are what a digit is, columns what it is taken for."
        ),
        often if confused.max() > 1 else "No confusion happened twice.",
    )


def what_it_sees(run: Run, model: Any, data: Digits) -> None:
    first, pool, relu, second, *_ = model.children()
    digit, label = data.x_test[3], data.y_test[3]
    with run.engine.no_grad():
        maps = first(run.engine.from_numpy(digit[None]))
        deeper = second(relu(pool(maps)))

    def tiles(planes: Array, kind: str) -> list[report.Tile]:
        return [report.Tile(report.plane(values), f"{kind} {i}", str(i)) for i, values in enumerate(planes, 1)]

    sight = report.Tile(report.picture(digit[0]), f"the digit {label}", "input")
    run.section(
        "What it has learned to see",
        """Nobody told the network what to look for. These are the six filters of the first convolution as they came
        out of the training. Red weights ask for ink, blue ones for paper, white ones do not care: a filter that is
        red on one side and blue on the other answers to an edge in that direction.""",
        report.Grid(tiles(first.weight.detach().numpy()[:, 0], "filter"), "The six filters, 5 × 5.", 84),
        """Slid over a digit, each filter yields a map of where it found what it asks for (red) and where it found the
        opposite (blue). ReLU then lets only the red through.""",
        report.Grid([sight, *tiles(maps.numpy()[0], "first map")], "A test digit, and its six maps, 24 × 24.", 84),
        """The second convolution looks at all six maps at once. A window of its own covers 14 × 14 pixels of the
        digit, so its sixteen maps are coarser, and answer to combinations: strokes, corners, ends.""",
        report.Grid(tiles(deeper.numpy()[0], "second map"), "The sixteen maps of the second convolution, 8 × 8.", 78),
    )


def why_convolutions(run: Run, settings: Settings, data: Digits, model: Any, table: list[report.Layer]) -> None:
    engine, mixed, percent = run.engine, scrambled(data, settings.seed), report.percent
    parameters, cost = report.totals(table)
    wide, slim = round(cost / (784 + 10)), round((parameters - 10) / (784 + 10 + 1))
    build = {CNN: lenet, WIDE: lambda nn: dense(nn, wide), SLIM: lambda nn: dense(nn, slim)}

    def learn(name: str, data: Digits, note: str = "") -> Any:
        parts = training(build[name], data, engine, settings)
        run.fit(name + note, *parts, settings.epochs, schedule=one_cycle)
        return parts[0]

    models = {CNN: model, WIDE: learn(WIDE, data), SLIM: learn(SLIM, data)}
    right = {name: accuracy(predict(engine, m, data.x_test), data.y_test) for name, m in models.items()}
    run.measure("points ahead of a dense network of equal cost", 100 * (right[CNN] - right[WIDE]))
    mixed_up = {name: learn(name, mixed, ", scrambled") for name in (CNN, WIDE)}
    blind = {name: accuracy(predict(engine, m, mixed.x_test), mixed.y_test) for name, m in mixed_up.items()}
    moved = {name: [accuracy_at_shift(engine, m, data, by) for by in range(5)] for name, m in models.items()}
    sizes = {name: report.totals(report.layers(engine, m, data.x[:1])) for name, m in models.items()}
    rows = [(m, *sizes[m], percent(right[m]), percent(blind.get(m)), percent(moved[m][2])) for m in models]
    convolution, n = table[3], len(data.y_test)
    apart = math.prod(convolution.shape) * (math.prod(table[2].shape) + 1)
    some = data.x_test[:500]
    unequal = equivariance(engine, table[0].module, some)
    run.section(
        "Why convolutions suit images",
        f"""Beside LeNet-5 stand two networks in which every pixel is connected to every unit of one hidden layer.
        With {wide} hidden units the one costs as many multiply-adds a digit as LeNet-5; with {slim} the other has as
        many parameters. All are trained alike.""",
        report.Table(
            ("Network", "Parameters", "Multiply-adds", "Test accuracy", "Pixels scrambled", "Moved by 2 pixels"),
            rows,
            f"Accuracies on {n:,} digits; one standard error is {100 * standard_error(right[CNN], n):.1g} points.",
        ),
        f"""**Neighbours belong together.** A convolution looks at small windows, where strokes and edges are. To see
        whether that matters, the pixels of all digits were put in another, random order, the same for all, and the
        networks trained anew. To a dense network the order means nothing: {percent(right[WIDE])} before,
        {percent(blind[WIDE])} after. LeNet-5 went from {percent(right[CNN])} to {percent(blind[CNN])}: its windows now
        hold pixels that have nothing to do with each other.
        {"What it had gained from the grid went with the grid." if blind[CNN] <= blind[WIDE] else ""}

        **What is worth seeing in one place is worth seeing in another.** A filter is used at every position, so few
        parameters do much work: the second convolution has {convolution.parameters:,}; a dense layer between the same
        inputs and outputs would have {apart:,}. Fewer parameters can be learned from fewer examples. At equal cost,
        LeNet-5 has {parameters:,} parameters instead of {sizes[WIDE][0]:,} and is {ahead(right[CNN], right[WIDE])};
        at equal size it is {ahead(right[CNN], right[SLIM])}.

        **A moved digit is the same digit.** If an image moves, the maps of a convolution move with it and stay the
        same otherwise: when {len(some)} test digits were moved by 2 pixels, the first convolution's maps changed by
        {f"at most {unequal:.0e}" if unequal else "nothing at all"}. Pooling then forgets the exact place, a little at
        every stage. LeNet-5, which has only ever seen digits in the middle, recognises {percent(moved[CNN][2])} of
        those moved by 2 pixels. To the dense network a moved digit is something altogether new:
        {percent(moved[WIDE][2])}.""",
        report.chart(
            {name: (range(5), values) for name, values in moved.items()},
            "digits moved by … pixels",
            "test accuracy",
            "Accuracy on moved test digits, mean of left, right, up and down. No network was trained on moved digits.",
            percent=True,
        ),
        f"""The chart shows the limit too: at 4 pixels LeNet-5 is down to {percent(moved[CNN][4])}. Its maps move with
        the digit, but the dense layers behind them have learned *where* in the maps to look.""",
    )


# ------------------------------------------------------------------------------------------ small helpers


def equivariance(engine: Any, convolution: Any, x: Array, by: int = 2) -> float:
    """The greatest difference between the maps of moved digits and the moved maps of the digits, away from the edge."""
    maps, later = predict(engine, convolution, x), predict(engine, convolution, shifted(x, by, 0))
    return float(np.abs(later[..., by:] - maps[..., :-by]).max())


def ahead(a: float, b: float) -> str:
    return f"{100 * abs(a - b):.1f} points {'ahead' if a >= b else 'behind'}"


LAB = Lab(
    title="LeNet-5 learns handwritten digits",
    topic="convolution",
    source="Deep Learning; LeCun 1998",
    data="MNIST, 2,500 built in",
    time="5 s (full: 2 min)",
    lead="""The network that read the cheques of the 1990s: built layer by layer, checked, trained on handwritten
    digits, and compared with networks that do not know that an image is a grid.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": Settings(preset="full")},
    expected=expected,
    run=experiment,
    predict=recognize,
)
