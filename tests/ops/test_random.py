"""Random numbers: seeds, ranges, distributions."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.native import core
from chainrule.ops import random


def draws() -> list[list]:
    weights = cr.zeros(3)
    return [
        cr.rand(3).tolist(),
        cr.randn(2, 2).tolist(),
        cr.randint(5, (4,)).tolist(),
        cr.randperm(6).tolist(),
        weights.uniform_().tolist(),
        weights.normal_().tolist(),
        cr.dropout(cr.ones(9)).tolist(),
    ]


def test_the_same_seed_gives_the_same_numbers() -> None:
    cr.manual_seed(7)
    first, second = draws(), draws()
    cr.manual_seed(7)
    assert draws() == first
    assert draws() == second
    assert first != second


def test_the_state_can_be_kept_and_taken_up_again() -> None:
    cr.rand(5)
    state = cr.get_rng_state()
    first = draws()
    cr.set_rng_state(state)
    assert draws() == first


def test_a_generator_of_ones_own_leaves_the_global_one_alone() -> None:
    state = cr.get_rng_state()
    one, two = (np.random.default_rng(1) for _ in range(2))
    assert cr.rand(4, generator=one).tolist() == cr.rand(4, generator=two).tolist()
    assert cr.randperm(4, generator=one).tolist() == cr.randperm(4, generator=two).tolist()
    assert cr.get_rng_state() == state


def test_shapes_and_dtypes() -> None:
    assert cr.rand(2, 3).shape == cr.rand((2, 3)).shape == cr.randn([2, 3]).shape == (2, 3)
    assert cr.rand().shape == ()
    assert (cr.rand(1).dtype, cr.randn(1, dtype=cr.float64).dtype) == (cr.float32, cr.float64)
    like = cr.zeros(2, dtype=cr.float64)
    assert (cr.rand_like(like).dtype, cr.randn_like(like).shape) == (cr.float64, (2,))
    assert cr.randn(2, requires_grad=True).is_leaf
    assert cr.randint(0, 3, (2,)).dtype == cr.randperm(3).dtype == cr.int64


def test_ranges_and_moments() -> None:
    uniform, normal = cr.rand(20_000), cr.randn(20_000)
    assert 0 <= uniform.amin().item() < 0.01 < 0.99 < uniform.amax().item() < 1
    assert abs(normal.mean().item()) < 0.03
    assert abs(normal.std().item() - 1) < 0.03
    whole = cr.randint(-2, 3, (1000,))
    assert sorted(set(whole.tolist())) == [-2, -1, 0, 1, 2]
    assert sorted(cr.randperm(50).tolist()) == list(range(50))
    assert sorted(set(cr.randint(3, (1000,)).tolist())) == [0, 1, 2]
    with pytest.raises(ValueError, match="there is no whole number from 3 to below 3"):
        cr.randint(3, 3, (2,))


def test_filling_in_place() -> None:
    x = cr.zeros(20_000)
    for args, mean, std in (((), 0, 1), ((3, 0.5), 3, 0.5)):
        x.normal_(*args)
        assert abs(x.mean().item() - mean) < 0.03
        assert abs(x.std().item() - std) < 0.03
    for args, low, high in (((), 0, 1), ((-1, 4), -1, 4)):
        x.uniform_(*args)
        assert low <= x.amin().item() < low + 0.01 < high - 0.01 < x.amax().item() <= high


def test_dropout_keeps_the_mean_and_masks_the_gradient_alike() -> None:
    x = cr.ones(20_000, requires_grad=True)
    y = cr.dropout(x, 0.25)
    assert abs(y.mean().item() - 1) < 0.02
    assert abs((y == 0).float().mean().item() - 0.25) < 0.02
    y.sum().backward()
    assert cr.equal(x.grad, y.detach())
    assert cr.dropout(x, 0.25, training=False) is x


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = cr.randn(200, 400)
    for y in (cr.alpha_dropout(x, 0.3, True), cr.feature_alpha_dropout(x.unsqueeze(2), 0.3, True)):
        assert abs(y.mean().item()) < 0.02
        assert abs(y.std().item() - 1) < 0.02
    maps = cr.feature_alpha_dropout(cr.zeros(20, 50, 6), 0.5, True).numpy()
    assert (maps == maps[:, :, :1]).all()  # whole channels
    assert 0.4 < (maps[:, :, 0] == maps.min()).mean() < 0.6
    assert cr.alpha_dropout(x) is x  # not training, unless told so


def test_dropout3d_drops_whole_channels() -> None:
    y = cr.dropout3d(cr.ones(20, 100, 2, 1, 3), 0.25).numpy().reshape(2000, 6)
    assert (y == y[:, :1]).all()
    assert abs((y == 0).mean() - 0.25) < 0.05
    single = cr.dropout3d(cr.ones(100, 2, 1, 3), 0.25).numpy().reshape(100, 6)
    assert (single == single[:, :1]).all()


def test_bernoulli_is_one_with_the_probability_of_each_place() -> None:
    drawn = cr.bernoulli(cr.tensor([[0.0, 0.3, 1.0]]).expand(4000, 3))
    assert drawn.dtype == cr.float32
    assert drawn[:, 0].sum() == 0
    assert drawn[:, 2].sum() == 4000
    assert drawn[:, 1].mean().item() == pytest.approx(0.3, abs=0.03)
    with pytest.raises(ValueError, match=r"between 0 and 1, here from 0\.0 to 2\.0"):
        cr.bernoulli(cr.tensor([0.0, 2.0]))


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_in_proportion_to_the_weights(replacement: bool) -> None:
    w = cr.tensor([1.0, 0.0, 3.0])
    drawn = cr.multinomial(w.expand(4000, 3), 1, replacement).numpy()
    assert drawn.shape == (4000, 1)
    assert np.bincount(drawn[:, 0], minlength=3)[1] == 0
    assert (drawn == 2).mean() == pytest.approx(0.75, abs=0.03)
    assert w.multinomial(2, replacement).shape == (2,)


def test_multinomial_without_replacement_draws_nothing_twice() -> None:
    drawn = cr.multinomial(cr.tensor([[1.0, 2.0, 0.0, 4.0]]).expand(500, 4), 3).numpy()
    assert all(sorted(row) == [0, 1, 3] for row in drawn.tolist())
    assert (drawn[:, 0] == 3).mean() == pytest.approx(4 / 7, abs=0.08)


@pytest.mark.parametrize(
    ("weights", "samples", "text"),
    [([1.0, -1.0], 1, "finite numbers ≥ 0"), ([0.0, 0.0], 1, "one of them is not 0"),
     ([1.0, 0.0], 2, "2 samples without replacement, but a row has 1"), ([1.0], 0, "at least one sample")],
)  # fmt: skip
def test_multinomial_says_what_does_not_fit(weights: list[float], samples: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        cr.multinomial(cr.tensor(weights), samples)


def test_the_numbers_of_dropout_are_uniform_and_keys_have_nothing_in_common() -> None:
    key = 0x0123456789ABCDEF
    u, *others = (random._uniform((200_000,), k) / 2**32 for k in (key, key + 1, key + 2**32, key ^ 2**63))
    counts = np.bincount((u * 100).astype(int), minlength=100)
    assert ((counts - 2000) ** 2 / 2000).sum() < 160  # χ² of 99 degrees: beyond it once in 10,000 times
    for other in (u[1:], u[2:], u[64:], *others):
        n = min(len(u), len(other))
        assert abs(np.corrcoef(u[:n], other[:n])[0, 1]) < 4 / np.sqrt(n)


@pytest.mark.skipif(core is None, reason="the native tier was not built")
@pytest.mark.parametrize("p", [0.2, 0.5, 1.0])
def test_the_kernel_of_dropout_works_out_the_mask_of_the_reference(p: float) -> None:
    x = np.random.default_rng(0).standard_normal((3, 40_001)).astype(np.float32)
    least, scale = random._limits(p)
    expected = x * np.where(random._uniform(x.shape, 2**63 + 5) >= least, np.float32(scale), np.float32(0))
    np.testing.assert_array_equal(core.dropout(x, 2**63 + 5, least, scale), expected)


def test_sizes_dtypes_and_devices_as_everywhere() -> None:
    assert cr.rand(size=(2, 3), device="cpu").shape == cr.randn(size=(2, 3)).shape == (2, 3)
    assert cr.randint(5, size=(2,)).shape == cr.randint(high=5, size=(2,), device="cpu").shape == (2,)
    x = cr.ones(2, dtype=cr.float64)
    assert (cr.randn_like(x, dtype=cr.float32).dtype, cr.rand_like(x).dtype) == (cr.float32, cr.float64)
    assert cr.randn_like(x, requires_grad=True).requires_grad
    assert sorted(cr.randperm(4, dtype=cr.int32).tolist()) == [0, 1, 2, 3]
    for wrong in (lambda: cr.rand(-1), lambda: cr.randn(2, device="cuda")):
        with pytest.raises(ValueError, match=r"-1|cuda"):
            wrong()
    for wrong in (lambda: cr.rand(2, dtype=cr.int64), lambda: cr.randn_like(cr.tensor([1]))):
        with pytest.raises(TypeError, match="cannot be of int64"):
            wrong()
