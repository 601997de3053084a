"""A training step on an engine with PyTorch's API: forward, backward, update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .models import MODELS, Layer, Model, batch, weights
from .works import Work

__all__ = ["build", "learner", "step"]

RATES = {"SGD": 0.01, "Adam": 1e-3, "Adagrad": 0.01}
"""Learning rates, the same for all engines."""

CHANNELS_LAST = "vgg"
"""The model whose images torch.compile is given as (N, H, W, C) in memory: with many channels it is the faster way."""


def step(engine: Any, work: Work, compiled: bool = False) -> Callable[[], Any]:
    """A function that carries out one step on one and the same batch and returns its loss."""
    learn = learner(engine, work, compiled)
    x, target = map(engine.from_numpy, batch(MODELS[work.kind](work.width), work.batch, work.length))
    if _channels_last(engine, work, compiled):
        x = x.to(memory_format=engine.channels_last)
    return lambda: learn(x, target)


def _channels_last(engine: Any, work: Work, compiled: bool) -> bool:
    return compiled and engine.__name__ == "torch" and work.kind == CHANNELS_LAST


def learner(engine: Any, work: Work, compiled: bool = False) -> Callable[[Any, Any], Any]:
    """A new model, and the function (x, target) ↦ loss that trains it by a step; `compiled` by the engine's compile."""
    model = MODELS[work.kind](work.width)
    network = build(engine, model)
    optimizer = getattr(engine.optim, work.optimizer)(
        network.parameters(), lr=RATES[work.optimizer], **({"momentum": 0.9} if work.optimizer == "SGD" else {})
    )
    criterion = engine.nn.BCEWithLogitsLoss() if model.classes == 2 else engine.nn.CrossEntropyLoss()
    if _channels_last(engine, work, compiled):
        network = network.to(memory_format=engine.channels_last)

    def loss_of(x: Any, target: Any) -> Any:
        return criterion(network(x), target)

    forward = engine.compile(loss_of) if compiled else loss_of

    def learn(x: Any, target: Any) -> Any:
        optimizer.zero_grad()
        loss = forward(x, target)
        loss.backward()
        optimizer.step()
        return loss

    return learn


def build(engine: Any, model: Model) -> Any:
    """The model of `engine.nn`, with the weights of `models.weights`."""
    nn = engine.nn

    class Network(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([_layer(engine, layer) for layer in model.layers])

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    network = Network()
    start = weights(model)
    for name, parameter in network.layers.named_parameters():
        parameter.data = engine.from_numpy(start[name.replace("lstm.", "")])
    return network


def _layer(engine: Any, layer: Layer) -> Any:
    nn, kind, sizes = engine.nn, layer.kind, layer.sizes

    class LSTM(nn.Module):  # type: ignore[misc, name-defined]
        """The outputs alone."""

        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(*sizes)

        def forward(self, x: Any) -> Any:
            return self.lstm(x)[0]

    class Last(nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return x[-1]

    if kind == "conv":
        i, o, kernel, padding = sizes
        return nn.Conv2d(i, o, kernel, padding=padding)
    if kind in ("lstm", "last"):
        return LSTM() if kind == "lstm" else Last()
    makers: dict[str, Callable[..., Any]] = {
        "linear": nn.Linear, "embedding": nn.Embedding, "norm": nn.BatchNorm2d, "relu": nn.ReLU, "sigmoid": nn.Sigmoid,
        "flatten": nn.Flatten, "pool": lambda: nn.MaxPool2d(2), "rows": lambda: nn.Flatten(0, 1),
    }  # fmt: skip
    return makers[kind](*sizes)
