"""Telemetry packets to named objects and back, and files of them to columns, beside packages that others wrote."""

from __future__ import annotations

import io
import logging
import struct
from binascii import crc_hqx
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from random import Random
from typing import Annotated

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from tlm_cmd.bulk.decoding import decode_packets
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import F32, F64, I16, I32, U8, U16, U32
from tlm_cmd.definition.message import Telemetry
from tlm_cmd.packets.telemetry_packets import TelemetryPackets

SCALAR_PACKETS = 50_000
BULK_PACKETS = 1_000_000
PEER_PACKETS = 20_000
DIFFERENT_PACKETS = 10_000
"""Packets made at random; more of them would only take longer to make."""


class TwentyFields(Telemetry):
    """What a housekeeping packet may be: 61 octets of numbers."""

    mode: Annotated[int, U8]
    submode: Annotated[int, U8]
    voltage: Annotated[int, U16]
    current: Annotated[int, U16]
    state_of_charge: Annotated[int, U16]
    load: Annotated[int, U16]
    uptime: Annotated[int, U32]
    commands: Annotated[int, U32]
    packets: Annotated[int, U32]
    board_temperature: Annotated[int, I16]
    battery_temperature: Annotated[int, I16]
    torque: Annotated[int, I32]
    rate_x: Annotated[float, F32]
    rate_y: Annotated[float, F32]
    rate_z: Annotated[float, F32]
    angle: Annotated[float, F32]
    time: Annotated[float, F64]
    flags: Annotated[int, U32]
    errors: Annotated[int, U16]
    reset_cause: Annotated[int, U8]


DICTIONARY = Dictionary("bench", [AppInterface("app", 0x100, (), (TwentyFields,))])
ENTRY = DICTIONARY.packet("APP.TWENTY_FIELDS")
_WHOLE_PACKET = struct.Struct(">HHHIH4xBBHHHHIIIhhiffffdIHBH")


def scalar(effort: Effort) -> list[Figure]:
    """Packets per second of processor time, one at a time."""
    packets = _packets()
    count = effort.count(SCALAR_PACKETS)
    chosen = (packets * (count // len(packets) + 1))[:count]
    received = [TelemetryPackets(DICTIONARY).decode(packet) for packet in chosen]
    messages = [(each.message, each.sequence_count, each.time_seconds, each.time_subseconds) for each in received]
    decode, encode = TelemetryPackets(DICTIONARY).decode, TelemetryPackets(DICTIONARY).encoder(ENTRY)
    decoded, encoded, bare, others = [], [], [], []
    for _ in range(effort.runs):
        decoded.append(_rate(count, lambda: _each(decode, chosen)))
        encoded.append(_rate(count, lambda: _spread(encode, messages)))
        bare.append(_rate(count, lambda: _each(_unpack_and_check, chosen)))
        others += _spacepackets_rates(effort.count(PEER_PACKETS), chosen)
    peer = ("spacepackets and struct, without names", others) if others else ("struct and CRC, no object", bare)
    return [
        figure(
            ("tlm.decode", "20 fields, header and CRC checked, to a named object"),
            "1/s",
            decoded,
            Better.HIGHER,
            must=1e6,
            aim=1.5e6,
            reference=peer,
        ),
        figure(
            ("tlm.decode", "the same encoded"),
            "1/s",
            encoded,
            Better.HIGHER,
            must=800e3,
            aim=1.5e6,
            reference=("struct and CRC, decoded without an object", bare),
        ),
    ]


def bulk(effort: Effort) -> list[Figure]:
    """Packets per second of processor time, a whole buffer at once."""
    packets = _packets()
    count = effort.count(BULK_PACKETS)
    buffer = b"".join((packets * (count // len(packets) + 1))[:count])
    quick, checked, others = [], [], []
    for _ in range(effort.runs):
        quick.append(_rate(count, lambda: decode_packets(DICTIONARY, buffer, check_crc=False)))
        checked.append(_rate(count, lambda: decode_packets(DICTIONARY, buffer)))
        others += _ccsdspy_rates(count, buffer)
    peer = ("ccsdspy FixedLength, without CRC", others) if others else None
    return [
        figure(
            ("tlm.bulk", "fixed packets of 20 fields, headers and values checked, to columns"),
            "1/s",
            quick,
            Better.HIGHER,
            must=20e6,
            aim=50e6,
            reference=peer,
        ),
        figure(("tlm.bulk", "the same, CRC checked too"), "1/s", checked, Better.HIGHER, reference=peer),
    ]


def _packets() -> list[bytes]:
    draw, encode = Random(4), TelemetryPackets(DICTIONARY).encoder(ENTRY)
    octets = ENTRY.codec.layout.fixed_octets or 0
    contents = [ENTRY.codec.decode(draw.randbytes(octets)) for _ in range(DIFFERENT_PACKETS)]
    return [encode(content, number, number, 0) for number, content in enumerate(contents)]


def _rate(count: int, work: Callable[[], object]) -> float:
    return count / cpu_seconds(work)


def _each(function: Callable[[bytes], object], packets: Sequence[bytes]) -> None:
    for packet in packets:
        function(packet)


def _spread(function: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> None:
    for each in arguments:
        function(*each)


def _unpack_and_check(packet: bytes) -> tuple[object, ...]:
    if crc_hqx(packet, 0xFFFF):
        raise AssertionError("a good packet does not check")
    return _WHOLE_PACKET.unpack(packet)


def _spacepackets_rates(count: int, packets: list[bytes]) -> list[float]:
    if find_spec("spacepackets") is None:
        return []
    from spacepackets import SpacePacketHeader  # noqa: PLC0415 - only where it is installed

    def decode(packet: bytes) -> tuple[object, ...]:
        return SpacePacketHeader.unpack(packet), _unpack_and_check(packet)

    chosen = (packets * (count // len(packets) + 1))[:count]
    return [_rate(count, lambda: _each(decode, chosen))]


def _ccsdspy_rates(count: int, buffer: bytes) -> list[float]:
    if find_spec("ccsdspy") is None:
        return []
    import ccsdspy  # noqa: PLC0415 - only where it is installed

    logging.getLogger("ccsdspy").setLevel(logging.ERROR)  # it warns of every sequence count that wraps
    kinds = {"B": ("uint", 8), "H": ("uint", 16), "I": ("uint", 32), "h": ("int", 16), "i": ("int", 32)}
    kinds |= {"f": ("float", 32), "d": ("float", 64)}
    codes = "IHI" + "BBHHHHIIIhhiffffdIHB" + "H"
    fields = [ccsdspy.PacketField(f"field{number}", *kinds[code]) for number, code in enumerate(codes)]
    return [_rate(count, lambda: ccsdspy.FixedLength(fields).load(io.BytesIO(buffer)))]
