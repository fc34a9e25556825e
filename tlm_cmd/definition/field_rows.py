"""Fields as a controller reads them: one row of texts for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import assert_never

import msgspec

from tlm_cmd.definition.describe import wire_name
from tlm_cmd.definition.fields import Bits, Extent, Length, Linear, Polynomial, Tail, UpTo
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout


class FieldRow(msgspec.Struct, frozen=True):
    """One field.

    Attributes:
        name: with the names of what it stands in, ``path[].x``.
        type: wire type, length, step, labels.
        unit: engineering unit.
        range: values that are allowed.
        yellow: limits of the warning.
        red: limits of the alarm.
        default: what is sent when it is not given.
        meaning: what it stands for.
    """

    name: str
    type: str
    unit: str
    range: str
    yellow: str
    red: str
    default: str
    meaning: str


def field_rows(layout: RecordLayout) -> Iterator[FieldRow]:
    """The fields in wire order, those of nested records and of items of arrays behind what they belong to."""
    return _rows(layout.fields, _defaults(layout), "")


def number_text(value: float) -> str:
    """A number as people write it: integers in full, others to ten digits."""
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def _rows(fields: Iterable[FieldLayout], defaults: dict[str, str], prefix: str) -> Iterator[FieldRow]:
    for field in fields:
        name = prefix + field.name
        value = field if field.item is None else field.item
        yield FieldRow(
            name=name,
            type=_type(field),
            unit=value.unit,
            range=_range(value),
            yellow=_ends(value.limits.yellow if value.limits else None),
            red=_ends(value.limits.red if value.limits else None),
            default=defaults.get(name, ""),
            meaning=field.description or value.description,
        )
        if value.record is not None:
            yield from _rows(value.record.fields, {}, f"{name}." if field.item is None else f"{name}[].")


def _type(field: FieldLayout) -> str:
    if field.item is not None and field.extent is not None:
        return f"{_extent(field.extent)} of {_type(field.item)}"
    if field.record is not None:
        return field.record.name
    if field.extent is not None:
        return f"{'text, ' if field.kind is Kind.TEXT else ''}{_extent(field.extent)} octets"
    return f"{wire_name(field)}{_labels(field)}{_steps(field)}"


def _labels(field: FieldLayout) -> str:
    labels = {0: "false", 1: "true"} if field.kind is Kind.BOOLEAN else field.labels
    return f": {', '.join(f'{raw} {name}' for raw, name in labels.items())}" if labels else ""


def _steps(field: FieldLayout) -> str:
    """How raw values become engineering values."""
    match field.calibration:
        case Linear(scale, offset):
            return f", steps of {number_text(scale)}" + (f", 0 is {number_text(offset)}" if offset else "")
        case Polynomial(coefficients):
            terms = [
                number_text(factor) + ("", " x", f" x^{power}")[min(power, 2)]
                for power, factor in enumerate(coefficients)
                if factor
            ]
            return f" as x: {' + '.join(terms)}"
    return ""


def _extent(extent: Extent) -> str:
    match extent:
        case Length(count):
            return f"{count}"
        case UpTo(count):
            return f"up to {count}"
        case Tail(count):
            return f"the rest, up to {count}"
        case _:
            assert_never(extent)


def _range(field: FieldLayout) -> str:
    """The values declared, within those that the wire type carries; a plain float without declaration has none."""
    wire, allowed = field.wire, field.allowed
    if wire is None or field.kind not in (Kind.INTEGER, Kind.FLOAT):
        return ""
    if field.calibration is not None:
        lowest, highest = sorted(field.calibration.engineering(raw) for raw in (wire.lowest, wire.highest))
    elif allowed is None and not isinstance(wire, Bits) and wire.is_float:
        return ""
    else:
        lowest, highest = wire.lowest, wire.highest
    if allowed is not None:
        lowest, highest = max(lowest, allowed.lowest), min(highest, allowed.highest)
    return _ends((lowest, highest))


def _ends(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{number_text(ends[0])} to {number_text(ends[1])}"


def _defaults(layout: RecordLayout) -> dict[str, str]:
    """Defaults by field name; a field without one must be given."""
    values = layout.python_class.__struct_defaults__
    names = [field.name for field in layout.fields][len(layout.fields) - len(values) :]
    return {name: _default(value) for name, value in zip(names, values, strict=True)}


def _default(value: object) -> str:
    match value:
        case IntEnum():
            return value.name
        case bool():
            return str(value).lower()
        case int() | float():
            return number_text(value)
        case "" | b"" | ():
            return "empty"
        case bytes():
            return value.hex(" ")
    return str(value)
