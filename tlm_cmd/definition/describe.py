"""Layouts as plain data, for the content hash and for everything that documents a dictionary."""

from __future__ import annotations

from math import isfinite
from typing import Any

from tlm_cmd.definition.fields import Bits, Length, Linear, Number, Polynomial, Tail, UpTo
from tlm_cmd.definition.layout import FieldLayout, layout_of
from tlm_cmd.definition.message import Record

_NUMBER_NAMES = dict(
    zip("BHIQbhiqfd", ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64"], strict=True)
)


def describe_record(record: type[Record]) -> dict[str, Any]:
    """A message class as plain data: class, description, fields."""
    layout = layout_of(record)
    return {
        "class": layout.name,
        "description": layout.description,
        "fields": [describe_field(field) for field in layout.fields],
    }


def describe_field(field: FieldLayout) -> dict[str, Any]:
    """A field as plain data; what does not apply is left out."""
    described = {
        "name": field.name,
        "kind": field.kind.value,
        "wire": wire_name(field),
        "length": _length(field),
        "calibration": _calibration(field),
        "range": _ends((field.allowed.lowest, field.allowed.highest) if field.allowed else None),
        "yellow": _ends(field.limits.yellow if field.limits else None),
        "red": _ends(field.limits.red if field.limits else None),
        "unit": field.unit,
        "description": field.description,
        "labels": {str(raw): label for raw, label in field.labels.items()},
        "item": describe_field(field.item) if field.item else None,
        "record": describe_record(field.record.python_class) if field.record else None,
    }
    return {key: value for key, value in described.items() if value not in (None, "", {})}


def wire_name(field: FieldLayout) -> str | None:
    """The wire type as written in documents: ``u16``, ``bits(3)``; None for texts and structures."""
    if isinstance(field.wire, Number):
        return _NUMBER_NAMES[field.wire.code]
    if isinstance(field.wire, Bits):
        return f"bits({field.wire.width})"
    return None


def _ends(ends: tuple[float, float] | None) -> list[float | None] | None:
    """Both ends, None for one that is infinite, which JSON could not say."""
    return None if ends is None else [end if isfinite(end) else None for end in ends]


def _length(field: FieldLayout) -> str | None:
    match field.extent:
        case Length(count):
            return f"{count}"
        case UpTo(count):
            return f"up to {count}"
        case Tail(count):
            return f"rest of the packet, up to {count}"
    return None


def _calibration(field: FieldLayout) -> list[float] | None:
    match field.calibration:
        case Linear(scale, offset):
            return [offset, scale]
        case Polynomial(coefficients):
            return list(coefficients)
    return None
