"""Reviews good or bad: an LSTM that begins with pretrained word vectors, and the bag of words it has to beat.

The exercise: tell from the text of a film review whether it is a good or a bad one (IMDB: 25,000 reviews to learn from,
25,000 to be tested on). Write a model class with the parameters vocab_size, embedding_dim, hidden_dim,
lstm_dropout_prob and dropout_prob: embedding → LSTM → dropout → linear → sigmoid. Describe the file of word vectors
(GloVe, 50 numbers a word): its dimension, how much of your vocabulary it covers, the nearest neighbours of some words.
Train the model for 5 epochs with the same settings three times: with embeddings learned from scratch, with the vectors
frozen, and with the vectors fine-tuned. Show the training and validation curves of the three side by side. Did each
converge, and why? Which wins, and why? Then explore: read in both directions, pack sequences by their lengths, try a
GRU, let attention pool the states; what does it bring?

Two rules. A logistic regression on the bag of words (tf-idf) stands in every table as the baseline: say plainly whether
the networks beat it. And padding must not be read: show what happens otherwise. A tenth of the training reviews decides
on settings and epochs; the test reviews are read once, at the end.

Expected with all of IMDB: at least 86 % for fine-tuned vectors, at least 88.5 % for the explored model. Without the
data, the reviews are made up by a small grammar in which all depends on "not" and "but", and so are the word vectors.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule
from chainrule.data import DataLoader, Vocabulary
from chainrule.labs import Expectation, Lab, Run, Saved, TrainingSettings, asked_for, equal_start
from chainrule.labs import _imdb_explored as more
from chainrule.labs import _imdb_report as tell
from chainrule.labs._bag_of_words import learned
from chainrule.labs._imdb_report import BAG, BETTER, FINE, FROZEN, PAIRS, SCRATCH, UNMASKED
from chainrule.labs._reviews import Corpus, batches, collate, corpus, cut, probabilities, right
from chainrule.labs._sentiment import Judged, attentive_gru, begin_with, cross_entropy, sentiment_lstm, weights_learned
from chainrule.train import ClipNorm, EarlyStopping, Epoch, one_cycle


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab imdb-lstm."""

    epochs: int = 5
    """Passes over the training reviews, of each of the three LSTMs."""
    batch_size: int = 25
    """Reviews in a training step."""
    lr: float = 5e-3
    """Learning rate of Adam, for the LSTMs."""
    vocabulary: int = 20_000
    """Most words that have a number of their own; all others are <unk>."""
    length: int = 50
    """Tokens of a review that the LSTMs read: its last ones."""
    hidden: int = 32
    """Units of an LSTM layer."""
    lstm_dropout: float = 0.2
    """Share of the numbers dropped between the two layers of an LSTM, in training."""
    dropout: float = 0.3
    """Share of the inputs of the last layer that is dropped in training, in all networks."""
    padded_epochs: int = 5
    """Passes of the LSTM that reads padding."""
    better_epochs: int = 5
    """Most passes of the explored model; it stops if three in a row were no better on the validation part."""
    better_lr: float = 5e-3
    """Its greatest learning rate: reached after a fifth of the training, zero at its end."""
    better_length: int = 100
    """Tokens of a review that it reads, and what is filled up to in the experiment on padding."""
    better_hidden: int = 32
    """Units of its GRU, for each direction."""
    embedding_dropout: float = 0.1
    """Share of the embeddings' numbers that it drops in training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(
            vocabulary=10, length=1, hidden=1, padded_epochs=1, better_epochs=1, better_length=1, better_hidden=1
        )
        if self.better_length < self.length:
            raise ValueError(f"--better-length {self.better_length}: it must be at least --length {self.length}")
        for name in ("lstm_dropout", "dropout", "embedding_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} {getattr(self, name)}: at least 0 and below 1 is needed")


FULL = Settings(
    preset="full", batch_size=100, lr=2e-3, length=200, hidden=100, lstm_dropout=0.3, dropout=0.5,
    padded_epochs=2, better_epochs=8, better_lr=4e-3, better_length=400, better_hidden=128, embedding_dropout=0.3,
)  # fmt: skip


SVM = "Maas et al. 2011, a linear support vector machine on the same reviews: 87.80 %"


def expected(settings: Settings) -> list[Expectation]:
    """What must come out."""
    fine, better = (0.86, 0.885) if settings.full else (0.95, 0.95)
    published = "two-layer bidirectional LSTMs with vectors of 100 to 300 numbers: 85.3 to 86.2 %" * settings.full
    bag = {"at_least": 0.87, "source": SVM} if settings.full else {"at_most": 0.6}
    return [
        Expectation(tell.BAG_TEST, form="{:.2%}", **bag),
        Expectation(tell.FINE_TEST, at_least=fine, form="{:.2%}", source=published),
        Expectation(more.BETTER_TEST, at_least=better, form="{:.2%}"),
        Expectation(tell.COVERED, at_least=0.95, form="{:.1%}"),
    ]


# ------------------------------------------------------------------------------------------ data, models, training


def reviews(settings: Settings) -> Corpus:
    """IMDB, or what the grammar makes up."""
    with asked_for():
        return corpus(settings.data, settings.full, settings.vocabulary, settings.seed)


def training(name: str, data: Corpus, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    sizes, own = data.vectors.weight.shape, settings
    if name == BETTER:
        rest = own.better_hidden, own.embedding_dropout, own.dropout
        model = equal_start(lambda nn: attentive_gru(nn)(*sizes, *rest), engine, own.seed)
    else:
        rest = own.hidden, own.lstm_dropout, own.dropout
        model = equal_start(lambda nn: sentiment_lstm(nn)(*sizes, *rest), engine, own.seed)
    if name != SCRATCH:
        begin_with(model, engine.from_numpy(data.vectors.weight), frozen=name == FROZEN)
    model.masked, lr = name != UNMASKED, own.better_lr if name == BETTER else own.lr
    optimizer = engine.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    loader = batches(data.train, tell.reads(name, own), own.batch_size, own.seed, engine)
    return model, engine.nn.BCELoss(), optimizer, loader


def trained(name: str, data: Corpus, run: Run, settings: Settings) -> Judged:
    """Train a model, go back to its best epoch on the validation part, and let it judge."""
    engine, better = run.engine, name == BETTER
    epochs = {UNMASKED: settings.padded_epochs, BETTER: settings.better_epochs}.get(name, settings.epochs)
    reading = tell.reads(name, settings)
    model, loss, optimizer, loader = training(name, data, engine, settings)
    some = data.train.first(len(data.valid.labels))

    def validate() -> dict[str, float]:
        valid, train = (probabilities(engine, model, part, reading) for part in (data.valid, some))
        return {
            "validation loss": cross_entropy(valid, data.valid.labels),
            "validation accuracy": float(right(valid, data.valid.labels).mean()),
            "training accuracy": float(right(train, some.labels).mean()),
        }

    best = EarlyStopping("validation accuracy", 3 if better else epochs, "max", restore_best=True)
    schedule = one_cycle if better else None
    history = run.fit(
        name,
        model,
        loss,
        optimizer,
        loader,
        epochs,
        validate=validate,
        schedule=schedule,
        callbacks=[ClipNorm(1), best],
    )
    return judged(name, data, run, settings, model, history)


def judged(name: str, data: Corpus, run: Run, settings: Settings, model: Any, history: list[Epoch]) -> Judged:
    """What a trained model makes of the three parts."""
    parts = data.train.first(len(data.valid.labels)), data.valid, data.test
    train, valid, test = (probabilities(run.engine, model, part, tell.reads(name, settings)) for part in parts)
    return Judged(name, weights_learned(model), train, valid, test, model, history)


def counted(name: str, data: Corpus) -> Judged:
    """The same of a bag of words."""
    bag = learned(data, pairs=name == PAIRS)
    return Judged(name, len(bag.theta), bag.train[: len(data.valid.labels)], bag.valid, bag.test, bag)


def experiment(settings: Settings, run: Run) -> None:
    """Count, train three and one, test all once, look inside."""
    data = reviews(settings)
    tell.the_task(run, settings, data)
    models = {name: counted(name, data) for name in (BAG, PAIRS)}
    tell.the_bag(run, data, models)
    tell.the_vectors(run, settings, data)
    models |= {name: trained(name, data, run, settings) for name in (SCRATCH, FROZEN, FINE, UNMASKED)}
    tell.the_network(run, settings, data, models)
    tell.three_beginnings(run, settings, data, models)
    tell.the_tuned_vectors(run, data, models)
    more.the_padding(run, settings, data, models)
    models[BETTER] = trained(BETTER, data, run, settings)
    run.save(models[BETTER].model, vocabulary=data.vocabulary.to_json(), embedding=data.vectors.weight.shape[1])
    more.the_explored(run, settings, data, models)
    more.where_it_looks(run, settings, data, models)
    more.where_they_fail(run, settings, data, models)


def say(settings: Settings, saved: Saved, line: str) -> dict[str, float]:
    """How probable the explored model holds it that a line is from a good review, and from a bad one."""
    vocabulary = Vocabulary.from_json(saved.facts["vocabulary"])
    tokens = vocabulary.encode(cut(line))[-settings.better_length :].astype(np.int32)
    model = attentive_gru(chainrule.nn)(len(vocabulary), saved.facts["embedding"], settings.better_hidden, 0.0, 0.0)
    model.load_state_dict(saved.weights)
    model.eval()
    with chainrule.no_grad():
        good = model(chainrule.from_numpy(collate([(tokens, 0)])[0])).item()
    return {"good": good, "bad": 1 - good}


LAB = Lab(
    title="Good or bad? Word vectors, an LSTM, and the bag of words",
    topic="recurrent networks",
    source="Deep Learning",
    data="reviews, made up (full: IMDB, GloVe)",
    time="20 s (full: about 20 min)",
    lead="""A network reads reviews and says whether they are good or bad. It begins with random embeddings, or with
    word vectors that were learned elsewhere from billions of words; these are kept, or learned further. Beside it
    stands a baseline that knows nothing of word order.""",
    exercise=__doc__,
    settings=Settings,
    presets={"full": FULL},
    expected=expected,
    run=experiment,
    predict=say,
)
