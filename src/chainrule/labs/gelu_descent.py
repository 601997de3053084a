"""Gradient descent on one curve: GELU beside ReLU and ELU, and the way down to its minimum.

The exercise. The activation function GELU(x) = x·Φ(x), with Φ the normal distribution, is nearly

    f(x) = x·σ(1.702·x),     σ(z) = 1 / (1 + e⁻ᶻ)

1. Plot ReLU, ELU (α = 1) and f, and their derivatives. In what do they differ?
2. Take the first three steps of gradient descent on f from x₀ = 0 with the learning rate η = 0.1, and with η = 1: x₁,
   x₂, x₃ and f there, with six decimals. Draw both paths on the curve, and explain the difference.
3. The same from x₀ = −3 without momentum, and with it: v₀ = f'(x₀), then in every step v ← β·v + (1 − β)·f'(x) and
   x ← x − η·v with β = 0.9. Both learning rates again. Explain the difference.
4. Where is the true minimum? How near did the paths come to it, and what decides how fast they do?

At its end the page shows a path of your choice: `--x0`, `--eta`, `--beta`, `--steps`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import chainrule as cr
from chainrule import report
from chainrule.labs import Expectation, Lab, LabSettings, Run
from chainrule.labs._descent_figures import on_the_curve
from chainrule.labs._numbers import decimals, slope
from chainrule.nn import functional as F

Array = npt.NDArray[np.float64]
K, BETA = 1.702, 0.9
NEAR = 0.001
LONG = 300


@dataclass(frozen=True, kw_only=True)
class Settings(LabSettings):
    """Settings of the lab gelu-descent."""

    x0: float = -10.0
    """Where the path of your choice begins."""
    eta: float = 1.0
    """Its learning rate."""
    beta: float = 0.0
    """Its momentum: 0 is none."""
    steps: int = 100
    """Its steps."""

    def __post_init__(self) -> None:
        if not abs(self.x0) <= 1e6:
            raise ValueError(f"--x0 {self.x0}: it must lie between -1e6 and 1e6")
        if not 0 < self.eta <= 1e6:
            raise ValueError(f"--eta {self.eta}: it must be greater than 0, and at most 1e6")
        if not 0 <= self.beta < 1:
            raise ValueError(f"--beta {self.beta}: it must be at least 0 and less than 1")
        if not 1 <= self.steps <= 10_000:
            raise ValueError(f"--steps {self.steps}: it must be from 1 to 10000")


@dataclass(frozen=True)
class Path:
    """A descent: where it begins, its learning rate, its momentum, and where it must be after three steps."""

    x0: float
    eta: float
    beta: float
    x3: float
    """Known: computed with 40 decimal digits."""

    @property
    def name(self) -> str:
        start, momentum = f"{self.x0:g}".replace("-", "−"), ", momentum" if self.beta else ""
        return f"from {start}, η = {self.eta:g}{momentum}"


PATHS = (
    Path(0, 0.1, 0, -0.137638),
    Path(0, 1, 0, -0.676497),
    Path(-3, 0.1, 0, -2.992613),
    Path(-3, 0.1, BETA, -2.992633),
    Path(-3, 1, 0, -2.923993),
    Path(-3, 1, BETA, -2.926052),
)


def expected(settings: Settings) -> list[Expectation]:
    """What must come out, to six decimals."""
    return [
        *(Expectation(f"x₃ {path.name}", equals=path.x3, form="{:.6f}") for path in PATHS),
        Expectation("x of the minimum", equals=-0.751154, form="{:.6f}"),
        Expectation("f at the minimum", equals=-0.163610, form="{:.6f}"),
        Expectation("greatest error of a derivative", below=1e-9, form="{:.1e}"),
    ]


# ------------------------------------------------------------------------------------------ the functions

Function = Callable[[Any], Any]
CURVES: Mapping[str, Function] = {"ReLU": F.relu, "ELU": F.elu, "x·σ(1.702x)": lambda x: F.gelu(x, "sigmoid")}
DERIVATIVES: Mapping[str, Callable[[Array], Array]] = {
    "ReLU": lambda x: np.where(x > 0, 1.0, 0.0),
    "ELU": lambda x: np.where(x > 0, 1.0, np.exp(x)),
    "x·σ(1.702x)": lambda x: sigmoid(K * x) * (1 + K * x * (1 - sigmoid(K * x))),
}
GELU = "x·σ(1.702x)"


def sigmoid(z: Array) -> Array:
    return np.asarray((1 + np.tanh(z / 2)) / 2)


def values(function: Function, x: Array) -> Array:
    """Of one of chainrule's operators."""
    return np.asarray(function(cr.from_numpy(x)).numpy())


def slopes(function: Function, x: Array) -> Array:
    """Its derivative, from the tape."""
    leaf = cr.tensor(x, requires_grad=True)
    return np.asarray(cr.grad(function(leaf).sum(), leaf)[0].numpy())  # type: ignore[union-attr]


def derivative_error(name: str, x: Array) -> float:
    """How far a derivative's formula is from the tape, or from finite differences, at most."""

    def moved(h: float) -> Array:
        return values(CURVES[name], x + h)

    by_formula = DERIVATIVES[name](x)
    return max(float(np.abs(by_formula - other).max()) for other in (slopes(CURVES[name], x), slope(moved)))


def f(x: float) -> float:
    return float(values(CURVES[GELU], np.array(float(x))))


def df(x: float) -> float:
    return float(slopes(CURVES[GELU], np.array(float(x))))


# ------------------------------------------------------------------------------------------ the way down


def descend(x: float, eta: float, beta: float, steps: int) -> list[float]:
    """x₀, x₁, … : v is the running mean of the slopes, which is the slope itself where beta is 0."""
    path, v = [x], df(x)
    for _ in range(steps):
        v = beta * v + (1 - beta) * df(x)
        x = x - eta * v
        path.append(x)
    return path


def minimum(low: float = -2.0, high: float = 0.0) -> float:
    """Where f' is 0: f falls at `low` and rises at `high`, and the interval is halved until nothing lies between."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if df(middle) < 0 else (low, middle)
    return middle


def arrival(path: Sequence[float], goal: float) -> int | None:
    """The step from which on the path stays within `NEAR` of the goal; None if it ends before that."""
    away = [k for k, x in enumerate(path) if abs(x - goal) >= NEAR]
    first = away[-1] + 1 if away else 0
    return first if first < len(path) else None


def experiment(settings: Settings, run: Run) -> None:
    """The curves, the paths, the minimum."""
    goal = minimum()
    paths = {path: descend(path.x0, path.eta, path.beta, LONG) for path in PATHS}
    for path, xs in paths.items():
        run.measure(f"x₃ {path.name}", round(xs[3], 6))
    run.measure("x of the minimum", round(goal, 6))
    run.measure("f at the minimum", round(f(goal), 6))
    three_functions(run)
    from_zero(run, paths, goal)
    from_minus_three(run, paths, goal)
    the_minimum(run, paths, goal)
    your_path(run, settings, goal)


# ------------------------------------------------------------------------------------------ the report, in its order


def three_functions(run: Run) -> None:
    x = np.linspace(-4, 4, 400)  # without 0, where ReLU has a kink
    errors = {name: derivative_error(name, x) for name in CURVES}
    run.measure("greatest error of a derivative", max(errors.values()))
    exact = values(F.gelu, x)
    off = np.abs(exact - values(CURVES[GELU], x))
    formulas = {
        "ReLU": ("max(x, 0)", "1 for x > 0, 0 for x < 0"),
        "ELU": ("x for x > 0, eˣ − 1 for x ≤ 0", "1 for x > 0, eˣ for x ≤ 0"),
        GELU: ("x·s with s = σ(1.702x)", "s + 1.702x·s·(1 − s)"),
    }
    run.section(
        "Three activation functions",
        """An activation function bends what a layer computes; without one, many layers could do no more than one.""",
        report.chart({name: (x, values(g, x)) for name, g in CURVES.items()}, "x", "f(x)", "The three functions."),
        report.chart({name: (x, slopes(g, x)) for name, g in CURVES.items()}, "x", "f'(x)", "Their derivatives."),
        report.Table(
            ("Function", "f(x)", "f'(x)", "Error"),
            [(name, *formulas[name], f"{errors[name]:.1e}") for name in CURVES],
            "Error: how far the formula of the derivative is from the tape's, or from finite differences, at most.",
        ),
        f"""**ReLU** is two straight lines. Where x < 0 its slope is 0: a unit there gets no gradient and learns nothing
        until its input changes. At 0 it has a kink, and no derivative.

        **ELU** replaces the left line by an exponential that sinks to −1. It has no kink at 0 (both slopes are
        1), never falls, and its slope to the left is small but never 0.

        **GELU** weighs x by the probability that a normally distributed number is smaller than x: large inputs pass,
        small ones are held back, and there is no kink. It alone is *not monotone*: coming from the left it sinks a
        little below 0, has a minimum, and rises; in between its slope is negative. That slope also exceeds 1 at some
        places: its greatest value here is {slopes(CURVES[GELU], x).max():.3f}. The logistic function stands in for the
        normal distribution because it is cheap: x·σ(1.702x) is nowhere farther than {off.max():.3f} from x·Φ(x), at
        x ≈ {abs(x[off.argmax()]):.1f} and its opposite.""".replace("-", "−"),
    )


def from_zero(run: Run, paths: Mapping[Path, list[float]], goal: float) -> None:
    slow, fast = (path for path in PATHS if path.x0 == 0)
    done = {path: xs[3] / goal for path, xs in paths.items()}
    run.section(
        "From x₀ = 0, with η = 0.1 and η = 1",
        """Gradient descent goes against the slope, by a step that is proportional to it: x ← x − η·f'(x). At 0,
        σ(0) = 1/2, so f'(0) = 1/2 exactly, and the first step is η/2 to the left.""",
        steps_table({"η = 0.1": paths[slow], "η = 1": paths[fast]}, goal),
        on_the_curve(f, {"η = 0.1": paths[slow], "η = 1": paths[fast]}, goal, (-1.05, 0.1)),
        f"""The slope at the start is the same for both; only the length of the step differs. With η = 0.1 three steps
        cover {report.percent(done[slow])} of the way to the minimum, and with η = 1 they cover
        {report.percent(done[fast])}. Both make
        shorter and shorter steps, though η stays as it is, because the curve becomes flat towards its minimum. A
        small η is not *wrong*, only slow. A large one saves steps as long as it does not jump over the minimum and
        beyond; where that limit lies is answered below.""",
    )


def from_minus_three(run: Run, paths: Mapping[Path, list[float]], goal: float) -> None:
    slow_plain, slow_heavy, plain, heavy = (xs for path, xs in paths.items() if path.x0 == -3)
    beyond = max(heavy) - goal
    run.section(
        "From x₀ = −3, without and with momentum",
        f"""Here the curve is almost flat: f'(−3) = {df(-3):.6f}, a twentieth of the slope at 0. It has the other
        sign, so the way leads to the right.""".replace("-", "−"),
        steps_table({"no momentum": plain, "momentum": heavy}, goal, "With η = 1."),
        steps_table({"no momentum": slow_plain, "momentum": slow_heavy}, goal, "With η = 0.1."),
        on_the_curve(f, {"no momentum, η = 1": plain, "momentum, η = 1": heavy}, goal, (-3.2, 0.1)),
        f"""**The first steps.** x₁ is the same with and without momentum: as v₀ = f'(x₀), the first v is
        0.9·f'(x₀) + 0.1·f'(x₀) = f'(x₀). From then on momentum is *behind*, {abs(plain[3] - heavy[3]):.6f} after three
        steps with η = 1. For v is a running mean of the slopes so far, and as the curve grows steeper towards the
        hollow, the slopes so far are smaller than the slope here. Momentum remembers that it was flat.

        **Later.** The same memory carries it on where the curve is flat again, at the minimum. It went {beyond:.3f}
        beyond, had to come back, and swung to and fro with ever smaller swings. So here, on one smooth curve, momentum
        does not pay: the plain path is within {NEAR:g} of the minimum for good after
        {told(arrival(plain, goal))} steps, the one with momentum after {told(arrival(heavy, goal))}.""",
        by_step({"no momentum": plain, "momentum": heavy}, goal),
        """**What it is for.** Because the weights β and 1 − β add up to 1, v is never greater than the greatest slope:
        this momentum does not lengthen the steps, it smooths them. That helps where the slope changes its sign from
        step to step, across a narrow valley or from one noisy batch to the next: those parts cancel in the mean, and
        what all steps have in common remains. And it allows a much greater η, as the next section shows. (In the other
        common form, v ← β·v + f'(x), nothing is weighed down: for β = 0.9 it is this one with ten times the η.)""",
    )


def the_minimum(run: Run, paths: Mapping[Path, list[float]], goal: float) -> None:
    bend = K * float(sigmoid(np.array(K * goal)))
    limit, limit_heavy = 2 / bend, 2 * (1 + BETA) / (1 - BETA) / bend
    rows = [
        (path.name, *(decimals(value) for value in (xs[3], f(xs[3]), xs[3] - goal)), told(arrival(xs, goal)))
        for path, xs in paths.items()
    ]
    exact = np.linspace(-0.8, -0.7, 100_001)
    lowest = values(F.gelu, exact)
    run.section(
        "The true minimum",
        """There f' is 0. With u = 1.702x and s = σ(u) this says s·(1 + u·(1 − s)) = 0, and since s is never 0 and
        1 − s = 1/(1 + eᵘ),""",
        report.formula(
            r"e^u + u + 1 = 0, \qquad f = \dfrac{u\,\sigma(u)}{1.702} = \dfrac{u + 1}{1.702}",
            "eᵘ + u + 1 = 0, f = u·σ(u)/1.702 = (u + 1)/1.702",
        ),
        f"""The equation has one solution, for its left side grows with u; no formula of roots and powers gives it, but
        halving an interval again and again does, to the last digit: u = {K * goal:.6f}, so
        **x = {goal:.6f}, f(x) = {f(goal):.6f}**. (The exact GELU, x·Φ(x), has its minimum
        at x = {exact[lowest.argmin()]:.4f}, where it is {lowest.min():.4f}.)""".replace("-", "−"),
        report.Table(
            ("Path", "x₃", "f(x₃)", "x₃ − minimum", f"Steps to within {NEAR:g}"),
            rows,
            f"Each path was followed for {LONG} steps.",
        ),
        f"""**What decides the speed.** Near the minimum f' is nearly f''·(x − minimum), a straight line, with
        f'' = 1.702·σ(u) = {bend:.4f} there. Each step multiplies the distance by 1 − η·f'': by
        {1 - 0.1 * bend:.3f} with η = 0.1, by {1 - bend:.3f} with η = 1. Every further decimal digit then takes
        {per_digit(1 - 0.1 * bend):.0f} steps, or {per_digit(1 - bend):.0f}. At η = 1/f'' = {1 / bend:.2f} the factor
        would be 0, and above η = 2/f'' = {limit:.2f} it is less than −1: steps jump over the minimum and land farther
        away than they began. With momentum β = 0.9 the same reckoning gives the limit 2·(1 + β)/((1 − β)·f'') =
        {limit_heavy:.0f}: there is room for a much greater η. But a path that swings comes nearer by the factor
        √β = {math.sqrt(BETA):.3f} a step, and no faster, whatever η is.""",
        report.Table(
            ("η", *(f"from {x0}, {name}" for x0 in ("−3", "0") for name in ("no momentum", "momentum"))),
            [(eta, *tried(eta, goal)) for eta in (0.1, 0.3, 1, 2.7, 5, 5.5, 10, 30)],
            f"Tried: the steps until a path is within {NEAR:g} of the minimum for good, of {LONG} at most.",
        ),
        """**What the start decides.** From −3 the table bears the limits out. From 0 it shows a danger: there
        v₀ = f'(0) = 1/2 is far greater than any slope that follows, and momentum keeps some of it for many steps. With
        a large η it carries the path over the hollow and out onto the plain to the left. There f' is close to 0, and
        the path creeps, whatever the curve does elsewhere. In a network this is a unit that hardly learns; one of the
        reasons why inputs and weights are scaled so that most units begin near 0.""",
    )


def tried(eta: float, goal: float) -> list[str]:
    """The steps until paths arrive: from −3 and from 0, without and with momentum."""
    return [told(arrival(descend(x0, eta, beta, LONG), goal)) for x0 in (-3, 0) for beta in (0, BETA)]


def your_path(run: Run, settings: Settings, goal: float) -> None:
    xs = descend(settings.x0, settings.eta, settings.beta, settings.steps)
    momentum = f", β = {settings.beta:g}" if settings.beta else ""
    first = [0, 1, 2, 3, len(xs) - 1] if len(xs) > 4 else range(len(xs))
    there = arrival(xs, goal)
    ended = f"It came within {NEAR:g} of the minimum after {there} steps." if there is not None else (
        f"After {len(xs) - 1} steps it was still {abs(xs[-1] - goal):.4g} away from the minimum."
    )  # fmt: skip
    start = f"x₀ = {settings.x0:g}, η = {settings.eta:g}{momentum}"
    run.section(
        "A path of your choice",
        f"From {start}, as `--x0`, `--eta`, `--beta` and `--steps` say. {ended}".replace("= -", "= −"),
        report.Table(
            ("Step", "x", "f(x)", "f'(x)"),
            [(k, *(f"{v:.7g}".replace("-", "−") for v in (xs[k], f(xs[k]), df(xs[k])))) for k in first],
        ),
        by_step({start: xs}, goal),
    )


# ------------------------------------------------------------------------------------------ tables and figures


def told(steps: int | None) -> str:
    return f"> {LONG}" if steps is None else str(steps)


def per_digit(factor: float) -> float:
    """Steps until a distance that shrinks by this factor a step is a tenth of what it was."""
    return math.log(0.1) / math.log(factor)


def steps_table(paths: Mapping[str, Sequence[float]], goal: float, caption: str = "") -> report.Table:
    """x₀ to x₃ of two paths and f there, and the true minimum."""
    rows = [
        (f"x{'₀₁₂₃'[k]}", *(text for xs in paths.values() for text in (decimals(xs[k]), decimals(f(xs[k])))))
        for k in range(4)
    ]
    head = ("", *(text for name in paths for text in (name, "f")))
    return report.Table(head, rows, caption, total=("minimum", *(decimals(goal), decimals(f(goal))) * len(paths)))


def by_step(paths: Mapping[str, Sequence[float]], goal: float) -> report.Figure:
    """x after every step."""
    series = {name: (range(len(xs)), xs) for name, xs in paths.items()}
    end = max(map(len, paths.values())) - 1
    return report.chart(series | {"minimum": ([0, end], [goal, goal])}, "step", "x", "x after every step.")


LAB = Lab(
    title="Gradient descent on GELU",
    topic="theory",
    source="Deep Learning for Engineers",
    data="none",
    time="1 s",
    lead="""Three activation functions and their derivatives; then one of them as a landscape: gradient descent with a
    small and a large learning rate, without and with momentum, step by step to the minimum.""",
    exercise=__doc__,
    settings=Settings,
    expected=expected,
    run=experiment,
)
