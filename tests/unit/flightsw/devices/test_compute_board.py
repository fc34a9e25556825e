from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices import compute_board
from flightsw.devices.framing import NOTHING, Operation
from tlm_cmd.errors import ProtocolError

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_compute_board_methods(responder: MakeResponder) -> None:
    """Each method asks for what its name says."""
    status = compute_board.BoardStatus(
        state=compute_board.BoardState.IDLE,
        power_mode=compute_board.PowerMode.W7,
        throttled=False,
        tripped=False,
        temperature_c=20.0,
        job=0,
        boots=1,
        jobs_completed=0,
        jobs_lost=0,
        jobs_aborted=0,
        throttles=0,
        trips=0,
    )
    progress = compute_board.JobProgress(done_s=1.0, work_s=2.0, running=True, finished=False)
    probe = responder(
        {
            compute_board.GET_STATUS: status,
            compute_board.SET_POWER_MODE: NOTHING,
            compute_board.START_JOB: NOTHING,
            compute_board.GET_PROGRESS: progress,
            compute_board.ABORT_JOB: NOTHING,
        }
    )
    driver = compute_board.ComputeBoard(probe.uart())
    assert driver.status() == status
    driver.set_power_mode(compute_board.PowerMode.W25)
    driver.start(4, 2.0)
    assert driver.progress(4) == progress
    driver.abort(4)
    assert probe.requests[1:] == [
        compute_board.SetPowerMode(compute_board.PowerMode.W25),
        compute_board.StartJob(4, 2.0),
        compute_board.JobSelection(4),
        compute_board.JobSelection(4),
    ]


@pytest.mark.parametrize(("job", "work_s"), [(0, 1.0), (1, -1.0), (1, float("nan")), (1, float("inf"))])
def test_impossible_jobs_are_not_started(responder: MakeResponder, job: int, work_s: float) -> None:
    """A job needs a number and a finite amount of work."""
    probe = responder({})
    with pytest.raises(ProtocolError):
        compute_board.ComputeBoard(probe.uart()).start(job, work_s)
    assert probe.raw == []
