"""Watchdog: a timer that resets the on-board computer unless it is stroked in time, on I2C."""

from __future__ import annotations

from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import NOTHING, Nothing, Operation
from flightsw.devices.wires import I2cWire
from flightsw.hal.ports import I2c
from tlm_cmd.definition.fields import U16, U32, Range, Unit
from tlm_cmd.definition.message import Record

WATCHDOG_ADDRESS = 0x2C

MAX_TIMEOUT_S = 65_535


class WatchdogStatus(Record):
    """What the timer is doing."""

    armed: bool
    timeout_s: Annotated[int, U16, Unit("s"), "without a stroke, after which it bites"]
    left_s: Annotated[int, U16, Unit("s"), "until it bites; 0 when it is not armed"]
    strokes: Annotated[int, U32, "since it has had power"]
    bites: Annotated[int, U16, "since it has had power"]


class Arm(Record):
    """Set the time-out and begin to count."""

    timeout_s: Annotated[int, U16, Range(1, MAX_TIMEOUT_S), Unit("s")]


GET_STATUS = Operation(0x01, Nothing, WatchdogStatus)
ARM = Operation(0x02, Arm, Nothing)
STROKE = Operation(0x03, Nothing, Nothing)


class Watchdog(Device):
    """Driver of the watchdog. It cannot be disarmed: only its bite does that, and the loss of its own power."""

    def __init__(self, port: I2c, address: int = WATCHDOG_ADDRESS) -> None:
        super().__init__("watchdog", I2cWire(port, address))

    def status(self) -> WatchdogStatus:
        """What the timer is doing.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def arm(self, timeout_s: int) -> None:
        """Let it bite after ``timeout_s`` seconds without a stroke, 1 to ``MAX_TIMEOUT_S``, from now on.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        self.request(ARM, Arm(timeout_s))

    def stroke(self) -> None:
        """Keep it from biting for another time-out.

        Raises:
            DeviceError: no reply that can be trusted; or refused with WRONG_STATE, it is not armed.
        """
        self.request(STROKE, NOTHING)
