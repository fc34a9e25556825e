"""The time of telemetry packets and of scheduled telecommands: a CUC of TAI, or a CDS of UTC, as the mission chooses.

The codes are those of CCSDS 301.0-B-4, 3.2 and 3.3, without P-field, as ECSS-E-ST-70-41C lets a mission choose.

Everywhere else times are TAI, in seconds and 1/65536 s since 1958-01-01. A CUC carries exactly that. A CDS is UTC, and
both ends must have the same leap seconds; they are those of `tlm_cmd.packets.leap_seconds`.
"""

from __future__ import annotations

import struct
from enum import StrEnum, unique
from typing import Protocol, assert_never

from tlm_cmd.errors import TooShortError, check_range
from tlm_cmd.packets.cfs_header import join_time, split_time
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS
from tlm_cmd.packets.time_codes.cds import CdsFormat, CdsResolution
from tlm_cmd.packets.time_codes.utc import UtcTime

_CUC = struct.Struct(">IH")
_CDS = CdsFormat(resolution=CdsResolution.MICROSECONDS)
_MAX_SECONDS = 0xFFFF_FFFF
_MAX_SUBSECONDS = 0xFFFF


@unique
class PacketTimeName(StrEnum):
    """The time codes that packets can have."""

    CUC = "cuc"
    """Four octets of TAI seconds since 1958 and two of fractions."""
    CDS = "cds"
    """Two octets of UTC days since 1958, four of milliseconds, two of microseconds."""


class PacketTime(Protocol):
    """A time code without P-field.

    Attributes:
        octets: length of its time field.
    """

    octets: int

    def pack(self, seconds: int, subseconds: int) -> bytes:
        """The time field of a TAI time: seconds since 1958-01-01, 0 to 2^32 - 1, and subseconds of 1/65536 s.

        Raises:
            FieldRangeError: the time cannot be told.
        """
        ...

    def unpack(self, field: bytes) -> tuple[int, int]:
        """The TAI time of a time field: seconds, and 1/65536 s.

        Raises:
            TooShortError: fewer octets than the field has.
            FieldRangeError: there is no such time.
        """
        ...


class CucTime:
    """CUC, 4 + 2 octets, of the epoch 1958-01-01 TAI: the same six octets as in a cFS header."""

    octets = _CUC.size

    def pack(self, seconds: int, subseconds: int) -> bytes:
        """See `PacketTime.pack`."""
        check_range("time seconds", seconds, 0, _MAX_SECONDS)
        check_range("time subseconds", subseconds, 0, _MAX_SUBSECONDS)
        return _CUC.pack(seconds, subseconds)

    def unpack(self, field: bytes) -> tuple[int, int]:
        """See `PacketTime.unpack`.

        Raises:
            TooShortError: fewer octets than the field has.
        """
        if len(field) < self.octets:
            raise TooShortError("CUC time field", self.octets, len(field))
        seconds, subseconds = _CUC.unpack_from(field)
        return seconds, subseconds


class CdsTime:
    """CDS, 2 + 4 + 2 octets, of the epoch 1958-01-01 UTC; it can tell times from 1972 on."""

    octets = _CDS.octets

    def pack(self, seconds: int, subseconds: int) -> bytes:
        """See `PacketTime.pack`; microseconds are rounded down."""
        check_range("time seconds", seconds, 0, _MAX_SECONDS)
        check_range("time subseconds", subseconds, 0, _MAX_SUBSECONDS)
        return _CDS.pack(UtcTime.from_tai(join_time(seconds, subseconds), LEAP_SECONDS))

    def unpack(self, field: bytes) -> tuple[int, int]:
        """See `PacketTime.unpack`; the subseconds are the earliest ones that pack to this field."""
        tai_ns = _CDS.unpack(field).to_tai(LEAP_SECONDS)
        seconds, subseconds = split_time(tai_ns)
        if join_time(seconds, subseconds) < tai_ns:
            seconds, subseconds = divmod(seconds * 65_536 + subseconds + 1, 65_536)
        return seconds, subseconds


def packet_time(name: PacketTimeName) -> PacketTime:
    """The time code of this name."""
    match name:
        case PacketTimeName.CUC:
            return CucTime()
        case PacketTimeName.CDS:
            return CdsTime()
        case _:
            assert_never(name)
