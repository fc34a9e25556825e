"""Electrical power system: battery, solar array and switchable lines, on I2C."""

from __future__ import annotations

from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import NOTHING, Nothing, Operation
from flightsw.devices.wires import I2cWire
from flightsw.hal.ports import I2c
from tlm_cmd.definition.fields import F32, U8, U16, U32, Length, Range, Unit
from tlm_cmd.definition.message import Record

EPS_ADDRESS = 0x24

MAX_LINES = 16
"""Lines in a status; the spacecraft may have fewer."""


class EpsStatus(Record):
    """What the power system measures, and what its lines are doing.

    The bits and currents of lines that the spacecraft does not have are 0.
    """

    battery_voltage_v: Annotated[float, F32, Range(0, 100), Unit("V")]
    battery_current_a: Annotated[float, F32, Range(-100, 100), Unit("A"), "positive when charging"]
    state_of_charge: Annotated[float, F32, Range(0, 1)]
    battery_temperature_c: Annotated[float, F32, Range(-100, 150), Unit("degC")]
    array_power_w: Annotated[float, F32, Range(0, 10_000), Unit("W"), "drawn from the solar array"]
    load_power_w: Annotated[float, F32, Range(0, 10_000), Unit("W"), "delivered to the lines"]
    line_count: Annotated[int, U8, Range(1, MAX_LINES), "lines that the spacecraft has"]
    lines_on: Annotated[int, U16, "bit n: line n is closed"]
    lines_tripped: Annotated[int, U16, "bit n: limiter n has tripped and latched off"]
    brownouts: Annotated[int, U32, "times that the bus could not carry its load"]
    line_currents_a: Annotated[
        tuple[Annotated[float, F32, Range(-1, 100)], ...], Length(MAX_LINES), Unit("A"), "at the bus side"
    ]

    def is_on(self, line: int) -> bool:
        """Whether a line is closed."""
        return bool(self.lines_on >> line & 1)

    def is_tripped(self, line: int) -> bool:
        """Whether a line's limiter has tripped and latched off."""
        return bool(self.lines_tripped >> line & 1)


class SwitchLine(Record):
    """Close or open one line."""

    line: Annotated[int, U8, Range(0, MAX_LINES - 1)]
    on: bool


class LineSelection(Record):
    """One line."""

    line: Annotated[int, U8, Range(0, MAX_LINES - 1)]


GET_STATUS = Operation(0x01, Nothing, EpsStatus)
SWITCH_LINE = Operation(0x02, SwitchLine, Nothing)
RETRIGGER = Operation(0x03, LineSelection, Nothing)


class Eps(Device):
    """Driver of the electrical power system."""

    def __init__(self, port: I2c, address: int = EPS_ADDRESS) -> None:
        super().__init__("eps", I2cWire(port, address))

    def status(self) -> EpsStatus:
        """Measurements and the state of all lines.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def switch(self, line: int, on: bool) -> None:  # noqa: FBT001 - the field's own term
        """Close or open one line.

        Raises:
            RefusedError: OUT_OF_RANGE, there is no such line; WRONG_STATE, it has tripped and must be retriggered.
            DeviceError: no reply that can be trusted.
        """
        self.request(SWITCH_LINE, SwitchLine(line, on))

    def retrigger(self, line: int) -> None:
        """Release a tripped limiter and close its line.

        Raises:
            RefusedError: OUT_OF_RANGE, there is no such line.
            DeviceError: no reply that can be trusted.
        """
        self.request(RETRIGGER, LineSelection(line))
