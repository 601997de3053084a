"""A record for every module of `chainrule.nn`; `LAYERS` by name."""

from chainrule.conformance.layer import Layer
from chainrule.conformance.modules import (
    attention,
    linear,
    loss,
    padding,
    recurrent,
)

FAMILIES = (
    attention,
    linear,
    loss,
    padding,
    recurrent,
)
LAYERS: dict[str, Layer] = {record.name: record for family in FAMILIES for record in family.LAYERS}

__all__ = ["LAYERS", "Layer"]
