"""A record for every public operator; `RECORDS` by name, out of all files of this folder."""

import pkgutil
from importlib import import_module

from chainrule.conformance.record import Record, Sample

FAMILIES = [import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
RECORDS: dict[str, Record] = {record.name: record for family in FAMILIES for record in family.RECORDS}

__all__ = ["RECORDS", "Record", "Sample"]
