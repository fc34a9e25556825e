"""Whole telemetry packets of a mission: named objects to octets and back, header, content and error control at once.

The header is the one of `tlm_cmd.packets.cfs_header`, behind the primary header of CCSDS 133.0-B-2, 4.1.3.

One function per kind of packet, composed when it is first needed; what it does not accept takes the long way round,
which finds out what is wrong.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import msgspec

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.decoder import guarded
from tlm_cmd.definition.dictionary import Dictionary, DictionaryError
from tlm_cmd.definition.entries import TELEMETRY_MESSAGE_ID, EventEntry, TelemetryEntry
from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Event, ShortEvent, Telemetry
from tlm_cmd.definition.reader import LeadingFields, Reader
from tlm_cmd.definition.scalars import is_plain
from tlm_cmd.errors import check_range
from tlm_cmd.packets.cfs_header import (
    MIN_TELEMETRY_OCTETS,
    build_telemetry,
    join_time,
    parse_telemetry,
)
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.spacepacket import MIN_PACKET_OCTETS, SEQUENCE_MODULO

_HEADER_CODE = "HHHIH4x"
_HEADER = struct.Struct(f">{_HEADER_CODE}")
_UNSEGMENTED_BITS = 0xC000


class ReceivedTelemetry(msgspec.Struct, frozen=True, gc=False):
    """A telemetry packet, decoded; subseconds are 1/65536 s.

    Attributes:
        entry: what the dictionary says of it.
        sequence_count: its place among the packets of its APID.
        time_seconds, time_subseconds: spacecraft time.
        message: its content; of an event in the short form only what it is.
    """

    entry: TelemetryEntry | EventEntry
    sequence_count: int
    time_seconds: int
    time_subseconds: int
    message: Telemetry | Event | ShortEvent

    @property
    def time_ns(self) -> int:
        """Spacecraft time in nanoseconds since the mission's epoch, see `tlm_cmd.packets.cfs_header.join_time`."""
        return join_time(self.time_seconds, self.time_subseconds)


class EncodePacket(Protocol):
    """Makes packets of one kind; see `TelemetryPackets.encode`."""

    def __call__(self, message: Telemetry, sequence_count: int, time_seconds: int, time_subseconds: int) -> bytes:
        """The octets of one packet."""
        ...


DecodePacket = Callable[[bytes], ReceivedTelemetry]


class TelemetryPackets:
    """The telemetry packets of one mission, with the headers of `tlm_cmd.packets.cfs_header`.

    Attributes:
        dictionary: the mission's.
        decode: reads a packet and verifies all of it: header, error control, content. Raises what `parse_telemetry`
            raises for header and error control, DictionaryError when no packet has this APID, or no event this code
            and severity, and another ProtocolError when the content does not fit its definition. A bytearray or a
            memoryview of octets will do; what is decoded is the same as from bytes.
    """

    decode: DecodePacket

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.decode = _decoder_of_all(dictionary)
        self._encoders: dict[int, EncodePacket] = {}

    def encoder(self, entry: TelemetryEntry) -> EncodePacket:
        """The function that makes the packets of one kind.

        It raises FieldRangeError for a sequence count or a time out of range, and ProtocolError for a field of the
        message that does not fit its definition.
        """
        encode = self._encoders.get(entry.apid)
        if encode is None:
            encode = self._encoders[entry.apid] = _encoder(entry)
        return encode

    def encode(
        self,
        apid: int,
        message: Telemetry | Event,
        sequence_count: int,
        time_seconds: int,
        time_subseconds: int,
        *,
        short_event: bool = False,
    ) -> bytes:
        """The packet of a message, or of an event that an app says; in the short form an event has no fields.

        Raises:
            DictionaryError: no telemetry packet has this APID.
            FieldRangeError: sequence count or time are out of range.
            ProtocolError: a field of the message does not fit its definition.
        """
        if isinstance(message, Event):
            encode = self.dictionary.encode_short_event if short_event else self.dictionary.encode_payload
            return build_telemetry(apid, sequence_count, time_seconds, time_subseconds, encode(message))
        entry = self.dictionary.telemetry_by_apid(apid)
        if entry is None:
            raise DictionaryError(f"no telemetry packet has APID 0x{apid:03x}")
        return self.encoder(entry)(message, sequence_count, time_seconds, time_subseconds)


def _encoder(entry: TelemetryEntry) -> EncodePacket:
    identification = TELEMETRY_MESSAGE_ID | entry.apid
    encode_message, pack_header = codec_of(entry.record).encode, _HEADER.pack
    length_less_payload = MIN_TELEMETRY_OCTETS - MIN_PACKET_OCTETS

    def encode(message: Telemetry, sequence_count: int, time_seconds: int, time_subseconds: int) -> bytes:
        payload = encode_message(message)
        sequence, length = _UNSEGMENTED_BITS | sequence_count, len(payload) + length_less_payload
        if not 0 <= sequence_count < SEQUENCE_MODULO:
            check_range("sequence count", sequence_count, 0, SEQUENCE_MODULO - 1)
        try:
            packet = pack_header(identification, sequence, length, time_seconds, time_subseconds) + payload
        except struct.error:
            return build_telemetry(entry.apid, sequence_count, time_seconds, time_subseconds, payload)  # says why
        return packet + crc_hqx(packet, 0xFFFF).to_bytes(CRC_OCTETS, "big")

    return encode


def _decoder_of_all(dictionary: Dictionary) -> DecodePacket:
    """A function without a receiver, and one lookup by the packet's first octets: this is the ground's busiest path."""

    def decode_carefully(packet: bytes) -> ReceivedTelemetry:
        parsed = parse_telemetry(packet)
        entry, message = dictionary.decode_downlink(parsed.apid, parsed.payload)
        return ReceivedTelemetry(entry, parsed.sequence_count, parsed.time_seconds, parsed.time_subseconds, message)

    entries = {(TELEMETRY_MESSAGE_ID | entry.apid).to_bytes(2, "big"): entry for entry in dictionary.telemetry.values()}
    second_octets = Counter(identification[1] for identification in entries)
    decoders: dict[bytes, DecodePacket] = {}

    def decode_first(packet: bytes) -> ReceivedTelemetry:
        identification = bytes(packet[:2])
        entry = entries.get(identification)
        if entry is None:
            return decode_carefully(packet)
        decoder = decoders[identification] = _decoder(entry, decode_carefully)
        if second_octets[identification[1]] == 1:
            by_second_octet[identification[1]] = decoder
        return decoder(packet)

    def decode_by_identification(packet: bytes) -> ReceivedTelemetry:
        try:
            decoder = decoders.get(packet[:2], decode_first)
        except (TypeError, ValueError):  # of a buffer that can be written to nothing can be looked up
            decoder = decoders.get(bytes(packet[:2]), decode_first)
        return decoder(packet)

    by_second_octet: list[DecodePacket] = [decode_carefully] * 256
    for second_octet, count in second_octets.items():
        by_second_octet[second_octet] = decode_first if count == 1 else decode_by_identification

    def decode(packet: bytes) -> ReceivedTelemetry:
        try:
            decoder = by_second_octet[packet[1]]
        except IndexError:
            decoder = decode_carefully
        return decoder(packet)

    return decode


def _decoder(entry: TelemetryEntry, decode_carefully: DecodePacket) -> DecodePacket:
    """Compiled like the decoder of the message itself, header included; what is wrong goes the careful way."""
    layout = layout_of(entry.record)
    source = GeneratedSource(entry.name)
    source.names |= {
        "crc": crc_hqx,
        "Received": ReceivedTelemetry,
        "entry": entry,
        "decode_carefully": decode_carefully,
    }
    fewest = MIN_TELEMETRY_OCTETS + layout.octet_bounds[0]
    if layout.fixed_octets is not None:
        opening = [f"if len(data) != {fewest}: return decode_carefully(data)"]
        length = f"{fewest - MIN_PACKET_OCTETS}"
    else:
        opening = [
            "if type(data) is not bytes: data = bytes(data)",
            f"if len(data) < {fewest}: return decode_carefully(data)",
            f"end = len(data) - {CRC_OCTETS}",
        ]
        length = f"end - {MIN_PACKET_OCTETS - CRC_OCTETS}"
    wrong = [
        f"identification != {TELEMETRY_MESSAGE_ID | entry.apid}",
        f"sequence < {_UNSEGMENTED_BITS}",
        f"length != {length}",
        "crc(data, 0xFFFF)",
    ]
    check = f"if {' or '.join(wrong)}: return decode_carefully(data)"
    names = ("identification", "sequence", "length", "seconds", "subseconds")
    reader = Reader(source, layout.name, "0", LeadingFields(_HEADER_CODE, names, (check,)))
    if is_plain(layout):  # its values become arguments without having been variables
        reader.close_run()
        message = reader.plain_record(layout)
    else:
        message = reader.record(layout)
        reader.close_run()
    if layout.fixed_octets is None:
        source.line(f"if {reader.position} != end: return decode_carefully(data)")
    received = f"return Received(entry, sequence & 0x3FFF, seconds, subseconds, {message})"
    decode: DecodePacket = source.function("decode(data)", [*opening, *guarded(source, layout, received)])
    return decode
