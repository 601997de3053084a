"""How the tests of operators look into them: primitive by primitive."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.autograd import PRIMITIVES, _positional, _unbroadcast
from chainrule.conformance.compare import listed, run
from chainrule.conformance.record import Record, Sample

Call = tuple[Any, tuple[Any, ...]]


def primitive_calls(record: Record, dtype: str, samples: Iterable[Sample] | None = None) -> list[Call]:
    """Every call of a primitive that the samples make, with its arrays."""
    with recording() as calls:
        for sample in record.samples if samples is None else samples:
            run(record, sample, dtype)
    return calls


@contextmanager
def recording() -> Iterator[list[Call]]:
    """Every call of a primitive that is made inside."""
    calls: list[Call] = []
    spies = {id(op): _spy(op, calls) for op in PRIMITIVES.values()}
    homes: list[Any] = [module for name, module in sys.modules.items() if name.startswith("chainrule.ops")]
    homes += [f for home in homes for f in vars(home).values() if hasattr(f, "operator")]  # wrapped by inplace_option
    places = [(home, name, f) for home in (*homes, cr, cr.Tensor) for name, f in vars(home).items() if id(f) in spies]
    for home, name, f in places:
        setattr(home, name, spies[id(f)])
    try:
        yield calls
    finally:
        for home, name, f in places:
            setattr(home, name, f)


def _spy(op: Any, calls: list[Call]) -> Callable[..., cr.Tensor]:
    parameters = inspect.signature(op.reference).parameters

    @functools.wraps(op)
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
