"""What can go wrong with image, model, worker, board and memory, and how the payload goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from apps.payload.app import MAX_DELETIONS
from apps.payload.controller import VERIFICATION_ATTEMPTS
from apps.payload.jobs import JobState
from apps.payload.messages import (
    BoardFailed,
    CancelJob,
    ClearFault,
    ComputeMode,
    GuardReason,
    JobOutcome,
    ModelUnusable,
    ProductReady,
    SubmitJob,
)
from apps.payload.worker_messages import WorkRequest, WorkResult, WorkStatus
from flightsw.app import WorkFailed
from flightsw.services.store import MAX_ENTRY_OCTETS
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.verification import FailureCode, Stage

if TYPE_CHECKING:
    from conftest import World

# ---------------------------------------------------------------- images


def test_an_image_of_the_wrong_shape_fails_alone(world: World) -> None:
    """The worker's refusal ends the job with its reason and stops the board; the next image is worked off."""
    good = world.answer
    world.answer = lambda request: (
        WorkResult(request.number, WorkStatus.IMAGE_REFUSED, "image shape is (3, 9, 9)")
        if request.image
        else good(request)
    )
    world.take_image(file=1)
    world.until_ended()
    assert (world.reports[0].outcome, world.reports[0].reason) == (JobOutcome.FAILED, "image shape is (3, 9, 9)")
    assert not world.board.running
    assert 1 in world.memory.files
    world.answer = good
    world.take_image(file=2)
    assert world.until_ended(jobs=2).outcome is JobOutcome.COMPLETED


def test_a_damaged_image_costs_no_energy(world: World) -> None:
    """An image whose checksum is wrong fails before the board begins."""
    world.take_image(file=1, damaged=True)
    report = world.until_ended()
    assert report.outcome is JobOutcome.FAILED
    assert "checksum" in report.reason
    assert (world.board.started, report.energy) == ([], 0.0)


def test_a_missing_image_fails(world: World) -> None:
    """A number that no file has is final."""
    world.bench.command(SubmitJob(file=77, value=1.0))
    report = world.until_ended()
    assert (report.outcome, report.reason) == (JobOutcome.FAILED, "image file 77: NOT_FOUND")


def test_a_silent_memory_is_asked_again_once(world: World) -> None:
    """An image that cannot be read now costs an attempt, not the job."""
    world.take_image()
    world.memory.silent = True
    world.until(ComputeMode.WARMING)
    world.pass_time(1)
    world.memory.silent = False
    assert world.until_ended().outcome is JobOutcome.COMPLETED
    assert (world.status.retries, world.status.errors) == (1, 1)


def test_a_memory_that_stays_silent_fails_the_job(world: World) -> None:
    """The second failed attempt is the last."""
    world.take_image()
    world.memory.silent = True
    report = world.until_ended()
    assert (report.outcome, world.state.queue.counters.retries) == (JobOutcome.FAILED, 1)
    assert "image cannot be read" in report.reason


def test_a_full_memory_is_waited_for(world: World) -> None:
    """A finished job tries to store its product until there is room."""
    world.take_image()
    world.memory.full = True
    world.pass_time(80)
    assert world.reports == []
    world.memory.full = False
    assert world.until_ended().outcome is JobOutcome.COMPLETED
    assert world.bench.latest(ProductReady).product == 1


def test_a_memory_that_stays_full_fails_the_job(world: World) -> None:
    """Beyond the result limit the job is tried once more, then it has failed."""
    world.take_image()
    world.memory.full = True
    report = world.until_ended(within_s=1000)
    assert (report.outcome, report.reason) == (JobOutcome.FAILED, "no result, or no room for the product")
    assert world.bench.sent(ProductReady) == []


def test_a_result_that_is_no_mask_fails_the_job(world: World) -> None:
    """Classes that do not fill the image are refused by the product's format."""
    good = world.see

    def short(request: WorkRequest) -> WorkResult:
        result = good(request)
        if result.analysis is None:
            return result
        return msgspec.structs.replace(result, analysis=msgspec.structs.replace(result.analysis, classes=b"\x00"))

    world.answer = short
    world.take_image()
    report = world.until_ended()
    assert report.outcome is JobOutcome.FAILED
    assert "mask classes" in report.reason


def test_deletions_wait_for_a_silent_memory(world: World) -> None:
    """What cannot be deleted now is deleted later; beyond the bound it is given up and counted."""
    world.bench.deliver(msgspec.structs.replace(_mode_of(world), valid=False))
    world.memory.files[9] = b"x"
    world.bench.command(SubmitJob(file=9, value=1.0, deadline_s=60))
    world.memory.silent = True
    world.state.enabled = False
    world.pass_time(70)
    assert (world.reports[-1].outcome, world.state.deletions) == (JobOutcome.EXPIRED, [9])
    world.memory.silent = False
    world.pass_time(1)
    assert (world.memory.files, world.state.deletions) == ({}, [])
    world.state.deletions = list(range(MAX_DELETIONS))
    world.memory.silent = True
    world.bench.command(SubmitJob(file=10, value=1.0, deadline_s=60))
    world.pass_time(61)
    assert (len(world.state.deletions), world.state.lost_deletions) == (MAX_DELETIONS, 1)


def _mode_of(world: World) -> object:
    """A navigation packet to be changed: an invalid one is not taken."""
    world.pass_time(1)
    from apps.attitude.messages import Navigation  # noqa: PLC0415 - only here

    return Navigation(True, 0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 0.0, 0.0, (1.0, 0.0, 0.0), True)


# ---------------------------------------------------------------- model and worker


def unusable(request: WorkRequest) -> WorkResult:
    """A worker without a model."""
    return WorkResult(request.number, WorkStatus.MODEL_UNUSABLE, "CorruptModelError: SHA-256 is wrong")


def test_a_corrupt_model_is_a_fault_that_waits_for_the_ground(world: World) -> None:
    """FAULT, one event, board off, jobs kept; ClearFault verifies again and the jobs are done."""
    world.answer = unusable
    world.take_image()
    world.until(ComputeMode.FAULT)
    world.pass_time(20)
    assert [event.reason for event in world.bench.sent(ModelUnusable)] == ["CorruptModelError: SHA-256 is wrong"]
    assert (world.board.on_since_ns, world.status.queued, world.reports) == (None, 1, [])
    world.bench.command(ClearFault())
    world.pass_time(5)
    assert world.status.mode is ComputeMode.FAULT  # still corrupt
    assert len(world.bench.sent(ModelUnusable)) == 2
    world.answer = world.see
    assert world.bench.command(ClearFault()).stage is Stage.COMPLETED
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_clearing_a_fault_verifies_even_without_work(world: World) -> None:
    """With an empty queue the model is verified while the board stays off."""
    world.answer = unusable
    world.take_image()
    world.until(ComputeMode.FAULT)
    world.bench.command(CancelJob(1))
    world.answer = world.see
    world.bench.command(ClearFault())
    world.pass_time(5)
    assert (world.status.mode, world.state.verified, world.state.verification) == (ComputeMode.OFF, True, 0)


def test_there_must_be_a_fault_to_clear(world: World) -> None:
    """ClearFault outside FAULT is refused, with the mode."""
    verdict = world.bench.command(ClearFault())
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert "OFF" in verdict.reason


def test_a_model_lost_while_a_job_runs_keeps_the_job(world: World) -> None:
    """The job goes back to the queue without losing an attempt."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.answer = unusable
    world.until(ComputeMode.FAULT)
    assert (world.jobs[0].state, world.jobs[0].attempts) == (JobState.QUEUED, 0)
    assert world.reports == []


@pytest.mark.parametrize("lost", [1, 2])
def test_a_worker_lost_over_the_verification_is_replaced(world: World, lost: int) -> None:
    """The model is intact: another worker is asked, no fault, and the job loses no attempt."""
    left = [lost]

    def dying(request: WorkRequest) -> WorkResult | WorkFailed | None:
        if request.image or not left[0]:
            return world.see(request)
        left[0] -= 1
        return WorkFailed("inference", str(request.number), "worker process ended")

    world.answer = dying
    world.take_image()
    report = world.until_ended()
    assert (report.outcome, world.state.queue.counters.retries) == (JobOutcome.COMPLETED, 0)
    assert world.bench.sent(ModelUnusable) == []
    assert "FAULT" not in world.path
    assert world.state.lost_verifications == 0


def test_workers_that_are_all_lost_are_a_fault(world: World) -> None:
    """Three in a row, each asked once; then the payload waits for the ground, and begins to count anew."""
    asked = []

    def dead(request: WorkRequest) -> WorkFailed:
        asked.append(request)
        return WorkFailed("inference", str(request.number), "worker process ended")

    world.answer = dead
    world.take_image()
    world.until(ComputeMode.FAULT)
    world.pass_time(60)
    assert len(asked) == VERIFICATION_ATTEMPTS == 3
    assert [event.reason for event in world.bench.sent(ModelUnusable)] == [
        "not verified, 3 workers were lost: worker process ended"
    ]
    world.bench.command(ClearFault())
    world.pass_time(60)
    assert len(asked) == 2 * VERIFICATION_ATTEMPTS
    world.answer = world.see
    world.bench.command(ClearFault())
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_failed_work_is_tried_once_more(world: World) -> None:
    """The first failure queues the job again, the second ends it with the worker's reason."""
    world.answer = lambda request: (
        WorkFailed("inference", str(request.number), "out of memory") if request.image else world.see(request)
    )
    world.take_image()
    report = world.until_ended()
    assert (report.outcome, report.reason) == (JobOutcome.FAILED, "out of memory")
    assert len(world.board.started) == 2
    world.bench.deliver_result(WorkFailed("inference", "999", "late"))
    assert world.state.late_results == 1


def test_a_result_without_content_is_tried_once_more(world: World) -> None:
    """A worker that answers a look with a verification is not believed."""
    world.answer = lambda request: WorkResult(request.number, WorkStatus.MODEL_VERIFIED)
    world.take_image()
    report = world.until_ended()
    assert (report.outcome, report.reason) == (JobOutcome.FAILED, "the worker's result is empty")


# ---------------------------------------------------------------- the board


def test_a_hung_board_is_power_cycled_and_the_job_done(world: World) -> None:
    """No progress: abort, switch off and on, queue again once, and done."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.board.stuck = True
    world.until(ComputeMode.OFF)
    world.board.stuck = False
    assert world.status.board_failures == 1
    assert world.until_ended().outcome is JobOutcome.COMPLETED
    world.pass_time(1)
    assert (world.status.retries, world.status.board_failures) == (1, 0)
    assert world.path.count("BOOTING") == 2


def test_a_job_that_hangs_the_board_twice_has_failed(world: World) -> None:
    """The poison job goes, the payload stays."""
    world.take_image()
    world.board.stuck = True
    report = world.until_ended()
    assert (report.outcome, report.reason) == (JobOutcome.FAILED, "no progress for 30 s")
    world.board.stuck = False
    world.take_image(file=2)
    assert world.until_ended(jobs=2).outcome is JobOutcome.COMPLETED


def test_a_silent_board_is_lost(world: World) -> None:
    """Beyond the time of silence the board is switched off and the job queued again."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.board.silent = True
    world.until(ComputeMode.OFF, within_s=7)
    assert world.bench.latest(BoardFailed).reason == "is lost"
    assert world.jobs[0].attempts == 1
    world.board.silent = False
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_a_board_that_trips_comes_back(world: World) -> None:
    """The board's own thermal trip: off, said so, on again, job done."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.board.tripped = True
    world.until(ComputeMode.OFF, within_s=3)
    assert world.bench.latest(BoardFailed).reason == "was too hot and has tripped"
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_a_board_that_forgets_its_work_is_given_it_again(world: World) -> None:
    """A board that knows nothing of the run, or has stopped it, costs an attempt."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.board.job = 0
    world.board.running = False
    world.until(ComputeMode.IDLE, within_s=2)
    assert world.jobs[0].attempts == 1
    world.until(ComputeMode.RUNNING)
    world.board.running = False
    world.board.done_s = 0.0
    report = world.until_ended()
    assert (report.outcome, report.reason) == (JobOutcome.FAILED, "the board has stopped the work")


def test_a_board_that_does_not_boot_is_a_fault(world: World) -> None:
    """Three failed boots in a row end in FAULT with the jobs kept; cleared, the count begins again."""
    world.board.boots = False
    world.take_image()
    world.until(ComputeMode.FAULT, within_s=300)
    assert [event.failures for event in world.bench.sent(BoardFailed)] == [1, 2, 3]
    assert world.path.count("BOOTING") == 3
    assert world.status.queued == 1
    world.board.boots = True
    world.bench.command(ClearFault())
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_a_board_that_does_not_take_the_work_costs_an_attempt(world: World) -> None:
    """Silence at the moment of the start is survived."""
    world.take_image()
    world.until(ComputeMode.WARMING)
    world.board.silent = True
    world.pass_time(1)
    world.board.silent = False
    assert world.until_ended().outcome is JobOutcome.COMPLETED
    assert world.status.retries == 1


def test_a_board_that_does_not_stop_is_switched_off(world: World) -> None:
    """When an abort is not obeyed, the line opens."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.board.obstinate = True
    world.bench.command(CancelJob(1))
    world.pass_time(2)
    assert (world.board.on_since_ns, world.board.aborted) == (None, [])
    assert world.status.board_failures == 1


def test_a_throttled_board_is_told(world: World) -> None:
    """THROTTLED while the board is slow, RUNNING when it is not."""
    world.take_image()
    world.until(ComputeMode.RUNNING)
    world.board.throttled = True
    world.pass_time(10)
    assert world.status.mode is ComputeMode.THROTTLED
    world.board.throttled = False
    world.pass_time(1)
    assert world.status.mode is ComputeMode.RUNNING
    assert world.until_ended().outcome is JobOutcome.COMPLETED


def test_a_line_that_does_not_obey_is_commanded_again(world: World) -> None:
    """Every five seconds while the measured line is not as it should be, in both directions."""
    world.line_obeys = False
    world.take_image()
    world.pass_time(12)
    assert [command.on for command in world.bench.commands] == [True, True, True]
    world.line_obeys = True
    world.until_ended()


def test_a_line_that_is_on_without_need_is_switched_off(world: World) -> None:
    """A board that somebody else has switched on is switched off."""
    world.board.switch(on=True)
    world.pass_time(2)
    assert world.board.on_since_ns is None


def test_a_failure_of_the_mode_machine_is_a_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a transition cannot even be told, the payload goes to FAULT with the board off."""
    app = world.bench.app
    told = app.event
    failing = [True]

    def tell(event: Event) -> None:
        if failing and failing.pop():
            raise ZeroDivisionError
        told(event)

    monkeypatch.setattr(app, "event", tell)
    world.take_image()
    world.pass_time(3)
    assert (world.status.mode, world.state.fault) == (ComputeMode.FAULT, "ZeroDivisionError: ")
    assert world.board.on_since_ns is None
    world.bench.command(ClearFault())
    assert world.until_ended().outcome is JobOutcome.COMPLETED


# ---------------------------------------------------------------- restarts


def test_a_restart_queues_the_running_job_again(world: World) -> None:
    """After a restart the job waits, the board is power-cycled, and the job is done."""
    world.take_image(file=1)
    world.take_image(file=2, value=1.0)
    world.until(ComputeMode.RUNNING)
    world.bench.container.checkpoint()
    world.bench.restart()
    assert [job.state for job in world.jobs] == [JobState.QUEUED] * 2
    assert (world.jobs[0].attempts, world.state.run, world.board.running) == (1, None, False)
    world.until_ended(jobs=2)
    assert [report.outcome for report in world.reports] == [JobOutcome.COMPLETED] * 2
    assert world.path.count("BOOTING") == 2


def test_a_job_that_brings_the_app_down_twice_has_failed(world: World) -> None:
    """A restart counts as an attempt, so that no job can restart the app for ever."""
    world.take_image()
    for _ in range(2):
        world.until(ComputeMode.RUNNING)
        world.bench.container.checkpoint()
        world.bench.restart()
    assert (world.reports[-1].outcome, world.reports[-1].reason) == (JobOutcome.FAILED, "restart of the app")


def test_a_fault_survives_a_restart(world: World) -> None:
    """FAULT stays until the ground clears it."""
    world.answer = unusable
    world.take_image()
    world.until(ComputeMode.FAULT)
    world.bench.container.checkpoint()
    world.bench.restart()
    world.pass_time(5)
    assert (world.status.mode, world.status.queued) == (ComputeMode.FAULT, 1)


def test_the_memory_fits_the_store(world: World) -> None:
    """With a full queue, a forecast and a result of a whole image, the checkpoint stays within its bound."""
    for file in range(1, 80):
        world.take_image(file=file)
    world.until(ComputeMode.RUNNING)
    run = world.state.run
    assert run is not None
    result = world.see(WorkRequest(run.number, "full", b"x"))
    assert result.analysis is not None
    analysis = msgspec.structs.replace(result.analysis, classes=bytes(256 * 256))
    world.bench.deliver_result(msgspec.structs.replace(result, analysis=analysis))
    assert run.result is not None
    octets = len(msgspec.msgpack.encode(world.state))
    assert octets < MAX_ENTRY_OCTETS / 2
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(world.state), type=type(world.state)) == world.state


@pytest.mark.parametrize("telling", [set(), {"power", "thermal", "mode"}])
def test_a_payload_that_is_told_nothing_does_nothing(world: World, telling: set[str]) -> None:
    """Without telemetry, or without an orbit, no line is switched, and the refusals are counted."""
    world.telling = telling
    world.take_image()
    world.pass_time(10)
    assert (world.bench.commands, world.status.guard) == ([], GuardReason.STALE_MEASUREMENT)
    assert world.status.guard_refusals == 10


def test_a_slow_worker_is_no_fault_of_the_board(world: World) -> None:
    """A board that is up waits for the model as long as the worker's own time limit lets it."""
    world.worker_delay_s = 200
    world.take_image()
    assert world.until_ended(within_s=800).outcome is JobOutcome.COMPLETED
    assert not world.bench.sent(BoardFailed)
