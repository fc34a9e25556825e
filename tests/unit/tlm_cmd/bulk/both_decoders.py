"""Packets at random, and the rows of bulk decoding held against what the scalar decoder says to each of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from math import isnan
from random import Random
from typing import Any

import numpy as np

from tlm_cmd.bulk.columns import Column, PacketColumns, Ragged
from tlm_cmd.bulk.decoding import Decoded
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import Bits, Length, Number, UpTo
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import ShortEvent
from tlm_cmd.definition.scalars import raw_range
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_telemetry, join_time, parse_telemetry

NEXT_TO_IT = 0.05
"""How often a number is not the one that was drawn, but its neighbour."""


def random_octets(layout: RecordLayout, draw: Random) -> bytes:
    """Octets that fit a layout as far as lengths go; values may be ones that it refuses."""
    octets, bits, width = b"", 0, 0
    for field in layout.fields:
        if isinstance(field.wire, Bits):
            value = draw.choice(sorted(field.labels)) if field.labels else draw.randrange(field.wire.highest + 1)
            bits, width = bits << field.wire.width | value, width + field.wire.width
            continue
        octets += _whole_octets(bits, width) + random_field(field, draw)
        bits = width = 0
    return octets + _whole_octets(bits, width)


def _whole_octets(bits: int, width: int) -> bytes:
    octets = (width + 7) // 8
    return (bits << 8 * octets - width).to_bytes(octets, "big")


def random_field(field: FieldLayout, draw: Random) -> bytes:
    """Octets of one field that is no bit field."""
    if isinstance(field.wire, Number):
        return random_number(field, field.wire, draw)
    if field.record is not None:
        return random_octets(field.record, draw)
    assert field.extent is not None
    most = field.extent.count
    count = most if isinstance(field.extent, Length) else draw.choice((0, 1, draw.randint(0, min(most, 9))))
    prefix = count.to_bytes(field.extent.prefix.octets, "big") if isinstance(field.extent, UpTo) else b""
    if field.item is None:
        return prefix + (bytes(draw.choices(b"abc xyz", k=count)) if field.kind is Kind.TEXT else draw.randbytes(count))
    return prefix + b"".join(random_field(field.item, draw) for _ in range(count))


def random_number(field: FieldLayout, wire: Number, draw: Random) -> bytes:
    """Octets of a number: mostly one that the definition allows, often one close to the end of what it allows."""
    if wire.is_float:
        return _random_float(field, wire, draw)
    if field.labels:
        raw = draw.choice(sorted(field.labels))
    elif field.kind is Kind.BOOLEAN:
        raw = draw.randrange(2)
    else:
        allowed = raw_range(field) or (wire.lowest, wire.highest)
        low, high = (int(min(max(end, wire.lowest), wire.highest)) for end in allowed)
        raw = draw.choice((low, high, draw.randint(low, high), draw.randint(low, high)))
    near = raw + (draw.choice((-1, 1)) if draw.random() < NEXT_TO_IT else 0)
    return (near % 256**wire.octets).to_bytes(wire.octets, "big")


def _random_float(field: FieldLayout, wire: Number, draw: Random) -> bytes:
    allowed = raw_range(field)
    if allowed is None:
        return draw.randbytes(wire.octets)
    ends = [min(max(float(end), -1e38), 1e38) for end in allowed]
    octets = struct.pack(f">{wire.code}", draw.choice((*ends, draw.uniform(*ends), draw.uniform(*ends))))
    near = int.from_bytes(octets, "big") + (draw.choice((-1, 1)) if draw.random() < NEXT_TO_IT else 0)
    return (near % 256**wire.octets).to_bytes(wire.octets, "big")


def random_packets(dictionary: Dictionary, draw: Random, count: int, *, spoilt: float) -> list[bytes]:
    """Packets and events of every kind in any order, a share of them with one octet changed under a right CRC."""
    kinds: list[tuple[int, bytes, RecordLayout | None]] = [
        (entry.apid, b"", layout_of(entry.record)) for entry in dictionary.telemetry.values()
    ]
    for event in dictionary.events.values():
        head = bytes((event.code, event.record.severity))
        kinds += [(event.apid, head, layout_of(event.record)), (event.apid, bytes((head[0], head[1] | 0x80)), None)]
    packets = []
    for number in range(count):
        apid, head, layout = draw.choice(kinds)
        payload = bytearray(head + (random_octets(layout, draw) if layout else b""))
        if payload and draw.random() < spoilt:
            payload[draw.randrange(len(payload))] = draw.randrange(256)
        if draw.random() < spoilt / 4:
            payload = payload[: draw.randint(0, len(payload))] + draw.randbytes(draw.choice((0, 0, 1, 5)))
        seconds, subseconds = draw.randrange(2**32), draw.randrange(2**16)
        packets.append(build_telemetry(apid, number % 16_384, seconds, subseconds, bytes(payload)))
    return packets


def row_of(columns: PacketColumns, row: int) -> dict[str, Any]:
    """One packet of the columns, in engineering units, by path."""
    found = {}
    for path, field in columns.fields.items():
        column = columns.engineering(path)
        found[path] = plain(column[row], field)
    return found


def plain(value: Column | Any, field: FieldLayout) -> Any:  # noqa: ANN401 - numbers, texts, lists of them
    """A value of a column as plain Python values, strings joined."""
    if isinstance(value, Ragged):
        return [plain(value[index], field) for index in range(len(value))]
    if field.kind not in (Kind.TEXT, Kind.OCTETS):
        return np.asarray(value).tolist()
    if np.asarray(value).ndim > 1:
        return [plain(item, field) for item in value]
    octets = np.asarray(value).astype(np.uint8).tobytes()
    if field.kind is Kind.OCTETS:
        return octets
    return (octets.rstrip(b"\0") if isinstance(field.extent, Length) else octets).decode()


def along(value: Any, way: list[str]) -> Any:  # noqa: ANN401 - any value of a message
    """What a message holds on the way to one column; of the items of arrays, a list."""
    if not way:
        return value
    if isinstance(value, tuple):
        return [along(item, way) for item in value]
    return along(getattr(value, way[0]), way[1:])


def paths(fields: Iterable[FieldLayout], prefix: str = "") -> Iterator[str]:
    """The columns that some fields must give."""
    for field in fields:
        record = field.record or (field.item.record if field.item else None)
        if record is None:
            yield prefix + field.name
        else:
            yield from paths(record.fields, f"{prefix}{field.name}.")


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any value of a message
    """Equality, also between numbers that are none."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float) and isnan(one):
        return isnan(other)
    return bool(one == other)


def compare(dictionary: Dictionary, packets: list[bytes], decoded: Decoded) -> tuple[int, int]:
    """Hold all rows against the scalar decoder; return how many packets it accepts, and how many not."""
    rows = {name: iter(range(len(columns))) for name, columns in decoded.packets.items()}
    accepted = refused = position = 0
    reasons: list[tuple[int, int, str]] = []
    for packet in packets:
        parsed = parse_telemetry(packet)
        try:
            entry, message = dictionary.decode_downlink(parsed.apid, parsed.payload)
        except ProtocolError as error:
            refused += 1
            reasons.append((position, len(packet), str(error)))
        else:
            accepted += 1
            name = f"{entry.name} (short)" if isinstance(message, ShortEvent) else entry.name
            columns = decoded.packets[name]
            row = next(rows[name])
            assert int(columns.positions[row]) == position
            assert int(columns.sequence[row]) == parsed.sequence_count
            assert int(columns.time_ns[row]) == join_time(parsed.time_seconds, parsed.time_subseconds)
            if not isinstance(message, ShortEvent):
                found = row_of(columns, row)
                assert list(found) == list(paths(layout_of(type(message)).fields))
                for path, value in found.items():
                    assert same(along(message, path.split(".")), value), (name, path, message, value)
        position += len(packet)
    assert all(next(each, None) is None for each in rows.values())
    assert sum(decoded.refused.values()) == refused
    assert sorted((each.position, each.octets, each.detail) for each in decoded.refusals) == reasons
    return accepted, refused
