"""The compute board's end of its wire."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.equipment.compute_board import ComputeBoard, ComputeReply, ComputeState
from bus_sim.errors import ParameterError
from bus_sim.thermal.network import ThermalNetwork
from flightsw.devices import compute_board as driver
from flightsw.devices.framing import NOTHING, Nothing, Status

_MODES = tuple(driver.PowerMode)
_STATES = {state: driver.BoardState[state.name] for state in ComputeState}
_REFUSALS = {
    ComputeReply.OFF: Status.WRONG_STATE,
    ComputeReply.BOOTING: Status.WRONG_STATE,
    ComputeReply.BUSY: Status.BUSY,
    ComputeReply.BAD_ARGUMENT: Status.OUT_OF_RANGE,
}


class ComputeBoardEndpoint(DeviceEndpoint):
    """The board and its supervisor, which has power when the board has none and tells its state.

    Args:
        board: the model.
        thermal: the network that the board heats.
        node: number of the board's node.

    Raises:
        ParameterError: another number of power modes than the board's protocol has.
    """

    def __init__(self, board: ComputeBoard, thermal: ThermalNetwork, node: int) -> None:
        super().__init__()
        modes = len(board.parameters.modes)
        if modes != len(_MODES):
            raise ParameterError("compute_board.modes", f"{modes} power modes", (f"{len(_MODES)} power modes",))
        self._board = board
        self._thermal = thermal
        self._node = node
        self.answer(driver.GET_STATUS, self._status)
        self.answer(driver.SET_POWER_MODE, self._set_power_mode)
        self.answer(driver.START_JOB, self._start)
        self.answer(driver.GET_PROGRESS, self._progress)
        self.answer(driver.ABORT_JOB, self._abort)

    def _status(self, _request: Nothing) -> driver.BoardStatus:
        state = self._board.state
        return driver.BoardStatus(
            _STATES[state.state],
            _MODES[state.mode],
            state.throttled,
            state.tripped,
            self._thermal.temperature_c(self._node),
            state.work_id if state.state is ComputeState.ACTIVE else 0,
            state.boots,
            state.completed,
            state.lost,
            state.aborted,
            state.throttles,
            state.trips,
        )

    def _set_power_mode(self, request: driver.SetPowerMode) -> Nothing:
        return _done(self._board.set_mode(_MODES.index(request.power_mode)))

    def _start(self, request: driver.StartJob) -> Nothing:
        return _done(self._board.start(request.job, request.work_s))

    def _progress(self, request: driver.JobSelection) -> driver.JobProgress:
        state = self._board.state
        if state.state in (ComputeState.OFF, ComputeState.BOOTING):
            raise Refusal(Status.WRONG_STATE)
        if state.work_id != request.job:
            raise Refusal(Status.NOT_FOUND)
        running = state.state is ComputeState.ACTIVE
        return driver.JobProgress(
            state.work_total_s - state.work_left_s,
            state.work_total_s,
            running,
            not running and state.work_left_s == 0.0,
        )

    def _abort(self, request: driver.JobSelection) -> Nothing:
        return _done(self._board.abort(request.job))


def _done(reply: ComputeReply) -> Nothing:
    if reply is not ComputeReply.ACCEPTED:
        raise Refusal(_REFUSALS[reply])
    return NOTHING
