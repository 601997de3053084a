"""One call, spelled as people write it: by position or by name, without defaults, with lists for tuples."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.autograd import NUMPY_NAMES
from chainrule.conformance.record import Record, Sample

__all__ = ["spelled"]


@st.composite
def spelled(draw: st.DrawFn, record: Record, sample: Sample) -> Sample:
    """The same call: arguments from some place on by their names, some defaults dropped, lists for some tuples."""
    parameters = record.parameters
    bound = _bound(record, sample)
    if bound is None:
        return sample
    given = {n: v for n, v in bound.items() if not (_same(v, parameters[n].default) and draw(st.booleans()))}
    places = [n for n in parameters if parameters[n].kind is not inspect.Parameter.KEYWORD_ONLY]
    leading = next((i for i, n in enumerate(places) if n not in given), len(places))
    by_place = places[: draw(st.integers(0, leading))]
    args = tuple(_listed(draw, given.pop(n)) for n in by_place)
    return Sample(args, {_public(record, n): _listed(draw, v) for n, v in given.items()}, sample.kink)


def _bound(record: Record, sample: Sample) -> dict[str, Any] | None:
    """The arguments by name; None where they have none, as in f(x, *sizes)."""
    variable = any(p.kind is p.VAR_POSITIONAL for p in record.parameters.values())
    if variable or len(sample.args) > len(record.parameters):  # f(x, 2, 3) for f(x, (2, 3))
        return None
    positional = dict(zip(record.parameters, sample.args, strict=False))
    own = NUMPY_NAMES | {_public(record, name): name for name in record.parameters} | {n: n for n in record.parameters}
    return positional | {own[name]: value for name, value in sample.kwargs.items()}


def _public(record: Record, name: str) -> str:
    """PyTorch calls the first argument `input`; a primitive writes x, and answers to both."""
    return "input" if name == "x" and hasattr(record.function, "reference") else name


def _same(value: Any, default: Any) -> bool:
    return not isinstance(value, np.ndarray) and type(value) is type(default) and bool(value == default)


def _listed(draw: st.DrawFn, value: Any) -> Any:
    """A tuple of whole numbers, or a list of them: both are taken."""
    if isinstance(value, tuple) and value and all(type(v) is int for v in value) and draw(st.booleans()):
        return list(value)
    return value
