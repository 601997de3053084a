"""Records of `ops/recurrent.py`, `ops/rnn.py`, `ops/lstm.py` and `ops/gru.py`."""

import numpy as np
from hypothesis import strategies as st

from chainrule.conformance.record import SEEDS, Record, Sample, normal, s, wrong

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
D, H = 3, 2
LENGTHS = np.array([2, 4, 1])  # of three sequences of four steps


def _weights(gates, inputs=D, hidden=H, biases=True, seed=0):
    shapes = [(gates * hidden, inputs), (gates * hidden, hidden), *[(gates * hidden,)] * (2 * biases)]
    return [min(0.5, hidden**-0.5) * normal(*shape, seed=seed + i) for i, shape in enumerate(shapes)]


def _state(name, *shape, seed=0):
    h, c = normal(*shape, seed=seed + 11), normal(*shape, seed=seed + 12)
    return (h, c) if name.startswith("lstm") else h


# ---------------------------------------------------------------------------------------------- cells


def _step(name, *batch, biases=True, seed=0):
    gates = GATES[name.removesuffix("_cell")]
    return s(normal(*batch, D, seed=seed), _state(name, *batch, H), *_weights(gates, biases=biases, seed=seed))


def _cell_oracle(name):
    def step(torch, input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
        if input.ndim == 2:
            return getattr(torch, name)(input, hx, w_ih, w_hh, b_ih, b_hh)
        hx = tuple(h[None] for h in hx) if isinstance(hx, tuple) else hx[None]
        new = getattr(torch, name)(input[None], hx, w_ih, w_hh, b_ih, b_hh)
        return tuple(h[0] for h in new) if isinstance(new, tuple) else new[0]

    return step


def _cell(name):
    gates = GATES[name.removesuffix("_cell")]
    x, state, (w_ih, w_hh, *_) = normal(4, D), _state(name, 4, H), _weights(gates)
    return Record(
        name,
        (_step(name, 4), _step(name, 4, biases=False), _step(name), _step(name, 0)),
        gradients=(0, 1, 2, 3, 4, 5),
        oracle=_cell_oracle(name),
        errors=(
            wrong(ValueError, f"{name}(): the input has 2 features, the weight expects 3", x[:, :2], state, w_ih, w_hh),
            wrong(ValueError, f"{name}(): the state has shape (3, 2); it needs (4, 2) = (N, H)",
                  x, _state(name, 3, H), w_ih, w_hh),
            wrong(ValueError, f"{name}(): the weights do not fit together", x, state, w_ih, w_hh[1:]),
            wrong(ValueError, f"{name}(): the input needs 2 dimensions", x[None], state, w_ih, w_hh),
            wrong(TypeError, f"{name}(): one floating-point dtype is needed", x.astype(int), state, w_ih, w_hh),
        ),
        draws=st.builds(
            lambda n, b, seed: _step(name, n, biases=b, seed=seed), st.integers(0, 4), st.booleans(), SEEDS
        ),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- sequences


def _sequence(
    name, T=4, N=3, layers=1, both=False, biases=True, batch_first=False, unbatched=False, lengths=None, seed=0,
    hidden=H,
) -> Sample:  # fmt: skip
    directions = 1 + both
    batch = () if unbatched else (N,)
    x = normal(*((*batch, T) if batch_first else (T, *batch)), D, seed=seed)
    params = []
    for k in range(layers * directions):
        inputs = D if k < directions else directions * hidden
        params += _weights(GATES[name], inputs, hidden, biases=biases, seed=5 * k + seed)
    more = {} if lengths is None else {"lengths": lengths}
    state = _state(name, layers * directions, *batch, hidden)
    return s(x, state, params, biases, layers, 0.0, False, both, batch_first, **more)


def _oracle(name):
    def sequence(torch, input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first,
                 lengths=None):  # fmt: skip
        rnn, run = torch.nn.utils.rnn, getattr(torch, name)
        settings = (params, has_biases, num_layers, dropout, train, bidirectional)
        if input.ndim == 2:
            n = 0 if batch_first else 1
            hx = tuple(h[:, None] for h in hx) if isinstance(hx, tuple) else hx[:, None]
            y, *last = run(input.unsqueeze(n), hx, *settings, batch_first)
            return (y.squeeze(n), *(h.squeeze(1) for h in last))
        if lengths is None:
            return run(input, hx, *settings, batch_first)
        packed = rnn.pack_padded_sequence(input, lengths, batch_first, enforce_sorted=False)
        order, back = packed.sorted_indices, packed.unsorted_indices
        hx = tuple(h[:, order] for h in hx) if isinstance(hx, tuple) else hx[:, order]
        y, *last = run(packed.data, packed.batch_sizes, hx, *settings)
        y, _ = rnn.pad_packed_sequence(packed._replace(data=y), batch_first, total_length=input.shape[batch_first])
        return (y, *(h[:, back] for h in last))

    return sequence


@st.composite
def _sequences(draw, name):
    T, N = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    lengths = draw(st.none() | st.lists(st.integers(1, T), min_size=N, max_size=N).map(np.array))
    return _sequence(
        name, T, N, draw(st.integers(1, 3)), draw(st.booleans()), draw(st.booleans()), draw(st.booleans()),
        lengths=lengths, seed=draw(SEEDS),
    )  # fmt: skip


def _layer(name):
    good = _sequence(name)
    x, state, params, *rest = good.args
    short = tuple(h[:, :2] for h in state) if isinstance(state, tuple) else state[:, :2]
    return Record(
        name,
        (
            good,
            _sequence(name, 1, 1),
            _sequence(name, 2, 2, layers=2, both=True, batch_first=True),
            _sequence(name, 3, 0),
            _sequence(name, unbatched=True),
            _sequence(name, 2, batch_first=True, unbatched=True, biases=False),
            _sequence(name, lengths=LENGTHS, biases=False),
            _sequence(name, lengths=LENGTHS, both=True, batch_first=True),
        ),
        gradients=(0, 1, 2),
        oracle=_oracle(name),
        errors=(
            wrong(ValueError, f"{name}(): the input has 2 features, the weight expects 3", x[..., :2], state, params,
                  *rest),
            wrong(ValueError, f"{name}(): the initial state h_0 has shape (1, 2, 2); it needs (1, 3, 2) =", x, short,
                  params, *rest),
            wrong(ValueError, f"{name}(): 3 weights for 1 layers and directions of 4 each", x, state, params[:3],
                  *rest),
            wrong(ValueError, f"{name}(): the input (0, 3, 3) = (T, N, D) has no time steps", x[:0], state, params,
                  *rest),
            wrong(ValueError, f"{name}(): the input needs 3 dimensions", x[None], state, params, *rest),
            wrong(ValueError, f"{name}(): lengths must be 3 whole numbers from 1 to 4", x, state, params, *rest,
                  lengths=LENGTHS - 1),
            wrong(TypeError, f"{name}(): one floating-point dtype is needed", x.astype(int), state, params, *rest),
        ),
        draws=_sequences(name),
        large=(
            _sequence(name, 3, 70, both=True, hidden=19, lengths=np.arange(70) % 3 + 1),  # blocks of the batch
            _sequence(name, 3, 1, hidden=256),  # one row: columns of the product
        ),
    )  # fmt: skip


RECORDS = (
    *(_cell(name) for name in ("rnn_tanh_cell", "rnn_relu_cell", "gru_cell", "lstm_cell")),
    *(_layer(name) for name in GATES),
)
