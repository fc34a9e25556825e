"""From image to product, and what the ground can command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.camera.messages import ImageTaken
from apps.payload.image_store import FIRST_PRODUCT_FILE
from apps.payload.jobs import MAX_JOBS, JobState
from apps.payload.messages import (
    CancelJob,
    ComputeMode,
    EnablePayload,
    GuardReason,
    JobEnded,
    JobOutcome,
    PlannerPolicy,
    ProductReady,
    SetPolicy,
    SubmitJob,
)
from flightsw.devices.compute_board import BoardState, PowerMode
from tlm_cmd.packets.verification import FailureCode, Stage
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.mask_file import parse_mask

if TYPE_CHECKING:
    from conftest import World


def test_an_image_becomes_a_product(world: World) -> None:
    """The board boots, the model is verified, the image is analysed, the mask is stored and the image deleted."""
    world.take_image(file=1, value=2.0)
    report = world.until_ended()
    world.pass_time(2)
    assert world.path == ["BOOTING", "IDLE", "WARMING", "RUNNING", "IDLE"]
    assert (report.outcome, report.variant, report.value) == (JobOutcome.COMPLETED, "full", 2.0)
    ready = world.bench.latest(ProductReady)
    assert (ready.product, ready.file, ready.scene, ready.target) == (1, FIRST_PRODUCT_FILE + 1, 101, 17)
    assert list(world.memory.files) == [ready.file]
    mask = parse_mask(world.memory.files[ready.file])
    assert (mask.scene_id, mask.target_id, mask.model_version) == (101, 17, "1.0")
    assert mask.flags is ProductFlag.SYNTHETIC_CLOUDS
    assert mask.cloud_fraction == pytest.approx(0.2, abs=0.01)
    assert (ready.octets, ready.raw_octets) == (len(world.memory.files[ready.file]), 26 + 4 * 8 * 8 * 2)
    assert (ready.green_fraction, ready.water_fraction) == (0.25, 0.0)


def test_energy_time_and_heat_of_a_job_are_true(world: World) -> None:
    """The report's energy is the power of the line over the time on the board, to a control slot."""
    world.take_image()
    report = world.until_ended()
    (_, mode, work_s) = world.board.started[0]
    assert (mode, work_s) == (PowerMode.W25, 16.6)
    assert report.run_s == pytest.approx(16.6, abs=1.0)
    assert report.energy == pytest.approx(25.0 * report.run_s / 3600.0, abs=25.0 / 3600.0)
    assert world.status.energy == pytest.approx(report.energy)
    assert report.peak_temperature == 30.0  # the board's own sensor is the hotter one
    assert 5.0 < report.wait_s < 12.0


def test_a_job_ends_when_both_board_and_worker_are_done(world: World) -> None:
    """A result before the board's end waits for it, and a board before the result does too."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    number = world.board.started[0][0]
    world.bench.deliver_result(world.see(world.bench.works[-1].request))
    world.pass_time(5)
    assert world.reports == []
    assert world.state.run is not None
    assert world.state.run.number == number
    world.until_ended()
    world.answer = lambda request: world.see(request) if not request.image else None
    world.take_image(file=2)
    world.pass_time(60)
    assert len(world.reports) == 1
    assert world.board.state is BoardState.IDLE
    world.bench.deliver_result(world.see(world.bench.works[-1].request))
    assert len(world.reports) == 2
    assert world.state.late_results == 1  # the first run's result came a second time, from the worker


def test_a_cloudy_image_is_discarded(world: World) -> None:
    """Above the threshold there is no product, and the image is deleted; at the threshold it is kept."""
    world.cloud = 0.75
    world.take_image()
    report = world.until_ended()
    world.pass_time(2)
    assert (report.outcome, report.value, report.reason) == (JobOutcome.DISCARDED_CLOUDY, 0.0, "75% cloud")
    assert (world.memory.files, world.bench.sent(ProductReady)) == ({}, [])
    assert world.status.discarded == 1


def test_the_board_is_switched_off_when_it_is_not_needed(world: World) -> None:
    """After the rest time without work the line opens; the next image brings the board back."""
    world.cloud = 0.75
    world.take_image()
    world.until_ended()
    world.until(ComputeMode.OFF, within_s=310)
    world.pass_time(5)
    assert world.board.on_since_ns is None
    world.take_image(file=2)
    world.until_ended(jobs=2)


def test_the_most_valuable_image_goes_first(world: World) -> None:
    """Several images are worked off by value, one after the other, without booting again."""
    for file, value in ((1, 1.0), (2, 3.0), (3, 2.0)):
        world.take_image(file=file, value=value)
    world.until_ended(jobs=3)
    world.pass_time(1)
    assert [report.scene for report in world.reports] == [102, 103, 101]
    assert world.path.count("BOOTING") == 1
    assert (world.status.completed, world.status.queued) == (3, 0)


def test_an_image_told_twice_is_queued_once(world: World) -> None:
    """A duplicate of ImageTaken has no second effect, and a value that is not a number counts as 0."""
    world.take_image(file=1)
    world.take_image(file=1)
    assert len(world.jobs) == 1
    world.bench.container.app.take_image(ImageTaken(9, 1, "x", 9, 1, float("nan"), 0, 0.0))
    assert world.jobs[1].value == 0.0


def test_a_submitted_job_learns_its_target_from_the_image(world: World) -> None:
    """An image that is only known by its number is described by its header."""
    world.take_image(file=1)
    world.bench.command(CancelJob(1))
    verdict = world.bench.command(SubmitJob(file=1, value=5.0))
    assert verdict.stage is Stage.COMPLETED
    report = world.until_ended(jobs=2)
    assert (report.scene, report.target, report.value) == (41, 17, 5.0)


def test_submitting_twice_is_refused(world: World) -> None:
    """A file that is queued cannot be queued again."""
    world.take_image(file=1)
    verdict = world.bench.command(SubmitJob(file=1, value=5.0))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)


def test_a_full_queue_refuses_the_least_valuable(world: World) -> None:
    """A worthless job is refused by name; a valuable one pushes the least out, whose image is deleted."""
    world.bench.command(EnablePayload(enabled=False))
    for file in range(1, MAX_JOBS + 1):
        world.take_image(file=file, value=float(file))
    verdict = world.bench.command(SubmitJob(file=900, value=0.5))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert "full" in verdict.reason
    world.take_image(file=500, value=50.0)
    world.pass_time(2)
    assert [report.outcome for report in world.reports] == [JobOutcome.REFUSED] * 2
    assert 1 not in world.memory.files
    assert (world.status.refused, world.status.queued) == (2, MAX_JOBS)


def test_a_waiting_job_is_cancelled(world: World) -> None:
    """The job ends, its image stays, and a second cancellation is refused."""
    world.bench.command(EnablePayload(enabled=False))
    world.take_image(file=1)
    assert world.bench.command(CancelJob(1)).stage is Stage.COMPLETED
    world.pass_time(2)
    assert (world.reports[-1].outcome, world.status.failed) == (JobOutcome.CANCELLED, 1)
    assert world.reports[-1].peak_temperature == 0.0
    assert 1 in world.memory.files
    verdict = world.bench.command(CancelJob(1))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)


def test_a_running_job_is_cancelled(world: World) -> None:
    """The board stops at once, and the late result is counted, not used."""
    world.take_image(file=1)
    world.until(ComputeMode.RUNNING)
    world.bench.command(CancelJob(1))
    assert world.board.aborted == [world.board.started[0][0]]
    assert world.path[-1] == "IDLE"
    world.pass_time(60)
    assert (world.state.late_results, world.bench.sent(ProductReady)) == (1, [])


def test_a_job_expires_while_it_waits(world: World) -> None:
    """At its deadline a job ends, and its image is deleted."""
    world.bench.command(EnablePayload(enabled=False))
    world.memory.files[5] = b"x"
    world.bench.command(SubmitJob(file=5, value=1.0, deadline_s=60))
    world.pass_time(59)
    assert world.reports == []
    world.pass_time(3)
    assert (world.reports[-1].outcome, world.status.expired) == (JobOutcome.EXPIRED, 1)
    assert world.reports[-1].wait_s == pytest.approx(60.25, abs=0.01)
    assert world.memory.files == {}


def test_a_job_expires_while_it_runs(world: World) -> None:
    """A running job is stopped at its deadline."""
    world.take_image(file=1)
    world.bench.command(CancelJob(1))
    world.bench.command(SubmitJob(file=1, value=1.0, deadline_s=200))
    world.until(ComputeMode.RUNNING)
    world.board.stuck = True
    world.state.queue.jobs[0].deadline_ns = world.bench.clock.now_ns() + 10_000_000_000
    world.pass_time(12)
    assert world.reports[-1].outcome is JobOutcome.EXPIRED
    assert len(world.board.aborted) == 1


def test_disabling_switches_the_board_off_at_once(world: World) -> None:
    """The running job waits with its work done so far, and goes on with it when the payload is enabled again."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.pass_time(8)
    world.bench.command(EnablePayload(enabled=False))
    world.pass_time(3)
    assert (world.status.mode, world.status.enabled) == (ComputeMode.OFF, False)
    assert world.board.on_since_ns is None
    job = world.jobs[0]
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert job.done == pytest.approx(8.0 / 16.6, abs=0.05)
    world.bench.command(EnablePayload(enabled=True))
    world.until_ended()
    assert world.board.started[1][2] == pytest.approx((1.0 - job.done) * 16.6)


def test_the_policy_is_chosen_by_command(world: World) -> None:
    """Always-maximum asks for the dearest variant at full power, earliest deadline for the cheapest."""
    world.bench.command(SetPolicy(PlannerPolicy.ALWAYS_MAXIMUM))
    world.take_image(file=1)
    world.until_ended()
    world.bench.command(SetPolicy(PlannerPolicy.EARLIEST_DEADLINE))
    world.take_image(file=2)
    world.until_ended(jobs=2)
    assert [(mode, work_s) for _, mode, work_s in world.board.started] == [
        (PowerMode.W25, 16.6),
        (PowerMode.W25, pytest.approx(1.28)),
    ]
    assert world.status.policy is PlannerPolicy.EARLIEST_DEADLINE


def test_an_idle_payload_tells_that_it_may_work(world: World) -> None:
    """Without jobs the guard's word is still published."""
    world.pass_time(2)
    assert (world.status.guard, world.status.mode, world.status.guard_refusals) == (
        GuardReason.ADMITTED,
        ComputeMode.OFF,
        0,
    )
    assert world.bench.commands == []


def test_the_account_closes(world: World) -> None:
    """Every job is reported once, by packet and by event, and the bus has lost nothing."""
    for file in range(1, 6):
        world.take_image(file=file, damaged=file == 3)
    world.until_ended(jobs=5)
    world.pass_time(2)
    assert sorted(report.job for report in world.reports) == [1, 2, 3, 4, 5]
    assert len(world.bench.sent(JobEnded)) == 5
    status = world.status
    assert (status.completed, status.failed, status.queued) == (4, 1, 0)
    assert world.bench.ledger().closed
    assert world.bench.container.state.errors == 0
