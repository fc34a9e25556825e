"""Service 5, event reporting (ECSS-E-ST-70-41C, 6.5 and 8.5)."""

from __future__ import annotations

from typing import Self

from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_list, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats

SERVICE = 5


class EventReport(PusBody, frozen=True, gc=False):
    """Something that happened; the base of TM[5,1] to TM[5,4], which differ in severity.

    Attributes:
        event: event definition identifier.
        auxiliary: what more there is to say, as the mission defines it for the event.
    """

    service = SERVICE

    event: int
    auxiliary: bytes = b""

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: the identifier does not fit.
        """
        return _event(self.event, formats) + self.auxiliary

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; the auxiliary data are all that is left."""
        return cls(reader.unsigned(reader.formats.event_octets), reader.rest())


class InformativeEvent(EventReport, frozen=True, gc=False):
    """TM[5,1]: for information (8.5.2.1)."""

    subtype = 1


class LowSeverityEvent(EventReport, frozen=True, gc=False):
    """TM[5,2]: an anomaly of low severity (8.5.2.2)."""

    subtype = 2


class MediumSeverityEvent(EventReport, frozen=True, gc=False):
    """TM[5,3]: an anomaly of medium severity (8.5.2.3)."""

    subtype = 3


class HighSeverityEvent(EventReport, frozen=True, gc=False):
    """TM[5,4]: an anomaly of high severity (8.5.2.4)."""

    subtype = 4


class EventList(PusBody, frozen=True, gc=False):
    """A list of events; the base of TC[5,5], TC[5,6] and TM[5,8].

    Attributes:
        events: event definition identifiers.
    """

    service = SERVICE

    events: tuple[int, ...]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many events, or an identifier does not fit.
        """
        return pack_list("events", [_event(each, formats) for each in self.events], formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(reader.identifiers(reader.formats.event_octets))


class EnableEventReports(EventList, frozen=True, gc=False):
    """TC[5,5]: let the reports of events be sent (8.5.2.5)."""

    subtype = 5


class DisableEventReports(EventList, frozen=True, gc=False):
    """TC[5,6]: hold them back (8.5.2.6)."""

    subtype = 6


class ReportDisabledEvents(PusBody, frozen=True, gc=False):
    """TC[5,7]: say which events are held back (8.5.2.7)."""

    service = SERVICE
    subtype = 7


class DisabledEvents(EventList, frozen=True, gc=False):
    """TM[5,8]: the events that are held back (8.5.2.8)."""

    subtype = 8


def _event(event: int, formats: PusFormats) -> bytes:
    return pack_unsigned("event definition id", event, formats.event_octets)
