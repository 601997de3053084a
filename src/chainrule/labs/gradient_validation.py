"""Gradients held against finite differences: how small a step is best, and why the error falls and rises again.

The exercise. Train a network with two hidden layers on MNIST's digits. Then take one digit and one layer, and of its
m weights the first p = min(10, m), θ₁ … θ_p. Approximate the gradient of the digit's loss L by finite differences,

    ∇ᴺᵢ = (L(θ₁, …, θᵢ + ε, …) − L(θ₁, …, θᵢ − ε, …)) / 2ε,     ε = 1/N

1. Compute the greatest error, max over i of |∇ᴺᵢ − ∂L/∂θᵢ|, for N ∈ {1, 5, 10, 50, …, 100,000, 500,000}, that is k·10ⁱ
   with k = 1 and 5 and i = 0 … 5. The gradient ∂L/∂θ is that of backpropagation.
2. Plot it by N, both axes logarithmic; in single precision (float32) and in double precision (float64).
3. Why does the error fall at first, how fast, and why does it rise again? Which ε is best, and what follows from that
   for the checking of gradients?

Without MNIST at hand, 3,500 built-in digits are learned from; `--preset full` takes 50,000 of MNIST's. The layer is
yours to choose: `--layer 1`, `2` or `3`.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, Run, TrainingSettings, equal_start
from chainrule.labs._digits import Digits, held_out
from chainrule.train import accuracy, predict

Array = npt.NDArray[Any]
SINGLE, DOUBLE = "float32", "float64"
STEPS = [k * 10**i for i in range(6) for k in (1, 5)]
COUNT = 10


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab gradient-validation."""

    epochs: int = 5
    """Passes over the training digits."""
    lr: float = 0.02
    """Learning rate."""
    hidden: tuple[int, int] = (128, 64)
    """Units of the two hidden layers."""
    layer: Literal[1, 2, 3] = 2
    """The layer whose first weights are looked at."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.hidden) < 1:
            raise ValueError(f"--hidden {' '.join(map(str, self.hidden))}: a layer has at least 1 unit")


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    return [
        Expectation("least error in float64", below=1e-8, form="{:.1e}"),
        Expectation("least error in float32", below=1e-3, form="{:.1e}"),
        Expectation("slope of the fall in float64, distance from −2", at_most=0.1, form="{:.3f}"),
        Expectation("error at N = 1 in least errors, float64", at_least=1000, form="{:,.0f}"),
        Expectation("error at N = 500,000 in least errors, float64", at_least=2, form="{:,.1f}"),
        Expectation("error at N = 500,000 in least errors, float32", at_least=10, form="{:,.1f}"),
        Expectation("best N in float64 in that of float32", at_least=10, form="{:,.0f}"),
    ]


# ------------------------------------------------------------------------------------------ network, training


def network(nn: Any, hidden: tuple[int, int]) -> Any:
    """Two hidden layers with tanh, which has no kinks."""
    first, second = hidden
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, first), nn.Tanh(), nn.Linear(first, second), nn.Tanh(), nn.Linear(second, 10)
    )


def training(data: Digits, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    model = equal_start(lambda nn: network(nn, settings.hidden), engine, settings.seed)
    optimizer = engine.optim.SGD(model.parameters(), lr=settings.lr, momentum=0.9)
    digits = TensorDataset(data.x, data.y)
    batches = DataLoader(digits, settings.batch_size, shuffle=True, seed=settings.seed, engine=engine)
    return model, engine.nn.CrossEntropyLoss(), optimizer, batches


# ------------------------------------------------------------------------------------------ gradients, differences


class Sample(NamedTuple):
    """One digit (1, 1, 28, 28), and what it is (1)."""

    x: Array
    y: Array


def undecided(outputs: Array, labels: Array) -> int:
    """The row whose label is given a probability nearest to ½."""
    e = np.exp(outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True))
    p = e[np.arange(len(labels)), labels] / e.sum(axis=1)
    return int(np.abs(p - 0.5).argmin())


class Probe:
    """The loss of one digit as a function of the first weights of a layer, in one precision."""

    def __init__(self, engine: Any, model: Any, sample: Sample, layer: int, precision: str) -> None:
        self.engine, self.precision = engine, precision
        self.model = copy.deepcopy(model)
        self.model.to(getattr(engine, precision))
        self.weight = [p for p in self.model.parameters() if p.ndim == 2][layer - 1]
        self.values = self.weight.detach().numpy().reshape(-1)  # the very numbers that the layer computes with
        self.count = min(COUNT, len(self.values))
        self.x = engine.from_numpy(sample.x.astype(precision))
        self.y = engine.from_numpy(sample.y)

    def loss(self) -> Any:
        """The cross-entropy of the digit."""
        return self.engine.nn.functional.cross_entropy(self.model(self.x), self.y)

    def gradient(self) -> Array:
        """∂L/∂θ by backpropagation: (count,)"""
        self.model.zero_grad()
        self.loss().backward()
        gradient: Array = self.weight.grad.numpy().reshape(-1)[: self.count].copy()
        return gradient

    def moved(self, i: int, by: float) -> float:
        """The loss where weight i is greater by so much."""
        before = self.values[i]
        self.values[i] += self.values.dtype.type(by)
        with self.engine.no_grad():
            loss = self.loss().item()
        self.values[i] = before
        return float(loss)

    def difference(self, n: int) -> Array:
        """The gradient by finite differences with ε = 1/N: (count,)"""
        return np.array([(self.moved(i, 1 / n) - self.moved(i, -1 / n)) * n / 2 for i in range(self.count)])

    def third_derivative(self, h: float = 0.01) -> float:
        """The greatest |∂³L/∂θᵢ³|, from gradients beside the weights."""
        here, found = self.gradient(), []
        for i in range(self.count):
            before, sides = self.values[i], []
            for by in (h, -h):
                self.values[i] = before + by
                sides.append(self.gradient()[i])
                self.values[i] = before
            found.append(abs(sides[0] - 2 * here[i] + sides[1]) / h**2)
        return float(max(found))


def errors(probe: Probe) -> list[float]:
    """The greatest error of the differences for each N in STEPS."""
    gradient = probe.gradient()
    return [float(np.abs(probe.difference(n) - gradient).max()) for n in STEPS]


def best_of(found: dict[str, list[float]]) -> dict[str, int]:
    """The N of the least error, by precision."""
    return {name: STEPS[int(np.argmin(values))] for name, values in found.items()}


def slope(values: Sequence[float], first: int = 10, last: int = 1000) -> float:
    """Of the straight line through log error by log N, for N from `first` to `last`."""
    kept = [(math.log(n), math.log(e)) for n, e in zip(STEPS, values, strict=True) if first <= n <= last and e > 0]
    x, y = np.array(kept).T
    return float(np.polyfit(x, y, 1)[0])


def experiment(settings: Settings, run: Run) -> None:
    """Train, choose a digit, compare its gradients with differences."""
    data, engine = held_out(settings.full, settings.data), run.engine
    parts = training(data, engine, settings)
    model = parts[0]

    def validate() -> dict[str, float]:
        return {"validation accuracy": accuracy(predict(engine, model, data.x_valid), data.y_valid)}

    history = run.fit("MLP", *parts, settings.epochs, validate=validate)
    outputs = predict(engine, model, data.x_valid)
    row = undecided(outputs, data.y_valid)
    sample = Sample(data.x_valid[row : row + 1], data.y_valid[row : row + 1])
    probes = {name: Probe(engine, model, sample, settings.layer, name) for name in (SINGLE, DOUBLE)}
    found = {name: errors(probe) for name, probe in probes.items()}
    the_digit(run, settings, data, sample, history[-1].metrics["validation accuracy"], probes[DOUBLE])
    if not all(error > 0 for values in found.values() for error in values):
        flat = f"the loss does not change with the weights of layer {settings.layer}, so there is nothing to compare"
        run.notes.append(f"{flat}: take a smaller learning rate than {settings.lr:g}")
        return
    the_differences(run, settings, probes, found)
    the_errors(run, found, probes)
    the_reasons(run, found, probes)


# ------------------------------------------------------------------------------------------ the report, in its order


def the_digit(run: Run, settings: Settings, data: Digits, sample: Sample, right: float, probe: Probe) -> None:
    loss, label = probe.loss().item(), int(sample.y[0])
    run.section(
        "The network and the digit",
        f"""A network with hidden layers of {settings.hidden[0]} and {settings.hidden[1]} units learned from
        {len(data.x):,} digits for {settings.epochs} epochs; it recognises {report.percent(right)} of
        {len(data.x_valid):,} others. Between its layers stands tanh, which is smooth everywhere. ReLU is not: a large ε
        can carry a unit over its kink, where differences and gradients rightly disagree.

        Of the digits that it did not learn from, the one was taken on which the network is most in two minds: it gives
        the right answer, {label}, a probability of {math.exp(-loss):.2f}. Of digits that it is sure of the loss is
        nearly 0 whatever happens to one weight, and so would be all that is compared here.""",
        report.Grid(
            [report.Tile(report.picture(sample.x[0, 0]), f"the digit {label}", f"a {label}")], "The digit.", 112
        ),
    )


def the_differences(run: Run, settings: Settings, probes: dict[str, Probe], found: dict[str, list[float]]) -> None:
    best = best_of(found)
    columns = [probes[DOUBLE].gradient(), *(probes[name].difference(best[name]) for name in (DOUBLE, SINGLE))]
    run.section(
        "Gradients and differences",
        f"""Backpropagation gives ∂L/∂θ for all weights at once, by the chain rule. Anyone can see how good that is,
        with nothing but the loss: make one weight a little greater, then a little smaller, and see how much the loss
        changes. These are the first {len(columns[0])} weights of layer {settings.layer}, with the N that turned out
        best: {best[DOUBLE]:,} in double precision, {best[SINGLE]:,} in single.""",
        report.formula(
            r"\nabla^N_i = \dfrac{L(\theta_i + \varepsilon) - L(\theta_i - \varepsilon)}{2 \varepsilon}"
            r"\qquad \varepsilon = \dfrac{1}{N}",
            "∇ᴺᵢ = (L(θᵢ + ε) − L(θᵢ − ε)) / 2ε,   ε = 1/N",
        ),
        report.Table(
            ("Weight", "∂L/∂θ", f"∇ᴺ, {DOUBLE}", f"∇ᴺ, {SINGLE}"),
            [
                (f"θ{i}".translate(BELOW), *(f"{value:.12f}" for value in row[:2]), f"{row[2]:.7f}")
                for i, row in enumerate(zip(*columns, strict=True), 1)
            ],
        ),
    )


def the_errors(run: Run, found: dict[str, list[float]], probes: dict[str, Probe]) -> None:
    least, best, falls = {name: min(values) for name, values in found.items()}, best_of(found), slope(found[DOUBLE])
    run.measure("least error in float64", least[DOUBLE])
    run.measure("least error in float32", least[SINGLE])
    run.measure("slope of the fall in float64, distance from −2", abs(falls + 2))
    run.measure("error at N = 1 in least errors, float64", found[DOUBLE][0] / least[DOUBLE])
    for name in (DOUBLE, SINGLE):
        run.measure(f"error at N = 500,000 in least errors, {name}", found[name][-1] / least[name])
    run.measure("best N in float64 in that of float32", best[DOUBLE] / best[SINGLE])
    run.section(
        "The error by N",
        f"""The greatest of the errors |∇ᴺᵢ − ∂L/∂θᵢ|, for ε from 1 down to two millionths. **Smaller is better only up
        to a point**: in double precision the error falls to {least[DOUBLE]:.1e} at N = {best[DOUBLE]:,}, in single
        precision to {least[SINGLE]:.1e} at N = {best[SINGLE]:,}, and then it rises.""",
        drawn(found, probes),
        report.Table(
            ("N", "ε", f"error, {SINGLE}", f"error, {DOUBLE}"),
            [
                (n, f"{1 / n:g}", f"{a:.2e}", f"{b:.2e}")
                for n, a, b in zip(STEPS, found[SINGLE], found[DOUBLE], strict=True)
            ],
        ),
    )


def the_reasons(run: Run, found: dict[str, list[float]], probes: dict[str, Probe]) -> None:
    loss, third, falls = probes[DOUBLE].loss().item(), probes[DOUBLE].third_derivative(), slope(found[DOUBLE])
    best = best_of(found)
    unseen, count = int(np.count_nonzero(probes[SINGLE].difference(STEPS[-1]) == 0)), probes[SINGLE].count
    foretold = {name: best_step(name, loss, third) for name in found}
    run.section(
        "Why it falls and rises again",
        """Two errors work against each other. **The curve is not its chord.** Taylor's theorem says what the difference
        leaves out; the terms with even powers of ε cancel, as both sides are looked at:""",
        report.formula(
            r"\nabla^N = L^{\prime} + \dfrac{\varepsilon^2}{6} L^{\prime\prime\prime} + \ldots",
            "∇ᴺ = L′ + ε²/6 · L‴ + …",
        ),
        f"""So ten times the N gives a hundredth of the error: a straight line with the slope −2 on logarithmic axes.
        From N = 10 to 1,000 the measured slope is −{-falls:.3f}. The greatest |L‴| of these weights is {third:.2g}, and
        the dashed line is ε²/6 times that.

        **Numbers have finitely many digits.** A loss L is rounded by up to u·L, with u = 2⁻²⁴ ≈ 6·10⁻⁸ in single
        precision and 2⁻⁵³ ≈ 10⁻¹⁶ in double, and by some more on the way to it. The two losses are nearly the same, so
        what is left of their difference is mostly that rounding; then it is divided by 2ε. This error grows with N: the
        slope +1 of the dotted lines, u·L/ε. It is no smooth curve, for rounding falls as it falls. At the last N, in
        single precision, {unseen} of {count} weights can be moved without any change of the loss.

        The sum of both is least where ε = ∛(3·u·L / |L‴|). With L = {loss:.2f} that means an N of about
        {1 / foretold[SINGLE]:,.0f} in single and {1 / foretold[DOUBLE]:,.0f} in double precision. Best of those tried
        were {best[SINGLE]:,} and {best[DOUBLE]:,}.""",
    )
    run.section(
        "What follows for checking gradients",
        f"""Check in double precision, with ε around 10⁻⁵ and differences to both sides:
        {min(found[DOUBLE]):.0e} is an error that no mistake in a formula can hide behind. In single precision
        {min(found[SINGLE]):.0e} is the best that can be had, not much less than some mistakes make; a gradient that
        looks wrong there may be right. And since errors have the size of the numbers that they belong to, compare
        relative errors, |∇ᴺ − ∂L/∂θ| / (|∇ᴺ| + |∂L/∂θ|). That is what `chainrule check` does.""",
    )


# ------------------------------------------------------------------------------------------ small helpers

BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def roundoff(name: str) -> float:
    """u: the greatest relative error of rounding to this precision."""
    return float(np.finfo(name).eps) / 2


def best_step(name: str, loss: float, third: float) -> float:
    """The ε at which ε²/6·|L‴| + u·L/ε is least."""
    return math.pow(3 * roundoff(name) * loss / max(third, 1e-30), 1 / 3)


def drawn(found: dict[str, list[float]], probes: dict[str, Probe]) -> report.Figure:
    """Errors by N on logarithmic axes, and the two errors that theory foretells."""
    loss, third, drawing = probes[DOUBLE].loss().item(), probes[DOUBLE].third_derivative(), report.Drawing(height=3.6)
    n = np.array(STEPS, float)
    with drawing as axes:
        for i, (name, values) in enumerate(found.items()):
            axes.loglog(n, values, label=name, linestyle="-")
            rising = roundoff(name) * loss * n
            axes.loglog(n, rising, color=f"C{i}", linestyle=":", marker="", linewidth=1.1)
        axes.loglog(n, third / 6 / n**2, color="C2", linestyle="--", marker="", linewidth=1.1, label="ε²/6 · |L‴|")
        axes.loglog([], [], color="C4", linestyle=":", marker="", linewidth=1.1, label="u·L / ε")
        axes.set(xlabel="N = 1/ε", ylabel="greatest error")
        lowest = min(min(values) for values in found.values())
        axes.set_ylim(lowest / 30, 10 * max(max(values) for values in found.values()))
        axes.figure.legend(loc="outside upper left", ncols=2, handlelength=3)
    told = "; ".join(f"{name}: " + ", ".join(f"{value:.1e}" for value in values) for name, values in found.items())
    caption = (
        "Greatest error by N. Dashed: what Taylor's theorem foretells; dotted: what rounding does, in either precision."
    )
    return report.Figure(drawing.svg(), f"Line chart on logarithmic axes, greatest error by N. {told}.", caption)


LAB = Lab(
    title="Gradients held against finite differences",
    topic="multilayer perceptron",
    source="IFT6135 Representation Learning",
    data="MNIST, 5,000 built in",
    time="3 s (full: 30 s)",
    lead="""How well do finite differences agree with backpropagation? Better and better as the step shrinks, and then
    worse and worse: two errors, one of mathematics and one of the machine.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": Settings(preset="full", hidden=(512, 256), batch_size=64, epochs=3)},
    expected=expected,
    run=experiment,
)
