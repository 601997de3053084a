"""A training step in plain JAX: pure functions of a dictionary of weights, differentiated and compiled as one.

Images lie as (N, H, W, C), which XLA's convolutions for CPUs want; the weights keep PyTorch's shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .models import MODELS, Layer, Model, batch, weights
from .training import RATES
from .works import Work

__all__ = ["given", "learner", "step"]

Weights = dict[str, Any]


def step(work: Work) -> Callable[[], Any]:
    """A function that carries out one step on one and the same batch and returns its loss, when all is computed."""
    learn = learner(work)
    x, target = map(given, batch(MODELS[work.kind](work.width), work.batch, work.length))
    return lambda: learn(x, target)


def given(a: Any) -> Any:
    """A batch as JAX takes it: images (N, C, H, W) -> (N, H, W, C), whole numbers in 32 bits."""
    a = a.transpose(0, 2, 3, 1) if a.ndim == 4 else a
    return jnp.asarray(a.astype(np.int32) if a.dtype == np.int64 else a)


def learner(work: Work) -> Callable[[Any, Any], Any]:
    """A new model, and the function (x, target) ↦ loss that trains it by a step."""
    model = MODELS[work.kind](work.width)
    update, slots = OPTIMIZERS[work.optimizer]
    w = {name: jnp.asarray(value) for name, value in weights(model).items()}
    state = [{name: jnp.zeros_like(value) for name, value in w.items()} for _ in range(slots)]

    def once(w: Weights, state: list[Weights], t: Any, x: Any, target: Any) -> Any:
        loss, g = jax.value_and_grad(lambda w: _loss(model, forward(model, w, x), target))(w)
        changed = {k: update(w[k], g[k], [s[k] for s in state], t, RATES[work.optimizer]) for k in w}
        new = [{k: changed[k][1 + i] for k in w} for i in range(slots)]
        return loss, {k: changed[k][0] for k in w}, new, t + 1

    compiled = jax.jit(once, donate_argnums=(0, 1))
    now: list[Any] = [w, state, jnp.ones(())]

    def learn(x: Any, target: Any) -> Any:
        loss, *now[:] = jax.block_until_ready(compiled(*now, x, target))
        return loss

    return learn


def forward(model: Model, w: Weights, x: Any) -> Any:
    """One layer after the other; `w` has their weights by number and name."""
    for i, layer in enumerate(model.layers):
        own = {name.partition(".")[2]: value for name, value in w.items() if name.startswith(f"{i}.")}
        x = LAYERS[layer.kind](x, own, layer)
    return x


def _loss(model: Model, y: Any, target: Any) -> Any:
    if model.classes == 2:
        return jnp.mean(jnp.maximum(y, 0) - y * target + jnp.log1p(jnp.exp(-jnp.abs(y))))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), target[:, None], 1))


def _conv(x: Any, w: Weights, layer: Layer) -> Any:
    padding = [(layer.sizes[3],) * 2] * 2
    dimensions = ("NHWC", "OIHW", "NHWC")
    return lax.conv_general_dilated(x, w["weight"], (1, 1), padding, dimension_numbers=dimensions) + w["bias"]


def _pool(x: Any, w: Weights, layer: Layer) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _flatten(x: Any, w: Weights, layer: Layer) -> Any:
    return x.transpose(0, 3, 1, 2).reshape(len(x), -1)  # (N, H, W, C) -> (N, C·H·W), as the dense weights are


def _linear(x: Any, w: Weights, layer: Layer) -> Any:
    return x @ w["weight"].T + w["bias"]


def _norm(x: Any, w: Weights, layer: Layer) -> Any:
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * w["weight"] + w["bias"]


def _lstm(x: Any, w: Weights, layer: Layer) -> Any:
    gates = x @ w["weight_ih_l0"].T + w["bias_ih_l0"] + w["bias_hh_l0"]  # (T, N, D) -> (T, N, 4H)

    def one(state: Any, z: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(z + h @ w["weight_hh_l0"].T, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    start = jnp.zeros((x.shape[1], layer.sizes[1]))
    return lax.scan(one, (start, start), gates)[1]


LAYERS: dict[str, Callable[[Any, Weights, Layer], Any]] = {
    "conv": _conv, "pool": _pool, "flatten": _flatten, "linear": _linear, "norm": _norm, "lstm": _lstm,
    "relu": lambda x, w, layer: jnp.maximum(x, 0),
    "sigmoid": lambda x, w, layer: jax.nn.sigmoid(x),
    "embedding": lambda x, w, layer: w["weight"][x],
    "last": lambda x, w, layer: x[-1],
    "rows": lambda x, w, layer: x.reshape(-1, x.shape[-1]),
}  # fmt: skip


def _sgd(p: Any, g: Any, state: list[Any], t: Any, lr: float) -> tuple[Any, ...]:
    v = 0.9 * state[0] + g
    return p - lr * v, v


def _adagrad(p: Any, g: Any, state: list[Any], t: Any, lr: float) -> tuple[Any, ...]:
    s = state[0] + g * g
    return p - lr * g / (jnp.sqrt(s) + 1e-10), s


def _adam(p: Any, g: Any, state: list[Any], t: Any, lr: float) -> tuple[Any, ...]:
    m, v = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g * g
    return p - lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


OPTIMIZERS: dict[str, tuple[Callable[..., tuple[Any, ...]], int]] = {
    "SGD": (_sgd, 1), "Adagrad": (_adagrad, 1), "Adam": (_adam, 2)
}  # fmt: skip
"""The rule of each, and how many numbers it keeps for a weight."""
