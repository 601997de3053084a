"""Examples drawn by Hypothesis and held against PyTorch: how many held, and the smallest that did not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.compare import EXACT, Refused, compare, laid_out
from chainrule.conformance.layer import Layer, compare_layer
from chainrule.conformance.record import Difference, Record, Sample
from chainrule.conformance.spelling import spelled

__all__ = ["Outcome", "differs", "draw_and_compare", "draw_and_compare_layer", "of_module", "of_operator"]


@dataclass(frozen=True)
class Outcome:
    """What became of an operator's or a module's examples; `failure` tells of the smallest one that did not hold."""

    name: str
    examples: int
    differs: tuple[Difference, ...]
    failure: str = ""


def draw_and_compare(data: st.DataObject, torch: Any, record: Record) -> None:
    """One example: a call, its spelling, dtype, layout and frozen leaves; AssertionError if it fails.

    A call that PyTorch itself refuses, such as a mixture of two of its forms, is no example.
    """
    calls = st.sampled_from(record.samples) if record.draws is None else record.draws
    sample = data.draw(calls, label=record.name)
    call = data.draw(spelled(record, sample), label="spelled")
    dtype = data.draw(st.sampled_from(tuple(EXACT)), label="dtype")
    rng = np.random.default_rng(data.draw(st.integers(0, 99), label="layout"))
    frozen = data.draw(st.sampled_from((0, 0, 0, 1, 2, 4, 3)), label="frozen")
    try:
        compare(torch, record, call, dtype, lambda array: laid_out(array, rng), frozen)
    except Refused:
        reject()


def draw_and_compare_layer(data: st.DataObject, torch: Any, record: Layer) -> None:
    """One example of a module: its arguments, their spelling, inputs and dtype; AssertionError if it fails."""
    use = data.draw(record.draws, label=record.name)
    if record.make is None:
        made = data.draw(
            spelled(Record(record.name, (), call=getattr(cr.nn, record.name)), Sample(use.args, use.kwargs))
        )
        use = replace(use, args=made.args, kwargs=made.kwargs)
    compare_layer(torch, record, use, data.draw(st.sampled_from(tuple(EXACT)), label="dtype"))


def of_operator(torch: Any, record: Record, examples: int, number: int = 0) -> Outcome:
    """So many examples of an operator, from seed `number`, and whether its known differences can still be seen."""
    for difference in record.differs:
        if difference.example is not None and not differs(torch, record, difference.example):
            return Outcome(record.name, 0, record.differs, f"no difference any more: {difference.what}")
    return _examine(record, examples, number, lambda data: draw_and_compare(data, torch, record))


def of_module(torch: Any, record: Layer, examples: int, number: int = 0) -> Outcome:
    """So many examples of a module, drawn from seed `number`."""
    return _examine(record, examples, number, lambda data: draw_and_compare_layer(data, torch, record))


def _examine(record: Record | Layer, examples: int, number: int, check: Callable[[Any], None]) -> Outcome:
    """So many examples by `check(data)`, the same ones in every run of a seed, down to the smallest that fails."""
    held = 0

    @seed(f"{record.name} {number}")
    @settings(
        max_examples=examples, deadline=None, database=None, print_blob=False, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(st.data())
    def test(data: Any) -> None:
        nonlocal held
        check(data)
        held += 1

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test()
    except Exception as failure:  # whatever an operator raises on an example is what is told of it
        notes = "\n".join(getattr(failure, "__notes__", ()))
        return Outcome(record.name, held, record.differs, f"{type(failure).__name__}: {failure}\n{notes}".strip())
    return Outcome(record.name, held, record.differs)


def differs(torch: Any, record: Record, sample: Sample) -> bool:
    """Whether a call is not as in PyTorch; an error on one side only is a difference, too."""
    try:
        compare(torch, record, sample, "float64")
    except Exception:
        return True
    return False
