"""Requests to standard services as the commands that do on board what they ask for. Pure.

See docs/pus.md for what is offered, by which app, and what is not.
"""

from __future__ import annotations

import msgspec

from apps.command_schedule.messages import (
    MAX_PACKET_OCTETS,
    MAX_PER_COMMAND,
    DeleteCommands,
    InsertCommands,
    ResetSchedule,
    ShiftCommands,
    StoredRequest,
    SwitchSchedule,
    TimedCommand,
)
from apps.telemetry_output.messages import (
    MAX_PARAMETERS,
    PacketInterval,
    ReportParameters,
    SendPacketsOnce,
    SetPacketIntervals,
    SetTimeRate,
    SwitchPackets,
)
from flightsw.messages.events import MAX_SWITCHED_EVENTS, SwitchEvents
from flightsw.messages.life import Noop
from tlm_cmd.definition.entries import APIDS_PER_APP
from tlm_cmd.definition.message import MAX_EVENT_CODE, Command
from tlm_cmd.errors import ProtocolError, check_range
from tlm_cmd.packets.profile import PacketProfile, ServiceRequest
from tlm_cmd.packets.pus import (
    service_3_housekeeping,
    service_5_events,
    service_9_time,
    service_11_schedule,
    service_17_connection,
    service_20_parameters,
)
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.verification import FailureCode

_NS_PER_MS = 1_000_000


class Rejection(msgspec.Struct, frozen=True):
    """Why a packet is no command that can be executed."""

    code: FailureCode
    reason: str


class AppCommand(msgspec.Struct, frozen=True):
    """What an app is told to do."""

    app: str
    command: Command


class _NotOfferedError(ProtocolError):
    """The app that is asked does not offer the service, or not all of it."""


class Services:
    """The services that the apps of a mission offer.

    Args:
        packets: the mission's packets.
    """

    def __init__(self, packets: PacketProfile) -> None:
        self._packets = packets
        self._dictionary = packets.dictionary

    def command_for(self, request: ServiceRequest) -> AppCommand | Rejection:
        """The command that does what a request asks for, or why there is none."""
        app = self._dictionary.app_of(request.apid)
        if app is None or self._dictionary.apid_of(app) != request.apid:
            return Rejection(FailureCode.UNKNOWN_APPLICATION, f"no app takes commands at APID 0x{request.apid:03x}")
        try:
            return self._command(app, request.apid, request.body)
        except _NotOfferedError as error:
            return Rejection(FailureCode.UNKNOWN_FUNCTION, str(error))
        except ProtocolError as error:
            return Rejection(FailureCode.BAD_ARGUMENT, str(error))

    def _command(self, app: str, apid: int, body: PusBody) -> AppCommand:
        match body.service:
            case service_3_housekeeping.SERVICE:
                return AppCommand(self._one_declaring(SwitchPackets), _housekeeping(apid, body))
            case service_5_events.SERVICE:
                return AppCommand(app, _events(body))
            case service_11_schedule.SERVICE:
                return self._offered(app, self._schedule(body))
            case _:
                return self._other(app, apid, body)

    def _other(self, app: str, apid: int, body: PusBody) -> AppCommand:
        match body:
            case service_9_time.SetTimeRate():
                return self._offered(app, SetTimeRate(body.exponent))
            case service_17_connection.ConnectionTest():
                return AppCommand(app, Noop())
            case service_17_connection.OnboardConnectionTest():
                return AppCommand(self._app_at(body.apid), Noop())
            case service_20_parameters.ReportParameters():
                check_range("number of parameters", len(body.parameters), 1, MAX_PARAMETERS)
                return AppCommand(self._one_declaring(ReportParameters), ReportParameters(apid, body.parameters))
            case _:
                raise _NotOfferedError(f"{app} does not offer request {body.service},{body.subtype}")

    def _schedule(self, body: PusBody) -> Command:
        match body:
            case service_11_schedule.EnableSchedule():
                return SwitchSchedule(enabled=True)
            case service_11_schedule.DisableSchedule():
                return SwitchSchedule(enabled=False)
            case service_11_schedule.ResetSchedule():
                return ResetSchedule()
            case service_11_schedule.InsertActivities():
                return InsertCommands(tuple(self._timed(each) for each in _several(body.activities)))
            case service_11_schedule.DeleteActivities():
                return DeleteCommands(_requests(body.requests))
            case service_11_schedule.ShiftActivities():
                return ShiftCommands(body.offset * _NS_PER_MS, _requests(body.requests))
            case _:
                raise _NotOfferedError(f"request {body.service},{body.subtype} is not offered")

    def _timed(self, activity: service_11_schedule.Activity) -> TimedCommand:
        check_range("octets of a scheduled telecommand", len(activity.request), 1, MAX_PACKET_OCTETS)
        return TimedCommand(self._packets.unpack_time(activity.time), activity.request)

    def _offered(self, app: str, command: Command) -> AppCommand:
        """A command to the app that is asked, if it has it."""
        if app not in self._dictionary.apps_declaring(type(command)):
            raise _NotOfferedError(f"{app} does not offer this service")
        return AppCommand(app, command)

    def _one_declaring(self, command: type[Command]) -> str:
        apps = self._dictionary.apps_declaring(command)
        if not apps:
            raise _NotOfferedError(f"no app of the mission has {command.__name__}")
        return apps[0]

    def _app_at(self, apid: int) -> str:
        for app in self._dictionary.apps:
            if app.apid == apid:
                return app.name
        raise ProtocolError(f"no app takes commands at APID 0x{apid:03x}")


def _housekeeping(apid: int, body: PusBody) -> Command:
    """Structures are the packets of the app that is asked, each by its number there."""
    match body:
        case service_3_housekeeping.EnablePeriodicReports():
            return SwitchPackets(apid, _packets(body.structures), enabled=True)
        case service_3_housekeeping.DisablePeriodicReports():
            return SwitchPackets(apid, _packets(body.structures), enabled=False)
        case service_3_housekeeping.SendReportsOnce():
            return SendPacketsOnce(apid, _packets(body.structures))
        case service_3_housekeeping.ModifyIntervals():
            packets = _packets(tuple(each.structure for each in body.intervals))
            intervals = (each.interval for each in body.intervals)
            return SetPacketIntervals(apid, tuple(map(PacketInterval, packets, intervals)))
        case _:
            raise _NotOfferedError("structures are those of the mission's dictionary; none can be created")


def _events(body: PusBody) -> Command:
    """Event definitions are the codes of the app's events."""
    match body:
        case service_5_events.EnableEventReports():
            return SwitchEvents(_event_codes(body.events), enabled=True)
        case service_5_events.DisableEventReports():
            return SwitchEvents(_event_codes(body.events), enabled=False)
        case _:
            raise _NotOfferedError("events that are disabled are told by REPORT_EVENTS")


def _packets(structures: tuple[int, ...]) -> tuple[int, ...]:
    check_range("number of structures", len(structures), 1, APIDS_PER_APP - 1)
    for structure in structures:
        check_range("structure id", structure, 1, APIDS_PER_APP - 1)
    return structures


def _event_codes(events: tuple[int, ...]) -> tuple[int, ...]:
    check_range("number of events", len(events), 1, MAX_SWITCHED_EVENTS)
    for event in events:
        check_range("event definition id", event, 0, MAX_EVENT_CODE)
    return events


def _several(
    activities: tuple[service_11_schedule.Activity, ...],
) -> tuple[service_11_schedule.Activity, ...]:
    check_range("number of activities", len(activities), 1, MAX_PER_COMMAND)
    return activities


def _requests(requests: tuple[service_11_schedule.ScheduledRequest, ...]) -> tuple[StoredRequest, ...]:
    check_range("number of requests", len(requests), 1, MAX_PER_COMMAND)
    return tuple(StoredRequest(each.source, each.apid, each.sequence_count) for each in requests)
