"""An LSTM learns to write: Shakespeare, or any text, character by character.

The exercise: a network reads a text one character at a time and after each says which will come next. Build it from an
embedding, an LSTM and a dense layer. With x the embedded character (D numbers), h and c the state (H numbers each):

    z = x·wx + h·wh + b    4H numbers, in four parts z_i, z_f, z_g, z_o
    i = σ(z_i),  f = σ(z_f),  g = tanh(z_g),  o = σ(z_o)
    c' = f ⊙ c + i ⊙ g,    h' = o ⊙ tanh(c')

1. Derive the backward pass of this time step (dx, dh, dc, dwx, dwh, db), and check it numerically; so too the embedding
   and the whole network, unrolled over several steps.
2. Train on chunks of 50 characters, one after the other, batch 1: embedding 256, hidden size 256, the first 20,000
   characters, Adagrad, gradients clipped at ±5. The state is carried from one chunk to the next. Print during training
   both kinds of output: the next characters that the network predicts while it reads the true text, and a text that it
   writes freely, each character it drew being fed back. (`--preset exercise`)
3. Train a better one on many streams of the text side by side, and measure it on the last tenth of the text, which it
   has never seen: nats and bits a character. On Tiny Shakespeare it shall need at most 1.50 nats after at most ten
   minutes on two cores; with `--preset best` fewer than nanoGPT's transformer, 1.4697.
4. Let it write at several temperatures. What do they change?
5. Find a cell whose activity can be interpreted, and show it.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

import chainrule as cr
from chainrule import nn
from chainrule.data import DataLoader, Vocabulary, shakespeare, tiny_shakespeare, tweets
from chainrule.data.content import read_text
from chainrule.data.texts import split_text
from chainrule.labs import Expectation, Lab, Run, Sample, Saved, TrainingSettings, asked_for, equal_start
from chainrule.labs import _char_report as tell
from chainrule.labs._char_report import GAIN, GRADIENT, LOSS, MINUTES, NANOGPT, PLAIN_LOOP, RATE, WINDOWS
from chainrule.labs._characters import Carried, Rolled, Text, Watch, lstm_of, next_loss, read_on, write
from chainrule.train import ClipNorm, ClipValue


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """Settings of the lab char-lstm."""

    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "full"
    """Which of the lab's sets of defaults the other settings begin with: full, quick, exercise or best."""
    corpus: Literal["auto", "shakespeare", "tinyshakespeare", "tweets"] = "auto"
    """The text; "auto" is tinyshakespeare where --data is given, and else the built-in shakespeare."""
    text: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A text of your own, in the place of the corpus."""
    characters: Annotated[int | None, tyro.conf.arg(metavar="N", help_behavior_hint="(default: all)")] = None
    """How many characters, from the beginning, to learn from."""
    embedding: int = 128
    """Numbers that stand for a character."""
    hidden: int = 384
    """Cells in a layer."""
    layers: int = 2
    """Layers of the LSTM."""
    dropout: float = 0.2
    """Share of the outputs of each layer that are set to 0 in training."""
    batch_size: int = 64
    """Streams of the text that are read side by side."""
    steps: int = 128
    """Characters of each stream in a training step: how far gradients go back."""
    epochs: int = 8
    """Passes over the text."""
    optimizer: Literal["adamw", "adagrad"] = "adamw"
    """AdamW with a rate that rises and falls, gradients scaled to a norm of at most --clip; or Adagrad with a constant
    rate, each gradient limited to ± --clip."""
    lr: float = 4e-3
    """Learning rate; with AdamW the greatest one."""
    clip: float = 1.0
    """Limit of the gradients."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_least(embedding=1, hidden=1, layers=1, steps=1)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"--dropout {self.dropout}: it must lie between 0 and 1")
        if not self.clip > 0:
            raise ValueError(f"--clip {self.clip}: it must be a positive number")

    @property
    def source(self) -> str:
        """The name of the text."""
        if self.text:
            return self.text.name
        return self.corpus if self.corpus != "auto" else "shakespeare" if self.data is None else "tinyshakespeare"


PRESETS = {
    "quick": Settings(preset="quick", corpus="shakespeare", hidden=192, layers=1, dropout=0.0, batch_size=32, epochs=2),
    "exercise": Settings(
        preset="exercise", characters=20_000, embedding=256, hidden=256, layers=1, dropout=0.0, batch_size=1, steps=50,
        epochs=10, optimizer="adagrad", lr=0.05, clip=5.0,
    ),
    "best": Settings(preset="best", hidden=512, dropout=0.3, batch_size=32, epochs=8, lr=2e-3),
}  # fmt: skip


def expected(settings: Settings) -> list[Expectation]:
    """What must come out: of a text that is not known nothing but a gain over pairs of characters."""
    number, tiny = "{:.4f}", settings.source == "tinyshakespeare"
    found = [
        Expectation(GAIN, at_least=0, form=number),
        Expectation(GRADIENT, below=1e-6, form="{:.2g}"),
    ]
    known = tiny or settings.source == "shakespeare"
    if settings.preset == "full" and known:
        minutes = Expectation(MINUTES, at_most=10, form="{:.1f}")
        return [Expectation(LOSS, at_most=1.50 if tiny else 1.55, form=number), minutes, *found]
    if settings.preset == "best" and tiny:
        nanogpt: dict[str, Any] = {
            "below": NANOGPT,
            "form": number,
            "source": "nanoGPT's transformer, 10.7 million weights: 1.4697",
        }
        return [Expectation(LOSS, **nanogpt), Expectation(WINDOWS, **nanogpt), *found]
    if settings.preset == "best" and known:
        return [Expectation(LOSS, at_most=1.55, form=number), *found]
    if settings.preset == "quick" and known:
        return [Expectation(LOSS, at_most=1.9, form=number), *found]
    if settings.preset == "exercise":
        source = f"a plain NumPy loop, as reported: {PLAIN_LOOP} a second"
        return [Expectation(RATE, at_least=100 * PLAIN_LOOP, form="{:,.0f}", source=source), *found]
    return found


# ------------------------------------------------------------------------------------------ data, model, training


def texts(settings: Settings) -> Text:
    """The text in two parts, in order: nine tenths to learn from, the last tenth held out."""
    with asked_for():
        if settings.text:
            whole = read_text(settings.text)
        elif settings.source == "tweets":
            whole = "\n".join(tweets.load(settings.data))
        else:
            whole = tiny_shakespeare.load(settings.data) if settings.source == "tinyshakespeare" else shakespeare.load()
        train, valid = split_text(whole)
        text = Text(settings.source, train[: settings.characters], valid, Vocabulary.of(whole, specials=()))
        least = max(settings.batch_size, 300) + 1
        for part, what in ((text.train, "learn from"), (text.valid, "be measured on")):
            if len(part) < least:
                raise ValueError(
                    f"{settings.source}: {len(part):,} characters to {what} are too few; {least:,} are needed"
                )
    return text


def network(nn: Any, settings: Settings, characters: int) -> Any:
    """The model that the settings ask for."""
    return lstm_of(nn, characters, settings.embedding, settings.hidden, settings.layers, settings.dropout)


def training(text: Text, engine: Any, settings: Settings) -> tuple[Any, Any, Any, DataLoader]:
    """Model, loss, optimizer and batches: the same numbers on every engine."""
    model = equal_start(lambda nn: network(nn, settings, len(text.vocabulary)), engine, settings.seed)
    if settings.optimizer == "adagrad":
        optimizer = engine.optim.Adagrad(model.parameters(), lr=settings.lr)
    else:
        optimizer = engine.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=0.0)
    streams = Rolled(text.x, settings.batch_size, settings.steps, settings.seed)
    return model, next_loss(engine), optimizer, DataLoader(streams, None, engine=engine, seed=settings.seed)


def rise_and_fall(done: float, warm_up: float = 0.05) -> float:
    """A straight line up to 1, then half a cosine down to 0."""
    if done < warm_up:
        return (done + 1e-3) / (warm_up + 1e-3)
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))


def experiment(settings: Settings, run: Run) -> None:
    """Check, train, measure, write, look inside."""
    engine, text = run.engine, texts(settings)
    parts = training(text, engine, settings)
    model, batches = parts[0], parts[-1]

    def validate() -> dict[str, float]:
        return {"held-out loss": read_on(engine, model, text.x_valid, streams=min(32, len(text.valid) // 2))}

    def show(seen: dict[str, Any]) -> None:
        for kind in ("predicted", "written"):
            run.console.print(f"  step {seen['steps']:,}, {kind}: {seen[kind]!r}", style="dim", markup=False)

    pairs = tell.the_task(run, text)
    tell.the_network(run, settings, model)
    tell.the_gradients(run, settings)
    carried, watch = Carried(model, batches.dataset), Watch(engine, text.vocabulary, text.train[:39], 120, show, 1)
    clip = ClipValue(settings.clip) if settings.optimizer == "adagrad" else ClipNorm(settings.clip)
    schedule = None if settings.optimizer == "adagrad" else rise_and_fall
    history = run.fit(
        "LSTM", *parts, settings.epochs, schedule=schedule, validate=validate, callbacks=[carried, watch, clip]
    )
    run.save(model, vocabulary=text.vocabulary.to_json())
    tell.the_training(run, settings, history, carried)
    tell.what_it_said(run, text, watch)
    tell.the_measure(run, settings, text, model, pairs)
    tell.temperatures(run, settings, text, model)
    tell.a_cell(run, settings, text, model)


def sample(settings: Settings, saved: Saved, asked: Sample) -> str:
    """What a saved model writes."""
    vocabulary = Vocabulary.from_json(saved.facts["vocabulary"])
    model = network(nn, settings, len(vocabulary))
    model.load_state_dict(saved.weights)
    return write(cr, model, vocabulary, asked.prompt, asked.length, asked.temperature, asked.seed)


LAB = Lab(
    title="An LSTM learns to write",
    topic="recurrent networks",
    source="Deep Learning; Karpathy 2015",
    data="Shakespeare, built in; Tiny Shakespeare; tweets; any text",
    time="6 min (quick: 30 s, exercise: 1 min, best: 15 min)",
    lead="""A network that reads Shakespeare one letter at a time, and after each says what comes next. It learns to
    spell, then to speak in verse, and can be let to write on by itself.""",
    exercise=__doc__,
    settings=Settings,
    presets=PRESETS,
    expected=expected,
    run=experiment,
    sample=sample,
)
