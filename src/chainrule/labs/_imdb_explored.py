"""What the report of the lab imdb-lstm tells, second part: padding, the explored model, its eyes and its mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import report
from chainrule.report.blocks import Cell

from ._imdb_report import BAG, BETTER, FINE, FROZEN, PAIRS, SCRATCH, UNMASKED, Models, ahead, share, standings
from ._imdb_words import BEATEN, NOT_BEATEN, PROBES, named, points
from ._reviews import Corpus, Part, collate, cut, right, stretches
from ._run import Run
from ._sentiment import Array, Judged

if TYPE_CHECKING:
    from .imdb_lstm import Settings

__all__ = ["BETTER_TEST", "the_explored", "the_padding", "where_it_looks", "where_they_fail"]

BETTER_TEST = "test accuracy, explored model"


# ------------------------------------------------------------------------------------------ padding


def the_padding(run: Run, settings: Settings, data: Corpus, models: Models) -> None:
    extra, trained, fill = (0, 5, 10, 20, 50, 100, 200), models[UNMASKED], settings.better_length
    found = [padded_accuracy(run.engine, models[FINE].model, data.valid, settings.length, n) for n in extra]
    epochs, reached = len(trained.history), [epoch.metrics["validation accuracy"] for epoch in models[FINE].history]
    lengths = np.minimum([len(tokens) for tokens in data.train.tokens], settings.length)
    learned, masked = share(trained.valid, data.valid), max(reached[:epochs])
    kept = GUESSED if found[0] < 0.6 else FORGETS if found[0] - found[-1] > 0.05 else KEEPS
    run.section(
        "Padding must not be read",
        """Reviews of unequal length are filled up to a rectangle with <pad>. Here each sequence is packed with its
        length, so that the state that counts is the one after its last token; and reviews of similar length come into a
        batch together, so that there is little to fill up. What if one forgets the lengths, and takes the state at the
        end of the rectangle? First, the fine-tuned LSTM reads the validation reviews and then so many <pad> more:""",
        report.chart(
            {"accuracy": (extra, found)},
            "<pad> read after the review",
            "judged rightly",
            "Validation accuracy of the fine-tuned LSTM when it reads padding as if it were text.",
            percent=True,
        ),
        f"""After {extra[-1]} of them {report.percent(found[-1])} are judged rightly, instead of
        {report.percent(found[0])}. {kept}

        Second, an LSTM is *trained* in this way: like the fine-tuned one, but every review is filled up to {fill}
        tokens, of which {report.percent(1 - float(lengths.mean()) / fill, 0)} are padding, and all are read. After
        {epochs} epoch{"s" * (epochs > 1)} it is right on {report.percent(learned)} of the validation part, where the
        other one had reached {report.percent(masked)} by then.""",
        standings(data, models, (BAG, FINE, UNMASKED)),
        f"""{LOST if learned < 0.6 else WORSE if learned < masked - 0.01 else NO_LOSS} An epoch took
        {trained.seconds / epochs:.1f} s, of the other one {models[FINE].seconds / len(reached):.1f} s: padding costs as
        much time as text. And
        nothing complains: a program that forgets the lengths runs like any other.""",
    )


GUESSED = "It guesses anyway, so there is nothing to lose."
FORGETS = "Step by step, what was in the memory is overwritten."
KEEPS = """This network keeps its mind: its gates happen to be shut by then, although nothing taught it so, and one must
not rely on that."""
LOST = """It learned next to nothing, for it guesses: the verdict would have to last through all the padding, and so
would the gradient on its way back."""
WORSE = "It did learn, but it is worse: gates that have to keep a memory through the padding are not free to read."
NO_LOSS = "It learned to keep its memory through the padding, and is not worse for it in the end."


def padded_accuracy(engine: Any, model: Any, part: Part, length: int, extra: int) -> float:
    """The share judged rightly if every review is followed by so many <pad>, and they are read."""
    model.eval()
    lengths = np.array([min(max(len(tokens), 1), length) for tokens in part.tokens])
    model.masked, hits = False, 0
    with engine.no_grad():
        for same in np.unique(lengths):  # so that there is no other padding
            rows = np.flatnonzero(lengths == same).tolist()
            samples = [(part.tokens[i][-length:], part.labels[i]) for i in rows]
            x, y = collate(samples, int(same) + extra)
            hits += int(right(model(engine.from_numpy(x)).numpy(), y).sum())
    model.masked = True
    return hits / len(lengths)


# ------------------------------------------------------------------------------------------ the explored model


def the_explored(run: Run, settings: Settings, data: Corpus, models: Models) -> None:
    better = models[BETTER]
    run.measure(BETTER_TEST, share(better.test, data.test))
    epochs = [epoch.number for epoch in better.history]
    over_bag, over_pairs, over_fine = (ahead(better, models[name], data.test) for name in (BAG, PAIRS, FINE))
    run.section(
        "A better reader",
        f"""The LSTM above has to carry what it found through all the tokens that follow. Four changes:

        **Both directions.** One GRU reads from the left, one from the right: at token t there is a state that has seen
        what stands before and one that has seen what comes after. Since the sequences are packed with their lengths,
        the way back begins at the last token, not in the padding.

        **A GRU in the LSTM's place**: two gates instead of three, no second memory, three quarters of the numbers for
        the same width. {settings.better_hidden} units for each direction, one layer.

        **Attention pools the states.** Instead of the last state, a weighted mean of all: each token gets a score, the
        softmax makes weights of the scores that add up to 1 (padding has none), and what counts need not be carried to
        the end.""",
        report.formula(
            r"a_t = \mathrm{softmax}_t(v \cdot \tanh(W h_t + b)), \qquad \bar{h} = \sum_t a_t h_t",
            "aₜ = softmaxₜ(v·tanh(W·hₜ + b)), h̄ = Σₜ aₜ·hₜ",
        ),
        f"""**Dropout on the embeddings** ({report.percent(settings.embedding_dropout, 0)} of their numbers), so that no
        single word can be relied on; and a learning rate that rises to {settings.better_lr:g} in the first fifth of the
        training and then falls to zero in a straight line. It reads up to {settings.better_length} tokens, begins with
        the vectors and fine-tunes them; {better.history[-1].number} epochs took {better.seconds:.0f} s.""",
        report.chart(
            {
                "training": (epochs, [epoch.metrics["training accuracy"] for epoch in better.history]),
                "validation": (epochs, [epoch.metrics["validation accuracy"] for epoch in better.history]),
            },
            "epoch",
            "judged rightly",
            f"The explored model. Kept is epoch {better.best.number}, the best on the validation part.",
            percent=True,
        ),
        standings(data, models, tuple(models)),
        f"""The explored model is right on **{report.percent(share(better.test, data.test), 2)}** of the test.
        {beats(*over_fine, "the LSTM on fine-tuned vectors")}

        **Does it beat the bag of words?** {beats(*over_bag, "the bag of words")} {beats(*over_pairs, PAIRS_OF)}
        {BEATEN if over_pairs[0] > 2 * over_pairs[1] else NOT_BEATEN}""",
        rivals(data, models),
    )


PAIRS_OF = "the bag that has the pairs of words as well"


def beats(lead: float, error: float, rival: str) -> str:
    """Whether it does, plainly."""
    if abs(lead) < 2 * error:
        return f"Neither is ahead of the other for certain, it and {rival}: {points(lead, error)} points are chance."
    return f"It is {'ahead of' if lead > 0 else 'behind'} {rival} by {abs(lead):.2f} ± {error:.2f} points."


def rivals(data: Corpus, models: Models) -> str:
    """How the LSTMs of the exercise compare with the baseline."""
    names = (SCRATCH, FROZEN, FINE)
    beaten = [named(name) for name in names if ahead(models[name], models[BAG], data.test)[0] > 0]
    behind = [named(name) for name in names if named(name) not in beaten]
    words = []
    if beaten:
        words.append(f"Ahead of the bag of words: {'; '.join(beaten)}.")
    if behind:
        words.append(f"Not ahead of it: {'; '.join(behind)}.")
    return "Of the LSTMs of the exercise: " + " ".join(words)


def where_it_looks(run: Run, settings: Settings, data: Corpus, models: Models) -> None:
    rows = chosen(data.test, models[BETTER].test)
    blocks: list[Any] = []
    for i in rows:
        tokens = data.test.tokens[i][-settings.better_length :]
        with run.engine.no_grad():
            _, weights = models[BETTER].model.read(run.engine.from_numpy(collate([(tokens, 0.0)])[0]))
        words = cut(data.test.texts[i])[-settings.better_length :]
        own = weights.numpy()[0] / weights.numpy()[0].max()
        text = " ".join(words)
        values = [x for word, value in zip(words, own, strict=True) for x in [float(value)] * len(word) + [0.0]]
        found, truth = (("bad", "good")[int(p > 0.5)] for p in (models[BETTER].test[i], data.test.labels[i]))
        sure = report.percent(max(models[BETTER].test[i], 1 - models[BETTER].test[i]))
        blocks.append(report.Verbatim(text, f"Taken for {found}, with probability {sure}; it is {truth}.", values[:-1]))
    run.section(
        "Where it looks",
        """The weights of the attention over some test reviews: the deeper the orange, the more of the state at this
        token is in the mean. Nobody marked any word. Two reviews are judged rightly; the last one is the surest mistake
        among those below 200 tokens.""",
        *blocks,
        """Read this with care: the state at a token has seen its neighbours, from both sides. A weight says where the
        network takes something from, not that this word was the reason.""",
    )


def chosen(part: Part, probabilities: Array) -> list[int]:
    """Two reviews of moderate length that are judged rightly, a good and a bad one, and the surest mistake."""
    lengths, ok = np.array([len(tokens) for tokens in part.tokens]), right(probabilities, part.labels)
    middling = np.abs(lengths - min(90, int(np.median(lengths))))
    picks = [np.flatnonzero(ok & (part.labels == label)) for label in (1, 0)]
    wrong = np.flatnonzero(~ok & (lengths < 200))
    sure = [int(wrong[np.abs(probabilities[wrong] - 0.5).argmax()])] if len(wrong) else []
    return [int(rows[middling[rows].argmin()]) for rows in picks if len(rows)] + sure


def where_they_fail(run: Run, settings: Settings, data: Corpus, models: Models) -> None:
    names = (BAG, FINE, BETTER)
    ok = {name: right(models[name].test, data.test.labels) for name in names}
    rows: list[tuple[Cell, ...]] = [
        (f"{low} to {high}", len(own), *(report.percent(float(ok[n][own].mean())) for n in names))
        for low, high, own in stretches(data.test)
    ]
    lines, truths = zip(*PROBES[settings.full], strict=True)
    said = {name: probe(run, settings, data, models[name], lines) for name in names}
    hits = {name: sum((p > 0.5) == truth for p, truth in zip(said[name], truths, strict=True)) for name in names}
    disagree, both = float(np.mean(ok[BAG] != ok[BETTER])), float(np.mean(~ok[BAG] & ~ok[BETTER]))
    run.section(
        "Where they fail",
        report.Table(
            ("Tokens of the review", "Reviews", *map(named, names)), rows, "Test accuracy by the length of the review."
        ),
        f"""The bag of words and the explored model are not wrong on the same reviews: on
        {report.percent(disagree)} exactly one of them is right, on {report.percent(both)} neither.""",
        report.Table(
            ("Sentence", "Means", *map(named, names)),
            [
                (line, "good" if truth else "bad", *(f"{said[name][k]:.0%}".replace("%", " %") for name in names))
                for k, (line, truth) in enumerate(zip(lines, truths, strict=True))
            ],
            "Sentences made up for this page, and the probability of a good review that each model gives them.",
        ),
        f"""Of these {len(lines)} sentences are judged rightly: {"; ".join(f"{named(n)} {hits[n]}" for n in names)}.
        They are unlike reviews, for they are short, and each turns on a single word; a model may fail here and yet do
        well on reviews, which say what they mean more than once.

        `chainrule predict RUN "{lines[0]}"` asks the explored model of this run about a line.""",
    )


def probe(run: Run, settings: Settings, data: Corpus, judged: Judged, lines: Sequence[str]) -> list[float]:
    """The probability of "good" that a model gives to lines."""
    tokens = [data.vocabulary.encode(cut(line)).astype(np.int32) for line in lines]
    part = Part(lines, tokens, np.zeros(len(lines), np.float32))
    if judged.name in (BAG, PAIRS):
        return [float(value) for value in judged.model.judge(part)]
    with run.engine.no_grad():
        judged.model.eval()
        found = [judged.model(run.engine.from_numpy(collate([(own, 0.0)])[0])).numpy()[0] for own in tokens]
    return [float(value) for value in found]
