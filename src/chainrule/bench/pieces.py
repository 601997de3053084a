"""Pieces of work that are no training step: a product of matrices, the tape's own cost, a pass of the data loader."""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .works import Work

__all__ = ["PIECES", "Timed"]


class Timed(NamedTuple):
    """What is timed: run(*before()), without the time of `before`; `per` of the things that count are done at once."""

    run: Callable[..., Any]
    before: Callable[[], tuple[Any, ...]] = tuple
    per: float = 1


def gemm(engine: Any, work: Work) -> dict[str, Timed]:
    """The product of two square matrices."""
    draw = np.random.default_rng(0)
    a, b = (draw.standard_normal((work.width, work.width), np.float32) for _ in range(2))
    if engine.__name__ == "jax":
        a, b, product = engine.numpy.asarray(a), engine.numpy.asarray(b), engine.jit(engine.numpy.matmul)
        return {"": Timed(lambda: product(a, b).block_until_ready())}
    a, b = engine.from_numpy(a), engine.from_numpy(b)
    return {"": Timed(lambda: engine.matmul(a, b))}


def tape(engine: Any, work: Work) -> dict[str, Timed]:
    """A chain of `length` operators on 8 numbers, recorded and walked back."""
    x = engine.from_numpy(np.linspace(-1, 1, 8, dtype=np.float32)).requires_grad_()
    ones = engine.ones(8)

    def forward() -> Any:
        y = x
        for _ in range(work.length):
            y = engine.relu(y)
        return y

    return {
        "relu of 8 numbers, forward": Timed(forward, per=work.length),
        "relu of 8 numbers, backward": Timed(lambda y: y.backward(ones), lambda: (forward(),), work.length),
        **_arrays_only(engine, work.length),
    }


def _arrays_only(engine: Any, length: int) -> dict[str, Timed]:
    """The same arithmetic without a tape, to be taken off. Only chainrule's kernels can be called bare."""
    if engine.__name__ != "chainrule":
        return {}
    relu, core = engine.autograd.PRIMITIVES["activation.relu"], engine.native.core
    x = np.linspace(-1, 1, 8, dtype=np.float32)
    kernel = (relu.override if core else None) or relu.reference

    def run() -> None:
        for _ in range(length):
            kernel(x)

    return {"relu of 8 numbers, arrays only": Timed(run, per=length)}


def loader(engine: Any, work: Work) -> dict[str, Timed]:
    """A shuffled pass over `length` rows of MNIST's shape, images and labels, without workers."""
    data = importlib.import_module("chainrule.data" if engine.__name__ == "chainrule" else "torch.utils.data")
    draw = np.random.default_rng(0)
    pixels, labels = draw.integers(0, 256, (work.length, 1, 28, 28), np.uint8), draw.integers(0, 10, work.length)

    def one_pass(x: Any) -> Timed:
        loader = data.DataLoader(data.TensorDataset(*map(engine.from_numpy, (x, labels))), work.batch, shuffle=True)
        return Timed(lambda: deque(loader, maxlen=0), per=len(loader))

    return {f"MNIST, {x.dtype}, batch {work.batch}": one_pass(x) for x in (pixels, pixels.astype(np.float32))}


PIECES: dict[str, Callable[[Any, Work], dict[str, Timed]]] = {"gemm": gemm, "tape": tape, "loader": loader}
