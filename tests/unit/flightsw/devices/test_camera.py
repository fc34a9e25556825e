from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices import camera
from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import NOTHING, Operation, Status

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_camera_methods(responder: MakeResponder) -> None:
    """Each method asks for what its name says."""
    status = camera.CameraStatus(camera.CameraState.READY, 4, 4, 0)
    probe = responder({camera.GET_STATUS: status, camera.SET_STANDBY: NOTHING, camera.EXPOSE: NOTHING})
    driver = camera.Camera(probe.uart())
    assert driver.status() == status
    driver.standby(False)
    assert driver.expose(7, 5) is True
    assert probe.requests[1:] == [camera.SetStandby(standby=False), camera.Expose(7, 5)]


@pytest.mark.parametrize("status", [Status.BUSY, Status.WRONG_STATE])
def test_camera_that_cannot_expose_now_says_so(responder: MakeResponder, status: Status) -> None:
    """Busy and standby are answers, not errors."""
    assert camera.Camera(responder({camera.EXPOSE: status}).uart()).expose(1, 1) is False


def test_camera_refusing_for_other_reasons_raises(responder: MakeResponder) -> None:
    """Any other refusal is an error."""
    with pytest.raises(RefusedError):
        camera.Camera(responder({camera.EXPOSE: Status.FAULT}).uart()).expose(1, 1)
