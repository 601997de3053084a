"""An epoch of MNIST from Python's start to its end: import, reading the files, training LeNet-5 in batches, last loss.

`measure` is for the process that measures; `main` is the program that it times.
"""

from __future__ import annotations

import gzip
import importlib
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .turns import PAUSE, Measurements, program, surroundings
from .worker import COMPILED, peak_memory, start, tell
from .works import TARGETS

__all__ = ["main", "measure"]

Array = npt.NDArray[Any]
WORK = TARGETS["lenet-64"]


def measure(engines: Sequence[str], files: Sequence[Path], rounds: int, threads: int) -> Measurements:
    """Whole runs of the program, in turns: time in ms, by the clock outside, memory in MiB, and the last loss."""
    found: Measurements = {engine: {} for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            time.sleep(PAUSE)
            began = time.perf_counter()
            run = subprocess.run(  # noqa: S603
                program("epoch", engine, str(threads), *map(str, files)),
                stdout=subprocess.PIPE, text=True, check=True, env=surroundings(threads),
            )  # fmt: skip
            took = {"": 1e3 * (time.perf_counter() - began)}
            for what, value in (took | json.loads(run.stdout)).items():
                found[engine].setdefault(what, []).append(value)
    return found


def main(engine: str, threads: str, images: str, labels: str) -> None:
    """One epoch on the files, for which the peers have a reader that trusts them and checks nothing."""
    module = start(engine, int(threads))
    if engine == "chainrule":
        data = importlib.import_module("chainrule.data.idx").read_images(Path(images), Path(labels))
        x, y = data.images, data.labels
    else:
        x, y = _read(images, 16).reshape(-1, 28, 28), _read(labels, 8)
    x, y = x[:, None] / np.float32(255), y.astype(np.int64)
    *_, loss = _training(module, engine, x, y)
    tell({"last loss": float(loss.item()), "peak memory": peak_memory()})


def _read(path: str, header: int) -> Array:
    with gzip.open(path) if path.endswith(".gz") else Path(path).open("rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def _training(module: Any, engine: str, x: Array, y: Array) -> Iterator[Any]:
    """The losses of the steps, over all full batches in a random order."""
    if engine == "jax":
        from . import plain_jax

        learn = plain_jax.learner(WORK)
        order = np.random.default_rng(0).permutation(len(x))
        for rows in order[: len(x) // WORK.batch * WORK.batch].reshape(-1, WORK.batch):
            yield learn(plain_jax.given(x[rows]), plain_jax.given(y[rows]))
        return
    from .training import learner

    learn = learner(module, WORK, compiled=engine in COMPILED)
    data = importlib.import_module("chainrule.data" if engine == "chainrule" else "torch.utils.data")
    rows = data.TensorDataset(module.from_numpy(x), module.from_numpy(y))
    for batch in data.DataLoader(rows, WORK.batch, shuffle=True, drop_last=True):
        yield learn(*batch)
