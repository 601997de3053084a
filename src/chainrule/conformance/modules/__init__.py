"""A record for every module of `chainrule.nn`; `LAYERS` by name."""

from chainrule.conformance.layer import Layer
from chainrule.conformance.modules import (
    activation,
    attention,
    convolution,
    distance,
    dropout,
    linear,
    loss,
    normalization,
    padding,
    pooling,
    recurrent,
    resize,
)

FAMILIES = (
    activation,
    attention,
    convolution,
    distance,
    dropout,
    linear,
    loss,
    normalization,
    padding,
    pooling,
    recurrent,
    resize,
)
LAYERS: dict[str, Layer] = {record.name: record for family in FAMILIES for record in family.LAYERS}

__all__ = ["LAYERS", "Layer"]
