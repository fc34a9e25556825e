from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest

from bus_sim.endpoints.compute_board import ComputeBoardEndpoint
from bus_sim.equipment.compute_board import ComputeBoard
from bus_sim.errors import ParameterError
from flightsw.devices.compute_board import BoardState, JobProgress, PowerMode
from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import Status

if TYPE_CHECKING:
    from conftest import Bench


def refused(call: Callable[[], object]) -> Status:
    """Why a call is refused."""
    with pytest.raises(RefusedError) as error:
        call()
    return error.value.status


def boot(bench: Bench) -> None:
    """Switch the board on and wait for it."""
    bench.power("compute")
    bench.fly(25)
    assert bench.compute_board.status().state is BoardState.IDLE


def test_board_boots_when_its_line_closes(bench: Bench) -> None:
    """The supervisor tells OFF, BOOTING and IDLE as the board comes up, and commands wait until then."""
    board = bench.compute_board
    assert board.status().state is BoardState.OFF
    for state in (BoardState.OFF, BoardState.BOOTING):
        assert board.status().state is state
        assert refused(lambda: board.start(1, 1.0)) is Status.WRONG_STATE
        assert refused(lambda: board.set_power_mode(PowerMode.W15)) is Status.WRONG_STATE
        assert refused(lambda: board.progress(1)) is Status.WRONG_STATE
        assert refused(lambda: board.abort(1)) is Status.WRONG_STATE
        bench.power("compute")
    bench.fly(25)
    status = board.status()
    assert (status.state, status.boots, status.power_mode) == (BoardState.IDLE, 1, PowerMode.W7)
    node = bench.spacecraft.thermal.number("compute_board")
    assert status.temperature_c == pytest.approx(bench.spacecraft.thermal.temperature_c(node), rel=1e-5)


@pytest.mark.parametrize(("mode", "index"), [(PowerMode.W7, 0), (PowerMode.W15, 1), (PowerMode.W25, 2)])
def test_power_modes_are_the_models(bench: Bench, mode: PowerMode, index: int) -> None:
    """Each mode of the driver is the model's mode of that power, and is told back."""
    boot(bench)
    bench.compute_board.set_power_mode(mode)
    board = bench.spacecraft.compute_board
    assert board.state.mode == index
    assert board.parameters.modes[index].power_w == mode.value
    assert bench.compute_board.status().power_mode is mode


def test_a_job_runs_and_finishes(bench: Bench) -> None:
    """Work started by the driver is done by the model at the mode's speed, and its end is told."""
    boot(bench)
    board = bench.compute_board
    board.set_power_mode(PowerMode.W25)
    board.start(9, 5.0)
    assert (board.status().state, board.status().job) == (BoardState.ACTIVE, 9)
    assert board.progress(9) == JobProgress(done_s=0.0, work_s=5.0, running=True, finished=False)
    board.start(9, 5.0)
    assert refused(lambda: board.start(10, 1.0)) is Status.BUSY
    bench.fly(2)
    assert board.progress(9) == JobProgress(done_s=2.0, work_s=5.0, running=True, finished=False)
    bench.fly(4)
    assert board.progress(9) == JobProgress(done_s=5.0, work_s=5.0, running=False, finished=True)
    status = board.status()
    assert (status.state, status.job, status.jobs_completed) == (BoardState.IDLE, 0, 1)
    assert refused(lambda: board.progress(8)) is Status.NOT_FOUND


def test_an_aborted_job_is_not_finished(bench: Bench) -> None:
    """A job ended by command keeps what was done and is told as neither running nor finished."""
    boot(bench)
    board = bench.compute_board
    board.set_power_mode(PowerMode.W25)
    board.start(9, 5.0)
    bench.fly(2)
    board.abort(9)
    assert board.progress(9) == JobProgress(done_s=2.0, work_s=5.0, running=False, finished=False)
    board.abort(9)
    assert board.status().jobs_aborted == 1


def test_a_power_cut_loses_the_job(bench: Bench) -> None:
    """Opening the line ends the job; the supervisor tells what was lost."""
    boot(bench)
    bench.compute_board.start(9, 500.0)
    bench.power("compute", on=False)
    status = bench.compute_board.status()
    assert (status.state, status.job, status.jobs_lost) == (BoardState.OFF, 0, 1)


def test_heat_is_told(bench: Bench) -> None:
    """Throttling and the trip show in the status with their counters."""
    boot(bench)
    board, thermal = bench.compute_board, bench.spacecraft.thermal
    board.start(9, 500.0)
    node = thermal.number("compute_board")
    thermal.state.temperatures_k[node] = 273.15 + 88.0
    bench.fly(1)
    status = board.status()
    assert (status.throttled, status.throttles, status.tripped) == (True, 1, False)
    thermal.state.temperatures_k[node] = 273.15 + 120.0
    bench.fly(1)
    status = board.status()
    assert (status.state, status.tripped, status.trips, status.jobs_lost) == (BoardState.OFF, True, 1, 1)


def test_other_numbers_of_modes_are_refused(bench: Bench) -> None:
    """A mission whose board has other power modes is refused when it is wired, not when it flies."""
    parameters = bench.spacecraft.parameters.compute_board
    board = ComputeBoard(msgspec.structs.replace(parameters, modes=parameters.modes[:2]))
    with pytest.raises(ParameterError, match="2 power modes"):
        ComputeBoardEndpoint(board, bench.spacecraft.thermal, 0)
