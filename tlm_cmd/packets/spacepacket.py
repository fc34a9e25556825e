"""The Space Packet and its primary header (CCSDS 133.0-B-2, section 4.1)."""

import struct
from enum import IntEnum, unique
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongValueError, WrongVersionError, check_range

PRIMARY_HEADER_OCTETS = 6
MIN_PACKET_OCTETS = 7
"""A packet's data field is never empty (133.0-B-2, 4.1.4.1)."""
MAX_DATA_OCTETS = 65_536
MAX_PACKET_OCTETS = PRIMARY_HEADER_OCTETS + MAX_DATA_OCTETS
IDLE_APID = 0x7FF
"""The APID of packets that fill gaps and that every receiver discards before it counts anything."""
MAX_APID = 0x7FE
"""The highest APID that carries data."""
SEQUENCE_MODULO = 16_384
"""Sequence counts wrap here."""
IDLE_OCTET = b"\x55"
"""What idle packets and idle frames are filled with."""

HEADER_LAYOUT = struct.Struct(">HHH")
_VERSION_AND_LENGTH = struct.Struct(">BxxxH")


@unique
class PacketType(IntEnum):
    """Direction of a packet."""

    TELEMETRY = 0
    TELECOMMAND = 1


@unique
class SequenceFlags(IntEnum):
    """Which part of the user data a packet holds."""

    CONTINUATION = 0
    FIRST = 1
    LAST = 2
    UNSEGMENTED = 3


_TYPES = (PacketType.TELEMETRY, PacketType.TELECOMMAND)
_FLAGS = (
    SequenceFlags.CONTINUATION,
    SequenceFlags.FIRST,
    SequenceFlags.LAST,
    SequenceFlags.UNSEGMENTED,
)


class SpacePacketHeader(msgspec.Struct, frozen=True, gc=False):
    """Primary header: six octets in front of the data field.

    ``data_octets`` is the number of octets after this header, 1 to 65 536; the wire carries it minus one.

    Raises:
        FieldRangeError: a field does not fit its bits.
        WrongValueError: an idle packet with a secondary header (133.0-B-2, 4.1.3.3.3).
    """

    packet_type: PacketType
    secondary_header: bool
    apid: int
    sequence_flags: SequenceFlags
    sequence_count: int
    data_octets: int

    def __post_init__(self) -> None:
        check_range("APID", self.apid, 0, IDLE_APID)
        check_range("sequence count", self.sequence_count, 0, SEQUENCE_MODULO - 1)
        check_range("data octets", self.data_octets, 1, MAX_DATA_OCTETS)
        if self.secondary_header and self.apid == IDLE_APID:
            raise WrongValueError("secondary header flag", found=True, expected="False in an idle packet")

    @property
    def packet_octets(self) -> int:
        """Length of the whole packet, this header included."""
        return PRIMARY_HEADER_OCTETS + self.data_octets

    def pack(self) -> bytes:
        """Return the six octets of the header."""
        return HEADER_LAYOUT.pack(
            self.packet_type << 12 | self.secondary_header << 11 | self.apid,
            self.sequence_flags << 14 | self.sequence_count,
            self.data_octets - 1,
        )

    @classmethod
    def unpack(cls, octets: bytes, offset: int = 0) -> Self:
        """Read a header at ``offset``; what follows it is not looked at.

        Raises:
            TooShortError: fewer than six octets from ``offset`` on.
            WrongVersionError: the packet version number is not 0.
            WrongValueError: an idle packet with a secondary header.
        """
        if len(octets) - offset < PRIMARY_HEADER_OCTETS:
            raise TooShortError("Space Packet header", PRIMARY_HEADER_OCTETS, max(0, len(octets) - offset))
        identification, sequence, length = HEADER_LAYOUT.unpack_from(octets, offset)
        if identification >> 13:
            raise WrongVersionError("packet version", identification >> 13, 0)
        return cls(
            _TYPES[identification >> 12],
            bool(identification & 0x800),
            identification & 0x7FF,
            _FLAGS[sequence >> 14],
            sequence & 0x3FFF,
            length + 1,
        )


def declared_packet_octets(octets: bytes, offset: int = 0) -> int:
    """Length of the whole packet as declared by the header at ``offset``, 0 if its version is not 0.

    Six octets must stand there; this is for loops that have made sure of it.
    """
    first: int
    length: int
    first, length = _VERSION_AND_LENGTH.unpack_from(octets, offset)
    return 0 if first & 0xE0 else length + MIN_PACKET_OCTETS


def is_whole_packet(octets: bytes) -> bool:
    """Whether ``octets`` are exactly one packet by version and length."""
    return len(octets) >= MIN_PACKET_OCTETS and declared_packet_octets(octets) == len(octets)


def check_whole_packet(octets: bytes, longest: int = MAX_PACKET_OCTETS) -> None:
    """Make sure that ``octets`` are exactly one packet, of at most ``longest`` octets.

    Raises:
        TooShortError: they are fewer than any packet has.
        WrongVersionError: the packet version number is not 0.
        LengthMismatchError: the length field does not fit them.
        FieldRangeError: they are more than ``longest``.
    """
    if len(octets) < MIN_PACKET_OCTETS:
        raise TooShortError("Space Packet", MIN_PACKET_OCTETS, len(octets))
    declared = declared_packet_octets(octets)
    if not declared:
        raise WrongVersionError("packet version", octets[0] >> 5, 0)
    if declared != len(octets):
        raise LengthMismatchError("Space Packet", declared, len(octets))
    check_range("packet octets", len(octets), MIN_PACKET_OCTETS, longest)


def is_idle_packet(packet: bytes, offset: int = 0) -> bool:
    """Whether the packet that starts at ``offset`` has the idle APID."""
    return packet[offset + 1] == 0xFF and packet[offset] & 0x07 == 0x07


def idle_packet(length: int) -> bytes:
    """Return an idle packet of ``length`` octets in all (133.0-B-2, 4.1.3.3.4 and 4.1.4.1).

    Raises:
        FieldRangeError: ``length`` is not in 7 to 65 542.
    """
    check_range("idle packet octets", length, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
    data_octets = length - PRIMARY_HEADER_OCTETS
    return HEADER_LAYOUT.pack(IDLE_APID, 0xC000, data_octets - 1) + IDLE_OCTET * data_octets


def sequence_gap(expected: int, found: int, modulo: int = SEQUENCE_MODULO) -> int:
    """Return how many counts are missing between the expected and the found one: 0 when none is.

    Counters wrap, so they have no order: a repeated or late count shows as a gap of nearly ``modulo``.
    """
    return (found - expected) % modulo
