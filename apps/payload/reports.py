"""The packets that the payload reports by: how it is doing, and how a job went."""

from __future__ import annotations

from apps.payload.forecast import NANOSECONDS
from apps.payload.jobs import Job, JobState
from apps.payload.messages import ComputeMode, JobOutcome, JobReport, PayloadStatus
from apps.payload.state import PayloadState

MAX_REASON_OCTETS = 80
MAX_COUNT_16 = 65_535


def fit(text: str, octets: int) -> str:
    """A text cut to what its field can carry, on a character boundary."""
    return text.encode()[:octets].decode(errors="ignore")


def payload_status(state: PayloadState, mode: ComputeMode) -> PayloadStatus:
    """The payload now."""
    counters, run = state.queue.counters, state.run
    return PayloadStatus(
        mode=mode,
        enabled=state.enabled,
        policy=state.policy,
        job=0 if run is None else run.job,
        board_power_mode=run.power_w if run is not None and run.working else 0,
        board_temperature=state.board_c,
        queued=sum(job.state is JobState.QUEUED for job in state.queue.jobs),
        completed=counters.completed,
        discarded=counters.discarded,
        expired=counters.expired,
        failed=counters.failed + counters.cancelled,
        refused=counters.refused,
        retries=counters.retries,
        cut_offs=state.cut_offs,
        planner_failures=min(state.planner_failures, MAX_COUNT_16),
        board_failures=min(state.board_failures, MAX_COUNT_16),
        errors=state.errors,
        guard=state.guard,
        guard_refusals=state.guard_refusals,
        energy=state.energy_wh,
    )


def job_report(
    job: Job, outcome: JobOutcome, reason: str, now_ns: int, *, value: float, cloud_fraction: float
) -> JobReport:
    """How a job went that ends now; one that never started has waited until now."""
    waited_ns = job.waited_ns if job.waited_ns >= 0 else now_ns - job.arrived_ns
    return JobReport(
        job=job.id,
        scene=job.scene,
        target=job.target,
        outcome=outcome,
        variant=job.variant,
        value=value,
        cloud_fraction=cloud_fraction,
        energy=job.energy_wh,
        run_s=job.run_ns / NANOSECONDS,
        wait_s=waited_ns / NANOSECONDS,
        peak_temperature=0.0 if job.peak_c is None else job.peak_c,
        reason=fit(reason, MAX_REASON_OCTETS),
    )
