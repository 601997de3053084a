"""A multilayer perceptron by hand: plain NumPy, no tape. What the exercise of `mlp-mnist` asks for.

Every part computes a value on the way forward, and remembers there what its derivative needs on the way back. The parts
are the references of chainrule's own operators, which return just that: a value, and the pullback that carries a
gradient from the value back to the arguments.

    y, (dx, dw, db) = linear(x, w, b)      dx(dy), dw(dy), db(dy) are ∂L/∂x, ∂L/∂w, ∂L/∂b for dy = ∂L/∂y
    y, dx = relu(x)
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.autograd import PRIMITIVES
from chainrule.io import load_npz, save_npz
from chainrule.train import Epoch, NonFiniteLoss

__all__ = [
    "ACTIVATIONS", "MLP", "Activation", "ReLU", "Sigmoid", "SoftmaxCrossEntropy", "Stats", "Tanh",
    "get_training_stats", "learn", "measure", "random_normal_weight_init", "zeros_bias_init",
]  # fmt: skip

Array = npt.NDArray[Any]
Forward = Callable[..., tuple[Any, Any]]


def reference(name: str) -> Forward:
    """An operator as its definition in NumPy has it, arrays in, (value, pullback) out: no tape, no compiled kernel."""
    forward: Forward = PRIMITIVES[name].reference
    return forward


linear, cross_entropy = reference("linalg.linear"), reference("loss.cross_entropy")


# ------------------------------------------------------------------------------------------ activations and the loss


class Activation:
    """A function of every number for itself. `forward` remembers its output, and `derivative` the slope there."""

    function: ClassVar[Forward]

    def __call__(self, x: Array) -> Array:
        return self.forward(x)

    def forward(self, x: Array) -> Array:
        """f(x), of the shape of x."""
        self.state: Array
        self.state, self._pullback = self.function(x)
        return self.state

    def derivative(self) -> Array:
        """f'(x) at the latest x: the gradient of the sum of all outputs."""
        slope: Array = self._pullback(np.ones_like(self.state))
        return slope


class Sigmoid(Activation):
    """σ(x) = 1 / (1 + e⁻ˣ),   σ' = σ·(1 − σ)"""

    function = staticmethod(reference("activation.sigmoid"))


class Tanh(Activation):
    """tanh x,   tanh' = 1 − tanh²"""

    function = staticmethod(reference("activation.tanh"))


class ReLU(Activation):
    """max(x, 0),   ReLU' = 1 where x > 0, else 0"""

    function = staticmethod(reference("activation.relu"))


ACTIVATIONS: Mapping[str, type[Activation]] = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU}


class SoftmaxCrossEntropy:
    """L = mean over the rows of −ln softmax(x)[label]: how surprised the network is by the right answers."""

    def __call__(self, x: Array, labels: Array) -> float:
        return self.forward(x, labels)

    def forward(self, x: Array, labels: Array) -> float:
        """The loss of outputs x (N, classes), given the classes (N) that would have been right."""
        self.loss, self._pullback = cross_entropy(x, labels, -1)  # −1: no label is left out
        return float(self.loss)

    def derivative(self) -> Array:
        """∂L/∂x = (softmax(x) − one-hot(labels)) / N, of the shape of x."""
        slope: Array = self._pullback(np.ones_like(self.loss))
        return slope


# ------------------------------------------------------------------------------------------ initial values


def random_normal_weight_init(inputs: int, outputs: int, rng: np.random.Generator) -> Array:
    """Weights (outputs, inputs) from a normal distribution with variance 2 / inputs.

    That keeps the size of the numbers from layer to layer where ReLU lets half of them through (He et al. 2015).
    """
    return (math.sqrt(2 / inputs) * rng.standard_normal((outputs, inputs))).astype(np.float32)


def zeros_bias_init(outputs: int) -> Array:
    """Biases (outputs), all 0."""
    return np.zeros(outputs, np.float32)


# ------------------------------------------------------------------------------------------ the network


class MLP:
    """linear → activation → … → linear, and the loss above. Rows are samples: (N, sizes[0]) -> (N, sizes[-1])."""

    def __init__(
        self,
        sizes: Sequence[int],
        activation: type[Activation],
        weight_init_fn: Callable[[int, int], Array],
        bias_init_fn: Callable[[int], Array] = zeros_bias_init,
        lr: float = 0.01,
        momentum: float = 0.0,
    ) -> None:
        self.lr, self.momentum = lr, momentum
        self.W = [weight_init_fn(inputs, outputs) for inputs, outputs in pairwise(sizes)]
        self.b = [bias_init_fn(outputs) for outputs in sizes[1:]]
        self.dW, self.db = [np.zeros_like(w) for w in self.W], [np.zeros_like(b) for b in self.b]
        self.v = [np.zeros_like(p) for p in self.W + self.b]
        self.activations = [activation() for _ in sizes[1:-1]]
        self.criterion = SoftmaxCrossEntropy()

    def __call__(self, x: Array) -> Array:
        return self.forward(x)

    def forward(self, x: Array) -> Array:
        """The outputs for x; each layer's pullback is kept."""
        self._pullbacks = []
        for i, (w, b) in enumerate(zip(self.W, self.b, strict=True)):
            x, pullback = linear(x, w, b)
            self._pullbacks.append(pullback)
            if i < len(self.activations):
                x = self.activations[i].forward(x)
        self.output = x
        return x

    def get_loss(self, labels: Array) -> float:
        """The mean loss of the latest outputs."""
        return self.criterion.forward(self.output, labels)

    def get_error(self, labels: Array) -> float:
        """The share of the latest outputs whose greatest is not the label's."""
        return float(np.mean(self.output.argmax(axis=1) != labels))

    def zero_grads(self) -> None:
        """Forget the gradients of earlier batches, to which `backward` would add."""
        for gradient in (*self.dW, *self.db):
            gradient.fill(0)

    def backward(self, labels: Array) -> None:
        """Add the gradients of the latest outputs' loss to dW and db."""
        self.criterion.forward(self.output, labels)
        delta = self.criterion.derivative()
        for i in reversed(range(len(self.W))):
            dx, dw, db = self._pullbacks[i]
            self.dW[i] += dw(delta)
            self.db[i] += db(delta).sum(axis=0)  # b was added to every row
            if i > 0:  # nobody wants the gradient of the images
                delta = dx(delta) * self.activations[i - 1].derivative()

    def step(self) -> None:
        """v ← momentum · v + g,   w ← w − lr · v"""
        for w, v, g in zip(self.W + self.b, self.v, self.dW + self.db, strict=True):
            v *= self.momentum
            v += g
            w -= self.lr * v

    # -------------------------------------------------------------------------------------- in a file

    def state(self) -> dict[str, Array]:
        """Weights and biases by the names that they have in an nn.Sequential of the same layers: 0.weight, 0.bias, …"""
        pairs = enumerate(zip(self.W, self.b, strict=True))
        return {
            f"{2 * i}.{name}": value for i, pair in pairs for name, value in zip(("weight", "bias"), pair, strict=True)
        }

    def load_state(self, arrays: Mapping[str, Array]) -> None:
        """Take such weights and biases. Raises ValueError if they are not those of a network of this shape."""
        own = self.state()
        shapes, given = ({name: a.shape for name, a in some.items()} for some in (own, arrays))
        if shapes != given:
            raise ValueError(f"the network has {_told(shapes)}; what was given has {_told(given)}")
        for name, value in own.items():
            value[...] = arrays[name]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write weights and biases to an .npz file."""
        save_npz(self.state(), path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read what `save` wrote. Raises ValueError if the file is damaged, or is of another network."""
        arrays = load_npz(path)
        try:
            self.load_state(arrays)
        except ValueError as problem:
            raise ValueError(f"{os.fspath(path)}: {problem}") from None


def _told(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no arrays"


# ------------------------------------------------------------------------------------------ training


class Stats(NamedTuple):
    """A number for every epoch. Training batches are measured as they come, that is before their step."""

    training_losses: list[float]
    training_errors: list[float]
    test_losses: list[float]
    test_errors: list[float]


def get_training_stats(
    mlp: MLP,
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    tell: Callable[[Epoch], None] = lambda epoch: None,
) -> Stats:
    """Train on images and labels (N, 784), (N), in an order drawn anew for each epoch; `tell` is told of each.

    The learning rate falls in a straight line, from what it is at the start to zero.
    """
    (x, y), stats, rate, steps = train, Stats([], [], [], []), mlp.lr, 0
    starts = range(0, len(x), batch_size)
    for number in range(1, epochs + 1):
        began, order, sums = time.perf_counter(), rng.permutation(len(x)), np.zeros(2)
        for start in starts:
            rows = order[start : start + batch_size]
            mlp.lr = rate * (1 - steps / (epochs * len(starts)))
            sums += len(rows) * np.array(learn(mlp, x[rows], y[rows]))
            steps += 1
        seconds, loss = time.perf_counter() - began, sums[0] / len(x)
        if not math.isfinite(loss):
            raise NonFiniteLoss(f"the loss became {loss} in epoch {number}: take a smaller learning rate than {rate:g}")
        for values, value in zip(stats, (*sums / len(x), *measure(mlp, *test)), strict=True):
            values.append(float(value))
        tell(Epoch(number, stats.training_losses[-1], seconds, _latest(stats)))
    mlp.lr = rate
    return stats


@np.errstate(over="ignore", invalid="ignore")  # a loss that is not finite is told above
def learn(mlp: MLP, x: Array, y: Array) -> tuple[float, float]:
    """One step of training; loss and error before it."""
    mlp.zero_grads()
    mlp.forward(x)
    measured = mlp.get_loss(y), mlp.get_error(y)
    mlp.backward(y)
    mlp.step()
    return measured


def measure(mlp: MLP, x: Array, y: Array) -> tuple[float, float]:
    """Mean loss and error of a network on images and labels that it does not learn from."""
    mlp.forward(x)
    return mlp.get_loss(y), mlp.get_error(y)


def _latest(stats: Stats) -> dict[str, float]:
    names = ("training error", "test loss", "test error")
    return {name: values[-1] for name, values in zip(names, stats[1:], strict=True)}
