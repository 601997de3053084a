"""What convolution and pooling layers take and give beside one tensor."""

import numpy as np
import pytest

from chainrule import from_numpy, nn, ones

x = np.random.default_rng(0).normal(size=(2, 4, 6, 5))


@pytest.mark.parametrize("size", [(12, 9), (11, 10), (2, 6, 12, 10), [11, 9]])
def test_transposed_convolution_to_an_output_size(size):
    torch = pytest.importorskip("torch")
    ours, theirs = (n.ConvTranspose2d(4, 6, 3, 2, 1).double() for n in (nn, torch.nn))
    theirs.load_state_dict({key: torch.from_numpy(t.numpy()) for key, t in ours.state_dict().items()})
    y, z = ours(from_numpy(x), size), theirs(torch.from_numpy(x), size)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((13, 9), r"output_size=\(13, 9\) must lie between \(11, 9\) and \(12, 10\) for input \(2, 4, 6, 5\)"),
        ((10, 9), r"output_size=\(10, 9\) must lie between"),
        ((11, 9, 9), r"output_size=\(11, 9, 9\) must have 2 or 4 numbers"),
    ],
)
def test_an_output_size_that_cannot_be_reached(size, message):
    with pytest.raises(ValueError, match=message):
        nn.ConvTranspose2d(4, 6, 3, 2, 1)(ones(2, 4, 6, 5), size)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda nn: nn.MaxPool1d(2, return_indices=True), (2, 4, 30)),
        (lambda nn: nn.MaxPool2d(3, 2, 1, 1, True, True), x.shape),
        (lambda nn: nn.AdaptiveMaxPool1d(4, True), (2, 4, 30)),
        (lambda nn: nn.AdaptiveMaxPool2d((2, 4), return_indices=True), x.shape),
    ],
)
def test_max_pooling_tells_the_places(make, shape):
    torch = pytest.importorskip("torch")
    image = x.reshape(shape)
    ours, theirs = make(nn)(from_numpy(image)), make(torch.nn)(torch.from_numpy(image))
    for actual, expected in zip(ours, theirs, strict=True):
        assert actual.numpy().dtype == expected.numpy().dtype
        np.testing.assert_array_equal(actual.numpy(), expected.numpy())


def test_a_padded_layer_names_itself_in_errors():
    layer = nn.Sequential(nn.Conv1d(4, 6, 3, padding=9, padding_mode="circular"))
    with pytest.raises(
        ValueError, match=r'^Conv1d\(4, 6, .* at "0": pad\(\): mode=\'circular\' has 5 values for \(9, 9'
    ):
        layer(ones(2, 4, 5))


def test_a_transposed_layer_names_itself_in_errors():
    with pytest.raises(
        ValueError, match=r"^ConvTranspose1d\(4, 6, .*\): the input has 3 channels, the weight expects 4"
    ):
        nn.ConvTranspose1d(4, 6, 3)(ones(2, 3, 5))


@pytest.mark.parametrize(
    ("make", "fan_in"),
    [(lambda: nn.Conv1d(8, 400, 5), 8 * 5), (lambda: nn.ConvTranspose2d(200, 8, (5, 4), groups=2), 4 * 20)],
)
def test_initial_weights_are_uniform_by_fan_in(make, fan_in):
    layer, bound = make(), fan_in**-0.5  # PyTorch takes the fan-in from the weight's second axis in both
    largest = np.abs(layer.weight.detach().numpy()).max()
    assert 0.99 * bound < largest <= bound * (1 + 1e-6)
    assert np.abs(layer.bias.detach().numpy()).max() <= bound * (1 + 1e-6)
