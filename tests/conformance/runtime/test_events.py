"""Events over both runtimes: what holds them back, what reports that, and the logs that outlive the apps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flight.harness import MISSION, LockstepVehicle, ProcessVehicle, SmallFlight
from flight.sink.messages import FailToStart, Hang
from flight.source.messages import Burst, BurstDone

from flightsw.core.event_services.messages import (
    ControlLogsEverywhere,
    DumpLog,
    EnableEventsEverywhere,
    EventServicesStatus,
    LogDamaged,
    LogDumped,
    LogPage,
    LogWritten,
    ResetFiltersEverywhere,
    SetSquelchEverywhere,
    WriteLog,
)
from flightsw.core.executive.messages import PowerOnReset, ProcessorReset, RestartApp
from flightsw.messages.events import (
    ControlEventLog,
    EnableEvents,
    EventChoice,
    EventCounts,
    EventSettings,
    EventsSuppressed,
    FilterSetting,
    LogAction,
    ReportEvents,
    ResetEventFilter,
    SetEventFilter,
    SetEventSquelch,
)
from flightsw.messages.life import AppHousekeeping, AppStarted, Noop, NoopDone, StartFailed
from flightsw.services.event_log import read_event_log
from flightsw.services.retained_memory import FolderRetainedMemory, RetainedMemory
from flightsw.services.retained_ring import RingMode
from tlm_cmd.definition.message import Severity
from tlm_cmd.packets.verification import FailureCode, Stage

NOOP_DONE = 1
SERVICES = "event_services"
APPS = ("executive", "gate", "source", "sink", SERVICES)
EVENTS_MISSION = f"""{MISSION}

[apps.event_services]
package = "flightsw.core.event_services"
apid = 0x0C0
process = "services"
inboxes = {{ telemetry = 2048 }}

[apps.source.events]
log_entries = 4
full_log = "discard"
squelch = {{ burst = 3, events_per_second = 1 }}
"""


@pytest.fixture
def events_mission(mission_file: Path) -> Path:
    """The small flight with event services in a process of their own."""
    mission_file.write_text(EVENTS_MISSION)
    return mission_file


@pytest.fixture(params=[LockstepVehicle, ProcessVehicle], ids=["lockstep", "processes"])
def flight(request: pytest.FixtureRequest, events_mission: Path, folder: Path) -> Iterator[SmallFlight]:
    """The flight, running, on each runtime; at the end its links conserve and its ledger closes."""
    flight = SmallFlight(request.param(events_mission, folder), events_mission, folder)
    try:
        flight.until(lambda: flight.vehicle.account().apps == len(APPS), "a running flight")
        yield flight
        flight.settle()
    finally:
        flight.vehicle.close()


@pytest.fixture
def retained(flight: SmallFlight, folder: Path) -> RetainedMemory:
    """The memory that a processor reset leaves as it is, seen from outside."""
    if isinstance(flight.vehicle, LockstepVehicle):
        return flight.vehicle.runtime.retained
    return FolderRetainedMemory(folder / "run" / "retained")


def heard(flight: SmallFlight, app: str, noops: int = 1) -> int:
    """How many of so many no-ops an app answers with an event."""
    before = len(flight.messages(NoopDone, app))
    for _ in range(noops):
        assert flight.command(app, Noop()).stage is Stage.COMPLETED
    packets = len(flight.messages(AppHousekeeping, app))
    flight.until(lambda: len(flight.messages(AppHousekeeping, app)) > packets + 1, "housekeeping behind it")
    return len(flight.messages(NoopDone, app)) - before


def dumped(flight: SmallFlight, app: str = "", lowest: Severity = Severity.DEBUG) -> dict[str, list[int]]:
    """The codes in the logs, by app."""
    before = len(flight.messages(LogPage))
    ends = len(flight.messages(LogDumped))
    assert flight.command(SERVICES, DumpLog(app, lowest, 0)).stage is Stage.COMPLETED
    flight.until(lambda: len(flight.messages(LogDumped)) > ends, "the end of the dump")
    found: dict[str, list[int]] = {}
    for page in flight.messages(LogPage)[before:]:
        found.setdefault(page.app, []).extend(line.entry.code for line in page.lines)
    return found


# -------------------------------------------------------------------- enabling


def test_events_are_enabled_by_app_and_type(flight: SmallFlight) -> None:
    """One severity of one app is held back; other apps, and the switch of the app as a whole, are another matter."""
    assert flight.command("sink", EnableEvents(EventChoice.INFO, False)).stage is Stage.COMPLETED
    assert (heard(flight, "sink"), heard(flight, "gate")) == (0, 1)
    assert flight.command("sink", EnableEvents(EventChoice.ALL, False)).stage is Stage.COMPLETED
    assert flight.command("sink", EnableEvents(EventChoice.INFO, True)).stage is Stage.COMPLETED
    assert heard(flight, "sink") == 0
    assert flight.command("sink", EnableEvents(EventChoice.ALL, True)).stage is Stage.COMPLETED
    assert heard(flight, "sink") == 1
    assert flight.messages(AppHousekeeping, "sink")[-1].events_disabled == 2


def test_events_are_enabled_by_type_for_all_apps(flight: SmallFlight) -> None:
    """One command changes every app, event services themselves included, and completes when all have answered."""
    assert flight.command(SERVICES, EnableEventsEverywhere(EventChoice.INFO, False)).stage is Stage.COMPLETED
    assert [heard(flight, app) for app in APPS] == [0] * len(APPS)
    assert flight.command(SERVICES, EnableEventsEverywhere(EventChoice.INFO, True)).stage is Stage.COMPLETED
    assert [heard(flight, app) for app in APPS] == [1] * len(APPS)
    own = flight.sent_by(flight.dictionary.apid_of(SERVICES))
    assert sorted(report.request.apid for report in own if report.stage is Stage.COMPLETED) == sorted(
        2 * [flight.dictionary.apid_of(app) for app in APPS]
    )


def test_an_app_that_cannot_do_it_fails_the_command(flight: SmallFlight) -> None:
    """It is named with its reason; the others have done it."""
    flight.command("sink", FailToStart(True))
    flight.command("executive", RestartApp("sink"))
    flight.until(lambda: bool(flight.messages(StartFailed)), "the failed start")
    verdict = flight.command(SERVICES, EnableEventsEverywhere(EventChoice.INFO, False))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert verdict.reason.startswith("sink: sink ")
    assert heard(flight, "gate") == 0


def test_settings_survive_a_crash(flight: SmallFlight) -> None:
    """What is held back stays held back behind a restart of the app."""
    flight.command("sink", EnableEvents(EventChoice.INFO, False))
    flight.command("sink", SetEventFilter(4, 7))
    flight.command("sink", SetEventSquelch(5, 2))
    starts = len(flight.messages(AppStarted, "sink"))
    flight.vehicle.crash("sink")
    flight.until(lambda: any(each.restarts for each in flight.messages(AppHousekeeping, "sink")), "the restart")
    settings = flight.ask("sink", ReportEvents(), EventSettings)
    assert (settings.enabled, settings.disabled, settings.burst) == (True, (Severity.INFO,), 5)
    assert settings.filters == (FilterSetting(4, 7, 0),)
    assert len(flight.messages(AppStarted, "sink")) == starts


# -------------------------------------------------------------------- filters


def test_filters_hold_back_by_mask(flight: SmallFlight) -> None:
    """Every fourth passes, counting goes on; a reset begins again, of one, of all and of all apps; 0 deletes."""
    flight.command("sink", SetEventFilter(NOOP_DONE, 0x0003))
    assert (heard(flight, "sink", 4), heard(flight, "sink", 3)) == (1, 1)
    flight.command("sink", ResetEventFilter(NOOP_DONE))
    assert heard(flight, "sink") == 1
    flight.command("sink", ResetEventFilter(256))
    assert heard(flight, "sink") == 1
    assert flight.command(SERVICES, ResetFiltersEverywhere()).stage is Stage.COMPLETED
    assert heard(flight, "sink") == 1
    assert flight.ask("sink", ReportEvents(), EventSettings).filters == (FilterSetting(NOOP_DONE, 3, 1),)
    flight.command("sink", SetEventFilter(NOOP_DONE, 0))
    assert heard(flight, "sink", 3) == 3
    counts = {count.event: count for count in flight.ask("sink", ReportEvents(), EventCounts).counts}
    assert (counts[NOOP_DONE].sent, counts[NOOP_DONE].held_back) == (8, 5)
    assert flight.command("sink", ResetEventFilter(77)).code is FailureCode.BAD_ARGUMENT


# -------------------------------------------------------------------- squelch


def test_a_flood_is_squelched_and_told_when_it_ends(flight: SmallFlight) -> None:
    """Every event is either heard or in the count that is reported, though nothing happens behind the flood."""
    flight.command("sink", SetEventSquelch(2, 1))
    requests = [flight.send("sink", Noop()) for _ in range(40)]
    for request in requests:
        assert flight.verdict(request).stage is Stage.COMPLETED

    def told() -> int:
        return sum(each.count for each in flight.messages(EventsSuppressed, "sink"))

    flight.until(lambda: len(flight.messages(NoopDone, "sink")) + told() == len(requests), "the last report")
    assert told() > 0
    last = flight.messages(AppHousekeeping, "sink")
    flight.until(lambda: len(flight.messages(AppHousekeeping, "sink")) > len(last) + 1, "housekeeping")
    assert flight.messages(AppHousekeeping, "sink")[-1].events_squelched == told()


def test_the_first_of_a_kind_passes_any_flood(flight: SmallFlight) -> None:
    """A burst of the mission's own three, flooded by no-ops, still reports the first burst of samples."""
    for _ in range(20):
        flight.command("source", Noop())
    assert flight.command("source", Burst(1)).stage is Stage.COMPLETED
    flight.until(lambda: flight.messages(BurstDone) == [BurstDone(1, 0)], "the first of its kind")
    assert flight.command(SERVICES, SetSquelchEverywhere(1000, 1000)).stage is Stage.COMPLETED
    assert heard(flight, "source", 5) == 5


# -------------------------------------------------------------------- logs


def test_the_log_outlives_a_crash(flight: SmallFlight, retained: RetainedMemory) -> None:
    """What the dead incarnation reported is dumped, then what its successor has."""
    flight.command("sink", Noop())
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert dumped(flight, "sink") == {"sink": [0, 1, 0]}
    entries = [entry for _, entry in read_event_log(retained, "sink").entries]
    assert [entry.time_ns for entry in entries] == sorted(entry.time_ns for entry in entries)
    assert {entry.whole for entry in entries} == {True}


def test_the_log_outlives_a_processor_reset(flight: SmallFlight, retained: RetainedMemory) -> None:
    """Behind it the entries of before are there, then those of the new start; a power-on reset leaves none of them."""
    flight.command("sink", Noop())
    assert flight.command("executive", ProcessorReset()).stage is Stage.COMPLETED
    flight.await_start("sink", 2)
    flight.until(lambda: flight.vehicle.account().apps == len(APPS), "the flight after the reset")
    assert dumped(flight, "sink") == {"sink": [0, 1, 0]}
    flight.send("executive", PowerOnReset())
    flight.await_start("sink", 3)
    flight.until(lambda: flight.vehicle.account().apps == len(APPS), "the flight after power-on")
    assert [entry.code for _, entry in read_event_log(retained, "sink").entries] == [0]


def test_logs_are_dumped_written_and_cleared_for_all(flight: SmallFlight, retained: RetainedMemory) -> None:
    """Every app's entries go down; a file on board holds them for people; one command clears them all."""
    found = dumped(flight)
    assert list(found) == ["executive", "gate", "source", "sink", SERVICES]
    assert all(codes[0] == 0 for codes in found.values())
    assert dumped(flight, "sink", Severity.ERROR) == {}
    assert flight.command(SERVICES, WriteLog("sink", Severity.DEBUG, 0)).stage is Stage.COMPLETED
    flight.until(lambda: bool(flight.messages(LogWritten)), "the event")
    assert flight.messages(LogWritten)[0].entries == 1
    assert b'"event":"AppStarted","app":"sink"' in retained.region("event_log.jsonl").read(0, 200)
    assert flight.command(SERVICES, ControlLogsEverywhere(LogAction.CLEAR)).stage is Stage.COMPLETED
    assert set(dumped(flight)) <= {SERVICES}
    assert flight.command(SERVICES, DumpLog("nobody", Severity.DEBUG, 0)).code is FailureCode.BAD_ARGUMENT


def test_a_full_log_discards_or_overwrites_as_told(flight: SmallFlight) -> None:
    """The mission's four entries are kept until the mode is changed; what was discarded is counted."""
    flight.command(SERVICES, SetSquelchEverywhere(1000, 1000))
    assert heard(flight, "source", 6) == 6
    assert dumped(flight, "source") == {"source": [0, 1, 1, 1]}
    assert flight.messages(AppHousekeeping, "source")[-1].events_unlogged == 3
    settings = flight.ask("source", ReportEvents(), EventSettings)
    assert (settings.log_mode, settings.log_entries) == (RingMode.DISCARD, 4)
    assert flight.command("source", ControlEventLog(LogAction.OVERWRITE)).stage is Stage.COMPLETED
    flight.command("source", Burst(1))
    flight.until(lambda: bool(flight.messages(BurstDone)), "another event")
    assert dumped(flight, "source")["source"][-1] == 32


def test_a_damaged_log_is_reported_and_the_rest_dumped(flight: SmallFlight, retained: RetainedMemory) -> None:
    """One entry with a wrong octet costs that entry."""
    heard(flight, "sink", 3)
    region = retained.region("events.sink")
    place = 32 + 3 * 256 + 20
    region.write(place, bytes([region.read(place, 1)[0] ^ 0xFF]))
    assert len(dumped(flight, "sink")["sink"]) == 3
    flight.until(lambda: flight.messages(LogDamaged) == [LogDamaged("sink", 1)], "the event")


def test_events_are_counted_over_all_apps(flight: SmallFlight) -> None:
    """The status tells for each app what was heard of it by severity, and its own counts."""
    heard(flight, "sink", 3)
    flight.until(lambda: bool(flight.messages(EventServicesStatus)), "the status")
    status = flight.messages(EventServicesStatus)[0]
    by_apid = {each.apid: each for each in status.apps}
    assert sorted(by_apid) == sorted(flight.dictionary.apid_of(app) for app in APPS)
    assert status.heard == tuple(sum(each.heard[index] for each in status.apps) for index in range(4))
    assert by_apid[flight.dictionary.apid_of("gate")].heard == (0, 1, 0, 0)


# -------------------------------------------------------------------- in processes only


def test_an_app_that_does_not_answer_is_named(events_mission: Path, folder: Path) -> None:
    """A command to all apps, of which one hangs, ends after ten seconds of the vehicle; the others have done it."""
    events_mission.write_text(EVENTS_MISSION.replace("hang_after_s = 10.0", "hang_after_s = 4.0"))
    flight = SmallFlight(ProcessVehicle(events_mission, folder), events_mission, folder)
    try:
        flight.until(lambda: flight.vehicle.account().apps == len(APPS), "a running flight")
        flight.send("sink", Hang())
        verdict = flight.command(SERVICES, EnableEventsEverywhere(EventChoice.INFO, False))
        assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.APP_UNAVAILABLE)
        assert verdict.reason == "no answer from sink"
        assert heard(flight, "gate") == 0
        flight.until(lambda: flight.vehicle.account().restarts == 1, "the end of the hang")
        flight.until(lambda: flight.vehicle.account().apps == len(APPS), "the restart")
        flight.settle()
    finally:
        flight.vehicle.close()


def test_logs_outlive_the_whole_flight(events_mission: Path, folder: Path) -> None:
    """A flight begun anew in the same run folder finds the entries of the one before, until it is powered on."""
    memory = FolderRetainedMemory(folder / "run" / "retained")
    for starts in (1, 2):
        vehicle = ProcessVehicle(events_mission, folder)
        flight = SmallFlight(vehicle, events_mission, folder)
        try:
            flight.until(lambda f=flight: f.vehicle.account().apps == len(APPS), "a running flight")  # type: ignore[misc]
        finally:
            flight.vehicle.close()
        assert [entry.code for _, entry in read_event_log(memory, "sink").entries] == [0] * starts
    memory.clear()
    assert read_event_log(memory, "sink").entries == ()


def spoiled_by_file(folder: Path) -> None:
    """No log can be made: where its folder should be there is a file."""
    (folder / "run").mkdir(mode=0o700)
    (folder / "run" / "retained").touch()


def spoiled_by_folder(folder: Path) -> None:
    """No line can be written: where its file should be there is a folder."""
    (folder / "run" / "sink.events.jsonl").mkdir(parents=True, mode=0o700)


@pytest.mark.parametrize(
    ("spoil", "counter"), [(spoiled_by_file, "events_unlogged"), (spoiled_by_folder, "event_lines_lost")]
)
def test_a_disk_that_takes_nothing_is_counted(
    events_mission: Path, folder: Path, spoil: Callable[[Path], None], counter: str
) -> None:
    """Events go out, commands are done; housekeeping says how many entries or lines are missing."""
    spoil(folder)
    (folder / "run").chmod(0o700)
    flight = SmallFlight(ProcessVehicle(events_mission, folder), events_mission, folder)
    try:
        flight.until(lambda: flight.vehicle.account().apps == len(APPS), "a running flight")
        assert heard(flight, "sink", 3) == 3
        packet = flight.messages(AppHousekeeping, "sink")[-1]
        assert [name for name in ("events_unlogged", "event_lines_lost") if getattr(packet, name)] == [counter]
        assert getattr(packet, counter) == packet.events == 4
        flight.settle()
    finally:
        flight.vehicle.close()
