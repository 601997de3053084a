"""The plain recurrent network: h' = tanh(x·w_ihᵀ + b_ih + h·w_hhᵀ + b_hh), or max(·, 0) in place of tanh.

Elman: Finding structure in time, 1990. With ReLU: Le, Jaitly, Hinton: A simple way to initialize recurrent networks of
rectified linear units, 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback, primitive
from chainrule.ops.recurrent import all_layers, all_steps, all_steps_native, one_step, one_step_native, run_cell
from chainrule.tensor import Array, Tensor

__all__ = ["rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell"]


def _step(relu: bool) -> Callable[..., tuple[tuple[Array], Callable[[Array], tuple[Array, ...]]]]:
    """h' = φ(gx + gh).   dgx = dgh = dh' ⊙ φ', which is 1 − h'² for tanh and [h' > 0] for ReLU"""

    def step(gx: Array, gh: Array, h: Array) -> tuple[tuple[Array], Callable[[Array], tuple[Array, ...]]]:
        y = np.maximum(gx + gh, 0) if relu else np.tanh(gx + gh)

        def back(dh: Array) -> tuple[Array, ...]:
            dz = dh * (y > 0) if relu else dh * (1 - y * y)
            return dz, dz, np.zeros_like(h)

        return (y,), back

    return step


@primitive
def _rnn_cell(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, relu: bool
) -> tuple[tuple[Array, ...], Pullback]:
    """One time step. dz = dh' ⊙ φ',   dx = dz·w_ih,   dh = dz·w_hh,   dw_ih = dzᵀ·x,   dw_hh = dzᵀ·h,   db = Σ dz"""
    return one_step(_step(relu), x, (h,), w_ih, w_hh, b_ih, b_hh)


@_rnn_cell.native
def _(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, relu: bool
) -> tuple[tuple[Array, ...], Pullback]:
    return one_step_native("relu" if relu else "tanh", x, (h,), w_ih, w_hh, b_ih, b_hh)


@primitive
def _rnn_layer(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool, relu: bool,
) -> tuple[tuple[Array, ...], Pullback]:  # fmt: skip
    """All time steps of one layer in one direction: x (T, N, D) -> y (T, N, H), h_n (N, H); see `all_steps`."""
    return all_steps(_step(relu), x, (h,), w_ih, w_hh, b_ih, b_hh, lengths, reverse)


@_rnn_layer.native
def _(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool, relu: bool,
) -> tuple[tuple[Array, ...], Pullback]:  # fmt: skip
    return all_steps_native("relu" if relu else "tanh", x, (h,), w_ih, w_hh, b_ih, b_hh, lengths, reverse)


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One time step, h' = tanh(input·w_ihᵀ + b_ih + hx·w_hhᵀ + b_hh).

    With da = dh' · (1 − h'²):   dinput = da·w_ih,   dhx = da·w_hh,   dw_ih = daᵀ·input,   dw_hh = daᵀ·hx,
    db_ih = db_hh = Σ da.   Shapes: input (N, D) or (D), hx (N, H) or (H), w_ih (H, D), w_hh (H, H), biases (H)
    -> h' (N, H) or (H). Errors: ValueError where the shapes do not fit, TypeError for integers or several dtypes.
    Paper: Elman: Finding structure in time (1990).
    """
    return _cell("rnn_tanh_cell", False, input, hx, w_ih, w_hh, b_ih, b_hh)


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One time step, h' = max(input·w_ihᵀ + b_ih + hx·w_hhᵀ + b_hh, 0); shapes and errors as in `rnn_tanh_cell`.

    The gradients are those there with [h' > 0] in place of 1 − h'².
    """
    return _cell("rnn_relu_cell", True, input, hx, w_ih, w_hh, b_ih, b_hh)


def _cell(
    name: str, relu: bool, input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> Tensor:  # fmt: skip
    def cell(*args: Tensor | None) -> tuple[Tensor, ...]:
        new: tuple[Tensor, ...] = _rnn_cell(*args, relu)  # type: ignore[assignment]
        return new

    y: Tensor = run_cell(name, cell, 1, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]
    return y


def rnn_tanh(
    input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool, *, lengths: Any = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The tanh network over a sequence, as `nn.RNN` calls it: -> output (T, N, directions·H), h_n (L·directions, N, H).

    Shapes: input (T, N, D), or (N, T, D) with `batch_first`, or (T, D); hx (L·directions, N, H); params of each of the
    L = num_layers layers and each direction, two where `bidirectional`: w_ih (H, D), w_hh (H, H) and, where
    `has_biases`, b_ih and b_hh (H). Above the first layer D is directions·H. `dropout` is between layers where `train`.
    Sequences of different `lengths` (N) end where they end: not in PyTorch, which packs. The gradients run back from
    step to step, see `rnn_tanh_cell`.
    Errors: ValueError where shapes, numbers of weights or lengths do not fit, or there are no time steps, TypeError for
    integers or several dtypes.
    Paper: Elman: Finding structure in time (1990).
    """
    layers = (params, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths)
    output, h_n = all_layers("rnn_tanh", _layer(False), 1, input, (hx,), *layers)
    return output, h_n


def rnn_relu(
    input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool, *, lengths: Any = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """As `rnn_tanh`, with max(·, 0) in place of tanh."""
    layers = (params, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths)
    output, h_n = all_layers("rnn_relu", _layer(True), 1, input, (hx,), *layers)
    return output, h_n


def _layer(relu: bool) -> Callable[..., tuple[Tensor, ...]]:
    def layer(*args: Tensor | None) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = _rnn_layer(*args, relu)  # type: ignore[assignment]
        return outputs

    return layer
