"""The hand-written network held against finite differences, part by part, and against the tape."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import from_numpy, nn
from chainrule.check import Report, check_pullback

from ._mlp import ACTIVATIONS, MLP, Activation, ReLU, Sigmoid, SoftmaxCrossEntropy, Tanh, random_normal_weight_init

__all__ = ["all_checked", "difference_from_the_tape", "loss_checked", "network_checked", "on_the_tape", "slope_checked"]

Array = npt.NDArray[Any]


def all_checked(seed: int) -> list[tuple[str, Report]]:
    """Every activation, the loss, and a network with each of the activations."""
    return [
        *((name, slope_checked(kind(), seed)) for name, kind in ACTIVATIONS.items()),
        ("loss", loss_checked(seed)),
        *((f"MLP, {name}", network_checked(kind, seed)) for name, kind in ACTIVATIONS.items()),
    ]


def slope_checked(activation: Activation, seed: int) -> Report:
    """An activation, at random places."""

    def f(x: Array) -> tuple[Array, Callable[[Array], Array]]:
        return activation.forward(x), lambda dy: dy * activation.derivative()

    return check_pullback(f, [np.random.default_rng(seed).standard_normal((4, 6))])


def loss_checked(seed: int) -> Report:
    """The loss, of random outputs."""
    rng, loss = np.random.default_rng(seed), SoftmaxCrossEntropy()
    labels = rng.integers(0, 3, 5)

    def f(x: Array) -> tuple[Array, Callable[[Array], Array]]:
        return np.asarray(loss.forward(x, labels)), lambda dy: dy * loss.derivative()

    return check_pullback(f, [rng.standard_normal((5, 3))])


def network_checked(activation: type[Activation], seed: int) -> Report:
    """All weights and biases of a small network, 6 → 5 → 4 → 3 units; random biases, for zeros hide mistakes."""
    rng = np.random.default_rng(seed)
    mlp = MLP((6, 5, 4, 3), activation, partial(random_normal_weight_init, rng=rng), rng.standard_normal)
    x, labels = rng.standard_normal((7, 6)), rng.integers(0, 3, 7)

    def f(*parameters: Array) -> tuple[Array, Callable[[Array], list[Array]]]:
        mlp.W, mlp.b = list(parameters[::2]), list(parameters[1::2])
        mlp.dW, mlp.db = [np.zeros_like(w) for w in mlp.W], [np.zeros_like(b) for b in mlp.b]
        mlp.forward(x)
        mlp.backward(labels)
        gradients = [g for pair in zip(mlp.dW, mlp.db, strict=True) for g in pair]
        return np.asarray(mlp.get_loss(labels)), lambda dy: [dy * g for g in gradients]

    state = mlp.state()
    return check_pullback(f, list(state.values()), names=list(state))


MODULES: dict[type[Activation], type[nn.Module]] = {ReLU: nn.ReLU, Tanh: nn.Tanh, Sigmoid: nn.Sigmoid}


def on_the_tape(mlp: MLP) -> nn.Sequential:
    """The same network from chainrule's modules, with equal weights: there the tape finds the gradients."""
    sizes = [mlp.W[0].shape[1], *map(len, mlp.b)]
    between = [MODULES[type(activation)] for activation in mlp.activations]
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(before, after), *(kind() for kind in between[i : i + 1])]
    model = nn.Sequential(*layers)
    model.load_state_dict(mlp.state())
    return model


def difference_from_the_tape(mlp: MLP, x: Array, labels: Array) -> float:
    """The greatest difference of any gradient from that of the same network on the tape."""
    mlp.zero_grads()
    mlp.forward(x)
    mlp.backward(labels)
    model = on_the_tape(mlp)
    nn.functional.cross_entropy(model(from_numpy(x)), from_numpy(labels)).backward()
    tape = [p.grad.numpy() for p in model.parameters() if p.grad is not None]
    ours = [g for pair in zip(mlp.dW, mlp.db, strict=True) for g in pair]
    return max(float(np.abs(a - b).max()) for a, b in zip(ours, tape, strict=True))
