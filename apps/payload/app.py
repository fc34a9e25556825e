"""The payload app: images in, products out, and never more power or heat than the guard admits."""

from __future__ import annotations

import math

from apps.attitude.messages import Navigation
from apps.camera.messages import ImageTaken
from apps.mode_manager.messages import ModeStatus
from apps.payload.board_keeper import BoardKeeper
from apps.payload.controller import Controller
from apps.payload.forecast import NANOSECONDS
from apps.payload.image_store import ImageStore
from apps.payload.jobs import Job, JobQueue
from apps.payload.messages import (
    BoardFailed,
    CancelJob,
    ClearFault,
    ComputeMode,
    ComputeModeChanged,
    EnablePayload,
    GuardCutOff,
    GuardReason,
    JobEnded,
    JobOutcome,
    ModelUnusable,
    PlannerReplaced,
    ProductReady,
    SetPolicy,
    SubmitJob,
)
from apps.payload.orbit import OrbitState
from apps.payload.reports import MAX_REASON_OCTETS, fit, job_report, payload_status
from apps.payload.runner import JobRunner
from apps.payload.state import NEVER_NS, PayloadState
from apps.payload.tables import BoardTable, ForecastRules, GuardLimits, JobRules, check_board, check_limits
from apps.payload.worker_messages import WorkRequest, WorkResult
from apps.power.messages import PowerStatus, SwitchLine
from apps.thermal.messages import ThermalStatus
from flightsw.app import App, Refused, Table, Work, WorkFailed, every, handles
from flightsw.devices.compute_board import ComputeBoard
from flightsw.devices.errors import DeviceError
from flightsw.devices.mass_memory import MassMemory
from flightsw.services.modes import Changed, Faulted
from tlm_cmd.packets.verification import FailureCode

WORK_LIMIT_S = 60.0
MAX_SLOT_S = 10.0
"""Longest time between two control slots that averages and energy are counted for."""
MAX_DELETIONS = 128
"""Image files that wait to be deleted."""
DELETIONS_PER_SLOT = 4

UNNEEDED_IMAGES = (JobOutcome.COMPLETED, JobOutcome.DISCARDED_CLOUDY, JobOutcome.EXPIRED, JobOutcome.REFUSED)
"""Outcomes after which the image is deleted; a failed or cancelled one is kept for the ground to decide on."""


class Payload(App):
    """Hears, obeys and tells; the rooms beside this one think and act."""

    board = Table(BoardTable, file="board.toml", check=check_board)
    limits = Table(GuardLimits, file="limits.toml", check=check_limits)
    expected = Table(ForecastRules, file="forecast.toml")
    rules = Table(JobRules, file="jobs.toml")
    inference = Work("apps.payload.worker:open_engine", WorkRequest, WorkResult, WORK_LIMIT_S)

    state: PayloadState

    def start(self) -> None:
        """Open the devices; after a restart the board begins switched off, and what ran is queued again."""
        state = self.state
        self._queue = JobQueue(state.queue)
        self._store = ImageStore(self.device(MassMemory))
        keeper = BoardKeeper(self.device(ComputeBoard), state)
        self._runner = JobRunner(state, self, keeper, self._store, self)
        self._controller = Controller(state, self, keeper, self._runner, self, self._mode_changed)
        self._controller.restart(self.now_ns)

    @every(seconds=1, offset=0.3)
    def control(self) -> None:
        """Decide, clean up, report."""
        state, now_ns = self.state, self.now_ns
        seconds = 0.0 if state.ticked_ns == NEVER_NS else min((now_ns - state.ticked_ns) / NANOSECONDS, MAX_SLOT_S)
        state.ticked_ns = now_ns
        self._controller.control(now_ns, seconds)
        self._delete_images()
        self._report()

    # ---------------------------------------------------------------- what others tell

    @handles(PowerStatus)
    def take_power(self, status: PowerStatus) -> None:
        """Remember the power system."""
        self.state.heard.power, self.state.heard.power_ns = status, self.now_ns

    @handles(ThermalStatus)
    def take_thermal(self, status: ThermalStatus) -> None:
        """Remember the temperatures."""
        self.state.heard.thermal, self.state.heard.thermal_ns = status, self.now_ns

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Remember the spacecraft's mode."""
        self.state.heard.mode, self.state.heard.mode_ns = status, self.now_ns

    @handles(Navigation)
    def take_navigation(self, navigation: Navigation) -> None:
        """Remember where the spacecraft is."""
        if navigation.valid:
            (x, y, z), (u, v, w), (a, b, c) = navigation.position, navigation.velocity, navigation.sun
            self.state.heard.orbit = OrbitState(self.now_ns, (x, y, z), (u, v, w), (a, b, c))
            self.state.heard.sunlit = navigation.sunlit

    @handles(ImageTaken)
    def take_image(self, image: ImageTaken) -> None:
        """Queue an image; one that is queued already changes nothing."""
        if not self._queue.holds_file(image.file):
            value = image.value if math.isfinite(image.value) else 0.0
            self._submit(image.scene, image.target, image.file, value, self.rules.image_deadline_s)

    @handles(WorkResult)
    def take_result(self, result: WorkResult) -> None:
        """Take what the worker found."""
        if result.number == self.state.verification:
            self._controller.take_verification(result)
        elif not self._runner.accept(result):
            self._controller.declare_unusable(result.reason)
        self._controller.follow(self.now_ns)

    @handles(WorkFailed)
    def take_failure(self, failed: WorkFailed) -> None:
        """The worker found nothing: a job or a verification is tried again."""
        if failed.key == str(self.state.verification):
            self._controller.lose_verification(failed.reason)
        else:
            self._runner.fail(failed.key, failed.reason)
        self._controller.follow(self.now_ns)

    # ---------------------------------------------------------------- commands

    @handles(SubmitJob)
    def submit_job(self, command: SubmitJob) -> None:
        """Queue an image of the mass memory."""
        if self._queue.holds_file(command.file):
            raise Refused(f"image file {command.file} is queued already", FailureCode.BAD_ARGUMENT)
        if not self._submit(0, 0, command.file, command.value, command.deadline_s):
            raise Refused("the queue is full of more valuable jobs")

    @handles(CancelJob)
    def cancel_job(self, command: CancelJob) -> None:
        """End a job."""
        job = self._queue.find(command.job)
        if job is None:
            raise Refused(f"no job {command.job} in the queue", FailureCode.BAD_ARGUMENT)
        self._runner.cancel(job)
        self._controller.follow(self.now_ns)

    @handles(SetPolicy)
    def set_policy(self, command: SetPolicy) -> None:
        """Choose the planner."""
        self.state.policy, self.state.planner_fault = command.policy, ""

    @handles(EnablePayload)
    def enable_payload(self, command: EnablePayload) -> None:
        """Let the payload work, or switch the board off at once."""
        self.state.enabled = command.enabled
        self._controller.follow(self.now_ns)

    @handles(ClearFault)
    def clear_fault(self, _: ClearFault) -> None:
        """Leave FAULT; the model is verified again at once."""
        mode = self._controller.modes.mode
        if mode is not ComputeMode.FAULT:
            raise Refused(f"the compute mode is {mode.name}, not FAULT")
        self.state.fault, self.state.board_failures, self.state.lost_verifications = "", 0, 0
        self._controller.follow(self.now_ns)
        if not self.state.verification:
            self._controller.verify_model()

    def _submit(self, scene: int, target: int, file: int, value: float, deadline_s: int) -> bool:
        """Queue an image; False when it was refused for want of value."""
        now_ns = self.now_ns
        job, loser = self._queue.submit(
            scene=scene,
            target=target,
            file=file,
            value=value,
            now_ns=now_ns,
            deadline_ns=now_ns + deadline_s * NANOSECONDS,
        )
        if loser is not None:
            self.job_ended(loser, JobOutcome.REFUSED, "the queue is full of more valuable jobs", 0.0, 0.0)
        return loser is not job

    # ---------------------------------------------------------------- what the rooms have to say

    def job_ended(self, job: Job, outcome: JobOutcome, reason: str, value: float, cloud_fraction: float) -> None:
        """Report a job, and let go of its image."""
        self.send(job_report(job, outcome, reason, self.now_ns, value=value, cloud_fraction=cloud_fraction))
        self.event(JobEnded(job.id, outcome, fit(reason, MAX_REASON_OCTETS)))
        if outcome in UNNEEDED_IMAGES:
            if len(self.state.deletions) < MAX_DELETIONS:
                self.state.deletions.append(job.file)
            else:
                self.state.lost_deletions += 1

    def product_ready(self, product: ProductReady) -> None:
        """Announce a product."""
        self.send(product)

    def model_unusable(self, reason: str) -> None:
        """Report that the payload waits in FAULT."""
        self.event(ModelUnusable(fit(reason, 120)))

    def board_failed(self, reason: str, failures: int) -> None:
        """Report a failure of the board."""
        self.event(BoardFailed(fit(reason, MAX_REASON_OCTETS), failures))

    def planner_replaced(self, reason: str) -> None:
        """Report that earliest deadline took over."""
        self.event(PlannerReplaced(self.state.policy, fit(reason, MAX_REASON_OCTETS)))

    def cut_off(self, reason: GuardReason) -> None:
        """Report that the guard stopped running work."""
        self.event(GuardCutOff(reason))

    def start_work(self, request: WorkRequest, takes_s: float) -> None:
        """Hand work to the worker."""
        self.work(self.inference, request, key=str(request.number), takes_s=takes_s)

    def switch_line(self, line: int, on: bool) -> None:  # noqa: FBT001 - the field's own term
        """Let the power app switch a line."""
        self.command("power", SwitchLine(line, on))

    def _mode_changed(self, change: Changed | Faulted) -> None:
        cause = change.error if isinstance(change, Faulted) else change.trigger.replace("_", " ")
        self.event(ComputeModeChanged(ComputeMode(change.source), ComputeMode(change.destination), fit(cause, 64)))

    # ---------------------------------------------------------------- every second

    def _delete_images(self) -> None:
        """Delete some of the images that nobody needs; what fails is tried again behind the others."""
        deletions = self.state.deletions
        for _ in range(min(DELETIONS_PER_SLOT, len(deletions))):
            file = deletions.pop(0)
            try:
                self._store.delete(file)
            except DeviceError:
                self.state.errors += 1
                deletions.append(file)
                return

    def _report(self) -> None:
        controller = self._controller
        board_c = controller.outlook.measured.board_c
        if math.isfinite(board_c):
            self.state.board_c = board_c
        self.send(payload_status(self.state, controller.modes.mode))
