"""The payload app's memory."""

from __future__ import annotations

import msgspec

from apps.mode_manager.messages import ModeStatus
from apps.payload.forecast import Averages, Forecast
from apps.payload.jobs import QueueState
from apps.payload.messages import ComputeMode, GuardReason, PlannerPolicy
from apps.payload.orbit import OrbitState
from apps.payload.worker_messages import WorkResult
from apps.power.messages import PowerStatus
from apps.thermal.messages import ThermalStatus
from flightsw.devices.compute_board import BoardStatus
from flightsw.services.modes import ModeState

NEVER_NS = -1


class Heard(msgspec.Struct):
    """The newest of what others told, and when it came.

    Attributes:
        power: measurements of the power system.
        power_ns: when they came.
        thermal: temperatures.
        thermal_ns: when they came.
        mode: of the spacecraft.
        mode_ns: when it came.
        orbit: the newest valid state.
        sunlit: outside the Earth's shadow, at that time.
        board: what the compute board last said.
        board_ns: when it did.
    """

    power: PowerStatus | None = None
    power_ns: int = NEVER_NS
    thermal: ThermalStatus | None = None
    thermal_ns: int = NEVER_NS
    mode: ModeStatus | None = None
    mode_ns: int = NEVER_NS
    orbit: OrbitState | None = None
    sunlit: bool = False
    board: BoardStatus | None = None
    board_ns: int = NEVER_NS


class Run(msgspec.Struct):
    """The work on the active job.

    Attributes:
        number: as the board and the worker know it; unique since launch.
        job: number of the job.
        power_w: power mode.
        work_s: work of this run, in seconds at full speed.
        done_before: share of the job's work that earlier runs have done.
        done_s: work done by this run.
        began_ns: when the board began; None while the job is loading.
        progressed_ns: when the board was last seen to get on.
        looked_ns: when it was last asked.
        finished_ns: when the board was seen to have finished; None before.
        image_octets: size of the image.
        result: what the worker found; None before.
    """

    number: int
    job: int
    power_w: int
    work_s: float
    done_before: float
    done_s: float = 0.0
    began_ns: int | None = None
    progressed_ns: int = 0
    looked_ns: int = 0
    finished_ns: int | None = None
    image_octets: int = 0
    result: WorkResult | None = None

    def advance(self, done_s: float, now_ns: int) -> None:
        """The board has done ``done_s`` of this run's work."""
        if done_s > self.done_s:
            self.done_s, self.progressed_ns = done_s, now_ns

    @property
    def working(self) -> bool:
        """The board works on it."""
        return self.began_ns is not None and self.finished_ns is None

    @property
    def done(self) -> float:
        """Share of the job's work that is done, 0 to 1."""
        share = 1.0 if self.finished_ns is not None else min(self.done_s / self.work_s, 1.0)
        return self.done_before + (1.0 - self.done_before) * share


class PayloadState(msgspec.Struct):
    """All that is kept through a restart.

    Attributes:
        enabled: the ground lets the payload work.
        policy: who plans.
        modes: the mode machine's memory.
        queue: the job queue's memory.
        heard: what others told.
        averages: of sun, load and heat; None before the first start.
        forecast: the newest one.
        run: the work on the active job.
        numbers: of runs and verifications, the last one given out.
        verification: number of the verification under way, 0 when there is none.
        lost_verifications: workers in a row that ended without a word on the model.
        verified: the model was verified since the board was switched on.
        fault: why model or board are unusable, empty when they are not.
        power_cycle: the board does not obey and must be switched off.
        products: made since launch.
        deletions: image files to be deleted from the mass memory.
        ticked_ns: the last control slot.
        switched_ns: when the board's line was last commanded.
        guard: why the board may not work now.
        board_c: temperature of the board as last known.
        energy_wh: used by inference.
        guard_refusals: slots that the planner wanted and the guard refused.
        cut_offs: running jobs that the guard stopped.
        planner_failures: plans that could not be used.
        planner_fault: why the last one could not be used, empty when it could or the policy was chosen since.
        board_failures: failed boots, hangs and losses of the board in a row.
        errors: failed transactions.
        late_results: results of runs that had ended before.
        lost_deletions: files that could not be remembered for deletion.
    """

    enabled: bool = True
    policy: PlannerPolicy = PlannerPolicy.GREEDY
    modes: ModeState = msgspec.field(default_factory=lambda: ModeState(int(ComputeMode.OFF)))
    queue: QueueState = msgspec.field(default_factory=QueueState)
    heard: Heard = msgspec.field(default_factory=Heard)
    averages: Averages | None = None
    forecast: Forecast | None = None
    run: Run | None = None
    numbers: int = 0
    verification: int = 0
    lost_verifications: int = 0
    verified: bool = False
    fault: str = ""
    power_cycle: bool = False
    products: int = 0
    deletions: list[int] = msgspec.field(default_factory=list)
    ticked_ns: int = NEVER_NS
    switched_ns: int = NEVER_NS
    guard: GuardReason = GuardReason.STALE_MEASUREMENT
    board_c: float = 0.0
    energy_wh: float = 0.0
    guard_refusals: int = 0
    cut_offs: int = 0
    planner_failures: int = 0
    planner_fault: str = ""
    board_failures: int = 0
    errors: int = 0
    late_results: int = 0
    lost_deletions: int = 0
