"""Back-propagation by hand: every gradient of a network of two layers, line by line.

The exercise: a sample x, a row of D numbers, passes through two layers, and the loss is the cross-entropy with the
one-hot row y of its true class:

    f₁ = x·W₁ + b₁      a = σ(f₁)      f₂ = a·W₂ + b₂      o = softmax(f₂)      L = −Σ y·ln o

Derive the gradients of L with respect to f₂ (show that it is o − y), W₂, b₂, f₁, W₁, b₁ and x, one line each, from the
last to the first. Compute every line on numbers, in float64, and hold it against automatic differentiation and against
finite differences: the greatest difference must be below 1e-9. Then say what changes for N samples at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

import chainrule as cr
from chainrule import report
from chainrule.labs import Expectation, Lab, LabSettings, Run
from chainrule.labs._numbers import decimals, slope

Array = npt.NDArray[np.float64]
Values = Mapping[str, Array]
PARAMETERS = ("W₁", "b₁", "W₂", "b₂")
LINES = ("f₂", "W₂", "b₂", "f₁", "W₁", "b₁", "x")
BATCH = "every line, for a batch at once"


@dataclass(frozen=True, kw_only=True)
class Settings(LabSettings):
    """Settings of the lab two-layer-backprop."""

    inputs: int = 3
    """D, the numbers of a sample."""
    hidden: int = 2
    """H, the units of the hidden layer."""
    classes: int = 3
    """C, the classes."""
    batch: int = 20
    """Samples of the batch at the end."""
    seed: int = 417
    """Decides the numbers."""

    def __post_init__(self) -> None:
        bounds = {"inputs": (1, 12), "hidden": (1, 12), "classes": (2, 12), "batch": (1, 100), "seed": (0, 2**32)}
        for name, (least, most) in bounds.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"--{name} {getattr(self, name)}: it must lie between {least} and {most}")


def expected(settings: Settings) -> list[Expectation]:
    """What must come out: every line is right, whatever it is held against."""
    names = [difference(name) for name in LINES] + [difference(BATCH)]
    return [Expectation(name, below=1e-9, form="{:.1e}") for name in names]


def difference(line: str) -> str:
    """What is measured of a line: how far it is from the tape or from finite differences, whichever is more."""
    return f"greatest error of {line if line == BATCH else f'∂L/∂{line}'}"


# ------------------------------------------------------------------------------------------ the network, by hand


def draw(settings: Settings, n: int) -> dict[str, Array]:
    """Samples, their one-hot classes, and parameters: one decimal each, so that they can be worked through on paper."""
    rng, (d, h, c) = np.random.default_rng(settings.seed), (settings.inputs, settings.hidden, settings.classes)
    shapes = {"W₁": (d, h), "b₁": (h,), "W₂": (h, c), "b₂": (c,), "x": (n, d)}
    values = {name: rng.standard_normal(shape).round(1) + 0.0 for name, shape in shapes.items()}  # no -0
    return values | {"y": np.eye(c)[rng.integers(c, size=n)]}


def sigmoid(z: Array) -> Array:
    """1 / (1 + e⁻ᶻ), which is (1 + tanh(z/2)) / 2, and does not overflow as that."""
    return np.asarray((1 + np.tanh(z / 2)) / 2)


def log_softmax(z: Array) -> Array:
    """ln softmax(z) = z − ln Σ eᶻ, row by row; the greatest number is taken out first, so that nothing overflows."""
    z = z - z.max(axis=1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def forward(v: Values) -> dict[str, Array]:
    """All values on the way to the loss, which is the sum over the samples. An f₁ or f₂ that is in v already stays."""
    f1 = v.get("f₁", v["x"] @ v["W₁"] + v["b₁"])  # (N, D) @ (D, H) -> (N, H)
    a = sigmoid(f1)
    f2 = v.get("f₂", a @ v["W₂"] + v["b₂"])  # (N, H) @ (H, C) -> (N, C)
    ln_o = log_softmax(f2)
    loss = np.asarray(-np.sum(v["y"] * ln_o))
    return {**v, "f₁": f1, "a": a, "f₂": f2, "o": np.exp(ln_o), "L": loss}


def backward(v: Values) -> dict[str, Array]:
    """The gradient of the loss with respect to each of `LINES`, and to a, from the last to the first."""
    df2 = v["o"] - v["y"]  # (N, C)
    dw2 = v["a"].T @ df2  # (H, N) @ (N, C) -> (H, C)
    db2 = df2.sum(axis=0)  # (N, C) -> (C)
    da = df2 @ v["W₂"].T  # (N, C) @ (C, H) -> (N, H)
    df1 = da * v["a"] * (1 - v["a"])  # (N, H)
    dw1 = v["x"].T @ df1  # (D, N) @ (N, H) -> (D, H)
    db1 = df1.sum(axis=0)  # (N, H) -> (H)
    dx = df1 @ v["W₁"].T  # (N, H) @ (H, D) -> (N, D)
    return {"f₂": df2, "W₂": dw2, "b₂": db2, "a": da, "f₁": df1, "W₁": dw1, "b₁": db1, "x": dx}


# ------------------------------------------------------------------------------------------ what it is held against


def by_the_tape(v: Values) -> dict[str, Array]:
    """The same gradients, by automatic differentiation of chainrule's own operators."""
    leaves = {name: cr.tensor(v[name], requires_grad=True) for name in ("x", "W₁", "b₁", "W₂", "b₂")}
    f1 = leaves["x"] @ leaves["W₁"] + leaves["b₁"]
    f2 = f1.sigmoid() @ leaves["W₂"] + leaves["b₂"]
    loss = cr.nn.functional.cross_entropy(f2, cr.from_numpy(v["y"].argmax(axis=1)), reduction="sum")
    wanted = leaves | {"f₁": f1, "f₂": f2}
    found = cr.grad(loss, [wanted[name] for name in LINES])
    return {name: g.numpy() for name, g in zip(LINES, found, strict=True) if g is not None}


def by_differences(v: Values, name: str) -> Array:
    """The gradient with respect to one of the values, by moving each of its numbers a little to both sides."""
    start = forward(v)
    fixed = {key: start[key] for key in ("x", "y", *PARAMETERS)}

    def loss(place: tuple[int, ...], by: float) -> Array:
        moved = start[name].copy()
        moved[place] += by
        return forward({**fixed, name: moved})["L"]

    slopes = [slope(partial(loss, place)) for place in np.ndindex(start[name].shape)]
    return np.reshape(slopes, start[name].shape)


class Check(NamedTuple):
    """One line of the derivation beside the two judges: the greatest absolute differences."""

    tape: float
    numeric: float


def check(v: Values, gradients: Values) -> dict[str, Check]:
    """Hold every line against the tape and against finite differences."""
    tape = by_the_tape(v)

    def error(name: str, other: Array) -> float:
        return float(np.abs(gradients[name] - other).max())

    return {name: Check(error(name, tape[name]), error(name, by_differences(v, name))) for name in LINES}


# ------------------------------------------------------------------------------------------ the report, in its order


def experiment(settings: Settings, run: Run) -> None:
    """One sample forward and backward, the check, a batch."""
    v = forward(draw(settings, 1))
    gradients = backward(v)
    checks = check(v, gradients)
    for name, found in checks.items():
        run.measure(difference(name), max(found))
    the_way_forward(run, v)
    the_last_layer(run, v, gradients, checks)
    the_first_layer(run, v, gradients, checks)
    all_lines(run, gradients, checks)
    a_batch(run, settings)


def the_way_forward(run: Run, v: Values) -> None:
    (d, h), c = v["W₁"].shape, v["W₂"].shape[1]
    true = int(v["y"].argmax())
    run.section(
        "The way forward",
        f"""The network has {d} inputs, {h} hidden units and {c} classes: {sum(v[p].size for p in PARAMETERS)}
        parameters. A sample is a *row*, so that it is multiplied by matrices from the right; σ(z) = 1 / (1 + e⁻ᶻ) is
        taken of every number by itself, and softmax turns the row f₂ of any numbers into a row o of probabilities.""",
        report.formula(
            r"f_1 = x W_1 + b_1 \qquad a = \sigma(f_1) \qquad f_2 = a W_2 + b_2",
            "f₁ = x·W₁ + b₁, a = σ(f₁), f₂ = a·W₂ + b₂",
        ),
        report.formula(
            r"o_k = \dfrac{e^{f_{2,k}}}{\sum_j e^{f_{2,j}}} \qquad L = -\sum_k y_k \,\ln o_k",
            "o_k = e^f₂k / Σ_j e^f₂j, L = −Σ_k y_k ln o_k",
        ),
        the_way(),
        matrix("W₁", v["W₁"], "input", "hidden"),
        matrix("W₂", v["W₂"], "hidden", "class"),
        """These weights are drawn at random, with one decimal, so that every step can be followed on paper. So are the
        sample and the biases; from them come the values of both layers:""",
        table_of_rows({name: v[name] for name in ("x",)}, "input"),
        table_of_rows({name: v[name] for name in ("b₁", "f₁", "a")}, "hidden"),
        table_of_rows({name: v[name] for name in ("b₂", "f₂", "o", "y")}, "class"),
        f"""The sample's true class is {true + 1}, so y has a 1 there and 0 elsewhere. Of the sum in L only one term is
        left: L = −ln o of that class = −ln {v["o"][0, true]:.6f} = {v["L"]:.6f}.""",
    )


DF1, DF2 = r"\dfrac{\partial L}{\partial f_1}", r"\dfrac{\partial L}{\partial f_2}"
TEX_F1 = rf"\left({DF2}\, W_2^\mathrm{{T}}\right) \odot a \odot (1 - a)"


def the_last_layer(run: Run, v: Values, g: Values, checks: Mapping[str, Check]) -> None:
    run.section(
        "Back through the last layer",
        """The chain rule is applied from the end: each line uses the one above it and nothing else that is new. The
        gradient with respect to a value always has the shape of that value.

        **f₂.** Put softmax into the loss, and remember that ln of a quotient is a difference, and that the y of a
        sample add up to 1 (fₖ is short for f₂ₖ):""",
        report.formula(
            r"L = -\sum_k y_k \,\ln \dfrac{e^{f_k}}{\sum_j e^{f_j}} = -\sum_k y_k f_k + \ln \sum_j e^{f_j}",
            "L = −Σ_k y_k ln(e^f_k / Σ_j e^f_j) = −Σ_k y_k f_k + ln Σ_j e^f_j",
        ),
        report.formula(
            r"\dfrac{\partial L}{\partial f_i} = -y_i + \dfrac{e^{f_i}}{\sum_j e^{f_j}} = o_i - y_i",
            "∂L/∂f_i = −y_i + e^f_i / Σ_j e^f_j = o_i − y_i",
        ),
        """So the error that goes back is simply what the network said less what it should have said: negative at the
        true class, whose score ought to rise, positive at all others in proportion to the probability that was wasted
        on them. The exponentials of the softmax and the logarithm of the loss have undone each other, which is why the
        two are always used together: however wrong the network is, the error does not fade.""",
        *line("f₂", g, checks, "o - y", "o − y", "class"),
        """Its numbers add up to 0, because o and y both add up to 1: adding the same number to all scores changes no
        probability.

        **W₂.** The score of class k is f₂ₖ = Σ aᵢ W₂ᵢₖ + b₂ₖ. The weight W₂ᵢₖ moves this score alone, and by aᵢ, so
        ∂L/∂W₂ᵢₖ = aᵢ · ∂L/∂f₂ₖ. All of them at once are a column times a row:""",
        *line("W₂", g, checks, rf"a^\mathrm{{T}}\, {DF2}", "aᵀ · ∂L/∂f₂", "class", "hidden"),
        """A weight is changed much where its input was large *and* its output was wrong.

        **b₂.** The bias b₂ₖ moves the score of class k, and by 1:""",
        *line("b₂", g, checks, DF2, "∂L/∂f₂", "class"),
    )


def the_first_layer(run: Run, v: Values, g: Values, checks: Mapping[str, Check]) -> None:
    slope = v["a"] * (1 - v["a"])
    run.section(
        "Back through the first layer",
        """**f₁.** A hidden unit aᵢ moves *all* scores, each by its weight; what comes back to it is the sum over the
        classes, Σ ∂L/∂f₂ₖ · W₂ᵢₖ, which is the row ∂L/∂f₂ times W₂ᵀ. The same weights that carried the activation
        forward carry the error back. Then comes the sigmoid, each unit by itself. Its slope follows from its value:""",
        report.formula(
            r"\sigma'(z) = \dfrac{e^{-z}}{(1 + e^{-z})^2} = \sigma(z)\,(1 - \sigma(z)) = a\,(1 - a)",
            "σ'(z) = e⁻ᶻ / (1 + e⁻ᶻ)² = σ(z)·(1 − σ(z)) = a·(1 − a)",
        ),
        *line("f₁", g, checks, TEX_F1, "(∂L/∂f₂ · W₂ᵀ) ⊙ a ⊙ (1 − a)", "hidden"),
        f"""⊙ multiplies number by number. The slopes a·(1 − a) are {", ".join(f"{s:.3f}" for s in slope[0])} here; they
        never exceed 1/4. Through this one layer the length of the error shrank from
        {np.linalg.norm(g["a"]):.4f} to {np.linalg.norm(g["f₁"]):.4f}. With many such layers little would be left: that
        is the vanishing gradient, and one reason why deep networks prefer ReLU.

        **W₁, b₁, x.** The first layer computes f₁ from x exactly as the second computes f₂ from a. So the lines are
        those of W₂ and b₂ with other letters, and x gets what a got:""",
        *line("W₁", g, checks, rf"x^\mathrm{{T}}\, {DF1}", "xᵀ · ∂L/∂f₁", "hidden", "input"),
        *line("b₁", g, checks, DF1, "∂L/∂f₁", "hidden"),
        *line("x", g, checks, rf"{DF1}\, W_1^\mathrm{{T}}", "∂L/∂f₁ · W₁ᵀ", "input"),
        """Nobody trains x. But if x were the output of a layer further down, this is what that layer would be handed:
        a layer needs to know nothing of the rest of the network but the gradient with respect to its output.""",
    )


def all_lines(run: Run, g: Values, checks: Mapping[str, Check]) -> None:
    code = {
        "f₂": "o - y", "W₂": "a.T @ df2", "b₂": "df2.sum(0)", "f₁": "df2 @ W2.T * a * (1 - a)",
        "W₁": "x.T @ df1", "b₁": "df1.sum(0)", "x": "df1 @ W1.T",
    }  # fmt: skip
    rows = [
        (f"∂L/∂{name}", f"`{code[name]}`", " × ".join(map(str, g[name].shape)), f"{c.tape:.1e}", f"{c.numeric:.1e}")
        for name, c in checks.items()
    ]
    worst = max(map(max, checks.values()))
    run.section(
        "Are the seven lines right?",
        """Two judges that know nothing of the derivation. *Automatic differentiation*: chainrule's operators are called
        one after the other, each notes how to go back through it, and this tape is walked backwards. *Finite
        differences*: one number is moved by ±h and ±2h, the loss is computed anew from there, and the slope is""",
        report.formula(
            r"\dfrac{8\,(L(+h) - L(-h)) - (L(+2h) - L(-2h))}{12\,h}",
            "(8·(L(+h) − L(−h)) − (L(+2h) − L(−2h))) / 12h",
        ),
        """with h = 0.001; the error of this formula is of the order h⁴. To move f₁ or f₂, which are computed, they are
        put in the place of what the layers before them gave.""",
        report.Table(
            ("Gradient", "In NumPy", "Shape", "From the tape", "From differences"),
            rows,
            "Greatest absolute difference of any number of the gradient, in float64.",
            total=("Greatest of all", "", "", *(f"{max(errors):.1e}" for errors in zip(*checks.values(), strict=True))),
        ),
        f"""The greatest difference is {worst:.1e}. {"That is rounding:" if worst < 1e-9 else "Rounding is less:"}
        a float64 has sixteen digits, and differences lose a few to the subtraction of nearly equal losses.""",
    )


def a_batch(run: Run, settings: Settings) -> None:
    n = settings.batch
    v = forward(draw(settings, n))
    checks = check(v, backward(v))
    worst = max(map(max, checks.values()))
    run.measure(difference(BATCH), worst)
    (d, h), c = v["W₁"].shape, v["W₂"].shape[1]
    products = n * (d * h + h * c)
    run.section(
        "A whole batch",
        f"""Put N samples one below the other: x becomes N × {d}, f₁ N × {h}, f₂ N × {c}, and the loss is the sum over
        the samples. Not a letter of the lines changes. Every row of ∂L/∂f₂, ∂L/∂f₁ and ∂L/∂x belongs to its own
        sample; in xᵀ·∂L/∂f₁ the product of matrices adds up the samples by itself; and the biases, which every sample
        used, add up theirs with `.sum(0)`, which did nothing for a single row. If the loss is the *mean*, as usual in
        training, the first line becomes (o − y) / N and all others stay.

        For {n} samples at once, the greatest difference of any line from its two judges was {worst:.1e}.

        **What it costs.** Forward, the two products of matrices took {products:,} multiplications. Backward, each of
        them has two companions, one for its weights and one for its input: {2 * products:,}. That is the whole
        secret of back-propagation: *all* gradients for twice the price of one look forward. Finite differences needed
        four looks forward for *every single number*. The price is memory: x, a and o appear in the lines, so that the
        forward pass has to keep them until the backward pass comes.""",
    )


# ------------------------------------------------------------------------------------------ small helpers


def matrix(name: str, values: Array, row: str, column: str, caption: str = "") -> report.Table:
    """A matrix (R, C) as a table."""
    head = (name, *(f"{column} {k + 1}" for k in range(values.shape[1])))
    rows = [(f"{row} {i + 1}", *numbers(values[i], values)) for i in range(len(values))]
    return report.Table(head, rows, caption)


def table_of_rows(values: Values, column: str, caption: str = "") -> report.Table:
    """Rows of equal length, each with its name: (C) or (1, C)."""
    rows = {name: row.ravel() for name, row in values.items()}
    head = ("", *(f"{column} {k + 1}" for k in range(len(next(iter(rows.values()))))))
    return report.Table(head, [(name, *numbers(row, row)) for name, row in rows.items()], caption)


def line(
    name: str, g: Values, checks: Mapping[str, Check], tex: str, plain: str, column: str, row: str = ""
) -> tuple[report.Formula, report.Table]:
    """One line of the derivation: the formula, its numbers, and what the judges say of them."""
    left = rf"\dfrac{{\partial L}}{{\partial {TEX.get(name, name)}}}"
    errors = (
        f"Off by at most {checks[name].tape:.1e} from the tape, {checks[name].numeric:.1e} from finite differences."
    )
    formula = report.formula(f"{left} = {tex}", f"∂L/∂{name} = {plain}")
    if row:
        return formula, matrix(f"∂L/∂{name}", g[name], row, column, errors)
    return formula, table_of_rows({f"∂L/∂{name}": g[name]}, column, errors)


TEX = {name: f"{name[0]}_{'₀₁₂'.index(name[1])}" for name in LINES if len(name) == 2}


def numbers(values: Array, like: Array) -> list[str]:
    """Numbers with six decimals, or with one where all that are `like` them have no more."""
    digits = 1 if np.array_equal(like, like.round(1)) else 6
    return [decimals(value, digits) for value in values]


def the_way() -> report.Figure:
    """The values from x to L, what leads from each to the next, and what comes back."""
    values, steps = ("x", "f₁", "a", "f₂", "o", "L"), ("W₁, b₁", "σ", "W₂, b₂", "softmax", "y")
    back = ("∂L/∂x", "∂L/∂f₁", "∂L/∂a", "∂L/∂f₂", "", "")
    drawing = report.Drawing(5.4, 1.15)
    with drawing as axes:
        axes.set(xlim=(-0.4, 5.4), ylim=(-0.75, 0.6))
        axes.axis("off")
        for i, (value, gradient) in enumerate(zip(values, back, strict=True)):
            axes.text(i, 0, value, ha="center", va="center", size=12, bbox={"boxstyle": "circle", "fc": "none"})
            axes.text(i, -0.62, gradient, ha="center", color="C1")
        for i, step in enumerate(steps):
            axes.annotate("", (i + 0.75, 0.08), (i + 0.25, 0.08), arrowprops={"arrowstyle": "->", "color": "C0"})
            axes.text(i + 0.5, 0.2, step, ha="center", color="C0")
        for start, end in ((5, 3), (3, 2), (2, 1), (1, 0)):
            bend = "arc3,rad=-0.35" if start - end > 1 else "arc3"  # around o: the two steps are taken as one
            look = {"arrowstyle": "->", "color": "C1", "connectionstyle": bend}
            axes.annotate("", (end + 0.25, -0.12), (start - 0.25, -0.12), arrowprops=look)
    told = "A chain from x by W₁, b₁ to f₁, by σ to a, by W₂, b₂ to f₂, by softmax to o, by y to L, and back."
    return report.Figure(
        drawing.svg(), told, "Forward in the upper line; in the lower one the gradients that come back."
    )


LAB = Lab(
    title="Back-propagation, line by line",
    topic="theory",
    source="Deep Learning for Engineers",
    data="none",
    time="1 s",
    lead="""A network of two layers, small enough for paper: every gradient is derived, computed, and held against two
    judges, automatic differentiation and finite differences.""",
    exercise=__doc__,
    settings=Settings,
    expected=expected,
    run=experiment,
)
