"""The dictionary's telemetry in packets of ECSS-E-ST-70-41C, and back.

What the framework already says is put into the service that the standard has for it: verification reports into service
1, all other packets into service 3, each with its number within the app as structure identifier, events into service 5,
time reports into service 9, answers to connection tests into service 17,
parameters into service 20.
"""

from __future__ import annotations

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import Dictionary, DictionaryError
from tlm_cmd.definition.entries import EventEntry, TelemetryEntry
from tlm_cmd.definition.message import Event, Severity, ShortEvent, Telemetry
from tlm_cmd.errors import LengthMismatchError, check_range
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import unpack_report
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.packet_time import CdsTime, PacketTime
from tlm_cmd.packets.pus.service_1_verification import FailureReport, ProgressFailure, ProgressSuccess, SuccessReport
from tlm_cmd.packets.pus.service_3_housekeeping import HousekeepingReport
from tlm_cmd.packets.pus.service_5_events import (
    EventReport,
    HighSeverityEvent,
    InformativeEvent,
    MediumSeverityEvent,
)
from tlm_cmd.packets.pus.service_9_time import TIME_APID, CdsTimeReport, CucTimeReport, TimePacket
from tlm_cmd.packets.pus.service_17_connection import ConnectionReport, OnboardConnectionReport
from tlm_cmd.packets.pus.service_20_parameters import ParameterValues
from tlm_cmd.packets.pus.telemetry import PusTelemetry
from tlm_cmd.packets.pus.verification import body_of_report, report_of_body
from tlm_cmd.packets.service_reports import MAX_VALUES_OCTETS, ConnectionTested, ParametersReported, TimeReported
from tlm_cmd.packets.telemetry_packets import ReceivedTelemetry
from tlm_cmd.packets.verification import GROUND, VerificationReport

SHORT_EVENT = 0x100
"""Added to an event's code where its fields are left out: an event definition of its own, of the same severity."""
TIME_PACKET_START = b"\0\0"
"""The first octets of a time packet and of no other."""

_EVENTS: dict[Severity, type[EventReport]] = {
    Severity.DEBUG: InformativeEvent,
    Severity.INFO: InformativeEvent,
    Severity.ERROR: MediumSeverityEvent,
    Severity.CRITICAL: HighSeverityEvent,
}


class ReportPackets:
    """Telemetry packets of one mission.

    Args:
        dictionary: the mission's.
        formats: the mission's lengths, of which the time's is that of ``time``.
        time: the time code.
    """

    def __init__(self, dictionary: Dictionary, formats: PusFormats, time: PacketTime) -> None:
        self._dictionary = dictionary
        self._formats = formats
        self._time = time
        self._apids = {app.apid: app.name for app in dictionary.apps}
        self._app_of = {entry.apid: dictionary.apid_of(entry.app) for entry in dictionary.telemetry.values()}

    # ---------------------------------------------------------------- making

    def counting_apid(self, apid: int, message: Telemetry | Event) -> int:
        """The APID that the packet of a message has."""
        match message:
            case TimeReported():
                return TIME_APID
            case ConnectionTested() | ParametersReported():
                return message.apid
            case _:
                return self._app_of.get(apid, apid)

    def encode(
        self, apid: int, message: Telemetry | Event, sequence_count: int, seconds: int, subseconds: int, *, short: bool
    ) -> bytes:
        """See `tlm_cmd.packets.profile.PacketProfile.encode`."""
        if isinstance(message, TimeReported):
            field = self._time.pack(message.tai_s, message.tai_subseconds)
            report = (CdsTimeReport if isinstance(self._time, CdsTime) else CucTimeReport)(field, message.rate)
            return TimePacket(sequence_count, report.pack(self._formats)).pack()
        destination, body = self._body(apid, message, short=short)
        packet = PusTelemetry(
            self.counting_apid(apid, message),
            sequence_count,
            body.service,
            body.subtype,
            self._time.pack(seconds, subseconds),
            body.pack(self._formats),
            destination=destination,
        )
        return packet.pack(self._formats)

    def _body(self, apid: int, message: Telemetry | Event, *, short: bool) -> tuple[int, PusBody]:
        """The destination and the body of a report.

        Raises:
            DictionaryError: no telemetry packet has this APID.
            ProtocolError: a field does not fit its definition.
        """
        match message:
            case Event():
                payload = b"" if short else codec_of(type(message)).encode(message)
                code = message.code + SHORT_EVENT if short else message.code
                return GROUND, _EVENTS[message.severity](code, payload)
            case VerificationReport():
                return message.request.source, body_of_report(message)
            case ConnectionTested():
                if message.apid == message.tested:
                    return GROUND, ConnectionReport()
                return GROUND, OnboardConnectionReport(message.tested)
            case ParametersReported():
                return GROUND, ParameterValues(message.count, message.values)
            case _:
                entry = self._dictionary.telemetry_by_apid(apid)
                if entry is None:
                    raise DictionaryError(f"no telemetry packet has APID 0x{apid:03x}")
                values = codec_of(entry.record).encode(message)
                return GROUND, HousekeepingReport(apid - self._app_of[apid], values)

    # ---------------------------------------------------------------- reading

    def check(self, packet: bytes) -> None:
        """Look at headers and error control alone."""
        if packet[:2] == TIME_PACKET_START:
            TimePacket.unpack(packet)
        else:
            PusTelemetry.unpack(packet, self._formats)

    def decode(self, packet: bytes) -> ReceivedTelemetry:
        """See `tlm_cmd.packets.profile.PacketProfile.decode`."""
        if packet[:2] == TIME_PACKET_START:
            return self._time_report(packet)
        report = PusTelemetry.unpack(packet, self._formats)
        seconds, subseconds = self._time.unpack(report.time)
        entry, message = self._content(report)
        return ReceivedTelemetry(entry, report.sequence_count, seconds, subseconds, message)

    def _time_report(self, packet: bytes) -> ReceivedTelemetry:
        parsed = TimePacket.unpack(packet)
        report = CucTimeReport.unpack(parsed.data, self._formats)
        entry = self._entry_derived_from(TimeReported)
        seconds, subseconds = self._time.unpack(report.time)
        message = entry.record(report.rate, seconds, subseconds)
        return ReceivedTelemetry(entry, parsed.sequence_count, seconds, subseconds, message)

    def _content(self, report: PusTelemetry) -> tuple[TelemetryEntry | EventEntry, Telemetry | Event | ShortEvent]:
        app = self._apids.get(report.apid)
        if app is None:
            raise DictionaryError(f"no app has APID 0x{report.apid:03x}")
        body = unpack_report(report.service, report.subtype, report.data, self._formats)
        match body:
            case HousekeepingReport():
                return self._housekeeping(report.apid, body)
            case EventReport():
                return self._event(report.apid, body)
            case SuccessReport() | FailureReport() | ProgressSuccess() | ProgressFailure():
                entry = self._dictionary.telemetry_of(app, VerificationReport)
                return entry, report_of_body(body, report.destination)
            case ConnectionReport():
                return self._connection(report.apid, report.apid)
            case OnboardConnectionReport():
                return self._connection(report.apid, body.apid)
            case ParameterValues():
                return self._parameters(report.apid, body)
            case _:
                raise DictionaryError(f"no packet of the mission is a report {report.service},{report.subtype}")

    def _housekeeping(self, apid: int, body: HousekeepingReport) -> tuple[TelemetryEntry, Telemetry]:
        entry = self._dictionary.telemetry_by_apid(apid + body.structure)
        if entry is None or self._app_of[entry.apid] != apid:
            raise DictionaryError(f"the app of APID 0x{apid:03x} has no packet {body.structure}")
        return entry, entry.codec.decode(body.values)

    def _event(self, apid: int, body: EventReport) -> tuple[EventEntry, Event | ShortEvent]:
        entry = self._dictionary.event_by_id(apid, body.event % SHORT_EVENT)
        if entry is None or body.event >= 2 * SHORT_EVENT:
            raise DictionaryError(f"no event has APID 0x{apid:03x} and definition {body.event}")
        if _EVENTS[entry.record.severity].subtype != body.subtype:
            declared = _EVENTS[entry.record.severity].subtype
            raise DictionaryError(f"{entry.name} came as report 5,{body.subtype}, declared is 5,{declared}")
        if body.event < SHORT_EVENT:
            return entry, codec_of(entry.record).decode(body.auxiliary)
        if body.auxiliary:
            raise LengthMismatchError(f"{entry.name} in the short form", 0, len(body.auxiliary))
        return entry, ShortEvent(entry.record)

    def _connection(self, apid: int, tested: int) -> tuple[TelemetryEntry, Telemetry]:
        entry = self._entry_derived_from(ConnectionTested)
        return entry, entry.record(apid, tested)

    def _parameters(self, apid: int, body: ParameterValues) -> tuple[TelemetryEntry, Telemetry]:
        check_range("octets of parameter values", len(body.octets), 0, MAX_VALUES_OCTETS)
        entry = self._entry_derived_from(ParametersReported)
        return entry, entry.record(apid, body.count, body.octets)

    def _entry_derived_from(self, base: type[Telemetry]) -> TelemetryEntry:
        """The packet that an app has derived from a report of a service.

        Raises:
            DictionaryError: no app of the mission has derived one.
        """
        for entry in self._dictionary.telemetry.values():
            if issubclass(entry.record, base):
                return entry
        raise DictionaryError(f"no app of the mission sends a {base.__name__}")
