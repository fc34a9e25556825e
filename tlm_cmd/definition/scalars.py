"""What the compilers of encoders and decoders agree on: raw values of scalars, and which fields go together."""

from __future__ import annotations

import struct

from tlm_cmd.definition.fields import F32, Bits, Number
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.wire_values import Lookup

CODE_BY_OCTETS = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Codes of ``struct`` for groups of bit fields; a group of another size travels as an octet string."""

MAX_FLATTENED = 64
"""Most values of one fixed array that are treated like fields of the record; longer arrays are looped over."""


def travels_as_is(field: FieldLayout) -> bool:
    """Whether the Python value is the raw value, and every raw value is allowed."""
    return (
        field.kind in (Kind.INTEGER, Kind.FLOAT)
        and isinstance(field.wire, Number)
        and field.calibration is None
        and field.allowed is None
    )


def is_plain(layout: RecordLayout) -> bool:
    """Whether there are fields, and all of them are numbers that travel as they are."""
    return bool(layout.fields) and all(travels_as_is(field) for field in layout.fields)


def flattens(item: FieldLayout, count: int) -> bool:
    """Whether the items of a fixed array are treated like fields of the record it stands in."""
    return item.fixed_octets is not None and item.leaves * count <= MAX_FLATTENED


def group_octets(group: list[FieldLayout]) -> int:
    """Octets that neighbouring bit fields share."""
    width = 0
    for field in group:
        width += field.wire.width if isinstance(field.wire, Bits) else 0
    return (width + 7) // 8


def raw_values(field: FieldLayout, label: str) -> Lookup | None:
    """Raw by Python value of a boolean or an enumeration, None for other fields."""
    if field.kind is Kind.BOOLEAN:
        return Lookup(label, {False: 0, True: 1}, ["False", "True"])
    if field.enumeration is not None:
        return Lookup(label, {member: int(member) for member in field.enumeration}, list(field.labels.values()))
    return None


def python_values(field: FieldLayout, label: str) -> Lookup | None:
    """Python by raw value of a boolean or an enumeration, None for other fields."""
    if field.kind is Kind.BOOLEAN:
        return Lookup(label, {0: False, 1: True}, ["0 (False)", "1 (True)"])
    if field.enumeration is not None:
        allowed = [f"{raw} ({name})" for raw, name in field.labels.items()]
        return Lookup(label, {int(member): member for member in field.enumeration}, allowed)
    return None


def raw_range(field: FieldLayout) -> tuple[float, float] | None:
    """The range in raw values, so that a value at its very edge is still allowed after rounding; None without one."""
    allowed = field.allowed
    if allowed is None:
        return None
    if field.calibration is not None and isinstance(field.wire, Number):
        ends = [field.calibration.raw(end, field.wire) for end in (allowed.lowest, allowed.highest)]
        return min(ends), max(ends)
    if field.wire == F32:
        return _as_f32(allowed.lowest), _as_f32(allowed.highest)
    return allowed.lowest, allowed.highest


def _as_f32(value: float) -> float:
    rounded: float = struct.unpack(">f", struct.pack(">f", value))[0]
    return rounded
