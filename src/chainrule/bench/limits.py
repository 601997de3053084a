"""What the machine can do at most, measured: multiply-adds on registers, copies in memory; and what a step asks for."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

import chainrule
from chainrule.bench.models import MODELS, batch
from chainrule.bench.training import build, step
from chainrule.bench.works import Work
from chainrule.native import core, get_num_threads, set_num_threads
from chainrule.nn.summary import trace
from chainrule.profiling import profile

__all__ = ["Costs", "Machine", "costs", "machine"]

SLOTS = {"SGD": 1, "Adam": 2, "Adagrad": 1}
"""Numbers that an optimizer keeps for each weight."""


class Machine(NamedTuple):
    """The rates of so many threads."""

    flops: float
    """A second, in float32."""
    bytes: float
    """A second, read or written."""


class Costs(NamedTuple):
    """What a training step cannot do without."""

    flops: int
    """Of matrices, convolutions and recurrent layers, forward and backward, as `profile` counts them.

    Convolutions count as they are defined; Winograd's way multiplies less.
    """
    bytes: int
    """Weights and the optimizer's numbers, read and written once; activations, written once and read once."""

    def milliseconds(self, machine: Machine) -> tuple[float, float]:
        """The least time for the FLOPs, and for the bytes where they do not stay in the caches."""
        return 1e3 * self.flops / machine.flops, 1e3 * self.bytes / machine.bytes


@functools.cache
def machine(threads: int, work: int = 1 << 20, megabytes: int = 256) -> Machine:
    """Measure the rates: the best of several tries, for whatever disturbs makes them less."""
    before = get_num_threads()
    set_num_threads(threads)
    try:
        flops = _products if core is None else lambda: core.multiply_adds(4 * threads, work)
        return Machine(_best(flops), _best(_copies(threads, megabytes << 20)))
    finally:
        set_num_threads(before)


def costs(work: Work) -> Costs:
    """Of one step of a work, counted by doing it once, compiled as it is measured."""
    once = step(chainrule, work, compiled=True)
    with profile(quiet=True) as counted:
        once()
    model = MODELS[work.kind](work.width)
    network = build(chainrule, model)
    x = chainrule.from_numpy(batch(model, work.batch, work.length)[0])
    activations = sum(layer.activation_bytes for layer in trace(chainrule, network, x))
    weights = sum(p.array.nbytes for p in network.parameters())
    return Costs(
        sum(row.flops or 0 for row in counted.rows), 2 * weights * (1 + SLOTS[work.optimizer]) + 2 * activations
    )


def _best(run: Callable[[], float], tries: int = 5) -> float:
    """The greatest of what `run` says it did, in a second."""
    rates = []
    for _ in range(tries):
        start = time.perf_counter()
        done = run()
        rates.append(done / (time.perf_counter() - start))
    return max(rates)


def _products(n: int = 1024) -> float:
    """On the reference tier NumPy's product of matrices must do."""
    a = np.ones((n, n), np.float32)
    a @ a
    return 2.0 * n**3


def _copies(threads: int, size: int) -> Callable[[], float]:
    """Copies of an array too large for the caches, a part for each thread: read once, written once."""
    source, target = np.ones(size, np.uint8), np.zeros(size, np.uint8)
    parts = list(zip(np.array_split(source, threads), np.array_split(target, threads), strict=True))
    pool = ThreadPoolExecutor(threads)

    def run() -> float:
        list(pool.map(lambda part: np.copyto(part[1], part[0]), parts))
        return 2.0 * size

    return run
