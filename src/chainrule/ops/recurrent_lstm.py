"""The long short-term memory: one time step, and a sequence.

    z = x·w_ihᵀ + b_ih + h·w_hhᵀ + b_hh                               (N, 4H), four gates side by side:
    i = σ(z_i)   what is written        f = σ(z_f)   what is kept
    g = tanh(z_g)   what could be written        o = σ(z_o)   what is shown
    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ tanh(c')

Hochreiter, Schmidhuber: Long short-term memory, 1997; with the forget gate of Gers, Schmidhuber, Cummins: Learning to
forget, 2000. Order of the gates and two biases as in PyTorch; projections (proj_size) do not exist here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.activation import _sigmoid
from chainrule.ops.recurrent import all_layers, all_steps, all_steps_native, one_step_native, project, run_cell
from chainrule.tensor import Array, Tensor

__all__ = ["lstm", "lstm_cell"]


def _gates(z: Array, c: Array) -> tuple[tuple[Array, Array], Callable[[Array, Array], tuple[Array, Array]]]:
    """(h', c') of the summed projections z and the state c, and (dh', dc') ↦ (dz, dc): see `_lstm_cell`."""
    zi, zf, zg, zo = np.split(z, 4, axis=-1)  # (N, 4H) -> 4 × (N, H)
    i, f, g, o = _sigmoid(zi), _sigmoid(zf), np.tanh(zg), _sigmoid(zo)
    c_new = f * c + i * g
    shown = np.tanh(c_new)

    def pull(dh: Array, dc: Array) -> tuple[Array, Array]:
        do = dh * shown
        dc = dc + dh * o * (1 - shown * shown)
        dz = [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), do * o * (1 - o)]
        return np.concatenate(dz, axis=-1), dc * f

    return (o * shown, c_new), pull


@primitive
def _lstm_cell(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[tuple[Array, Array], Pullback]:
    """One time step, (h, c) ↦ (h', c') as above. Backwards, from the last equation to the first:

        do = dh' ⊙ tanh(c')                        h' = o ⊙ tanh(c')
        dc' ← dc' + dh' ⊙ o ⊙ (1 − tanh²(c'))      c' goes to the next step and into h': two terms
        di = dc' ⊙ g,   df = dc' ⊙ c,   dg = dc' ⊙ i,   dc = dc' ⊙ f
        dz = (di ⊙ i(1 − i),  df ⊙ f(1 − f),  dg ⊙ (1 − g²),  do ⊙ o(1 − o))
        dx = dz·w_ih,   dh = dz·w_hh,   dw_ih = dzᵀ·x,   dw_hh = dzᵀ·h,   db_ih = db_hh = Σ_n dz

    Shapes: x (N, D), h and c (N, H), w_ih (4H, D), w_hh (4H, H), b_ih and b_hh (4H).  8·N·H·(D + H) FLOPs.
    """
    (h_new, c_new), pull = _gates(project(x, w_ih, b_ih) + project(h, w_hh, b_hh), c)

    def pullback(dh_new: Array, dc_new: Array) -> tuple[Array, ...]:
        dz, dc = pull(dh_new, dc_new)
        return dz @ w_ih, dz @ w_hh, dc, dz.T @ x, dz.T @ h, dz.sum(0), dz.sum(0)

    return (h_new, c_new), pullback


@_lstm_cell.native
def _(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[tuple[Array, ...], Pullback]:
    return one_step_native("lstm", x, (h, c), w_ih, w_hh, b_ih, b_hh)


def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """One time step, hx = (h, c) ↦ (h', c'):  c' = f ⊙ c + i ⊙ g,  h' = o ⊙ tanh(c').

    The gates i, f, o = σ(·) and g = tanh(·) are the four parts of input·w_ihᵀ + b_ih + h·w_hhᵀ + b_hh. The gradients
    are derived at `_lstm_cell`.
    Shapes: input (N, D) or (D), h and c (N, H) or (H), w_ih (4H, D), w_hh (4H, H), biases (4H) -> h', c' (N, H) or (H).
    Errors: ValueError where the shapes do not fit, TypeError for integers or several dtypes.
    Paper: Hochreiter, Schmidhuber: Long short-term memory (1997).
    """
    h, c = hx
    new: tuple[Tensor, Tensor] = run_cell("lstm_cell", _lstm_cell, 4, input, (h, c), w_ih, w_hh, b_ih, b_hh)
    return new


@primitive
def _lstm_layer(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool,
) -> tuple[tuple[Array, ...], Pullback]:  # fmt: skip
    """All time steps of one layer in one direction: x (T, N, D) -> y (T, N, H), h_n and c_n (N, H).

    The pullback is that of `_lstm_cell`, step by step from the last to the first; see `all_steps`.
    """
    return all_steps(_step, x, (h, c), w_ih, w_hh, b_ih, b_hh, lengths, reverse)


@_lstm_layer.native
def _(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool,
) -> tuple[tuple[Array, ...], Pullback]:  # fmt: skip
    return all_steps_native("lstm", x, (h, c), w_ih, w_hh, b_ih, b_hh, lengths, reverse)


def _step(gx: Array, gh: Array, h: Array, c: Array) -> tuple[tuple[Array, Array], Callable[..., tuple[Array, ...]]]:
    new, pull = _gates(gx + gh, c)

    def back(dh: Array, dc: Array) -> tuple[Array, ...]:
        dz, dc = pull(dh, dc)
        return dz, dz, np.zeros_like(h), dc

    return new, back


def lstm(
    input: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool, *, lengths: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """The LSTM over a sequence, as `nn.LSTM` calls it: -> output (T, N, directions·H), h_n, c_n (L·directions, N, H).

    Shapes: input (T, N, D), or (N, T, D) with `batch_first`, or (T, D); hx two tensors (L·directions, N, H); params of
    each of the L = num_layers layers and each direction, two where `bidirectional`: w_ih (4H, D), w_hh (4H, H) and,
    where `has_biases`, b_ih and b_hh (4H). Above the first layer D is directions·H. `dropout` is between layers where
    `train`. Sequences of different `lengths` (N) end where they end: not in PyTorch, which packs. The gradients run
    back from step to step, see `lstm_cell`.
    Errors: ValueError where shapes, numbers of weights or lengths do not fit, or there are no time steps, TypeError for
    integers or several dtypes.
    """
    h, c = hx
    output, h_n, c_n = all_layers(
        "lstm", _lstm_layer, 4, input, (h, c), params, has_biases, num_layers, dropout, train, bidirectional,
        batch_first, lengths,
    )  # fmt: skip
    return output, h_n, c_n
