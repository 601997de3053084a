"""A convolutional network against a multilayer perceptron of the same size: what the same number of weights can do.

Take a multilayer perceptron for handwritten digits, 784 pixels to 512 and 256 hidden units to 10 classes, and build a
convolutional network with as many parameters, to within 5 %. Train both alike for ten epochs on MNIST's 50,000 training
digits. Plot the training and the validation error of both after every epoch; tabulate parameters, multiply-adds for a
digit, and time. The convolutional network must have at least 99.2 % of the 10,000 test digits right.

Which is better, and why? Both have the same number of weights to learn with, so say what the one does with them that
the other cannot; and support every reason with an experiment.

Without `--preset full` the same is done on built-in digits, 3,500 to learn from, 500 to validate and 1,000 to test.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from chainrule import nn, report
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, Run, Saved, TrainingSettings, equal_start
from chainrule.labs._digits import Digits, accuracy_at_shift, held_out, recognized, scrambled, surest_mistakes, tiles
from chainrule.report import percent
from chainrule.train import Epoch, accuracy, one_cycle, predict, standard_error

Array = npt.NDArray[Any]
CNN, MLP = "CNN", "MLP"
TRAIN, VALID = "training accuracy", "validation accuracy"
MIXED = ", scrambled"


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab cnn-vs-mlp."""

    epochs: int = 10
    """Passes over the training digits, for both networks."""
    batch_size: int = 64
    """Digits in a training step."""
    lr: float = 0.05
    """Greatest learning rate: reached after a fifth of the training, zero at its end."""


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    cnn, mlp, ahead = (0.992, 0.98, 0.3) if settings.full else (0.96, 0.92, 0.5)
    return [
        Expectation("test accuracy, CNN", at_least=cnn, form="{:.2%}"),
        Expectation("test accuracy, MLP", at_least=mlp, form="{:.2%}"),
        Expectation("points ahead on the test digits", at_least=ahead, form="{:.2f}"),
        Expectation("difference in parameters", at_most=0.05, form="{:.2%}"),
    ]


# ------------------------------------------------------------------------------------------ data, models, training


PARAMETERS = (784 + 1) * 512 + (512 + 1) * 256 + (256 + 1) * 10
"""Of the MLP, and so of the CNN too, as nearly as whole units allow."""
CONVOLUTIONS = (25 + 1) * 16 + (16 * 25 + 1) * 64
"""Parameters of the CNN before its dense layers."""


def mlp(nn: Any) -> Any:
    """Every pixel goes to every hidden unit."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512), nn.ReLU(),
        nn.Linear(512, 256), nn.ReLU(),
        nn.Linear(256, 10),
    )  # fmt: skip


def cnn(nn: Any) -> Any:
    """Two convolutions, and behind them a dense layer as wide as the parameters that are left allow."""
    hidden = round((PARAMETERS - CONVOLUTIONS - 10) / (1024 + 1 + 10))
    return nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(16, 64, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, hidden), nn.ReLU(),
        nn.Linear(hidden, 10),
    )  # fmt: skip


BUILD = {CNN: cnn, MLP: mlp}


def training(name: str, data: Digits, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches of a network: the same numbers on every engine."""
    model = equal_start(BUILD[name], engine, settings.seed)
    optimizer = engine.optim.SGD(model.parameters(), lr=settings.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    batches = DataLoader(
        TensorDataset(data.x, data.y), settings.batch_size, shuffle=True, seed=settings.seed, engine=engine
    )
    return model, engine.nn.CrossEntropyLoss(), optimizer, batches


def experiment(settings: Settings, run: Run) -> None:
    """Build both, train both, test both, and ask why."""
    engine, data = run.engine, held_out(settings.full, settings.data)
    models, histories = {}, {}
    parts = {name: training(name, data, engine, settings) for name in BUILD}
    sizes = {name: report.layers(engine, parts[name][0], data.x[:1]) for name in BUILD}
    two_networks(run, data, sizes)
    for name in (MLP, CNN):
        models[name] = parts[name][0]

        def measure(model: Any = models[name]) -> dict[str, float]:
            known, new = (predict(engine, model, x) for x in (data.x, data.x_valid))
            return {TRAIN: accuracy(known, data.y), VALID: accuracy(new, data.y_valid)}

        histories[name] = run.fit(name, *parts[name], settings.epochs, schedule=one_cycle, validate=measure)
    run.save(models[CNN], mean=data.mean, deviation=data.deviation)
    ten_epochs(run, settings, data, sizes, histories)
    the_test(run, data, {name: predict(engine, model, data.x_test) for name, model in models.items()})
    why(run, settings, data, models, sizes)


# ------------------------------------------------------------------------------------------ the report, in its order


def two_networks(run: Run, data: Digits, sizes: dict[str, list[report.Layer]]) -> None:
    parameters = {name: report.totals(table)[0] for name, table in sizes.items()}
    work = {name: report.totals(table)[1] for name, table in sizes.items()}
    difference = parameters[CNN] / parameters[MLP] - 1
    run.measure("difference in parameters", abs(difference))
    convolutions = [layer for layer in sizes[CNN] if "Conv" in layer.name]
    few, much = (sum(getattr(o, what) for o in convolutions) for what in ("parameters", "multiply_adds"))
    first = sizes[MLP][1]
    run.section(
        "Two networks of one size",
        """Both networks read a digit of 28 × 28 pixels and answer with ten numbers, the greatest of which names the
        digit. The multilayer perceptron (MLP) connects every pixel to every one of its first hidden units. The
        convolutional network (CNN) begins with two convolutions: small filters that are slid over the image, so that
        each of their weights works at many places.""",
        _table(MLP, sizes[MLP]),
        _table(CNN, sizes[CNN]),
        f"""The width of the CNN's dense layer was chosen for equal size. Its convolutions have {few:,} parameters, and
        every hidden unit adds 1,024 weights to it, a bias, and 10 weights from it:
        ({parameters[MLP]:,} − {few:,} − 10) / 1,035 = {(parameters[MLP] - few - 10) / 1035:.1f}. That gives
        {parameters[CNN]:,} parameters against {parameters[MLP]:,}, {percent(abs(difference), 2)}
        {"more" if difference > 0 else "fewer"}.

        But look at what they do. In the MLP a weight is used once for a digit, and
        {percent(first.parameters / parameters[MLP], 0)} of all parameters stand in the first layer, each bound to one
        pixel. In the CNN the convolutions have only {percent(few / parameters[CNN])} of the parameters and do
        {percent(much / work[CNN], 0)} of the work: a weight of the first convolution is used
        {math.prod(convolutions[0].shape[1:]):,} times for a digit, one of the second
        {math.prod(convolutions[1].shape[1:]):,} times. So equal size is not equal work: the CNN needs
        {work[CNN] / work[MLP]:.1f} times as many multiply-adds.""",
    )


def _table(name: str, layers: list[report.Layer]) -> report.Table:
    rows = [
        (o.name, " × ".join(map(str, o.shape)), o.weights, o.parameters, o.multiply_adds)
        for o in layers if o.parameters or o.name != "ReLU"
    ]  # fmt: skip
    head = (f"{name}: layer", "Output", "Weights + biases", "Parameters", "Multiply-adds")
    return report.Table(head, rows, total=("All layers", "", "", *report.totals(layers)))


def ten_epochs(
    run: Run,
    settings: Settings,
    data: Digits,
    sizes: dict[str, list[report.Layer]],
    histories: dict[str, list[Epoch]],
) -> None:
    floor = 0.5 / len(data.x)
    error = {
        f"{name}, {what.split()[0]}": [max(floor, 1 - epoch.metrics[what]) for epoch in histories[name]]
        for name in BUILD
        for what in (TRAIN, VALID)
    }
    last = {name: history[-1].metrics for name, history in histories.items()}
    unlearned = [1 - metrics[TRAIN] for metrics in last.values()]
    gap = {name: 100 * (m[TRAIN] - m[VALID]) for name, m in last.items()}
    seconds = {name: sum(epoch.seconds for epoch in history) for name, history in histories.items()}
    digits = len(data.x) * len(histories[CNN])
    rows = [
        (
            name, *report.totals(sizes[name]), percent(1 - last[name][TRAIN], 2), percent(1 - last[name][VALID], 2),
            f"{seconds[name]:.1f} s", f"{len(data.x) * len(histories[name]) / seconds[name]:,.0f}",
        )
        for name in BUILD
    ]  # fmt: skip
    work = {name: report.totals(sizes[name])[1] for name in BUILD}
    none = f" None at all is drawn as {percent(floor, 3)}, half a digit." if floor in map(min, error.values()) else ""
    run.section(
        "Ten epochs" if settings.epochs == 10 else f"{settings.epochs} epochs",
        f"""Both were trained alike: {len(data.x):,} digits, {settings.batch_size} to a step, gradient descent with
        Nesterov momentum 0.9 and weight decay 0.0005, a learning rate that rises to {settings.lr:g} during the first
        fifth of the training and then falls to zero. After every epoch both were measured on all training digits, which
        they learn from, and on {len(data.x_valid):,} validation digits, which they do not.""",
        report.chart(
            {name: (range(1, len(errors) + 1), errors) for name, errors in error.items()},
            "epoch", "wrong", f"Errors after each epoch (logarithmic axis).{none}", percent=True, log=True,
        ),
        report.Table(
            ("Network", "Parameters", "Multiply-adds", "Training error", "Validation error", "Time", "Digits a second"),
            rows,
            "After the last epoch. Multiply-adds are for one digit; the time is that of the training steps alone.",
        ),
        f"""{"Both come to know their training digits almost by heart" if max(unlearned) < 0.01 else
             "Both have learned most of their training digits"}; what tells them apart is how much of that holds for new
        ones. Between training and validation lie {gap[MLP]:.2f} points for the MLP, {gap[CNN]:.2f} for the CNN.
        {_gap(gap)}

        The CNN's training took {seconds[CNN] / seconds[MLP]:.1f} times as long, for {work[CNN] / work[MLP]:.1f} times
        the multiply-adds, that is {digits / seconds[CNN]:,.0f} digits a second.""",
    )  # fmt: skip


def _gap(gap: dict[str, float]) -> str:
    if gap[CNN] >= gap[MLP]:
        return "This time the CNN's gap is not the smaller one."
    return """A first layer of 512 units with a weight for every pixel can learn single digits by heart; a filter that
    has to do at every place of the image cannot so easily."""


def the_test(run: Run, data: Digits, outputs: dict[str, Array]) -> None:
    right = {name: accuracy(values, data.y_test) for name, values in outputs.items()}
    for name, share in right.items():
        run.measure(f"test accuracy, {name}", share)
    run.measure("points ahead on the test digits", 100 * (right[CNN] - right[MLP]))
    hit = {name: values.argmax(axis=1) == data.y_test for name, values in outputs.items()}
    only = {CNN: hit[CNN] & ~hit[MLP], MLP: hit[MLP] & ~hit[CNN]}
    cnn, mlp, both = int(only[CNN].sum()), int(only[MLP].sum()), int((~hit[CNN] & ~hit[MLP]).sum())
    chance, n = sign_test(cnn, mlp), len(data.y_test)

    def shown(name: str, rows: Array, title: str) -> list[report.Grid]:
        order = [i for i in surest_mistakes(outputs[name], data.y_test) if rows[i]]
        title = f"{title}: {min(20, len(order))} of {len(order)}, the surest first (what it is → what it is taken for)."
        return [report.Grid(tiles(data.x_test, data.y_test, outputs[name], order[:20]), title, 60)] if order else []

    run.section(
        "The test",
        f"""**The CNN recognises {percent(right[CNN], 2)} of the {n:,} test digits, the MLP {percent(right[MLP], 2)}.**
        One standard error of such a figure is {100 * standard_error(right[CNN], n):.2g} points. As both were asked the
        same digits, one can be more exact: {cnn} digits only the CNN has right, {mlp} only the MLP, and {both} neither.
        If the two were equally good, each of those {cnn + mlp} would be a toss of a coin, and so uneven an outcome
        would have a probability of {f"{chance:.1g}" if chance < 0.1 else f"{chance:.2f}"}:
        {"that was not chance" if chance < 0.01 else "that may have been chance"}.""",
        *shown(MLP, only[CNN], "What only the MLP misjudges"),
        *shown(CNN, ~hit[CNN], "What the CNN misjudges"),
    )


def why(
    run: Run, settings: Settings, data: Digits, models: dict[str, Any], sizes: dict[str, list[report.Layer]]
) -> None:
    """Three experiments: moved digits, few digits, scrambled pixels."""
    engine = run.engine
    moved = {
        name: [accuracy_at_shift(engine, models[name], data, by) for by in range(5)] for name in BUILD
    }  # fmt: skip
    amounts = [500, 2_000, 5_000] if settings.full else [200, 600, 1_800]
    mixed = scrambled(data, settings.seed)

    def learn(name: str, data: Digits, amount: int, note: str = "") -> float:
        some = data._replace(x=data.x[:amount], y=data.y[:amount])
        parts = training(name, some, engine, settings)
        run.fit(f"{name} on {amount:,}{note}", *parts, 2 * settings.epochs, schedule=one_cycle)
        return 1 - accuracy(predict(engine, parts[0], data.x_valid), data.y_valid)

    few = {name: [learn(name, data, amount) for amount in amounts] for name in BUILD}
    blind = {name: learn(name, mixed, amounts[-1], MIXED) for name in BUILD}
    few_and_moved(run, data, sizes, amounts, few, moved)
    neighbours(run, amounts[-1], {name: errors[-1] for name, errors in few.items()}, blind)


def few_and_moved(
    run: Run,
    data: Digits,
    sizes: dict[str, list[report.Layer]],
    amounts: list[int],
    few: dict[str, list[float]],
    moved: dict[str, list[float]],
) -> None:
    second = next(layer for layer in reversed(sizes[CNN]) if "Conv" in layer.name)
    ratio = [mlp / max(cnn, 1e-9) for cnn, mlp in zip(few[CNN], few[MLP], strict=True)]
    everywhere = "The CNN is ahead at every amount."
    if min(ratio) <= 1:
        everywhere = "But it is not so at every amount: chance is great where so few digits are used."
    run.section(
        "Why: one filter for all places",
        f"""The number of weights is the same, so it is not that the one network could say more than the other. It is
        *what* they can say easily. An MLP can compute anything, but whatever it learns about a stroke in the upper left
        it has learned for the upper left alone. A convolution's filter is used at every place: what it learns
        at one it knows at all of them. A dense layer with the inputs and outputs of the second convolution would
        need {math.prod(second.shape) * (math.prod(second.input_shape[1:]) + 1):,} parameters instead of
        {second.parameters:,}; the CNN is the special case of it in which nearly all of these are zero, or equal to one
        another. That special case holds a truth about images, and who begins with it need not learn it from examples.

        **So it should need fewer examples.** Both networks were trained again, on few digits and for twice as many
        epochs:""",
        report.chart(
            {name: (amounts, errors) for name, errors in few.items()},
            "training digits", "wrong validation digits", "Validation error by the number of digits learned from.",
            percent=True,
        ),
        f"""With {amounts[0]:,} digits the MLP makes {ratio[0]:.1f} times as many mistakes as the CNN, with
        {amounts[-1]:,} digits {ratio[-1]:.1f} times as many. {everywhere}

        **And a moved digit should be a lesser riddle to it.** No network was trained on digits that stand anywhere but
        in the middle. Moved by 2 pixels, the CNN still recognises {percent(moved[CNN][2])}, the MLP
        {percent(moved[MLP][2])}; by 4 pixels, {percent(moved[CNN][4])} and {percent(moved[MLP][4])}. The maps of a
        convolution move with the digit, and pooling forgets the exact place; only the dense layers behind them
        have learned where to look.""",
        report.chart(
            {name: (range(5), values) for name, values in moved.items()},
            "digits moved by … pixels", "test accuracy",
            "Accuracy on moved test digits, mean of left, right, up and down.", percent=True,
        ),
    )  # fmt: skip


def neighbours(run: Run, amount: int, straight: dict[str, float], blind: dict[str, float]) -> None:
    rows = [(name, percent(straight[name], 2), percent(blind[name], 2)) for name in BUILD]
    before, after = (errors[MLP] - errors[CNN] for errors in (straight, blind))
    gone = "What it had gained from the order of the pixels went with it."
    run.section(
        "Why: neighbours belong together",
        f"""A filter of 5 × 5 weights looks at 25 pixels that lie side by side. That is worth something only if pixels
        side by side have to do with each other, as in an image they do: they make strokes, corners, ends. The check:
        put the pixels of all digits in another, random order, the same for every digit, and train both again, on
        {amount:,} digits. Not one bit of information is lost. To the MLP the order means nothing, for each of its
        units sees all pixels anyway. The CNN's windows now hold pixels from anywhere.""",
        report.Table(("Network", "Validation error", "Pixels scrambled"), rows, f"Trained on {amount:,} digits."),
        f"""The CNN was {_ahead(before)} the MLP; on scrambled pixels it is {_ahead(after)} it.
        {gone if after < before / 2 else "A part of its lead outlasts even that."}

        **In short.** The same number of parameters, but a better assumption: that what is near belongs together, and
        that a thing looks the same wherever it is. Where the assumption is true, it saves examples; where it is false,
        as on scrambled pixels, it {"is a burden" if after < 0 else "helps little"}. Its price is arithmetic, for a
        filter that serves everywhere is computed everywhere. (At equal arithmetic instead of equal size the two are
        compared by the lab `lenet-mnist`.)""",
    )


# ------------------------------------------------------------------------------------------ small helpers


def _ahead(lead: float) -> str:
    return f"{100 * abs(lead):.1f} points {'ahead of' if lead >= 0 else 'behind'}"


def sign_test(a: int, b: int) -> float:
    """How probable a split at least as uneven as a to b is, if each were a fair toss: two-sided, exact."""
    n = a + b
    tail = sum(math.comb(n, k) for k in range(min(a, b) + 1))
    return float(min(1, 2 * tail / 2**n))


def recognize(settings: Settings, saved: Saved, file: str) -> dict[str, float]:
    """The CNN's probability of each digit for a picture of one: dark ink on light paper, or white on black."""
    return recognized(cnn(nn), saved, file)


LAB = Lab(
    title="A convolutional network against a perceptron of the same size",
    topic="convolution",
    source="IFT6135 Representation Learning",
    data="MNIST, 5,000 built in",
    time="20 s (full: 4 min)",
    lead="""Two networks with the same number of parameters learn the same digits in the same way. One knows that an
    image is a grid. How much is that worth, what is its price, and why?""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": Settings(preset="full")},
    expected=expected,
    run=experiment,
    predict=recognize,
)
