"""Networks that read a text character by character: the model, its losses on a text, what it writes, its cells.

All of it works on either engine. The model keeps its state, h and c of every layer, from one call to the next; whoever
only measures does so inside of `reading`, after which the model stands where it stood before.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.data import Dataset, Streams, Vocabulary, Windows
from chainrule.train import Callback, Training

__all__ = [
    "Array",
    "Carried",
    "Rolled",
    "Text",
    "Watch",
    "as_read",
    "cells",
    "correlations",
    "lstm_of",
    "marks",
    "next_loss",
    "read_on",
    "read_windows",
    "write",
]

Array = npt.NDArray[Any]


class Text(NamedTuple):
    """A text in two parts, and its characters as numbers."""

    name: str
    train: str
    valid: str
    vocabulary: Vocabulary

    @property
    def x(self) -> Array:
        """What is learned from."""
        return self.vocabulary.encode(self.train)

    @property
    def x_valid(self) -> Array:
        """What is held out."""
        return self.vocabulary.encode(self.valid)


# ------------------------------------------------------------------------------------------ model and loss


def lstm_of(nn: Any, characters: int, embedding: int, hidden: int, layers: int, dropout: float) -> Any:
    """The network, of an engine's `nn`: numbers of characters (N, T) -> scores of the next ones (T·N, characters)."""

    class CharLSTM(nn.Module):  # type: ignore[misc]
        """Embedding, LSTM, one dense layer; dropout between the layers of the LSTM and behind it."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(characters, embedding)
            self.lstm = nn.LSTM(embedding, hidden, layers, dropout=dropout if layers > 1 else 0.0)
            self.head = nn.Linear(hidden, characters)
            self.dropout = nn.Dropout(dropout)
            self.state: Any = None

        def forward(self, x: Any) -> Any:
            y, state = self.lstm(self.embedding(x.T), self.state)  # (N, T) -> (T, N, E) -> (T, N, H)
            self.state = tuple(s.detach() for s in state)  # carried on, but no gradient goes back across it
            return self.head(self.dropout(y)).flatten(0, 1)

    return CharLSTM()


def next_loss(engine: Any) -> Any:
    """(scores (T·N, characters), the characters that came (N, T)) -> mean cross-entropy in nats."""
    return lambda scores, y: engine.nn.functional.cross_entropy(scores, y.T.flatten())


class Rolled(Dataset[tuple[Array, Array]]):
    """`Streams` over a text that is a ring: every pass cuts it elsewhere, at a place that seed and pass decide."""

    def __init__(self, ids: Array, batch_size: int, steps: int, seed: int) -> None:
        self.ids, self.batch_size, self.steps, self.seed = ids, batch_size, steps, seed
        self.roll(1)

    def roll(self, number: int) -> None:
        """Cut it as in the pass of this number."""
        start = np.random.default_rng([self.seed, number]).integers(len(self.ids))
        self.streams = Streams(np.roll(self.ids, -start), self.batch_size, self.steps)

    def __len__(self) -> int:
        return len(self.streams)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        return self.streams[index]


class Carried(Callback):
    """The state of the model belongs to the training: a pass begins with none, a checkpoint has it.

    `curve` gathers (steps, mean training loss since the point before), about a hundred points.
    """

    def __init__(self, model: Any, streams: Rolled) -> None:
        self.model, self.streams = model, streams
        self.curve: list[list[float]] = []
        self.losses: list[float] = []

    def begin(self, training: Training) -> None:
        self.streams.roll(training.number)

    def step(self, training: Training) -> None:
        self.losses.append(training.current)
        if len(self.losses) >= len(self.streams) * training.epochs / 100:
            self.curve.append([training.steps, sum(self.losses) / len(self.losses)])
            self.losses = []

    def epoch(self, training: Training) -> None:
        self.model.state = None
        self.streams.roll(training.number)

    def state_dict(self) -> dict[str, Any]:
        h, c = self.model.state or (None, None)
        return {"h": h, "c": c, "curve": list(self.curve), "losses": list(self.losses)}

    def load_state_dict(self, state: Any) -> None:
        self.model.state = None if state["h"] is None else (state["h"], state["c"])
        self.curve, self.losses = list(state["curve"]), list(state["losses"])


@contextmanager
def reading(engine: Any, model: Any) -> Iterator[None]:
    """Without a tape, in evaluation mode, from an empty state; afterwards all is as it was."""
    state, training = model.state, model.training
    model.state = None
    model.eval()
    try:
        with engine.no_grad():
            yield
    finally:
        model.state = state
        model.train(training)


# ------------------------------------------------------------------------------------------ losses on a text


def read_on(engine: Any, model: Any, ids: Array, streams: int = 1, steps: int = 250) -> float:
    """Nats a character over a text that is read once from beginning to end, the state carried all the way.

    Several streams read as many parts of it side by side, each from an empty state: faster, and almost the same.
    """
    with reading(engine, model):
        chunks = Streams(ids, streams, steps)
        return _mean_loss(engine, model, (chunks[i] for i in range(len(chunks))))


def read_windows(engine: Any, model: Any, ids: Array, steps: int = 256, batch_size: int = 64) -> float:
    """Nats a character over windows of `steps` that stand one behind the other, each read from an empty state."""
    windows = Windows(ids, steps, steps)
    batches = (windows.gather(np.arange(len(windows))[i : i + batch_size]) for i in range(0, len(windows), batch_size))

    def forgetting() -> Iterator[Any]:
        for batch in batches:
            model.state = None
            yield batch

    with reading(engine, model):
        return _mean_loss(engine, model, forgetting())


def _mean_loss(engine: Any, model: Any, batches: Iterable[Any]) -> float:
    loss, total, count = next_loss(engine), 0.0, 0
    for x, y in batches:
        total += loss(model(engine.from_numpy(x)), engine.from_numpy(y)).item() * y.size
        count += y.size
    return total / count


# ------------------------------------------------------------------------------------------ writing


def write(
    engine: Any, model: Any, vocabulary: Vocabulary, prompt: str, length: int, temperature: float, seed: int
) -> str:
    """What the model writes after the prompt: `length` characters, each drawn with p ∝ exp(score / temperature).

    At temperature 0 the likeliest is taken. Raises ValueError for a prompt that is empty or has unknown characters.
    """
    if not prompt:
        raise ValueError("the prompt is empty: the first character has to follow on something")
    uniform, ids = np.random.default_rng(seed).random(length), list(vocabulary.encode(prompt))
    with reading(engine, model):
        scores = model(engine.from_numpy(np.array([ids])))
        for u in uniform:
            ids.append(drawn(scores.numpy()[-1], temperature, u))
            scores = model(engine.from_numpy(np.array([ids[-1:]])))
    return "".join(vocabulary.decode(np.array(ids[len(prompt) :], np.int64)))


def drawn(scores: Array, temperature: float, u: float) -> int:
    """The number whose share of [0, 1) has u in it, when the shares are softmax(scores / temperature)."""
    if temperature == 0:
        return int(scores.argmax())
    z = (scores.astype(np.float64) - scores.max()) / temperature
    shares = np.cumsum(np.exp(z))
    return min(int(np.searchsorted(shares, u * shares[-1], side="right")), len(shares) - 1)


def as_read(engine: Any, model: Any, vocabulary: Vocabulary, text: str) -> str:
    """After every character of a text the one that the model thinks likeliest to follow."""
    with reading(engine, model):
        scores = model(engine.from_numpy(vocabulary.encode(text)[None])).numpy()
    return "".join(vocabulary.decode(scores.argmax(axis=1)))


class Watch(Callback):
    """At steps 1, 10, 100 … and at the end: what the model predicts of a text that it reads, and what it writes."""

    def __init__(self, engine: Any, vocabulary: Vocabulary, text: str, length: int, show: Any, seed: int) -> None:
        self.engine, self.vocabulary, self.text, self.length = engine, vocabulary, text, length
        self.show, self.seed = show, seed
        self.seen: list[dict[str, Any]] = []

    def step(self, training: Training) -> None:
        if training.steps == 10 ** (len(str(training.steps)) - 1):
            self._look(training)

    def end(self, training: Training) -> None:
        if not self.seen or self.seen[-1]["steps"] != training.steps:
            self._look(training)

    def _look(self, training: Training) -> None:
        predicted = as_read(self.engine, training.model, self.vocabulary, self.text)
        written = write(self.engine, training.model, self.vocabulary, self.text, self.length, 1.0, self.seed)
        self.seen.append({"steps": training.steps, "predicted": predicted, "written": written})
        self.show(self.seen[-1])

    def state_dict(self) -> dict[str, Any]:
        return {"seen": list(self.seen)}

    def load_state_dict(self, state: Any) -> None:
        self.seen = list(state["seen"])


# ------------------------------------------------------------------------------------------ cells


def cells(engine: Any, model: Any, ids: Array) -> Array:
    """c of every cell of every layer after every character: ids (N, T) -> (N, T, layers · hidden)."""
    found = []
    with reading(engine, model):
        for t in range(ids.shape[1]):
            model(engine.from_numpy(np.ascontiguousarray(ids[:, t : t + 1])))
            found.append(np.concatenate(model.state[1].numpy(), axis=1))  # (L, N, H) -> (N, L·H)
    return np.stack(found, axis=1)


def marks(text: str) -> dict[str, Array]:
    """What a cell might follow: numbers for every character of a text."""
    line, word, name = np.zeros((3, len(text)))
    for i, character in enumerate(text):
        line[i] = line[i - 1] + 1 if i and text[i - 1] != "\n" else 0
        word[i] = (word[i - 1] + 1 if i else 1) if character.isalpha() else 0
    for speaker in re.finditer(r"(?:\A|\n\n)([^\n]+:)(?=\n)", text):
        name[slice(*speaker.span(1))] = 1
    return {
        "the position in the line": line,
        "being inside a speaker's name": name,
        "the position in the word": word,
        "being between two words": (word == 0).astype(float),
    }


def correlations(activity: Array, mark: Array) -> Array:
    """Pearson's r of every column of activity (N, cells) with the mark (N); 0 where one of them never changes."""
    a, m = activity - activity.mean(axis=0), mark - mark.mean()
    norm = np.sqrt((a * a).sum(axis=0) * (m * m).sum())
    r: Array = (m @ a) / np.where(norm > 0, norm, 1)
    return r
