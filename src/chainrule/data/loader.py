"""DataLoader: a data set in batches, as tensors. An order and an augmentation that only seed and epoch decide."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.creation import from_numpy
from chainrule.ops import random

from .collate import default_collate, default_convert, stacked, tensors
from .dataset import IterableDataset, gather, samples
from .randomness import Draws, order_generator
from .sampler import BatchSampler, RandomSampler, SequentialSampler, generator_of, one_pass

__all__ = ["DataLoader", "Engine"]

Engine = Any
"""A module with PyTorch's API: `chainrule` itself, or `torch`."""
Task = Callable[[], Any]


@dataclass
class Pass:
    """One pass over the data: how far it is, and what it needs to be begun again."""

    epoch: int = 0
    position: int = 0
    """Batches handed out."""
    start: dict[str, Any] | None = None
    """Where the sampler's generator stood before the order was drawn."""
    due: bool = True
    """Whether the next iteration is this pass, as it was found or restored, and not the one after it."""


class DataLoader:
    """Batches of a data set, shuffled anew for every pass: `for x, y in DataLoader(dataset, 64, shuffle=True): ...`

    The arguments up to `in_order` are PyTorch's: batches of `batch_size` samples, or those of a `batch_sampler`; the
    last may be smaller, or is left out with `drop_last`; a batch that takes longer than `timeout` seconds is a
    RuntimeError; `worker_init_fn(i)` is called in each worker. What differs:

    - **Arrays.** Of a data set with `gather`, as TensorDataset, Subset and ConcatDataset, a batch is one copy.
    - **Randomness.** The order is drawn from (seed, epoch), the epoch being the number of passes begun before, unless
      the sampler has a `generator` of its own (NumPy's); so is what another sampler or a stream draws from chainrule's
      generator. `seed` is drawn from that one if not given.
    - **transform(batch, draws)** gets each batch as collated, in arrays, and `draws`, random numbers that depend on
      seed, epoch and the index of each sample (`Draws`); see `chainrule.data.transforms`. So an augmented batch is the
      same with and without workers. An index that comes twice in a pass comes with the same numbers.
    - **engine** is the module whose `from_numpy` makes the tensors, chainrule or torch. What `collate_fn` returns
      has its arrays made tensors too.
    - **num_workers** are threads: NumPy does most of its work without holding the interpreter's lock, and nothing has
      to be copied between processes. `prefetch_factor` batches for each are prepared ahead; they come in order, an
      error is raised when its batch is due. A stream (IterableDataset) is read in one thread, and read once.
    - **state_dict()** says where in the pass the loop stands; after `load_state_dict` the next iteration goes on
      there, with the very batches of an unbroken run. Batches prepared but not handed out do not count.

    `pin_memory`, `persistent_workers` and `in_order` are taken for PyTorch's sake and change nothing here; there is no
    `multiprocessing_context`.

    Errors: ValueError for options that exclude each other; TypeError for a generator that is not NumPy's.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: None = None,
        generator: np.random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        in_order: bool = True,
        seed: int | None = None,
        transform: Callable[[Any, Draws], Any] | None = None,
        engine: Engine = None,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        _check_seed(seed)
        _check_sampling(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if transform is not None and batch_size is None:
            raise ValueError("DataLoader: transform works on batches, and batch_size=None makes none")
        self.dataset, self.drop_last, self.num_workers = dataset, drop_last, num_workers
        self.batch_size = None if batch_sampler is not None else batch_size
        self.sampler = sampler if sampler is not None else _default_sampler(dataset, shuffle, generator)
        self.batch_sampler: Any = batch_sampler
        if batch_size is not None and batch_sampler is None:
            self.batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        self.collate_fn = collate_fn or (default_convert if self.batch_sampler is None else default_collate)
        self.prefetch_factor = prefetch_factor or (2 if num_workers else None)
        self.timeout, self.worker_init_fn = timeout, worker_init_fn
        self.seed = int(random.generator().integers(2**63)) if seed is None else int(seed)
        self.transform, self.engine = transform, engine
        self.generator = generator_of(self._indices)
        self._make = engine.from_numpy if engine else from_numpy
        self._pass = Pass()

    # ------------------------------------------------------------------------------------------ sizes, state

    @property
    def _indices(self) -> Any:
        """What gives the indices of a batch, or of a sample where there are no batches."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        """The number of batches in a pass; TypeError if data set or sampler do not know."""
        return len(self._indices)

    @property
    def samples(self) -> int:
        """The number of samples in a pass; of a batch_sampler of one's own, that of the data set."""
        if isinstance(self.batch_sampler, BatchSampler) and self.batch_sampler.drop_last:
            return len(self.batch_sampler) * self.batch_sampler.batch_size
        sampler: Any = getattr(self.batch_sampler, "sampler", self.sampler)
        return len(sampler)

    def state_dict(self) -> dict[str, Any]:
        """Where the latest pass stands, as numbers and text: seed, epoch, batches handed out, and its generator."""
        here = self._pass
        state: dict[str, Any] = {"seed": self.seed, "epoch": here.epoch, "position": here.position}
        if self.generator is not None:
            state["generator"] = here.start or _plain(self.generator.bit_generator.state)
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next iteration go on where another one, of equal data and options, stood at `state_dict`.

        Errors: ValueError for a state of a loader whose sampler has a generator, if this one's has none, or vice versa.
        """
        if missing := {"seed", "epoch", "position"} - state.keys():
            raise ValueError(f"load_state_dict(): not the state of a DataLoader: it lacks {', '.join(sorted(missing))}")
        if ("generator" in state) != (self.generator is not None):
            here, there = ("a", "no") if self.generator is not None else ("no", "a")
            raise ValueError(
                f"load_state_dict(): the sampler of this loader has {here} generator, the saved one {there}"
            )
        self.seed = state["seed"]
        self._pass = Pass(state["epoch"], state["position"], state.get("generator"))

    # ------------------------------------------------------------------------------------------ iteration

    def __iter__(self) -> Iterator[Any]:
        here = self._pass if self._pass.due else Pass(self._pass.epoch + 1)
        here.due, self._pass = False, here
        if self.generator is not None:
            if here.start:
                self.generator.bit_generator.state = here.start
            here.start = _plain(self.generator.bit_generator.state)
        tasks = self._stream(here) if isinstance(self.dataset, IterableDataset) else self._map(here)
        return self._hand_out(here, tasks)

    def _hand_out(self, here: Pass, tasks: Iterator[Task]) -> Iterator[Any]:
        with closing(self._in_threads(tasks) if self.num_workers else (task() for task in tasks)) as batches:
            for batch in batches:
                here.position += 1
                yield batch
        if self._pass is here:
            self._pass = Pass(here.epoch + 1)

    def _in_threads(self, tasks: Iterator[Task]) -> Generator[Any]:
        """The results in order. However this ends, what has not begun is dropped, and no thread stays."""
        ids, begin = itertools.count(), self.worker_init_fn
        pool = ThreadPoolExecutor(self.num_workers, "DataLoader", (lambda: begin(next(ids))) if begin else None)
        ahead = self.num_workers * (self.prefetch_factor or 1)
        futures = _submitted(pool, tasks)
        try:
            waiting = deque(itertools.islice(futures, ahead))
            while waiting:
                batch = self._wait(waiting.popleft())
                waiting.extend(itertools.islice(futures, 1))
                yield batch
        finally:
            pool.shutdown(wait=not self.timeout, cancel_futures=True)

    def _wait(self, future: Future[Any]) -> Any:
        try:
            return future.result(self.timeout or None)
        except TimeoutError:
            if future.done():  # it was the worker's own
                raise
            raise RuntimeError(f"DataLoader: a batch took more than timeout={self.timeout} seconds") from None

    # ------------------------------------------------------------------------------------------ one batch

    def _map(self, here: Pass) -> Iterator[Task]:
        """What is to be done for the batches that are left, of a data set with indices."""
        rows = one_pass(self._indices, order_generator(self.seed, here.epoch))
        load = self._sample if self.batch_sampler is None else self._batch
        return (partial(load, here.epoch, row) for row in itertools.islice(rows, here.position, None))

    def _stream(self, here: Pass) -> Iterator[Task]:
        """The same of a stream; its samples count as if they had indices."""
        size = self.batch_size or 1
        start = here.position * size
        read = random.drawn_from(order_generator(self.seed, here.epoch), self.dataset)
        stream = itertools.islice(read, start, None)
        while rows := list(itertools.islice(stream, size)):
            if self.batch_size is None:
                yield partial(self._converted, rows[0])
            elif len(rows) == size or not self.drop_last:
                yield partial(self._batch, here.epoch, range(start, start + len(rows)), rows)
            start += len(rows)

    def _batch(self, epoch: int, indices: Any, rows: Sequence[Any] | None = None) -> Any:
        if self.collate_fn is default_collate:
            batch = gather(self.dataset, indices) if rows is None else stacked(rows)
        else:
            batch = self.collate_fn(samples(self.dataset, indices) if rows is None else rows)
        if self.transform is not None:
            batch = self.transform(batch, Draws(self.seed, epoch, indices))
        return tensors(batch, self._make)

    def _sample(self, epoch: int, index: Any) -> Any:
        return self._converted(self.dataset[index])

    def _converted(self, sample: Any) -> Any:
        return tensors(sample if self.collate_fn is default_convert else self.collate_fn(sample), self._make)


def _submitted(pool: ThreadPoolExecutor, tasks: Iterator[Task]) -> Iterator[Future[Any]]:
    """The tasks, begun; an error of sampler or stream, which are read ahead, keeps its place among them."""
    try:
        for task in tasks:
            yield pool.submit(task)
    except Exception as problem:
        failed: Future[Any] = Future()
        failed.set_exception(problem)
        yield failed


def _default_sampler(dataset: Any, shuffle: bool | None, generator: Any) -> Any:
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _plain(state: Any) -> Any:
    """A generator's state as JSON has it: arrays as lists."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state


def _check_workers(workers: int, timeout: float, prefetch: int | None, persistent: bool, context: Any) -> None:
    if workers < 0 or timeout < 0:
        raise ValueError(f"DataLoader: num_workers={workers}, timeout={timeout}: neither can be negative")
    if prefetch is not None and (prefetch < 1 or not workers):
        raise ValueError(f"DataLoader: prefetch_factor={prefetch}: at least 1 is needed, and num_workers above 0")
    if persistent and not workers:
        raise ValueError("DataLoader: persistent_workers=True needs num_workers above 0")
    if context is not None:
        raise ValueError("DataLoader: workers are threads, so there is no multiprocessing_context")


def _check_seed(seed: Any) -> None:
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise ValueError(f"DataLoader: seed={seed}: a whole number of at least 0 is needed")


def _check_sampling(
    dataset: Any, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if isinstance(dataset, IterableDataset) and (shuffle or sampler is not None or batch_sampler is not None):
        raise ValueError("DataLoader: a stream (IterableDataset) comes in its own order: no shuffle, no sampler")
    if shuffle and sampler is not None:
        raise ValueError("DataLoader: shuffle and sampler exclude each other: both say what the order is")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("DataLoader: batch_sampler excludes batch_size, shuffle, sampler and drop_last")
    if batch_size is None and drop_last:
        raise ValueError("DataLoader: batch_size=None makes no batches, so drop_last cannot drop one")
