"""Telemetry packets (ECSS-E-ST-70-41C, 7.4.3): primary header, secondary header with a time, source data, CRC-16.

The secondary header: version 2 in four bits, four bits of time status, service type, message subtype, message type
counter, destination id, time. The time is a field of the mission's length, made by a time code module.
"""

import struct
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongVersionError, check_range
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.pus.error_control import check_error_control, with_error_control
from tlm_cmd.packets.pus.fields import pack_time
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats
from tlm_cmd.packets.pus.primary_header import check_primary_header
from tlm_cmd.packets.pus.telecommand import PUS_VERSION
from tlm_cmd.packets.spacepacket import (
    MAX_APID,
    MAX_PACKET_OCTETS,
    MIN_PACKET_OCTETS,
    SEQUENCE_MODULO,
    PacketType,
)

TELEMETRY_TIME_OFFSET = 13
COUNTER_MODULO = 65_536
"""Message type counters wrap here."""

_HEADER = struct.Struct(">HHHBBBHH")
_TELEMETRY_BITS = 0x0800
_UNSEGMENTED_BITS = 0xC000
_MAX_U4 = 0x0F
_MAX_U8 = 0xFF
_MAX_U16 = 0xFFFF


class PusTelemetry(msgspec.Struct, frozen=True, gc=False):
    """A telemetry packet as read from its octets.

    Attributes:
        apid: the application process that reports.
        sequence_count: its place among the packets of this application process.
        service: service type.
        subtype: message subtype within the service.
        time: the time field.
        data: source data, the body of the report.
        counter: its place among the reports of this type of this application process to this destination.
        destination: the user it is for.
        time_status: how far the time can be trusted, as the mission defines it.
    """

    apid: int
    sequence_count: int
    service: int
    subtype: int
    time: bytes
    data: bytes = b""
    counter: int = 0
    destination: int = 0
    time_status: int = 0

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the packet, packet error control included.

        Raises:
            FieldRangeError: a field does not fit.
            LengthMismatchError: the time has another length than the mission's.
        """
        check_range("APID", self.apid, 0, MAX_APID)
        check_range("sequence count", self.sequence_count, 0, SEQUENCE_MODULO - 1)
        check_range("time status", self.time_status, 0, _MAX_U4)
        check_range("service type", self.service, 0, _MAX_U8)
        check_range("message subtype", self.subtype, 0, _MAX_U8)
        check_range("message type counter", self.counter, 0, COUNTER_MODULO - 1)
        check_range("destination id", self.destination, 0, _MAX_U16)
        least = TELEMETRY_TIME_OFFSET + formats.time_octets + CRC_OCTETS
        check_range("source data octets", len(self.data), 0, MAX_PACKET_OCTETS - least)
        header = _HEADER.pack(
            _TELEMETRY_BITS | self.apid,
            _UNSEGMENTED_BITS | self.sequence_count,
            least + len(self.data) - MIN_PACKET_OCTETS,
            PUS_VERSION << 4 | self.time_status,
            self.service,
            self.subtype,
            self.counter,
            self.destination,
        )
        return with_error_control(header + pack_time("telemetry time", self.time, formats) + self.data)

    @classmethod
    def unpack(cls, packet: bytes, formats: PusFormats = DEFAULT_FORMATS) -> Self:
        """Read a telemetry packet and verify it: length, primary header, error control and version, in this order.

        Raises:
            TooShortError: fewer octets than headers and error control have.
            LengthMismatchError: the length field does not fit the octets given.
            WrongVersionError: the packet version number is not 0, or the version of the standard not 2.
            WrongValueError: it is no telemetry packet with secondary header, is segmented or idle.
            ChecksumError: the packet error control is wrong.
        """
        start = TELEMETRY_TIME_OFFSET + formats.time_octets
        if len(packet) < start + CRC_OCTETS:
            raise TooShortError("PUS telemetry packet", start + CRC_OCTETS, len(packet))
        identification, sequence, length, version, service, subtype, counter, destination = _HEADER.unpack_from(packet)
        if length + MIN_PACKET_OCTETS != len(packet):
            raise LengthMismatchError("PUS telemetry packet", length + MIN_PACKET_OCTETS, len(packet))
        check_primary_header(identification, sequence, PacketType.TELEMETRY)
        check_error_control("PUS telemetry packet", packet)
        if version >> 4 != PUS_VERSION:
            raise WrongVersionError("PUS version", version >> 4, PUS_VERSION)
        return cls(
            identification & 0x7FF,
            sequence & 0x3FFF,
            service,
            subtype,
            packet[TELEMETRY_TIME_OFFSET:start],
            packet[start:-CRC_OCTETS],
            counter,
            destination,
            version & _MAX_U4,
        )
