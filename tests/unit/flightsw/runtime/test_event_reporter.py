"""The events of an app in its container: what holds them back, what counts them, and what its log keeps."""

from __future__ import annotations

from pathlib import Path

from flightsw.bus.inbox import InboxLimits
from flightsw.messages.events import (
    ALL_FILTERS,
    ControlEventLog,
    EnableEvents,
    EventChoice,
    EventCount,
    EventCounts,
    EventSettings,
    EventsSuppressed,
    FilterSetting,
    LogAction,
    ReportEvents,
    ResetEventFilter,
    SetEventFilter,
    SetEventSquelch,
    SwitchEvents,
)
from flightsw.messages.life import AppHousekeeping, Noop, NoopDone, ResetCounters
from flightsw.mission_events import EventEntry
from flightsw.runtime.container import AppContainer
from flightsw.services.event_log import read_event_log
from flightsw.services.retained_memory import FolderRetainedMemory
from flightsw.services.retained_ring import RingMode
from flightsw.services.squelch import Squelch
from tests.unit.flightsw.runtime.conftest import World
from tlm_cmd.definition.message import Command, Event, Severity
from tlm_cmd.packets.verification import FailureCode, Stage, VerificationReport


def verdict(world: World, command: Command, sequence: int) -> VerificationReport:
    """The last report about a command."""
    return world.reports(world.request(command, sequence))[-1]


def test_a_flood_that_ends_is_told_with_housekeeping(world: World) -> None:
    """What was squelched last does not wait for an event that may never come; it is told once."""
    world.start()
    for sequence in range(60):
        world.request(Noop(), sequence)
    squelched = world.container.filter.state.squelched
    world.container.housekeeping()
    world.container.housekeeping()
    assert [event.count for event in world.of(EventsSuppressed)] == [squelched]
    packet = world.of(AppHousekeeping)[-1]
    assert (packet.events_squelched, packet.events) == (squelched, len(world.of(Event)))


def test_events_are_disabled_by_severity_and_by_app(world: World) -> None:
    """ALL is a switch of its own; each kind of holding back has its counter in housekeeping."""
    world.start()
    for sequence, (choice, enabled, heard) in enumerate(
        (
            (EventChoice.INFO, False, 0),
            (EventChoice.ALL, False, 0),
            (EventChoice.INFO, True, 0),
            (EventChoice.ALL, True, 1),
        )
    ):
        before = len(world.of(NoopDone))
        assert verdict(world, EnableEvents(choice, enabled), 2 * sequence).stage is Stage.COMPLETED
        world.request(Noop(), 2 * sequence + 1)
        assert len(world.of(NoopDone)) == before + heard
    world.container.housekeeping()
    packet = world.of(AppHousekeeping)[-1]
    assert (packet.events_disabled, packet.events_filtered, packet.events_squelched) == (3, 0, 0)


def test_filters_are_set_reset_and_deleted(world: World) -> None:
    """A filter holds back by its mask until it is reset or deleted; one that there is not cannot be reset."""
    world.start()
    noops = [0]

    def heard() -> int:
        before = len(world.of(NoopDone))
        for _ in range(3):
            noops[0] += 1
            world.request(Noop(), noops[0])
        return len(world.of(NoopDone)) - before

    assert verdict(world, SetEventFilter(1, 0xFFFF), 1000).stage is Stage.COMPLETED
    assert (heard(), heard()) == (1, 0)
    assert verdict(world, ResetEventFilter(1), 1001).stage is Stage.COMPLETED
    assert heard() == 1
    assert verdict(world, ResetEventFilter(ALL_FILTERS), 1002).stage is Stage.COMPLETED
    assert heard() == 1
    refusal = verdict(world, ResetEventFilter(7), 1003)
    assert (refusal.code, refusal.reason) == (FailureCode.BAD_ARGUMENT, "no filter for event 7, there is 1")
    assert verdict(world, SetEventFilter(1, 0), 1004).stage is Stage.COMPLETED
    assert heard() == 3
    for code in range(33):
        report = verdict(world, SetEventFilter(100 + code, 1), 1100 + code)
    assert (report.code, "number of filters is 33" in report.reason) == (FailureCode.BAD_ARGUMENT, True)


def test_single_events_are_switched_by_command(world: World) -> None:
    """An event that is switched off is not sent, over a restart of the app as well; the settings name it."""
    world.start()
    assert verdict(world, SwitchEvents((NoopDone.code, 99), enabled=False), 1).stage is Stage.COMPLETED
    world.restart()
    world.request(Noop(), 2)
    assert world.of(NoopDone) == []
    world.request(ReportEvents(), 3)
    assert world.of(EventSettings)[-1].switched_off == (NoopDone.code, 99)
    assert verdict(world, SwitchEvents((NoopDone.code,), enabled=True), 4).stage is Stage.COMPLETED
    world.request(Noop(), 5)
    assert len(world.of(NoopDone)) == 1


def test_the_squelch_is_set_by_command_and_stays(world: World) -> None:
    """A burst of two lets two pass besides the first of its kind; a restart of the app changes nothing."""
    world.start()
    assert verdict(world, SetEventSquelch(2, 1), 1).stage is Stage.COMPLETED
    world.restart()
    for sequence in range(2, 12):
        world.request(Noop(), sequence)
    assert len(world.of(NoopDone)) <= 2
    assert world.container.filter.squelch == Squelch(2, 1)


def test_settings_and_counts_are_reported_whatever_is_held_back(world: World) -> None:
    """The answer shows filters, squelch, log and counters, even of an app whose events are disabled."""
    world.start()
    world.request(SetEventFilter(1, 0x0003), 1)
    for sequence in range(2, 5):
        world.request(Noop(), sequence)
    world.request(EnableEvents(EventChoice.DEBUG, False), 5)
    world.request(EnableEvents(EventChoice.ALL, False), 6)
    world.request(Noop(), 7)
    assert verdict(world, ReportEvents(), 8).stage is Stage.COMPLETED
    settings, counts = world.of(EventSettings)[-1], world.of(EventCounts)[-1]
    assert settings == EventSettings(
        enabled=False,
        disabled=(Severity.DEBUG,),
        burst=32,
        events_per_second=15,
        log_mode=RingMode.OVERWRITE,
        log_entries=2,
        filters=(FilterSetting(1, 3, 3),),
    )
    assert counts.counts == (EventCount(0, 1, 0), EventCount(1, 1, 3))
    assert "filters: event 1, mask 3, count 3" in settings.describe()
    assert [entry.code for _, entry in read_event_log(world.retained, "probe").entries] == [0, 1]


def test_counts_of_many_codes_come_in_several_answers(world: World) -> None:
    """No packet is longer than it may be, and no code is left out."""
    world.start()
    for code in range(32, 160):
        world.container.filter.decide(code, Severity.INFO, 10**12 + code * 10**9)
    world.request(ReportEvents(), 1)
    answers = world.of(EventCounts)
    assert [len(answer.counts) for answer in answers] == [64, 64, 1]
    assert [count.event for answer in answers for count in answer.counts] == [0, *range(32, 160)]


def test_sent_events_are_logged_and_others_are_not(world: World) -> None:
    """The log holds what was sent, in order, and is cleared by command; what it cannot take is counted."""
    world.start()
    world.request(Noop(), 1)
    world.request(SetEventFilter(1, 0xFFFF), 2)
    world.request(Noop(), 3)
    world.request(Noop(), 4)
    assert [entry.code for _, entry in read_event_log(world.retained, "probe").entries] == [0, 1, 1]
    assert verdict(world, ControlEventLog(LogAction.CLEAR), 5).stage is Stage.COMPLETED
    assert read_event_log(world.retained, "probe").entries == ()


def test_a_log_that_cannot_be_written_is_counted_and_reaches_no_handler(world: World) -> None:
    """Entries and lines that are lost are counted apart; the events themselves go out."""
    world.retained, world.readable = FolderRetainedMemory(Path("/proc/nowhere")), False
    world.container.stop()
    world.container = world.contain()
    world.start()
    world.request(Noop(), 1)
    refusal = verdict(world, ControlEventLog(LogAction.CLEAR), 2)
    assert (refusal.stage, refusal.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    world.container.housekeeping()
    packet = world.of(AppHousekeeping)[-1]
    assert (packet.events, packet.events_unlogged, packet.event_lines_lost) == (3, 3, 3)
    world.request(ResetCounters(), 3)
    assert (world.container.state.events_unlogged, world.container.state.event_lines_lost) == (0, 0)


def test_the_mission_says_how_events_are_treated(world: World) -> None:
    """Squelch, size and mode of the log come from the mission file."""
    entry = EventEntry(Squelch(1, 1), 2, "discard")
    world.container.stop()
    world.container = AppContainer("probe", world.app_class, world, InboxLimits(), entry)
    world.start()
    for sequence in range(9):
        world.request(Noop(), sequence)
    assert [entry.code for _, entry in read_event_log(world.retained, "probe").entries] == [0, 1]
    assert world.container.filter.state.squelched == 8
