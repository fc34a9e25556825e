"""The camera's end of its wire."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.equipment.camera import Camera, CameraReply, CameraState
from flightsw.devices import camera as driver
from flightsw.devices.framing import NOTHING, Nothing, Status

_STATES = {
    CameraState.STANDBY: driver.CameraState.STANDBY,
    CameraState.READY: driver.CameraState.READY,
    CameraState.EXPOSING: driver.CameraState.EXPOSING,
}
_REFUSALS = {
    CameraReply.OFF: Status.WRONG_STATE,
    CameraReply.STANDBY: Status.WRONG_STATE,
    CameraReply.BUSY: Status.BUSY,
    CameraReply.BAD_ARGUMENT: Status.OUT_OF_RANGE,
}


class CameraEndpoint(DeviceEndpoint):
    """The camera; silent while it is off."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(lambda: camera.state.state is not CameraState.OFF)
        self._camera = camera
        self.answer(driver.GET_STATUS, self._status)
        self.answer(driver.SET_STANDBY, self._standby)
        self.answer(driver.EXPOSE, self._expose)

    def _status(self, _request: Nothing) -> driver.CameraStatus:
        memory = self._camera.state
        return driver.CameraStatus(
            _STATES[memory.state], memory.last_image_id, memory.taken, memory.lost_power + memory.lost_storage
        )

    def _standby(self, request: driver.SetStandby) -> Nothing:
        return _done(self._camera.set_standby(standby=request.standby))

    def _expose(self, request: driver.Expose) -> Nothing:
        return _done(self._camera.expose(request.target, request.file))


def _done(reply: CameraReply) -> Nothing:
    if reply is not CameraReply.ACCEPTED:
        raise Refusal(_REFUSALS[reply])
    return NOTHING
