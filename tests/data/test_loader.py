"""DataLoader: which batches come, in which order, whoever prepares them and wherever the loop was broken off."""

import _thread
import contextlib
import gc
import json
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    Draws,
    IterableDataset,
    RandomSampler,
    Sampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

X = np.arange(23 * 3, dtype=np.float32).reshape(23, 3)
Y = np.arange(23)
PAIRS = TensorDataset(X, Y)
WORKERS = pytest.mark.parametrize("workers", [0, 1, 3])


class Rows(Dataset[Any]):
    """A data set without arrays, some of whose samples may take their time."""

    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        time.sleep(0.002 * (index % 3 == 0))
        return X[index], index


class Stream(IterableDataset[Any]):
    """23 samples in a row."""

    def __iter__(self) -> Iterator[Any]:
        return iter(zip(X, Y.tolist(), strict=True))


class Endless(Stream):
    def __len__(self) -> int:
        return 23


def noisy(batch: list[Any], draws: Draws) -> list[Any]:
    """An augmentation: every sample gets noise."""
    x, y = batch
    return [x + draws.normal(0, 1, 3), y]


def seen(loader: Any) -> list[list[Any]]:
    """One pass, in lists."""
    return [[column.tolist() for column in batch] for batch in loader]


def threads() -> list[str]:
    """The threads that loaders have left."""
    gc.collect()
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("DataLoader")]


# ---------------------------------------------------------------------------------------------- what comes


@WORKERS
@pytest.mark.parametrize("dataset", [PAIRS, Rows(), Stream(), list(zip(X, Y, strict=True))])
@pytest.mark.parametrize("drop_last", [True, False])
def test_batches_are_pytorchs(dataset: Any, drop_last: bool, workers: int) -> None:
    torch = pytest.importorskip("torch.utils.data")
    loader = DataLoader(dataset, 5, drop_last=drop_last, num_workers=workers)
    assert seen(loader) == seen(torch.DataLoader(list(zip(X, Y, strict=True)), 5, drop_last=drop_last))
    for x, y in loader:
        assert isinstance(x, cr.Tensor)
        assert (x.dtype, y.dtype) == (cr.float32, cr.int64)


def test_batches_are_of_the_engine() -> None:
    torch = pytest.importorskip("torch")
    for dataset in (PAIRS, Rows()):
        for x, y in DataLoader(dataset, 5, engine=torch):
            assert isinstance(x, torch.Tensor)
            assert isinstance(y, torch.Tensor)
    assert isinstance(next(iter(DataLoader(PAIRS, None, engine=torch)))[0], torch.Tensor)


def test_sizes() -> None:
    assert (len(DataLoader(PAIRS, 5)), DataLoader(PAIRS, 5).samples) == (5, 23)
    assert (len(DataLoader(PAIRS, 5, drop_last=True)), DataLoader(PAIRS, 5, drop_last=True).samples) == (4, 20)
    assert (len(DataLoader(PAIRS, None)), DataLoader(PAIRS, None).samples) == (23, 23)
    assert (len(DataLoader(Endless(), 5)), DataLoader(Endless(), 5).samples) == (5, 23)
    some = DataLoader(PAIRS, batch_sampler=[[1, 2], [3]])
    assert (len(some), some.samples) == (2, 23)
    with pytest.raises(TypeError, match=r"'Stream' has no len\(\)"):
        len(DataLoader(Stream(), 5))


@WORKERS
def test_samplers_say_what_comes(workers: int) -> None:
    chosen = [seen(DataLoader(PAIRS, 2, sampler=[4, 2, 7], num_workers=workers))]
    chosen += [seen(DataLoader(PAIRS, batch_sampler=[[4, 2], [7]], num_workers=workers))]
    chosen += [seen(DataLoader(PAIRS, batch_sampler=BatchSampler([4, 2, 7], 2, False), num_workers=workers))]
    for batches in chosen:
        assert [y for _, y in batches] == [[4, 2], [7]]


@WORKERS
def test_without_a_batch_size_samples_come(workers: int) -> None:
    for dataset in (PAIRS, Rows(), Stream()):
        samples = list(DataLoader(dataset, None, num_workers=workers))
        assert [int(y) for _, y in samples] == Y.tolist()
        assert [x.tolist() for x, _ in samples] == X.tolist()


@WORKERS
def test_collate_fn_gets_samples_and_its_arrays_become_tensors(workers: int) -> None:
    def padded(samples: list[Any]) -> dict[str, Any]:
        return {"sum": np.stack([x for x, _ in samples]).sum(0), "labels": [int(y) for _, y in samples], "text": "a"}

    first, *_ = DataLoader(PAIRS, 2, collate_fn=padded, num_workers=workers)
    assert isinstance(first["sum"], cr.Tensor)
    assert first["sum"].tolist() == (X[0] + X[1]).tolist()
    assert first["labels"] == [0, 1]
    assert first["text"] == "a"


def test_keys_need_not_be_numbers() -> None:
    loader = DataLoader({"a": 1.0, "b": 2.0}, 2, sampler=["b", "a"])
    assert [batch.tolist() for batch in loader] == [[2.0, 1.0]]


def test_a_transform_gets_arrays_and_the_draws_of_its_samples() -> None:
    def transform(batch: Any, draws: Draws) -> Any:
        assert type(batch[0]) is np.ndarray
        return [*batch, draws.uniform()]

    loader = DataLoader(PAIRS, 5, shuffle=True, seed=8, transform=transform)
    for epoch in range(2):
        for _, y, drawn in loader:
            assert drawn.tolist() == Draws(8, epoch, y.numpy()).uniform().tolist()


# ---------------------------------------------------------------------------------------------- order and chance


def test_the_order_is_of_seed_and_epoch() -> None:
    def passes(seed: int) -> list[Any]:
        loader = DataLoader(PAIRS, 5, shuffle=True, seed=seed)
        return [[i for _, y in seen(loader) for i in y] for _ in range(2)]

    first, second = passes(1)
    assert sorted(first) == sorted(second) == Y.tolist()
    assert first == np.random.default_rng((1, 0)).permutation(23).tolist()
    assert second == np.random.default_rng((1, 1)).permutation(23).tolist()
    assert passes(2) != [first, second]


def test_without_a_seed_chainrules_decides() -> None:
    passes = []
    for seed in (1, 1, 2):
        cr.manual_seed(seed)
        passes.append(seen(DataLoader(PAIRS, 5, shuffle=True)))
    assert passes[0] == passes[1] != passes[2]


def test_a_generator_draws_the_order_and_goes_on() -> None:
    loader = DataLoader(PAIRS, 23, shuffle=True, generator=np.random.default_rng(3))
    expected = np.random.default_rng(3)
    for _ in range(2):
        ((_, y),) = seen(loader)
        assert y == expected.permutation(23).tolist()


def test_augmentation_depends_on_neither_workers_nor_batches_nor_order() -> None:
    """Sample 7 of epoch 1 has its noise, in whatever batch, whoever prepares it."""

    def noise(**options: Any) -> dict[int, list[float]]:
        loader = DataLoader(PAIRS, seed=5, transform=noisy, **options)
        list(loader)
        return {int(i): row.tolist() for x, y in loader for i, row in zip(y.numpy(), x.numpy(), strict=True)}

    plain = noise(batch_size=23)
    assert plain == noise(batch_size=4, shuffle=True) == noise(batch_size=6, num_workers=3, sampler=range(22, -1, -1))
    assert plain == noise(batch_size=5, shuffle=True, generator=np.random.default_rng(0))


@pytest.mark.parametrize("dataset", [PAIRS, Rows(), Stream(), Subset(Rows(), range(3, 20))])
def test_batches_are_the_same_with_and_without_workers(dataset: Any) -> None:
    shuffle = not isinstance(dataset, Stream)
    loaders = [DataLoader(dataset, 4, shuffle, num_workers=n, seed=1, transform=noisy) for n in (0, 1, 4)]
    for _ in range(2):
        first, *others = [seen(loader) for loader in loaders]
        assert all(other == first for other in others)


def test_loops_within_loops_have_passes_of_their_own() -> None:
    loader = DataLoader(PAIRS, 8, shuffle=True, seed=0)
    pairs = [(a.tolist(), b.tolist()) for (_, a), (_, b) in zip(loader, loader, strict=True)]
    again = DataLoader(PAIRS, 8, shuffle=True, seed=0)
    assert [[a for a, _ in pairs], [b for _, b in pairs]] == [[y for _, y in seen(again)] for _ in range(2)]


# ---------------------------------------------------------------------------------------------- broken off, gone on

OPTIONS: dict[str, Any] = {
    "in order": dict,
    "shuffled": lambda: {"shuffle": True},
    "generator": lambda: {"shuffle": True, "generator": np.random.default_rng(1)},
    "twister": lambda: {"shuffle": True, "generator": np.random.Generator(np.random.MT19937(1))},
    "dropped": lambda: {"shuffle": True, "drop_last": True},
    "weighted": lambda: {"sampler": WeightedRandomSampler(np.arange(23), 20)},
    "subset": lambda: {"sampler": SubsetRandomSampler(range(3, 23), np.random.default_rng(2))},
    "foreign": lambda: {"sampler": range(22, -1, -1)},
    "batches": lambda: {"batch_size": 1, "batch_sampler": BatchSampler(RandomSampler(PAIRS), 4, False)},
    "foreign batches": lambda: {"batch_size": 1, "batch_sampler": [[1, 2], [3], [4, 5], [6], [7, 8]]},
    "stream": lambda: {"dataset": Stream()},
}


def made(name: str, workers: int, **more: Any) -> DataLoader:
    options = {"dataset": PAIRS, "batch_size": 4, "num_workers": workers, "transform": noisy, "seed": 9}
    return DataLoader(**(options | OPTIONS[name]() | more))


@pytest.mark.parametrize("name", OPTIONS)
def test_goes_on_where_it_stood(name: str) -> None:
    """At every batch of two passes: the state goes through JSON, and another loader gives all that is left."""
    unbroken = made(name, 0)
    passes = [seen(unbroken), seen(unbroken), seen(unbroken)]
    for epoch in range(2):
        for position in range(len(passes[epoch]) + 1):
            workers = 2 * (position % 2)
            loader = made(name, workers)
            for _ in range(epoch):
                seen(loader)
            some = [next(batches) for batches in [iter(loader)] for _ in range(position)]
            state = json.loads(json.dumps(loader.state_dict()))
            assert (state["epoch"], state["position"]) == (epoch, position)
            other = made(name, 2 - workers, seed=1234)
            other.load_state_dict(state)
            assert other.state_dict() == state
            assert seen(some) + seen(other) == passes[epoch]
            assert seen(other) == passes[epoch + 1]


class Drawing(Sampler[int]):
    """A sampler of one's own, which draws from chainrule's generator as it goes."""

    def __len__(self) -> int:
        return 20

    def __iter__(self) -> Iterator[int]:
        yield from cr.randperm(10).tolist()
        yield from (int(cr.randint(0, 10, (1,)).item()) for _ in range(10))


class Noise(IterableDataset[Any]):
    """A stream that draws as it goes."""

    def __iter__(self) -> Iterator[Any]:
        return (cr.rand(2) for _ in range(20))


def noise_or_rows(kind: str, workers: int) -> DataLoader:
    if kind == "stream":
        return DataLoader(Noise(), 3, seed=1, num_workers=workers)
    return DataLoader(np.arange(10.0), 3, sampler=Drawing(), seed=1, num_workers=workers)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["sampler", "stream"])
def test_what_others_draw_from_chainrules_generator_is_of_seed_and_epoch_too(kind: str, workers: int) -> None:
    loader = noise_or_rows(kind, workers)
    before = cr.get_rng_state()
    first, second = ([batch.tolist() for batch in loader] for _ in range(2))
    assert first != second
    assert cr.get_rng_state() == before

    iterator, resumed = iter(noise_or_rows(kind, 0)), noise_or_rows(kind, workers)
    assert [next(iterator).tolist() for _ in range(4)] == first[:4]
    resumed.load_state_dict({"seed": 1, "epoch": 0, "position": 4})
    assert [batch.tolist() for batch in resumed] == first[4:]


def test_between_passes_the_next_one_is_due() -> None:
    loader = made("shuffled", 0)
    assert loader.state_dict() == {"seed": 9, "epoch": 0, "position": 0}
    seen(loader)
    assert loader.state_dict() == {"seed": 9, "epoch": 1, "position": 0}


def test_after_a_break_a_new_pass_begins() -> None:
    loader, unbroken = made("shuffled", 0), made("shuffled", 0)
    for _ in loader:
        break
    seen(unbroken)
    assert loader.state_dict()["position"] == 1
    assert seen(loader) == seen(unbroken)


def test_batches_prepared_ahead_do_not_count() -> None:
    loader = made("shuffled", 2, prefetch_factor=3)
    batches = iter(loader)
    assert loader.state_dict()["position"] == 0
    next(batches)
    time.sleep(0.02)
    assert loader.state_dict()["position"] == 1


def test_a_state_that_does_not_fit_is_told() -> None:
    plain, drawn = made("shuffled", 0), made("generator", 0)
    with pytest.raises(ValueError, match="the sampler of this loader has no generator, the saved one a"):
        plain.load_state_dict(drawn.state_dict())
    with pytest.raises(ValueError, match="the sampler of this loader has a generator, the saved one no"):
        drawn.load_state_dict(plain.state_dict())
    with pytest.raises(ValueError, match="not the state of a DataLoader: it lacks epoch, position"):
        plain.load_state_dict({"seed": 1})


# ---------------------------------------------------------------------------------------------- threads


def test_workers_prepare_so_many_batches_ahead_and_no_more() -> None:
    begun = []
    loader = DataLoader(PAIRS, 1, num_workers=2, prefetch_factor=3, transform=lambda b, d: begun.append(1) or b)
    batches = iter(loader)
    assert not begun
    for handed_out in (1, 2, 3):
        next(batches)
        deadline = time.monotonic() + 5
        while len(begun) < handed_out + 6 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert len(begun) == handed_out + 6


def test_workers_are_threads_of_their_own_and_are_told_their_number() -> None:
    told: list[tuple[int, str]] = []
    names = set()

    def note(batch: Any, draws: Draws) -> Any:
        names.add(threading.current_thread().name)
        time.sleep(0.001)
        return batch

    def begin(worker: int) -> None:
        told.append((worker, threading.current_thread().name))

    seen(DataLoader(PAIRS, 1, num_workers=3, transform=note, worker_init_fn=begin))
    assert sorted(worker for worker, _ in told) == [0, 1, 2]
    assert names <= {name for _, name in told}
    assert threading.current_thread().name not in names


@WORKERS
def test_an_error_comes_when_its_batch_is_due_with_its_traceback(workers: int) -> None:
    def culprit(batch: Any, draws: Draws) -> Any:
        if 11 in batch[1]:
            raise LookupError("sample 11 is broken")
        return batch

    batches = iter(DataLoader(PAIRS, 4, num_workers=workers, transform=culprit))
    assert [next(batches)[1].tolist(), next(batches)[1].tolist()] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(LookupError, match="sample 11 is broken") as error:
        next(batches)
    assert "in culprit" in "".join(traceback.format_exception(error.value))
    assert not threads()


@WORKERS
@pytest.mark.parametrize("where", ["stream", "batch_sampler"])
def test_an_error_of_what_is_read_ahead_comes_when_its_batch_is_due(where: str, workers: int) -> None:
    class Broken(Stream):
        def __iter__(self) -> Iterator[Any]:
            yield from ((x, y) for x, y in super().__iter__() if y < 8)
            raise LookupError("the line is down")

    class BrokenSampler:
        def __iter__(self) -> Iterator[Any]:
            yield from ([0, 1, 2, 3], [4, 5, 6, 7])
            raise LookupError("the line is down")

    options: Any = {"dataset": Broken(), "batch_size": 4} if where == "stream" else {"batch_sampler": BrokenSampler()}
    batches = iter(DataLoader(**({"dataset": PAIRS, "num_workers": workers} | options)))
    assert [next(batches)[1].tolist(), next(batches)[1].tolist()] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(LookupError, match="the line is down"):
        next(batches)
    assert not threads()


def test_no_thread_stays() -> None:
    loader = DataLoader(Rows(), 2, num_workers=3)
    seen(loader)
    assert not threads()
    for _ in loader:
        assert threads()
        break
    assert not threads()
    batches = iter(loader)
    next(batches)
    del batches
    assert not threads()
    with contextlib.suppress(LookupError):
        for _ in loader:
            raise LookupError
    gc.collect()
    assert not threads()


def test_ctrl_c_ends_the_workers_too() -> None:
    def press(batch: Any, draws: Draws) -> Any:
        if 8 in batch[1]:
            _thread.interrupt_main()
        time.sleep(0.005)
        return batch

    with pytest.raises(KeyboardInterrupt):
        seen(DataLoader(PAIRS, 1, num_workers=2, transform=press))
    assert not threads()


def test_a_batch_that_takes_too_long_is_told() -> None:
    release = threading.Event()

    def stuck(batch: Any, draws: Draws) -> Any:
        release.wait(10)
        return batch

    with pytest.raises(RuntimeError, match=r"a batch took more than timeout=0\.01 seconds"):
        seen(DataLoader(PAIRS, 4, num_workers=1, timeout=0.01, transform=stuck))
    release.set()


def test_a_workers_own_timeout_is_not_ours() -> None:
    def late(batch: Any, draws: Draws) -> Any:
        raise TimeoutError("the server")

    with pytest.raises(TimeoutError, match="the server"):
        seen(DataLoader(PAIRS, 4, num_workers=1, timeout=5, transform=late))


# ---------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": -1}, "num_workers=-1, timeout=0: neither can be negative"),
        ({"timeout": -1}, "timeout=-1: neither"),
        ({"prefetch_factor": 2}, "prefetch_factor=2: at least 1 is needed, and num_workers above 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, "prefetch_factor=0"),
        ({"persistent_workers": True}, "persistent_workers=True needs num_workers above 0"),
        ({"num_workers": 1, "multiprocessing_context": "fork"}, "workers are threads"),
        ({"batch_size": 0}, "batch_size=0: a whole number of at least 1"),
        ({"shuffle": True, "sampler": [1]}, "shuffle and sampler exclude each other"),
        ({"batch_sampler": [[1]], "batch_size": 2}, "batch_sampler excludes batch_size"),
        ({"batch_sampler": [[1]], "shuffle": True}, "batch_sampler excludes"),
        ({"batch_sampler": [[1]], "sampler": [1]}, "batch_sampler excludes"),
        ({"batch_sampler": [[1]], "drop_last": True}, "batch_sampler excludes"),
        ({"batch_size": None, "drop_last": True}, "batch_size=None makes no batches"),
        ({"batch_size": None, "transform": noisy}, "transform works on batches"),
        ({"dataset": Stream(), "shuffle": True}, "a stream .* comes in its own order"),
        ({"dataset": Stream(), "sampler": [1]}, "a stream .* comes in its own order"),
        ({"dataset": Stream(), "batch_sampler": [[1]]}, "a stream .* comes in its own order"),
        ({"seed": -1}, "seed=-1: a whole number of at least 0"),
        ({"seed": 0.5}, r"seed=0\.5: a whole number of at least 0"),
    ],
)
def test_says_what_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DataLoader(**({"dataset": PAIRS} | options))


def test_other_mistakes() -> None:
    with pytest.raises(TypeError, match="generator must be NumPy's"):
        DataLoader(PAIRS, shuffle=True, generator=object())  # type: ignore[arg-type]
    with pytest.raises(IndexError, match="indices 3 to 23 were asked for; there are 23 samples"):
        seen(DataLoader(PAIRS, 2, sampler=[3, 23]))
    with pytest.raises(TypeError, match="the indices of samples must be whole numbers"):
        seen(DataLoader({"a": 1}, sampler=["a"], transform=noisy))
    with pytest.raises(ValueError, match="Give DataLoader a collate_fn that pads"):
        seen(DataLoader([np.zeros(2), np.zeros(3)], 2))


def test_default_collate_may_be_named() -> None:
    assert seen(DataLoader(PAIRS, 5, collate_fn=default_collate)) == seen(DataLoader(PAIRS, 5))


def test_a_stream_may_seed_the_generator_itself() -> None:
    class Seeded(IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            cr.manual_seed(7)
            for _ in range(3):
                yield cr.rand(1).numpy()

    plain = [x.tolist() for x in Seeded()]
    assert [batch.tolist() for batch in DataLoader(Seeded(), None)] == plain
