"""Compute board: runs inference for the payload, in power modes of 7, 15 and 25 W, on a serial line."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import NOTHING, Nothing, Operation
from flightsw.devices.wires import UartWire
from flightsw.hal.ports import Uart
from tlm_cmd.definition.fields import F32, F64, U32, Range, Unit
from tlm_cmd.definition.message import Record

MAX_WORK_S = 1e6
"""Longest job, in seconds of work at full speed."""


@unique
class BoardState(IntEnum):
    """What the board is doing."""

    OFF = 0
    BOOTING = 1
    IDLE = 2
    ACTIVE = 3


@unique
class PowerMode(IntEnum):
    """How much power the board may draw; the value is in watts."""

    W7 = 7
    W15 = 15
    W25 = 25


class BoardStatus(Record):
    """What the board is doing, and what it has done; its supervisor tells, also when the board is off."""

    state: BoardState
    power_mode: PowerMode
    throttled: Annotated[bool, "slowed down because it is hot"]
    tripped: Annotated[bool, "switched off because it was too hot, until its line is cycled"]
    temperature_c: Annotated[float, F32, Range(-200, 300), Unit("degC")]
    job: Annotated[int, U32, "running, 0 when none is"]
    boots: Annotated[int, U32]
    jobs_completed: Annotated[int, U32]
    jobs_lost: Annotated[int, U32, "ended by a loss of power or a trip"]
    jobs_aborted: Annotated[int, U32, "ended by command"]
    throttles: Annotated[int, U32, "times that it slowed down"]
    trips: Annotated[int, U32, "times that it switched itself off"]


class SetPowerMode(Record):
    """Choose the power mode."""

    power_mode: PowerMode


class StartJob(Record):
    """Begin a job."""

    job: Annotated[int, U32, Range(1, 2**32 - 1), "number of the job"]
    work_s: Annotated[float, F64, Range(0, MAX_WORK_S), Unit("s"), "at full speed: 25 W and not throttled"]


class JobSelection(Record):
    """One job."""

    job: Annotated[int, U32, Range(1, 2**32 - 1), "number of the job"]


class JobProgress(Record):
    """How far a job is."""

    done_s: Annotated[float, F64, Range(0, MAX_WORK_S), Unit("s"), "work done, at full speed"]
    work_s: Annotated[float, F64, Range(0, MAX_WORK_S), Unit("s"), "work of the whole job, at full speed"]
    running: bool
    finished: Annotated[bool, "False also for a job that was aborted"]


GET_STATUS = Operation(0x01, Nothing, BoardStatus)
SET_POWER_MODE = Operation(0x02, SetPowerMode, Nothing)
START_JOB = Operation(0x03, StartJob, Nothing)
"""Idempotent: a board that already runs this job has nothing more to do."""
GET_PROGRESS = Operation(0x04, JobSelection, JobProgress)
ABORT_JOB = Operation(0x05, JobSelection, Nothing)
"""Idempotent: a job that does not run needs no end."""


class ComputeBoard(Device):
    """Driver of the compute board."""

    def __init__(self, port: Uart) -> None:
        super().__init__("compute_board", UartWire(port))

    def status(self) -> BoardStatus:
        """What the board is doing, and what it has done.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def set_power_mode(self, power_mode: PowerMode) -> None:
        """Choose the power mode, also while a job runs.

        Raises:
            RefusedError: WRONG_STATE, the board is off or boots.
            DeviceError: no reply that can be trusted.
        """
        self.request(SET_POWER_MODE, SetPowerMode(power_mode))

    def start(self, job: int, work_s: float) -> None:
        """Begin a job of ``work_s`` seconds at full speed.

        Raises:
            RefusedError: BUSY, another job runs; WRONG_STATE, the board is off or boots.
            DeviceError: no reply that can be trusted.
        """
        self.request(START_JOB, StartJob(job, work_s))

    def progress(self, job: int) -> JobProgress:
        """How far a job is.

        Raises:
            RefusedError: NOT_FOUND, it is not the last job since power-on; WRONG_STATE, the board is off or boots.
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_PROGRESS, JobSelection(job))

    def abort(self, job: int) -> None:
        """End a job, if it runs.

        Raises:
            RefusedError: WRONG_STATE, the board is off or boots.
            DeviceError: no reply that can be trusted.
        """
        self.request(ABORT_JOB, JobSelection(job))
