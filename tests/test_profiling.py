"""The profiler counts operators, their work and their bytes, forward and backward; closed, it costs nothing."""

import inspect
import json

import numpy as np
import pytest

import chainrule as cr
from chainrule import costs, nn
from chainrule.autograd import PRIMITIVES, NonFinite, detect_anomaly
from chainrule.profiling import profile


def numbers(p):
    return {(row.name, row.way): (row.calls, row.flops, row.bytes) for row in p.rows}


def test_a_training_step_is_counted():
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 5))
    optimizer = cr.optim.SGD(model.parameters(), lr=0.1)
    with profile(quiet=True) as p:
        for _ in range(2):
            model(cr.ones(4, 2, 4, 4)).sum().backward()
            optimizer.step()
    found = numbers(p)
    conv, linear = 2 * 4 * 3 * 2 * 2 * 18, 2 * 4 * 5 * 12  # FLOPs: 4 samples
    assert found["conv2d", "forward"] == (2, 2 * conv, 2 * 4 * (4 * 2 * 16 + 3 * 18 + 3 + 4 * 3 * 4))
    assert found["conv2d", "backward w"][:2] == (2, 2 * conv)
    assert ("conv2d", "backward x") not in found  # nobody wants the gradient of the images
    assert found["linear", "backward x"][:2] == found["linear", "backward weight"][:2] == (2, 2 * linear)
    assert found["linear", "backward bias"][:2] == (2, None)
    assert found["relu", "backward"][:2] == (2, None)
    assert found["flatten", "forward"] == (2, None, 0)  # a view
    assert found["SGD", "step"][0] == 2
    seconds = [row.seconds for row in p.rows]
    assert seconds == sorted(seconds, reverse=True)
    assert 0 < sum(seconds) <= p.seconds


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.Conv1d(4, 6, 3, padding=1, groups=2), (2, 4, 9)),
        (nn.Conv2d(1, 6, 5, stride=2), (2, 1, 12, 12)),
        (nn.ConvTranspose2d(3, 2, 3), (2, 3, 5, 5)),
        (nn.Linear(7, 4), (3, 2, 7)),
        (nn.LSTM(3, 5, num_layers=2, bidirectional=True), (4, 2, 3)),
        (nn.GRU(3, 5), (4, 2, 3)),
        (nn.RNN(3, 5), (4, 2, 3)),
        (nn.LSTMCell(3, 5), (2, 3)),
    ],
)
def test_operators_and_layers_are_counted_alike(layer, x):
    expected = nn.summary(layer, x).multiply_adds
    with profile(quiet=True) as p:
        y = layer(cr.ones(*x).requires_grad_())
        (y[0] if isinstance(y, tuple) else y).sum().backward()
    forward = sum(row.flops or 0 for row in p.rows if row.way == "forward")
    back = sum(row.flops or 0 for row in p.rows if row.way.startswith("backward"))
    assert (forward, back) == (2 * expected, 4 * expected)


def test_products_are_counted():
    q, k, v = (cr.ones(2, 3, *shape, requires_grad=True) for shape in ((4, 5), (6, 5), (6, 7)))
    with profile(quiet=True) as p:
        cr.nn.functional.scaled_dot_product_attention(q, k, v).sum().backward()
        cr.einsum("bij,bjk->bik", cr.ones(2, 3, 4), cr.ones(2, 4, 5))
        cr.ones(3, 4) @ cr.ones(4, 5)
    found = {key: flops for key, (_, flops, _) in numbers(p).items() if flops is not None}
    heads = 2 * (2 * 3) * (4 * 6) * (5 + 7)
    assert found == {
        ("attention", "forward"): heads,
        ("attention", "backward"): 2 * heads,
        ("contract", "forward"): 2 * 2 * 3 * 4 * 5,
        ("matmul", "forward"): 2 * 3 * 4 * 5,
    }


def test_gradients_that_share_a_walk_are_one_row():
    model = nn.Sequential(nn.Embedding(7, 64), nn.LSTM(64, 5))
    words = cr.tensor(np.arange(40).reshape(20, 2) % 7)
    for run in (model, cr.compile(model)):  # compiled it is one operator, embedded_layer
        with profile(quiet=True) as p:
            run(words)[0].sum().backward()
        ways = [(row.way, bool(row.flops)) for row in p.rows if row.name in ("lstm_layer", "embedded_layer")]
        assert sorted(ways) == [("backward", True), ("forward", True)]


def test_what_is_counted_exists():
    assert costs._COSTS.keys() <= {name.partition(".")[2] for name in PRIMITIVES}


def test_values_and_gradients_stay_and_every_pullback_is_kept():
    def run():
        xs = [cr.full((2,), float(i), requires_grad=True) for i in range(5)]
        values, _ = (cr.cat(xs).exp() * 2).sort()
        values.sum().backward()
        return [x.grad.tolist() for x in xs]

    plain = run()
    with profile(quiet=True) as p:
        assert run() == plain
    assert sum(row.calls for row in p.rows if row.name == "cat") == 6


def test_closed_it_is_not_there():
    def running(operator):
        return inspect.getclosurevars(operator).nonlocals["fast"]

    before = {name: running(operator) for name, operator in PRIMITIVES.items()}
    step = cr.optim.Optimizer.step

    def interrupted():
        cr.ones(2).exp()
        assert running(PRIMITIVES["exponential.exp"]) is not before["exponential.exp"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), profile(quiet=True) as p:
        interrupted()
    assert [(row.name, row.calls) for row in p.rows] == [("exp", 1)]
    cr.ones(2).exp()
    assert len(p._calls) == 1
    assert {name: running(operator) for name, operator in PRIMITIVES.items()} == before
    assert cr.optim.Optimizer.step is step


def test_beside_the_detector_of_nan_and_in_itself():
    x = cr.tensor([0.0], requires_grad=True)
    with profile(quiet=True) as outer, detect_anomaly(), profile(quiet=True) as inner:
        x.exp()
        with pytest.raises(NonFinite, match=r"^log made -inf"):
            x.log()
    assert {row.name for row in outer.rows} == {"exp", "log"}
    assert [row.name for row in inner.rows] == ["exp"]
    assert np.isneginf(x.log().item())


def test_what_an_override_declines_is_counted_once():
    with profile(quiet=True) as p:
        cr.arange(3).exp()
    assert [(row.name, row.way, row.calls) for row in p.rows] == [("exp", "forward", 1)]


def test_the_trace_is_one_for_viewers(tmp_path):
    file = tmp_path / "trace.json"
    x = cr.ones(2, 3, requires_grad=True)
    with cr.profile(trace=file, quiet=True) as p:
        (x @ cr.ones(3, 4)).sum().backward()
    events = json.loads(file.read_text())["traceEvents"]
    assert [e["name"] for e in events] == ["matmul forward", "sum forward", "sum backward", "matmul backward a"]
    assert events[0]["args"] == {"shapes": "(2, 3), (3, 4)", "bytes": 4 * (6 + 12 + 8), "flops": 2 * 2 * 3 * 4}
    assert [e["cat"] for e in events] == ["forward", "forward", "backward", "backward"]
    assert all(e["ph"] == "X" and e["dur"] > 0 for e in events)
    ends = [e["ts"] + e["dur"] for e in events]
    assert all(end <= e["ts"] for end, e in zip(ends, events[1:], strict=False))
    assert ends[-1] <= 1e6 * p.seconds


def test_it_prints_a_table_unless_it_is_to_be_quiet(capsys):
    for quiet in (True, False):
        with profile(quiet=quiet):
            (cr.ones(2, 3) @ cr.ones(3, 4)).exp()
        printed = capsys.readouterr().out
        assert ("matmul forward" in printed) is not quiet
    assert "GFLOP/s" in printed
    assert "of which operators" in printed


def test_a_closure_is_no_part_of_the_step():
    x = cr.ones(2, requires_grad=True)
    optimizer = cr.optim.SGD([x], lr=1.0)

    def closure():
        loss = (x * x).sum()
        loss.backward()
        return loss

    with profile(quiet=True) as p:
        assert optimizer.step(closure).item() == 2
    assert x.tolist() == [-1, -1]
    assert {("SGD", "step"), ("mul", "forward"), ("sum", "backward")} <= numbers(p).keys()
