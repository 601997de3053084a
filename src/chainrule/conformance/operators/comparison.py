"""Records of `ops/comparison.py`: truth values, without gradients."""

import dataclasses

import numpy as np

from chainrule.conformance.record import Record, apart, binary, reduction, s, unary

few = np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 1.0, 3.0]])
more = np.array([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 1.0, -3.0]])
odd = np.array([[np.nan, 1.0, np.inf], [-np.inf, 0.0, np.nan]])


def _compared(name: str, numbers: bool = True, **named) -> Record:
    """Of two tensors; or of a tensor and a number, in this order only."""
    record = binary(
        name, apart, apart, samples=(s(few, more, **named), s(odd, odd.copy(), **named)), oracle=_oracle(name)
    )
    samples = tuple(
        sample
        for sample in record.samples
        if isinstance(sample.args[0], np.ndarray) and (numbers or isinstance(sample.args[1], np.ndarray))
    )
    return dataclasses.replace(record, samples=samples, errors=record.errors[:1], gradients=())


def _oracle(name: str):
    return lambda torch, x, other, **named: getattr(torch, name)(
        *torch.broadcast_tensors(x, torch.as_tensor(other)), **named
    )


def _tested(name: str) -> Record:
    return unary(name, samples=(s(odd), s(few), s(np.arange(3))), gradients=())


def _reduced(name: str) -> Record:
    return reduction(name, samples=(s(few), s(few, 0), s(few, 1, keepdim=True), s(few > 0, 1)), gradients=(), least=1)


RECORDS = (
    _compared("eq"),
    _compared("ne"),
    _compared("lt"),
    _compared("le"),
    _compared("gt"),
    _compared("ge"),
    _compared("logical_and", numbers=False),
    _compared("logical_or", numbers=False),
    _compared("isclose", numbers=False, equal_nan=True),
    _tested("logical_not"),
    _tested("isnan"),
    _tested("isinf"),
    _tested("isfinite"),
    _reduced("any"),
    _reduced("all"),
    Record("equal", (s(few, few.copy()), s(few, more), s(few, few[0])), gradients=()),
    Record(
        "allclose", (s(few, few + 1e-9), s(few, more), s(odd, odd.copy(), equal_nan=True), s(odd, odd)), gradients=()
    ),
)
