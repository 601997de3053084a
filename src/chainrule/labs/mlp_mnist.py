"""A multilayer perceptron by hand: every forward and backward pass in plain NumPy, trained on handwritten digits.

The exercise. Write, with NumPy alone and no automatic differentiation, what it takes to train a network of dense
layers:

1. The activations `Sigmoid`, `Tanh` and `ReLU`, and the loss, softmax followed by cross-entropy; each with `forward`
   and `derivative`.
2. `random_normal_weight_init` and `zeros_bias_init`.
3. A class `MLP` with `forward`, `backward` (the gradients of all weights and biases, by the chain rule), `zero_grads`,
   `step` (gradient descent with momentum), `get_loss` and `get_error`. Check its gradients by finite differences.
4. `get_training_stats`: train on mini-batches, and return training and test loss and error for every epoch. Plot them.

Train the network on MNIST, images of 28 × 28 pixels, until fewer than 5 % of the 10,000 test digits are mistaken (below
2 % is possible), in at most one minute. Save the weights as `p1_model.npz`, and show that they can be loaded again.
Then compare: what do the activation and the momentum do to the training?

Without MNIST at hand, 4,000 and 1,000 built-in digits are used; `--preset full` takes all 60,000 and 10,000. Digits in
a table of text (a line a digit: the label, then 784 pixels from 0 to 255) are read with `--csv FILE`.
"""

import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import tyro

from chainrule import report
from chainrule.data import mnist
from chainrule.labs import Expectation, Lab, LabSettings, Run, Saved, asked_for
from chainrule.labs._digits import Digits, normalised, read_digit, read_table, surest_mistakes, tiles
from chainrule.labs._gradients import report_table
from chainrule.labs._mlp import ACTIVATIONS, MLP, Stats, get_training_stats, random_normal_weight_init
from chainrule.labs._mlp_checks import all_checked, difference_from_the_tape, on_the_tape
from chainrule.train import Epoch, confusion, standard_error

Array = npt.NDArray[Any]
Activation = Literal["relu", "tanh", "sigmoid"]
PIXELS, CLASSES = 28 * 28, 10
FILE = "p1_model.npz"
_FILE = tyro.conf.arg(metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class Settings(LabSettings):
    """Settings of the lab mlp-mnist."""

    hidden: tuple[int, ...] = (256, 128)
    """Units of the hidden layers."""
    activation: Activation = "relu"
    """The function between the layers."""
    epochs: int = 15
    """Passes over the training digits."""
    batch_size: int = 64
    """Digits in a training step."""
    lr: float = 0.02
    """Learning rate at the start; it falls in a straight line to zero."""
    momentum: float = 0.9
    """Share of the latest step that goes into the next one."""
    seed: int = 1
    """Decides initial weights and the order of the digits: same seed, same result."""
    data: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of the full data sets (default: $CHAINRULE_DATA, the user cache, system packages)."""
    csv: Annotated[Path | None, _FILE] = None
    """Learn from the digits in this table of text: a line a digit, its label and 784 pixels."""
    csv_test: Annotated[Path | None, _FILE] = None
    """Test on those in this one; else the last tenth of --csv is kept for that."""

    def __post_init__(self) -> None:
        counts = {"hidden": min(self.hidden, default=1), "epochs": self.epochs, "batch-size": self.batch_size}
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"--{name} {value}: it must be at least 1")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"--lr {self.lr}: it must be a positive number")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"--momentum {self.momentum}: it must be at least 0 and less than 1")
        if self.seed < 0:
            raise ValueError(f"--seed {self.seed}: it must be at least 0")
        if self.csv_test and not self.csv:
            raise ValueError("--csv-test needs --csv: digits to learn from")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the input, the hidden layers and the output."""
        return (PIXELS, *self.hidden, CLASSES)


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    goal, asked = (0.02, "asked for: less than 5 %") if settings.full else (0.08, "")
    parameters = sum((before + 1) * after for before, after in pairwise(settings.sizes))
    return [
        Expectation("test error", below=goal, form="{:.2%}", source=asked),
        *([Expectation("seconds of training", at_most=60, form="{:.1f}")] if settings.full else []),
        Expectation("parameters", equals=parameters),
        Expectation("greatest relative error of a gradient", below=1e-6, form="{:.1e}"),
        Expectation("greatest difference from the gradients of the tape", below=1e-6, form="{:.1e}"),
        Expectation("outputs changed by saving and loading", equals=0),
    ]


# ------------------------------------------------------------------------------------------ data, model, training


def digits(settings: Settings) -> Digits:
    """The built-in digits, all of MNIST, or those in a table of text."""
    with asked_for():
        if settings.csv:
            return normalised(*read_table(settings.csv, settings.csv_test))
        return normalised(*(mnist.load(settings.data) if settings.full else mnist.digits_split(4000, 1000)))


def rows(images: Array) -> Array:
    """(N, 1, 28, 28) -> (N, 784)"""
    return images.reshape(len(images), PIXELS)


def pairs(data: Digits) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Images and labels to learn from, and to be tested on."""
    return (rows(data.x), data.y), (rows(data.x_test), data.y_test)


def network(settings: Settings, rng: np.random.Generator) -> MLP:
    """The network of the exercise."""
    init = partial(random_normal_weight_init, rng=rng)
    activation = ACTIVATIONS[settings.activation]
    return MLP(settings.sizes, activation, init, lr=settings.lr, momentum=settings.momentum)


def recognize(settings: Settings, saved: Saved, file: str) -> dict[str, float]:
    """The probability of each digit for a picture of one: dark ink on light paper, or white on black."""
    mlp = network(settings, np.random.default_rng(0))
    mlp.load_state({name: tensor.numpy() for name, tensor in saved.weights.items()})
    z = mlp.forward(rows(read_digit(file, saved.facts)))[0]
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    return {str(digit): float(share) for digit, share in enumerate(p)}


def experiment(settings: Settings, run: Run) -> None:
    """Explain, check, train, test, compare, save."""
    data, rng = digits(settings), np.random.default_rng(settings.seed)
    mlp = network(settings, rng)
    the_way_forward(run, settings, mlp)
    the_way_back(run)
    the_gradients(run, settings, data, mlp)
    stats, seconds = trained(run, settings, data, mlp, rng)
    the_training(run, settings, data, stats, seconds)
    the_test(run, settings, data, mlp)
    the_comparison(run, settings, data)
    the_file(run, settings, data, mlp)


# ------------------------------------------------------------------------------------------ the report, in its order


def the_way_forward(run: Run, settings: Settings, mlp: MLP) -> None:
    run.measure("parameters", sum(array.size for array in mlp.state().values()))
    layers: list[tuple[str, str, int, str, int]] = []
    for i, (w, b) in enumerate(zip(mlp.W, mlp.b, strict=True), 1):
        layers.append((f"linear {i}", "x·Wᵀ + b", len(b), f"{len(b)}·{w.shape[1]} + {len(b)}", w.size + b.size))
        if i < len(mlp.W):
            layers.append((settings.activation, SHOWN[settings.activation], len(b), "", 0))
    run.section(
        "The way forward",
        f"""A digit of 28 × 28 grey pixels is laid out as a row of {PIXELS} numbers. Every unit of a layer multiplies
        each number that comes in by a weight of its own, and adds the products up, with a bias. Several such layers
        alone would be no better than one, for a sum of sums is a sum; so an *activation*, a bent function, stands
        between two of them.""",
        report.Table(
            ("Layer", "Computes", "Numbers out", "Weights + biases", "Parameters"), layers,
            "From top to bottom, for one digit x.", total=("All layers", "", "", "", sum(row[-1] for row in layers)),
        ),
        """The last layer has a unit z for each digit, and what it says is no probability yet. Softmax makes
        one of it, and the loss, cross-entropy, asks how likely the network held the right answer: nothing is lost if it
        was sure of it, and the more the less likely it held it. Over a batch of N digits the mean is taken.""",
        report.formula(
            r"p_c = \dfrac{e^{z_c}}{\sum_j e^{z_j}} \qquad L = -\dfrac{1}{N} \sum_{n=1}^{N} \ln\, p_{label(n)}",
            "p_c = exp(z_c) / Σ_j exp(z_j),   L = −1/N · Σ_n ln p_label(n)",
        ),
        f"""The weights begin as random numbers from a normal distribution with variance 2/inputs, the biases as zeros.
        The factor is no ornament: with it, numbers keep their size from layer to layer where ReLU lets half of them
        through. What happens otherwise is the subject of the lab `mlp-init`. A network that knows nothing gives every
        digit a tenth, and loses ln 10 = {math.log(10):.3f}.""",
    )  # fmt: skip


def the_way_back(run: Run) -> None:
    run.section(
        "The way back",
        """How does the loss change with each of the weights? The chain rule answers, one layer at a time and from the
        last to the first. Let δ be the gradient with respect to a layer's output: how the loss changes with each of
        those numbers. For the last layer it is strikingly simple, what the network said minus what it should have
        said:""",
        report.formula(r"\delta = \dfrac{p - onehot(label)}{N}", "δ = (p − onehot(label)) / N"),
        """A layer y = x·Wᵀ + b turns its δ into three: for its weights, for its biases, and, to hand on, for its input,
        where f′ is the slope of the activation that x came out of:""",
        report.formula(
            r"\dfrac{\partial L}{\partial W} = \delta^T x \qquad"
            r"\dfrac{\partial L}{\partial b} = \sum_{rows} \delta \qquad"
            r"\delta_{before} = (\delta\, W) \odot f^{\,\prime}",
            "∂L/∂W = δᵀ·x,   ∂L/∂b = Σ over rows of δ,   δ before = (δ·W) ∘ f′",
        ),
        """So every part needs two functions: its value, and the way back, which remembers from the way forward what it
        needs. This is how all operators of chainrule are made, and what they are called with here: plain arrays in,
        the value and its *pullback* out. These lines ran for this page:""",
        source(MLP.forward, "The way forward."),
        source(MLP.backward, "The way back."),
        """Then every weight takes a step. With *momentum* μ it does not follow the gradient g itself but a velocity v,
        in which earlier gradients live on: what they agree on adds up, to 1/(1 − μ) times the gradient, and what
        changes its sign from batch to batch cancels out.""",
        source(MLP.step, "The step."),
    )  # fmt: skip


def the_gradients(run: Run, settings: Settings, data: Digits, mlp: MLP) -> None:
    shown, greatest = report_table(all_checked(settings.seed))
    run.measure("greatest relative error of a gradient", greatest)
    difference = difference_from_the_tape(mlp, rows(data.x[:64]), data.y[:64])
    run.measure("greatest difference from the gradients of the tape", difference)
    run.section(
        "Are the gradients right?",
        """A wrong gradient seldom crashes; it trains, badly. So before any training each gradient is held against a
        difference that needs no theory: change one number x by a small h both ways, and see how much the output f
        changes, n = (f(x + h) − f(x − h)) / 2h. If a is the gradient by the chain rule, the relative error is
        |a − n| / (|a| + |n|).""",
        shown,
        f"""All in double precision; the networks are small ones, 6 → 5 → 4 → 3 units, so that every single weight can
        be tried. ReLU has a kink at 0, where there is no slope to compare with; such places are counted apart.

        And the network itself, in the single precision that it is trained in? On 64 digits its gradients differ from
        those that chainrule's tape finds for the same network by at most {difference:.1e}. The greatest of them is
        {max(float(np.abs(g).max()) for g in mlp.dW):.2g}.""",
    )


def the_training(run: Run, settings: Settings, data: Digits, stats: Stats, seconds: float) -> None:
    if settings.full:
        run.measure("seconds of training", seconds)
    first, last, epochs = stats.training_losses[0], stats.training_losses[-1], range(1, settings.epochs + 1)
    learned, tested = stats.training_errors[-1], stats.test_errors[-1]
    run.section(
        "Training",
        f"""{len(data.x):,} digits, {settings.batch_size} to a step, in an order drawn anew for each of
        {settings.epochs} epochs; momentum {settings.momentum:g}, and a learning rate that falls from {settings.lr:g} to
        zero in a straight line: large steps to get far, small ones to settle. The average loss went from {first:.3f} in
        the first epoch to {last:.4f} in the last. It took {seconds:.1f} s, which is
        {settings.epochs * len(data.x) / seconds:,.0f} digits a second.""",
        report.chart(
            {"training": (epochs, stats.training_losses), "test": (epochs, stats.test_losses)},
            "epoch", "average loss", "Average loss by epoch (logarithmic axis).", log=True,
        ),
        report.chart(
            {"training": (epochs, stats.training_errors), "test": (epochs, stats.test_errors)},
            "epoch", "mistaken digits",
            "Share of mistaken digits by epoch. Training digits are counted as they come, while the weights still"
            " change; test digits at the end of the epoch.",
            percent=True, log=min(stats.training_errors + stats.test_errors) > 0,
        ),
        f"""At the end the network mistakes {report.percent(learned, 2)} of the digits that it learned from, and
        {report.percent(tested, 2)} of those that it never saw. {what_carries_over(learned, tested)}""",
    )  # fmt: skip


def what_carries_over(learned: float, tested: float) -> str:
    """What the errors on training and test digits mean together."""
    if tested <= 2 * learned:
        return "What it learned carries over: it is not by heart that it knows them."
    if learned >= 0.01:
        return "What it learned carries over in part; but it does not know by heart the digits that it learned from."
    return """It has learned the former by heart, down to what is peculiar to each of them; this is called overfitting,
        and more digits would be the surest remedy."""


def the_test(run: Run, settings: Settings, data: Digits, mlp: MLP) -> None:
    outputs = mlp.forward(rows(data.x_test))
    n, error = len(outputs), mlp.get_error(data.y_test)
    run.measure("test error", error)
    mistakes, counts = surest_mistakes(outputs, data.y_test), confusion(outputs, data.y_test)
    shown = tiles(data.x_test, data.y_test, outputs, mistakes[:20])
    run.section(
        "Test",
        f"""**{report.percent(error, 2)} of the {n:,} test digits are mistaken**: {len(mistakes)} of them. Another {n:,}
        digits would move that figure by about {100 * standard_error(error, n):.1g} points (one standard error).""",
        report.Grid(shown, f"Mistakes, the surest first: {len(shown)} of {len(mistakes)}.", 60),
        report.Heatmap(counts, "0123456789", "Rows are what a digit is, columns what it was taken for."),
    )


def the_comparison(run: Run, settings: Settings, data: Digits) -> None:
    n, epochs = min(len(data.x), 4000), 10
    few = data.first(n, 0, len(data.x_test))
    results = {name: variant(settings, few, epochs, *kind) for name, kind in VARIANTS.items()}
    ranked = sorted(results, key=lambda name: results[name][0].training_losses[-1])
    slopes = f"""On its way back δ is multiplied by the activation's slope in every layer that it passes. That of the
        sigmoid is nowhere greater than 1/4, so that little arrives at the first layer:
        {results[SIGMOID][1] / results[RELU][1]:.2g} times what arrives there through ReLU. The slope of tanh is 1 at
        zero and falls off to both sides; that of ReLU is 1 or 0, and shrinks nothing that it lets through."""
    run.section(
        "What the activation and the momentum do",
        f"""The same network four times over, on {n:,} digits and for {epochs} epochs each, with equal initial weights,
        equal batches and equal learning rates.""",
        report.chart(
            {name: (range(1, epochs + 1), stats.training_losses) for name, (stats, _) in results.items()},
            "epoch", "average training loss", "Average training loss by epoch (logarithmic axis).", log=True,
        ),
        report.Table(
            ("Network", "Training loss at the end", "Test error", "First layer's gradient at the start"),
            [
                (name, f"{stats.training_losses[-1]:.4f}", report.percent(stats.test_errors[-1]), f"{size:.1e}")
                for name, (stats, size) in results.items()
            ],
            "The gradient is the root of its mean square, on the first 500 digits and before any step.",
        ),
        f"""Fastest here was {ranked[0]}, slowest {ranked[-1]}. {slopes if settings.hidden else ""}

        Momentum 0.9 lets gradients that agree add up to as much as ten times one of them. Without it the loss was
        {results[PLAIN][0].training_losses[-1]:.3g} after {epochs} epochs, with it
        {results[RELU][0].training_losses[-1]:.3g}.""",
    )  # fmt: skip


def the_file(run: Run, settings: Settings, data: Digits, mlp: MLP) -> None:
    path = run.folder / FILE
    mlp.save(path)
    again = network(settings, np.random.default_rng(settings.seed + 1))
    again.load(path)
    x = rows(data.x_test)
    run.measure("outputs changed by saving and loading", int(np.count_nonzero(again.forward(x) != mlp.forward(x))))
    run.save(on_the_tape(mlp), mean=data.mean, deviation=data.deviation)
    run.section(
        "The saved model",
        f"""The weights lie in `{FILE}`, {path.stat().st_size:,} bytes, in the run's folder. They were read back into a
        network with other random weights, and its outputs for all test digits are the same, to the last bit, in
        {report.percent(float(np.mean(again.output == mlp.output)), 0)} of the numbers.""",
        report.Table(
            ("Array", "Shape", "Numbers"),
            [(name, " × ".join(map(str, array.shape)), array.size) for name, array in mlp.state().items()],
            "The names are those that chainrule and PyTorch give the weights of an nn.Sequential of the same layers.",
        ),
        """`chainrule predict RUN digit.png` asks the network what it takes a picture for.""",
    )


# ------------------------------------------------------------------------------------------ small helpers

RELU, TANH, SIGMOID, PLAIN = "ReLU", "tanh", "sigmoid", "ReLU without momentum"
VARIANTS: dict[str, tuple[Activation, float]] = {
    RELU: ("relu", 0.9), TANH: ("tanh", 0.9), SIGMOID: ("sigmoid", 0.9), PLAIN: ("relu", 0.0),
}  # fmt: skip
SHOWN = {"relu": "max(x, 0)", "tanh": "tanh x", "sigmoid": "1 / (1 + e⁻ˣ)"}


def source(function: Callable[..., Any], caption: str) -> report.Verbatim:
    """The lines of a function, as they ran."""
    return report.Verbatim(textwrap.dedent(inspect.getsource(function)), caption, wrap=False)


def trained(run: Run, settings: Settings, data: Digits, mlp: MLP, rng: np.random.Generator) -> tuple[Stats, float]:
    """Train the network, tell of every epoch, and add up the seconds."""
    seconds = 0.0

    def tell(epoch: Epoch) -> None:
        nonlocal seconds
        seconds += epoch.seconds
        run.log("MLP", epoch)
        run.console.print(
            f"MLP   epoch {epoch.number:>2}/{settings.epochs}   loss {epoch.loss:.4f}"
            f"   test error {epoch.metrics['test error']:.2%}   {seconds:.1f} s", highlight=False,
        )  # fmt: skip

    return get_training_stats(mlp, *pairs(data), settings.epochs, settings.batch_size, rng, tell), seconds


def variant(settings: Settings, data: Digits, epochs: int, kind: Activation, momentum: float) -> tuple[Stats, float]:
    """A network with another activation and momentum: how its training went, and the first gradient's size."""
    rng = np.random.default_rng(settings.seed)
    mlp = network(replace(settings, activation=kind, momentum=momentum), rng)
    mlp.forward(rows(data.x[:500]))
    mlp.backward(data.y[:500])
    size = float(np.sqrt(np.mean(np.square(mlp.dW[0]))))
    return get_training_stats(mlp, *pairs(data), epochs, settings.batch_size, rng), size


LAB = Lab(
    title="A multilayer perceptron by hand",
    topic="multilayer perceptron",
    source="Deep Learning for Engineers",
    data="MNIST, 5,000 built in",
    time="5 s (full: 1 min)",
    lead="""A network of dense layers in plain NumPy: each layer's value and the way back, checked against finite
    differences, trained with momentum on handwritten digits, saved and read again.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": Settings(preset="full", hidden=(512, 256), batch_size=128, lr=0.05, epochs=8)},
    expected=expected,
    run=experiment,
    predict=recognize,
)
