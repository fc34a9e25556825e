"""The job queue: every job taken in is queued or has ended with one counted outcome."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.payload.jobs import MAX_JOBS, Job, JobError, JobQueue, JobState, QueueState
from apps.payload.messages import JobOutcome


def filled(jobs: int, *, value: float = 1.0, deadline_ns: int = 1000) -> JobQueue:
    """A queue of equal jobs."""
    queue = JobQueue(QueueState())
    for number in range(jobs):
        submit(queue, file=number, value=value, deadline_ns=deadline_ns)
    return queue


def submit(queue: JobQueue, *, file: int = 1, value: float = 1.0, now_ns: int = 0, deadline_ns: int = 1000) -> Job:
    """Take one job in."""
    return queue.submit(scene=1, target=2, file=file, value=value, now_ns=now_ns, deadline_ns=deadline_ns)[0]


def test_a_job_goes_its_way() -> None:
    """Queued, loading, running, ended: one outcome is counted and the job is gone."""
    queue = filled(1)
    job = queue.waiting[0]
    assert (job.id, job.state, queue.active) == (1, JobState.QUEUED, None)
    queue.load(job, "full", 7)
    assert (job.state, job.variant, job.waited_ns, queue.active) == (JobState.LOADING, "full", 7, job)
    queue.run(job)
    assert (job.state, queue.waiting) == (JobState.RUNNING, [])
    queue.end(job, JobOutcome.COMPLETED)
    assert (queue.state.jobs, queue.state.counters.completed, queue.find(1)) == ([], 1, None)


def test_a_suspended_job_keeps_its_work() -> None:
    """What was done stays done, never goes back, and is lost with a change of variant."""
    queue = filled(1)
    job = queue.waiting[0]
    queue.load(job, "full", 0)
    queue.suspend(job, 0.4)
    queue.load(job, "full", 9)
    queue.suspend(job, 0.3)
    assert (job.done, job.attempts, job.waited_ns, job.state) == (0.4, 0, 0, JobState.QUEUED)
    queue.load(job, "half", 9)
    assert (job.done, job.variant) == (0.0, "half")


def test_a_failed_start_is_repeated_as_often_as_allowed() -> None:
    """The first failure queues the job afresh, the second ends it."""
    queue = filled(1)
    job = queue.waiting[0]
    queue.load(job, "full", 0)
    queue.suspend(job, 0.4)
    queue.load(job, "full", 0)
    assert queue.retry(job, 2)
    assert (job.done, job.variant, job.attempts, queue.state.counters.retries) == (0.0, "", 1, 1)
    queue.load(job, "full", 0)
    assert not queue.retry(job, 2)
    assert (queue.state.jobs, queue.state.counters.failed) == ([], 1)


def test_a_full_queue_lets_the_least_valuable_go() -> None:
    """One job too many pushes out the least valuable, of equals the newest, and never the active one."""
    queue = filled(MAX_JOBS, value=2.0)
    least = queue.state.jobs[5]
    least.value = 1.0
    active = queue.state.jobs[0]
    active.value = 0.0
    queue.load(active, "full", 0)
    job, loser = queue.submit(scene=1, target=2, file=99, value=3.0, now_ns=1, deadline_ns=1000)
    assert (loser, queue.state.counters.refused, len(queue.state.jobs)) == (least, 1, MAX_JOBS)
    assert job in queue.waiting
    job, loser = queue.submit(scene=1, target=2, file=98, value=2.0, now_ns=2, deadline_ns=1000)
    assert loser is job
    assert job not in queue.state.jobs


@pytest.mark.parametrize(("now_ns", "left"), [(99, 3), (100, 2), (200, 0)])
def test_jobs_expire_at_their_deadline(now_ns: int, left: int) -> None:
    """A job is late at its deadline, not one nanosecond earlier, running or not."""
    queue = filled(2, deadline_ns=200)
    submit(queue, file=77, deadline_ns=100)
    queue.load(queue.state.jobs[0], "full", 0)
    late = queue.expire(now_ns)
    assert len(queue.state.jobs) == left
    assert queue.state.counters.expired == len(late) == 3 - left


def test_impossible_steps_are_refused_by_name() -> None:
    """A step that the state does not allow raises, with the job's number and what it was."""
    queue = filled(2)
    first, second = queue.waiting
    with pytest.raises(JobError, match="job 1 cannot be running: it is queued") as caught:
        queue.run(first)
    assert (caught.value.job, caught.value.wanted, caught.value.state) == (1, "running", "queued")
    with pytest.raises(JobError, match="job 1 cannot be put back: it is waiting"):
        queue.suspend(first, 0.0)
    queue.load(first, "full", 0)
    with pytest.raises(JobError, match="job 2 cannot be loaded: it is not alone: job 1 is active"):
        queue.load(second, "full", 0)
    queue.end(first, JobOutcome.CANCELLED)
    with pytest.raises(JobError, match="job 1 cannot be ended: it is not in the queue"):
        queue.end(first, JobOutcome.FAILED)
    with pytest.raises(JobError, match="job 1 cannot be loading: it is not in the queue"):
        queue.load(first, "full", 0)


def test_a_file_is_known_while_it_is_queued() -> None:
    """An image counts as held until its job has ended."""
    queue = filled(1)
    assert queue.holds_file(0)
    queue.end(queue.waiting[0], JobOutcome.EXPIRED)
    assert not queue.holds_file(0)


class QueueRules(RuleBasedStateMachine):
    """Taken = queued + the sum of the outcomes, one active job at most, and the bound is kept; through restarts."""

    @initialize()
    def begin(self) -> None:
        """An empty queue."""
        self.queue = JobQueue(QueueState())
        self.now_ns = 0

    @rule(value=st.floats(0, 100), lasts_ns=st.integers(1, 60), copies=st.integers(1, 30))
    def submit(self, value: float, lasts_ns: int, copies: int) -> None:
        """Images come in, sometimes many at once."""
        for _ in range(copies):
            submit(self.queue, value=value, now_ns=self.now_ns, deadline_ns=self.now_ns + lasts_ns)

    @precondition(lambda self: self.queue.waiting and self.queue.active is None)
    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        """Any waiting job begins."""
        self.queue.load(data.draw(st.sampled_from(self.queue.waiting)), "full", self.now_ns)

    @precondition(lambda self: self.queue.active is not None and self.queue.active.state is JobState.LOADING)
    @rule()
    def run(self) -> None:
        """The board begins."""
        self.queue.run(self.queue.active)

    @precondition(lambda self: self.queue.active is not None)
    @rule(done=st.floats(0, 1), again=st.booleans())
    def stop(self, done: float, again: bool) -> None:  # noqa: FBT001 - drawn
        """The guard cuts off, or the start has failed."""
        active = self.queue.active
        if again:
            self.queue.suspend(active, done)
        else:
            self.queue.retry(active, 2)

    @precondition(lambda self: self.queue.state.jobs)
    @rule(data=st.data(), outcome=st.sampled_from(JobOutcome))
    def end(self, data: st.DataObject, outcome: JobOutcome) -> None:
        """Any job ends for any reason."""
        self.queue.end(data.draw(st.sampled_from(self.queue.state.jobs)), outcome)

    @rule(passes_ns=st.integers(0, 50))
    def expire(self, passes_ns: int) -> None:
        """Time passes."""
        self.now_ns += passes_ns
        self.queue.expire(self.now_ns)
        assert all(job.deadline_ns > self.now_ns for job in self.queue.state.jobs)

    @rule()
    def restart(self) -> None:
        """The state goes through a checkpoint."""
        data = msgspec.msgpack.encode(self.queue.state)
        self.queue = JobQueue(msgspec.msgpack.decode(data, type=QueueState))

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every job taken in is in the queue or was counted when it ended."""
        counters = self.queue.state.counters
        ended = counters.completed + counters.discarded + counters.expired + counters.cancelled
        ended += counters.failed + counters.refused
        assert counters.taken == ended + len(self.queue.state.jobs)

    @invariant()
    def the_bound_is_kept(self) -> None:
        """At most MAX_JOBS, at most one of them active, none twice."""
        jobs = self.queue.state.jobs
        assert len(jobs) <= MAX_JOBS
        assert sum(job.state is not JobState.QUEUED for job in jobs) <= 1
        assert len({job.id for job in jobs}) == len(jobs)


QueueRules.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestQueueRules = QueueRules.TestCase
