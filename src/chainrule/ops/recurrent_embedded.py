"""A recurrent layer right above an embedding, as one operator.

    x = E[rows][places],   x·w_ihᵀ = (E[rows]·w_ihᵀ)[places]

So those rows of the table E (V, D) that occur are multiplied, each once, in the place of the sequences x (T, N, D), and
backwards what comes back to each of them is added up before it is multiplied: of characters there are few, and three of
the six large products of an LSTM are nearly gone.

Inside of a compiled function `embedding` waits for what follows it (`deferring`), and a recurrent layer takes rows,
places and the table in its place. Whoever still has x and looks at it, be it after the layer ran, sees its value, and
from then on its gradient: until then the layer's parent on the tape is the table, from then on it is x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Node, Pullback, next_number, primitive
from chainrule.deferring import Step, defer
from chainrule.native import core
from chainrule.ops.chains import waits
from chainrule.ops.embeddings import _check_rows, _embedding
from chainrule.ops.joining import _none
from chainrule.ops.recurrent import once, through_time
from chainrule.ops.recurrent_gru import _gru_layer
from chainrule.ops.recurrent_lstm import _lstm_layer
from chainrule.ops.recurrent_rnn import _rnn_layer
from chainrule.tensor import Array, Tensor

__all__: list[str] = []  # no names: it is what others become

_lookup: Any = _embedding
FEW, SPARED = 16, 50
"""Places, below which looking for rows is not worth it, and multiplications spared for each number of the gates, below
which moving that number once more, forward and back, costs as much."""


@primitive
def _embedded_layer(
    seen: None, table: Array, rows: Array, places: Array, padding: int | None, layer: Any, cell: str, *rest: Any
) -> tuple[Any, Pullback]:
    """The recurrent `layer`, which has cells of this kind, on x = table[rows][places]; `rest` is what it takes after x.

    `seen` stands for x: its cotangent is asked for, and none of the table, once somebody has looked at x.

    Shapes: table (V, D), rows (U), places (T, N), no lengths -> what the layer returns.
    """
    x, (_, look_up) = _lookup.reference(rows[places], table, padding, False)
    new, pull = layer.reference(x, *rest)

    def pullback(*dnew: Array) -> tuple[Any, ...]:
        dx, *others = pull(*dnew)
        return dx, look_up(dx), None, None, None, None, None, *others

    return new, pullback


@_embedded_layer.native
def _(
    seen: None, table: Array, rows: Array, places: Array, padding: int | None, layer: Any, cell: str, *rest: Any
) -> tuple[Any, Pullback]:
    states, (V, D) = 2 if cell == "lstm" else 1, table.shape
    w_ih, w_hh, b_ih, b_hh, _, reverse = rest[states : states + 6]
    found = core.embedding(rows, table)  # (U, D), as they are now, whoever changes the table before the way back
    gates = core.embedding(places, core.linear(found, w_ih, b_ih))  # (U, G·H) -> (T, N, G·H)
    new, back, dstate, (dw_hh, db_ih, db_hh) = through_time(cell, gates, rest[:states], w_hh, b_hh, None, reverse)

    @once
    def by_row(*dnew: Array) -> Array:
        """dgx, added up for every row: (T, N, G·H) -> (U, G·H)"""
        return core.embedding_grad(back(*dnew)[0].reshape(gates.shape), places, len(rows), -1, False)  # type: ignore[no-any-return]

    def dtable(*dnew: Array) -> Array:
        ignored = -1 if padding is None else padding
        return core.embedding_grad(core.matmul(by_row(*dnew), w_ih), rows, V, ignored, False)  # type: ignore[no-any-return]

    return new, (
        lambda *dnew: core.matmul(back(*dnew)[0], w_ih).reshape(*places.shape, D),
        dtable,
        *(_none,) * 5,
        *dstate,
        lambda *dnew: core.matmul(by_row(*dnew).T, found),
        dw_hh,
        db_ih,
        db_hh,
    )


def _occurring(index: Array, V: int) -> tuple[Array, Array]:
    """The rows that occur, in rising order, and where each place finds its own: index = rows[places]."""
    occurs = np.zeros(V, np.bool_)
    occurs[index] = True
    rows = np.flatnonzero(occurs)
    number = np.empty(V, np.int64)
    number[rows] = np.arange(len(rows))
    return rows, number[index]


# ---------------------------------------------------------------------------------------------- how they come together


class Rows(Step):
    """Rows of a table, x (T, N, D), that wait. The setting is (rows, places): those that occur, and where."""

    __slots__ = ("followers", "number")

    def __init__(self, index: Tensor, table: Tensor, padding: int | None, setting: tuple[Array, Array]) -> None:
        shape = (*index.array.shape, table.array.shape[1])
        super().__init__(_lookup, index, (table, padding, False), setting, shape, table.array.dtype)
        self.number = next_number()
        self.followers: list[list[Node | None]] = []
        """The parents of the layers that took the table in the place of x."""

    def run(self, start: Tensor, steps: Sequence[Step]) -> Tensor:
        """Somebody looks at x."""
        x: Tensor = _lookup(start, *self.arguments)
        if x.node is not None:
            x.node.number = self.number  # it was made before its followers
            for parents in self.followers:
                parents[0], parents[1] = x.node, None
        return x


@_lookup.deferred  # type: ignore[untyped-decorator]
def _(index: Any, table: Any, padding: int | None, by_frequency: bool) -> Tensor | None:
    numbers, rows = index.array, table.array
    if core is None or by_frequency or numbers.ndim != 2 or numbers.dtype != np.int64 or rows.dtype.char not in "fd":
        return None
    if numbers.size < FEW or rows.shape[1] <= SPARED:  # a row that occurs is multiplied at least once
        return None
    _check_rows(numbers, rows)
    setting = _occurring(numbers, len(rows))
    spared = (1 - len(setting[0]) / numbers.size) * rows.shape[1]
    return defer(Rows(index, table, padding, setting)) if spared >= SPARED else None


def let_join(layer: Any, states: int, cell: Callable[..., str]) -> None:
    """Let this layer, which takes so many states, join; what it takes last names its `cell`."""

    def rule(x: Any, *rest: Any) -> Any:
        lengths, _, *last = rest[states + 4 :]
        if lengths is not None or not waits(x, Rows):
            return None
        rows: Rows = x.step
        table, padding, _ = rows.arguments
        new = _embedded_layer(None, table, *rows.setting, padding, layer, cell(*last), *rest)
        node: Any = new[0].node
        if node is not None:
            (behind,) = node.parents  # of all outputs together
            rows.followers.append(behind.parents)
        return new

    layer.deferred(rule)


let_join(_lstm_layer, 2, lambda: "lstm")
let_join(_gru_layer, 1, lambda: "gru")
let_join(_rnn_layer, 1, lambda relu: "relu" if relu else "tanh")
