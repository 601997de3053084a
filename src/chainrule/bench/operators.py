"""Operators at the shapes that labs use, each timed alone, forward and backward: `chainrule bench operators`.

A table as data: what is called, and on which inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from .models import MODELS
from .pieces import Timed
from .training import build
from .works import Work

__all__ = ["CASES", "Case", "operators"]

Maker = Callable[[Any], Callable[..., Any]]
"""engine -> a function of its tensors"""


class Fixed(NamedTuple):
    """An input whose gradient nobody wants, such as images."""

    shape: tuple[int, ...]


class Whole(NamedTuple):
    """An input of whole numbers below a limit."""

    limit: int
    shape: tuple[int, ...]


Input = tuple[int, ...] | Fixed | Whole


class Case(NamedTuple):
    """An operator and the inputs that it is timed on; of a tuple of outputs the first goes on."""

    name: str
    make: Maker
    inputs: tuple[Input, ...]

    @property
    def title(self) -> str:
        """linear 100×784, 512×784, 512"""
        shapes = (i.shape if isinstance(i, Fixed | Whole) else i for i in self.inputs)
        return f"{self.name} {', '.join('×'.join(map(str, shape)) for shape in shapes)}"


def functional(name: str, *more: Any, **options: Any) -> Maker:
    """nn.functional.name(*tensors, *more, **options)"""
    return lambda engine: lambda *x: getattr(engine.nn.functional, name)(*x, *more, **options)


def top(name: str, *more: Any, **options: Any) -> Maker:
    """engine.name(*tensors, *more, **options)"""
    return lambda engine: lambda *x: getattr(engine, name)(*x, *more, **options)


def method(name: str, *more: Any, **options: Any) -> Maker:
    """x.name(*tensors, *more, **options)"""
    return lambda engine: lambda x, *others: getattr(x, name)(*others, *more, **options)


def module(name: str, *sizes: Any, **options: Any) -> Maker:
    """A layer of engine.nn, with its parameters."""
    return lambda engine: getattr(engine.nn, name)(*sizes, **options)


def plain(f: Callable[..., Any]) -> Maker:
    """What is written with Python's operators is the same on every engine."""
    return lambda engine: f


def same(name: str, make: Maker, *inputs: Input) -> list[Case]:
    """An operator of one argument, on several inputs."""
    return [Case(name, make, (x,)) for x in inputs]


LENET, FASHION, CIFAR, HIDDEN = (64, 6, 12, 12), (100, 32, 28, 28), (32, 64, 32, 32), (100, 512)
IMAGES = LENET, FASHION, CIFAR
WORDS = (32, 20, 128)  # sentences, their words, numbers a word

ACTIVATIONS = [
    *same("relu", functional("relu"), LENET, HIDDEN, CIFAR),
    *same("sigmoid", functional("sigmoid"), FASHION, HIDDEN),
    *same("tanh", functional("tanh"), HIDDEN, WORDS),
    *same("gelu", functional("gelu"), HIDDEN, WORDS),
    *same("elu", functional("elu"), HIDDEN),
    *same("leaky_relu", functional("leaky_relu", 0.01), HIDDEN),
    *same("silu", functional("silu"), CIFAR),
    *same("softplus", functional("softplus"), HIDDEN),
    *same("softmax", functional("softmax", -1), (100, 10), (3200, 65), (32, 20, 20)),
    *same("log_softmax", functional("log_softmax", -1), (100, 10), (3200, 65)),
    *same("dropout", functional("dropout", 0.5, True), HIDDEN, WORDS),
]

PRODUCTS = [
    Case("linear", functional("linear"), (Fixed((100, 784)), (512, 784), (512,))),
    Case("linear", functional("linear"), ((100, 512), (512, 512), (512,))),
    Case("linear", functional("linear"), ((64, 256), (120, 256), (120,))),
    Case("linear", functional("linear"), ((64, 84), (10, 84), (10,))),
    Case("linear", functional("linear"), ((3200, 256), (65, 256), (65,))),
    Case("matmul", top("matmul"), ((256, 256), (256, 256))),
    Case("matmul", top("matmul"), ((2, 3), (3, 4))),
    Case("bmm", top("bmm"), ((32, 20, 128), (32, 128, 20))),
    Case("attention", functional("scaled_dot_product_attention"), ((32, 4, 20, 32),) * 3),
    Case("additive scores", plain(lambda q, k: (q[:, None] + k).tanh()), ((32, 128), WORDS)),
    *same("MultiheadAttention", lambda e: (lambda m: lambda x: m(x, x, x)[0])(e.nn.MultiheadAttention(128, 4)), WORDS),
]

CONVOLUTIONS = [
    Case("conv2d", functional("conv2d"), (Fixed((64, 1, 28, 28)), (6, 1, 5, 5), (6,))),
    Case("conv2d", functional("conv2d"), (LENET, (16, 6, 5, 5), (16,))),
    Case("conv2d", functional("conv2d", padding=1), (Fixed((100, 1, 28, 28)), (32, 1, 3, 3), (32,))),
    Case("conv2d", functional("conv2d", padding=1), (Fixed((32, 3, 32, 32)), (64, 3, 3, 3), (64,))),
    Case("conv2d", functional("conv2d", padding=1), ((32, 64, 16, 16), (128, 64, 3, 3))),
    Case("conv2d", functional("conv2d", padding=1), ((32, 256, 8, 8), (256, 256, 3, 3))),
    Case("conv2d, stride 2", functional("conv2d", stride=2, padding=1), ((32, 64, 32, 32), (128, 64, 3, 3))),
    Case("conv2d, 1 × 1", functional("conv2d"), ((32, 128, 16, 16), (256, 128, 1, 1))),
    Case("conv2d, depthwise", functional("conv2d", padding=1, groups=64), (CIFAR, (64, 1, 3, 3))),
    *same("max_pool2d", functional("max_pool2d", 2), (64, 6, 24, 24), FASHION, CIFAR),
    *same("avg_pool2d", functional("avg_pool2d", 2), CIFAR),
    *same("adaptive_avg_pool2d", functional("adaptive_avg_pool2d", 1), (32, 256, 8, 8)),
    *same("pad", functional("pad", (4, 4, 4, 4)), (128, 3, 32, 32)),
]

NORMALIZATIONS = [
    *same("BatchNorm2d", module("BatchNorm2d", 64), CIFAR),
    *same("BatchNorm1d", module("BatchNorm1d", 512), HIDDEN),
    *same("LayerNorm", module("LayerNorm", 128), WORDS),
    *same("GroupNorm", module("GroupNorm", 8, 64), CIFAR),
]

SEQUENCES = [
    *same("Embedding", module("Embedding", 65, 256), Whole(65, (50, 64))),
    *same("Embedding", module("Embedding", 20_000, 50), Whole(20_000, (200, 100))),
    *same("LSTM", module("LSTM", 256, 256), (50, 1, 256), (50, 64, 256)),
    *same("LSTM", module("LSTM", 50, 100), (200, 100, 50)),
    *same("LSTM, bidirectional", module("LSTM", 50, 64, bidirectional=True), (100, 50, 50)),
    *same("GRU", module("GRU", 64, 128), (20, 32, 64)),
    *same("GRUCell", module("GRUCell", 64, 128), (32, 64)),
    *same("LSTMCell", module("LSTMCell", 256, 256), (1, 256)),
    *same("RNN", module("RNN", 32, 64), (100, 32, 32)),
]

LOSSES = [
    Case("cross_entropy", functional("cross_entropy"), ((100, 10), Whole(10, (100,)))),
    Case("cross_entropy", functional("cross_entropy"), ((3200, 65), Whole(65, (3200,)))),
    Case("cross_entropy, smoothed", functional("cross_entropy", label_smoothing=0.1), ((128, 10), Whole(10, (128,)))),
    Case("nll_loss", functional("nll_loss"), ((100, 10), Whole(10, (100,)))),
    Case("mse_loss", functional("mse_loss"), (HIDDEN, Fixed(HIDDEN))),
    Case("bce_with_logits", lambda e: lambda x: e.nn.functional.binary_cross_entropy_with_logits(x, e.ones(100, 1)),
         ((100, 1),)),
]  # fmt: skip

ARITHMETIC = [
    Case("add", plain(lambda x, y: x + y), (CIFAR, CIFAR)),
    Case("add, broadcast", plain(lambda x, y: x + y), (HIDDEN, (512,))),
    Case("mul", plain(lambda x, y: x * y), (HIDDEN, HIDDEN)),
    Case("div", plain(lambda x, y: x / (1 + y * y)), (HIDDEN, HIDDEN)),
    *same("x²", plain(lambda x: x**2), HIDDEN),
    *same("exp", top("exp"), HIDDEN),
    *same("1 − x", plain(lambda x: 1 - x), (8,), HIDDEN),
    *same("clamp", method("clamp", -1, 1), HIDDEN),
    *same("sum", method("sum"), HIDDEN, CIFAR),
    *same("sum over rows", method("sum", 0), HIDDEN),
    *same("mean", method("mean", -1), WORDS),
    *same("var", method("var", -1), WORDS),
    *same("max over classes", lambda e: lambda x: x.max(1)[0], (1000, 10)),
    *same("argmax", method("argmax", 1), Fixed((1000, 10))),
    *same("norm", method("norm"), (512, 784)),
    *same("cumsum", method("cumsum", -1), WORDS),
]

SHAPES = [
    *same("flatten", method("flatten", 1), (64, 16, 4, 4)),
    *same("transposed copy", lambda e: lambda x: x.transpose(0, 1).contiguous(), WORDS),
    Case("cat", lambda e: lambda *x: e.cat(x, -1), ((32, 128), (32, 128))),
    Case("stack", lambda e: lambda *x: e.stack(x), ((32, 128),) * 10),
    *same("x[:, −1]", plain(lambda x: x[:, -1]), WORDS),
    *same("chunk", lambda e: lambda x: x.chunk(4, -1)[1], (64, 1024)),
    Case("x[index]", lambda e: lambda x, i: x[i], ((5000, 64), Whole(5000, (100,)))),
    Case("gather", lambda e: lambda x, i: x.gather(1, i), ((100, 10), Whole(10, (100, 1)))),
    Case("masked_fill", lambda e: lambda x, m: x.masked_fill(m == 0, -math.inf), ((32, 20, 20), Whole(2, (32, 1, 20)))),
    *same("one_hot", functional("one_hot", 10), Whole(10, (100,))),
]

CASES = [
    *ACTIVATIONS, *PRODUCTS, *CONVOLUTIONS, *NORMALIZATIONS, *SEQUENCES, *LOSSES, *ARITHMETIC, *SHAPES
]  # fmt: skip

OPTIMIZERS = ("SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad")


def operators(engine: Any, work: Work) -> dict[str, Timed]:
    """Every case, forward and backward, and the steps of the optimizers on LeNet-5."""
    timed: dict[str, Timed] = {}
    for case in CASES:
        timed |= _case(engine, case)
    return timed | _steps(engine)


def _case(engine: Any, case: Case) -> dict[str, Timed]:
    call = case.make(engine)
    inputs = [_tensor(engine, x, seed) for seed, x in enumerate(case.inputs)]

    def forward() -> Any:
        y = call(*inputs)
        return y[0] if isinstance(y, tuple) else y

    def recorded() -> tuple[Any, ...]:
        for x in inputs:
            x.grad = None
        return (forward(),)

    y = forward()
    timed = {f"{case.title} forward": Timed(forward)}
    if y.requires_grad:
        ones = engine.ones(tuple(y.shape))
        timed[f"{case.title} backward"] = Timed(lambda y: y.backward(ones), recorded)
    return timed


def _tensor(engine: Any, x: Input, seed: int) -> Any:
    draw = np.random.default_rng(seed)
    if isinstance(x, Whole):
        return engine.from_numpy(draw.integers(0, x.limit, x.shape))
    fixed = isinstance(x, Fixed)
    tensor = engine.from_numpy(draw.standard_normal(x.shape if isinstance(x, Fixed) else x, np.float32))
    return tensor if fixed else tensor.requires_grad_()


def _steps(engine: Any) -> dict[str, Timed]:
    """Steps of the optimizers, and the clipping of gradients."""
    timed = {}
    for name in OPTIMIZERS:
        params = _with_gradients(engine)
        timed[f"{name} step, LeNet-5"] = Timed(getattr(engine.optim, name)(params, lr=1e-3).step)
    params = _with_gradients(engine)
    clip = engine.nn.utils.clip_grad_norm_
    return timed | {"clip_grad_norm_, LeNet-5": Timed(lambda: clip(params, 1.0))}


def _with_gradients(engine: Any) -> Iterable[Any]:
    params = list(build(engine, MODELS["lenet"](120)).parameters())
    for p in params:
        p.grad = engine.ones(tuple(p.shape))
    return params
