"""Initial values: PyTorch's distributions, by their formulas and against its own draws."""

import inspect
import math

import numpy as np
import pytest

import chainrule
from chainrule import nn, zeros
from chainrule.nn import init

SHAPES = [(300, 200), (64, 32, 5, 3)]


@pytest.fixture(autouse=True)
def _seed():
    chainrule.manual_seed(0)


def uniform(a, b):
    return pytest.importorskip("scipy.stats").uniform(a, b - a)


def normal(std):
    return pytest.importorskip("scipy.stats").norm(0, std)


def assert_drawn_from(array, distribution):
    """Kolmogorov-Smirnov; a wrong scale by 3 % fails it at these sizes (see the last test)."""
    stats = pytest.importorskip("scipy.stats")
    assert stats.kstest(array.ravel().astype(np.float64), distribution.cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", SHAPES)
def test_distributions_follow_their_formulas(shape):
    fan_in, fan_out = math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
    w = zeros(*shape)
    cases = {
        init.uniform_: uniform(0, 1),
        init.normal_: normal(1),
        init.xavier_uniform_: uniform(-math.sqrt(6 / (fan_in + fan_out)), math.sqrt(6 / (fan_in + fan_out))),
        init.xavier_normal_: normal(math.sqrt(2 / (fan_in + fan_out))),
        init.kaiming_uniform_: uniform(-math.sqrt(6 / fan_in), math.sqrt(6 / fan_in)),
        init.kaiming_normal_: normal(math.sqrt(2 / fan_in)),
    }
    for initialize, distribution in cases.items():
        assert initialize(w) is w
        assert_drawn_from(w.numpy(), distribution)
    init.kaiming_uniform_(w, mode="fan_out", nonlinearity="linear")
    assert_drawn_from(w.numpy(), uniform(-math.sqrt(3 / fan_out), math.sqrt(3 / fan_out)))
    init.kaiming_normal_(w, a=0.5)
    assert_drawn_from(w.numpy(), normal(math.sqrt(2 / 1.25 / fan_in)))
    init.xavier_normal_(w, gain=3)
    assert_drawn_from(w.numpy(), normal(3 * math.sqrt(2 / (fan_in + fan_out))))
    init.uniform_(w, -2, 5)
    assert_drawn_from(w.numpy(), uniform(-2, 5))
    init.normal_(w, 3, 0.1)
    assert_drawn_from(w.numpy() - 3, normal(0.1))


@pytest.mark.parametrize(
    ("make", "fan_in"),
    [
        (lambda nn: nn.Linear(150, 2000), 150),
        (lambda nn: nn.Conv2d(8, 2000, 5), 200),
        (lambda nn: nn.Conv2d(8, 2000, (5, 2), groups=2), 40),
    ],
)
def test_layers_begin_as_pytorchs(make, fan_in):
    torch = pytest.importorskip("torch")
    stats = pytest.importorskip("scipy.stats")
    torch.manual_seed(0)
    ours, theirs = make(nn), make(torch.nn)
    bound = 1 / math.sqrt(fan_in)
    for name in ("weight", "bias"):
        a, b = getattr(ours, name).detach().numpy(), getattr(theirs, name).detach().numpy()
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert np.abs(a).max() <= np.float32(bound)
        assert np.abs(a).max() > 0.99 * bound
        assert_drawn_from(a, uniform(-bound, bound))
        assert stats.ks_2samp(a.ravel(), b.ravel()).pvalue > 1e-3


def test_the_seed_decides():
    def weights(seed):
        chainrule.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 4), nn.Conv2d(1, 2, 3)).state_dict()

    a, b, c = weights(1), weights(1), weights(2)
    assert all(a[key].tolist() == b[key].tolist() for key in a)
    assert all(a[key].tolist() != c[key].tolist() for key in a)
    assert a["0.weight"].tolist()[0][0] != a["1.weight"].tolist()[0][0][0][0]


def test_a_generator_of_ones_own():
    a = init.normal_(zeros(5), generator=np.random.default_rng(7))
    b = init.normal_(zeros(5), generator=np.random.default_rng(7))
    assert a.tolist() == b.tolist()


def test_constants():
    layer = nn.Linear(2, 2)
    assert init.zeros_(layer.weight).tolist() == [[0, 0], [0, 0]]
    assert init.ones_(layer.weight).tolist() == [[1, 1], [1, 1]]
    assert init.constant_(layer.bias, 0.5).tolist() == [0.5, 0.5]
    assert layer.weight.is_leaf
    assert layer.weight.requires_grad


@pytest.mark.parametrize("name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    if name == "leaky_relu":
        assert init.calculate_gain(name, 0.3) == torch.nn.init.calculate_gain(name, 0.3)


def test_arguments_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in init.__all__:
        ours = inspect.signature(getattr(init, name)).parameters
        theirs = inspect.signature(getattr(torch.nn.init, name)).parameters
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()], name


def test_what_cannot_be():
    with pytest.raises(ValueError, match=r"need a weight \(out, in, ...\), this one has shape \(3,\)"):
        init.xavier_uniform_(zeros(3))
    with pytest.raises(ValueError, match="mode='fan_sideways' is neither"):
        init.kaiming_normal_(zeros(3, 3), mode="fan_sideways")
    with pytest.raises(ValueError, match=r"calculate_gain\('maxout'\): choose one of leaky_relu, linear"):
        init.calculate_gain("maxout")


def test_the_comparison_would_notice_three_percent():
    w = init.uniform_(zeros(300, 200), -1.03, 1.03).numpy()
    with pytest.raises(AssertionError):
        assert_drawn_from(w, uniform(-1, 1))


@pytest.mark.parametrize(("a", "b", "mean", "std"), [(-2, 2, 0, 1), (-1, 5, 1, 2), (0.1, 0.3, 0, 1), (3, 9, 0, 1.5)])
def test_truncated_normal(a, b, mean, std):
    stats = pytest.importorskip("scipy.stats")
    w = init.trunc_normal_(zeros(200, 300), mean, std, a, b).numpy()
    assert a <= w.min() < w.max() <= b
    assert_drawn_from(w, stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std))


def test_truncated_on_one_side_only():
    w = init.trunc_normal_(zeros(50, 50), b=-3.0, a=-math.inf).numpy()
    assert -7 < w.min() < w.max() <= -3


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (4, 4), (6, 2, 3, 3)])
def test_orthogonal(shape):
    w = init.orthogonal_(zeros(*shape, dtype=np.float64), gain=3).numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_matrices_are_drawn_evenly():
    """The trace of an even rotation of the plane is 2·cos of an even angle: as often near 2 as near −2."""
    stats = pytest.importorskip("scipy.stats")
    w = [init.orthogonal_(zeros(2, 2)).numpy() for _ in range(2000)]
    angles = [math.atan2(m[1, 0], m[0, 0]) for m in w]
    assert stats.kstest(angles, uniform(-math.pi, math.pi).cdf).pvalue > 1e-3
    assert 900 < sum(np.linalg.det(m) > 0 for m in w) < 1100


def test_sparse():
    w = init.sparse_(zeros(10, 400), 0.25, std=2.0).numpy()
    assert (np.count_nonzero(w == 0, axis=0) == 3).all()
    assert_drawn_from(w[w != 0], normal(2))
    assert len(np.unique(np.argwhere(w == 0)[:, 0])) == 10


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2)])
def test_eye_is_pytorchs(shape):
    torch = pytest.importorskip("torch")
    assert init.eye_(nn.Parameter(zeros(*shape) + 7)).tolist() == torch.nn.init.eye_(torch.empty(shape)).tolist()


@pytest.mark.parametrize(
    ("shape", "groups"), [((3, 3, 3), 1), ((5, 2, 4, 3), 1), ((4, 2, 3, 3), 2), ((6, 1, 3), 3), ((2, 4, 1, 2, 3), 1)]
)
def test_dirac_is_pytorchs(shape, groups):
    torch = pytest.importorskip("torch")
    ours = init.dirac_(nn.Parameter(zeros(*shape) + 7), groups)
    assert ours.tolist() == torch.nn.init.dirac_(torch.empty(shape), groups).tolist()


def test_shapes_that_cannot_be():
    for call in (init.eye_, lambda t: init.sparse_(t, 0.1), init.dirac_, init.orthogonal_):
        with pytest.raises(ValueError, match=r"this tensor has shape \(3,\)"):
            call(zeros(3))
    with pytest.raises(ValueError, match="a=2 must be below b=1"):
        init.trunc_normal_(zeros(3), a=2, b=1)
