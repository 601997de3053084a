"""The works that are measured, as data: each is sent to the process of an engine as JSON."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OTHERS", "TARGETS", "Work"]


@dataclass(frozen=True)
class Work:
    """A training step of a model of `models`, or one of `pieces`, at given sizes."""

    title: str
    kind: str
    """A name in `models.MODELS` or in `pieces.PIECES`; "epoch", "operators": the files of these names."""
    batch: int = 0
    width: int = 0
    length: int = 0
    """Steps of a sequence."""
    optimizer: str = "SGD"
    """SGD (with momentum 0.9), Adam or Adagrad."""
    least: float | None = None
    """The least that the best peer's time over chainrule's shall be, with all cores of a 2-core AVX-512 machine."""
    unit: str = "ms"
    threads: int = 0
    """0: as many as were asked for."""
    seconds: float = 1
    """How long a round repeats each thing that is timed."""


TARGETS = {
    "lenet-64": Work("LeNet-5, batch 64, SGD", "lenet", 64, 120, least=8),
    "lenet-500": Work("LeNet-5, batch 500, SGD", "lenet", 500, 120, least=6),
    "mlp": Work("MLP 784-512-512-10, batch 100, SGD", "mlp", 100, 512, least=1.05),
    "fashion-cnn": Work("fashion-cnn, batch 100, Adam", "fashion-cnn", 100, 32, optimizer="Adam", least=12),
    "char-lstm-1": Work("char-lstm 256, batch 1 × 50, Adagrad", "char-lstm", 1, 256, 50, "Adagrad", least=2.5),
    "char-lstm-64": Work("char-lstm 256, batch 64 × 50, Adam", "char-lstm", 64, 256, 50, "Adam", least=1.6),
    "imdb-lstm": Work("imdb-lstm 50/100, batch 100 × 200, Adam", "imdb-lstm", 100, 100, 200, "Adam", least=2.5),
    "vgg": Work("VGG-like, 6 conv 64-256, batch 128, SGD", "vgg", 128, 64, least=1.2),
    "gemm": Work("GEMM 1024³", "gemm", width=1024, least=1.8),
}
"""What a user waits for: the rows of the table that `chainrule bench` prints."""

OTHERS = {
    "tape": Work("tape, for each operator", "tape", length=100, unit="µs"),
    "loader": Work("DataLoader, for each batch", "loader", 64, length=60_000, unit="µs"),
    "epoch": Work("MNIST, an epoch of LeNet-5", "epoch", unit="s"),
    "operators": Work("operators", "operators", unit="µs", seconds=0.03),
}
