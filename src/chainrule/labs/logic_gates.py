"""Logic gates as neural networks: given, proved to be the smallest, and learned.

The exercise. A neuron is on (1) where w₁·x₁ + w₂·x₂ + b > 0, else off (0); its inputs are 0 or 1.

1. Give the smallest networks of such neurons for NOT, AND, OR, XOR and XNOR, with weights and biases; draw them as
   graphs, and verify each on its whole truth table.
2. Show that no single neuron computes XOR or XNOR: write down what its weights would have to satisfy as a linear
   programme, and show that it is infeasible. Which functions of two inputs can a single neuron compute at all?
3. Let gradient descent learn the same five gates from their truth tables, with sigmoids in place of switches, and draw
   the decision boundaries. Does it always succeed?
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, Run, RunSettings, equal_start, optional
from chainrule.labs._gate_figures import boundaries, graphs, hidden_space
from chainrule.labs._gates import GATES, NAMES, ROWS, SHORTCUTS, TRUTH, name_of
from chainrule.labs._numbers import decimals
from chainrule.train import Epoch, predict

Array = npt.NDArray[Any]
HIDDEN = {"XOR": 2, "XNOR": 2}
REPEATS, STARTS = 100, 200
GUESSES = "loss of one neuron on XOR, away from ln 2"


@dataclass(frozen=True, kw_only=True)
class Settings(RunSettings):
    """Settings of the lab logic-gates."""

    epochs: int = 10
    """Each is a hundred steps of gradient descent on the whole truth table."""
    lr: float = 2.0
    """Learning rate."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(epochs=1)
        if not 0 < self.lr < math.inf:
            raise ValueError(f"--lr {self.lr}: it must be a positive number")


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    return [
        Expectation("rows of the truth tables right, with given weights", equals=26),
        Expectation("functions of two inputs that one neuron can compute", equals=14),
        Expectation("infeasible programmes among XOR and XNOR", equals=2),
        Expectation("greatest remainder of a proof of infeasibility", below=1e-9, form="{:.1e}"),
        Expectation("rows of the truth tables right, learned", equals=18),
        Expectation(GUESSES, at_most=0.001, form="{:.1e}", source="ln 2 = 0.6931 is what guessing costs"),
        Expectation("starts that learn XOR with four hidden neurons", at_least=0.9, form="{:.1%}"),
    ]


# ------------------------------------------------------------------------------------------ what one neuron can do


def separate(outputs: Sequence[int]) -> Array | None:
    """(w₁, w₂, b) with w·x + b ≥ 1 where the output is 1, and ≤ −1 where it is 0; None if no numbers are so."""
    found = optional("scipy.optimize").linprog(np.zeros(3), -signed_rows(outputs), -np.ones(4), bounds=(None, None))
    return None if found.status == 2 else np.asarray(found.x)


def refute(outputs: Sequence[int]) -> Array | None:
    """Weights λ ≥ 0, adding up to 1, with which the four inequalities add up to 0 ≥ 1; None if there are none."""
    left, right = np.vstack([signed_rows(outputs).T, np.ones(4)]), np.array([0, 0, 0, 1])
    found = optional("scipy.optimize").linprog(np.zeros(4), A_eq=left, b_eq=right, bounds=(0, None))
    return None if found.status == 2 else np.asarray(found.x)


def signed_rows(outputs: Sequence[int]) -> Array:
    """±(x₁, x₂, 1) for each row of the truth table, + where the output is 1: times (w₁, w₂, b) all must be ≥ 1."""
    signs = 2 * np.asarray(outputs) - 1
    return np.asarray(signs[:, None] * np.c_[np.array(ROWS), np.ones(4)])


# ------------------------------------------------------------------------------------------ learning


class Learned(NamedTuple):
    """A gate that gradient descent was given: the model, what it says on each row, its losses."""

    model: Any
    scores: Array
    """The model's output z, one a row of the truth table."""
    wanted: Array
    history: list[Epoch]

    @property
    def outputs(self) -> Array:
        """Probabilities, one a row of the truth table."""
        return sigmoid(self.scores)

    @property
    def right(self) -> int:
        return int(np.sum((self.scores > 0) == (self.wanted > 0.5)))

    @property
    def loss(self) -> float:
        """Of the finished model: the mean cross-entropy over the rows."""
        return float(np.logaddexp(0, np.where(self.wanted > 0.5, -self.scores, self.scores)).mean())


def table_of(gate: str) -> tuple[Array, Array]:
    """The truth table as data: x (4, 2) and y (4, 1), or x (2, 1) and y (2, 1) for NOT."""
    rows = [(0,), (1,)] if gate == "NOT" else ROWS
    return np.array(rows, np.float32), np.array([[TRUTH[gate](*row)] for row in rows], np.float32)


def network(inputs: int, hidden: int) -> Callable[[Any], Any]:
    """A builder: one neuron, or a hidden layer of sigmoids and one neuron. Its output is z; the gate says σ(z)."""
    if not hidden:
        return lambda nn: nn.Sequential(nn.Linear(inputs, 1))
    return lambda nn: nn.Sequential(nn.Linear(inputs, hidden), nn.Sigmoid(), nn.Linear(hidden, 1))


def training(gate: str, hidden: int, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches; every batch is the whole truth table."""
    x, y = table_of(gate)
    model = equal_start(network(x.shape[1], hidden), engine, settings.seed)
    tables = TensorDataset(np.tile(x, (REPEATS, 1)), np.tile(y, (REPEATS, 1)))
    optimizer = engine.optim.SGD(model.parameters(), lr=settings.lr)
    return model, engine.nn.BCEWithLogitsLoss(), optimizer, DataLoader(tables, len(x), engine=engine)


def learn(gate: str, hidden: int, run: Run, settings: Settings) -> Learned:
    parts = training(gate, hidden, run.engine, settings)
    history = run.fit(gate if hidden or gate not in HIDDEN else f"{gate}, one neuron", *parts, settings.epochs)
    x, y = table_of(gate)
    return Learned(parts[0], score(run.engine, parts[0], x), y[:, 0], history)


def score(engine: Any, model: Any, x: Array) -> Array:
    """The model's output z, one a row of x."""
    return np.asarray(predict(engine, model, x.astype(np.float32))[:, 0].astype(np.float64))


def probability(engine: Any, model: Any, x: Array) -> Array:
    """σ of the model's output, one a row of x."""
    return sigmoid(score(engine, model, x))


def sigmoid(z: Array) -> Array:
    """1 / (1 + e⁻ᶻ)."""
    return np.asarray((1 + np.tanh(z / 2)) / 2)


def many_starts(engine: Any, hidden: int, settings: Settings) -> float:
    """The share of so many random starts from which XOR is learned. All networks are trained at once, as one tensor."""
    rng, n = np.random.default_rng(settings.seed), STARTS
    shapes = {(n, 2, hidden): 2, (n, 1, hidden): 2, (n, hidden, 1): hidden, (n, 1, 1): hidden}
    draws = (rng.uniform(-1, 1, shape) / math.sqrt(fan_in) for shape, fan_in in shapes.items())  # as nn.Linear does
    w1, b1, w2, b2 = parameters = [engine.from_numpy(draw.astype(np.float32)).requires_grad_() for draw in draws]
    x, y = (engine.from_numpy(np.tile(a, (n, 1, 1))) for a in table_of("XOR"))  # (N, 4, 2), (N, 4, 1)
    loss, optimizer = engine.nn.BCEWithLogitsLoss(reduction="sum"), engine.optim.SGD(parameters, lr=settings.lr)
    for _ in range(settings.epochs * REPEATS):
        z = (x @ w1 + b1).sigmoid() @ w2 + b2  # (N, 4, 2) @ (N, 2, H) -> (N, 4, H) -> (N, 4, 1)
        optimizer.zero_grad()
        (loss(z, y) / 4).backward()
        optimizer.step()
    right = (z.detach().numpy() > 0) == (y.numpy() > 0.5)
    return float(right.all(axis=(1, 2)).mean())


# ------------------------------------------------------------------------------------------ the report, in its order


def experiment(settings: Settings, run: Run) -> None:
    """Given gates, what one neuron cannot do, learned gates, many starts."""
    given_weights(run)
    the_smallest(run)
    one_neuron(run)
    learned = {gate: learn(gate, HIDDEN.get(gate, 0), run, settings) for gate in TRUTH}
    alone = learn("XOR", 0, run, settings)
    run.save(learned["XOR"].model)
    learned_gates(run, settings, learned, alone)
    inside_xor(run, learned["XOR"])
    does_it_always(run, settings)


def given_weights(run: Run) -> None:
    run.measure("rows of the truth tables right, with given weights", sum(gate.right() for gate in GATES + SHORTCUTS))
    rows = []
    for gate in GATES:
        for row in gate.rows:
            values = gate.values(row)
            hidden = ", ".join(str(values[neuron.name]) for neuron in gate.neurons[:-1])
            rows.append((gate.name, " ".join(map(str, row)), hidden, gate.output(row), gate.wanted(row)))
    run.section(
        "Neurons as switches",
        """A neuron adds up its inputs, each times a weight, and a bias; it is on where the sum is above 0. So the bias
        is a threshold: with both weights 1, the sum of the inputs is 0, 1 or 2, and a bias of −0.5 or −1.5 puts the
        switching point between them. That gives OR and AND. A negative weight turns an input round: NOT.""",
        graphs(GATES[:3], "Arrows carry weights (blue); below each neuron stands its bias (orange)."),
        """XOR is on where exactly one input is on: where OR is on, but AND is not. So two neurons compute OR and AND of
        the inputs, and a third one looks at these two. XNOR is on where the inputs are equal: both off, or both on.""",
        graphs(GATES[3:], "Two hidden neurons and an output for each."),
        report.Table(
            ("Gate", "Inputs", "Hidden", "Output", "Wanted"),
            rows,
            "Every row of every truth table, computed by the networks above.",
        ),
    )


def the_smallest(run: Run) -> None:
    right, rows = sum(gate.right() for gate in SHORTCUTS), sum(len(gate.rows) for gate in SHORTCUTS)
    run.section(
        "Are these the smallest?",
        f"""For NOT, AND and OR, one neuron is the least there can be. For XOR and XNOR one is not enough, as the next
        section proves. Two in layers are not either: if the only hidden neuron is 0 or 1, an output that sees nothing
        else is that neuron, its opposite, or always the same; and whatever one neuron computes, its opposite is
        computed by one neuron too (turn all signs). So in layers it takes three.

        Where the output may look at the inputs as well, two are enough: the hidden neuron finds the row that is the
        exception, both inputs on, and corrects it with a weight of 2. On their truth tables {right} of {rows}
        rows are right.""",
        graphs(SHORTCUTS, "The smallest of all, with shortcuts past the hidden neuron."),
    )


def one_neuron(run: Run) -> None:
    functions = [[index >> shift & 1 for shift in (3, 2, 1, 0)] for index in range(16)]
    found = {name: (outputs, separate(outputs)) for name, outputs in zip(NAMES, functions, strict=True)}
    can = [name for name, (_, weights) in found.items() if weights is not None]
    feasible = {name: "feasible" if name in can else "infeasible" for name in HIDDEN}
    proofs = {name: refute(outputs) for name, (outputs, _) in found.items()}
    refuted = {name: proof for name, proof in proofs.items() if proof is not None}
    remainder = max(float(np.abs(proof @ signed_rows(found[name][0])).max()) for name, proof in refuted.items())
    run.measure("functions of two inputs that one neuron can compute", len(can))
    run.measure("infeasible programmes among XOR and XNOR", sum(name in refuted and name not in can for name in HIDDEN))
    run.measure("greatest remainder of a proof of infeasibility", remainder)
    run.section(
        "No single neuron computes XOR",
        """Suppose one did. Each row of the truth table says something about its weights and bias. They may all be
        multiplied by the same positive number without changing the sign of any sum, so the sums can be asked to be at
        least 1, or at most −1, rather than only above or below 0 (and where one is exactly 0, a slightly smaller bias
        moves it below):""",
        report.Table(
            ("x₁", "x₂", "XOR", "What it says", "As ≥"),
            [
                (0, 0, 0, "b ≤ −1", "−b ≥ 1"),
                (0, 1, 1, "w₂ + b ≥ 1", "w₂ + b ≥ 1"),
                (1, 0, 1, "w₁ + b ≥ 1", "w₁ + b ≥ 1"),
                (1, 1, 0, "w₁ + w₂ + b ≤ −1", "−w₁ − w₂ − b ≥ 1"),
            ],
        ),
        f"""Four linear inequalities in three unknowns: a *linear programme* without a goal, of which we only ask
        whether it has a solution. scipy's `linprog` calls it {feasible["XOR"]} for XOR, and {feasible["XNOR"]} for
        XNOR.

        One need not believe it. That a programme is infeasible can be *proved* by numbers λ ≥ 0, one an inequality:
        multiply the inequalities by them and add up; if everything cancels on the left, there stands 0 ≥ Σλ. Farkas'
        lemma says that such numbers exist whenever there is no solution. A second programme finds them: for XOR
        λ = ({", ".join(f"{share:g}" for share in refuted.get("XOR", ()))}), for XNOR
        ({", ".join(f"{share:g}" for share in refuted.get("XNOR", ()))}). Multiply the lines of the right
        column by these and add them up: b, w₁ and w₂ all cancel, and what remains is 0 ≥ 1. There are no such
        weights.

        In the picture: the two points where XOR is 1 and the two where it is 0 are the opposite corners of a square.
        Both diagonals go through the middle (½, ½). A neuron splits the plane by a straight line; the middle would have
        to be on both sides of it.""",
        report.Table(
            ("Function", "on 00, 01, 10, 11", "w₁", "w₂", "b"),
            [(name, " ".join(map(str, outputs)), *weights_told(w)) for name, (outputs, w) in found.items()],
            f"All sixteen functions of two inputs, with weights that the programme found. {len(can)} have some.",
        ),
        f"""One neuron computes {len(can)} of the 16: all but {" and ".join(name for name in NAMES if name not in can)}.
        With more inputs its share falls quickly: it is known to reach 104 of the 256 functions of three inputs, and
        1,882 of the 65,536 of four. That is why networks have hidden layers.""",
    )


def weights_told(weights: Array | None) -> list[str]:
    return ["—"] * 3 if weights is None else [decimals(value, 0) for value in weights]


def learned_gates(run: Run, settings: Settings, learned: Mapping[str, Learned], alone: Learned) -> None:
    run.measure("rows of the truth tables right, learned", sum(each.right for each in learned.values()))
    run.measure(GUESSES, abs(alone.loss - math.log(2)))
    every = {**learned, "XOR, one neuron": alone}
    rows = [
        (
            name,
            sum(math.prod(p.shape) for p in each.model.parameters()),
            f"{each.loss:.4f}",
            ", ".join(f"{p:.2f}" for p in each.outputs),
            f"{each.right} of {len(each.wanted)}",
        )
        for name, each in every.items()
    ]
    steps = settings.epochs * REPEATS
    run.section(
        "The same gates, learned",
        f"""A switch cannot be learned by gradient descent: its slope is 0 wherever it has one. So the switch is
        replaced by the sigmoid σ(z) = 1 / (1 + e⁻ᶻ), which turns gradually; the output is read as the probability of
        a 1, and the loss is the cross-entropy. The weights begin at random, and {steps:,} steps of plain gradient
        descent with learning rate {settings.lr:g} follow, each on the whole truth table.""",
        report.Table(
            ("Gate", "Parameters", "Loss", "Output on each row", "Right"),
            rows,
            "Rows in the order 0, 1 for NOT, and 00, 01, 10, 11 for the others.",
        ),
        report.chart(
            {name: ([e.number * REPEATS for e in o.history], [e.loss for e in o.history]) for name, o in every.items()},
            "step",
            "mean loss",
            "How the losses fall (logarithmic axis); each point is the mean over a hundred steps.",
            log=True,
        ),
        boundaries({name: (partial(probability, run.engine, each.model), each.wanted) for name, each in every.items()}),
        f"""One neuron on XOR ends at a loss of {alone.loss:.4f}; guessing costs ln 2 = {math.log(2):.4f}. The best that
        it can do is to say ½ everywhere, with all weights 0: the loss of a single neuron has no other valley.
        {the_valley(alone)}""",
    )


def the_valley(alone: Learned) -> str:
    """Whether one neuron has come to rest where its loss on XOR is least."""
    apart = np.abs(alone.outputs - 0.5).max()
    if abs(alone.loss - math.log(2)) > 0.001:
        return f"With these settings it has not come to rest there: an output differs from ½ by {apart:.2g}."
    return f"""There it has come to rest: its four outputs differ from ½ by at most {apart:.0e}, and the line in its
        panel means no more than that. So this is no accident of the start: it is what the section above proved, as
        gradient descent sees it."""


def inside_xor(run: Run, xor: Learned) -> None:
    w, b, v, c = (p.detach().numpy().astype(float) for p in xor.model.parameters())  # (H, 2), (H), (1, H), (1)
    sums = np.array(ROWS) @ w.T + b  # (4, 2) @ (2, H) -> (4, H)
    one, other = (name_of(column > 0) for column in sums.T)
    rows = [(f"h{'₁₂'[i]}", *(decimals(x, 3) for x in (*w[i], b[i])), name) for i, name in enumerate((one, other))]
    given = np.array([[values["h₁"], values["h₂"]] for values in map(GATES[3].values, ROWS)])
    way = (
        "Gradient descent found a way of its own:"
        if xor.right == 4
        else "Gradient descent found no such way this time:"
    )
    run.section(
        "What the hidden neurons are for",
        f"""They move the four points. A straight line cannot part the corners of a square crosswise, but the output
        neuron does not see the square, only what the hidden neurons make of it. With the given weights (0, 1) and
        (1, 0) fall together on one point, and a line is enough. {way}""",
        hidden_space({
            "given weights": (given, np.array([1.0, -1.0, -0.5])),
            "learned": ((1 + np.tanh(sums / 2)) / 2, np.array([*v[0], *c])),
        }),
        report.Table(
            ("Hidden neuron", "w₁", "w₂", "b", "As a switch"),
            rows,
            "The learned hidden layer. The output weighs it by {} and {}, with bias {}.".format(
                *(decimals(x, 3) for x in (*v[0], c[0]))
            ),
        ),
        f"""Taken as switches, the hidden neurons compute *{one}* and *{other}*. Nobody told the network to divide the
        work like this: all that it was told is the truth table.""",
    )  # fmt: skip


def does_it_always(run: Run, settings: Settings) -> None:
    shares = {hidden: many_starts(run.engine, hidden, settings) for hidden in (2, 4)}
    run.measure("starts that learn XOR with four hidden neurons", shares[4])
    easier = """Two are *enough to compute* XOR, but four are *easier to learn with*: some of them begin near something
    useful. That a small network could do something does not mean that gradient descent finds it."""
    run.section(
        "Does it always succeed?",
        f"""For one neuron, wherever it begins: its loss has a single valley. With hidden neurons there are flat places,
        and hollows that are not the deepest. So XOR was learned again from {STARTS} random starts, each for
        {settings.epochs * REPEATS:,} steps. {easier if shares[4] > shares[2] else ""}""",
        report.Table(
            ("Hidden neurons", "Parameters", "Starts that learned XOR"),
            [(hidden, 4 * hidden + 1, report.percent(share)) for hidden, share in shares.items()],
        ),
    )


LAB = Lab(
    title="Logic gates as networks",
    topic="theory",
    source="Deep Learning for Engineers",
    data="truth tables",
    time="5 s",
    lead="""NOT, AND, OR, XOR and XNOR by the smallest networks there are; a proof that one neuron is not enough for the
    last two; and the same gates learned from their truth tables.""",
    exercise=__doc__,
    settings=Settings,
    expected=expected,
    run=experiment,
)
