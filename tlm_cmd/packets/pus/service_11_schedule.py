"""Service 11, time-based scheduling (ECSS-E-ST-70-41C, 6.11 and 8.11): telecommands that are released at their time."""

from __future__ import annotations

from typing import Self

import msgspec

from tlm_cmd.errors import WrongVersionError
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_list, pack_signed, pack_time, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats
from tlm_cmd.packets.spacepacket import (
    MIN_PACKET_OCTETS,
    PRIMARY_HEADER_OCTETS,
    check_whole_packet,
    declared_packet_octets,
)

SERVICE = 11
_IDENTIFIER_OCTETS = 2


class EnableSchedule(PusBody, frozen=True, gc=False):
    """TC[11,1]: release telecommands at their times (8.11.2.1)."""

    service = SERVICE
    subtype = 1


class DisableSchedule(PusBody, frozen=True, gc=False):
    """TC[11,2]: release none; those whose time comes meanwhile are not released (8.11.2.2)."""

    service = SERVICE
    subtype = 2


class ResetSchedule(PusBody, frozen=True, gc=False):
    """TC[11,3]: forget all telecommands, and release none (8.11.2.3)."""

    service = SERVICE
    subtype = 3


class Activity(msgspec.Struct, frozen=True, gc=False):
    """A telecommand and when it is to be released.

    Attributes:
        time: the time field.
        request: the whole packet of the telecommand.
        group: the group it belongs to, 0 where the mission has none.
    """

    time: bytes
    request: bytes
    group: int = 0


class InsertActivities(PusBody, frozen=True, gc=False):
    """TC[11,4]: take telecommands into the schedule (8.11.2.4).

    Attributes:
        activities: the telecommands.
        subschedule: the sub-schedule they belong to, 0 where the mission has none.
    """

    service = SERVICE
    subtype = 4

    activities: tuple[Activity, ...]
    subschedule: int = 0

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many telecommands, or an identifier does not fit.
            ProtocolError: a request is no whole packet, or a time has another length than the mission's.
        """
        items = []
        for each in self.activities:
            check_whole_packet(each.request)
            group = pack_unsigned("group id", each.group, formats.group_octets)
            items.append(group + pack_time("release time", each.time, formats) + each.request)
        subschedule = pack_unsigned("sub-schedule id", self.subschedule, formats.subschedule_octets)
        return subschedule + pack_list("activities", items, formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; each request is as long as its own header says.

        Raises:
            WrongVersionError: a request has another packet version than 0.
        """
        subschedule = reader.unsigned(reader.formats.subschedule_octets)
        return cls(reader.items(lambda: _read_activity(reader)), subschedule)


class ScheduledRequest(msgspec.Struct, frozen=True, gc=False):
    """Which telecommand of the schedule is meant.

    Attributes:
        source: its source id.
        apid: its APID.
        sequence_count: its sequence count.
    """

    source: int
    apid: int
    sequence_count: int

    def pack(self) -> bytes:
        """Return three numbers of two octets.

        Raises:
            FieldRangeError: one of them does not fit.
        """
        numbers = ("source id", self.source), ("APID", self.apid), ("sequence count", self.sequence_count)
        return b"".join(pack_unsigned(name, value, _IDENTIFIER_OCTETS) for name, value in numbers)


class DeleteActivities(PusBody, frozen=True, gc=False):
    """TC[11,5]: forget telecommands (8.11.2.5).

    Attributes:
        requests: which ones.
    """

    service = SERVICE
    subtype = 5

    requests: tuple[ScheduledRequest, ...]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many telecommands, or a field does not fit.
        """
        return pack_list("requests", [each.pack() for each in self.requests], formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(_read_requests(reader))


class ShiftActivities(PusBody, frozen=True, gc=False):
    """TC[11,7]: release telecommands earlier or later (8.11.2.7).

    Attributes:
        offset: how much later, in the mission's unit; negative for earlier.
        requests: which ones.
    """

    service = SERVICE
    subtype = 7

    offset: int
    requests: tuple[ScheduledRequest, ...]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many telecommands, or a field does not fit.
        """
        offset = pack_signed("time offset", self.offset, formats.offset_octets)
        return offset + pack_list("requests", [each.pack() for each in self.requests], formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(reader.signed(reader.formats.offset_octets), _read_requests(reader))


def _read_activity(reader: FieldReader) -> Activity:
    formats = reader.formats
    group, time = reader.unsigned(formats.group_octets), reader.take(formats.time_octets)
    header = reader.peek(PRIMARY_HEADER_OCTETS)
    octets = declared_packet_octets(header)
    if octets < MIN_PACKET_OCTETS:
        raise WrongVersionError("packet version of a scheduled request", header[0] >> 5, 0)
    return Activity(time, reader.take(octets), group)


def _read_requests(reader: FieldReader) -> tuple[ScheduledRequest, ...]:
    return reader.items(
        lambda: ScheduledRequest(
            reader.unsigned(_IDENTIFIER_OCTETS),
            reader.unsigned(_IDENTIFIER_OCTETS),
            reader.unsigned(_IDENTIFIER_OCTETS),
        )
    )
