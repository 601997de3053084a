"""The two models of the lab imdb-lstm: the exercise's LSTM, and a bidirectional GRU with attention; on both engines."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.train import Epoch

from ._reviews import PADDING

__all__ = ["Judged", "attentive_gru", "begin_with", "cross_entropy", "sentiment_lstm", "weights_learned"]

Array = npt.NDArray[Any]


def sentiment_lstm(nn: Any) -> Any:
    """The class SentimentLSTM, made of the layers of an engine's `nn`."""

    class SentimentLSTM(nn.Module):  # type: ignore[misc]
        """Embedding → LSTM of two layers → dropout → linear → sigmoid: tokens (N, T) -> probability of "good" (N)."""

        masked = True
        """Whether the LSTM is told where the padding begins."""

        def __init__(
            self, vocab_size: int, embedding_dim: int, hidden_dim: int, lstm_dropout_prob: float, dropout_prob: float
        ) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=PADDING)
            self.lstm = nn.LSTM(embedding_dim, hidden_dim, 2, batch_first=True, dropout=lstm_dropout_prob)
            self.dropout = nn.Dropout(dropout_prob)
            self.linear = nn.Linear(hidden_dim, 1)

        def forward(self, tokens: Any) -> Any:
            x = self.embedding(tokens)  # (N, T, D)
            if self.masked:
                lengths = (tokens != PADDING).sum(1)
                x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            _, (h, _) = self.lstm(x)  # (layers, N, H): after the last token of each
            return self.linear(self.dropout(h[-1])).squeeze(1).sigmoid()

    return SentimentLSTM


def attentive_gru(nn: Any) -> Any:
    """The class AttentiveGRU, made of the layers of an engine's `nn`."""

    class AttentiveGRU(nn.Module):  # type: ignore[misc]
        """Embedding → dropout → GRU in both directions → attention → dropout → linear → sigmoid: (N, T) -> (N)."""

        def __init__(
            self, vocab_size: int, embedding_dim: int, hidden_dim: int, embedding_dropout: float, dropout_prob: float
        ) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=PADDING)
            self.embedding_dropout = nn.Dropout(embedding_dropout)
            self.gru = nn.GRU(embedding_dim, hidden_dim, batch_first=True, bidirectional=True)
            self.key = nn.Linear(2 * hidden_dim, 64)
            self.query = nn.Linear(64, 1, bias=False)
            self.dropout = nn.Dropout(dropout_prob)
            self.linear = nn.Linear(2 * hidden_dim, 1)

        def forward(self, tokens: Any) -> Any:
            found, weights = self.read(tokens)
            pooled = (weights.unsqueeze(1) @ found).squeeze(1)  # (N, 1, T) @ (N, T, 2H) -> (N, 2H)
            return self.linear(self.dropout(pooled)).squeeze(1).sigmoid()

        def read(self, tokens: Any) -> tuple[Any, Any]:
            """What the GRU found at each token, (N, T, 2H), and how much of it counts, (N, T): they add up to 1."""
            kept = tokens != PADDING
            x = self.embedding_dropout(self.embedding(tokens))
            packed = nn.utils.rnn.pack_padded_sequence(x, kept.sum(1), batch_first=True, enforce_sorted=False)
            found, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], True, total_length=tokens.shape[1])
            scores = self.query(self.key(found).tanh()).squeeze(2)  # (N, T)
            return found, scores.masked_fill(~kept, -math.inf).softmax(1)

    return AttentiveGRU


def begin_with(model: Any, vectors: Any, frozen: bool = False) -> None:
    """Let the embedding begin with these vectors, a tensor (V, D); `frozen`: it keeps them."""
    model.load_state_dict({**model.state_dict(), "embedding.weight": vectors})
    model.embedding.weight.requires_grad_(not frozen)


def weights_learned(model: Any) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def cross_entropy(probabilities: Array, labels: Array) -> float:
    """The mean of −ln of the probability that was given to what is the case."""
    of_truth = np.where(labels > 0.5, probabilities, 1 - probabilities.astype(np.float64))
    return float(-np.log(np.maximum(of_truth, 1e-12)).mean())


class Judged(NamedTuple):
    """A model that has learned, and the probability of "good" that it gives to each review, (N) for every part."""

    name: str
    parameters: int
    train: Array
    """Of as many training reviews as there are for validation."""
    valid: Array
    test: Array
    model: Any
    history: Sequence[Epoch] = ()

    @property
    def seconds(self) -> float:
        """The time of the training steps."""
        return sum(epoch.seconds for epoch in self.history)

    @property
    def best(self) -> Epoch:
        """The first epoch of the best validation accuracy, whose weights are kept."""
        return max(self.history, key=lambda epoch: epoch.metrics["validation accuracy"])
