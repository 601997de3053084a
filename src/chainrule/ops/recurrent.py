"""What all recurrent networks share: one step after another, forward and back through time.

    hₜ = step(xₜ·W_ihᵀ + b_ih, hₜ₋₁·W_hhᵀ + b_hh, state before)

A *step* takes the two projections gx and gh (N, G·H) of G gates and the state (h, or h and c), each (N, H). It returns
the new state and its pullback (dh, …) ↦ (dgx, dgh, dstate), without what comes back through gh: that is done here.
The steps are in `rnn`, `lstm` and `gru`.

Backwards, dhₜ has two parts: dyₜ from above, and what came back from step t + 1. With dgx and dgh of all steps at hand
every other gradient is one product over all T·N rows:

    dx = dgx·W_ih,   dW_ih = dgxᵀ·x,   db_ih = Σ dgx,   dW_hh = Σₜ dghₜᵀ·hₜ₋₁,   db_hh = Σ dgh,   dhₜ₋₁ += dghₜ·W_hh

Werbos: Backpropagation through time, what it does and how to do it, 1990.
Layout of the state (L·directions, N, H), of the weights and of the arguments are PyTorch's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.autograd import Pullback
from chainrule.native import core
from chainrule.ops.joining import cat, stack
from chainrule.ops.linalg import _rows
from chainrule.ops.random import dropout as _dropout
from chainrule.tensor import Array, Tensor

__all__: list[str] = []

State = tuple[Array, ...]
Step = Callable[..., tuple[State, Callable[..., tuple[Array, ...]]]]
Pull = Callable[..., Array]


# ---------------------------------------------------------------------------------------------- one step


def project(x: Array, w: Array, b: Array | None) -> Array:
    """x·wᵀ + b over the last axis, as one product of matrices: (…, I) -> (…, O)"""
    y = _rows(x) @ w.T
    return (y if b is None else y + b).reshape(*x.shape[:-1], len(w))


def one_step(
    step: Step, x: Array, state: State, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[State, Pullback]:
    """The new state of a cell, and (dh, …) ↦ (dx, *dstate, dw_ih, dw_hh, db_ih, db_hh)."""
    h = state[0]
    new, pull = step(project(x, w_ih, b_ih), project(h, w_hh, b_hh), *state)

    def pullback(*dnew: Array) -> tuple[Array, ...]:
        dgx, dgh, dh, *dc = pull(*dnew)
        return dgx @ w_ih, dh + dgh @ w_hh, *dc, dgx.T @ x, dgh.T @ h, dgx.sum(0), dgh.sum(0)

    return new, pullback


# ---------------------------------------------------------------------------------------------- all steps


def all_steps(
    step: Step, x: Array, state: State, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool,
) -> tuple[State, Pullback]:  # fmt: skip
    """One layer in one direction: x (T, N, D), state (N, H) each -> y (T, N, H), last state; `reverse` starts at T − 1.

    At and past its length, where given (N,), a sequence keeps its state, and y is 0.
    The pullback is (dy, *dlast) ↦ (dx, *dstate, dw_ih, dw_hh, db_ih, db_hh).
    """
    T = len(x)
    order = range(T - 1, -1, -1) if reverse else range(T)
    alive = None if lengths is None else np.arange(T)[:, None, None] < lengths[:, None]  # (T, N, 1)
    x = x if alive is None else np.where(alive, x, 0)  # the padding may hold anything, NaN too
    gx = project(x, w_ih, b_ih)  # (T, N, D) -> (T, N, G·H): the one large product that needs no loop
    y, before = (np.zeros((T, *state[0].shape), x.dtype) for _ in range(2))
    pulls: list[Any] = [None] * T
    for t in order:
        before[t] = state[0]
        new, pulls[t] = step(gx[t], project(state[0], w_hh, b_hh), *state)
        if alive is not None:
            new = tuple(np.where(alive[t], n, s) for n, s in zip(new, state, strict=True))
        state = new
        y[t] = state[0] if alive is None else np.where(alive[t], state[0], 0)

    def pullback(dy: Array, *dstate: Array) -> tuple[Array, ...]:
        dgx, dgh = np.empty_like(gx), np.empty_like(gx)
        for t in reversed(order):
            held = dstate
            dnew = (dstate[0] + dy[t], *dstate[1:])
            if alive is not None:  # a state that was only kept hands its cotangent on
                dnew = tuple(np.where(alive[t], d, 0) for d in dnew)
            dgx[t], dgh[t], dh, *dc = pulls[t](*dnew)
            dstate = (dh + dgh[t] @ w_hh, *dc)
            if alive is not None:
                dstate = tuple(np.where(alive[t], d, k) for d, k in zip(dstate, held, strict=True))
        dgx, dgh = _rows(dgx), _rows(dgh)  # (T, N, G·H) -> (T·N, G·H)
        dw_ih, dw_hh = dgx.T @ _rows(x), dgh.T @ _rows(before)
        return (dgx @ w_ih).reshape(x.shape), *dstate, dw_ih, dw_hh, dgx.sum(0), dgh.sum(0)

    return (y, *state), pullback


# ---------------------------------------------------------------------------------------------- native


def all_steps_native(
    cell: str, x: Array, state: State, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    lengths: Array | None, reverse: bool,
) -> tuple[State, tuple[Pull, ...]]:  # fmt: skip
    """As `all_steps`; the loop over t is `through_time`, the rest are products of matrices."""
    if lengths is not None:
        lengths = lengths.astype(np.int64)
        x = x.copy()
        x[np.arange(len(x))[:, None] >= lengths] = 0  # the padding may hold anything, NaN too
    gates = core.linear(_rows(x), w_ih, b_ih).reshape(*x.shape[:2], len(w_ih))
    new, back, dstate, (dw_hh, db_ih, db_hh) = through_time(cell, gates, state, w_hh, b_hh, lengths, reverse)
    return new, (
        lambda *dnew: core.matmul(back(*dnew)[0], w_ih).reshape(x.shape),
        *dstate,
        lambda *dnew: core.matmul(back(*dnew)[0].T, _rows(x)),
        dw_hh,
        db_ih,
        db_hh,
    )


def through_time(
    cell: str, gates: Array, state: State, w_hh: Array, b_hh: Array | None, lengths: Array | None, reverse: bool
) -> tuple[State, Pull, tuple[Pull, ...], tuple[Pull, Pull, Pull]]:
    """The loop over t, forward and backward, from x·w_ihᵀ + b_ih (T, N, G·H), in whose memory the gates come to lie.

    Output and new state; the walk back (dy, *dlast) ↦ dgx and dgh (T·N, G·H) and dstate, which all pullbacks share and
    the first of them runs; the pullbacks of the state; those of w_hh, b_ih and b_hh.
    """
    h, c = (*state, None)[:2]
    hs, kept, y = core.recurrent(cell, gates, h, c, w_hh, b_hh, lengths, reverse)  # hs (T + 1, N, H): before and after
    y = y if y is not None else hs[:-1] if reverse else hs[1:]
    before, last = (hs[1:], 0) if reverse else (hs[:-1], -1)

    @once
    def back(dy: Array | None, dh: Array, dc: Array | None = None) -> tuple[Array, ...]:
        dgx, dgh, dh, dc = core.recurrent_grad(cell, gates, hs, kept, w_hh, lengths, reverse, dy, dh, dc)
        return _rows(dgx), _rows(dgh), dh, dc

    @once
    def totals(*dnew: Array) -> tuple[Array, Array]:
        """Σ dgx and Σ dgh, which are the same but for a GRU."""
        dgx, dgh, *_ = back(*dnew)
        to_x = core.sum(dgx, (0,), False)
        return to_x, to_x.copy() if np.may_share_memory(dgx, dgh) else core.sum(dgh, (0,), False)

    dstate = (lambda *dnew: back(*dnew)[2], lambda *dnew: back(*dnew)[3])[: len(state)]
    dw_hh = lambda *dnew: core.matmul(back(*dnew)[1].T, _rows(before))  # noqa: E731 (as those above)
    db_ih, db_hh = lambda *dnew: totals(*dnew)[0], lambda *dnew: totals(*dnew)[1]
    new = (y, hs[last].copy()) if c is None else (y, hs[last].copy(), kept[last].copy())
    return new, back, dstate, (dw_hh, db_ih, db_hh)


def one_step_native(
    cell: str, x: Array, state: State, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[State, tuple[Pull, ...]]:
    """A sequence of one step, without y."""
    (_, *new), pulls = all_steps_native(cell, x[None], state, w_ih, w_hh, b_ih, b_hh, None, False)
    dx, *others = [functools.partial(pull, None) for pull in pulls]
    return tuple(new), (lambda *dnew: dx(*dnew)[0], *others)


def once(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, which remembers what came of the last arguments."""
    known: list[Any] = [(), None]

    def remembered(*args: Any) -> Any:
        if len(args) != len(known[0]) or any(a is not b for a, b in zip(args, known[0], strict=True)):
            known[:] = args, f(*args)
        return known[1]

    return remembered


# ---------------------------------------------------------------------------------------------- all layers


def all_layers(
    name: str, layer: Any, gates: int, input: Tensor, state: tuple[Tensor, ...], params: Sequence[Tensor],
    has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool, batch_first: bool,
    lengths: Any = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Layers on top of each other, each of one or two directions: the output of the last, and the last states of all.

    `layer(x, *state, w_ih, w_hh, b_ih, b_hh, lengths, reverse)` is one of them; `params` holds the weights of all.
    Input without N, (T, D), and its state (L·directions, H), are taken too.
    """
    if input.ndim == 2:
        batch = 0 if batch_first else 1
        _check_dims(name, input, state, 2, "(layers · directions, H)")
        state = tuple(s.unsqueeze(1) for s in state)
        y, *last = all_layers(
            name, layer, gates, input.unsqueeze(batch), state, params, has_biases, num_layers, dropout, train,
            bidirectional, batch_first, lengths,
        )  # fmt: skip
        return y.squeeze(batch), *(s.squeeze(1) for s in last)
    directions, each = 1 + bidirectional, 2 + 2 * has_biases
    _check(name, gates, input, state, params, num_layers * directions, directions, each, batch_first)
    x = input.transpose(0, 1) if batch_first else input
    lengths = None if lengths is None else _lengths(name, lengths, x)
    finals: list[tuple[Tensor, ...]] = []
    for i in range(num_layers):
        x = _dropout(x, dropout, train) if i else x
        outputs = []
        for k in range(i * directions, (i + 1) * directions):
            weights = [*params[k * each : (k + 1) * each], None, None][:4]
            y, *new = layer(x, *(_row(s, k) for s in state), *weights, lengths, k % directions == 1)
            outputs.append(y)
            finals.append(tuple(new))
        x = cat(outputs, -1) if bidirectional else outputs[0]
    return x.transpose(0, 1) if batch_first else x, *(stack(column) for column in zip(*finals, strict=True))


def _row(state: Tensor, k: int) -> Tensor:
    """state[k], which for a state without a history, as most have, needs no operator."""
    return state[k] if state.requires_grad else Tensor(state.array[k])


# ---------------------------------------------------------------------------------------------- checks


def _check(
    name: str, gates: int, x: Tensor, state: tuple[Tensor, ...], params: Sequence[Tensor], rows: int,
    directions: int, each: int, batch_first: bool,
) -> None:  # fmt: skip
    if len(params) != rows * each:
        raise ValueError(f"{name}(): {len(params)} weights for {rows} layers and directions of {each} each")
    if x.ndim != 3:
        raise ValueError(f"{name}(): the input needs 3 dimensions (or 2, without N), its shape is {x.shape}")
    order = "(N, T, D)" if batch_first else "(T, N, D)"
    N, T = (x.shape[0], x.shape[1]) if batch_first else (x.shape[1], x.shape[0])
    if not T:
        raise ValueError(f"{name}(): the input {x.shape} = {order} has no time steps")
    for k in range(rows):
        features = x.shape[-1] if k < directions else directions * params[1].shape[-1]
        check_weights(name, gates, x, state[0], params[k * each : (k + 1) * each], order, features)
    shape = (rows, N, params[1].shape[1])
    for what, s in zip(("h_0", "c_0"), state, strict=False):
        if s.shape != shape:
            raise ValueError(
                f"{name}(): the initial state {what} has shape {s.shape}; "
                f"it needs {shape} = (layers · directions, N, H)\n"
                f"  input {x.shape} = {order}"
            )


def _check_dims(name: str, x: Tensor, state: tuple[Tensor, ...], ndim: int, order: str) -> None:
    for s in state:
        if s.ndim != ndim:
            raise ValueError(f"{name}(): the input {x.shape} has no N, so that the state needs {order}, not {s.shape}")


def _lengths(name: str, lengths: Any, x: Tensor) -> Array:
    found = np.asarray(lengths.array if isinstance(lengths, Tensor) else lengths)
    T, N = x.shape[:2]
    if found.shape != (N,) or found.dtype.kind not in "iu" or (found < 1).any() or (found > T).any():
        raise ValueError(f"{name}(): lengths must be {N} whole numbers from 1 to {T}, not {found.tolist()}")
    return found


def check_weights(
    name: str, gates: int, x: Tensor, h: Tensor, params: Sequence[Tensor | None], order: str, features: int
) -> None:
    """Weights (G·H, D) and (G·H, H), biases (G·H), all of the input's dtype."""
    w_ih, w_hh, *biases = (p.array for p in params if p is not None)
    shapes = f"\n  input {x.shape} = {order}, w_ih {w_ih.shape} = ({'H' if gates == 1 else f'{gates}·H'}, D)"
    if w_ih.ndim != 2 or features != w_ih.shape[1]:
        raise ValueError(f"{name}(): the input has {features} features, the weight expects {w_ih.shape[-1]}{shapes}")
    H = w_hh.shape[-1]
    if w_hh.shape != (gates * H, H) or len(w_ih) != gates * H or any(b.shape != (gates * H,) for b in biases):
        found = f"w_ih {w_ih.shape}, w_hh {w_hh.shape}, biases {[b.shape for b in biases]}"
        raise ValueError(f"{name}(): the weights do not fit together: {found}{shapes}")
    dtypes = {x.dtype, h.dtype, *(w.dtype for w in (w_ih, w_hh, *biases))}
    if (len(dtypes) > 1 and len({d.name for d in dtypes}) > 1) or w_ih.dtype.kind != "f":  # names take their time
        found = f"input {x.dtype}, state {h.dtype}, weight {w_ih.dtype}"
        raise TypeError(f"{name}(): one floating-point dtype is needed: {found}; convert with .to(dtype)")


def run_cell(
    name: str, cell: Any, gates: int, input: Tensor, state: tuple[Tensor, ...], w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None, b_hh: Tensor | None,
) -> Any:  # fmt: skip
    """One step of a cell on (N, D), or (D) with a state (H)."""
    if input.ndim == 1:
        _check_dims(name, input, state, 1, "(H)")
        new = run_cell(
            name, cell, gates, input.unsqueeze(0), tuple(s.unsqueeze(0) for s in state), w_ih, w_hh, b_ih, b_hh
        )
        return tuple(s.squeeze(0) for s in new) if isinstance(new, tuple) else new.squeeze(0)
    if input.ndim != 2:
        raise ValueError(f"{name}(): the input needs 2 dimensions (N, D), or 1 without N; its shape is {input.shape}")
    check_weights(name, gates, input, state[0], (w_ih, w_hh, b_ih, b_hh), "(N, D)", input.shape[1])
    shape = (input.shape[0], w_hh.shape[1])
    for s in state:
        if s.shape != shape:
            raise ValueError(f"{name}(): the state has shape {s.shape}; it needs {shape} = (N, H)")
    return cell(input, *state, w_ih, w_hh, b_ih, b_hh)
