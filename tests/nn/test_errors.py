"""A message raised inside a model names the innermost module and its path."""

import pytest

from chainrule import ones
from chainrule.nn import Conv2d, Linear, Module, ReLU, Sequential
from chainrule.nn import functional as F


class Net(Module):
    def __init__(self):
        super().__init__()
        self.features = Sequential(Conv2d(1, 6, 5), ReLU(), Sequential(Conv2d(3, 16, 5)))

    def forward(self, x):
        return self.features(x)


MESSAGE = (
    'Conv2d(3, 16, kernel_size=(5, 5), stride=(1, 1)) at "{}": the input has 6 channels, the weight expects 3\n'
    "  input (2, 6, 24, 24) = (N, C, H, W), weight (16, 3, 5, 5) = (out, in, kH, kW)"
)


def message(model, *args, error=ValueError):
    with pytest.raises(error) as caught:
        model(*args)
    return str(caught.value)


def test_the_path_is_that_in_the_called_model():
    x = ones(2, 1, 28, 28)
    net = Net()
    assert message(net, x) == MESSAGE.format("features.2.0")
    assert message(net.features, x) == MESSAGE.format("2.0")
    assert message(net.features[2][0], ones(2, 6, 24, 24)) == MESSAGE.format("").replace(' at ""', "")
    assert message(net, x) == MESSAGE.format("features.2.0")  # and again


def test_the_operator_of_another_name_stays():
    class Scores(Module):
        def forward(self, x):
            return F.linear(x, ones(3, 4))

    assert message(Sequential(Scores()), ones(2, 5)).startswith('Scores() at "0": linear(): the input has 5 features')
    assert message(Linear(4, 3), ones(2, 5)).startswith(
        "Linear(in_features=4, out_features=3, bias=True): the input has 5 features, the weight expects 4"
    )


def test_errors_of_ones_own_modules_are_named_too():
    class Strict(Module):
        def __init__(self):
            super().__init__()
            self.child = ReLU()

        def forward(self, x, y):
            raise IndexError("only on Sundays")

    assert message(Strict(), 1, 2, error=IndexError) == "Strict: only on Sundays"
    assert message(Sequential(Strict()), 1, error=TypeError).startswith('Strict at "0": ')


def test_a_module_that_is_not_registered_is_named_without_a_path():
    class Hidden(Module):
        def __init__(self):
            super().__init__()
            self.layers = [Sequential(Linear(4, 3))]

        def forward(self, x):
            return self.layers[0](x)

    assert message(Sequential(Hidden()), ones(2, 5)).startswith("Linear(in_features=4, out_features=3, bias=True): the")


def test_other_exceptions_pass_untouched():
    class Stop(Exception):
        pass

    class Raises(Module):
        def forward(self, error):
            raise error

    for error in (Stop("a"), KeyError("b"), ValueError("two", "arguments"), UnicodeDecodeError("utf8", b"", 0, 1, "x")):
        args = error.args
        with pytest.raises(type(error)):
            Sequential(Raises())(error)
        assert error.args == args
