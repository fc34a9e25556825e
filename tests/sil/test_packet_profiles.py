"""The reference mission over either packet profile: one key of the mission file switches both ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from apps.command_schedule.messages import InsertCommands, SwitchSchedule, TimedCommand
from apps.telemetry_output.messages import AppAnswered, ParameterReport, SpacecraftTimeReport
from flightsw.messages.life import Noop, NoopDone
from ops_tools.ground.command_record import CommandRecord
from ops_tools.ground.decoder import Sample
from ops_tools.sil.vehicle import LockstepVehicle
from tlm_cmd.definition.message import Command, Event
from tlm_cmd.packets.cfs_header import split_time
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import unpack_report
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.packet_time import PacketTime, PacketTimeName, packet_time
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.pus.service_1_verification import (
    AcceptanceFailure,
    AcceptanceSuccess,
    CompletionFailure,
    CompletionSuccess,
    FailureReport,
    RoutingFailure,
    SuccessReport,
)
from tlm_cmd.packets.pus.service_3_housekeeping import (
    CreateStructure,
    DisablePeriodicReports,
    EnablePeriodicReports,
    HousekeepingReport,
    ModifyIntervals,
    SendReportsOnce,
    StructureInterval,
)
from tlm_cmd.packets.pus.service_5_events import DisableEventReports, EnableEventReports, EventReport
from tlm_cmd.packets.pus.service_8_functions import PerformFunction
from tlm_cmd.packets.pus.service_9_time import SetTimeRate, TimePacket
from tlm_cmd.packets.pus.service_11_schedule import (
    Activity,
    DeleteActivities,
    DisableSchedule,
    EnableSchedule,
    InsertActivities,
    ResetSchedule,
    ScheduledRequest,
    ShiftActivities,
)
from tlm_cmd.packets.pus.service_17_connection import (
    ConnectionReport,
    ConnectionTest,
    OnboardConnectionReport,
    OnboardConnectionTest,
)
from tlm_cmd.packets.pus.service_20_parameters import ReportParameters, SetParameters
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.pus.telemetry import PusTelemetry
from tlm_cmd.packets.verification import FailureCode, VerificationReport

pytestmark = pytest.mark.xdist_group("packet_profiles")

SECOND_NS = 1_000_000_000
CONTACT_S = 1500
"""By then the first contact has begun; it lasts for seven minutes."""
FIRST_SEQUENCE = 9000
"""Sequence counts from here on are the tests' own, below are the ground's."""
EXECUTIVE, THERMAL, COMMAND_INGEST, TELEMETRY_OUTPUT, COMMAND_SCHEDULE = 0x010, 0x040, 0x060, 0x0B0, 0x100


Verdicts = list[tuple[str | None, FailureCode]]


class Flight:
    """The reference mission in its first contact, and what its packets look like on the ground.

    Attributes:
        packets: all packets that came down, with their ground times.
        samples: what the ground made of them.
    """

    def __init__(self, folder: Path, profile: str, time: str = "cuc") -> None:
        mission = folder / f"{profile}_{time}.toml"
        mission.write_text(f'extends = "apps.missions.urbanwatch"\npackets = "{profile}"\npacket_time = "{time}"\n')
        self.vehicle = LockstepVehicle(mission, None, 7)
        self.time: PacketTime = packet_time(PacketTimeName(time))
        self.formats = PusFormats(time_octets=self.time.octets)
        self.packets: list[tuple[int, bytes]] = []
        self.samples: list[Sample] = []
        self._sequence = FIRST_SEQUENCE
        self._watch()
        self.vehicle.start()
        self.advance(CONTACT_S)
        assert self.vehicle.ground.passes.current is not None

    def _watch(self) -> None:
        decoder = self.vehicle.ground.decoder
        decode = decoder.decode

        def watched(packet: bytes, now_ns: int, *, recorded: bool = False) -> Sample | None:
            self.packets.append((now_ns, packet))
            return decode(packet, now_ns, recorded=recorded)

        decoder.decode = watched  # type: ignore[method-assign]
        self.vehicle.ground.listeners.append(self.samples.append)

    @property
    def now_tai_ns(self) -> int:
        """Spacecraft time."""
        return self.vehicle.runtime.host.time.tai_ns(self.vehicle.now_ns)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.vehicle.run_until(self.vehicle.now_ns + round(seconds * SECOND_NS))

    def packet(self, app: str, command: Command) -> bytes:
        """A command's packet, with a sequence count of its own."""
        mission = self.vehicle.mission
        entry = mission.dictionary.command_of(app, type(command))
        self._sequence += 1
        payload = mission.dictionary.encode_payload(command)
        return mission.packets.build_command(entry.apid, self._sequence, entry.code, payload)

    def outcome(self, packet: bytes) -> tuple[str | None, FailureCode]:
        """Send a packet unchecked; its verdict."""
        record = self.vehicle.ground.force(packet)
        self.advance(10)
        return verdict(record)

    def reported(self, apid: int, since: int = 0) -> list[tuple[int, VerificationReport]]:
        """Ground times and verification reports about commands to an app, of the tests' own."""
        return [
            (sample.received_ns, sample.message)
            for sample in self.samples[since:]
            if isinstance(sample.message, VerificationReport)
            and sample.message.request.apid == apid
            and sample.message.request.sequence >= FIRST_SEQUENCE
        ]

    # PUS only

    def telecommand(
        self, apid: int, body: PusBody, acknowledge: Acknowledge = Acknowledge.ALL, source: int = 0
    ) -> bytes:
        """A telecommand with a sequence count of its own."""
        self._sequence += 1
        data = body.pack(self.formats)
        return PusTelecommand(apid, self._sequence, body.service, body.subtype, data, acknowledge, source).pack()

    def reports(self, since: int = 0) -> list[tuple[PusTelemetry, PusBody]]:
        """All reports of services that came down, time packets aside."""
        found = []
        for _, octets in self.packets[since:]:
            if octets[:2] != b"\0\0":
                packet = PusTelemetry.unpack(octets, self.formats)
                found.append((packet, unpack_report(packet.service, packet.subtype, packet.data, self.formats)))
        return found

    def answers(self, packet: bytes, seconds: float = 10) -> list[PusBody]:
        """Send a telecommand; what service 1 says about it, and service 17 meanwhile."""
        since, request = len(self.packets), PusRequestId.unpack(packet)
        self.vehicle.ground.force(packet)
        self.advance(seconds)
        return [
            body
            for _, body in self.reports(since)
            if (isinstance(body, SuccessReport | FailureReport) and body.request == request)
            or isinstance(body, ConnectionReport | OnboardConnectionReport)
        ]


def verdict(record: CommandRecord) -> tuple[str | None, FailureCode]:
    """The verdict of a command."""
    return record.verdict, record.code


def script(flight: Flight) -> Verdicts:
    """Commands of every outcome: completed, failed, rejected, hazardous; the verdicts on them."""
    ground = flight.vehicle.ground
    records = [
        ground.issue("EXECUTIVE.NOOP"),
        ground.issue("THERMAL.SET_HEATER", {"heater": 2, "control": "ON"}),
        ground.issue("TELEMETRY_OUTPUT.SET_RATE", {"packet": "NO.SUCH", "every": 2}),
        ground.issue("COMMAND_SCHEDULE.DELETE_COMMANDS", {"requests": [{"source": 0, "apid": 16, "sequence": 3}]}),
        ground.issue("POWER.SWITCH_LINE", {"line": 2, "on": True}, confirm="test"),
    ]
    flight.advance(15)
    packets = flight.vehicle.mission.packets
    damaged = packets.build_command(THERMAL, 8001, 0, b"")
    verdicts = [verdict(record) for record in records]
    rejected = (
        packets.build_command(THERMAL, 8002, 95, b""),
        packets.build_command(THERMAL, 8003, 2, b"\x09\x02"),
        packets.build_command(THERMAL, 8004, 2, b""),
        packets.build_command(0x7E0, 8005, 2, b""),
        packets.build_command(0x030, 8006, 2, b"\2\1"),
        damaged[:-1] + bytes([damaged[-1] ^ 1]),
    )
    return [*verdicts, *map(flight.outcome, rejected)]


class Scheduled(msgspec.Struct, frozen=True):
    """What became of stored commands: their times, and the ground times of the reports on them."""

    release_s: tuple[float, ...]
    reported: tuple[tuple[float, str], ...]
    noops: int


def schedule(flight: Flight) -> Scheduled:
    """Store three commands, and let the schedule, and both ends of the link, die between the first and the second."""
    start_ns, since = flight.now_tai_ns, len(flight.samples)
    release_ns = [start_ns + second * SECOND_NS for second in (25, 40, 55)]
    commands = tuple(TimedCommand(at_ns, flight.packet("executive", Noop())) for at_ns in reversed(release_ns))
    began_ns = flight.vehicle.now_ns
    assert flight.outcome(flight.packet("command_schedule", SwitchSchedule(enabled=True)))[0] == "completed"
    assert flight.outcome(flight.packet("command_schedule", InsertCommands(commands)))[0] == "completed"
    flight.advance(10)
    for app in ("command_schedule", "command_ingest", "telemetry_output"):
        flight.vehicle.runtime.restart(app, "test")
    flight.advance(40)
    reports = flight.reported(EXECUTIVE, since)
    return Scheduled(
        tuple((at_ns - start_ns) / SECOND_NS for at_ns in release_ns),
        tuple(((at_ns - began_ns) / SECOND_NS, report.stage.name) for at_ns, report in reports),
        sum(isinstance(sample.message, NoopDone) for sample in flight.samples[since:]),
    )


Flown = dict[str, tuple[Flight, Verdicts, Scheduled]]


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flown]:
    """Both profiles, flown with the same commands."""
    found: Flown = {}
    for profile in ("cfs", "pus"):
        flight = Flight(tmp_path_factory.mktemp(profile), profile)
        found[profile] = flight, script(flight), schedule(flight)
    yield found
    for flight, _, _ in found.values():
        flight.vehicle.close()


def test_the_verdicts_are_the_same(flown: Flown) -> None:
    """Every command gets the verdict and the code that it gets over the other profile."""
    assert flown["cfs"][1] == flown["pus"][1]
    assert flown["pus"][1] == [
        ("completed", FailureCode.NONE),
        ("completed", FailureCode.NONE),
        ("failed", FailureCode.BAD_ARGUMENT),
        ("failed", FailureCode.BAD_ARGUMENT),
        ("completed", FailureCode.NONE),
        ("rejected", FailureCode.UNKNOWN_FUNCTION),
        ("rejected", FailureCode.BAD_ARGUMENT),
        ("rejected", FailureCode.BAD_LENGTH),
        ("rejected", FailureCode.UNKNOWN_APPLICATION),
        ("rejected", FailureCode.NOT_ARMED),
        ("rejected", FailureCode.BAD_CHECKSUM),
    ]


@pytest.mark.parametrize("profile", ["cfs", "pus"])
def test_stored_commands_are_released_on_time(flown: Flown, profile: str) -> None:
    """Each once, within two seconds of its time, in the order of times, though the apps have died meanwhile."""
    scheduled = flown[profile][2]
    assert [stage for _, stage in scheduled.reported] == ["ACCEPTED", "COMPLETED"] * 3
    for release_s, (at_s, _) in zip(scheduled.release_s, scheduled.reported[1::2], strict=True):
        assert release_s <= at_s <= release_s + 2
    assert scheduled.noops == 3


@pytest.mark.parametrize("profile", ["cfs", "pus"])
def test_nothing_is_lost_or_misread(flown: Flown, profile: str) -> None:
    """The ground reads every packet, and none is missing; bus and dictionary are in order."""
    ground = flown[profile][0].vehicle.ground
    assert ground.decoder.refused == dict.fromkeys(ground.decoder.refused, 0)
    assert ground.decoder.decoded > 1000
    assert ground.status().dictionary_text.startswith("spacecraft and ground use")
    assert flown[profile][0].vehicle.runtime.account().ledger.closed


def test_housekeeping_and_events_are_the_same(flown: Flown) -> None:
    """The same packets and events come down, of the same apps and times, whatever carries them."""
    names = {}
    for profile in ("cfs", "pus"):
        samples = flown[profile][0].samples
        names[profile] = sorted({sample.name for sample in samples})
        early = [sample for sample in samples if sample.received_ns < CONTACT_S * SECOND_NS]
        names[f"{profile} early"] = [
            (sample.name, sample.time_ns, repr(sample.message))
            for sample in sorted(early, key=lambda sample: (sample.name, sample.time_ns))
            if isinstance(sample.message, Event)
        ]
    assert names["cfs"] == names["pus"]
    assert names["cfs early"] == names["pus early"]
    assert names["pus early"]


def test_reports_on_the_wire(flown: Flown) -> None:
    """Verification is service 1, housekeeping service 3, events service 5, each with the app's APID."""
    flight = flown["pus"][0]
    reports = flight.reports()
    apids = {app.apid for app in flight.vehicle.mission.dictionary.apps}
    assert {packet.apid for packet, _ in reports} <= apids
    assert {packet.service for packet, _ in reports} == {1, 3, 5}
    request = PusRequestId(THERMAL, 8002)
    [failure] = [body for _, body in reports if isinstance(body, AcceptanceFailure) and body.request == request]
    assert (failure.code, failure.detail) == (FailureCode.UNKNOWN_FUNCTION, b"thermal has no function 95")
    assert any(isinstance(body, RoutingFailure) and body.request.apid == 0x7E0 for _, body in reports)


# -------------------------------------------------------------------- services of PUS


@pytest.fixture(scope="module", params=["cuc", "cds"])
def pus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flight]:
    """A flight over PUS packets, with either time code."""
    flight = Flight(tmp_path_factory.mktemp("pus"), "pus", request.param)
    yield flight
    flight.vehicle.close()


def completed(packet: bytes) -> list[PusBody]:
    """What service 1 says about a telecommand that does what it should."""
    request = PusRequestId.unpack(packet)
    return [AcceptanceSuccess(request), CompletionSuccess(request)]


def test_connection_tests(pus: Flight) -> None:
    """TC[17,1] is answered by the app with TM[17,2], TC[17,3] with TM[17,4]; to nobody it fails."""
    packet = pus.telecommand(THERMAL, ConnectionTest())
    since = len(pus.packets)
    assert pus.answers(packet) == [*completed(packet), ConnectionReport()]
    assert [report.apid for report, body in pus.reports(since) if isinstance(body, ConnectionReport)] == [THERMAL]
    packet = pus.telecommand(THERMAL, OnboardConnectionTest(EXECUTIVE))
    assert pus.answers(packet) == [*completed(packet), OnboardConnectionReport(EXECUTIVE)]
    assert [sample.message for sample in pus.samples if isinstance(sample.message, AppAnswered)] == [
        AppAnswered(THERMAL, THERMAL),
        AppAnswered(THERMAL, EXECUTIVE),
    ]
    [failure] = pus.answers(pus.telecommand(0x7E0, ConnectionTest()))
    assert isinstance(failure, RoutingFailure)
    [failure] = pus.answers(pus.telecommand(THERMAL, OnboardConnectionTest(0x7E0)))
    assert isinstance(failure, AcceptanceFailure)


@pytest.mark.parametrize(
    ("acknowledge", "wanted"),
    [
        (Acknowledge.ALL, [AcceptanceSuccess, CompletionSuccess]),
        (Acknowledge.ACCEPTANCE, [AcceptanceSuccess]),
        (Acknowledge.COMPLETION, [CompletionSuccess]),
        (Acknowledge.START | Acknowledge.PROGRESS, []),
        (Acknowledge.NONE, []),
    ],
)
def test_only_what_is_asked_for_is_reported(pus: Flight, acknowledge: Acknowledge, wanted: list[type[PusBody]]) -> None:
    """Successes are reported as the flags ask for, to who has asked; failures always."""
    since = len(pus.packets)
    packet = pus.telecommand(EXECUTIVE, PerformFunction(0), acknowledge, source=77)
    assert [type(body) for body in pus.answers(packet)] == wanted
    request = PusRequestId.unpack(packet)
    reports = [(report, body) for report, body in pus.reports(since) if isinstance(body, SuccessReport)]
    assert [report.destination for report, body in reports if body.request == request] == [77] * len(wanted)
    failing = pus.telecommand(TELEMETRY_OUTPUT, PerformFunction(3, b"\4NO.X\1"), acknowledge)
    assert [type(body) for body in pus.answers(failing) if isinstance(body, FailureReport)] == [CompletionFailure]


def structures(pus: Flight, apid: int, since: int) -> list[int]:
    """The structures of an app that have come down."""
    return [
        body.structure
        for packet, body in pus.reports(since)
        if packet.apid == apid and isinstance(body, HousekeepingReport)
    ]


def test_housekeeping_is_switched(pus: Flight) -> None:
    """A structure that is disabled stops, one report of it can be had, and enabled it comes again."""
    packet = pus.telecommand(THERMAL, DisablePeriodicReports((7,)))
    assert pus.answers(packet) == completed(packet)
    since = len(pus.packets)
    pus.advance(20)
    assert 7 not in structures(pus, THERMAL, since)
    packet = pus.telecommand(THERMAL, EnablePeriodicReports((7,)))
    assert pus.answers(packet) == completed(packet)
    since = len(pus.packets)
    pus.advance(10)
    assert structures(pus, THERMAL, since).count(7) >= 9


def test_intervals_are_modified(pus: Flight) -> None:
    """A structure made every second comes every fifth; an interval between is refused, and so is a new structure."""
    packet = pus.telecommand(THERMAL, ModifyIntervals((StructureInterval(7, 5000),)))
    assert pus.answers(packet) == completed(packet)
    since = len(pus.packets)
    pus.advance(20)
    assert structures(pus, THERMAL, since).count(7) in (3, 4, 5)
    since = len(pus.packets)
    packet = pus.telecommand(THERMAL, SendReportsOnce((7,)))
    assert pus.answers(packet, 4) == completed(packet)
    assert structures(pus, THERMAL, since).count(7) in (1, 2)
    refused = pus.answers(pus.telecommand(THERMAL, ModifyIntervals((StructureInterval(7, 1500),))))
    assert isinstance(refused[-1], CompletionFailure)
    [failure] = pus.answers(pus.telecommand(THERMAL, CreateStructure(9, 1000, (1,))))
    assert isinstance(failure, AcceptanceFailure)
    assert failure.code == FailureCode.UNKNOWN_FUNCTION
    packet = pus.telecommand(THERMAL, ModifyIntervals((StructureInterval(7, 1000),)))
    assert pus.answers(packet) == completed(packet)


def noop_reports(pus: Flight, seconds: float = 10) -> list[int]:
    """Let the executive say NOOP_DONE; the events of it that come down."""
    since = len(pus.packets)
    pus.answers(pus.telecommand(EXECUTIVE, PerformFunction(0)), seconds)
    reports = [body for packet, body in pus.reports(since) if packet.apid == EXECUTIVE]
    return [body.event for body in reports if isinstance(body, EventReport)]


def test_events_are_switched(pus: Flight) -> None:
    """An event that is disabled is held back until it is enabled."""
    assert noop_reports(pus) == [NoopDone.code]
    packet = pus.telecommand(EXECUTIVE, DisableEventReports((NoopDone.code,)))
    assert pus.answers(packet) == completed(packet)
    assert noop_reports(pus) == []
    packet = pus.telecommand(EXECUTIVE, EnableEventReports((NoopDone.code,)))
    assert pus.answers(packet) == completed(packet)
    assert noop_reports(pus) == [NoopDone.code]


def test_time_reports(pus: Flight) -> None:
    """With a rate, time packets come, and the ground reads spacecraft time from them."""
    packet = pus.telecommand(TELEMETRY_OUTPUT, SetTimeRate(4))
    since = len(pus.packets)
    assert pus.answers(packet, 20) == completed(packet)
    packets = [TimePacket.unpack(octets) for _, octets in pus.packets[since:] if octets[:2] == b"\0\0"]
    assert len(packets) >= 2
    assert [packet.sequence_count for packet in packets] == list(range(len(packets)))
    times = [sample for sample in pus.samples if isinstance(sample.message, SpacecraftTimeReport)]
    assert len(times) == len(packets)
    for sample in times:
        assert isinstance(sample.message, SpacecraftTimeReport)
        assert 0 <= pus.now_tai_ns - sample.message.tai_s * SECOND_NS < 30 * SECOND_NS
        assert sample.time_ns // SECOND_NS == sample.message.tai_s
    [failure] = pus.answers(pus.telecommand(THERMAL, SetTimeRate(4)))
    assert isinstance(failure, AcceptanceFailure)
    packet = pus.telecommand(TELEMETRY_OUTPUT, SetTimeRate(8))
    assert pus.answers(packet) == completed(packet)


def test_parameters(pus: Flight) -> None:
    """Fields of a packet are reported as parameters, as the packet that was made then has them."""
    since = len(pus.samples)
    packet = pus.telecommand(THERMAL, ReportParameters((0x0701, 0x0702)))
    assert pus.answers(packet)[:1] == [AcceptanceSuccess(PusRequestId.unpack(packet))]
    [report] = [sample.message for sample in pus.samples[since:] if isinstance(sample.message, ParameterReport)]
    assert (report.apid, report.count) == (THERMAL, 2)
    refused = pus.answers(pus.telecommand(THERMAL, SetParameters.of([(0x0701, b"x")])))
    assert isinstance(refused[0], AcceptanceFailure)


def test_scheduling(pus: Flight) -> None:
    """Telecommands are inserted, deleted, shifted and released; disabled and reset, none is."""
    start_ns = pus.now_tai_ns
    wanted, unwanted, shifted = (pus.telecommand(EXECUTIVE, PerformFunction(0)) for _ in range(3))
    requests = [
        ScheduledRequest(0, EXECUTIVE, PusRequestId.unpack(each).sequence_count) for each in (unwanted, shifted)
    ]
    activities = tuple(
        Activity(pus.time.pack(*split_time(start_ns + second * SECOND_NS)), packet)
        for second, packet in ((40, wanted), (41, unwanted), (100, shifted))
    )
    since, began_ns = len(pus.samples), pus.vehicle.now_ns
    for body in (
        EnableSchedule(),
        InsertActivities(activities),
        DeleteActivities((requests[0],)),
        ShiftActivities(-50_000, (requests[1],)),
    ):
        packet = pus.telecommand(COMMAND_SCHEDULE, body)
        assert pus.answers(packet, 5) == completed(packet)
    pus.advance(40)
    reports = pus.reported(EXECUTIVE, since)
    assert [report.stage.name for _, report in reports] == ["ACCEPTED", "COMPLETED"] * 2
    at_s = [(at_ns - began_ns) / SECOND_NS for at_ns, _ in reports[1::2]]
    assert 40 <= at_s[0] <= 42
    assert 50 <= at_s[1] <= 52
    late = InsertActivities((Activity(pus.time.pack(*split_time(start_ns)), wanted),))
    refused = pus.answers(pus.telecommand(COMMAND_SCHEDULE, late), 5)
    assert isinstance(refused[-1], CompletionFailure)
    for stop in (DisableSchedule(), ResetSchedule()):
        since = len(pus.samples)
        soon = pus.time.pack(*split_time(pus.now_tai_ns + 12 * SECOND_NS))
        activity = Activity(soon, pus.telecommand(EXECUTIVE, PerformFunction(0)))
        for body in (EnableSchedule(), InsertActivities((activity,)), stop):
            packet = pus.telecommand(COMMAND_SCHEDULE, body)
            assert pus.answers(packet, 3) == completed(packet)
        pus.advance(10)
        assert pus.reported(EXECUTIVE, since) == []
    [failure] = pus.answers(pus.telecommand(THERMAL, EnableSchedule()), 5)
    assert isinstance(failure, AcceptanceFailure)


def test_the_contact_was_long_enough(pus: Flight) -> None:
    """What the tests before have flown, they have flown in contact, and the ground has read all of it."""
    ground = pus.vehicle.ground
    assert ground.passes.count <= 2
    assert ground.decoder.refused == dict.fromkeys(ground.decoder.refused, 0)
    assert pus.vehicle.runtime.account().ledger.closed
