"""What the report of the lab imdb-lstm tells, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule import report
from chainrule.data import glove
from chainrule.report.blocks import Cell
from chainrule.train import standard_error

from ._imdb_words import (
    AFTER_TUNING,
    ALL_OF_GLOVE,
    BEGINNINGS,
    GLOVE,
    MADE_UP,
    MADE_UP_VECTORS,
    PART,
    REAL,
    WORDS,
    named,
    points,
    shown,
    signed,
    verdict,
    why,
)
from ._reviews import UNKNOWN, Corpus, Part, Reading, right
from ._run import Run
from ._sentiment import Array, Judged

if TYPE_CHECKING:
    from .imdb_lstm import Settings

BAG, PAIRS = "bag of words", "bag of words and pairs"
SCRATCH, FROZEN, FINE = "LSTM from scratch", "LSTM on frozen vectors", "LSTM on fine-tuned vectors"
UNMASKED, BETTER = "LSTM that reads padding", "explored GRU"
BAG_TEST = "test accuracy, bag of words"
FINE_TEST, COVERED = "test accuracy, fine-tuned vectors", "vocabulary that has vectors"
Models = Mapping[str, Judged]


def reads(name: str, settings: Settings) -> Reading:
    """How much of a review a network reads."""
    if name == BETTER:
        return Reading(settings.better_length)
    return Reading(settings.length, settings.better_length if name == UNMASKED else None)


def share(probabilities: Array, part: Part) -> float:
    """The share of a part that is judged rightly."""
    return float(right(probabilities, part.labels).mean())


def ahead(one: Judged, other: Judged, part: Part) -> tuple[float, float]:
    """By how many points one is ahead of another on the test, and the standard error of that: both read the same."""
    gained = 100.0 * (right(one.test, part.labels).astype(int) - right(other.test, part.labels))
    return float(gained.mean()), float(gained.std(ddof=1) / np.sqrt(len(gained)))


def standings(data: Corpus, models: Models, names: Sequence[str]) -> report.Table:
    """The table of models: what they learned, and what that is worth."""
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        m = models[name]
        lead = "" if name == BAG else points(*ahead(m, models[BAG], data.test))
        accuracies = (
            share(m.train, data.train.first(len(m.train))),
            share(m.valid, data.valid),
            share(m.test, data.test),
        )
        rows.append((named(name), m.parameters, *(report.percent(a, 2) for a in accuracies), lead))
    error = 100 * standard_error(share(models[names[0]].test, data.test), len(data.test.labels))
    return report.Table(
        ("Model", "Numbers learned", "Training", "Validation", "Test", "Points ahead of the bag of words"),
        rows,
        f"Share of the reviews that are judged rightly: {len(data.valid.labels):,} of the training part, "
        f"{len(data.valid.labels):,} of the validation part, all {len(data.test.labels):,} of the test (± {error:.2f} "
        "points, one standard error). The last column is of the test, with its own standard error, review by review.",
    )


# ------------------------------------------------------------------------------------------ before any network


def the_task(run: Run, settings: Settings, data: Corpus) -> None:
    lengths = np.array([len(tokens) for tokens in data.train.tokens])
    numbered = "Each gets a number."
    if data.words > (known := len(data.vocabulary) - 2):
        unknown = sum(int((tokens == UNKNOWN).sum()) for tokens in data.train.tokens) / int(lengths.sum())
        numbered = f"""The {known:,} most frequent get a number; the others, {report.percent(unknown)} of what stands in
        the texts, are all <unk>, "unknown"."""
    rng = np.random.default_rng(settings.seed)
    rows = [int(rng.choice(np.flatnonzero(data.train.labels == label))) for label in (1, 0, 1, 0)]
    longer = [float(np.mean(lengths > limit)) for limit in (settings.length, settings.better_length)]
    run.section(
        "The task",
        f"""Is this a good review or a bad one? {REAL if settings.full else MADE_UP}""",
        report.Table(
            ("Review", "It is"),
            [(shown(data.train.texts[i]), "good" if data.train.labels[i] else "bad") for i in rows],
            "From the training part, drawn at random; the beginning of each.",
        ),
        f"""**Parts.** {len(data.train.labels):,} reviews to learn from; {len(data.valid.labels):,} for validation, a
        tenth of the training reviews, set apart at random: they decide on settings and epochs;
        {len(data.test.labels):,} for the test, read once by each finished model. Half of them are good, so that
        guessing is right in 50 %.

        **Tokens.** A review is cut into words and marks, in lower case, "didn't" into "did" and "n't". The training
        part has {data.words:,} different ones. {numbered} A review has {np.median(lengths):.0f} tokens in the middle
        (median), {lengths.min()} at the least, {lengths.max():,} at the most. The LSTMs read the last {settings.length}
        of a review, for reviewers sum up at the end; {report.percent(longer[0], 0)} of the reviews are longer. The
        explored model reads {settings.better_length} ({report.percent(longer[1], 0)} are longer), the bag of words
        everything.""",
    )


def the_bag(run: Run, data: Corpus, models: Models) -> None:
    run.measure(BAG_TEST, share(models[BAG].test, data.test))
    bag = models[BAG].model
    names = [data.vocabulary.tokens[bag.tfidf.words(i)[0]] for i in range(len(bag.tfidf.terms))]
    order = np.argsort(bag.theta[:-1])
    pairs = models[PAIRS].model
    strongest = np.argsort(-np.abs(pairs.theta[:-1]))
    twos = [i for i in strongest if len(pairs.tfidf.words(i)) == 2][:10]
    rows = [
        (names[good], signed(bag.theta[good], 2), names[bad], signed(bag.theta[bad], 2))
        for good, bad in zip(order[::-1][:10], order[:10], strict=True)
    ]
    told = ", ".join(
        f"{' '.join(data.vocabulary.decode(pairs.tfidf.words(i)))} ({signed(pairs.theta[i], 1)})" for i in twos
    )
    run.section(
        "What word counts can do",
        """Before any network: how far does one get without reading? The *bag of words* keeps which words a review has
        and forgets their order. Each of F words is a column, and a review a row of F numbers, most of them 0:""",
        report.formula(
            r"x_w = (1 + \ln\,n_w) \left(\ln\dfrac{1 + N}{1 + df_w} + 1\right), \quad x \leftarrow x / \Vert x \Vert",
            "x_w = (1 + ln n_w)·(ln((1 + N)/(1 + df_w)) + 1), then x ← x/‖x‖",
        ),
        """n is how often the word stands in the review, df in how many of the N training reviews it stands at all. A
        word that stands everywhere, such as "the", says little and weighs little: tf-idf, "term frequency, inverse
        document frequency". A logistic regression gives every word a weight w: the probability of a good review is
        σ(x·w + b). Its loss, the mean cross-entropy plus ½·λ·‖w‖², is convex: there is one minimum, and L-BFGS finds
        it. λ keeps the weights small; which of seven is best, the validation part decides.""",
        report.Table(
            ("Speaks for good", "Weight", "Speaks for bad", "Weight "),
            rows,
            f"The greatest weights (λ = {bag.penalty:g}).",
        ),
        f"""Nobody told it what the words mean. But "not" and "good" it can only add. A second regression also gets
        every pair of neighbouring words as a column, {len(pairs.theta):,} numbers to
        learn instead of {len(bag.theta):,}. Its weightiest pairs are: {told}.""",
        standings(data, models, (BAG, PAIRS)),
        "These are the marks to beat.",
    )


def the_vectors(run: Run, settings: Settings, data: Corpus) -> None:
    file, V = data.file, data.vectors.found
    run.measure(COVERED, data.vectors.coverage)
    sizes = [n for n in (1000, 5000, 10_000, 20_000, 50_000) if n < len(V) - 2] + [len(V) - 2]
    words = [word for word in WORDS if word in set(file.words)][:10]
    near = glove.nearest(file, words, 6)
    missing = [t for t, found in zip(data.vocabulary.tokens[2:], V[2:], strict=True) if not found and t.isprintable()][
        :12
    ]
    lost = f"The most frequent words without one: {', '.join(missing)}." if missing else "None is missing."
    part = PART if settings.full and len(file.words) < ALL_OF_GLOVE else ""
    run.section(
        "The file of word vectors",
        f"""{GLOVE if settings.full else MADE_UP_VECTORS} {part}**The file has {len(file.words):,} words, and for each a
        vector of {file.vectors.shape[1]} numbers.** Of our vocabulary {report.percent(data.vectors.coverage)} are among
        them. {lost} Tokens without a vector begin with random numbers of the same mean and spread; <pad> is 0.""",
        report.Table(
            ("The most frequent words", "Have a vector"),
            [(n, report.percent(float(V[2 : n + 2].mean()))) for n in sizes],
            "Coverage of the vocabulary, of frequent words and of all.",
        ),
        """What is in such a vector? No single number means anything. But vectors of words that are used alike point
        alike, so that the angle between them measures likeness:""",
        report.Table(
            ("Word", "Nearest neighbours, by cosine"),
            [(word, ", ".join(row)) for word, row in zip(words, near, strict=True)],
            "The nearest first.",
        ),
        opposites(file),
    )


def opposites(file: glove.Vectors) -> str:
    """What the file says of words that mean the opposite."""
    rows = {word: i for i, word in enumerate(file.words)}
    found = [
        (a, b)
        for a, b in (("good", "bad"), ("funny", "boring"), ("great", "awful"), ("best", "worst"))
        if {a, b} <= set(rows)
    ]
    unit = file.vectors / np.maximum(np.linalg.norm(file.vectors, axis=1, keepdims=True), 1e-12)
    cosines = [(a, b, float(unit[rows[a]] @ unit[rows[b]])) for a, b in found]
    told = ", ".join(f"{a} and {b}: {value:.2f}" for a, b, value in cosines)
    rng = np.random.default_rng(0).integers(0, len(unit), (2, 1000))
    usual = float(np.mean(np.sum(unit[rng[0]] * unit[rng[1]], 1)))
    near = np.mean([value for *_, value in cosines]) > usual + 0.2 if cosines else False
    return f"""Do vectors know good from bad? The cosine of opposites is {told}; of two words drawn at random it is
    {usual:.2f} on average. {AFTER_TUNING[bool(near)]}"""


# ------------------------------------------------------------------------------------------ three beginnings


def the_network(run: Run, settings: Settings, data: Corpus, models: Models) -> None:
    model = models[FINE].model
    parts = ("embedding", "lstm", "linear")
    counts = [sum(p.numel() for key, p in model.named_parameters() if key.startswith(part)) for part in parts]
    V, D = data.vectors.weight.shape
    H = settings.hidden
    arithmetic = f"{V:,} · {D}", f"4·{H}·({D} + {H} + 2) + 4·{H}·({H} + {H} + 2)", f"{H} + 1"
    run.section(
        "The network",
        f"""A review of T tokens becomes T vectors of {D} numbers, the rows of a table, the *embedding*. An LSTM reads
        them one by one. It has a state h and a memory c, and at each token three gates between 0 and 1 decide what is
        forgotten (f), what is written down (i) and what is shown (o):""",
        report.formula(
            r"c_t = f \odot c_{t-1} + i \odot \tanh(W x_t + U h_{t-1} + b), \qquad h_t = o \odot \tanh(c_t)",
            "cₜ = f·cₜ₋₁ + i·tanh(W·xₜ + U·hₜ₋₁ + b), hₜ = o·tanh(cₜ)",
        ),
        f"""A second layer of the same kind reads the h of the first. The last h of that one, after the last token, is
        all that is kept of the review; a linear layer makes one number of it, and the logistic function a probability.
        So "not" can be remembered until "good" comes: what the bag of words cannot do.

        The model class has five parameters: `vocab_size` {V:,}, `embedding_dim` {D}, `hidden_dim` {H},
        `lstm_dropout_prob` {settings.lstm_dropout:g} (between the two layers) and `dropout_prob` {settings.dropout:g}
        (before the linear layer).""",
        report.Table(
            ("Part", "Arithmetic", "Numbers"),
            [
                (name, how, count)
                for name, how, count in zip(
                    ("embedding", "LSTM, two layers", "linear"), arithmetic, counts, strict=True
                )
            ],
            "What there is to learn.",
            total=("All", "", sum(counts)),
        ),
    )


def three_beginnings(run: Run, settings: Settings, data: Corpus, models: Models) -> None:
    names = (SCRATCH, FROZEN, FINE)
    run.measure(FINE_TEST, share(models[FINE].test, data.test))
    first, second = sorted(names, key=lambda name: -share(models[name].test, data.test))[:2]
    lead, error = ahead(models[first], models[second], data.test)
    chance = lead < 2 * error
    seconds = sum(models[name].seconds for name in names)
    run.section(
        "Three beginnings",
        f"""{BEGINNINGS} Everything else is the same: Adam with learning rate {settings.lr:g}, {settings.batch_size}
        reviews to a step, gradients clipped to the norm 1, {settings.epochs} epochs, the same order. The three
        trainings took {seconds:.0f} s. Kept are the weights of the epoch with the best validation accuracy.""",
        curves(models, names, "loss", "validation loss", "cross-entropy"),
        curves(models, names, "training accuracy", "validation accuracy", "judged rightly"),
        """The training loss is the average over an epoch, with dropout, while the weights still change; all else is
        measured after the epoch, without dropout.""",
        report.Table(
            (
                "Model",
                "Training loss, last",
                "Validation loss, least",
                "at epoch",
                "Best accuracy at epoch",
                "Converged?",
            ),
            [
                (
                    named(name),
                    f"{models[name].history[-1].loss:.3f}",
                    f"{min(epoch.metrics['validation loss'] for epoch in models[name].history):.3f}",
                    1 + int(np.argmin([epoch.metrics["validation loss"] for epoch in models[name].history])),
                    models[name].best.number,
                    verdict(models[name].history),
                )
                for name in names
            ],
            "Converged: the validation loss is past its least value, or fell by less than 2 % in the last epoch.",
        ),
        why(models[SCRATCH], models[FROZEN], models[FINE]),
        standings(data, models, (BAG, *names)),
        f"""**The {first} wins** on the test, {points(lead, error)} points ahead of the {second}:
        {"that is within what chance can do." if chance else f"more than chance can do. {WHO_WINS[first]}"}""",
    )


WHO_WINS = {
    FINE: """It begins with what other texts taught, and then learns what this task needs besides.""",
    FROZEN: """What the vectors know from elsewhere is worth more here than what the reviews can add to them; where the
    embedding is free, it has so many numbers that it learns the training reviews by heart.""",
    SCRATCH: """There are enough reviews here to learn the words from them alone: what the vectors know of other texts
    is of little use for telling good from bad.""",
}


def curves(models: Models, names: Sequence[str], train: str, valid: str, what: str) -> report.Figure:
    """Training and validation side by side, on one scale."""
    drawing, told = report.Drawing(5.4, 2.3, columns=len(names)), list[str]()
    with drawing:
        for axes, name in zip(drawing.panels, names, strict=True):
            axes.sharey(drawing.panels[0])
            axes.tick_params(labelleft=axes is drawing.panels[0])
            for key, label in ((train, "training"), (valid, "validation")):
                ys = [epoch.loss if key == "loss" else epoch.metrics[key] for epoch in models[name].history]
                axes.plot(range(1, len(ys) + 1), ys, label=label)
                told.append(f"{name}, {label}: {', '.join(f'{y:.3f}' for y in ys)}")
            axes.set_title(name.removeprefix("LSTM ").removeprefix("on "), fontsize=9.5)
            axes.set(xlabel="epoch", xticks=range(1, len(ys) + 1, max(1, len(ys) // 5)))
        drawing.panels[0].set_ylabel(what)
        handles, labels = drawing.panels[0].get_legend_handles_labels()
        drawing.panels[0].figure.legend(handles, labels, loc="outside upper left", ncols=2, handlelength=3)
    return report.Figure(
        drawing.svg(),
        f"Line charts side by side, {what} by epoch. {'; '.join(told)}.",
        f"{what.capitalize()}, by epoch.",
    )


def the_tuned_vectors(run: Run, data: Corpus, models: Models) -> None:
    tuned = models[FINE].model.embedding.weight.detach().numpy()
    words = [w for w in WORDS if w in data.vocabulary and data.vectors.found[data.vocabulary[w]]][:8]
    known = data.vectors.found.nonzero()[0][:5000]
    tokens = [data.vocabulary.tokens[i] for i in known]
    before, after = (
        glove.nearest(glove.Vectors(tokens, own[known]), [w for w in words if w in tokens], 5)
        for own in (data.vectors.weight, tuned)
    )
    words = [w for w in words if w in tokens]
    moved = np.linalg.norm(tuned - data.vectors.weight, axis=1)[known] / np.linalg.norm(
        data.vectors.weight[known], axis=1
    )
    most = [tokens[i] for i in np.argsort(-moved)[:12]]
    run.section(
        "What fine-tuning does to the vectors",
        f"""The neighbours once more, among the {len(known):,} most frequent words of the vocabulary, in the vectors as
        they were and as the LSTM left them. The vectors that moved most, for their length, are those of:
        {", ".join(most)}.""",
        report.Table(
            ("Word", "Neighbours before", "Neighbours after"),
            [(w, ", ".join(a), ", ".join(b)) for w, a, b in zip(words, before, after, strict=True)],
            "Nearest neighbours by cosine, before fine-tuning and after it.",
        ),
        f"""On average a vector moved by {report.percent(float(moved.mean()), 0)} of its length. Only words that stand
        in training reviews move; the rest keep what they brought along.""",
    )
