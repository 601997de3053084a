"""A record for every module of `chainrule.nn`; `LAYERS` by name, out of all files of this folder."""

import pkgutil
from importlib import import_module

from chainrule.conformance.layer import Layer

FAMILIES = [import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
LAYERS: dict[str, Layer] = {record.name: record for family in FAMILIES for record in family.LAYERS}

__all__ = ["LAYERS", "Layer"]
