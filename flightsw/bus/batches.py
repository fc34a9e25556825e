"""What travels between processes: batches of packets behind a header that makes every loss visible.

A batch is ``header | item | item | ...``; an item is a CCSDS Space Packet, which delimits itself, and behind a command
two octets with the source of the request. A batch without items only says how much was offered.
"""

from __future__ import annotations

import struct

import msgspec

from flightsw.bus.requests import Request
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_command, build_telemetry, parse_command, parse_telemetry
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS, SEQUENCE_MODULO, declared_packet_octets
from tlm_cmd.packets.verification import RequestId

_HEADER = struct.Struct(">HHHHQQ")
_SOURCE = struct.Struct(">H")
MAGIC = 0xF55B
_COMMAND_BIT = 0x10  # packet type, in the first octet of the primary header


class BatchError(ProtocolError):
    """Octets that are no batch."""


class BatchHeader(msgspec.Struct, frozen=True):
    """What every batch says about itself.

    Attributes:
        source: number of the sending process.
        epoch: which incarnation of that process.
        count: packets in the batch.
        before: packets that this incarnation offered to this link before, the ones it dropped included.
        dropped: those of them that it dropped itself, because the link was full.
    """

    source: int
    epoch: int
    count: int
    before: int
    dropped: int


def pack_batch(header: BatchHeader, items: list[bytes]) -> bytes:
    """Header and items in one message."""
    fields = header.source, header.epoch, header.count, header.before, header.dropped
    return _HEADER.pack(MAGIC, *fields) + b"".join(items)


def unpack_header(data: bytes) -> BatchHeader:
    """The header of a batch.

    Raises:
        BatchError: too short, or another kind of message.
    """
    if len(data) < _HEADER.size:
        raise BatchError(f"batch of {len(data)} octets, at least {_HEADER.size} are needed")
    magic, *fields = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise BatchError(f"batch begins with 0x{magic:04x}, 0x{MAGIC:04x} is needed")
    return BatchHeader(*fields)


class Unpacked(msgspec.Struct, frozen=True):
    """The content of a batch: (message id, message) pairs, and how many items could not be read."""

    messages: list[tuple[int, object]]
    malformed: int


class MessagePacker:
    """Messages of the bus to items of a batch, and back.

    Args:
        dictionary: the mission's dictionary.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._sequences: dict[int, int] = {}

    def pack(self, message_id: int, message: object, time: tuple[int, int]) -> bytes:
        """One item.

        Args:
            message_id: its id on the bus.
            message: a request, telemetry or an event.
            time: seconds and subseconds for the header.

        Raises:
            ProtocolError: a field does not fit its definition, or it is no message.
        """
        if isinstance(message, Request):
            payload = self._dictionary.encode_payload(message.command)
            packet = build_command(message.id.apid, message.id.sequence, message.id.function, payload)
            return packet + _SOURCE.pack(message.id.source)
        if isinstance(message, Telemetry | Event):
            sequence = self._sequences.get(message_id, 0)
            packet = build_telemetry(message_id & 0x7FF, sequence, *time, self._dictionary.encode_payload(message))
            self._sequences[message_id] = (sequence + 1) % SEQUENCE_MODULO
            return packet
        raise BatchError(f"{type(message).__name__} is no message")

    def unpack(self, data: bytes, count: int) -> Unpacked:
        """The messages of a batch of ``count`` items; what cannot be read is counted and left out.

        Items are told apart by their own length; from one that has none on, the rest cannot be read.
        """
        messages: list[tuple[int, object]] = []
        position = _HEADER.size
        for _ in range(count):
            if position + PRIMARY_HEADER_OCTETS > len(data) or not declared_packet_octets(data, position):
                break
            end = position + declared_packet_octets(data, position)
            is_command = bool(data[position] & _COMMAND_BIT)
            try:
                message = self._command(data, position, end) if is_command else self._report(data[position:end])
                messages.append((int.from_bytes(data[position : position + 2], "big"), message))
            except ProtocolError:
                pass  # counted below, with what was not even reached
            position = end + _SOURCE.size * is_command
        return Unpacked(messages, count - len(messages))

    def _report(self, packet: bytes) -> Telemetry | Event:
        parsed = parse_telemetry(packet)
        return self._dictionary.decode_telemetry(parsed.apid, parsed.payload)[1]

    def _command(self, data: bytes, start: int, end: int) -> Request:
        parsed = parse_command(data[start:end])
        if end + _SOURCE.size > len(data):
            raise BatchError("a command ends before its source")
        entry = self._dictionary.command_by_id(parsed.apid, parsed.function_code)
        if entry is None:
            raise BatchError(f"no function {parsed.function_code} at APID 0x{parsed.apid:03x}")
        source = _SOURCE.unpack_from(data, end)[0]
        request = RequestId(source, parsed.apid, parsed.sequence_count, parsed.function_code)
        return Request(request, entry.codec.decode(parsed.payload))
