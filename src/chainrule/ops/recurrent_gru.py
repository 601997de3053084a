"""The gated recurrent unit: one time step, and a sequence.

    r = σ(W_ir·x + b_ir + W_hr·h + b_hr)              what of the state the candidate sees
    z = σ(W_iz·x + b_iz + W_hz·h + b_hz)              what of the state is kept
    n = tanh(W_in·x + b_in + r ⊙ (W_hn·h + b_hn))     the candidate
    h' = (1 − z) ⊙ n + z ⊙ h

Cho et al.: Learning phrase representations using RNN encoder-decoder for statistical machine translation, 2014.
As in PyTorch, r is applied after the product with W_hn (and not to h, as in the paper): one product gives all gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.activation import _sigmoid
from chainrule.ops.recurrent import all_layers, all_steps, all_steps_native, one_step, one_step_native, run_cell
from chainrule.tensor import Array, Tensor

__all__ = ["gru", "gru_cell"]


def _step(gx: Array, gh: Array, h: Array) -> tuple[tuple[Array], Callable[[Array], tuple[Array, ...]]]:
    """h' of the projections gx = (x_r, x_z, x_n) and gh = (h_r, h_z, h_n), each (N, 3H), and of h.

    Backwards, from the last equation to the first:

        dz = dh' ⊙ (h − n),   dn = dh' ⊙ (1 − z),   dh = dh' ⊙ z
        da_n = dn ⊙ (1 − n²)                        n = tanh(a_n),  a_n = x_n + r ⊙ h_n
        dr = da_n ⊙ h_n
        da_r = dr ⊙ r(1 − r),   da_z = dz ⊙ z(1 − z)
        dgx = (da_r, da_z, da_n),   dgh = (da_r, da_z, da_n ⊙ r)
    """
    (xr, xz, xn), (hr, hz, hn) = np.split(gx, 3, axis=-1), np.split(gh, 3, axis=-1)  # (N, 3H) -> 3 × (N, H)
    r, z = _sigmoid(xr + hr), _sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)

    def back(dh: Array) -> tuple[Array, ...]:
        dan = dh * (1 - z) * (1 - n * n)
        dar = dan * hn * r * (1 - r)
        daz = dh * (h - n) * z * (1 - z)
        return np.concatenate([dar, daz, dan], axis=-1), np.concatenate([dar, daz, dan * r], axis=-1), dh * z

    return ((1 - z) * n + z * h,), back


@primitive
def _gru_cell(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[tuple[Array, ...], Pullback]:
    """One time step: h' as above.   dx = dgx·w_ih,   dh += dgh·w_hh,   dw_ih = dgxᵀ·x,   dw_hh = dghᵀ·h,   db = Σ dg"""
    return one_step(_step, x, (h,), w_ih, w_hh, b_ih, b_hh)


@_gru_cell.native
def _(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[tuple[Array, ...], Pullback]:
    return one_step_native("gru", x, (h,), w_ih, w_hh, b_ih, b_hh)


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One time step, h ↦ h' = (1 − z) ⊙ n + z ⊙ h, with gates r, z = σ(·) and n = tanh(x_n + r ⊙ h_n).

    r, z and n take the three parts of input·w_ihᵀ + b_ih and of hx·w_hhᵀ + b_hh. The gradients are derived at `_step`.
    Shapes: input (N, D) or (D), hx (N, H) or (H), w_ih (3H, D), w_hh (3H, H), biases (3H) -> h' (N, H) or (H).
    Errors: ValueError where the shapes do not fit, TypeError for integers or several dtypes.
    Paper: Cho et al.: Learning phrase representations using RNN encoder-decoder (2014).
    """
    new: Tensor = run_cell("gru_cell", _gru_cell, 3, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]
    return new


@primitive
def _gru_layer(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool,
) -> tuple[tuple[Array, ...], Pullback]:  # fmt: skip
    """All time steps of one layer in one direction: x (T, N, D) -> y (T, N, H), h_n (N, H); see `all_steps`."""
    return all_steps(_step, x, (h,), w_ih, w_hh, b_ih, b_hh, lengths, reverse)


@_gru_layer.native
def _(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool,
) -> tuple[tuple[Array, ...], Pullback]:  # fmt: skip
    return all_steps_native("gru", x, (h,), w_ih, w_hh, b_ih, b_hh, lengths, reverse)


def gru(
    input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool, *, lengths: Any = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The GRU over a sequence, as `nn.GRU` calls it: -> output (T, N, directions·H), h_n (L·directions, N, H).

    Shapes: input (T, N, D), or (N, T, D) with `batch_first`, or (T, D); hx (L·directions, N, H); params of each of the
    L = num_layers layers and each direction, two where `bidirectional`: w_ih (3H, D), w_hh (3H, H) and, where
    `has_biases`, b_ih and b_hh (3H). Above the first layer D is directions·H. `dropout` is between layers where
    `train`. Sequences of different `lengths` (N) end where they end: not in PyTorch, which packs. The gradients run
    back from step to step, see `gru_cell`.
    Errors: ValueError where shapes, numbers of weights or lengths do not fit, or there are no time steps, TypeError for
    integers or several dtypes.
    """
    output, h_n = all_layers(
        "gru", _gru_layer, 3, input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first,
        lengths,
    )  # fmt: skip
    return output, h_n
