"""What normalization and noise keep between calls: running statistics, modes, masks; and what they refuse."""

import numpy as np
import pytest

import chainrule
from chainrule import from_numpy, nn

TRACKING = {
    "batch norm": (lambda nn: nn.BatchNorm2d(4), (3, 4, 5, 2)),
    "batch norm, quick": (lambda nn: nn.BatchNorm2d(4, momentum=0.7), (3, 4, 5, 2)),
    "batch norm, cumulative": (lambda nn: nn.BatchNorm2d(4, momentum=None), (3, 4, 5, 2)),
    "batch norm of rows": (lambda nn: nn.BatchNorm1d(4), (6, 4)),
    "batch norm of lines": (lambda nn: nn.BatchNorm1d(4, momentum=None), (2, 4, 3)),
    "batch norm of volumes": (lambda nn: nn.BatchNorm3d(4), (3, 4, 2, 3, 2)),
    "batch norm, not tracked": (lambda nn: nn.BatchNorm2d(4, track_running_stats=False), (3, 4, 5, 2)),
    "instance norm of lines": (lambda nn: nn.InstanceNorm1d(4, track_running_stats=True), (3, 4, 5)),
    "instance norm of volumes": (lambda nn: nn.InstanceNorm3d(4, track_running_stats=True), (3, 4, 2, 3, 2)),
    "instance norm": (lambda nn: nn.InstanceNorm2d(4, track_running_stats=True, affine=True), (3, 4, 5, 2)),
}


@pytest.mark.parametrize("name", TRACKING)
def test_running_statistics_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    make, shape = TRACKING[name]
    ours, theirs, rng = make(nn).double(), make(torch.nn).double(), np.random.default_rng(0)
    for _ in range(3):
        x = rng.normal(2, 3, shape)
        ours(from_numpy(x)), theirs(torch.from_numpy(x))
    ours.eval(), theirs.eval()
    for _ in range(2):
        y, z = ours(from_numpy(x)), theirs(torch.from_numpy(x))
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-10)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key].numpy(), value.numpy(), rtol=1e-12, err_msg=key)
        assert ours.state_dict()[key].numpy().dtype == value.numpy().dtype


def test_running_statistics_begin_anew():
    layer, fresh = nn.BatchNorm1d(3), nn.BatchNorm1d(3).state_dict()
    layer(chainrule.randn(5, 3))
    assert layer.running_mean.numpy().any()
    layer.reset_running_stats()
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), fresh[key].numpy())


def test_no_statistics_in_evaluation_or_for_a_frozen_layer():
    layer, x = nn.BatchNorm1d(3).eval(), chainrule.randn(5, 3)
    before = {key: value.numpy().copy() for key, value in layer.state_dict().items()}
    layer(x)
    layer.train()
    layer.track_running_stats = False
    layer(x)
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])


@pytest.mark.parametrize(("layer", "shape"), [(nn.Dropout1d, (3, 400, 5)), (nn.Dropout2d, (3, 400, 2, 5))])
def test_dropout_of_channels_drops_whole_ones(layer, shape):
    chainrule.manual_seed(0)
    p, x = 0.3, chainrule.ones(*shape, requires_grad=True)
    y = layer(p)(x)
    channels = y.detach().numpy().reshape(shape[0] * shape[1], -1)
    assert (channels == channels[:, :1]).all()
    kept = channels[:, 0] != 0
    assert abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / len(kept))  # five standard deviations
    np.testing.assert_allclose(channels[kept], 1 / (1 - p), rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: nn.BatchNorm2d(3), (2, 3), r"BatchNorm2d\(3, .*\): the input needs 4 dimensions, not 2: \(2, 3\)"),
        (lambda: nn.BatchNorm1d(3), (2, 3, 4, 5), "the input needs 2 or 3 dimensions, not 4"),
        (lambda: nn.BatchNorm1d(3), (2, 4), r"running_mean has shape \(3,\), input \(2, 4\) asks for \(4,\)"),
        (lambda: nn.BatchNorm1d(3), (1, 3), "one value for each channel has no variance"),
        (lambda: nn.InstanceNorm2d(3), (2, 3), "the input needs 3 or 4 dimensions"),
        (lambda: nn.InstanceNorm2d(3), (2, 3, 1, 1), "a single place has no variance"),
        (lambda: nn.GroupNorm(2, 4), (2, 6), r"weight has shape \(4,\), input \(2, 6\) asks for \(6,\)"),
        (lambda: nn.LayerNorm(4), (2, 3), r"LayerNorm\(\(4,\), .*\): normalized_shape=\(4,\) needs an input \(…, 4\)"),
        (lambda: nn.RMSNorm(4), (2, 3), r"normalized_shape=\(4,\) needs an input \(…, 4\), not \(2, 3\)"),
        (lambda: nn.PReLU(4), (2, 3), r"weight \(4,\) needs one number, or one for each of the 3 channels"),
    ],
)
def test_inputs_that_do_not_fit(make, shape, message):
    with pytest.raises(ValueError, match=message):
        make()(chainrule.ones(*shape))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.GroupNorm(3, 4), "GroupNorm: num_groups=3 must divide num_channels=4"),
        (lambda: nn.Hardtanh(2, 1), "Hardtanh: min_val=2 must not be greater than max_val=1"),
        (lambda: nn.Dropout2d(-0.1), "Dropout2d: the probability p=-0.1 must lie between 0 and 1"),
    ],
)
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_rms_norm_and_hardsigmoid_in_float32():
    """Where PyTorch's own float64 is not exact to compare with, or depends on the dtype's rounding unit."""
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    for make in (lambda nn: nn.Hardsigmoid(True), lambda nn: nn.RMSNorm(6)):
        ours, theirs = make(nn), make(torch.nn)
        assert repr(ours) == repr(theirs)
        np.testing.assert_allclose(
            ours(from_numpy(x)).detach().numpy(), theirs(torch.from_numpy(x)).detach().numpy(), rtol=1e-6, atol=1e-7
        )


def test_running_statistics_stay_in_their_memory() -> None:
    mean = chainrule.zeros(3)
    before = mean.array
    x = chainrule.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    nn.functional.batch_norm(x, mean, None, training=True, momentum=chainrule.tensor(0.5))
    assert mean.array is before
    np.testing.assert_allclose(before, [1.0, 1.0, 1.0])
