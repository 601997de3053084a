"""Attention: translating with a network that looks back at the source, and with one that has to remember it.

The exercise: translate short texts with a recurrent encoder-decoder. The encoder reads the source in both directions;
the decoder writes the target, token by token, from the encoder's last states alone. Then give it additive attention
(Bahdanau, Cho, Bengio 2014): at every step weights aⱼ = softmaxⱼ(v·tanh(W·s + U·hⱼ + b)) say how much of what the
encoder found at each source token, hⱼ, goes into the next target token. Train both alike, with teacher forcing, on
padded and masked batches of texts of similar length. Compare them overall and by the length of the source, draw the
weights as a table of shades, and show what both write.

Without data the texts are dates: 8,000 written in nine forms ("Thursday, the 3rd of May 1998") become ISO dates
(1998-05-03); with attention at least 99 % of 1,000 other days must be right to the last character. With `--preset full`
and the data, English becomes French: 20,000 pairs of Tatoeba, judged by BLEU (sacrebleu) on 1,000 others. There
attention must be ahead, and by more on long sentences than on short ones.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import chainrule
from chainrule import report
from chainrule.data import DataLoader, Vocabulary
from chainrule.labs import Expectation, Lab, Run, Saved, TrainingSettings, asked_for, equal_start
from chainrule.labs._pairs import NUMBER_OF_DAYS, Corpus, cut, dates, joined, sentences
from chainrule.labs._translator import PARTS, batches, padding_share, right, spoken, translate, translator
from chainrule.train import ClipNorm, Epoch, one_cycle

Array = npt.NDArray[Any]
PLAIN, ATTENDS = "without attention", "with attention"
WHAT = {False: "exact dates with attention (%)", True: "BLEU with attention"}
VALID, TEST = 200, 1000
"""Dates to look at on the way, and to be judged by."""
LEAD, LONGER = "points ahead of the plain model", "points further ahead on long texts than on short ones"


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab attention."""

    epochs: int = 6
    """Passes over the training pairs."""
    batch_size: int = 64
    """Pairs in a training step."""
    lr: float = 3e-3
    """Greatest learning rate: reached after a fifth of the training, zero at its end."""
    width: int = 64
    """Numbers in an embedding, and in a state of each GRU."""
    dropout: float = 0.0
    """Share of the embeddings' and the last layer's inputs that is dropped in training."""
    pairs: int = 8000
    """Dates to learn from; the sentences are always all of Tatoeba's."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(width=1, pairs=1)
        if self.pairs > (most := NUMBER_OF_DAYS - VALID - TEST):
            raise ValueError(f"--pairs {self.pairs}: there are no more than {most} days to learn from")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"--dropout {self.dropout}: it must be at least 0 and below 1")


FULL = Settings(preset="full", epochs=6, lr=2e-3, width=256, dropout=0.3, pairs=20_000)


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    return [
        Expectation(WHAT[settings.full], at_least=22 if settings.full else 99, form="{:.1f}"),
        Expectation(LEAD, at_least=3, form="{:.1f}"),
        Expectation(LONGER, at_least=0, form="{:.1f}"),
    ]


# ------------------------------------------------------------------------------------------ data, models, training


def texts(settings: Settings) -> Corpus:
    """Dates, or with the preset "full" sentences."""
    if not settings.full:
        return dates(settings.pairs, VALID, TEST, settings.seed)
    with asked_for():
        return sentences(settings.data)


def training(corpus: Corpus, attends: bool, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    sizes = len(corpus.source), len(corpus.target), settings.width, attends, settings.dropout
    model = equal_start(lambda nn: translator(nn, *sizes), engine, settings.seed)
    cross_entropy = engine.nn.CrossEntropyLoss(ignore_index=0)  # <pad> is no token to learn

    def loss(scores: Any, write: Any) -> Any:
        return cross_entropy(scores.flatten(0, 1), write.flatten())  # (N, L, V), (N, L)

    optimizer = engine.optim.Adam(model.parameters(), lr=settings.lr)
    return model, loss, optimizer, batches(corpus, settings.batch_size, settings.seed, engine)


class Translator(NamedTuple):
    """A trained model: how it came to be, and what it makes of the test texts."""

    model: Any
    history: list[Epoch]
    written: list[str]
    weights: list[Array]
    """Of the attention: (tokens written, tokens of the source) for each text."""


def trained(name: str, corpus: Corpus, run: Run, settings: Settings) -> Translator:
    """Train a model, and let it translate."""
    parts = training(corpus, name == ATTENDS, run.engine, settings)
    check = corpus.valid[:500]

    def validate() -> dict[str, float]:
        return {"score": corpus.score(spoken(run.engine, parts[0], corpus, check)[0], right(corpus, check))}

    history = run.fit(name, *parts, settings.epochs, schedule=one_cycle, validate=validate, callbacks=[ClipNorm(1)])
    return Translator(parts[0], history, *spoken(run.engine, parts[0], corpus, corpus.test))


def put_into(settings: Settings, saved: Saved, line: str) -> str:
    """A written date as an ISO date, or an English sentence in French."""
    source, target = (Vocabulary.from_json(saved.facts[side]) for side in ("source", "target"))
    model = translator(chainrule.nn, len(source), len(target), settings.width, True)
    model.load_state_dict(saved.weights)
    tokens = cut(line) if settings.full else list(line.strip())
    if not tokens:
        raise ValueError("an empty line cannot be translated")
    (written,), _ = translate(chainrule, model, [source.encode(tokens)], 2 * len(tokens) + 10)
    return (joined if settings.full else "".join)(target.decode(written))


def experiment(settings: Settings, run: Run) -> None:
    """Train both, test both, look where the one looks."""
    corpus = texts(settings)
    the_task(run, corpus, settings)
    models = {name: trained(name, corpus, run, settings) for name in (PLAIN, ATTENDS)}
    run.save(models[ATTENDS].model, source=corpus.source.to_json(), target=corpus.target.to_json())
    the_models(run, corpus, settings, models)
    the_training(run, corpus, settings, models)
    the_test(run, corpus, settings, models)
    where_it_looks(run, corpus, models[ATTENDS])
    what_they_write(run, corpus, settings, models)


# ------------------------------------------------------------------------------------------ the report, in its order


def the_task(run: Run, corpus: Corpus, settings: Settings) -> None:
    shown = np.random.default_rng(settings.seed).choice(len(corpus.test), min(6, len(corpus.test)), replace=False)
    lengths = [len(source) for source, _ in corpus.train]
    rare = share([token not in corpus.source for source, _ in corpus.test for token in source])
    what = """A token is a character. No day comes twice, so a day of the test is none that was learned; the years are
    1900 to 2099, and a form is drawn at random for each day."""
    if settings.full:
        what = f"""A token is a word or a mark, in lower case; words that come once in the training pairs are all the
        same token, <unk>, "unknown", and so are {report.percent(rare)} of the tokens of the English test sentences.
        The pairs are Tatoeba's, written by volunteers: short sentences of daily life."""
    run.section(
        "The task",
        f"""{len(corpus.train):,} pairs to learn from, {len(corpus.valid):,} to look at after each epoch,
        {len(corpus.test):,} to be judged by at the end. {what} The sources have {min(lengths)} to {max(lengths)}
        tokens, {np.mean(lengths):.0f} on average; there are {len(corpus.source):,} different ones, and
        {len(corpus.target):,} in the targets.""",
        report.Table(
            ("Source", "Target"),
            [tuple(map(corpus.joined, corpus.test[i])) for i in shown],
            "Pairs of the test, drawn at random.",
        ),
        """Source and target differ in length and in order: what comes last in the one may come first in the other. So
        the network cannot turn token j into token j. It has to read to the end before it writes.""",
    )


def the_models(run: Run, corpus: Corpus, settings: Settings, models: dict[str, Translator]) -> None:
    sizes = {name: {key: p.numel() for key, p in t.model.named_parameters()} for name, t in models.items()}
    parts = list(dict.fromkeys(key.split(".")[0] for key in sizes[ATTENDS]))
    rows = [
        (PARTS[part], *(sum(n for key, n in own.items() if key.startswith(part + ".")) for own in sizes.values()))
        for part in parts
    ]
    run.section(
        "Two translators",
        f"""Both read the source with a GRU that goes over it in both directions. At token j it leaves hⱼ,
        {2 * settings.width} numbers: what stands there, seen from the left and from the right. And both write with a
        second GRU, whose state s goes from token to token: each step is given the token before and scores all tokens
        of the target for the place to come.

        Beside the state every step is given a context c, {2 * settings.width} numbers from the reader. The two networks
        differ in c alone.

        **Without attention** c is what the reader ends with: its last state in each direction. The writer's first state
        is made of it, and every step sees it again. It is all that the writer ever knows of the source, whether that
        has {corpus.groups[0][1]} tokens or {corpus.groups[-1][0]}: a text to learn by heart, then to be translated with
        the book closed.

        **With attention** the book stays open. At every step i the state asks every place j how well it fits, by a
        small network of its own; the softmax makes weights of the answers that add up to 1, and the average of all hⱼ
        with these weights is the context of this step:""",
        report.formula(
            r"a_{ij} = \mathrm{softmax}_j(v \cdot \tanh(W s_i + U h_j + b)) \qquad c_i = \sum_j a_{ij} h_j",
            "aᵢⱼ = softmaxⱼ(v·tanh(W·sᵢ + U·hⱼ + b)), cᵢ = Σⱼ aᵢⱼ·hⱼ",
        ),
        """Nobody tells it where to look. All of this can be differentiated, so the weights are learned from the
        translations, like everything else.""",
        report.Table(
            ("Part", *sizes),
            rows,
            "Parameters of the two models.",
            total=("All parts", *(sum(own.values()) for own in sizes.values())),
        ),
        """One choice is ours. In the paper the context also goes into the next state, so that each step has to wait
        for the attention of the step before. Here the state asks and the context joins it afterwards (the order of
        Luong, Pham and Manning 2015). In training all tokens are known beforehand; so the writer runs over all steps
        in one call of one kernel, and the attention of all steps is computed at once. The price: the state knows only
        by the tokens written so far where was looked before.""",
    )


def the_training(run: Run, corpus: Corpus, settings: Settings, models: dict[str, Translator]) -> None:
    epochs = {name: [epoch.number for epoch in t.history] for name, t in models.items()}
    seconds = {name: sum(epoch.seconds for epoch in t.history) for name, t in models.items()}
    alike, mixed = padding_share(corpus, settings.batch_size, settings.seed)
    run.section(
        "Training",
        f"""**Teacher forcing.** In training the writer is given the *right* token before, not its own, so that one
        mistake does not spoil all that follows; only in the test does it read what it wrote. The loss is the
        cross-entropy of the right next token, the end of the text included.

        **Padding and masks.** {settings.batch_size} pairs make a batch, filled up to the longest with <pad>. Padding
        must change nothing: the reader is told the lengths, so that its way back begins at the last token; the weights
        of padding are set to zero (a score of −∞ before the softmax); the loss leaves it out. And it costs time, so
        texts of similar length come into a batch together: {report.percent(alike)} of the places are padding, where
        batches drawn at random would have {report.percent(mixed)}.

        Adam, learning rate up to {settings.lr:g} and down to zero, gradients clipped to the norm 1, {settings.epochs}
        epochs. The training took {seconds[PLAIN]:.0f} s without attention and {seconds[ATTENDS]:.0f} s with it.""",
        report.chart(
            {name: (epochs[name], [epoch.loss for epoch in t.history]) for name, t in models.items()},
            "epoch",
            "training loss",
            "Average loss of a token in each epoch, in nats.",
            log=True,
        ),
        report.chart(
            {name: (epochs[name], [epoch.metrics["score"] for epoch in t.history]) for name, t in models.items()},
            "epoch",
            corpus.measure,
            f"{min(500, len(corpus.valid))} validation texts, translated after each epoch. Nothing was chosen by it.",
        ),
    )


def the_test(run: Run, corpus: Corpus, settings: Settings, models: dict[str, Translator]) -> None:
    written, truth = {name: t.written for name, t in models.items()}, right(corpus, corpus.test)
    lengths = np.array([len(source) for source, _ in corpus.test])

    def score(name: str, chosen: Any) -> float:
        rows = np.flatnonzero(chosen)
        return corpus.score([written[name][i] for i in rows], [truth[i] for i in rows]) if len(rows) else float("nan")

    def lead(chosen: Any) -> float:
        return score(ATTENDS, chosen) - score(PLAIN, chosen)

    whole = {name: score(name, lengths > 0) for name in models}
    groups = [(low, high, (lengths >= low) & (lengths <= high)) for low, high in corpus.groups]
    scores = {name: [round(score(name, own), 1) for _, _, own in groups] for name in models}
    rows = [
        (span(low, high), int(own.sum()), plain, attending, round(attending - plain, 1))
        for (low, high, own), plain, attending in zip(groups, *scores.values(), strict=True)
    ]
    short, long = lead(lengths < corpus.long), lead(lengths >= corpus.long)
    tenths = np.arange(len(truth)) % 10
    error = np.std([lead(tenths == k) for k in range(10)], ddof=1) / np.sqrt(10)
    run.measure(WHAT[settings.full], whole[ATTENDS])
    run.measure(LEAD, whole[ATTENDS] - whole[PLAIN])
    run.measure(LONGER, long - short)
    further = "further" if long > short else "less far"
    run.section(
        "The test",
        f"""**{corpus.measure}: {whole[PLAIN]:.1f} without attention, {whole[ATTENDS]:.1f} with it** on
        {len(truth):,} texts that neither has seen, a lead of {whole[ATTENDS] - whole[PLAIN]:.1f} points (±
        {error:.1f}, one standard error over ten tenths of the test).""",
        BLEU if settings.full else "A date counts only if all of its ten characters are right.",
        report.Table(
            ("Tokens of the source", "Texts", *models, "Lead"),
            rows,
            f"{corpus.measure} by the length of the source.",
        ),
        report.chart(
            {name: (range(1, len(groups) + 1), values) for name, values in scores.items()},
            "row of the table: from short sources to long ones",
            corpus.measure,
        ),
        f"""On texts of up to {corpus.long - 1} tokens the lead is {short:.1f} points, on longer ones {long:.1f}:
        attention is {further} ahead where the texts are long. {WHY if long > short else WHY_NOT}""",
    )


def where_it_looks(run: Run, corpus: Corpus, attending: Translator) -> None:
    truth, lengths = right(corpus, corpus.test), np.array([len(source) for source, _ in corpus.test])
    places = [w.argmax(1) for w in attending.weights if len(w) > 1]
    moves = np.concatenate([np.diff(row) for row in places]) if places else np.zeros(1)
    most = np.concatenate([w.max(1) for w in attending.weights])
    on, still, back = (report.percent(share(of)) for of in (moves > 0, moves == 0, moves < 0))
    fit = [i for i, text in enumerate(attending.written) if text == truth[i] and lengths[i] < 25] or [0]
    longest = sorted(fit, key=lambda i: -lengths[i])
    shown = [longest[len(longest) * k // 6] for k in range(3)]
    run.section(
        "Where it looks",
        """Each row is a token that was written, each column one that was read; the darker, the greater the weight
        while that token was written. These texts were translated without a mistake. Nobody marked any
        correspondence.""",
        *(look(corpus, attending, i) for i in dict.fromkeys(shown)),
        f"""Over all test texts the greatest weight of a step is {report.percent(share(most), 0)} on average: the
        gaze is {"sharp" if share(most) > 0.6 else "spread over several tokens"}. From one step to the next its
        darkest place moves on in {on} of the cases, stays in {still}, and goes back in {back}: so often what is needed
        next stood earlier in the source.

        Read the pictures with care. hⱼ has seen its neighbours too, so what is needed from token j can be found beside
        it: a weight says where the network reads, not why.""",
    )


def look(corpus: Corpus, attending: Translator, i: int) -> report.Figure:
    """The weights of one text."""
    source, weights = corpus.test[i][0], attending.weights[i]
    rows = [*corpus.cut(attending.written[i]), "end"][: len(weights)]
    return report.shades(
        weights[: len(rows), : len(source)], rows, [BLANK if t == " " else t for t in source], "written", "read",
        f"{corpus.joined(source)} → {attending.written[i]}",
    )  # fmt: skip


def what_they_write(run: Run, corpus: Corpus, settings: Settings, models: dict[str, Translator]) -> None:
    truth = right(corpus, corpus.test)
    drawn = np.random.default_rng(settings.seed + 1).choice(len(truth), min(12, len(truth)), replace=False)
    rows = sorted(drawn.tolist(), key=lambda i: len(corpus.test[i][0]))
    same = {name: share([a == b for a, b in zip(t.written, truth, strict=True)]) for name, t in models.items()}
    run.section(
        "What they write",
        report.Table(
            ("Source", "Right", *models),
            [(corpus.joined(corpus.test[i][0]), truth[i], *(t.written[i] for t in models.values())) for i in rows],
            "Test texts drawn at random, the short ones first.",
        ),
        f"""Word for word as it should be are {report.percent(same[PLAIN])} of the texts without attention and
        {report.percent(same[ATTENDS])} with it. {MANY_RIGHT if settings.full else NO_HALF}

        `chainrule predict RUN "{corpus.joined(corpus.test[rows[0]][0])}"` lets the model of this run translate a
        line.""",
    )


# ------------------------------------------------------------------------------------------ words

BLANK = "␣"
WHY = """That is what the theory says: the plain writer has one state for everything, and the more there is to keep,
the more is lost; with attention the way from a source token to its translation is one step, however long the text."""
WHY_NOT = """The theory says the opposite, for one state has to keep more of a long text. Where the plain model gets
next to nothing right in any group, or both nearly everything, lengths cannot tell them apart."""
BLEU = """BLEU compares word sequences: of the runs of 1, 2, 3 and 4 words that were written, which share stands in the
right translation too? It is the geometric mean of the four shares, from 0 to 100, cut where the whole is shorter than
it should be. Here it is counted by sacrebleu (its usual 13a tokens, lower case). There is one right translation for
each sentence, so good translations in other words score low, too."""
NO_HALF = "A single wrong digit makes a date wrong."
MANY_RIGHT = "A good translation in other words is none of them."


def share(of: Any) -> float:
    """The mean: of truth values the share that is true."""
    return float(np.mean(of))


def span(low: int, high: int) -> str:
    return (
        f"{low} or more"
        if high >= 99
        else f"up to {high}"
        if low == 1
        else f"{low}"
        if low == high
        else f"{low} to {high}"
    )


LAB = Lab(
    title="Attention: translating with the book open",
    topic="recurrent networks",
    source="Deep Learning; Bahdanau 2014",
    data="dates, made up (full: Tatoeba)",
    time="35 s (full: 6 min)",
    lead="""A recurrent network reads a text to its end and then writes it anew, in another language or another form.
    Once it has to do so from memory, and once it may look back at every step.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": FULL},
    expected=expected,
    run=experiment,
    predict=put_into,
)
