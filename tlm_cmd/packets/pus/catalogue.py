"""All messages that this package knows, by service type and message subtype (ECSS-E-ST-70-41C, clause 8)."""

from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.pus import (
    service_1_verification,
    service_3_housekeeping,
    service_5_events,
    service_8_functions,
    service_9_time,
    service_11_schedule,
    service_17_connection,
    service_20_parameters,
)
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats

_REQUESTS: tuple[type[PusBody], ...] = (
    service_3_housekeeping.CreateStructure,
    service_3_housekeeping.EnablePeriodicReports,
    service_3_housekeeping.DisablePeriodicReports,
    service_3_housekeeping.SendReportsOnce,
    service_3_housekeeping.ModifyIntervals,
    service_5_events.EnableEventReports,
    service_5_events.DisableEventReports,
    service_5_events.ReportDisabledEvents,
    service_8_functions.PerformFunction,
    service_9_time.SetTimeRate,
    service_11_schedule.EnableSchedule,
    service_11_schedule.DisableSchedule,
    service_11_schedule.ResetSchedule,
    service_11_schedule.InsertActivities,
    service_11_schedule.DeleteActivities,
    service_11_schedule.ShiftActivities,
    service_17_connection.ConnectionTest,
    service_17_connection.OnboardConnectionTest,
    service_20_parameters.ReportParameters,
    service_20_parameters.SetParameters,
)
_REPORTS: tuple[type[PusBody], ...] = (
    service_1_verification.AcceptanceSuccess,
    service_1_verification.AcceptanceFailure,
    service_1_verification.StartSuccess,
    service_1_verification.StartFailure,
    service_1_verification.ProgressSuccess,
    service_1_verification.ProgressFailure,
    service_1_verification.CompletionSuccess,
    service_1_verification.CompletionFailure,
    service_1_verification.RoutingFailure,
    service_3_housekeeping.HousekeepingReport,
    service_5_events.InformativeEvent,
    service_5_events.LowSeverityEvent,
    service_5_events.MediumSeverityEvent,
    service_5_events.HighSeverityEvent,
    service_5_events.DisabledEvents,
    service_9_time.CucTimeReport,
    service_9_time.CdsTimeReport,
    service_17_connection.ConnectionReport,
    service_17_connection.OnboardConnectionReport,
    service_20_parameters.ParameterValues,
)
REQUESTS = {(body.service, body.subtype): body for body in _REQUESTS}
"""Bodies of telecommands."""
REPORTS = {(body.service, body.subtype): body for body in _REPORTS}
"""Bodies of telemetry packets."""


class UnknownMessageError(ProtocolError):
    """A service type and message subtype that this package does not know; names the known ones of the service."""

    def __init__(self, what: str, service: int, subtype: int, known: tuple[int, ...]) -> None:
        there = f"subtypes {', '.join(map(str, known))}" if known else "no such service"
        super().__init__(f"no {what} {service},{subtype} is known: {there}")
        self.service, self.subtype, self.known = service, subtype, known


def unpack_request(service: int, subtype: int, data: bytes, formats: PusFormats = DEFAULT_FORMATS) -> PusBody:
    """Read the application data of a telecommand.

    Raises:
        UnknownMessageError: this package knows no such request.
        ProtocolError: the data do not fit it.
    """
    return _body(REQUESTS, "request", service, subtype).unpack(data, formats)


def unpack_report(service: int, subtype: int, data: bytes, formats: PusFormats = DEFAULT_FORMATS) -> PusBody:
    """Read the source data of a telemetry packet.

    Raises:
        UnknownMessageError: this package knows no such report.
        ProtocolError: the data do not fit it.
    """
    return _body(REPORTS, "report", service, subtype).unpack(data, formats)


def _body(bodies: dict[tuple[int, int], type[PusBody]], what: str, service: int, subtype: int) -> type[PusBody]:
    body = bodies.get((service, subtype))
    if body is None:
        raise UnknownMessageError(what, service, subtype, tuple(each for of, each in bodies if of == service))
    return body
