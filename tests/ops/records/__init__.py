"""A record for every public operator; `RECORDS` by name."""

from records import activation, comparison, convolution, elementwise, joining, linalg, loss, reduction, shape
from records.record import Record, Sample

FAMILIES = (activation, comparison, convolution, elementwise, joining, linalg, loss, reduction, shape)
RECORDS: dict[str, Record] = {record.name: record for family in FAMILIES for record in family.RECORDS}

__all__ = ["RECORDS", "Record", "Sample"]
