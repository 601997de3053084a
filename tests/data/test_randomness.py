"""Random numbers of samples: what they depend on, and that they are spread as they should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from chainrule.data import Draws
from chainrule.data.randomness import _mixed

MANY = np.arange(20_000)
KINDS = {
    "uniform": lambda d: d.uniform(-1, 3, 2),
    "integers": lambda d: d.integers(2, 9, 2),
    "bernoulli": lambda d: d.bernoulli(0.3, 2),
    "normal": lambda d: d.normal(1, 2, 2),
    "beta": lambda d: d.beta(0.4, 2),
}


def fits(cdf, values):
    """Whether values may well come from this distribution (Kolmogorov-Smirnov; the draws are fixed)."""
    return stats.kstest(np.ravel(values), cdf).pvalue > 1e-3


def evenly(counts, expected=None):
    return stats.chisquare(counts, expected).pvalue > 1e-3


def test_the_finalizer_is_splitmix64s() -> None:
    """The generator's first numbers from the seed 1234567, as published with it."""
    states = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert _mixed(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_the_numbers_stay_what_they_were() -> None:
    """A run that is gone on with by a later version must find the same; computed once in plain Python."""
    assert Draws(1, 2, [0, 7]).bits(2).tolist() == [
        [9658914582867323223, 5617027957938741001],
        [5586713643980780740, 3580853510104924886],
    ]


@pytest.mark.parametrize("kind", KINDS)
@given(rows=st.lists(st.integers(0, 2**40), min_size=1, max_size=8), seed=st.integers(0, 2**70))
def test_a_sample_has_its_numbers_in_whatever_company(kind: str, rows: list[int], seed: int) -> None:
    together = KINDS[kind](Draws(seed, 3, rows))
    assert together.shape == (len(rows), 2)
    for row, numbers in zip(rows, together, strict=True):
        np.testing.assert_array_equal(KINDS[kind](Draws(seed, 3, [row])), numbers[None])


def test_seed_epoch_index_and_turn_all_matter() -> None:
    draws = Draws(1, 0, [5, 6])
    seen = [draws.bits(3), draws.bits(3), Draws(2, 0, [5, 6]).bits(3), Draws(1, 1, [5, 6]).bits(3)]
    assert len(np.unique(np.concatenate(seen))) == 24


def test_two_draws_of_one_number_are_one_draw_of_two() -> None:
    draws, pair = Draws(1, 0, MANY[:4]), Draws(1, 0, MANY[:4]).uniform(0, 1, 2)
    np.testing.assert_array_equal(draws.uniform(), pair[:, 0])
    np.testing.assert_array_equal(draws.uniform(), pair[:, 1])


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_shapes(shape: tuple[int, ...]) -> None:
    for draw in (Draws.uniform, Draws.normal, Draws.integers):
        assert draw(Draws(0, 0, MANY[:5]), 0, 1, *shape).shape == (5, *shape)
    assert Draws(0, 0, MANY[:0]).uniform(0, 1, 3).shape == (0, 3)
    assert len(Draws(0, 0, MANY[:5])) == 5


def test_parameters_may_differ_from_sample_to_sample() -> None:
    ends = np.array([1, 10, 100])
    assert (Draws(0, 0, [1, 2, 3]).integers(ends - 1, ends) == ends - 1).all()
    assert (Draws(0, 0, [1, 2, 3]).uniform(ends, ends + 1) // 1 == ends).all()


def test_uniform_numbers_are_uniform() -> None:
    values = Draws(7, 2, MANY).uniform(-1, 3, 3)
    assert values.min() >= -1
    assert values.max() < 3
    assert fits(stats.uniform(-1, 4).cdf, values)
    for column in values.T:
        assert fits(stats.uniform(-1, 4).cdf, column)


def test_neighbours_know_nothing_of_each_other() -> None:
    """Pairs of samples next to each other, of draws after each other, of epochs and seeds: even in the unit square."""

    def spread(x, y) -> bool:
        return evenly(np.histogram2d(x, y, bins=16, range=[[0, 1], [0, 1]])[0].ravel())

    values = Draws(7, 2, MANY).uniform(0, 1, 2)
    assert spread(values[:-1, 0], values[1:, 0])
    assert spread(values[:, 0], values[:, 1])
    assert spread(values[:, 0], Draws(7, 3, MANY).uniform())
    assert spread(values[:, 0], Draws(8, 2, MANY).uniform())


def test_every_bit_is_set_half_of_the_time() -> None:
    bits = Draws(0, 0, MANY).bits()
    ones = np.array([np.count_nonzero(bits >> np.uint64(i) & np.uint64(1)) for i in range(64)])
    assert np.abs(ones - len(MANY) / 2).max() < 4.5 * np.sqrt(len(MANY) / 4)


def test_whole_numbers_are_even_and_include_both_ends() -> None:
    values = Draws(0, 0, MANY).integers(-3, 10, 2)
    assert values.dtype == np.int64
    assert evenly(np.bincount(values.ravel() + 3, minlength=13))
    assert set(values.ravel()) == set(range(-3, 10))


def test_bernoulli_is_true_as_often_as_asked() -> None:
    for p in (0.0, 0.1, 0.5, 1.0):
        share = Draws(0, 0, MANY).bernoulli(p).mean()
        assert abs(share - p) <= 4 * np.sqrt(p * (1 - p) / len(MANY))


def test_normal_numbers_are_normal() -> None:
    assert fits(stats.norm(2, 3).cdf, Draws(0, 0, MANY).normal(2, 3, 2))


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1, 2, 40])
def test_beta_numbers_are_beta(alpha: float) -> None:
    values = Draws(0, 0, MANY).beta(alpha, 2)
    counts, edges = np.histogram(values, bins=20, range=(0, 1))
    assert counts.sum() == values.size
    assert evenly(counts + 1e-9, values.size * np.diff(stats.beta(alpha, alpha).cdf(edges)) + 1e-9)


def test_says_what_cannot_be_drawn() -> None:
    draws = Draws(0, 0, [1])
    with pytest.raises(TypeError, match="the indices of samples must be whole numbers, not float64"):
        Draws(0, 0, [0.5])
    with pytest.raises(ValueError, match=r"integers\(3, 3\): there is no whole number from 3 to below 3"):
        draws.integers(3, 3)
    with pytest.raises(ValueError, match=r"beta\(0\): a number above 0"):
        draws.beta(0)
