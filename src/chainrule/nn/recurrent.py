"""Recurrent networks over sequences, and their cells for one time step.

Input (T, N, D), or (N, T, D) with `batch_first`, or (T, D) for one sequence, or a PackedSequence of sequences of
different lengths. Parameters as in PyTorch: weight_ih_l0 (G·H, D), weight_hh_l0 (G·H, H), bias_ih_l0 and bias_hh_l0
(G·H) for the G gates of the first layer, the same with _l1 for the next, with _reverse for the backward direction.
All begin uniform in ±1/√H.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainrule import ops
from chainrule.creation import empty, zeros
from chainrule.devices import check_device
from chainrule.dtypes import get_default_dtype
from chainrule.nn import init
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from chainrule.tensor import Array, Tensor

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _uniform(parameters: Iterator[Parameter], hidden_size: int) -> None:
    """All of them in ±1/√H."""
    bound = 1 / math.sqrt(hidden_size) if hidden_size else 0.0
    for parameter in parameters:
        init.uniform_(parameter, -bound, bound)


def _check_sizes(name: str, **sizes: int) -> None:
    for what, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool):
            raise TypeError(f"{name}: {what}={size!r} must be a whole number")
        if size < 1:
            raise ValueError(f"{name}: {what}={size} must be at least 1")


# ---------------------------------------------------------------------------------------------- sequences


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common; `mode` is "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".

    L = num_layers layers on top of each other, of D = input_size and H = hidden_size features, each running forward, or
    with `bidirectional` both ways; input (T, N, D), or (N, T, D) with `batch_first`, or (T, D), or a PackedSequence.
    In training `dropout` acts between the layers. Above the first, D is directions·H. `proj_size` has to stay 0.
    Parameters for layer l: weight_ih_l (G·H, D), weight_hh_l (G·H, H), bias_ih_l and bias_hh_l (G·H), G gates in
    PyTorch's order, and again with _reverse; uniform in ±1/√H. Errors: ValueError for sizes below 1, a dropout outside
    of [0, 1], a projection, or an input or state that does not fit, TypeError for sizes that are no whole numbers and
    for several dtypes.
    """

    mode: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: ClassVar[int] = 0

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
        *, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        name = type(self).__name__
        _check_sizes(name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if proj_size:
            raise ValueError(f"{name}: proj_size={proj_size}: projections do not exist here; leave it at 0")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"{name}: the probability dropout={dropout} must lie between 0 and 1")
        if dropout and num_layers == 1:
            warnings.warn(f"{name}: dropout={dropout} acts between layers, and there is one only", stacklevel=3)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        for suffix, features in self._layers():
            for kind, shape in self._shapes(features):
                setattr(self, f"{kind}_l{suffix}", Parameter(empty(*shape, dtype=dtype)))
        self.reset_parameters()

    def _layers(self) -> Iterator[tuple[str, int]]:
        """The suffix of every layer and direction, and how many features go in."""
        for i in range(self.num_layers):
            for direction in ("", "_reverse")[: 1 + self.bidirectional]:
                yield f"{i}{direction}", self.hidden_size * (1 + self.bidirectional) if i else self.input_size

    def _shapes(self, features: int) -> list[tuple[str, tuple[int, ...]]]:
        rows = _GATES[self.mode] * self.hidden_size
        weights = [("weight_ih", (rows, features)), ("weight_hh", (rows, self.hidden_size))]
        return weights + [("bias_ih", (rows,)), ("bias_hh", (rows,))] * self.bias

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        _uniform(self.parameters(), self.hidden_size)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of every layer and direction."""
        return [
            [getattr(self, f"{kind}_l{suffix}") for kind, _ in self._shapes(features)]
            for suffix, features in self._layers()
        ]

    def flatten_parameters(self) -> None:
        """Nothing: for PyTorch's sake, where it matters to GPUs."""

    def _run(self, input: Tensor, state: tuple[Tensor, ...], lengths: Array | None) -> tuple[Tensor, ...]:
        """Output and last states."""
        operator = getattr(ops, self.mode.lower())
        weights = [w for layer in self.all_weights for w in layer]
        outputs: tuple[Tensor, ...] = operator(
            input, state if self.mode == "LSTM" else state[0], weights, self.bias, self.num_layers, self.dropout,
            self.training, self.bidirectional, self.batch_first and lengths is None, lengths=lengths,
        )  # fmt: skip
        return outputs

    def _forward(self, input: Any, state: tuple[Tensor, ...] | None) -> tuple[Any, tuple[Tensor, ...]]:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, state)
        if state is None:
            batch = () if input.ndim == 2 else (input.shape[0 if self.batch_first else 1],) if input.ndim == 3 else (1,)
            state = self._zeros(input, batch)
        output, *last = self._run(input, state, None)
        return output, tuple(last)

    def _forward_packed(
        self, input: PackedSequence, state: tuple[Tensor, ...] | None
    ) -> tuple[PackedSequence, tuple[Tensor, ...]]:
        """Padded inside, with the lengths: in falling order, in which it lies."""
        order, back = input.sorted_indices, input.unsorted_indices
        padded, lengths = pad_packed_sequence(input._replace(sorted_indices=None, unsorted_indices=None))
        if state is None:
            state = self._zeros(padded, (padded.shape[1],))
        elif order is not None:
            state = tuple(s[:, order] for s in state)
        output, *last = self._run(padded, state, lengths.array)
        packed = input._replace(data=pack_padded_sequence(output, lengths).data)
        return packed, tuple(last if back is None else (s[:, back] for s in last))

    def _zeros(self, input: Tensor, batch: tuple[int, ...]) -> tuple[Tensor, ...]:
        rows = self.num_layers * (1 + self.bidirectional)
        dtype = input.dtype if input.dtype.kind == "f" else get_default_dtype()
        h = Tensor(np.zeros((rows, *batch, self.hidden_size), dtype))
        return (h, h) if self.mode == "LSTM" else (h,)

    def extra_repr(self) -> str:
        settings = {
            "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False,
        }  # fmt: skip
        changed = [f", {name}={value}" for name, usual in settings.items() if (value := getattr(self, name)) != usual]
        return f"{self.input_size}, {self.hidden_size}{''.join(changed)}"


class RNN(RNNBase):
    """The plain recurrent network: h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or with nonlinearity="relu" max(·, 0).

    forward(input, h_0=None) -> (output (T, N, directions·H), h_n (L·directions, N, H)). Arguments, parameters and
    errors as in `RNNBase`; and ValueError for another nonlinearity.
    Paper: Elman: Finding structure in time (1990).
    """

    nonlinearity: str

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        _check_nonlinearity("RNN", nonlinearity)
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout,
            bidirectional, dtype=dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (h_n,) = self._forward(input, None if hx is None else (hx,))
        return output, h_n


class LSTM(RNNBase):
    """The long short-term memory: c' = f ⊙ c + i ⊙ g,  h' = o ⊙ tanh(c'), gates i, f, o = σ(·) and g = tanh(·).

    forward(input, (h_0, c_0)=None) -> (output (T, N, directions·H), (h_n, c_n)), each (L·directions, N, H). Arguments,
    parameters and errors as in `RNNBase`; and TypeError for a state that is no pair.
    Paper: Hochreiter, Schmidhuber: Long short-term memory (1997).
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
        device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size,
            dtype=dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Sequence[Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        if hx is not None and (isinstance(hx, Tensor) or len(hx) != 2):
            raise TypeError("LSTM(): the initial state is a pair of tensors, (h_0, c_0)")
        output, (h_n, c_n) = self._forward(input, None if hx is None else tuple(hx))
        return output, (h_n, c_n)


class GRU(RNNBase):
    """The gated recurrent unit: h' = (1 − z) ⊙ n + z ⊙ h, gates r, z = σ(·), candidate n = tanh(x_n + r ⊙ h_n).

    forward(input, h_0=None) -> (output (T, N, directions·H), h_n (L·directions, N, H)). Arguments, parameters and
    errors as in `RNNBase`.
    Paper: Cho et al.: Learning phrase representations using RNN encoder-decoder for statistical machine translation
    (2014).
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype=dtype
        )

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (h_n,) = self._forward(input, None if hx is None else (hx,))
        return output, h_n


def _check_nonlinearity(name: str, nonlinearity: str) -> None:
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"{name}: nonlinearity={nonlinearity!r} is neither 'tanh' nor 'relu'")


# ---------------------------------------------------------------------------------------------- cells


class RNNCellBase(Module):
    """What the cells have in common: weight_ih (G·H, D), weight_hh (G·H, H), bias_ih and bias_hh (G·H).

    D = input_size, H = hidden_size, G = num_chunks; uniform in ±1/√H. Errors: ValueError for sizes below 1, TypeError
    for those that are no whole numbers.
    """

    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        super().__init__()
        _check_sizes(type(self).__name__, hidden_size=hidden_size)
        rows = num_chunks * hidden_size
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.weight_ih = Parameter(empty(rows, input_size, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, dtype=dtype))
        self.bias_ih = Parameter(empty(rows, dtype=dtype)) if bias else None
        self.bias_hh = Parameter(empty(rows, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        _uniform(self.parameters(), self.hidden_size)

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _zeros(self, input: Tensor) -> Tensor:
        dtype = input.dtype if input.dtype.kind == "f" else None
        return zeros(*input.shape[:-1], self.hidden_size, dtype=dtype)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ", bias=False" * (not self.bias)


class RNNCell(RNNCellBase):
    """One step of RNN, with its `nonlinearity`: forward(input (N, D), h=None) -> h' (N, H); without N too.

    D = input_size, H = hidden_size. Equation, errors and paper as in `rnn_tanh_cell`; ValueError for sizes
    below 1 and another nonlinearity, too. Parameters: `RNNCellBase`.
    """

    nonlinearity: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
        device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        _check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, 1, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        cell = ops.rnn_tanh_cell if self.nonlinearity == "tanh" else ops.rnn_relu_cell
        return cell(input, self._zeros(input) if hx is None else hx, *self._weights())

    def extra_repr(self) -> str:
        return super().extra_repr() + (f", nonlinearity={self.nonlinearity}" if self.nonlinearity != "tanh" else "")


class LSTMCell(RNNCellBase):
    """One step of LSTM: forward(input (N, D), (h, c)=None) -> (h', c'), each (N, H); without N too.

    D = input_size, H = hidden_size. Equation, errors and paper as in `lstm_cell`; ValueError for sizes below
    1, too. Parameters: `RNNCellBase`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__(input_size, hidden_size, bias, 4, dtype=dtype)

    def forward(self, input: Tensor, hx: Sequence[Tensor] | None = None) -> tuple[Tensor, Tensor]:
        return ops.lstm_cell(input, (self._zeros(input),) * 2 if hx is None else hx, *self._weights())


class GRUCell(RNNCellBase):
    """One step of GRU: forward(input (N, D), h=None) -> h' (N, H); without N too. D = input_size, H = hidden_size.

    Equation, errors and paper as in `gru_cell`; ValueError for sizes below 1, too. Parameters:
    `RNNCellBase`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_device(type(self).__name__, device)
        super().__init__(input_size, hidden_size, bias, 3, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return ops.gru_cell(input, self._zeros(input) if hx is None else hx, *self._weights())
