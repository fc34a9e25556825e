"""Commands and telemetry packets with the secondary headers of NASA's core Flight System (cFE message module).

The primary header is that of CCSDS 133.0-B-2, 4.1.3; what follows it, 4.1.4.2 leaves to the mission.

Command: primary header, function code (7 bits), checksum (8 bits), payload.
Telemetry: primary header, seconds u32, subseconds u16, four spare octets, payload, packet error control.
"""

import struct

import msgspec

from tlm_cmd.errors import (
    ChecksumError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongValueError,
    WrongVersionError,
    check_range,
)
from tlm_cmd.packets.crc import CRC_OCTETS, crc16, xor8
from tlm_cmd.packets.spacepacket import IDLE_APID, MAX_APID, MIN_PACKET_OCTETS, SEQUENCE_MODULO

COMMAND_PAYLOAD_OFFSET = 8
MAX_COMMAND_PAYLOAD_OCTETS = 65_534
MAX_FUNCTION_CODE = 0x7F
TELEMETRY_PAYLOAD_OFFSET = 16
MAX_TELEMETRY_PAYLOAD_OCTETS = 65_524
MIN_TELEMETRY_OCTETS = TELEMETRY_PAYLOAD_OFFSET + CRC_OCTETS
SUBSECONDS_PER_SECOND = 65_536

_NS_PER_S = 1_000_000_000
_MAX_SECONDS = 0xFFFF_FFFF
_MAX_SUBSECONDS = 0xFFFF
_COMMAND = struct.Struct(">HHHBB")
_TELEMETRY = struct.Struct(">HHHIH4x")
_COMMAND_BITS = 0x1800
_TELEMETRY_BITS = 0x0800
_FIXED_BITS = 0xF800
_UNSEGMENTED_BITS = 0xC000


class CommandPacket(msgspec.Struct, frozen=True, gc=False):
    """A telecommand as read from its octets."""

    apid: int
    sequence_count: int
    function_code: int
    payload: bytes

    def pack(self) -> bytes:
        """Return the octets of the command, checksum included."""
        return build_command(self.apid, self.sequence_count, self.function_code, self.payload)


class TelemetryPacket(msgspec.Struct, frozen=True, gc=False):
    """A telemetry packet as read from its octets; subseconds are 1/65536 s."""

    apid: int
    sequence_count: int
    time_seconds: int
    time_subseconds: int
    payload: bytes

    @property
    def time_ns(self) -> int:
        """Spacecraft time of the packet in nanoseconds since the mission's epoch, see `join_time`."""
        return join_time(self.time_seconds, self.time_subseconds)

    def pack(self) -> bytes:
        """Return the octets of the packet, error control included."""
        return build_telemetry(self.apid, self.sequence_count, self.time_seconds, self.time_subseconds, self.payload)


def split_time(time_ns: int) -> tuple[int, int]:
    """Return the (seconds, subseconds) of a telemetry header that hold ``time_ns``, rounded down."""
    seconds, rest_ns = divmod(time_ns, _NS_PER_S)
    return seconds, rest_ns * SUBSECONDS_PER_SECOND // _NS_PER_S


def join_time(seconds: int, subseconds: int) -> int:
    """Return the least nanoseconds that `split_time` turns into these seconds and subseconds."""
    return seconds * _NS_PER_S - (-subseconds * _NS_PER_S // SUBSECONDS_PER_SECOND)


def build_command(apid: int, sequence_count: int, function_code: int, payload: bytes = b"") -> bytes:
    """Return a whole command packet.

    Raises:
        FieldRangeError: APID, sequence count, function code or payload length is out of range.
    """
    check_range("APID", apid, 0, MAX_APID)
    check_range("sequence count", sequence_count, 0, SEQUENCE_MODULO - 1)
    check_range("function code", function_code, 0, MAX_FUNCTION_CODE)
    check_range("command payload octets", len(payload), 0, MAX_COMMAND_PAYLOAD_OCTETS)
    words = _COMMAND_BITS | apid, _UNSEGMENTED_BITS | sequence_count, len(payload) + 1, function_code
    return _COMMAND.pack(*words, xor8(_COMMAND.pack(*words, 0) + payload)) + payload


def parse_command(packet: bytes) -> CommandPacket:
    """Read a command and verify it: length, version, type, flags and checksum, in this order.

    The checksum is eight bits of parity: it finds every single-bit error and every burst of up to eight bits,
    but not every combination of errors. Links protect a command better than this.

    Raises:
        TooShortError: fewer than eight octets.
        LengthMismatchError: the length field does not fit the octets given.
        WrongVersionError: the packet version number is not 0.
        WrongValueError: it is no telecommand with secondary header, is segmented or idle, or has the
            reserved bit before the function code set.
        ChecksumError: the XOR over the packet is wrong.
    """  # noqa: DOC501 - `_header_error` makes one of those named
    octets = len(packet)
    if octets < COMMAND_PAYLOAD_OFFSET:
        raise TooShortError("command", COMMAND_PAYLOAD_OFFSET, octets)
    identification, sequence, length, function_code, checksum = _COMMAND.unpack_from(packet)
    if length + MIN_PACKET_OCTETS != octets:
        raise LengthMismatchError("command", length + MIN_PACKET_OCTETS, octets)
    apid = identification & IDLE_APID
    if identification & _FIXED_BITS != _COMMAND_BITS or sequence < _UNSEGMENTED_BITS or apid == IDLE_APID:
        raise _header_error(identification, sequence, _COMMAND_BITS)
    if function_code > MAX_FUNCTION_CODE:
        raise WrongValueError("reserved bit before the function code", 1, 0)
    remainder = xor8(packet)
    if remainder:
        raise ChecksumError("command", checksum ^ remainder, checksum)
    return CommandPacket(apid, sequence & 0x3FFF, function_code, packet[COMMAND_PAYLOAD_OFFSET:])


def build_telemetry(
    apid: int, sequence_count: int, time_seconds: int, time_subseconds: int, payload: bytes = b""
) -> bytes:
    """Return a whole telemetry packet; its time is seconds since the mission's epoch, and subseconds of 1/65536 s.

    It ends with a packet error control of two octets, CRC-16 over all octets before it. cFS has none: this
    is an addition, so that a packet can be trusted wherever it comes from (a file, a bus, a link).

    Raises:
        FieldRangeError: APID, sequence count, time or payload length is out of range.
    """
    check_range("APID", apid, 0, MAX_APID)
    check_range("sequence count", sequence_count, 0, SEQUENCE_MODULO - 1)
    check_range("time seconds", time_seconds, 0, _MAX_SECONDS)
    check_range("time subseconds", time_subseconds, 0, _MAX_SUBSECONDS)
    check_range("telemetry payload octets", len(payload), 0, MAX_TELEMETRY_PAYLOAD_OCTETS)
    packet = (
        _TELEMETRY.pack(
            _TELEMETRY_BITS | apid,
            _UNSEGMENTED_BITS | sequence_count,
            len(payload) + MIN_TELEMETRY_OCTETS - MIN_PACKET_OCTETS,
            time_seconds,
            time_subseconds,
        )
        + payload
    )
    return packet + crc16(packet).to_bytes(CRC_OCTETS, "big")


def parse_telemetry(packet: bytes) -> TelemetryPacket:
    """Read a telemetry packet and verify it: length, version, type, flags and error control, in this order.

    The four spare octets are ignored. The trailing error control is an addition to cFS, see `build_telemetry`.

    Raises:
        TooShortError: fewer than 18 octets.
        LengthMismatchError: the length field does not fit the octets given.
        WrongVersionError: the packet version number is not 0.
        WrongValueError: it is no telemetry packet with secondary header, or is segmented or idle.
        ChecksumError: the packet error control is wrong.
    """  # noqa: DOC501 - `_header_error` makes one of those named
    octets = len(packet)
    if octets < MIN_TELEMETRY_OCTETS:
        raise TooShortError("telemetry packet", MIN_TELEMETRY_OCTETS, octets)
    identification, sequence, length, seconds, subseconds = _TELEMETRY.unpack_from(packet)
    if length + MIN_PACKET_OCTETS != octets:
        raise LengthMismatchError("telemetry packet", length + MIN_PACKET_OCTETS, octets)
    apid = identification & IDLE_APID
    if identification & _FIXED_BITS != _TELEMETRY_BITS or sequence < _UNSEGMENTED_BITS or apid == IDLE_APID:
        raise _header_error(identification, sequence, _TELEMETRY_BITS)
    if crc16(packet):
        found = int.from_bytes(packet[-CRC_OCTETS:], "big")
        raise ChecksumError("telemetry packet", crc16(packet[:-CRC_OCTETS]), found)
    payload = packet[TELEMETRY_PAYLOAD_OFFSET:-CRC_OCTETS]
    return TelemetryPacket(apid, sequence & 0x3FFF, seconds, subseconds, payload)


def _header_error(identification: int, sequence: int, fixed_bits: int) -> ProtocolError:
    """Return the error for the first field of a primary header that is not as it must be."""
    if identification >> 13:
        return WrongVersionError("packet version", identification >> 13, 0)
    if (identification ^ fixed_bits) & 0x1000:
        return WrongValueError("packet type", identification >> 12, fixed_bits >> 12)
    if not identification & 0x0800:
        return WrongValueError("secondary header flag", 0, 1)
    if sequence < _UNSEGMENTED_BITS:
        return WrongValueError("sequence flags", sequence >> 14, 3)
    return WrongValueError("APID", IDLE_APID, f"0 to {MAX_APID}, no idle packet")
