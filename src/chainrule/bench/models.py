"""What is trained: models as lists of layers, their initial weights and their data, in NumPy alone.

Every engine builds its model from the same list, starts from the same weights and sees the same batch, so that all do
the same work; `training` builds it from PyTorch's layers, `plain_jax` from functions of arrays.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["MODELS", "Layer", "Model", "batch", "weights"]

Array = npt.NDArray[Any]


class Layer(NamedTuple):
    """One layer: conv (in, out, kernel, padding), linear (in, out), lstm (in, hidden), embedding (words, size),
    norm (channels); pool, relu, sigmoid, flatten; last, the final step of a sequence; rows, (T, N, …) -> (T·N, …)."""

    kind: str
    sizes: tuple[int, ...] = ()


class Model(NamedTuple):
    """Layers, and what they are trained on: images of a shape, or sequences of words; classes, or true and false."""

    layers: tuple[Layer, ...]
    image: tuple[int, ...] = ()
    words: int = 0
    classes: int = 10


def conv(i: int, o: int, kernel: int, padding: int = 0) -> Layer:
    return Layer("conv", (i, o, kernel, padding))


def linear(i: int, o: int) -> Layer:
    return Layer("linear", (i, o))


POOL, RELU, SIGMOID, FLATTEN, LAST, ROWS = map(Layer, ("pool", "relu", "sigmoid", "flatten", "last", "rows"))


def lenet(width: int) -> Model:
    """LeNet-5 as in the lab: pooling before ReLU; `width` units in the first dense layer."""
    return Model(
        (
            conv(1, 6, 5), POOL, RELU, conv(6, 16, 5), POOL, RELU, FLATTEN,
            linear(256, width), RELU, linear(width, 84), RELU, linear(84, 10),
        ),
        image=(1, 28, 28),
    )  # fmt: skip


def mlp(width: int) -> Model:
    """784 - width - width - 10."""
    return Model((linear(784, width), RELU, linear(width, width), RELU, linear(width, 10)), image=(784,))


def fashion_cnn(width: int) -> Model:
    """One convolution with `width` filters, logistic activation, pooling, one dense layer."""
    return Model((conv(1, width, 3, 1), SIGMOID, POOL, FLATTEN, linear(width * 14 * 14, 10)), image=(1, 28, 28))


def char_lstm(width: int, words: int = 65) -> Model:
    """The next character after each one of a sequence: embedding and LSTM of `width`."""
    layers = Layer("embedding", (words, width)), Layer("lstm", (width, width)), ROWS, linear(width, words)
    return Model(layers, words=words, classes=words)


def imdb_lstm(width: int, words: int = 20_000) -> Model:
    """Good or bad, by the state of an LSTM of `width` after the last word; half as many numbers a word."""
    layers = Layer("embedding", (words, width // 2)), Layer("lstm", (width // 2, width)), LAST, linear(width, 1)
    return Model(layers, words=words, classes=2)


def vgg(width: int) -> Model:
    """Six convolutions of 3 × 3 with `width` to 4·width filters, each normalized over the batch, on 32 × 32 colours."""
    channels = [3, width, 2 * width, 2 * width, 4 * width, 4 * width, 4 * width]
    layers: list[Layer] = []
    for k, (i, o) in enumerate(itertools.pairwise(channels)):
        layers += [conv(i, o, 3, 1), Layer("norm", (o,)), RELU, *[POOL] * (k % 2)]
    return Model((*layers, FLATTEN, linear(4 * width * 4 * 4, 10)), image=(3, 32, 32))


MODELS: dict[str, Callable[[int], Model]] = {
    "lenet": lenet, "mlp": mlp, "fashion-cnn": fashion_cnn, "char-lstm": char_lstm, "imdb-lstm": imdb_lstm, "vgg": vgg,
}  # fmt: skip


def weights(model: Model, seed: int = 0) -> dict[str, Array]:
    """Initial weights by PyTorch's names, "0.weight" and so on, uniform in ±1/√(inputs)."""
    draw = np.random.default_rng(seed)
    found = {}
    for i, layer in enumerate(model.layers):
        for name, shape in _shapes(layer).items():
            inputs = layer.sizes[1] if layer.kind == "lstm" else math.prod(shape[1:])
            bound = 1 / math.sqrt(inputs) if len(shape) > 1 else 0.1
            found[f"{i}.{name}"] = draw.uniform(-bound, bound, shape).astype(np.float32)
        if layer.kind == "norm":
            found[f"{i}.weight"] += 1
    return found


def _shapes(layer: Layer) -> dict[str, tuple[int, ...]]:
    if layer.kind == "conv":
        i, o, kernel, _ = layer.sizes
        return {"weight": (o, i, kernel, kernel), "bias": (o,)}
    if layer.kind == "linear":
        return {"weight": layer.sizes[::-1], "bias": layer.sizes[1:]}
    if layer.kind == "lstm":
        i, h = layer.sizes
        return {"weight_ih_l0": (4 * h, i), "weight_hh_l0": (4 * h, h), "bias_ih_l0": (4 * h,), "bias_hh_l0": (4 * h,)}
    if layer.kind == "embedding":
        return {"weight": layer.sizes}
    return {"weight": layer.sizes, "bias": layer.sizes} if layer.kind == "norm" else {}


def batch(model: Model, n: int, length: int, seed: int = 0) -> tuple[Array, Array]:
    """Inputs and targets: n images (N, …), or n sequences of words (T, N); classes, or the next word of each (T·N)."""
    draw = np.random.default_rng(seed)
    if model.image:
        return draw.standard_normal((n, *model.image), np.float32), draw.integers(0, model.classes, n)
    x = draw.integers(0, model.words, (length, n))
    if model.classes == 2:
        return x, draw.integers(0, 2, (n, 1)).astype(np.float32)
    return x, draw.integers(0, model.classes, length * n)
