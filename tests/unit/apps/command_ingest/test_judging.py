from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.command_ingest.judging import NO_REQUEST, Judge, Judged
from apps.command_ingest.messages import RequestOrigin
from apps.command_ingest.services import Rejection
from apps.command_schedule.messages import (
    DeleteCommands,
    InsertCommands,
    ResetSchedule,
    ShiftCommands,
    StoredRequest,
    SwitchSchedule,
    TimedCommand,
)
from apps.power.messages import SwitchLine
from apps.telemetry_output.messages import (
    PacketInterval,
    SendPacketsOnce,
    SetPacketIntervals,
    SetTimeRate,
    SwitchPackets,
)
from apps.telemetry_output.messages import ReportParameters as AskForParameters
from flightsw.bus.requests import Request
from flightsw.messages.events import SwitchEvents
from flightsw.messages.life import Noop
from flightsw.mission import Mission
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.profile import PacketProfile, ProfileName
from tlm_cmd.packets.profiles import packet_profile
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.service_3_housekeeping import (
    CreateStructure,
    DisablePeriodicReports,
    EnablePeriodicReports,
    ModifyIntervals,
    SendReportsOnce,
    StructureInterval,
)
from tlm_cmd.packets.pus.service_5_events import DisableEventReports, EnableEventReports, ReportDisabledEvents
from tlm_cmd.packets.pus.service_9_time import SetTimeRate as SetRateOfService
from tlm_cmd.packets.pus.service_11_schedule import (
    Activity,
    DeleteActivities,
    DisableSchedule,
    EnableSchedule,
    InsertActivities,
    ScheduledRequest,
    ShiftActivities,
)
from tlm_cmd.packets.pus.service_11_schedule import ResetSchedule as ResetOfService
from tlm_cmd.packets.pus.service_17_connection import ConnectionTest, OnboardConnectionTest
from tlm_cmd.packets.pus.service_20_parameters import ReportParameters, SetParameters
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId

POWER, THERMAL, INGEST, OUTPUT, SCHEDULE = 0x030, 0x040, 0x060, 0x0B0, 0x100
PING = PusTelecommand(THERMAL, 1, 17, 1).pack()
TIME = bytes.fromhex("7e900d2c8000")


class Bar:
    """A judge, and what it asks for.

    Attributes:
        armed: hazardous commands that are armed.
    """

    def __init__(self, packets: PacketProfile) -> None:
        self.packets = packets
        self.armed: list[tuple[int, int]] = []
        self._sequence = 100
        self._judge = Judge(packets, self._fire, self._own)

    def _fire(self, apid: int, function: int) -> bool:
        if (apid, function) not in self.armed:
            return False
        self.armed.remove((apid, function))
        return True

    def _own(self, app: str, command: Command) -> Request:
        entry = self.packets.dictionary.command_of(app, type(command))
        self._sequence += 1
        return Request(RequestId(INGEST, entry.apid, self._sequence, entry.code), command)

    def judge(self, packet: bytes) -> Judged:
        """What a packet is found to be."""
        return self._judge.judge(packet)

    def code(self, packet: bytes) -> FailureCode:
        """Why a packet is rejected."""
        verdict = self.judge(packet).verdict
        assert isinstance(verdict, Rejection)
        return verdict.code


@pytest.fixture(params=list(ProfileName))
def bar(request: pytest.FixtureRequest, mission: Mission) -> Bar:
    """A judge of packets of either profile."""
    return Bar(packet_profile(request.param, mission.dictionary))


@pytest.fixture
def pus(mission: Mission) -> Bar:
    """A judge of PUS packets."""
    return Bar(packet_profile(ProfileName.PUS, mission.dictionary))


def telecommand(apid: int, body: PusBody, acknowledge: Acknowledge = Acknowledge.ALL) -> bytes:
    """A telecommand with sequence count 7."""
    return PusTelecommand(apid, 7, body.service, body.subtype, body.pack(), acknowledge).pack()


def test_commands_of_apps(bar: Bar) -> None:
    """A command is put on the bus under the name that the ground gave it, and nothing is said before."""
    request = RequestId(GROUND, THERMAL, 5, 0)
    packet = bar.packets.build_command(THERMAL, 5, 0, b"")
    assert bar.judge(packet) == Judged(request, Request(request, Noop()))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda make: make(THERMAL, 1, 95, b""), FailureCode.UNKNOWN_FUNCTION),
        (lambda make: make(0x7E0, 1, 0, b""), FailureCode.UNKNOWN_APPLICATION),
        (lambda make: make(THERMAL + 1, 1, 0, b""), FailureCode.UNKNOWN_APPLICATION),
        (lambda make: make(THERMAL, 1, 2, b""), FailureCode.BAD_LENGTH),
        (lambda make: make(THERMAL, 1, 2, b"\1\2\3"), FailureCode.BAD_LENGTH),
        (lambda make: make(THERMAL, 1, 2, b"\x09\2"), FailureCode.BAD_ARGUMENT),
        (lambda make: make(THERMAL, 1, 0, b"")[:-1] + b"\x5a", FailureCode.BAD_CHECKSUM),
        (lambda make: b"\x08" + make(THERMAL, 1, 0, b"")[1:], FailureCode.MALFORMED_PACKET),
        (lambda make: make(THERMAL, 1, 0, b"")[:7], FailureCode.MALFORMED_PACKET),
    ],
)
def test_rejections(bar: Bar, spoil: Callable[[Callable[..., bytes]], bytes], code: FailureCode) -> None:
    """What cannot be executed is rejected with its reason, under its request id."""
    packet = spoil(bar.packets.build_command)
    judged = bar.judge(packet)
    assert isinstance(judged.verdict, Rejection)
    assert judged.verdict.code is code
    assert judged.verdict.reason
    assert judged.request == bar.packets.request_of(packet)


def test_octets_without_a_request_id(bar: Bar) -> None:
    """Too few octets are rejected as well."""
    assert bar.judge(b"x").request == NO_REQUEST
    assert bar.code(b"") is FailureCode.MALFORMED_PACKET


def test_hazardous_commands_are_fired_once(bar: Bar) -> None:
    """Armed, a hazardous command passes; then it is armed no more."""
    packet = bar.packets.build_command(POWER, 1, 2, b"\6\1")
    assert bar.code(packet) is FailureCode.NOT_ARMED
    bar.armed.append((POWER, 2))
    verdict = bar.judge(packet).verdict
    assert isinstance(verdict, Request)
    assert verdict.command == SwitchLine(6, on=True)
    assert bar.code(packet) is FailureCode.NOT_ARMED


def test_flags_are_passed_on(pus: Bar) -> None:
    """If less than all reports are wanted, that is said before the request."""
    packet = PusTelecommand(THERMAL, 5, 8, 1, b"\0", Acknowledge.COMPLETION, 9).pack()
    request = RequestId(9, THERMAL, 5, 0)
    assert pus.judge(packet) == Judged(
        request, Request(request, Noop()), RequestOrigin(request, request, Acknowledge.COMPLETION, 8, 1)
    )


SERVICES: list[tuple[int, PusBody, int, Command]] = [
    (THERMAL, ConnectionTest(), THERMAL, Noop()),
    (THERMAL, OnboardConnectionTest(POWER), POWER, Noop()),
    (THERMAL, EnablePeriodicReports((7, 1)), OUTPUT, SwitchPackets(THERMAL, (7, 1), enabled=True)),
    (THERMAL, DisablePeriodicReports((7,)), OUTPUT, SwitchPackets(THERMAL, (7,), enabled=False)),
    (THERMAL, SendReportsOnce((7,)), OUTPUT, SendPacketsOnce(THERMAL, (7,))),
    (
        THERMAL,
        ModifyIntervals((StructureInterval(7, 5000), StructureInterval(1, 10_000))),
        OUTPUT,
        SetPacketIntervals(THERMAL, (PacketInterval(7, 5000), PacketInterval(1, 10_000))),
    ),
    (THERMAL, EnableEventReports((1, 255)), THERMAL, SwitchEvents((1, 255), enabled=True)),
    (THERMAL, DisableEventReports((1,)), THERMAL, SwitchEvents((1,), enabled=False)),
    (OUTPUT, SetRateOfService(3), OUTPUT, SetTimeRate(3)),
    (THERMAL, ReportParameters((0x0700, 0x0702)), OUTPUT, AskForParameters(THERMAL, (0x0700, 0x0702))),
    (SCHEDULE, EnableSchedule(), SCHEDULE, SwitchSchedule(enabled=True)),
    (SCHEDULE, DisableSchedule(), SCHEDULE, SwitchSchedule(enabled=False)),
    (SCHEDULE, ResetOfService(), SCHEDULE, ResetSchedule()),
    (
        SCHEDULE,
        InsertActivities((Activity(TIME, PING),)),
        SCHEDULE,
        InsertCommands((TimedCommand(0x7E90_0D2C * 10**9 + 500_000_000, PING),)),
    ),
    (
        SCHEDULE,
        DeleteActivities((ScheduledRequest(1, 2, 3),)),
        SCHEDULE,
        DeleteCommands((StoredRequest(1, 2, 3),)),
    ),
    (
        SCHEDULE,
        ShiftActivities(-2000, (ScheduledRequest(1, 2, 3),)),
        SCHEDULE,
        ShiftCommands(-2_000_000_000, (StoredRequest(1, 2, 3),)),
    ),
]


@pytest.mark.parametrize(
    ("apid", "body", "to", "command"), SERVICES, ids=[type(body).__name__ for _, body, _, _ in SERVICES]
)
def test_services(pus: Bar, apid: int, body: PusBody, to: int, command: Command) -> None:
    """A request to a service is a command that the ingest gives on behalf of who has asked, and says so before."""
    judged = pus.judge(telecommand(apid, body, Acknowledge.ACCEPTANCE))
    asked = RequestId(GROUND, apid, 7, 0)
    assert judged.request == asked
    assert isinstance(judged.verdict, Request)
    assert judged.verdict.command == command
    assert judged.verdict.id == RequestId(INGEST, to, 101, type(command).code)
    assert judged.origin == RequestOrigin(judged.verdict.id, asked, Acknowledge.ACCEPTANCE, body.service, body.subtype)


@pytest.mark.parametrize(
    ("apid", "body", "code"),
    [
        (0x7E0, ConnectionTest(), FailureCode.UNKNOWN_APPLICATION),
        (THERMAL + 1, ConnectionTest(), FailureCode.UNKNOWN_APPLICATION),
        (THERMAL, OnboardConnectionTest(0x7E0), FailureCode.BAD_ARGUMENT),
        (THERMAL, OnboardConnectionTest(THERMAL + 1), FailureCode.BAD_ARGUMENT),
        (THERMAL, CreateStructure(1, 2, (3,)), FailureCode.UNKNOWN_FUNCTION),
        (THERMAL, EnablePeriodicReports(()), FailureCode.BAD_ARGUMENT),
        (THERMAL, EnablePeriodicReports((16,)), FailureCode.BAD_ARGUMENT),
        (THERMAL, EnablePeriodicReports((0,)), FailureCode.BAD_ARGUMENT),
        (THERMAL, EnablePeriodicReports((1,) * 16), FailureCode.BAD_ARGUMENT),
        (THERMAL, EnableEventReports(()), FailureCode.BAD_ARGUMENT),
        (THERMAL, EnableEventReports((256,)), FailureCode.BAD_ARGUMENT),
        (THERMAL, EnableEventReports((1,) * 65), FailureCode.BAD_ARGUMENT),
        (THERMAL, ReportDisabledEvents(), FailureCode.UNKNOWN_FUNCTION),
        (THERMAL, SetRateOfService(3), FailureCode.UNKNOWN_FUNCTION),
        (THERMAL, EnableSchedule(), FailureCode.UNKNOWN_FUNCTION),
        (SCHEDULE, InsertActivities(()), FailureCode.BAD_ARGUMENT),
        (SCHEDULE, InsertActivities((Activity(TIME, PING),) * 17), FailureCode.BAD_ARGUMENT),
        (
            SCHEDULE,
            InsertActivities((Activity(TIME, PusTelecommand(THERMAL, 1, 8, 1, bytes(1100)).pack()),)),
            FailureCode.BAD_ARGUMENT,
        ),
        (SCHEDULE, DeleteActivities(()), FailureCode.BAD_ARGUMENT),
        (SCHEDULE, ShiftActivities(5, ()), FailureCode.BAD_ARGUMENT),
        (THERMAL, ReportParameters(()), FailureCode.BAD_ARGUMENT),
        (THERMAL, ReportParameters((1,) * 65), FailureCode.BAD_ARGUMENT),
        (THERMAL, SetParameters.of([(1, b"x")]), FailureCode.UNKNOWN_FUNCTION),
    ],
    ids=str,
)
def test_services_that_are_not_offered(pus: Bar, apid: int, body: PusBody, code: FailureCode) -> None:
    """What no app offers, or not so, is rejected with a reason."""
    judged = pus.judge(telecommand(apid, body))
    assert isinstance(judged.verdict, Rejection)
    assert judged.verdict.code is code
    assert (judged.request, judged.origin) == (RequestId(GROUND, apid, 7, 0), None)


def test_unknown_services(pus: Bar) -> None:
    """A service type or a subtype that nobody knows is an unknown function."""
    assert pus.code(PusTelecommand(THERMAL, 7, 2, 1).pack()) is FailureCode.UNKNOWN_FUNCTION
    assert pus.code(PusTelecommand(THERMAL, 7, 11, 99).pack()) is FailureCode.UNKNOWN_FUNCTION


def test_a_mission_without_the_apps(mission: Mission) -> None:
    """Where no app sends telemetry or stores commands, their services are not offered."""
    dictionary = mission.dictionary
    few = type(dictionary)("few", [app for app in dictionary.apps if app.name in ("thermal", "power")])
    bar = Bar(packet_profile(ProfileName.PUS, few))
    assert bar.code(telecommand(THERMAL, EnablePeriodicReports((7,)))) is FailureCode.UNKNOWN_FUNCTION
    assert bar.code(telecommand(THERMAL, EnableSchedule())) is FailureCode.UNKNOWN_FUNCTION
    assert isinstance(bar.judge(telecommand(THERMAL, ConnectionTest())).verdict, Request)
