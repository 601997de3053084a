"""summary: shapes, parameters, work and memory, against numbers worked out by hand."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.nn.summary import summary, trace


def network(engine=cr):
    nn = engine.nn
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)), nn.Flatten(), nn.Linear(864, 10)
    )


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_layers_of_a_network(engine):
    engine = pytest.importorskip(engine)
    found = trace(engine, network(engine), engine.zeros(2, 1, 28, 28))
    assert [(o.path, type(o.module).__name__) for o in found] == [
        ("0.0", "Conv2d"), ("0.1", "ReLU"), ("0.2", "MaxPool2d"), ("1", "Flatten"), ("2", "Linear"),
    ]  # fmt: skip
    assert [o.output_shape for o in found] == [(2, 6, 24, 24), (2, 6, 24, 24), (2, 6, 12, 12), (2, 864), (2, 10)]
    assert [o.parameters for o in found] == [156, 0, 0, 0, 8650]
    assert [o.multiply_adds for o in found] == [2 * 6 * 24 * 24 * 25, 0, 0, 0, 2 * 8640]
    assert [o.activation_bytes for o in found][:3] == [4 * 2 * 6 * 24 * 24, 4 * 2 * 6 * 24 * 24, 4 * 2 * 6 * 12 * 12]
    assert found[4].activation_bytes == 80


def test_a_view_takes_no_memory():
    assert trace(cr, nn.Flatten(), cr.zeros(2, 3, 4))[0].activation_bytes == 0


def test_totals_and_table():
    model = network()
    model[2].bias.requires_grad_(False)
    found = summary(model, (1, 1, 28, 28))
    assert (found.parameters, found.trainable, found.parameter_bytes) == (8806, 8796, 4 * 8806)
    assert found.multiply_adds == 6 * 24 * 24 * 25 + 8640
    text = str(found)
    for part in ("0.2", "MaxPool2d", "(1, 6, 12, 12)", "8,650", "86,400", "8,806, of them 10 frozen", "34.4 KiB"):
        assert part in text


def test_the_model_is_left_as_it_was():
    model = network()
    model[0].eval()
    summary(model, [1, 1, 28, 28])
    assert [m.training for m in model.modules()] == [True, False, False, False, False, True, True]
    assert all(not m._hooks.after for m in model.modules() if m._hooks)
    with pytest.raises(ValueError, match=r'Linear\(.*\) at "2"'):
        summary(model, (1, 1, 32, 32))
    assert all(not m._hooks.after for m in model.modules() if m._hooks)


def test_a_layer_used_twice_counts_once_and_several_inputs():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)
            self.unused = nn.Linear(2, 2)

        def forward(self, a, b):
            return self.layer(a) + self.layer(b)

    found = summary(Twice(), [(2, 3), (1, 3)])
    assert [o.parameters for o in found.layers] == [12, 0]
    assert [o.multiply_adds for o in found.layers] == [18, 9]
    assert found.parameters == 18
    assert "of them 6 in no layer above" in str(found)


def test_parameters_beside_children_and_other_inputs():
    class Position(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(cr.zeros(4, 5))
            self.layer = nn.Linear(5, 2, bias=False)

        def forward(self, x):
            return self.layer(self.weight[x.array])

    found = summary(Position(), input_data=cr.tensor([0, 3]))
    assert [(o.path, o.parameters) for o in found.layers] == [("layer", 10), ("", 20)]
    found = summary(nn.Linear(2, 2).double(), (1, 2))
    assert found.layers[0].activation_bytes == 16
    with pytest.raises(ValueError, match="one of input_shape and input_data"):
        summary(nn.Linear(2, 2))


def test_recurrent_layers_and_lookups_where_there_are_any():
    found = trace(cr, nn.LSTM(4, 3), cr.zeros(5, 2, 4))
    assert found[0].multiply_adds == 5 * 2 * (12 * 4 + 12 * 3)
    assert trace(cr, nn.Embedding(7, 3), cr.from_numpy(np.zeros((2, 5), np.int64)))[0].multiply_adds == 0
    transposed = trace(cr, nn.ConvTranspose2d(2, 3, 4), cr.zeros(1, 2, 5, 5))[0]
    assert transposed.multiply_adds == 2 * 25 * 3 * 16
