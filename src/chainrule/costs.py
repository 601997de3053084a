"""How much an operator multiplies: the one place where multiply-adds are counted, each of them two FLOPs.

`nn.summary` counts a model's layers by it, `profile` the operators that ran.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

__all__ = ["Cost", "dot_products", "multiply_adds"]


class Cost(NamedTuple):
    """Multiply-adds of an operator: forward, and of the cotangent of each argument."""

    forward: int
    gradients: tuple[int, ...]
    shared: bool = False
    """Whether the cotangents have a computation in common, whose time therefore belongs to none of them."""


def dot_products(places: int, weight: Sequence[int]) -> int:
    """Each of so many places is the dot product with one filter of a weight (O, …)."""
    return places * math.prod(weight[1:])


def multiply_adds(name: str, args: Sequence[Any], y: Any) -> Cost | None:
    """Of the primitive `name`, called with `args` and having returned y; None if it has no products."""
    count = _COSTS.get(name)
    return None if count is None else count(args, y)


def _both(n: int) -> Cost:
    """A product of the first two arguments: each one's cotangent is a product of the same size."""
    return Cost(n, (n, n))


def _matmul(args: Sequence[Any], y: Any) -> Cost:
    return _both(y.size * args[0].shape[-1])


def _linear(args: Sequence[Any], y: Any) -> Cost:
    return _both(y.size * args[1].shape[-1])


def _convolution(args: Sequence[Any], y: Any) -> Cost:
    """Each output is a dot product with one filter."""
    return _both(dot_products(y.size, args[1].shape))


def _transposed(args: Sequence[Any], y: Any) -> Cost:
    """Transposed convolutions: each input is multiplied with one filter."""
    return _both(dot_products(args[0].size, args[1].shape))


def _contract(args: Sequence[Any], y: Any) -> Cost:
    """Each letter is a loop."""
    x, other, a, b = args[:4]
    return _both(math.prod(dict(zip(a + b, x.shape + other.shape, strict=True)).values()))


def _attention(args: Sequence[Any], y: Any) -> Cost:
    """q·kᵀ and p·v; backwards dq, dk, dv, and dp = dy·vᵀ, which is counted with q."""
    q, _, v = args[:3]
    scores = y[1].size  # (…, L, S)
    qk, pv = scores * q.shape[-1], scores * v.shape[-1]
    return Cost(qk + pv, (qk + pv, qk, pv))


def _dense(args: Sequence[Any], y: Any) -> Cost:
    """Layer after layer; backwards each one's weight and, but for the first where nobody wants it, its input."""
    x, wants, _, *weights = args
    layers = [x.shape[0] * w.size for w in weights[::2]]
    return Cost(sum(layers), (2 * sum(layers) - (0 if wants else layers[0]),))


def _stages(args: Sequence[Any], y: Any) -> Cost:
    """Convolution after convolution, and backwards as for dense layers."""
    x, wants, settings, *weights = args
    N, _, *size = x.shape
    layers = []
    for stage, w in zip(settings, weights[::2], strict=True):
        gone = (d * (k - 1) - 2 * p for d, k, p in zip(stage.dilation, w.shape[2:], stage.padding, strict=True))
        size = [n - g for n, g in zip(size, gone, strict=True)]
        layers.append(dot_products(N * len(w) * math.prod(size), w.shape))
        size = [n // stage.pool for n in size]
    return Cost(sum(layers), (2 * sum(layers) - (0 if wants else layers[0]),))


def _recurrent(states: int) -> Callable[[Sequence[Any], Any], Cost]:
    """Both matrices at every step; backwards each for its own gradient, w_ih for x and w_hh for the state too.

    The state's is counted with w_hh, for the walk back through time, which all of them share, needs it whether or not
    the first state does.
    """

    def count(args: Sequence[Any], y: Any) -> Cost:
        rows = math.prod(args[0].shape[:-1])
        w_ih, w_hh = (rows * w.size for w in args[1 + states : 3 + states])
        return Cost(w_ih + w_hh, (w_ih, *(0,) * states, w_ih, 2 * w_hh), shared=True)

    return count


def _embedded(args: Sequence[Any], y: Any) -> Cost:
    """As `_recurrent`, but w_ih by the rows of a table that occur; x's own cotangent is one of all places."""
    _, _, rows, places, _, _, cell, *rest = args
    states = 2 if cell == "lstm" else 1
    w_ih, w_hh = rest[states : states + 2]
    once, steps = rows.size * w_ih.size, places.size * w_hh.size
    gradients = (places.size * w_ih.size, once, *(0,) * (5 + states), once, 2 * steps)
    return Cost(once + steps, gradients, shared=True)


_COSTS: dict[str, Callable[[Sequence[Any], Any], Cost]] = {
    "matmul": _matmul, "linear": _linear, "conv2d": _convolution, "conv3d": _convolution, "contract": _contract,
    "dense": _dense, "stages": _stages, "attention": _attention,
    "conv_transpose2d": _transposed, "conv_transpose3d": _transposed,
    "rnn_layer": _recurrent(1), "rnn_cell": _recurrent(1), "gru_layer": _recurrent(1), "gru_cell": _recurrent(1),
    "lstm_layer": _recurrent(2), "lstm_cell": _recurrent(2), "embedded_layer": _embedded,
}  # fmt: skip
