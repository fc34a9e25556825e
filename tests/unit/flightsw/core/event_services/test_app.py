import json
from pathlib import Path

import pytest

from flightsw.bus.inbox import InboxLimits
from flightsw.core.event_services.app import MAX_ROUNDS, PAGES_PER_SECOND
from flightsw.core.event_services.messages import (
    LOG_FILE,
    ControlLogsEverywhere,
    DumpLog,
    EnableEventsEverywhere,
    EventServicesStatus,
    LogDamaged,
    LogDumped,
    LogPage,
    LogUnreadable,
    LogWritten,
    ResetFiltersEverywhere,
    SetSquelchEverywhere,
    WriteLog,
)
from flightsw.core.executive.messages import AppRestarted
from flightsw.messages.events import (
    ControlEventLog,
    EnableEvents,
    EventChoice,
    LogAction,
    ResetEventFilter,
    SetEventSquelch,
)
from flightsw.messages.life import AppHousekeeping, AppStarted, StartFailed
from flightsw.runtime.container import AppContainer
from flightsw.services.event_log import SLOT_OCTETS, EventLog, read_event_log
from flightsw.services.retained_memory import FolderRetainedMemory, VirtualRetainedMemory
from flightsw.testing import Bench
from tlm_cmd.definition.message import Command, Event, Severity
from tlm_cmd.packets.verification import FailureCode, Stage, VerificationReport

OTHER = "executive"


def made(retained: VirtualRetainedMemory | FolderRetainedMemory | None = None) -> Bench:
    """Event services with one other app, not started."""
    bench = Bench("flightsw.core.event_services", others=("flightsw.core.executive",))
    bench.retained = retained or VirtualRetainedMemory()
    bench.container.stop()
    bench.container = bench._contain()
    return bench


@pytest.fixture
def bench() -> Bench:
    """Event services, running."""
    bench = made()
    bench.start()
    return bench


def with_other(bench: Bench) -> AppContainer:
    """The other app, running on the same bus."""
    other = AppContainer(OTHER, bench._mission.app_class(OTHER), bench, InboxLimits())
    other.prepare()
    other.start()
    bench.bus.dispatch()
    return other


def log_some(bench: Bench, app: str, *events: Event) -> None:
    """Put events into an app's log."""
    log = EventLog(bench.retained, app)
    for event in events:
        assert log.add(event, bench.time, bench.now_ns())


def last(bench: Bench, ticket: VerificationReport) -> VerificationReport:
    """The newest report about a command."""
    return bench.reports(ticket.request)[-1]


# -------------------------------------------------------------------- all apps at once


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (EnableEventsEverywhere(EventChoice.DEBUG, False), EnableEvents(EventChoice.DEBUG, False)),
        (ResetFiltersEverywhere(), ResetEventFilter(256)),
        (SetSquelchEverywhere(7, 3), SetEventSquelch(7, 3)),
        (ControlLogsEverywhere(LogAction.CLEAR), ControlEventLog(LogAction.CLEAR)),
    ],
)
def test_every_app_is_told(bench: Bench, command: Command, sent: Command) -> None:
    """The command completes when all apps, itself among them, have done it."""
    with_other(bench)
    assert bench.command(command).stage is Stage.COMPLETED
    assert bench.commands == [sent, sent]


def test_it_waits_for_the_last_answer(bench: Bench) -> None:
    """Until then the command is open; who does not answer in time is named, and the command failed."""
    bench.bus.open_mailbox(OTHER, InboxLimits(), lambda _message_id, _message: None)
    bench.bus.subscribe(OTHER, bench.dictionary.command_of(OTHER, ResetEventFilter).message_id, quality=0)  # type: ignore[arg-type]
    report = bench.command(ResetFiltersEverywhere())
    assert report.stage is Stage.STARTED
    bench.advance(9)
    assert last(bench, report).stage is Stage.STARTED
    bench.advance(3)
    verdict = last(bench, report)
    assert (verdict.stage, verdict.code, verdict.reason) == (
        Stage.FAILED,
        FailureCode.APP_UNAVAILABLE,
        "no answer from executive",
    )


def test_an_app_that_is_not_there_fails_the_command(bench: Bench) -> None:
    """A rejection is an answer: nobody waits for it."""
    verdict = bench.command(ResetFiltersEverywhere())
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert verdict.reason == "executive: no app takes this command now"


def test_rounds_are_bounded(bench: Bench) -> None:
    """One command to all apps too many is refused; the others go on."""
    bench.bus.open_mailbox(OTHER, InboxLimits(), lambda _message_id, _message: None)
    bench.bus.subscribe(OTHER, bench.dictionary.command_of(OTHER, ResetEventFilter).message_id, quality=0)  # type: ignore[arg-type]
    for _ in range(MAX_ROUNDS):
        assert bench.command(ResetFiltersEverywhere()).stage is Stage.STARTED
    refusal = bench.command(ResetFiltersEverywhere())
    assert (refusal.stage, refusal.reason) == (Stage.FAILED, "8 commands to all apps are under way already")
    bench.advance(12)
    assert bench.command(ResetFiltersEverywhere()).stage is Stage.STARTED


def test_a_round_outlives_a_restart(bench: Bench) -> None:
    """The next incarnation waits on, and no longer than the first would have, even when the clock starts again."""
    bench.bus.open_mailbox(OTHER, InboxLimits(), lambda _message_id, _message: None)
    bench.bus.subscribe(OTHER, bench.dictionary.command_of(OTHER, ResetEventFilter).message_id, quality=0)  # type: ignore[arg-type]
    bench.advance(1000)
    report = bench.command(ResetFiltersEverywhere())
    bench.clock._now_ns = 0
    bench.schedule.begin(0)
    bench.restart()
    bench.advance(12)
    assert last(bench, report).reason == "no answer from executive"


# -------------------------------------------------------------------- logs


def test_logs_are_dumped_app_by_app(bench: Bench) -> None:
    """Packets hold each entry once, in order, and the command completes behind the last one."""
    log_some(bench, OTHER, AppStarted(0, False), AppRestarted("x", "y"))
    report = bench.command(DumpLog("", Severity.DEBUG, 0))
    assert report.stage is Stage.STARTED
    bench.advance(1)
    assert last(bench, report).stage is Stage.COMPLETED
    pages = {each.app: each.lines for each in bench.sent(LogPage)}
    assert list(pages) == ["event_services", OTHER]
    assert [line.entry.code for line in pages[OTHER]] == [0, 32]
    assert [line.number for line in pages[OTHER]] == [1, 2]
    assert bench.latest(LogDumped) == LogDumped(3, 2)


def test_a_dump_is_chosen_by_app_severity_and_number(bench: Bench) -> None:
    """Only what was asked for goes down; an app that there is not is refused with those that there are."""
    log_some(bench, OTHER, StartFailed("a"), AppStarted(0, False), AppStarted(1, False), StartFailed("b"))
    bench.command(DumpLog(OTHER, Severity.CRITICAL, 3))
    bench.advance(1)
    assert [(each.app, [line.number for line in each.lines]) for each in bench.sent(LogPage)] == [(OTHER, [4])]
    refusal = bench.command(DumpLog("nobody", Severity.DEBUG, 0))
    assert (refusal.code, refusal.reason) == (
        FailureCode.BAD_ARGUMENT,
        "no app 'nobody', there is event_services, executive",
    )


def test_a_long_dump_is_paced_and_is_the_only_one(bench: Bench) -> None:
    """So many packets a second; a second dump is refused meanwhile; what comes later is not part of it."""
    log = EventLog(bench.retained, OTHER, 4096)
    for number in range(500):
        log.add(StartFailed("x" * 120), bench.time, number)
    report = bench.command(DumpLog(OTHER, Severity.DEBUG, 0))
    assert bench.command(DumpLog(OTHER, Severity.DEBUG, 0)).reason == "a dump goes on already"
    log.add(StartFailed("later"), bench.time, 0)
    bench.advance(1)
    assert len(bench.sent(LogPage)) == PAGES_PER_SECOND
    bench.restart()
    bench.advance(20)
    assert last(bench, report).stage is Stage.COMPLETED
    numbers = [line.number for each in bench.sent(LogPage) for line in each.lines]
    assert numbers == list(range(1, 501))


def test_a_dump_of_nothing_completes(bench: Bench) -> None:
    """No entry, no packet, and a verdict."""
    report = bench.command(DumpLog(OTHER, Severity.DEBUG, 0))
    bench.advance(1)
    assert last(bench, report).stage is Stage.COMPLETED
    assert bench.sent(LogPage) == []


def test_a_damaged_log_is_reported_and_the_rest_dumped(bench: Bench) -> None:
    """A flipped bit costs one entry."""
    log_some(bench, OTHER, *(AppStarted(number, False) for number in range(5)))
    memory = bench.retained
    assert isinstance(memory, VirtualRetainedMemory)
    memory.region(f"events.{OTHER}").data[32 + 3 * SLOT_OCTETS + 20] ^= 4
    bench.command(DumpLog(OTHER, Severity.DEBUG, 0))
    bench.advance(61)
    assert bench.sent(LogDamaged) == [LogDamaged(OTHER, 1)]
    assert [line.number for each in bench.sent(LogPage) for line in each.lines] == [1, 2, 4, 5]
    assert bench.latest(EventServicesStatus).damaged == 1


def test_damage_is_found_at_the_start() -> None:
    """Nobody has to ask for it."""
    memory = VirtualRetainedMemory()
    memory.region(f"events.{OTHER}").write(0, b"\xff" * 700)
    bench = made(memory)
    bench.start()
    assert bench.sent(LogDamaged) == [LogDamaged(OTHER, 4)]


def test_a_log_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is named in an event and in the verdict; the rest is dumped."""
    bench = made(FolderRetainedMemory(tmp_path))
    bench.start()
    (tmp_path / f"events.{OTHER}").mkdir()
    report = bench.command(DumpLog("", Severity.DEBUG, 0))
    bench.advance(2)
    verdict = last(bench, report)
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert verdict.reason == "no log could be read of executive"
    assert bench.sent(LogUnreadable)[0].app == OTHER
    assert {each.app for each in bench.sent(LogPage)} == {"event_services"}


def test_logs_are_written_to_a_file_in_the_order_of_time(tmp_path: Path) -> None:
    """A JSON line for each entry, with its fields; the file is replaced, and entries without fields are there too."""
    bench = made(FolderRetainedMemory(tmp_path))
    bench.start()
    bench.advance(5)
    log_some(bench, OTHER, AppRestarted("x", "y"))
    log = EventLog(bench.retained, OTHER)
    ring = log._opened()
    ring.append(ring_entry := read_bytes_of(bench, OTHER))
    assert ring_entry
    assert bench.command(WriteLog("", Severity.DEBUG, 0)).stage is Stage.COMPLETED
    lines = [json.loads(line) for line in (tmp_path / LOG_FILE).read_text().splitlines()]
    assert [(line["app"], line["event"]) for line in lines] == [
        ("event_services", "AppStarted"),
        (OTHER, "AppRestarted"),
        (OTHER, "AppRestarted"),
    ]
    assert lines[1] == {
        "event": "AppRestarted",
        "app": OTHER,
        "code": 32,
        "severity": "ERROR",
        "clock": "TAI",
        "time_ns": bench.time.tai_ns(bench.now_ns()),
        "text": "x restarted: y",
        "parameters": {"app": "x", "cause": "y"},
        "number": 1,
    }
    assert bench.latest(LogWritten) == LogWritten(3, LOG_FILE)
    assert bench.command(WriteLog(OTHER, Severity.ERROR, 1)).stage is Stage.COMPLETED
    assert len((tmp_path / LOG_FILE).read_text().splitlines()) == 1


def read_bytes_of(bench: Bench, app: str) -> bytes:
    """The newest entry of a log as it lies there."""
    from flightsw.services.retained_ring import read_ring  # noqa: PLC0415 - for this test only

    return read_ring(bench.retained.region(f"events.{app}"), 64, SLOT_OCTETS).records[-1][1]


def test_a_file_that_cannot_be_written_fails_the_command() -> None:
    """The reason is the system's; the app goes on."""
    bench = made(FolderRetainedMemory(Path("/proc/nowhere")))
    bench.start()
    verdict = bench.command(WriteLog("", Severity.DEBUG, 0))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert verdict.reason.startswith(f"{LOG_FILE} not written: ")


# -------------------------------------------------------------------- counting


def test_events_are_counted_by_app_and_severity(bench: Bench) -> None:
    """What is heard on the bus, and what each app says of itself."""
    bench.deliver(AppRestarted("x", "y"))
    bench.deliver(AppStarted(0, False), OTHER)
    bench.deliver(AppHousekeeping(0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, (0, 0, 0)), OTHER)
    bench.advance(61)
    status = bench.latest(EventServicesStatus)
    own, other = status.apps
    assert (other.heard, other.sent, other.held_back, other.unlogged) == ((0, 1, 1, 0), 9, 6, 4)
    assert own.heard == (0, 1, 0, 0)
    assert status.heard == (0, 2, 1, 0)
    assert read_event_log(bench.retained, "event_services").entries[0][1].code == 0
