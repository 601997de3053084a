"""What is measured: each work is a function of an engine, a module with PyTorch's API, and returns a round to be timed.

A round gives its measurements by name, in the work's unit.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["UNITS", "WORKS", "Round"]

Round = Callable[[], dict[str, float]]


def lenet(engine: Any, batch: int, steps: int = 100) -> Round:
    """A training step of LeNet-5: forward, backward, update by SGD with momentum; the median of `steps`, in ms."""
    nn = engine.nn
    engine.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    optimizer = engine.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    draw = np.random.default_rng(0)
    x = engine.from_numpy(draw.standard_normal((batch, 1, 28, 28), dtype=np.float32))
    target = engine.from_numpy(draw.integers(0, 10, batch))

    def step() -> None:
        optimizer.zero_grad()
        criterion(model(x), target).backward()
        optimizer.step()

    for _ in range(20):
        step()
    return lambda: {f"LeNet-5 step, batch {batch}": 1e3 * statistics.median(_times(step, steps))}


def tape(engine: Any, batch: int, length: int = 100, repeats: int = 50) -> Round:
    """A chain of `length` operators on 8 numbers, recorded and walked back; the median, in µs for each operator."""
    x = engine.from_numpy(np.linspace(-1, 1, 8, dtype=np.float32)).requires_grad_()
    ones = engine.ones(8)

    def forward() -> Any:
        y = x
        for _ in range(length):
            y = engine.relu(y)
        return y

    def round_() -> dict[str, float]:
        per_operator = 1e6 / length
        return {
            "relu of 8 numbers, forward": per_operator * statistics.median(_times(forward, repeats)),
            "relu of 8 numbers, backward": per_operator
            * statistics.median(_times(lambda y: y.backward(ones), repeats, lambda: (forward(),))),
            **_array_work(engine, length, repeats),
        }

    return round_


def _array_work(engine: Any, length: int, repeats: int) -> dict[str, float]:
    """The same arithmetic without a tape, to be taken off. Only chainrule's kernels can be called bare."""
    if engine.__name__ != "chainrule":
        return {}
    from chainrule.autograd import PRIMITIVES
    from chainrule.native import core

    x = np.linspace(-1, 1, 8, dtype=np.float32)
    relu = PRIMITIVES["activation.relu"]
    kernel = (relu.override if core else None) or relu.reference

    def work() -> None:
        for _ in range(length):
            kernel(x)

    return {"relu of 8 numbers, arrays only": 1e6 / length * statistics.median(_times(work, repeats))}


def loader(engine: Any, batch: int, rows: int = 60_000) -> Round:
    """A shuffled pass over data of MNIST's shape, images and labels, without workers; in µs for each batch."""
    data = importlib.import_module("chainrule.data" if engine.__name__ == "chainrule" else "torch.utils.data")
    draw = np.random.default_rng(0)
    pixels, labels = draw.integers(0, 256, (rows, 1, 28, 28), np.uint8), draw.integers(0, 10, rows)
    loaders = {
        str(x.dtype): data.DataLoader(data.TensorDataset(*map(engine.from_numpy, (x, labels))), batch, shuffle=True)
        for x in (pixels, pixels.astype(np.float32))
    }

    def per_batch(loader: Any) -> float:
        return 1e6 * min(_times(lambda: deque(loader, maxlen=0), 2)) / len(loader)

    return lambda: {f"MNIST, {kind}, batch {batch}": per_batch(loader) for kind, loader in loaders.items()}


def _times(f: Callable[..., Any], n: int, prepare: Callable[[], tuple[Any, ...]] = tuple) -> list[float]:
    """Seconds of n calls f(*prepare()), preparation and garbage collector left out."""
    times = []
    gc.collect()
    gc.disable()
    for _ in range(n):
        arguments = prepare()
        start = time.perf_counter()
        f(*arguments)
        times.append(time.perf_counter() - start)
    gc.enable()
    return times


WORKS: dict[str, Callable[[Any, int], Round]] = {"lenet": lenet, "tape": tape, "loader": loader}
UNITS = {"lenet": "ms", "tape": "µs", "loader": "µs"}
