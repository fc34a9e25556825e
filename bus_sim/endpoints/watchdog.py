"""The watchdog's end of its wire."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.environment.epoch import NS_PER_S
from bus_sim.equipment.watchdog import Watchdog
from flightsw.devices.framing import NOTHING, Nothing, Status
from flightsw.devices.watchdog import ARM, GET_STATUS, MAX_TIMEOUT_S, STROKE, Arm, WatchdogStatus

_MAX_U16, _MODULO_U32 = 2**16 - 1, 2**32


class WatchdogEndpoint(DeviceEndpoint):
    """Arms and strokes the timer."""

    def __init__(self, watchdog: Watchdog) -> None:
        super().__init__()
        self._watchdog = watchdog
        self.answer(GET_STATUS, self._status)
        self.answer(ARM, self._arm)
        self.answer(STROKE, self._stroke)

    def _status(self, _request: Nothing) -> WatchdogStatus:
        state = self._watchdog.state
        return WatchdogStatus(
            state.armed,
            min(state.timeout_ns // NS_PER_S, MAX_TIMEOUT_S),
            min(state.left_ns // NS_PER_S, MAX_TIMEOUT_S),
            state.strokes % _MODULO_U32,
            min(state.bites, _MAX_U16),
        )

    def _arm(self, request: Arm) -> Nothing:
        self._watchdog.arm(request.timeout_s)
        return NOTHING

    def _stroke(self, _request: Nothing) -> Nothing:
        if not self._watchdog.stroke():
            raise Refusal(Status.WRONG_STATE)
        return NOTHING
