"""Time and schedule are the same in lock-step and in processes, whatever tone, ground and host clocks do."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from flight.diary.messages import Appointment, Page
from flight.harness import MISSION, SmallFlight
from flight.source.messages import Tick
from flight.tone import EPOCH_TAI_NS, PARAMETERS, SILENT, LockstepToneVehicle, ProcessToneVehicle

import flightsw
from flightsw.core.scheduler.messages import (
    FrameSync,
    FrameSyncChanged,
    ReportSchedules,
    SchedulerStatus,
    SwitchGroup,
)
from flightsw.core.timekeeping.messages import AdjustTime, ClockStateChanged, SetSource, TimeCorrelation, TimeJumped
from flightsw.messages.life import AppHousekeeping
from flightsw.messages.slots import EnableActivity, ReportSchedule, ScheduleReport
from flightsw.runtime.followers import follow_time
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.time_quality import ClockSource, ClockState
from tlm_cmd.packets.verification import FailureCode, Stage

NS_PER_S = 1_000_000_000
HOUR_NS = 3600 * NS_PER_S
WINDOW_NS = 1_500_000
"""The scheduler's window, and what the oscillator drifts until it looks."""
TIMED_MISSION = (
    MISSION
    + """
[apps.timekeeping]
package = "flightsw.core.timekeeping"
apid = 0x050

[apps.scheduler]
package = "flightsw.core.scheduler"
apid = 0x060

[apps.diary]
package = "flight.diary"
apid = 0x070
process = "diary"

[devices.tone_capture]
driver = "flightsw.devices.tone_capture:ToneCapture"
port = "tone_capture"
kind = "uart"
"""
)
CLOCK_TOML = """
source = "TONE"
tone_window_us = 2000
message_earliest_us = 1000
message_latest_us = 500_000
time_window_us = 2000
lock_tones = 3
steer_tones = 5
flywheel_after_s = 20
tone_accuracy_ns = 500
holdover_ns_per_s = 1000
set_accuracy_ms = 500
free_ns_per_s = 5000
invalid_beyond_ms = 60_000
"""


@pytest.fixture
def timed_file(mission_file: Path, folder: Path) -> Path:
    """The small flight's mission with timekeeper, scheduler and diary."""
    table = folder / "tables" / "timekeeping" / "clock.toml"
    table.parent.mkdir()
    table.write_text(CLOCK_TOML)
    mission_file.write_text(TIMED_MISSION)
    return mission_file


@pytest.fixture(params=[LockstepToneVehicle, ProcessToneVehicle], ids=["lockstep", "processes"])
def timed(request: pytest.FixtureRequest, timed_file: Path, folder: Path) -> Iterator[SmallFlight]:
    """The small flight with a tone, running, on each runtime."""
    flight = SmallFlight(request.param(timed_file, folder), timed_file, folder)
    try:
        flight.until(lambda: flight.vehicle.account().apps == 7, "a running flight")
        yield flight
        flight.settle()
    finally:
        flight.vehicle.close()


def pages(flight: SmallFlight) -> list[Page]:
    """All pages of the diary."""
    return flight.messages(Page)


def state_is(flight: SmallFlight, state: ClockState) -> None:
    """Wait until the diary's process sees a state of time."""
    flight.until(lambda: bool(pages(flight)) and pages(flight)[-1].state is state, state.name)


def moves(seen: list[Page]) -> list[int]:
    """How far TAI moved against the monotonic clock between each two pages."""
    return [later.tai_ns - later.monotonic_ns - (page.tai_ns - page.monotonic_ns) for page, later in pairwise(seen)]


def slots_are_whole(flight: SmallFlight) -> None:
    """Every slot of tick and diary came once: counts without a gap, and no slot reported as skipped."""
    for counts in ([tick.count for tick in flight.messages(Tick)], [page.count for page in pages(flight)]):
        assert counts == list(range(1, len(counts) + 1))
    flight.command("scheduler", ReportSchedules())
    reports = {app: flight.messages(ScheduleReport, app)[-1] for app in ("source", "diary")}
    for report in reports.values():
        assert report.process_skipped == 0
        assert [each.skipped for each in report.activities] == [0] * len(report.activities)


def test_every_process_follows_the_tone(timed: SmallFlight) -> None:
    """With enough tones TAI is VALID in all processes, says how sure it is, and is the tone's."""
    state_is(timed, ClockState.VALID)
    page = pages(timed)[-1]
    spoken = SpacecraftTime()
    correlations = timed.messages(TimeCorrelation)
    assert any((follow_time(spoken, each), spoken.tai_ns(page.monotonic_ns))[1] == page.tai_ns for each in correlations)
    offset_ns = PARAMETERS.initial_offset_ms * 1e6 + PARAMETERS.oscillator_ppb * page.monotonic_ns / NS_PER_S
    true_tai_ns = EPOCH_TAI_NS + page.monotonic_ns - offset_ns
    assert abs(page.tai_ns - true_tai_ns) < 100_000
    assert page.uncertainty_ns < 100_000
    jump = timed.messages(TimeJumped)[0]
    assert abs(jump.delta_ns + 23_000_000) < 1_000_000
    assert jump.cause == "by the tone"


def test_a_restarted_process_has_the_time_at_once(timed: SmallFlight) -> None:
    """The first thing that an app of a restarted process does, it does with the right time."""
    state_is(timed, ClockState.VALID)
    before = len(pages(timed))
    timed.vehicle.crash("diary")
    timed.await_start("diary", 2)
    timed.until(lambda: len(pages(timed)) > before + 1, "a page")
    states = [page.state for page in pages(timed)[before:]]
    assert states == [ClockState.VALID] * len(states)
    assert all(abs(move) < 1_000_000 for move in moves(pages(timed)[before - 1 :]))


@pytest.mark.parametrize("app", ["timekeeping", "scheduler"])
def test_time_and_frames_outlive_their_keepers(timed: SmallFlight, app: str) -> None:
    """The keeper's process dies; nobody's clock jumps, the slots of other processes go on, and it locks again."""
    state_is(timed, ClockState.VALID)
    timed.vehicle.crash(app)
    timed.await_start(app, 2)
    state_is(timed, ClockState.VALID)
    seen = pages(timed)
    first = next(number for number, page in enumerate(seen) if page.state is ClockState.VALID)
    assert all(abs(move) < 1_000_000 for move in moves(seen[first:]))
    timed.command("diary", ReportSchedule())
    timed.until(lambda: len(timed.messages(ScheduleReport, "diary")) > 1, "the report")
    write = next(each for each in timed.messages(ScheduleReport, "diary")[-1].activities if each.activity == "write")
    assert write.skipped == 0  # pages may be lost while the gate's process is dead, slots may not
    assert write.started >= seen[-1].count


def test_loss_of_the_tone_is_a_flywheel_everywhere(timed: SmallFlight, folder: Path) -> None:
    """All processes see the flywheel and its growing uncertainty, the frames go on free, and the tone ends it."""
    state_is(timed, ClockState.VALID)
    (folder / SILENT).touch()
    state_is(timed, ClockState.FLYWHEEL)
    first = pages(timed)[-1]
    timed.until(lambda: pages(timed)[-1].count >= first.count + 10, "five seconds")
    assert pages(timed)[-1].uncertainty_ns > first.uncertainty_ns
    timed.until(lambda: timed.messages(FrameSyncChanged)[-1].after is FrameSync.FREE, "free frames")
    (folder / SILENT).unlink()
    state_is(timed, ClockState.VALID)
    timed.until(lambda: timed.messages(FrameSyncChanged)[-1].after is not FrameSync.FREE, "frames on the tone")
    changes = [(each.before, each.after) for each in timed.messages(ClockStateChanged)]
    assert changes[:3] == [
        (ClockState.INVALID, ClockState.VALID),
        (ClockState.VALID, ClockState.FLYWHEEL),
        (ClockState.FLYWHEEL, ClockState.VALID),
    ]
    slots_are_whole(timed)


def test_minor_frame_zero_lies_on_the_tone(timed: SmallFlight) -> None:
    """The frames of all processes are moved onto the tone in bounded steps; no slot is lost or doubled by it."""
    timed.until(
        lambda: any(each.after is FrameSync.LOCKED for each in timed.messages(FrameSyncChanged)), "locked frames"
    )
    timed.until(lambda: bool(timed.messages(SchedulerStatus)), "the status")
    page = pages(timed)[-1]
    begin_ns = page.major_frame_monotonic_ns
    tone_ns = PARAMETERS.initial_offset_ms * 1e6 + PARAMETERS.oscillator_ppb * begin_ns / NS_PER_S
    assert abs((begin_ns - tone_ns + NS_PER_S / 2) % NS_PER_S - NS_PER_S / 2) < WINDOW_NS
    slots_are_whole(timed)
    timed.command("scheduler", ReportSchedules())
    steps = {timed.messages(ScheduleReport, app)[-1].process_frame_steps for app in ("source", "diary")}
    assert steps == {5}


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS])
def test_a_jump_of_an_hour_moves_tai_and_nothing_else(timed: SmallFlight, jump_ns: int) -> None:
    """An event names the jump; no slot is missed or run twice; MET, intervals and housekeeping go on as before."""
    state_is(timed, ClockState.VALID)
    assert timed.command("timekeeping", SetSource(ClockSource.INTERNAL)).stage is Stage.COMPLETED
    assert timed.command("timekeeping", AdjustTime(jump_ns)).stage is Stage.COMPLETED
    timed.until(lambda: any(each.delta_ns == jump_ns for each in timed.messages(TimeJumped)), "the event")
    count = pages(timed)[-1].count
    timed.until(lambda: pages(timed)[-1].count > count + 20, "ten seconds")
    seen = pages(timed)
    moved = moves([page for page in seen if page.state is ClockState.VALID])
    assert [round(each / NS_PER_S) for each in moved if abs(each) > 1_000_000] == [jump_ns // NS_PER_S]
    assert {page.met_ns - page.monotonic_ns for page in seen} == {0}
    assert all(later.monotonic_ns > page.monotonic_ns for page, later in pairwise(seen))
    before = len(timed.messages(AppHousekeeping, "source"))
    timed.until(lambda: len(timed.messages(AppHousekeeping, "source")) > before + 1, "housekeeping")
    slots_are_whole(timed)


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS])
def test_appointments_are_kept_once_over_a_jump(timed: SmallFlight, jump_ns: int) -> None:
    """Forwards only the newest within their grace are kept and the others counted; backwards none comes again."""
    state_is(timed, ClockState.VALID)
    timed.until(lambda: len(timed.messages(Appointment)) >= 2, "appointments")
    timed.command("timekeeping", SetSource(ClockSource.INTERNAL))
    before = len(timed.messages(Appointment))
    count = pages(timed)[-1].count
    timed.command("timekeeping", AdjustTime(jump_ns))
    timed.until(lambda: pages(timed)[-1].count > count + 50, "twenty-five seconds")
    fires = [each.fire_utc_s for each in timed.messages(Appointment)]
    assert fires == sorted(set(fires))
    assert all(fire % 10 == 0 for fire in fires)
    behind = timed.messages(Appointment)[before:]
    if jump_ns > 0:
        gaps = [later - fire for fire, later in pairwise(fires) if later - fire > 20]
        assert len(gaps) == 1
        assert behind[-1].skipped >= 100  # beyond, the calendar stops counting
    else:
        assert len(behind) <= 1  # one may have been due between the count and the jump; then none for an hour


def test_a_group_is_switched_in_all_apps(timed: SmallFlight) -> None:
    """Off, its activities rest, over a crash as well, while others go on; on, they go on where they were."""
    timed.until(lambda: len(pages(timed)) > 4, "pages")
    assert timed.command("scheduler", SwitchGroup("writing", enabled=False)).stage is Stage.COMPLETED
    count = len(pages(timed))
    timed.vehicle.crash("diary")
    timed.await_start("diary", 2)
    ticks = len(timed.messages(Tick))
    timed.until(lambda: len(timed.messages(Tick)) > ticks + 6, "three seconds")
    assert len(pages(timed)) <= count + 1
    assert timed.command("scheduler", SwitchGroup("writing", enabled=True)).stage is Stage.COMPLETED
    timed.until(lambda: len(pages(timed)) > count + 4, "pages")
    counts = [page.count for page in pages(timed)]
    assert counts == sorted(set(counts))
    unknown = timed.command("scheduler", SwitchGroup("reading", enabled=True))
    assert (unknown.code, unknown.reason) == (
        FailureCode.BAD_ARGUMENT,
        "no app has a group 'reading', there is writing",
    )


def test_one_activity_is_switched_in_its_app(timed: SmallFlight) -> None:
    """A command to the app itself; its other activities and its housekeeping go on."""
    timed.until(lambda: bool(timed.messages(Tick)), "a tick")
    timed.command("source", EnableActivity("tick", enabled=False))
    ticks = len(timed.messages(Tick))
    before = len(timed.messages(AppHousekeeping, "source"))
    timed.until(lambda: len(timed.messages(AppHousekeeping, "source")) > before + 2, "housekeeping")
    assert len(timed.messages(Tick)) <= ticks + 1


@pytest.mark.parametrize("jump_s", [3600, -3600])
def test_the_hosts_wall_clock_may_jump(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    """An hour back or forth on the host's calendar clock moves nothing on board: no clock, no slot, no interval."""
    real_ns, flag = time.time_ns, folder / "jumped"

    def jumping_ns() -> int:
        return real_ns() + (jump_s * NS_PER_S if flag.exists() else 0)

    monkeypatch.setattr(time, "time_ns", jumping_ns)
    monkeypatch.setattr(time, "time", lambda: jumping_ns() / NS_PER_S)
    timed: SmallFlight = request.getfixturevalue("timed_processes")  # forked only now, so with the clock that jumps
    state_is(timed, ClockState.VALID)
    flag.touch()
    count = pages(timed)[-1].count
    timed.until(lambda: pages(timed)[-1].count > count + 20, "ten seconds")
    seen = [page for page in pages(timed) if page.state is ClockState.VALID]
    assert all(abs(move) < 1_000_000 for move in moves(seen))
    slots_are_whole(timed)


@pytest.fixture
def timed_processes(timed_file: Path, folder: Path) -> Iterator[SmallFlight]:
    """The small flight with a tone, in processes."""
    flight = SmallFlight(ProcessToneVehicle(timed_file, folder), timed_file, folder)
    try:
        flight.until(lambda: flight.vehicle.account().apps == 7, "a running flight")
        yield flight
        flight.settle()
    finally:
        flight.vehicle.close()


def test_only_the_clocks_read_a_clock() -> None:
    """No module of the framework but its clock reads any clock of the host, so that none can jump on board."""
    readers = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "clock_gettime"}
    found = []
    for path in sorted(Path(next(iter(flightsw.__path__))).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name, attribute = node.value.id, node.attr
                if (name == "time" and attribute in readers) or (
                    name == "datetime" and attribute in {"now", "utcnow", "today"}
                ):
                    found.append((path.name, attribute))
    assert found == [("clock.py", "monotonic_ns")] * 2
