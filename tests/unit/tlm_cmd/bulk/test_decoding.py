"""Bulk decoding gives the rows that the scalar decoder gives, packet by packet, and refuses what it refuses."""

from __future__ import annotations

from enum import IntEnum
from random import Random
from typing import Annotated

import pytest

from flightsw.mission import Mission
from ops_tools.reference_mission import reference_mission
from tests.unit.tlm_cmd.bulk.both_decoders import compare, random_packets
from tlm_cmd.bulk.decoding import Check, PacketRefusal, decode_packets
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
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
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.message import Event, Record, Severity, Telemetry
from tlm_cmd.packets.cfs_header import build_telemetry
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


# ------------------------------------------------------------------ both decoders


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
