"""One call here and in PyTorch: values, gradients, and whether they are the same up to rounding."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

import chainrule as cr
from chainrule.conformance.record import Record, Sample
from chainrule.tensor import Array

__all__ = [
    "EXACT", "Mismatch", "Refused", "cast", "compare", "cotangent", "equal", "gradients", "laid_out", "listed", "run",
    "run_torch", "values",
]  # fmt: skip

EXACT = {"float64": (1e-11, 1e-12), "float32": (2e-5, 2e-6)}
"""Relative and absolute error that rounding may make; the absolute one is of the greatest element, if above 1."""

Layout = Callable[[Array], Array]


class Refused(Exception):
    """PyTorch does not take this call, so that there is nothing to compare with."""


class Mismatch(AssertionError):
    """Two results differ by more than rounding, or in shape or dtype."""


def equal(actual: Any, expected: Any, dtype: str, what: object = "", off: float = 0.0) -> None:
    """Equal up to rounding, or `off`, in value, shape and dtype; a value of the greatest size may cancel to a small."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if (actual.dtype, actual.shape) != (expected.dtype, expected.shape):
        found, wanted = ((a.dtype.name, a.shape) for a in (actual, expected))
        raise Mismatch(f"{what}: {found}, expected {wanted}")
    rtol, atol = EXACT["float32" if "float32" in (actual.dtype, dtype) else dtype]
    size = np.abs(expected[np.isfinite(expected)]).max(initial=1)
    np.testing.assert_allclose(actual, expected, max(rtol, off), max(atol * size, off), err_msg=str(what))


def cotangent(shape: tuple[int, ...], dtype: npt.DTypeLike, seed: int = 0) -> Array:
    """A fixed random dy."""
    return np.asarray(np.random.default_rng((seed, 9, *shape)).standard_normal(shape)).astype(dtype)


def cast(array: Array, dtype: str) -> Array:
    """Floats in this dtype; whole numbers and booleans stay what they are."""
    return array.astype(dtype) if array.dtype.kind == "f" else array


def listed(outputs: Any) -> list[Any]:
    """The outputs of an operator, one or several."""
    return list(outputs) if isinstance(outputs, tuple | list) else [outputs]


def laid_out(array: Array, rng: np.random.Generator) -> Array:
    """The same values: axes in another order in memory, with gaps or backwards."""
    order = rng.permutation(array.ndim)
    sizes = [2 * array.shape[i] for i in order]
    memory = np.full(sizes, np.nan) if array.dtype.kind == "f" else np.full(sizes, -1)
    gaps: Any = (*(slice(None, None, 2) if rng.random() < 0.4 else slice(array.shape[i]) for i in order), ...)
    ways: Any = (*(slice(None, None, rng.choice((1, 1, -1))) for _ in order), ...)
    view: Array = memory.astype(array.dtype)[gaps].transpose(np.argsort(order))[ways]
    view[...] = array
    return view


# ---------------------------------------------------------------------------------------------- here and in PyTorch


def run(
    record: Record, sample: Sample, dtype: str = "float64", layout: Layout = np.array, frozen: int = 0
) -> tuple[list[Any], list[cr.Tensor]]:
    """The outputs of one call, and the leaves whose gradients are wanted: all without a bit in `frozen`."""
    leaves: list[cr.Tensor] = []
    number = 0

    def tensor(array: Array, wanted: bool) -> cr.Tensor:
        nonlocal number
        differentiable = wanted and array.dtype.kind == "f"
        x = cr.Tensor(layout(cast(array, dtype)), requires_grad=differentiable and not frozen >> number & 1)
        number += differentiable
        leaves.extend([x] if x.requires_grad else [])
        return x

    call = record.converted(sample, tensor)
    return listed(record.function(*call.args, **call.kwargs)), leaves


def gradients(outputs: list[Any], leaves: list[cr.Tensor]) -> list[Array]:
    """Of ⟨dy, outputs⟩ for a fixed random dy, with respect to every leaf."""
    tracked = [y for y in outputs if isinstance(y, cr.Tensor) and y.requires_grad]
    if not tracked:
        return []
    found = cr.grad(tracked, leaves, [cr.Tensor(cotangent(y.shape, y.dtype)) for y in tracked], allow_unused=True)
    return [np.zeros_like(x.array) if g is None else g.array for g, x in zip(found, leaves, strict=True)]


def values(outputs: list[Any]) -> list[Array]:
    """The outputs as arrays."""
    return [y.array if isinstance(y, cr.Tensor) else np.asarray(y) for y in outputs]


def run_torch(
    torch: Any, record: Record, sample: Sample, dtype: str, frozen: int = 0
) -> tuple[list[Array], list[Array]]:
    """The values and the gradients that PyTorch gives."""
    leaves: list[Any] = []
    number = 0

    def tensor(array: Array, wanted: bool) -> Any:
        nonlocal number
        x = torch.from_numpy(cast(array, dtype).copy())
        differentiable = wanted and array.dtype.kind == "f"
        x.requires_grad = differentiable and not frozen >> number & 1
        number += differentiable
        leaves.extend([x] if x.requires_grad else [])
        return x

    call = record.converted(sample, tensor)
    call = Sample(_spoken(torch, call.args), _spoken(torch, call.kwargs))
    with _refusals(record, sample), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = listed(_oracle(torch, record)(*call.args, **call.kwargs))
        tracked = [y for y in outputs if isinstance(y, torch.Tensor) and y.requires_grad]
        if tracked:
            dys = [torch.from_numpy(cotangent(tuple(y.shape), str(y.dtype).removeprefix("torch."))) for y in tracked]
            torch.autograd.backward(tracked, dys)
    grads = [np.zeros(x.shape, dtype) if x.grad is None else x.grad.numpy() for x in leaves] if tracked else []
    return [y.detach().numpy() if isinstance(y, torch.Tensor) else np.asarray(y) for y in outputs], grads


@contextmanager
def _refusals(record: Record, sample: Sample) -> Iterator[None]:
    """Raise Refused for what PyTorch does not take; a TypeError of another kind is a mistake of the record."""
    mixed = (
        "received an invalid combination of arguments",
        "missing 1 required positional arguments: ",
        "takes from 2",
    )
    try:
        yield
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        if isinstance(error, TypeError) and not any(text in str(error) for text in mixed):
            raise
        raise Refused(f"PyTorch refuses {record.name}{sample}: {error}") from error


def _spoken(torch: Any, value: Any) -> Any:
    """The value, with PyTorch's dtypes for ours."""
    if isinstance(value, np.dtype):
        return getattr(torch, value.name)
    if isinstance(value, dict):
        return {key: _spoken(torch, v) for key, v in value.items()}
    return type(value)(_spoken(torch, v) for v in value) if type(value) in (tuple, list) else value


def _oracle(torch: Any, record: Record) -> Callable[..., Any]:
    if callable(record.oracle):
        oracle = record.oracle
        return lambda *args, **kwargs: oracle(torch, *args, **kwargs)
    name = record.oracle or record.name
    for home in (torch.nn.functional, torch):
        if callable(getattr(home, name, None)):
            found: Callable[..., Any] = getattr(home, name)
            return found
    return lambda *args, **named: _method(name, *args, **named)


def _method(name: str, input: Any, *args: Any, **named: Any) -> Any:
    return getattr(input, name)(*args, **named)


def compare(torch: Any, record: Record, sample: Sample, dtype: str, layout: Layout = np.array, frozen: int = 0) -> None:
    """Raise an AssertionError unless values and gradients are PyTorch's."""
    expected, expected_gradients = run_torch(torch, record, sample, dtype, frozen)
    outputs, leaves = run(record, sample, dtype, layout, frozen)
    if len(outputs) != len(expected):
        raise Mismatch(f"{record.name}{sample}: {len(outputs)} outputs, expected {len(expected)}")
    for actual, wanted in zip(values(outputs), expected, strict=True):
        equal(actual, wanted, dtype, f"{record.name}{sample}")
    if any(y.dtype == np.float32 for y in expected):  # what the gradient came through
        dtype = "float32"
    for actual, wanted in zip(gradients(outputs, leaves), expected_gradients, strict=True):
        equal(actual, wanted, dtype, f"gradient of {record.name}{sample}", record.off)
