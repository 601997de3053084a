"""How the tests of operators call them: in this library and in PyTorch, as wholes and primitive by primitive."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from records import Record, Sample

import chainrule as cr
from chainrule.autograd import PRIMITIVES, _positional, _unbroadcast

EXACT = {"float64": (1e-11, 1e-12), "float32": (2e-5, 2e-6)}  # relative and absolute error
Layout = Callable[[np.ndarray], np.ndarray]


def equal(actual: Any, expected: Any, dtype: str, what: object = "") -> None:
    """Equal up to rounding, in value, shape and dtype; a value of the greatest size may cancel to a small one."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), what
    rtol, atol = EXACT[dtype]
    size = np.abs(expected[np.isfinite(expected)]).max(initial=1)
    np.testing.assert_allclose(actual, expected, rtol, atol * size, err_msg=str(what))


def cotangent(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    return np.asarray(np.random.default_rng((seed, 9, *shape)).standard_normal(shape)).astype(dtype)


def cast(array: np.ndarray, dtype: str) -> np.ndarray:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


# ---------------------------------------------------------------------------------------------- here and in PyTorch


def run(
    record: Record, sample: Sample, dtype: str = "float64", layout: Layout = np.array
) -> tuple[list[Any], list[cr.Tensor]]:
    """The outputs of one call, and the leaves whose gradients are wanted."""
    leaves: list[cr.Tensor] = []

    def tensor(array: np.ndarray, wanted: bool) -> cr.Tensor:
        x = cr.Tensor(layout(cast(array, dtype)), requires_grad=wanted and array.dtype.kind == "f")
        leaves.extend([x] if x.requires_grad else [])
        return x

    converted = record.converted(sample, tensor)
    return listed(record.function(*converted.args, **converted.kwargs)), leaves


def gradients(outputs: list[Any], leaves: list[cr.Tensor]) -> list[np.ndarray]:
    """Of ⟨dy, outputs⟩ for a fixed random dy, with respect to every leaf."""
    tracked = [y for y in outputs if isinstance(y, cr.Tensor) and y.requires_grad]
    if not tracked:
        return []
    found = cr.grad(tracked, leaves, [cr.Tensor(cotangent(y.shape, y.dtype)) for y in tracked], allow_unused=True)
    return [np.zeros_like(x.array) if g is None else g.array for g, x in zip(found, leaves, strict=True)]


def values(outputs: list[Any]) -> list[np.ndarray]:
    return [y.array if isinstance(y, cr.Tensor) else np.asarray(y) for y in outputs]


def run_torch(torch: Any, record: Record, sample: Sample, dtype: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The values and the gradients that PyTorch gives."""
    leaves: list[Any] = []

    def tensor(array: np.ndarray, wanted: bool) -> Any:
        x = torch.from_numpy(cast(array, dtype).copy())
        x.requires_grad = wanted and array.dtype.kind == "f"
        leaves.extend([x] if x.requires_grad else [])
        return x

    converted = record.converted(sample, tensor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = listed(_oracle(torch, record)(*converted.args, **converted.kwargs))
    tracked = [y for y in outputs if isinstance(y, torch.Tensor) and y.requires_grad]
    if tracked:
        dys = [torch.from_numpy(cotangent(tuple(y.shape), str(y.dtype).removeprefix("torch."))) for y in tracked]
        torch.autograd.backward(tracked, dys)
    grads = [np.zeros(x.shape, dtype) if x.grad is None else x.grad.numpy() for x in leaves] if tracked else []
    return [y.detach().numpy() if isinstance(y, torch.Tensor) else np.asarray(y) for y in outputs], grads


def _oracle(torch: Any, record: Record) -> Callable[..., Any]:
    if callable(record.oracle):
        return lambda *args, **kwargs: record.oracle(torch, *args, **kwargs)
    name = record.oracle or record.name
    homes = (torch.nn.functional, torch, torch.Tensor)
    return next(getattr(home, name) for home in homes if hasattr(home, name))


# ---------------------------------------------------------------------------------------------- primitives

Call = tuple[Any, tuple[Any, ...]]


def primitive_calls(record: Record, dtype: str, samples: Iterable[Sample] | None = None) -> list[Call]:
    """Every call of a primitive that the samples make, with its arrays."""
    calls: list[Call] = []
    with _recording(calls):
        for sample in record.samples if samples is None else samples:
            run(record, sample, dtype)
    return calls


@contextmanager
def _recording(calls: list[Call]) -> Iterator[None]:
    spies = {id(op): _spy(op, calls) for op in PRIMITIVES.values()}
    homes: list[Any] = [module for name, module in sys.modules.items() if name.startswith("chainrule.ops")]
    places = [(home, name, f) for home in (*homes, cr, cr.Tensor) for name, f in vars(home).items() if id(f) in spies]
    for home, name, f in places:
        setattr(home, name, spies[id(f)])
    try:
        yield
    finally:
        for home, name, f in places:
            setattr(home, name, f)


def _spy(op: Any, calls: list[Call]) -> Callable[..., cr.Tensor]:
    parameters = inspect.signature(op.reference).parameters

    def call(*args: Any, **kwargs: Any) -> cr.Tensor:
        placed = _positional(op.__name__, parameters, args, dict(kwargs)) if kwargs else args
        calls.append((op, tuple(a.array if isinstance(a, cr.Tensor) else a for a in placed)))
        result: cr.Tensor = op(*args, **kwargs)
        return result

    return call


def is_floating(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def pulled(op: Any, pullback: Any, dys: Any, args: tuple[Any, ...]) -> list[np.ndarray]:
    """The cotangents of the array arguments, summed over what was broadcast, as the walk does it.

    `dys` is the cotangent of the value, or a tuple of them, one for each real output.
    """
    if isinstance(pullback, tuple):
        found = [(pull(*listed(dys)), a) for pull, a in zip(pullback, args, strict=False) if is_floating(a)]
    else:
        found = [(dx, a) for dx, a in zip(listed(pullback(*listed(dys))), args, strict=False) if is_floating(a)]
    return [_unbroadcast(np.asarray(dx), a.shape, op.__name__) for dx, a in found]
