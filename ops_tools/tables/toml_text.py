"""A table's content as the TOML source that makes it again."""

from __future__ import annotations

import json
import struct
from typing import Any

from tlm_cmd.definition.fields import F32, Number
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout, layout_of
from tlm_cmd.definition.message import Record

MOST_DIGITS = 17
"""A binary64 number is known by 17 decimal digits (IEEE 754-2019, 5.12.2)."""


def as_toml(content: Record) -> str:
    """The source of a table: plain values first, then structures and lists of structures as sections.

    Numbers have as few digits as give the same image again.
    """
    layout = layout_of(type(content))
    plain, sections = [], []
    for field in layout.fields:
        value = getattr(content, field.name)
        if field.record is not None:
            sections += ["", f"[{field.name}]", *_lines(field.record, value)]
        elif field.item is not None and field.item.record is not None and value:
            for each in value:
                sections += ["", f"[[{field.name}]]", *_lines(field.item.record, each)]
        else:
            plain.append(f"{field.name} = {_inline(field, value)}")
    return "\n".join([*plain, *sections]).lstrip("\n") + "\n"


def _lines(layout: RecordLayout, record: Record) -> list[str]:
    return [f"{field.name} = {_inline(field, getattr(record, field.name))}" for field in layout.fields]


def _inline(field: FieldLayout, value: Any) -> str:  # noqa: ANN401 - any value of a field
    match field.kind:
        case Kind.RECORD if field.record is not None:
            text = f"{{ {', '.join(_lines(field.record, value))} }}"
        case Kind.ARRAY if field.item is not None:
            item = field.item
            text = f"[{', '.join(_inline(item, each) for each in value)}]"
        case Kind.OCTETS:
            text = f'"{value.hex()}"'
        case Kind.ENUMERATION:
            text = f'"{value.name}"'
        case Kind.BOOLEAN:
            text = str(value).lower()
        case Kind.FLOAT:
            text = _number(field, value)
        case Kind.TEXT:
            text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            text = str(value)
    return text


def _number(field: FieldLayout, value: float) -> str:
    """The shortest number that travels as the same raw value."""
    for digits in range(1, MOST_DIGITS):
        text = f"{value:.{digits}g}"
        if _travels_as(field, float(text), value):
            break
    else:
        text = repr(value)
    # an exponent or a point makes it a float of TOML
    return text if any(sign in text for sign in ".e") else f"{text}.0"


def _travels_as(field: FieldLayout, rounded: float, value: float) -> bool:
    """Whether two numbers are the same on the wire; one rounded beyond what the wire carries does not travel at all."""
    if field.calibration is not None and isinstance(field.wire, Number):
        ends = sorted(map(field.calibration.engineering, (field.wire.lowest, field.wire.highest)))
        if not ends[0] <= rounded <= ends[1]:
            return False
    try:
        return _raw(field, rounded) == _raw(field, value)
    except OverflowError:
        return False


def _raw(field: FieldLayout, value: float) -> object:
    if field.calibration is not None and isinstance(field.wire, Number):
        return field.calibration.raw(value, field.wire)
    return struct.pack(">f" if field.wire == F32 else ">d", value)
