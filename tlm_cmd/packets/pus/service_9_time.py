"""Service 9, time management (ECSS-E-ST-70-41C, 6.9 and 8.9).

A time report is the one report without a secondary header: its packet has APID 0, and its time dates itself. The
standard lets the time be that of a frame sent just before; which one is for the mission to say.
"""

from __future__ import annotations

import struct
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, check_range
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.error_control import check_error_control, with_error_control
from tlm_cmd.packets.pus.fields import FieldReader, pack_time, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats
from tlm_cmd.packets.pus.primary_header import check_primary_header
from tlm_cmd.packets.spacepacket import MIN_PACKET_OCTETS, PRIMARY_HEADER_OCTETS, SEQUENCE_MODULO, PacketType

SERVICE = 9
TIME_APID = 0
MAX_RATE_EXPONENT = 8
"""A time report every 256 frames is the most seldom rate (6.9.3)."""

_HEADER = struct.Struct(">HHH")
_UNSEGMENTED_BITS = 0xC000


class SetTimeRate(PusBody, frozen=True, gc=False):
    """TC[9,1]: send a time report with one of so many frames (8.9.2.1).

    Attributes:
        exponent: the number of frames as a power of two, 0 to 8.

    Raises:
        FieldRangeError: there is no such rate.
    """

    service = SERVICE
    subtype = 1

    exponent: int

    def __post_init__(self) -> None:
        check_range("rate exponent", self.exponent, 0, MAX_RATE_EXPONENT)

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body."""
        return bytes([self.exponent])

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(reader.unsigned(1))


class TimeReport(PusBody, frozen=True, gc=False):
    """A time; the base of TM[9,2] and TM[9,3], which differ in the time code.

    Attributes:
        time: the time field.
        rate: the rate exponent, 0 where the mission leaves it out.
        status: how far the time can be trusted, 0 where the mission leaves it out.
    """

    service = SERVICE

    time: bytes
    rate: int = 0
    status: int = 0

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: rate or status do not fit.
            LengthMismatchError: the time has another length than the mission's.
        """
        rate = pack_unsigned("rate exponent", self.rate, formats.time_rate_octets)
        status = pack_unsigned("time status", self.status, formats.time_status_octets)
        return rate + pack_time("time report", self.time, formats) + status

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        formats = reader.formats
        rate, time = reader.unsigned(formats.time_rate_octets), reader.take(formats.time_octets)
        return cls(time, rate, reader.unsigned(formats.time_status_octets))


class CucTimeReport(TimeReport, frozen=True, gc=False):
    """TM[9,2]: the time as CUC (8.9.2.2)."""

    subtype = 2


class CdsTimeReport(TimeReport, frozen=True, gc=False):
    """TM[9,3]: the time as CDS (8.9.2.3)."""

    subtype = 3


class TimePacket(msgspec.Struct, frozen=True, gc=False):
    """The packet of a time report: APID 0, no secondary header (7.4.2).

    Attributes:
        sequence_count: its place among the time packets.
        data: the report, packed.
    """

    sequence_count: int
    data: bytes

    def pack(self) -> bytes:
        """Return the octets of the packet, packet error control included.

        Raises:
            FieldRangeError: the sequence count does not fit.
        """
        check_range("sequence count", self.sequence_count, 0, SEQUENCE_MODULO - 1)
        length = PRIMARY_HEADER_OCTETS + len(self.data) + CRC_OCTETS - MIN_PACKET_OCTETS
        return with_error_control(_HEADER.pack(TIME_APID, _UNSEGMENTED_BITS | self.sequence_count, length) + self.data)

    @classmethod
    def unpack(cls, packet: bytes) -> Self:
        """Read a time packet and verify it: length, primary header and error control, in this order.

        Raises:
            TooShortError: fewer than eight octets.
            LengthMismatchError: the length field does not fit the octets given.
            WrongVersionError: the packet version number is not 0.
            WrongValueError: it has a secondary header, is no telemetry packet, or is segmented or idle.
            FieldRangeError: it has another APID.
            ChecksumError: the packet error control is wrong.
        """
        if len(packet) < PRIMARY_HEADER_OCTETS + CRC_OCTETS:
            raise TooShortError("PUS time packet", PRIMARY_HEADER_OCTETS + CRC_OCTETS, len(packet))
        identification, sequence, length = _HEADER.unpack_from(packet)
        if length + MIN_PACKET_OCTETS != len(packet):
            raise LengthMismatchError("PUS time packet", length + MIN_PACKET_OCTETS, len(packet))
        check_primary_header(identification, sequence, PacketType.TELEMETRY, secondary_header=False)
        check_range("APID of a time packet", identification & 0x7FF, TIME_APID, TIME_APID)
        check_error_control("PUS time packet", packet)
        return cls(sequence & 0x3FFF, packet[PRIMARY_HEADER_OCTETS:-CRC_OCTETS])
