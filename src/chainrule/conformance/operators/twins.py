"""Records of `ops/twins.py`, `ops/aliases.py` and of conversions, made from those of the operators they stand for."""

from dataclasses import replace
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.conformance.operators import (
    activation,
    bitwise,
    comparison,
    elementwise,
    piecewise,
    rounding,
    transcendental,
    trigonometry,
)  # fmt: skip
from chainrule.conformance.record import Record, Sample, alias, arrays, normal, s, twin, wrong

FAMILIES = (activation, bitwise, comparison, elementwise, piecewise, rounding, transcendental, trigonometry)
KNOWN = {record.name: record for family in FAMILIES for record in family.RECORDS}
OTHER_NAMES = {
    "abs": ("absolute",), "acos": ("arccos",), "acosh": ("arccosh",), "asin": ("arcsin",), "asinh": ("arcsinh",),
    "atan": ("arctan",), "atan2": ("arctan2",), "atanh": ("arctanh",), "clamp": ("clip",), "div": ("divide",),
    "eq": (), "ge": ("greater_equal",), "gt": ("greater",), "le": ("less_equal",), "lt": ("less",),
    "mul": ("multiply",), "ne": ("not_equal",), "neg": ("negative",), "sign": ("sgn",), "sub": ("subtract",),
    "trunc": ("fix",),
}  # fmt: skip
NO_GRADIENT = (
    "acosh_",
    "arccosh_",
    "arcsinh_",
    "arctanh_",
    "asinh_",
    "atanh_",
    "float_power_",
    "floor_divide_",
    "sgn",
)  # in PyTorch
ALIASES = [record for name, names in OTHER_NAMES.items() for record in alias(KNOWN[name], *names)]
ALIASES = [replace(r, gradients=()) if r.name in NO_GRADIENT else r for r in ALIASES]
ALIASES += [replace(alias(KNOWN["div"], "true_divide")[0], samples=(s(normal(2, 3), 2.0),), draws=None, oracle="")]


def _in_place(record: Record) -> Record:
    """On a few of its samples of floats."""
    first = [x for x in record.samples if isinstance(x.args[0], np.ndarray) and x.args[0].ndim][:2]
    made = twin(replace(record, gradients=record.gradients and (0,)), tuple(first), None)
    if made.name == "float_power_":
        return replace(made, gradients=(), samples=(s(np.arange(3) / 2 + 0.0, 2),), oracle=None)
    return replace(made, gradients=()) if made.name in NO_GRADIENT else made


def _converted(name: str) -> Record:
    wanted = name == "double"  # the others are too coarse for finite differences; see the record of `to`
    return Record(
        name, (s(normal(2, 3)), s(np.arange(3), kink=True)), gradients=(0,) if wanted else (),
        draws=arrays(kinds="fisub").map(s), call=getattr(cr.Tensor, name),
        oracle=lambda torch, input: getattr(input, name)(),
    )  # fmt: skip


def _function_in_place(record: Record) -> Record:
    """Of those that are no methods."""
    name = f"{record.name}_"

    def call(input: cr.Tensor, *args: Any, **named: Any) -> Any:
        return getattr(cr.nn.functional, name)(input.clone(), *args, **named)

    def oracle(torch: Any, input: Any, *args: Any, **named: Any) -> Any:
        return getattr(torch.nn.functional, name)(input.clone(), *args, **named)

    samples = tuple(x for x in record.samples if isinstance(x.args[0], np.ndarray) and x.args[0].dtype.kind == "f")[:2]
    return replace(
        record, name=name, samples=samples, draws=None, errors=(), large=(), call=call, oracle=oracle, differs=()
    )


FUNCTIONS = ("celu", "elu", "hardtanh", "leaky_relu", "rrelu", "selu", "threshold")
TWINS = [_in_place(record) for name, record in KNOWN.items() if hasattr(cr.Tensor, f"{name}_")]
TWINS += [_in_place(record) for record in ALIASES] + [_function_in_place(KNOWN[name]) for name in FUNCTIONS]
CONVERSIONS = [_converted(name) for name in ("float", "double", "int", "long", "bool")]


def _written(name: str, *samples: Sample, **more: Any) -> Record:
    """On a copy of x, which nobody wants the gradient of: it is 0."""

    def call(input: Any, *args: Any) -> Any:
        return getattr(input.clone(), name)(*args)

    return Record(name, samples, call=call, oracle=lambda torch, *args: call(*args), **more)


x, y = normal(2, 3), normal(3, seed=1)
RECORDS = (
    *ALIASES,
    *TWINS,
    *CONVERSIONS,
    _written(
        "copy_", s(x, y), s(x, np.arange(3)), s(np.arange(3), y, kink=True), s(x, np.array(2.0)), gradients=(0, 1),
        errors=(wrong(ValueError, "copy_(): shape (2, 3) does not fit into x of shape (3,)", np.arange(3), x),),
    ),
    _written(
        "fill_", s(x, 2.5), s(x, np.array(2.0)), s(np.arange(3), 1.7, kink=True), gradients=(0, 1),
        errors=(wrong(ValueError, "fill_(): one value is needed, not a tensor of shape (3,)", x, y),),
    ),
    _written("zero_", s(x), s(np.arange(3), kink=True)),
    Record("gumbel_softmax", (s(x), s(x, 0.5, True)), gradients=(), oracle=None),
    Record(
        "dropout_", (s(x, 0.5, False),), call=lambda input, p, training: cr.dropout_(input.clone(), p, training),
        oracle=lambda torch, input, p, training: torch.nn.functional.dropout(input, p, training),
    ),
)  # fmt: skip
