"""The job queue: which images wait for inference, which one runs, why each one ended. Pure operations over a state.

A job is QUEUED, then LOADING (a power mode was admitted for it), then RUNNING, and then it has ended: it leaves the
queue with an outcome. On the way it may go back to QUEUED, with the work already done kept or not.
"""

from __future__ import annotations

from enum import IntEnum, unique

import msgspec

from apps.payload.errors import PayloadError
from apps.payload.messages import JobOutcome

MAX_JOBS = 64
"""Jobs that wait or run; one more pushes the least valuable out."""


class JobError(PayloadError):
    """A job that is not there, or not in a state from which the step is possible."""

    def __init__(self, job: int, wanted: str, state: str) -> None:
        super().__init__(f"job {job} cannot be {wanted}: it is {state}")
        self.job, self.wanted, self.state = job, wanted, state


@unique
class JobState(IntEnum):
    """Where a job is on its way."""

    QUEUED = 0
    LOADING = 1
    RUNNING = 2


class Job(msgspec.Struct):
    """One image to be looked at.

    Attributes:
        id: number of the job, counted since launch.
        scene: number of the image since launch, 0 when it is only known from the image itself.
        target: what it shows, likewise.
        file: number of the image in the mass memory.
        value: what the result is worth.
        arrived_ns: when it was queued.
        deadline_ns: when the result must be there.
        state: where it is on its way.
        attempts: starts that failed, through no fault of the guard's.
        variant: of the model, chosen at the first start; empty before, and when the work begins anew.
        done: share of the work that is done, 0 to 1.
        waited_ns: from queueing to the first start; -1 before.
        run_ns: on the board.
        energy_wh: used on the board.
        peak_c: hottest temperature of the board while it ran; None before.
    """

    id: int
    scene: int
    target: int
    file: int
    value: float
    arrived_ns: int
    deadline_ns: int
    state: JobState = JobState.QUEUED
    attempts: int = 0
    variant: str = ""
    done: float = 0.0
    waited_ns: int = -1
    run_ns: int = 0
    energy_wh: float = 0.0
    peak_c: float | None = None


class JobCounters(msgspec.Struct):
    """What became of all jobs; taken + the jobs in the queue = the sum of the outcomes.

    Attributes:
        taken: jobs that were offered, those refused at once included.
        retries: failed starts after which a job was queued again.
    """

    taken: int = 0
    completed: int = 0
    discarded: int = 0
    expired: int = 0
    cancelled: int = 0
    failed: int = 0
    refused: int = 0
    retries: int = 0


class QueueState(msgspec.Struct):
    """The memory of a job queue.

    Attributes:
        jobs: in the order of arrival.
        next_id: number of the next job.
    """

    jobs: list[Job] = msgspec.field(default_factory=list)
    next_id: int = 1
    counters: JobCounters = msgspec.field(default_factory=JobCounters)


class JobQueue:
    """Operations over a queue's state.

    Attributes:
        state: the memory; give the same state to another queue and it goes on.
    """

    def __init__(self, state: QueueState) -> None:
        self.state = state

    # ---------------------------------------------------------------- looking

    @property
    def active(self) -> Job | None:
        """The job that is loading or running."""
        return next((job for job in self.state.jobs if job.state is not JobState.QUEUED), None)

    @property
    def waiting(self) -> list[Job]:
        """Jobs that wait, in the order of arrival."""
        return [job for job in self.state.jobs if job.state is JobState.QUEUED]

    def find(self, job_id: int) -> Job | None:
        """The job of that number, None when it is not in the queue."""
        return next((job for job in self.state.jobs if job.id == job_id), None)

    def holds_file(self, file: int) -> bool:
        """Whether an image is already queued."""
        return any(job.file == file for job in self.state.jobs)

    # ---------------------------------------------------------------- steps of a job

    def submit(
        self, *, scene: int, target: int, file: int, value: float, now_ns: int, deadline_ns: int
    ) -> tuple[Job, Job | None]:
        """Take a job in.

        Returns:
            The job, and the one that had to go for it: None, the least valuable of the waiting jobs, or the new job
            itself when none waits that is worth less.
        """
        state = self.state
        job = Job(state.next_id, scene, target, file, value, now_ns, deadline_ns)
        state.next_id += 1
        state.counters.taken += 1
        state.jobs.append(job)
        if len(state.jobs) <= MAX_JOBS:
            return job, None
        least = min(self.waiting, key=lambda waiting: (waiting.value, -waiting.arrived_ns, -waiting.id))
        self.end(least, JobOutcome.REFUSED)
        return job, least

    def expire(self, now_ns: int) -> list[Job]:
        """End all jobs whose deadline has come, running ones too, and return them."""
        late = [job for job in self.state.jobs if job.deadline_ns <= now_ns]
        for job in late:
            self.end(job, JobOutcome.EXPIRED)
        return late

    def load(self, job: Job, variant: str, now_ns: int) -> None:
        """Begin a job: it is the active one from now on.

        Raises:
            JobError: it does not wait, or another job is active.
        """
        if self.active is not None:
            raise JobError(job.id, "loaded", f"not alone: job {self.active.id} is active")
        self._step(job, JobState.QUEUED, JobState.LOADING)
        if variant != job.variant:
            job.variant, job.done = variant, 0.0
        if job.waited_ns < 0:
            job.waited_ns = now_ns - job.arrived_ns

    def run(self, job: Job) -> None:
        """The board works on a job.

        Raises:
            JobError: it is not loading.
        """
        self._step(job, JobState.LOADING, JobState.RUNNING)

    def suspend(self, job: Job, done: float) -> None:
        """Put the active job back through no fault of its own; ``done`` of its work, 0 to 1, need not be done again.

        Raises:
            JobError: it is not active.
        """
        self._back(job)
        job.done = min(max(done, job.done), 1.0)

    def retry(self, job: Job, attempts_allowed: int) -> bool:
        """Put the active job back after a failed start, to be done anew; False, and ended, when it was once too often.

        Raises:
            JobError: it is not active.
        """
        self._back(job)
        job.attempts += 1
        job.variant, job.done = "", 0.0
        if job.attempts >= attempts_allowed:
            self.end(job, JobOutcome.FAILED)
            return False
        self.state.counters.retries += 1
        return True

    def end(self, job: Job, outcome: JobOutcome) -> None:
        """Take a job out, whatever it is doing, and count the outcome.

        Raises:
            JobError: it is not in the queue.
        """
        if self.find(job.id) is None:
            raise JobError(job.id, "ended", "not in the queue")
        self.state.jobs = [other for other in self.state.jobs if other.id != job.id]
        counters = self.state.counters
        match outcome:
            case JobOutcome.COMPLETED:
                counters.completed += 1
            case JobOutcome.DISCARDED_CLOUDY:
                counters.discarded += 1
            case JobOutcome.EXPIRED:
                counters.expired += 1
            case JobOutcome.CANCELLED:
                counters.cancelled += 1
            case JobOutcome.FAILED:
                counters.failed += 1
            case JobOutcome.REFUSED:
                counters.refused += 1

    def _back(self, job: Job) -> None:
        if job.state is JobState.QUEUED:
            raise JobError(job.id, "put back", "waiting")
        job.state = JobState.QUEUED

    def _step(self, job: Job, before: JobState, after: JobState) -> None:
        if self.find(job.id) is None:
            raise JobError(job.id, after.name.lower(), "not in the queue")
        if job.state is not before:
            raise JobError(job.id, after.name.lower(), job.state.name.lower())
        job.state = after
