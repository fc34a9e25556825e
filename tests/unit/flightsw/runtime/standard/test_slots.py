import pytest

from flightsw.app import App, every
from flightsw.errors import FlightSoftwareError
from flightsw.messages.life import ResetCounters
from flightsw.messages.slots import (
    MAX_ACTIVITIES,
    ActivityReport,
    ActivitySwitched,
    EnableActivity,
    EnableGroup,
    GroupSwitched,
    ReportSchedule,
    ScheduleReport,
)
from flightsw.runtime.activities import HOUSEKEEPING
from flightsw.services.slots import Slot, SlotTable
from tests.unit.flightsw.runtime.conftest import Probe, World
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode, Stage

MINOR_NS = 100_000_000


class Busy(Probe):
    """An app with activities of two groups."""

    @every(seconds=2, offset=0.3, group="science")
    def look(self) -> None:
        """Run the action."""
        self.action(self)

    @every(seconds=4, group="science")
    def think(self) -> None:
        """Do nothing."""


@pytest.fixture
def busy(world: World) -> World:
    """The busy app, running, in a process with its schedule."""
    world.app_class = Busy
    world.container.stop()
    world.container = world.contain()
    world.schedule.table = SlotTable(
        MINOR_NS,
        [
            Slot("probe", "tick", 10),
            Slot("probe", "look", 20, 3),
            Slot("probe", "think", 40),
            Slot("probe", HOUSEKEEPING, 100, 7),
            Slot("other", "work", 10),
        ],
    )
    return world.start()


def run(world: World, activity: str, lag_ns: int = 0, length_ns: int = 0) -> None:
    """Run an activity that begins, and ends, so long behind the begin of its slot."""
    count = world.container.activities.run(activity, lag_ns)
    if count is not None:
        world.container.activities.ended(count, lag_ns, length_ns)


def reported(world: World) -> dict[str, ActivityReport]:
    """The newest report, by activity."""
    world.request(ReportSchedule(), 900)
    return {each.activity: each for each in world.of(ScheduleReport)[-1].activities}


def verdict(world: World, command: Command, sequence: int) -> tuple[Stage, FailureCode, str]:
    """Command, and the last report about it."""
    report = world.reports(world.request(command, sequence))[-1]
    return report.stage, report.code, report.reason


def test_the_report_tells_the_apps_own_schedule(busy: World) -> None:
    """Periods, offsets and groups of this app's activities, housekeeping included, and nothing of other apps."""
    run(busy, "look")
    report = reported(busy)
    assert list(report) == ["tick", "look", "think", HOUSEKEEPING]
    assert report["look"] == ActivityReport("look", "science", 2000, 300, True, 1, 0, 0, 0, 0)
    assert (report["tick"].group, report[HOUSEKEEPING].period, report["think"].started) == ("", 10_000, 0)


def test_an_app_reports_when_it_starts(busy: World) -> None:
    """So that the scheduler knows its groups before anything else."""
    assert len(busy.of(ScheduleReport)) == 1


def test_an_activity_is_switched_off_and_on(busy: World) -> None:
    """Off it is not started, whatever its slots say; the others go on, and the switch is an event."""
    assert verdict(busy, EnableActivity("look", enabled=False), 1)[0] is Stage.COMPLETED
    for activity in ("look", "think", "tick"):
        run(busy, activity)
    report = reported(busy)
    assert [(name, each.enabled, each.started) for name, each in report.items()] == [
        ("tick", True, 1),
        ("look", False, 0),
        ("think", True, 1),
        (HOUSEKEEPING, True, 0),
    ]
    verdict(busy, EnableActivity("look", enabled=True), 2)
    run(busy, "look")
    assert reported(busy)["look"].started == 1
    assert busy.of(ActivitySwitched) == [
        ActivitySwitched("look", enabled=False),
        ActivitySwitched("look", enabled=True),
    ]


def test_a_group_is_switched_off_and_on(busy: World) -> None:
    """A group holds all its activities; one that is itself switched off stays so when the group comes back."""
    verdict(busy, EnableActivity("think", enabled=False), 1)
    verdict(busy, EnableGroup("science", enabled=False), 2)
    verdict(busy, EnableGroup("science", enabled=False), 3)
    for activity in ("look", "think", "tick"):
        run(busy, activity)
    assert [each.started for each in reported(busy).values()] == [1, 0, 0, 0]
    verdict(busy, EnableGroup("science", enabled=True), 4)
    for activity in ("look", "think"):
        run(busy, activity)
    assert [each.started for each in reported(busy).values()] == [1, 1, 0, 0]
    assert [event.enabled for event in busy.of(GroupSwitched)] == [False, False, True]


def test_switches_survive_a_restart(busy: World) -> None:
    """And those of activities that a newer version no longer has are forgotten."""
    verdict(busy, EnableActivity("tick", enabled=False), 1)
    verdict(busy, EnableGroup("science", enabled=False), 2)
    busy.restart()
    assert [each.enabled for each in reported(busy).values()] == [False, False, False, True]
    busy.restart(Probe)
    assert busy.container.state.disabled_groups == []
    assert busy.container.state.disabled_activities == ["tick"]
    assert "look" not in busy.container.state.slots


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (EnableActivity("nap", enabled=True), "no activity 'nap' here, there is tick, look, think"),
        (EnableActivity(HOUSEKEEPING, enabled=False), "no activity 'housekeeping' here, there is tick, look, think"),
        (EnableGroup("night", enabled=False), "no activity group 'night' here, there is science"),
        (EnableGroup("", enabled=False), "no activity group '' here, there is science"),
    ],
)
def test_what_there_is_not_is_refused(busy: World, command: Command, reason: str) -> None:
    """The refusal names what there is; housekeeping has no switch."""
    assert verdict(busy, command, 1) == (Stage.FAILED, FailureCode.BAD_ARGUMENT, reason)


def test_lateness_and_overruns_are_counted(busy: World) -> None:
    """Started a minor frame behind its slot an activity is late; ended behind its minor frame it has overrun."""
    run(busy, "look", 0, MINOR_NS - 1)
    run(busy, "look", MINOR_NS - 1, MINOR_NS)
    run(busy, "look", MINOR_NS, 2 * MINOR_NS)
    run(busy, "look", 3 * MINOR_NS - 1, 3 * MINOR_NS)
    busy.container.activities.skip("look", 4)
    look = reported(busy)["look"]
    assert (look.started, look.late, look.overruns, look.skipped, look.worst_lag) == (4, 2, 1, 4, 299)


def test_a_slot_of_an_activity_that_is_off_is_not_skipped(busy: World) -> None:
    """Nothing was to run, so nothing was missed."""
    verdict(busy, EnableActivity("look", enabled=False), 1)
    busy.container.activities.skip("look", 4)
    assert reported(busy)["look"].skipped == 0


def test_counters_are_reset_with_the_others(busy: World) -> None:
    """RESET_COUNTERS sets the slots' counts to zero, not the switches."""
    run(busy, "tick")
    verdict(busy, EnableActivity("look", enabled=False), 1)
    busy.request(ResetCounters(), 2)
    report = reported(busy)
    assert (report["tick"].started, report["look"].enabled) == (0, False)


def test_reports_come_with_the_housekeeping_of_each_minute(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One report a minute, however often housekeeping comes."""
    now = [0]
    monkeypatch.setattr(busy, "now_ns", lambda: now[0])
    before = len(busy.of(ScheduleReport))
    for second in range(0, 181, 10):
        now[0] = second * 10**9
        run(busy, HOUSEKEEPING)
    assert len(busy.of(ScheduleReport)) - before == 3


def test_an_app_without_activities_reports_none(world: World) -> None:
    """There is nothing to say."""

    class Idle(Probe):
        activities = ()

    Idle.activities = ()
    world.app_class = Idle
    world.container.stop()
    world.container = world.contain()
    world.start()
    reports = world.reports(world.request(ReportSchedule(), 1))
    assert reports[-1].stage is Stage.COMPLETED
    assert world.of(ScheduleReport) == []


def test_names_and_numbers_of_activities_are_bounded() -> None:
    """What commands and reports could not carry is refused where it is declared."""
    with pytest.raises(FlightSoftwareError, match="at most 32 octets"):
        every(seconds=1, group="g" * 33)
    with pytest.raises(FlightSoftwareError, match="at most 48 octets"):
        type("Long", (App,), {"a" * 49: _activity("a" * 49)})
    many = {f"a{number}": _activity(f"a{number}") for number in range(MAX_ACTIVITIES)}
    with pytest.raises(FlightSoftwareError, match=f"{MAX_ACTIVITIES} activities, allowed are {MAX_ACTIVITIES - 1}"):
        type("Many", (App,), many)


def _activity(name: str) -> object:
    def method(_: App) -> None: ...

    method.__name__ = name
    return every(seconds=1)(method)
