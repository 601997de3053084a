"""A recurrent layer right above an embedding, as one operator.

    x = E[index],   x·w_ihᵀ = (E·w_ihᵀ)[index]

So the table E (V, D) is multiplied in the place of the sequences x (T, N, D), and backwards what comes back to each of
its rows is added up before it is multiplied: with fewer rows than places, as with characters, three of the six large
products of an LSTM are nearly gone.

Inside of a compiled function `embedding` waits for what follows it (`deferring`), and a recurrent layer takes the
numbers and the table in its place. Whoever still has x and looks at it, be it after the layer ran, sees its value, and
from then on its gradient: until then the layer's parent on the tape is the table, from then on it is x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Node, Pullback, next_number, primitive
from chainrule.deferring import Deferred, Step, defer
from chainrule.native import core
from chainrule.ops.chains import waits
from chainrule.ops.embeddings import _check_rows, _embedding
from chainrule.ops.recurrent import once, through_time
from chainrule.ops.recurrent_gru import _gru_layer
from chainrule.ops.recurrent_lstm import _lstm_layer
from chainrule.ops.recurrent_rnn import _rnn_layer
from chainrule.tensor import Array, Tensor

__all__: list[str] = []  # no names: it is what others become

_lookup: Any = _embedding


@primitive
def _embedded_layer(seen: None, index: Array, table: Array, layer: Any, cell: str, *rest: Any) -> tuple[Any, Pullback]:
    """The recurrent `layer`, which has cells of this kind, on x = table[index]; `rest` is what it takes after x.

    `seen` stands for x: its cotangent is asked for, and none of the table, once somebody has looked at x.

    Shapes: index (T, N), table (V, D), no lengths -> what the layer returns.
    """
    x, (_, look_up) = _lookup.reference(index, table, None, False)
    new, pull = layer.reference(x, *rest)

    def pullback(*dnew: Array) -> tuple[Any, ...]:
        dx, *others = pull(*dnew)
        return dx, None, look_up(dx), None, None, *others

    return new, pullback


@_embedded_layer.native
def _(seen: None, index: Array, table: Array, layer: Any, cell: str, *rest: Any) -> tuple[Any, Pullback]:
    states = 2 if cell == "lstm" else 1
    w_ih, w_hh, b_ih, b_hh, _, reverse = rest[states : states + 6]
    index, table = index.copy(), _used(index, table)  # as they are now, whoever changes them before the way back
    gates = core.embedding(index, core.linear(table, w_ih, b_ih))  # (V, G·H) -> (T, N, G·H)
    new, back, dstate, (dw_hh, db_hh) = through_time(cell, gates, rest[:states], w_hh, b_hh, None, reverse)

    @once
    def by_row(*dnew: Array) -> Array:
        """dgx, added up for every row of the table: (T, N, G·H) -> (V, G·H)"""
        return core.embedding_grad(back(*dnew)[0].reshape(gates.shape), index, len(table), -1, False)  # type: ignore[no-any-return]

    return new, (
        lambda *dnew: core.matmul(back(*dnew)[0], w_ih).reshape(*index.shape, table.shape[1]),
        _none,
        lambda *dnew: core.matmul(by_row(*dnew), w_ih),
        _none,
        _none,
        *dstate,
        lambda *dnew: core.matmul(by_row(*dnew).T, table),
        dw_hh,
        lambda *dnew: core.sum(by_row(*dnew), (0,), False),
        db_hh,
    )


def _none(*dnew: Array) -> None:
    """The cotangent of what is no tensor."""


def _used(index: Array, table: Array) -> Array:
    """The rows that are looked up, as a copy; 0 in the place of others, whose NaN would spoil the product."""
    used = np.bincount(index.reshape(-1), minlength=len(table)) > 0
    return np.where(used[:, None], table, table.dtype.type(0))


# ---------------------------------------------------------------------------------------------- how they come together


class Rows(Step):
    """Rows of a table, x (T, N, D), that wait: of an embedding that has fewer rows than are looked up."""

    __slots__ = ("followers", "number")

    def __init__(self, index: Tensor, table: Tensor) -> None:
        shape = (*index.array.shape, table.array.shape[1])
        super().__init__(_lookup, index, (table, None, False), None, shape, table.array.dtype)
        self.number = next_number()
        self.followers: list[list[Node | None]] = []
        """The parents of the layers that took the table in the place of x."""

    def activated(self, x: Deferred, number: int, operator: Any) -> Deferred | None:
        """No activation joins."""
        return None

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """Somebody looks at x."""
        x: Tensor = _lookup(start, *self.arguments)
        if x.node is not None:
            x.node.number = self.number  # it was made before its followers
            for parents in self.followers:
                parents[0], parents[2] = x.node, None
        return x


@_lookup.deferred  # type: ignore[untyped-decorator]
def _(index: Any, table: Any, padding: int | None, by_frequency: bool) -> Tensor | None:
    if core is None or padding is not None or by_frequency or index.ndim != 2 or index.array.size <= len(table):
        return None
    if index.array.dtype != np.int64 or table.array.dtype.char not in "fd":
        return None
    _check_rows(index.array, table.array)
    return defer(Rows(index, table))


def let_join(layer: Any, states: int, cell: Callable[..., str]) -> None:
    """Let this layer, which takes so many states, join; what it takes last names its `cell`."""

    def rule(x: Any, *rest: Any) -> Any:
        lengths, _, *last = rest[states + 4 :]
        if lengths is not None or not waits(x, Rows):
            return None
        rows: Rows = x.step
        new = _embedded_layer(None, rows.input, rows.arguments[0], layer, cell(*last), *rest)
        node: Any = new[0].node
        if node is not None:
            (behind,) = node.parents  # of all outputs together
            rows.followers.append(behind.parents)
        return new

    layer.deferred(rule)


let_join(_lstm_layer, 2, lambda: "lstm")
let_join(_gru_layer, 1, lambda: "gru")
let_join(_rnn_layer, 1, lambda relu: "relu" if relu else "tanh")
