"""How reports name a telecommand: by the first four octets of its packet (ECSS-E-ST-70-41C, 8.1.2.1)."""

import struct
from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, check_range
from tlm_cmd.packets.spacepacket import IDLE_APID, SEQUENCE_MODULO, PacketType, SequenceFlags

REQUEST_ID_OCTETS = 4
_WORDS = struct.Struct(">HH")
_MAX_VERSION = 7


class PusRequestId(msgspec.Struct, frozen=True, gc=False):
    """Packet identification and sequence control of a telecommand.

    It says what stood there, be it right or wrong: a failed telecommand may be no valid one.

    Raises:
        FieldRangeError: a field does not fit its bits.
    """

    apid: int
    sequence_count: int
    sequence_flags: SequenceFlags = SequenceFlags.UNSEGMENTED
    packet_type: PacketType = PacketType.TELECOMMAND
    secondary_header: bool = True
    packet_version: int = 0

    def __post_init__(self) -> None:
        check_range("APID", self.apid, 0, IDLE_APID)
        check_range("sequence count", self.sequence_count, 0, SEQUENCE_MODULO - 1)
        check_range("packet version", self.packet_version, 0, _MAX_VERSION)

    def pack(self) -> bytes:
        """Return the four octets."""
        return _WORDS.pack(
            self.packet_version << 13 | self.packet_type << 12 | self.secondary_header << 11 | self.apid,
            self.sequence_flags << 14 | self.sequence_count,
        )

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read a request id from the first four octets, of a report or of the telecommand itself.

        Raises:
            TooShortError: fewer than four octets.
        """
        if len(octets) < REQUEST_ID_OCTETS:
            raise TooShortError("request id", REQUEST_ID_OCTETS, len(octets))
        identification, sequence = _WORDS.unpack_from(octets)
        return cls(
            identification & IDLE_APID,
            sequence & 0x3FFF,
            SequenceFlags(sequence >> 14),
            PacketType(identification >> 12 & 1),
            bool(identification & 0x800),
            identification >> 13,
        )
