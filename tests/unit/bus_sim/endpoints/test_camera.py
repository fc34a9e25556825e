from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flightsw.devices.camera import CameraState, CameraStatus
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status

if TYPE_CHECKING:
    from conftest import Bench


def test_an_image_lands_in_the_mass_memory(bench: Bench) -> None:
    """An exposure asked for by the driver becomes a file of the given number, readable through the memory's driver."""
    bench.power("camera")
    assert bench.camera.status() == CameraStatus(CameraState.STANDBY, 0, 0, 0)
    assert bench.camera.expose(7, 41) is False
    bench.camera.standby(False)
    assert bench.camera.status().state is CameraState.READY
    assert bench.camera.expose(7, 41) is True
    assert bench.camera.status().state is CameraState.EXPOSING
    assert bench.camera.expose(8, 42) is False
    bench.fly(4)
    assert bench.camera.status() == CameraStatus(CameraState.READY, 41, 1, 0)
    size = bench.mass_memory.size(41)
    assert bench.mass_memory.read(41, 0, size) == bytes(bench.spacecraft.mass_memory.state.files[41])


def test_asking_twice_takes_one_image(bench: Bench) -> None:
    """The same exposure asked for again, during and after it, changes nothing."""
    bench.power("camera")
    bench.camera.standby(False)
    assert bench.camera.expose(7, 41)
    assert bench.camera.expose(7, 41)
    bench.fly(4)
    assert bench.camera.expose(7, 41)
    assert bench.spacecraft.camera.state.exposures == 1


def test_busy_camera_cannot_go_to_standby(bench: Bench) -> None:
    """An exposure in progress is not interrupted."""
    bench.power("camera")
    bench.camera.standby(False)
    bench.camera.expose(7, 41)
    with pytest.raises(RefusedError) as error:
        bench.camera.standby(True)
    assert error.value.status is Status.BUSY
    bench.fly(4)
    bench.camera.standby(True)
    assert bench.camera.status().state is CameraState.STANDBY


def test_camera_without_power_is_silent_and_loses_its_image(bench: Bench) -> None:
    """Opening the line ends the exposure; it is told as lost when the power is back."""
    with pytest.raises(NoReplyError):
        bench.camera.status()
    bench.power("camera")
    bench.camera.standby(False)
    bench.camera.expose(7, 41)
    bench.power("camera", on=False)
    with pytest.raises(NoReplyError):
        bench.camera.status()
    bench.power("camera")
    assert bench.camera.status() == CameraStatus(CameraState.STANDBY, 0, 0, 1)
