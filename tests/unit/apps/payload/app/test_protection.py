"""The guard in the app: it slows down, cuts off, waits, and lets the work go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.mode_manager.messages import SpacecraftMode
from apps.payload.forecast import Forecast
from apps.payload.jobs import Job, JobState
from apps.payload.messages import (
    ComputeMode,
    GuardCutOff,
    GuardReason,
    JobOutcome,
    PlannerPolicy,
    PlannerReplaced,
    SetPolicy,
)
from apps.payload.planning.choices import Board, Plan
from apps.payload.planning.policy import PLANNERS
from apps.power.messages import ShedLevel
from flightsw.devices.compute_board import PowerMode

if TYPE_CHECKING:
    from conftest import World


def at_full_power(world: World) -> None:
    """A job runs at 25 W."""
    world.bench.command(SetPolicy(PlannerPolicy.ALWAYS_MAXIMUM))
    world.take_image()
    world.until(ComputeMode.RUNNING)
    assert world.board.mode is PowerMode.W25


def test_a_warm_board_is_slowed_down(world: World) -> None:
    """Where 25 W would be too hot and 15 W are not, the board goes on at 15 W without an interruption."""
    at_full_power(world)
    world.board_c, world.sink_c = 71.7, 40.0
    world.pass_time(1)
    assert (world.board.mode, world.status.board_power_mode) == (PowerMode.W15, 15)
    assert (world.status.cut_offs, world.status.guard) == (0, GuardReason.ADMITTED)
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_a_hot_board_is_cut_off_and_cools(world: World) -> None:
    """Over the limit the work stops at once; COOLING lasts until the start margin, then the job goes on."""
    at_full_power(world)
    world.pass_time(5)
    world.board_c = 73.0
    world.pass_time(1)
    assert world.status.mode is ComputeMode.COOLING
    assert [event.reason for event in world.bench.sent(GuardCutOff)] == [GuardReason.BOARD_TEMPERATURE]
    assert (len(world.board.aborted), world.status.cut_offs) == (1, 1)
    world.board_c = 70.0  # admitted for what runs, not for a start
    world.pass_time(5)
    assert world.status.mode is ComputeMode.COOLING
    world.board_c = 60.0
    done = world.jobs[0].done
    assert done > 0.2
    world.until(ComputeMode.RUNNING)
    assert world.board.started[-1][2] == pytest.approx((1.0 - done) * 16.6)
    assert world.until_ended().peak_temperature == 73.0


def test_a_board_that_stays_hot_is_switched_off(world: World) -> None:
    """After the rest time in COOLING the line opens."""
    at_full_power(world)
    world.board_c = 80.0
    world.until(ComputeMode.COOLING)
    world.until(ComputeMode.OFF, within_s=310)
    assert world.status.guard is GuardReason.BOARD_TEMPERATURE


def test_a_board_that_cannot_be_slowed_down_is_cut_off(world: World) -> None:
    """When the weaker power mode is not taken, the work is stopped, and an unanswered abort opens the line."""
    at_full_power(world)
    world.board_c, world.sink_c = 71.7, 40.0
    world.board.silent = True
    world.pass_time(2)
    assert world.board.on_since_ns is None
    assert (world.status.cut_offs, world.jobs[0].state) == (1, JobState.QUEUED)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shed": ShedLevel.PAYLOAD}, GuardReason.LOAD_SHEDDING),
        ({"mode": SpacecraftMode.SAFE}, GuardReason.SPACECRAFT_MODE),
        ({"mode": SpacecraftMode.DETUMBLE}, GuardReason.SPACECRAFT_MODE),
        ({"charge": 0.71}, GuardReason.BATTERY_FLOOR),
        ({"voltage": 27.9}, GuardReason.BUS_VOLTAGE),
    ],
)
def test_what_the_spacecraft_needs_comes_first(world: World, change: dict[str, object], reason: GuardReason) -> None:
    """Shedding, a protective mode, a low battery or bus: cut off, SAFE, line open within two slots; afterwards on."""
    at_full_power(world)
    before = {name: getattr(world, name) for name in change}
    for name, value in change.items():
        setattr(world, name, value)
    world.pass_time(2)
    assert (world.status.mode, world.status.guard) == (ComputeMode.SAFE, reason)
    assert world.board.on_since_ns is None
    assert world.bench.latest(GuardCutOff).reason is reason
    world.pass_time(20)
    assert world.status.mode is ComputeMode.SAFE
    for name, value in before.items():
        setattr(world, name, value)
    assert world.until_ended().outcome is JobOutcome.COMPLETED
    assert world.jobs == []


@pytest.mark.parametrize("lost", ["power", "thermal", "mode"])
def test_stale_measurements_stop_the_work_and_nothing_else(world: World, lost: str) -> None:
    """After the stale limit the board rests; when the news come back, so does the work."""
    at_full_power(world)
    world.pass_time(3)
    world.telling -= {lost}
    world.pass_time(6)
    assert (world.status.mode, world.status.guard) == (ComputeMode.IDLE, GuardReason.STALE_MEASUREMENT)
    assert world.jobs[0].attempts == 0
    world.telling |= {lost}
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_a_lost_orbit_is_survived_for_an_hour(world: World) -> None:
    """The forecast goes on from the last valid orbit until that is too old."""
    world.valid = False
    world.take_image()
    world.pass_time(5)
    assert world.status.mode is ComputeMode.OFF
    world.valid = True
    world.pass_time(1)
    world.valid = False
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_the_guard_may_think_better_of_it_before_the_start(world: World) -> None:
    """A plan that was admitted is dropped when its power is refused at the launch; the job waits."""
    world.take_image()
    world.until(ComputeMode.WARMING)
    world.board_c = 73.0
    world.pass_time(1)
    assert (world.status.mode, world.jobs[0].state) == (ComputeMode.COOLING, JobState.QUEUED)
    assert (world.board.started, world.status.guard) == ([], GuardReason.BOARD_TEMPERATURE)
    assert world.status.guard_refusals == 1


def test_a_broken_planner_is_replaced_and_told_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work goes on by earliest deadline; the failures are counted, the event comes once until the policy is chosen."""

    class Broken:
        def plan(self, now_ns: int, board: Board, forecast: Forecast, jobs: list[Job]) -> Plan | None:
            raise ArithmeticError(now_ns, board, forecast, jobs)

    monkeypatch.setitem(PLANNERS, PlannerPolicy.GREEDY, Broken())
    world.take_image(file=1)
    world.take_image(file=2)
    world.until_ended(jobs=2)
    world.pass_time(1)
    assert [report.variant for report in world.reports] == ["half", "half"]
    assert len(world.bench.sent(PlannerReplaced)) == 1
    assert world.status.planner_failures >= 2
    world.bench.command(SetPolicy(PlannerPolicy.GREEDY))
    world.take_image(file=3)
    world.until_ended(jobs=3)
    assert len(world.bench.sent(PlannerReplaced)) == 2


def test_a_job_for_which_it_is_too_late_is_left_alone(world: World) -> None:
    """A job that an idle board could not finish in time is never begun."""
    world.take_image(file=1)
    world.until_ended()
    world.take_image(file=2)
    world.jobs[0].deadline_ns = world.bench.clock.now_ns() + 3_000_000_000
    assert world.until_ended(jobs=2).outcome is JobOutcome.EXPIRED
    assert len(world.board.started) == 1


def test_work_that_cannot_be_done_in_time_does_not_wake_the_board(world: World) -> None:
    """A job whose deadline comes before a boot could end waits without power until it expires."""
    world.take_image()
    world.state.queue.jobs[0].deadline_ns = world.bench.clock.now_ns() + 20_000_000_000
    assert world.until_ended().outcome is JobOutcome.EXPIRED
    assert world.bench.commands == []
