"""Interface of the payload manager: inference jobs on the compute board, under energy and heat limits."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import F32, I16, U8, U16, U32, Limits, Linear, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


@unique
class ComputeMode(IntEnum):
    """Modes of the compute payload."""

    OFF = 0
    BOOTING = 1
    IDLE = 2
    WARMING = 3
    RUNNING = 4
    THROTTLED = 5
    COOLING = 6
    FAULT = 7
    SAFE = 8


@unique
class JobOutcome(IntEnum):
    """Why a job ended."""

    COMPLETED = 1
    DISCARDED_CLOUDY = 2
    EXPIRED = 3
    CANCELLED = 4
    FAILED = 5
    REFUSED = 6


@unique
class PlannerPolicy(IntEnum):
    """How the planner chooses; the guard admits or refuses whatever it chose."""

    GREEDY = 0
    EARLIEST_DEADLINE = 1
    ALWAYS_MAXIMUM = 2


@unique
class GuardReason(IntEnum):
    """Why the guard let the board rest."""

    ADMITTED = 0
    BATTERY_FLOOR = 1
    BOARD_TEMPERATURE = 2
    LOAD_SHEDDING = 3
    SPACECRAFT_MODE = 4
    STALE_MEASUREMENT = 5
    BUS_VOLTAGE = 6
    UNKNOWN_POWER = 7


class SubmitJob(Command, code=2):
    """Queue an image of the mass memory for inference; completed when the job is queued."""

    file: Annotated[int, U32, "number of the image file in the mass memory"]
    value: Annotated[float, F32, Range(0, 100), "what the result is worth"]
    deadline_s: Annotated[int, U32, Range(60, 172_800), Unit("s"), "from now"] = 21_600


class CancelJob(Command, code=3):
    """Take a job out of the queue, or stop it between two tiles."""

    job: Annotated[int, U32]


class SetPolicy(Command, code=4):
    """Choose the planner."""

    policy: PlannerPolicy


class EnablePayload(Command, code=5):
    """Let the payload work, or switch the compute board off."""

    enabled: bool


class ClearFault(Command, code=6):
    """Leave the compute mode FAULT; the model is verified again."""


class PayloadStatus(Telemetry, period_s=1):
    """The compute payload now."""

    mode: ComputeMode
    enabled: bool
    policy: PlannerPolicy
    job: Annotated[int, U32, "running now, 0 when none is"]
    board_power_mode: Annotated[int, U8, Unit("W"), "power mode of the board, 0 when it is idle or off"]
    board_temperature: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(yellow=(-20, 80), red=(-30, 85))]
    queued: Annotated[int, U16]
    completed: Annotated[int, U32]
    discarded: Annotated[int, U32, "images found cloudy"]
    expired: Annotated[int, U32]
    failed: Annotated[int, U32, "failed or cancelled"]
    refused: Annotated[int, U32, "found the queue full of more valuable ones, or had to go for one"]
    retries: Annotated[int, U32, "jobs queued again after a failed start"]
    cut_offs: Annotated[int, U32, "running jobs that the guard stopped"]
    planner_failures: Annotated[int, U16, "plans that could not be used; earliest deadline took their place"]
    board_failures: Annotated[int, U16, "failed boots, hangs and losses of the board in a row"]
    errors: Annotated[int, U32, "transactions with board or mass memory that failed"]
    guard: Annotated[GuardReason, "why the board may not work now, ADMITTED when it may"]
    guard_refusals: Annotated[int, U32, "slots that the planner wanted and the guard refused"]
    energy: Annotated[float, F32, Unit("Wh"), "used by inference since boot"]


class JobReport(Telemetry):
    """A job has ended."""

    job: Annotated[int, U32]
    scene: Annotated[int, U32]
    target: Annotated[int, U16]
    outcome: JobOutcome
    variant: Annotated[str, UpTo(16), "of the model"]
    value: Annotated[float, F32, "earned"]
    cloud_fraction: Annotated[float, U16, Linear(0.0001)]
    energy: Annotated[float, F32, Unit("Wh")]
    run_s: Annotated[float, F32, Unit("s"), "on the board"]
    wait_s: Annotated[float, F32, Unit("s"), "from queueing to start"]
    peak_temperature: Annotated[float, I16, Linear(0.01), Unit("degC")]
    reason: Annotated[str, UpTo(80)]


class ProductReady(Telemetry):
    """A product lies in the mass memory."""

    product: Annotated[int, U32, "number of the product, counted since launch"]
    job: Annotated[int, U32]
    scene: Annotated[int, U32]
    target: Annotated[int, U16]
    file: Annotated[int, U32, "number of the file in the mass memory"]
    octets: Annotated[int, U32]
    raw_octets: Annotated[int, U32, "of the image it replaces"]
    value: Annotated[float, F32]
    cloud_fraction: Annotated[float, U16, Linear(0.0001)]
    green_fraction: Annotated[float, U16, Linear(0.0001)]
    water_fraction: Annotated[float, U16, Linear(0.0001)]


class ComputeModeChanged(Event, code=32, text="compute mode {previous} to {mode}: {cause}"):
    """The compute payload changed its mode."""

    previous: ComputeMode
    mode: ComputeMode
    cause: Annotated[str, UpTo(64)]


class ModelUnusable(Event, code=33, severity=Severity.CRITICAL, text="model unusable: {reason}"):
    """The model file is missing or corrupt; the payload waits in FAULT."""

    reason: Annotated[str, UpTo(120)]


class JobEnded(Event, code=34, text="job {job} {outcome}: {reason}"):
    """A job has ended."""

    job: Annotated[int, U32]
    outcome: JobOutcome
    reason: Annotated[str, UpTo(80)]


class GuardCutOff(Event, code=35, severity=Severity.ERROR, text="guard stopped the board: {reason}"):
    """Running work was stopped because a limit came near."""

    reason: GuardReason


class PlannerReplaced(Event, code=36, severity=Severity.ERROR, text="planner {policy} replaced: {reason}"):
    """A planner failed, and earliest deadline took its place."""

    policy: PlannerPolicy
    reason: Annotated[str, UpTo(80)]


class BoardFailed(Event, code=37, severity=Severity.ERROR, text="compute board: {reason}, {failures} in a row"):
    """The board did not boot, hung or was lost; it is switched off and on again."""

    reason: Annotated[str, UpTo(80)]
    failures: Annotated[int, U16]
