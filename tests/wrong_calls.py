"""Calls of an operator that are mistakes, made from the samples of its record; and the kinds of error they raise."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.conformance.operators import Record
from chainrule.conformance.record import mapped

Call = tuple[list[Any], dict[str, Any]]

DIMS = ("dim", "dim0", "dim1", "start_dim", "axis0", "dimension")
WORDS = ("reduction", "mode", "reduce")
STRANGE = np.ones((7, 5, 3, 2, 97))  # a shape that fits nowhere


def kinds(record: Record, calls: Iterator[Call]) -> set[str]:
    """The kinds of error that the record's own mistakes and these calls end with."""
    return {error.kind.__name__ for error in record.errors} | {k for call in calls if (k := _kind(record, call))}


def mistakes(record: Record) -> Iterator[Call]:
    """A dimension that there is not, an unknown word, another shape, integers for floats, a negative number."""
    for args, named, given in _samples(record):
        tensors = [name for name, value in given.items() if isinstance(value, cr.Tensor)]
        wrong = [(name, 99) for name in record.parameters if name in DIMS]
        wrong += [(name, "nonsense") for name, v in given.items() if isinstance(v, str)]
        wrong += [(name, "nonsense") for name in record.parameters if name in WORDS]
        wrong += [(name, cr.tensor(STRANGE.astype(given[name].dtype))) for name in tensors[1:]]
        wrong += [(name, cr.ones(given[name].shape, dtype=cr.int64)) for name in tensors[:1]]
        wrong += [(name, cr.ones((), dtype=given[name].dtype)) for name in tensors[:1]]
        wrong += [(name, -5) for name, v in given.items() if type(v) is int and name not in DIMS]
        yield from (_with(record, args, named, *change) for change in wrong)


def stranger_mistakes(record: Record) -> Iterator[Call]:
    """What is no number, another dtype in any place, the same dimension twice."""
    for args, named, given in _samples(record):
        tensors = [name for name, value in given.items() if isinstance(value, cr.Tensor)]
        wrong: list[tuple[str, Any]] = [(name, "nonsense") for name in record.parameters]
        wrong += [(name, cr.ones(given[name].shape, dtype=cr.int64)) for name in tensors]
        wrong += [(name, cr.ones(given[name].shape, dtype=cr.float32)) for name in tensors]
        wrong += [(name, 0) for name in ("dim1", "dim2") if name in record.parameters]
        wrong += [(name, cr.ones(3)) for name in given]
        yield from (_with(record, args, named, *change) for change in wrong)


def _samples(record: Record) -> Iterator[tuple[list[Any], dict[str, Any], dict[str, Any]]]:
    """The first samples as tensors: positional arguments, named ones, and all by name."""
    for sample in record.samples[:2]:
        args, named = list(mapped(sample.args, _tensor)), mapped(sample.kwargs, _tensor)
        yield args, named, dict(zip(record.parameters, args, strict=False)) | named


def _tensor(array: np.ndarray) -> cr.Tensor:
    return cr.tensor(array.astype(np.float64) if array.dtype.kind == "f" else array)


def _with(record: Record, args: list[Any], named: dict[str, Any], name: str, value: Any) -> Call:
    """The call with another value of one argument."""
    place = list(record.parameters).index(name) if name in record.parameters else len(args)
    if place < len(args):
        return [*args[:place], value, *args[place + 1 :]], named
    return args, named | {name: value}


def _kind(record: Record, call: Call) -> str | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            record.function(*call[0], **call[1])
        except Exception as error:
            return type(error).__name__
    return None
