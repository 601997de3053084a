"""Data sets: PyTorch's classes, and the batch that is gathered at once."""

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import data
from chainrule.data import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split
from chainrule.data.collate import stacked
from chainrule.data.dataset import gather, samples

X = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
Y = np.arange(6) * 10


class Squares(Dataset[int]):
    """A data set without arrays."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> int:
        return index**2


def equal(ours: Any, theirs: Any) -> bool:
    """Whether two batches hold the same numbers, dtypes, and lists."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple):
        return type(ours) is type(theirs) and len(ours) == len(theirs) and all(map(equal, ours, theirs))
    if isinstance(ours, cr.Tensor):
        return ours.dtype == theirs.numpy().dtype and np.array_equal(ours.numpy(), theirs.numpy())
    return bool(ours == theirs)


def test_samples_of_tensors_and_arrays() -> None:
    pairs = TensorDataset(cr.from_numpy(X), Y)
    assert len(pairs) == 6
    x, y = pairs[2]
    assert isinstance(x, cr.Tensor)
    np.testing.assert_array_equal(x.numpy(), X[2])
    assert y == 20


@pytest.mark.parametrize(
    "whole",
    [
        TensorDataset(X, Y),
        TensorDataset(np.repeat(X, 2, 0)[::2], Y),  # an array with gaps
        Subset(TensorDataset(X[::-1].copy(), Y[::-1]), range(5, -1, -1)),
        ConcatDataset([TensorDataset(X[:1], Y[:1]), TensorDataset(X[1:4], Y[1:4]), TensorDataset(X[4:], Y[4:])]),
        Subset(TensorDataset(X, Y), [0, 1, 2]) + Subset(TensorDataset(X, Y), [3, 4, 5]),
        list(zip(X, Y, strict=True)),
    ],
    ids=["arrays", "gaps", "subset", "concatenated", "sum", "list"],
)
def test_a_gathered_batch_is_the_samples_stacked(whole: Any) -> None:
    rows = [4, 0, 0, 5, 2]
    for indices in (rows, np.array(rows)):
        x, y = gather(whole, indices)
        np.testing.assert_array_equal(x, X[rows])
        np.testing.assert_array_equal(y, Y[rows])
        assert x.dtype == np.float32
    assert [int(y) for _, y in samples(whole, np.array(rows))] == Y[rows].tolist()


def test_a_gathered_batch_has_memory_of_its_own() -> None:
    x, _ = gather(TensorDataset(X, Y), [1, 2])
    assert not np.shares_memory(x, X)


def test_a_concatenation_without_arrays_goes_sample_by_sample() -> None:
    np.testing.assert_array_equal(gather(Squares() + Squares(), [7, 2]), [1, 4])
    assert (Squares() + Squares())[-1] == 25


class Filled(Dataset[Any]):
    """Six samples that are one thing each: what `make` makes of the numbers i to i + 3, counted from `first`."""

    def __init__(self, first: int, make: Any) -> None:
        self.first, self.make = first, make

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return self.make(np.arange(3, dtype=np.float32) + self.first + index)


Named = namedtuple("Named", "values more")


@pytest.mark.parametrize("make", [np.asarray, cr.from_numpy, lambda x: Named(x, -x), lambda x: {"x": x}])
def test_a_concatenation_gives_the_batches_of_one_data_set(make: Any) -> None:
    whole = ConcatDataset([Filled(0, make), Filled(6, make)])
    rows = [11, 0, 7, -6, 2]
    expected = data.default_convert(stacked([make(np.arange(3, dtype=np.float32) + row % 12) for row in rows]))
    (batch,) = data.DataLoader(whole, 5, sampler=rows)
    assert equal(batch, expected)


def test_a_concatenation_counts_from_the_end_too() -> None:
    half = TensorDataset(X, Y)
    _, y = (half + half).gather([-1, 0, -12])
    assert y.tolist() == [50, 0, 0]


def test_a_subclass_with_samples_of_its_own_is_not_passed_over() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index: int) -> tuple[Any, ...]:
            return tuple(2 * row for row in super().__getitem__(index))

    class Halved(Doubled):
        def gather(self, indices: Any) -> list[Any]:
            return [column / 2 for column in TensorDataset.gather(self, indices)]

    class Tripled(Subset[Any]):
        def __getitem__(self, index: Any) -> Any:
            return 3 * super().__getitem__(index)[0]

    assert gather(Doubled(Y), [1, 3])[0].tolist() == [20, 60]

    class Negative(TensorDataset):
        def __getitems__(self, indices: list[int]) -> list[tuple[Any, ...]]:
            return [(-self.arrays[0][i],) for i in indices]

    assert gather(Negative(Y), [1, 3])[0].tolist() == [-10, -30]
    tripled = Tripled(TensorDataset(Y), [3, 1])
    assert samples(tripled, [0, 1]) == gather(tripled, [0, 1]).tolist() == [90, 30]
    assert gather(Subset(Doubled(Y), [1, 3]), [0, 1])[0].tolist() == [20, 60]
    assert gather(Halved(Y), [1, 3])[0].tolist() == [5, 15]


def test_a_tensor_is_a_data_set_of_its_rows() -> None:
    x = cr.from_numpy(X)
    for whole in (x, Subset(x, range(6)), ConcatDataset([x[:4], x[4:]]), random_split(x, [6, 0])[0]):
        (batch,) = data.DataLoader(whole, 6)
        rows = whole.indices if isinstance(whole, Subset) else range(6)
        np.testing.assert_array_equal(batch.numpy(), X[list(rows)])


def test_pytorchs_data_sets_are_data_sets() -> None:
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    for whole in (pairs, torch.utils.data.Subset(pairs, range(6))):
        x, y = gather(whole, np.array([4, 1]))
        np.testing.assert_array_equal(x, X[[4, 1]])
        np.testing.assert_array_equal(y, Y[[4, 1]])


def test_getitems_is_asked_for_all_samples_at_once() -> None:
    class Batched(Squares):
        def __getitems__(self, indices: list[int]) -> list[int]:
            self.asked = indices
            return [-i for i in indices]

    whole = Batched()
    assert gather(Subset(whole, [5, 4]), np.array([1, 0])).tolist() == [-4, -5]
    assert samples(whole, [2, 1]) == [-2, -1]
    assert gather(whole, [4, 5]).tolist() == [-4, -5]
    assert whole.asked == [4, 5]
    assert all(type(i) is int for i in whole.asked)


@pytest.mark.parametrize("lengths", [[4, 2], [1, 0, 5], [0.5, 0.5], [0.34, 0.33, 0.33], [0.75, 0.25]])
def test_random_split(lengths: list[float]) -> None:
    torch = pytest.importorskip("torch.utils.data")
    ours = random_split(Squares(), lengths, np.random.default_rng(0))
    theirs = torch.random_split(Squares(), lengths)
    assert [len(part) for part in ours] == [len(part) for part in theirs]
    assert sorted(int(i) for part in ours for i in part.indices) == list(range(6))
    assert [list(part.indices) for part in ours] == [
        list(part.indices) for part in random_split(Squares(), lengths, np.random.default_rng(0))
    ]


def test_random_split_draws_from_chainrules_generator() -> None:
    def split() -> list[int]:
        cr.manual_seed(3)
        return random_split(range(50), [50])[0].indices.tolist()  # type: ignore[arg-type]

    assert split() == split() != list(range(50))


def test_a_share_that_comes_to_nothing_is_told() -> None:
    with pytest.warns(UserWarning, match=r"part 1, 0\.0 of 6 samples, is empty"):
        random_split(Squares(), [1.0, 0.0])


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: TensorDataset(), ValueError, "tensors with at least one dimension"),
        (lambda: TensorDataset(np.float32(3)), ValueError, "tensors with at least one dimension"),
        (lambda: TensorDataset(X, Y[:5]), ValueError, r"as many rows each; their shapes are \(6, 2, 2\), \(5,\)"),
        (lambda: TensorDataset(X, Y).gather([2, 6]), IndexError, "indices 2 to 6 were asked for; there are 6 samples"),
        (lambda: ConcatDataset([]), ValueError, "at least one data set"),
        (lambda: ConcatDataset([IterableDataset()]), TypeError, "a stream"),
        (lambda: IterableDataset() + Squares(), TypeError, "streams cannot be added"),
        (lambda: (Squares() + Squares())[12], IndexError, "index 12 was asked for; there are 12 samples"),
        (lambda: (Squares() + Squares()).gather([3, -13]), IndexError, "index -13 was asked for; there are 12 samples"),
        (lambda: Dataset()[0], NotImplementedError, r"Dataset must define __getitem__\(index\)"),
        (lambda: iter(IterableDataset()), NotImplementedError, r"must define __iter__\(\)"),
        (lambda: random_split(Squares(), [4, 1]), ValueError, r"lengths \[4, 1\] do not split 6 samples"),
        (lambda: random_split(Squares(), [7, -1]), ValueError, r"lengths \[7, -1\] do not split 6 samples"),
        (lambda: random_split(Squares(), [1.5, -0.5]), ValueError, "each must be between 0 and 1"),
        (lambda: random_split(IterableDataset(), [1]), TypeError, "IterableDataset has no __len__"),
    ],
)
def test_says_what_is_wrong(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()


# ---------------------------------------------------------------------------------------------- collating

Point = namedtuple("Point", ["x", "y"])
BATCHES: dict[str, Any] = {
    "ints": [1, 2, 3],
    "floats": [0.5, 1.5],
    "truths": [True, False],
    "text": ["a", "bc"],
    "bytes": [b"a", b"bc"],
    "arrays": [X[0], X[1]],
    "numpy numbers": [np.float32(1), np.float32(2)],
    "pairs": [(X[0], 1), (X[1], 2)],
    "lists": [[1, 2.0], [3, 4.0]],
    "dicts": [{"a": 1, "b": (0.5, X[0])}, {"a": 2, "b": (1.5, X[1])}],
    "named": [Point(0, 1.0), Point(2, 3.0)],
}


@pytest.mark.parametrize("name", BATCHES)
def test_default_collate_is_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch.utils.data")
    assert equal(data.default_collate(BATCHES[name]), torch.default_collate(BATCHES[name]))


@pytest.mark.parametrize("name", BATCHES)
def test_default_convert_is_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch.utils.data")
    assert equal(data.default_convert(BATCHES[name]), torch.default_convert(BATCHES[name]))


def test_tensors_are_collated_whoever_made_them() -> None:
    torch = pytest.importorskip("torch")
    for make in (cr.from_numpy, torch.from_numpy):
        batch = data.default_collate([(make(X[0]),), (make(X[1]),)])
        np.testing.assert_array_equal(batch[0].numpy(), X[:2])


@pytest.mark.parametrize(
    ("batch", "kind", "message"),
    [
        ([X[0], X[0, :1]], ValueError, r"unequal shapes, \(1, 2\) and \(2, 2\), make no batch"),
        ([(1, 2), (1, 2, 3)], ValueError, "unequal length, 2 and 3 values"),
        ([{1}, {2}], TypeError, "found set"),
        ([None], TypeError, "found NoneType"),
        ([np.array(["a"])], TypeError, "an array of <U1 cannot become a tensor"),
    ],
)
def test_says_what_makes_no_batch(batch: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        data.default_collate(batch)
