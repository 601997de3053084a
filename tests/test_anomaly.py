"""The detector names the first operator, forward and backward, that made NaN or infinity; off, it costs nothing."""

import math
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autograd import PRIMITIVES, NonFinite, detect_anomaly
from chainrule.data import DataLoader, TensorDataset
from chainrule.train import NonFiniteLoss, fit


class Log(nn.Module):
    """log(x − shift), whose log meets a 0 when the shift is found in x."""

    def __init__(self, shift: float) -> None:
        super().__init__()
        self.shift = shift

    def forward(self, x):
        return (x - self.shift).log()


def test_forward_value():
    x = cr.tensor([[4.0, 3.0], [2.0, 1.0]])
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Identity(), Log(2.0)), nn.Sigmoid())
    with detect_anomaly(), pytest.raises(NonFinite) as found:
        model(x)
    message = str(found.value)
    assert message.startswith('Log() at "1.1": log made nan in its value: 2 of the 4 entries of shape (2, 2)')
    assert message.endswith("the first at [1, 1]")
    with (
        detect_anomaly(),
        pytest.raises(NonFinite, match=r"^log made -inf in its value: 1 of the 1 entries .*not finite$"),
    ):
        cr.tensor(0.0).log()
    assert math.isnan(model(x)[1, 1].item())  # off again


def test_gradient_names_module_and_line():
    class Root(nn.Module):
        def forward(self, x):
            return x.sqrt()

    x = cr.tensor([1.0, 0.0], requires_grad=True)
    with detect_anomaly():
        y = nn.Sequential(nn.Identity(), Root())(x * 3)
        assert y.tolist() == pytest.approx([3**0.5, 0])
        with pytest.raises(NonFinite) as found:
            y.sum().backward()
    pattern = r'the gradient of sqrt of Root\(\) at "1" \(called in test_anomaly.py, line \d+\) became inf: 1 of the 2'
    assert re.match(pattern, str(found.value))


def test_gradient_of_a_tuple_pullback_and_of_a_seed():
    a, b = cr.tensor([1e30], requires_grad=True), cr.tensor([1e30])
    with detect_anomaly():
        y = (a * 1e-30) * b
        with pytest.raises(NonFinite, match=r"the gradient of mul .* became inf"):
            y.backward(cr.tensor([1e30]))
        y = a * 2
        with pytest.raises(NonFinite, match=r"the gradient that came to mul .* holds nan"):
            y.backward(cr.tensor([math.nan]))


def test_what_was_not_finite_before_is_not_blamed_on_an_operator():
    scores = cr.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    mask = cr.tensor([[0.0, -math.inf, 0.0]])
    with detect_anomaly():
        p = (scores + mask).softmax(-1)  # a mask of −∞ is no anomaly
        p[0, 0].backward()
        with pytest.raises(NonFinite, match="softmax made nan"):
            cr.softmax(cr.full((2,), -math.inf), -1)
        with pytest.raises(NonFinite, match=r"exp was given nan: 1 of the 2 .* of array 1, which no operator made"):
            cr.tensor([1.0, math.nan]).exp()
        assert cr.tensor([1, 2]).sum().item() == 3


def test_it_nests_and_leaves_no_trace():
    def functions():
        return {name: [cell.cell_contents for cell in op.__closure__] for name, op in PRIMITIVES.items()}

    before = functions()
    with detect_anomaly():
        with detect_anomaly(check_nan=False):
            pass
        with detect_anomaly():
            pass
        with pytest.raises(NonFinite):
            cr.tensor(-1.0).sqrt()
    after = functions()
    assert all(a is b for name in before for a, b in zip(before[name], after[name], strict=True))
    with detect_anomaly(check_nan=False):
        assert math.isnan(cr.tensor(-1.0).sqrt().item())


def test_values_and_gradients_are_the_same_under_it():
    def run():
        cr.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(18, 3)
        )
        loss = nn.CrossEntropyLoss()(model(cr.randn(4, 1, 8, 8)), cr.tensor([0, 1, 2, 0]))
        loss.backward()
        return [loss.item(), *(p.grad.tolist() for p in model.parameters())]

    plain = run()
    with detect_anomaly():
        assert run() == plain


# ---------------------------------------------------------------------------------------------- in the training loop


def train(model, x, lr=0.1):
    y = np.zeros(len(x), np.int64)
    optimizer = cr.optim.SGD(model.parameters(), lr=lr)
    with pytest.raises(NonFiniteLoss) as found:
        fit(model, nn.CrossEntropyLoss(), optimizer, DataLoader(TensorDataset(x, y), 2, shuffle=True, seed=0), 3)
    return str(found.value)


def test_fit_names_operator_and_module():
    model = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), Log(-1e-30)), nn.Linear(3, 2))
    model[0].weight.data = cr.zeros(3, 3)
    model[0].bias.data = cr.full((3,), -1.0)
    model[1][1].shift = 0.0
    message = train(model, np.ones((4, 3), np.float32))
    assert re.search(r"the loss became (nan|-?inf) at step 1, in epoch 1, at a learning rate of 0.1", message)
    assert 'Its origin: Log() at "1.1": log made -inf in its value: 6 of the 6 entries of shape (2, 3)' in message


def test_fit_draws_the_same_random_numbers_again():
    class Fragile(nn.Module):
        """Divides by what dropout left: 1/0 in about every second batch."""

        def forward(self, x):
            return 1 / nn.functional.dropout(x, 0.1) + 0

    cr.manual_seed(3)
    message = train(nn.Sequential(Fragile(), nn.Linear(3, 2)), np.ones((40, 3), np.float32), lr=0.0)
    assert 'Its origin: Fragile() at "0": div made inf in its value' in message


def test_fit_names_data_and_parameters():
    x = np.ones((4, 3), np.float32)
    x[2, 1] = np.nan
    assert "Its origin: the batch (2, 3) was not finite before" in train(nn.Linear(3, 2), x)
    message = train(nn.Sequential(nn.Linear(3, 2)), np.full((4, 3), 1e30, np.float32), lr=1e30)
    assert "Its origin: the parameter 0.weight (2, 3) was not finite before" in message


def test_a_mask_of_infinity_is_blamed_nowhere() -> None:
    x = cr.randn(2, 3, requires_grad=True)
    mask = cr.tensor([[True, False, False], [False, True, False]])
    with cr.autograd.detect_anomaly():
        x.masked_fill(mask, float("-inf")).softmax(-1).sum().backward()
        cr.where(mask, float("-inf"), x).softmax(-1)
        with pytest.raises(cr.autograd.NonFinite, match="log made -inf"):
            (x.masked_fill(mask, float("-inf")).exp()).log()
