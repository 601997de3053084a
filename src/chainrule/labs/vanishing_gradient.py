"""Vanishing gradients: how far back a recurrent network can learn to remember, and why.

The exercise: a sequence begins with one of two symbols; T − 1 steps of noise follow, and at the end the network has to
say which it was. Train a tanh RNN, a GRU and an LSTM, all of the same width, on this for growing T, and find where each
of them fails. Then explain it. Run the networks step by step, and show the norm of ∂loss/∂hₜ over t, before training
and after it; the greatest singular values of the recurrent matrix, of the Jacobian ∂hₜ/∂hₜ₋₁ of a step and of the
product of many. What does the bias of the LSTM's forget gate change, both in the gradient before training and in what
is learned (b = 0, 1, 3, 5)? And what does clipping the gradients do: for gradients that explode (a tanh RNN whose
recurrent matrix begins as 1.3 times an orthogonal one, plain gradient descent, learning rate 0.5), and for those that
vanish?

`--preset full` does the same with longer sequences, more training and three seeds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import DataLoader, TensorDataset
from chainrule.labs import Expectation, Lab, Run, TrainingSettings, equal_start
from chainrule.labs._memory import (
    LEARNED,
    Flow,
    Learned,
    Trial,
    Trials,
    Watch,
    Watched,
    curves,
    factor,
    fewest,
    flow,
    reach,
    recall,
    remembering,
    set_forget_bias,
    sigmoid,
    strengths,
    stretch,
    thinned,
)  # fmt: skip
from chainrule.train import ClipNorm, accuracy, predict

Array = npt.NDArray[Any]
RNN, GRU, LSTM, KEEPING = "tanh RNN", "GRU", "LSTM", "LSTM, forget bias 3"
BIASES = (0.0, 1.0, 3.0, 5.0)
KINDS: dict[str, tuple[str, float | None]] = {
    RNN: ("RNN", None), GRU: ("GRU", None), LSTM: ("LSTM", 0), KEEPING: ("LSTM", 3),
    "LSTM, forget bias 1": ("LSTM", 1), "LSTM, forget bias 5": ("LSTM", 5),
}  # fmt: skip
"""The networks: kind of the layer, and the forget gate's bias."""
MAIN = (RNN, GRU, LSTM, KEEPING)
"""Those that are compared; the others belong to the section on the bias."""
VANISHED = "first gradient of h by last, untrained tanh RNN"
KEPT = "first gradient of c by last, untrained LSTM with forget bias 3"
SHORT, LONG = "steps that a tanh RNN learns to bridge", "steps that an LSTM with forget bias 3 learns to bridge"
HEALED = "exploding gradients: final loss with clipping by that without"


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab vanishing-gradient."""

    steps: tuple[int, ...] = (10, 20, 40, 80)
    """The lengths T of the tasks, from short to long."""
    width: int = 32
    """Units of each network."""
    epochs: int = 6
    """Most passes over 6,400 sequences; a network that has learned its task is trained no further."""
    batch_size: int = 64
    """Sequences in a training step."""
    lr: float = 3e-3
    """Learning rate of Adam."""
    seeds: int = 1
    """Trainings of each network on each task."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(width=1, seeds=1)
        if len(self.steps) < 2 or list(self.steps) != sorted(set(self.steps)) or self.steps[0] < 4:
            asked = " ".join(map(str, self.steps))
            raise ValueError(f"--steps {asked}: they must be two lengths or more, rise, and be at least 4")


FULL = Settings(preset="full", steps=(10, 20, 40, 80, 160), epochs=10, seeds=3)


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    return [
        Expectation(VANISHED, below=1e-6, form="{:.1e}"),
        Expectation(KEPT, at_least=1e-3, form="{:.1e}"),
        Expectation(SHORT, at_most=settings.steps[-2], form="{:.0f}"),
        Expectation(LONG, at_least=settings.steps[-2], form="{:.0f}"),
        Expectation(HEALED, below=0.5, form="{:.2g}"),
    ]


# ------------------------------------------------------------------------------------------ data, models, training


def training(name: str, steps: int, engine: Any, settings: Settings, seed: int) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    model = fresh(*KINDS[name], engine, settings, seed)
    optimizer = engine.optim.Adam(model.parameters(), lr=settings.lr)
    return model, engine.nn.CrossEntropyLoss(), optimizer, batches(steps, engine, settings, seed)


def fresh(kind: str, bias: float | None, engine: Any, settings: Settings, seed: int) -> Any:
    """An untrained model."""
    model = equal_start(lambda nn: recall(nn, kind, settings.width), engine, seed)
    if bias is not None:
        set_forget_bias(engine, model, bias)
    return model


def batches(steps: int, engine: Any, settings: Settings, seed: int) -> DataLoader:
    data = TensorDataset(*remembering(steps, 6400, seed))
    return DataLoader(data, settings.batch_size, shuffle=True, seed=seed, engine=engine)


def learn(name: str, steps: int, run: Run, settings: Settings, seed: int) -> Trial:
    """Train a network on a task, and test it on 500 other sequences."""
    parts = training(name, steps, run.engine, settings, seed)
    tokens, symbols = remembering(steps, 500, seed + 1000)

    def validate() -> dict[str, float]:
        return {"accuracy": accuracy(predict(run.engine, parts[0], tokens), symbols)}

    label = f"{name}, T = {steps}" + f", seed {seed}" * (settings.seeds > 1)
    history = run.fit(label, *parts, settings.epochs, validate=validate, callbacks=[ClipNorm(1), Learned()])
    return Trial(parts[0], history[-1].metrics["accuracy"], len(parts[3]) * len(history))


def experiment(settings: Settings, run: Run) -> None:
    """Look at the gradients, train, look again, then turn the two screws: forget bias and clipping."""
    untrained = {name: fresh(*KINDS[name], run.engine, settings, settings.seed) for name in MAIN}
    before = {name: looked(run, untrained[name], KINDS[name][0], settings.steps[-1]) for name in MAIN}
    the_task(run, settings)
    the_way_back(run, settings, untrained[RNN], before)
    seeds = range(settings.seed, settings.seed + settings.seeds)
    tasks = [(name, T) for T in settings.steps for name in KINDS]
    trials = {(name, T): [learn(name, T, run, settings, seed) for seed in seeds] for name, T in tasks}
    what_is_learned(run, settings, trials)
    after_training(run, settings, trials)
    the_forget_gate(run, settings, trials)
    clipping(run, settings)


def looked(run: Run, model: Any, kind: str, steps: int) -> Flow:
    """What flows back through a model, over 64 sequences."""
    return flow(run.engine, model, kind, *remembering(steps, 64, 7))


# ------------------------------------------------------------------------------------------ the report, in its order


def the_task(run: Run, settings: Settings) -> None:
    tokens, symbols = remembering(12, 4, settings.seed)
    names = "ABwxyz"
    run.section(
        "The task",
        """A sequence begins with A or B. T − 1 steps of noise follow: w, x, y or z, drawn at random, which mean
        nothing. After the last step the network has to name the first. Who guesses is right in one case of two. All
        that makes this hard is the distance; there is nothing to understand.""",
        report.Table(
            ("The network reads", "It has to say"),
            [(" ".join(names[i] for i in row), names[s]) for row, s in zip(tokens, symbols, strict=True)],
            "Four sequences for T = 12.",
        ),
        f"""Three networks of {settings.width} units, each with a last layer that scores the two symbols from the last
        state. A **tanh RNN** makes its state anew at every step: hₜ = tanh(W·xₜ + U·hₜ₋₁ + b). A **GRU** mixes: a gate
        z decides, unit by unit, how much of the old state stays: hₜ = (1 − z)·n + z·hₜ₋₁. An **LSTM** has a second
        state c, to which only gates have access: cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh(cₜ). f is the forget gate.""",
    )


def the_way_back(run: Run, settings: Settings, model: Any, before: dict[str, Flow]) -> None:
    T, keeping = settings.steps[-1], before[KEEPING]
    left = {name: own.h[0] / own.h[-1] for name, own in before.items()}
    run.measure(VANISHED, left[RNN])
    run.measure(KEPT, keeping.c[0] / keeping.c[-2])
    sigma, radius = strengths(model)
    run.section(
        "The way back",
        """To learn that the first symbol matters, the network needs the gradient of the loss with respect to the state
        after it. By the chain rule it is the gradient at the end, carried back through every step in between:""",
        report.formula(
            r"\dfrac{\partial L}{\partial h_t} = \dfrac{\partial L}{\partial h_T} J_T J_{T-1} \cdots J_{t+1}, \qquad "
            r"J_s = \dfrac{\partial h_s}{\partial h_{s-1}} = \mathrm{diag}(1 - h_s^2)\, U",
            "∂L/∂hₜ = ∂L/∂h_T · J_T · J_{T−1} ··· J_{t+1}, and for the tanh RNN J_s = ∂h_s/∂h_{s−1} = diag(1 − h_s²)·U",
        ),
        f"""A product of T − t matrices behaves like a power. If each shrinks what comes through it, the rest falls with
        the distance, not in proportion but exponentially; if each stretches, it grows likewise. How much a matrix can
        stretch at most is its greatest singular value σ. The U of the tanh RNN has σ = {sigma:.2f} at first, but it
        stretches so in one direction only; what counts when it is applied again and again is its greatest eigenvalue,
        of magnitude {radius:.2f}. And 1 − h² is at most 1: the tanh can only shrink.""",
        report.chart(
            curves({name: own.h for name, own in before.items()} | {f"{KEEPING}: c": keeping.c[:-1]}),
            "step t",
            "‖∂loss/∂hₜ‖",
            f"Untrained networks, T = {T}: norm of the gradient, mean of 64 sequences (logarithmic axis).",
            log=True,
        ),
        f"""Straight lines on a logarithmic axis are powers. **In the tanh RNN the gradient at the first state is
        {left[RNN]:.1g} times that at the last**; in the GRU {left[GRU]:.1g} times, in the LSTM {left[LSTM]:.1g} times.
        Gates are no help while they stand half open: ½ · ½ · ½ … vanishes as well. In the LSTM whose forget gate
        begins nearly open (its bias is 3, so f ≈ σ(3) = {sigmoid(3):.2f}) it is {left[KEEPING]:.2g} times, and for c
        {keeping.c[0] / keeping.c[-2]:.2g} times.""",
        report.Table(
            ("Network", "σ of one step, mean", "σ of all steps", "Factor a step"),
            [(name, float(own.step.mean()), f"{own.way[-1]:.1e}", factor(own)) for name, own in before.items()],
            "Before training. All steps: σ of the product of their Jacobians; its (T − 1)th root is the factor a step.",
        ),
        """The gradient of the weights is the sum of what every step contributes. The last steps contribute enough, but
        they know only noise; the first, which knows the answer, contributes next to nothing. That is what "vanishing"
        means: not that there is no gradient, but that the voice from far away cannot be heard.""",
    )


def what_is_learned(run: Run, settings: Settings, trials: Trials) -> None:
    means = {key: float(np.mean([trial.accuracy for trial in own])) for key, own in trials.items()}
    bridged = {name: reach(name, settings.steps, trials) for name in MAIN}
    run.measure(SHORT, bridged[RNN])
    run.measure(LONG, bridged[KEEPING])
    rows = [
        (name, *(f"{report.percent(means[name, T], 0)} ({fewest(trials[name, T])})" for T in settings.steps))
        for name in MAIN
    ]
    ends = np.array([trial.accuracy for own in trials.values() for trial in own])
    gated, of = max(bridged[GRU], bridged[LSTM]), f", mean of {settings.seeds} trainings" * (settings.seeds > 1)
    run.section(
        "How far each learns to look back",
        f"""Every network is trained on every task from scratch: Adam with learning rate {settings.lr:g}, gradients
        clipped to the norm 1, batches of {settings.batch_size} out of 6,400 sequences, at most {settings.epochs} times
        over all, less if the task is learned before. Then it names the first symbols of 500 sequences that it has not
        seen.""",
        report.chart(
            {name: (settings.steps, [means[name, T] for T in settings.steps]) for name in MAIN},
            "steps T from the symbol to the question",
            "right answers",
            f"Accuracy on 500 test sequences{of}. Guessing reaches 50 %.",
            percent=True,
        ),
        report.Table(
            ("Network", *(f"T = {T}" for T in settings.steps)),
            rows,
            "Right answers, and in brackets the training steps that were taken, the fewest of all seeds.",
        ),
        f"""A task counts as learned from {report.percent(LEARNED, 0)} on. The tanh RNN bridges {bridged[RNN]} steps,
        the GRU {bridged[GRU]}, the LSTM {bridged[LSTM]}, and the LSTM with forget bias 3 {bridged[KEEPING]}, where
        {settings.steps[-1]} is the longest task. {GATES if gated <= bridged[RNN] else ""}
        {OPEN if bridged[KEEPING] > max(gated, bridged[RNN]) else ""}

        There is little between success and failure: of {len(ends)} trainings {np.sum(ends >= LEARNED)} learned their
        task, and {np.sum(ends < 0.6)} ended below 60 %, which is guessing. A network either finds the thread or never
        does.""",
    )


def after_training(run: Run, settings: Settings, trials: Trials) -> None:
    T = settings.steps[1]
    untrained = {name: fresh(*KINDS[name], run.engine, settings, settings.seed) for name in MAIN}
    before = {name: looked(run, model, KINDS[name][0], T) for name, model in untrained.items()}
    after = {name: looked(run, trials[name, T][0].model, KINDS[name][0], T) for name in MAIN}
    done = {name: trials[name, T][0].accuracy >= LEARNED for name in MAIN}
    left = [{name: own.left for name, own in flows.items()} for flows in (before, after)]
    found = [name for name in MAIN if done[name] and left[0][name] < 0.01]
    risen = all(left[1][name] > 10 * left[0][name] for name in found)
    (sigma, radius), (sigma_now, radius_now) = strengths(untrained[RNN]), strengths(trials[RNN, T][0].model)
    run.section(
        "The gradient after training",
        f"The same look once more, at the networks that were trained on T = {T}.",
        report.chart(
            curves({name: own.h / own.h[-1] for name, own in after.items()}),
            "step t",
            "‖∂loss/∂hₜ‖ : ‖∂loss/∂h_T‖",
            f"Trained networks, T = {T}: the norm of the gradient, in parts of the last step's (logarithmic axis).",
            log=True,
        ),
        report.Table(
            ("Network", "Learned", "First by last, before", "First by last, after", "σ of one step", "Factor a step"),
            [
                (name, done[name], f"{left[0][name]:.1e}", f"{left[1][name]:.1e}", float(own.step.mean()), factor(own))
                for name, own in after.items()
            ],
            "The gradient of the first state, of an LSTM of h and c, by ‖∂loss/∂h_T‖; the Jacobians after training.",
        ),
        f"""{RISEN if found and risen else ""} {FAILED if not all(done.values()) else ""} In the tanh RNN
        it is U itself that training has to change: its greatest singular value went from {sigma:.2f} to
        {sigma_now:.2f}, the magnitude of its greatest eigenvalue from {radius:.2f} to {radius_now:.2f}.

        So a factor near 1 a step is what remembering is made of, in both directions: forwards the state of the first
        step has to arrive at the last, backwards the blame has to arrive at the first. It need not be 1. To hold a bit
        safely against noise, a state has to pull small deviations back, and it pulls the gradient back with them; so
        even a network that remembers well can have a gradient that fades (Bengio, Simard and Frasconi 1994).""",
    )


def the_forget_gate(run: Run, settings: Settings, trials: Trials) -> None:
    T, bridged = settings.steps[-1], {b: reach(biased(b), settings.steps, trials) for b in BIASES}
    untrained = {b: fresh(*KINDS[biased(b)], run.engine, settings, settings.seed) for b in BIASES}
    c = {b: looked(run, model, "LSTM", T).c[:-1] for b, model in untrained.items()}
    factors = {b: float((own[0] / own[-1]) ** (1 / (T - 2))) for b, own in c.items()}
    best, half = max(BIASES, key=lambda b: bridged[b]), {b: np.log(0.5) / np.log(sigmoid(b)) for b in BIASES}
    farther = f"""One number, set before training, takes the LSTM from {bridged[0.0]} bridged steps to {bridged[best]}
        (b = {best:g})."""
    run.section(
        "The bias of the forget gate",
        """In the LSTM the gradient of c travels on a lane of its own: ∂cₜ/∂cₜ₋₁ = f, apart from what goes round by h
        and the gates. Before training f ≈ σ(b): the bias b decides how long the lane is.""",
        report.chart(
            curves({f"b = {b:g}": own for b, own in c.items()}),
            "step t",
            "‖∂loss/∂cₜ‖",
            f"LSTMs before training, T = {T}: the norm of the gradient of c (logarithmic axis).",
            log=True,
        ),
        report.Table(
            ("Bias b", "σ(b)", "Steps until half is left", "Factor a step, measured", "Steps bridged"),
            [(f"{b:g}", f"{sigmoid(b):.3f}", f"{half[b]:.1f}", factors[b], bridged[b]) for b in BIASES],
            "The factor is that of ∂loss/∂c from the last step but one to the first, before training; the steps after.",
        ),
        f"""{ROUND if all(factors[b] > sigmoid(b) for b in BIASES) else ""} With b = 0, near which PyTorch's and
        chainrule's LSTMs begin, the lane loses half of the gradient at every step; with b = 3 only after
        {half[3.0]:.0f} steps. {farther if bridged[best] > bridged[0.0] else ""} Such an LSTM begins by remembering
        everything, and learns what to forget. The first LSTM of 1997 had no forget gate at all, which is b = ∞; those
        who added it in 2000 (Gers, Schmidhuber and Cummins) gave it a positive bias.""",
    )


def biased(bias: float) -> str:
    """The name of the LSTM that begins with this forget bias."""
    return LSTM if bias == 0 else f"LSTM, forget bias {bias:g}"


def clipping(run: Run, settings: Settings) -> None:
    T = settings.steps[1]
    free, clipped = (exploding(run, settings, T, limit) for limit in (None, 1.0))
    run.measure(HEALED, clipped.end / free.end)
    both = {"not clipped": free, "clipped to the norm 1": clipped}
    run.section(
        "Clipping",
        f"""The opposite case: a tanh RNN whose U begins as 1.3 times an orthogonal matrix, which stretches every
        direction (where tanh does not hold it back), T = {T}, and plain gradient descent with learning rate 0.5. Now
        gradients explode: a long one, in a steep place, throws the weights far away from where they were. Clipping
        scales a gradient that is longer than 1 down to that length and keeps its direction.""",
        report.chart(
            {name: thinned(own.losses) for name, own in both.items()},
            "training step",
            "training loss",
            "Mean loss of 10 steps each. Guessing costs ln 2 = 0.693.",
        ),
        report.Table(
            ("Gradients", "Median norm", "Greatest norm", "Greatest loss", "Loss of the last 50 steps"),
            [(name, float(np.median(w.norms)), max(w.norms), max(w.losses), w.end) for name, w in both.items()],
            "The norms are those before clipping.",
        ),
        f"""{HEALS if healed(free, clipped) else ""} Against *vanishing* clipping does nothing: it only
        makes long gradients shorter. All trainings of the chart of right answers were clipped, those that failed
        too.""",
    )


def healed(free: Watched, clipped: Watched) -> bool:
    """Whether the task was learned with clipping, and without it the network ended no better than by guessing."""
    return clipped.end < 0.1 and free.end > 0.9 * np.log(2)


def exploding(run: Run, settings: Settings, steps: int, limit: float | None) -> Watched:
    """Train a tanh RNN whose recurrent matrix stretches, by gradient descent with large steps."""
    model = fresh("RNN", None, run.engine, settings, settings.seed)
    stretch(run.engine, model, 1.3, settings.seed)
    optimizer, watch = run.engine.optim.SGD(model.parameters(), lr=0.5), Watch(run.engine, limit)
    parts = model, run.engine.nn.CrossEntropyLoss(), optimizer, batches(steps, run.engine, settings, settings.seed)
    run.fit(f"exploding, {'clipped' if limit else 'not clipped'}", *parts, 4, callbacks=[watch])
    return watch.seen


# ------------------------------------------------------------------------------------------ words

GATES = "Gates as such do not decide it: neither GRU nor LSTM gets farther than the network without any."
OPEN = "What decides it is a gate that begins open, where the gradient came through before training."
RISEN = """Where the gradient had vanished and the task was learned all the same, it has come back: training has changed
the recurrence so that the state is passed on, and the gradient goes the same way backwards."""
FAILED = "Where the task was not learned, there was nothing from the first step to learn from."
ROUND = """The factor grows with b, and is greater than σ(b): part of the gradient goes round by h and the gates, and
comes back to the lane."""
HEALS = "Same network, same batches, same learning rate: clipped, the training succeeds, otherwise it is thrown about."

LAB = Lab(
    title="Vanishing gradients: how far a network looks back",
    topic="recurrent networks",
    source="Deep Learning; Bengio 1994, Pascanu 2013",
    data="made up",
    time="25 s (full: 4 min)",
    lead="""Recurrent networks can, in principle, remember anything for any time. Whether they can learn to is a
    question of what is left of the gradient after the way back. Here it is measured, step by step.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": FULL},
    expected=expected,
    run=experiment,
)
