"""Camera: takes one image per command and stores it in the mass memory by itself, on a serial line."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import NOTHING, Nothing, Operation, Status
from flightsw.devices.wires import UartWire
from flightsw.hal.ports import Uart
from tlm_cmd.definition.fields import U16, U32, Range
from tlm_cmd.definition.message import Record


@unique
class CameraState(IntEnum):
    """What the camera is doing."""

    STANDBY = 0
    READY = 1
    EXPOSING = 2


class CameraStatus(Record):
    """What the camera is doing, and what it has done."""

    state: CameraState
    last_file: Annotated[int, U32, "number of the last image in the mass memory, 0 before the first"]
    images: Annotated[int, U32, "stored"]
    lost: Annotated[int, U32, "exposures that were not stored"]


class SetStandby(Record):
    """Go to standby, or get ready."""

    standby: bool


class Expose(Record):
    """Take one image."""

    target: Annotated[int, U16, "what is imaged, noted in the image"]
    file: Annotated[int, U32, Range(1, 2**32 - 1), "number under which the image is to be stored"]


GET_STATUS = Operation(0x01, Nothing, CameraStatus)
SET_STANDBY = Operation(0x02, SetStandby, Nothing)
EXPOSE = Operation(0x03, Expose, Nothing)
"""Idempotent: the number of the image in progress, or of the last one stored, asks for nothing new."""


class Camera(Device):
    """Driver of the camera."""

    def __init__(self, port: Uart) -> None:
        super().__init__("camera", UartWire(port))

    def status(self) -> CameraStatus:
        """What the camera is doing, and what it has done.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def standby(self, standby: bool) -> None:  # noqa: FBT001 - the field's own term
        """Go to standby (True) or get ready for images.

        Raises:
            RefusedError: BUSY, an image is being taken.
            DeviceError: no reply that can be trusted.
        """
        self.request(SET_STANDBY, SetStandby(standby))

    def expose(self, target: int, file: int) -> bool:
        """Take an image and store it as ``file`` in the mass memory; `status` tells when it is there.

        Returns:
            Whether it was accepted; False when the camera is busy or in standby.

        Raises:
            RefusedError: refused for another reason.
            DeviceError: no reply that can be trusted.
        """
        try:
            self.request(EXPOSE, Expose(target, file))
        except RefusedError as error:
            if error.status in (Status.BUSY, Status.WRONG_STATE):
                return False
            raise
        return True
