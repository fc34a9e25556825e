"""What travels between processes: batches of packets behind a header that makes every loss visible.

A batch is ``header | item | item | ...``; an item is a CCSDS Space Packet, which delimits itself, and behind a command
who asked and its number on the link. A batch without items only says how much was offered, and which commands of both
directions have been dealt with.
"""

from __future__ import annotations

import struct

import msgspec

from flightsw.bus.requests import Passage, Request
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_command, build_telemetry, parse_command, parse_telemetry
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS, SEQUENCE_MODULO, declared_packet_octets
from tlm_cmd.packets.verification import RequestId

_HEADER = struct.Struct(">HHHHQQHII")
_TRAILER = struct.Struct(">HI")
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
        confirmed_epoch: incarnation of the receiver that the next field is about.
        confirmed: number of the last command of the receiver that has been dealt with here; 0 when none has.
        settled: number of the last command of the sender that the receiver has confirmed.
    """

    source: int
    epoch: int
    count: int
    before: int
    dropped: int
    confirmed_epoch: int = 0
    confirmed: int = 0
    settled: int = 0


def pack_batch(header: BatchHeader, items: list[bytes]) -> bytes:
    """Header and items in one message."""
    return _HEADER.pack(MAGIC, *msgspec.structs.astuple(header)) + b"".join(items)


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

    def pack_command(self, request: Request, number: int) -> bytes:
        """One item with a command.

        Args:
            request: the command.
            number: of the command on its link.

        Raises:
            ProtocolError: a field does not fit its definition.
        """
        payload = self._dictionary.encode_payload(request.command)
        packet = build_command(request.id.apid, request.id.sequence, request.id.function, payload)
        return packet + _TRAILER.pack(request.id.source, number)

    def pack(self, message_id: int, message: object, time: tuple[int, int]) -> bytes:
        """One item with a report.

        Args:
            message_id: its id on the bus.
            message: telemetry or an event.
            time: seconds and subseconds for the header.

        Raises:
            ProtocolError: a field does not fit its definition, or it is no message.
        """
        if isinstance(message, Telemetry | Event):
            sequence = self._sequences.get(message_id, 0)
            packet = build_telemetry(message_id & 0x7FF, sequence, *time, self._dictionary.encode_payload(message))
            self._sequences[message_id] = (sequence + 1) % SEQUENCE_MODULO
            return packet
        raise BatchError(f"{type(message).__name__} is no message")

    def unpack(self, data: bytes, header: BatchHeader) -> Unpacked:
        """The messages of a batch; what cannot be read is counted and left out.

        Items are told apart by their own length; from one that has none on, the rest cannot be read.
        """
        messages: list[tuple[int, object]] = []
        position = _HEADER.size
        for _ in range(header.count):
            if position + PRIMARY_HEADER_OCTETS > len(data) or not declared_packet_octets(data, position):
                break
            end = position + declared_packet_octets(data, position)
            is_command = bool(data[position] & _COMMAND_BIT)
            try:
                message = self._command(data, position, end, header) if is_command else self._report(data[position:end])
                messages.append((int.from_bytes(data[position : position + 2], "big"), message))
            except ProtocolError:
                pass  # counted below, with what was not even reached
            position = end + _TRAILER.size * is_command
        return Unpacked(messages, header.count - len(messages))

    def _report(self, packet: bytes) -> Telemetry | Event:
        parsed = parse_telemetry(packet)
        return self._dictionary.decode_telemetry(parsed.apid, parsed.payload)[1]

    def _command(self, data: bytes, start: int, end: int, header: BatchHeader) -> Request:
        parsed = parse_command(data[start:end])
        if end + _TRAILER.size > len(data):
            raise BatchError("a command ends before its trailer")
        entry = self._dictionary.command_by_id(parsed.apid, parsed.function_code)
        if entry is None:
            raise BatchError(f"no function {parsed.function_code} at APID 0x{parsed.apid:03x}")
        source, number = _TRAILER.unpack_from(data, end)
        request = RequestId(source, parsed.apid, parsed.sequence_count, parsed.function_code)
        passage = Passage(header.source, header.epoch, number)
        return Request(request, entry.codec.decode(parsed.payload), passage)
