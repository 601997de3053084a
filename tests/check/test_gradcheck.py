"""gradcheck and gradcheck_module: the tape against central differences."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autograd import primitive
from chainrule.check import GradientError, gradcheck, gradcheck_module


@primitive
def wrong_sine(x):
    """A sine whose derivative has the wrong sign."""
    return np.sin(x), lambda dy: -dy * np.cos(x)


@primitive
def half_product(x, w):
    """A product whose second cotangent is transposed."""
    return x @ w, (lambda dy: dy @ w.T, lambda dy: dy.T @ x)


@primitive
def narrow(x):
    return np.sin(x).astype(np.float32), lambda dy: dy.astype(np.float64) * np.cos(x)


@primitive
def clipped(x):
    return np.sin(x), lambda dy: np.clip(dy * np.cos(x), -1.5, 1.5)


def draws(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def test_a_composition_of_operators_is_right():
    report = gradcheck(lambda x, w, b: ((x @ w + b).relu() * 2).sum(), [draws(3, 4), draws(4, 5), draws(5)])
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dx", "dw", "db"]
    assert bool(report) is True


def test_a_single_tensor_of_float32_is_checked_in_float64():
    x = cr.from_numpy(draws(3, 4).astype(np.float32))
    report = gradcheck(lambda x: x.sigmoid(), x)
    assert report.passed
    assert report["dx"].relative < 1e-7
    assert x.dtype == np.float32


def test_a_wrong_pullback_is_told_with_its_mistake():
    report = gradcheck(wrong_sine, draws(3, 4))
    assert (report.rule, report.name) == ("wrong value", "dx")
    assert report.diagnoses[0].mistake == "sign"
    assert report.diagnoses[0].formula == "dy * np.cos(x)"


def test_a_wrong_pullback_inside_of_a_composition():
    report = gradcheck(lambda x, w: half_product(x, w).tanh(), [draws(4, 4), draws(4, 4)])
    assert [row.name for row in report.rows if not row.passed] == ["dw"]
    assert report.diagnoses[0].mistake == "transposed"


def test_kinks_of_relu_and_max_pooling():
    assert gradcheck(lambda x: x.relu(), [np.array([1.0, 0.0, -2.0])])["dx"].kinks == ((1,),)
    x = draws(1, 1, 4, 4)
    x[0, 0, 2:, 2:] = 3
    report = gradcheck_module(nn.MaxPool2d(2), x)
    assert report.passed
    assert len(report["x.grad"].kinks) == 4


def test_float32_inside_is_told():
    report = gradcheck(narrow, draws(3))
    assert report.rule == "float32 used"


def test_a_pullback_that_is_not_linear_is_told():
    report = gradcheck(clipped, [0.1 * draws(3, 4)])
    assert report.rule in ("wrong value", "not linear")
    small = gradcheck(clipped, [draws(2)], seed=3)
    assert small.rule == "not linear"


def test_a_random_function_is_told():
    report = gradcheck(lambda x: x * cr.rand(3), draws(3))
    assert report.rule == "not deterministic"


def test_what_raises_is_told_and_kept_as_the_cause():
    def broken(x):
        raise ZeroDivisionError("by hand")

    report = gradcheck(broken, draws(3))
    assert report.rule == "raised"
    assert "in broken" in report.text
    with pytest.raises(GradientError) as caught:
        report.raise_if_failed()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_what_is_no_tensor_is_told():
    report = gradcheck(lambda x: (x, x), draws(3))
    assert report.rule == "raised"
    assert "f returned a tuple, not one Tensor" in report.text


def test_it_raises_on_request():
    with pytest.raises(GradientError, match="dx is exactly the negative"):
        gradcheck(wrong_sine, draws(3), raise_exception=True)
    assert gradcheck(lambda x: x.exp(), draws(3), raise_exception=True).passed


def test_inputs_that_are_no_floats_are_handed_on():
    index = np.array([2, 0])
    report = gradcheck(lambda x, i: x[i], [draws(3, 2), index])
    assert report.passed
    assert [row.name for row in report.rows] == ["dx"]
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck(lambda i: i, [index])


def test_names_can_be_given():
    report = gradcheck(lambda *xs: xs[0] * xs[1], [draws(2), draws(2)], names=["price", "number"])
    assert [row.name for row in report.rows] == ["dprice", "dnumber"]
    with pytest.raises(ValueError, match="2 inputs, but 1 names"):
        gradcheck(lambda *xs: xs[0], [draws(2), draws(2)], names=["a"])


def test_an_input_that_is_not_used_has_gradient_zero():
    report = gradcheck(lambda x, w: x * 2, [draws(3), draws(4)])
    assert report.passed
    assert report["dw"].analytic == 0


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (lambda: nn.Linear(5, 4), (3, 5)),
        (lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1), (2, 2, 7, 7)),
        (lambda: nn.MaxPool2d(2), (2, 3, 6, 6)),
        (lambda: nn.ReLU(), (3, 4)),
    ],
)
def test_modules_are_right(module, shape):
    module = module()
    report = gradcheck_module(module, draws(*shape))
    assert report.passed, str(report)
    names = [f"{name}.grad" for name, _ in module.named_parameters()]
    assert [row.name for row in report.rows] == ["x.grad", *names]


def test_a_module_is_left_as_it_was():
    module = nn.Linear(5, 4)
    before = module.weight.numpy().copy() if not module.weight.requires_grad else module.weight.detach().numpy().copy()
    assert gradcheck_module(module, draws(3, 5))
    np.testing.assert_array_equal(module.weight.detach().numpy(), before)
    assert module.weight.dtype == np.float32
    assert module.weight.grad is None


def test_a_deep_module_is_checked_by_directions():
    module = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(864, 10))
    report = gradcheck_module(module, draws(2, 1, 28, 28))
    assert report.passed, str(report)
    assert report["4.weight.grad"].directions == 3
    assert report["4.bias.grad"].looked_at == 10


def test_a_wrong_module_names_the_parameter():
    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(cr.from_numpy(draws(4, 4)))

        def forward(self, x):
            return half_product(x, self.factor)

    report = gradcheck_module(Product(), draws(4, 4))
    assert (report.rule, report.name) == ("wrong value", "factor.grad")
