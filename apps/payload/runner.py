"""The work on one job, from the admitted plan to the product: what is asked of board, worker and mass memory, and when.

A job is finished when the board has done its work and the worker's result has come, in whatever order.
"""

from __future__ import annotations

import math
from contextlib import suppress

from apps.payload.board_keeper import BoardKeeper, LostWorkError
from apps.payload.forecast import NANOSECONDS
from apps.payload.image_store import ImageStore, UnreadableImageError
from apps.payload.inference_messages import InferenceResult
from apps.payload.jobs import Job, JobQueue
from apps.payload.messages import JobOutcome
from apps.payload.planning.choices import Plan, remaining_work_s
from apps.payload.products import store_product
from apps.payload.senses import payload_w
from apps.payload.state import PayloadState, Run
from apps.payload.surroundings import PayloadTables, Voice
from apps.payload.tables import Variant
from apps.payload.worker_messages import WorkRequest, WorkResult, WorkStatus
from flightsw.devices.errors import DeviceError
from tlm_cmd.errors import ProtocolError
from tlm_cmd.products.image_file import parse_image

LOOK_S = 5
"""How often a board that says it works is asked how far it is."""

LEAST_WORK_S = 0.01
"""Work of a run whose job was all but done before: the board takes no empty work."""


class JobRunner:
    """Takes the active job forward; its memory is the run in the app's state."""

    def __init__(
        self,
        state: PayloadState,
        tables: PayloadTables,
        keeper: BoardKeeper,
        store: ImageStore,
        voice: Voice,
    ) -> None:
        self._state = state
        self._tables = tables
        self._keeper = keeper
        self._store = store
        self._voice = voice
        self._queue = JobQueue(state.queue)

    # ---------------------------------------------------------------- begin

    def take(self, plan: Plan, power_w: int, now_ns: int) -> None:
        """An admitted plan, perhaps with less power than planned: its job is loading from now on."""
        job = self._job(plan.job)
        self._queue.load(job, plan.variant, now_ns)
        state = self._state
        state.numbers += 1
        work_s = max(remaining_work_s(job, self._variant(job)), LEAST_WORK_S)
        state.run = Run(state.numbers, job.id, power_w, work_s, job.done)

    def launch(self, power_w: int, now_ns: int) -> None:
        """Read the image of the loading job, and let worker and board begin."""
        run, job = self._active()
        run.power_w = power_w
        try:
            image = self._store.read(job.file, self._tables.rules.largest_image_octets)
            header, _ = parse_image(image)
        except (UnreadableImageError, ProtocolError) as error:
            self._end(JobOutcome.FAILED, str(error))
            return
        except DeviceError as error:
            self._state.errors += 1
            self.retry(f"image cannot be read: {error}")
            return
        if not job.scene:
            job.scene, job.target = header.exposure_index, header.target_id & 0xFFFF
        if not self._keeper.begin(run.number, power_w, run.work_s):
            self.retry("the board does not take the work")
            return
        self._queue.run(job)
        run.began_ns = run.progressed_ns = run.looked_ns = now_ns
        run.image_octets = len(image)
        self._voice.start_work(WorkRequest(run.number, job.variant, image), run.work_s / self._speed(power_w))

    # ---------------------------------------------------------------- while it runs

    def count_energy(self, seconds: float, board_c: float) -> None:
        """Charge the last control slot to the job that the board works on."""
        run = self._state.run
        if run is None or not run.working:
            return
        _, job = self._active()
        energy_wh = payload_w(self._state.heard, self._tables.board) * seconds / 3600.0
        job.energy_wh += energy_wh
        job.run_ns += round(seconds * NANOSECONDS)
        self._state.energy_wh += energy_wh
        if math.isfinite(board_c):
            job.peak_c = board_c if job.peak_c is None else max(job.peak_c, board_c)

    def watch(self, now_ns: int) -> None:
        """See how far the board is, and finish or give up."""
        run = self._state.run
        if run is None or run.began_ns is None:
            return
        if run.working and self._worth_a_look(run, now_ns) and not self._look(run, now_ns):
            return
        self._conclude()
        limit_ns = self._tables.board.result_limit_s * NANOSECONDS
        if self._state.run is run and run.finished_ns is not None and now_ns - run.finished_ns > limit_ns:
            self.retry("no result, or no room for the product")

    def _worth_a_look(self, run: Run, now_ns: int) -> bool:
        """Whether to ask for the progress: from time to time while the board's status says that it works on the run."""
        told, told_ns = self._state.heard.board, self._state.heard.board_ns
        working = told is not None and told_ns == now_ns and told.job == run.number
        return not working or now_ns - run.looked_ns >= LOOK_S * NANOSECONDS

    def _look(self, run: Run, now_ns: int) -> bool:
        """Ask the board how far it is; False when the run was given up."""
        run.looked_ns = now_ns
        try:
            progress = self._keeper.progress(run.number)
        except LostWorkError as error:
            self.retry(str(error))
            return False
        if progress is not None:
            run.advance(progress.done_s, now_ns)
            if progress.finished:
                run.finished_ns = now_ns
                self._state.board_failures = 0
            elif not progress.running:
                self.retry("the board has stopped the work")
                return False
        hang_s = self._tables.board.hang_s
        if run.working and now_ns - run.progressed_ns > hang_s * NANOSECONDS:
            self._state.power_cycle = True
            self.retry(f"no progress for {hang_s} s")
            return False
        return True

    def slow_down(self, power_w: int) -> bool:
        """Go on in a weaker power mode; whether the board does."""
        run, _ = self._active()
        if not self._keeper.set_power(power_w):
            return False
        run.power_w = power_w
        return True

    def accept(self, result: WorkResult) -> bool:
        """Take the worker's result; one that nobody waits for is counted. False when the model is at fault."""
        run = self._state.run
        if run is None or run.number != result.number:
            self._state.late_results += 1
            return True
        match result.status:
            case WorkStatus.MODEL_UNUSABLE:
                self.suspend()
                return False
            case WorkStatus.IMAGE_REFUSED:
                self._end(JobOutcome.FAILED, result.reason)
            case WorkStatus.ANALYSED | WorkStatus.MODEL_VERIFIED:
                run.result = result
                self._conclude()
        return True

    def fail(self, key: str, reason: str) -> None:
        """The worker gave no result."""
        run = self._state.run
        if run is not None and key == str(run.number):
            self.retry(reason)
        else:
            self._state.late_results += 1

    # ---------------------------------------------------------------- end

    def suspend(self) -> None:
        """Stop the active job; it goes on later where it was."""
        run, job = self._active()
        if run.working:
            with suppress(LostWorkError):
                progress = self._keeper.progress(run.number)
                run.done_s = run.done_s if progress is None else progress.done_s
        self._release(run)
        self._queue.suspend(job, run.done)

    def retry(self, reason: str) -> None:
        """Stop the active job, to be done anew; it has failed when that was once too often."""
        run, job = self._active()
        self._release(run)
        if not self._queue.retry(job, self._tables.rules.attempts):
            self._voice.job_ended(job, JobOutcome.FAILED, reason, 0.0, 0.0)

    def cancel(self, job: Job) -> None:
        """End a job by the ground's wish, whatever it is doing."""
        self._leave(job)
        self._queue.end(job, JobOutcome.CANCELLED)
        self._voice.job_ended(job, JobOutcome.CANCELLED, "by command", 0.0, 0.0)

    def expire(self, now_ns: int) -> None:
        """End all jobs whose deadline has come."""
        for job in self._queue.expire(now_ns):
            self._leave(job)
            self._voice.job_ended(job, JobOutcome.EXPIRED, "deadline", 0.0, 0.0)

    def _conclude(self) -> None:
        """Discard or store what was seen, once board and worker are both done."""
        run = self._state.run
        if run is None or run.finished_ns is None or run.result is None:
            return
        seen = run.result.analysis
        if seen is None:
            self.retry("the worker's result is empty")
        elif seen.cloud_fraction > self._tables.rules.cloudy_above:
            self._end(JobOutcome.DISCARDED_CLOUDY, f"{seen.cloud_fraction:.0%} cloud", cloud=seen.cloud_fraction)
        else:
            self._store_product(seen)

    def _store_product(self, seen: InferenceResult) -> None:
        run, job = self._active()
        number = self._state.products + 1
        value = job.value * self._variant(job).accuracy
        try:
            ready = store_product(self._store, number, job, seen, run.image_octets, value)
        except ProtocolError as error:
            self._end(JobOutcome.FAILED, str(error))
        except DeviceError:
            self._state.errors += 1  # tried again at the next slot, until the result limit
        else:
            self._state.products = number
            self._voice.product_ready(ready)
            self._end(JobOutcome.COMPLETED, "", value=value, cloud=seen.cloud_fraction)

    def _end(self, outcome: JobOutcome, reason: str, *, value: float = 0.0, cloud: float = 0.0) -> None:
        run, job = self._active()
        self._release(run)
        self._queue.end(job, outcome)
        self._voice.job_ended(job, outcome, reason, value, cloud)

    def _leave(self, job: Job) -> None:
        """Let go of a job if it is the active one."""
        run = self._state.run
        if run is not None and run.job == job.id:
            self._release(run)

    def _release(self, run: Run) -> None:
        self._state.run = None
        if run.working:
            self._keeper.abort(run.number)

    # ---------------------------------------------------------------- looking things up

    def _active(self) -> tuple[Run, Job]:
        run = self._state.run
        assert run is not None  # noqa: S101 - asked only while a job is in hand
        return run, self._job(run.job)

    def _job(self, number: int) -> Job:
        job = self._queue.find(number)
        assert job is not None  # noqa: S101 - a job leaves the queue together with its run
        return job

    def _variant(self, job: Job) -> Variant:
        """The job's variant; the first one when the table has lost it since."""
        variants = self._tables.board.variants
        return next((variant for variant in variants if variant.name == job.variant), variants[0])

    def _speed(self, power_w: int) -> float:
        return next((step.speed for step in self._tables.board.steps if step.power_w == power_w), 1.0)
