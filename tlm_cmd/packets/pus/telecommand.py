"""Telecommand packets (ECSS-E-ST-70-41C, 7.4.4): primary header, secondary header of five octets, data, CRC-16.

The secondary header: version 2 in four bits, four acknowledgement flags, service type, message subtype, source id.
"""

import struct
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongVersionError, check_range
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.error_control import check_error_control, with_error_control
from tlm_cmd.packets.pus.primary_header import check_primary_header
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.spacepacket import MAX_APID, MIN_PACKET_OCTETS, SEQUENCE_MODULO, PacketType

PUS_VERSION = 2
"""PUS-C; the PUS-A of 2003 is version 1."""
TELECOMMAND_DATA_OFFSET = 11
MIN_TELECOMMAND_OCTETS = TELECOMMAND_DATA_OFFSET + CRC_OCTETS
MAX_TELECOMMAND_DATA_OCTETS = 65_529

_HEADER = struct.Struct(">HHHBBBH")
_TELECOMMAND_BITS = 0x1800
_UNSEGMENTED_BITS = 0xC000
_MAX_U8 = 0xFF
_MAX_U16 = 0xFFFF


class PusTelecommand(msgspec.Struct, frozen=True, gc=False):
    """A telecommand as read from its octets.

    Attributes:
        apid: the application process that is asked.
        sequence_count: its place among the telecommands of the source to this application process.
        service: service type.
        subtype: message subtype within the service.
        data: application data, the body of the request.
        acknowledge: the reports of success that are asked for.
        source: the user who asks; reports carry it as their destination.
    """

    apid: int
    sequence_count: int
    service: int
    subtype: int
    data: bytes = b""
    acknowledge: Acknowledge = Acknowledge.ALL
    source: int = 0

    @property
    def request_id(self) -> PusRequestId:
        """How reports name this telecommand."""
        return PusRequestId(self.apid, self.sequence_count)

    def pack(self) -> bytes:
        """Return the octets of the telecommand, packet error control included.

        Raises:
            FieldRangeError: a field does not fit.
        """
        check_range("APID", self.apid, 0, MAX_APID)
        check_range("sequence count", self.sequence_count, 0, SEQUENCE_MODULO - 1)
        check_range("acknowledgement flags", self.acknowledge, 0, Acknowledge.ALL)
        check_range("service type", self.service, 0, _MAX_U8)
        check_range("message subtype", self.subtype, 0, _MAX_U8)
        check_range("source id", self.source, 0, _MAX_U16)
        check_range("application data octets", len(self.data), 0, MAX_TELECOMMAND_DATA_OCTETS)
        header = _HEADER.pack(
            _TELECOMMAND_BITS | self.apid,
            _UNSEGMENTED_BITS | self.sequence_count,
            len(self.data) + MIN_TELECOMMAND_OCTETS - MIN_PACKET_OCTETS,
            PUS_VERSION << 4 | self.acknowledge,
            self.service,
            self.subtype,
            self.source,
        )
        return with_error_control(header + self.data)

    @classmethod
    def unpack(cls, packet: bytes) -> Self:
        """Read a telecommand and verify it: length, primary header, error control and version, in this order.

        Raises:
            TooShortError: fewer than 13 octets.
            LengthMismatchError: the length field does not fit the octets given.
            WrongVersionError: the packet version number is not 0, or the version of the standard not 2.
            WrongValueError: it is no telecommand with secondary header, is segmented or idle.
            ChecksumError: the packet error control is wrong.
        """
        if len(packet) < MIN_TELECOMMAND_OCTETS:
            raise TooShortError("PUS telecommand", MIN_TELECOMMAND_OCTETS, len(packet))
        identification, sequence, length, version, service, subtype, source = _HEADER.unpack_from(packet)
        if length + MIN_PACKET_OCTETS != len(packet):
            raise LengthMismatchError("PUS telecommand", length + MIN_PACKET_OCTETS, len(packet))
        check_primary_header(identification, sequence, PacketType.TELECOMMAND)
        check_error_control("PUS telecommand", packet)
        if version >> 4 != PUS_VERSION:
            raise WrongVersionError("PUS version", version >> 4, PUS_VERSION)
        return cls(
            identification & 0x7FF,
            sequence & 0x3FFF,
            service,
            subtype,
            packet[TELECOMMAND_DATA_OFFSET:-CRC_OCTETS],
            Acknowledge(version & Acknowledge.ALL),
            source,
        )
