"""What of the past reaches a recurrent network's loss: a task of memory, gradients step by step, Jacobians."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.train import Callback, Training

__all__ = [
    "LEARNED", "Flow", "Learned", "Trial", "Trials", "Watch", "Watched", "curves", "factor", "fewest", "flow",
    "jacobian", "reach", "recall", "remembering", "set_forget_bias", "sigmoid", "strengths", "stretch", "thinned",
]  # fmt: skip

Array = npt.NDArray[Any]
LEARNED = 0.95
"""The accuracy from which on a task counts as learned."""
SYMBOLS, NOISE = 2, 4
"""How many symbols may have to be remembered, and how many others come after them."""


def remembering(steps: int, number: int, seed: int) -> tuple[Array, Array]:
    """Sequences (N, T) that begin with one of two symbols, noise after it, and what they began with (N)."""
    rng = np.random.default_rng((seed, steps))
    tokens = rng.integers(SYMBOLS, SYMBOLS + NOISE, (number, steps))
    tokens[:, 0] = rng.integers(SYMBOLS, size=number)
    return tokens, tokens[:, 0].copy()


def recall(nn: Any, kind: str, width: int) -> Any:
    """The model: "RNN", "GRU" or "LSTM" reads tokens (N, T); its last state h scores the two symbols (N, 2)."""

    class Recall(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = getattr(nn, kind)(SYMBOLS + NOISE, width, batch_first=True)
            self.out = nn.Linear(width, SYMBOLS)

        def forward(self, tokens: Any) -> Any:
            return self.out(self.layer(one_hot(nn, tokens))[0][:, -1])

    return Recall()


def one_hot(nn: Any, tokens: Any) -> Any:
    """(N, T) -> (N, T, symbols)."""
    return nn.functional.one_hot(tokens, SYMBOLS + NOISE).float()


def set_forget_bias(engine: Any, model: Any, bias: float) -> None:
    """Let all forget gates of an LSTM begin with this bias: the second quarter of b_ih + b_hh."""
    values = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    width = len(values["layer.bias_ih_l0"]) // 4
    values["layer.bias_ih_l0"][width : 2 * width] = bias
    values["layer.bias_hh_l0"][width : 2 * width] = 0
    model.load_state_dict({name: engine.from_numpy(value) for name, value in values.items()})


class Learned(Callback):
    """Ends a training when the task is learned."""

    def epoch(self, training: Training) -> None:
        if training.history[-1].metrics["accuracy"] > 0.995:
            training.stop("the task is learned")


class Trial(NamedTuple):
    """A trained network."""

    model: Any
    accuracy: float
    updates: int
    """Training steps that it took, or was given."""


Trials = dict[tuple[str, int], list[Trial]]
"""By network and length of the task, one for each seed."""


def fewest(trials: list[Trial]) -> int:
    """The fewest updates of several trainings."""
    return min(trial.updates for trial in trials)


def reach(name: str, steps: Sequence[int], trials: Trials) -> int:
    """The longest task that was learned, in all trainings and with all shorter ones; 0 if there is none."""
    reached = 0
    for T in steps:
        if min(trial.accuracy for trial in trials[name, T]) < LEARNED:
            break
        reached = T
    return reached


# ------------------------------------------------------------------------------------------ gradients


class Flow(NamedTuple):
    """What flows back through T steps; in double precision, for it may be very little."""

    h: Array
    """‖∂loss/∂hₜ‖ of each step t, (T): mean over the sequences."""
    c: Array
    """The same of the LSTM's cell state; empty for others."""
    step: Array
    """Greatest singular value of each step's Jacobian, (T − 1): state t by state t − 1."""
    way: Array
    """Greatest singular value of the product of the last k Jacobians, k = 1 … T − 1: state T by state T − k."""

    @property
    def left(self) -> float:
        """The gradient of the first state, h and c if there is one, in parts of the last h's."""
        return float(np.hypot(self.h[0], self.c[0] if len(self.c) else 0) / self.h[-1])


def flow(engine: Any, model: Any, kind: str, tokens: Array, symbols: Array) -> Flow:
    """Run the model's cell step by step over sequences (N, T), and look at every state."""
    cell = cell_of(engine, model, kind)
    out = engine.nn.Linear(cell.hidden_size, SYMBOLS).double()
    out.load_state_dict({name: value.double() for name, value in model.out.state_dict().items()})
    x = one_hot(engine.nn, engine.from_numpy(tokens)).double()
    states = [start(engine, kind, len(tokens), cell.hidden_size)]
    for t in range(tokens.shape[1]):
        states.append(stepped(cell, kind, x[:, t], states[-1]))
        for part in states[-1]:
            part.retain_grad()
    loss = engine.nn.CrossEntropyLoss(reduction="sum")(out(states[-1][0]), engine.from_numpy(symbols))
    loss.backward()
    norms = [[norm(part.grad) for part in state] for state in states[1:-1]]
    norms.append([norm(states[-1][0].grad)] + [0.0] * (kind == "LSTM"))  # nothing reads the last c but the last h
    h, *c = np.array(norms).T
    jacobians = [jacobian(engine, cell, kind, x[0, t], states[t]) for t in range(1, tokens.shape[1])]
    return Flow(h, c[0] if c else np.empty(0), np.array([spectral(j) for j in jacobians]), products(jacobians))


def cell_of(engine: Any, model: Any, kind: str) -> Any:
    """The layer's one step, in double precision."""
    layer = model.layer
    cell = getattr(engine.nn, f"{kind}Cell")(layer.input_size, layer.hidden_size).double()
    cell.load_state_dict({name.removesuffix("_l0"): value.double() for name, value in layer.state_dict().items()})
    return cell


def start(engine: Any, kind: str, n: int, width: int) -> tuple[Any, ...]:
    """The state before the first step: h, or h and c, (N, H)."""
    return tuple(engine.from_numpy(np.zeros((n, width))) for _ in range(1 + (kind == "LSTM")))


def stepped(cell: Any, kind: str, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """The state after a step, as a tuple whatever the kind."""
    return tuple(cell(x, state)) if kind == "LSTM" else (cell(x, *state),)


def jacobian(engine: Any, cell: Any, kind: str, x: Any, state: tuple[Any, ...]) -> Array:
    """The whole state after a step by the whole state before it, (S, S), of the first sequence: S = H, or 2·H.

    S copies of the step run side by side, and output i is walked back from in copy i alone.
    """
    S = cell.hidden_size * len(state)
    parts = [np.repeat(part.detach().numpy()[:1], S, axis=0) for part in state]
    before = tuple(engine.from_numpy(part).requires_grad_() for part in parts)
    after = stepped(cell, kind, x.unsqueeze(0).expand(S, len(x)), before)
    chosen = np.split(np.eye(S), len(state), axis=1)
    sum((part * engine.from_numpy(one.copy())).sum() for part, one in zip(after, chosen, strict=True)).backward()
    return np.concatenate([part.grad.numpy() for part in before], axis=1)


def products(jacobians: list[Array]) -> Array:
    """‖J_T‖, ‖J_T·J_{T−1}‖, ‖J_T·J_{T−1}·J_{T−2}‖ …"""
    whole, found = np.eye(len(jacobians[0])), []
    for j in reversed(jacobians):
        whole = whole @ j
        found.append(spectral(whole))
    return np.array(found)


def spectral(matrix: Array) -> float:
    """The greatest singular value."""
    return float(np.linalg.norm(matrix, 2))


def factor(flow: Flow) -> float:
    """What all steps together do to the gradient, as a factor for each of them."""
    return float(flow.way[-1] ** (1 / len(flow.way)))


def strengths(model: Any) -> tuple[float, float]:
    """A tanh RNN's recurrent matrix: its greatest singular value, and the magnitude of its greatest eigenvalue."""
    U = model.layer.weight_hh_l0.detach().numpy()
    return spectral(U), float(np.abs(np.linalg.eigvals(U)).max())


def norm(gradient: Any) -> float:
    """Mean over the sequences: (N, H) -> number."""
    return float(np.linalg.norm(gradient.numpy(), axis=1).mean())


# ------------------------------------------------------------------------------------------ exploding gradients


def stretch(engine: Any, model: Any, by: float, seed: int) -> None:
    """Let the recurrent matrix of a tanh RNN begin as an orthogonal one times a number."""
    values = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    U = values["layer.weight_hh_l0"]
    U[:] = by * np.linalg.qr(np.random.default_rng(seed).standard_normal(U.shape))[0]
    model.load_state_dict({name: engine.from_numpy(value) for name, value in values.items()})


class Watched(NamedTuple):
    """What a training went through."""

    losses: list[float]
    norms: list[float]

    @property
    def end(self) -> float:
        """Mean loss of the last 50 steps."""
        return float(np.mean(self.losses[-50:]))


class Watch(Callback):
    """Notes loss and gradient norm of every step, and clips to `limit`."""

    def __init__(self, engine: Any, limit: float | None) -> None:
        self.utils, self.limit, self.seen = engine.nn.utils, limit or np.inf, Watched([], [])

    def backward(self, training: Training) -> None:
        self.seen.losses.append(training.current)
        self.seen.norms.append(float(self.utils.clip_grad_norm_(training.model.parameters(), self.limit)))


# ------------------------------------------------------------------------------------------ numbers to show


def curves(series: dict[str, Array]) -> dict[str, tuple[Sequence[float], Sequence[float]]]:
    """Values of steps 1, 2, … as lines; zeros, which no logarithm has, are left out."""
    return {name: ((np.flatnonzero(y) + 1).tolist(), y[y > 0].tolist()) for name, y in series.items()}


def thinned(losses: Sequence[float], by: int = 10) -> tuple[list[int], list[float]]:
    """Means of every `by` values, and where they stand."""
    whole = len(losses) // by * by
    return list(range(by, whole + 1, by)), np.reshape(losses[:whole], (-1, by)).mean(1).tolist()


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + float(np.exp(-x)))
