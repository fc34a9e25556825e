"""Thermal interface: temperature sensors and heater switches, on I2C."""

from __future__ import annotations

from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import NOTHING, Nothing, Operation
from flightsw.devices.wires import I2cWire
from flightsw.hal.ports import I2c
from tlm_cmd.definition.fields import F32, U8, U16, Length, Range, Unit
from tlm_cmd.definition.message import Record

HEATERS_ADDRESS = 0x28

MAX_SENSORS = 16
"""Temperatures in a status; the spacecraft may have fewer."""

MAX_HEATERS = 16
"""Heaters in a status; the spacecraft may have fewer."""

COLDEST_C, HOTTEST_C = -200.0, 300.0


class ThermalStatus(Record):
    """All temperatures, and what the heaters are doing; 0 for sensors and heaters that the spacecraft does not have."""

    sensor_count: Annotated[int, U8, Range(1, MAX_SENSORS), "sensors that the spacecraft has"]
    heater_count: Annotated[int, U8, Range(0, MAX_HEATERS), "heaters that the spacecraft has"]
    heaters_on: Annotated[int, U16, "bit n: heater n is switched on"]
    temperatures_c: Annotated[
        tuple[Annotated[float, F32, Range(COLDEST_C, HOTTEST_C)], ...], Length(MAX_SENSORS), Unit("degC")
    ]

    def is_on(self, heater: int) -> bool:
        """Whether a heater is switched on."""
        return bool(self.heaters_on >> heater & 1)


class SensorSelection(Record):
    """One temperature sensor."""

    sensor: Annotated[int, U8, Range(0, MAX_SENSORS - 1)]


class Temperature(Record):
    """One temperature."""

    temperature_c: Annotated[float, F32, Range(COLDEST_C, HOTTEST_C), Unit("degC")]


class SwitchHeater(Record):
    """Switch one heater."""

    heater: Annotated[int, U8, Range(0, MAX_HEATERS - 1)]
    on: bool


GET_STATUS = Operation(0x01, Nothing, ThermalStatus)
GET_TEMPERATURE = Operation(0x02, SensorSelection, Temperature)
SWITCH_HEATER = Operation(0x03, SwitchHeater, Nothing)


class Heaters(Device):
    """Driver of the thermal interface."""

    def __init__(self, port: I2c, address: int = HEATERS_ADDRESS) -> None:
        super().__init__("heaters", I2cWire(port, address))

    def status(self) -> ThermalStatus:
        """All temperatures and the state of all heaters.

        One sensor out of its range spoils the reply; `temperature` then tells which.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def temperature(self, sensor: int) -> float:
        """One temperature [degC].

        Raises:
            RefusedError: OUT_OF_RANGE, there is no such sensor.
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_TEMPERATURE, SensorSelection(sensor)).temperature_c

    def switch(self, heater: int, on: bool) -> None:  # noqa: FBT001 - the field's own term
        """Switch one heater.

        Raises:
            RefusedError: OUT_OF_RANGE, there is no such heater.
            DeviceError: no reply that can be trusted.
        """
        self.request(SWITCH_HEATER, SwitchHeater(heater, on))
