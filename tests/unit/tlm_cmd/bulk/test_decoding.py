"""Bulk decoding gives the rows that the scalar decoder gives, packet by packet, and refuses what it refuses."""

from __future__ import annotations

from enum import IntEnum
from math import isnan
from random import Random
from typing import Annotated, Any

import numpy as np
import pytest

from flightsw.mission import Mission
from ops_tools.reference_mission import reference_mission
from tlm_cmd.bulk.columns import Column, PacketColumns, Ragged
from tlm_cmd.bulk.decoding import Check, Decoded, PacketRefusal, decode_packets
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import (
    F32,
    F64,
    I8,
    I16,
    U8,
    U16,
    U32,
    U64,
    Bits,
    Length,
    Linear,
    Number,
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Event, Record, Severity, ShortEvent, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_telemetry, join_time, parse_telemetry
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.spacepacket import idle_packet


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7
    FAULT = 200


class Node(Record):
    """A part of fixed size."""

    temperature: Annotated[float, I16, Linear(0.01)]
    heated: bool


class Entry(Record):
    """A part of any size."""

    name: Annotated[str, UpTo(12)]
    values: Annotated[tuple[Annotated[int, U16], ...], UpTo(5)]


class Scalars(Telemetry):
    """Every kind of value at a fixed place."""

    a: Annotated[int, U8, Range(3, 250)]
    b: Annotated[float, I16, Linear(0.1, -3.0), Range(-3000, 3000)]
    c: Annotated[float, F32, Range(-1e30, 0.7)]
    d: Annotated[float, F64]
    e: Annotated[int, U64, Range(5, 2**64 - 3)]
    three: Annotated[int, Bits(3)]
    mode: Annotated[Mode, Bits(9)]
    wide: Annotated[int, Bits(32)]
    flag: Annotated[bool, Bits(2)]
    f: Annotated[float, U16, Polynomial.of(1, 0.5, 0.25)]
    name: Annotated[str, Length(7)]
    key: Annotated[bytes, Length(3)]
    nodes: Annotated[tuple[Node, ...], Length(3)]
    numbers: Annotated[tuple[Annotated[int, U32], ...], Length(12)]
    names: Annotated[tuple[Annotated[str, Length(4)], ...], Length(2)]
    state: Mode


class Variable(Telemetry):
    """Every kind of variable part."""

    first: Annotated[int, U8]
    text: Annotated[str, UpTo(20)]
    pair: Annotated[tuple[Annotated[int, I8, Range(-100, 100)], ...], UpTo(300)]
    nodes: Annotated[tuple[Node, ...], UpTo(4)]
    labels: Annotated[tuple[Annotated[str, Length(3)], ...], UpTo(3)]
    low: Annotated[int, Bits(4)]
    entry: Entry
    two: Annotated[tuple[Entry, ...], Length(2)]
    words: Annotated[tuple[Annotated[str, UpTo(6)], ...], UpTo(4)]
    entries: Annotated[tuple[Entry, ...], Tail(6)]


class Dump(Telemetry):
    """Numbers up to the end."""

    offset: Annotated[int, U32]
    numbers: Annotated[tuple[Annotated[int, U16], ...], Tail(40)]


class Checked(Telemetry):
    """A class with a check of its own."""

    low: Annotated[int, U8]
    high: Annotated[int, U8]

    def __post_init__(self) -> None:
        """Refuse what is the wrong way round."""
        if self.low > self.high:
            raise ValueError("low is above high")


class Empty(Telemetry):
    """Nothing at all."""


class Happened(Event, code=9, severity=Severity.ERROR, text="{what}"):
    """An event."""

    what: Annotated[str, UpTo(9)]


class Other(Event, code=10, text="{number}"):
    """An event of fixed size."""

    number: Annotated[int, U16]


OWN = Dictionary("own", [AppInterface("app", 0x100, (), (Scalars, Variable, Dump, Checked, Empty), (Happened, Other))])


# ------------------------------------------------------------------ packets at random


def random_raw(wire: Number, draw: Random) -> int:
    """Any raw value, the ends more often."""
    return draw.choice((int(wire.lowest), int(wire.highest), draw.randint(int(wire.lowest), int(wire.highest))))


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
        if field.labels:
            return draw.choice(sorted(field.labels)).to_bytes(field.wire.octets, "big")
        if field.kind is Kind.BOOLEAN:
            return draw.randrange(2).to_bytes(field.wire.octets, "big")
        return draw.randbytes(field.wire.octets)
    if field.record is not None:
        return random_octets(field.record, draw)
    assert field.extent is not None
    most = field.extent.count
    count = most if isinstance(field.extent, Length) else draw.choice((0, 1, draw.randint(0, min(most, 9))))
    prefix = count.to_bytes(field.extent.prefix.octets, "big") if isinstance(field.extent, UpTo) else b""
    if field.item is None:
        return prefix + (bytes(draw.choices(b"abc xyz", k=count)) if field.kind is Kind.TEXT else draw.randbytes(count))
    return prefix + b"".join(random_field(field.item, draw) for _ in range(count))


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


# ------------------------------------------------------------------ comparison


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


def flat(message: Record, prefix: str = "") -> dict[str, Any]:
    """A message as plain Python values by path; fields of items become lists."""
    found: dict[str, Any] = {}
    for field in layout_of(type(message)).fields:
        found |= flat_value(field, getattr(message, field.name), prefix + field.name)
    return found


def flat_value(field: FieldLayout, value: Any, path: str) -> dict[str, Any]:  # noqa: ANN401 - any value of a message
    """One field of a message by path."""
    if field.record is not None:
        return flat(value, f"{path}.")
    if field.item is None:
        return {path: value}
    items = [flat_value(field.item, item, path) for item in value]
    return {name: [item[name] for item in items] for name in items[0]} if items else {path: []}


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
                expected, found = flat(message), row_of(columns, row)
                for path, value in expected.items():
                    if value == [] and path not in found:  # an array of structures without items
                        value, path = [], next(name for name in found if name.startswith(f"{path}."))
                    assert same(value, found[path]), (name, path, value, found[path])
        position += len(packet)
    assert all(next(each, None) is None for each in rows.values())
    assert sum(decoded.refused.values()) == refused
    assert sorted((each.position, each.octets, each.detail) for each in decoded.refusals) == reasons
    return accepted, refused


@pytest.mark.parametrize("seed", range(12))
def test_every_row_is_what_the_scalar_decoder_gives(seed: int) -> None:
    """Over packets of every shape, some with values or lengths that do not fit, both decoders say the same."""
    packets = random_packets(OWN, Random(seed), 300, spoilt=0.2)
    accepted, refused = compare(OWN, packets, decode_packets(OWN, b"".join(packets)))
    assert accepted > 50
    assert refused > 10


def test_every_packet_of_the_reference_mission_comes_out_as_from_the_scalar_decoder() -> None:
    """All packets and events of the reference mission are decoded alike."""
    dictionary = Mission.load(reference_mission() / "mission.toml").dictionary
    packets = random_packets(dictionary, Random(5), 3000, spoilt=0.05)
    accepted, refused = compare(dictionary, packets, decode_packets(dictionary, b"".join(packets)))
    assert accepted > 900
    assert refused < 1000


# ------------------------------------------------------------------ whole buffers


class Pair(Telemetry):
    """Two numbers."""

    low: Annotated[int, U8]
    high: Annotated[int, U8]


PAIRS = Dictionary("pairs", [AppInterface("app", 0x100, (), (Pair,), ())])


@pytest.mark.parametrize("check_crc", [True, False])
def test_packets_of_one_kind_in_a_row_are_read_without_loss(check_crc: bool) -> None:  # noqa: FBT001
    """A long row of packets of fixed size gives all of them, with and without the check of the error control."""
    packets = [build_telemetry(0x101, n, n, 0, bytes((n % 100, 100))) for n in range(5000)]
    decoded = decode_packets(PAIRS, b"".join(packets), check_crc=check_crc)
    columns = decoded.packets["APP.PAIR"]
    assert columns.raw["low"].tolist() == [n % 100 for n in range(5000)]  # type: ignore[union-attr]
    assert columns.sequence.tolist() == list(range(5000))
    assert (Check.PACKET_ERROR_CONTROL in decoded.checks) is check_crc


@pytest.mark.parametrize("seed", range(6))
def test_damaged_octets_cost_only_the_packets_they_are_in(seed: int) -> None:
    """Flipped, inserted and missing octets are passed over and reported; every packet they spare gives its row."""
    draw = Random(seed)
    packets = random_packets(OWN, draw, 200, spoilt=0)
    pieces, whole = [], []
    for packet in packets:
        piece = bytearray(packet)
        fate = draw.randrange(8)
        if fate == 0:
            piece[draw.randrange(len(piece))] ^= 1 << draw.randrange(8)
        elif fate == 1:
            del piece[draw.randrange(len(piece)) :]
        elif fate == 2:
            piece = bytearray(draw.randbytes(draw.randint(1, 40))) + piece
        pieces.append(bytes(piece))
        if crc16(packet) == 0 and fate not in (0, 1):
            whole.append(packet)
    decoded = decode_packets(OWN, b"".join(pieces))
    index = decoded.index
    assert index.packets == len(whole)
    assert index.octets == index.packet_octets + index.idle_octets + index.skipped_octets
    assert index.skipped_octets == sum(span.octets for span in index.spans)
    assert sum(index.skips.values()) == len(index.spans) > 10
    assert index.packets == sum(map(len, decoded.packets.values())) + sum(decoded.refused.values())


def test_a_packet_of_an_apid_that_nobody_declares_is_reported() -> None:
    """It is counted as unknown, with the place where it stands; the packets around it are read."""
    packets = [build_telemetry(0x105, 1, 0, 0), build_telemetry(0x2A5, 2, 0, 0, b"xx"), build_telemetry(0x105, 3, 0, 0)]
    decoded = decode_packets(OWN, b"".join(packets))
    assert decoded.refused == {PacketRefusal.UNKNOWN: 1, PacketRefusal.BAD_CONTENT: 0}
    assert decoded.refusals[0].position == len(packets[0])
    assert "0x2a5" in decoded.refusals[0].detail
    assert decoded.packets["APP.EMPTY"].sequence.tolist() == [1, 3]


def test_idle_packets_are_dropped_and_counted() -> None:
    """Idle packets between others are no garbage and give no row."""
    packets = [idle_packet(9), build_telemetry(0x105, 1, 0, 0), idle_packet(30), idle_packet(7)]
    decoded = decode_packets(OWN, b"".join(packets))
    assert (decoded.index.idle_packets, decoded.index.idle_octets, decoded.index.skipped_octets) == (3, 46, 0)
    assert len(decoded.packets["APP.EMPTY"]) == 1


def test_any_octets_at_all_are_taken() -> None:
    """No content of a buffer raises, and every octet of it is accounted for."""
    draw = Random(9)
    for _ in range(60):
        buffer = draw.randbytes(draw.randrange(400))
        for check_crc in (True, False):
            index = decode_packets(OWN, buffer, check_crc=check_crc).index
            assert index.octets == index.packet_octets + index.idle_octets + index.skipped_octets
