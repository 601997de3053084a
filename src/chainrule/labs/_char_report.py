"""What the report of the lab char-lstm tells, in its order."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

import chainrule as cr
from chainrule import nn, report
from chainrule.check import gradcheck, gradcheck_module
from chainrule.train import Epoch

from ._characters import Array, Carried, Text, Watch, cells, correlations, lstm_of, marks, read_on, read_windows, write
from ._run import Run

if TYPE_CHECKING:
    from .char_lstm import Settings

__all__ = [
    "a_cell",
    "temperatures",
    "the_gradients",
    "the_measure",
    "the_network",
    "the_task",
    "the_training",
    "what_it_said",
]

NANOGPT, PLAIN_LOOP = 1.4697, 136
"""Nats a character of nanoGPT's transformer on Tiny Shakespeare; characters a second of the exercise's NumPy loop."""
LOSS, WINDOWS, MINUTES, RATE = (
    "held-out loss, nats a character",
    "the same over windows of 256",
    "minutes of training",
    "characters a second",
)
GAIN, GRADIENT = "nats gained on pairs of characters", "greatest relative error of a gradient"
UNITS = ("Nats a character", "Bits a character", "Perplexity")


def measure(run: Run, **values: float) -> None:
    """Hold values against what is expected of them, where something is."""
    for name, value in values.items():
        if name in {expectation.name for expectation in run.expected}:
            run.measure(name, value)


def the_task(run: Run, text: Text) -> float:
    """Returns the loss of the best of three ways to guess without a network."""
    V, x = len(text.vocabulary), text.x_valid
    single, double = guesses(text.x, x, V)
    rows = [
        ("All characters alike", *in_units(math.log(V))),
        ("By how frequent each character is", *in_units(single)),
        ("By how frequently it follows the character before", *in_units(double)),
    ]
    run.section(
        "The task",
        f"""A text is read from left to right, one character at a time. After each the network says how probable every
        one of the {V} characters of the text's alphabet is to come next. Then the true one is uncovered, and the
        network pays −ln p, where p is the probability that it gave to it: nothing if it was certain and right, much if
        it thought it impossible. The average of these costs is the *loss*, the cross-entropy, in nats a character
        (divided by ln 2: in bits). e to the power of the loss, the *perplexity*, says between how many equally
        probable characters the network wavers.

        Nobody has to label anything: the text is question and answer at once. To do well, a network has to find out by
        itself how words are spelled, where lines break, who speaks when, and in the end what is being said.

        The text is {text.name}. Learned from: {len(text.train):,} characters. Held out, to be judged by:
        {len(text.valid):,}, the last tenth, for what stands side by side in a text is alike. Who just counts gets this
        far on the held-out part:""",
        report.Table(("Guessing the next character", *UNITS), rows, "Counted on the part that is learned from."),
    )
    return min(double, single)


def the_network(run: Run, settings: Settings, model: Any) -> None:
    sizes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    rows = [(name, " × ".join(map(str, shape)), math.prod(shape)) for name, shape in sizes.items()]
    stacked = f"There is one layer of {settings.hidden} cells."
    if settings.layers > 1:
        stacked = f"{settings.layers} layers of {settings.hidden} cells are stacked: the h of one is the x of the next."
    run.section(
        "The network",
        f"""An *embedding* gives every character {settings.embedding} numbers of its own, x, which are learned like all
        else. The LSTM, the *long short-term memory*, carries a state from character to character: for every cell what
        it holds, c, and what it shows, h. In a time step, both are used to work out four numbers for every cell:""",
        report.formula(
            r"z = x\,w_x + h\,w_h + b, \quad i = \sigma(z_i),\ f = \sigma(z_f),\ g = \tanh(z_g),\ o = \sigma(z_o)",
            "z = x·wx + h·wh + b;  i = σ(z_i), f = σ(z_f), g = tanh(z_g), o = σ(z_o)",
        ),
        report.formula(
            r"c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c')", "c' = f ⊙ c + i ⊙ g,  h' = o ⊙ tanh(c')"
        ),
        f"""σ lies between 0 and 1, so i, f and o are *gates*: f says how much of what a cell holds is kept, i how much
        of the candidate g is written to it, o how much of it is shown. Where f is 1 and i is 0, a cell keeps its value
        for ever, and the gradient that comes back through c' = f ⊙ c + … is passed on undiminished. That is why this
        network learns what a plain recurrent one forgets.

        {stacked} A dense layer makes scores of h, one for every character, and softmax makes them probabilities.""",
        report.Table(
            ("Parameter", "Shape", "Numbers"), rows, "As in PyTorch: ih is wx, hh is wh, the four gates below each "
            "other, and b is the sum of two biases.", total=("All", "", sum(row[2] for row in rows)),
        ),
    )  # fmt: skip


def the_gradients(run: Run, settings: Settings) -> None:
    N, D, H, V = 3, 4, 5, 7
    rng = np.random.default_rng(settings.seed)
    shapes = {"x": (N, D), "h": (N, H), "c": (N, H), "wx": (4 * H, D), "wh": (4 * H, H), "b": (4 * H,)}

    def of(name: str) -> str:
        return name.removeprefix("model.").removesuffix(".grad")

    def step(x: Any, h: Any, c: Any, wx: Any, wh: Any, b: Any) -> Any:
        return cr.cat(cr.lstm_cell(x, (h, c), wx, wh, b), 1)  # c' and h' in one array

    ids = rng.integers(0, V, (N, 8))
    checks = {
        "one time step": gradcheck(step, [rng.standard_normal(s) for s in shapes.values()], names=list(shapes)),
        "embedding": gradcheck_module(nn.Embedding(V, D), ids),
        "whole network, 8 steps": gradcheck_module(Unrolled(V, D, H), ids),
    }
    rows = [
        (what, of(row.name), " × ".join(map(str, row.shape)), row.looked_at, f"{row.relative:.1e}", row.passed)
        for what, check in checks.items()
        for row in check.rows
    ]
    greatest = max(row.relative for check in checks.values() for row in check.rows)
    run.measure(GRADIENT, greatest if all(checks.values()) else np.inf)
    run.section(
        "Are the gradients right?",
        """Backwards through the step, from its last equation to its first. dh' and dc' are what comes from above and
        from the next step; c' goes both into h' and into the next step, so two terms meet in it:""",
        report.formula(
            r"do = dh' \odot \tanh c', \qquad dc' \leftarrow dc' + dh' \odot o \odot (1 - \tanh^2 c')",
            "do = dh' ⊙ tanh c',  dc' ← dc' + dh' ⊙ o ⊙ (1 − tanh² c')",
        ),
        report.formula(
            r"di = dc' \odot g,\quad df = dc' \odot c,\quad dg = dc' \odot i,\quad dc = dc' \odot f",
            "di = dc' ⊙ g,  df = dc' ⊙ c,  dg = dc' ⊙ i,  dc = dc' ⊙ f",
        ),
        report.formula(
            r"dz = (di\,i(1-i),\ df\,f(1-f),\ dg\,(1-g^2),\ do\,o(1-o))",
            "dz = (di·i(1−i), df·f(1−f), dg·(1−g²), do·o(1−o))",
        ),
        report.formula(
            r"dx = dz\,w_x^T,\quad dh = dz\,w_h^T,\quad dw_x = x^T dz,\quad dw_h = h^T dz,\quad db = \sum_n dz_n",
            "dx = dz·wxᵀ,  dh = dz·whᵀ,  dwx = xᵀ·dz,  dwh = hᵀ·dz,  db = Σₙ dzₙ",
        ),
        """So chainrule computes it, for all steps in one kernel. Before it is trusted, each gradient a is compared with
        a difference that anyone can compute, n = (L(x + δ) − L(x − δ)) / 2δ, in double precision. The relative error is
        |a − n| / (|a| + |n|).""",
        report.Table(("Of", "Gradient", "Shape", "Compared", "Greatest relative error", "Right"), rows),
    )


def the_training(run: Run, settings: Settings, history: list[Epoch], carried: Carried) -> None:
    streams, seconds = carried.streams.streams, sum(epoch.seconds for epoch in history)
    rate = len(history) * streams.x.size / seconds
    measure(run, **{MINUTES: seconds / 60, RATE: rate})
    steps, losses = np.array(carried.curve).T
    epochs = [epoch.number for epoch in history]
    held_out = [epoch.metrics["held-out loss"] for epoch in history]
    recipe = f"""The optimizer is AdamW without weight decay. Its rate rises to {settings.lr:g} during the first 5 % of
        the training, then falls to zero along half a cosine. If the gradients, taken as one vector, are longer than
        {settings.clip:g}, they are scaled down to that."""
    if settings.optimizer == "adagrad":
        recipe = f"""The optimizer is Adagrad: the rate {settings.lr:g} is divided, weight by weight, by the root of the
        sum of all squared gradients so far. Every gradient is limited to ±{settings.clip:g} before."""
    side = (
        f"{settings.batch_size} places of the text are read side by side"
        if settings.batch_size > 1
        else ("the text is read from one place on")
    )
    dropout = f"""In training, {report.percent(settings.dropout, 0)} of the outputs of every layer are set to 0, each
        time others: no cell can rely on another one."""
    run.section(
        "Training",
        f"""In a training step {side}, {settings.steps} characters on. Then the gradient of the average loss goes back
        through these {settings.steps} steps, and the weights are changed. The next chunk goes on where this one ended:
        the state h, c is *carried* over, the gradient is not. So the network can use what it read long before, though
        it learns from {settings.steps} characters at a time. Each of the {len(history)} passes over the text begins at
        another place, so that no two cut it into the same chunks.

        {recipe} {dropout if settings.dropout else ""}

        The training steps took {duration(seconds)}: {rate:,.0f} characters a second. A plain NumPy loop with one stream
        was reported to read {PLAIN_LOOP}, that is {rate / PLAIN_LOOP:,.0f} times less.""",
        report.chart(
            {"training": (steps / len(carried.streams), losses), "held out": (epochs, held_out)},
            "passes over the text",
            "loss, nats a character",
            f"""Training loss, each point the average of about a {len(steps)}th of the steps, and held-out loss after
            every pass, with the held-out part cut into 32 and these read side by side. Only shown: nothing was chosen
            by it.""",
        ),
        training_and_held_out(history),
    )


def training_and_held_out(history: list[Epoch]) -> str:
    """What the two losses say about each other."""
    last = history[-1]
    gap = last.metrics["held-out loss"] - last.loss
    best = min(history, key=lambda epoch: epoch.metrics["held-out loss"])
    text = f"""In the last pass the training loss was {last.loss:.3f}, the held-out loss after it
        {last.metrics["held-out loss"]:.3f}."""
    if best.number < last.number and last.metrics["held-out loss"] - best.metrics["held-out loss"] > 0.02:
        return f"""{text} The held-out loss was best after pass {best.number}, {best.metrics["held-out loss"]:.3f}, and
        has risen since, while the training loss went on falling: the network has begun to learn its text by heart."""
    if gap > 0.1:
        return f"{text} The difference of {gap:.2f} nats is what it knows of its own text alone."
    return f"{text} The two are close: there is little that it knows of its own text alone."


def what_it_said(run: Run, text: Text, watch: Watch) -> None:
    blocks: list[Any] = []
    for seen in watch.seen:
        same = np.mean([a == b for a, b in zip(seen["predicted"], watch.text[1:], strict=False)])
        blocks += [
            f"**After {seen['steps']:,} step{'s' * (seen['steps'] > 1)}** {report.percent(same, 0)} of the predictions "
            "are right.",
            report.Verbatim(f"{on_a_line(watch.text[1:])}\n{on_a_line(seen['predicted'])}", wrap=False),
            report.Verbatim(seen["written"]),
        ]
    run.section(
        "What it says while it learns",
        """Two outputs show how far it is. While it *reads*, the network is always told the true characters so far, and
        predicts one more. Below the text stands what it thought likeliest at each place (↵ is the end of a line). When
        it *writes*, it draws a character by its own probabilities, and is then told that this was the true one: an
        error changes all that follows.""",
        *blocks,
    )


def the_measure(run: Run, settings: Settings, text: Text, model: Any, pairs: float) -> None:
    once, windows = read_on(run.engine, model, text.x_valid), read_windows(run.engine, model, text.x_valid)
    measure(run, **{LOSS: once, WINDOWS: windows, GAIN: pairs - once})
    rows = [
        ("**Read once, state carried**", *in_units(once)),
        ("**Windows of 256, each from an empty state**", *in_units(windows)),
        ("For comparison: pairs of characters, counted", *in_units(pairs)),
    ]
    if text.name == "tinyshakespeare":
        rows += [("For comparison: nanoGPT's transformer, windows of 256", *in_units(NANOGPT))]
    run.section(
        "The held-out part",
        f"""The {len(text.valid):,} held-out characters are read in one go from the first to the last, as a person
        would, the state carried all the way: {once:.4f} nats, or {once / math.log(2):.4f} bits, a character.

        A transformer has a window of limited length. nanoGPT's reads 256 characters, and is measured on windows of
        that length, at whose beginning it knows nothing. Measured like this, the LSTM needs {windows:.4f} nats:
        {abs(windows - once):.4f} {"more" if windows >= once else "less"}, which is what {
            "it gains from" if windows >= once else "it loses by"
        } remembering more than the window's own characters.""",
        report.Table(("Held-out loss", *UNITS), rows),
        f"""Between {math.exp(once):.1f} characters it wavers on average; who knows only how frequently one follows
        another wavers between {math.exp(pairs):.1f}. {
            against_nanogpt(windows) if text.name == "tinyshakespeare" else ""
        }""",
    )


def against_nanogpt(windows: float) -> str:
    ahead = f"{abs(windows - NANOGPT):.3f} nats {'ahead of' if windows < NANOGPT else 'behind'}"
    return f"Measured alike, on windows, it is {ahead} nanoGPT's transformer, which was trained on a graphics card."


def temperatures(run: Run, settings: Settings, text: Text, model: Any) -> None:
    speakers = Counter(re.findall(r"\n\n([^\n]+:\n)", text.train))
    prompt = speakers.most_common(1)[0][0] if speakers else text.valid[:20]
    known = set(re.findall(r"\w+", text.train.lower()))
    blocks: list[Any] = []
    rows = []
    for temperature in (0.0, 0.5, 0.8, 1.0, 1.3):
        written = write(run.engine, model, text.vocabulary, prompt, 400, temperature, settings.seed)
        words = re.findall(r"\w+", written.lower()[: written.rfind(" ")])
        share = np.mean([word in known for word in words]) if words else 0.0
        rows.append((f"{temperature:g}", report.percent(float(share), 0), len(words), len(set(words))))
        blocks += [f"**Temperature {temperature:g}**", report.Verbatim(prompt + written)]
    run.section(
        "Writing at several temperatures",
        """Before softmax makes probabilities of them, the scores are divided by a *temperature* τ. At τ = 1 the network
        draws as it has learned to. A smaller τ makes the likely likelier: the text becomes more correct and more
        monotonous; at 0 always the likeliest character is taken. A greater one makes all characters more alike: bolder
        at first, then misspelled.""",
        report.Table(
            ("Temperature", "Words that the text has too", "Words", "Different words"),
            rows,
            "Of 400 characters each, the last word, which may be cut off, left out.",
        ),
        *blocks,
        'More: `chainrule sample RUN --prompt "KING:" --temperature 0.8`.',
    )


def a_cell(run: Run, settings: Settings, text: Text, model: Any) -> None:
    ids = text.x_valid[:24_000]
    ids = ids[: len(ids) // 32 * 32].reshape(32, -1)
    activity = cells(run.engine, model, ids)  # (32, T) -> (32, T, cells)
    found = followers(activity, ["".join(text.vocabulary.decode(row)) for row in ids])
    best = max(found, key=lambda mark: abs(found[mark][1]))
    cell, _, r = found[best]
    prompt = text.valid[:40]
    written = prompt + write(run.engine, model, text.vocabulary, prompt, 700, 0.8, settings.seed)
    shown = cells(run.engine, model, text.vocabulary.encode(written)[None])[0, :, cell]
    there = float(correlations(shown[:, None], marks(written)[best])[0])
    hidden = settings.hidden
    rows = [(m, f"{c % hidden} of layer {c // hidden + 1}", f"{a:.3f}", f"{b:.3f}") for m, (c, a, b) in found.items()]
    run.section(
        "What a single cell does",
        f"""The network has {activity.shape[-1]:,} cells, and nobody told any of them what to hold. To find one that
        can be understood, c of every cell was recorded while {ids.size:,} held-out characters were read, and its
        correlation r with a few properties of the text worked out. With so many cells, one always fits by chance: so
        the cell was chosen on one half of the characters, and its r is measured on the other.""",
        report.Table(
            ("Property of the text", "Cell that follows it best", "r, half it was chosen on", "r, other half"), rows
        ),
        f"""{alongside(r)} with **{best}** (r = {r:.2f} on characters it was not chosen by). Below, the network
        writes a text, and behind every character stands what this cell holds after it: orange where c is positive, blue
        where it is negative. On this text r is {there:.2f}.""",
        report.Verbatim(
            written,
            f"Cell {cell % hidden} of layer {cell // hidden + 1} over a text that begins with {len(prompt)} held-out "
            f"characters and is written by the network from there, at temperature 0.8. Full colour: |c| = "
            f"{np.abs(shown).max():.2g}.",
            tuple(shown / (np.abs(shown).max() or 1.0)),
        ),
    )


# ------------------------------------------------------------------------------------------ small helpers


def followers(activity: Array, texts: list[str]) -> dict[str, tuple[int, float, float]]:
    """For every mark of the texts the cell that follows it best in their first half, and r in this half and the other.

    activity: (texts, characters, cells). A mark that is nowhere, as speakers in a text without any, is left out.
    """
    half, found = len(texts) // 2, {}
    flat = [part.reshape(-1, activity.shape[-1]) for part in (activity[:half], activity[half:])]
    rows = [marks(text) for text in texts]
    for mark in rows[0]:
        values = np.stack([row[mark] for row in rows])
        if values.any():
            first, second = (
                correlations(a, v.ravel()) for a, v in zip(flat, (values[:half], values[half:]), strict=True)
            )
            cell = int(np.abs(first).argmax())
            found[mark] = (cell, float(first[cell]), float(second[cell]))
    return found


class Unrolled(nn.Module):
    """The network of two layers from an empty state on, so that its output depends on its input alone."""

    def __init__(self, characters: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.model = lstm_of(nn, characters, embedding, hidden, 2, 0.0)

    def forward(self, ids: Any) -> Any:
        self.model.state = None
        return self.model(ids)


def guesses(train: Array, valid: Array, characters: int) -> tuple[float, float]:
    """Nats a character on `valid` for who has counted single characters, and pairs, in `train`; one added to each."""
    single = np.bincount(train, minlength=characters) + 1.0
    pairs = np.ones((characters, characters))
    np.add.at(pairs, (train[:-1], train[1:]), 1)
    p, p_next = single / single.sum(), pairs / pairs.sum(axis=1, keepdims=True)
    return float(-np.log(p[valid]).mean()), float(-np.log(p_next[valid[:-1], valid[1:]]).mean())


def in_units(nats: float) -> tuple[str, str, str]:
    """As bits and as perplexity too."""
    return f"{nats:.4f}", f"{nats / math.log(2):.4f}", f"{math.exp(nats):.2f}"


def on_a_line(text: str) -> str:
    return text.replace("\n", "↵")


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def alongside(r: float) -> str:
    """What a correlation amounts to."""
    how = "clearly" if abs(r) > 0.7 else "loosely" if abs(r) > 0.4 else "hardly"
    return f"One cell goes {how} {'along' if r > 0 else 'in the opposite direction'}"
