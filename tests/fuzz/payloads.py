"""Payloads of a mission's messages, drawn from their definitions: every value allowed, and edges often."""

from __future__ import annotations

import struct
from math import isfinite
from random import Random

from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import Bits, Length, Number, UpTo
from tlm_cmd.definition.scalars import raw_range

MOST_ITEMS = 6
"""Items of variable parts, most of the time."""


def draw_payload(layout: RecordLayout, chance: Random) -> bytes:
    """The octets of one message."""
    octets = bytearray()
    bits, width = 0, 0
    for field in layout.fields:
        if isinstance(field.wire, Bits):
            bits = bits << field.wire.width | _draw_integer(field, chance)
            width += field.wire.width
            continue
        octets += _pack_bits(bits, width)
        bits, width = 0, 0
        octets += _draw_field(field, chance)
    return bytes(octets + _pack_bits(bits, width))


def _pack_bits(bits: int, width: int) -> bytes:
    fill = -width % 8
    return (bits << fill).to_bytes((width + fill) // 8, "big")


def _draw_field(field: FieldLayout, chance: Random) -> bytes:
    if field.record is not None and field.kind is Kind.RECORD:
        return draw_payload(field.record, chance)
    if isinstance(field.wire, Number):
        return _draw_number(field, field.wire, chance)
    count = _draw_count(field, chance)
    if field.kind is Kind.ARRAY:
        assert field.item is not None
        content = b"".join(_draw_field(field.item, chance) for _ in range(count))
    elif field.kind is Kind.TEXT:
        content = bytes(chance.choices(b"abcdefghij KLMNO.,-_0123456789", k=count))
    else:
        content = chance.randbytes(count)
    if isinstance(field.extent, UpTo):
        return count.to_bytes(field.extent.prefix.octets, "big") + content
    return content


def _draw_count(field: FieldLayout, chance: Random) -> int:
    assert field.extent is not None
    if isinstance(field.extent, Length):
        return field.extent.count
    most = field.extent.count if chance.random() < 0.05 else min(field.extent.count, MOST_ITEMS)
    return chance.choice((0, most, chance.randint(0, most)))


def _draw_number(field: FieldLayout, wire: Number, chance: Random) -> bytes:
    if not wire.is_float:
        return struct.pack(f">{wire.code}", _draw_integer(field, chance))
    low, high = raw_range(field) or (-1e6, 1e6)
    if not (isfinite(low) and isfinite(high)):
        low, high = max(low, -1e6), min(high, 1e6)
    return struct.pack(f">{wire.code}", chance.choice((low, high, chance.uniform(low, high))))


def _draw_integer(field: FieldLayout, chance: Random) -> int:
    if field.kind is Kind.BOOLEAN:
        return chance.randint(0, 1)
    if field.enumeration is not None:
        return chance.choice(sorted(field.labels))
    wire = field.wire
    assert isinstance(wire, (Number, Bits))
    lowest, highest = raw_range(field) or (wire.lowest, wire.highest)
    low, high = int(max(lowest, wire.lowest)), int(min(highest, wire.highest))
    low += low < lowest
    return chance.choice((low, high, chance.randint(low, high)))
