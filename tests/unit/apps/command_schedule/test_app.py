from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.command_ingest.messages import SecurityProcedure, TakePacket
from apps.command_schedule.messages import (
    MAX_PER_COMMAND,
    CommandsExpired,
    CommandsMissed,
    CommandsReleased,
    DeleteCommands,
    InsertCommands,
    ResetSchedule,
    ScheduleStatus,
    ShiftCommands,
    StoredRequest,
    SwitchSchedule,
    TimedCommand,
)
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.requests import Request
from flightsw.messages.life import Noop
from flightsw.mission import Mission
from flightsw.testing import Bench
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID
from tlm_cmd.definition.message import Command, Quality
from tlm_cmd.packets.profile import ProfileName
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage

SECOND = 1_000_000_000


class Scheduling:
    """The app on its bench, and a command ingest that takes what it releases.

    Attributes:
        taken: packets handed over, with vehicle times.
    """

    def __init__(self, profile: ProfileName, mission: Mission) -> None:
        self.taken: list[tuple[float, bytes]] = []
        self.bench = Bench(
            "apps.command_schedule",
            others=("apps.command_ingest",),
            tables=mission.table_folder("command_schedule"),
            packets=profile,
        )
        ingest = self.bench.dictionary.apid_of("command_ingest")
        self.bench.bus.open_mailbox("command_ingest", InboxLimits(), self._take)
        self.bench.bus.subscribe("command_ingest", COMMAND_MESSAGE_ID | ingest, Quality.COMMAND)
        self.bench.start()
        self.start_tai_ns = self.bench.time.tai_ns(0)

    def _take(self, _message_id: int, message: object) -> None:
        assert isinstance(message, Request)
        assert isinstance(message.command, TakePacket)
        self.taken.append((self.bench.now_ns() / SECOND, message.command.packet))

    def packet(self, sequence: int) -> bytes:
        """A NOOP for the app itself."""
        entry = self.bench.dictionary.command_of("command_schedule", Noop)
        return self.bench.packets.build_command(entry.apid, sequence, entry.code, b"")

    def timed(self, at_s: float, sequence: int) -> TimedCommand:
        """One to be stored."""
        return TimedCommand(self.start_tai_ns + round(at_s * SECOND), self.packet(sequence))

    def ask(self, command: Command) -> tuple[Stage, FailureCode]:
        """The verdict on a command."""
        report = self.bench.command(command)
        return report.stage, report.code

    def request(self, sequence: int) -> StoredRequest:
        """How a stored one is named."""
        return StoredRequest(GROUND, self.bench.dictionary.apid_of("command_schedule"), sequence)


@pytest.fixture(params=list(ProfileName))
def scheduling(request: pytest.FixtureRequest, mission: Mission) -> Iterator[Scheduling]:
    """The schedule, enabled, over packets of either profile."""
    made = Scheduling(request.param, mission)
    assert made.ask(SwitchSchedule(enabled=True)) == (Stage.COMPLETED, FailureCode.NONE)
    yield made
    assert made.bench.ledger().closed


OK = Stage.COMPLETED, FailureCode.NONE
REFUSED = Stage.FAILED, FailureCode.BAD_ARGUMENT


def test_released_at_their_times(scheduling: Scheduling) -> None:
    """Each packet is handed over as it is, within half a second of its time, and reported."""
    timed = (scheduling.timed(20, 1), scheduling.timed(5, 2), scheduling.timed(5, 3))
    assert scheduling.ask(InsertCommands(timed)) == OK
    scheduling.bench.advance(30)
    packets = [packet for _, packet in scheduling.taken]
    assert packets == [scheduling.packet(sequence) for sequence in (2, 3, 1)]
    for (at_s, _), release_s in zip(scheduling.taken, (5, 5, 20), strict=True):
        assert release_s <= at_s <= release_s + 0.5
    assert scheduling.bench.sent(CommandsReleased) == [CommandsReleased(2, 1), CommandsReleased(1, 0)]


def test_nothing_is_released_twice_over_a_restart(scheduling: Scheduling) -> None:
    """What was handed over is forgotten before; what waits is released after the restart."""
    assert scheduling.ask(InsertCommands((scheduling.timed(5, 1), scheduling.timed(20, 2)))) == OK
    scheduling.bench.advance(6)
    scheduling.bench.restart()
    scheduling.bench.advance(20)
    assert [packet for _, packet in scheduling.taken] == [scheduling.packet(1), scheduling.packet(2)]


def test_too_late_to_be_released(scheduling: Scheduling) -> None:
    """When time is set forward, what was jumped over by more than the limit is rejected, the rest released."""
    assert scheduling.ask(InsertCommands((scheduling.timed(20, 1), scheduling.timed(55, 2)))) == OK
    scheduling.bench.advance(5)
    scheduling.bench.time.correlation = scheduling.bench.time.correlation.with_tai(
        scheduling.bench.now_ns(), scheduling.start_tai_ns + 60 * SECOND
    )
    scheduling.bench.advance(1)
    assert [packet for _, packet in scheduling.taken] == [scheduling.packet(2)]
    apid = scheduling.bench.dictionary.apid_of("command_schedule")
    [report] = scheduling.bench.reports(RequestId(GROUND, apid, 1, 0))
    assert (report.stage, report.code) == (Stage.REJECTED, FailureCode.EXPIRED)
    assert scheduling.bench.sent(CommandsExpired) == [CommandsExpired(1)]


def test_a_disabled_schedule_releases_nothing(scheduling: Scheduling) -> None:
    """What comes due meanwhile is forgotten, and that is said."""
    assert scheduling.ask(InsertCommands((scheduling.timed(5, 1), scheduling.timed(20, 2)))) == OK
    assert scheduling.ask(SwitchSchedule(enabled=False)) == OK
    scheduling.bench.advance(10)
    assert scheduling.ask(SwitchSchedule(enabled=True)) == OK
    scheduling.bench.advance(20)
    assert [packet for _, packet in scheduling.taken] == [scheduling.packet(2)]
    assert scheduling.bench.sent(CommandsMissed) == [CommandsMissed(1)]


def test_deleted_shifted_and_reset(scheduling: Scheduling) -> None:
    """Commands follow what is asked of them; what is not stored cannot be asked for."""
    timed = tuple(scheduling.timed(10 * number, number) for number in (1, 2, 3, 4))
    assert scheduling.ask(InsertCommands(timed)) == OK
    assert scheduling.ask(DeleteCommands((scheduling.request(1),))) == OK
    assert scheduling.ask(DeleteCommands((scheduling.request(1),))) == REFUSED
    assert scheduling.ask(ShiftCommands(-15 * SECOND, (scheduling.request(2),))) == OK
    assert scheduling.ask(ShiftCommands(-35 * SECOND, (scheduling.request(3),))) == REFUSED
    scheduling.bench.advance(35)
    assert [packet for _, packet in scheduling.taken] == [scheduling.packet(2), scheduling.packet(3)]
    assert scheduling.ask(ResetSchedule()) == OK
    scheduling.bench.advance(20)
    assert len(scheduling.taken) == 2
    status = scheduling.bench.latest(ScheduleStatus)
    assert (status.inserted, status.waiting, status.released, status.deleted) == (4, 0, 2, 2)
    assert (status.enabled, status.next_tai_ns) == (False, 0)


def test_what_is_no_command_is_not_stored(scheduling: Scheduling) -> None:
    """A damaged packet, one of the past and one stored already refuse all that come with them."""
    good, damaged = scheduling.timed(50, 1), scheduling.packet(2)[:-1] + b"\x55"
    soon = scheduling.start_tai_ns + 60 * SECOND
    assert scheduling.ask(InsertCommands((good, TimedCommand(soon, damaged)))) == REFUSED
    assert scheduling.ask(InsertCommands((good, TimedCommand(soon, b"")))) == REFUSED
    assert scheduling.ask(InsertCommands((good, scheduling.timed(-1, 3)))) == REFUSED
    assert scheduling.ask(InsertCommands((good, good))) == REFUSED
    assert scheduling.ask(InsertCommands((good,))) == OK
    scheduling.bench.advance(10)
    status = scheduling.bench.latest(ScheduleStatus)
    assert (status.waiting, status.inserted, status.refused) == (1, 1, 8)
    assert status.next_tai_ns == scheduling.start_tai_ns + 50 * SECOND


def test_a_burst_is_released_in_portions(scheduling: Scheduling) -> None:
    """Many of one time do not flood the command ingest; all are released soon."""
    for first in range(0, 64, MAX_PER_COMMAND):
        timed = tuple(scheduling.timed(10, first + number) for number in range(MAX_PER_COMMAND))
        assert scheduling.ask(InsertCommands(timed)) == OK
    scheduling.bench.advance(14)
    assert [packet for _, packet in scheduling.taken] == [scheduling.packet(number) for number in range(64)]
    times = [at_s for at_s, _ in scheduling.taken]
    assert max(map(times.count, times)) <= MAX_PER_COMMAND


def test_the_tables_of_the_mission_are_good(scheduling: Scheduling) -> None:
    """The limit is read from the mission's table."""
    assert scheduling.bench.app.limits.longest_delay_s == 10  # type: ignore[attr-defined]


def test_what_is_secret_is_not_stored(scheduling: Scheduling) -> None:
    """A request for a procedure of the link security, which may carry keys, lies in no checkpoint."""
    entry = scheduling.bench.dictionary.command_of("command_ingest", SecurityProcedure)
    payload = entry.codec.encode(SecurityProcedure(b"keys"))
    packet = scheduling.bench.packets.build_command(entry.apid, 1, entry.code, payload)
    timed = TimedCommand(scheduling.start_tai_ns + 5 * SECOND, packet)
    assert scheduling.ask(InsertCommands((scheduling.timed(5, 2), timed))) == REFUSED
    scheduling.bench.advance(10)
    assert scheduling.taken == []
    assert scheduling.bench.latest(ScheduleStatus).refused == 2
