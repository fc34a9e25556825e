from __future__ import annotations

from collections.abc import Callable

import pytest

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.requests import Request
from flightsw.core.executive.messages import AppRestarted
from flightsw.core.scheduler.app import ANSWER_WITHIN_S, MAX_ROUNDS
from flightsw.core.scheduler.messages import (
    FollowTone,
    FrameAnchor,
    FrameSync,
    FrameSyncChanged,
    GroupSwitchedEverywhere,
    ReportSchedules,
    SchedulerStatus,
    SwitchGroup,
)
from flightsw.core.timekeeping.messages import TimeCorrelation
from flightsw.messages.slots import ActivityReport, EnableGroup, ReportSchedule, ScheduleReport
from flightsw.services.correlation import NS_PER_S
from flightsw.services.frames import FrameClock
from flightsw.services.time_quality import ClockSource, ClockState
from flightsw.testing import Bench
from tlm_cmd.definition.message import Quality
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport

OTHERS = ("executive", "timekeeping")


def report_of(*groups: str, enabled: bool = True, late: int = 0) -> ScheduleReport:
    """A schedule report with an activity for each group."""
    activities = tuple(
        ActivityReport(f"work{number}", group, 1000, 0, enabled, 5, late, 0, 1, 0)
        for number, group in enumerate(groups)
    )
    return ScheduleReport(0, 0, 0, 0, 0, activities)


def correlation(tone_ns: int) -> TimeCorrelation:
    """The timekeeper's word, with a tone or with 0 for none."""
    state = ClockState.VALID if tone_ns else ClockState.FLYWHEEL
    return TimeCorrelation(0, 0, 10**18, 0, 0, 0, state, ClockSource.TONE, 5, tone_ns, 5, tone_ns, 0, ())


class Vehicle:
    """The scheduler among apps that take its commands and answer when the test says so.

    Attributes:
        bench: the scheduler.
        asked: requests that the others have taken, by app.
    """

    def __init__(self) -> None:
        self.bench = Bench("flightsw.core.scheduler", others=tuple(f"flightsw.core.{app}" for app in OTHERS))
        self.asked: dict[str, list[Request]] = {app: [] for app in OTHERS}
        for app in OTHERS:
            self.bench.bus.open_mailbox(app, InboxLimits(), self._taker(app))
            self.bench.bus.subscribe(
                app, self.bench.dictionary.command_of(app, EnableGroup).message_id, Quality.COMMAND
            )
        self.bench.start()

    def _taker(self, app: str) -> Callable[[int, object], None]:
        def take(_: int, message: object) -> None:
            assert isinstance(message, Request)
            self.asked[app].append(message)

        return take

    def answer(self, app: str, code: FailureCode = FailureCode.NONE, reason: str = "") -> None:
        """Let an app give its verdict on the oldest request."""
        request = self.asked[app].pop(0).id
        stage = Stage.COMPLETED if code is FailureCode.NONE else Stage.FAILED
        for each in (Stage.ACCEPTED, stage):
            final = each is stage
            self.bench.deliver(
                VerificationReport(request, each, code if final else FailureCode.NONE, 0, reason if final else ""), app
            )

    def last_verdict(self) -> VerificationReport:
        """The last report about a command of the ground."""
        return [each for each in self.bench.sent(VerificationReport) if each.request.source == GROUND][-1]


@pytest.fixture
def vehicle() -> Vehicle:
    """Two apps, of which both have the group ``science`` and one ``night``."""
    vehicle = Vehicle()
    vehicle.bench.deliver(report_of("science", ""), "executive")
    vehicle.bench.deliver(report_of("science", "night", "night"), "timekeeping")
    return vehicle


# -------------------------------------------------------------------- groups


def test_a_group_is_switched_in_every_app_that_has_it(vehicle: Vehicle) -> None:
    """The command completes when the last app has answered, not before, and an event says how many there were."""
    assert vehicle.bench.command(SwitchGroup("science", enabled=False)).stage is Stage.STARTED
    assert [each.command for app in OTHERS for each in vehicle.asked[app]] == [
        EnableGroup("science", enabled=False)
    ] * 2
    vehicle.answer("executive")
    assert vehicle.last_verdict().stage is Stage.STARTED
    vehicle.answer("timekeeping")
    assert vehicle.last_verdict().stage is Stage.COMPLETED
    assert vehicle.bench.latest(GroupSwitchedEverywhere) == GroupSwitchedEverywhere("science", enabled=False, apps=2)


def test_apps_without_the_group_are_not_asked(vehicle: Vehicle) -> None:
    """Only who has activities of the group gets a command, and gets one."""
    vehicle.bench.command(SwitchGroup("night", enabled=True))
    assert [len(vehicle.asked[app]) for app in OTHERS] == [0, 1]


def test_a_group_that_nobody_has_is_refused(vehicle: Vehicle) -> None:
    """The reason names those that there are."""
    verdict = vehicle.bench.command(SwitchGroup("day", enabled=True))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert verdict.reason == "no app has a group 'day', there is night, science"


def test_an_app_that_fails_fails_the_command(vehicle: Vehicle) -> None:
    """The reason says who and why; the others were switched."""
    vehicle.bench.command(SwitchGroup("science", enabled=False))
    vehicle.answer("executive")
    vehicle.answer("timekeeping", FailureCode.BAD_ARGUMENT, "not mine")
    verdict = vehicle.last_verdict()
    assert verdict.stage is Stage.FAILED
    assert verdict.reason == "1 of 2 apps failed: timekeeping: not mine"


def test_an_app_that_does_not_answer_fails_the_command_in_time(vehicle: Vehicle) -> None:
    """At the limit, not before; an answer that comes later changes nothing."""
    vehicle.bench.command(SwitchGroup("science", enabled=False))
    vehicle.answer("executive")
    vehicle.bench.advance(ANSWER_WITHIN_S)
    assert vehicle.last_verdict().stage is Stage.STARTED
    vehicle.bench.advance(1)
    assert vehicle.last_verdict().reason == f"1 of 2 apps failed: timekeeping: no answer within {ANSWER_WITHIN_S} s"
    before = len(vehicle.bench.sent(VerificationReport))
    vehicle.answer("timekeeping")
    assert [each.request.source for each in vehicle.bench.sent(VerificationReport)[before:]] == [0x20] * 2


def test_a_dead_app_fails_the_command_at_once(vehicle: Vehicle) -> None:
    """Nobody takes its commands, so it is rejected, and the round ends with the others' answers."""
    vehicle.bench.bus.close_mailbox("timekeeping")
    vehicle.bench.command(SwitchGroup("science", enabled=False))
    vehicle.answer("executive")
    assert "timekeeping: no app takes this command now" in vehicle.last_verdict().reason


def test_rounds_are_bounded(vehicle: Vehicle) -> None:
    """One more command than may wait for answers is refused."""
    for _ in range(MAX_ROUNDS):
        assert vehicle.bench.command(SwitchGroup("night", enabled=False)).stage is Stage.STARTED
    assert vehicle.bench.command(SwitchGroup("night", enabled=False)).stage is Stage.FAILED


def test_a_round_outlives_a_restart(vehicle: Vehicle) -> None:
    """The open command is part of the app's memory; the answers that come later finish it."""
    vehicle.bench.command(SwitchGroup("night", enabled=False))
    vehicle.bench.restart()
    vehicle.answer("timekeeping")
    assert vehicle.last_verdict().stage is Stage.COMPLETED


def test_all_reports_are_asked_for(vehicle: Vehicle) -> None:
    """Every app that has ever reported is asked, and the command completes with the last answer."""
    vehicle.bench.command(ReportSchedules())
    assert [each.command for app in OTHERS for each in vehicle.asked[app]] == [ReportSchedule()] * 2
    for app in OTHERS:
        vehicle.answer(app)
    assert vehicle.last_verdict().stage is Stage.COMPLETED


def test_before_any_report_there_is_nobody_to_ask() -> None:
    """The refusal says so; the scheduler itself has reported when it started, so only its memory can be empty."""
    vehicle = Vehicle()
    vehicle.bench.app.state.reports.clear()
    assert vehicle.bench.command(ReportSchedules()).reason == "no app has reported any activity yet"


def test_verdicts_on_others_commands_are_none_of_ours(vehicle: Vehicle) -> None:
    """A report about a command of the ground with the same sequence count ends nothing."""
    vehicle.bench.command(SwitchGroup("night", enabled=False))
    ours = vehicle.asked["timekeeping"][0].id
    foreign = RequestId(GROUND, ours.apid, ours.sequence, ours.function)
    vehicle.bench.deliver(VerificationReport(foreign, Stage.COMPLETED, FailureCode.NONE, 0, ""), "timekeeping")
    assert len(vehicle.bench.app.state.rounds) == 1


# -------------------------------------------------------------------- frames


def test_the_frames_are_put_on_the_tone(vehicle: Vehicle) -> None:
    """A tone beyond the window moves the anchor, which is published at once; the sync is an event."""
    vehicle.bench.advance(3)
    vehicle.bench.deliver(correlation(2 * NS_PER_S + 40_000_000), "timekeeping")
    assert vehicle.bench.latest(FrameAnchor) == FrameAnchor(20, 2 * NS_PER_S + 40_000_000)
    vehicle.bench.advance(20)
    vehicle.bench.deliver(correlation(22 * NS_PER_S + 40_000_000), "timekeeping")
    vehicle.bench.deliver(correlation(0), "timekeeping")
    changes = [(each.before, each.after) for each in vehicle.bench.sent(FrameSyncChanged)]
    assert changes == [
        (FrameSync.FREE, FrameSync.APPROACHING),
        (FrameSync.APPROACHING, FrameSync.LOCKED),
        (FrameSync.LOCKED, FrameSync.FREE),
    ]


def test_whoever_starts_is_told_the_frames(vehicle: Vehicle) -> None:
    """A process that was restarted has to be told."""
    before = len(vehicle.bench.sent(FrameAnchor))
    vehicle.bench.deliver(AppRestarted("power", "test"), "executive")
    assert len(vehicle.bench.sent(FrameAnchor)) == before + 1


def test_a_scheduler_that_dies_at_once_takes_nothing_back(vehicle: Vehicle) -> None:
    """The frames that it has told the others it knows again, however soon it dies."""
    vehicle.bench.advance(3)
    vehicle.bench.deliver(correlation(2 * NS_PER_S + 40_000_000), "timekeeping")
    vehicle.bench.restart()
    assert vehicle.bench.latest(FrameAnchor) == FrameAnchor(20, 2 * NS_PER_S + 40_000_000)


def test_following_can_be_switched_off(vehicle: Vehicle) -> None:
    """By command the frames run free whatever the tone does."""
    vehicle.bench.command(FollowTone(follow=False))
    vehicle.bench.deliver(correlation(2 * NS_PER_S + 40_000_000), "timekeeping")
    assert vehicle.bench.app.state.frames.corrections == 0
    assert vehicle.bench.command(FollowTone(follow=True)).stage is Stage.COMPLETED


def test_frames_that_fit_no_second_cannot_follow(vehicle: Vehicle) -> None:
    """Minor frames of 70 ms leave the tone alone, and the command to follow it says why."""
    vehicle.bench.schedule.frames = FrameClock(70_000_000)
    vehicle.bench.deliver(correlation(2 * NS_PER_S + 40_000_000), "timekeeping")
    assert vehicle.bench.app.state.frames.tones_used == 0
    verdict = vehicle.bench.command(FollowTone(follow=True))
    assert verdict.reason == "no whole number of minor frames of 70000000 ns makes up a second"


def test_a_clock_that_starts_again_begins_new_frames(vehicle: Vehicle) -> None:
    """An anchor in the future belongs to a clock that is gone."""
    vehicle.bench.advance(50)
    vehicle.bench.deliver(correlation(49 * NS_PER_S + 40_000_000), "timekeeping")
    vehicle.bench.container.checkpoint()
    stored = vehicle.bench.recall("checkpoint.scheduler").data
    assert stored is not None
    again = Bench("flightsw.core.scheduler", others=("flightsw.core.timekeeping",))
    again.store("checkpoint.scheduler", stored)
    again.start()
    assert again.latest(FrameAnchor) == FrameAnchor(0, 0)


def test_the_status_sums_up_all_apps(vehicle: Vehicle) -> None:
    """Activities, how many are off, and what came late, over the newest report of each app."""
    vehicle.bench.deliver(report_of("science", enabled=False, late=3), "executive")
    vehicle.bench.advance(10)
    status = vehicle.bench.latest(SchedulerStatus)
    own = 2
    assert (status.apps, status.activities, status.switched_off) == (3, 4 + own, 1)
    assert (status.late, status.skipped) == (3, 4)
