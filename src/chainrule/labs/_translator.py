"""A recurrent encoder-decoder that translates, without attention or with it; it runs on both engines.

N texts of S tokens become N texts of L: a bidirectional GRU reads the source, a second GRU writes the target. It learns
by teacher forcing: at every step it is given the right previous token. So the writing GRU knows all its inputs
beforehand and runs over all steps in one call, and the attention looks for all of them at once.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.data import BOS, EOS, BucketBatchSampler, DataLoader, padded

from ._pairs import Corpus, Pairs

__all__ = ["PARTS", "batches", "encoded", "padding_share", "right", "spoken", "translate", "translator"]

Array = npt.NDArray[Any]
PADDING, UNKNOWN, BEGIN, END = range(4)
"""The numbers of <pad>, <unk>, <bos> and <eos> in every vocabulary."""
PARTS = {
    "source_embedding": "embeddings of the source's tokens",
    "target_embedding": "embeddings of the target's tokens",
    "encoder": "GRU that reads, both directions",
    "bridge": "first state of the writer",
    "decoder": "GRU that writes",
    "from_state": "state → last layer",
    "query": "attention: W",
    "key": "attention: U and b",
    "score": "attention: v",
    "from_context": "context → last layer",
    "out": "last layer → scores",
}
"""What the parts of the model are, in words."""


def translator(nn: Any, sources: int, targets: int, width: int, attends: bool, dropout: float = 0.0) -> Any:
    """The model for vocabularies of these sizes: model(source (N, S), read (N, L)) -> scores (N, L, targets)."""

    class Translator(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.source_embedding = nn.Embedding(sources, width, padding_idx=PADDING)
            self.target_embedding = nn.Embedding(targets, width, padding_idx=PADDING)
            self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
            self.bridge = nn.Linear(2 * width, width)
            self.decoder = nn.GRU(width, width, batch_first=True)
            self.from_state = nn.Linear(width, width)
            self.from_context = nn.Linear(2 * width, width, bias=False)
            if attends:
                self.query = nn.Linear(width, width, bias=False)
                self.key = nn.Linear(2 * width, width)
                self.score = nn.Linear(width, 1, bias=False)
            self.dropout = nn.Dropout(dropout)
            self.out = nn.Linear(width, targets)

        def forward(self, source: Any, read: Any) -> Any:
            return self.decode(read, *self.encode(source))[0]

        def encode(self, source: Any) -> tuple[Any, Any, Any]:
            """What the encoder found at each token, or in all, the decoder's first state, and where padding is."""
            padding = source == PADDING  # (N, S)
            lengths = (~padding).sum(1)
            x = self.dropout(self.source_embedding(source))
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            found, last = self.encoder(packed)
            found, _ = nn.utils.rnn.pad_packed_sequence(found, batch_first=True)  # (N, S, 2·width)
            whole = last.transpose(0, 1).flatten(1)  # (2, N, width) -> (N, 2·width)
            return found if attends else whole.unsqueeze(1), self.bridge(whole).tanh().unsqueeze(0), padding

        def decode(self, read: Any, found: Any, state: Any, padding: Any) -> tuple[Any, Any, Any]:
            """Scores of the next token at each step, the last state, and the attention's weights (N, L, S)."""
            states, last = self.decoder(self.dropout(self.target_embedding(read)), state)  # (N, L, width)
            weights = self.attend(states, found, padding) if attends else None
            context = (
                weights @ found if attends else found
            )  # (N, L, 2·width), or the same for all steps (N, 1, 2·width)
            hidden = self.from_state(states) + self.from_context(context)
            return self.out(self.dropout(hidden.tanh())), last, weights

        def attend(self, states: Any, found: Any, padding: Any) -> Any:
            """Bahdanau's weights: the softmax over j of v·tanh(W·state_i + U·found_j + b), padding left out."""
            hidden = self.query(states).unsqueeze(2) + self.key(found).unsqueeze(1)  # (N, L, S, width)
            scores = self.score(hidden.tanh()).squeeze(-1)  # (N, L, S)
            return scores.masked_fill(padding.unsqueeze(1), -math.inf).softmax(-1)

    return Translator()


# ------------------------------------------------------------------------------------------ batches


def encoded(corpus: Corpus, pairs: Pairs) -> list[tuple[Array, Array]]:
    """The numbers of the pairs' tokens; a target stands between <bos> and <eos>."""
    return [(corpus.source.encode(source), corpus.target.encode([BOS, *target, EOS])) for source, target in pairs]


def batches(corpus: Corpus, batch_size: int, seed: int, engine: Any) -> DataLoader:
    """Training batches (source, read, write) of pairs of similar length: `write` is what follows `read`."""
    pairs, sampler = encoded(corpus, corpus.train), BucketBatchSampler(_sizes(corpus), batch_size)
    return DataLoader(pairs, batch_sampler=sampler, collate_fn=collate, seed=seed, engine=engine)


def collate(pairs: Sequence[tuple[Array, Array]]) -> list[Array]:
    """Padded: source (N, S), and all of a target but its last token, and all but its first (N, L)."""
    sources, targets = (padded(side, PADDING)[0] for side in zip(*pairs, strict=True))
    return [sources, np.ascontiguousarray(targets[:, :-1]), np.ascontiguousarray(targets[:, 1:])]


def padding_share(corpus: Corpus, batch_size: int, seed: int) -> tuple[float, float]:
    """The share of source tokens that is padding in `batches`, and in batches drawn at random."""
    lengths = np.array([len(source) for source, _ in corpus.train])
    rng = np.random.default_rng(seed)
    mixed = np.array_split(rng.permutation(len(lengths)), -(-len(lengths) // batch_size))
    alike = BucketBatchSampler(_sizes(corpus), batch_size).order(rng)
    places = [sum(len(rows) * lengths[rows].max() for rows in order) for order in (alike, mixed)]
    return 1 - lengths.sum() / places[0], 1 - lengths.sum() / places[1]


def _sizes(corpus: Corpus) -> list[int]:
    """What texts of similar length are near in: the length of the source, then that of the target."""
    return [100 * len(source) + len(target) for source, target in corpus.train]


# ------------------------------------------------------------------------------------------ translating


def translate(engine: Any, model: Any, sources: Sequence[Array], longest: int) -> tuple[list[Array], list[Array]]:
    """The likeliest next token, again and again, until <eos>: tokens and attention's weights of every source."""
    model.eval()
    tokens, weights = [], []
    with engine.no_grad():
        for start in range(0, len(sources), 500):
            written, looked = _greedy(engine, model, padded(sources[start : start + 500], PADDING)[0], longest)
            tokens += written
            weights += looked
    return tokens, weights


def spoken(engine: Any, model: Any, corpus: Corpus, pairs: Pairs) -> tuple[list[str], list[Array]]:
    """What a model makes of the sources of these pairs, and the attention's weights."""
    longest = max(len(target) for _, target in corpus.train) + 2
    tokens, weights = translate(engine, model, [source for source, _ in encoded(corpus, pairs)], longest)
    return [corpus.joined(corpus.target.decode(row)) for row in tokens], weights


def right(corpus: Corpus, pairs: Pairs) -> list[str]:
    """What it should make of them."""
    return [corpus.joined(target) for _, target in pairs]


def _greedy(engine: Any, model: Any, source: Array, longest: int) -> tuple[list[Array], list[Array]]:
    """The same of one batch (N, S)."""
    found, state, padding = model.encode(engine.from_numpy(source))
    token = np.full((len(source), 1), BEGIN)
    tokens, looks = [], []
    for _ in range(longest):
        scores, state, weights = model.decode(engine.from_numpy(token), found, state, padding)
        scores = scores.numpy()
        scores[..., [PADDING, UNKNOWN, BEGIN]] = -math.inf
        token = scores.argmax(-1)
        tokens.append(token)
        if weights is not None:
            looks.append(weights.numpy())
    written = np.concatenate(tokens, 1)
    ended = np.pad(written == END, ((0, 0), (0, 1)), constant_values=True).argmax(1)
    looked = np.concatenate(looks, 1) if looks else np.zeros((*written.shape, 0))
    return [row[:end] for row, end in zip(written, ended, strict=True)], list(looked)
