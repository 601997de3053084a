"""Samplers: which indices a pass has, and who draws them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import (
    BatchSampler,
    BucketBatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from chainrule.data.sampler import generator_of, one_pass

TEN = range(10)
RANDOM: dict[str, Callable[..., Any]] = {
    "random": lambda **o: RandomSampler(TEN, **o),
    "replaced": lambda **o: RandomSampler(TEN, replacement=True, num_samples=30, **o),
    "again": lambda **o: RandomSampler(TEN, num_samples=25, **o),
    "subset": lambda **o: SubsetRandomSampler([3, 1, 4, 15, 9, 2, 6, 5], **o),
    "weighted": lambda **o: WeightedRandomSampler(np.arange(10), 20, **o),
    "drawn once": lambda **o: WeightedRandomSampler(np.arange(10), 8, replacement=False, **o),
}


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_sequential() -> None:
    assert list(SequentialSampler(TEN)) == list(TEN)
    assert len(SequentialSampler(TEN)) == 10


@pytest.mark.parametrize("name", RANDOM)
def test_a_pass_has_as_many_indices_as_it_says(name: str) -> None:
    sampler = RANDOM[name]()
    assert len(list(sampler)) == len(sampler) == len(sampler.order(rng()))
    assert all(type(i) is int for i in sampler)


@pytest.mark.parametrize("name", RANDOM)
def test_the_generator_decides_and_goes_on(name: str) -> None:
    sampler = RANDOM[name](generator=rng())
    first, second = list(sampler), list(sampler)
    assert first != second
    again = RANDOM[name](generator=rng())
    assert [list(again), list(again)] == [first, second]


@pytest.mark.parametrize("name", RANDOM)
def test_without_a_generator_chainrules_seed_decides(name: str) -> None:
    passes = []
    for _ in range(2):
        cr.manual_seed(4)
        passes.append(list(RANDOM[name]()))
    assert passes[0] == passes[1]


@pytest.mark.parametrize("name", RANDOM)
def test_order_draws_from_the_samplers_own_generator_if_there_is_one(name: str) -> None:
    assert RANDOM[name]().order(rng()).tolist() == list(RANDOM[name](generator=rng()))
    own = RANDOM[name](generator=rng()).order(np.random.default_rng(6)).tolist()
    assert own == list(RANDOM[name](generator=rng()))


def test_every_index_comes_once_or_again_and_again() -> None:
    assert sorted(RANDOM["random"]()) == list(TEN)
    again = list(RANDOM["again"]())
    assert sorted(again[:10]) == sorted(again[10:20]) == list(TEN)
    assert len(set(again[20:])) == 5
    assert sorted(RANDOM["subset"]()) == [1, 2, 3, 4, 5, 6, 9, 15]
    assert len(set(RANDOM["drawn once"]())) == 8


def test_weights_are_shares() -> None:
    counts = np.bincount(WeightedRandomSampler([1, 0, 2, 5], 8000).order(rng()), minlength=4)
    np.testing.assert_allclose(counts / 1000, [1, 0, 2, 5], atol=0.15)
    assert counts[1] == 0


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("size", [1, 3, 5, 10, 11])
def test_batches_of_indices_are_pytorchs(size: int, drop_last: bool) -> None:
    torch = pytest.importorskip("torch.utils.data")
    theirs = torch.BatchSampler(torch.SequentialSampler(TEN), size, drop_last)
    for sampler in (SequentialSampler(TEN), TEN):  # one with an order, and any iterable
        ours = BatchSampler(sampler, size, drop_last)
        assert list(ours) == list(theirs)
        assert len(ours) == len(theirs)
        assert [list(batch) for batch in ours.order(rng())] == list(theirs)


LENGTHS = np.random.default_rng(0).integers(1, 500, 1003)


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("pool", [1, 7, 1000])
def test_buckets_hold_every_sample_once(pool: int, drop_last: bool) -> None:
    sampler = BucketBatchSampler(LENGTHS, 10, drop_last, pool)
    batches = [batch.tolist() for batch in sampler.order(rng())]
    assert len(batches) == len(sampler) == (100 if drop_last else 101)
    assert sorted(map(len, batches)) == ([] if drop_last else [3]) + [10] * 100
    indices = [i for batch in batches for i in batch]
    assert len(set(indices)) == len(indices)
    for batch in batches:
        assert (np.diff(LENGTHS[batch]) <= 0).all()


def test_the_larger_the_pool_the_less_there_is_to_pad() -> None:
    def wasted(pool: int) -> float:
        batches = BucketBatchSampler(LENGTHS, 10, pool=pool).order(rng())
        return sum(LENGTHS[batch].max() * len(batch) for batch in batches) / LENGTHS.sum() - 1

    assert wasted(1) > 0.5
    assert 0.03 < wasted(10) < 0.12
    assert wasted(101) < 0.02


def test_buckets_come_in_random_order_anew_in_every_pass() -> None:
    sampler = BucketBatchSampler(LENGTHS, 10, generator=rng())
    first, second = list(sampler), list(sampler)
    assert first != second
    assert {frozenset(batch) for batch in first}.isdisjoint({frozenset(batch) for batch in second})
    longest = LENGTHS[[batch[0] for batch in first]]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.3
    again = BucketBatchSampler(LENGTHS, 10, generator=rng())
    assert [list(again), list(again)] == [first, second]
    assert generator_of(again) is not None


def test_buckets_without_a_generator_are_chainrules() -> None:
    passes = []
    for _ in range(2):
        cr.manual_seed(4)
        passes.append(list(BucketBatchSampler(LENGTHS.astype(np.uint16), 10)))
    assert passes[0] == passes[1]
    assert all(type(i) is int for batch in passes[0] for i in batch)
    handed = BucketBatchSampler(LENGTHS, 10).order(np.random.default_rng(1))
    assert [batch.tolist() for batch in handed] != passes[0]


def test_a_subclass_with_an_order_of_its_own_is_not_passed_over() -> None:
    class Backwards(SequentialSampler):
        def __iter__(self) -> Any:
            return reversed(range(len(self)))

    assert list(one_pass(Backwards(TEN), rng())) == list(reversed(TEN))
    (batch,) = one_pass(BatchSampler(Backwards(TEN), 10, False), rng())
    assert batch == list(reversed(TEN))


def test_the_generator_is_found_inside_of_batches() -> None:
    generator = rng()
    assert generator_of(BatchSampler(RandomSampler(TEN, generator=generator), 2, False)) is generator
    assert generator_of(BatchSampler(TEN, 2, False)) is None


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: RandomSampler([]), ValueError, "num_samples=0: a whole number of at least 1"),
        (lambda: RandomSampler(TEN, num_samples=-1), ValueError, "num_samples=-1"),
        (lambda: RandomSampler(TEN, replacement=1), TypeError, "replacement=1: True or False"),
        (lambda: RandomSampler(TEN, generator=3), TypeError, "generator must be NumPy's, .* not a int"),
        (lambda: WeightedRandomSampler([1, 2], 0), ValueError, "num_samples=0"),
        (lambda: WeightedRandomSampler([[1, 2]], 1), ValueError, r"weights of shape \(1, 2\)"),
        (lambda: WeightedRandomSampler([1, -2], 1), ValueError, "weights must be finite, at least 0"),
        (lambda: WeightedRandomSampler([0, 0], 1), ValueError, "one of them above 0"),
        (lambda: WeightedRandomSampler([1, np.nan], 1), ValueError, "weights must be finite"),
        (lambda: WeightedRandomSampler([1, 0], 2, False), ValueError, "num_samples=2 .* but 1 weights above 0"),
        (lambda: BatchSampler(TEN, 0, False), ValueError, "batch_size=0"),
        (lambda: BatchSampler(TEN, True, False), ValueError, "batch_size=True"),
        (lambda: BatchSampler(TEN, 2, 0), TypeError, "drop_last=0"),
        (lambda: BucketBatchSampler([[1]], 2), ValueError, r"lengths of shape \(1, 1\); one for each sample"),
        (lambda: BucketBatchSampler([], 2), ValueError, "num_samples=0"),
        (lambda: BucketBatchSampler([1], 2, pool=0), ValueError, "pool=0: a whole number of at least 1"),
        (lambda: BucketBatchSampler([1], 0), ValueError, "batch_size=0"),
        (lambda: BucketBatchSampler([1], 1, generator=3), TypeError, "generator must be NumPy's"),
        (lambda: iter(Sampler()), NotImplementedError, r"Sampler must define __iter__\(\)"),
        (lambda: len(BatchSampler(iter(TEN), 2, False)), TypeError, r"has no len\(\)"),
    ],
)
def test_says_what_is_wrong(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()
