"""How a network begins: zero, standard normal and Glorot initial weights, and the ten epochs that follow.

The exercise. Take a network with two hidden layers for MNIST's digits, with ReLU between its layers.

1. Choose the widths of the hidden layers so that it has between 0.5 and 1.0 million parameters. Which did you choose,
   and how many parameters are they?
2. Train it three times for 10 epochs by plain stochastic gradient descent, on 50,000 of the digits. The biases begin at
   zero, and the weights
   - at zero;
   - as numbers from the standard normal distribution, N(0, 1);
   - as Glorot and Bengio have it: uniform on [−d, d] with d = √(6 / (inputs + outputs)) of the layer.
   At the end of every epoch measure the average loss over the training digits.
3. Plot the three curves in one figure, and say what they show, and why.

Without MNIST at hand, 3,500 built-in digits are learned from; `--preset full` takes MNIST's, split into 50,000, 10,000
and 10,000. The widths are yours to choose: `--hidden 512 256`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, Run, TrainingSettings
from chainrule.labs._digits import Digits, held_out
from chainrule.train import accuracy, predict

Array = npt.NDArray[Any]
ZEROS, NORMAL, GLOROT = "zeros", "standard normal", "Glorot"
LEAST, MOST = 500_000, 1_000_000
LN10 = math.log(10)
LOOKED_AT = 1000


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab mlp-init."""

    hidden: tuple[int, int] = (512, 256)
    """Units of the two hidden layers: 0.5 to 1.0 million parameters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.hidden) < 1 or not LEAST <= self.parameters <= MOST:
            words = " ".join(map(str, self.hidden))
            raise ValueError(
                f"--hidden {words}: that makes {self.parameters:,} parameters, expected {LEAST:,} to {MOST:,}"
            )

    @property
    def parameters(self) -> int:
        """Weights and biases of the three layers."""
        first, second = self.hidden
        return 784 * first + first + first * second + second + second * 10 + 10


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    return [
        Expectation("parameters", equals=settings.parameters),
        Expectation("zeros: greatest weight after the training", equals=0, form="{:g}"),
        Expectation("zeros: distance of the last loss from ln 10", at_most=0.01, form="{:.4f}"),
        Expectation("standard normal: loss before the training", at_least=100, form="{:,.0f}"),
        Expectation("standard normal: last loss, in those of Glorot", at_least=1.2, form="{:.2f}"),
        Expectation("Glorot: loss before the training", at_most=4, form="{:.2f}"),
        Expectation("Glorot: last loss", below=0.1 if settings.full else 0.2, form="{:.4f}"),
    ]


# ------------------------------------------------------------------------------------------ beginnings, training


def network(nn: Any, hidden: tuple[int, int], activation: str = "ReLU") -> Any:
    """The network of the exercise."""
    first, second = hidden
    between = getattr(nn, activation)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, first), between(), nn.Linear(first, second), between(), nn.Linear(second, 10)
    )


def zeros(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """w = 0"""
    return np.zeros(shape)


def standard_normal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """w ~ N(0, 1)"""
    return rng.standard_normal(shape)


def glorot(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """w ~ U[−d, d], d = √(6 / (inputs + outputs))

    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    """
    d = math.sqrt(6 / sum(shape))
    return rng.uniform(-d, d, shape)


BEGINNINGS: Mapping[str, Callable[[tuple[int, int], np.random.Generator], Array]] = {
    ZEROS: zeros, NORMAL: standard_normal, GLOROT: glorot,
}  # fmt: skip


def begun(name: str, engine: Any, settings: Settings, activation: str = "ReLU") -> Any:
    """The network with weights (outputs, inputs) as the beginning of that name has them, on every engine the same."""
    model, rng = network(engine.nn, settings.hidden, activation), np.random.default_rng(settings.seed)
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    drawn = {k: BEGINNINGS[name](s, rng) if len(s) == 2 else np.zeros(s) for k, s in shapes.items()}
    model.load_state_dict({key: engine.from_numpy(value.astype(np.float32)) for key, value in drawn.items()})
    return model


def training(
    name: str, data: Digits, engine: Any, settings: Settings, activation: str = "ReLU"
) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    model = begun(name, engine, settings, activation)
    optimizer = engine.optim.SGD(model.parameters(), lr=settings.lr)
    digits = TensorDataset(data.x, data.y)
    batches = DataLoader(digits, settings.batch_size, shuffle=True, seed=settings.seed, engine=engine)
    return model, engine.nn.CrossEntropyLoss(), optimizer, batches


class Course(NamedTuple):
    """What became of one beginning."""

    model: Any
    losses: list[float]
    """Average over the training digits: before the training, and at the end of every epoch."""
    right: float
    """Share of the validation digits recognized in the end."""
    dead: float
    """Share of the second layer's units that no digit switches on."""
    silent: float
    """Share of digits that switch none of them on."""


def learned(run: Run, settings: Settings, data: Digits, name: str) -> Course:
    """Train from one beginning, and measure at the end of every epoch."""
    parts = training(name, data, run.engine, settings)
    model = parts[0]
    first = loss_of(predict(run.engine, model, data.x), data.y)

    def validate() -> dict[str, float]:
        right = accuracy(predict(run.engine, model, data.x_valid), data.y_valid)
        return {"training loss": loss_of(predict(run.engine, model, data.x), data.y), "validation accuracy": right}

    history = run.fit(name, *parts, settings.epochs, validate=validate)
    losses = [first, *(epoch.metrics["training loss"] for epoch in history)]
    right = history[-1].metrics["validation accuracy"]
    return Course(model, losses, right, *switched_off(run.engine, model, data.x[:LOOKED_AT]))


def experiment(settings: Settings, run: Run) -> None:
    """Count, begin three times, train, compare."""
    data = held_out(settings.full, settings.data)
    the_network(run, settings, data)
    the_beginnings(run, settings, data)
    courses = {name: learned(run, settings, data, name) for name in BEGINNINGS}
    the_curves(run, settings, data, courses)
    the_zeros(run, settings, data, courses[ZEROS])
    the_normal(run, courses)
    the_glorot(run, settings, courses)


# ------------------------------------------------------------------------------------------ the report, in its order


def the_network(run: Run, settings: Settings, data: Digits) -> None:
    table = report.layers(run.engine, begun(GLOROT, run.engine, settings), data.x[:1])
    total, (first, second) = report.totals(table)[0], settings.hidden
    run.measure("parameters", total)
    run.section(
        "The network",
        f"""Two hidden layers, of **{first} and {second} units**: {total:,} parameters, between {LEAST:,} and {MOST:,}
        as asked for. A dense layer has a weight for every pair of an input and an output, and a bias for every output,
        so with hidden layers of a and b units it is 784·a + a + a·b + b + b·10 + 10. The pixels are many, so the width
        of the first layer decides most.""",
        report.Table(
            ("Layer", "Output", "Weights + biases", "Parameters"),
            [(o.name, " × ".join(map(str, o.shape)), o.weights, o.parameters) for o in table],
            total=("All layers", "", "", total),
        ),
    )


def the_beginnings(run: Run, settings: Settings, data: Digits) -> None:
    measured = {name: sizes(begun(name, run.engine, settings), run.engine, data) for name in BEGINNINGS}
    first, second = settings.hidden
    foretold = math.sqrt(784) * math.sqrt(first / 2) * math.sqrt(second / 2)
    run.section(
        "Three beginnings",
        """Before the first step, what do digits become on their way through the network, and what do gradients become
        on their way back? These are root mean squares, over 500 training digits.""",
        report.Table(
            ("Weights", "Hidden layer 1", "Hidden layer 2", "Outputs", "Gradient of W₁", "of W₂", "of W₃"),
            [(name, *map(short, row)) for name, row in measured.items()],
            "What comes out of each layer, and the gradients of its weights.",
        ),
        f"""**Zeros** let nothing through, in either direction.

        **Standard normal** weights let things grow. A unit of the first layer adds up 784 products; pixels have a
        mean square of 1 here and so have the weights, so the sum has the size √784 = 28. ReLU lets half of it through.
        The next layer multiplies that by √({first}/2), the last one by √({second}/2), which foretells outputs of the
        size 28 · {math.sqrt(first / 2):.1f} · {math.sqrt(second / 2):.1f} = {foretold:,.0f}. Measured were
        {measured[NORMAL][2]:,.0f}. Gradients grow in the same way, backwards.

        **Glorot's** weights are as large as it takes for neither to happen. To keep the size of what flows forward, a
        layer's weights should have the variance 1/inputs, and backward 1/outputs. Between the two stands
        2/(inputs + outputs), and a uniform distribution on [−d, d] has the variance d²/3:""",
        report.formula(r"d = \sqrt{\dfrac{6}{inputs + outputs}}", "d = √(6 / (inputs + outputs))"),
    )


def the_curves(run: Run, settings: Settings, data: Digits, courses: Mapping[str, Course]) -> None:
    last = {name: course.losses[-1] for name, course in courses.items()}
    run.measure("zeros: greatest weight after the training", float(np.abs(weights(courses[ZEROS].model)).max()))
    run.measure("zeros: distance of the last loss from ln 10", abs(last[ZEROS] - LN10))
    run.measure("standard normal: loss before the training", courses[NORMAL].losses[0])
    run.measure("standard normal: last loss, in those of Glorot", last[NORMAL] / last[GLOROT])
    run.measure("Glorot: loss before the training", courses[GLOROT].losses[0])
    run.measure("Glorot: last loss", last[GLOROT])
    order = ", ".join(f"{name} {value:.3g}" for name, value in sorted(last.items(), key=lambda item: item[1]))
    run.section(
        f"{settings.epochs} epochs",
        f"""{len(data.x):,} digits, {settings.batch_size} to a step, plain gradient descent with the learning rate
        {settings.lr:g}: w ← w − {settings.lr:g} · ∂L/∂w, nothing more. At the end of every epoch the loss is averaged
        over all training digits, with the weights as they are then. In the order of their last losses: {order}.""",
        report.chart(
            {name: (range(len(course.losses)), course.losses) for name, course in courses.items()},
            "epoch", "average training loss",
            "Average training loss before the training (0) and at the end of each epoch, on a logarithmic axis.",
            log=True,
        ),
        report.Table(
            ("Epoch", *courses),
            [(str(i), *(loss_text(c.losses[i:]) for c in courses.values())) for i in range(settings.epochs + 1)],
            "The same in numbers.",
        ),
        report.Table(
            ("Weights", "Validation digits mistaken", "Units never on", "Digits with none on"),
            [(name, *map(report.percent, (1 - c.right, c.dead, c.silent))) for name, c in courses.items()],
            f"In the end: {len(data.x_valid):,} digits that were not learned from; units of layer 2 that none of"
            f" {min(LOOKED_AT, len(data.x)):,} training digits switches on; and digits that switch on none of them.",
        ),
    )  # fmt: skip


def the_zeros(run: Run, settings: Settings, data: Digits, course: Course) -> None:
    shares = np.bincount(data.y, minlength=10) / len(data.y)
    entropy = -float(np.sum(shares * np.log(shares)))
    greatest = float(np.abs(weights(course.model)).max())
    parts = training(ZEROS, data, run.engine, settings, "Sigmoid")
    run.fit("zeros, with sigmoids", *parts, settings.epochs)
    unlike, alike = unlikeness(parts[0]), loss_of(predict(run.engine, parts[0], data.x), data.y)
    difference = f"at most {unlike:.1g} of the greatest weight" if unlike else "nothing at all"
    run.section(
        "Why zeros stay where they are",
        f"""With all weights at zero every hidden unit puts out 0, whatever the digit. The gradient of a weight is the
        product of what comes in at its one end, which is 0 in the upper layers, and of what comes back to its other
        end, which has passed weights that are 0. So **every weight's gradient is exactly 0**, and stays so: after
        {settings.epochs} epochs the greatest weight of all is {greatest:g}.

        Only the ten biases of the last layer learn, and they do not see the digit. The best that they can say
        is how frequent each digit is. That costs the entropy of these frequencies, {entropy:.4f}; ten equally likely
        answers cost ln 10 = {LN10:.4f}. The loss came to {course.losses[-1]:.4f}; it cannot get below the entropy.

        Is it ReLU's fault, which is flat at zero? With sigmoids in its place the units put out ½, and gradients do
        flow. But all units of a layer began alike, so they receive the same gradient, and take the same step, and
        remain alike: after the training two units of the first layer differ by {difference}. {settings.hidden[0]} units
        do the work of one, and the loss is {alike:.3f}. That is what random numbers are for: they **break the
        symmetry**, so that units can become different.""",
    )


def the_normal(run: Run, courses: Mapping[str, Course]) -> None:
    course, other = courses[NORMAL], courses[GLOROT]
    last, mistaken = course.losses[-1], [report.percent(1 - c.right) for c in (course, other)]
    off = f"""In the end {report.percent(course.dead)} of the second layer's units are on for no digit, and may never
        learn again; with Glorot it is {report.percent(other.dead)}. {report.percent(course.silent)} of the digits
        switch on no unit of that layer at all: to the layer behind it they all look the same."""
    ending = f"Here that was enough: the last loss, {last:.3g}, is not above that of Glorot."
    if last > other.losses[-1]:
        ending = f"""So the loss is {last / other.losses[-1]:.1f} times that of Glorot, and {mistaken[0]} of the
        validation digits are mistaken instead of {mistaken[1]}."""
    run.section(
        "Why standard normal weights start so badly",
        f"""They break the symmetry, but outputs in the thousands leave softmax no doubt: it gives one digit all the
        probability, and mostly the wrong one. The loss is then the distance between the output of the digit that is
        right and the greatest: {course.losses[0]:,.0f} on average at the beginning. A network that knows nothing, and
        admits it, loses {LN10:.2f}.

        After the first epoch it is {loss_text(course.losses[1:])}; most of that is only learning to be less sure. But
        gradients as large as these make steps to match, and steps that large throw units far below zero, where ReLU
        puts out 0 and lets no gradient back. {off} {ending}""",
    )


def the_glorot(run: Run, settings: Settings, courses: Mapping[str, Course]) -> None:
    course = courses[GLOROT]
    run.section(
        "Why Glorot's weights work",
        f"""They are random, so units differ; and they are small enough that the network begins without an opinion, at a
        loss of {course.losses[0]:.2f}, not far from ln 10. Whatever it says later it has learned. Gradients have a
        sensible size in all three layers at once, so that one learning rate suits all of them, and the loss falls from
        the first step on: to {course.losses[1]:.3f} after one epoch, and {course.losses[-1]:.3f} after
        {settings.epochs}.

        The same idea with ReLU in mind, which lets half of what flows through, asks for the variance 2/inputs; that is
        the beginning of the lab `mlp-mnist`. The deeper a network is, the more it depends on this: factors
        multiply.""",
    )


# ------------------------------------------------------------------------------------------ small helpers


def loss_of(outputs: Array, labels: Array) -> float:
    """The average cross-entropy, in double precision: (N, classes), (N)."""
    z = outputs.astype(np.float64)
    top = z.max(axis=1)
    return float(np.mean(np.log(np.exp(z - top[:, None]).sum(axis=1)) + top - z[np.arange(len(labels)), labels]))


def loss_text(losses: list[float]) -> str:
    """The first of these losses, in the decimals that say something; a dash if the training did not come so far."""
    return "—" if not losses else f"{losses[0]:.4f}" if losses[0] < 100 else f"{losses[0]:,.1f}"


def short(value: float) -> str:
    """With two digits, or none behind the point."""
    return f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def weights(model: Any) -> Array:
    """All weights of a model in one row, without the biases."""
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.ndim == 2]).copy()


def sizes(model: Any, engine: Any, data: Digits) -> list[float]:
    """Root mean squares on 500 digits: of what comes out of the three layers, and of the gradients of their weights."""
    x, outputs = engine.from_numpy(data.x[:500]), []
    for layer in model.children():
        x = layer(x)
        outputs.append(x.detach().numpy())
    engine.nn.CrossEntropyLoss()(x, engine.from_numpy(data.y[:500])).backward()
    gradients = [p.grad.numpy() for p in model.parameters() if p.ndim == 2]
    return [float(np.sqrt(np.mean(np.square(a, dtype=np.float64)))) for a in (*outputs[2::2], outputs[-1], *gradients)]


def switched_off(engine: Any, model: Any, x: Array) -> tuple[float, float]:
    """The share of the second layer's units that no digit switches on, and of digits that switch on none of them."""
    h = engine.from_numpy(x)
    with engine.no_grad():
        for layer in list(model.children())[:-1]:
            h = layer(h)
    on = h.numpy() > 0
    return 1 - float(on.any(axis=0).mean()), 1 - float(on.any(axis=1).mean())


def unlikeness(model: Any) -> float:
    """How much units of the first layer differ, at most, in the greatest weight of any."""
    w = next(p for p in model.parameters() if p.ndim == 2).detach().numpy()
    return float((w.max(axis=0) - w.min(axis=0)).max() / max(float(np.abs(w).max()), 1e-30))


LAB = Lab(
    title="How a network begins",
    topic="multilayer perceptron",
    source="IFT6135 Representation Learning",
    data="MNIST, 5,000 built in",
    time="10 s (full: 2 min)",
    lead="""One network of half a million weights, begun in three ways: with zeros, with standard normal numbers, and
    with those of Glorot and Bengio. One never learns, one begins with a loss in the thousands, one learns at once.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": Settings(preset="full", batch_size=64)},
    expected=expected,
    run=experiment,
)
